"""Check the pages of the built site: links inside of it, anchors, and empty pages.

    python tools/check_site.py docs/_build/html

Every link to a file of the site must lead to a file, and to an element of this name if
it has an anchor. Every page must have a heading and some text. The exit status is 1 if
something is wrong. Addresses of other sites are not looked up.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FEWEST_LETTERS = 30
# A script writes the text of this page.
WRITTEN_LATER = {"search.html"}
LINKS = {"a": "href", "img": "src", "link": "href", "script": "src", "source": "src"}


class Page(HTMLParser):
    """The links, the anchors, the headings and the text of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.n_headings = [], set(), 0
        self._depth, self._words = 0, []
        self.feed(path.read_text(encoding="utf-8"))

    @property
    def n_letters(self):
        """Return the number of letters of the article, without spaces."""
        return len("".join("".join(self._words).split()))

    def handle_starttag(self, tag, attrs):
        """Note links, anchors, headings, and where the article starts."""
        attributes = dict(attrs)
        self.anchors.update(attributes.get(key) for key in ("id", "name"))
        if link := attributes.get(LINKS.get(tag)):
            self.links.append(link)
        self.n_headings += tag == "h1"
        self._depth += tag == "article"

    def handle_endtag(self, tag):
        """Note where the article ends."""
        self._depth -= tag == "article"

    def handle_data(self, data):
        """Keep the text of the article."""
        if self._depth:
            self._words.append(data)


def broken_links(site, pages):
    """Yield the pages and the links of pages that lead nowhere in the site."""
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target, anchor = path, unquote(parts.fragment)
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if not target.is_file() or not target.is_relative_to(site):
                yield path, f"{link} leads to no file of the site"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield path, f"{link} leads to no element of the page"


def empty_pages(pages):
    """Yield the pages without a heading or without a text."""
    for path, page in pages.items():
        if page.n_headings != 1:
            yield path, f"has {page.n_headings} headings of the first level, not 1"
        if page.n_letters < FEWEST_LETTERS and path.name not in WRITTEN_LATER:
            yield path, f"has {page.n_letters} letters"


def main(site):
    """Print what is wrong with a site, and return whether anything is."""
    site = Path(site).resolve()
    paths = (p for p in sorted(site.rglob("*.html")) if "_static" not in p.parts)
    pages = {path: Page(path) for path in paths}
    wrong = [*broken_links(site, pages), *empty_pages(pages)]
    for path, problem in wrong:
        print(f"{path.relative_to(site)}: {problem}")
    print(f"{len(pages)} pages, {len(wrong)} problems")
    return bool(wrong) or not pages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
