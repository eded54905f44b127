"""Rows that time this project against its peers: the same work, in the same run, as ratios.

A benchmark is a module-level `Row` in ``benchmarks/<system>.py``. These files are read in the environment of the peer
too, so at their top they import NumPy and this module alone; each side imports what it measures inside its function.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Row", "rows"]

Inputs = Mapping[str, np.ndarray]
Side = Callable[[Inputs], np.ndarray]


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
        The same for others; the names are those of ``peers.toml``.
    tolerance : float
        Largest absolute difference at which both have done the same work.
    """

    name: str
    title: str
    inputs: Callable[[], Inputs]
    ours: Mapping[str, Side]
    peers: Mapping[str, Side]
    tolerance: float


def rows(system: str | None = None) -> dict[str, Row]:
    """All rows by ``<system>/<name>``, of one system or of all.

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
            if isinstance(value, Row):
                found[f"{name}/{value.name}"] = value
    return found
