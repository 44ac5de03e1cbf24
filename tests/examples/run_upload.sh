#!/bin/sh
# wsd-upload as people run it, against upload_server.
# Run as: sh run_upload.sh WSD_UPLOAD UPLOAD_SERVER
. "$(dirname "$0")/tools.sh"
wsd_upload=$1 upload_server=$2

# ---- Tools ---------------------------------------------------------------------------

received=$scratch/received
break=$(printf '\r\n_')
break=${break%_}

# reply STATUS [HEADER...]: a response with the body "ok"
reply() {
    printf 'HTTP/1.1 '
    printf '%s\r\n' "$@"
    printf 'Content-Length: 2\r\n\r\nok'
}

serve() { # http REPLY..., or ftp [AT=REPLY]
    scheme=$1
    shift
    start_device "$upload_server" "$scheme" "$received" "$@"
}

# The server ends when its client has gone, and what it received is there then.
server_is_done() {
    soon eval '! kill -0 "$device" 2>/dev/null' && wait "$device" && device=
}

received_has() {
    grep -qF -e "$1" "$received" || { echo "    no '$1' was received" && return 1; }
}
received_has_not() { ! received_has "$1" >/dev/null; }
body_is() { # FILE
    tail -c "$(($(wc -c <"$1")))" "$received" | cmp - "$1"
}

# ---- Tests: each ends with its verdict -----------------------------------------------

upload__help_and_version__are_on_standard_output() {
    run "$wsd_upload" --help
    is_status 0 && out_has "Usage: wsd-upload" && is_empty "$scratch/err" || return 1
    run "$wsd_upload" --version
    is_status 0 && out_has "wsd-upload "
}

upload__wrong_command_line__ends_with_2() {
    is_misuse "$wsd_upload" &&
        is_misuse "$wsd_upload" http://127.0.0.1/ &&
        is_misuse "$wsd_upload" http://127.0.0.1/ a b &&
        is_misuse "$wsd_upload" --no-such-option http://127.0.0.1/ - &&
        is_misuse "$wsd_upload" --timeout 0 http://127.0.0.1/ - &&
        is_misuse "$wsd_upload" gopher://127.0.0.1/ - &&
        is_misuse "$wsd_upload" http:// - &&
        is_misuse "$wsd_upload" http://h:99999/ - &&
        is_misuse "$wsd_upload" ftp://h/a%0 - &&
        is_misuse "$wsd_upload" 127.0.0.1/ -
}

upload__http_file_of_any_size__arrives_as_it_is() {
    for size in 0 1 65536 5242880; do
        make_file document "$size" && serve http "$(reply '200 OK')" || return 1
        run "$wsd_upload" "$url/up?a=b" "$scratch/document"
        is_status 0 && out_has ok && is_empty "$scratch/err" && server_is_done &&
            received_has "POST /up?a=b HTTP/1.1" && received_has "Content-Length: $size" &&
            body_is "$scratch/document" || return 1
    done
}

upload__options__are_in_the_request() {
    make_file document 100 && serve http "$(reply '201 Created')" || return 1
    run "$wsd_upload" --method PUT --header 'X-One: 1' --header 'X-Two: 2' \
        --output "$scratch/reply" --timeout 20 --quiet "$url/up" "$scratch/document"
    is_status 0 && is_empty "$scratch/out" && is_empty "$scratch/err" &&
        [ "$(cat "$scratch/reply")" = ok ] && server_is_done &&
        received_has "PUT /up HTTP/1.1" && received_has "X-One: 1" &&
        received_has "X-Two: 2" && body_is "$scratch/document"
}

upload__standard_input_or_chunked__is_chunked() {
    printf 'a document' >"$scratch/document"
    for way in pipe option; do
        serve http "$(reply '200 OK')" || return 1
        if [ $way = pipe ]; then
            run sh -c 'cat "$1" | "$2" "$3/" -' sh "$scratch/document" "$wsd_upload" "$url"
        else
            run "$wsd_upload" --chunked "$url/" "$scratch/document"
        fi
        is_status 0 && server_is_done && received_has "Transfer-Encoding: chunked" &&
            received_has_not "Content-Length" && received_has "a document" || return 1
    done
}

upload__own_content_length__wins() {
    serve http "$(reply '200 OK')" || return 1
    run sh -c 'printf "a document" | "$1" --header "Content-Length: 10" "$2/" -' sh \
        "$wsd_upload" "$url"
    is_status 0 && server_is_done && received_has "Content-Length: 10" &&
        received_has_not "Transfer-Encoding" && received_has "a document"
}

