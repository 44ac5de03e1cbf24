#!/bin/sh
# Someone who has installed the library and reads README.md: the programs and the commands
# that stand there, taken as they are into an empty folder.
# Run as: sh newcomer.sh README [PREFIX]       absolute; where it is installed, if not in /usr
# CC, CXX and CFLAGS stand for the compilers and their flags, as with make.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
readme=$1 prefix=${2-}
if [ -n "$prefix" ]; then
    files=$(dirname "$(find "$prefix" -name wsdattach.pc)")
    export PKG_CONFIG_PATH="$files" LD_LIBRARY_PATH="${files%/*}"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

awk -f "$here/readme.awk" "$readme"
mv readme_1.c sender.c
mv readme_2.c device.c
mv readme_1.cpp sender.cpp

# commands NAME STAND_IN
commands() { sed -n "s|^    $1 |$2 ${CFLAGS-} |p" "$readme"; }

commands cc "${CC:-cc}" | sh -eux
mv sender sender_in_c
commands c++ "${CXX:-c++}" | sh -eux
sh "$here/readme.sh" ./sender_in_c ./sender ./device
