"""The nearest item of a gallery to each query, in blocks of queries."""

from __future__ import annotations

import numpy as np

__all__ = ["nearest"]

#: scores of a block of queries
BLOCK = 2**21


def nearest(queries: np.ndarray, gallery: np.ndarray, exclude: np.ndarray | None = None) -> np.ndarray:
    """The item with the largest product with each query, the first of equal ones.

    Scores of one query that differ by no more than rounding are computed again in double precision, in one order of the
    coordinates for all items, so that rows which occur twice have equal scores.

    Parameters
    ----------
    queries : array of shape (n, d)
        Rows of norm 1.
    gallery : array of shape (m, d)
        Rows of norm 1.
    exclude : int array of shape (n,), optional
        Item that a query must not find, -1 for none.

    Returns
    -------
    int64 array of shape (n,)
        Items; -1 where none is left.
    """
    if queries.dtype != gallery.dtype:
        queries, gallery = queries.astype(np.float64), gallery.astype(np.float64)
    n, m = len(queries), len(gallery)
    found = np.empty(n, np.int64)
    within = queries.shape[1] * np.finfo(queries.dtype).eps
    size = max(1, BLOCK // m)
    scores = np.empty((min(size, n), m), queries.dtype)
    for start in range(0, n, size):
        block = queries[start : start + size]
        rows = np.arange(len(block))
        part = np.matmul(block, gallery.T, out=scores[: len(block)])
        skipped = None if exclude is None else exclude[start : start + size]
        if skipped is not None:
            part[rows[skipped >= 0], skipped[skipped >= 0]] = -np.inf
        best = part.argmax(axis=1)
        top = part[rows, best]
        part[rows, best] = -np.inf
        near = part.max(axis=1) >= top - within
        part[rows, best] = top
        for row in np.flatnonzero(near & np.isfinite(top)):
            candidates = np.flatnonzero(part[row] >= top[row] - within)
            again = (gallery[candidates].astype(np.float64) * block[row].astype(np.float64)).sum(axis=1)
            best[row] = candidates[again.argmax()]
        best[np.isneginf(top)] = -1
        found[start : start + size] = best
    return found
