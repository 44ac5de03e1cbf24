#!/bin/sh
# Fails every call that can fail, one after the other, in everything that applications do.
# Run as: sh tests/torture.sh [SCENARIO [KIND]]     (of torture/scenarios.c, torture/faults.h)
# Installs what is missing, builds with the address sanitizer, and takes some minutes.
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh build test
cmake --preset asan
cmake --build --preset asan --target torture
exec env ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 build/asan/tests/torture -a "$@"
