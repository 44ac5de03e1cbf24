# <prefix>/include/wsdattach/*.h, the library, a CMake package and a .pc file.  Both add
# include/wsdattach itself to the include path, so that <wsdattachment.h> works as on Windows.
# <wsdapi.h> and the like are in a folder of their own.
include(CMakePackageConfigHelpers)
set(header_dir ${CMAKE_INSTALL_INCLUDEDIR}/wsdattach)
set(compat_dir ${CMAKE_INSTALL_INCLUDEDIR}/wsdattach-compat)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wsdattach)

install(TARGETS wsdattach EXPORT wsdattachTargets FILE_SET HEADERS DESTINATION ${header_dir})
install(TARGETS wsdattach_compat EXPORT wsdattachTargets
    FILE_SET HEADERS DESTINATION ${compat_dir})
install(EXPORT wsdattachTargets NAMESPACE wsdattach:: DESTINATION ${config_dir})
if(WSDATTACH_SERVICE)
    install(TARGETS wsdattach_service EXPORT wsdattachServiceTargets
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
# static libcurl too, which few systems have.
set(pc_requires Requires)
if(BUILD_SHARED_LIBS)
    set(pc_requires Requires.private)
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
