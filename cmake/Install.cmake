# <prefix>/include/wsdattach/*.h, the library, a CMake package and a .pc file.  Both add
# include/wsdattach itself to the include path, so that <wsdattachment.h> works as on Windows.
# <wsdapi.h> and the like are in a folder of their own.
# The components are what Packages.cmake makes packages of.
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
set(header_dir ${CMAKE_INSTALL_INCLUDEDIR}/wsdattach)
set(compat_dir ${CMAKE_INSTALL_INCLUDEDIR}/wsdattach-compat)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wsdattach)

install(TARGETS wsdattach EXPORT wsdattachTargets
    LIBRARY COMPONENT client NAMELINK_COMPONENT development
    FILE_SET HEADERS DESTINATION ${header_dir})
install(TARGETS wsdattach_compat EXPORT wsdattachTargets
    FILE_SET HEADERS DESTINATION ${compat_dir})
install(EXPORT wsdattachTargets NAMESPACE wsdattach:: DESTINATION ${config_dir})
if(WSDATTACH_SERVICE)
    install(TARGETS wsdattach_service EXPORT wsdattachServiceTargets
        LIBRARY COMPONENT service NAMELINK_COMPONENT development
        FILE_SET HEADERS DESTINATION ${header_dir})
    install(EXPORT wsdattachServiceTargets NAMESPACE wsdattach:: DESTINATION ${config_dir})
endif()
configure_package_config_file(cmake/wsdattachConfig.cmake.in wsdattachConfig.cmake
    INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(wsdattachConfigVersion.cmake
    COMPATIBILITY SameMinorVersion) # 0.x: each minor may break
install(FILES ${PROJECT_BINARY_DIR}/wsdattachConfig.cmake
              ${PROJECT_BINARY_DIR}/wsdattachConfigVersion.cmake
        DESTINATION ${config_dir})

# A static library's own needs are public here: pkg-config --static would ask for those of a
# static libcurl too, which few systems have.  A shared one's are its own.
if(NOT BUILD_SHARED_LIBS)
    set(pc_requires
        "Requires: libcurl >= ${wsdattach_min_curl}, libxml-2.0 >= ${wsdattach_min_libxml2}")
    set(pc_service_requires ", libmicrohttpd >= ${wsdattach_min_microhttpd}, gnutls")
endif()
file(RELATIVE_PATH pc_prefix_from_pcdir /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
set(pc_files wsdattach wsdattach-compat)
if(WSDATTACH_SERVICE)
    list(APPEND pc_files wsdattach-service)
endif()
foreach(name IN LISTS pc_files)
    configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES README.md TYPE DOC)
install(DIRECTORY docs examples TYPE DOC PATTERN demo.sh EXCLUDE)

# What the target `docs` has made, if it has; not the programs that are there to be read.
set(docs ${PROJECT_BINARY_DIR}/docs)
install(DIRECTORY ${docs}/man/man3 TYPE MAN OPTIONAL)
install(DIRECTORY ${docs}/html TYPE DOC COMPONENT reference OPTIONAL)
if(WSDATTACH_BUILD_EXAMPLES)
    get_property(tools DIRECTORY examples PROPERTY BUILDSYSTEM_TARGETS)
    list(FILTER tools INCLUDE REGEX "^wsd-")
    list(FILTER tools EXCLUDE REGEX "^wsd-send-")
    install(TARGETS ${tools} COMPONENT tools)
    list(TRANSFORM tools REPLACE "(.+)" "${docs}/man/man1/\\1.1" OUTPUT_VARIABLE pages)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools OPTIONAL)
endif()
