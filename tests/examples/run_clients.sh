#!/bin/sh
# The clients among the example programs, as people run them, against wsd-receiver and
# wsd-scanner.
# Run as: sh run_clients.sh WSD_PRINT WSD_SEND WSD_RECEIVER WSD_SCANNER [SANITIZERS]
# With SANITIZERS, which are what the programs were built with, memory is not measured.
. "$(dirname "$0")/tools.sh"
wsd_print=$1 wsd_send=$2 wsd_receiver=$3 wsd_scanner=$4 sanitizers=${5-}
saved=$scratch/saved

# ---- Tools ---------------------------------------------------------------------------

start_receiver() {
    rm -rf "$scratch/in"
    mkdir "$scratch/in"
    start_device "$wsd_receiver" --dir "$scratch/in" "$@"
}

start_scanner() {
    rm -rf "$saved"
    mkdir "$saved"
    echo '<s:RetrieveImageRequest xmlns:s="urn:example:scan"/>' >"$scratch/body.xml"
    start_device "$wsd_scanner" "$@"
}

# Runs or starts wsd-send to get what the scanner has into $saved.
scan() {
    "$1" "$wsd_send" "$url" --action urn:example:scan/RetrieveImage \
        --body "$scratch/body.xml" --save "$saved"
}

is_received() { cmp "$1" "$scratch/in/$2"; }
is_saved() { cmp "$1" "$saved/$2"; }
are_saved() { # these names and no others
    [ "$(cd "$saved" && echo *)" = "$*" ] || { echo "    saved: $(ls "$saved")" && return 1; }
}
is_incomplete() { # some of the document arrived, and it is not taken for the whole
    [ -e "$scratch/in/job-1.document.part" ] && [ ! -e "$scratch/in/job-1.document" ]
}
has_begun() { # more is on its way than fits into the buffers of the sender
    [ -e "$scratch/in/job-1.document.part" ] &&
        [ "$(wc -c <"$scratch/in/job-1.document.part")" -gt 4194304 ]
}
is_json() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; assert json.loads(sys.stdin.read())["ok"] is '"$1" \
        <"$scratch/out"
}

# ---- Tests: each ends with its verdict -----------------------------------------------

programs__help_and_version__are_on_standard_output() {
    for program in "$wsd_print" "$wsd_send" "$wsd_receiver" "$wsd_scanner"; do
        run "$program" --help
        is_status 0 && out_has "Usage: $(basename "$program")" &&
            is_empty "$scratch/err" || return 1
    done
    for program in "$wsd_print" "$wsd_send"; do
        run "$program" --version
        is_status 0 && out_has "$(basename "$program") " || return 1
    done
}

programs__wrong_command_line__end_with_2() {
    is_misuse "$wsd_print" &&
        is_misuse "$wsd_print" http://127.0.0.1/ &&
        is_misuse "$wsd_print" http://127.0.0.1/ a b &&
        is_misuse "$wsd_print" --no-such-option http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --block 0 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --block 5X http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --block -1 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --ring 2G http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --ring 99999999999999999999 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --timeout 86401 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --max-time 0 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --tls-min 1.1 http://127.0.0.1/ - &&
        is_misuse "$wsd_print" --user nobody http://127.0.0.1/ - &&
        is_misuse "$wsd_send" http://127.0.0.1/ --action urn:a &&
        is_misuse "$wsd_send" http://127.0.0.1/ --body b --action urn:a --attach path &&
        is_misuse "$wsd_send" http://127.0.0.1/ --body b --action urn:a --attach =file &&
        is_misuse "$wsd_send" http://127.0.0.1/ --body b --action urn:a --save &&
        is_misuse "$wsd_send" http://127.0.0.1/ --body b --action urn:a \
            --attach 'a=-' --attach 'b=-;type=text/plain'
}

print__nothing_to_read_or_nobody_there__says_so() {
    start_receiver && stop_device || return 1 # now nobody listens at $url
    is_failure "cannot open $scratch/none: No such file" "$wsd_print" "$url" "$scratch/none" &&
        is_failure "Is a directory" "$wsd_print" "$url" "$scratch" &&
        is_failure ERROR_WINHTTP_CANNOT_CONNECT "$wsd_print" "$url" - &&
        is_failure ERROR_WINHTTP_UNRECOGNIZED_SCHEME "$wsd_print" gopher://h/ - &&
        is_failure "(E_INVALIDARG, 0x80070057)" "$wsd_print" http://me:secret@h/ -
}

