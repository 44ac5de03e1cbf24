#!/bin/sh
# Builds and runs the programs "com_from_cpp" and "handles_in_cpp" as ports from Windows may
# be built: with every level of optimisation, and where the optimiser sees all of a program.
# Usage: idioms.sh <include folder>
set -u
include=${1:?usage: idioms.sh <include folder>}
here=$(cd "$(dirname "$0")" && pwd) || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
warnings="-Wall -Wextra -Wpedantic -Werror"
ran=0
failed=0

# build_and_run <c compiler> <c++ compiler and flags> <flags of the linker> <flags>...
build_and_run()
{
    cc=$1 cxx=$2 link=$3
    shift 3
    "$cc" -std=c11 $warnings -I"$include" "$@" -c -o "$scratch/ids.o" \
        "$here/../../src/attachment/interface_ids.c" &&
        "$cc" -std=c11 $warnings -I"$include" "$@" -c -o "$scratch/c.o" \
            "$here/com_from_c.c" &&
        for program in com_from_cpp handles_in_cpp; do
            $cxx -std=c++17 $warnings -I"$include" "$@" -c -o "$scratch/$program.o" \
                "$here/$program.cpp" || return 1
        done &&
        $cxx "$@" $link -o "$scratch/com_from_cpp" "$scratch/com_from_cpp.o" \
            "$scratch/c.o" "$scratch/ids.o" &&
        $cxx "$@" $link -o "$scratch/handles_in_cpp" "$scratch/handles_in_cpp.o" &&
        "$scratch/com_from_cpp" && "$scratch/handles_in_cpp"
}

# check: likewise
check()
{
    ran=$((ran + 1))
    if build_and_run "$@"; then
        echo "PASS $*"
    else
        echo "FAIL $*"
        failed=1
    fi
}

# can_link <compiler> <flags>...: not every system has what LTO needs.
can_link()
{
    echo 'int main(void) { return 0; }' |
        "$@" -x c -o "$scratch/program" - >/dev/null 2>&1 || { echo "SKIP $*" && return 1; }
}

for compilers in gcc,g++ clang,clang++; do
    cc=${compilers%,*} cxx=${compilers#*,}
    command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null ||
        { echo "SKIP $cc and $cxx" && continue; }
    for level in -O0 -O1 -O2 -O3; do
        check "$cc" "$cxx" "" $level
    done
    can_link "$cc" -flto && check "$cc" "$cxx" "" -O3 -flto -fvisibility=hidden
    check "$cc" "$cxx -fno-exceptions -fno-rtti" "" -O2 -fvisibility=hidden
done
can_link gcc -flto -fwhole-program &&
    check gcc g++ -fwhole-program -O3 -flto -fvisibility=hidden
can_link clang -flto -fsanitize=cfi-vcall -fvisibility=hidden && {
    check clang clang++ "" -O3 -flto -fvisibility=hidden -fwhole-program-vtables
    check clang clang++ "" -O2 -flto -fvisibility=hidden -fsanitize=cfi-vcall
}

[ "$ran" -gt 0 ] || { echo "FAIL nothing was built" && exit 1; }
exit "$failed"
