#!/bin/sh
# Measures the library beside what it is compared with: installs what is missing, builds
# release, runs each case in turns with its references, and prints a table.
# Run as: sh tests/bench/run.sh [--quick] [--pairs N] [--json FILE] [CASE...]
# --quick tries that everything runs and that all octets arrive, and measures nothing.
set -eu
cd "$(dirname "$0")/../.."
here=tests/bench
build=build/release
programs=$build/tests

build_gsoap() {
    generated=$programs/bench_gsoap
    share=$(pkg-config --variable=prefix gsoap)/share/gsoap
    mkdir -p "$generated"
    soapcpp2 -c -C -2 -x -w -I"$share/import" -d"$generated" "$here/upload.gsoap"
    # shellcheck disable=SC2046 # lists of words
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -g -isystem "$generated" -I"$here" \
        $(pkg-config --cflags gsoap) -o "$programs/bench_ref_gsoap" "$here/ref_gsoap.c" \
        "$here/bench.c" "$generated/soapC.c" "$generated/soapClient.c" \
        $(pkg-config --libs gsoap)
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
sh cmake/packages.sh build test bench
{
    cmake --preset release &&
        cmake --build --preset release --target bench && build_gsoap
} >"$log" 2>&1 || { cat "$log" && exit 1; }
python3 "$here/run.py" --programs "$programs" --json "$build/bench.json" "$@"
