#!/bin/sh
# Sends messages and files to programs that others wrote, and compares what they read with
# what was sent.  Installs what is missing, and builds first.
# Run as: sh tests/interop/run.sh [--record]
# --record: makes tests/recorded anew instead.
# What cannot be installed is skipped; with CI=true in the environment that is a failure.
set -eu
cd "$(dirname "$0")/../.."
here=tests/interop
build=build/release

scratch=$(mktemp -d)
server=
finish() {
    status=$?
    stop
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- Results -------------------------------------------------------------------------

report() { # RESULT PEER VERSION WHAT
    printf '%-4s  %-16s  %-8s  %s\n' "$@" | tee -a "$scratch/table"
}

# Runs a command that shows whether a peer has read what was sent.
pair() { # PEER VERSION WHAT COMMAND...     (VERSION: empty if it is not there)
    peer=$1 version=$2 what=$3
    shift 3
    if [ -z "$version" ]; then
        result=SKIP
        [ "${CI-}" != true ] || result=FAIL
        report "$result" "$peer" missing "$what"
    elif "$@" >"$scratch/log" 2>&1; then
        report PASS "$peer" "$version" "$what"
    else
        report FAIL "$peer" "$version" "$what"
        sed 's/^/    | /' "$scratch/log"
    fi
    stop
}

# ---- Servers that take one message ---------------------------------------------------

# Sets url.  What the server prints then stays in its pipe for heard().
serve() { # COMMAND...
    rm -f "$scratch/pipe"
    mkfifo "$scratch/pipe"
    "$@" >"$scratch/pipe" &
    server=$!
    exec 3<"$scratch/pipe"
    read -r _ url <&3
}

heard() {
    cat <&3
    wait "$server" && server=
}

stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    server=
}

# ---- Messages ------------------------------------------------------------------------

# Of 0, 1 or more bytes; without CR or LF at its ends, where zeep would lose them.
random() {
    case $1 in
    0) ;;
    1) printf '*' ;;
    *) printf '<' && head -c "$(($1 - 2))" /dev/urandom && printf '>' ;;
    esac
}

# What looks like a delimiter, or like the end of a chunk, at both ends and in between.
look_alikes() {
    printf '\r\n--\r\n----\r\n--\n--\r--\r\n'
    for digit in 1 2 3 4 5 6 7 8; do
        printf '\r\n--0000000%s-0000-4000-8000-000000000000\r\n' "$digit"
        printf 'Content-ID: <0@body>\r\n\r\n'
        random 9000
        printf '\r\n--0000000%s-0000-4000-8000-000000000000--\r\n' "$digit"
        printf '\000\r\n0\r\n\r\n'
    done
    printf '\r\n--00000000-0000-4000-8000-00000000000\r\n--'
}

# Makes NAME.body, and NAME.expected with a line for each attachment: Content-ID, media
# type, number of octets, SHA-256.
describe() { # NAME ATTACHMENT...     (ATTACHMENT: FILE or FILE;type=MEDIA_TYPE)
    message=$scratch/$1
    shift
    printf '%s\n' "$@" >"$message.attachments"
    number=0
    for attachment; do
        file=$scratch/${attachment%;type=*}
        case $attachment in
        *';type='*) media_type=${attachment#*;type=} ;;
        *) media_type=application/octet-stream ;;
        esac
        hash=$(sha256sum <"$file")
        echo "<$number@body> $media_type $(($(wc -c <"$file"))) ${hash%% *}"
        number=$((number + 1))
    done >"$message.expected"
    {
        printf '<t:Upload xmlns:t="urn:wsdattach:test"><t:name>test</t:name>'
        for attachment; do
            printf '<t:data/>'
        done
        printf '</t:Upload>'
    } >"$message.body"
}

send() { # NAME [OPTION]...
    message=$scratch/$1
    shift
    number=0
    while read -r attachment; do
        number=$((number + 1))
        set -- "$@" --attach "Upload/data[$number]=$scratch/$attachment"
    done <"$message.attachments"
    timeout 120 "$build/examples/wsd-send" --quiet "$url" \
        --action urn:wsdattach:test/Upload --body "$message.body" "$@"
}

# ---- Peers ---------------------------------------------------------------------------

build_gsoap() { # NAME SOAPCPP2_OPTION CONTRACT SOURCE...
    made=$scratch/gsoap_$1 what=$1 option=$2 contract=$3
    shift 3
    mkdir "$made"
    share=$(pkg-config --variable=prefix gsoap)/share/gsoap
    soapcpp2 -c "$option" -L -2 -x -w -I"$share/import" -d"$made" "$contract" 2>&1
    # shellcheck disable=SC2046 # lists of words
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Werror \
        -isystem "$made" -isystem "$share/plugin" $(pkg-config --cflags gsoap) \
        -o "$scratch/gsoap_$what/$what" "$@" "$made"/soap*.c \
        $(pkg-config --libs gsoap libcrypto) 2>&1
}

build_gsoap_programs() {
    share=$(pkg-config --variable=prefix gsoap)/share/gsoap
    build_gsoap server -S "$here/gsoap/upload.gsoap" \
        "$here/gsoap/server.c" "$share/plugin/wsaapi.c" &&
        build_gsoap get_file -C "$here/gsoap/get_file.gsoap" "$here/gsoap/get_file.c" &&
        build_gsoap send_document -C "$here/gsoap/send_document.gsoap" \
            "$here/gsoap/send_document.c" "$share/plugin/wsaapi.c"
}

gsoap_reads() { # NAME [OPTION]
    name=$1
    shift
    serve "$scratch/gsoap_server/server" "$@" && send "$name" && heard >"$scratch/read" &&
        diff "$scratch/$name.expected" "$scratch/read"
}

record() { # NAME [OPTION]...
    serve python3 "$here/record.py" "$scratch/record" && send "$@" && heard &&
        python3 "$here/recorded.py" "$scratch/record" >"$scratch/entity"
}

# Those that read from a file: of the message as recorded, or of its entity.
reader() { # PEER
    case $1 in
    email.parser) python3 "$here/read_email.py" "$scratch/record" ;;
    zeep) /usr/bin/python3 "$here/read_zeep.py" "$scratch/record" ;;
    MIME::Parser) perl "$here/read_perl.pl" "$scratch/entity" ;;
    dicer | multipart-parser) node "$modules/read.mjs" "$1" "$scratch/entity" ;;
    esac
}

reads() { # PEER NAME [OPTION]...
    reader=$1 name=$2
    shift
    record "$@" && reader "$reader" >"$scratch/read" &&
        diff "$scratch/$name.expected" "$scratch/read"
}

# A pair that passes whatever the message is would show nothing: of those above at least
# three have to notice what is wrong.
notice() { # WAY_TO_BREAK_IT
    record two --content-length && mv "$scratch/record" "$scratch/sound" &&
        python3 "$here/break.py" "$1" "$scratch/sound" >"$scratch/record" &&
        python3 "$here/recorded.py" "$scratch/record" >"$scratch/entity" || return 1
    noticed=0
    for reader in $readers; do
        if reader "$reader" 2>&1 >"$scratch/read" && diff "$scratch/two.expected" "$scratch/read"; then
            echo "$reader reads it all the same"
        else
            noticed=$((noticed + 1))
        fi
    done
    [ "$noticed" -ge 3 ]
}

tshark_reads() { # NAME
    record "$1" && sh "$here/read_tshark.sh" "$scratch/record" "$scratch/$1.expected"
}

# npm's packages stay in the build folder.
install_modules() {
    mkdir -p "$modules"
    cp "$here"/node/* "$modules"
    npm install --prefix "$modules" --no-audit --no-fund --no-package-lock
}

# Debian installs one FTP server only: this one stays in the build folder.
unpack_pure_ftpd() {
    mkdir -p "$1"
    (cd "$1" && apt-get -qq download pure-ftpd pure-ftpd-common) &&
        for package in "$1"/*.deb; do
            dpkg -x "$package" "$1" || return 1
        done
}

# ---- Parsers that read what our decoder reads: oracles/DIFFERENCES.md says how they differ

build_gmime_reader() {
    # shellcheck disable=SC2046 # lists of words
    cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Werror \
        $(pkg-config --cflags gmime-3.0 | sed 's/-I/-isystem /g') \
        -o "$scratch/read_gmime" "$here/oracles/read_gmime.c" \
        $(pkg-config --libs gmime-3.0) 2>&1
}

reads_alike() { # PEER COMMAND...
    peer=$1
    shift
    if [ ! -d "$scratch/messages" ]; then
        mkdir "$scratch/messages"
        python3 "$here/oracles/generate.py" 1 "$scratch/messages"
        "$build/tests/read_ours" "$scratch/messages"/0* >"$scratch/ours"
    fi
    "$@" "$scratch/messages"/0* >"$scratch/theirs" &&
        python3 "$here/oracles/compare.py" "$here/oracles/DIFFERENCES.md" \
            "$scratch/messages/TRUTH" "$scratch/ours" "$peer=$scratch/theirs"
}

# ---- A client that scans -------------------------------------------------------------

make_images() {
    set -- -depth 8 -units PixelsPerInch
    convert -size 850x1100 plasma:tomato-blue "$@" -density 100 "png24:$scratch/page.png"
    convert "$scratch/page.png" "$@" -density 100 "$scratch/page.jpg"
    convert "$scratch/page.png" -colorspace Gray "$@" -density 100 "$scratch/grey.png"
    convert -size 3001x4001 plasma:yellow-navy "$@" -density 300 "bmp3:$scratch/large.bmp"
}

scans() { # HOW IMAGE
    sh "$here/scan_with_sane.sh" "$build" "$1" "$scratch/$2"
}

# ---- Clients of our services ---------------------------------------------------------

wsdl=$here/file_service/file.wsdl

# Files of every size.
gets_files() { # COMMAND...
    sh "$here/file_service/get_files.sh" "$build" "$*" "$scratch/files"/*
}

# Documents of every size, in messages that the command makes.
prints() { # COMMAND...
    sh "$here/print/print.sh" "$build" "$*" "$scratch/files"/*
}

# ---- Recordings ----------------------------------------------------------------------

recordings=tests/recorded

# Puts one into its place.
keep() { # FILE NAME PROGRAM VERSION WHAT
    mv "$1" "$recordings/$2"
    shift
    # shellcheck disable=SC2016 # Markdown
    printf '| `%s` | %s | %s | %s |\n' "$@" | tee -a "$recordings/README.md"
}

# Runs a command; what connections sent to our service is in taped/1, taped/2 and so on.
tap() { # COMMAND...
    mkdir -p "$scratch/taped"
    TAP="python3 $here/tap.py $scratch/taped" "$@"
}

keep_document() { # NAME PROGRAM VERSION COMMAND...
    name=$1 program=$2 version=$3
    shift 3
    tap sh "$here/print/print.sh" "$build" "$*" "$recordings/document"
    # The first connection is that of CreatePrintJob.
    keep "$scratch/taped/2" "$name" "$program" "$version" "SendDocument, to wsd-virtual-printer"
}

keep_get_file() { # NAME PROGRAM VERSION COMMAND...
    name=$1 program=$2 version=$3
    shift 3
    tap sh "$here/file_service/get_files.sh" "$build" "$*" "$recordings/document"
    keep "$scratch/taped/1" "$name-get-file" "$program" "$version" "GetFile, to wsd-file-service"
}

record_all() {
    cat >"$recordings/README.md" <<END
# Recorded messages

What programs of others sent to our services, as it came off the wire, chunks and all, and
what \`wsd-send\` sends to theirs. All documents in them are \`document\`: delimiter look-alikes
at both ends, but no CR and LF at the very ends, where zeep loses them.
\`tests/unit/message/test_recorded_messages.c\` reads each in all pieces.

Made by \`sh tests/interop/run.sh --record\` on $(date +%Y-%m-%d); its \`record_all\` has the commands.

| File | Program | Version | What |
|---|---|---|---|
END
    cp "$recordings/document" "$scratch/document"
    describe document document
    record document
    keep "$scratch/record" wsd-send wsd-send "this one" "a message as all readers get it"
    keep_document gsoap gSOAP "$gsoap" "$scratch/gsoap_send_document/send_document"
    keep_document node-soap node-soap "$node_soap" \
        node "$modules/send_document.mjs" "$here/print/print.wsdl"
    keep_document curl curl "$curl" curl
    keep_document email_package "Python's email" "$python" email_package
    keep_document toolbelt requests_toolbelt "$toolbelt" toolbelt
    keep_get_file gsoap gSOAP "$gsoap" "$scratch/gsoap_get_file/get_file"
    keep_get_file zeep zeep "$zeep" /usr/bin/python3 "$here/file_service/get_zeep.py" "$wsdl"
    keep_get_file node-soap node-soap "$node_soap" node "$modules/get_file.mjs" "$wsdl"
    tap sh "$here/scan_with_sane.sh" "$build" flatbed "$scratch/page.png"
    number=0
    for what in GetScannerElements GetScannerElements CreateScanJob RetrieveImage; do
        number=$((number + 1))
        keep "$scratch/taped/$number" "airscan-$number" sane-airscan "$sane" \
            "$what, to wsd-virtual-scanner"
    done
}

# ---- All of it -----------------------------------------------------------------------

echo "== Building"
sh cmake/packages.sh build test
sh cmake/packages.sh interop || echo "Going on without them."
cmake --preset release >"$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
cmake --build --preset release --target wsd-print wsd-send wsd-receiver \
    wsd-file-service wsd-get-file wsd-virtual-printer wsd-virtual-scanner read_ours ftp_uploads wininet_large >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" && exit 1; }

apache='' curl='' gsoap='' gmime='' mingw='' nginx='' node='' node_soap='' perl=''
pure_ftpd='' python='' sane='' tshark='' time='' toolbelt='' vsftpd='' zeep=''
! command -v curl >/dev/null || curl=$(curl --version | sed -n '1s/curl \([^ ]*\).*/\1/p')
if command -v soapcpp2 >/dev/null && pkg-config --exists gsoap libcrypto; then
    gsoap=$(pkg-config --modversion gsoap)
    build_gsoap_programs >"$scratch/log" || { cat "$scratch/log" && exit 1; }
fi
if command -v python3 >/dev/null; then
    python=$(python3 -c 'import platform; print(platform.python_version())')
    ! command -v tshark >/dev/null ||
        tshark=$(tshark --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
fi
! command -v x86_64-w64-mingw32-gcc >/dev/null ||
    mingw=$(x86_64-w64-mingw32-gcc -dumpversion)
PATH=$PATH:/usr/sbin # where servers are
if [ "$(id -u)" -eq 0 ] && command -v vsftpd >/dev/null; then # only root can start it
    vsftpd=$(vsftpd -v 0>&1 | sed 's/[^0-9]*//')
    unpacked=$build/tests/interop_pure-ftpd
    PATH=$PATH:$unpacked/usr/sbin:$unpacked/usr/bin
    if command -v pure-ftpd >/dev/null || unpack_pure_ftpd "$unpacked" >"$scratch/log" 2>&1; then
        pure_ftpd=$(pure-ftpd --help 2>&1 | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
    fi
fi
if [ -n "$python" ] && command -v apache2 >/dev/null; then
    apache=$(apache2 -v | sed -n '1s/.*Apache.\([0-9.]*\).*/\1/p')
fi
if [ -n "$python" ] && command -v nginx >/dev/null; then
    nginx=$(nginx -v 2>&1 | sed 's/.*[/]//')
fi
if [ -n "$python" ]; then
    /usr/bin/python3 -c 'import zeep' 2>/dev/null &&
        zeep=$(/usr/bin/python3 -c 'import zeep; print(zeep.__version__)') &&
        toolbelt=$(/usr/bin/python3 -c 'import requests_toolbelt as it; print(it.__version__)')
    perl -MMIME::Parser -e 1 2>/dev/null &&
        perl=$(perl -MMIME::Parser -e 'print $MIME::Parser::VERSION')
    modules=$build/tests/interop_node
    if command -v npm >/dev/null && install_modules >"$scratch/log" 2>&1; then
        node=$(node --version)
        node=${node#v}
        node_soap=$(sed -n 's/.*"version": "\(.*\)",/\1/p' "$modules/node_modules/soap/package.json")
    fi
fi
! env time true 2>/dev/null || time=ours
if [ -n "$python" ] && pkg-config --exists gmime-3.0; then
    gmime=$(pkg-config --modversion gmime-3.0)
    build_gmime_reader >"$scratch/log" || { cat "$scratch/log" && exit 1; }
fi

if command -v airscan-discover >/dev/null && command -v scanimage >/dev/null &&
    command -v compare >/dev/null; then
    sane=$(dpkg-query --show --showformat '${Version}' sane-airscan | sed 's/-.*//')
    make_images
fi

if [ "${1-}" = --record ]; then
    echo "== Recordings"
    record_all
    exit
fi
for size in 0 1 65535 65536 65537 5242880 104857600; do
    random "$size" >"$scratch/$size"
done
look_alikes >"$scratch/look-alikes"
mkdir "$scratch/files"
for size in 0 1 65535 65536 65537 5242880; do
    ln "$scratch/$size" "$scratch/files/$size"
done
describe one 104857600
describe two 5242880 '0;type=application/pdf'
describe ten 1 65535 '65536;type=application/oxps' 65537 0 1 \
    'look-alikes;type=application/vnd.example+zip' 65536 0 5242880

echo "== Pairs"
for name in one two ten; do
    pair gSOAP "$gsoap" "$name, in chunks" gsoap_reads "$name"
    pair gSOAP "$gsoap" "$name, with WS-Addressing" gsoap_reads "$name" --addressing
    pair email.parser "$python" "$name, in chunks" reads email.parser "$name"
    pair email.parser "$python" "$name, with a Content-Length" \
        reads email.parser "$name" --content-length
    pair MIME::Parser "$perl" "$name" reads MIME::Parser "$name"
    [ "$name" = ten ] || # it takes CR and LF off the ends of attachments
        pair zeep "$zeep" "$name" reads zeep "$name"
    pair dicer "$node" "$name" reads dicer "$name"
    pair multipart-parser "$node" "$name" reads multipart-parser "$name"
    [ "$name" = one ] || pair tshark "$tshark" "$name" tshark_reads "$name"
done
readers="email.parser zeep MIME::Parser dicer multipart-parser"
for way in quoting last-delimiter end; do
    pair "three of them" "${python:+${perl:+${zeep:+$node}}}" "notice a broken message: $way" \
        notice "$way"
done
pair email.parser "$python" "messages, sound and damaged" \
    reads_alike email.parser python3 "$here/oracles/read_email.py"
pair GMime "$gmime" "messages, sound and damaged" \
    reads_alike GMime "$scratch/read_gmime"
pair nginx "$nginx" "256 MiB through it, its refusals, certificates" \
    sh "$here/nginx.sh" "$build"
pair gSOAP "$gsoap" "gets files" gets_files "$scratch/gsoap_get_file/get_file"
pair zeep "$zeep" "gets files" \
    gets_files /usr/bin/python3 "$here/file_service/get_zeep.py" "$wsdl"
pair node-soap "$node_soap" "gets files" gets_files node "$modules/get_file.mjs" "$wsdl"
pair curl "$curl" "prints what it has packed" prints curl
pair email "$python" "prints what it has packed" prints email_package
pair toolbelt "$toolbelt" "prints what it has packed" prints toolbelt
pair gSOAP "$gsoap" "prints what it has packed" \
    prints "$scratch/gsoap_send_document/send_document"
pair node-soap "$node_soap" "prints what it has packed" \
    prints node "$modules/send_document.mjs" "$here/print/print.wsdl"
pair nginx "$nginx" "in front of devices, two of them in turn" \
    sh "$here/balance.sh" "$build" nginx
pair Apache "$apache" "in front of devices, two of them in turn" \
    sh "$here/balance.sh" "$build" apache
for image in page.png page.jpg grey.png large.bmp; do
    pair sane-airscan "$sane" "$image from a flatbed" scans flatbed "$image"
done
pair sane-airscan "$sane" "three pages from a feeder" scans feeder page.jpg
pair sane-airscan "$sane" "Ctrl-C, and the next scan" scans interrupt page.png
pair vsftpd "$vsftpd" "FTP with wininet.h" \
    sh "$here/ftp/serve.sh" vsftpd "$build/tests/ftp_uploads"
pair pure-ftpd "$pure_ftpd" "FTP with wininet.h" \
    sh "$here/ftp/serve.sh" pure-ftpd "$build/tests/ftp_uploads"
pair mingw-w64 "$mingw" "the usual WinINet program, compiled" \
    sh tests/install/wininet_pattern.sh compile
pair wininet.h ours "4.5 GiB over HTTP, in less than 16 MiB" \
    "$build/tests/wininet_large" http 4608 16384
pair wininet.h ours "2.5 GiB over FTP, in less than 16 MiB" \
    "$build/tests/wininet_large" ftp 2560 16384
pair wsd-receiver "$time" "1 GiB, in less than 16 MiB" sh "$here/memory.sh" "$build"

printf '\n%-4s  %-16s  %-8s  %s\n' "" Peer Version Message
cat "$scratch/table"
! grep -q '^FAIL' "$scratch/table"
