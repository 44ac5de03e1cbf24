# One module is one .c, one .h and one test file: src/<room>/x.c, src/<room>/x.h and
# tests/unit/<room>/test_x.c.  Fails when one is missing, and when a source, a test or a
# public header is there but in no list of a CMakeLists.txt.
# Run as: cmake -DROOT=<project> -P check_modules.cmake
cmake_minimum_required(VERSION 3.24)

set(without_header
    base/type_widths         # static assertions only
    attachment/interface_ids # the constants that wsdattachment.h declares
    api/[a-z_]+)             # what the other public headers declare
set(without_unit_test
    base/type_widths             # the compiler tests it
    attachment/interface_ids     # tests/contract compares them
    api/[a-z_]+)                 # tests/contract
list(JOIN without_header "|" without_header)
list(JOIN without_unit_test "|" without_unit_test)

set(faults 0)
macro(fault text)
    message("${text}")
    math(EXPR faults "${faults} + 1")
endmacro()

file(READ ${ROOT}/src/CMakeLists.txt built)
file(GLOB_RECURSE files RELATIVE ${ROOT}/src ${ROOT}/src/*.c)
foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH room)
    cmake_path(GET file STEM name)
    set(module ${room}/${name})
    set(unit_test tests/unit/${room}/test_${name}.c)
    if(NOT built MATCHES "[ \n(]${file}[ \n)]")
        fault("src/${file} is in no list of src/CMakeLists.txt")
    endif()
    if(NOT EXISTS ${ROOT}/src/${module}.h AND NOT module MATCHES "^(${without_header})$")
        fault("src/${file} has no src/${module}.h")
    endif()
    if(NOT EXISTS ${ROOT}/${unit_test} AND NOT module MATCHES "^(${without_unit_test})$")
        fault("src/${file} has no ${unit_test}")
    endif()
endforeach()

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/include/*)
foreach(file IN LISTS files)
    if(NOT built MATCHES "/${file}[ \n)]")
        fault("${file} is in no list of src/CMakeLists.txt: it is never installed")
    endif()
endforeach()

file(READ ${ROOT}/tests/CMakeLists.txt built)
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/tests/unit/*.c
    ${ROOT}/tests/contract/*.c ${ROOT}/tests/flow/*.c)
foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    string(REGEX REPLACE "^test_" "" name ${name})
    if(NOT built MATCHES "[ \n(]${name}[ \n)]")
        fault("${file} is in no list of tests/CMakeLists.txt")
    endif()
endforeach()

if(faults GREATER 0)
    message(FATAL_ERROR "${faults} fault(s) in the modules")
endif()
