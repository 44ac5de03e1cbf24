# Debian packages, by the preset `package`: one for each SONAME, so that a program that only
# sends brings no HTTP server; what developers need; the example programs that are tools.
set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(WSDATTACH_SERVICE)
    set(service service)
endif()
set(CPACK_GENERATOR DEB)
# Not the reference: Doxygen's HTML has copies of JavaScript libraries, which Debian forbids.
set(CPACK_COMPONENTS_ALL client ${service} development tools)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # the first line of each description
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian.cmake)

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME libwsdattach${abi})
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_CLIENT_DESCRIPTION "WSDAPI attachments outside Windows: the client
Streams documents to and from printers, scanners and other devices that speak
the Devices Profile for Web Services, as Microsoft's IWSDOutboundAttachment
and InternetWriteFile do.")

set(CPACK_DEBIAN_SERVICE_PACKAGE_NAME libwsdattach-service${abi})
set(CPACK_DEBIAN_SERVICE_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_SERVICE_DEPENDS client)
set(CPACK_COMPONENT_SERVICE_DESCRIPTION "WSDAPI attachments outside Windows: the device side
A server for devices that speak the Devices Profile for Web Services: requests
and replies, and the documents in them, stream.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libwsdattach-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS client ${service})
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "WSDAPI attachments outside Windows: development files
Headers in C and C++, the files that pkg-config and CMake look for, man pages
of all functions, and examples.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME wsdattach-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_COMPONENT_TOOLS_DEPENDS client ${service})
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "programs that speak to WSD devices, and virtual devices
Print to a WS-Print printer, send any attachments to any device, upload over
HTTP and FTP; a virtual printer and a virtual scanner to try clients with.")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 0upstream) # less than Debian's own would have
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_PACKAGE_CONTACT "wsdattach contributors <contributors@example.org>" CACHE STRING
    "Who answers for the packages")

# ldconfig by a trigger, as Debian does it.  CPack writes scripts that call it unless it is
# given some: of those it is given here there are none, of which it warns.
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
foreach(component CLIENT SERVICE)
    foreach(file triggers postinst postrm)
        list(APPEND CPACK_DEBIAN_${component}_PACKAGE_CONTROL_EXTRA
            ${PROJECT_BINARY_DIR}/debian/${file})
    endforeach()
endforeach()

include(CPack)
