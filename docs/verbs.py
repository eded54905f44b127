"""The README's table "I have a file", made from docstrings of verbs: ``python docs/verbs.py`` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import lrtheory
from lrtheory.cli.verbs import verbs_of

README = Path(__file__).resolve().parent.parent / "README.md"
_SECTION = re.compile(r"(?<=\n\| I have \| I want \| I type \|\n\|---\|---\|---\|\n)(?:\|.*\n)*")


def rows() -> list[str]:
    """The rows of the table: what one has, what a verb answers, and the line of its first example.

    Returns
    -------
    list of str
        In Markdown, in the order of the systems.
    """
    found = [verb for system in lrtheory.SYSTEMS for verb in verbs_of(system).values()]
    return [f"| {_first(verb.files[0].help)} | {verb.summary.rstrip('.')} | `{verb.examples[0]}` |" for verb in found]


def _first(text: str) -> str:
    """The first sentence, without its stop."""
    return re.split(r"(?<=[^.]{3})\. |\.$|; ", text)[0]


def with_table(readme: str) -> str:
    """The README with the table as the docstrings have it now.

    Parameters
    ----------
    readme : str
        With the head of the table.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        If the head of the table is not there.
    """
    if not _SECTION.search(readme):
        raise ValueError("README.md has no table with the head | I have | I want | I type |")
    return _SECTION.sub("".join(row + "\n" for row in rows()).replace("\\", r"\\"), readme, count=1)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
