#!/bin/sh
# Compiles each block of C and C++ in pages of Markdown: each is a unit that stands alone.
# One that asks for _WIN32 is for both sides: mingw-w64 compiles it, too, where it is.
# Run as: sh code_blocks.sh CC CXX INCLUDE PAGE...
# shellcheck disable=SC2086 # a list of words
set -eu
cc=$1 cxx=$2 include=$3
shift 3
warnings="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# That of mingw-w64 10 does not compile; what stands behind it does.
echo '#define _INC_WSDAPI
#include <wsdattachment.h>' >"$scratch/wsdapi.h"

awk -v folder="$scratch" '
    FNR == 1 && file { exit }
    /^```c(pp)?$/ && !file {
        file = sprintf("%s/block_%02d.%s", folder, ++count, substr($0, 4))
        printf "#line %d \"%s\"\n", FNR + 1, FILENAME >file
        next
    }
    /^```$/ && file { close(file); file = "" }
    file { print >file }
    END { if (file) { print FILENAME ": a block has no end, or in the page before"; exit 1 } }
' "$@"

count=0
for block in "$scratch"/block_*; do
    case $block in
    *.cpp) "$cxx" -std=c++17 $warnings -I "$include" "$block" ;;
    *) "$cc" -std=c11 $warnings -I "$include" "$block" ;;
    esac
    if grep -q _WIN32 "$block" && command -v x86_64-w64-mingw32-gcc >/dev/null; then
        x86_64-w64-mingw32-gcc -std=c11 $warnings -I "$scratch" "$block"
    fi
    count=$((count + 1))
done
echo "$count blocks"
