#!/bin/sh
# Prints 1 GiB, which comes through a pipe, on wsd-virtual-printer: its file must have it
# octet for octet, and both programs must stay below 24 MiB of memory.
# Usage: memory.sh BUILD_FOLDER     (needs 1 GiB of disk in the folder for temporary files)
. "$(dirname "$0")/../support/memory.sh"

start_printer "$build/examples/wsd-virtual-printer" --dir "$scratch"
print_all
sha256sum <"$scratch/job-1.document" >"$scratch/kept.sha256"
has_arrived "$scratch/kept.sha256"
is_below 24576 wsd-print "$(cat "$scratch/peak")"
is_below 24576 wsd-virtual-printer \
    "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$printer/status")"
