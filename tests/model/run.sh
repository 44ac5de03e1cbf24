#!/bin/sh
# Checks the model of the ring and its wake-ups with spin: no deadlock, no lost wake-up, no
# lost byte; and that the model would find a wake-up that is left out.
# Run as: sh tests/model/run.sh
set -eu
cd "$(dirname "$0")"
sh ../../cmake/packages.sh model
model=$PWD/stream.pml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# check DEFINITION...: prints what spin found, and succeeds if there is no error.
check() {
    spin -a "$@" "$model"
    gcc -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=4096 -w -o pan pan.c
    ./pan -m1000000 >result
    if grep -q "max search depth too small\|out of memory" result; then
        cat result
        exit 1
    fi
    sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1 states/p' result
    grep -q "errors: 0" result
}

for ring in 1 2 3; do
    for more in "" "-DABORTS" "-DFAILS" "-DABORTS -DFAILS"; do
        printf 'ring of %s %s: ' "$ring" "$more"
        # shellcheck disable=SC2086 # a list of words
        check -DRING=$ring -DTOTAL=2 $more || { cat result; exit 1; }
    done
done
for lose in 1 2 3 4; do
    printf 'without wake-up %s: ' "$lose"
    if check -DRING=1 -DTOTAL=2 -DLOSE=$lose; then
        echo "the model does not miss it"
        exit 1
    fi
    echo "  is found"
done
echo "PASS: the model of the stream"
