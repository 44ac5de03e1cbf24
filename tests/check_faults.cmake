# tests/FAULTS.md has a row for each fault of the groups G and H, with the tests that show
# what becomes of it, or a reason why there is none.  Fails when a row is missing, when it
# has neither, or when it names a test that is in no list of tests.
# Run as: cmake -DROOT=<project> -P check_faults.cmake
cmake_minimum_required(VERSION 3.24)

set(last_of_G 22)
set(last_of_H 10)

set(faults 0)
macro(fault text)
    message("${text}")
    math(EXPR faults "${faults} + 1")
endmacro()

set(tests "")
file(GLOB_RECURSE files ${ROOT}/tests/*.c)
foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REGEX MATCHALL "cmocka_unit_test[a-z_]*[(][ \n]*[A-Za-z0-9_]+" found "${text}")
    list(TRANSFORM found REPLACE "^.*[( \n]" "")
    list(APPEND tests ${found})
endforeach()

file(READ ${ROOT}/tests/FAULTS.md page)
foreach(group G H)
    foreach(number RANGE 1 ${last_of_${group}})
        # | id | fault | tests or reason |
        if(NOT page MATCHES "\n[|] ${group}${number} [|][^|\n]+[|] ([^|\n]*[^ |\n]) *[|]\n")
            fault("tests/FAULTS.md has no row ${group}${number}, or neither test nor reason in it")
        endif()
    endforeach()
endforeach()

# A name in backquotes with two underscores in it is a test's.
string(REGEX MATCHALL "`[A-Za-z0-9_]+__[A-Za-z0-9_]+`" named "${page}")
foreach(name IN LISTS named)
    string(REPLACE "`" "" name ${name})
    if(NOT name IN_LIST tests)
        fault("tests/FAULTS.md names ${name}, which is no test")
    endif()
endforeach()

if(faults GREATER 0)
    message(FATAL_ERROR "${faults} fault(s) in tests/FAULTS.md")
endif()
