#!/bin/sh
# Many clients at once get a file each from wsd-file-service, and one of them reads a byte
# a second until the others are done.  All get all of it, and the service's memory stays
# within what wsd_service.h says.
# Run as: sh run_many_clients.sh WSD_FILE_SERVICE MANY_CLIENTS [SANITIZERS]
# With SANITIZERS, which are what the programs were built with, there are fewer clients
# with less to get, and memory is not measured.
. "$(dirname "$0")/tools.sh"
service=$1 many_clients=$2 sanitizers=${3-}
clients=200 bytes=16777216
[ -z "$sanitizers" ] || clients=30 bytes=1048576

# Its own, and for each client a connection, an attachment's ring, and a thread's stack.
limit_kib=$((16384 + clients * (192 + 1024 + 64)))

many_clients__one_of_them_slow__all_get_the_whole_file() {
    mkdir "$scratch/dir" && make_file dir/file "$bytes" || return 1
    start_device "$service" --dir "$scratch/dir" --clients "$clients" --quiet || return 1
    timeout 150 "$many_clients" "$url" file "$scratch/dir/file" "$clients" \
        >"$scratch/out" 2>"$scratch/err"
    status=$?
    sed 's/^/    /' "$scratch/out"
    is_status 0 && out_has "all others have the file, and the slow client" &&
        out_has "$clients clients have all $bytes bytes" || return 1

    peak=$(peak_memory "$device")
    kill -TERM "$device" && wait "$device" || return 1
    [ -n "$peak" ] && [ -z "$sanitizers" ] || return 0
    echo "    peak memory of the service: $peak KiB of $limit_kib"
    [ "$peak" -le "$limit_kib" ]
}

run_tests many_clients__one_of_them_slow__all_get_the_whole_file
