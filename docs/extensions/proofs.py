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


def setup(app: Sphinx) -> dict[str, bool]:
    """Come before numpydoc."""
    # numpydoc also reads the signatures of docstrings before the proofs are moved
    warnings.filterwarnings("ignore", "Unknown section Proof")
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", proofs_as_paragraphs, priority=1)
    app.connect("autodoc-process-docstring", initials_as_letters, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
