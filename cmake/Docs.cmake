# The target `docs`, which nothing else needs, and what it leaves in <build>/docs.
configure_file(cmake/Doxyfile.in Doxyfile @ONLY)
set(documented_programs "")
if(WSDATTACH_BUILD_EXAMPLES)
    get_property(programs DIRECTORY examples PROPERTY BUILDSYSTEM_TARGETS)
    list(FILTER programs INCLUDE REGEX "^wsd-")
    list(TRANSFORM programs REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE
        documented_programs)
endif()
set(docs_command sh ${PROJECT_SOURCE_DIR}/cmake/docs.sh ${PROJECT_BINARY_DIR}/Doxyfile)
add_custom_target(docs VERBATIM
    COMMAND ${docs_command} ${PROJECT_BINARY_DIR}/docs ${documented_programs}
    COMMENT "Making the reference")

if(WSDATTACH_INSTALL)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/docs/man/man3
        DESTINATION ${CMAKE_INSTALL_MANDIR} OPTIONAL)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/docs/html
        DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endif()
