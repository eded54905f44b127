"""The pages: a first page, a lecture and a page of functions a system, a gallery, notebooks; all found on disk."""

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import pages  # noqa: E402

import lrtheory  # noqa: E402 (this checkout, whatever is installed)

# the theme's colors of code would turn on the messages of every library
logging.basicConfig(level=logging.WARNING)

project = "lrtheory"
author = copyright = "the lrtheory developers"
version = release = lrtheory.__version__

extensions = [
    "extensions.formulas",
    "extensions.names",
    "extensions.navigation",
    "extensions.notebooks",
    "extensions.proofs",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_design",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
default_role = "py:obj"  # names in backticks are links where there is something to lead to
suppress_warnings = ["myst.header", "ref.python"]  # an included page starts where it likes; `n` is the name of many

# --- notebooks and Markdown ------------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True  # what a cell prints is one text
nb_output_stderr = "remove"  # progress of the kernels that are compiled at first use

# --- functions -------------------------------------------------------------------------------------------------------

autodoc_typehints = "none"  # the docstrings say the types, with shapes
maximum_signature_line_length = 80  # a longer signature gets a line a parameter
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# --- the look --------------------------------------------------------------------------------------------------------

_BLUE, _LIGHT_BLUE = "#0072B2", "#56B4E9"  # of the figures and demos, and its neighbor for dark pages
html_theme = "furo"
html_title = "lrtheory"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_domain_indices = False  # a table of the modules would repeat the navigation
html_theme_options = {
    "light_css_variables": {"color-brand-primary": _BLUE, "color-brand-content": _BLUE, "color-brand-visited": _BLUE},
    "dark_css_variables": dict.fromkeys(
        ("color-brand-primary", "color-brand-content", "color-brand-visited"), _LIGHT_BLUE
    ),
}


def write_pages(app):
    """What is made from the project itself."""
    pages.write(Path(app.srcdir))


def setup(app):
    app.connect("builder-inited", write_pages, priority=1)
