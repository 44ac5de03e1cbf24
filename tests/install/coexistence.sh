#!/bin/sh
# Builds and runs the program "com_from_cpp" with one half beside a library that brings its
# own Windows types and the other half without, as wsdattach itself is compiled: with their
# header first and with ours first.
# Usage: coexistence.sh <include folder>
set -u
include=${1:?usage: coexistence.sh <include folder>}
here=$(cd "$(dirname "$0")" && pwd) || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
warnings="-Wall -Wextra -Wno-unknown-pragmas -Werror" # DirectX has #pragma region
failed=0

# build_halves <c compiler> <c++ compiler> <suffix of the objects> <flags>...
build_halves()
{
    cc=$1 cxx=$2 suffix=$3
    shift 3
    # GNU dialects, for vkd3d's __uuidof.
    "$cc" -std=gnu11 -DCOBJMACROS $warnings -I"$include" "$@" -c -o "$scratch/c_$suffix.o" \
        "$here/com_from_c.c" &&
        "$cxx" -std=gnu++17 $warnings -I"$include" "$@" -c -o "$scratch/cpp_$suffix.o" \
            "$here/com_from_cpp.cpp"
}

# run <c++ compiler> <the two halves>
run()
{
    "$1" -o "$scratch/program" "$scratch/$2" "$scratch/$3" "$scratch/ids.o" &&
        "$scratch/program"
}

# beside <library> <pkg-config module> <our macro> <their headers>...
beside()
{
    library=$1 module=$2 macro=$3
    shift 3
    if ! pkg-config --exists "$module" 2>/dev/null; then
        echo "SKIP $library is not installed"
        return
    fi
    folders=$(pkg-config --cflags "$module")
    theirs=
    for header; do
        theirs="$theirs -include $header"
    done

    for compilers in gcc,g++ clang,clang++; do
        cc=${compilers%,*} cxx=${compilers#*,}
        if ! command -v "$cc" >/dev/null 2>&1 || ! command -v "$cxx" >/dev/null 2>&1; then
            echo "SKIP $library with $cc and $cxx, which are not installed"
            continue
        fi
        for order in theirs-first ours-first; do
            case $order in
            theirs-first) includes="$theirs -include wsdattachment.h" ;;
            ours-first) includes="-D$macro -include wsdattachment.h $theirs" ;;
            esac
            if "$cc" $warnings -I"$include" -c -o "$scratch/ids.o" \
                    "$here/../../src/attachment/interface_ids.c" &&
                build_halves "$cc" "$cxx" alone &&
                build_halves "$cc" "$cxx" beside $folders $includes &&
                run "$cxx" cpp_beside.o c_alone.o &&
                run "$cxx" cpp_alone.o c_beside.o; then
                echo "PASS $library, $order, $cc and $cxx"
            else
                echo "FAIL $library, $order, $cc and $cxx"
                failed=1
            fi
        done
    done
}

beside vkd3d libvkd3d WSD_WITH_VKD3D vkd3d_windows.h vkd3d_d3d12.h
beside DirectX-Headers DirectX-Headers WSD_WITH_DIRECTX_HEADERS unknwn.h d3d12.h
beside WinPR winpr2 WSD_WITH_WINPR winpr/wtypes.h winpr/error.h winpr/synch.h
exit "$failed"
