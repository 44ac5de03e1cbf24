#!/bin/sh
# wsd-file-service and wsd-get-file as people run them.
# Run as: sh run_file_service.sh WSD_FILE_SERVICE WSD_GET_FILE WSD_SEND WSD_RECEIVER
. "$(dirname "$0")/tools.sh"
service=$1 get_file=$2 wsd_send=$3 wsd_receiver=$4
dir=$scratch/dir # of the service
to=$scratch/to   # of the client

# ---- Tools ---------------------------------------------------------------------------

start_service() {
    rm -rf "$dir" "$to"
    mkdir "$dir" "$to"
    start_device "$service" --dir "$dir" "$@"
}

# A file of 8 GiB that takes no room: on this machine it is on its way for seconds.
make_huge() { dd if=/dev/zero of="$dir/huge" bs=1 count=0 seek=8589934592 2>/dev/null; }

# Starts getting it; returns when more has come than fits into the buffers in between.
start_huge() {
    start_service "$@" && make_huge || return 1
    run_aside "$get_file" "$url" huge -o "$to/huge"
    soon has_begun
}
has_begun() { [ -e "$to/huge.part" ] && [ "$(wc -c <"$to/huge.part")" -gt 8388608 ]; }

are_there() { # these names and no others
    [ "$(cd "$to" && echo *)" = "$*" ] || { echo "    there: $(ls "$to")" && return 1; }
}
none_is_there() { are_there '*'; }

# is_refused WORDS NAME
is_refused() {
    run "$get_file" "$url" "$2" -o "$to/file"
    is_status 1 && err_has "fault Sender: $1" && none_is_there ||
        { echo "    with the name $2" && return 1; }
}

# ---- Tests ---------------------------------------------------------------------------

programs__help_version_and_wrong_options__are_as_everywhere() {
    for program in "$service" "$get_file"; do
        run "$program" --help
        is_status 0 && out_has "Usage: $(basename "$program")" &&
            is_empty "$scratch/err" || return 1
        run "$program" --version
        is_status 0 && out_has "$(basename "$program") " || return 1
    done
    is_misuse "$service" &&
        is_misuse "$service" --dir "$scratch" more &&
        is_misuse "$service" --dir "$scratch" --clients 0 &&
        is_misuse "$service" --dir "$scratch" --timeout 1000000 &&
        is_misuse "$service" --dir "$scratch" --port 65536 &&
        is_misuse "$get_file" &&
        is_misuse "$get_file" http://127.0.0.1/ name &&
        is_misuse "$get_file" http://127.0.0.1/ -o "$scratch/out" &&
        is_misuse "$get_file" http://127.0.0.1/ a b -o "$scratch/out" &&
        is_misuse "$get_file" http://127.0.0.1/ a -o b --timeout 0 &&
        is_failure "cannot open $scratch/none: No such file" "$service" --dir "$scratch/none"
}

file__of_any_size__arrives_as_it_is() {
    start_service || return 1
    for size in 0 1 8191 8192 8193 5242880; do
        make_file dir/file "$size"
        run "$get_file" "$url" file -o "$to/$size"
        is_status 0 && is_empty "$scratch/err" && cmp "$dir/file" "$to/$size" &&
            soon log_has "SENT file, $size bytes" || return 1
        run "$get_file" "$url" file -o -
        is_status 0 && is_empty "$scratch/err" && cmp "$dir/file" "$scratch/out" || return 1
    done
    are_there 0 1 5242880 8191 8192 8193
}

file__with_a_strange_name__arrives_as_it_is() {
    start_service || return 1
    for name in '<&>"'"'" 'a b' 'größe' '-x' '..a' '%2e%2e' 'a\b' '*'; do
        make_file "dir/$name" 100
        run "$get_file" -o "$to/file" -- "$url" "$name"
        is_status 0 && cmp "$dir/$name" "$to/file" && rm "$to/file" || return 1
    done
}

