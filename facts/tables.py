"""The README's two tables: of systems, from their facts, and "I have a file", from the docstrings of verbs."""

from __future__ import annotations

import re
from pathlib import Path

import lrtheory
from facts import of_all
from lrtheory.cli.verbs import verbs_of

__all__ = ["README", "system_rows", "verb_rows", "with_tables"]

README = Path(__file__).resolve().parent.parent / "README.md"


def system_rows() -> list[str]:
    """The rows of the table of systems, in Markdown."""
    return [
        f"| `{system}` | {told['paper']} | {told['solves']}{' (frozen)' * (told['state'] == 'frozen')} |"
        for system, told in of_all().items()
    ]


def verb_rows() -> list[str]:
    """The rows of the table of verbs: what one has, what a verb answers, and the line of its first example.

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


#: the heads of the tables, with what makes their rows
_TABLES = {
    "| system | paper | what it solves |\n| --- | --- | --- |\n": system_rows,
    "| I have | I want | I type |\n|---|---|---|\n": verb_rows,
}


def with_tables(readme: str) -> str:
    """The README with both tables as the files and the docstrings have them now.

    Parameters
    ----------
    readme : str
        With the heads of the tables.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        If the head of a table is not there.
    """
    for head, rows in _TABLES.items():
        section = re.compile(rf"(?<=\n{re.escape(head)})(?:\|.*\n)*")
        if not section.search(readme):
            raise ValueError(f"README.md has no table with the head {head.splitlines()[0]}")
        text = "".join(row + "\n" for row in rows())
        readme = section.sub(lambda _, text=text: text, readme, count=1)
    return readme
