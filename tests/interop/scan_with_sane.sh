#!/bin/sh
# Lets scanimage with sane-airscan scan from wsd-virtual-scanner: every pixel must be the
# image's.
# Usage: scan_with_sane.sh BUILD_FOLDER flatbed|feeder|interrupt IMAGE
usage="usage: scan_with_sane.sh BUILD_FOLDER flatbed|feeder|interrupt IMAGE"
build=${1:?$usage} how=${2:?$usage} image=${3:?$usage}

. "$(dirname "$0")/scratch.sh"

says() { grep -qF "$1" "$scratch/scanner.log"; }
has_ended() { ! kill -0 "$client" 2>/dev/null; }

start_scanner() { # [OPTION]...
    start scanner "$build/examples/wsd-virtual-scanner" --image "$image" "$@"
    # Without a configuration of its own scanimage would look for scanners in the network.
    echo airscan >"$scratch/dll.conf"
    cat >"$scratch/airscan.conf" <<END
[devices]
"virtual" = $url, WSD
[options]
discovery = disable
ws-discovery = off
END
}

begin_scan() { # [OPTION]...
    SANE_CONFIG_DIR=$scratch scanimage --device airscan:w0:virtual --format png "$@" \
        >"$scratch/out" 2>"$scratch/client.log" &
    client=$!
    processes="$processes $client"
}

end_scan() { # STATUS
    soon has_ended
    status=0
    wait "$client" || status=$?
    [ "$status" -eq "$1" ] || { echo "scanimage: status $status" && return 1; }
}

scan() { # [OPTION]...
    begin_scan "$@"
    end_scan 0
}

is_image() { # FILE
    difference=$(compare -metric PAE "$image" "$1" null: 2>&1) || :
    [ "$difference" = "0 (0)" ] || { echo "$1 differs: $difference" && return 1; }
}

case $how in
flatbed)
    start_scanner
    scan --output-file "$scratch/scan.png"
    is_image "$scratch/scan.png"
    ;;
feeder)
    # sane-airscan 0.99.27 forgets its pages when it has the last before scanimage asks for
    # the first.
    start_scanner --source ADF --pages 3 --bytes-per-second 1M
    scan --batch="$scratch/scan-%d.png"
    for page in 1 2 3; do
        is_image "$scratch/scan-$page.png"
    done
    grep "3 pages scanned" "$scratch/client.log"
    [ ! -e "$scratch/scan-4.png" ]
    ;;
interrupt)
    start_scanner --bytes-per-second 500K
    begin_scan --output-file "$scratch/cut.png"
    soon says "job 1: image 1 begun"
    sleep 1
    kill -INT "$client"
    end_scan 2
    grep "Operation was canceled" "$scratch/client.log"
    [ ! -e "$scratch/cut.png" ]
    soon says "job 1: cancelled, images sent: 0"
    scan --output-file "$scratch/scan.png"
    is_image "$scratch/scan.png"
    ;;
*) echo "$usage" >&2 && exit 2 ;;
esac
