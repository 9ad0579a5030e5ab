# shellcheck shell=bash
# What the shell tests share. A test runs from the repository's root with SAEINV naming the program
# and an empty TMPDIR of its own; it speaks TAP. `finish` ends it.
set -u
export LC_ALL=C
SAEINV=$(realpath "${SAEINV:-build/release/saeinv}")
TMPDIR=${TMPDIR:-/tmp}
data=src/builtin/data
work=$(mktemp -d "$TMPDIR/cli.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
checks=0
failures=0

ok() {
    checks=$((checks + 1))
    echo "ok $checks - $1"
}

# not_ok NAME: what is on stdin says why, the last command's words follow.
not_ok() {
    checks=$((checks + 1))
    failures=$((failures + 1))
    echo "not ok $checks - $1"
    {
        cat
        echo "status ${status-none}; stdout and stderr were:"
        tail -n 15 "$work/out" "$work/err" 2>/dev/null
    } | sed 's/^/# /'
}

skip() {
    checks=$((checks + 1))
    echo "ok $checks - $1 # SKIP $2"
}

# needs_model NAME: skips and ends the whole test when the program was built without its model.
needs_model() {
    [ -s $data/model/model.safetensors ] && [ -s $data/sae/sae_weights.safetensors ] && return
    skip "$1" "no built-in model yet: make builtin"
    finish
}

finish() {
    echo "1..$checks"
    [ $failures -eq 0 ]
    exit
}

# Seconds that a run may take where the test does not say; the sanitizers make it ten times as slow.
patience=100
[ "${CONFIG-}" != asan ] || patience=600

# saeinv ARGS...: runs it; leaves $status, $work/out, $work/err.
saeinv() {
    status=0
    timeout "${seconds:-$patience}" "$SAEINV" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# broken_badly: did it crash, hang or trip a sanitizer? Says so.
broken_badly() {
    if [ "$status" -eq 124 ]; then
        echo "it ran past its time limit"
    elif [ "$status" -ge 126 ] && [ "$status" -ne 130 ]; then # 130: it was asked to stop, and did
        echo "it ended by a signal or could not start"
    elif grep -qE 'Sanitizer|runtime error:' "$work/err"; then
        echo "a sanitizer spoke"
    else
        return 1
    fi
}

# patterns_missing PATTERN...: those that the text on stdin does not hold.
patterns_missing() {
    local text pattern
    text=$(cat)
    for pattern; do
        grep -qE -e "$pattern" <<<"$text" || echo "no match for: $pattern"
    done
}

# succeeds NAME [PATTERN...] -- ARGS...: status 0, and its output holds every pattern.
succeeds() {
    local name=$1 why patterns=()
    shift
    while [ "$1" != -- ]; do
        patterns+=("$1")
        shift
    done
    saeinv "${@:2}"
    why=$(broken_badly) ||
        { [ "$status" -eq 0 ] || why='it failed'; } &&
        [ -z "$why" ] && why=$(cat "$work/out" "$work/err" | patterns_missing "${patterns[@]}")
    if [ -z "$why" ]; then ok "$name"; else not_ok "$name" <<<"$why"; fi
}

# refuses NAME [PATTERN...] -- ARGS...: fails with exactly one message, "saeinv: ...", that holds
# every pattern (the file, the key, the value, the remedy) and whose every line is printable.
refuses() {
    local name=$1 why patterns=()
    shift
    while [ "$1" != -- ]; do
        patterns+=("$1")
        shift
    done
    saeinv "${@:2}"
    if ! why=$(broken_badly); then
        if [ "$status" -eq 0 ]; then
            why='it succeeded'
        elif [ "$(grep -ac '^saeinv: ' "$work/err")" -ne 1 ]; then
            why='not exactly one message'
        elif grep -qaP '[\x00-\x08\x0b-\x1f]' "$work/err"; then
            why='control characters in the message'
        else
            why=$(grep -a '^saeinv: ' "$work/err" | patterns_missing "${patterns[@]}")
        fi
    fi
    if [ -z "$why" ]; then ok "$name"; else not_ok "$name" <<<"$why"; fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then ok "$name"; else not_ok "$name" <<<"$said"; fi
}

# fingerprint DIR: one line that changes with any file's name or bytes in it.
fingerprint() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum); }

# same_report A B: no difference outside volatile/.
same_report() { diff -rq -x volatile "$1" "$2"; }

# A run of seconds: few prompts, few targets, few steps.
# shellcheck disable=SC2034  # the tests that source this use it
quick=(--set collect.n_prompts=100 --set select.max_features=3 --set select.num_clusters=3
    --set optimise.restarts=2 --set optimise.max_steps=8 --set cluster.min_cluster_size=3
    --set explain.max_steps=5 --set cluster.umap_epochs=50 --set search.effort=warm
    --set effects.prompts=4 --set effects.quality_prompts=8 --set rules.random_directions=2
    --set search.restarts=2 --set search.iterations=2 --set search.children=4
    --set search.front_iterations=1 --set search.sweep_tokens=0 --set search.single_tokens=300)
