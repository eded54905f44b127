r"""Adapters and training: a scale that a file keeps, a random range, truncated sums, a step that raises no rank.

Part of `theory`, where users find these functions. E_k(X)^2 is the squared error of the best approximation of X of rank
k in the Frobenius norm. `sketch_bound` takes numbers of any kind, `step_limit`, which has a root, doubles and balls.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import exact, formula, inexact, numbers
from lrtheory._types import ArrayLike, Number

__all__ = ["kept_alpha_factor", "sketch_bound", "step_limit", "stream_bracket"]


@formula(old_rank="[1, inf)", new_rank="[1, inf)")
def kept_alpha_factor(old_rank: int, new_rank: int, *, stabilized: bool = False) -> Number:
    """Factor by which an update grows whose file keeps alpha and changes its rank (statement SQ-4).

    Parameters
    ----------
    old_rank, new_rank : int
        q and r.
    stabilized : bool
        Whether updates are scaled by alpha / sqrt(r) and not by alpha / r.

    Returns
    -------
    number
        q / r as a Fraction, or sqrt(q / r).

    Proof
    -----
    Assumes: the product of the new factors is the best approximation of the product of the old ones (the caller).

    Proof: the file says s' = alpha / r where s = alpha / q was meant, and s' / s = q / r; with roots, sqrt(q / r).

    Checked by: SQ-4.

    Examples
    --------
    >>> kept_alpha_factor(64, 16)
    Fraction(4, 1)
    """
    q, r = old_rank, new_rank
    return np.sqrt(q / r) if stabilized else exact(q) / r


@formula(rank="[0, inf)", oversampling="[2, inf)", tail="[0, inf)")
def sketch_bound(tail: Number, rank: int, oversampling: int) -> Number:
    r"""Mean squared error of a randomized range of k + p columns, at most (statement SQ-2).

    Parameters
    ----------
    tail : number
        E_k^2.
    rank, oversampling : int
        k, and p.

    Returns
    -------
    number
        (1 + k / (p - 1)) E_k^2.

    Proof
    -----
    Assumes: the range is that of D times a matrix of independent standard Gaussians, of k + p columns.

    Proof: with W_1 (k rows) and W_2 the Gaussians in the coordinates of the right singular vectors and D_2 the part of
    D beyond the first k, \|(I - P) D\|^2 <= \|D_2\|^2 + \|D_2 W_2 W_1^+\|^2. W_1 and W_2 are independent, so the mean
    of the last term is \|D_2\|^2 times that of \|W_1^+\|^2, which is k / (p - 1).

    Checked by: SQ-2.

    References
    ----------
    .. [1] N. Halko, P.-G. Martinsson, J. Tropp, Finding structure with randomness, SIAM Review 53, 2011, Theorem 10.5.

    Examples
    --------
    >>> sketch_bound(4, 3, 4)
    Fraction(8, 1)
    """
    k, p = rank, oversampling
    return (1 + exact(k) / (p - 1)) * tail


@formula(tail_energy="(0, 1)", norm="[0, inf)")
def step_limit(norm: Number, tail_energy: Number) -> Number:
    r"""Length of a step up to which a truncated weight keeps its rank (statement TR-1).

    Parameters
    ----------
    norm : number
        \|T\|, where T is a weight that was truncated by the same rule.
    tail_energy : number
        e: the rule keeps the smallest rank that leaves at most e \|W\|^2.

    Returns
    -------
    number
        sqrt(e) \|T\|: after any step D with \|D\| at most that, the rank of the truncation of T + D is not above that
        of T.

    Proof
    -----
    Assumes: T has rank k, and T + D is truncated by the same rule.

    Proof: matrices of rank at most k form a cone. If the truncation of T + D has a larger rank, E_k(T + D) / \|T + D\|,
    which is the sine of the angle between T + D and the cone, exceeds sqrt(e). The distance of T, which lies in the
    cone, from the ray through T + D is then more than sqrt(e) \|T\|, and so is \|D\|. The constant is sharp where
    sigma_k(T)^2 >= e / (1 - e) \|T\|^2 and k is below both sides: D = sqrt(e (1 - e)) \|T\| u v^T - e T, with u and v
    orthogonal to T.

    Checked by: TR-1.

    Examples
    --------
    >>> float(step_limit(10.0, 0.01))
    1.0
    """
    return np.sqrt(inexact(tail_energy)) * norm


def stream_bracket(tails: ArrayLike) -> tuple[Number, Number]:
    r"""Bounds on a sum that is truncated after every term: on the best error, and on the one that it has (MG-2).

    Parameters
    ----------
    tails : sequence of numbers
        tau_t, what the truncation after the t-th term has lost, in the Frobenius norm, at least 0.

    Returns
    -------
    tuple of numbers
        tau_T - sum_{t < T} tau_t, or 0 where that is below, and sum_t tau_t.

    Proof
    -----
    Assumes: S_t is the best approximation of rank r of S_{t-1} + D_t, at the distance tau_t.

    Proof: sum_t D_t - S_T = sum_t (S_{t-1} + D_t - S_t), whose parts have the norms tau_t. And E_r is the distance to a
    set, which changes by at most the distance of two matrices: E_r(sum_t D_t) >= E_r(S_{T-1} + D_T) - \|sum_{t<T} D_t -
    S_{T-1}\| >= tau_T - sum_{t<T} tau_t.

    Examples
    --------
    >>> stream_bracket([1, 0, 3])
    (2, 4)
    """
    lost = numbers("tails", tails, 0)
    before = sum(lost[:-1])
    least = lost[-1] - before
    return (least if least > 0 else 0 * least), before + lost[-1]
