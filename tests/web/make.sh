#!/bin/bash
# tests/web/make.sh FOLDER TEST_SITE: makes anew what the tests of the pages look at: a small run, its
# comparison with another, the index of the folder they lie in, and the run as one file; the
# comparison with a run of another SAE; the sample as one file; and the same of two made-up reports of
# tests/site/test_site.c (TEST_SITE), one full of hostile texts.
source tests/cli/lib.sh
set -e
made=$1
rm -rf "$made"
mkdir -p "$made/reports"

compare_to() {
    local status=0
    "$SAEINV" compare --quiet "$1" "$2" --out "$3" || status=$?
    [ $status -eq 1 ] # they differ
}

small=("${quick[@]}" --set "collect.cache_dir=$made/cache")
"$SAEINV" run --quiet "${small[@]}" --single-file "$made/run.html" --out "$made/reports/run"
"$SAEINV" run --quiet "${small[@]}" --set explain.max_steps=4 --set select.max_features=4 --out "$made/reports/other"
compare_to "$made/reports/run" "$made/reports/other" "$made/reports/comparison"
"$SAEINV" index --quiet "$made/reports"

# Of another SAE is what names another: targets are then matched by their decoder rows.
cp -r "$made/reports/other" "$made/other-sae"
sed -i '/"sae": {/,/}/ s/"sha256": "[0-9a-f]*"/"sha256": "'"$(printf '%064d' 1)"'"/' "$made/other-sae/run.json"
compare_to "$made/reports/run" "$made/other-sae" "$made/saes"
grep -q '"matched_by": "decoder' "$made/saes/compare.json"

# A whole report as one file has as many elements as one ever has of a dozen targets.
cp -r reports/sample "$made/sample"
"$SAEINV" render --single-file "$made/sample.html" "$made/sample" >/dev/null

SAEINV_KEEP_SITE=$made "$2" >"$work/out" 2>&1 || {
    cat "$work/out"
    exit 1
}
"$SAEINV" render --single-file "$made/hostile.html" "$made/hostile" >/dev/null
compare_to "$made/usual" "$made/hostile" "$made/hostile-comparison"
