#!/bin/bash
# Every kind of page in Chromium, cut off from the network where that may be done.
source tests/web/lib.sh
has 'pages in a browser' chromium || finish
has 'pages in a browser' python3 || finish
alone=()
if unshare -n true 2>/dev/null; then alone=(unshare -n); fi
axe=$tools/axe_playwright_python/axe.min.js
[ -s "$axe" ] || axe=''
exec "${alone[@]}" python3 tests/web/browser.py "$axe" "$made/reports/run" "$made/reports/comparison" \
    "$made/saes" "$made/hostile" "$made/reports/index.html" --in-one "$made/sample.html" "$made/hostile.html"
