# Fails when a file includes a room or a library that it may not see.
# Run as: cmake -DROOT=<project> -P check_layers.cmake
cmake_minimum_required(VERSION 3.24)

# A room sees itself and the rooms of a lower rank; never another of its own rank.
foreach(line "0 base" "1 stream os" "2 mime soap transport" "3 attachment"
             "4 message wininet" "5 service" "6 transport_curl service_mhd" "7 api")
    string(REPLACE " " ";" words "${line}")
    list(POP_FRONT words rank)
    foreach(room IN LISTS words)
        set(rank_${room} ${rank})
    endforeach()
endforeach()
set(blind_to_os stream mime soap transport) # pure rooms: no threads, no clocks
# What follows the locale: in Turkish the lower case of I is no i.
set(foreign ctype.h strings.h locale.h wctype.h)

# "<home> <headers>": no other room may include these.  curl/ is all of its headers.
set(third_party curl/ libxml/ microhttpd.h gnutls/)
foreach(line "transport_curl curl/" "soap libxml/" "service_mhd microhttpd.h gnutls/"
             "os pthread.h threads.h semaphore.h time.h sys/time.h"
             "os poll.h sys/poll.h sys/select.h sys/epoll.h sys/eventfd.h")
    string(REPLACE " " ";" words "${line}")
    list(POP_FRONT words home)
    foreach(header IN LISTS words)
        set(home_of_${header} ${home})
    endforeach()
endforeach()

file(GLOB public_headers RELATIVE ${ROOT}/include ${ROOT}/include/*)
set(violations 0)
macro(violation text)
    message("${text}")
    math(EXPR violations "${violations} + 1")
endmacro()

# What a file includes, each with its opening bracket only: "base/mem.h <poll.h
function(includes_of file out)
    file(READ ${file} text)
    string(REGEX MATCHALL "\n[ \t]*#[ \t]*include[ \t]*[\"<A-Za-z_][A-Za-z0-9_./+-]*"
        lines "\n${text}")
    list(TRANSFORM lines REPLACE ".*#[ \t]*include[ \t]*" "")
    set(${out} "${lines}" PARENT_SCOPE)
endfunction()

# "<sys/poll.h": path sys/poll.h, folder sys, library sys/poll.h; "<curl/x.h": library curl/
macro(split include)
    string(REGEX REPLACE "^[\"<]" "" path "${include}")
    string(REGEX REPLACE "/.*" "" folder "${path}")
    set(library ${path})
    if(DEFINED home_of_${folder}/)
        set(library ${folder}/)
    endif()
endmacro()

file(GLOB_RECURSE files RELATIVE ${ROOT}/src ${ROOT}/src/*.c ${ROOT}/src/*.h)
foreach(file IN LISTS files)
    string(REGEX REPLACE "/.*" "" room "${file}")
    if(NOT DEFINED rank_${room})
        violation("src/${file}: room '${room}' has no rank yet")
        continue()
    endif()
    includes_of(${ROOT}/src/${file} includes)
    foreach(include IN LISTS includes)
        split("${include}")
        set(why "")
        if(path MATCHES "[.][.]/")
            set(why "may not climb")
        elseif(DEFINED rank_${folder})
            if(folder STREQUAL os AND room IN_LIST blind_to_os)
                set(why "is pure, os is not")
            elseif(NOT folder STREQUAL room AND NOT rank_${folder} LESS rank_${room})
                set(why "has rank ${rank_${room}}, ${folder} has ${rank_${folder}}")
            endif()
        elseif(path IN_LIST public_headers)
            continue()
        elseif(path IN_LIST foreign)
            set(why "may not follow the locale")
        elseif(NOT include MATCHES "^<")
            set(why "may include \"room/file.h\" and public headers")
        elseif(DEFINED home_of_${library} AND NOT room STREQUAL home_of_${library})
            set(why "is not its home, ${home_of_${library}} is")
        endif()
        if(why)
            violation("src/${file}: ${path}: ${room} ${why}")
        endif()
    endforeach()
endforeach()

# Contract and flow tests stand where an application stands.
file(GLOB_RECURSE files RELATIVE ${ROOT}
    ${ROOT}/tests/contract/*.[ch]* ${ROOT}/tests/flow/*.[ch]*)
foreach(file IN LISTS files)
    includes_of(${ROOT}/${file} includes)
    foreach(include IN LISTS includes)
        split("${include}")
        if(path IN_LIST public_headers OR include MATCHES "^\"support/[a-z0-9_]+[.]h$")
            continue()
        elseif(NOT include MATCHES "^<" OR path MATCHES "[.][.]/"
               OR DEFINED rank_${folder} OR library IN_LIST third_party)
            violation("${file}: ${path}: only public headers, support/ and the system's")
        endif()
    endforeach()
endforeach()

if(violations GREATER 0)
    message(FATAL_ERROR "${violations} layer violation(s)")
endif()