name__leads_out_of_the_folder__is_refused() {
    start_service || return 1
    echo secret >"$scratch/secret"
    mkdir "$dir/sub" && echo inner >"$dir/sub/inner" && echo file >"$dir/file" &&
        ln -s "$scratch/secret" "$dir/link-out" && ln -s file "$dir/link-in" &&
        ln -s ../dir "$dir/link-dir" && ln -s nowhere "$dir/link-nowhere" &&
        mkfifo "$dir/pipe" || return 1
    for name in '' . .. / ../secret ../dir/file "$scratch/secret" "$dir/file" sub/inner \
        ./file sub/../file link-dir/file file/ file/. sub/; do
        is_refused "A file is asked for by its name, without a folder." "$name" || return 1
    done
    for name in none sub pipe link-out link-in link-dir link-nowhere '%2e%2e%2fsecret' \
        "$(printf '%300s' x | tr ' ' x)"; do
        is_refused "There is no such file." "$name" || return 1
    done
    run "$get_file" "$url" file -o "$to/file"
    is_status 0 && cmp "$dir/file" "$to/file"
}

request__without_a_name_or_of_another_action__is_a_fault() {
    start_service || return 1
    echo '<GetFileRequest xmlns="http://www.example.com/ncd/FileService"/>' >"$scratch/body"
    set -- "$wsd_send" "$url" --body "$scratch/body" --action
    is_failure "fault Sender: The request has no filePath." \
        "$@" http://www.example.com/ncd/FileService/GetFile &&
        is_failure "fault Sender, ActionNotSupported" \
            "$@" http://www.example.com/ncd/FileService/GetFileList
}

