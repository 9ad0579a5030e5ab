#!/bin/bash
# The house rules that a program can check: budgets of size, documentation of headers, layers,
# headers that compile alone, words that must not stand in the code, mutable globals, shell scripts.
# Prints every figure; fails when a rule is broken. CC and CFLAGS come from the Makefile, BUILD is
# the folder whose objects are looked at.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
readonly LONGEST_FUNCTION=80 LONGEST_FILE=600 LEAST_DOCUMENTED=85
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# not_data FILE...: generated tables are data, not code to read; the others.
not_data() { awk 'FNR == 1 && !/^\/\* (Generated|Data table)/ {print FILENAME}' "$@"; }

shopt -s nullglob
sources=(src/*.c src/*/*.c)
headers=(src/*/*.h)
tests=(tests/*/*.c)
folders=(src src/*/)
readarray -t hand_written < <(not_data "${sources[@]}" "${headers[@]}" "${tests[@]}")

# fail RULE: the lines on stdin break it. No lines: it holds.
fail() {
    local found
    found=$(cat)
    if [ -n "$found" ]; then
        echo "BROKEN  $1"
        printf '%s\n' "$found" | sed 's/^/        /'
        echo "$1" >>"$work/broken" # a file: this runs at the end of a pipe
    else
        echo "ok      $1"
    fi
}

# many COMMAND...: run on the files whose names stand on stdin, some at a time, on every processor.
many() { tr '\n' '\0' | xargs -0 -r -n 40 -P "$(getconf _NPROCESSORS_ONLN)" "$@"; }

# ---- budgets -----------------------------------------------------------------------------------

# spans FILE...: "lines name file:line" of every function, blank and comment lines included.
spans() {
    ctags -x --language-force=C --c-kinds=f --fields=+ne --_xformat='%{end} %n %N %F' "$@" |
        awk '$1 ~ /^[0-9]+$/ {print $1 - $2 + 1, $3, $4 ":" $2}'
}

# percentiles WHAT UNIT: of the numbers in the first column.
percentiles() {
    sort -n | awk -v what="$1" -v unit="$2" '{v[NR] = $1} END {
        if (NR) printf "        %s: %d, %s: median %d, 90%% under %d, longest %d\n", what, NR, unit,
            v[int((NR + 1) / 2)], v[int(NR * 0.9 + 0.999)], v[NR]}'
}

budgets() {
    spans "${sources[@]}" >"$work/functions"
    spans "${tests[@]}" >"$work/test_functions"
    wc -l "${sources[@]}" | grep -v ' total$' >"$work/files"
    percentiles functions 'lines' <"$work/functions"
    percentiles 'test functions' 'lines' <"$work/test_functions"
    percentiles 'source files' 'lines' <"$work/files"
    awk -v most=$LONGEST_FUNCTION '$1 > most' "$work/functions" "$work/test_functions" |
        fail "no function over $LONGEST_FUNCTION lines"
    wc -l "${hand_written[@]}" | awk -v most=$LONGEST_FILE '$1 > most && $2 != "total"' |
        fail "no file over $LONGEST_FILE lines (generated tables apart)"
}

documentation() {
    local header total=0 documented=0 d t
    for header in "${headers[@]}"; do
        ctags -x --language-force=C --c-kinds=p --_xformat='%n' "$header" >"$work/lines"
        [ -s "$work/lines" ] || continue
        awk -f tests/lint/documented.awk "$work/lines" "$header" >"$work/counts"
        read -r d t <"$work/counts"
        documented=$((documented + d)) total=$((total + t))
        tail -n +2 "$work/counts" | sed "s|^|$header:|" >>"$work/bare"
    done
    echo "        headers: ${#headers[@]}, prototypes: $total, documented: $documented" \
        "($((total ? 100 * documented / total : 100)) %)"
    [ $((documented * 100)) -ge $((total * LEAST_DOCUMENTED)) ] && : >"$work/bare"
    fail "$LEAST_DOCUMENTED % of the prototypes in headers say what they do" <"$work/bare"
}

# ---- layers ------------------------------------------------------------------------------------

includes() { grep -nHoE '^ *# *include *["<][^">]+[">]' "${sources[@]}" "${headers[@]}"; }

layers() {
    includes | grep '"' | sed 's/: *# *include */ /; s/"//g' | while read -r place header; do
        file=${place%%:*}
        from=${file#src/}
        [[ $from == */* ]] || continue # src/main.c and its neighbours see everything
        from=${from%%/*}
        to=${header%%/*}
        [ "$from" = "$to" ] && [[ $header == */* ]] && continue
        [ "$to" = base ] && continue
        allowed=$(sed -n "s/^$from: *//p" tests/lint/layers.txt)
        [[ " $allowed " == *" $to "* && $header == */* ]] || echo "$place includes $header"
    done | fail 'folders include only what tests/lint/layers.txt allows'
}

doors() {
    local patterns everyday=' assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h
        stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h '
    includes | grep '<' | sed 's/: *# *include */ /; s/[<>]//g' | while read -r place header; do
        file=${place%%:*}
        [[ $everyday == *[[:space:]]"$header"[[:space:]]* ]] && continue
        may=no
        read -r -a patterns < <(sed -n "s|^$header  *||p" tests/lint/headers.txt)
        for pattern in "${patterns[@]-}"; do
            # shellcheck disable=SC2053  # the right side is a pattern
            [[ $file == $pattern ]] && may=yes
        done
        [ $may = yes ] || echo "$place includes <$header>"
    done | fail 'libraries are reached through their one file (tests/lint/headers.txt)'
}

headers_alone() {
    {
        grep -L '^#ifndef' "${headers[@]}" | sed 's/$/: no include guard/'
        # shellcheck disable=SC2016  # the inner shell expands; flags are words
        printf '%s\n' "${headers[@]}" | many sh -c 'for header; do
            ${CC:-cc} -std=c11 -D_GNU_SOURCE -Isrc -Wall -Wextra ${CFLAGS-} -fsyntax-only \
                -include "$header" -x c /dev/null || echo "$header: does not compile alone"
        done' sh 2>&1
    } | fail 'every header compiles alone'
}

# ---- words -------------------------------------------------------------------------------------

# words PATTERN RULE [FILE-PATTERN...]: code (not comments, not strings) must not match, those files
# apart.
words() {
    local pattern=$1 rule=$2 file except files=()
    shift 2
    for file in "${sources[@]}" "${headers[@]}"; do
        for except; do
            # shellcheck disable=SC2053  # the right side is a pattern
            [[ $file == $except ]] && continue 2
        done
        files+=("$file")
    done
    (cd "$work/code" && grep -nHE "$pattern" "${files[@]}" 2>&1) | fail "$rule"
}

strip_sources() {
    mkdir -p "${folders[@]/#/$work/code/}"
    awk -v to="$work/code/" -f tests/lint/strip.awk "${sources[@]}" "${headers[@]}"
}

banned_words() {
    strip_sources
    words '\b(_?exit|quick_exit|_Exit)\(' 'the program ends only in main.c' src/main.c
    words '\babort\(' 'only err_die aborts' src/base/err.c
    words '\b(vsprintf|sprintf|strcpy|strcat|gets|strtok|scanf|atoi|atof)\(' \
        'no unbounded or unchecked string function'
    words '\b(rand|srand|random|srandom|drand48|rand_r)\(' 'random numbers come from base/rng.h'
    words '\b(setlocale|localtime|gmtime|strftime|gethostname)' \
        'no locale, date or host in results' src/pipeline/pipeline.c
    words '__DATE__|__TIME__|__TIMESTAMP__' 'no build dates'
    words '\balloca\(' 'no alloca' # the compiler sees to variable-length arrays: -Wvla
    words '\b(malloc|calloc|realloc|aligned_alloc|strdup)\(' \
        'memory comes from base/memory.h and base/arena.h' src/base/memory.c
    words '^ *# *if(def)? ' 'no conditional code outside base/ and compute/' \
        'src/base/*' 'src/compute/*'
    words '^ *# *pragma' 'no pragma outside compute/' 'src/compute/*'
    grep -nHwE 'TODO|FIXME|XXX|HACK' "${sources[@]}" "${headers[@]}" "${tests[@]}" templates/* \
        vendor/* Makefile | fail 'no marks of unfinished work'
    grep -rnIE --exclude=lint.sh --exclude=check_report.sh --exclude-dir=volatile \
        '(^|[^a-zA-Z.}])/(home|root|work|Users)/' .ci Makefile README.md src templates tests vendor |
        fail "no path of anybody's machine"
    grep -rnIE '(^|[^a-zA-Z.}])/(home|root|work|Users)/|(\.\./){3}' reports/sample reports/sample-comparison |
        fail "nor in the reports that are kept"
}

# State that can change belongs to whoever made it. Objects say what the compiler made of it.
globals() {
    find "${BUILD:-build/release}" '(' -path '*/tests/*' -o -path '*/emulated/*' ')' -prune -o -name '*.o' -print | sort |
        while read -r object; do
            objdump -t "$object" | awk -v o="${object#"${BUILD:-build/release}/"}" '
                $0 ~ / O (\.data|\.bss|\.tdata|\.tbss)/ && $0 !~ /\.data\.rel\.ro/ {print o ": " $NF}'
        done | grep -v '^base/cancel.o: requested' | grep -vE '^compute/cuda.*(__cudaFatCubinHandle|__device_stub__|__gxx_personality_v0)' | # nvcc's own
        fail 'no mutable globals (base/cancel.c apart)'
}

scripts() {
    find .ci src tests vendor \( -name '*.sh' -o -path .ci/run \) -print0 | xargs -0 shellcheck -x |
        fail 'shellcheck finds nothing'
}

# Only told: two versions of clang-format disagree on details.
formatting() {
    command -v clang-format >/dev/null 2>&1 || return 0
    printf '%s\n' "${hand_written[@]}" | many clang-format --dry-run --Werror 2>&1 |
        sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error: .*clang-formatted.*/        \1/p' | sort -u >"$work/unformatted"
    [ "${VERBOSE-}" ] && cat "$work/unformatted"
    echo "        clang-format would change $(wc -l <"$work/unformatted") of ${#hand_written[@]} files"
}

budgets
documentation
layers
doors
headers_alone
banned_words
globals
scripts
formatting
[ -f "$work/broken" ] || { echo 'lint: all rules hold' && exit 0; }
echo "lint: $(wc -l <"$work/broken") rules broken"
exit 1
