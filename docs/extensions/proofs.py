"""What docstrings say and the readers of docstrings take for something else: proofs, and authors with initials."""

from __future__ import annotations

import re
import warnings
from typing import Any

from sphinx.application import Sphinx

__all__ = ["initials_as_letters", "proofs_as_paragraphs", "setup"]


def initials_as_letters(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep the initial with which a reference begins: ``.. [1] M. Rowland`` else is the thirteenth item of a list."""
    lines[:] = [re.sub(r"^(\s*\.\. \[\d+\] )([A-Z]\.)", r"\1\\\2", line) for line in lines]


def proofs_as_paragraphs(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Move the section Proof, which numpydoc does not know, to the end of the notes."""
    found = _section(lines, "Proof")
    if found is None:
        return
    start, end = found
    proof = ["**Proof.**", "", *lines[start + 2 : end], ""]
    del lines[start:end]
    notes = _section(lines, "Notes")
    if notes is None:
        lines[start:start] = ["Notes", "-----", *proof]
    else:
        lines[notes[1] : notes[1]] = ["", *proof]


def _section(lines: list[str], name: str) -> tuple[int, int] | None:
    """The line of a section's heading, and that of the next heading or the end; None where there is no such section."""
    headings = [i for i in range(len(lines) - 1) if lines[i + 1] and set(lines[i + 1]) == {"-"}]
    start = next((i for i in headings if lines[i] == name), None)
    return None if start is None else (start, next((i for i in headings if i > start), len(lines)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Come before numpydoc."""
    # numpydoc also reads the signatures of docstrings before the proofs are moved
    warnings.filterwarnings("ignore", "Unknown section Proof")
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", proofs_as_paragraphs, priority=1)
    app.connect("autodoc-process-docstring", initials_as_letters, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
