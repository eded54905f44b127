"""The sketch of rows that are all there."""

from __future__ import annotations

from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections, chosen
from lrtheory.continual_learning.sketching.result import SketchResult
from lrtheory.continual_learning.sketching.rows import Rows, matrix_of

__all__ = ["sketch"]


def sketch(A: Rows, rank: int, *, buffer: int | None = None, method: str = "auto") -> SketchResult:
    r"""Sketch the rows of a matrix in one pass, with a certificate of what is missed.

    Parameters
    ----------
    A : array or sparse matrix of shape (T, n)
        Dense or CSR.
    rank : int
        l, the most rows of the sketch, from 1 to n.
    buffer : int or None
        Rows that are held before a shrink, above `rank`; None takes twice the rank.
    method : {"auto", "fd", "gram"}
        As in `FrequentDirections`.

    Returns
    -------
    SketchResult
        The rows, what a unit vector loses at most, and its certificate (statement FD-6).

    Raises
    ------
    ValueError
        If A is not a matrix with a column, is not finite, or an option is out of range.
    TypeError
        If the entries are not real numbers.

    See Also
    --------
    FrequentDirections : The same for rows that come one after another, with mergers and a state.

    Examples
    --------
    >>> import numpy as np
    >>> found = sketch(np.diag([3.0, 2.0, 1.0]), 2)
    >>> found.method, round(found.missed, 12), found.mass
    ('gram', 1.0, 14.0)
    """
    rows = matrix_of(A)
    stream = FrequentDirections(rows.shape[1], rank, buffer=buffer, method=method)
    stream.update(rows)
    certificate = stream.certificate
    share = certificate.achieved / stream.mass if stream.mass > 0 else 0.0
    return SketchResult(
        sketch=stream.sketch,
        missed=stream.missed,
        mass=stream.mass,
        rank=stream.rank,
        n_rows=stream.n_rows,
        method=stream.method,
        reason=chosen(stream.n_features, stream.rank, method)[1],
        message=f"no direction loses more than {share:.2g} of the mass",
        counts=stream.counts,
        certificate=certificate,
    )
