# A shared library exports the names of its list, no more and no fewer, apart from those that
# its version says are private; in a static one, where nothing is hidden, every name has our
# prefix or is Microsoft's.
# Run as: cmake -DNM=<nm> -DLIBRARY=<file> -DSHARED=<bool> -DLIST=<file> -P check_symbols.cmake
cmake_minimum_required(VERSION 3.24)

if(SHARED)
    set(dynamic -D)
endif()
execute_process(COMMAND ${NM} -g --defined-only -P ${dynamic} ${LIBRARY}
    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z0-9_.@]+ [A-Z] " names "\n${output}")
list(TRANSFORM names REPLACE "\n([^ ]+).*" "\\1")
list(FILTER names EXCLUDE REGEX "^wsd_.*@@?WSDATTACH_PRIVATE_|^WSDATTACH_")
list(TRANSFORM names REPLACE "@.*" "")
file(STRINGS ${LIST} expected)

set(too_many ${names})
set(missing ${expected})
list(REMOVE_ITEM too_many ${expected})
list(REMOVE_ITEM missing ${names})
if(NOT SHARED)
    list(FILTER too_many EXCLUDE REGEX "^wsd_")
endif()
if(too_many OR missing)
    message(FATAL_ERROR "not in ${LIST}: '${too_many}'; not in the library: '${missing}'")
endif()
