"""A paper in the words of the report: its claims in a few lines, its pictures, and findings worth telling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["About", "Finding", "Published", "Shown", "Side"]


@dataclass(frozen=True, kw_only=True)
class About:
    """A paper in a few lines.

    Attributes
    ----------
    paper : str
        Authors, title and number, as Markdown.
    claims : str
        Claims of the paper, and the part of them that stands here, in about five lines.
    pictures : tuple of str
        Names of one or two figures of the system that stand for it.
    """

    paper: str
    claims: str
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """A number of the evidence of a statement, or of one of its saboteurs.

    Attributes
    ----------
    statement : str
        Id of the statement.
    what : str
        ``"lhs"``, ``"rhs"``, ``"slack"``, ``"upper"`` or ``"exact"`` at the worst entry, or ``"tightness"``.
    saboteur : str
        Name of the saboteur; empty for the statement itself.
    """

    statement: str
    what: str
    saboteur: str = ""


@dataclass(frozen=True)
class Published:
    """Our number, or that of somebody else, where a figure sets the two side by side.

    Attributes
    ----------
    figure : str
        ``<system>/<figure>``.
    what : str
        The quantity, as the figure names it.
    who : {"ours", "published"}
        Author of the number.
    """

    figure: str
    what: str
    who: str = "ours"


@dataclass(frozen=True)
class Shown:
    """A sentence that a figure supports; it is an error if the figure does not claim it, or the claim fails.

    Attributes
    ----------
    figure : str
        ``<system>/<figure>``.
    claim : str
        The sentence.
    """

    figure: str
    claim: str


@dataclass(frozen=True)
class Finding:
    """Something that a reader tells a colleague, with every number taken from the evidence.

    Attributes
    ----------
    text : str
        A sentence with named placeholders in the syntax of `str.format`, such as ``{rate:.0%}``. A `Shown` is filled in
        as the claim itself.
    numbers : mapping of str to Side, Published or Shown
        Number of the evidence for each placeholder.
    """

    text: str
    numbers: Mapping[str, Side | Published | Shown]
