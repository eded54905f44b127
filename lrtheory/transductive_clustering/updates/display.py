"""Assignments as rows of a table, their energies as curves, and their certificates as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result.display import curves

__all__ = ["certified", "draw_energies", "rows_of"]

LINES = 8  # energies that are drawn of a batch


def rows_of(assignments: Any, names: Sequence[str] | None, word: str) -> dict[str, Any]:
    """The most likely entry of each row of assignments (n, K) or (E, n, K), beside what the rows are called.

    Parameters
    ----------
    assignments : array of shape (n, K) or (E, n, K)
        Z.
    names : sequence of str, or None
        Names of the n rows; None counts them from 0.
    word : str
        Word for a column of the assignments, such as "cluster".

    Returns
    -------
    dict of str to sequence
        Columns; those of a batch say of which problem a row is.
    """
    Z = np.asarray(to_numpy(assignments))
    columns = {"point": range(Z.shape[-2]) if names is None else names}
    if Z.ndim == 3:
        places = np.indices(Z.shape[:2]).reshape(2, -1)
        columns = {"problem": places[0], "point": places[1]}
    Z = Z.reshape(-1, Z.shape[-1])
    return columns | {word: Z.argmax(axis=1), "assignment": Z.max(axis=1)}


def draw_energies(ax: Any, energies: Any, word: str, step: str) -> None:
    """Draw the energies after each step, of one problem or of the first few of a batch.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    energies : array of shape (steps + 1,) or (steps + 1, E)
        Energies from the start on.
    word : str
        Word for one of several problems, such as "task".
    step : str
        Word for a step, which is the label of the axis.
    """
    values = np.asarray(to_numpy(energies))
    values = values.reshape(len(values), -1)
    lines = {f"{word} {e}" if values.shape[1] > 1 else "energy": y for e, y in enumerate(values.T[:LINES])}
    curves(ax, range(len(values)), lines, xlabel=step, ylabel="energy")


def certified(proof: Any) -> str:
    """A certificate of assignments as a sentence, with the id of its statement where it proves something.

    Parameters
    ----------
    proof : StationarityCertificate
        Certificate of one problem or of a batch.

    Returns
    -------
    str
        A sentence.
    """
    move, far = (np.asarray(to_numpy(value), np.float64) for value in (proof.achieved, proof.fixed_point_distance))
    moves = f"one more update moves the assignments by {move.max(initial=0.0):.2g}"
    if move.ndim:
        moves += " at most"
    open_ = int(np.isinf(far).sum())
    if not open_:
        return f"{moves}, and the only fixed point is within {far.max(initial=0.0):.2g} of them ({proof.statement})"
    where = "" if move.ndim == 0 else f" in {open_:,} of {far.size:,} problems"
    q = np.asarray(to_numpy(proof.contraction), np.float64).max()
    return f"{moves}; it is not proved that there is only one fixed point{where} (contraction {q:.3g}, not below 1)"
