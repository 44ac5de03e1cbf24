#!/bin/sh
# Prints 1 GiB, which comes through a pipe, on wsd-virtual-printer: its file must have it
# octet for octet, and both programs must stay below 24 MiB of memory.
# Usage: memory.sh BUILD_FOLDER     (needs 1 GiB of disk in the folder for temporary files)
set -eu
build=${1:?usage: memory.sh BUILD_FOLDER}
octets=1073741824
limit_kib=24576

scratch=$(mktemp -d)
started=
finish() {
    status=$?
    for process in $started; do
        kill "$process" 2>/dev/null || :
    done
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkfifo "$scratch/sent" "$scratch/said"
"$build/examples/wsd-virtual-printer" --dir "$scratch" >"$scratch/said" &
printer=$!
started=$printer
exec 3<"$scratch/said"
read -r _ url <&3
sha256sum <"$scratch/sent" >"$scratch/sent.sha256" &
hash=$!
started="$started $hash"

head -c "$octets" /dev/urandom | tee "$scratch/sent" |
    env time -o "$scratch/peak" -f %M \
        "$build/examples/wsd-print" --quiet "$url" - >"$scratch/result"
wait "$hash"
cat "$scratch/result"
grep -q "^sent $octets bytes" "$scratch/result"
sha256sum <"$scratch/job-1.document" >"$scratch/kept.sha256"
cmp "$scratch/sent.sha256" "$scratch/kept.sha256"
echo "SHA-256: $(cut -d' ' -f1 "$scratch/kept.sha256")"

below_limit() { # whose peak, in KiB
    echo "peak of $1: $2 KiB of $limit_kib"
    [ "$2" -lt "$limit_kib" ]
}
below_limit wsd-print "$(cat "$scratch/peak")"
below_limit wsd-virtual-printer \
    "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$printer/status")"
