r"""Bounds for what others made: the best error from a copy, a sketch before it runs, and ranks within a budget.

Part of `theory`, where users find these functions. E_r(M)^2 is the squared error of the best approximation of M of rank
r in the Frobenius norm. Ranks r_k of matrices with singular values sigma_{k,i}, decreasing, keep the energy sum_k
sum_{i <= r_k} sigma_{k,i}^2. Formulas take numbers of any kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import formula, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must, sequence

__all__ = ["distance_bracket", "dual_bound", "fd_bound", "subspace_bracket"]


@formula(keep="[1, inf)", tail="[0, inf)", rank="[0, keep]")
def fd_bound(tail: Number, keep: int, rank: int) -> Number:
    r"""Largest shrinkage Delta of Frequent Directions, known before it runs (statement CM-16).

    Parameters
    ----------
    tail : number
        E_k(M)^2.
    keep : int
        Columns that the factor keeps.
    rank : int
        k, from 0 to `keep`; the best one may be chosen.

    Returns
    -------
    number
        E_k(M)^2 / (keep + 1 - k).

    Proof
    -----
    Assumes: each step subtracts from the eigenvalues of F F^T the number delta_t, the first that is not kept, and drops
    what falls below 0 (the caller).

    Proof: a step subtracts delta_t from keep + 1 eigenvalues at least, so \|M\|^2 - \|F\|^2 >= (keep + 1) Delta. The
    top k directions v of M give \|F\|^2 >= sum \|v^T F\|^2 >= T_k(M) - k Delta. Together (keep + 1) Delta <= \|M\|^2 -
    T_k(M) + k Delta.

    Checked by: CM-16.

    Examples
    --------
    >>> fd_bound(6, 4, 2)
    2.0
    """
    return tail / (keep + 1 - rank)


@formula(tail="[0, inf)", distance="[0, inf)")
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
    return max(tail - distance, 0 * tail), tail + distance


@formula(price="[0, inf)", budget="[0, inf)")
def dual_bound(
    spectra: Sequence[ArrayLike], budget: Number, *, price: Number, costs: Sequence[Any] | None = None
) -> Number:
    """Energy that no ranks within the budget exceed, whoever chose them (statement AB-5).

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        The singular values of each matrix.
    budget : number
        b.
    price : number
        lambda; the bound is least at the energy for a unit of cost of the first value that a greedy choice
        rejects.
    costs : sequence of numbers, or of sequences of them, or None
        c_k, or the cost of every value; None is 1.

    Returns
    -------
    number
        lambda b + sum max(0, sigma^2 - lambda c).

    Raises
    ------
    ValueError
        If a number is negative or not finite, a cost is not positive, or lengths do not fit.

    Proof
    -----
    Assumes: lambda >= 0, which is checked; nothing of the ranks but their cost.

    Proof: for a set K of values that costs at most b, the kept energy is sum_K sigma^2 = lambda sum_K c + sum_K
    (sigma^2 - lambda c) <= lambda b + sum_K max(0, sigma^2 - lambda c), and the last sum over all values is not
    smaller. At the rate of the first value that does not fit, the terms of all values before it are not negative and
    those of all others are 0, so the bound is what the greedy choice keeps plus lambda times the budget that it leaves.

    Checked by: AB-5.

    Examples
    --------
    >>> dual_bound([[3, 1], [2, 2]], 3, price=1)
    17
    """
    squares, weights = _items(spectra, costs)
    over = squares - price * weights
    return plain(price * budget + over[over > 0].sum())


def _items(spectra: Any, costs: Any) -> tuple[np.ndarray, np.ndarray]:
    """The squares of all values, and the cost of each."""
    lists = [table("spectra", values, 0, shape=("n",)) for values in sequence("spectra", to_numpy(spectra))]
    if not lists:
        raise must("spectra", "singular values of at least one matrix", spectra)
    squares = np.concatenate([values * values for values in lists])
    if costs is None:
        return squares, np.ones(len(squares), np.int64)
    if len(sequence("costs", to_numpy(costs))) != len(lists):
        raise must("costs", f"{len(lists)} costs, one a matrix", costs)
    each = [table("costs", c, 0, ends="(]") for c in costs]
    for one, values in zip(each, lists, strict=True):
        if one.shape not in ((), (1,), values.shape):
            raise must("costs", f"numbers, or {len(values)} of them for as many singular values", one)
    return squares, np.concatenate([np.broadcast_to(c, v.shape) for c, v in zip(each, lists, strict=True)])


@formula(inside="[0, inf)", outside="[0, inf)", defect="[0, inf)")
def subspace_bracket(inside: Number, outside: Number, defect: Number = 0) -> tuple[Number, Number]:
    r"""Between which numbers T_r(M) lies, from any matrix Q with columns that are nearly orthonormal (CM-6, CM-6r).

    Parameters
    ----------
    inside : number
        T_r(Q^T M).
    outside : number
        T_r(R) or more, such as \|R\|^2, where R = M - Q Q^T M.
    defect : number
        d = \|Q^T Q - I\|_2 or more.

    Returns
    -------
    tuple of two numbers
        T_r(Q^T M) / (1 + d) and (1 + d) T_r(Q^T M) + T_r(R).

    Proof
    -----
    Assumes: `inside` is exact, `outside` and `defect` are not too small (the caller).

    Proof: sigma_i(Q^T M) <= \|Q\|_2 sigma_i(M) and \|Q\|_2^2 <= 1 + d give the left side. Right: let V have r
    orthonormal columns with \|M V\|^2 = T_r(M), G = Q^T Q and P = Q^T M V. Since Q^T R = (I - G) Q^T M, \|M V\|^2 = \|Q
    P\|^2 + 2 <Q P, R V> + \|R V\|^2 = tr P^T (2 I - G) P + \|R V\|^2 <= (1 + d) \|P\|^2 + \|R V\|^2, and \|P\|^2 <=
    T_r(Q^T M), \|R V\|^2 <= T_r(R) (Ky Fan).

    Examples
    --------
    >>> subspace_bracket(9, 1)
    (9.0, 10)
    """
    stretched = 1 + defect
    return inside / stretched, inside * stretched + outside
