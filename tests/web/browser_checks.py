"""What a page must keep to in a browser. Each check takes (browser, page) and yields its faults."""
import bisect
import json
import pathlib
import subprocess
import tempfile
import unicodedata

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LEAST_CONTRAST = 4.5
NARROW, WIDE = 320, 1280  # pixels
MOST_ELEMENTS, MOST_SECONDS = 5000, 1.0
MOST_ELEMENTS_IN_ONE = 10000  # a report as one file
SHORTEST_PIECE = 16  # letters of a word on one sheet that are no accident
MOST_STOPS = 200  # of the Tab key on one page; the rows of a long table are alike


# ---- accessibility ---------------------------------------------------------------------------

# axe leaves the contrast of single characters and of text in drawings undecided. The first are
# computed here, from the text's colour and the grounds laid over each other behind it; the inks of
# drawings are computed from the theme by tests/draw/test_color.c.
UNDECIDED = """(() => {
  const rgba = text => { const n = text.match(/[\\d.]+/g).map(Number); return [...n.slice(0, 3), n[3] ?? 1]; };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const light = color => color.map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const ground = e => { const g = rgba(getComputedStyle(e).backgroundColor);
    return g[3] === 1 ? g.slice(0, 3) : over(g, e.parentElement ? ground(e.parentElement) : [255, 255, 255]); };
  return selector => {
    const e = document.querySelector(selector);
    if (e.closest('svg')) return 21;
    const below = ground(e), pair = [light(over(rgba(getComputedStyle(e).color), below)), light(below)].sort((a, b) => a - b);
    return (pair[1] + .05) / (pair[0] + .05);
  };
})()"""

# A report as one file has a section for each page. Contrasts take axe minutes there; but sections whose
# names differ in digits alone are of one kind, so it is enough to look at the largest of each.
ONE_OF_EACH_KIND = """(() => {
  const kept = {};
  for (const page of document.querySelectorAll('section.page')) {
    const kind = page.id.replace(/[0-9]/g, '0'), other = kept[kind];
    const larger = !other || page.innerHTML.length > other.innerHTML.length;
    if (other) (larger ? other : page).remove();
    if (larger) kept[kind] = page;
  }
})()"""


def accessible(axe, theme, options=None, prepare="0"):
    """The check that axe finds nothing in this colour scheme, and that what it cannot decide holds.
    `options` are axe's; the page is first prepared by a piece of JavaScript."""
    run = """axe.run(document, %s).then(found => ({
      violations: found.violations.map(rule => [rule.help, rule.nodes.map(node => node.html)]),
      undecided: found.incomplete.filter(rule => rule.id === 'color-contrast').flatMap(rule =>
        rule.nodes.map(node => [node.html, contrast(node.target[0])]))}))""" % json.dumps(
            {"resultTypes": ["violations", "incomplete"], "runOnly": TAGS, **(options or {})})

    def check(browser, page):
        browser.view(WIDE, theme=theme)
        browser.open(page)
        browser.evaluate(prepare)
        browser.evaluate(f"{axe}; const contrast = {UNDECIDED}; 0")
        found = browser.evaluate(run)
        for rule, nodes in found["violations"]:
            for node in nodes[:3]:
                yield f"{rule}: {node[:160]}"
        for node, ratio in found["undecided"]:
            if ratio < LEAST_CONTRAST:
                yield f"a contrast of {ratio:.2f}: {node[:160]}"

    return check


def colours(axe, theme):
    """Only what depends on the colour scheme."""
    return accessible(axe, theme, {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}})


def accessible_in_one(axe):
    """All but the contrasts of a report as one file."""
    return accessible(axe, "light", {"rules": {"color-contrast": {"enabled": False}}})


def contrasts_in_one(axe, theme):
    return accessible(axe, theme, {"runOnly": {"type": "rule", "values": ["color-contrast"]}}, ONE_OF_EACH_KIND)


# ---- alone: no network, no script, no complaint -----------------------------------------------

def needs_nothing(browser, page, allowed="file:"):
    """No request but for files, no word on the console, and the same text without scripts."""
    browser.view(WIDE)
    browser.open(page)
    for event in browser.events:
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if url != page.resolve().as_uri() and not url.startswith(allowed):
                yield "asks for " + url[:120]
        elif event.get("method") == "Network.loadingFailed":
            yield "cannot load something: " + parameters["errorText"]
        elif event.get("method") == "Log.entryAdded":
            yield "the browser says: " + parameters["entry"]["text"][:200]
        elif event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            yield "a script speaks"
    text = "document.body.innerText"
    with_scripts = browser.evaluate(text)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    if browser.evaluate(text) != with_scripts:
        yield "another text without scripts"


