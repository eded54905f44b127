r"""Optima with a closed form or a short exact computation, and two measures of the laws behind them: mixing, distance.

All requests use one unit of one resource. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, number, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import flag, integer, must

__all__ = [
    "corrupted_total_variation",
    "markov_mixing",
    "phase_ratio",
    "three_point_hindsight",
    "three_point_online",
    "uniform_fluid",
    "uniform_hindsight",
]


def uniform_hindsight(horizon: int, budget: int) -> Fraction:
    r"""Compute E OPT, the mean optimum in hindsight, for rewards uniform on [0, 1] (statement DMD-F1-uniform).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    budget : int
        B, a whole number of units, in [0, T].

    Returns
    -------
    Fraction
        B (2 T - B + 1) / (2 (T + 1)).

    Raises
    ------
    ValueError
        If the budget is not in [0, T].

    Proof
    -----
    Assumes: the rewards are independent and uniform on [0, 1], costs are 1 (the caller), and B is a whole number in [0,
    T] (argument check).

    Proof: OPT is the sum of the B largest of T uniform numbers, and the k-th largest has mean 1 - k / (T + 1). So E OPT
    = B - B (B + 1) / (2 (T + 1)).

    Checked by: DMD-F1-uniform.

    Examples
    --------
    >>> uniform_hindsight(2, 1)
    Fraction(2, 3)
    """
    horizon = integer("horizon", horizon, low=1)
    budget = integer("budget", budget, low=0, high=horizon)
    return Fraction(budget * (2 * horizon - budget + 1), 2 * (horizon + 1))


def uniform_fluid(horizon: int, budget: Number) -> Any:
    r"""Compute the fluid value T min_mu D(mu) for uniform rewards on [0, 1], never below E OPT (statement DMD-F1).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    budget : number
        B, in [0, T].

    Returns
    -------
    number
        B (1 - B / (2 T)), at the price 1 - B / T.

    Raises
    ------
    ValueError
        If the budget is not in [0, T].

    Proof
    -----
    Assumes: the rewards are uniform on [0, 1] and costs are 1 (the caller), and B lies in [0, T] (argument check).

    Proof: with rho = B / T, D(mu) = (1 - mu)^2 / 2 + mu rho on [0, 1] is smallest at mu = 1 - rho, where it is rho -
    rho^2 / 2.

    Checked by: DMD-F1 for fluid values in general; this form by a test against the linear program.

    Examples
    --------
    >>> uniform_fluid(2, Fraction(1))
    Fraction(3, 4)
    """
    horizon = integer("horizon", horizon, low=1)
    units = exact(number("budget", budget, 0, horizon))
    return units * (1 - units / (2 * horizon))


def three_point_online(horizon: int, budget: int, probabilities: ArrayLike, *, values: ArrayLike = (3, 2, 1)) -> Any:
    r"""Compute the largest expected reward of any online algorithm, by dynamic programming (statement DMD-LB1).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    budget : int
        B, at least 0.
    probabilities : sequence of numbers
        Probability of each value; Fractions give a Fraction.
    values : sequence of numbers
        Rewards.

    Returns
    -------
    number
        V_T(B), V_t(b) = sum_v p_v max(v + V_{t-1}(b - 1), V_{t-1}(b)); O(T B) steps.

    Raises
    ------
    ValueError
        If a number is out of range, or the probabilities do not sum to 1.

    References
    ----------
    .. [1] A. Arlotto, I. Gurvich, Uniformly bounded regret in the multisecretary problem, Stochastic Systems 9, 2019.

    Examples
    --------
    >>> three_point_online(2, 1, (Fraction(1, 2), 0, Fraction(1, 2)))
    Fraction(5, 2)
    """
    horizon, budget = integer("horizon", horizon, low=1), integer("budget", budget, low=0)
    points, chances = _law(values, probabilities)
    if all(isinstance(p, float) for p in chances):
        return _online_in_doubles(horizon, budget, chances, points)
    # best[b] is V_t(b), the value of b units with t requests to come; without units nothing is earned
    best = [0 * chances[0]] * (budget + 1)
    for _ in range(horizon):
        best = [
            best[0],
            *(
                sum(p * max(v + best[b - 1], best[b]) for p, v in zip(chances, points, strict=True))
                for b in range(1, budget + 1)
            ),
        ]
    return best[budget]


def _law(values: ArrayLike, probabilities: ArrayLike) -> tuple[list[Any], list[Any]]:
    """Return the values and their probabilities as lists; the probabilities must sum to 1 within 1e-12."""
    points, chances = numbers("values", values), numbers("probabilities", probabilities, 0, 1)
    if len(chances) != len(points) or not abs(sum(chances) - 1) * 10**12 <= 1:
        raise must("probabilities", f"{len(points)} numbers of at least 0 with sum 1", probabilities)
    return points, chances


def _online_in_doubles(horizon: int, budget: int, chances: list[float], points: list[Any]) -> float:
    """Compute the value of the best online policy by the same recursion, for all budgets at once."""
    best = np.zeros(budget + 1)
    for _ in range(horizon):
        gains = [p * np.maximum(v + best[:-1], best[1:]) for p, v in zip(chances, points, strict=True)]
        best[1:] = sum(gains[1:], gains[0])
    return float(best[budget])


def three_point_hindsight(horizon: int, budget: int, probabilities: ArrayLike, *, values: ArrayLike = (3, 2, 1)) -> Any:
    r"""Compute E OPT, the mean optimum in hindsight, for independent requests with few rewards (statement DMD-LB1).

    Parameters
    ----------
    horizon : int
        T, at least 1.
    budget : int
        B, in [0, T].
    probabilities : sequence of numbers
        Probability of each value; Fractions give a Fraction.
    values : decreasing sequence of numbers
        Rewards.

    Returns
    -------
    number
        sum_k (v_k - v_{k+1}) E min(B, N_k), N_k binomial with the probability of a reward of v_k at least.

    Raises
    ------
    ValueError
        If the values do not decrease, the probabilities do not sum to 1, or a number is out of range.

    Proof
    -----
    Assumes: requests are independent with one law and costs are 1 (the caller); the values are positive and decrease
    (argument check).

    Proof: OPT takes the largest B rewards, so it takes min(B, N_k) of those that are at least v_k. Sum by parts, with 0
    for v_{K+1}.

    Checked by: DMD-LB1, whose right-hand side this is.

    Examples
    --------
    >>> three_point_hindsight(2, 1, (Fraction(1, 2), 0, Fraction(1, 2)))
    Fraction(5, 2)
    """
    horizon = integer("horizon", horizon, low=1)
    budget = integer("budget", budget, low=0, high=horizon)
    points, chances = _law(values, probabilities)
    if any(high <= low for high, low in zip(points, points[1:] + [0], strict=True)):
        raise must("values", "positive and decreasing", points)
    # `reached` is the probability of a reward of at least v
    total, reached = 0 * chances[0], 0 * chances[0]
    for v, below, p in zip(points, points[1:] + [0], chances, strict=True):
        reached = reached + p
        total = total + (v - below) * _mean_of_minimum(horizon, budget, reached)
    return total


def _mean_of_minimum(n: int, cap: int, p: Any) -> Any:
    """Compute E min(cap, N) for N binomial(n, p), as cap less the expected shortfall."""
    if isinstance(p, float):
        if p >= 1:
            return float(min(cap, n))
        # in logarithms, since central binomial coefficients leave the range of doubles from n = 1030 on
        logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(cap)]
        weights = [math.exp(c + k * math.log(p) + (n - k) * math.log1p(-p)) for k, c in enumerate(logs)]
        return cap - math.fsum((cap - k) * w for k, w in enumerate(weights))
    shortfall = sum((cap - k) * math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(min(cap, n + 1)))
    return cap - shortfall


def phase_ratio(n_phases: int, *, growth: Number) -> Any:
    r"""Compute the competitive ratio that no online algorithm beats on all prefixes of phases (statement DMD-LB2).

    Parameters
    ----------
    n_phases : int
        K, at least 1; the rate is 1 / K and costs are 1.
    growth : number
        epsilon in (0, 1): rewards of phase k are epsilon^(K - k), k = 1, ..., K.

    Returns
    -------
    number
        K - (K - 1) epsilon: for some kappa, OPT / R is at least this when rewards are 0 after phase kappa. No larger
        number would do.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: costs are 1, and the budget is the length B of a phase (the caller); epsilon lies in (0, 1) (argument
    check).

    Proof: let x_k be the expected fraction of the budget that is used in phase k while rewards go on. It does not
    depend on kappa >= k, since the sequences agree up to there, and sum_k x_k <= 1. When the rewards stop after phase
    kappa, OPT is B epsilon^(K - kappa), and the ratio R / OPT is y_kappa = sum_{k <= kappa} x_k epsilon^(kappa - k), so
    that x_kappa = y_kappa - epsilon y_{kappa - 1}. Take the dual weights 1 - epsilon for kappa < K and 1 for K: (1 -
    epsilon) sum_{kappa < K} y_kappa + y_K = sum_k x_k <= 1. The weights are positive and sum to K - (K - 1) epsilon, so
    the least y_kappa is at most 1 over that sum. All y_kappa equal it where x_1 is 1 over the sum and every other x_k
    is 1 - epsilon times x_1.

    Checked by: DMD-LB2; that dual mirror descent nearly attains it by DMD-LB2-kept.

    Examples
    --------
    >>> phase_ratio(2, growth=Fraction(1, 100))
    Fraction(199, 100)
    """
    n_phases = integer("n_phases", n_phases, low=1)
    return n_phases - (n_phases - 1) * number("growth", growth, 0, 1, ends="()")


def markov_mixing(switch: Number, lag: int) -> Any:
    r"""Compute the mixing coefficient delta_k of two states that switch with one probability (statement DMD-T4).

    Parameters
    ----------
    switch : number
        p, in [0, 1].
    lag : int
        k, at least 0.

    Returns
    -------
    number
        \|1 - 2 p\|^(k + 1) / 2.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the chain has two states and starts with either at probability 1/2 (the caller); p lies in [0, 1] (argument
    check).

    Proof: given the state, each state has probability (1 + (1 - 2p)^(k + 1)) / 2 or (1 - (1 - 2p)^(k + 1)) / 2 after k
    + 1 steps, and 1/2 in the stationary law.

    Checked by: DMD-T4, into whose bound it enters.

    Examples
    --------
    >>> markov_mixing(Fraction(1, 4), 1)
    Fraction(1, 8)
    """
    return abs(1 - 2 * number("switch", switch, 0, 1)) ** (integer("lag", lag, low=0) + 1) / 2


def corrupted_total_variation(horizon: int, n_corrupted: int, *, alike: bool = False) -> Fraction:
    r"""Compute the largest sum over time of total variations to the average law, when some requests are replaced.

    Parameters
    ----------
    horizon : int
        T, at least 1.
    n_corrupted : int
        k of T requests have other laws, in [0, T].
    alike : bool
        Whether these share one law.

    Returns
    -------
    Fraction
        k (2 T - k - 1) / T, or 2 k (T - k) / T when they are alike (statement DMD-T3).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the other T - k requests share one law, and all total variations are at most 1 (the caller).

    Proof: the average law gives weight (T - k) / T to the clean law and 1 / T to each other one. A clean request is at
    most k / T from it, another one at most (T - 1) / T, or (T - k) / T when they are alike. Sum over T requests.

    Checked by: DMD-T3, into whose bound it enters.

    Examples
    --------
    >>> corrupted_total_variation(2, 2), corrupted_total_variation(4, 1)
    (Fraction(1, 1), Fraction(3, 2))
    """
    horizon = integer("horizon", horizon, low=1)
    k = integer("n_corrupted", n_corrupted, low=0, high=horizon)
    return Fraction(2 * k * (horizon - k) if flag("alike", alike) else k * (2 * horizon - k - 1), horizon)
