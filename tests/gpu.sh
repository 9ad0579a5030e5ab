#!/bin/bash
# On a machine with a GPU: every kernel against the specification, a whole run twice (the same
# bytes), and the same run on the cpu (the same report within a tolerance).
#   SAEINV=PROGRAM tests/gpu.sh BUILD_FOLDER
# shellcheck disable=SC2016  # $ is of awk
build=${1:?the build folder}
# shellcheck source=tests/cli/lib.sh
source tests/cli/lib.sh
needs_model 'runs on a GPU'
fresh=(--set collect.use_cached_data=false)
tolerance=${TOLERANCE:-0.001}

CMOCKA_MESSAGE_OUTPUT=TAP "$build/tests/compute/test_cuda" >"$work/kernels" 2>&1
status=$?
cat "$work/kernels"
if grep -q '# SKIP' "$work/kernels"; then
    skip 'a GPU' "$(sed -n 's/.*# SKIP //p' "$work/kernels")"
    finish
fi
holds 'the kernels' test $status -eq 0

for report in one two; do
    succeeds "a run on the GPU, number $report" -- run "${quick[@]}" "${fresh[@]}" --device cuda --out "$work/$report"
done
holds 'the same bytes' same_report "$work/one" "$work/two"
succeeds 'on the cpu' -- run "${quick[@]}" "${fresh[@]}" --device cpu --out "$work/cpu"

# All that is measured is the same within the tolerance, and every found text to the letter. The map
# is apart: UMAP turns the last bits of its input into other places, and clusters are found on it.
map_metrics='silhouette|noise_share|clusters|neighbour_overlap|trustworthiness'
saeinv compare --tolerance "$tolerance" "$work/one" "$work/cpu" --out "$work/compared"
cat "$work/out"
holds 'the reports can be compared' test -s "$work/compared/data/metrics.csv"
holds 'the metrics but the map'\''s are the same' awk -F, -v map="^($map_metrics)$" '
    NR > 1 && $NF != "same" && $1 !~ map {print; bad = 1} END {exit bad || NR < 20}' "$work/compared/data/metrics.csv"
holds 'the same texts' awk -F, '
    NR == 1 {for (i = 1; i <= NF; i++) if ($i == "texts") at = i}
    NR > 1 && $at != 0 {print; bad = 1} END {exit bad || !at || NR < 2}' "$work/compared/data/targets.csv"
[ -z "${KEEP-}" ] || cp -r "$work" "$KEEP"
finish
