"""browser.py AXE FOLDER...: the largest page of every kind in these folders, in Chromium. Speaks TAP."""
import pathlib
import shutil
import sys

import browser_checks as checks
from chromium import Chromium, Failure
from page_kinds import page_kinds

MOST_FAULTS = 12  # told of one page


def main(axe_file, folders):
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

    listed = {"needs no network and no script": checks.needs_nothing,
              "fits 320 pixels": checks.fits_a_phone,
              "can be walked with the Tab key": checks.can_be_walked,
              "is light": checks.is_light}
    for theme in ("light", "dark"):
        if axe:
            listed["axe finds nothing, " + theme] = checks.accessible(axe, theme)
        else:
            done += 1
            print("ok", done, "- axe,", theme, "# SKIP no axe.min.js: see vendor/README.md")
    if shutil.which("pdftotext"):
        listed["prints whole"] = checks.prints_whole
    else:
        done += 1
        print("ok", done, "- prints whole # SKIP no pdftotext: see vendor/README.md")

    with Chromium("chromium") as browser:
        for folder in map(pathlib.Path, folders):
            for page in page_kinds(folder):
                for name, check in listed.items():
                    try:
                        faults = list(check(browser, page))
                    except Failure as failure:
                        faults = [str(failure)]
                    tell(f"{folder.name}/{page.relative_to(folder)} {name}", faults)
    print(f"1..{done}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
