"""Counts of features and floating-point operations, and the length from which the low-rank gradient is cheaper.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math

from lrtheory._numbers import number
from lrtheory._types import Number
from lrtheory._validation import integer

__all__ = [
    "as23_rank",
    "break_even_length",
    "exact_multiply_adds",
    "feature_exponent",
    "flop_model",
    "multilinear_features",
    "n_features",
    "sufficient_degree",
]


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

    Raises
    ------
    ValueError
        If a number is negative.

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
    return math.comb(integer("degree", degree, low=0) + integer("n_variables", n_variables, low=0), n_variables)


def multilinear_features(n_variables: int, degree: int) -> int:
    """Monomials that are left on sign vectors, where squares are 1 (statement LL-H5).

    Parameters
    ----------
    n_variables, degree : int
        d and g.

    Returns
    -------
    int
        sum_{k <= min(g, d)} binom(d, k).

    Raises
    ------
    ValueError
        If a number is negative.

    Proof
    -----
    Assumes: all variables are 1 or -1 (the caller).

    Proof: With x_a^2 = 1 a monomial depends on the set of variables with odd exponents alone. A monomial of degree at
    most g has at most g of them, and every such set occurs, as the product of its variables.

    Checked by: LL-H5-entry.

    Examples
    --------
    >>> multilinear_features(10, 3)
    176
    """
    d, g = integer("n_variables", n_variables, low=0), integer("degree", degree, low=0)
    return sum(math.comb(d, k) for k in range(min(g, d) + 1))


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

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    .. [1] J. Alman, Z. Song, Fast Attention Requires Bounded Entries, NeurIPS 2023 (recalled).

    Examples
    --------
    >>> as23_rank(8, 4)
    735471
    """
    d, g = integer("n_variables", n_variables, low=0), integer("degree", degree, low=0)
    return math.comb(2 * (g + d), 2 * g)


def feature_exponent(variables: Number, degree: Number) -> float:
    r"""The power of L at which features grow when d = a ln L and g = b ln L (statement LL-D5).

    Parameters
    ----------
    variables, degree : number
        a and b, not negative.

    Returns
    -------
    float
        (a + b) H(a / (a + b)) with the entropy H in nats; 0 where a or b is 0.

    Raises
    ------
    ValueError
        If a number is negative.

    Proof
    -----
    Assumes: a and b are not negative (checked here); b is at most 256 a for the bound on how fast the exponent falls
    (a hypothesis of the statement).

    Proof: For n = g + d and x = d / n, exp(n H(x)) / (n + 1) <= binom(n, d) <= exp(n H(x)): the term j = d of sum_j
    binom(n, j) x^j (1 - x)^(n - j) = 1 is binom(n, d) exp(-n H(x)), and it is the largest of n + 1 terms. Here n H(x)
    = (a + b) H(a / (a + b)) ln L, and log(n + 1) is o(log L). As b -> 0 the exponent falls to 0 like b log(a / b).

    With x = b / a the exponent is a phi(x), phi(x) = log(1 + x) + x log(1 + 1/x). For x <= 256 it falls to a 64th or
    less as b falls to b / 4^7: phi' = log(1 + 1/x), so x phi' / phi = 1 / (1 + q), q = log(1 + x) / (x log(1 + 1/x)). q
    grows, since x (1 + x) q' / q = x / log(1 + x) + 1 / log(1 + 1/x) - (1 + x) and log(1 + y) <= y. So
    phi(x / 4^7) / phi(x) grows with x, and at x = 256 it is below 0.0808 / 6.54 < 1/64. It fails at x = 368.

    Checked by: LL-D5.

    Examples
    --------
    >>> round(feature_exponent(1.0, 1.0), 4)
    1.3863
    """
    a, b = float(number("variables", variables, 0)), float(number("degree", degree, 0))
    if a == 0 or b == 0:
        return 0.0
    low, high = min(a, b), max(a, b)
    ratio = high / low  # may be infinite
    logarithm = math.log1p(ratio) if ratio < math.inf else math.log(high) - math.log(low)
    return high * math.log1p(low / high) + low * logarithm


