#!/bin/sh
# Kills either side (SIGKILL) at random moments of a transfer, and prints what the other
# one makes of it: it always says that the transfer failed, and there is never a file that
# looks whole.
# Run as: sh run_kill.sh WSD_PRINT WSD_VIRTUAL_PRINTER WSD_FILE_SERVICE WSD_GET_FILE
#     [SANITIZERS]      (there are fewer moments then)
. "$(dirname "$0")/tools.sh"
wsd_print=$1 printer=$2 service=$3 get_file=$4
moments=${5:+3}
moments=${moments:-20}
to=$scratch/to # where the documents and files go

# ---- Tools ---------------------------------------------------------------------------

# A document has no end, and a file of 8 GiB, which takes no room, none that comes soon.
start_printing() {
    start_device "$printer" --dir "$to" || return 1
    run_aside "$wsd_print" --quiet "$url" /dev/zero
    part=$to/job-1.part
}
start_getting() {
    start_device "$service" --dir "$scratch/dir" || return 1
    run_aside "$get_file" --quiet "$url" huge -o "$to/huge"
    part=$to/huge.part
}

# Of the files that could have come; * for none.
is_there_only() {
    there=$(cd "$to" && echo *)
    [ "$there" = "$1" ] || { echo "    there: $there" && return 1; }
}

# at_random_moments START VICTIM VERDICT: commands that begin a transfer, print the
# process to be killed, and say whether all is well then.
at_random_moments() {
    moment=0
    while [ "$moment" -lt "$moments" ]; do
        moment=$((moment + 1))
        rm -rf "$to" && mkdir "$to" && "$1" && soon test -s "$part" || return 1
        milliseconds=$(random_below 200)
        sleep "$(printf '0.%03d' "$milliseconds")"
        bytes=$(wc -c <"$part")
        kill -KILL "$("$2")"
        "$3" || { echo "    killed $milliseconds ms after the first bytes" && return 1; }
        echo "    killed at some $((bytes)) bytes: $said"
        stop_device
    done
}

the_client() { echo "$sender"; }
the_device() { echo "$device"; }

says() { # WORDS FILE: the line with them is what the other side said
    said=$(grep -e "$1" "$scratch/$2") || { echo "    not said: $1" && return 1; }
}

# ---- Tests ---------------------------------------------------------------------------

truncated_document_is_kept_apart() {
    ended_with 137 && soon log_has "job 1: truncated" && says truncated log &&
        is_there_only job-1.truncated
}
print__sender_is_killed__printer_reports_truncation() {
    at_random_moments start_printing the_client truncated_document_is_kept_apart
}

sender_fails() {
    ended_with 1 && says "wsd-print: .*not" err && is_empty "$scratch/out" &&
        is_there_only job-1.part
}
print__printer_is_killed__sender_reports_failure() {
    at_random_moments start_printing the_device sender_fails
}

service_says_so() {
    ended_with 137 && soon log_has "CUT huge" && says CUT log && is_there_only huge.part
}
get__client_is_killed__service_reports_truncation() {
    at_random_moments start_getting the_client service_says_so
}

client_fails() {
    ended_with 1 && says "wsd-get-file: not saved" err && is_there_only '*'
}
get__service_is_killed__client_reports_failure() {
    at_random_moments start_getting the_device client_fails
}

# ---- All of it -----------------------------------------------------------------------

mkdir "$scratch/dir"
dd if=/dev/zero of="$scratch/dir/huge" bs=1 count=0 seek=8589934592 2>/dev/null
run_tests \
    print__sender_is_killed__printer_reports_truncation \
    print__printer_is_killed__sender_reports_failure \
    get__client_is_killed__service_reports_truncation \
    get__service_is_killed__client_reports_failure
