#!/bin/sh
# Checks the models with spin: of the ring and its wake-ups, and of who drives the transport.
# No deadlock, no lost wake-up, no lost byte; and each model finds a step that is left out.
# Run as: sh tests/model/run.sh
set -eu
cd "$(dirname "$0")"
sh ../../cmake/packages.sh model
models=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# check MODEL DEFINITION...: prints what spin found, and succeeds if there is no error.
check() {
    checked=$1
    shift
    spin -a "$@" "$models/$checked.pml"
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
        check stream -DRING=$ring -DTOTAL=2 $more || { cat result; exit 1; }
    done
done
for stops in "" "-DSTOPS"; do
    printf 'driver %s: ' "$stops"
    # shellcheck disable=SC2086 # none, or one
    check driver $stops || { cat result; exit 1; }
done
# finds MODEL LAST DEFINITION...: leaves out each of the steps up to LAST.
finds() {
    name=$1
    last=$2
    shift 2
    for lose in $(seq "$last"); do
        printf '%s without step %s: ' "$name" "$lose"
        if check "$name" "-DLOSE=$lose" "$@"; then
            echo "the model does not miss it"
            exit 1
        fi
        echo "  is found"
    done
}
finds stream 4 -DRING=1 -DTOTAL=2
finds driver 5
echo "PASS: the models"
