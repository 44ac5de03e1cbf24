#!/bin/sh
# Pipes 1 GiB, which no file holds on either side, through wsd-print: it must arrive octet
# for octet, and wsd-print must stay below 16 MiB of memory.
# Usage: memory.sh BUILD_FOLDER
set -eu
build=${1:?usage: memory.sh BUILD_FOLDER}
octets=1073741824
limit_kib=16384

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

# The receiver opens the file for its first document and finds a pipe in its place.
mkdir "$scratch/jobs"
mkfifo "$scratch/sent" "$scratch/jobs/job-1.document.part" "$scratch/said"
sha256sum <"$scratch/sent" >"$scratch/sent.sha256" &
started="$started $!"
sha256sum <"$scratch/jobs/job-1.document.part" >"$scratch/received.sha256" &
started="$started $!"
"$build/tests/support/wsd-receiver" --requests 2 --dir "$scratch/jobs" >"$scratch/said" &
started="$started $!"
exec 3<"$scratch/said"
read -r _ url <&3

head -c "$octets" /dev/urandom | tee "$scratch/sent" |
    env time -o "$scratch/peak" -f %M \
        "$build/examples/wsd-print" --quiet "$url" - >"$scratch/result"
for process in $started; do
    wait "$process"
done
started=

peak_kib=$(cat "$scratch/peak")
cat "$scratch/result"
echo "SHA-256: $(cut -d' ' -f1 "$scratch/received.sha256")"
echo "peak: $peak_kib KiB of $limit_kib"
grep -q "^sent $octets bytes" "$scratch/result"
cmp "$scratch/sent.sha256" "$scratch/received.sha256"
[ "$peak_kib" -lt "$limit_kib" ]
