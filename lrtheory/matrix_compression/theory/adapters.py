r"""Adapters: what the best factors of a rank leave, how scales and casts change an update, and what merging loses.

Part of `theory`, where users find these functions. An update is s B A with B (d_out, q) and A (q, d_in); S are the
singular values of B A, E_r(X)^2 is the squared error of the best approximation of rank r, in the Frobenius norm.
Formulas return energies, which are squares, and take numbers of any kind; those with roots take doubles and balls.
"""

from __future__ import annotations

import numpy as np

from lrtheory._kernels import low_rank
from lrtheory._numbers import exact, gathered, in_range, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, flag, integer, must, pair, sequence
from lrtheory.matrix_compression.theory.energies import tail_energy

__all__ = [
    "balanced_energy",
    "cast_error",
    "factor_inner_product",
    "kept_alpha_factor",
    "linear_cross_terms",
    "sketch_bound",
    "squeeze_energy",
    "stream_bracket",
]


def squeeze_energy(spectrum: ArrayLike, rank: int, *, scale: Number = 1) -> Number:
    r"""Squared error of the best factors of lower rank (statements SQ-1, SQ-1e and MG-1).

    Parameters
    ----------
    spectrum : sequence of numbers
        S, the singular values of B A, or of several factors side by side.
    rank : int
        r, at least 0.
    scale : number
        s.

    Returns
    -------
    number
        s^2 sum_{i > r} S_i^2.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: S holds all singular values of B A (the caller).

    Proof: with QR of both factors, B = Q_B R_B and A^T = Q_A R_A, B A = Q_B (R_B R_A^T) Q_A^T has orthonormal columns
    on both sides of its core, so the core has its singular values, and its leading part gives the best approximation
    (Eckart and Young); no other matrix of rank r is nearer. Several updates are one: sum_k w_k s_k B_k A_k = [w_1 s_1
    B_1 ..] [A_1; ..].

    Checked by: SQ-1, SQ-1e and MG-1.

    Examples
    --------
    >>> squeeze_energy([3, 2, 1], 1, scale=2)
    20
    """
    scale = number("scale", scale)
    return plain(scale * scale * tail_energy(spectrum, rank))


