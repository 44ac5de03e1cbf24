#!/bin/sh
# Sees to it that what a purpose needs is there.  Run as: sh cmake/packages.sh PURPOSE...
# On Debian, as root or with sudo, it installs what is missing; elsewhere it says what is
# missing and ends with 1.
set -eu

# A purpose's needs, by the names of Debian's packages.
packages_for() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config \
            libcurl4-openssl-dev libmicrohttpd-dev libxml2-dev
        ;;
    test) # without certificates TLS fails before it begins
        echo g++ libcmocka-dev libglib2.0-dev libuv1-dev ca-certificates curl openssl \
            locales python3 time valgrind
        ;;
    cross) # other machines' compilers and emulators, and what gets their libraries
        echo g++-aarch64-linux-gnu g++-arm-linux-gnueabihf g++-s390x-linux-gnu \
            mmdebstrap qemu-user
        ;;
    bench) echo gsoap libgsoap-dev ;; # what it is compared with
    clang) echo clang libclang-rt-dev ;; # the tests with clang
    format) echo clang-format ;;
    analysis) echo clang-tidy cppcheck ;;
    docs) echo doxygen groff-base help2man ;;
    model) echo spin ;;
    package) echo dpkg-dev file g++ ;; # with docs, what the preset of this name needs
    package-test) echo abigail-tools lintian mmdebstrap ;;
    interop)
        echo apache2-bin gcc-mingw-w64-x86-64-win32 gsoap imagemagick libgmime-3.0-dev \
            libgsoap-dev libmime-tools-perl libsodium23 libssl-dev nginx-light nodejs npm \
            openssl python3 python3-zeep sane-airscan sane-utils tshark vsftpd
        ;;
    *) echo "packages.sh: no such purpose: $1" >&2 && exit 2 ;;
    esac
}

# Is what the package is needed for there, wherever it came from?
is_there() {
    case $1 in
    abigail-tools) has abidiff ;;
    apache2-bin) has apache2 ;;
    ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
    libc6-dev) compiles gcc ;;
    libclang-rt-dev) compiles clang -fsanitize=address,undefined ;;
    libcmocka-dev) has_library cmocka ;;
    libcurl4-openssl-dev) has_library libcurl ;;
    libglib2.0-dev) has_library glib-2.0 ;;
    libgmime-3.0-dev) has_library gmime-3.0 ;;
    libgsoap-dev) has_library gsoap ;;
    libmicrohttpd-dev) has_library libmicrohttpd ;;
    libmime-tools-perl) perl -MMIME::Parser -e 1 2>/dev/null ;;
    libsodium23) PATH=$PATH:/sbin ldconfig -p | grep -q libsodium.so.23 ;;
    libssl-dev) has_library libssl ;;
    libuv1-dev) has_library libuv ;;
    libxml2-dev) has_library libxml-2.0 ;;
    locales) [ -e /usr/share/i18n/locales/tr_TR ] ;;
    g++-*-linux-*) has "${1#g++-}-g++" ;;
    qemu-user) has qemu-s390x ;;
    clang) has clang && has clang++ ;;
    dpkg-dev) has dpkg-shlibdeps ;;
    gcc-mingw-w64-x86-64-win32) has x86_64-w64-mingw32-gcc ;;
    gsoap) has soapcpp2 ;;
    groff-base) has groff ;;
    imagemagick) has compare ;;
    nginx-light) has nginx ;;
    ninja-build) has ninja ;;
    nodejs) has node ;;
    python3-zeep) /usr/bin/python3 -c 'import zeep' 2>/dev/null ;;
    sane-airscan) has airscan-discover ;;
    sane-utils) has scanimage ;;
    time) env time true 2>/dev/null ;; # a shell may have its own
    *) has "$1" ;;
    esac
}

has() { command -v "$1" >/dev/null 2>&1; }
has_library() { has pkg-config && pkg-config --exists "$1"; }

compiles() {
    program=$(mktemp)
    if printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' |
        "$@" -x c -o "$program" - 2>/dev/null; then
        rm -f "$program"
    else
        rm -f "$program"
        return 1
    fi
}

find_missing() {
    missing=
    for package in $needed; do
        is_there "$package" || missing="$missing $package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian gives this package a version in its name: that of its default clang.
with_version() {
    version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
    echo "$1" | sed "s/libclang-rt-dev/libclang-rt-$version-dev/"
}

needed=
for purpose; do
    packages=$(packages_for "$purpose")
    needed="$needed $packages"
done

find_missing
[ -n "$missing" ] || exit 0
if has apt-get && as_root true 2>/dev/null; then
    echo "Installing:$missing"
    as_root apt-get -qq update </dev/null
    # shellcheck disable=SC2046 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
        --no-install-recommends $(with_version "$missing") </dev/null >/dev/null
    find_missing
    [ -n "$missing" ] || exit 0
fi
echo "Missing, by the names of Debian's packages:$missing" >&2
echo "Install them, or run this as root on a Debian system." >&2
exit 1
