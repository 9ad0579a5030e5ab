#!/bin/bash
# On a machine with a GPU: every kernel against the specification, a whole run twice (the same
# bytes), and the same run on the cpu (the same report within a tolerance).
#   SAEINV=PROGRAM tests/gpu.sh BUILD_FOLDER
build=${1:?the build folder}
source tests/cli/lib.sh
needs_model 'runs on a GPU'
fresh=(--set collect.use_cached_data=false)
tolerance=${TOLERANCE:-0.001}

CMOCKA_MESSAGE_OUTPUT=TAP "$build/tests/compute/test_cuda" >"$work/kernels" 2>&1
status=$?
cat "$work/kernels"
if grep -q '^SKIPPED' "$work/kernels"; then
    skip 'a GPU' "$(sed -n 's/^SKIPPED: //p' "$work/kernels")"
    finish
fi
holds 'the kernels' test $status -eq 0

for report in one two; do
    succeeds "a run on the GPU, number $report" -- run "${quick[@]}" "${fresh[@]}" --device cuda --out "$work/$report"
done
holds 'the same bytes' same_report "$work/one" "$work/two"
succeeds 'on the cpu' -- run "${quick[@]}" "${fresh[@]}" --device cpu --out "$work/cpu"
succeeds 'the same report within the tolerance' -- compare --tolerance "$tolerance" "$work/one" "$work/cpu" --out "$work/compared"
[ -z "${KEEP-}" ] || cp -r "$work" "$KEEP"
finish