def kept_alpha_factor(old_rank: int, new_rank: int, *, stabilized: bool = False) -> Number:
    r"""Factor by which an update grows whose file keeps alpha and changes its rank (statement SQ-4).

    Parameters
    ----------
    old_rank, new_rank : int
        q and r, at least 1.
    stabilized : bool
        Whether updates are scaled by alpha / sqrt(r) and not by alpha / r.

    Returns
    -------
    number
        q / r as a Fraction, or sqrt(q / r).

    Raises
    ------
    ValueError
        If a rank is below 1.

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
    q, r = integer("old_rank", old_rank, low=1), integer("new_rank", new_rank, low=1)
    return np.sqrt(q / r) if flag("stabilized", stabilized) else exact(q) / r


def balanced_energy(spectrum: ArrayLike, rank: int, *, scale: Number = 1, out_scale: Number = 1) -> Number:
    r"""Squared norm of each of two balanced factors, the least that factors of their product can have (statement SQ-5).

    Parameters
    ----------
    spectrum : sequence of numbers
        S, decreasing.
    rank : int
        r, at least 0.
    scale, out_scale : number
        s and s', not 0.

    Returns
    -------
    number
        \|B'\|^2 = \|A'\|^2 = \|s / s'\| sum_{i <= r} S_i.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or a scale is 0.

    Proof
    -----
    Assumes: S decreases, and B' A' = (s / s') times the leading r parts of B A (the caller).

    Proof: B' = U diag(h) and A' = diag(h) V^T with h_i^2 = \|s / s'\| S_i have the squared norm sum h_i^2, the nuclear
    norm of B' A'. Any other factors are B' X and X^{-1} A', and \|B' A'\|_* <= \|B' X\| \|X^{-1} A'\| <= (\|B' X\|^2 +
    \|X^{-1} A'\|^2) / 2.

    Checked by: SQ-5.

    Examples
    --------
    >>> balanced_energy([3, 2, 1], 2, scale=4, out_scale=2)
    10
    """
    s, t = number("scale", scale), number("out_scale", out_scale)
    if not s or not t:
        raise must("scale, out_scale", "numbers other than 0", (scale, out_scale))
    values = table("spectrum", spectrum, 0, shape=("n",))
    ratio = abs(exact(plain(s)) / t)
    total = plain(ratio * values[: integer("rank", rank, low=0)].sum())
    return int(total) if getattr(total, "denominator", 0) == 1 else total


def factor_inner_product(first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike]) -> Number:
    r"""Inner product of two products of factors, from small matrices alone (statement SQ-8).

    Parameters
    ----------
    first, second : pair of arrays of shapes (d_out, q) and (q, d_in)
        B and A of each.

    Returns
    -------
    number
        <B A, B' A'> = <B^T B', A A'^T>; with both the same it is \|B A\|^2.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: nothing.

    Proof: <B A, B' A'> = tr A^T B^T B' A' = tr (B^T B') (A' A^T), since a trace is cyclic; that is the sum of products
    of the entries of B^T B' and A A'^T.

    Checked by: SQ-8.

    Examples
    --------
    >>> factor_inner_product(([[2]], [[3]]), ([[1]], [[5]]))
    30
    """
    for name, two in (("first", first), ("second", second)):
        if len(sequence(name, two)) != 2:
            raise must(name, "a pair of factors (B, A)", two)
    (B, A), (C, D) = (
        tuple(table(f"{name}[{i}]", factor, shape=("m", "n")) for i, factor in enumerate(two))
        for name, two in (("first", first), ("second", second))
    )
    if B.shape[1] != A.shape[0] or C.shape[1] != D.shape[0] or B.shape[0] != C.shape[0] or A.shape[1] != D.shape[1]:
        raise must("first, second", "factors of matrices of one shape", (B.shape, A.shape, C.shape, D.shape))
    return plain(in_range(lambda B, C, A, D: ((B.T @ C) * (A @ D.T)).sum(), B, C, A, D))


def cast_error(norms: tuple[Number, Number], sizes: tuple[int, int], *, dtype: str) -> Number:
    r"""Distance that rounding both factors to a format can move their product by (statement SQ-9).

    Parameters
    ----------
    norms : pair of numbers
        \|B\| and \|A\|.
    sizes : pair of int
        The numbers of their entries.
    dtype : {"float64", "float32", "bfloat16", "float16"}
        The format, in whose range all entries lie.

    Returns
    -------
    number
        e_B \|A\| + \|B\| e_A + e_B e_A with e_X = u \|X\| + eta sqrt(size of X): u the unit roundoff, and eta half the
        distance of the numbers next to zero.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or the format is unknown.

    Proof
    -----
    Assumes: no entry overflows (the caller; the writer of files refuses it).

    Proof: rounding moves an entry x by at most u \|x\| + eta, so fl(B) = B + F with \|F\| <= e_B, and likewise for A.
    Expand fl(B) fl(A) - B A = F A + B G + F G; norms are submultiplicative.

    Checked by: SQ-9.

    Examples
    --------
    >>> cast_error((1.0, 1.0), (4, 4), dtype="float32") < 1.3e-7
    True
    """
    choice("dtype", dtype, tuple(low_rank.CASTS))
    left, right = numbers("norms", norms, 0, length=2)
    m, n = pair("sizes", sizes, low=0)
    return low_rank.cast_error((left, right), (m, n), dtype)


def sketch_bound(tail: Number, rank: int, oversampling: int) -> Number:
    r"""Mean squared error of a randomized range of k + p columns, at most (statement SQ-2).

    Parameters
    ----------
    tail : number
        E_k^2.
    rank, oversampling : int
        k at least 0, and p at least 2.

    Returns
    -------
    number
        (1 + k / (p - 1)) E_k^2.

    Raises
    ------
    ValueError
        If a number is out of range.

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
    k, p = integer("rank", rank, low=0), integer("oversampling", oversampling, low=2)
    return (1 + exact(k) / (p - 1)) * number("tail", tail, 0)


def stream_bracket(tails: ArrayLike) -> tuple[Number, Number]:
    r"""Bounds on a sum that is truncated after every term: on the best error, and on the one that it has (MG-2).

    Parameters
    ----------
    tails : sequence of numbers
        tau_t, what the truncation after the t-th term has lost, in the Frobenius norm.

    Returns
    -------
    tuple of numbers
        tau_T - sum_{t < T} tau_t, or 0 where that is below, and sum_t tau_t.

    Raises
    ------
    ValueError
        If there is no number, or one is negative or not finite.

    Proof
    -----
    Assumes: S_t is the best approximation of rank r of S_{t-1} + D_t, at the distance tau_t.

    Proof: sum_t D_t - S_T = sum_t (S_{t-1} + D_t - S_t), whose parts have the norms tau_t. And E_r is the distance to a
    set, which changes by at most the distance of two matrices: E_r(sum_t D_t) >= E_r(S_{T-1} + D_T) - \|sum_{t<T} D_t -
    S_{T-1}\| >= tau_T - sum_{t<T} tau_t.

    Checked by: MG-2.

    Examples
    --------
    >>> stream_bracket([1, 0, 3])
    (2, 4)
    """
    lost = numbers("tails", tails, 0)
    before = sum(lost[:-1])
    least = lost[-1] - before
    return (least if least > 0 else 0 * least), before + lost[-1]


def linear_cross_terms(left: ArrayLike, right: ArrayLike) -> np.ndarray:
    r"""Matrix by which averaging factors separately misses the sum of their products (statement MG-3).

    Parameters
    ----------
    left : array of shape (K, d_out, q)
        b_k, the left factors with the roots of weight and scale in them, signs included.
    right : array of shape (K, q, d_in)
        a_k, the right factors with the same roots.

    Returns
    -------
    array of shape (d_out, d_in)
        (sum b_k) (sum a_k) - sum b_k a_k = sum over i != j of b_i a_j.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: all factors have one inner rank, as averaging them needs.

    Proof: expand the product of the sums; the terms with i = j are the sum that was meant.

    Checked by: MG-3.

    Examples
    --------
    >>> linear_cross_terms([[[1]], [[2]]], [[[1]], [[1]]]).tolist()
    [[3]]
    """
    b, a = table("left", left, shape=("K", "m", "q")), table("right", right, shape=("K", "q", "n"))
    if len(a) != len(b) or b.shape[2] != a.shape[1]:
        raise must("left, right", "as many left as right factors of one inner rank", (b.shape, a.shape))
    others = np.zeros_like(a)  # the sum of all right factors but each one, without a difference
    others[1:] += np.cumsum(a[:-1], axis=0)
    others[:-1] += np.cumsum(a[:0:-1], axis=0)[::-1]
    return gathered(in_range(lambda b, others: sum(x @ y for x, y in zip(b, others, strict=True)), b, others))
