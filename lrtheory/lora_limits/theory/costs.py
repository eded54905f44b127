"""Counts of features and floating-point operations, and the length from which the low-rank gradient is cheaper.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["as23_rank", "break_even_length", "flop_model", "n_features", "sufficient_degree"]


@formula(degree="[0, inf)", n_variables="[0, inf)")
def n_features(n_variables: int, degree: int) -> int:
    """Monomials of degree at most g in d variables: columns of the factors of a polynomial of logits (LL-D4).

    Parameters
    ----------
    n_variables, degree : int
        d and g.

    Returns
    -------
    int
        binom(g + d, d).

    Proof
    -----
    Assumes: nothing beyond the range of the numbers, which is checked here.

    Proof: <x, y>^k = sum over multi-indices with sum k of (k! / prod alpha!) x^alpha y^alpha, so a polynomial of degree
    g in <x, y> is a bilinear form in the monomials of degree at most g. Multi-indices of d entries with sum at most g
    are multi-indices of d + 1 entries with sum g: g stars and d bars.

    No fewer columns do where every weight of P is nonzero and the monomials of the queries, and those of the keys, are
    linearly independent (LL-D4-rank): then U has full column rank, and so has V, hence U V^T has rank k. Along the
    chain (LL-P2-rank), p_2 = diag(r) D^-1 U V^T has at most rank k, and p_1 is the entrywise product of a matrix of
    rank k with q = c C3^T of rank d, which has at most rank k d (LL-P1).

    Checked by: LL-D4, LL-D4-rank and LL-P2-rank.

    Examples
    --------
    >>> n_features(8, 4)
    495
    """
    return math.comb(degree + n_variables, n_variables)


@formula(n_variables="[0, inf)", degree="[0, inf)")
def as23_rank(n_variables: int, degree: int) -> int:
    """The cruder count of features in the literature (statement LL-D4).

    Parameters
    ----------
    n_variables, degree : int
        d and g.

    Returns
    -------
    int
        binom(2 (g + d), 2 g).

    References
    ----------
    .. [1] J. Alman, Z. Song, Fast Attention Requires Bounded Entries, NeurIPS 2023 (recalled).

    Examples
    --------
    >>> as23_rank(8, 4)
    735471
    """
    d, g = n_variables, degree
    return math.comb(2 * (g + d), 2 * g)


@formula(bound="[0, 300]", epsilon="(0, inf)")
def sufficient_degree(bound: Number, epsilon: Number) -> int:
    """A degree that is enough for a relative error on [-M, M], in closed form (statements LL-T1, LL-T1-long).

    Parameters
    ----------
    bound : float
        M.
    epsilon : float
        Relative error, positive.

    Returns
    -------
    int
        The smallest over b = 2, 4, 8, ... of max(b e M, (M + log(1/epsilon)) / log b), rounded up, less 1; at least 0.
        For fixed M it grows like log(1/epsilon) / log log(1/epsilon).

    Proof
    -----
    Assumes: M is in [0, 300] and epsilon is positive (checked here); M does not grow with L for the order of growth
    (a hypothesis of the statements).

    Proof: Let m = g + 1. By m! >= (m / e)^m the bound exp(M) M^m / m! of `taylor_certificate` is at most exp(M)
    (e M / m)^m, which is at most exp(M) b^-m where m >= b e M, and that is at most epsilon where m
    >= (M + log(1/epsilon)) / log b. With b the power of 2 next to log(1/epsilon) / log log(1/epsilon), both are of that
    order. The least degree that is enough is not larger, and `n_features` and `flop_model` grow with the degree.

    Checked by: LL-T1 and LL-T1-long.

    Examples
    --------
    >>> sufficient_degree(1.0, 1e-6)
    10
    """
    M = bound
    rest = M - math.log(epsilon)
    found, b = math.inf, 2  # once b e M alone is above the best degree that was found, no larger b does better
    while found > max(1, b * math.e * M):
        found = min(found, max(1, math.ceil(b * math.e * M), math.ceil(rest / math.log(b))))
        b *= 2
    return int(found) - 1


@formula(n_queries="[0, inf)", n_keys="[0, inf)", d="[1, inf)", rank="[0, inf)", n_features="[0, inf)")
def flop_model(n_queries: int, n_keys: int, d: int, *, n_features: int | None = None, rank: int | None = None) -> int:
    """Floating-point operations of one gradient (statements LL-T1, LL-G6).

    Parameters
    ----------
    n_queries, n_keys : int
        L_Q and L_K.
    d : int
        Width of the head.
    n_features : int or None
        Columns of the low-rank factors; None counts the exact tiled gradient.
    rank : int or None
        Rank of the adapters where only their gradients are wanted, not dLoss/dW.

    Returns
    -------
    int
        Exact: 8 d L_Q L_K, or (6 d + 4 rank) L_Q L_K. With k features: k (L_Q + L_K) (2 (d + 1)^2 + 1), or with the
        rank 2 k (L_Q + L_K) (d + 1) (2 rank + 1) + k (L_Q + 2 L_K).

    Proof
    -----
    Assumes: keys, queries and values have one width d (the caller).

    Proof: In the exact gradient the logits, f C3, c C3^T and p C2 are products of 2 d L_Q L_K operations each. With the
    rank, p (C2 A^T) and p^T (C1 B) replace the last one by two products of 2 rank L_Q L_K operations. In the low-rank
    gradient the features of the keys are multiplied by [1, C3, C2, C3 x C2], which has 1 + 2 d + d^2 columns, and the
    features of the queries by the result; making a feature takes one product per token. With the rank, C2 A^T has rank
    columns, so (d + 1)(rank + 1) columns on both sides serve dB, and (d + 1) rank columns on both sides serve dA, whose
    second pass over the keys evaluates their features again.

    Checked by: LL-T1, LL-G6 and, for the products alone, LL-T3-break-even.

    Examples
    --------
    >>> flop_model(1000, 1000, 8), flop_model(1000, 1000, 8, n_features=45)
    (64000000, 14670000)
    """
    Q, K, r = n_queries, n_keys, rank
    if n_features is None:
        return (8 * d if r is None else 6 * d + 4 * r) * Q * K
    k = n_features
    if r is None:
        return k * (Q + K) * (2 * (d + 1) ** 2 + 1)
    return 2 * k * (Q + K) * (d + 1) * (2 * r + 1) + k * (Q + 2 * K)


@formula(d="[1, inf)", n_features="[0, inf)", rank="[0, inf)")
def break_even_length(d: int, n_features: int, *, rank: int | None = None) -> float:
    """The length above which low rank takes fewer products than the exact gradient (statement LL-T3-break-even).

    Parameters
    ----------
    d : int
        Width of the head.
    n_features : int
        k, columns of the factors.
    rank : int or None
        Rank of the adapters where only their gradients are wanted.

    Returns
    -------
    float
        k (d + 1)^2 / (2 d), or 2 k (d + 1)(2 rank + 1) / (3 d + 2 rank); products alone, exponentials left out.

    Proof
    -----
    Assumes: there are as many queries as keys (the caller).

    Proof: For dLoss/dW the products are 4 L k (d + 1)^2 against 8 d L^2, see `flop_model`; for adapters alone they are
    4 L k (d + 1)(2 rank + 1) against (6 d + 4 rank) L^2. Divide by L.

    Checked by: LL-T3-break-even.

    Examples
    --------
    >>> break_even_length(8, 495)
    2505.9375
    """
    k, r = n_features, rank
    if r is None:
        return k * (d + 1) ** 2 / (2 * d)
    return 2 * k * (d + 1) * (2 * r + 1) / (3 * d + 2 * r)
