"""The entries of the evidence, read from the pages that `lrtheory report` wrote: what was measured of a statement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Caught", "Entry", "entries"]

ROOT = Path(__file__).resolve().parents[2]
#: lines of an entry that say how a statement was tried; its other lines are made from the statement itself
TRIED = ("says something on", "all of", "proof", "rate", "tightness", "remark", "repair")
_SIDES = re.compile(r"left (?P<left>.*?), right (?P<right>.*?)(?:; slack .*?)?, at (?P<where>.*)")


@dataclass(frozen=True)
class Caught:
    """Two sides as they were measured, or the words of what happened in their place.

    Attributes
    ----------
    name : str
        The saboteur, or empty for the statement's own solver.
    left, right : str
        Sides at the worst entry, as the evidence prints them; empty where none were compared.
    where : str
        Instance, or what was said in the place of sides.
    """

    name: str
    left: str = ""
    right: str = ""
    where: str = ""


@dataclass
class Entry:
    """What was measured of one statement.

    Attributes
    ----------
    ours : Caught or None
        Sides of the statement's own solver.
    tried : list of str
        Sentences on how it was tried, as Markdown.
    replay : str
        Command that measures the worst instance again.
    caught : list of Caught
        Every saboteur.
    """

    ours: Caught | None = None
    tried: list[str] = field(default_factory=list)
    replay: str = ""
    caught: list[Caught] = field(default_factory=list)


def entries(system: str) -> dict[str, Entry]:
    """The entries of a system by the ids of its statements; none where nothing was measured.

    Parameters
    ----------
    system : str
        Its folder.

    Returns
    -------
    dict of str to Entry
        Entries by ids such as ``"alpha_rank/AR-T8"``.
    """
    path = ROOT / "docs" / "evidence" / f"{system}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    measured = text[text.find("\n## Theorems") :].partition("\n## Figures")[0] if "\n## Theorems" in text else ""
    parts = re.split(r"^### (.+)\n", measured, flags=re.MULTILINE)[1:]
    return {f"{system}/{id}": entry(body) for id, body in zip(parts[::2], parts[1::2], strict=True)}


def entry(body: str) -> Entry:
    """One entry.

    Parameters
    ----------
    body : str
        Its Markdown below the heading.

    Returns
    -------
    Entry
        Its lines, sorted by what they tell.
    """
    found = Entry()
    for line in body.splitlines():
        word, _, rest = line.removeprefix("- ").partition(": ")
        if line.startswith("  - "):
            line = line.replace("*the wording of the source*", "the wording of the source")
            # the name of a saboteur may have a colon of its own; what follows it begins with a side or with a sentence
            name, _, sides = line[4:].rpartition(": left ")
            found.caught.append(_sides(f"left {sides}", name) if name else _told(line[4:]))
        elif word == "both sides":
            found.ours = _sides(rest, "")
        elif word == "replay":
            found.replay = rest.strip("`")
        elif line.startswith(tuple(f"- {one}" for one in TRIED)):
            found.tried.append(line.removeprefix("- "))
    return found


def _sides(text: str, name: str) -> Caught:
    found = _SIDES.fullmatch(text)
    return Caught(name, found["left"], found["right"], found["where"]) if found else Caught(name, where=text)


def _told(text: str) -> Caught:
    name, _, words = text.partition(": ")
    return Caught(name, where=words)