upload__user__is_told_when_asked_for() {
    challenge='WWW-Authenticate: Basic realm="r"'
    make_file document 100000 || return 1
    serve http "$(reply '401 Unauthorized' "$challenge" 'Connection: close')" \
        "$(reply '200 OK')" || return 1
    run "$wsd_upload" --user me:secret "$url/" "$scratch/document"
    is_status 0 && server_is_done &&
        received_has "Authorization: Basic bWU6c2VjcmV0" &&
        body_is "$scratch/document" || return 1

    serve http "$(reply '401 Unauthorized' "$challenge")" || return 1
    run sh -c 'echo text | "$1" --user me:secret "$2/" -' sh "$wsd_upload" "$url"
    is_status 1 && err_has "cannot be read again"
}

upload__server_refuses__says_how() {
    make_file document 100 && serve http "$(reply '404 Not Found')" || return 1
    run "$wsd_upload" "$url/" "$scratch/document"
    is_status 1 && err_has "the server has not taken it: 404 Not Found" && out_has ok &&
        server_is_done || return 1
    serve http 'not HTTP' || return 1
    run "$wsd_upload" "$url/" "$scratch/document"
    is_status 1 && err_has "no reply: the server gave no valid response (error 12152)"
}

upload__nothing_to_read_or_nobody_there__says_so() {
    make_file document 100 && serve http unused && stop_device || return 1
    is_failure "cannot open $scratch/none: No such file" \
        "$wsd_upload" "$url" "$scratch/none" &&
        is_failure "Is a directory" "$wsd_upload" "$url" "$scratch" &&
        is_failure "the server cannot be reached (error 12029)" \
            "$wsd_upload" "$url" "$scratch/document" &&
        is_failure "the server cannot be reached (error 12029)" \
            "$wsd_upload" "ftp${url#http}/f" "$scratch/document" &&
        is_failure "the server's name is not known (error 12007)" \
            "$wsd_upload" http://nowhere.invalid/ "$scratch/document"
}

upload__reply_cannot_be_saved__says_so() {
    make_file document 100 && serve http "$(reply '200 OK')" || return 1
    is_failure "cannot write $scratch/none/reply: No such file" \
        "$wsd_upload" --output "$scratch/none/reply" "$url/" "$scratch/document"
}

is_nothing_kept() { [ "$(cd "$scratch" && echo kept*)" = 'kept*' ]; }

J6__reply_has_no_place__leaves_no_file() {
    make_file document 100 || return 1
    set -- "$wsd_upload" --output "$scratch/kept"
    for name in kept kept.part; do
        serve http "$(reply '200 OK')" && ln -s "$scratch/elsewhere" "$scratch/$name" &&
            is_failure "cannot write $scratch/kept: File exists" "$@" "$url/" \
                "$scratch/document" || return 1
        stop_device
        [ ! -e "$scratch/elsewhere" ] && rm "$scratch/$name" && is_nothing_kept || return 1
    done
    serve http "$(reply '200 OK')" || return 1
    ( # a limit on the size of files stands for a full disk
        ulimit -f 0 && trap '' XFSZ || exit
        "$@" "$url/" "$scratch/document" 2>&1 |
            grep -qF "cannot write $scratch/kept: File too large"
    ) && is_nothing_kept && server_is_done || return 1
    [ -c /dev/full ] || return 0
    serve http "$(reply '200 OK')" || return 1
    "$wsd_upload" "$url/" "$scratch/document" >/dev/full 2>"$scratch/err"
    status=$?
    is_status 1 && err_has "cannot write standard output: No space left"
}

J6__reply_is_cut__leaves_no_file() {
    make_file document 100 &&
        serve http "$(printf 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok')" || return 1
    is_failure "the reply is not whole" "$wsd_upload" --output "$scratch/kept" "$url/" \
        "$scratch/document" && is_nothing_kept
}

# How far the sender has read a file, as Linux tells.
has_read() { # FILE BYTES
    for link in "/proc/$sender/fd"/*; do
        [ "$(readlink "$link")" = "$1" ] &&
            [ "$(sed -n 's/^pos:[^0-9]*//p' "/proc/$sender/fdinfo/${link##*/}")" -ge "$2" ] &&
            return
    done
    return 1
}

