#!/bin/sh
# Makes the reference of the public headers, by Doxygen: DIRECTORY/html, and in
# DIRECTORY/man a page for each header, structure and public function, and by help2man for
# each PROGRAM.  Fails at a warning, and when a public function has no page; ends with 77
# when a tool is missing.  All paths are absolute.
# Run as: sh docs.sh DOXYFILE DIRECTORY [PROGRAM...]
set -eu
symbols=$(cat "$(dirname "$0")"/*.symbols)
doxyfile=$1 DOCS=$2
export DOCS
shift 2

for tool in doxygen groff help2man; do
    if ! command -v $tool >/dev/null; then
        echo "docs.sh: there is no $tool; on Debian, run: sh cmake/packages.sh docs" >&2
        exit 77
    fi
done
rm -rf "$DOCS/html" "$DOCS/man"
mkdir -p "$DOCS/man/man1"
doxygen "$doxyfile"
# whatis takes no "<" for a part of a name.
sed -i.old '/^\.SH NAME/{n;s/^\([^ ]*\)< [^>]* >/\1/;}' "$DOCS"/man/man3/wsd_*.3
rm "$DOCS"/man/man3/*.old

readable() { # PAGE...
    for page; do
        warnings=$(groff -k -man -ww -z -Tutf8 "$page" 2>&1)
        [ -z "$warnings" ] || { echo "$warnings" >&2 && exit 1; }
    done
}
readable "$DOCS"/man/man3/*

# A function's page is that of its header: Doxygen's own links would be for fields, too.
cd "$DOCS/man/man3"
link() { echo ".so man3/$2" >"$1.3"; }
for symbol in $symbols; do
    case $symbol in
    IID_* | wsd_iid_*) continue ;; # no functions
    wsd_[[:upper:]]*) name=${symbol#wsd_} ;; # the linker's name of one that is Windows'
    *) name=$symbol ;;
    esac
    page=$(grep -lE "^\.SS .*[ (*]${name}[ )]" ./*.h.3) ||
        { echo "docs.sh: $name has no page" >&2 && exit 1; }
    link "$name" "${page#./}"
done
for interface in IWSDAttachment IWSDOutboundAttachment IWSDInboundAttachment; do
    link $interface ${interface}Vtbl.3
done

first_sentence() { # behind the usage, whose further lines are indented
    awk '!NF { exit }
         NR > 1 && /^[^ ]/ { text = text (text ? " " : "") $0 }
         END { sub(/[.:]( .*|$)/, "", text); print text }'
}
for program; do
    name=$(basename "$program")
    summary=$("$program" --help | first_sentence)
    help2man --no-info --name "$summary" "$program" >"../man1/$name.1"
    readable "../man1/$name.1"
done
