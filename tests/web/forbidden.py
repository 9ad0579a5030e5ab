"""forbidden.py FOLDER_OR_PAGE...: no page and no drawing runs anything, carries style in a tag, or loads
anything from elsewhere. The one style sheet inside is a page's that is one file, or a drawing's."""
import html.parser
import pathlib
import sys

TAGS = {"script", "iframe", "object", "embed", "form", "base", "foreignobject"}
LOADING = {"src", "srcset", "data", "poster", "xlink:href"}


class Reader(html.parser.HTMLParser):
    def __init__(self, file):
        super().__init__()
        self.file = file
        self.feed(file.read_text(encoding="utf-8"))

    def say(self, what):
        print(f"{self.file}:{self.getpos()[0]}: {what[:200]}")

    def handle_starttag(self, tag, attributes):
        if tag in TAGS:
            self.say(f"<{tag}>")
        for name, value in attributes:
            address = (value or "").strip().lower()
            if name == "style" or name.startswith("on"):
                self.say(f"<{tag} {name}={value}>")
            if address.startswith(("javascript:", "vbscript:")):
                self.say(f"<{tag} {name}={value}>")
            loads = name in LOADING or (name == "href" and tag in ("link", "use", "image"))
            if loads and "//" in address and not address.startswith("data:image/"):
                self.say(f"<{tag} {name}={value}>")


def main(arguments):
    for start in map(pathlib.Path, arguments):
        for file in [start] if start.is_file() else sorted(start.rglob("*")):
            if file.suffix in (".html", ".svg"):
                Reader(file)


if __name__ == "__main__":
    main(sys.argv[1:])
