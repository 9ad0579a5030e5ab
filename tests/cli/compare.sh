#!/bin/bash
# Two reports side by side: exit status, what is said, and what is written.
source tests/cli/lib.sh
needs_model 'comparisons'
small=("${quick[@]}" --set "collect.cache_dir=$work/cache")

# differs NAME [PATTERN...] -- ARGS...: status 1, and its output holds every pattern.
differs() {
    local name=$1 why patterns=()
    shift
    while [ "$1" != -- ]; do
        patterns+=("$1")
        shift
    done
    saeinv "${@:2}"
    why=$(broken_badly) ||
        { [ "$status" -eq 1 ] || why="status $status instead of 1"; } &&
        [ -z "$why" ] && [ -s "$work/err" ] && why='it complained'
    [ -z "$why" ] && why=$(patterns_missing "${patterns[@]}" <"$work/out")
    if [ -z "$why" ]; then ok "$name"; else not_ok "$name" <<<"$why"; fi
}

# trouble NAME [PATTERN...] -- ARGS...: refused with one message, and status 2.
trouble() {
    refuses "$@"
    holds "$1: status 2" test "$status" -eq 2
}

succeeds 'a run' -- run "${small[@]}" --out "$work/a"
succeeds 'one that asks for more contexts' -- run "${small[@]}" --set explain.max_steps=4 --out "$work/b"

succeeds 'a report is the same as itself' 'are the same' -- compare "$work/a" "$work/a" --out "$work/a-a"
holds 'whole' tests/check_report.sh "$work/a-a"
differs 'one key' '1 setting or input changed' -- compare "$work/a" "$work/b" --out "$work/a-b"
holds 'whole' tests/check_report.sh "$work/a-b"
holds 'that key and no other' grep -q '^explain,max_steps,' "$work/a-b/data/settings.csv"
holds 'one row' test "$(wc -l <"$work/a-b/data/settings.csv")" -eq 2
differs 'silence' -- compare --quiet "$work/a" "$work/b"
holds 'nothing is printed' test ! -s "$work/out"

cp -r "$work/a-b" "$work/before"
trouble 'an earlier comparison stays' 'force' -- compare "$work/a" "$work/a" --out "$work/a-b"
trouble 'no comparison is put over a report' 'not a comparison' -- compare "$work/a" "$work/b" --out "$work/b" --force
holds 'it is the same' diff -r "$work/before" "$work/a-b"
differs 'unless it is forced' -- compare "$work/a" "$work/b" --out "$work/a-b/" --force
holds 'the same bytes again' diff -r "$work/before" "$work/a-b"

differs 'three runs are put side by side' '3 runs that differ in explain.max_steps' -- compare "$work/a" "$work/b" "$work/a" --out "$work/three"
holds 'whole' tests/check_report.sh "$work/three"

cp -r "$work/a" "$work/old"
sed -i 's/"schema": [0-9]*/"schema": 1/' "$work/old/run.json"
trouble 'an older schema' 'old: .*schema 1' 'Make it again' -- compare "$work/a" "$work/old"
sed -i 's/"schema": [0-9]*/"schema": 9999/' "$work/old/run.json"
trouble 'a newer schema' 'schema 9999' 'newer' -- compare "$work/old" "$work/a"
trouble 'no report' 'cache: not a report' -- compare "$work/a" "$work/cache"
cp -r "$work/a" "$work/half"
rm "$work/half/data/features.csv"
trouble 'half a report' 'features.csv' -- compare "$work/a" "$work/half"
trouble 'one folder' 'two report folders' -- compare "$work/a"
trouble 'a tolerance that is no number' 'tolerance wide' -- compare --tolerance wide "$work/a" "$work/a"
finish
