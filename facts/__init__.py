"""The facts of each system, ``facts/<system>.toml``, and what is made of them: ``python -m facts``.

A file says what a person decides about a system and no code knows: its paper, what it solves, the questions that it
answers, a first call, the peers that it is timed against, what is tried of an installed wheel, a stop of its demo that
breaks a hypothesis, the systems that it builds on, and its state. The cards of the pages, the first calls of the
benchmarks, the environments of peers and the tests read it; the command writes the README's tables.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["STATES", "facts", "of_all", "peers"]

FOLDER = Path(__file__).resolve().parent
STATES = ("live", "frozen")  # a frozen system answers as it does: errors in it are mended, and nothing is added


@cache
def facts(system: str) -> dict[str, Any]:
    """The facts of a system, as its file has them.

    Parameters
    ----------
    system : str
        Name of its folder.

    Returns
    -------
    dict
        Tables and values of the file.
    """
    return tomllib.loads((FOLDER / f"{system}.toml").read_text(encoding="utf-8"))


def of_all() -> dict[str, dict[str, Any]]:
    """The facts of all systems that have a file, by their names in alphabetical order."""
    return {path.stem: facts(path.stem) for path in sorted(FOLDER.glob("*.toml"))}


def peers() -> dict[str, dict[str, Any]]:
    """The peers of all systems: the packages of each, its license, and what each system takes of it.

    Returns
    -------
    dict
        By the name of the peer; ``what`` joins the sentences of the systems.

    Raises
    ------
    ValueError
        If two systems ask for other packages, or name another license, of one peer.
    """
    found: dict[str, dict[str, Any]] = {}
    for system, told in of_all().items():
        for name, peer in told.get("peers", {}).items():
            one = found.setdefault(name, {**peer, "what": []})
            if any(one[key] != peer[key] for key in ("packages", "license")):
                raise ValueError(f"{system}.toml and another file differ in the packages or the license of {name}")
            one["what"] += [peer["what"]] * (peer["what"] not in one["what"])
    return {name: {**peer, "what": "; ".join(peer["what"])} for name, peer in found.items()}
