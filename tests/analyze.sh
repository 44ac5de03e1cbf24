#!/bin/sh
# Static analysis of src: cppcheck, gcc's analyzer, clang-tidy.  Ends with 1 at findings.
# Run as: sh tests/analyze.sh
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh build test clang analysis
cmake --preset debug >/dev/null

echo "== cppcheck"
cppcheck --quiet --std=c11 --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --inline-suppr --error-exitcode=1 \
    -D_POSIX_C_SOURCE=200809L -D__linux__ -I src -I include src

echo "== gcc -fanalyzer"
# shellcheck disable=SC2046 # a list of words
find src -name '*.c' | while read -r file; do
    gcc -fanalyzer -Werror -std=c11 -D_POSIX_C_SOURCE=200809L -I src -I include \
        $(pkg-config --cflags libxml-2.0) -c "$file" -o /dev/null
done

echo "== clang-tidy"
find src -name '*.c' -print0 | xargs -0 clang-tidy -p build/debug --quiet
echo "PASS: static analysis"
