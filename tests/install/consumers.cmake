# Installs the library into a scratch folder, moves it, and builds and runs the programs of
# consumer/ against it in each of the ways in which other projects find a library.
cmake_minimum_required(VERSION 3.24)
set(consumer ${CMAKE_CURRENT_LIST_DIR}/consumer)
set(prefix ${SCRATCH}/moved)

# run(<command>...): ends the script when it fails; its output is in `output`.
macro(run)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors
        OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
    if(result)
        message("${ARGN}\n${output}\n${errors}")
        message(FATAL_ERROR "this command failed")
    endif()
endmacro()

set(flags -Wall -Wextra -Wpedantic -Werror)
if(SANITIZE) # a static library needs the runtime in the program
    list(APPEND flags -fsanitize=${SANITIZE} -fno-sanitize=vptr)
endif()
list(JOIN flags " " flags_in_one)

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/installed)
file(RENAME ${SCRATCH}/installed ${prefix})

# --- find_package, FetchContent, add_subdirectory
set(archive ${SCRATCH}/wsdattach.tar.gz)
run(${CMAKE_COMMAND} -E chdir ${SOURCE}
    ${CMAKE_COMMAND} -E tar czf ${archive} CMakeLists.txt cmake include src)
set(configure ${CMAKE_COMMAND} -G Ninja -S ${consumer}
    -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX}
    "-DCMAKE_C_FLAGS=${flags_in_one}" "-DCMAKE_CXX_FLAGS=${flags_in_one}"
    -DBUILD_SHARED_LIBS=${SHARED} -DWSDATTACH_SOURCE=${SOURCE}
    -DWSDATTACH_ARCHIVE=${archive} -DCMAKE_PREFIX_PATH=${prefix})
foreach(way find_package FetchContent add_subdirectory)
    set(tree ${SCRATCH}/${way})
    run(${configure} -B ${tree} -DWAY=${way})
    run(${CMAKE_COMMAND} --build ${tree} -j 2)
    run(${tree}/consumer_c)
    run(${tree}/consumer_cxx)
    run(${tree}/wininet)
    run(${tree}/ported)
    run(${tree}/device)
    message("${way}: ${output}")
endforeach()
execute_process(COMMAND ${configure} -B ${SCRATCH}/missing -DWAY=find_package
    -DCOMPONENT=discovery OUTPUT_QUIET ERROR_VARIABLE errors RESULT_VARIABLE result)
if(result EQUAL 0 OR NOT errors MATCHES "this wsdattach has no component 'discovery'")
    message(FATAL_ERROR "a component that there is not: ${result}, ${errors}")
endif()

# --- pkg-config
file(GLOB_RECURSE pc ${prefix}/wsdattach.pc)
cmake_path(GET pc PARENT_PATH pc_dir)
cmake_path(GET pc_dir PARENT_PATH library_dir)
set(ENV{PKG_CONFIG_PATH} ${pc_dir}:$ENV{PKG_CONFIG_PATH})
set(ENV{LD_LIBRARY_PATH} ${library_dir}:$ENV{LD_LIBRARY_PATH})
run(pkg-config --cflags --libs wsdattach)
separate_arguments(needed UNIX_COMMAND "${output}")
run(${CC} ${flags} ${consumer}/consumer.c ${needed} -o ${SCRATCH}/consumer_c)
run(${CXX} ${flags} -std=c++17 ${consumer}/consumer.cpp ${needed} -o ${SCRATCH}/consumer_cxx)
run(${SCRATCH}/consumer_c)
run(${SCRATCH}/consumer_cxx)
run(pkg-config --cflags wsdattach-compat)
separate_arguments(needed UNIX_COMMAND "${output}")
run(${CC} ${flags} -c ${consumer}/ported_in_c.c ${needed} -o ${SCRATCH}/ported_in_c.o)
run(pkg-config --cflags --libs wsdattach-compat)
separate_arguments(needed UNIX_COMMAND "${output}")
run(${CXX} ${flags} ${consumer}/ported.cpp ${SCRATCH}/ported_in_c.o ${needed}
    -o ${SCRATCH}/ported)
run(${SCRATCH}/ported)
run(pkg-config --cflags --libs wsdattach-service)
separate_arguments(needed UNIX_COMMAND "${output}")
run(${CC} ${flags} ${consumer}/device.c ${needed} -o ${SCRATCH}/device)
run(${SCRATCH}/device)
message("pkg-config: ${output}")
