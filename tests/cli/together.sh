#!/bin/bash
# Two programs at once: with one cache folder, with one --out, and one of them killed.
source tests/cli/lib.sh
needs_model 'two runs at once'

cache=$work/cache
shared=(run "${quick[@]}" --set collect.n_prompts=60 --set "collect.cache_dir=$cache")
short=("${shared[@]}" --set run.last_stage=filter)

# begin NAME ARGS...: saeinv in the background; its words go to $work/NAME.err. Leaves $pid.
begin() {
    "$SAEINV" "${@:2}" >"$work/$1.out" 2>"$work/$1.err" </dev/null &
    pid=$!
}

# ended PID: leaves $status.
ended() {
    status=0
    wait "$1" 2>/dev/null || status=$?
}

# until_said NAME PATTERN: waits until the words are there.
until_said() {
    local tries
    for ((tries = 0; tries < 20 * patience; tries++)); do
        grep -qs "$2" "$work/$1.err" && return
        sleep 0.05
    done
    return 1
}

# Started at the same moment: whoever comes second to a result waits for it and takes it.
begin first "${shared[@]}" --set run.last_stage=analyse --out "$work/first"
first=$pid
begin second "${shared[@]}" --set run.last_stage=analyse --out "$work/second"
second=$pid
ended "$first"
holds 'the one of two runs with one cache ends well' test $status -eq 0
ended "$second"
holds 'and the other' test $status -eq 0
holds 'the same report' same_report "$work/first" "$work/second"
kept=$(cat "$work"/{first,second}.err | grep -cE '^(collect|cluster|optimise|search) .*kept from before')
holds 'each of four results was worked out by one of them' test "$kept" -eq 4
holds 'no lock is left' test -z "$(find "$work" -name '*.lock')"

# Another has the first result in hand, for as long as this shell holds its lock.
bin=$(echo "$cache"/collect-*.bin)
mv "$bin" "$work/saved"
exec 9>"${bin%.bin}.lock"
flock 9
begin stopped "${short[@]}" --out "$work/stopped"
holds 'a run waits for what another works on, and says so' \
    until_said stopped 'collect .*waiting for another run'
kill -INT "$pid"
began=${EPOCHREALTIME/./}
ended "$pid"
holds 'Ctrl-C ends the wait' test $status -eq 130
holds 'within a second' test $((${EPOCHREALTIME/./} - began)) -lt 1000000
succeeds 'a run that needs another result does not wait' \
    -- "${short[@]}" --set collect.n_prompts=50 --out "$work/different"
begin waiting "${short[@]}" --out "$work/waiting"
holds 'another run waits' until_said waiting 'collect .*waiting for another run'
mv "$work/saved" "$bin"
rm "${bin%.bin}.lock"
exec 9>&-
ended "$pid"
holds 'and goes on with what it waited for' test $status -eq 0
holds 'worked out by the other' grep -q '^collect .*(kept from before)' "$work/waiting.err"

# One --out: the second is refused at once and harms nothing. The first waits for its cache meanwhile.
rm "$bin"
exec 9>"${bin%.bin}.lock"
flock 9
begin writer "${short[@]}" --out "$work/one"
until_said writer 'waiting for another run'
refuses 'two runs into one folder' "--out $work/one: another saeinv is writing it" 'another folder' \
    -- "${short[@]}" --out "$work/one/"
refuses 'not even with --force' 'another saeinv is writing it' -- "${short[@]}" --force --out "$work/one"

# kill -9 of the first: what it held is free at once.
kill -KILL "$pid"
exec 9>&-
ended "$pid"
holds 'the first was killed' test $status -eq 137
succeeds 'the next run takes its place' -- "${short[@]}" --out "$work/one"
holds 'with the same report' same_report "$work/waiting" "$work/one"
holds 'nothing of the killed one is left' test -z "$(find "$work" -name '*.lock' -o -name '*.unfinished')"

# A cache that cannot be kept in: one message, and what to do.
refuses 'a cache where nothing can be made' 'nothing can be kept in /proc/none' 'collect.cache_data=false' \
    -- "${short[@]}" --set collect.cache_dir=/proc/none --out "$work/none"
finish
