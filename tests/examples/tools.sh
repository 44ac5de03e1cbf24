# shellcheck shell=sh
# What the tests of the example programs share: the scripts beside this one read it.
set -u

scratch=$(mktemp -d)
device= # the process that start_device started
sender= # the one that run_aside did
finish() {
    status=$?
    for process in $device $sender; do
        kill -KILL "$process" 2>/dev/null
    done
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command until it succeeds, for at most some 20 s: less than the wait budget of a
# Write that nobody wakes.
soon() {
    tries=200
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "    never: $*" && return 1; }
        sleep 0.1
    done
}

# Starts a program that says READY URL; then $url and $scratch/log are there.
start_device() {
    rm -f "$scratch/log"
    "$@" >"$scratch/log" 2>&1 &
    device=$!
    soon log_has "READY " || return 1
    url=$(sed -n 's/^READY //p' "$scratch/log")
}

stop_device() {
    kill -KILL "$device" && wait "$device"
    device=
} 2>/dev/null

# Runs a program to its end, for at most 20 s likewise; then $status, out and err are there.
run() {
    timeout 20 "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
}

# Starts a program that goes on by itself, its standard input from descriptor 3 (a shell
# gives such programs nothing else to read); ended_with waits for it.
exec 3</dev/null
run_aside() {
    "$@" <&3 >"$scratch/out" 2>"$scratch/err" &
    sender=$!
}

has_ended() { ! kill -0 "$sender" 2>/dev/null; }
ended_with() {
    soon has_ended || return 1
    wait "$sender" 2>/dev/null
    status=$?
    sender=
    is_status "$1"
}

# Prints the most memory, in KiB, that a process has had so far.
peak_memory() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2>/dev/null; }

is_status() { [ "$status" -eq "$1" ] || { echo "    status $status, not $1" && return 1; }; }
out_has() { grep -qF -e "$1" "$scratch/out" || { echo "    no '$1' in the output" && return 1; }; }
err_has() { grep -qF -e "$1" "$scratch/err" || { echo "    no '$1' in the errors" && return 1; }; }
log_has() { grep -qsF -e "$1" "$scratch/log"; }
is_empty() { [ ! -s "$1" ] || { echo "    not empty: $1" && return 1; }; }

is_misuse() {
    run "$@"
    is_status 2 && err_has "--help" && is_empty "$scratch/out"
}

is_failure() { # the words, then the command
    words=$1
    shift
    run "$@"
    is_status 1 && err_has "$words" && is_empty "$scratch/out"
}

# ask OPERATION CONTENT [CURL_OPTIONS]: the answer is in $scratch/answer, its status $http.
# $namespace is that of the device's operations, $prefix stands for it.
soap=http://www.w3.org/2003/05/soap-envelope
wsa=http://schemas.xmlsoap.org/ws/2004/08/addressing
ask() {
    request="<s:Envelope xmlns:s='$soap' xmlns:a='$wsa' xmlns:$prefix='$namespace'><s:Header>
        <a:To>$url</a:To><a:Action>$namespace/$1</a:Action><a:MessageID>urn:uuid:1</a:MessageID>
        </s:Header><s:Body><$prefix:$1Request>$2</$prefix:$1Request></s:Body></s:Envelope>"
    shift 2
    : >"$scratch/answer"
    http=$(curl -sS --noproxy '*' --max-time 20 -H 'Content-Type: application/soap+xml' \
        --data "$request" -o "$scratch/answer" -w '%{http_code}' "$@" "$url" 2>"$scratch/err")
}

says() {
    grep -qF -e "$1" "$scratch/answer" && return
    echo "    no '$1' in: $http $(cat "$scratch/answer")"
    return 1
}

is_ok() { # the answer to an operation, and words in it
    operation=$1
    shift
    [ "$http" = 200 ] && says "<$prefix:${operation}Response" || return 1
    for words; do
        says "$words" || return 1
    done
}

is_fault() { # status, code, subcode, words
    says "<soap:Value>soap:$2</soap:Value>" && says "=\"$namespace\">sub:$3</soap:Value>" &&
        says "$4" && [ "$http" = "$1" ]
}

# make_file NAME BYTES
make_file() { head -c "$2" /dev/urandom >"$scratch/$1"; }

random_below() { echo "$(($(od -An -N4 -tu4 /dev/urandom) % $1))"; }

# Runs the tests, functions that end with their verdicts, and says how it went.
run_tests() {
    failures=0
    for test; do
        echo "$test"
        if ! "$test"; then
            echo "    FAILED; the program's errors and the device's log:"
            sed 's/^/    | /' "$scratch/err" "$scratch/log"
            failures=$((failures + 1))
        fi
        for process in $sender $device; do
            kill -KILL "$process" 2>/dev/null && wait "$process" 2>/dev/null
        done
        sender='' device=''
    done
    [ "$failures" -eq 0 ] || { echo "FAIL: $failures tests" && exit 1; }
    echo "PASS: all tests of the examples"
}
