#!/bin/bash
# Searches with one fuzz target, then keeps what is worth keeping.
#   tests/fuzz/run.sh TARGET SECONDS    (after `make fuzz`; 0 seconds only keeps)
# The search starts from tests/fuzz/corpus/TARGET and works in build/fuzz/corpus/TARGET, where a
# later run goes on. Afterwards tests/fuzz/corpus/TARGET becomes the smallest set of files that
# reaches the same code, cut to MOST_BYTES and MOST_FILES. A crash leaves its input in
# build/fuzz/crashes/TARGET: fix it and commit the input as tests/fuzz/crashes/TARGET/NAME, which
# `make test` runs from then on.
set -u
export LC_ALL=C
readonly MOST_BYTES=150000 MOST_FILES=400 LONGEST=20000
cd "$(dirname "$0")/../.." || exit 1
[ $# -eq 2 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
target=$1 seconds=$2
program=build/fuzz/fuzz_$target
corpus=tests/fuzz/corpus/$target work=build/fuzz/corpus/$target crashes=build/fuzz/crashes/$target
[ -x "$program" ] || { echo "no $program: run make fuzz" >&2; exit 2; }
mkdir -p "$corpus" "$work" "$crashes"
# The words that the parser knows, so that the search need not guess them.
case $target in
    config) sources=(src/model/*.c) ;;
    sae_config) sources=(src/sae/*.c) ;;
    tokenizer) sources=(src/data/*token*.c src/data/bpe*.c) ;;
    *) sources=(src/data/{safetensors,npz,torch_file}.c) ;;
esac
words=build/fuzz/$target.dict
grep -ohE '"[A-Za-z0-9_.<|>]{2,40}"' "${sources[@]}" | sort -u >"$words"

options=(-max_len="$LONGEST" -timeout=20 -rss_limit_mb=2560 -artifact_prefix="$crashes/" -dict="$words")
# halt_on_error is ASan's default; an allocation that fails must come back as NULL, as on a machine.
export ASAN_OPTIONS=allocator_may_return_null=1

status=0
if [ "$seconds" -gt 0 ]; then
    "$program" "${options[@]}" -max_total_time="$seconds" -print_final_stats=1 "$work" "$corpus" || status=$?
fi

# Smallest files first, so that the cut drops few large ones rather than many small ones.
kept=$(mktemp -d) || exit 1
trap 'rm -rf "$kept"' EXIT
"$program" "${options[@]}" -set_cover_merge=1 "$kept" "$work" "$corpus" 2>&1 | grep -a '^MERGE-OUTER.*new' || true
if [ -n "$(ls "$kept")" ]; then
    bytes=0 files=0
    rm -f "$corpus"/*
    while read -r size file; do
        bytes=$((bytes + size)) files=$((files + 1))
        [ $bytes -gt $MOST_BYTES ] || [ $files -gt $MOST_FILES ] || cp "$kept/$file" "$corpus/"
    done < <(find "$kept" -type f -printf '%s %f\n' | sort -n)
fi
echo "$target: $(find "$corpus" -type f | wc -l) files, $(find "$corpus" -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}') bytes in $corpus"
exit $status
