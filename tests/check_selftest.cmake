# Proves that each check of this folder finds what it is for: every row breaks one rule in
# a small project of its own, and the check must say so in the row's words.
# Run as: cmake -DSCRATCH=<folder> -P check_selftest.cmake
cmake_minimum_required(VERSION 3.24)
set(failures 0)

# Makes SCRATCH/project from "<path>=<content>" pairs; a later pair replaces an earlier one.
function(make_project)
    file(REMOVE_RECURSE ${SCRATCH}/project)
    foreach(pair IN LISTS ARGN)
        string(REGEX MATCH "^([^=]+)=(.*)$" pair "${pair}")
        file(WRITE ${SCRATCH}/project/${CMAKE_MATCH_1} "${CMAKE_MATCH_2}\n")
    endforeach()
endfunction()

# expect(<check> <words> <pair>...): words "" means that the check must be content.
macro(expect check words)
    make_project(${sound} ${ARGN})
    execute_process(
        COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH}/project
                -P ${CMAKE_CURRENT_LIST_DIR}/check_${check}.cmake
        RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(FIND "${output}" "${words}" found)
    if("${words}" STREQUAL "")
        set(as_expected NOT result)
    else()
        set(as_expected result AND NOT found EQUAL -1)
    endif()
    if(NOT (${as_expected}))
        message("check_${check} with ${ARGN}: expected '${words}', got\n${output}")
        math(EXPR failures "${failures} + 1")
    endif()
endmacro()

# --- layers
set(sound
    "include/wsd_types.h="
    "src/base/mem.c=#include \"base/mem.h\""
    "src/os/clock.c=#include <time.h>"
    "src/os/poller.c=#include <sys/epoll.h>"
    "src/soap/envelope.c=  #  include <libxml/parser.h>"
    "src/attachment/outbound.c=#include \"os/clock.h\""
    "src/transport_curl/curl_error.c=#include <curl/curl.h>"
    "src/service_mhd/listener.c=#include <microhttpd.h>"
    "src/api/client.c=#include \"wsd_types.h\""
    "tests/flow/a.c=#include <poll.h>"
    "tests/contract/a.c=#include \"support/a.h\"")
expect(layers "")
expect(layers "" "src/api/b.c=#include \"wsd_types.h\" /* [ */")
foreach(row
        "stream mime/a.h|has rank 1, mime has 2"
        "base stream/a.h|has rank 0, stream has 1"
        "mime soap/a.h|has rank 2, soap has 2"
        "os stream/a.h|has rank 1, stream has 1"
        "attachment message/a.h|has rank 3, message has 4"
        "wininet message/a.h|has rank 4, message has 4"
        "message service/a.h|has rank 4, service has 5"
        "service transport_curl/a.h|has rank 5, transport_curl has 6"
        "service_mhd transport_curl/a.h|has rank 6, transport_curl has 6"
        "transport_curl api/a.h|has rank 6, api has 7"
        "mime os/a.h|is pure"
        "soap os/a.h|is pure"
        "transport os/a.h|is pure"
        "stream os/a.h|is pure"
        "cellar base/a.h|has no rank yet"
        "api unknown/a.h|may include"
        "api a.h|may include"
        "api ../base/a.h|may not climb"
        "api curl/curl.h|may include")
    string(REGEX MATCH "^([^ ]+) ([^|]+)[|](.*)$" row "${row}")
    expect(layers "${CMAKE_MATCH_3}" "src/${CMAKE_MATCH_1}/b.c=#include \"${CMAKE_MATCH_2}\"")
endforeach()
expect(layers "has rank 0" "src/base/b.h=\n\t#\tinclude<api/a.h>")
expect(layers "may include" "src/base/b.h=#include A_MACRO")
foreach(header ctype.h strings.h locale.h wctype.h)
    expect(layers "${header}: wininet may not follow the locale"
        "src/wininet/b.c=#include <${header}>")
endforeach()
foreach(header curl/multi.h libxml/tree.h microhttpd.h gnutls/gnutls.h pthread.h threads.h semaphore.h
               time.h sys/time.h poll.h sys/poll.h sys/select.h sys/epoll.h sys/eventfd.h)
    expect(layers "${header}: message is not its home" "src/message/b.c=#include <${header}>")
endforeach()
foreach(include "\"base/mem.h\"" "<base/mem.h>" "\"../../src/base/mem.h\"" "\"helper.h\""
                "<curl/curl.h>" "<libxml/tree.h>" "<microhttpd.h>")
    expect(layers "only public headers" "tests/contract/b.cpp=#include ${include}")
    expect(layers "only public headers" "tests/flow/b.h=#include ${include}")
endforeach()

# --- contracts
set(sound
    "include/a.h=/* [W1] [W2], unlike W3 */"
    "include/b.h=/* [C12] [C12] */"
    "tests/contract/a.c=/* [W1] */ buffer[1]"
    "tests/flow/a.cpp=/* [W2] */"
    "tests/unit/base/a.c=/* [C12] */")
