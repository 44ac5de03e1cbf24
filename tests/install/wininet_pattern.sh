#!/bin/sh
# The program wininet_pattern.c, which is written for Windows.
# Usage: wininet_pattern.sh run PROGRAM UPLOAD_SERVER    ours: uploads to a server
#        wininet_pattern.sh compile                      Microsoft's header, by mingw-w64;
#                                                        ends with 77 if that is not there
set -eu
here=$(dirname "$0")
scratch=$(mktemp -d)
server=
finish() {
    status=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

compile() {
    if ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
        echo "SKIP: mingw-w64 is not installed"
        exit 77
    fi
    x86_64-w64-mingw32-gcc -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
        -o "$scratch/program.exe" "$here/wininet_pattern.c" -lwininet
}

run() { # PROGRAM UPLOAD_SERVER
    mkfifo "$scratch/said"
    "$2" http "$scratch/received" "$(printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\ntaken.')" \
        >"$scratch/said" &
    server=$!
    exec 3<"$scratch/said"
    read -r _ url <&3
    head -c 100000 /dev/urandom >"$scratch/sent"
    timeout 60 "$1" 127.0.0.1 "${url##*:}" /up <"$scratch/sent" >"$scratch/printed"
    wait "$server"
    server=
    [ "$(cat "$scratch/printed")" = "$(printf '200\ntext/plain\ntaken.')" ]
    tail -c 100000 "$scratch/received" | cmp - "$scratch/sent"
    head -c 200 "$scratch/received" | grep -aq "Content-Type: application/octet-stream"
}

"$@"
