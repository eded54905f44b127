"""Sketches without a guarantee, with the arguments and the result of `sketch`, so that they can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import sparse
from lrtheory._kernels.directions import leading
from lrtheory._kernels.units import scaled, true_value, unit_of
from lrtheory._types import Rng
from lrtheory._validation import generator, integer, must
from lrtheory.continual_learning.sketching.result import SketchResult
from lrtheory.continual_learning.sketching.rows import Rows, energy_of, matrix_of, parts_of

__all__ = ["random_rows", "truncated"]


def truncated(A: Rows, rank: int, *, buffer: int | None = None) -> SketchResult:
    """Keep the leading directions of a buffer and drop the rest, without the shrink of Frequent Directions.

    It is closer than `sketch` on most data, but there are streams on which it sees nothing of the best direction, such
    as `make_adversarial_rows`.

    Parameters
    ----------
    A : array or sparse matrix of shape (T, n)
        Dense or CSR.
    rank : int
        Rows that are kept, from 1 to n.
    buffer : int or None
        Rows that are held before a truncation, above `rank`; None takes twice the rank.

    Returns
    -------
    SketchResult
        Without a certificate; `missed` sums the largest squared lengths that were dropped, and nothing bounds it in
        advance.

    Raises
    ------
    ValueError
        If A is not a matrix with a column, is not finite, or an option is out of range.
    TypeError
        If the entries are not real numbers.
    """
    given = matrix_of(A)
    rank = integer("rank", rank, low=1, high=given.shape[1])
    room = 2 * rank if buffer is None else integer("buffer", buffer, low=1)
    if room <= rank:
        raise must("buffer", f"an integer above rank {rank}", buffer)
    unit = unit_of(given)
    rows, mass, missed, n = np.zeros((0, given.shape[1]), given.dtype), 0.0, 0.0, 0
    for part in parts_of(given, room - rank):
        part = scaled(part, -unit)
        mass, n = mass + energy_of(part), n + 1
        energies, F = leading(np.concatenate([rows, part]).T, rank)
        rows, missed = F.T, missed + float(energies[rank : rank + 1].sum())
    ends = (true_value(missed, 2 * unit), true_value(mass, 2 * unit))
    return _answer(scaled(rows, unit), ends, given, rank, "truncated", {"factorizations": n})


def random_rows(A: Rows, rank: int, *, rng: Rng = None) -> SketchResult:
    """Draw rows with probabilities proportional to their squared norms, scaled so that A^T A is the mean of B^T B.

    Parameters
    ----------
    A : array or sparse matrix of shape (T, n)
        Dense or CSR.
    rank : int
        Rows that are drawn, from 1 to n.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    SketchResult
        Without a certificate; `missed` is the mass, which says nothing, and a direction may also gain.

    Raises
    ------
    ValueError
        If A is not a matrix with a column, is not finite, or an option is out of range.
    TypeError
        If the entries are not real numbers.
    """
    given = matrix_of(A)
    rank = integer("rank", rank, low=1, high=given.shape[1])
    unit, random = unit_of(given), generator(rng)
    energies = np.concatenate(
        [np.empty(0), *(np.square(scaled(p, -unit), dtype=np.float64).sum(axis=1) for p in parts_of(given, 1024))]
    )
    mass = float(energies.sum())
    if mass == 0.0:
        return _answer(np.zeros((0, given.shape[1])), (0.0, 0.0), given, rank, "random-rows", {})
    drawn = random.choice(len(energies), size=rank, p=energies / mass)
    rows = given[drawn].toarray() if sparse.issparse(given) else given[drawn]
    scales = np.sqrt(mass / (rank * energies[drawn])).astype(given.dtype)
    return _answer(rows * scales[:, None], (true_value(mass, 2 * unit),) * 2, given, rank, "random-rows", {})


def _answer(
    rows: np.ndarray, ends: tuple[float, float], given: Any, rank: int, method: str, counts: dict[str, int]
) -> SketchResult:
    return SketchResult(
        sketch=rows,
        missed=ends[0],
        mass=ends[1],
        rank=rank,
        n_rows=given.shape[0],
        method=method,
        reason="",
        message="nothing was known in advance about what a direction loses",
        counts={"rows": given.shape[0], **counts},
        certificate=None,
    )
