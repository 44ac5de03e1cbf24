# The target `docs`, whose work Install.cmake takes from <build>/docs if it is there.
configure_file(cmake/Doxyfile.in Doxyfile @ONLY)
set(documented_programs "")
if(WSDATTACH_BUILD_EXAMPLES)
    get_property(programs DIRECTORY examples PROPERTY BUILDSYSTEM_TARGETS)
    list(FILTER programs INCLUDE REGEX "^wsd-")
    list(TRANSFORM programs REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE
        documented_programs)
endif()
set(docs_command sh ${PROJECT_SOURCE_DIR}/cmake/docs.sh ${PROJECT_BINARY_DIR}/Doxyfile)
if(WSDATTACH_BUILD_DOCS)
    set(in_all ALL)
endif()
add_custom_target(docs ${in_all} VERBATIM
    COMMAND ${docs_command} ${PROJECT_BINARY_DIR}/docs ${documented_programs}
    DEPENDS ${programs}
    COMMENT "Making the reference")
