#!/bin/sh
# Compares the binary interface with that of the last release, the newest tag v...: as long as
# the SONAME is the same nothing that programs use may be gone or other.
# Run as: sh tests/abi.sh
set -eu
cd "$(dirname "$0")/.."
if ! tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null); then
    echo "There is no release to compare the binary interface with."
    exit 0
fi
sh cmake/packages.sh build package-test
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/source"
git archive "$tag" | tar -x -C "$scratch/source"

build() { # SOURCE BUILD
    echo "Building $1"
    { cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DBUILD_SHARED_LIBS=ON -DWSDATTACH_BUILD_TESTS=OFF -DWSDATTACH_BUILD_EXAMPLES=OFF &&
        cmake --build "$2"; } >"$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
}
build "$scratch/source" "$scratch/was"
build . "$scratch/is"

status=0
for library in libwsdattach.so libwsdattach-service.so; do
    was=$scratch/was/src/$library is=$scratch/is/src/$library
    if [ "$(readlink "$was")" != "$(readlink "$is")" ]; then
        echo "$library: $(readlink "$was") in $tag, now $(readlink "$is")"
    elif abidiff --no-added-syms --suppressions tests/abi.suppr \
        --headers-dir1 "$scratch/source/include" --headers-dir2 include "$was" "$is"; then
        echo "$library: as in $tag"
    else
        echo "$library: other than in $tag, with the same SONAME"
        status=1
    fi
done
exit $status
