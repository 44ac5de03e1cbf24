# shellcheck shell=sh
# What the scripts beside this one share: a scratch folder, programs that run beside them,
# and an end that leaves neither.
set -eu

scratch=$(mktemp -d)
processes= # that are killed at the end
finish() {
    status=$?
    # shellcheck disable=SC2086 # a list
    kill $processes 2>/dev/null || :
    wait 2>/dev/null || :
    [ "$status" -eq 0 ] || cat "$scratch"/*.log 2>/dev/null || :
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command until it succeeds, for at most some 30 s.
soon() {
    tries=300
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "never: $*" && return 1; }
        sleep 0.1
    done
}

# Starts a program that says READY URL, its output in NAME.log; sets url.  With TAP, a
# command, in the environment that stands in front of it: see tap.py.
start() { # NAME COMMAND...
    start_alone "$@"
    # shellcheck disable=SC2086 # words
    [ -z "${TAP-}" ] || start_alone "$1-tap" $TAP "$url"
}
start_alone() {
    name=$1
    shift
    "$@" >"$scratch/$name.log" 2>&1 &
    processes="$processes $!"
    soon grep -qs '^READY ' "$scratch/$name.log"
    url=$(sed -n 's/^READY //p' "$scratch/$name.log")
}

# Prints as many ports as are asked for, which nobody listens on.
free_ports() {
    python3 -c 'import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[each.getsockname()[1] for each in sockets])' "$1"
}
