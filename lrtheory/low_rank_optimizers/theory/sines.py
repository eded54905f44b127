r"""Objectives of one direction, where evolution strategies with Gaussian factors have closed forms at every rank.

Part of `theory`, where users find these functions. For f(W) = sin(<Om, W> + z) all depends on the singular values t of
T = sigma Om (m, n), and on Phi_r(T) = E cos<T, E> = det(I + T T^T / r)^(-r/2). The perturbations E are those of
`moments` with Gaussian factors. Norms are Frobenius norms. Numbers are doubles or balls; Fractions become doubles where
an exponential is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, formula, numbers, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must
from lrtheory.low_rank_optimizers.theory.moments import checked_rank, sides

__all__ = ["participation_ratio", "sine_response", "sine_second_moment", "step_response_square"]


#: singular values up to its inverse are taken, whose fourth powers are doubles
SMALLEST = 1e-75


def sine_response(singular_values: ArrayLike, *, rank: float) -> np.ndarray:
    r"""Compute the singular values of the surrogate gradient of a sine (statement EG-1).

    Parameters
    ----------
    singular_values : array of shape (k,)
        t, those of T = sigma Om, at least 0.
    rank : int or infinity
        Columns of the factors.

    Returns
    -------
    array of shape (k,)
        h_k = Phi_r(T) t_k / (1 + t_k^2 / r). With T = U diag(t) V^T, the surrogate gradient of sin(<Om, W> + z) at M is
        g_r = (cos(<Om, M> + z) / sigma) U diag(h) V^T.

    Raises
    ------
    ValueError
        If a number is not in [0, 1e75].

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: E[E sin(<T, E> + z')] = cos(z') E[E sin<T, E>] = -cos(z') grad Phi_r(T), as E is symmetric. The gradient of
    det(I + T T^T / r)^(-r/2) is -Phi_r(T) (I + T T^T / r)^{-1} T.

    Checked by: EG-1.

    Examples
    --------
    >>> sine_response([1.0], rank=1).round(12)
    array([0.35355339])
    """
    t, r = _values(singular_values), checked_rank(rank)
    phi = np.exp(log_characteristic(t, r))
    return np.asarray(phi * t if r == math.inf else phi * t / (1 + t * t / r))


def sine_second_moment(shape: Sequence[int], singular_values: ArrayLike, *, rank: float) -> Number:
    r"""Compute the second moment of one mirrored pair on a sine, for Gaussian factors (statement EG-1b).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    singular_values : array of shape (k,)
        t, those of T = sigma Om, at least 0; those that are 0 may be left out.
    rank : int or infinity
        Columns of the factors.

    Returns
    -------
    float or ball
        E[\|E\|^2 sin^2<T, E>] = (mn - L_r(2 T)) / 2 with K = (I + S S^T / r)^{-1} and
        L_r(S) = Phi_r(S) (n tr K - (tr K tr(S^T K S) + \|K S\|^2) / r - \|K S\|^2). Times cos^2(<Om, M> + z) / sigma^2
        it is the mean square of the estimate of one pair; \|g_r\|^2 less is the variance. It is computed without
        cancellation.

    Raises
    ------
    ValueError
        If an argument is out of range, or there are more singular values than the shorter side has.

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: the difference of a pair is 2 cos(z') sin<T, E>, so its estimate has the square
    cos^2(z') \|E\|^2 sin^2<T, E> / sigma^2, and sin^2 x = (1 - cos 2x) / 2 with E\|E\|^2 = mn. For S = 2 T,
    E[\|E\|^2 cos<S, E>] is the negative Laplacian of Phi_r at S. The gradient is -Phi K S, so it equals
    Phi div(K S) - Phi \|K S\|^2, and dK = -K d(S S^T) K / r gives
    div(K S) = n tr K - (tr K tr(S^T K S) + \|K S\|^2) / r.

    Checked by: EG-1b.

    Examples
    --------
    >>> round(sine_second_moment((1, 1), [1.0], rank=float("inf")), 12)  # (1 - (1 - 4) exp(-2)) / 2
    0.703002924855
    """
    m, n = sides(shape)
    s, r = 2 * _values(singular_values), checked_rank(rank)
    if len(s) > min(m, n):
        raise must("singular_values", f"at most {min(m, n)} numbers", len(s))
    logarithm = log_characteristic(s, r)
    if r == math.inf:
        lost = np.sum(s * s)
    else:
        x = s * s / r
        shrunk = x / (1 + x)  # eigenvalues of I - K
        trace_k, norm = m - np.sum(shrunk), np.sum(x / (1 + x) / (1 + x)) * r  # tr K, the squared norm of K S
        lost = n * np.sum(shrunk) + trace_k * np.sum(shrunk) + norm / r + norm
    return plain((np.exp(logarithm) * lost - m * n * np.expm1(logarithm)) / 2)


def participation_ratio(singular_values: ArrayLike) -> Number:
    r"""Compute the number of directions that share the energy of a matrix (statement EG-K).

    Parameters
    ----------
    singular_values : array of shape (k,)
        s, at least 0, not all 0.

    Returns
    -------
    number
        k_eff = (sum s_k^2)^2 / sum s_k^4, from 1 for rank one to k for equal singular values. The excess kurtosis of
        <T, E> is 6 / (r k_eff) for Gaussian factors, so bias is ruled by r k_eff: rank 1 does where the spectrum is
        flat. With k equal singular values, the length of `sine_response` is that of one of them at rank k r.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or all are 0.

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: log Phi_r(u T) = -u^2 \|T\|^2 / 2 + u^4 sum t^4 / (4 r) - ..., so the fourth cumulant of <T, E> is
    6 sum t^4 / r. For k equal values, Phi_r = (1 + t^2/r)^(-k r / 2) is the function of t sqrt(k) alone at rank k r.

    Checked by: EG-K.

    Examples
    --------
    >>> participation_ratio([1, 1, 0])
    Fraction(2, 1)
    """
    values = [exact(x) for x in numbers("singular_values", singular_values, 0)]
    largest = max(values)
    if not largest > 0:
        raise must("singular_values", "not all 0", singular_values)
    squares = [(x / largest) * (x / largest) for x in values]
    whole = sum(squares)
    return plain(whole * whole / sum(x * x for x in squares))


@formula(rank="[1, inf)", pi="[3, 4]")
def step_response_square(rank: int, *, pi: Number = math.pi) -> Number:
    r"""Compute how much of the gradient at a threshold an evolution strategy of low rank keeps (statement EG-S).

    Parameters
    ----------
    rank : int
        Columns of the factors, which are Gaussian.
    pi : number
        The number pi, to be given as a ball where the result shall be one.

    Returns
    -------
    number
        rho_r^2 = (2 / r) (Gamma((r+1)/2) / Gamma(r/2))^2, the square of \|g_r\| / \|g_inf\| for the reward
        sign(<Om, W> - theta) at its threshold, where Om has rank one.

    Proof
    -----
    Assumes: Gaussian factors, and Om of rank one.

    Proof: <Om, E> = \|Om\| x with x Gaussian of variance \|a\|^2 / r, given a in R^r. The surrogate is along Om, and
    its length is E\|x\| up to a constant, and E\|x\| = sqrt(2 / pi) E[chi_r] / sqrt(r). The mean of chi_r is
    sqrt(2) Gamma((r+1)/2) / Gamma(r/2), and the ratio to r -> infinity is rho_r. The quotient of the two Gammas goes
    from r to r + 2 by the factor (r + 1) / r and starts at 1 / sqrt(pi) for r = 1 and sqrt(pi) / 2 for r = 2.

    Checked by: EG-S.

    Examples
    --------
    >>> [round(step_response_square(r) ** 0.5, 4) for r in (1, 2, 4, 16)]
    [0.7979, 0.8862, 0.94, 0.9845]
    """
    r = rank
    quotient = Fraction(1) if r % 2 else Fraction(1, 2)
    for one in range(2 - r % 2, r, 2):
        quotient *= Fraction(one + 1, one)
    whole = quotient * quotient * Fraction(2, r)
    if isinstance(pi, float):
        return float(whole) / pi if r % 2 else float(whole) * pi
    return plain(whole / pi if r % 2 else whole * pi)


def _values(singular_values: Any) -> np.ndarray:
    """Singular values as an array of doubles, or of balls where one of them is a ball."""
    found = numbers("singular_values", singular_values, 0)
    ball = next((one for one in found if hasattr(one, "log1p")), None)
    if ball is not None:
        return np.array([one + 0 * ball for one in found], object)
    values = np.array(found, float)
    if values.max() > 1 / SMALLEST:
        raise must("singular_values", f"at most {1 / SMALLEST:g}", values.max())
    return values


def log_characteristic(t: np.ndarray, rank: Any) -> Any:
    """The logarithm of the characteristic function."""
    squares = t * t
    if rank == math.inf:
        return -np.sum(squares) / 2
    return -np.sum(np.log1p(squares / rank)) * rank / 2
