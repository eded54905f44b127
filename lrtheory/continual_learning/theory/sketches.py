r"""Frequent Directions: what a sketch of few rows misses of a stream, before it runs and after.

Part of `theory`, where users find these functions. A (T, n) holds all rows of a stream, B (at most l rows) is its
sketch, tail_k is the sum of all but the k largest squared singular values of A, and delta is the sum of all shrinks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lrtheory._numbers import exact, number, numbers, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must, pairs

__all__ = [
    "Counters",
    "fd_bound",
    "fd_rank_needed",
    "misra_gries",
    "projection_bound",
    "shrinkage_limit",
    "tail_energy",
]


def tail_energy(spectrum: ArrayLike, rank: int) -> Number:
    r"""Compute the squared error of the best approximation of rank k (statements FD-1, FD-2, SC-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values that are not 0, in any order.
    rank : int
        Rank k of the approximation, at least 0.

    Returns
    -------
    number
        The sum of all but the k largest squares.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Examples
    --------
    >>> tail_energy([3, 2, 1], 1)
    5
    """
    squares = sorted((value * value for value in numbers("spectrum", spectrum, 0)), reverse=True)
    return plain(sum(squares[integer("rank", rank, low=0) :], start=0))


def fd_bound(spectrum: ArrayLike, rank: int) -> Number:
    r"""Bound the error of Frequent Directions before the stream begins (statements FD-1, FD-3, FD-6).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the stream A that are not 0.
    rank : int
        l, the rows that the sketch keeps.

    Returns
    -------
    number
        The least of tail_k / (l + 1 - k) over k = 0, ..., l. The sum delta of all shrinks is at most that, and delta is
        at least every eigenvalue of A^T A - B^T B.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 1.

    Proof
    -----
    Assumes: a shrink takes the (l+1)-th squared singular value d from all, and what would be negative becomes 0 (the
    library's sketch, and those that are merged from several).

    Proof: one shrink replaces B^T B by B^T B - X with 0 <= X <= d I, since directions above lose exactly d and those
    below lose what they have. Adding all shrinks, 0 <= A^T A - B^T B <= delta I. A shrink also takes d from at least l
    + 1 squared singular values, so (l + 1) delta <= \|A\|^2 - \|B\|^2. With right singular vectors u_i of A, \|A\|^2 -
    \|B\|^2 <= tail_k + sum_{i <= k} (\|A u_i\|^2 - \|B u_i\|^2) <= tail_k + k delta, so (l + 1 - k) delta <= tail_k.
    Merges add the errors, the deltas and the squared norms of their parts.

    Checked by: FD-1, FD-3, FD-6.

    References
    ----------
    .. [1] E. Liberty, Simple and deterministic matrix sketching, KDD 2013.
    .. [2] M. Ghashami, E. Liberty, J. Phillips, D. Woodruff, Frequent Directions, SIAM J. Comput. 2016.

    Examples
    --------
    >>> fd_bound([3.0, 2.0, 1.0], 2)
    1.0
    """
    rows = integer("rank", rank, low=1)
    return plain(min(exact(tail_energy(spectrum, k)) / (rows + 1 - k) for k in range(rows + 1)))


def fd_rank_needed(spectrum: ArrayLike, epsilon: Number) -> int:
    r"""Find how many rows suffice for an error that is a given share of the energy of the stream (statement FD-1).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the stream A that are not 0.
    epsilon : number
        Share of the energy, in (0, 1).

    Returns
    -------
    int
        The least l for which `fd_bound` is at most epsilon \|A\|^2. It is below 1 / epsilon, whatever the spectrum is.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `epsilon` is not in (0, 1).

    Examples
    --------
    >>> fd_rank_needed([10, 1, 1, 1], 0.01)
    3
    """
    share = number("epsilon", epsilon, 0, 1, ends="()")
    allowed, rank = share * tail_energy(spectrum, 0), 1
    while fd_bound(spectrum, rank) > allowed:
        rank += 1
    return rank


def shrinkage_limit(mass: Number, kept: Number, rank: int) -> Number:
    r"""Bound the sum of all shrinks by the energy that a sketch has lost (statement FD-6).

    Parameters
    ----------
    mass : number
        \|A\|^2, the sum of the squares of all rows seen.
    kept : number
        \|B\|^2, that of the rows of the sketch.
    rank : int
        l, the rows that the sketch keeps.

    Returns
    -------
    number
        (\|A\|^2 - \|B\|^2) / (l + 1).

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `rank` is below 1.

    Proof
    -----
    Assumes: as `fd_bound`.

    Proof: each shrink by d takes d from at least l + 1 squared singular values, so that \|B\|^2 falls by (l + 1) d.

    Checked by: FD-3, FD-6.

    Examples
    --------
    >>> shrinkage_limit(10.0, 4.0, 2)
    2.0
    """
    lost = number("mass", mass, 0) - number("kept", kept, 0)
    return plain(exact(lost) / (integer("rank", rank, low=1) + 1))


def projection_bound(spectrum: ArrayLike, rank: int, *, n_rows: int, missed: Number | None = None) -> Number:
    r"""Bound what the stream has outside of the k first directions of its sketch (statement FD-2).

    Parameters
    ----------
    spectrum : sequence of numbers
        All singular values of the stream A that are not 0.
    rank : int
        Number k of directions, from 0 to l.
    n_rows : int
        l, the rows that the sketch keeps.
    missed : number or None
        The sum of all shrinks, where the sketch was made; None bounds it before.

    Returns
    -------
    number
        tail_k + k delta, or (l + 1) / (l + 1 - k) tail_k, which is never less.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: as `fd_bound`.

    Proof: let V hold the k first right singular vectors of B, and U those of A. Then \|A V\|^2 >= \|B V\|^2 >= \|B
    U\|^2 >= \|A U\|^2 - k delta, as A^T A - B^T B is between 0 and delta I and V is best for B. Subtract from \|A\|^2.
    The second form inserts delta <= tail_k / (l + 1 - k).

    Checked by: FD-2.

    Examples
    --------
    >>> projection_bound([3.0, 2.0, 1.0], 1, n_rows=2)
    7.5
    >>> projection_bound([3, 2, 1], 1, n_rows=2, missed=1)
    6
    """
    rows = integer("n_rows", n_rows, low=1)
    first, tail = integer("rank", rank, low=0, high=rows), tail_energy(spectrum, rank)
    if missed is not None:
        return plain(tail + first * number("missed", missed, 0))
    return plain(exact((rows + 1) * tail) / (rows + 1 - first))


class Counters(NamedTuple):
    """Counters of the algorithm of Misra and Gries (statement FD-9).

    Parameters
    ----------
    counters : dict of int to number
        Remaining weight of each item, without zeros.
    missed : number
        The sum of all decrements.
    n_shrinks : int
        Decrements between items, those by 0 among them; a last one, for reading, is not counted.
    """

    counters: dict[int, Number]
    missed: Number
    n_shrinks: int


def misra_gries(items: Iterable[tuple[int, Number]], rank: int, *, buffer: int | None = None) -> Counters:
    r"""Count weighted items with few counters, as Frequent Directions does on rows along axes (statement FD-9).

    Parameters
    ----------
    items : iterable of pairs
        An item and its weight above 0, in their order: the axis and the square of the entry of a row.
    rank : int
        l, the counters that are kept.
    buffer : int or None
        Places for counters and new items, above l; 2 l where it is None.

    Returns
    -------
    Counters
        After a last decrement where more than l counters are left.

    Raises
    ------
    ValueError
        If a weight is not above 0, `rank` is below 1, or `buffer` is not above it.

    Proof
    -----
    Assumes: exact arithmetic, or ties that are none.

    Proof: the Gram matrix of rows along axes is diagonal, with one counter for each axis, so the squared singular
    values of the buffer are the counters. Shrinking by the (l+1)-th of them and dropping zeros is the decrement of
    Misra and Gries.

    Checked by: FD-9.

    References
    ----------
    .. [1] J. Misra, D. Gries, Finding repeated elements, Science of Computer Programming 1982.

    Examples
    --------
    >>> misra_gries([(0, 4), (1, 1), (0, 4), (2, 1)], 1, buffer=2)
    Counters(counters={0: 6}, missed=2, n_shrinks=2)
    """
    kept = integer("rank", rank, low=1)
    places = 2 * kept if buffer is None else integer("buffer", buffer, low=1)
    if places <= kept:
        raise must("buffer", f"an integer above rank {kept}", buffer)
    slots: list[tuple[int, Number]] = []
    missed: Number = 0
    n_shrinks = 0
    is_other = isinstance(items, (str, np.ndarray)) or not isinstance(items, Iterable)
    for item, weight in pairs("items", items if is_other else list(items)):
        if len(slots) == places:
            slots, taken = _decremented(slots, kept)
            missed, n_shrinks = missed + taken, n_shrinks + 1
        slots.append((item, number("items", weight, 0, ends="(]")))
    if len(slots) > kept:
        slots, taken = _decremented(slots, kept)
        missed = missed + taken
    return Counters({item: plain(value) for item, value in _summed(slots).items()}, plain(missed), n_shrinks)


def _summed(slots: list[tuple[int, Number]]) -> dict[int, Number]:
    """Return the weight of each item."""
    counters: dict[int, Number] = {}
    for item, weight in slots:
        counters[item] = counters.get(item, 0) + weight
    return counters


def _decremented(slots: list[tuple[int, Number]], kept: int) -> tuple[list[tuple[int, Number]], Number]:
    """Return the counters less the first one that is not kept, which is 0 where there is none, without zeros."""
    counters = _summed(slots)
    ordered = sorted(counters.values(), reverse=True)
    least = ordered[kept] if len(ordered) > kept else 0
    return [(item, value - least) for item, value in counters.items() if value > least], least
