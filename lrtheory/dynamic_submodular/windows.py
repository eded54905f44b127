"""Streams of updates from orders of arrival."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._validation import array, integer, must, real

__all__ = ["sliding_window", "time_window"]


@arrays("host")
def sliding_window(order: Any, length: int) -> np.ndarray:
    """Updates of a window over the last `length` arrivals: each arrival past it first lets the oldest one go.

    Parameters
    ----------
    order : int array of shape (n_arrivals,)
        Distinct elements in the order of arrival.
    length : int
        How many are present at most, at least 1.

    Returns
    -------
    int64 array
        v inserts, ~v deletes.

    Raises
    ------
    ValueError
        If `length` is below 1.
    TypeError
        If `order` is not of integers.

    Examples
    --------
    >>> sliding_window([3, 1, 2], 2).tolist()
    [3, 1, -4, 2]
    """
    elements, length = _elements("order", order), integer("length", length, low=1)
    n = len(elements)
    kept = min(length, n)
    pairs = np.stack([~elements[: n - kept], elements[kept:]], axis=1).ravel()
    return np.concatenate([elements[:kept], pairs])


@arrays("host")
def time_window(times: Any, length: float) -> np.ndarray:
    """Updates of a window in time: element i arrives at times[i] and goes when `length` has passed.

    Parameters
    ----------
    times : array of shape (n,)
        Times of arrival in any order; of equal times the lower element comes first.
    length : float
        How long each stays, positive.

    Returns
    -------
    int64 array of shape (2 n,)
        v inserts, ~v deletes; at equal times deletions come first.

    Raises
    ------
    ValueError
        If a time is not finite, or `length` is not positive.

    Examples
    --------
    >>> time_window([0.0, 5.0, 1.0], 2.0).tolist()
    [0, 2, -1, -3, 1, -2]
    """
    arrivals = array("times", times, shape=(None,)).astype(np.float64)
    if real("length", length, low=0.0) == 0:
        raise must("length", "positive", length)
    n = len(arrivals)
    ops = np.concatenate([np.arange(n), ~np.arange(n)])
    moments = np.concatenate([arrivals, arrivals + length])
    return ops[np.lexsort((np.where(ops >= 0, ops, ~ops), ops >= 0, moments))]


def _elements(name: str, order: Any) -> np.ndarray:
    elements = np.asarray(order)
    if elements.ndim != 1 or (elements.size and elements.dtype.kind not in "iu"):
        raise must(name, "a one-dimensional array of integers", order, TypeError)
    return elements.astype(np.int64)
