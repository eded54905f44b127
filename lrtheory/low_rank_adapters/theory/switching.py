r"""Switching rows and columns of factors: what stays, which rank can grow, which gradients jump.

Part of `theory`, where users find these functions. The merged weight is W + s B A; a switch exchanges row k of A, or
column k of B, for a stored candidate and compensates for it in W.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import gathered, in_range, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, pair

__all__ = ["gradient_jump", "switched_rank", "switched_weight"]


def switched_weight(
    W: ArrayLike, left: ArrayLike, right: ArrayLike, *, candidate: ArrayLike, scale: Number = 1, side: str = "A"
) -> np.ndarray:
    r"""Compute the frozen weight after a switch, so that the merged weight stays (statement SW-1).

    Parameters
    ----------
    W : array of shape (m, n)
        The frozen weight.
    left : array of shape (m,)
        b_k, column k of B.
    right : array of shape (n,)
        a_k, row k of A.
    candidate : array of shape (n,) or (m,)
        Vector in the place of a_k where `side` is "A", or of b_k where it is "B".
    scale : number
        s.
    side : {"A", "B"}
        Factor that is switched.

    Returns
    -------
    array of shape (m, n)
        W + s b_k (a_k - a')^T, or W + s (b_k - b') a_k^T.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or `side` is another word.

    Proof
    -----
    Assumes: nothing.

    Proof: W + s B A contains row k of A as s b_k a_k^T alone. Exchanging it for a' changes that sum by s b_k (a' -
    a_k)^T, which the change of W takes back; likewise for a column of B.

    Checked by: SW-1.

    Examples
    --------
    >>> switched_weight([[0, 0]], [2], [1, 3], candidate=[1, 0], scale=5).tolist()
    [[0, 30]]
    """
    weight = table("W", W, shape=("m", "n"))
    b, a = table("left", left, shape=(weight.shape[0],)), table("right", right, shape=(weight.shape[1],))
    choice("side", side, ("A", "B"))
    new = table("candidate", candidate, shape=a.shape if side == "A" else b.shape)
    s = number("scale", scale)
    change = np.multiply.outer(b, a - new) if side == "A" else np.multiply.outer(b - new, a)
    return gathered(weight + s * change)


def switched_rank(shape: tuple[int, int], rank: int, n_switches: int) -> int:
    r"""Bound the rank of the whole update after switches of one side each (statement SW-2).

    Parameters
    ----------
    shape : pair of int
        m and n.
    rank : int
        r, the rank of the adapter.
    n_switches : int
        Number of rows of A and columns of B that were exchanged; a pair counts as 2.

    Returns
    -------
    int
        min(m, n, r + the number of switches).

    Raises
    ------
    ValueError
        If a number is below its least value.

    Proof
    -----
    Assumes: besides switches only B and A are trained, in any way.

    Proof: each switch of one side adds s b_k (a_k - a')^T or s (b_k - b') a_k^T, of rank one, to the frozen weight, and
    B A has rank at most r. Ranks are subadditive, and a matrix of shape (m, n) has rank at most min(m, n). Equality
    needs vectors in general position.

    Checked by: SW-2.

    Examples
    --------
    >>> switched_rank((8, 6), 2, 3)
    5
    """
    m, n = pair("shape", shape)
    return min(m, n, integer("rank", rank, low=1) + integer("n_switches", n_switches, low=0))


def gradient_jump(G: ArrayLike, before: ArrayLike, after: ArrayLike, *, scale: Number = 1) -> np.ndarray:
    r"""Compute by how much the gradient of column k of B jumps when row k of A is switched (statement SW-3).

    Parameters
    ----------
    G : array of shape (m, n)
        The gradient in the merged weight, which a switch does not change.
    before : array of shape (n,)
        a_k.
    after : array of shape (n,)
        a', which takes its place.
    scale : number
        s.

    Returns
    -------
    array of shape (m,)
        s G (a' - a_k).

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: the switch is compensated, so that the merged weight and with it G stay.

    Proof: the gradient in A is s B^T G, in which A does not occur, so it stays. The gradient in column j of B is s G
    a_j, which changes for j = k alone, by s G (a' - a_k). Old momentum is wrong for that column, which is the reason to
    freeze the counterpart of what was switched.

    Checked by: SW-3.

    Examples
    --------
    >>> gradient_jump([[1, 2]], [1, 0], [0, 1], scale=3).tolist()
    [3]
    """
    gradient = table("G", G, shape=("m", "n"))
    a, new = (table(name, x, shape=gradient.shape[1:]) for name, x in (("before", before), ("after", after)))
    jump = lambda s, gradient, a, new: s * (gradient @ (new - a))
    return gathered(in_range(jump, number("scale", scale), gradient, a, new))
