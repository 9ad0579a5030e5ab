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
    timeout --preserve-status -s INT "$(awk "BEGIN {print 0.1 * 1.7 ^ $try}")" \
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
    holds 'no stage is left in its middle' test -z "$(find "$work/cache" -name '*-draft-*')"
else
    not_ok 'stopped, then finished' <<<"stopped $stopped times, finished: $finished"
fi

# Killed without a chance to tidy up.
(timeout -s KILL 0.7 "$SAEINV" run "${quick[@]}" --set "collect.cache_dir=$work/cache2" \
    --out "$work/killed" </dev/null) >/dev/null 2>&1
succeeds 'after a kill' -- run "${quick[@]}" --set "collect.cache_dir=$work/cache2" --out "$work/killed"
holds 'the same report' same_report "$work/one" "$work/killed"
holds 'and whole' tests/check_report.sh "$work/killed"

# One key changed: nothing differs but what it changes, here one context fewer of each target.
# changed_lines: "LINES FILE" of each file that differs.
changed_lines() {
    diff -rq -x volatile "$work/one" "$work/key" | sed -n "s|^Files $work/one/\(.*\) and .*|\1|p" |
        while read -r file; do
            echo "$(diff "$work/one/$file" "$work/key/$file" | grep -c '^[<>]') $file"
        done
}
# expected_lines: of the overview its command; of the method and run.json the key, the command
# and the hash of the config; of each target's page the context, and how many are folded away.
expected_lines() {
    local file
    (
        cd "$work/one" || exit
        for file in features/L*.html features/L*.md; do echo "3 $file"; done
        for file in data/targets/*.json; do echo "7 $file"; done
    )
    printf '%s\n' '2 README.md' '2 index.html' '6 method.html' '6 method.md' '8 run.json'
}
# With its line of the manifest for each.
expected_with_manifest() {
    expected_lines
    echo "$((2 * $(expected_lines | wc -l))) MANIFEST.sha256"
}
succeeds 'with one key changed' -- run "${quick[@]}" --set "collect.cache_dir=$work/cache2" \
    --set analyse.contexts_top=7 --out "$work/key"
holds 'every changed line is one that the key changes' \
    diff <(expected_with_manifest | sort) <(changed_lines | sort)
holds 'and no file is only on one side' \
    test -z "$(diff -rq -x volatile "$work/one" "$work/key" | grep '^Only in')"

cp -r "$work/one" "$work/rendered"
rm -r "$work/rendered/index.html" "$work/rendered/README.md" "$work/rendered/features"
succeeds 'rendered from the records alone' -- render "$work/rendered"
holds 'the same report' same_report "$work/one" "$work/rendered"

# As a second report: the same bytes, volatile/ and a file of one's own too; not over another without --force.
echo 'my notes' >"$work/rendered/notes.txt"
succeeds 'rendered into another folder' -- render "$work/rendered" --out "$work/second"
rm "$work/rendered/notes.txt"
holds 'with my notes' grep -q 'my notes' "$work/second/notes.txt"
rm "$work/second/notes.txt"
succeeds 'rendered again without them' -- render "$work/second"
holds 'the same bytes' diff -r "$work/rendered" "$work/second"
holds 'and whole' tests/check_report.sh "$work/second"
refuses 'over another report' '--force' -- render "$work/rendered" --out "$work/second"
succeeds 'over another report, forced' -- render "$work/rendered" --out "$work/second" --force
holds 'nothing half done beside it' test ! -e "$work/second.unfinished"

# Templates that do not fit leave the report as it was.
mkdir "$work/templates"
echo '{{no_such_value}}' >"$work/templates/method.md"
refuses 'a template with an unknown value' 'no_such_value' -- render --templates "$work/templates" "$work/rendered"
holds 'the report stands' same_report "$work/one" "$work/rendered"
holds 'and nothing beside it' test ! -e "$work/rendered.unfinished"

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
