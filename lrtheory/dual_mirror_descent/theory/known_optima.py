r"""Optima with a closed form or a short exact computation, and two measures of the laws behind them: mixing, distance.

All requests use one unit of one resource. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lrtheory._numbers import exact, formula, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = ["corrupted_total_variation", "markov_mixing", "phase_ratio", "uniform_fluid", "uniform_hindsight"]


@formula(horizon="[1, inf)", budget="[0, horizon]")
def uniform_hindsight(horizon: int, budget: int) -> Fraction:
    """Compute E OPT, the mean optimum in hindsight, for rewards uniform on [0, 1] (statement DMD-F1-uniform).

    Parameters
    ----------
    horizon : int
        T.
    budget : int
        B, a whole number of units, in [0, T].

    Returns
    -------
    Fraction
        B (2 T - B + 1) / (2 (T + 1)).

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
    return Fraction(budget * (2 * horizon - budget + 1), 2 * (horizon + 1))


@formula(horizon="[1, inf)", budget="[0, horizon]")
def uniform_fluid(horizon: int, budget: Number) -> Number:
    """Compute the fluid value T min_mu D(mu) for uniform rewards on [0, 1], never below E OPT (statement DMD-F1).

    Parameters
    ----------
    horizon : int
        T.
    budget : number
        B, in [0, T].

    Returns
    -------
    number
        B (1 - B / (2 T)), at the price 1 - B / T.

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
    units = exact(budget)
    return units * (1 - units / (2 * horizon))


def law_of(v: ArrayLike, p: ArrayLike) -> tuple[list[Any], list[Any]]:
    """Return the values and their probabilities as lists; the probabilities must sum to 1 within 1e-12."""
    points, chances = numbers("v", v), numbers("p", p, 0, 1)
    if len(chances) != len(points) or not abs(sum(chances) - 1) * 10**12 <= 1:
        raise must("p", f"{len(points)} numbers of at least 0 with sum 1", p)
    return points, chances


@formula(n_phases="[1, inf)", growth="(0, 1)")
def phase_ratio(n_phases: int, *, growth: Number) -> Number:
    """Compute the competitive ratio that no online algorithm beats on all prefixes of phases (statement DMD-LB2).

    Parameters
    ----------
    n_phases : int
        K; the rate is 1 / K and costs are 1.
    growth : number
        epsilon: rewards of phase k are epsilon^(K - k), k = 1, ..., K.

    Returns
    -------
    number
        K - (K - 1) epsilon: for some kappa, OPT / R is at least this when rewards are 0 after phase kappa. No larger
        number would do.

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
    return n_phases - (n_phases - 1) * growth


@formula(switch="[0, 1]", lag="[0, inf)")
def markov_mixing(switch: Number, lag: int) -> Number:
    r"""Compute the mixing coefficient delta_k of two states that switch with one probability (statement DMD-T4).

    Parameters
    ----------
    switch : number
        p.
    lag : int
        k.

    Returns
    -------
    number
        \|1 - 2 p\|^(k + 1) / 2.

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
    return abs(1 - 2 * switch) ** (lag + 1) / 2


@formula(horizon="[1, inf)", n_corrupted="[0, horizon]")
def corrupted_total_variation(horizon: int, n_corrupted: int, *, alike: bool = False) -> Fraction:
    """Compute the largest sum over time of total variations to the average law, when some requests are replaced.

    Parameters
    ----------
    horizon : int
        T.
    n_corrupted : int
        k of T requests have other laws, in [0, T].
    alike : bool
        Whether these share one law.

    Returns
    -------
    Fraction
        k (2 T - k - 1) / T, or 2 k (T - k) / T when they are alike (statement DMD-T3).

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
    k = n_corrupted
    return Fraction(2 * k * (horizon - k) if alike else k * (2 * horizon - k - 1), horizon)
