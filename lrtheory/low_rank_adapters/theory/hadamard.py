r"""Hadamard adapters: how near their updates s W o (B A) come to a target.

Part of `theory`, where users find these functions. Y is the entrywise quotient of the target by W.
"""

from __future__ import annotations

from lrtheory._numbers import number, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory.low_rank_adapters.theory.truncation import conversion_energy

__all__ = ["hadamard_bracket", "hadamard_floor", "hadamard_rank_one_energy"]


def hadamard_bracket(tail: Number, smallest: Number, largest: Number) -> tuple[Number, Number]:
    r"""Bracket of the squared distance from a target to all Hadamard updates of a weight (statement HU-3).

    Parameters
    ----------
    tail : number
        The sum of all but the r largest squared singular values of Y.
    smallest, largest : number
        The least and the largest absolute value of an entry of W; the first is 0 where W has a zero.

    Returns
    -------
    pair of number
        smallest^2 times the tail, and largest^2 times the tail. They are equal where all entries of W have one size.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: W has no zero (a hypothesis of the statement; with smallest = 0 the lower bound is trivial).

    Proof: abs(D - W o Z) = abs(W) abs(Y - Z) in each entry, so \|D - W o Z\| lies between smallest and largest times
    \|Y - Z\|, whose least value over all Z of rank r is the tail (Eckart and Young). The upper bound is that of the
    truncation of Y.

    Checked by: HU-3.

    Examples
    --------
    >>> hadamard_bracket(5, 1, 2)
    (5, 20)
    """
    rest = number("tail", tail, 0)
    low, high = number("smallest", smallest, 0), number("largest", largest, 0)
    return low * low * rest, high * high * rest


def hadamard_floor(target: ArrayLike, weight: ArrayLike) -> Number:
    r"""Squared norm of what no Hadamard update of a weight with zeros reaches (statement HU-2).

    Parameters
    ----------
    target : array of numbers, (m, n)
        D.
    weight : array of numbers, (m, n)
        W.

    Returns
    -------
    number
        The sum of the squared entries of D where W is 0: pruned weights cannot be revived.

    Raises
    ------
    ValueError
        If the arrays are not finite matrices of one shape.

    Proof
    -----
    Assumes: nothing about W and D.

    Proof: An update s W o Z is 0 where W is, whatever Z is. There D - s W o Z has the entries of D, whose squares are a
    part of \|D - s W o Z\|^2. If W is 0 in whole rows and columns only, the other part is the squared distance of the
    other rows and columns of D from the updates of theirs, which have no zeros of W, so statement HU-3 bounds it.

    Checked by: HU-2.

    Examples
    --------
    >>> hadamard_floor([[3, 5], [7, 2]], [[0, 1], [1, 0]])
    13
    """
    D = table("target", target, shape=("m", "n"))
    missed = D[table("weight", weight, shape=D.shape) == 0]
    return plain((missed * missed).sum())


def hadamard_rank_one_energy(spectrum: ArrayLike, rank: int) -> Number:
    r"""Squared distance from a target to all Hadamard updates of a weight of rank one (statement HU-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of the target itself.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        The sum of all but the r largest squares, the squared distance to LoRA of the same rank.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: W = u v^T without zeros (a hypothesis of the statement).

    Proof: W o Z = diag(u) Z diag(v), which maps the matrices of rank at most r onto themselves, one to one.

    Checked by: HU-4.

    Examples
    --------
    >>> hadamard_rank_one_energy([3, 2, 1], 1)
    5
    """
    return conversion_energy(spectrum, rank)
