"""A page read with Python's own HTML reader: its names, links, pictures, headings and tables."""
import html.parser
import pathlib
import subprocess


DRAWN = "(drawn)"  # stands for a drawing in a cell


class Parsed(html.parser.HTMLParser):
    """Of a whole page, or of what stands in its <main>."""

    def __init__(self, text):
        super().__init__()
        self.names, self.links, self.pictures = set(), [], []  # ids, (tag, address), (src, alt)
        self.headings, self.tables = [], []  # texts, rows of cells
        self._into = None  # where text goes: a list of pieces
        self._silent = 0  # inside a drawing's <title> or <style>
        self.feed(text)

    @staticmethod
    def of_html(path):
        """The page's own part, without what all pages share."""
        text = pathlib.Path(path).read_text(encoding="utf-8")
        return Parsed(text[text.index("<main"):text.index("</main>")] if "<main" in text else text)

    @staticmethod
    def of_markdown(path):
        """As a code host shows it: GitHub's Markdown with tables."""
        return Parsed(subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", path], check=True,
                                     capture_output=True).stdout.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.names.add(values["id"])
        for name in ("href", "src", "srcset", "data", "poster"):
            if values.get(name):
                self.links.append((tag, values[name].split(" ")[0]))
        if tag == "img":
            self.pictures.append((values.get("src"), values.get("alt")))
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._into = []
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._into = []
        elif tag in ("svg", "style", "sub"):  # <sub>: in Markdown a token's value, a title in HTML
            self._silent += 1
            if tag == "svg" and self._into is not None:
                self._into.append(DRAWN)

    def handle_endtag(self, tag):
        if tag in ("svg", "style", "sub"):
            self._silent -= 1
        if self._into is None:
            return
        text = " ".join("".join(self._into).split())
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(text)
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(text)
        else:
            return
        self._into = None

    def handle_data(self, data):
        if self._into is not None and not self._silent:
            self._into.append(data)
