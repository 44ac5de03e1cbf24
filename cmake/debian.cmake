# CPack runs this before it makes packages of its folders, one for each component: what
# Debian's policy asks of each package, and what it wants compressed.
set(source ${CMAKE_CURRENT_LIST_DIR}/..)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} upper)
    set(share ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share)
    set(doc ${share}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
    configure_file(${source}/LICENSE ${doc}/copyright COPYONLY)
    configure_file(${source}/CHANGELOG.md ${doc}/changelog COPYONLY)
    set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
    file(WRITE ${doc}/changelog.Debian
        "${CPACK_PACKAGE_NAME} (${version}) unstable; urgency=medium\n\n"
        "  * Packages as ${CPACK_PACKAGE_NAME} ${CPACK_PACKAGE_VERSION} makes them itself.\n\n"
        " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
    file(GLOB to_compress ${doc}/changelog* ${share}/man/man*/*)
    execute_process(COMMAND gzip -9n ${to_compress} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
