# tests/FAULTS.md and tests/WININET.md have a row for each case of their groups, with the
# tests that show what becomes of it, or a reason why there is none.  Fails when a row is
# missing, when it has neither, or when it names a test that is in no list of tests.
# Run as: cmake -DROOT=<project> -P check_faults.cmake
cmake_minimum_required(VERSION 3.24)

# Their groups, first and last rows.
set(rows_of_FAULTS "B 14 17" "C 1 2" "C 9 9" "C 11 11" "C 16 20" "D 1 5" "E 1 9" "F 1 10" "G 1 22" "H 1 10"
    "J 10 10")
set(rows_of_WININET "B 1 10" "W 1 78" "T 1 20" "C 1 38")

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

foreach(name FAULTS WININET)
    set(file tests/${name}.md)
    file(READ ${ROOT}/${file} page)
    foreach(rows IN LISTS rows_of_${name})
        separate_arguments(rows)
        list(GET rows 0 group)
        list(GET rows 1 first)
        list(GET rows 2 last)
        foreach(number RANGE ${first} ${last})
            # | id | case | tests or reason |
            if(NOT page MATCHES "\n[|] ${group}${number} [|][^|\n]+[|] ([^|\n]*[^ |\n]) *[|]\n")
                fault("${file} has no row ${group}${number}, or neither test nor reason in it")
            endif()
        endforeach()
    endforeach()

    # A name in backquotes with two underscores in it is a test's.
    string(REGEX MATCHALL "`[A-Za-z0-9_]+__[A-Za-z0-9_]+`" named "${page}")
    foreach(test IN LISTS named)
        string(REPLACE "`" "" test ${test})
        if(NOT test IN_LIST tests)
            fault("${file} names ${test}, which is no test")
        endif()
    endforeach()
endforeach()

if(faults GREATER 0)
    message(FATAL_ERROR "${faults} fault(s) in the tables of cases")
endif()
