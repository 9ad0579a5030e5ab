#!/bin/bash
# Configs that are wrong: each message names the file, the key, the value and what to do.
source tests/cli/lib.sh
c=$work/c.json
out=$work/out-report

# bad NAME JSON PATTERN...: a run with this config file is refused and leaves no report.
bad() {
    local name=$1 json=$2
    shift 2
    printf '%b' "$json" >"$c"
    refuses "$name" "$@" -- run "${quick[@]}" --config "$c" --out "$out"
    if [ -e "$out" ]; then not_ok "$name: no report is left" <<<"$out is there"; fi
    rm -rf "$out"
}

bad 'an unknown key suggests the nearest' '{"optimise": {"lerning_rate": 0.1}}' \
    'c\.json' 'lerning_rate' 'optimise\.learning_rate'
bad 'an unknown section suggests the nearest' '{"optimize": {"max_steps": 3}}' 'optimi[sz]e'
bad 'a word where a number belongs' '{"optimise": {"max_steps": "many"}}' \
    'c\.json' 'optimise\.max_steps' 'many'
bad 'a fraction where a whole number belongs' '{"optimise": {"max_steps": 2.5}}' 'max_steps' '2\.5'
bad 'a number out of range' '{"collect": {"n_prompts": -4}}' 'collect\.n_prompts' '-4'
bad 'a number too large for any type' '{"collect": {"n_prompts": 1e300}}' 'collect\.n_prompts'
bad 'an infinite number' '{"optimise": {"learning_rate": 1e999}}' 'optimise\.learning_rate'
bad 'none of the choices' '{"cluster": {"method": "kmeens"}}' 'cluster\.method' 'kmeens' 'kmeans'
bad 'a list where a value belongs' '{"optimise": {"max_steps": [1, 2]}}' 'max_steps' '1, ?2'
bad 'a value where a section belongs' '{"optimise": 3}' 'optimise' 'section'
bad 'not an object' '[1, 2]' 'c\.json' 'object'
bad 'broken JSON: the place' '{"run":\n {"seed": }}' 'c\.json' 'line 2'
bad 'JSON cut short' '{"run": {"seed": 1' 'c\.json' 'line 1'
bad 'a key twice' '{"run": {"seed": 1, "seed": 2}}' 'c\.json' 'seed'
bad 'an empty file' '' 'c\.json'
bad 'bytes that are no text' '{"run": {"title": "\xff\xfe"}}' 'c\.json' 'UTF-8'
bad 'limits that leave nothing' '{"filter": {"entropy_threshold_low": 5, "entropy_threshold_high": 2}}' \
    'entropy_threshold_low' '5' '2'
bad 'shortest above longest' '{"collect": {"min_prompt_length": 50, "max_prompt_length": 5}}' \
    'min_prompt_length' '50'
bad 'an address that is none' '{"explainer": {"url": "ftp://host.example/v1", "model": "m"}}' \
    'explainer\.url' 'ftp://host\.example/v1'
bad 'an address that anybody could read' '{"explainer": {"url": "http://host.example/v1", "model": "m"}}' \
    'explainer\.url' 'https'
bad 'a device nobody knows' '{"run": {"device": "gpu"}}' 'run\.device' 'gpu' 'cuda'

head -c 2000000 /dev/zero | tr '\0' '[' >"$c"
refuses 'a hundred thousand brackets' 'c\.json' -- run --config "$c" --out "$out"
refuses 'a config that is not there' 'none\.json' -- run --config "$work/none.json" --out "$out"
refuses 'a config that is a folder' "$work" -- run --config "$work" --out "$out"
refuses '--set without a value' '--set' 'optimise' -- run --set optimise --out "$out"
refuses '--set of an unknown key' 'serd' 'run\.seed' -- run --set run.serd=1 --out "$out"
refuses '--set of a bad value' 'run\.seed' 'x1' -- run --set run.seed=x1 --out "$out"
refuses '--set of an empty number' 'run\.seed' -- run --set run.seed= --out "$out"
refuses '--set of two numbers' 'run\.seed' '1 2' -- run --set 'run.seed=1 2' --out "$out"

# A printed config is a config, comments and all.
"$SAEINV" run --set run.title='odd "title" // here' --set select.features=3,4 --print-config >"$c"
succeeds 'a printed config is read back' 'max_steps' -- run --config "$c" --print-config
holds 'and prints the same' diff "$c" "$work/out"
printf '{"optimise": {"max_steps": 7}}' >"$c"
succeeds 'a file shows in the printed config' 'max_steps.*7' -- run --config "$c" --print-config
succeeds '--set goes over the file' 'max_steps.*9' \
    -- run --config "$c" --set optimise.max_steps=9 --print-config
finish
