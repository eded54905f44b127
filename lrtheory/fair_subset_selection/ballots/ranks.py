"""Ranks as people write them, 1 the best, with ties of any custom, and the positions that they mean."""

from __future__ import annotations

import numpy as np

__all__ = ["RULE", "are_marks", "first_bad", "positions"]

RULE = "a rank among those of its ballot, which go from 1, the best, without a gap that ties do not leave"


def are_marks(ranks: np.ndarray) -> bool:
    """Whether the cells mark items, as approvals do, so that their order would be made up.

    Parameters
    ----------
    ranks : float64 array of shape (n, m)
        NaN where a ballot does not list the item.

    Returns
    -------
    bool
        True for zeros and ones, and for ones alone of which a ballot has several.
    """
    values = set(np.unique(ranks[~np.isnan(ranks)]).tolist())
    return values == {0.0, 1.0} or (len(values) == 1 and bool(((~np.isnan(ranks)).sum(axis=1) > 1).any()))


def first_bad(ranks: np.ndarray) -> tuple[int, int] | None:
    """Find a rank that no custom of ties gives, such as a rating: the row and the column, or None.

    Parameters
    ----------
    ranks : float64 array of shape (n, m)
        NaN where a ballot does not list the item.

    Returns
    -------
    tuple of int, or None
        Items that tie may have the next number (1, 1, 2), the first of their places (1, 1, 3), or the mean of these
        (1.5, 1.5, 3). A table in which 0 occurs counts from 0.
    """
    given = _from_one(ranks)
    order = np.argsort(given, axis=1, kind="stable")  # NaN last
    ordered = np.take_along_axis(given, order, axis=1)
    places = np.arange(ordered.shape[1])
    starts = np.ones(ordered.shape, bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.ones(ordered.shape, bool)
    ends[:, :-1] = starts[:, 1:]
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, places, ordered.shape[1])[:, ::-1], axis=1)[:, ::-1]
    least, most = np.cumsum(starts, axis=1), (first + last) / 2 + 1
    wrong = (ordered < least) | (ordered > most)
    if not wrong.any():
        return None
    row, place = (int(index[0]) for index in np.nonzero(wrong))
    return row, int(order[row, place])


def _from_one(ranks: np.ndarray) -> np.ndarray:
    return ranks + 1 if (ranks == 0).any() and not (ranks < 0).any() else ranks


def positions(ranks: np.ndarray) -> np.ndarray:
    """Number the different ranks of each row from 0, -1 for NaN.

    Parameters
    ----------
    ranks : float64 array of shape (n, m)
        Ranks without a fault that `first_bad` finds.

    Returns
    -------
    int64 array of shape (n, m)
        Equal ones where ranks are equal.
    """
    order = np.argsort(ranks, axis=1, kind="stable")
    ordered = np.take_along_axis(ranks, order, axis=1)
    steps = np.zeros(ordered.shape, np.int64)
    steps[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    found = np.empty_like(steps)
    np.put_along_axis(found, order, steps, axis=1)
    return np.where(np.isnan(ranks), -1, found)
