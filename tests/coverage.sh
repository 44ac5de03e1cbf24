#!/bin/sh
# Which lines and branches of src the tests run: a table of its files, then every line that
# none has run.     Run as: sh tests/coverage.sh [CTEST-OPTION...]
set -eu
cd "$(dirname "$0")/.."
sh cmake/packages.sh build test
cmake --preset coverage >/dev/null
cmake --build --preset coverage
find build/coverage -name '*.gcda' -exec rm -f {} +
# These would count gcov's work, or lack its library.
ctest --preset coverage -j2 -E 'install/|check/symbols|unit/mime/linear_work' "$@"
build/coverage/tests/torture -a >build/coverage/torture.log # the lines for what may not be had

cd build/coverage # what gcov finds the sources from
rm -rf report
mkdir report
find src -path '*objects.dir*' -name '*.gcda' | while read -r data; do
    gcov -b -p "$data" >>report/summary 2>/dev/null
done
mv ./*.gcov report
cd report
awk '
    /^File / { file = $0; sub(/^File ./, "", file); sub(/.$/, "", file) }
    /^Lines executed/ { split($0, part, /[:% ]+/); lines = part[3]; of_lines = part[5] }
    /^Branches executed/ { is_branchy = 1 }
    /^Taken at least once/ { split($0, part, /[:% ]+/); taken = part[5]; of_taken = part[7] }
    /^No branches/ { taken = 100; of_taken = 0 }
    /^Creating/ && file ~ /\/src\/[a-z_]+\/[a-z0-9_]+\.c$/ {
        sub(/.*\/src\//, "src/", file)
        printf "%6.2f %% of %4d lines  %6.2f %% of %4d branches  %s\n", lines, of_lines, taken, of_taken, file
        all += of_lines; hit += lines * of_lines / 100
        all_taken += of_taken; hit_taken += taken * of_taken / 100
    }
    END { printf "%6.2f %% of %d lines, %6.2f %% of %d branches: src\n", 100 * hit / all, all, 100 * hit_taken / all_taken, all_taken }
' summary
echo "Lines that no test has run:"
awk -F: '$1 ~ /#####/ {
    file = FILENAME; sub(/.*#src#/, "src/", file); sub(/\.gcov$/, "", file); gsub(/#/, "/", file)
    line = $0; sub(/^[^:]*:[^:]*:/, "", line); print file ":" $2 + 0 ":" line
}' ./*'#src#'*.c.gcov
