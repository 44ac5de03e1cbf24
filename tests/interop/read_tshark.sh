#!/bin/sh
# Has Wireshark's dissectors read a recorded message, and looks at what they show.
# Usage: read_tshark.sh FILE EXPECTED
# EXPECTED has a line for each attachment: Content-ID, media type, and more.
set -eu
record=${1:?usage: read_tshark.sh FILE EXPECTED} expected=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# As a TCP connection of 32 000 octets a packet: a new one begins where the offset is 0.
od -An -v -tx1 "$record" | awk '{ printf "%06x%s\n", (NR - 1) % 2000 * 16, $0 }' \
    >"$scratch/hex"
text2pcap -q -T 40000,80 "$scratch/hex" "$scratch/pcap" 2>/dev/null
tshark -r "$scratch/pcap" -o xml.heuristic:TRUE -Y mime_multipart \
    -O http,mime_multipart,xml 2>/dev/null >"$scratch/tree"

failed=0
shows() { # COUNT TEXT
    count=$(grep -cF "$2" "$scratch/tree") || true
    [ "$count" -eq "$1" ] && return
    printf 'read_tshark.sh: "%s" is there %d times, not %d\n' "$2" "$count" "$1"
    failed=1
}
shows 1 'End of chunked encoding'
shows 1 'First boundary: '
shows 1 'Last boundary: \r\n--'
shows 0 'Preamble: '
shows 0 'Trailer: '
shows 1 '<soap:Envelope' # as XML, that is
shows 1 '</soap:Envelope>'
shows 0 'Malformed'
shows 0 'Expert Info (Warning'
shows 0 'Expert Info (Error'

sed -n -e 's/.*Encapsulated multipart part:  (\(.*\))$/\1/p' \
    -e 's/.*Content-ID: \(<.*>\).*/\1/p' "$scratch/tree" >"$scratch/parts"
{
    printf '%s\n' application/xop+xml '<root@soap>'
    awk '{ print $2; print $1 }' "$expected"
} | diff - "$scratch/parts" || failed=1
exit "$failed"