print__files_of_any_size__arrive_as_they_are() {
    start_receiver --raw "$scratch/raw" || return 1
    job=0
    for size in 0 1 65536 5242880; do
        make_file document "$size"
        job=$((job + 1))
        run "$wsd_print" "$url" "$scratch/document"
        is_status 0 && is_empty "$scratch/err" && out_has "sent $size bytes in " &&
            out_has ", job $job" && is_received "$scratch/document" "job-$job.document" ||
            return 1
    done
    [ "$(wc -c <"$scratch/raw")" -gt 5242880 ]
}

# The request that was kept has a Content-Length and no chunks.
has_length() {
    [ "$(grep -ac '^Content-Length: [0-9]' "$scratch/raw")" -eq 1 ] &&
        ! grep -aq '^Transfer-Encoding' "$scratch/raw"
}

print__content_length__replaces_the_chunks() {
    start_receiver --raw "$scratch/raw" || return 1
    job=0
    for size in 0 1 5242880; do
        make_file document "$size"
        job=$((job + 1))
        run "$wsd_print" --content-length "$url" "$scratch/document"
        is_status 0 && is_received "$scratch/document" "job-$job.document" && has_length ||
            return 1
    done
}

print__content_length_that_is_not_known_or_not_right__says_so() {
    start_receiver && make_file document 10 || return 1
    is_failure "--content-length needs files: the size of standard input is not known" \
        "$wsd_print" --content-length "$url" - <"$scratch/document" &&
        [ "$(wc -l <"$scratch/log")" -eq 1 ] || return 1 # ready, and no request
    [ -r /proc/self/status ] || return 0 # which says that it is empty
    is_failure "(ERROR_BAD_LENGTH, 0x80070018)" "$wsd_print" --content-length "$url" \
        /proc/self/status && soon log_has TRUNCATED && is_incomplete
}

print__any_block_and_ring__arrives_as_it_is() {
    start_receiver && make_file document 20011 || return 1
    job=0
    for sizes in "7 1M" "1M 7" "1K 1K" "64K 64K" "1G 1"; do
        job=$((job + 1))
        run "$wsd_print" --block "${sizes% *}" --ring "${sizes#* }" "$url" "$scratch/document"
        is_status 0 && is_received "$scratch/document" "job-$job.document" || return 1
    done
}

print__standard_input__arrives_as_it_is() {
    start_receiver && make_file document 3000000 || return 1
    # A pipe that is not always full.
    { head -c 1000000 "$scratch/document" && sleep 0.3 &&
        tail -c +1000001 "$scratch/document"; } | run "$wsd_print" "$url" -
    run "$wsd_print" --quiet "$url" - </dev/null
    is_status 0 && out_has "sent 0 bytes" &&
        is_received "$scratch/document" job-1.document &&
        is_received /dev/null job-2.document
}

print__strange_names__are_printed() {
    start_receiver || return 1
    for name in '<&>"'"'" "$(printf 'caf\351.pdf')" "$(printf 'a\001b\tc')" 'größe'; do
        make_file "$name" 10
        run "$wsd_print" --format 'a<b' "$url" "$scratch/$name"
        is_status 0 || return 1
    done
}

print__json__is_json() {
    start_receiver && make_file document 100000 || return 1
    run "$wsd_print" --json "$url" "$scratch/document"
    is_status 0 && out_has '"bytes": 100000' && out_has '"job": 1' && is_json True ||
        return 1
    stop_device
    run "$wsd_print" --json "$url" "$scratch/document"
    is_status 1 && out_has '"error": "ERROR_WINHTTP_CANNOT_CONNECT"' && is_json False ||
        return 1
    run "$wsd_print" --json "$url" "$(printf '%s' "$scratch/no \"\\ \351 such")"
    is_status 1 && is_json False
}

# fails KIND WORDS...: the print fails with these words.
fails() {
    kind=$1
    shift
    start_receiver --fail "$kind" || return 1
    case $kind in
    stall | no-answer) run "$wsd_print" --timeout 2 --json "$url" "$scratch/large" ;;
    *) run "$wsd_print" --json "$url" "$scratch/large" ;;
    esac
    is_status 1 && is_json False && [ ! -e "$scratch/in/job-1.document" ]
    verdict=$?
    for words; do
        err_has "$words" || verdict=1
    done
    [ "$verdict" -eq 0 ] || echo "    with --fail $kind"
    stop_device
    return "$verdict"
}

