"""twins.py FOLDER...: a page in HTML and its twin in Markdown say the same: the same headings, and every
cell of every table; a picture's text is the one in its file, where it has one."""
import pathlib
import sys

from parsed import DRAWN, Parsed


def twin_of(page):
    return page.with_name("README.md") if page.name == "index.html" else page.with_suffix(".md")


def letters(cell):
    return "".join(cell.split())


def differences(page, twin):
    here, there = Parsed.of_html(page), Parsed.of_markdown(twin)
    if here.headings != there.headings:
        yield f"headings: {sorted(set(here.headings) ^ set(there.headings))[:4]}"
    if len(here.tables) != len(there.tables):
        yield f"{len(here.tables)} tables, {len(there.tables)} in Markdown"
    for at, (table, other) in enumerate(zip(here.tables, there.tables)):
        rows = [row for row in other if any(row)]  # Markdown has no table without a head
        if len(table) != len(rows):
            yield f"table {at}: {len(table)} rows, {len(rows)} in Markdown"
        for row, twin_row in zip(table, rows):
            shown = [there if here == DRAWN and there else here for here, there in zip(row, twin_row)]
            if [letters(cell) for cell in shown] != [letters(cell) for cell in twin_row]:
                yield f"table {at}: {row} is {twin_row} in Markdown"
    if not set(here.pictures) <= set(there.pictures):
        yield "other pictures"
    for source, alt in here.pictures:
        file = page.parent / pathlib.Path(source).with_suffix(".txt")
        if file.is_file() and file.read_text(encoding="utf-8").split() != (alt or "").split():
            yield f"the text of {source} is not that of {file.name}"


def main(folders):
    for folder in map(pathlib.Path, folders):
        for page in sorted(folder.rglob("*.html")):
            twin = twin_of(page)
            if not twin.is_file():
                print(f"{page}: no Markdown beside it")
                continue
            for difference in differences(page, twin):
                print(f"{page}: {difference[:400]}")


if __name__ == "__main__":
    main(sys.argv[1:])
