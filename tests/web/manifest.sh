#!/bin/bash
# tests/check_report.sh, which other tests lean on, sees what is wrong with a report; and so does
# plain sha256sum.
# shellcheck disable=SC2317  # holds calls the functions
source tests/web/lib.sh
report=$made/reports/run
holds 'the report is whole' tests/check_report.sh "$report"
holds 'so is the comparison' tests/check_report.sh "$made/reports/comparison"

# found NAME: check_report.sh sees what is wrong with $copy.
found() {
    local name=$1
    if tests/check_report.sh "$copy" >"$work/out" 2>&1; then
        not_ok "$name" </dev/null
    else
        ok "$name"
    fi
}
sums() { (cd "$1" && sha256sum --quiet -c MANIFEST.sha256 2>&1); }
damage() {
    copy=$work/copy
    rm -rf "$copy"
    cp -r "$report" "$copy"
}

damage
printf 'X' | dd of="$copy/data/features.csv" bs=1 seek=100 conv=notrunc 2>/dev/null
found 'one byte changed'
holds 'sha256sum names the file' grep -q 'data/features.csv' <(sums "$copy")
damage
rm "$copy/method.md"
found 'one file gone'
holds 'sha256sum names the file' grep -q 'method.md' <(sums "$copy")
damage
echo more >"$copy/data/more.csv"
found 'one file more'
damage
sed -i 's|</main>|<a href="nowhere.html">x</a></main>|' "$copy/index.html"
(cd "$copy" && sed -i "s|^.* index.html$|$(sha256sum index.html | cut -c 1-64)  index.html|" MANIFEST.sha256)
found 'a link to nowhere, though the manifest is right'
damage
echo "of another run" >>"$copy/volatile/log.txt"
holds 'what is volatile may differ' tests/check_report.sh "$copy"
finish
