#!/bin/sh
# The programs of README.md: the senders, in C and in C++, send a document, and the device
# prints it; the last one uploads it.
# Run as: sh readme.sh SENDER SENDER_IN_CPP DEVICE [UPLOAD UPLOAD_SERVER]
. "$(dirname "$0")/../examples/tools.sh"
senders="$1 $2" device_program=$3 upload_program=${4-} upload_server=${5-}

device_is_there() { url=$(grep -s '^http' "$scratch/log"); }

senders_and_device__understand_each_other() {
    make_file document 1000000 && mkfifo "$scratch/keyboard" || return 1
    for program in $senders; do
        "$device_program" <"$scratch/keyboard" >"$scratch/received" 2>"$scratch/log" &
        device=$!
        exec 4>"$scratch/keyboard"
        soon device_is_there || return 1
        run "$program" "$url" </dev/null
        is_status 0 && out_has UploadResponse || return 1
        run "$program" "$url" <"$scratch/document"
        is_status 0 && out_has UploadResponse && cmp "$scratch/document" "$scratch/received" ||
            return 1
        echo >&4 # Enter
        wait "$device" && device= || return 1
        run "$program" "$url" <"$scratch/document"
        is_status 1 && err_has "not sent: " || return 1
    done
}

upload__says_what_the_server_says() {
    for code in 201 413; do
        start_device "$upload_server" http "$scratch/received" \
            "$(printf 'HTTP/1.1 %s It\r\nContent-Length: 2\r\n\r\nok' $code)" || return 1
        run "$upload_program" 127.0.0.1 "${url##*:}" /up <"$scratch/document"
        is_status $((code / 413)) && out_has "status $code" && wait "$device" || return 1
        device=
        tail -c 1000000 "$scratch/received" | cmp - "$scratch/document" || return 1
    done
    run "$upload_program" 127.0.0.1 "${url##*:}" /up <"$scratch/document"
    is_status 1 && err_has "error 12029"
}

run_tests senders_and_device__understand_each_other \
    ${upload_program:+upload__says_what_the_server_says}
