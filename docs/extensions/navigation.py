"""The navigation beside pages that stand in no table of contents is made once for each of their folders.

It holds the same links for all of them, since none of them is in it, and links are relative to the folder. Made for
each page it takes as long as all else of the page.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]


def kept(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the theme take the navigation of an earlier page of the same folder."""
    if "orphan" not in app.env.metadata.get(pagename, {}):
        return
    made: dict[Any, str] = app.__dict__.setdefault("_navigation", {})
    make, folder = context["toctree"], pagename.rpartition("/")[0]

    def toctree(**options: Any) -> str:
        key = (folder, *sorted(options.items()))
        if key not in made:
            made[key] = make(**options)
        return made[key]

    context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, bool]:
    """Come before the theme."""
    app.connect("html-page-context", kept, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
