#!/bin/bash
# The same bytes elsewhere: another time zone, language, home, umask, year, folder and layout of memory;
# and the pages as another compiler's program makes them.
source tests/web/lib.sh
report=$made/reports/run
needs_model 'repeated runs'

# A language that writes numbers with a comma and sorts by other rules, made for this test alone.
foreign=C
if [ -e /usr/share/i18n/locales/de_DE ] && localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>/dev/null; then
    foreign=de_DE.UTF-8
    holds 'the foreign language is there' test "$(LOCPATH=$work LC_ALL=$foreign locale decimal_point)" = ,
else
    skip 'another language' 'no /usr/share/i18n/locales/de_DE: see vendor/README.md'
fi
elsewhere=(env LOCPATH="$work" LC_ALL="$foreign" LANG="$foreign" TZ=Pacific/Kiritimati HOME=/nonexistent COLUMNS=40)
if setarch -R true 2>/dev/null; then elsewhere+=(setarch -R); else skip 'memory laid out otherwise' 'setarch is not allowed here'; fi
if has 'another year' faketime; then elsewhere+=(faketime '2031-02-03 04:05:06'); fi

# away ARGS...: the program, there; leaves $status.
away() {
    status=0
    (cd "$work/away" && umask 077 && exec "${elsewhere[@]}" "$SAEINV" "$@") >"$work/out" 2>"$work/err" </dev/null || status=$?
}
mkdir "$work/away"
away run "${quick[@]}" --set collect.use_cached_data=false --out deeper/report
holds 'a run elsewhere' test $status -eq 0
holds 'the same report' same_report "$report" "$work/away/deeper/report"

cp -r "$report" "$work/rendered"
away render "$work/rendered"
holds 'pages made again elsewhere' test $status -eq 0
holds 'the same pages' diff -rq "$report" "$work/rendered"
cp -r "$made/reports" "$work/reports"
away index "$work/reports"
holds 'an index elsewhere is the same' diff -rq "$made/reports" "$work/reports"
away compare "$work/reports/run" "$work/reports/other" --out "$work/reports/comparison" --force
holds 'so is a comparison' same_report "$made/reports/comparison" "$work/reports/comparison"

# Pages are drawn and numbers written without the processor's own instructions having a say.
for other in ${SAEINV_OTHERS-build/clang/saeinv}; do
    if [ ! -x "$other" ]; then
        skip "pages made by $other" "it is not built: make test-compilers builds others"
        continue
    fi
    cp -r "$report" "$work/theirs"
    holds "pages made by $other" "$other" render "$work/theirs"
    holds 'are the same' diff -rq "$report" "$work/theirs"
    rm -r "$work/theirs"
done
finish
