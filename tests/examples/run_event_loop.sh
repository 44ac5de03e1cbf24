#!/bin/sh
# The senders in event loops, against wsd-receiver.
# Run as: sh run_event_loop.sh SENDER WSD_RECEIVER
. "$(dirname "$0")/tools.sh"
sender_program=$1 wsd_receiver=$2
documents=$scratch/documents

start_receiver() {
    rm -rf "$scratch/in" "$documents"
    mkdir "$scratch/in" "$documents"
    start_device "$wsd_receiver" --dir "$scratch/in" "$@"
}

# The contents of all files of a folder, in no order.
contents() { (cd "$1" && cksum -- * | cut -d ' ' -f 1,2 | sort); }

# One for each block, some for blocks that found no room, answers: a loop that does not
# sleep has thousands within the second.
slept() { # BLOCKS
    wake_ups=$(sed -n 's/ wake-ups$//p' "$scratch/err")
    [ "$wake_ups" -gt 0 ] && [ "$wake_ups" -lt $((2 * $1 + 200)) ] ||
        { echo "    $wake_ups wake-ups" && return 1; }
}

program__help_and_wrong_options__are_as_everywhere() {
    run "$sender_program" --help
    is_status 0 && out_has "Usage: $(basename "$sender_program")" &&
        is_empty "$scratch/err" || return 1
    is_misuse "$sender_program" &&
        is_misuse "$sender_program" http://127.0.0.1/ &&
        is_misuse "$sender_program" --timeout 0 http://127.0.0.1/ file &&
        is_misuse "$sender_program" --timeout 86401 http://127.0.0.1/ file
}

documents__of_any_size__arrive_as_they_are() {
    start_receiver || return 1
    for size in 0 1 65535 65536 65537 5000000 20000000; do
        make_file "documents/$size" "$size"
    done
    run "$sender_program" "$url" "$documents"/*
    is_status 0 && slept 500 && [ "$(grep -c '^sent ' "$scratch/out")" -eq 7 ] &&
        [ "$(contents "$scratch/in")" = "$(contents "$documents")" ]
}

device__takes_nothing__costs_no_wake_ups() {
    start_receiver || return 1
    for name in a b c; do
        make_file "documents/$name" 50000000
    done
    kill -STOP "$device"
    run_aside "$sender_program" --timeout 2 "$url" "$documents"/*
    threads_are_few && ended_with 1 && slept 800 &&
        [ "$(grep -c 'not sent: .* in time' "$scratch/err")" -eq 3 ]
}

# Its own, the client's, and with the thread sanitizer one more.
threads_are_few() {
    [ -d "/proc/$sender/task" ] || return 0
    soon threads_are 2 3 && sleep 0.5 && threads_are 2 3
}
threads_are() {
    threads=$(find "/proc/$sender/task" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$threads" -ge "$1" ] && [ "$threads" -le "$2" ]
}

device__answers_before_the_end__is_told() {
    start_receiver --fail early-413 && make_file documents/a 50000000 || return 1
    run "$sender_program" "$url" "$documents/a"
    is_status 1 && err_has "not sent: $documents/a: " && slept 800
}

# Reading the memory of a process at its address 0 fails.
file__that_cannot_be_read__leaves_the_others_alone() {
    [ -r /proc/self/mem ] || return 0
    start_receiver && make_file documents/a 5000000 || return 1
    run "$sender_program" "$url" "$documents/none" /proc/self/mem "$documents/a" "$documents"
    is_status 1 && out_has "sent $documents/a" && slept 80 &&
        err_has "not sent: $documents/none: No such file" &&
        err_has "not sent: /proc/self/mem: Input/output error" &&
        err_has "not sent: $documents: not a file" &&
        cmp "$documents/a" "$scratch"/in/message-*.part-1
}

has_begun() { # more is on its way than fits into the buffers of the sender
    part=$scratch/in/message-1.part-1.part
    [ -e "$part" ] && [ "$(wc -c <"$part")" -gt 4194304 ]
}

J7__file_becomes_shorter__is_no_document() {
    start_receiver || return 1
    dd if=/dev/zero of="$documents/a" bs=1 count=0 seek=8589934592 2>/dev/null
    run_aside "$sender_program" "$url" "$documents/a"
    soon has_begun && : >"$documents/a"
    ended_with 1 && err_has "not sent: $documents/a: the file became shorter" &&
        soon log_has TRUNCATED && [ ! -e "$scratch/in/message-1.part-1" ]
}

nobody_there__is_told() {
    start_receiver && make_file documents/a 10 && stop_device || return 1
    run "$sender_program" "$url" "$documents/a"
    is_status 1 && err_has "not sent: $documents/a: " && slept 1 &&
        run "$sender_program" "$url" "$documents/none" &&
        is_status 1 && err_has "No such file"
}

run_tests \
    program__help_and_wrong_options__are_as_everywhere \
    documents__of_any_size__arrive_as_they_are \
    device__takes_nothing__costs_no_wake_ups \
    device__answers_before_the_end__is_told \
    file__that_cannot_be_read__leaves_the_others_alone \
    J7__file_becomes_shorter__is_no_document \
    nobody_there__is_told
