r"""Biases of evolution strategies on polynomials, and bounds for objectives with Lipschitz derivatives.

Part of `theory`, where users find these functions. The perturbations E are those of `moments`. The surrogate gradient
of rank r is g_r = E[E f(M + sigma E)] / sigma, and g_inf is that of Gaussian perturbations without structure. Norms are
Frobenius norms. Formulas without a root run on Fractions and balls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, formula, gathered, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.low_rank_optimizers.theory.moments import (
    checked_rank,
    fourth_moment,
    over,
    sides,
    sixth_moment,
)

__all__ = ["low_rank_bias", "richardson", "smoothing_bias", "taylor_bias_bound"]


@formula(sigma="(0, inf)", kurtosis_a="[-2, inf)", kurtosis_b="[-2, inf)")
def low_rank_bias(
    cubic: ArrayLike, *, sigma: Number, rank: float, kurtosis_a: Number = 0, kurtosis_b: Number = 0
) -> np.ndarray:
    """Compute how far the surrogate gradient of low rank is from the Gaussian one, for a cubic (statement EG-2).

    Parameters
    ----------
    cubic : array of shape (m, n, m, n, m, n)
        C, the third derivatives of f, symmetric in its three pairs of indices.
    sigma : number
        Scale of the perturbations.
    rank : int or infinity
        Columns of the factors.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B: 0 for Gaussian ones, -2 for signs.

    Returns
    -------
    array of shape (m, n)
        g_r - g_inf = (sigma^2 / r) (D + (kA/2) sum_l C_(ij)(il)(il) + (kB/2) sum_k C_(ij)(kj)(kj) +
        (kA kB/6) C_(ij)(ij)(ij)) with D_ij = sum_kl C_(il)(kj)(kl).

    Raises
    ------
    ValueError
        If the shape is not that of third derivatives, they are not symmetric, or a number is out of range.

    Proof
    -----
    Assumes: f is a cubic with any terms of lower degree, and the laws of `noise_constant`.

    Proof: g_r = (1/sigma) E[E f(M + sigma E)]. Terms of even degree in E meet an odd moment and vanish, the linear one
    gives G whatever the rank, and the cubic one is (sigma^2 / 6) sum E[E_ij E_a E_b E_c] C_abc. Put in the fourth
    moments of the proof of `noise_constant`: the three matched pairs of pairings do not depend on r and are g_inf, the
    six mismatched pairs all give D, the kA term is C_(ij)(il)(il) three times, that of kB likewise, and the last
    C_(ij)(ij)(ij) once.

    Checked by: EG-2, EG-4.

    Examples
    --------
    >>> low_rank_bias(np.ones((1, 1, 1, 1, 1, 1), int), sigma=1, rank=2)
    array([[Fraction(1, 2)]], dtype=object)
    """
    C, s = _cubic(cubic), exact(sigma)
    ka, kb = exact(kurtosis_a), exact(kurtosis_b)
    weights: list[Any] = [ka / 2, kb / 2, ka * kb / 6, over(s * s, checked_rank(rank))]
    if C.dtype.kind == "f":  # a Fraction would make objects of doubles
        weights = [float(weight) for weight in weights]
    found = np.einsum("ilkjkl->ij", C) + np.einsum("ijilil->ij", C) * weights[0]
    found = found + np.einsum("ijkjkj->ij", C) * weights[1] + np.einsum("ijijij->ij", C) * weights[2]
    return gathered(found * weights[3])


@formula(sigma="(0, inf)")
def smoothing_bias(cubic: ArrayLike, *, sigma: Number) -> np.ndarray:
    """Compute how far the gradient of the Gaussian smoothing is from the gradient, for a cubic (statement EG-4).

    Parameters
    ----------
    cubic : array of shape (m, n, m, n, m, n)
        C, the third derivatives of f, symmetric in its three pairs of indices.
    sigma : number
        Scale of the perturbations.

    Returns
    -------
    array of shape (m, n)
        g_inf - grad f(M) = (sigma^2 / 2) sum_kl C_(ij)(kl)(kl), which is 0 for harmonic cubics. What `low_rank_bias`
        adds need not vanish there.

    Raises
    ------
    ValueError
        If the shape is not that of third derivatives, they are not symmetric, or sigma is out of range.

    Proof
    -----
    Assumes: f is a cubic with any terms of lower degree.

    Proof: in the proof of `low_rank_bias`, the three matched pairs of pairings give C_(ij)(kl)(kl) each, times
    sigma^2 / 6.

    Checked by: EG-4.

    Examples
    --------
    >>> smoothing_bias(np.ones((1, 1, 1, 1, 1, 1), int), sigma=1)
    array([[Fraction(1, 2)]], dtype=object)
    """
    C, s = _cubic(cubic), exact(sigma)
    half = s * s / 2
    return gathered(np.einsum("ijklkl->ij", C) * (float(half) if C.dtype.kind == "f" else half))


def richardson(coarse: ArrayLike, fine: ArrayLike, *, ranks: tuple[int, int] = (1, 2)) -> np.ndarray:
    r"""Remove the part of a bias that is proportional to 1/r, by estimates at two ranks (statement EG-R).

    Parameters
    ----------
    coarse, fine : array of one shape
        Surrogate gradients at the smaller and at the larger rank.
    ranks : pair of int
        (r, s), r < s, of which the quotient alone matters.

    Returns
    -------
    array of that shape
        (s g_s - r g_r) / (s - r), which for s = 2 r is 2 g_{2r} - g_r. It is g_inf for polynomials of degree 4 or less.

    Raises
    ------
    ValueError
        If the shapes differ, or the ranks do not increase.

    Proof
    -----
    Assumes: f is a polynomial of degree at most 4, and the laws of `noise_constant`.

    Proof: derivatives of even order at M meet odd moments, so those of the orders 1 and 3 alone count, and g_r - g_inf
    = K / r by EG-2. Then s (g_inf + K/s) - r (g_inf + K/r) = (s - r) g_inf. A fifth derivative brings six factors E,
    whose sums over labels are r^3, r^2 and r over r^3, so that a term in 1/r^2 stays.

    Checked by: EG-R.

    Examples
    --------
    >>> richardson([-60, -86], [-46, -61]).tolist()
    [-32, -36]
    """
    if not isinstance(ranks, (tuple, list)) or len(ranks) != 2 or not ranks[0] < ranks[1]:
        raise must("ranks", "two increasing integers", ranks)
    low, high = (integer(f"ranks[{i}]", r, low=1) for i, r in enumerate(ranks))
    first = table("coarse", coarse)
    second = table("fine", fine, shape=first.shape)
    if high == 2 * low:
        return gathered(2 * second - first)
    floats = "f" in (first.dtype.kind, second.dtype.kind)
    return gathered((high * second - low * first) / (high - low if floats else Fraction(high - low)))


@formula(sigma="(0, inf)", gradient_lipschitz="[0, inf)", hessian_lipschitz="[0, inf)")
def taylor_bias_bound(
    shape: Sequence[int],
    *,
    rank: float,
    sigma: Number,
    gradient_lipschitz: Number | None = None,
    hessian_lipschitz: Number | None = None,
) -> Number:
    r"""Bound the bias of an evolution strategy with Gaussian factors by a Lipschitz constant (statement EG-5).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors.
    sigma : number
        Scale of the perturbations.
    gradient_lipschitz : number or None
        L, with \|grad f(X) - grad f(Y)\| at most L \|X - Y\|; exactly one of both constants is given.
    hessian_lipschitz : number or None
        L3, with the same for the Hessian in the operator norm.

    Returns
    -------
    float or ball
        (L sigma / 2) m4^(1/2), or (L3 sigma^2 / 6) m6^(1/2), at least \|g_r - grad f(M)\|, where m4 and m6 are
        `fourth_moment` and `sixth_moment`.

    Raises
    ------
    ValueError
        If not exactly one constant is given, or an argument is out of range.

    Proof
    -----
    Assumes: the derivative is Lipschitz everywhere (the caller).

    Proof: E and -E have one law, so that the odd part of the remainder of Taylor alone counts. It is at most
    L sigma^2 \|E\|^2 / 2 resp. L3 sigma^3 \|E\|^3 / 6. For a unit matrix Y, <Y, g_r - grad f(M)> is the mean of <Y, E>
    times this part over sigma, and E<Y, E>^2 = 1; the inequality of Cauchy and Schwarz gives both bounds.

    Checked by: EG-5.

    Examples
    --------
    >>> taylor_bias_bound((1, 1), rank=1, sigma=2, gradient_lipschitz=1)
    3.0
    """
    if (gradient_lipschitz is None) == (hessian_lipschitz is None):
        raise must(
            "gradient_lipschitz, hessian_lipschitz", "exactly one of both", (gradient_lipschitz, hessian_lipschitz)
        )
    s = exact(sigma)
    if hessian_lipschitz is None:
        whole = exact(gradient_lipschitz) * s / 2
        moment = fourth_moment(shape, rank=rank)
    else:
        whole = exact(hessian_lipschitz) * s * s / 6
        moment = sixth_moment(shape, rank=rank)
    return plain(whole * root_of(moment + 0 * whole))


def root_of(value: Any) -> Any:
    """The square root of a ball as a ball, and of every other number as a double."""
    return np.sqrt(value) if hasattr(value, "sqrt") else math.sqrt(value)


def _cubic(cubic: Any) -> np.ndarray:
    """Third derivatives."""
    C = table("cubic", cubic, shape=("m", "n", "m", "n", "m", "n"))
    sides(C.shape[:2])
    if C.shape[2:] != C.shape[:2] * 2:
        raise must("cubic", "of shape (m, n, m, n, m, n)", C.shape)
    for order in ((2, 3, 0, 1, 4, 5), (0, 1, 4, 5, 2, 3)):
        if C.dtype.kind == "f":
            same = bool(np.allclose(C, C.transpose(order), rtol=1e-9, atol=1e-9 * np.abs(C).max()))
        else:
            same = all(bool(x == y) for x, y in zip(C.ravel(), C.transpose(order).ravel(), strict=True))
        if not same:
            raise must("cubic", "symmetric in its three pairs of indices", C)
    return C
