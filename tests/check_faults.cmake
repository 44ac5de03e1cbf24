# tests/FAULTS.md and tests/WININET.md have a row for each case of their groups, with the
# tests that show what becomes of it, or a reason why there is none.  Fails when a row is
# missing, when it has neither, or when it names a test that is in no list of tests.
# Run as: cmake -DROOT=<project> -P check_faults.cmake
cmake_minimum_required(VERSION 3.24)

# Their groups, first and last rows, and the section that they stand in where there are
# several of that name.
set(rows_of_FAULTS "A 1 14" "B 1 20" "C 1 18" "D 1 4" "D 6 9"
    "E 1 9 E. TLS to a device"
    "C 19 20 What may come to a client" "F 1 10 What may come to a client"
    "C 19 20 What may come to a service" "D 5 5 What may come to a service"
    "E 1 9 What may come to a service" "F 1 10 What may come to a service"
    "G 1 22" "H 1 10" "I 1 10" "J 1 13" "K 1 5")
set(rows_of_WININET "B 1 10" "W 1 78" "T 1 20" "C 1 38")

set(faults 0)
macro(fault text)
    message("${text}")
    math(EXPR faults "${faults} + 1")
endmacro()

# The text from "## <heading>" to the next one; of all of the page without a heading.
function(section_of page heading variable)
    if(heading)
        string(FIND "${page}" "\n## ${heading}\n" begin)
        if(begin LESS 0)
            set(page "")
        else()
            math(EXPR begin "${begin} + 1")
            string(SUBSTRING "${page}" ${begin} -1 page)
        endif()
        string(FIND "${page}" "\n## " end)
        string(SUBSTRING "${page}" 0 ${end} page)
    endif()
    set(${variable} "${page}" PARENT_SCOPE)
endfunction()

set(tests "")
file(GLOB_RECURSE files ${ROOT}/tests/*.c)
foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REGEX MATCHALL "cmocka_unit_test[a-z_]*[(][ \n]*[A-Za-z0-9_]+" found "${text}")
    list(TRANSFORM found REPLACE "^.*[( \n]" "")
    list(APPEND tests ${found})
endforeach()
file(GLOB files ${ROOT}/tests/examples/*.sh)
foreach(file IN LISTS files)
    file(READ ${file} text)
    string(FIND "${text}" "\nrun_tests " begin) # where a script names its tests
    if(NOT begin LESS 0)
        string(SUBSTRING "${text}" ${begin} -1 text)
        string(REGEX MATCHALL "[A-Za-z0-9_]+__[A-Za-z0-9_]+" found "${text}")
        list(APPEND tests ${found})
    endif()
endforeach()

foreach(name FAULTS WININET)
    set(file tests/${name}.md)
    file(READ ${ROOT}/${file} page)
    foreach(rows IN LISTS rows_of_${name})
        string(REGEX MATCH "^([A-Z]) ([0-9]+) ([0-9]+) ?(.*)$" rows "${rows}")
        set(group ${CMAKE_MATCH_1})
        set(first ${CMAKE_MATCH_2})
        set(last ${CMAKE_MATCH_3})
        set(heading "${CMAKE_MATCH_4}")
        section_of("${page}" "${heading}" section)
        foreach(number RANGE ${first} ${last})
            # | id | case | tests or reason |
            if(NOT section MATCHES
               "\n[|] ${group}${number} [|][^|\n]+[|] ([^|\n]*[^ |\n]) *[|]\n")
                fault("${file} has no row ${group}${number}, or neither test nor reason in it: ${heading}")
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