expect(contracts "")
expect(contracts "no test cites [W3] of include/a.h" "include/a.h=[W1] [W2] [W3]")
expect(contracts "no test cites [C12]" "tests/unit/base/a.c=C12" "docs/a.md=[C12]")
expect(contracts "tests/flow/b.c cites [X9]" "tests/flow/b.c=[X9]")
expect(contracts "docs/a.md cites [X9]" "docs/a.md=[X9]")
expect(contracts "[W2] is in include/b.h and in include/a.h" "include/b.h=[C12] [W2]")

# --- modules
set(sound
    "src/CMakeLists.txt=list(\n    base/mem.c\n    base/type_widths.c api/client_api.c /include/a.h)"
    "include/a.h="
    "src/base/mem.c=" "src/base/mem.h=" "src/base/assert.h=" "tests/unit/base/test_mem.c="
    "src/base/type_widths.c=" "src/api/client_api.c="
    "tests/CMakeLists.txt=list(mem upload_flow)" "tests/flow/test_upload_flow.c=")
expect(modules "")
expect(modules "src/base/b.c is in no list" "src/base/b.c=")
expect(modules "src/base/b.c has no src/base/b.h" "src/base/b.c=")
expect(modules "src/base/b.c has no tests/unit/base/test_b.c" "src/base/b.c=" "src/base/b.h=")
expect(modules "include/b.hpp is in no list" "include/b.hpp=")
expect(modules "tests/unit/base/test_b.c is in no list" "tests/unit/base/test_b.c=")
expect(modules "tests/contract/test_b.c is in no list" "tests/contract/test_b.c=")
expect(modules "tests/flow/test_b.c is in no list" "tests/flow/test_b.c=")

# --- faults
function(table variable) # ARGN: groups, their first and last rows
    set(rows "\n")
    foreach(line IN LISTS ARGN)
        separate_arguments(line)
        list(POP_FRONT line group)
        foreach(number RANGE ${line})
            string(APPEND rows "| ${group}${number} | x | a reason |\n")
        endforeach()
    endforeach()
    set(${variable} "${rows}" PARENT_SCOPE)
endfunction()
table(rows "A 1 14" "B 1 20" "C 1 18" "D 1 4" "D 6 9" "G 1 22" "H 1 9"
    "I 1 10" "J 1 13" "K 1 5")
table(tls "E 1 9")
table(client "C 19 20" "F 1 10")
table(service "C 19 20" "D 5 5" "E 1 9" "F 1 10")
string(APPEND rows "\n## E. TLS to a device\n${tls}\n## What may come to a client\n${client}"
    "\n## What may come to a service\n${service}")
table(cases "B 1 10" "W 1 78" "T 1 20" "C 1 38")
set(sound
    "tests/WININET.md=${cases}"
    "tests/FAULTS.md=${rows}| H10 | x | `G1__a` `H10__b` |"
    "tests/unit/a.c=cmocka_unit_test(G1__a)"
    "tests/flow/b.c=cmocka_unit_test_setup_teardown(\n    H10__b, c, d)")
expect(faults "")
expect(faults "no row H10" "tests/FAULTS.md=${rows}| H1 | x | `G1__a` |")
foreach(row B20 C2 C9 C13 C19 D5 E9 F10 K5)
    string(REPLACE "| ${row} |" "| ${row}0 |" without "${rows}")
    expect(faults "no row ${row}" "tests/FAULTS.md=${without}| H10 | x | `G1__a` `H10__b` |")
endforeach()
foreach(role client service)
    string(REPLACE "| F10 |" "| F100 |" without "${${role}}")
    string(REPLACE "${${role}}" "${without}" without "${rows}")
    expect(faults "no row F10, or neither test nor reason in it: What may come to a ${role}"
        "tests/FAULTS.md=${without}| H10 | x | `G1__a` `H10__b` |")
endforeach()
string(REPLACE "## What may come to a client" "## Others" without "${rows}")
expect(faults "no row C19" "tests/FAULTS.md=${without}| H10 | x | `G1__a` `H10__b` |")
expect(faults "row H10, or neither" "tests/FAULTS.md=${rows}| H10 | x | |")
expect(faults "names H10__c, which is no test" "tests/FAULTS.md=${rows}| H10 | x | `H10__c` |")
expect(faults "tests/WININET.md has no row W78" "tests/WININET.md=\n| W7 | x | y |\n")
expect(faults "names W1__a, which is no test" "tests/WININET.md=${cases}`W1__a`")
expect(faults "names H10__b, which is no test" "tests/flow/b.c=void H10__b(void **state)")
expect(faults "" "tests/flow/b.c=" "tests/examples/b.sh=H10__b() {\n}\nrun_tests \\\n    H10__b")
expect(faults "names H10__b, which is no test" "tests/flow/b.c=" "tests/examples/b.sh=H10__b() {\n}")

file(REMOVE_RECURSE ${SCRATCH}/project)
if(failures GREATER 0)
    message(FATAL_ERROR "${failures} row(s) failed")
endif()
