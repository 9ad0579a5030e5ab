#!/bin/bash
# Prompt files that cannot be worked with, and findings that leave nothing to go on with.
source tests/cli/lib.sh
needs_model 'bad prompts'
out=$work/out-report

# bad NAME FILE PATTERN...: a run on this prompt file is refused.
bad() {
    local name=$1 file=$2
    shift 2
    refuses "$name" "$@" -- run --set "collect.data=$file" "${quick[@]}" --out "$out"
    if [ -e "$out" ]; then not_ok "$name: no report is left" <<<"$out is there"; fi
    rm -rf "$out"
}

prose="The old gardener carried two baskets of red apples to the market before noon. "
bad 'a file that is not there' "$work/none.txt" 'none\.txt'
: >"$work/empty.txt"
bad 'an empty file' "$work/empty.txt" 'empty\.txt' 'no prompt'
printf '\n \n\t\n\n' >"$work/blank.txt"
bad 'blank lines only' "$work/blank.txt" 'blank\.txt' 'no prompt'
head -c 5000 /bin/sh >"$work/binary.txt"
bad 'a program' "$work/binary.txt" 'binary\.txt' 'NUL|text'
printf '%s' "$prose" >"$work/prose.md"
bad 'a kind nobody reads' "$work/prose.md" 'prose\.md' '\.txt' '\.jsonl'
bad 'a folder' "$work" "$work"
printf '{"body": "%s"}\n' "$prose" >"$work/other.jsonl"
bad 'jsonl without the field' "$work/other.jsonl" 'other\.jsonl' 'text' 'body|text_field'
printf '{"text": "%s"}\n{"text": \n' "$prose" >"$work/broken.jsonl"
bad 'jsonl with a broken line' "$work/broken.jsonl" 'broken\.jsonl' 'line 2'
printf '{"text": 5}\n' >"$work/number.jsonl"
bad 'jsonl with a number' "$work/number.jsonl" 'number\.jsonl' 'text'
cat >"$work/good.txt" <<'END'
The old gardener carried two baskets of red apples to the market before noon.

"Where did you put the letter?" she asked, but nobody in the kitchen answered her.

Mix the flour with three eggs, add a cup of milk, and bake the cake for forty minutes.

On the ninth of March the ship left the harbour, and it was never seen again by anyone.

He does not like the cold wind, so he waits inside until the bus has come to the corner.

The children counted seven birds on the roof, then eight, then nine, and began to laugh.
END
gzip -k "$work/good.txt"
gzip -c "$work/good.txt" | head -c 60 >"$work/cut.txt.gz"
bad 'gzip cut short' "$work/cut.txt.gz" 'cut\.txt\.gz' 'gzip'
printf 'Too short.\n\nAlso.\n' >"$work/short.txt"
bad 'every prompt too short' "$work/short.txt" 'min_prompt_length'

mkfifo "$work/pipe.txt"
seconds=20 bad 'a pipe nobody writes to' "$work/pipe.txt" 'pipe\.txt'

refuses 'no feature passes the filter' 'no feature' '[0-9]+ failed' 'change [a-z]+\.[a-z_]+' \
    -- run "${quick[@]}" --set filter.sparsity_min=0.999 --set filter.sparsity_max=1 --out "$out"
refuses 'a feature that is not there' '99999999' \
    -- run "${quick[@]}" --set select.features=99999999 --out "$out"
refuses 'a feature that is a word' 'select\.features' 'seven' \
    -- run "${quick[@]}" --set select.features=seven --out "$out"
holds 'no report is left by any of them' test ! -e "$out"

# Few prompts are few, not wrong: fewer points than neighbours or clusters still give a report.
root=$PWD
cd "$work" || exit 1 # a report tells the paths as they were given
succeeds 'six prompts, plain and gzipped, are enough' \
    -- run "${quick[@]}" --set collect.data=good.txt,good.txt.gz \
    --set filter.entropy_threshold_low=0 --set filter.sparsity_min=0 --set filter.sparsity_max=1 \
    --set cluster.method=kmeans --set cluster.n_clusters=500 --set cluster.n_neighbors=900 \
    --set cluster.umap_epochs=20 --out "$out"
cd "$root" || exit 1
[ $status -eq 0 ] && holds 'its report is whole' tests/check_report.sh "$out"
finish
