#!/bin/bash
# saeinv export: a real report in other programs' formats; what was mistyped or is in the way is said.
source tests/cli/lib.sh
needs_model 'export'
report=$work/report

refuses 'no format' 'format' -- export "$report" --out "$work/x"
refuses 'no place' '--out' -- export --saedashboard "$report"
refuses 'no report' 'report folder' -- export --saedashboard --out "$work/x"
refuses 'a report that is not there' 'nowhere/run\.json' -- export --saedashboard "$work/nowhere" --out "$work/x"
refuses 'a mistyped format' '--saedashboard' -- export --saedashbord "$report" --out "$work/x"
holds 'nothing was made' test ! -e "$work/x"

succeeds 'a run' -- run "${quick[@]}" --out "$report"
before=$(fingerprint "$report")
formats=(neuronpedia saedashboard delphi)
for format in "${formats[@]}"; do
    succeeds "$format: features, and what stays empty" '3 features' 'empty|not written' \
        -- export "--$format" "$report" --out "$work/$format"
    succeeds "$format: the same again" -- export "--$format" "$report/" --out "$work/again/"
    holds "$format: the same bytes" diff -r "$work/$format" "$work/again"
    rm -r "$work/again"
done
holds 'the report is untouched' test "$(fingerprint "$report")" = "$before"
refuses 'an export in the way' '--force' -- export --saedashboard "$report" --out "$work/saedashboard"
succeeds '--force replaces it' -- export --saedashboard --force --model m --set s "$report" --out "$work/saedashboard"
holds 'under the ids that were given' grep -q '^{"model_id":"m","layer":2,"sae_set":"s"' "$work/saedashboard/batch-0.json"
refuses 'an id of other characters' '--model a/b' -- export --saedashboard "$report" --out "$work/y" --model a/b
refuses 'a report is never replaced' 'not an export' -- export --saedashboard --force "$report" --out "$report"
finish
