#!/bin/bash
# The same bytes: run twice, with one thread or two, stopped and resumed, and rendered again.
source tests/cli/lib.sh
needs_model 'repeated runs'
fresh=(--set collect.use_cached_data=false)

succeeds 'one thread' -- run "${quick[@]}" "${fresh[@]}" --set run.threads=1 --out "$work/one"
succeeds 'two threads' -- run "${quick[@]}" "${fresh[@]}" --set run.threads=2 --out "$work/two"
holds 'the same report' same_report "$work/one" "$work/two"

# Stopped by Ctrl-C again and again, later each time, until it gets through.
stopped=0
finished=no
for try in $(seq 1 16); do
    status=0
    timeout --preserve-status -s INT "$(awk "BEGIN {print 0.1 * 1.5 ^ $try}")" \
        "$SAEINV" run "${quick[@]}" --set "collect.cache_dir=$work/cache" --out "$work/resumed" \
        >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ $status -eq 0 ] && finished=yes && break
    stopped=$((stopped + 1))
    if [ -e "$work/resumed" ] || [ $status -ne 130 ] || broken_badly ||
        [ "$(grep -c '^saeinv: ' "$work/err")" -ne 1 ]; then
        not_ok "stop $try leaves no half report and says one thing" </dev/null
        break
    fi
done
if [ $stopped -gt 0 ] && [ $finished = yes ]; then
    ok "stopped $stopped times, then finished"
    holds 'the same report' same_report "$work/one" "$work/resumed"
else
    not_ok 'stopped, then finished' <<<"stopped $stopped times, finished: $finished"
fi

# Killed without a chance to tidy up.
(timeout -s KILL 0.7 "$SAEINV" run "${quick[@]}" --set "collect.cache_dir=$work/cache2" \
    --out "$work/killed" </dev/null) >/dev/null 2>&1
succeeds 'after a kill' -- run "${quick[@]}" --set "collect.cache_dir=$work/cache2" --out "$work/killed"
holds 'the same report' same_report "$work/one" "$work/killed"
holds 'and whole' tests/check_report.sh "$work/killed"

cp -r "$work/one" "$work/rendered"
rm -r "$work/rendered/index.html" "$work/rendered/README.md" "$work/rendered/features"
succeeds 'rendered from the records alone' -- render "$work/rendered"
holds 'the same report' same_report "$work/one" "$work/rendered"

# Records are files like any other: damaged ones are refused, the pages stay.
for file in "$work/rendered"/data/*.json "$work/rendered"/run.json; do
    [ -s "$file" ] || continue
    cp "$file" "$work/saved"
    size=$(stat -c %s "$work/saved")
    head -c $((size / 2)) "$work/saved" >"$file"
    refuses "render with half of ${file##*/}" "${file##*/}" -- render "$work/rendered"
    cp "$work/saved" "$file"
done
holds 'the pages stand' same_report "$work/one" "$work/rendered"
refuses 'render of nothing' 'nowhere' -- render "$work/nowhere"
mkdir "$work/empty"
refuses 'render of an empty folder' 'empty' -- render "$work/empty"
finish
