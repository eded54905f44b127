"""Formulas as MathML, with the letters of a font that lies beside the pages: nothing is fetched and no script runs.

The font is STIX Two Math (SIL Open Font License), cut down to the letters that the pages use, since a browser sets
brackets, roots and sums well only with a font that has the measures for them.
"""

from __future__ import annotations

import html
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging

__all__ = ["FONT", "letters", "mathml", "setup", "write_font"]

#: place of the font among the built pages; static/site.css names it
FONT = Path("_static") / "stix-two-math.woff"
#: ASCII, and the slanted letters, as which a browser sets variables of one letter
_ALWAYS = {*map(chr, range(32, 127)), *map(chr, range(0x1D434, 0x1D468)), *map(chr, range(0x1D6A4, 0x1D71C)), "ℎ"}
_CONVERTER = LatexToMathML(fancy_error=False, annotation=False)
_LOGGER = logging.getLogger(__name__)


def mathml(tex: str, *, block: bool) -> str:
    """A formula as an element of HTML.

    Parameters
    ----------
    tex : str
        The formula, in TeX.
    block : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``math`` element, whose ``aria-label`` is the TeX.

    Raises
    ------
    ValueError
        If the TeX is not understood.
    """
    try:
        element = _CONVERTER.convert_with_local_state(tex, displaystyle=block)
    except LatexError as error:
        raise ValueError(f"`tex` must be TeX that math-core reads; got {tex!r}: {error}") from error
    element = re.sub("<mo>(?=[′″‴]</mo>)", '<mo class="prime">', element)  # static/site.css enlarges them
    return element.replace("<math", f'<math aria-label="{html.escape(tex, quote=True)}"', 1)


def _visit(translator: Any, node: nodes.Element, *, block: bool) -> None:
    try:
        element = mathml(node.astext(), block=block)
    except ValueError as error:
        _LOGGER.warning("%s", error, location=node)
        element = f"<code>{html.escape(node.astext())}</code>"
    tag = "div" if block else "span"
    # a block can be wider than a telephone: it scrolls by itself
    translator.body.append(translator.starttag(node, tag, "", CLASS="formula", **({"tabindex": "0"} if block else {})))
    translator.body.append(f"{element}</{tag}>{chr(10) * block}")
    raise nodes.SkipNode


def letters(folder: Path) -> set[str]:
    """All letters inside formulas of built pages."""
    found: set[str] = set()
    for page in folder.rglob("*.html"):
        for formula in re.findall(r"<math.*?</math>", page.read_text(encoding="utf-8"), re.DOTALL):
            found |= set(html.unescape(re.sub(r"<[^>]*>", "", formula)))
    return found


def write_font(path: Path, used: set[str]) -> None:
    """Write the part of the font that sets some letters, with all sizes in which brackets and sums come."""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=["*"], notdef_outline=True, recalc_timestamp=False)
    package = find_spec("ziamath")  # not imported, which would read the whole font
    if package is None or package.origin is None:
        raise ImportError("the font of the formulas comes with ziamath; pip install '.[docs]' in the checkout")
    font = subset.load_font(str(Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(used | _ALWAYS)))
    cutter.subset(font)
    path.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(path), options)
    font.close()


def _font_of_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        write_font(Path(app.outdir) / FONT, letters(Path(app.outdir)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer ``mathml``."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(lambda self, node: _visit(self, node, block=False), None),
        block_renderers=(lambda self, node: _visit(self, node, block=True), None),
    )
    app.connect("build-finished", _font_of_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
