#!/bin/sh
# Installs what is missing, builds, and runs all tests.
# Run as: sh tests/run.sh [PRESET...]     (presets of CMakePresets.json; default: debug)
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- debug

case " $* " in *" clang"*) clang=clang ;; *) clang= ;; esac
sh cmake/packages.sh build test $clang

for preset; do
    echo "== $preset"
    cmake --preset "$preset"
    cmake --build --preset "$preset"
    ctest --preset "$preset" -j2
done
echo "PASS: all tests (presets: $*)"
