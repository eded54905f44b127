"""Rows that time this project against its peers, the same work in the same run, and goals where no peer can follow.

A benchmark is a module-level `Row` or `Goal` in ``benchmarks/<system>.py``. These files are read in the environment of
the peer too, so at their top they import NumPy and this module alone; each side imports what it measures inside its
function.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Goal", "Row", "ready", "rows"]

Inputs = Mapping[str, np.ndarray]
Side = Callable[[Inputs], np.ndarray]

_READY: dict[str, tuple[Inputs, Any]] = {}


def ready(name: str, inputs: Inputs, make: Callable[[], Any]) -> Any:
    """What `make` makes of these inputs, once: work outside of the timing, in the first call, which is not counted."""
    if name not in _READY or _READY[name][0] is not inputs:
        _READY[name] = (inputs, make())
    return _READY[name][1]


@dataclass(frozen=True)
class Row:
    """One task that this project and others solve.

    Parameters
    ----------
    name : str
        Its name within the system.
    title : str
        The task, in one line.
    inputs : callable
        ``inputs()`` makes the arrays of the task from a fixed seed; they reach both sides through an npz file.
    ours : mapping
        Our ways of doing it: name -> ``solve(inputs)``, which returns the array that is compared.
    peers : mapping
        The same for others; the facts of the system name them. Another method of our own is the peer ``lrtheory``.
    tolerance : float
        Largest absolute difference at which both have done the same work.
    large : bool
        Whether it takes minutes or most of a machine's memory: then it runs only when it is named, and a `Goal` once.
    """

    name: str
    title: str
    inputs: Callable[[], Inputs]
    ours: Mapping[str, Side]
    peers: Mapping[str, Side]
    tolerance: float
    large: bool = False


@dataclass(frozen=True)
class Goal:
    """One task that this project should do within given means, with a check of the answer that needs no peer.

    Parameters
    ----------
    name, title : str
        As in `Row`.
    inputs : callable
        As in `Row`.
    solve : callable
        ``solve(inputs)`` returns the answer as an array; this is what is timed.
    error : callable
        ``error(inputs, answer)`` returns how far the answer is from a right one, by a certificate.
    seconds : float
        What one solution may take on one core of a machine of today.
    gigabytes : float
        What the process may hold at most, imports included.
    tolerance : float
        Largest error of a right answer.
    large : bool
        As in `Row`.
    """

    name: str
    title: str
    inputs: Callable[[], Inputs]
    solve: Side
    error: Callable[[Inputs, np.ndarray], float]
    seconds: float
    gigabytes: float
    tolerance: float
    large: bool = False

    @property
    def ours(self) -> Mapping[str, Side]:
        """The one way of doing it."""
        return {"goal": self.solve}


def rows(system: str | None = None) -> dict[str, Row | Goal]:
    """All rows and goals by ``<system>/<name>``, of one system or of all.

    Parameters
    ----------
    system : str, optional
        The system whose rows are wanted.

    Returns
    -------
    dict
        The rows, in the order in which their files define them.
    """
    here = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    systems = [name for name in here if name not in ("run", "worker")] if system is None else [system]
    found = {}
    for name in systems:
        for value in vars(importlib.import_module(f"benchmarks.{name}")).values():
            if isinstance(value, (Row, Goal)):
                found[f"{name}/{value.name}"] = value
    return found
