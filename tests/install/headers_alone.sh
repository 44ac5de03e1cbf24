#!/bin/sh
# Compiles each public header alone, as C11 and as C++17, with every compiler that is here.
# Usage: headers_alone.sh <include folder>
set -u
include=${1:?usage: headers_alone.sh <include folder>}
compat=$include/compat
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only'
ran=0
failed=0

# check <compiler> <language> <standard> <header suffixes>
check()
{
    compiler=$1 language=$2 standard=$3
    shift 3
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "SKIP $compiler is not installed"
        return
    fi
    for suffix; do
        for header in "$include"/*."$suffix" "$compat"/*."$suffix"; do
            [ -e "$header" ] || continue
            # Twice: a header must also bear to be included again.
            if printf '#include <%s>\n#include <%s>\n' "${header##*/}" "${header##*/}" |
                "$compiler" -x "$language" -std="$standard" $warnings -I"$include" -I"$compat" -; then
                echo "PASS $compiler -std=$standard ${header##*/}"
            else
                echo "FAIL $compiler -std=$standard ${header##*/}"
                failed=1
            fi
            ran=$((ran + 1))
        done
    done
}

check gcc c c11 h
check clang c c11 h
check g++ c++ c++17 h hpp
check clang++ c++ c++17 h hpp

if [ "$ran" -eq 0 ]; then
    echo "FAIL nothing was compiled"
    exit 1
fi
exit "$failed"