# Reading the memory of a process at its address 0 fails.
file__that_cannot_be_read__is_a_fault_and_not_an_empty_file() {
    [ -r /proc/self/mem ] || return 0
    mkdir -p "$to" && rm -f "$to"/*
    start_device "$service" --dir /proc/self || return 1
    run "$get_file" "$url" mem -o "$to/mem"
    is_status 1 && err_has "fault Receiver" && none_is_there &&
        soon log_has "CUT mem, 0 bytes: Input/output error" || return 1
    # Its threads end before they are needed, and give their seats to others at once.
    clients=
    for _ in 1 2 3 4; do
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
            "$get_file" "$url" mem -o - >"$scratch/out" 2>&1
        done &
        clients="$clients $!"
    done
    wait $clients
    run "$get_file" "$url" mem -o -
    is_status 1 && err_has "fault Receiver"
}

file__becomes_shorter__is_cut() {
    start_huge && : >"$dir/huge"
    ended_with 1 && none_is_there && soon log_has "bytes: the file became shorter"
}

get__ctrl_c_or_kill__leaves_no_file() {
    for signal in INT TERM KILL; do
        start_huge && kill -"$signal" "$sender"
        if [ "$signal" = KILL ]; then
            ended_with 137 && are_there huge.part
        else
            ended_with 1 && err_has "interrupted (E_ABORT, 0x80004004)" && none_is_there
        fi && soon log_has "CUT huge" || return 1
        stop_device
    done
}

service__ends_while_it_sends__leaves_no_file() {
    for signal in KILL TERM; do
        start_huge && kill -"$signal" "$device" && ended_with 1 && none_is_there &&
            err_has "not saved: " || return 1
        [ "$signal" = KILL ] || { wait "$device" && log_has "CUT huge"; } || return 1
        device=
    done
}

get__service_sends_nothing_more__is_told_and_ends() {
    start_service && make_huge || return 1
    run_aside "$get_file" "$url" huge -o "$to/huge" --timeout 2
    soon has_begun && kill -STOP "$device" && ended_with 1 && none_is_there &&
        err_has "the service sends no data, waiting" && err_has ERROR_WINHTTP_TIMEOUT
}

service__client_takes_nothing__cuts_it_off() {
    start_huge --timeout 1 && kill -STOP "$sender" && soon log_has "CUT huge" &&
        kill -CONT "$sender" && ended_with 1 && none_is_there
}

service__more_clients_than_allowed__wait_for_one_to_end() {
    start_huge --clients 1 && make_file dir/file 10 && kill -STOP "$sender" || return 1
    first=$sender
    run_aside "$get_file" "$url" file -o "$to/file"
    soon test -e "$to/file.part" && sleep 0.5 && ! log_has "SENT file"
    verdict=$?
    kill -KILL "$first"
    [ "$verdict" -eq 0 ] && ended_with 0 && cmp "$dir/file" "$to/file"
}

get__name_is_taken_or_cannot_be__asks_for_nothing() {
    start_service && make_file dir/file 10 && echo mine >"$to/file" || return 1
    set -- "$get_file" "$url" file -o
    is_failure "cannot make $to/file: File exists" "$@" "$to/file" &&
        grep -qx mine "$to/file" || return 1
    mv "$to/file" "$to/file.part"
    is_failure "cannot make $to/file.part: File exists" "$@" "$to/file" &&
        grep -qx mine "$to/file.part" && rm "$to/file.part" || return 1
    ln -s "$scratch/elsewhere" "$to/link" && ln -s "$scratch/elsewhere" "$to/file.part" &&
        is_failure "cannot make $to/link: File exists" "$@" "$to/link" &&
        is_failure "cannot make $to/file.part: File exists" "$@" "$to/file" &&
        is_failure "cannot make $to/: File exists" "$@" "$to/" &&
        is_failure "cannot make /dev/null: File exists" "$@" /dev/null &&
        is_failure "cannot open $to/none/: No such file" "$@" "$to/none/file" &&
        [ ! -e "$scratch/elsewhere" ] && ! log_has SENT
}

get__disk_is_full__says_so() {
    start_service && make_file dir/file 1000000 || return 1
    ( # a limit on the size of files, in units of 512 bytes, stands for a full disk
        ulimit -f 1000 && trap '' XFSZ || exit
        run "$get_file" "$url" file -o "$to/file"
        is_status 1 && err_has "cannot write $to/file: File too large"
    ) && none_is_there
}

J6__standard_output_is_full__says_so() {
    [ -c /dev/full ] || return 0
    start_service && make_file dir/file 100000 || return 1
    "$get_file" "$url" file -o - >/dev/full 2>"$scratch/err"
    status=$?
    is_status 1 && err_has "cannot write -: No space left"
}

get__nobody_there_or_no_file_in_the_answer__says_so() {
    start_device "$wsd_receiver" --dir "$scratch" || return 1
    set -- "$get_file" "$url" file -o -
    is_failure "fault Sender, ActionNotSupported: This printer knows no such action." "$@"
    verdict=$?
    stop_device
    [ "$verdict" -eq 0 ] && is_failure ERROR_WINHTTP_CANNOT_CONNECT "$@" &&
        is_failure ERROR_WINHTTP_UNRECOGNIZED_SCHEME "$get_file" gopher://h/ file -o -
}

# ---- All of it -----------------------------------------------------------------------

run_tests \
    programs__help_version_and_wrong_options__are_as_everywhere \
    file__of_any_size__arrives_as_it_is \
    file__with_a_strange_name__arrives_as_it_is \
    name__leads_out_of_the_folder__is_refused \
    request__without_a_name_or_of_another_action__is_a_fault \
    file__that_cannot_be_read__is_a_fault_and_not_an_empty_file \
    file__becomes_shorter__is_cut \
    get__ctrl_c_or_kill__leaves_no_file \
    service__ends_while_it_sends__leaves_no_file \
    get__service_sends_nothing_more__is_told_and_ends \
    service__client_takes_nothing__cuts_it_off \
    service__more_clients_than_allowed__wait_for_one_to_end \
    get__name_is_taken_or_cannot_be__asks_for_nothing \
    get__disk_is_full__says_so \
    J6__standard_output_is_full__says_so \
    get__nobody_there_or_no_file_in_the_answer__says_so
