#!/bin/sh
# Pipes 1 GiB, which no file holds on either side, through wsd-print: it must arrive octet
# for octet, and wsd-print must stay below 16 MiB of memory.
# Usage: memory.sh BUILD_FOLDER
. "$(dirname "$0")/../support/memory.sh"

# The receiver opens the file for its first document and finds a pipe in its place.
mkdir "$scratch/jobs"
mkfifo "$scratch/jobs/job-1.document.part"
sha256sum <"$scratch/jobs/job-1.document.part" >"$scratch/received.sha256" &
received=$!
started="$started $received"
start_printer "$build/tests/support/wsd-receiver" --requests 2 --dir "$scratch/jobs"
print_all
wait "$received" "$printer"
started=
has_arrived "$scratch/received.sha256"
is_below 16384 wsd-print "$(cat "$scratch/peak")"
