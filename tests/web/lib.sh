# shellcheck shell=bash
# What the tests of the pages share: the words of tests/cli/lib.sh, and where tests/web/make.sh put
# what is looked at. A check whose tool is not there is skipped, saying which tool.
source tests/cli/lib.sh
made=$(realpath "${SAEINV_WEB:-build/release/web}")
# shellcheck disable=SC2034
tools=$(realpath -m build/web) # what comes from PyPI: see vendor/README.md
[ -d "$made" ] || {
    echo "not ok 1 - nothing was made to look at: make test-web"
    echo 1..1
    exit 1
}

# shellcheck disable=SC2034  # the tests that source this use them
reports=("$made/reports/run" "$made/reports/comparison" "$made/saes" "$made/hostile" "$made/usual" "$made/hostile-comparison")
# shellcheck disable=SC2034
in_one=("$made/run.html" "$made/sample.html" "$made/hostile.html") # reports as one file
# shellcheck disable=SC2034
pages_alone=("$made/reports/index.html" "${in_one[@]}")

# has NAME COMMAND: is there such a program? If not, the check of that name is skipped.
has() {
    command -v "$2" >/dev/null 2>&1 && return
    skip "$1" "no $2 on this machine: see vendor/README.md"
    return 1
}

# finds_nothing NAME COMMAND...: it succeeds and prints nothing.
finds_nothing() {
    local name=$1 found
    shift
    if found=$("$@" 2>&1) && [ -z "$found" ]; then ok "$name"; else
        not_ok "$name" < <(head -n 30 <<<"$found" | cut -c 1-300)
    fi
}
