"""Which pages of a folder are looked at: the largest of every kind.

Pages are of one kind when their paths differ in digits alone, or in what a table is ordered by. So
nothing here knows which pages a report has."""
import pathlib
import re


def page_kinds(folder):
    """The largest page of each kind below a folder, sorted by kind; of a page that page."""
    folder, kinds = pathlib.Path(folder), {}
    if folder.is_file():
        return [folder]
    for page in sorted(folder.rglob("*.html")):
        kind = re.sub(r"by-\w+", "by-", re.sub(r"\d", "0", str(page.relative_to(folder))))
        if kind not in kinds or page.stat().st_size > kinds[kind].stat().st_size:
            kinds[kind] = page
    return [kinds[kind] for kind in sorted(kinds)]


if __name__ == "__main__":
    import sys
    for folder in sys.argv[1:]:
        print(*page_kinds(folder), sep="\n")
