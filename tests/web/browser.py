"""browser.py AXE FOLDER_OR_PAGE... [--in-one PAGE...]: the largest page of every kind in these folders, single
pages, and reports as one file, in Chromium. Speaks TAP."""
import argparse
import concurrent.futures
import contextlib
import pathlib
import queue
import shutil
import sys

import browser_checks as checks
from chromium import Chromium, Failure
from page_kinds import page_kinds

MOST_FAULTS = 12  # told of one page
BROWSERS = 2  # side by side, each with one page at a time


def main(axe_file, starts, in_one):
    axe = pathlib.Path(axe_file).read_text() if axe_file else None
    done, failed = 0, 0

    def tell(name, faults):
        nonlocal done, failed
        done += 1
        failed += bool(faults)
        print("not ok" if faults else "ok", done, "-", name)
        for fault in faults[:MOST_FAULTS]:
            print("#", " ".join(fault.split()))
        if len(faults) > MOST_FAULTS:
            print("# and", len(faults) - MOST_FAULTS, "more")
        sys.stdout.flush()

    def skip(name, why):
        nonlocal done
        done += 1
        print("ok", done, "-", name, "# SKIP", why + ": see vendor/README.md")

    anywhere = {"fits 320 pixels": checks.fits_a_phone, "can be walked with the Tab key": checks.can_be_walked}
    if shutil.which("pdftotext"):
        anywhere["prints whole"] = checks.prints_whole
    else:
        skip("prints whole", "no pdftotext")
    of_page = {"needs no network and no script": checks.needs_nothing, "is light": checks.is_light, **anywhere}
    of_one = {"needs no file beside it and no script": checks.needs_nothing_beside,
              "is light": checks.is_light_in_one, **anywhere}
    if axe:
        of_one["axe finds nothing"] = checks.accessible_in_one(axe)
        of_page["axe finds nothing, light"] = checks.accessible(axe, "light")
        of_page["axe finds nothing in its colours, dark"] = checks.colours(axe, "dark")
        for theme in ("light", "dark"):
            of_one["axe finds its contrasts sufficient, " + theme] = checks.contrasts_in_one(axe, theme)
    else:
        skip("axe", "no axe.min.js")

    idle = queue.SimpleQueue()  # browsers without a page

    def look_at(start, page):
        """What every check finds of the page: its name, its faults."""
        browser, found = idle.get(), []
        title = start.name if page == start else f"{start.name}/{page.relative_to(start)}"
        try:
            for name, check in (of_one if str(start) in in_one else of_page).items():
                try:
                    faults = list(check(browser, page))
                except Failure as failure:
                    faults = [str(failure)]
                found.append((f"{title} {name}", faults))
        finally:
            idle.put(browser)
        return found

    # Whole reports first: they take longest.
    pages = [(start, page) for start in map(pathlib.Path, in_one + starts) for page in page_kinds(start)]
    with contextlib.ExitStack() as open_until_the_end:
        for _ in range(BROWSERS):
            idle.put(open_until_the_end.enter_context(Chromium("chromium")))
        with concurrent.futures.ThreadPoolExecutor(BROWSERS) as workers:
            for found in workers.map(look_at, *zip(*pages)):
                for name, faults in found:
                    tell(name, faults)
    print(f"1..{done}")
    return 1 if failed else 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("axe", help="axe.min.js, or nothing")
    arguments.add_argument("starts", nargs="*", help="folders and pages")
    arguments.add_argument("--in-one", nargs="*", default=[], help="reports as one file")
    given = arguments.parse_args()
    sys.exit(main(given.axe, given.starts, given.in_one))
