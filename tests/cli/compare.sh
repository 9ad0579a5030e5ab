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

# Another SAE of the same model: two features of A change places, a third turns round.
a_row=512 # bytes of one of W_dec, which stands first
header=$(od -An -tu8 -N8 $data/sae/sae_weights.safetensors)
row_of() { # ID: where it begins
    echo $((8 + header + $1 * a_row))
}
put_row() { # FROM TO
    dd if=$data/sae/sae_weights.safetensors of="$work/sae/sae_weights.safetensors" bs=1 conv=notrunc \
        skip="$(row_of "$1")" seek="$(row_of "$2")" count=$a_row status=none
}
mapfile -t ids < <(cut -d, -f1 "$work/a-b/data/targets.csv" | tail -n +2)
holds 'three targets' test ${#ids[@]} -eq 3
cp -r $data/sae "$work/sae"
put_row "${ids[0]}" "${ids[1]}"
put_row "${ids[1]}" "${ids[0]}"
put_row 0 "${ids[2]}"
chosen=(--set "select.features=${ids[0]},${ids[1]},${ids[2]}")
succeeds 'a run of it' -- run "${small[@]}" "${chosen[@]}" --sae "$work/sae" --out "$work/swapped"
differs 'two SAEs' '2 of A.s 3 targets have a fellow' '1 lost, 1 gained' -- compare "$work/a" "$work/swapped" --out "$work/saes"
holds 'whole' tests/check_report.sh "$work/saes"
holds 'the first is the second' grep -q "^${ids[0]},${ids[1]},1,changed," "$work/saes/data/targets.csv"
holds 'the second is the first' grep -q "^${ids[1]},${ids[0]},1,changed," "$work/saes/data/targets.csv"
holds 'one of B alone' test -s "$(printf '%s/saes/targets/b-L02-%05d.html' "$work" "${ids[2]}")"
differs 'one of three reads another' 'PW-MCC of the chosen features is' -- compare "$work/a" "$work/b" "$work/swapped" --out "$work/mixed"
holds 'whole' tests/check_report.sh "$work/mixed"
holds 'each pair by what can match it' test "$(cut -d, -f1-4 "$work/mixed/data/pairs.csv" | tail -n +2 | tr '\n' ' ')" = '1,2,0,number 1,3,0,decoder 2,3,0,decoder '
differs 'the other way round' -- compare "$work/swapped" "$work/a" --out "$work/back"
holds 'the same cosines from the other side' test "$(grep -c ',1,changed,' "$work/back/data/targets.csv")" -eq 2

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
