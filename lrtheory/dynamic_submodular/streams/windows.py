"""Windows: streams of updates made from an order of arrival."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory._validation import array, as_array, integer, must, open_interval
from lrtheory.dynamic_submodular.objectives.base import integers

__all__ = ["sliding_window", "time_window"]


@arrays("host")
def sliding_window(order: ArrayLike, length: int) -> np.ndarray:
    """Make the updates of a window over the last `length` arrivals: the oldest goes before the next one comes.

    Arrays: any (copied to the host)

    Parameters
    ----------
    order : int array of shape (n_arrivals,)
        Elements in the order of arrival; one may come again once it has gone.
    length : int
        Largest number of elements present, at least 1.

    Returns
    -------
    int64 array
        v inserts, ~v deletes.

    Raises
    ------
    ValueError
        If `length` is below 1, an element is negative, or one arrives while it is present.
    TypeError
        If `order` is not of integers.

    Examples
    --------
    >>> sliding_window([3, 1, 2], 2).tolist()
    [3, 1, -4, 2]
    """
    elements, length = integers("order", order, "a one-dimensional array of integers"), integer("length", length, low=1)
    if elements.size and not 0 <= elements.min() <= elements.max() < 2**63:
        worst = elements.min() if elements.min() < 0 else elements.max()
        raise must("order", "an array of elements of at least 0", worst)
    elements = elements.astype(np.int64)
    n = len(elements)
    indices = np.argsort(elements, kind="stable")
    early = indices[1:][(np.diff(elements[indices]) == 0) & (np.diff(indices) < length)]
    if early.size:
        rule = f"without an element twice among {length} arrivals"
        raise must("order", rule, f"{elements[early[0]]} at index {early[0]}")
    kept = min(length, n)
    pairs = np.stack([~elements[: n - kept], elements[kept:]], axis=1).ravel()
    return np.concatenate([elements[:kept], pairs])


@arrays("host")
def time_window(times: ArrayLike, length: float | np.timedelta64 | datetime.timedelta) -> np.ndarray:
    """Make the updates of a window in time: element i arrives at times[i] and goes when `length` has passed.

    Arrays: any (copied to the host)

    Parameters
    ----------
    times : array of shape (n,)
        Times of arrival in any order, numbers or datetime64; of equal times the lower element comes first.
    length : float or timedelta64
        Time for which each stays, positive; a timedelta64 (or a timedelta) where times are dates.

    Returns
    -------
    int64 array of shape (2 n,)
        v inserts, ~v deletes; at equal times deletions come first.

    Raises
    ------
    ValueError
        If a time is not finite, or `length` is not positive or too small to change the times.
    TypeError
        If `times` is neither of numbers nor of dates, or `length` is not of their kind.

    Examples
    --------
    >>> time_window([0.0, 5.0, 1.0], 2.0).tolist()
    [0, 2, -1, -3, 1, -2]
    """
    given = as_array("times", times)
    arrivals, stay = _dates(given, length) if given.dtype.kind == "M" else _moments(given, length)
    with np.errstate(over="ignore"):
        departures = arrivals + stay
    if departures.dtype.kind == "f" and np.isinf(departures).any():
        raise must("length", f"small enough to end after the time {arrivals.max()}", length)
    if (departures <= arrivals).any():
        raise must("length", f"large enough to be seen beside the time {arrivals.max()}", length)
    n = len(arrivals)
    ops = np.concatenate([np.arange(n), ~np.arange(n)])
    moments = np.concatenate([arrivals, departures])
    return ops[np.lexsort((np.where(ops >= 0, ops, ~ops), ops >= 0, moments))]


def _moments(times: Any, length: Any) -> tuple[np.ndarray, Any]:
    arrivals = array("times", times, shape=(None,)).astype(np.float64)
    if isinstance(length, (np.timedelta64, datetime.timedelta)):
        raise must("length", "a number, as times are numbers", length, TypeError)
    return arrivals, open_interval("length", length, 0.0, np.inf)


def _dates(times: Any, length: Any) -> tuple[np.ndarray, Any]:
    arrivals = np.asarray(times)
    if arrivals.ndim != 1 or np.isnat(arrivals).any():
        raise must("times", "a one-dimensional array without NaT", times)
    if not isinstance(length, (np.timedelta64, datetime.timedelta)):
        raise must("length", "a timedelta64, as times are dates", length, TypeError)
    stay = np.timedelta64(length)
    if np.isnat(stay) or not int(stay.astype(np.int64)) > 0:
        raise must("length", "positive", length)
    if np.datetime_data(stay.dtype)[0] in ("Y", "M"):  # their lengths differ
        raise must("length", "in days, seconds or other units of one length", length)
    return arrivals, stay
