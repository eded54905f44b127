"""The built pages are whole: ``python docs/links.py docs/_build/html``.

Every link that stays within them leads somewhere, and nothing that a page shows comes from elsewhere: scripts, styles,
pictures and formulas are there without a network.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The targets of a page, the places that it can be entered at, and what it fetches to be shown."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.targets.append(value)
                if name == "src" or tag == "link":
                    self.fetched.append(value)


def broken(folder: Path) -> list[str]:
    """Links to files or anchors that do not exist, and what would be fetched from elsewhere."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        elsewhere = [one for one in page.fetched if urlsplit(one).netloc]
        found += [f"{path.relative_to(folder.resolve())} fetches {one}" for one in elsewhere]
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            where = f"{path.relative_to(folder.resolve())} -> {target}"
            if not there.exists():
                found.append(where)
            elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].anchors:
                found.append(where)
    return found


if __name__ == "__main__":
    lost = broken(Path(sys.argv[1]))
    print("\n".join(lost) or "all links within the pages lead somewhere, and nothing is fetched from elsewhere")
    sys.exit(bool(lost))
