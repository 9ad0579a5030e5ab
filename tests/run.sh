#!/bin/bash
# Runs test programs and shell tests, as many at once as there are processors.
#   tests/run.sh BUILD_FOLDER TEST...
# A test speaks TAP: "ok", "not ok", "... # SKIP". One that ends badly, runs past the limit
# (SAEINV_TEST_SECONDS, default 300) or checks nothing counts as failed. Each gets an empty folder
# of its own in TMPDIR. One line per test, the whole output of a failed one, and last the line
# "N passed, N failed, N skipped".
set -u
export LC_ALL=C

# TSan of gcc 12 wants the addresses where older kernels put them.
launcher=()
if [ "${CONFIG-}" = tsan ] && setarch -R true 2>/dev/null; then
    launcher=(setarch -R)
fi

skip_line='^(not )?ok .*# *(SKIP|skip)'

# title PATH: FOLDER/NAME, without what all tests share.
title() {
    local name=${1#*tests/}
    name=${name%.sh}
    printf '%s' "${name/test_/}"
}

# run_one BUILD TEST: runs it and leaves TEST.log and TEST.counts ("passed failed skipped").
run_one() {
    local build=$1 test=$2 record status=0 passed failed skipped planned began ended verdict=ok
    record=$build/test-logs/$(title "$test")
    mkdir -p "${record%/*}"
    TMPDIR=$(mktemp -d) || exit 1
    export TMPDIR CMOCKA_MESSAGE_OUTPUT=TAP
    # A crash shows where (handle_*=2: cmocka does not catch it first). Not asked for:
    # detect_stack_use_after_return, under which gcc 12 misaligns 64-byte variables.
    export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1:allocator_may_return_null=1:handle_segv=2:handle_sigbus=2}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}
    export TSAN_OPTIONS=${TSAN_OPTIONS-halt_on_error=1:allocator_may_return_null=1}
    began=${EPOCHREALTIME/./}
    timeout "${SAEINV_TEST_SECONDS:-300}" "${launcher[@]}" "$test" >"$record.log" 2>&1 </dev/null || status=$?
    ended=${EPOCHREALTIME/./}
    rm -rf "$TMPDIR"
    # cmocka says "not ok N # SKIP name" of a test that chose not to run.
    skipped=$(grep -acE "$skip_line" "$record.log")
    passed=$(grep -avE "$skip_line" "$record.log" | grep -ac '^ok ')
    failed=$(grep -avE "$skip_line" "$record.log" | grep -ac '^not ok ')
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$record.log" | awk '{n += $1} END {print n + 0}')
    if [ "$failed" -eq 0 ] &&
        { [ "$status" -ne 0 ] || [ $((passed + skipped)) -ne "$planned" ] || [ "$planned" -eq 0 ]; }; then
        failed=1
        echo "# ended with status $status after $passed of $planned checks" >>"$record.log"
    fi
    [ "$failed" -gt 0 ] && verdict=FAIL
    echo "$passed $failed $skipped" >"$record.counts"
    printf '%-4s %-34s %4d passed %3d failed %3d skipped %7.2f s\n' "$verdict" "$(title "$test")" \
        "$passed" "$failed" "$skipped" "$(((ended - began) / 10000))e-2"
    if [ "$failed" -eq 0 ]; then
        sed -nE "s/$skip_line/     skipped:/p" "$record.log"
        return 0
    fi
    sed 's/^/     /' "$record.log"
    return 0
}

if [ "$1" = --one ]; then
    run_one "$2" "$3"
    exit
fi
build=$1
shift
rm -rf "$build/test-logs"
printf '%s\0' "$@" | xargs -0 -r -n 1 -P "$(getconf _NPROCESSORS_ONLN)" "$0" --one "$build"
passed=0 failed=0 skipped=0
for test; do
    if read -r p f s <"$build/test-logs/$(title "$test").counts"; then
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
