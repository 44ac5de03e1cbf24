#!/bin/sh
# Counts the instructions of our own code for each octet of some transfers, without those
# of other libraries, where the copies are made, and holds them below their bounds.
# Usage: instructions.sh PROGRAMS     (a folder; ends with 77 where there is no valgrind)
set -eu
programs=${1:?usage: instructions.sh PROGRAMS}
command -v valgrind >/dev/null || exit 77

scratch=$(mktemp -d)
sink=
finish() {
    status=$?
    [ -z "$sink" ] || kill "$sink" 2>/dev/null || :
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkfifo "$scratch/in" "$scratch/out"
"$programs/bench_sink" <"$scratch/in" >"$scratch/out" &
sink=$!
exec 4>"$scratch/in" 5<"$scratch/out"
read -r _ port <&5

# Adds up what callgrind charges to the client and our library, if that is shared, but not
# to what makes the document; a line behind "calls=" is of the functions called.
sum='
/^ob=/ { ours = /bench_client|libwsdattach/ }
/^fn=/ { counts = ours && !/=bench_/ }
/^calls=/ { getline; next }
/^[0-9]/ && counts { sum += $2 }
END { print sum + 0 }'

failed=0
octets=16777216
hold() { # BOUND COMMAND...     (the bound: instructions for 1 000 octets)
    bound=$1
    shift
    valgrind --quiet --tool=callgrind --callgrind-out-file="$scratch/counts" \
        --compress-strings=no --compress-pos=no \
        "$programs/bench_client" "$@" "size=$octets" "port=$port" >"$scratch/said"
    count=$(awk "$sum" "$scratch/counts")
    count=$((count * 1000 / octets))
    echo "$*: $count of $bound instructions for 1000 octets"
    [ "$count" -gt 0 ] && [ "$count" -le "$bound" ] || failed=1
}

# The bounds are half as much again as a debug build of gcc 12 needs, or more where the
# threads meet by chance.
hold 40 put write=65536
hold 180 put write=8192
hold 2500 put write=512
hold 40 wininet write=65536
hold 250 get write=65536 "path=/reply/$octets"
exit "$failed"
