"""Check the links within the built site: `python tests/site/links.py out`."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Collect what the tag links to, and what links can end at."""
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)


def broken_links(site):
    """Return the links that end nowhere, as pairs of page and link."""
    pages = {
        path.resolve(): Page(path)
        for path in site.rglob("*.html")
        if "_static" not in path.relative_to(site).parts
    }
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path.startswith("/"):
                target = (site / unquote(parts.path).lstrip("/")).resolve()
            elif parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            anchors = pages[target].anchors if target in pages else None
            lost = anchors is not None and unquote(parts.fragment) not in anchors
            if not target.exists() or lost:
                broken.append((path.relative_to(site.resolve()), link))
    return broken, sum(len(page.links) for page in pages.values())


def main():
    """Print the broken links, and end with 1 if there is one."""
    broken, n_links = broken_links(Path(sys.argv[1]).resolve())
    for path, link in broken:
        print(f"{path}: {link}")
    print(f"{n_links} links, {len(broken)} broken")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
