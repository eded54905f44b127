"""Papers in the words of the report: what was read, what they claim, what was found; and findings worth telling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["About", "Finding", "Published", "Reading", "Shown", "Side"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One paper as a row of the table of papers.

    Attributes
    ----------
    key : str
        arXiv number.
    name : str
        Short name of the paper, with its first author.
    read : str
        Parts of it that were read, such as "abstract, code"; "restated by others" where it was none.
    claims : str
        Claims of the paper, in one line.
    found : str
        Result of the checks, in one line. Where no statement carries a claim of the paper it begins with "Nothing of
        it is checked, because".
    ids : tuple of str
        The parts of ids after the system with which its statements begin, such as ``"RL-"``.
    call : str
        The function or class of the system that a user calls; empty if there is none.
    """

    key: str
    name: str
    read: str
    claims: str
    found: str
    ids: tuple[str, ...] = ()
    call: str = ""


@dataclass(frozen=True, kw_only=True)
class About:
    """The papers of a system in a few lines.

    Attributes
    ----------
    paper : str
        Authors, titles and numbers, as Markdown.
    claims : str
        Claims of the papers, and the part of them that stands here, in about five lines.
    pictures : tuple of str
        Names of one or two figures of the system that stand for it.
    papers : tuple of Reading
        A row for each paper.
    errata : tuple of str
        The parts of ids after the system of those errata that the main page tells.
    """

    paper: str
    claims: str
    pictures: tuple[str, ...] = ()
    papers: tuple[Reading, ...] = ()
    errata: tuple[str, ...] = ()


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
