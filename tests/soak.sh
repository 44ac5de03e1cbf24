#!/bin/sh
# Thousands of transfers of all kinds, every second one with a fault by chance: all that
# torture.sh looks for, and memory that grows.
# Run as: sh tests/soak.sh [MINUTES]     (default: 10)
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh build test
cmake --preset debug
cmake --build --preset debug --target torture
GLIBC_TUNABLES=glibc.malloc.tcache_count=0
export GLIBC_TUNABLES
exec build/debug/tests/torture -m "${1:-10}"
