#!/bin/sh
# Gets files from wsd-file-service with another program, and the fault for one that is not
# there.
# Usage: get_files.sh BUILD_FOLDER COMMAND FILE...
# COMMAND: words; gets a URL and a name behind them.
usage="usage: get_files.sh BUILD_FOLDER COMMAND FILE..."
build=${1:?$usage} command=${2:?$usage}
shift 2

. "$(dirname "$0")/../scratch.sh"

mkdir "$scratch/files"
cp "$@" "$scratch/files"
start service "$build/examples/wsd-file-service" --port 0 --dir "$scratch/files"

for file; do
    # shellcheck disable=SC2086 # words
    timeout 60 $command "$url" "$(basename "$file")" >"$scratch/got"
    cmp "$file" "$scratch/got"
done
# shellcheck disable=SC2086 # words
! timeout 60 $command "$url" missing >"$scratch/fault.log" 2>&1 &&
    grep -F "There is no such file." "$scratch/fault.log"