def sufficient_degree(bound: Number, epsilon: Number) -> int:
    r"""A degree that is enough for a relative error on [-M, M], in closed form (statements LL-T1, LL-T1-long).

    Parameters
    ----------
    bound : float
        M, in [0, 300].
    epsilon : float
        Relative error, positive.

    Returns
    -------
    int
        The smallest over b = 2, 4, 8, ... of max(b e M, (M + log(1/epsilon)) / log b), rounded up, less 1; at least 0.
        For fixed M it grows like log(1/epsilon) / log log(1/epsilon).

    Raises
    ------
    ValueError
        If a number is out of range.

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
    M = number("bound", bound, 0, 300)
    rest = M - math.log(number("epsilon", epsilon, 0, ends="()"))
    found, b = math.inf, 2  # once b e M alone is above the best degree that was found, no larger b does better
    while found > max(1, b * math.e * M):
        found = min(found, max(1, math.ceil(b * math.e * M), math.ceil(rest / math.log(b))))
        b *= 2
    return int(found) - 1


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

    Raises
    ------
    ValueError
        If a number is negative.

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
    Q, K = integer("n_queries", n_queries, low=0), integer("n_keys", n_keys, low=0)
    d, r = integer("d", d, low=1), None if rank is None else integer("rank", rank, low=0)
    if n_features is None:
        return (8 * d if r is None else 6 * d + 4 * r) * Q * K
    k = integer("n_features", n_features, low=0)
    if r is None:
        return k * (Q + K) * (2 * (d + 1) ** 2 + 1)
    return 2 * k * (Q + K) * (d + 1) * (2 * r + 1) + k * (Q + 2 * K)


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

    Raises
    ------
    ValueError
        If a number is out of range.

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
    d, k = integer("d", d, low=1), integer("n_features", n_features, low=0)
    if rank is None:
        return k * (d + 1) ** 2 / (2 * d)
    r = integer("rank", rank, low=0)
    return 2 * k * (d + 1) * (2 * r + 1) / (3 * d + 2 * r)


def exact_multiply_adds(n_queries: int, n_keys: int, d: int) -> int:
    """Products of entries in the exact chain with r_i = <c_i, O_i> (statement LL-G6).

    Parameters
    ----------
    n_queries, n_keys : int
        L_Q and L_K.
    d : int
        Width of the head.

    Returns
    -------
    int
        4 d L_Q L_K + 2 L_Q L_K + d^2 (L_Q + L_K) + 4 d L_Q.

    Raises
    ------
    ValueError
        If a number is negative.

    Proof
    -----
    Assumes: values are as wide as keys (a hypothesis of the statement).

    Proof: C1 W takes d^2 L_Q products. The logits, f C3, c C3^T and C1^T p take d L_Q L_K each, and the product of the
    last one with C2 takes d^2 L_K. f o q and diag(r) f take L_Q L_K each. Multiplying by beta twice, <c_i, O_i> and
    <c_i, c_i> take d L_Q each. A matrix diag(f_i) - f_i f_i^T for every query would take L_Q L_K^2 products alone.

    Checked by: LL-G6.

    References
    ----------
    .. [1] J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, Computational Limits of Low-Rank Adaptation (LoRA)
       Fine-Tuning for Transformer Models, ICLR 2025, Theorem F.1 (the order; the count is derived here).

    Examples
    --------
    >>> exact_multiply_adds(10, 10, 2)
    1160
    """
    Q, K = integer("n_queries", n_queries, low=0), integer("n_keys", n_keys, low=0)
    d = integer("d", d, low=1)
    return 4 * d * Q * K + 2 * Q * K + d * d * (Q + K) + 4 * d * Q
