"""What pages tell of all systems: the README's table and its counts, and the table of verbs on the page about files."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from pathlib import Path

import lrtheory
from facts import of_all
from lrtheory.cli import main
from lrtheory.cli.verbs import verbs_of

__all__ = ["PAGES", "counted", "system_rows", "verb_rows", "with_facts"]

ROOT = Path(__file__).resolve().parent.parent
#: the pages of which a part is made here
PAGES = (ROOT / "README.md", ROOT / "docs" / "files.md")


def system_rows() -> list[str]:
    """The rows of the table of systems, in Markdown."""
    return [
        f"| `{system}` | {_short(told['paper'])} | {told['solves']}{' (frozen)' * (told['state'] == 'frozen')} |"
        for system, told in of_all().items()
    ]


def _short(paper: str) -> str:
    """The paper without its subtitle, since the README has a limit and its link leads to the whole title."""
    return re.sub(r": [^\[]*(?=, \[)", "", paper, count=1)


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


def counted() -> str:
    """The sentence that counts what stands, by the last line of ``lrtheory list``."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main(["list"])
    last = printed.getvalue().splitlines()[-1]
    sentence = f"What stands here now, as the last line of `lrtheory list` counts it: {last}."
    return textwrap.fill(sentence, 120, break_on_hyphens=False) + "\n"


#: what is made, by the file: the beginning of each part, the lines that follow it, and their maker
_PARTS = {
    "README.md": (
        ("| system | paper | what it solves |\n| --- | --- | --- |\n", r"(?:\|.*\n)*", lambda: _lines(system_rows())),
        ("\n\n", r"What stands here now,(?:.+\n)*?(?=Theorems of the papers,)", counted),
    ),
    "files.md": (("| I have | I want | I type |\n|---|---|---|\n", r"(?:\|.*\n)*", lambda: _lines(verb_rows())),),
}


def _lines(rows: list[str]) -> str:
    return "".join(row + "\n" for row in rows)


def with_facts(name: str, text: str) -> str:
    """A page with its tables and counts as the files and the docstrings have them now.

    Parameters
    ----------
    name : str
        Name of the file, ``README.md`` or ``files.md``.
    text : str
        Its text, with the heads of the tables and the beginning of the sentence that counts.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        If a part is not there.
    """
    for head, pattern, made in _PARTS[name]:
        section = re.compile(rf"(?<={re.escape(head)}){pattern}")
        if not section.search(text):
            raise ValueError(f"{name} has no part that begins with {(head.strip() or pattern)[:20]}")
        told = made()
        text = section.sub(lambda _, told=told: told, text, count=1)
    return text
