r"""Truncation to a rank: what the best update leaves of a target, of data, and of what a subspace does not show.

Part of `theory`, where users find these functions. Formulas return energies, which are squares of Frobenius norms, and
take numbers of any kind.
"""

from __future__ import annotations

from lrtheory._numbers import number, numbers, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer

__all__ = ["conversion_energy", "regression_energy", "sketch_floor"]


def tail_of(spectrum: ArrayLike, rank: int) -> Number:
    """Return the sum of all but the `rank` largest squares of a list of singular values."""
    values = sorted(numbers("spectrum", spectrum, 0), reverse=True)
    return sum((value * value for value in values[integer("rank", rank, low=0) :]), start=0)


def regression_energy(outside: Number, spectrum: ArrayLike, rank: int) -> Number:
    r"""Squared error of the best update of a rank for data (statement AD-5).

    Parameters
    ----------
    outside : number
        \|E - E P_X\|^2 with the residuals E (d_out, T) of T examples and the projector P_X onto the rows of the
        inputs X (d_in, T).
    spectrum : sequence of numbers
        The singular values of E P_X.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        \|E - E P_X\|^2 plus the sum of all but the r largest squares: the least \|E - Z X\|^2 of all Z of rank r.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: nothing about X, which may be singular.

    Proof: E - Z X = E (I - P_X) + (E P_X - Z X), whose rows are orthogonal to each other. Z X has rank at most r, so
    Eckart and Young bound the second part. The truncation [E P_X]_r keeps its rows within those of X, so Z = [E P_X]_r
    X^+ has Z X = [E P_X]_r and attains the bound.

    Checked by: AD-5.

    Examples
    --------
    >>> regression_energy(2, [3, 1], 1)
    3
    """
    return plain(number("outside", outside, 0) + tail_of(spectrum, rank))


def conversion_energy(spectrum: ArrayLike, rank: int) -> Number:
    r"""Squared error of the best LoRA adapter of a rank for any update (statement AD-6).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of the update, or of the small core of its factors times its scale.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        The sum of all but the r largest squares.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: B = Q_B R_B and A^T = Q_A R_A with orthonormal columns of Q_B and Q_A (the caller).

    Proof: s B A = Q_B (s R_B R_A^T) Q_A^T has the singular values of its core, and its best approximation of rank r is
    Q_B times that of the core times Q_A^T (Eckart and Young).

    Checked by: AD-6.

    Examples
    --------
    >>> conversion_energy([3, 2, 1], 1)
    5
    """
    return plain(tail_of(spectrum, rank))


def sketch_floor(total: Number, spectrum: ArrayLike, rank: int, *, missed: Number, largest: Number) -> Number:
    r"""Squared error below which no matrix of a rank can approximate a target, from any subspace (statement AD-7).

    Parameters
    ----------
    total : number
        \|D\|^2 of the target D.
    spectrum : sequence of numbers
        The singular values of Q^T D with orthonormal columns of Q.
    rank : int
        r, at least 0.
    missed : number
        \|E\|^2 of E = D - Q Q^T D, which Q misses.
    largest : number
        Squared largest singular value of E, or any number above it.

    Returns
    -------
    number
        The larger of two lower bounds of the sum of all but the r largest squared singular values of D: that sum for
        Q^T D, and \|D\|^2 less the r largest of Q^T D, less min(\|E\|^2, r \|E\|_2^2).

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: Q has orthonormal columns (the caller).

    Proof: singular values of Q^T D are at most those of D, place by place, which gives the first bound. D^T D is the
    sum of D^T Q Q^T D and E^T E, and the sum of the r largest eigenvalues is subadditive (Ky Fan), so the r largest
    of D sum to at most those of Q^T D plus min(\|E\|^2, r \|E\|_2^2).

    Checked by: AD-7.

    Examples
    --------
    >>> sketch_floor(10, [3], 1, missed=1, largest=1)
    0
    """
    values, r = sorted(numbers("spectrum", spectrum, 0), reverse=True), integer("rank", rank, low=0)
    rest, top = number("missed", missed, 0), number("largest", largest, 0)
    inside = tail_of(values, r)
    held = sum((value * value for value in values[:r]), start=0)
    return plain(max(inside, number("total", total, 0) - held - min(rest, r * top)))