# fails_midway KIND: on the connection that CreatePrintJob left or, where the document could
# be sent again, on a new one.
fails_midway() {
    fails "$1" "(ERROR_WINHTTP_" &&
        grep -qE 'ERROR_WINHTTP_(CONNECTION_ERROR|RESEND_REQUEST),' "$scratch/err"
}

print__printer_fails__says_how() {
    make_file large 67108864
    fails early-413 "(HTTP_E_STATUS, 0x8019019D)" "413" &&
        fails early-200 "(ERROR_WINHTTP_INVALID_SERVER_RESPONSE, 0x80072F78)" &&
        fails_midway reset &&
        fails_midway drop &&
        fails stall "the device takes no data" "(ERROR_WINHTTP_TIMEOUT, 0x80072EE2)" &&
        fails no-answer "(ERROR_WINHTTP_TIMEOUT, 0x80072EE2)" &&
        fails fault "fault Receiver, ServerErrorNotAcceptingJobs: The printer takes no" \
            "(WS_E_ENDPOINT_FAULT_RECEIVED, 0x803D0013)" &&
        fails fault-200 "ServerErrorNotAcceptingJobs" "WS_E_ENDPOINT_FAULT_RECEIVED" &&
        fails html-500 "(HTTP_E_STATUS, 0x801901F4)"
}

print__verbose__tells_the_log_without_secrets() {
    start_receiver && make_file document 10 || return 1
    run "$wsd_print" -v --user me:hush-1 "$url" "$scratch/document"
    is_status 0 && err_has "wsd-print: debug: $url: begins urn:uuid:" &&
        err_has "ends with status 200" && ! grep -q hush "$scratch/err"
}

print__timers_of_its_own__end_it() {
    start_receiver --fail no-answer && make_file document 10 || return 1
    is_failure "(ERROR_WINHTTP_TIMEOUT, 0x80072EE2)" "$wsd_print" --resolve-timeout 20 \
        --max-time 1 "$url" "$scratch/document" || return 1
    stop_device
    mkfifo "$scratch/pipe" && start_receiver || return 1
    exec 3<>"$scratch/pipe"
    printf 'some' >&3
    run_aside "$wsd_print" --producer-timeout 1 "$url" -
    soon log_has TRUNCATED && printf 'more' >&3 && ended_with 1 &&
        err_has ERROR_WINHTTP_TIMEOUT && is_incomplete
    verdict=$?
    exec 3</dev/null
    rm "$scratch/pipe"
    return "$verdict"
}

print__secrets__are_hidden_from_ps() {
    [ -r /proc/self/cmdline ] || return 0
    start_receiver --fail stall && make_file large 67108864 || return 1
    run_aside "$wsd_print" --user me:hush-1 --cert /dev/null --pass hush-2 \
        "$url" "$scratch/large"
    soon log_has "cut by --fail stall" || return 1
    grep -qa hush "/proc/$sender/cmdline" && return 1
    grep -qa "[-]-user" "/proc/$sender/cmdline" && kill -INT "$sender" && ended_with 1
}

print__ctrl_c_while_the_printer_takes_nothing__ends_it() {
    start_receiver --fail stall || return 1
    run_aside "$wsd_print" "$url" /dev/zero
    soon log_has "cut by --fail stall" || return 1
    kill -INT "$sender"
    ended_with 1 && err_has "interrupted (E_ABORT, 0x80004004)" && is_incomplete
}

print__ctrl_c_while_waiting_for_input__ends_it() {
    mkfifo "$scratch/pipe" && start_receiver || return 1
    exec 3<>"$scratch/pipe" # so that the pipe has no end
    printf 'some' >&3
    run_aside "$wsd_print" "$url" -
    soon test -e "$scratch/in/job-1.document.part" && kill -INT "$sender" &&
        ended_with 1 && err_has interrupted && soon log_has TRUNCATED && is_incomplete
    verdict=$?
    exec 3</dev/null
    rm "$scratch/pipe"
    return "$verdict"
}

