#!/bin/bash
# Targets by hand: whole runs for neurons, directions and contrasts, what the report says of them,
# and that nothing kept for one is used for another.
source tests/cli/lib.sh
needs_model 'targets by hand'
hook=blocks.2.hook_resid_post
minus_one='\0\0\200\277' one='\0\0\200\077' two='\0\0\0\100' nan='\0\0\300\177' zero='\0\0\0\0'

# put_npy FILE A B: a matrix [2, 128], the one row all A, the other all B.
put_npy() {
    local header="{'descr': '<f4', 'fortran_order': False, 'shape': (2, 128), }" i
    {
        printf '\223NUMPY\1\0'
        # shellcheck disable=SC2059  # the formats are bytes in octal
        printf "\\$(printf %03o $((${#header} + 1)))\\0"
        printf '%s\n' "$header"
        # shellcheck disable=SC2059
        for i in "$2" "$3"; do printf "$i%.0s" {1..128}; done
    } >"$1"
}

# says NAME FILE PATTERN...: the file of the report holds them.
says() {
    local why
    why=$(patterns_missing "${@:3}" <"$2")
    if [ -z "$why" ]; then ok "$1"; else not_ok "$1" <<<"$why"; fi
}

# Was every stage of the last run computed afresh?
# shellcheck disable=SC2317  # holds calls it
nothing_kept() { ! grep -q 'kept from before' "$work/out" "$work/err"; }

cached=(--set "collect.cache_dir=$work/cache")

neurons=neuron:blocks.2.mlp.hook_post:3,-neuron:blocks.2.mlp.hook_post:7
succeeds 'neurons' 'select +2 features' 'optimise +2 features' \
    -- run "${quick[@]}" "${cached[@]}" --target $neurons --out "$work/neurons"
holds 'the report is whole' tests/check_report.sh "$work/neurons"
says 'it says what was searched' "$work/neurons/run.json" \
    '"source": "2 neurons of blocks.2.mlp.hook_post"' '"hook": "blocks.2.mlp.hook_post"'
says 'and why' "$work/neurons/data/targets/L02-00001.json" 'Given in model.target'
says 'and has names' "$work/neurons/features/L02-00001.md" \
    'Feature 1: minus neuron 7 of blocks.2.mlp.hook'
says 'on the first page too' "$work/neurons/README.md" '0: neuron 3 of blocks' 'given by hand'
says 'and nothing of an SAE' "$work/neurons/data/concepts.csv" '^name,'
holds 'no concept of another dictionary' test "$(wc -l <"$work/neurons/data/concepts.csv")" -eq 1

succeeds 'the same again, out of the cache' 'kept from before' \
    -- run "${quick[@]}" "${cached[@]}" --target $neurons --out "$work/again"
holds 'the same bytes' same_report "$work/neurons" "$work/again"
succeeds 'and without it, with another number of threads' \
    -- run "${quick[@]}" --set collect.use_cached_data=false --set run.threads=1 --target $neurons \
    --out "$work/fresh"
holds 'the same bytes' same_report "$work/neurons" "$work/fresh"
succeeds 'the other sign' \
    -- run "${quick[@]}" "${cached[@]}" --target "${neurons/,-/,}" --out "$work/sign"
holds 'nothing was kept for it' nothing_kept
succeeds 'rendered again' -- render "$work/again"
holds 'the same bytes' same_report "$work/neurons" "$work/again"

# parts_add_up FILE: at each place of the table of attention, the parts add up to the activation that
# the strongest contexts have there: a neuron's is the value itself.
# shellcheck disable=SC2317  # holds calls it
parts_add_up() {
    awk -F' [|] ' '/^## What attention/ { parts = 1 } /^## Which tokens/ { exit }
        { sub(/^[|] /, ""); sub(/ [|]$/, "") } /^[0-9.]+ [|] .* [|] [0-9]+:[0-9]+$/ {
            if (!parts) { if (!($NF in peak)) peak[$NF] = $1 } # the strongest come first
            else if (peak[$NF] != $1) exit bad = 1
            else n++ }
        END { exit bad || n != 6 }' "$1"
}

z=neuron:blocks.1.attn.hook_z:5,neuron:blocks.1.attn.hook_z:70
succeeds 'what attention brings, at hook_z' 'select +2 features' \
    -- run "${quick[@]}" "${cached[@]}" --target $z --out "$work/z"
holds 'the report is whole' tests/check_report.sh "$work/z"
says 'it names the head' "$work/z/features/L01-00000.md" '^. L1H0 . [0-9.]+ ' '^. L1H1 . 0 . 0 . 0 '
says 'of each' "$work/z/features/L01-00001.md" '^. L1H2 . [0-9.]+ ' '^. L1H0 . 0 . 0 . 0 '
holds 'the parts add up' parts_add_up "$work/z/features/L01-00000.md"
holds 'those of the other too' parts_add_up "$work/z/features/L01-00001.md"
holds 'elsewhere there is no such section' \
    bash -c "! grep -rql 'attention brings' '$work/neurons/features'"
