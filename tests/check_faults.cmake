# tests/FAULTS.md has a row for each fault of these groups, with the tests that show what
# becomes of it, or a reason why there is none.  Fails when a row is missing, when it has
# neither, or when it names a test that is in no list of tests.
# Run as: cmake -DROOT=<project> -P check_faults.cmake
cmake_minimum_required(VERSION 3.24)

set(rows "")
foreach(line "C 19 20" "D 5 5" "E 1 9" "F 1 10" "G 1 22" "H 1 10")
    string(REPLACE " " ";" words "${line}")
    list(GET words 0 group)
    list(GET words 1 first)
    list(GET words 2 last)
    foreach(number RANGE ${first} ${last})
        list(APPEND rows ${group}${number})
    endforeach()
endforeach()

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
foreach(row IN LISTS rows)
    # | id | fault | tests or reason |
    if(NOT page MATCHES "\n[|] ${row} [|][^|\n]+[|] ([^|\n]*[^ |\n]) *[|]\n")
        fault("tests/FAULTS.md has no row ${row}, or neither test nor reason in it")
    endif()
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
