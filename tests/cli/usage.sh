#!/bin/bash
# The command line: help, version, and one clear message for what was mistyped.
source tests/cli/lib.sh

for command in run render index export train inspect activations bench; do
    succeeds "help names $command" "$command" -- help
done
succeeds 'help is also --help' 'run' -- --help
succeeds 'a sub-command has its own help' '--out' '--config' '--set' -- help run
succeeds 'version' '[0-9]+\.[0-9]+' -- version

saeinv
if [ $status -eq 2 ] && grep -q 'saeinv run' "$work/err" && [ ! -s "$work/out" ]; then
    ok 'no sub-command: the help, and a failure'
else
    not_ok 'no sub-command: the help, and a failure' </dev/null
fi
refuses 'a mistyped sub-command suggests the nearest' 'rnu' 'run' -- rnu
refuses 'an option nobody knows' 'ouut' '--out' -- run --ouut x
refuses 'one seed is no set of seeds' 'seeds' '2 to' -- run --seeds 1
refuses 'a folder of other things for seeds' 'choose another --out' -- run --seeds 2 --out tests/cli
refuses 'several seeds as one file' 'render --single-file' -- run --seeds 2 --single-file "$work/x.html" --out "$work/x"
refuses 'an option without its value' '--out' -- run --out
refuses 'a word nobody asked for' 'extra' -- run extra
refuses 'a single file in no folder' 'no folder' 'single-file' -- run --single-file /nowhere/at/all.html --out x
refuses 'products that no cpu has' 'run.products' 'tf32' -- bench --device cpu --products tf32
refuses 'index without a folder' 'index' -- index
refuses 'an index of what is no folder' 'not a folder' -- index README.md
refuses 'render without a folder' 'render' -- render
refuses 'a sub-command may be any bytes' -- $'\x01\xff\e[31m'

succeeds 'every key with its meaning' 'optimise' 'learning_rate' 'collect' 'n_prompts' 'seed' \
    -- run --print-config
cp "$work/out" "$work/printed"
holds 'the same again' diff "$work/out" "$work/printed"
succeeds 'a value set shows' 'n_prompts.*77' -- run --set collect.n_prompts=77 --print-config

# A closed pipe is not an error worth a word.
if "$SAEINV" run --print-config 2>"$work/err" | head -n 1 >/dev/null; [ ! -s "$work/err" ]; then
    ok 'a closed pipe'
else
    not_ok 'a closed pipe' <"$work/err"
fi

# What cannot be written is said, also when it is standard output.
if [ -w /dev/full ]; then
    status=0
    "$SAEINV" run --print-config >/dev/full 2>"$work/err" || status=$?
    if [ $status -ne 0 ] && grep -q '^saeinv: ' "$work/err"; then
        ok 'standard output on a full disk'
    else
        not_ok 'standard output on a full disk' <<<'it must fail and say so'
    fi
else
    skip 'standard output on a full disk' 'no /dev/full'
fi
finish