# ---- layout -----------------------------------------------------------------------------------

TOO_WIDE = """[...document.querySelectorAll('main *')].filter(e =>
  e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.table, .tree, details:not([open]), .aloud')
).slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""


def fits_a_phone(browser, page):
    """Nothing scrolls sideways but what has its own scroll bar."""
    browser.view(NARROW)
    browser.open(page)
    width = browser.evaluate("document.documentElement.scrollWidth")
    if width > NARROW:
        yield f"{width} pixels wide in a window of {NARROW}"
        yield from browser.evaluate(TOO_WIDE)


FOCUSED = """(() => {
  const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
  return {body: e === document.body, html: e.outerHTML.slice(0, 120),
    outline: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
    seen: b.bottom > 0 && b.top < innerHeight && b.right > 0 && b.left < innerWidth && b.width > 0};
})()"""
STOPS = """[...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
  .filter(e => e.checkVisibility({contentVisibilityAuto: false})).length"""


def can_be_walked(browser, page):
    """The Tab key reaches every link in turn, and each stop is seen, with an outline."""
    browser.view(WIDE)
    browser.open(page)
    expected, stops = browser.evaluate(STOPS), 0
    key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    while stops < min(expected, MOST_STOPS):
        for kind in ("rawKeyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, **key)
        stop = browser.evaluate(FOCUSED)
        if stop["body"]:
            yield f"{stops} stops of the Tab key, {expected} links"
            return
        stops += 1
        if not stop["outline"]:
            yield "no outline: " + stop["html"]
        if not stop["seen"]:
            yield "out of sight: " + stop["html"]


def needs_nothing_beside(browser, page):
    """Likewise of a report as one file: it asks for itself and for what it holds, no other file."""
    return needs_nothing(browser, page, "data:")


def is_light(browser, page, most_elements=MOST_ELEMENTS):
    """Few elements, and there at once: by the processor's time, which other programs do not change."""
    browser.view(WIDE)
    seconds = sorted(browser.seconds_to_open(page) for _ in range(3))[1]
    elements = browser.evaluate("document.querySelectorAll('*').length")
    if elements > most_elements:
        yield f"{elements} elements, more than {most_elements}"
    if seconds > MOST_SECONDS:
        yield f"{seconds:.2f} s of work to load and paint, more than {MOST_SECONDS} s"


def is_light_in_one(browser, page):
    """Likewise of a report as one file."""
    return is_light(browser, page, MOST_ELEMENTS_IN_ONE)


# ---- print ------------------------------------------------------------------------------------

PRINTED = """(() => {
  const texts = selector => [...document.querySelectorAll(selector)].map(e => e.textContent);
  return {whole: texts('h1, h2, h3, h4, main caption, figcaption, summary'),
    words: texts('details p, details td').flatMap(text => text.split(/\\s+/))};
})()"""


def plain(text):
    """Letters and figures alone: line breaks, ligatures and hidden characters do not count."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def rest_after(word, sheets):
    """What of a word is missing where a cell goes on from sheet to sheet: each holds a piece, beside other cells."""
    for sheet in sheets:
        length = bisect.bisect_left(range(1, len(word) + 1), True, key=lambda n: word[:n] not in sheet)
        if length >= SHORTEST_PIECE:
            word = word[length:]
    return word


def prints_whole(browser, page):
    """On paper stands every heading and caption, and every word that is folded away on the screen."""
    browser.view(WIDE)
    browser.open(page)
    wanted = browser.evaluate(PRINTED)
    with tempfile.TemporaryDirectory() as folder:
        paper = pathlib.Path(folder) / "page.pdf"
        browser.print(paper)
        text = subprocess.run(["pdftotext", "-raw", paper, "-"], check=True, capture_output=True).stdout
    sheets = [plain(sheet) for sheet in text.decode("utf-8", "replace").split("\f")]
    printed = "".join(sheets)
    for part in wanted["whole"] + sorted(set(wanted["words"])):
        if plain(part) not in printed and rest_after(plain(part), sheets):
            yield "not on paper: " + part.strip()[:120]
