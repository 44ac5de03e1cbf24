#!/bin/sh
# The Debian packages: makes them, has lintian look at them, and installs them on a clean root
# of this Debian, where there is nothing else that they need: there tools print a document,
# and other projects' programs and those of README.md are built.
# Run as: sh tests/install/packages.sh      (needs the network; as root, or with user namespaces)
set -eu
cd "$(dirname "$0")/../.."
packages=build/package

sh cmake/packages.sh build docs package package-test
rm -f "$packages"/*.deb
cmake --preset package
cmake --build --preset package
lintian --allow-root --fail-on error,warning "$packages"/*.deb

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/packages"
cp -R "$packages"/*.deb tests/install tests/examples "$scratch/packages"
cat >"$scratch/packages/on_clean_root.sh" <<'END'
set -eux
install() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
        </dev/null >/dev/null
}
cd /packages

install ./wsdattach-tools_*.deb ./libwsdattach0.1_*.deb ./libwsdattach-service0.1_*.deb
head -c 1000000 /dev/urandom >document
wsd-virtual-printer --port-file port --dir . &
printer=$!
tries=100
until [ -s port ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ]
    sleep 0.1
done
wsd-print --format application/postscript "http://127.0.0.1:$(cat port)/print" document
kill "$printer"
cmp document job-1.ps

install ./libwsdattach-dev_*.deb gcc libc6-dev pkg-config
cc install/consumer/consumer.c -o consumer $(pkg-config --cflags --libs wsdattach)
./consumer
cc install/consumer/device.c -o device $(pkg-config --cflags --libs wsdattach-service)
./device

install g++ cmake make
cmake -S install/consumer -B find_package -DWAY=find_package
cmake --build find_package
find_package/consumer_cxx
find_package/wininet
find_package/device
sh install/newcomer.sh /usr/share/doc/libwsdattach-dev/README.md
END

# shellcheck disable=SC2016 # $1 is the root
if ! mmdebstrap --variant=apt --format=null \
    --customize-hook="touch $scratch/is_there" \
    --customize-hook="copy-in $scratch/packages /" \
    --customize-hook='env -i PATH="$PATH" chroot "$1" sh /packages/on_clean_root.sh' \
    "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" /dev/null; then
    [ ! -e "$scratch/is_there" ] && [ "${CI-}" != true ] || exit 1
    echo "SKIP: no clean root can be made here"
    exit 0
fi
echo "PASS: the packages"
