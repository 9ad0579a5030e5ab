#!/bin/bash
# Where the report goes: another run there, no room, no permission. Nothing is lost.
source tests/cli/lib.sh
needs_model 'output folders'
out=$work/report

succeeds 'a first run' -- run "${quick[@]}" --out "$out"
holds 'its report is whole' tests/check_report.sh "$out"
before=$(fingerprint "$out")
unchanged() { [ "$(fingerprint "$out")" = "$before" ]; }

refuses 'another run is not overwritten' 'report' '--force' -- run "${quick[@]}" --set run.seed=2 --out "$out"
holds 'it stands as it was' unchanged
mkdir "$work/mine" && echo precious >"$work/mine/notes.txt"
refuses 'a folder that holds no report is never replaced' 'mine' \
    -- run "${quick[@]}" --out "$work/mine"
refuses 'not even with --force' 'mine' -- run "${quick[@]}" --out "$work/mine" --force
holds 'what was in it stands' grep -q precious "$work/mine/notes.txt"
echo file >"$work/file"
refuses 'a file in the way' 'file' -- run "${quick[@]}" --out "$work/file"
refuses 'below a file' 'file' -- run "${quick[@]}" --out "$work/file/below"
refuses 'below /proc' '/proc' -- run "${quick[@]}" --out /proc/nowhere/report

# No room. A file size limit everywhere; a small file system where one may be mounted.
status=0
(ulimit -f 8 && exec "$SAEINV" run "${quick[@]}" --set run.seed=3 --set collect.use_cached_data=false \
    --out "$out" --force) >"$work/out" 2>"$work/err" </dev/null || status=$?
if [ $status -ne 0 ] && [ $status -lt 126 ] && [ "$(grep -c '^saeinv: ' "$work/err")" -eq 1 ]; then
    ok 'no file may grow: refused with one message'
else
    not_ok 'no file may grow: refused with one message' </dev/null
fi
holds 'the earlier report stands as it was' unchanged

small=$work/small
mkdir "$small"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=300k none "$small" 2>/dev/null; then
    trap 'umount "$small"; rm -rf "$work"' EXIT
    refuses 'a full disk' 'small' 'full|space' -- run "${quick[@]}" --out "$small/report"
    holds 'no half report is left' test ! -e "$small/report"
else
    skip 'a full disk' 'a small file system can only be mounted by root'
fi

succeeds '--force replaces it' -- run "${quick[@]}" --set run.seed=2 --out "$out/" --force
holds 'the new report is whole' tests/check_report.sh "$out"
if unchanged; then not_ok 'it is another report' </dev/null; else ok 'it is another report'; fi
holds 'nothing is left beside it' test ! -e "$out.old"
finish
