r"""Brackets of T_r and E_r of a matrix that nobody factored whole: of sketches, subspaces, and copies by others.

Part of `theory`, where users find these functions. T_r(M) is the sum of the r largest squared singular values of M, and
E_r(M)^2 = \|M\|^2 - T_r(M). All bounds are in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import number, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import floats, integer, must, sequence
from lrtheory.matrix_compression.theory.energies import listed

__all__ = [
    "distance_bracket",
    "family_limit",
    "fd_bound",
    "fd_bracket",
    "isometric_block",
    "residual_gram_bound",
    "subspace_bracket",
    "truncation_bracket",
]


def truncation_bracket(kept: ArrayLike, discarded: Sequence[ArrayLike], rank: int) -> tuple[Number, Number]:
    r"""Between which numbers T_r lies after truncations, in a line or in any tree of merges (CM-3, CM-7).

    Parameters
    ----------
    kept : sequence of numbers
        Squared singular values of the factor F that is left.
    discarded : sequence of sequences of numbers
        For each truncation the squared singular values that it dropped.
    rank : int
        r, at least 0 and at most the number of columns that truncations kept.

    Returns
    -------
    tuple of two numbers
        T_hat and T_hat + D with D the sum, over the truncations, of the r largest energies that each dropped.

    Raises
    ------
    ValueError
        If an energy is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: F starts empty; each step puts columns X beside F, or two factors beside each other, and keeps the leading
    part of the singular value decomposition of the result (the caller).

    Proof: a truncation takes a positive semidefinite N_t from F F^T, whose eigenvalues are the dropped energies, and
    putting matrices side by side adds the products with their transposes. By induction M M^T = F F^T + sum_t N_t, in
    any order and any tree. The sum of the r largest eigenvalues grows with the matrix in the order of Loewner, which is
    the left side, and is subadditive (Ky Fan), which is the right one: T_r(M) <= T_r(F) + sum_t (r largest of N_t).

    Checked by: CM-3, CM-7.

    Examples
    --------
    >>> truncation_bracket([4, 1], [[1], [1, 1]], 1)
    (4, 6)
    """
    r = integer("rank", rank, low=0)
    lower = _top("kept", kept, r)
    return lower, lower + sum((_top("discarded", one, r) for one in sequence("discarded", to_numpy(discarded))), 0)


def fd_bracket(kept: ArrayLike, shrinkage: Number, rank: int) -> tuple[Number, Number]:
    r"""Between which numbers T_r lies under Frequent Directions (Liberty; Ghashami et al.; statement CM-16).

    Parameters
    ----------
    kept : sequence of numbers
        Squared singular values of the factor that is left.
    shrinkage : number
        Delta, the sum over all steps of what was subtracted from every kept energy; at least 0.
    rank : int
        r, at least 0.

    Returns
    -------
    tuple of two numbers
        T_hat and T_hat + r Delta.

    Raises
    ------
    ValueError
        If an energy is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: each step subtracts from the eigenvalues of F F^T the number delta_t, the first that is not kept, and drops
    what falls below 0 (the caller).

    Proof: a step takes N_t with 0 <= N_t <= delta_t I from F F^T, so 0 <= M M^T - F F^T <= Delta I as in
    `truncation_bracket`. The sum of the r largest eigenvalues of a matrix below Delta I is at most r Delta.

    Checked by: CM-16.

    Examples
    --------
    >>> fd_bracket([4, 1], 1, 2)
    (5, 7)
    """
    r = integer("rank", rank, low=0)
    lower = _top("kept", kept, r)
    return lower, lower + r * number("shrinkage", shrinkage, 0)


def fd_bound(tail: Number, keep: int, rank: int) -> Number:
    r"""Largest shrinkage Delta of Frequent Directions, known before it runs (statement CM-16).

    Parameters
    ----------
    tail : number
        E_k(M)^2, at least 0.
    keep : int
        Columns that the factor keeps, at least 1.
    rank : int
        k, from 0 to `keep`; the best one may be chosen.

    Returns
    -------
    number
        E_k(M)^2 / (keep + 1 - k).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: as `fd_bracket`.

    Proof: a step subtracts delta_t from keep + 1 eigenvalues at least, so \|M\|^2 - \|F\|^2 >= (keep + 1) Delta. The
    top k directions v of M give \|F\|^2 >= sum \|v^T F\|^2 >= T_k(M) - k Delta. Together (keep + 1) Delta <= \|M\|^2 -
    T_k(M) + k Delta.

    Checked by: CM-16.

    Examples
    --------
    >>> fd_bound(6, 4, 2)
    2.0
    """
    keep = integer("keep", keep, low=1)
    return number("tail", tail, 0) / (keep + 1 - integer("rank", rank, low=0, high=keep))


def subspace_bracket(inside: Number, outside: Number, defect: Number = 0) -> tuple[Number, Number]:
    r"""Between which numbers T_r(M) lies, from any matrix Q with columns that are nearly orthonormal (CM-6, CM-6r).

    Parameters
    ----------
    inside : number
        T_r(Q^T M).
    outside : number
        T_r(R) or more, such as \|R\|^2, where R = M - Q Q^T M.
    defect : number
        d = \|Q^T Q - I\|_2 or more, at least 0.

    Returns
    -------
    tuple of two numbers
        T_r(Q^T M) / (1 + d) and (1 + d) T_r(Q^T M) + T_r(R).

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: `inside` is exact, `outside` and `defect` are not too small (the caller).

    Proof: sigma_i(Q^T M) <= \|Q\|_2 sigma_i(M) and \|Q\|_2^2 <= 1 + d give the left side. Right: let V have r
    orthonormal columns with \|M V\|^2 = T_r(M), G = Q^T Q and P = Q^T M V. Since Q^T R = (I - G) Q^T M, \|M V\|^2 = \|Q
    P\|^2 + 2 <Q P, R V> + \|R V\|^2 = tr P^T (2 I - G) P + \|R V\|^2 <= (1 + d) \|P\|^2 + \|R V\|^2, and \|P\|^2 <=
    T_r(Q^T M), \|R V\|^2 <= T_r(R) (Ky Fan).

    Checked by: CM-6, CM-6r.

    Examples
    --------
    >>> subspace_bracket(9, 1)
    (9.0, 10)
    """
    inside, outside = number("inside", inside, 0), number("outside", outside, 0)
    stretched = 1 + number("defect", defect, 0)
    return inside / stretched, inside * stretched + outside


def residual_gram_bound(rank: int, gram_norm: Number) -> Number:
    r"""Bound sqrt(r) \|R R^T\| on T_r(R), which needs no factorization (statement CM-8).

    Parameters
    ----------
    rank : int
        r, at least 0.
    gram_norm : number
        The Frobenius norm of R R^T, at least 0.

    Returns
    -------
    number
        The bound, attained by r equal singular values.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: nothing beyond the arguments.

    Proof: T_r(R) is a sum of r numbers sigma^2, and their squares sum to at most \|R R^T\|^2; Cauchy and Schwarz.

    Checked by: CM-8.

    Examples
    --------
    >>> residual_gram_bound(4, 3.0)
    6.0
    """
    return plain(np.sqrt(integer("rank", rank, low=0)) * number("gram_norm", gram_norm, 0))


def distance_bracket(tail: Number, distance: Number) -> tuple[Number, Number]:
    r"""Between which numbers E_r of a matrix lies, from a copy that any tool made (statement CM-11).

    Parameters
    ----------
    tail : number
        E_r(M'), the error of the copy M' itself at rank r; 0 if its rank is at most r. Not its square.
    distance : number
        The Frobenius norm of M - M'.

    Returns
    -------
    tuple of two numbers
        max(0, E_r(M') - \|M - M'\|) and E_r(M') + \|M - M'\|.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: nothing beyond the arguments.

    Proof: E_r is the distance to the set of matrices of rank at most r, and a distance to a set changes by at most the
    distance of its arguments.

    Checked by: CM-11.

    Examples
    --------
    >>> distance_bracket(0, 2)
    (0, 2)
    """
    tail, distance = number("tail", tail, 0), number("distance", distance, 0)
    return max(tail - distance, 0 * tail), tail + distance


def family_limit(n_blocks: int) -> Fraction:
    r"""Largest squared error that keeps equal blocks of one family apart from any other (statement CM-4p).

    Parameters
    ----------
    n_blocks : int
        n, blocks of the largest family, at least 1.

    Returns
    -------
    Fraction
        1 / (n + 1); for epsilon^2 below it, clustering returns exactly the families.

    Raises
    ------
    ValueError
        If it is below 1.

    Proof
    -----
    Assumes: A_k = U_f O_k with U_f of r orthonormal columns, O_k orthogonal, and families that are orthogonal to each
    other (the maker of the instance).

    Proof: blocks of one family have rank r together, so their error is 0 and every upper bound of a sketch is exact. n
    of them beside a foreign block have r energies n and r energies 1, so E_r^2 = r of (n + 1) r in all: the squared
    relative error is 1 / (n + 1), and every upper bound lies above it.

    Checked by: CM-4p.

    Examples
    --------
    >>> family_limit(3)
    Fraction(1, 4)
    """
    return Fraction(1, integer("n_blocks", n_blocks, low=1) + 1)


def isometric_block(B: ArrayLike, A: ArrayLike) -> np.ndarray:
    r"""Make a thin block with the left singular vectors and the singular values of the product B A (statement CM-9).

    Parameters
    ----------
    B : array of shape (m, q)
        Left factor.
    A : array of shape (q, n)
        Right factor.

    Returns
    -------
    array of shape (m, min(q, n))
        B R^T with A^T = Q R; blocks of this kind side by side have the singular values of the products side by side.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: nothing beyond the arguments.

    Proof: (B R^T)(B R^T)^T = B R^T R B^T = B A A^T B^T, and the singular values and left vectors of matrices side by
    side depend on the sum of these products alone.

    Checked by: CM-9.

    Examples
    --------
    >>> isometric_block([[2.0], [0.0]], [[3.0, 4.0]]).shape
    (2, 1)
    """
    left, right = floats("B", B, shape=(None, None)), floats("A", A, shape=(None, None))
    if left.shape[1] != len(right):
        raise must("A", f"an array with {left.shape[1]} rows, as `B` has columns", len(right))
    triangle = np.asarray(np.linalg.qr(right.T, mode="r"))
    return np.asarray(left @ triangle.T)


def _top(name: str, energies: ArrayLike, rank: int) -> Any:
    """Sum the r largest energies."""
    values = np.sort(listed(name, energies))
    return plain(values[len(values) - min(rank, len(values)) :].sum())
