#!/bin/sh
# The two programs of README.md: the sender sends a document, and the device prints it.
# Run as: sh readme.sh SENDER DEVICE
. "$(dirname "$0")/../examples/tools.sh"
sender_program=$1 device_program=$2

device_is_there() { url=$(grep -s '^http' "$scratch/log"); }

sender_and_device__understand_each_other() {
    make_file document 1000000 && mkfifo "$scratch/keyboard" || return 1
    "$device_program" <"$scratch/keyboard" >"$scratch/received" 2>"$scratch/log" &
    device=$!
    exec 4>"$scratch/keyboard"
    soon device_is_there || return 1
    run "$sender_program" "$url" <"$scratch/document"
    is_status 0 && out_has UploadResponse && cmp "$scratch/document" "$scratch/received" ||
        return 1
    echo >&4 # Enter
    wait "$device" && device=
}

run_tests sender_and_device__understand_each_other
