"""The outcomes of the full profile, kept in ``figures/full``, since a run of all figures takes many hours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from figures import _store

__all__ = ["FULL", "keep", "known"]

FULL = Path(__file__).resolve().parent / "full"


def keep(name: str, claims: Mapping[str, tuple[bool, float]], folder: Path = FULL) -> None:
    """Keep the outcome of a figure that was made in the full profile.

    Parameters
    ----------
    name : str
        ``<system>/<name>``.
    claims : mapping of str to tuple
        Claims of the figure, each with whether it holds and by which margin.
    folder : Path
        Folder of the outcomes, which holds one file per system.
    """
    path = _file(name, folder)
    fails = [claim for claim, (holds, _) in claims.items() if not holds]
    told = {"commit": _store.commit(), "claims": len(claims), "fails": fails}
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = dict(sorted({**_store.read_record(path), name: told}.items()))
    _store.write(path, (json.dumps(kept, indent=1) + "\n").encode())


def known(name: str, folder: Path = FULL) -> dict[str, Any] | None:
    """The commit, the number of claims, and those that failed when a figure was last made in the full profile.

    Parameters
    ----------
    name : str
        ``<system>/<name>``.
    folder : Path
        Folder of the outcomes.

    Returns
    -------
    dict or None
        None where no such run is kept.
    """
    return _store.read_record(_file(name, folder)).get(name)


def _file(name: str, folder: Path) -> Path:
    return folder / f"{name.partition('/')[0]}.json"
