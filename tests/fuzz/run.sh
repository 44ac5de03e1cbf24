#!/bin/sh
# Fuzzes each target for SECONDS, from its corpus, two at a time.  A finding ends the run;
# its input is then in build/fuzz/.     Run as: sh tests/fuzz/run.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- call content_type envelope part_header multipart_decoder round_trip

build() { # TARGET
    sources='src/mime/*.c src/stream/*.c' libraries=
    case $1 in
    envelope) sources='src/soap/*.c' ;;
    call)
        for room in os soap attachment message service; do
            sources="$sources src/$room/*.c"
        done ;;
    esac
    case $1 in
    call | envelope) libraries="$(pkg-config --cflags --libs libxml-2.0) -pthread" ;;
    esac
    # shellcheck disable=SC2086 # lists of words
    clang -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g -fno-omit-frame-pointer \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -Iinclude -Isrc -Itests -o "build/fuzz/$1" \
        "tests/fuzz/fuzz_$1.c" $sources src/base/*.c $libraries
}

fuzz() { # TARGET
    mkdir -p "build/fuzz/$1.corpus"
    if ! "build/fuzz/$1" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
        -artifact_prefix="build/fuzz/$1-" "build/fuzz/$1.corpus" "tests/fuzz/corpus/$1" \
        >"build/fuzz/$1.log" 2>&1; then
        tail -n 60 "build/fuzz/$1.log"
        return 1
    fi
    echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$1.log") runs"
}

targets=$*
mkdir -p build/fuzz
for target; do
    build "$target"
done
while [ $# -gt 0 ]; do
    fuzz "$1" &
    first=$!
    second=$first
    if [ $# -gt 1 ]; then
        shift
        fuzz "$1" &
        second=$!
    fi
    shift
    status=0
    wait "$first" || status=1
    [ "$second" = "$first" ] || wait "$second" || status=1
    [ "$status" = 0 ] || exit 1
done
echo "PASS: fuzzed for $seconds s each: $targets"
