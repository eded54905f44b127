"""The pages: a lecture and an API page a system, a gallery, notebooks; all found on disk."""

import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import pages  # noqa: E402

import lrtheory  # noqa: E402 (this checkout, whatever is installed)

# numpydoc also reads the signatures of docstrings before `proofs_as_paragraphs` has seen them
warnings.filterwarnings("ignore", "Unknown section Proof")

project = "lrtheory"
author = copyright = "the lrtheory developers"
version = release = lrtheory.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc", "myst_nb"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
suppress_warnings = ["myst.header", "ref.python"]  # an included page starts where it likes; `n` is the name of many
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


def write_pages(app):
    """What is made from the project itself."""
    pages.write(Path(app.srcdir))


def setup(app):
    app.connect("builder-inited", write_pages, priority=1)
    app.connect("autodoc-process-docstring", proofs_as_paragraphs, priority=1)