J7__file_becomes_shorter__is_cut() {
    [ -r /proc/self/fdinfo/0 ] || return 0
    for scheme in http ftp; do
        dd if=/dev/zero of="$scratch/sparse" bs=1 count=0 seek=8589934592 2>/dev/null
        if [ $scheme = http ]; then serve http "$(reply '200 OK')"; else serve ftp; fi || return 1
        run_aside "$wsd_upload" "$url/f" "$scratch/sparse"
        soon has_read "$scratch/sparse" 1048576 && kill -STOP "$device" &&
            : >"$scratch/sparse" && kill -CONT "$device" && ended_with 1 &&
            err_has "$scratch/sparse became shorter" && is_empty "$scratch/out" || return 1
        if [ $scheme = http ]; then
            soon log_has "the connection ended early" && stop_device
        else
            server_is_done && log_has "(reset)"
        fi || return 1
    done
}

J7__file_grows_or_goes__is_sent_as_it_was_opened() {
    [ -r /proc/self/fdinfo/0 ] || return 0
    make_file document 50000000 && cp "$scratch/document" "$scratch/changing" &&
        serve http "$(reply '200 OK')" && kill -STOP "$device" || return 1
    run_aside "$wsd_upload" "$url/" "$scratch/changing"
    soon has_read "$scratch/changing" 65536 && echo more >>"$scratch/changing" &&
        rm "$scratch/changing" && kill -CONT "$device" && ended_with 0 && server_is_done &&
        received_has "Content-Length: 50000000" && body_is "$scratch/document"
}

upload__ftp_file_of_any_size__arrives_as_it_is() {
    for size in 0 1 65536 5242880; do
        make_file document "$size" && serve ftp || return 1
        run "$wsd_upload" --user me:secret "$url/a%20name" "$scratch/document"
        is_status 0 && is_empty "$scratch/out" && is_empty "$scratch/err" &&
            server_is_done && cmp "$scratch/document" "$received" &&
            log_has "USER me" && log_has "PASS secret" && log_has "TYPE I" &&
            log_has "STOR a name" || return 1
    done
    serve ftp || return 1
    run sh -c 'echo text | "$1" "$2/f" -' sh "$wsd_upload" "$url"
    is_status 0 && server_is_done && [ "$(cat "$received")" = text ] &&
        log_has "USER anonymous"
}

upload__ftp_server_refuses__says_how() {
    make_file document 100 || return 1
    for refusal in "PASS=530 Not you" "STOR=550 Not here" "(final)=452 No room"; do
        serve ftp "$refusal$break" || return 1
        run "$wsd_upload" "$url/f" "$scratch/document"
        is_status 1 && err_has "${refusal#*=} (error 120" && server_is_done || return 1
    done
}

# Neither server may take what it has for all of it.
upload__ended_while_waiting_for_input__is_cut() {
    mkfifo "$scratch/input" && exec 4<>"$scratch/input" || return 1
    for signal in INT KILL; do
        for scheme in http ftp; do
            if [ $scheme = http ]; then
                serve http "$(reply '200 OK')" || return 1
            else
                serve ftp || return 1
            fi
            run_aside "$wsd_upload" "$url/f" "$scratch/input"
            # More than the pipe holds: when it is in there, the upload has begun.
            timeout 20 head -c 100000 /dev/zero >&4
            kill -$signal "$sender"
            if [ $signal = INT ]; then
                ended_with 1 && err_has "not sent: interrupted" || return 1
            else
                ended_with 137 || return 1
            fi
            if [ $scheme = http ]; then
                stop_device
            else
                server_is_done && log_has "(reset)" || return 1
            fi
        done
    done
    exec 4>&-
}

run_tests \
    upload__help_and_version__are_on_standard_output \
    upload__wrong_command_line__ends_with_2 \
    upload__http_file_of_any_size__arrives_as_it_is \
    upload__options__are_in_the_request \
    upload__standard_input_or_chunked__is_chunked \
    upload__own_content_length__wins \
    upload__user__is_told_when_asked_for \
    upload__server_refuses__says_how \
    upload__nothing_to_read_or_nobody_there__says_so \
    upload__reply_cannot_be_saved__says_so \
    J6__reply_has_no_place__leaves_no_file \
    J6__reply_is_cut__leaves_no_file \
    J7__file_becomes_shorter__is_cut \
    J7__file_grows_or_goes__is_sent_as_it_was_opened \
    upload__ftp_file_of_any_size__arrives_as_it_is \
    upload__ftp_server_refuses__says_how \
    upload__ended_while_waiting_for_input__is_cut
