r"""Energies of singular values: how well a matrix of any rank fits, from spectra alone.

Part of `theory`, where users find these functions. T_r(X) is the sum of the r largest squared singular values of X, and
E_r(X)^2 = \|X\|^2 - T_r(X) the squared error of its best approximation of rank r in the Frobenius norm (Eckart and
Young). M = [A_1 .. A_K] is the concatenation of blocks with the same number of rows. All formulas take numbers of any
kind, are exact in exact arithmetic, and say nothing about rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import formula, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must, sequence

__all__ = ["largest_alone_bound", "residual_bound", "superadditive_floor", "tail_energy", "union_bound"]


@formula(rank="[0, inf)")
def tail_energy(spectrum: ArrayLike, rank: int) -> Number:
    r"""Energy E_r^2 that a best approximation of rank r leaves (Eckart and Young; the quantity of statement CM-14).

    Parameters
    ----------
    spectrum : sequence of numbers
        Singular values, at least 0, in any order.
    rank : int
        r.

    Returns
    -------
    number
        E_r^2, the sum of the squares of all but the r largest; 0 when there are no others.

    Raises
    ------
    ValueError
        If a value is negative or not finite.

    Examples
    --------
    >>> tail_energy([3, 1, 2], 2)
    1
    """
    return _split("spectrum", spectrum, rank)[1]


@formula(rank="[0, inf)")
def union_bound(spectra: Sequence[ArrayLike], rank: int) -> Number:
    r"""At most this is E_r^2 of blocks side by side, from their own spectra (statement CM-14).

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        Singular values of each block, or of each group of blocks side by side. Coarser groups give smaller bounds.
    rank : int
        r.

    Returns
    -------
    number
        \|M\|^2 minus the r largest squares of all the values together.

    Raises
    ------
    ValueError
        If there is no spectrum, or a value is negative or not finite.

    Proof
    -----
    Assumes: each list holds all singular values of its block (the caller).

    Proof: with G_j = U_j S_j V_j^T, take for V the block diagonal matrix of r right singular vectors, those of the r
    largest values of all lists. V^T V = I, and \|M V\|^2 = sum_j \|G_j V_j\|^2 is the sum of the chosen squares, since
    \|M V\|^2 = tr V^T M^T M V meets the diagonal blocks of M^T M alone. T_r(M) is the maximum of \|M V\|^2 over all
    such V (Ky Fan), so T_r(M) is at least that sum. Coarser groups: of the finer choice, r_h values lie in the coarse
    group h; their sum is at most T_{r_h} of that group by what was just shown, and that is an admissible coarser
    choice.

    Checked by: CM-14.

    Examples
    --------
    >>> union_bound([[3, 1], [2]], 2)
    1
    """
    return _split("spectra", _joined(spectra), rank)[1]


@formula(rank="[0, inf)")
def superadditive_floor(spectra: Sequence[ArrayLike], rank: int) -> Number:
    r"""At least this is E_r^2 of blocks side by side, from their own spectra (statement CM-12).

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        Singular values of each block, or of each group of blocks side by side. Coarser groups give larger floors.
    rank : int
        r.

    Returns
    -------
    number
        The sum of E_r^2 of the blocks.

    Raises
    ------
    ValueError
        If there is no spectrum, or a value is negative or not finite.

    Proof
    -----
    Assumes: each list holds all singular values of its block (the caller).

    Proof: let Z be the best approximation of [X, Y] of rank r. Its parts Z_X and Z_Y have rank at most r, so
    E_r([X, Y])^2 = \|X - Z_X\|^2 + \|Y - Z_Y\|^2 >= E_r(X)^2 + E_r(Y)^2. By induction the same holds for any number of
    groups, and for groups of groups.

    Checked by: CM-12.

    Examples
    --------
    >>> superadditive_floor([[1, 1], [1, 1]], 1)
    2
    """
    _joined(spectra)
    return sum(_split("spectra", one, rank)[1] for one in spectra)


@formula(rank="[0, inf)")
def largest_alone_bound(spectra: Sequence[ArrayLike], rank: int) -> Number:
    r"""At most this is E_r^2 of blocks side by side, from the block with the largest T_r (Weyl; statement CM-1).

    The published predictor takes the whole energy of the largest block for its T_r, which is right only when that block
    has at most r columns: the identity of size 2 with r = 1 would have the error 0, and has 1.

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        Singular values of each block, or of each group of blocks side by side.
    rank : int
        r.

    Returns
    -------
    number
        \|M\|^2 minus the largest T_r of a block; never below `union_bound`.

    Raises
    ------
    ValueError
        If there is no spectrum, or a value is negative or not finite.

    Proof
    -----
    Assumes: each list holds all singular values of its block (the caller).

    Proof: a choice of columns is a matrix V of columns of the identity, and T_r(M) is the maximum of \|M V\|^2 over V
    with r orthonormal columns; the best V within the columns of one block gives its T_r.

    Checked by: CM-1.

    Examples
    --------
    >>> largest_alone_bound([[1, 1]], 1)
    1
    """
    _joined(spectra)
    kept, left = zip(*(_split("spectra", one, rank) for one in spectra), strict=True)
    best = max(range(len(kept)), key=lambda i: kept[i])
    return left[best] + sum(_split("spectra", one, 0)[1] for i, one in enumerate(spectra) if i != best)


@formula(total="[0, inf)", rank="[0, inf)")
def residual_bound(total: Number, residuals: Sequence[ArrayLike], rank: int) -> Number:
    r"""At most this is E_r^2 of blocks side by side, from what each adds to the span of those before (statement CM-2).

    It is never below `union_bound` of the same blocks, which costs no residuals.

    Parameters
    ----------
    total : number
        \|M\|^2.
    residuals : sequence of sequences of numbers
        Singular values of R_k = (I - P_{k-1}) A_k, where P_{k-1} projects onto the span of the blocks before.
    rank : int
        r.

    Returns
    -------
    number
        The total minus the r largest squares of all residuals together.

    Raises
    ------
    ValueError
        If there is no list, or a value is negative or not finite.

    Proof
    -----
    Assumes: the projections are exact (the caller).

    Proof: sigma_i(R_k) <= sigma_i(A_k) for every i, since a projection shrinks; so the r largest squares of residuals
    are at most the r largest squares of the blocks themselves, and `union_bound` applies.

    Checked by: CM-2.

    Examples
    --------
    Twice the same column: the residuals see one of them, their union both.

    >>> residual_bound(2, [[1], [0]], 2), union_bound([[1], [1]], 2)
    (1, 0)
    """
    kept = _split("residuals", _joined(residuals, "residuals"), rank)[0]
    return total - kept


def _joined(spectra: Sequence[ArrayLike], name: str = "spectra") -> np.ndarray:
    """Put all lists behind each other; there must be one at least."""
    if len(sequence(name, to_numpy(spectra))) == 0:
        raise must(name, "a sequence of at least one spectrum", spectra)
    return np.concatenate([listed(name, one) for one in spectra])


def listed(name: str, spectrum: ArrayLike) -> np.ndarray:
    """Check a list of numbers of at least 0; an empty one has no kind of its own that sums would take on."""
    found = table(name, spectrum, 0, shape=("n",))
    return found if len(found) else np.zeros(0, np.int64)


def _split(name: str, spectrum: ArrayLike, rank: int) -> tuple[Any, Any]:
    """Sum the squares of the r largest values, and those of the others, without a difference."""
    values = listed(name, spectrum)
    kept = min(rank, len(values))
    energies = np.sort(values * values)
    first = len(energies) - kept
    return plain(energies[first:].sum()), plain(energies[:first].sum())
