"""The API pages: one page a system, found on disk, from the docstrings."""

import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import lrtheory  # noqa: E402 (this checkout, whatever is installed)

# numpydoc also reads the signatures of docstrings before `proofs_as_paragraphs` has seen them
warnings.filterwarnings("ignore", "Unknown section Proof")

project = "lrtheory"
author = copyright = "the lrtheory developers"
version = release = lrtheory.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc"]
exclude_patterns = ["_build", "*.md"]
html_theme = "alabaster"
html_theme_options = {"description": "Theorems that run", "fixed_sidebar": True, "page_width": "1100px"}
html_show_sourcelink = False

autodoc_typehints = "none"  # the docstrings say the types, with shapes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
mathjax_path = "https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-mml-chtml.js"


def proofs_as_paragraphs(app, what, name, obj, options, lines):
    """Move the section Proof, which numpydoc does not know, to the end of the docstring as a paragraph of the notes."""
    start = next((i for i in range(len(lines) - 1) if lines[i] == "Proof" and set(lines[i + 1]) == {"-"}), None)
    if start is None:
        return
    headings = (i for i in range(start + 2, len(lines) - 1) if lines[i + 1] and set(lines[i + 1]) == {"-"})
    end = next(headings, len(lines))
    proof = ["**Proof.**", "", *lines[start + 2 : end]]
    rest = lines[:start] + lines[end:]
    notes = next((i for i in range(len(rest) - 1) if rest[i] == "Notes" and set(rest[i + 1]) == {"-"}), None)
    if notes is None:
        lines[:] = [*lines[:start], "Notes", "-----", *proof, "", *lines[end:]]
    else:
        after = (i for i in range(notes + 2, len(rest) - 1) if rest[i + 1] and set(rest[i + 1]) == {"-"})
        place = next(after, len(rest))
        lines[:] = [*rest[:place], "", *proof, "", *rest[place:]]


def write_system_pages(app):
    """A page for every system that stands, so that a new one appears by being there."""
    pages = Path(app.srcdir) / "api"
    pages.mkdir(exist_ok=True)
    for old in pages.glob("*.rst"):
        old.unlink()
    for system in lrtheory.SYSTEMS:
        page = (Path(app.srcdir) / "system.rst.txt").read_text().format(system=system, line="=" * len(system))
        (pages / f"{system}.rst").write_text(page)


def setup(app):
    app.connect("builder-inited", write_system_pages, priority=1)
    app.connect("autodoc-process-docstring", proofs_as_paragraphs, priority=1)