succeeds 'the same out of the cache' 'kept from before' \
    -- run "${quick[@]}" "${cached[@]}" --target $z --out "$work/z-again"
holds 'the same bytes' same_report "$work/z" "$work/z-again"

put_npy "$work/dirs.npy" $one $minus_one
succeeds 'directions of a file' \
    -- run "${quick[@]}" "${cached[@]}" --target "direction:$work/dirs.npy@$hook" --out "$work/dirs"
holds 'the report is whole' tests/check_report.sh "$work/dirs"
says 'it says what was searched' "$work/dirs/run.json" '"source": "2 directions of dirs.npy"'
says 'and has names' "$work/dirs/features/L02-00001.md" 'Feature 1: direction 1 of dirs.npy'
holds 'but not where the file is' \
    bash -c "! grep -rqF '$work' '$work/dirs' --exclude-dir=volatile"
put_npy "$work/dirs.npy" $one $two
succeeds 'another file of the same name' \
    -- run "${quick[@]}" "${cached[@]}" --target "direction:$work/dirs.npy@$hook" --out "$work/dirs2"
holds 'nothing was kept for it' nothing_kept
holds 'the hash tells them apart' \
    bash -c "! cmp -s <(grep sha256 '$work/dirs/run.json') <(grep sha256 '$work/dirs2/run.json')"

succeeds 'contrasts, a neuron and a direction of one hook' 'select +4 features' \
    -- run "${quick[@]}" --out "$work/mixed" \
    --target "contrast:12-40,-contrast:3-5,neuron:$hook:0,direction:$work/dirs.npy:array@$hook" \
    --set select.features=0,1,2,4
holds 'the report is whole' tests/check_report.sh "$work/mixed"
says 'it says what was searched' "$work/mixed/run.json" \
    '1 neuron of .* and 2 directions of dirs.npy and 2 contrasts of features of built-in SAE'
says 'and has names' "$work/mixed/features/L02-00001.md" 'Feature 1: feature 5 minus feature 3'
says 'of those that were picked' "$work/mixed/data/targets/L02-00004.json" 'Named in select.features'

# Enough of them pass the filter here to be grouped.
succeeds 'many neurons are clustered' 'cluster +[0-9]+ clusters' 'select +24 features' \
    -- run "${quick[@]}" --set run.last_stage=select --set filter.sparsity_max=1 \
    --set filter.entropy_threshold_high=100 --set filter.sparsity_min=0 \
    --target neuron:blocks.1.mlp.hook_post:0-23 --out "$work/many"
for method in dbscan kmeans; do
    succeeds "one target and cluster.method=$method" \
        -- run "${quick[@]}" --set run.last_stage=select --set cluster.method=$method \
        --set filter.sparsity_max=1 --set filter.entropy_threshold_high=100 \
        --target neuron:blocks.1.mlp.hook_post:5 --out "$work/$method"
done

succeeds 'model.sae is not read for a neuron, and that is said' 'model\.sae is not read' \
    -- run "${quick[@]}" --set run.last_stage=filter --sae "$work/nowhere" --target neuron:hook_embed:1 \
    --out "$work/no-sae"
succeeds 'the key is printed' '"target": "neuron:hook_embed:1"' \
    -- run --target neuron:hook_embed:1 --print-config

refused() { refuses "$1" 'model\.target' "${@:3}" -- run --target "$2" --out "$work/none"; }
refused 'what is no target' 'axis:3' 'neuron:\.\.\.'
refused 'a neuron without a number' neuron:hook_embed 'neuron:HOOK:INDEX'
refused 'a neuron that is not there' neuron:hook_embed:128 'hook_embed has numbers 0 to 127'
refused 'a hook that is not there' neuron:blocks.9.hook_resid_post:1 'no hook'
refused 'two hooks' "neuron:hook_embed:1,neuron:$hook:1" 'another hook'
refused 'a feature that is not there' contrast:12-4096 'features 0 to 4095'
refused 'a file that is not there' "direction:nowhere.npz@$hook" 'nowhere\.npz'
refuses 'a hook that cannot be searched from' 'can only be looked at' \
    -- run --target neuron:blocks.0.ln1.hook_scale:0 --out "$work/none"
refuses 'a direction for another width' 'dirs\.npy.*array' '\[512\]' \
    -- run --target "direction:$work/dirs.npy@blocks.1.mlp.hook_post" --out "$work/none"
put_npy "$work/dirs.npy" $one $nan
refuses 'a direction that is no number' 'dirs\.npy.*array' \
    -- run --target "direction:$work/dirs.npy@$hook" --out "$work/none"
put_npy "$work/dirs.npy" $zero $one
refuses 'a direction of length zero' 'dirs\.npy.*row 0.*array.*zero' \
    -- run --target "direction:$work/dirs.npy@$hook" --out "$work/none"
holds 'none of them left a report' test ! -e "$work/none"
finish
