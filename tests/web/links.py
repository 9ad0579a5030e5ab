"""links.py FOLDER_OR_PAGE...: every address on every page leads to a file, and to a name in it, and so in
Markdown; every file of a report is in its manifest, and every page can be reached from the first."""
import pathlib
import shutil
import sys
import urllib.parse

from parsed import Parsed


def whole(path):
    return Parsed(path.read_text(encoding="utf-8"))


def follow(page, parsed, files):
    """Yields the file that each local link leads to, and says which lead nowhere."""
    for tag, address in parsed.links:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme or parts.netloc:
            if tag != "a" and parts.scheme != "data":
                print(f"{page}: loads {address[:120]}")
            continue
        target = page
        if parts.path:
            target = pathlib.Path(page.parent, urllib.parse.unquote(parts.path)).resolve()
        if not target.is_file():
            print(f"{page}: {address[:120]} leads nowhere")
            continue
        if parts.fragment and target.suffix == ".html":
            names = files[target].names if target in files else whole(target).names
            if urllib.parse.unquote(parts.fragment) not in names:
                print(f"{page}: {address[:120]}: no such name there")
        yield target


def main(arguments):
    for start in map(pathlib.Path, arguments):
        alone = start.is_file()
        folder = start.resolve().parent if alone else start.resolve()
        pages = [start.resolve()] if alone else sorted(folder.rglob("*.html"))
        files = {page: whole(page) for page in pages}
        leads = {page: set(follow(page, files[page], files)) for page in pages}
        if alone:
            continue
        for page in sorted(folder.rglob("*.md")) if shutil.which("cmark-gfm") else []:
            list(follow(page, Parsed.of_markdown(page), files))
        reached, new = set(), {folder / "index.html"}
        while new:
            reached |= new
            new = {to for page in new for to in leads.get(page, ())} - reached
        manifest = {folder / line[66:] for line in
                    (folder / "MANIFEST.sha256").read_text(encoding="utf-8").splitlines()}
        for file in sorted(folder.rglob("*")):
            if file.suffix == ".html" and file not in reached:
                print(f"{file}: no page leads here")
            elif file.is_file() and file not in reached | manifest | {folder / "MANIFEST.sha256"} and \
                    "volatile" not in file.relative_to(folder).parts:
                print(f"{file}: in no manifest and on no page")


if __name__ == "__main__":
    main(sys.argv[1:])
