#!/bin/bash
# tests/check_report.sh DIR: is this a whole, publishable report? The manifest holds and names every
# file, links lead somewhere, nothing needs a network or a script, and nothing in it tells when,
# where or by whom it was made (volatile/ may).
set -u
export LC_ALL=C
cd "${1:?a report folder}" || exit 1
broken=0

# fail RULE: the lines on stdin break it.
fail() {
    local found
    found=$(head -n 20)
    [ -z "$found" ] && return
    echo "BROKEN  $1"
    printf '%s\n' "$found" | sed 's/^/        /'
    broken=1
}

present() { find . -type f ! -path './volatile/*' ! -name MANIFEST.sha256 | sed 's|^\./||' | sort; }

fail 'a report has these files' < <(
    for file in index.html README.md compare.json MANIFEST.sha256; do
        [ -s "$file" ] || echo "$file"
    done
    [ -s run.json ] || [ -s data/settings.csv ] || echo 'run.json, or settings.csv of a comparison')
fail 'the manifest holds' < <(sha256sum --quiet -c MANIFEST.sha256 2>&1)
fail 'the manifest names every file, once' < <(
    diff <(sed 's/^[0-9a-f]* [ *]//; s|^\./||' MANIFEST.sha256 | sort) <(present))
fail 'no empty files' < <(find . -type f -empty)

# A repository shows 300 files of a change and 500 KB of a file; a dozen targets fit into that.
targets=0
[ -d data/targets ] && targets=$(find data/targets -name '*.json' | wc -l)
room=$((targets > 12 ? targets - 12 : 0))
fail 'at most 300 files, and 14 more for each target beyond twelve' < <(
    n=$(find . -type f | wc -l)
    [ "$n" -le $((300 + 14 * room)) ] || echo "$n files")
fail 'at most 10 MB, and 1 MB more for each target beyond twelve' < <(
    bytes=$(find . -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}')
    [ "$bytes" -le $(((10 + room) * 1048576)) ] || echo "$bytes bytes")
# Thousands of single points or cells do not pack well, and a comparison's page holds two maps.
fail 'pictures of at most 64 KB (dictionary and matrix 160 KB), no page or drawing above 450 KB' < <(
    find . \( -name '*.png' -size +160k \
        -o -name '*.png' -size +64k ! -name 'dictionary*' ! -name 'matrix*' \
        -o -name '*.svg' -size +450k -o -name '*.html' -size +450k -o -name '*.md' -size +400k \))
# The sample's overview keeps to 200 KB (tests/web/pages.sh); hundreds of clusters have a longer legend.
fail 'an overview of at most 256 KB, of a comparison 400 KB; feature pages of at most 150 KB' < <(
    overview=256
    [ -s run.json ] || overview=400
    find . -maxdepth 1 -name index.html -size +${overview}k
    find . -path './features/L*.html' -size +150k)

# search PATTERN [GREP-OPTION...]: in everything that must be the same everywhere.
search() {
    local pattern=$1
    shift
    grep -rnoIE --exclude-dir=volatile --exclude=MANIFEST.sha256 "$@" -e ".{0,40}($pattern).{0,40}" .
}
fail "no path of anybody's machine" < <(search '(^|[^a-zA-Z0-9_.])/(home|root|work|tmp|Users)/')
fail 'no host name' < <(
    host=$(uname -n)
    [ ${#host} -ge 4 ] && grep -rnFwI --exclude-dir=volatile -e "$host" .)
fail 'no date of today' < <(search "$(date +%Y-%m-%d)|$(date -u +%Y-%m-%d)")
fail 'no field of a template left open' < <(search '\{\{[#^/>&]?[a-z_.]+\}\}' --include='*.md' --include='*.html')
fail 'no printf or missing value on a page' < <(
    search '(^|[ >|])(-?nan|-?inf|\(null\)|%[0-9.]*[dsfg])([ <|]|$)' --include='*.md' --include='*.html')
fail 'no NaN in data' < <(search '(^|[,: \[])-?(nan|inf|NaN|Infinity)([],}]|$)' \
    --include='*.csv' --include='*.json' --include='*.jsonl')
fail 'no script and nothing from a network' < <(
    search '<script|javascript:|(src|srcset)="https?:|<link[^>]*href="https?:|@import|url\(.?https?:' \
        --include='*.html' --include='*.svg' --include='*.css')

# Every local link and picture of every page exists; so does the anchor's page.
links() {
    find . -name '*.html' ! -path './volatile/*' | sort | while read -r page; do
        grep -oE '(href|src)="[^"]*"' "$page" | sed 's/^[a-z]*="//; s/"$//; s/[#?].*//; s/&amp;/\&/g' |
            sort -u | while read -r link; do
            case $link in '' | data:* | http:* | https:* | mailto:*) continue ;; esac
            [ -e "${page%/*}/$(printf '%b' "${link//%/\\x}")" ] || echo "$page: $link"
        done
    done
}
fail 'every link leads somewhere' < <(links)
fail 'every picture has a text beside it' < <(
    search '<img[^>]*>' --include='*.html' | grep -vE 'alt="[^"]+"')

[ $broken -eq 0 ] && echo "$1: $(present | wc -l) files, all rules hold"
exit $broken
