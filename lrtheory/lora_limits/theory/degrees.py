r"""Errors of polynomials for exp on [-M, M], by degree, and the smallest degree that is enough.

Part of `theory`, where users find these functions. The relative error of P is the largest \|P(s) exp(-s) - 1\| on
[-M, M]; attention needs it, since rows are divided by their sums: a common factor cancels, and every entry counts.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from lrtheory._numbers import formula, inexact
from lrtheory._types import Number, Numbers
from lrtheory._validation import choice, must

__all__ = [
    "chebyshev_bracket",
    "chebyshev_error",
    "degree_bracket",
    "min_degree",
    "taylor_certificate",
    "taylor_error",
    "taylor_value",
]

MAX_DEGREE = 1000  # no feature table of such a degree exists
# rounding of the Chebyshev error was measured at 0.01 to 1 times exp(2 M) 2^-53: no degree is searched for whose error
# is below HIDDEN times that
HIDDEN = 1e-3
TINY = 2.0**-27  # for smaller M, M^2 is rounding beside 1, and SciPy's Bessel functions lose their digits


@formula(s="(-inf, inf)", degree="[0, 1000]")
def taylor_value(degree: int, s: Numbers) -> Numbers:
    """T_g(s) = sum_{k <= g} s^k / k! (statements LL-D1, LL-P10).

    Parameters
    ----------
    degree : int
        g.
    s : number or array
        Argument of the polynomial, entry by entry; Fractions and balls stay exact. An array of another library than
        NumPy is copied to the host.

    Returns
    -------
    number or np.ndarray
        T_g(s).

    Examples
    --------
    >>> from fractions import Fraction
    >>> taylor_value(2, Fraction(-4))
    Fraction(5, 1)
    """
    value = s * 0 + 1
    for k in range(degree, 0, -1):
        value = 1 + s * value / k
    return value


@formula(degree="[0, 1000]", bound="[0, 300]")
def taylor_error(degree: int, bound: Number) -> Any:
    r"""The relative error of the Taylor polynomial on [-M, M], exactly (statement LL-D1).

    Parameters
    ----------
    degree : int
        g.
    bound : float or ball
        M.

    Returns
    -------
    float or ball
        eta_T = sup_{\|s\| <= M} \|T_g(s) exp(-s) - 1\| = (1/g!) int_0^M u^g exp(u) du.

    Proof
    -----
    Assumes: M is not negative (checked here).

    Proof: h(s) = T_g(s) exp(-s) has h' = (T_{g-1} - T_g)(s) exp(-s) = -s^g exp(-s) / g! and h(0) = 1. So 1 - h(s)
    = (1/g!) int_0^s u^g exp(-u) du. For s = -M the substitution u -> -u gives absolute value (1/g!) int_0^M u^g exp(u)
    du, and for s = M the same integral with exp(-u), which is smaller. Both grow with \|s\|, so the supremum is
    attained at -M. Balls take the left-hand side, \|T_g(-M) exp(M) - 1\|, doubles the series of the integral,
    sum_k M^(g+1+k) / (g! k! (g+1+k)), whose terms are all positive.

    The smallest degree of `taylor_certificate`, c(g) = exp(M) M^(g+1) / (g+1)!, is at most one more than the smallest
    degree of eta for every M >= 0 and every error up to 11/5 (statement LL-D1-least): c(g+1) <= eta(g) wherever eta(g)
    <= 11/5. The density (g+1) u^g / M^(g+1) on [0, M] has the mean M (g+1) / (g+2), so Jensen's inequality gives eta(g)
    >= M^(g+1) exp(M (g+1) / (g+2)) / (g+1)!. With n = g + 1 and x = M / (n+1) this is two things: c(g+1) / eta(g)
    <= x exp(x), and eta(g) >= (x exp(x))^n (n+1)^n / n!. If x exp(x) > 1 then eta(g) is above (n+1)^n / n!, which is
    9/2 for n = 2 and grows with n, as its ratio to the one before is (1 + 1/n)^n; so for g >= 1 an error of at most 9/2
    leaves x exp(x) <= 1. For g = 0 the claim is M^2 / 2 <= 1 - exp(-M), of sides that are convex and concave, 0 at 0,
    and below 0.677 and equal to 11/16 where eta(0) = 11/5, at M = log(16/5).

    T_g is positive on [-M, M] where eta < 1, since then T_g(s) exp(-s) > 0, and on the whole line where g is even
    (LL-P10): T_0 = 1, and for g >= 2 an even T_g tends to infinity on both sides. Where it is least, its derivative
    T_{g-1} is 0, so its value there is s^g / g!, and s is not 0, because T_{g-1}(0) = 1.

    Checked by: LL-D1-exact, LL-D1-least and LL-P10.

    Examples
    --------
    >>> round(taylor_error(10, 4.0), 2)
    4.28
    """
    M = inexact(bound)
    if not isinstance(M, float):  # a ball, whose radius accounts for the cancellation
        return abs(np.exp(M) * taylor_value(degree, -M) - 1)
    if M == 0:
        return 0.0
    k = np.arange(int(8 * M) + 60)  # terms of the integral's series, which fall by a factor of 8 or more by then
    log_first = (degree + 1) * math.log(M) - math.lgamma(degree + 1)
    log_terms = np.concatenate([[0.0], np.cumsum(math.log(M) - np.log(np.arange(1, len(k))))]) - np.log(degree + 1 + k)
    return _exp(log_first + float(np.logaddexp.reduce(log_terms)))


@formula(degree="[0, 1000]", bound="[0, 300]")
def taylor_certificate(degree: int, bound: Number) -> Number:
    """A bound on the relative error of the Taylor polynomial on [-M, M] (statement LL-D1).

    Parameters
    ----------
    degree : int
        g.
    bound : float or ball
        M.

    Returns
    -------
    float or ball
        exp(M) M^(g+1) / (g+1)!.

    Proof
    -----
    Assumes: M is not negative (checked here).

    Proof: Lagrange's remainder is exp(s) - T_g(s) = exp(x) s^(g+1) / (g+1)! with x between 0 and s. Times exp(-s): for
    s < 0, exp(x - s) <= exp(-s) <= exp(M); for s > 0, exp(x - s) <= 1.

    The bound grows with M. So a degree that is enough on a longer interval is enough on a shorter one, and the least
    degree never falls as M grows (LL-T4-bound).

    Checked by: LL-D1 and LL-T4-bound.

    Examples
    --------
    >>> taylor_certificate(4, 1.0) < 0.03, taylor_error(4, 1.0) < taylor_certificate(4, 1.0)
    (True, True)
    """
    M = inexact(bound)
    if not isinstance(M, float):  # a ball, in which nothing overflows
        return np.exp(M) * M ** (degree + 1) / math.factorial(degree + 1)
    return _exp(M + (degree + 1) * math.log(M) - math.lgamma(degree + 2)) if M > 0 else 0.0


@formula(degree="[0, 1000]", bound="[0, 300]")
def chebyshev_error(degree: int, bound: Number) -> float:
    r"""The relative error on [-M, M] of the Chebyshev series of exp, cut after degree g (statement LL-D2).

    Parameters
    ----------
    degree : int
        g.
    bound : float
        M.

    Returns
    -------
    float
        sup_{\|s\| <= M} \|P(s) exp(-s) - 1\| for P = I_0(M) + 2 sum_{k <= g} I_k(M) T_k(s / M); rounding of the order
        exp(2 M) 2^-53 is in it.

    Proof
    -----
    Assumes: M is not negative (checked here).

    Proof: P(s) exp(-s) - 1 has the derivative (P' - P)(s) exp(-s). So its extrema lie at the ends and at the real roots
    of P' - P, a polynomial of degree g, whose roots are the eigenvalues of its colleague matrix.

    Checked by: LL-D2-relative.

    Examples
    --------
    >>> round(chebyshev_error(4, 1.0), 5)
    0.00136
    """
    M = float(bound)
    if M < TINY:
        return taylor_error(degree, M)  # up to rounding
    from scipy.special import ive  # here, so that importing the system stays quick

    series = np.r_[1, np.full(degree, 2)] * ive(np.arange(degree + 1), M)  # times exp(-M), put back below
    roots = chebyshev.chebroots(np.trim_zeros(chebyshev.chebsub(chebyshev.chebder(series) / M, series), "b"))
    # The real parts of complex roots are taken too: rounding may have split a double root, and the error at a point
    # that is not an extremum cannot be above the supremum.
    inner = roots.real[np.abs(roots.real) < 1]
    t = np.concatenate([[-1.0, 1.0], inner])
    return float(np.abs(chebyshev.chebval(t, series) * np.exp(M - M * t) - 1).max())


@formula(degree="[0, 1000]", bound="[0, 300]")
def chebyshev_bracket(degree: int, bound: Number) -> tuple[float, float]:
    r"""Lower and upper bounds on the best uniform error of degree g to exp on [-M, M] (statement LL-D2).

    Parameters
    ----------
    degree : int
        g.
    bound : float
        M.

    Returns
    -------
    lower, upper : float
        2 sum_{odd j} I_{j(g+1)}(M) <= E_g(M) <= 2 sum_{k > g} I_k(M).

    Proof
    -----
    Assumes: M is not negative (checked here); the statement takes M > 0.

    Proof: exp(M t) = I_0 + 2 sum_k I_k(M) T_k(t). Cut after g, the error at t is at most 2 sum_{k > g} I_k, as \|T_k\|
    <= 1, with equality at t = 1. For the other side let n = g + 1 and L(h) = (1/n) sum''_{k <= n} (-1)^k
    h(cos(k pi / n)), the two end terms halved. Its norm is (1/n) (n - 1 + 1/2 + 1/2) = 1. L(T_j) is the mean of
    cos(k pi) cos(j k pi / n) over a full period, which is 1 for j an odd multiple of n and 0 for every other j. So L
    kills degrees up to g, hence L(exp) = L(exp - P) <= max \|exp - P\| for every such P, and L(exp)
    = 2 (I_n + I_{3n} + ...).

    Checked by: LL-D2.

    Examples
    --------
    >>> [round(value, 5) for value in chebyshev_bracket(2, 1.0)]
    [0.04434, 0.0504]
    """
    M = float(bound)
    from scipy.special import gamma, iv  # here, so that importing the system stays quick

    # I_k(M) is below (M / 2)^k exp(M^2 / 4 / (k + 1)) / k!, so the terms from `last` on are far below the first one
    last = 2 * degree + int(4 * M) + 60
    orders = np.arange(degree + 1, last)
    terms = iv(orders, M) if M > TINY else (M / 2) ** orders / gamma(orders + 1)
    return 2 * float(terms[:: 2 * (degree + 1)].sum()), 2 * float(terms[::-1].sum())


@formula(bound="[0, 300]", epsilon="(0, inf)")
def degree_bracket(bound: Number, epsilon: Number) -> tuple[int, int]:
    """Two degrees that enclose the smallest one with a given absolute error on [-M, M] (statement LL-D2).

    Parameters
    ----------
    bound : float
        M.
    epsilon : float
        Absolute error, positive.

    Returns
    -------
    low, high : int
        Below `low` no polynomial is that good, at `high` the cut Chebyshev series is.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: epsilon is positive (checked here); it is below 2 for the second part (a hypothesis of the statement).

    Proof: E_g falls with g, and lies in the bracket of `chebyshev_bracket`. So the smallest degree with E_g <= epsilon
    is at least the first at which the lower end is at most epsilon, and at most the first at which the upper end is.
    The lower end falls with g too: I_k(M) falls with k, and so does each of its terms.

    For errors below 2 the two degrees differ by at most 1, whatever M is (statement LL-D2-degrees). Let M > 0 and n
    = g + 1. A lower end below 2 means I_n(M) < 1, and it is enough that then sum_{k > n} I_k <= I_n, as this makes the
    upper end of degree g + 1 at most 2 I_n, which is at most the lower end of degree g. The ratios r_k = I_{k+1} / I_k
    fall with k, because exp(-M) I_k(M) is the probability that two independent Poisson variables of mean M / 2 differ
    by k, and such differences are log-concave. So the sum is at most I_n (r_n + r_n^2 + ...), and r_n <= 1/2 is enough.
    From I_{k-1} - I_{k+1} = 2 k I_k / M come 1 / r_k = 2 (k+1) / M + r_{k+1} and, as r_{k+1} <= r_k, r_k
    >= sqrt(1 + s^2) - s with s = (k+1) / M. Together, 1 / r_n >= (n + sqrt(M^2 + (n+2)^2)) / M. That is at least 2 if n
    >= 2 M, and else if M^2 + (n+2)^2 >= (2 M - n)^2, which is 4 n (M+1) >= 3 M^2 - 4, for which n >= 3 (M-1) / 4 is
    enough. There remains n < 3 (M-1) / 4, so M / 2 > (2 n + 1) / 3. There I_n(M) < 1 is false: the first term of its
    series, (M/2)^n / n!, is at least ((2 n + 1) / 3)^n / n!. It is 1 for n = 1 and grows with n, by
    (1 + 2 / (2 n + 1))^n (2 n + 3) / (3 n + 3) >= (4 n + 1) (2 n + 3) / ((2 n + 1) (3 n + 3)) > 1.

    Checked by: LL-D2-degrees.

    Examples
    --------
    >>> degree_bracket(4.0, 1e-4)
    (11, 11)
    """
    low = _first(lambda g: chebyshev_bracket(g, bound)[0] <= epsilon, epsilon)
    return low, _first(lambda g: chebyshev_bracket(g, bound)[1] <= epsilon, epsilon, start=low)


@formula(bound="[0, 300]", epsilon="(0, inf)")
def min_degree(bound: Number, epsilon: Number, *, kind: str = "taylor") -> int:
    r"""The smallest degree whose relative error on [-M, M] is at most epsilon (statements LL-D1, LL-T1).

    Parameters
    ----------
    bound : float
        M.
    epsilon : float
        Relative error, positive.
    kind : {"taylor", "certificate", "chebyshev"}
        The true error of the Taylor polynomial; its closed bound, at most one degree more for errors up to 11/5
        (see `taylor_error`); or the error of the Chebyshev series of exp on [-M, M].

    Returns
    -------
    int
        The degree.

    Raises
    ------
    ValueError
        If a number is out of range, or no degree up to 1000 is enough, or rounding, exp(2 M) 2^-53 for the Chebyshev
        series, hides whether one is.

    Proof
    -----
    Assumes: M is in [0, 300] and epsilon is positive (checked here).

    Proof: For the Chebyshev series, sup \|P exp(-s) - 1\| lies between exp(-M) and exp(M) times the absolute error, so
    between exp(-M) times the lower and exp(M) times the upper end of `chebyshev_bracket`: the degree is searched for
    between those at which these ends are at most epsilon.

    Checked by: LL-D1-least for the two kinds of Taylor's polynomial, LL-D2-degrees for the bracket.

    Examples
    --------
    >>> [min_degree(4.0, 1e-4, kind=kind) for kind in ("certificate", "taylor", "chebyshev")]
    [19, 19, 13]
    """
    choice("kind", kind, ("taylor", "certificate", "chebyshev"))
    if kind == "chebyshev":
        return _least_chebyshev(float(bound), float(epsilon))
    error = taylor_error if kind == "taylor" else taylor_certificate
    return _first(lambda degree: error(degree, bound) <= epsilon, epsilon, falling=False)


def _least_chebyshev(M: float, epsilon: float) -> int:
    """Return the first degree whose computed error is at most epsilon; refuse an epsilon that rounding hides."""
    lost = math.exp(2 * M) * 2.0**-53
    rule = f"larger: on [-{M:g}, {M:g}] rounding, about {lost:.2g}, hides smaller errors"
    if epsilon < HIDDEN * lost:
        raise must("epsilon", rule, epsilon)
    low = _first(lambda g: math.exp(-M) * chebyshev_bracket(g, M)[0] <= epsilon, epsilon)
    high = _first(lambda g: math.exp(M) * chebyshev_bracket(g, M)[1] <= epsilon, epsilon, start=low)
    if chebyshev_error(high, M) > epsilon:
        raise must("epsilon", rule, epsilon)
    return next(g for g in range(low, high + 1) if chebyshev_error(g, M) <= epsilon)


def _first(reached: Callable[[int], bool], epsilon: Any, *, start: int = 0, falling: bool = True) -> int:
    """Return the first degree at which `reached` is true.

    Errors that fall with the degree are searched by bisection. Taylor's are not `falling`: for large M they rise first.
    """
    degrees = range(start, MAX_DEGREE + 1)
    if falling:
        degrees = degrees[bisect_left(degrees, True, key=reached) :][:1]
    for degree in degrees:
        if reached(degree):
            return degree
    raise must("epsilon", f"reachable with a degree of at most {MAX_DEGREE}", epsilon)


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf
