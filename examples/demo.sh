#!/bin/sh
# Prints a document of more than 64 MiB on wsd-virtual-printer on this machine, and compares
# what it kept.  Installs what is missing, and builds first.
# Run as: sh examples/demo.sh      (in any folder; needs no network once all is installed)
set -eu
cd "$(dirname "$0")/.."
build=build/release

scratch=$(mktemp -d)
printer=
finish() {
    status=$?
    [ -z "$printer" ] || kill "$printer" 2>/dev/null || :
    rm -rf "$scratch"
    [ "$status" -eq 0 ] || echo "FAIL: the demonstration ended with status $status"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A PostScript document: a table of squares, roots, sines and logarithms, 60 numbers a page.
make_document() {
    LC_ALL=C awk -v least=67108864 '
        function put(line) { bytes += length(line) + 1; print line }
        BEGIN {
            put("%!PS-Adobe-3.0")
            put("%%Title: Squares, roots, sines and logarithms")
            put("%%DocumentMedia: A4 595 842 0 () ()")
            put("%%Pages: (atend)")
            put("%%EndComments")
            put("/line { 40 y moveto show /y y 12.5 sub def } def")
            while (bytes < least) {
                put("%%Page: " ++page " " page)
                put("/Courier findfont 9 scalefont setfont /y 800 def")
                put("(Page " page ": n, n^2, sqrt(n), sin(n), ln(n)) line")
                for (row = 1; row <= 60; row++) {
                    n++
                    put(sprintf("(%9d  %22.0f  %20.12f  %15.12f  %16.12f) line",
                                n, n * n, sqrt(n), sin(n), log(n)))
                }
                put("showpage")
            }
            put("%%Trailer")
            put("%%Pages: " page)
            put("%%EOF")
        }'
}

wait_for_file() {
    tries=100
    until [ -s "$1" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] && kill -0 "$printer" || return 1
        sleep 0.1
    done
}

echo "== Building"
sh cmake/packages.sh build test
cmake --preset release >"$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
cmake --build --preset release --target wsd-print wsd-virtual-printer >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" && exit 1; }

echo "== Making a document"
make_document >"$scratch/document.ps"

echo "== Printing it"
mkdir "$scratch/jobs"
"$build/examples/wsd-virtual-printer" --port-file "$scratch/port" --dir "$scratch/jobs" &
printer=$!
wait_for_file "$scratch/port"
"$build/examples/wsd-print" --format application/postscript \
    "http://127.0.0.1:$(cat "$scratch/port")/print" "$scratch/document.ps"

cmp "$scratch/document.ps" "$scratch/jobs/job-1.ps"
bytes=$(wc -c <"$scratch/jobs/job-1.ps")
echo "PASS: $((bytes)) bytes printed, identical"
