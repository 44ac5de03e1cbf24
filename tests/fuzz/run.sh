#!/bin/sh
# Fuzzes each target for SECONDS, from its corpus.  A finding ends the run; its input is
# then in build/fuzz/.     Run as: sh tests/fuzz/run.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- content_type part_header multipart_decoder round_trip

mkdir -p build/fuzz
for target; do
    clang -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g -fno-omit-frame-pointer \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -Iinclude -Isrc -Itests -o "build/fuzz/$target" \
        "tests/fuzz/fuzz_$target.c" src/mime/*.c src/stream/*.c src/base/*.c
    found=build/fuzz/$target.corpus
    mkdir -p "$found"
    echo "== $target, $seconds s"
    if ! "build/fuzz/$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
        -artifact_prefix="build/fuzz/$target-" "$found" "tests/fuzz/corpus/$target" \
        >"build/fuzz/$target.log" 2>&1; then
        tail -n 60 "build/fuzz/$target.log"
        exit 1
    fi
    grep number_of_executed_units "build/fuzz/$target.log"
done
echo "PASS: fuzzed $* for $seconds s each"
