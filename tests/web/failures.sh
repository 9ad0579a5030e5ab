#!/bin/bash
# A report that is being replaced when the program is killed, or may not be written: the one that was
# there, or the new one, stands whole. (A full disk: tests/cli/output.sh.)
# shellcheck disable=SC2317  # holds calls the functions
source tests/web/lib.sh
needs_model 'interrupted runs'
out=$work/folder/report
mkdir "$work/folder"
cp -r "$made/reports/run" "$out"
# With everything before the report kept or left out, a run is nearly all writing.
run=(run "${quick[@]}" --set "collect.cache_dir=$made/cache" --set run.last_stage=analyse
    --set effects.prompts=0 --set effects.quality_prompts=0 --out "$out" --force)

# Killed later and later in it.
saeinv "${run[@]}" --out "$work/once"
began=${EPOCHREALTIME/./}
saeinv "${run[@]}" --out "$work/once"
took=$((${EPOCHREALTIME/./} - began))
broken=''
killed=0
for part in 1 2 3 4 5 6 7 8 9 10; do
    status=0
    timeout -s KILL "$(awk "BEGIN { print $took * $part / 10 / 1e6 }")" "$SAEINV" "${run[@]}" \
        >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ $status -eq 137 ] && killed=$((killed + 1))
    tests/check_report.sh "$out" >"$work/checked" || broken+="after $part tenths: $(cat "$work/checked")"
done
holds "killed $killed times while a report was replaced" test $killed -gt 4
holds 'a whole report stood there each time' test -z "$broken"
saeinv "${run[@]}"
holds 'then it is replaced' same_report "$work/once" "$out"
holds 'nothing is left beside it' test "$(ls -A "$work/folder")" = report

before=$(fingerprint "$out")
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs none "$work/folder" -o size=64m 2>/dev/null; then
    trap 'umount "$work/folder"; rm -rf "$work"' EXIT
    cp -r "$work/once" "$out"
    mount -o remount,ro "$work/folder"
    refuses 'where nothing may be written' 'folder|report' -- "${run[@]}"
    holds 'the report stands' test "$(fingerprint "$out")" = "$(fingerprint "$work/once")"
elif [ "$(id -u)" -ne 0 ]; then
    chmod 555 "$work/folder"
    refuses 'where nothing may be written' 'folder|report' -- "${run[@]}"
    holds 'the report stands' test "$(fingerprint "$out")" = "$before"
    chmod 755 "$work/folder"
else
    skip 'where nothing may be written' 'no file system may be mounted here'
fi
finish
