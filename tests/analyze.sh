#!/bin/sh
# Static analysis of src: cppcheck, gcc's analyzer, all of clang's warnings, clang-tidy.  Ends
# with 1 at findings.
# Run as: sh tests/analyze.sh
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh build test clang analysis
cmake --preset debug >/dev/null

echo "== cppcheck"
cppcheck --quiet --std=c11 --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --inline-suppr --error-exitcode=1 \
    -D_POSIX_C_SOURCE=200809L -D__linux__ -I src -I include src

echo "== gcc -fanalyzer, and frames for small stacks"
# shellcheck disable=SC2046 # a list of words
find src -name '*.c' | while read -r file; do
    gcc -fanalyzer -Wframe-larger-than=4096 -Werror -std=c11 -D_POSIX_C_SOURCE=200809L -I src -I include \
        $(pkg-config --cflags libxml-2.0) -c "$file" -o /dev/null
done

echo "== clang -Weverything"
version=$(clang -dumpversion | sed 's/[.].*//')
if [ "$version" = 14 ]; then
    but=$(sed 's/ *#.*//' <<'END'
-Wno-atomic-implicit-seq-cst        # that order is meant
-Wno-cast-qual                      # parameters of libraries that lack a const
-Wno-conditional-uninitialized      # set where a call returns S_OK: gcc's analyzer follows that
-Wno-disabled-macro-expansion       # libcurl's macros, named as its functions
-Wno-documentation                  # comments are Doxygen's, which has a test
-Wno-documentation-unknown-command  # the same
-Wno-padded                         # layouts are Windows', or nobody's business
-Wno-reserved-identifier            # Windows' names
-Wno-reserved-macro-identifier      # the same
-Wno-switch-enum                    # a default stands for the others
END
    )
    # shellcheck disable=SC2046,SC2086 # lists of words
    find src -name '*.c' -print0 | xargs -0 -n 1 clang -Weverything $but -Werror -std=c11 \
        -D_POSIX_C_SOURCE=200809L -I src -I include -fsyntax-only \
        $(pkg-config --cflags libxml-2.0 | sed 's/-I/-isystem /g')
    # In C++ the macros cast as C does, and no file of ours could keep a class's table.
    # shellcheck disable=SC2086
    clang++ -Weverything $but -Wno-c++98-compat -Wno-c++98-compat-pedantic \
        -Wno-old-style-cast -Wno-weak-vtables -Werror -std=c++17 -I include -fsyntax-only \
        -include wsdattach.hpp -include wsd_service.h -include wininet.h -x c++ /dev/null
else
    echo "skipped: each version warns of more, 14 counts, this is $version"
fi

echo "== clang-tidy"
find src -name '*.c' -print0 | xargs -0 clang-tidy -p build/debug --quiet
echo "PASS: static analysis"
