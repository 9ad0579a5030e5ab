#!/bin/bash
# The search for real tokens in whole runs: what it promises of every target, what its keys change,
# and the same bytes with one thread or two, one feature at a time or together, stopped and resumed.
# shellcheck disable=SC2317  # holds calls the functions
source tests/cli/lib.sh
needs_model 'the search for real tokens'
cached=(--set "collect.cache_dir=$work/cache")
search=(--set collect.n_prompts=80 --set search.effort=standard --set search.restarts=4
    --set search.iterations=6 --set search.sweep_tokens=2 --set search.single_tokens=0)

# chain REPORT MEMBER: of every target's chain; an empty line where it has no value.
chain() {
    awk -v name="\"$2\":" '/"chain": / { inside = 1 }
        inside && $1 == name { sub(",", "", $2); print $2 == "null" ? "" : $2; inside = 0 }' \
        "$1"/data/targets/*.json
}
warm_reaches_its_window() {
    paste <(chain "$1" warm) <(chain "$1" data_window) |
        awk '{ print } !($2 > 0 && $1 >= $2 - 1e-5) { bad = 1 } END { exit bad || NR != 3 }'
}
# Not the nearest tokens of free vectors, which nothing keeps from being broken pieces.
texts_read_back() {
    awk '/"kind": / { kind = $2 } /"retokenizes": / && kind != "\"projected\"," {
            print kind, $2; n++; if ($2 != "true,") bad = 1 }
        END { exit bad || n < 12 }' "$1"/data/targets/*.json
}
tflop() { awk '$1 == "\"tflop\":" { n += $2 } END { print n }' "$1"/data/targets/*.json; }
differs() { ! cmp -s "$work/whole/data/targets.csv" "$1/data/targets.csv"; }
says() { grep -qE -e "$2" "$1" || ! echo "no match for: $2"; }
# The same but where the config is listed, as a whole or as the command.
same_but_the_config() {
    local listed='MANIFEST.sha256 README.md index.html method.html method.md run.json '
    [ "$(diff -rq -x volatile "$1" "$2" | awk '{ sub(".*/", "", $2); print $2 }' | sort | tr '\n' ' ')" = "$listed" ] ||
        { diff -rq -x volatile "$1" "$2" && false; }
}

succeeds 'a search' 'search +3 features, standard effort: about .* TFLOP' 'TFLOP spent' \
    -- run "${quick[@]}" "${search[@]}" "${cached[@]}" --out "$work/whole"
holds 'its report is whole' tests/check_report.sh "$work/whole"
holds 'no target ends below its window' warm_reaches_its_window "$work/whole"
holds 'what was found reads back as it is written' texts_read_back "$work/whole"
holds 'every feature has its best token' \
    awk -F, 'NR > 1 && /,-1,,[^,]*,-?[0-9]+,(true|false),/ { exit 1 } END { exit NR < 4097 }' \
    "$work/whole/data/features.csv"

# another NAME HOW SETTING...: it is another search, and the report says which. What does not depend
# on the settings is kept from before.
another() {
    local name=$1 how=$2 settings=() setting key
    shift 2
    for setting; do settings+=(--set "$setting"); done
    succeeds "$name" "search +3 features, $how: about" \
        -- run "${quick[@]}" "${search[@]}" "${cached[@]}" "${settings[@]}" --out "$work/$name"
    holds "$name: other results" differs "$work/$name"
    for setting; do
        key=${setting%%=*}
        holds "$name: the method page says so" says "$work/$name/method.md" \
            "^\| \`${key#*.}\` \| \*\*${setting#*=}\*\*"
    done
}
another warm 'warm effort' search.effort=warm search.readout=last
holds 'warm: nothing is sought without the data' test -z "$(chain "$work/warm" cold | tr -d '\n')"
holds 'warm: no target ends below its window' warm_reaches_its_window "$work/warm"
holds 'warm: read at the last of all tokens' \
    awk -F, '/"kind": "warm"/ { warm = 1 } warm && /"ids": / { if (NF != 11) exit 1; warm = 0; n++ }
        END { exit n != 3 }' <(cat "$work"/warm/data/targets/*.json)
for method in gcg epo; do
    another $method $method search.method=$method
    holds "$method: the report calls it so" says "$work/$method/data/search.json" "\"effort\": \"$method\""
done

another less 'standard effort' search.budget_tflop=0.006
holds 'less: less is spent' awk "BEGIN { exit !($(tflop "$work/less") < $(tflop "$work/whole")) }"
holds 'less: no target ends below its window' warm_reaches_its_window "$work/less"
another hurried 'thorough effort' search.effort=thorough search.iterations=100000 search.budget_seconds=1
holds 'hurried: the best so far is kept' warm_reaches_its_window "$work/hurried"
holds 'hurried: its report is whole' tests/check_report.sh "$work/hurried"

one=(--set search.batch_features=1)
succeeds 'one thread, one feature at a time' -- run "${quick[@]}" "${search[@]}" "${one[@]}" \
    --set run.threads=1 --set collect.use_cached_data=false --out "$work/one"
holds 'the same but for the config' same_but_the_config "$work/whole" "$work/one"

# Ctrl-C once the first feature is kept.
fresh=$work/fresh
mkdir "$fresh"
find "$work/cache" -type f ! -name 'search-*' -exec cp -t "$fresh" {} +
resumed=(run "${quick[@]}" "${search[@]}" "${one[@]}" --set "collect.cache_dir=$fresh" --out "$work/resumed")
kept() { find "$fresh" -name 'search-*' ! -name '*.lock' | wc -l; }
"$SAEINV" "${resumed[@]}" >"$work/out" 2>"$work/err" </dev/null &
while [ "$(kept)" -eq 0 ] && kill -0 $! 2>/dev/null; do sleep 0.005; done
kill -INT $! 2>/dev/null
wait $!
status=$?
n_kept=$(kept)
if [ $status -eq 130 ] && [ "$n_kept" -ge 1 ] && [ "$n_kept" -lt 3 ] && [ ! -e "$work/resumed" ]; then
    ok 'stopped in the middle of the search'
else
    not_ok 'stopped in the middle of the search' <<<"$n_kept of 3 kept"
fi
succeeds 'and resumed' -- "${resumed[@]}"
holds 'the same report' same_report "$work/one" "$work/resumed"
finish