print__ctrl_c_or_kill_while_sending__printer_sees_no_whole_document() {
    for signal in INT TERM KILL; do
        start_receiver || return 1
        run_aside "$wsd_print" "$url" /dev/zero
        soon has_begun || return 1
        # The receiver sleeps meanwhile: the sender ends although nothing is taken.
        kill -STOP "$device" && kill -"$signal" "$sender"
        if [ "$signal" = KILL ]; then
            ended_with 137
        else
            ended_with 1 && err_has interrupted
        fi || return 1
        kill -CONT "$device"
        soon log_has TRUNCATED && is_incomplete || return 1
        stop_device
    done
}

print__file_becomes_shorter__aborts() {
    start_receiver || return 1
    dd if=/dev/zero of="$scratch/sparse" bs=1 count=0 seek=8589934592 2>/dev/null
    run_aside "$wsd_print" "$url" "$scratch/sparse"
    soon has_begun && : >"$scratch/sparse"
    ended_with 1 && err_has "became shorter" && soon log_has TRUNCATED && is_incomplete
}

print__file_that_cannot_be_read__aborts() {
    start_receiver || return 1
    run "$wsd_print" "$url" /proc/self/mem
    is_status 1 && err_has "cannot read /proc/self/mem: Input/output error" &&
        soon log_has TRUNCATED && is_incomplete
}

# Waits for $sender's end as ended_with does, for longer; fails when it had 16 MiB.
ended_with_little_memory() {
    peak=0
    tries=3000
    until has_ended; do
        peak_now=$(peak_memory "$sender")
        peak=${peak_now:-$peak}
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || break
        sleep 0.02
    done
    ended_with "$1" || return 1
    echo "    peak memory: $peak KiB"
    [ -n "$sanitizers" ] || { [ "$peak" -gt 0 ] && [ "$peak" -lt 16384 ]; }
}

print__endless_input__needs_little_memory() {
    [ -r /proc/self/status ] || return 0
    size=268435456
    [ -z "$sanitizers" ] || size=33554432
    mkfifo "$scratch/pipe" && start_receiver || return 1
    head -c "$size" /dev/urandom | tee "$scratch/large" >"$scratch/pipe" &
    exec 3<"$scratch/pipe"
    run_aside "$wsd_print" --quiet "$url" -
    exec 3</dev/null
    ended_with_little_memory 0 && out_has "sent $size bytes" &&
        is_received "$scratch/large" job-1.document
    verdict=$?
    rm "$scratch/pipe" "$scratch/large"
    return "$verdict"
}

send__two_attachments__arrive_in_order() {
    start_receiver && make_file one 1000000 && make_file two 3 || return 1
    echo '<u:Upload xmlns:u="urn:example:upload"><u:name>x</u:name><u:data/><u:data/>
          </u:Upload>' >"$scratch/body.xml"
    run "$wsd_send" --quiet "$url" --action urn:example:upload/Upload \
        --body "$scratch/body.xml" --attach "Upload/data=$scratch/one;type=image/png" \
        --attach 'Upload/data[2]=-' <"$scratch/two"
    is_status 0 && out_has UploadResponse && is_empty "$scratch/err" &&
        is_received "$scratch/one" message-1.part-1 &&
        is_received "$scratch/two" message-1.part-2
}

send__content_length__replaces_the_chunks() {
    start_receiver --raw "$scratch/raw" && make_file one 100000 && make_file two 0 ||
        return 1
    echo '<Upload><data/><data/></Upload>' >"$scratch/body.xml"
    set -- "$wsd_send" --content-length "$url" --action urn:example:upload/Upload \
        --body "$scratch/body.xml" --attach "Upload/data=$scratch/one" --attach
    run "$@" "Upload/data[2]=$scratch/two"
    is_status 0 && is_received "$scratch/one" message-1.part-1 &&
        is_received "$scratch/two" message-1.part-2 && has_length &&
        is_failure "the size of standard input is not known" "$@" 'Upload/data[2]=-'
}

send__mistakes_and_faults__are_told() {
    start_receiver && make_file one 10 || return 1
    echo '<Upload><data/></Upload>' >"$scratch/body.xml"
    echo '<Upload><data></Upload>' >"$scratch/bad.xml"
    set -- "$wsd_send" "$url" --action urn:example:upload/Upload
    is_failure "fault Sender, ActionNotSupported: This printer knows no such action." \
        "$@" --body "$scratch/body.xml" &&
        is_failure "(WS_E_INVALID_FORMAT, 0x803D0000)" "$@" --body "$scratch/bad.xml" &&
        is_failure "cannot read $scratch/none: No such file" "$@" --body "$scratch/none" &&
        is_failure "cannot open $scratch/none: No such file" "$@" \
            --body "$scratch/body.xml" --attach "Upload/data=$scratch/none" &&
        is_failure "the body has no element Upload/page" "$@" \
            --body "$scratch/body.xml" --attach "Upload/page=$scratch/one"
}

