r"""All sign vectors as tokens: attention with a known spectrum, rank lower bounds, and an exact gradient in L log L.

Part of `theory`, where users find these functions. L = 2^d tokens, C1 = C2 = Gamma {-1, 1}^d, W = I, beta = 1/d. With
rho = tanh(Gamma^2 / d) the attention is the noise operator of the cube: its eigenvectors are the characters
chi_S(x) = prod_{a in S} x_a, with the eigenvalues rho^\|S\|.

References
----------
.. [1] R. O'Donnell, Analysis of Boolean Functions, Cambridge University Press, 2014, section 2.4 (the noise operator).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import arrays, kernel
from lrtheory._numbers import formula, numbers
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must

__all__ = [
    "Hypercube",
    "hypercube_gradient",
    "hypercube_rank_lower_bound",
    "make_hypercube",
    "rank_exponent_limit",
    "spectral_rank_bound",
]


@result
class Hypercube(Result):
    """Attention on all sign vectors (statement LL-H5).

    Attributes
    ----------
    C1, C2 : array of shape (2^d, d)
        Gamma times the sign vectors; row i has the sign of coordinate a from bit a of i, plus for 0.
    W : array of shape (d, d)
        The identity.
    beta : float
        1 / d.
    gamma : float
        Gamma.
    """

    C1: np.ndarray
    C2: np.ndarray
    W: np.ndarray
    beta: float
    gamma: float


@formula(n_bits="[1, 24]", gamma="[0, inf)")
def make_hypercube(n_bits: int, gamma: Number) -> Hypercube:
    """Attention on all sign vectors, an instance of known spectrum (statement LL-H5).

    Parameters
    ----------
    n_bits : int
        d; there are 2^d tokens.
    gamma : float
        Gamma, the size of all entries.

    Returns
    -------
    Hypercube
        The factors of its logits.

    Examples
    --------
    >>> make_hypercube(2, 0.5).C1.tolist()
    [[0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]]
    """
    d, size = n_bits, float(gamma)
    signs = 1.0 - 2.0 * ((np.arange(2**d)[:, None] >> np.arange(d)) & 1)
    return Hypercube(size * signs, size * signs, np.eye(d), 1 / d, size)


def _multiplicities(d: int) -> np.ndarray:
    """Return binom(d, k) for k = 0, ..., d as integers of any size."""
    return np.array([math.comb(d, k) for k in range(d + 1)], dtype=object)


@formula(allowed="(0, inf)")
def spectral_rank_bound(values: ArrayLike, multiplicities: ArrayLike, *, allowed: Number) -> int:
    """The least rank whose best approximation misses at most so much, in the Frobenius norm (statement LL-H5-rank).

    Parameters
    ----------
    values : sequence of numbers
        Distinct singular values, decreasing and positive.
    multiplicities : sequence of int
        Multiplicity of each value, at least 1; their sum is L.
    allowed : number
        Squared Frobenius distance, positive; L^2 delta^2 where entries may be off by delta.

    Returns
    -------
    int
        The least R such that the squares of all singular values beyond the R largest add up to at most `allowed`.

    Raises
    ------
    ValueError
        If `allowed` is not positive, or values and multiplicities differ in number, or one is out of range.

    Proof
    -----
    Assumes: values decrease and are the singular values of the matrix, with these multiplicities (the caller).

    Proof: A matrix of rank R is at a Frobenius distance of at least the root of the sum of the other sigma^2 (Eckart
    and Young), and entries within delta of each other make a distance of at most L delta. The cut lies inside a level
    where a part of it is enough: a whole level would claim too much.

    Checked by: LL-H5-rank and LL-H5-entry.

    Examples
    --------
    >>> spectral_rank_bound([1.0, 0.5], [1, 3], allowed=0.6)
    2
    """
    left = _exact(allowed)
    levels = numbers("values", values, 0)
    counts = [
        integer("multiplicities", count, low=0)
        for count in numbers("multiplicities", multiplicities, 0, length=len(levels))
    ]
    # From the smallest value on, whole levels are dropped as long as `left`, the rest of the allowance, pays for them;
    # of the first level that is too expensive, as many values are dropped as the rest still pays for.
    kept = sum(counts)
    for value, count in zip(reversed(levels), reversed(counts), strict=True):
        square = _exact(value) ** 2
        if count * square > left:
            return kept - _floor(left / square)
        left, kept = left - count * square, kept - count
    return 0


def _exact(value: Any) -> Any:
    """Convert a number to the rational number that it is, so that sums of 10^90 tiny squares stay exact; keep balls."""
    import flint  # here, so that importing the system stays quick

    if isinstance(value, flint.arb):
        return value
    exact = value if isinstance(value, Fraction) else Fraction(float(value))
    return flint.fmpq(exact.numerator, exact.denominator)


def _ball(value: Any) -> Any:
    """Return a number as a ball."""
    import flint  # here, so that importing the system stays quick

    return flint.arb(flint.fmpq(value.numerator, value.denominator) if isinstance(value, Fraction) else value)


def _floor(value: Any) -> int:
    """Return the largest integer that is at most a number; a ball must be so narrow that there is only one."""
    import flint  # here, so that importing the system stays quick

    whole = value.floor()
    whole = whole.unique_fmpz() if isinstance(whole, flint.arb) else whole
    if whole is None:
        raise must("values", "balls so narrow, or a `c` and `a` of such sizes, that the rank is known", value)
    return int(whole)


@formula(n_bits="[1, 1000]", c="(0, inf)", a="(0, inf)")
def hypercube_rank_lower_bound(n_bits: int, c: Number, a: Number) -> int:
    """The rank below which no approximation of the attention is within L^(-1-a) in every entry (statement LL-H5).

    Parameters
    ----------
    n_bits : int
        d; L = 2^d.
    c : float
        Gamma^2 / ln L, positive; rho = tanh(c ln 2) whatever d is.
    a : float
        Exponent of the error relative to the mean entry 1 / L, positive.

    Returns
    -------
    int
        The least R with sum of the other sigma^2 <= L^(-2 a).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: c and a are positive (checked here).

    Proof: `spectral_rank_bound` for the spectrum of LL-H5 and delta = L^(-1-a), for which L^2 delta^2
    = L^(-2 a). This bounds approximations of attention, not of the gradient, which is d x d.

    Checked by: LL-H5-rank and LL-H5-entry.

    Examples
    --------
    >>> hypercube_rank_lower_bound(10, 0.1, 0.5)
    15
    """
    import flint  # here, so that importing the system stays quick

    d = n_bits
    norm, error = c, a
    with flint.ctx.workprec(64 + 16 * d):  # a rounded tanh gives other integers from d = 160 on
        log2 = flint.arb(2).log()
        rho, allowed = (_ball(norm) * log2).tanh(), (-2 * d * _ball(error) * log2).exp()
        return spectral_rank_bound([rho**k for k in range(d + 1)], _multiplicities(d), allowed=allowed)


@formula(c="(0, inf)", a="(0, inf)")
def rank_exponent_limit(c: Number, a: Number) -> float:
    """The limit of log_L of the rank lower bound on the cube as d grows (statement LL-H5-limit).

    Parameters
    ----------
    c : float
        Gamma^2 / ln L, positive.
    a : float
        Exponent of the relative error, positive.

    Returns
    -------
    float
        H(min(k, 1/2)) with the binary entropy H in bits and k the root above t^2 / (1 + t^2) of
        H(k) + 2 k log2(t) = -2 a, t = tanh(c ln 2); k = 1 where there is none. Positive for every c > 0, and it falls
        to 0 as c -> 0: a low-rank approximation of rank L^o(1) needs Gamma = o(sqrt(log L)).

    Proof
    -----
    Assumes: c and a are positive (checked here); the statement takes both up to 1.

    Proof: Level k = x d holds L^(H(x) + o(1)) singular values with the squares t^(2 x d) = L^(2 x log2 t), which add up
    to L^(H(x) + 2 x log2 t + o(1)). The exponent is concave in x, is largest at x = t^2 / (1 + t^2), and falls beyond
    it. The tail above x may be dropped as soon as its exponent is below -2 a; so levels up to x = k must be kept,
    except for a share of the last one. They hold L^(H(min(k, 1/2)) + o(1)) singular values.

    For every d the bound R has log_L R <= H(min(k, 1/2)): levels x d with x >= k add up to at most L^(H(k) + 2 k
    log2(t)) = L^(-2 a), by Chernoff's bound for the binomial law with p = t^2 / (1 + t^2), and the levels below k d
    have at most L^H(k) values if k <= 1/2, and at most L. From below let e = log2(d + 1) / d, and let x be the root k
    for a - e / 2 instead of a, where a - e / 2 is positive. A level has at least L^(H - e) values. So the squares of
    each level J < x d add up to more than L^(-2 a), and R is above the number of values below it. With J >= x d - 1
    that is at least the level J - 1, or the middle one, so log_L R >= H(min(x - 2 / d, 1/2)) - e.

    Checked by: LL-H5-limit.

    Examples
    --------
    >>> round(rank_exponent_limit(0.25, 0.5), 3)
    0.962
    """
    from scipy.optimize import brentq  # here, so that importing the system stays quick

    t = math.tanh(c * math.log(2))
    peak = t * t / (1 + t * t)

    def excess(x: float) -> float:
        return _entropy(x) + 2 * x * math.log2(t) + 2 * a

    root = 1.0 if excess(1.0) > 0 else brentq(excess, peak, 1.0, xtol=1e-14)
    return _entropy(min(root, 0.5))


def _entropy(x: float) -> float:
    """Return the binary entropy of x in bits, for x in [0, 1]."""
    return -sum(p * math.log2(p) for p in (x, 1 - x) if p > 0)


@arrays("host")
def hypercube_gradient(C3: ArrayLike, Y: ArrayLike, *, gamma: float) -> np.ndarray:
    r"""The exact gradient dLoss/dW on the cube in O(d d_v L log L), by Walsh-Hadamard transforms (statement LL-H6).

    Arrays: any (copied to the host)

    Parameters
    ----------
    C3 : array of shape (2^d, d_v)
        Values, tokens in the order of `make_hypercube`.
    Y : array of shape (2^d, d_v)
        Labels.
    gamma : float
        Gamma, at least 0.

    Returns
    -------
    array of shape (d, d)
        beta C1^T p C2 at W = I, beta = 1/d, for every Gamma: high rank is not hardness.

    Raises
    ------
    ValueError
        If shapes do not fit, or the number of tokens is not a power of two above 1.

    Proof
    -----
    Assumes: the rows stand in the order of `make_hypercube` (the caller); their number is a power of two (checked
    here).

    Proof: f Z = H diag(rho^\|S\|) H Z / L with the Hadamard matrix H, whose columns are the characters. Column b of
    p C2 is sum_l c_il (f (C3_l o C2_b))_i - r_i (f C2_b)_i with r_i = <c_i, O_i>, and f C2_b = rho C2_b, as C2_b is
    Gamma times a character of one bit.

    Checked by: LL-H6 and, for the number of additions, LL-H6-cost.

    Examples
    --------
    >>> import numpy as np
    >>> hypercube_gradient(np.eye(4)[:, :2], np.zeros((4, 2)), gamma=1.0).shape
    (2, 2)
    """
    values = array("C3", C3, shape=(None, None)).astype(np.float64)
    labels = array("Y", Y, shape=values.shape).astype(np.float64)
    d = len(values).bit_length() - 1
    if d < 1 or len(values) != 2**d:
        raise must("C3", "an array whose number of rows is a power of two, 2 or more", values.shape)
    cube = make_hypercube(d, gamma)
    rho = math.tanh(cube.gamma * cube.gamma / d)
    # index S of the transform is a set of bits, so its eigenvalue is rho to the number of its bits
    factors = rho ** np.bitwise_count(np.arange(2**d, dtype=np.uint64)).astype(np.float64)[:, None] / 2**d
    output = _smooth(values, factors)
    c = output - labels
    row_means = (c * output).sum(1)
    gradient = np.empty((d, d))
    for b in range(d):
        column = cube.C2[:, b]
        moved = (c * _smooth(values * column[:, None], factors)).sum(1) - row_means * rho * column
        gradient[:, b] = cube.C1.T @ moved
    return gradient / d


def _smooth(Z: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Compute f Z: transform, multiply by rho^|S| / L, transform back."""
    table = np.array(Z, order="C")
    walsh_hadamard(table)
    table *= factors
    walsh_hadamard(table)
    return table


@kernel
def walsh_hadamard(table):
    """Multiply every column by the Hadamard matrix of its length, in place; the length is a power of two.

    The pass with distance `half` applies [[1, 1], [1, -1]] to one bit of the index: L log2 L additions per column.
    """
    n, m = table.shape
    half = 1
    while half < n:
        for start in range(0, n, 2 * half):
            for i in range(start, start + half):
                for j in range(m):
                    low, high = table[i, j], table[i + half, j]
                    table[i, j] = low + high
                    table[i + half, j] = low - high
        half *= 2
