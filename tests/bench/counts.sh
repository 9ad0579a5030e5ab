#!/bin/bash
# counts.sh [accept]: instructions of the hot paths at small fixed sizes, as callgrind counts them,
# beside those in counts.txt; `accept` writes that file anew. Fails when one has grown by more than
# 5 %. Built for x86-64-v3, so that machines differ little; compilers do, and counts.txt names its.
set -u
cd "$(dirname "$0")/../.." || exit 1
readonly build=build/counts kept=tests/bench/counts.txt
command -v valgrind >/dev/null || { echo 'counts.sh: valgrind is not installed'; exit 2; }
make --no-print-directory ARCH=x86-64-v3 BUILD=$build $build/tests/bench/hot_paths || exit 2

# count NAME: instructions of the whole program.
count() {
    OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell valgrind --tool=callgrind \
        --callgrind-out-file=/dev/null $build/tests/bench/hot_paths "$1" 2>&1 |
        sed -n 's/.*Collected : //p'
}

nothing=$(count nothing)
found="# $(cc --version | head -n 1), x86-64-v3"$'\n' status=0
for name in product encode step hdbscan umap; do
    n=$(($(count "$name") - nothing))
    found+="$name $n"$'\n'
    before=$(sed -n "s/^$name //p" $kept 2>/dev/null)
    ratio=$(awk -v n="$n" -v b="${before:-0}" 'BEGIN {if (b) printf "%.3f", n / b; else print "new"}')
    printf '%-10s %14d %14s %8s\n' "$name" "$n" "${before:--}" "$ratio"
    awk -v r="$ratio" 'BEGIN {exit !(r != "new" && r > 1.05)}' && status=1
done
if [ "${1-}" = accept ]; then
    printf '%s' "$found" >$kept
    exit 0
fi
[ $status = 0 ] || echo 'counts.sh: a path takes more instructions than it did'
exit $status