save__large_image_in_every_framing__needs_little_memory() {
    [ -r /proc/self/status ] || return 0
    size=209715200
    [ -z "$sanitizers" ] || size=8388608
    make_file large "$size"
    for framing in chunked length close; do
        start_scanner --image "$scratch/large" --framing "$framing"
        scan run_aside
        ended_with_little_memory 0 && out_has RetrieveImageResponse &&
            err_has "saved $saved/attachment-1.jpg, $size bytes" &&
            are_saved attachment-1.jpg && is_saved "$scratch/large" attachment-1.jpg ||
            return 1
        stop_device
    done
    rm "$scratch/large" "$saved/attachment-1.jpg"
}

# Some of the image is there, as .part or not at all, and nothing looks like the whole.
is_cut_short() { # the image
    is_status 1 || return 1
    for file in "$saved"/*; do
        [ -e "$file" ] || continue
        [ "$file" = "$saved/attachment-1.jpg.part" ] && err_has "$file has the first" &&
            head -c "$(wc -c <"$file")" "$1" | cmp - "$file" || return 1
    done
}

# Places in the envelope, around the ends of chunks, anywhere, and in the last delimiter.
save__image_cut_anywhere__leaves_no_whole_file() {
    make_file image 200000
    for framing in chunked length close; do
        for cut in 1 500 65535 65536 131072 "$(random_below 200000)" \
            "$(random_below 200000)" -44 -43 -4; do
            start_scanner --image "$scratch/image" --framing "$framing" --cut "$cut"
            scan run
            is_cut_short "$scratch/image" && soon log_has CUT ||
                { echo "    $framing, cut at $cut" && return 1; }
            stop_device
        done
    done
}

save__several_attachments__have_numbers_and_endings() {
    make_file one 1000000 && make_file two 3 &&
        start_scanner --image "$scratch/one" --image /dev/null --image "$scratch/two" \
            --type 'Image/TIFF; name="a.exe"' || return 1
    scan run
    is_status 0 && out_has RetrieveImageResponse &&
        err_has "saved $saved/attachment-2.tif, 0 bytes" &&
        are_saved attachment-1.tif attachment-2.tif attachment-3.tif &&
        is_saved "$scratch/one" attachment-1.tif &&
        is_saved /dev/null attachment-2.tif &&
        is_saved "$scratch/two" attachment-3.tif || return 1
    stop_device
    start_scanner --image "$scratch/two" --type image/../../../tmp/x
    scan run
    is_status 0 && are_saved attachment-1.bin && is_saved "$scratch/two" attachment-1.bin
}

save__reply_without_attachments__is_printed() {
    start_scanner || return 1
    scan run
    is_status 0 && out_has RetrieveImageResponse &&
        err_has "the reply has no attachments" && are_saved '*' || return 1
    run "$wsd_send" "$url" --quiet --action urn:a --body "$scratch/body.xml" --save "$saved"
    is_status 0 && is_empty "$scratch/err"
}

save__no_directory__sends_nothing() {
    start_scanner || return 1
    set -- "$wsd_send" "$url" --action urn:a --body "$scratch/body.xml"
    is_failure "cannot save in $scratch/none: No such file" "$@" --save "$scratch/none" &&
        is_failure "Not a directory" "$@" --save "$scratch/body.xml" && ! log_has SENT
}

# is_refused NAME: saving fails because of what is there under that name.
is_refused() {
    scan run
    is_status 1 && err_has "not saved: cannot make $saved/$1: File exists"
}

save__name_is_taken__is_refused() {
    make_file image 10 && start_scanner --image "$scratch/image" || return 1
    echo mine >"$saved/attachment-1.jpg"
    is_refused attachment-1.jpg && are_saved attachment-1.jpg &&
        grep -qx mine "$saved/attachment-1.jpg" || return 1
    mv "$saved/attachment-1.jpg" "$saved/attachment-1.jpg.part"
    is_refused attachment-1.jpg.part && are_saved attachment-1.jpg.part &&
        grep -qx mine "$saved/attachment-1.jpg.part" || return 1
    for name in attachment-1.jpg attachment-1.jpg.part; do
        rm -f "$saved"/*
        ln -s "$scratch/elsewhere" "$saved/$name"
        is_refused "$name" && [ ! -e "$scratch/elsewhere" ] || return 1
    done
}

# The image comes through a pipe, as it is written to descriptor 4.
start_scan_from_pipe() {
    rm -f "$scratch/pipe"
    make_file image 300000 && mkfifo "$scratch/pipe" &&
        start_scanner --image "$scratch/pipe" || return 1
    scan run_aside
    exec 4<>"$scratch/pipe"
    timeout 20 head -c 200000 "$scratch/image" >&4 &&
        soon test -s "$saved/attachment-1.jpg.part"
}

save__name_is_taken_meanwhile__is_refused() {
    start_scan_from_pipe && echo mine >"$saved/attachment-1.jpg" &&
        tail -c 100000 "$scratch/image" >&4
    exec 4>&-
    ended_with 1 && err_has "cannot make $saved/attachment-1.jpg: File exists" &&
        grep -qx mine "$saved/attachment-1.jpg" &&
        is_saved "$scratch/image" attachment-1.jpg.part
}

save__ctrl_c_or_kill_while_waiting__leaves_no_whole_file() {
    for signal in INT TERM KILL; do
        start_scan_from_pipe && kill -"$signal" "$sender"
        if [ "$signal" = KILL ]; then
            ended_with 137
        else
            ended_with 1 && err_has "interrupted (E_ABORT, 0x80004004)" &&
                err_has "$saved/attachment-1.jpg.part has the first"
        fi && are_saved attachment-1.jpg.part || return 1
        exec 4>&-
        stop_device
    done
}

J6__directory_goes__says_so() {
    start_scan_from_pipe && rm -r "$saved" && tail -c 100000 "$scratch/image" >&4
    exec 4>&-
    ended_with 1 && err_has "cannot make $saved/attachment-1.jpg: No such file" &&
        [ ! -e "$saved" ]
}

save__disk_is_full__says_so() {
    make_file image 1000000 && start_scanner --image "$scratch/image" || return 1
    ( # a limit on the size of files, in units of 512 bytes, stands for a full disk
        ulimit -f 1000 && trap '' XFSZ || exit
        scan run
        is_status 1 && err_has "cannot write $saved/attachment-1.jpg.part: File too large"
    ) && are_saved attachment-1.jpg.part
}

# ---- Runner --------------------------------------------------------------------------

run_tests \
    programs__help_and_version__are_on_standard_output \
    programs__wrong_command_line__end_with_2 \
    print__nothing_to_read_or_nobody_there__says_so \
    print__files_of_any_size__arrive_as_they_are \
    print__content_length__replaces_the_chunks \
    print__content_length_that_is_not_known_or_not_right__says_so \
    print__any_block_and_ring__arrives_as_it_is \
    print__standard_input__arrives_as_it_is \
    print__strange_names__are_printed \
    print__json__is_json \
    print__printer_fails__says_how \
    print__verbose__tells_the_log_without_secrets \
    print__timers_of_its_own__end_it \
    print__secrets__are_hidden_from_ps \
    print__ctrl_c_while_the_printer_takes_nothing__ends_it \
    print__ctrl_c_while_waiting_for_input__ends_it \
    print__ctrl_c_or_kill_while_sending__printer_sees_no_whole_document \
    print__file_becomes_shorter__aborts \
    print__file_that_cannot_be_read__aborts \
    print__endless_input__needs_little_memory \
    send__two_attachments__arrive_in_order \
    send__content_length__replaces_the_chunks \
    send__mistakes_and_faults__are_told \
    save__large_image_in_every_framing__needs_little_memory \
    save__image_cut_anywhere__leaves_no_whole_file \
    save__several_attachments__have_numbers_and_endings \
    save__reply_without_attachments__is_printed \
    save__no_directory__sends_nothing \
    save__name_is_taken__is_refused \
    save__name_is_taken_meanwhile__is_refused \
    save__ctrl_c_or_kill_while_waiting__leaves_no_whole_file \
    J6__directory_goes__says_so \
    save__disk_is_full__says_so
