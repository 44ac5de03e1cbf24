# shellcheck shell=sh
# What the tests of memory share, which print 1 GiB through pipes: the scripts read it.
# Usage of each: memory.sh BUILD_FOLDER
set -eu
build=${1:?usage: memory.sh BUILD_FOLDER}
octets=1073741824

scratch=$(mktemp -d)
started=
finish() {
    status=$?
    for process in $started; do
        kill "$process" 2>/dev/null || :
    done
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkfifo "$scratch/sent" "$scratch/said"
sha256sum <"$scratch/sent" >"$scratch/sent.sha256" &
hash=$!
started=$hash

# Starts a program that says READY URL; then $url and $printer are there.
start_printer() {
    "$@" >"$scratch/said" &
    printer=$!
    started="$started $printer"
    exec 3<"$scratch/said"
    read -r _ url <&3
}

print_all() {
    head -c "$octets" /dev/urandom | tee "$scratch/sent" |
        env time -o "$scratch/peak" -f %M \
            "$build/examples/wsd-print" --quiet "$url" - >"$scratch/result"
    wait "$hash"
    cat "$scratch/result"
    grep -q "^sent $octets bytes" "$scratch/result"
}

has_arrived() { # as this SHA-256 says
    echo "SHA-256: $(cut -d' ' -f1 "$1")"
    cmp "$scratch/sent.sha256" "$1"
}

is_below() { # limit, program, its peak: in KiB
    echo "peak of $2: $3 KiB of $1"
    [ "$3" -lt "$1" ]
}
