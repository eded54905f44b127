"""Markdown as the report needs it: narrow tables, text that is no markup, places to link to, three digits a number."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["anchor", "apart", "formula", "plain", "rounded", "short", "table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table without a space that could be saved, since the report has a row for every statement.

    Parameters
    ----------
    header : sequence of str
        The names of the columns.
    rows : sequence of sequence of str
        Cells of Markdown; a bar within one is escaped, for it would end its cell.

    Returns
    -------
    str
        Table in Markdown with a newline at its end; empty if there is no row.
    """
    lines = [header, ["-"] * len(header), *rows]
    return (
        "".join(f"|{'|'.join(cell.replace('|', chr(92) + '|') for cell in line)}|\n" for line in lines) if rows else ""
    )


def plain(text: str) -> str:
    """A text in which no letter is markup: stars, dollars and angle brackets mean themselves.

    Parameters
    ----------
    text : str
        Any text of one line.

    Returns
    -------
    str
        Markdown that reads like the text.
    """
    return re.sub(r"([*$]|<(?=[A-Za-z/!?]))", r"\\\1", text)


def formula(tex: str) -> str:
    """A formula in a cell of a table, where a bar would end the cell.

    Parameters
    ----------
    tex : str
        LaTeX without dollars.

    Returns
    -------
    str
        The formula between dollars, in one line and without bars.
    """
    return f"${' '.join(tex.split())}$".replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def anchor(heading: str) -> str:
    """The fragment under which browsers of repositories and the pages find a heading.

    Parameters
    ----------
    heading : str
        Letters, digits, ``-`` and ``_``, and spaces.

    Returns
    -------
    str
        The heading in lower case, with hyphens in the place of spaces.
    """
    return heading.lower().replace(" ", "-")


def short(side: str) -> str:
    """A side of evidence in three digits, or as it stands where it is a whole number or a fraction that is short.

    Parameters
    ----------
    side : str
        A float, a fraction or a ball, or a few words where a solver returned nothing to compare.

    Returns
    -------
    str
        At most 15 characters for a number, 60 for words.
    """
    if re.fullmatch(r"-?\d{1,7}", side):
        return side
    if not _is_number(side):  # what a solver that raised an error or changed its instance did
        return side if len(side) <= 60 else side[:57] + "..."
    try:
        return f"{float(side):.3g}"
    except ValueError:
        if "+/-" in side:  # a ball
            return f"{rounded(side):.3g}"
        return side[:15] if "/" not in side or len(side) <= 9 else f"{rounded(side):.3g}"


def _is_number(side: str) -> bool:
    """Whether a side is a number, and no words."""
    return re.match(r"\[|-?(\d|inf|nan|\.\d)", side) is not None


def apart(left: str, right: str) -> tuple[str, str]:
    """Both sides as `short` writes them, with more digits where three do not tell them apart.

    Parameters
    ----------
    left, right : str
        Sides of evidence.

    Returns
    -------
    pair of str
        Texts of both sides, which are equal only where the sides are.
    """
    told = short(left), short(right)
    if not all(map(_is_number, told)) or rounded(left) == rounded(right):
        return told
    for digits in range(4, 18):
        if rounded(told[0]) != rounded(told[1]):
            break
        told = f"{rounded(left):.{digits}g}", f"{rounded(right):.{digits}g}"
    return told


def rounded(side: str) -> float:
    """The number nearest to a side of evidence.

    Parameters
    ----------
    side : str
        A float, a fraction or a ball.

    Returns
    -------
    float
        The middle of a ball.

    Raises
    ------
    ValueError
        If the text is not a number.
    """
    if "+/-" in side:
        return float(side.strip("[]").partition("+/-")[0].strip() or 0)
    numerator, slash, denominator = side.partition("/")
    return int(numerator) / int(denominator) if slash else float(side)
