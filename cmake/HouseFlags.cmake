# The language level, the warnings and the sanitizers of every target of this project.
# C_STANDARD and _POSIX_C_SOURCE are all that the code may count on: no GNU extensions.
function(house_flags target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF C_VISIBILITY_PRESET hidden
        CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
        POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:C>:_POSIX_C_SOURCE=200809L>
        $<$<EQUAL:${CMAKE_SIZEOF_VOID_P},4>:_FILE_OFFSET_BITS=64>) # files past 2 GiB
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla
        $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
        $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
        $<$<BOOL:${WSDATTACH_WARNINGS_AS_ERRORS}>:-Werror>)
    if(WSDATTACH_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=${WSDATTACH_SANITIZE} -fno-omit-frame-pointer
            -fno-sanitize-recover=all
            $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>) # objects made in C have no type info
        target_link_options(${target} PRIVATE -fsanitize=${WSDATTACH_SANITIZE})
    endif()
endfunction()
