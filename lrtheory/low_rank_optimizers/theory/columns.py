r"""Columns of an orthogonal basis: what a selection captures, and how far what it leaves can add up.

Part of `theory`, where users find these functions. G (m, n) is a gradient, Q (n, n) an orthogonal basis, S = G Q, and
e_j is the sum of the squares of column j of S. A selection keeps r of the n columns; the l2 rule keeps those of the
largest e_j.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import exact, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = [
    "absolute_rule_share",
    "captured_energy",
    "dct_entry",
    "feedback_bound",
    "momentum_bound",
    "moved_moments",
    "selection_bound",
]


def captured_energy(energies: ArrayLike, rank: int) -> Number:
    r"""Compute the most that a given number of columns captures of the squares of a gradient (statements DC-1, DC-4).

    Parameters
    ----------
    energies : sequence of numbers
        e_j, the squared norm of each column of S = G Q.
    rank : int
        r, from 0 to n.

    Returns
    -------
    number
        The sum of the r largest e_j. The selection leaves \|G\|^2 less that, and no r columns leave less.

    Raises
    ------
    ValueError
        If an energy is negative or not finite, or `rank` is out of range.

    Proof
    -----
    Assumes: Q is orthogonal.

    Proof: G = sum_j S_j q_j^T has orthogonal terms of squares e_j, and G Q_I Q_I^T is the sum over I, so that the
    residual is \|G\|^2 - sum_I e_j; the r largest are the best. Where Q diagonalizes G^T G, the e_j are its
    eigenvalues, the squared singular values of G, and by Eckart and Young the residual is the least of all matrices of
    rank r.

    Checked by: DC-1, DC-4.

    Examples
    --------
    >>> captured_energy([1, 4, 2], 2)
    6
    """
    squares = numbers("energies", energies, 0)
    kept = integer("rank", rank, low=0, high=len(squares))
    return plain(sum(sorted(squares, reverse=True)[:kept], start=0))


def selection_bound(energy: Number, n: int, rank: int) -> Number:
    r"""Bound what the l2 rule leaves, whatever the gradient and the basis are (statement DC-2).

    Parameters
    ----------
    energy : number
        \|G\|^2, at least 0.
    n : int
        The columns of the basis.
    rank : int
        r, from 1 to n.

    Returns
    -------
    number
        (1 - r/n) \|G\|^2, attained where all columns of S have one norm.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: Q is orthogonal, and the r columns of the largest squares are kept.

    Proof: the r largest of n numbers hold at least r/n of their sum, which is \|G\|^2. From below, the residual of any
    r columns is that of a matrix of rank r, so that it is at least the sum of all but the r largest squared singular
    values of G.

    Checked by: DC-2.

    Examples
    --------
    >>> selection_bound(8, 4, 1)
    Fraction(6, 1)
    """
    n, rank = _sizes(n, rank)
    return plain(number("energy", energy, 0) * (1 - exact(rank) / n))


def absolute_rule_share(length: int) -> Number:
    r"""Compute the share of the best energy that the l1 rule is sure to capture (statement DC-3).

    The l1 rule keeps the columns of S of the largest sums of absolute values.

    Parameters
    ----------
    length : int
        m, the entries of a column.

    Returns
    -------
    Fraction
        1/m. The l1 rule captures at least that share of what the l2 rule captures, so at least r/(n m) of \|G\|^2, and
        no larger share: a column (1, 0, ..., 0) loses to a constant one of entries just above 1/m.

    Raises
    ------
    ValueError
        If `length` is not positive.

    Proof
    -----
    Assumes: the r columns of the largest sums of absolute values are kept.

    Proof: a column s has \|s\|_1^2 / m <= \|s\|_2^2 <= \|s\|_1^2. Let I be the columns of the l1 rule and J those of
    the l2 rule. Then e(I) >= (1/m) sum_I \|s\|_1^2 >= (1/m) sum_J \|s\|_1^2 >= e(J)/m.

    Checked by: DC-3.

    Examples
    --------
    >>> absolute_rule_share(64)
    Fraction(1, 64)
    """
    return 1 / exact(integer("length", length, low=1))


def moved_moments(moments: ArrayLike, old: ArrayLike, new: ArrayLike) -> np.ndarray:
    r"""Move the moments of columns to the places of those columns in another selection (statement DC-5).

    Parameters
    ----------
    moments : array of shape (m, r)
        Column i belongs to the column old[i] of the basis.
    old, new : sequence of r different ints
        The columns selected before and now.

    Returns
    -------
    array of shape (m, r)
        Column i is that of the basis column new[i] if it was selected before, else 0.

    Raises
    ------
    ValueError
        If the sizes do not fit, or a column comes twice.

    Proof
    -----
    Assumes: Q is orthogonal.

    Proof: the rotation from the old to the new coordinates is Q_old^T Q_new, whose entry (i, j) is the inner product of
    two columns of Q: 1 where old[i] = new[j], else 0. So each new coordinate is an old one or has none, and what moves
    is moved whole. Since the entries are 0 and 1, second moments move as first ones do; under a dense rotation they
    would not.

    Checked by: DC-5.

    Examples
    --------
    >>> moved_moments([[1, 2]], [0, 3], [3, 5]).tolist()
    [[2, 0]]
    """
    before, now = (_columns(name, value) for name, value in (("old", old), ("new", new)))
    kept = table("moments", moments, shape=("m", len(before)))
    if len(now) != len(before):
        raise must("new", f"{len(before)} columns", new)
    found = np.zeros_like(kept)
    for place, column in enumerate(now):
        if column in before:
            found[:, place] = kept[:, before.index(column)]
    return found


def feedback_bound(gradient: Number, n: int, rank: int) -> Number:
    r"""Bound the error that error feedback carries along, however many steps it takes (statement DC-6).

    Parameters
    ----------
    gradient : number
        g, which no gradient exceeds in Frobenius norm.
    n : int
        The columns of the basis.
    rank : int
        r, from 1 to n.

    Returns
    -------
    number
        g q / (1 - q) with q = sqrt(1 - r/n); a double, or a ball where g is one.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the l2 rule selects anew in every step, from the gradient plus the error.

    Proof: the error after a step is what the selection leaves of E + G, so by `selection_bound` \|E'\| <= q \|E + G\|
    <= q (\|E\| + g). From E = 0 a geometric series gives g (q + q^2 + ...). What has been used in T steps is the sum of
    all gradients less the last error, since the errors between cancel.

    Checked by: DC-6.

    Examples
    --------
    >>> round(feedback_bound(3.0, 4, 3), 12)
    3.0
    """
    n, rank = _sizes(n, rank)
    return _series(number("gradient", gradient, 0), 1 - exact(rank) / n)


def momentum_bound(gradient: Number, n: int, rank: int, *, momentum: Number) -> Number:
    r"""Bound the momentum buffer from which Trion takes its selected part (statement DC-7).

    Parameters
    ----------
    gradient : number
        g, which no gradient exceeds in Frobenius norm.
    n : int
        The columns of the basis.
    rank : int
        r, from 1 to n.
    momentum : number
        mu in [0, 1), by which the selected part of the buffer is multiplied.

    Returns
    -------
    number
        g q / (1 - q) with q = sqrt(1 - (1 - mu^2) r/n); a double, or a ball where g is one. At r = n it is
        g mu / (1 - mu).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the l2 rule selects in every step, from the buffer plus the gradient.

    Proof: let X = M + G and let P project on the selected columns. As P is an orthogonal projection, \|X - (1 - mu) X
    P\|^2 = \|X\|^2 - (1 - mu^2) \|X P\|^2, and \|X P\|^2 >= (r/n) \|X\|^2 by `selection_bound`. So \|M'\| <= q \|M +
    G\| <= q (\|M\| + g), and a geometric series sums that.

    Checked by: DC-7.

    Examples
    --------
    >>> round(momentum_bound(1.0, 8, 8, momentum=0.75), 12)
    3.0
    """
    n, rank = _sizes(n, rank)
    mu = number("momentum", momentum, 0, 1, ends="[)")
    return _series(number("gradient", gradient, 0), (exact(n - rank) + mu * mu * rank) / n)  # without cancellation


def dct_entry(n: int, j: int, k: int) -> float:
    r"""Compute an entry of the orthonormal cosine basis, its argument reduced in integers (statement DC-8).

    Parameters
    ----------
    n : int
        The size of the basis.
    j : int
        The row, from 0 to n - 1: the place in a signal.
    k : int
        The column, from 0 to n - 1: the frequency.

    Returns
    -------
    float
        sqrt(2/n) cos(pi k (2j + 1) / (2n)), and sqrt(1/n) for k = 0. The rows of G times this basis are the orthonormal
        cosine transforms (DCT-II) of the rows of G.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] J. Makhoul, A fast cosine transform in one and two dimensions, IEEE Trans. ASSP 1980.

    Examples
    --------
    >>> round(dct_entry(2, 1, 1), 12)
    -0.707106781187
    """
    n = integer("n", n, low=1)
    row, column = integer("j", j, low=0, high=n - 1), integer("k", k, low=0, high=n - 1)
    if column == 0:
        return math.sqrt(1 / n)
    return math.sqrt(2 / n) * math.cos(math.pi * (column * (2 * row + 1) % (4 * n)) / (2 * n))


def _sizes(n: int, rank: int) -> tuple[int, int]:
    """Return both sizes, once they fit."""
    columns = integer("n", n, low=1)
    return columns, integer("rank", rank, low=1, high=columns)


def _columns(name: str, value: ArrayLike) -> list[int]:
    """Return different columns of a basis."""
    found = [integer(name, entry, low=0) for entry in numbers(name, value, 0)]
    if len(set(found)) < len(found):
        raise must(name, "columns of which none comes twice", value)
    return found


def _series(g: Any, square: Any) -> Any:
    """Return g q / (1 - q) with q^2 given, as (g q + g q^2) / (1 - q^2): the kind of g decides."""
    root = np.sqrt(square * g * g) if hasattr(g * square, "sqrt") else float(g) * math.sqrt(square)
    return plain((root + g * square) / (1 - square))
