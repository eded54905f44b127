r"""Constants and right-hand sides of the theorems, as plain functions.

Notation: K players, S the set of profiles, D = sum_k (s_k - 1) deviations of a profile, m the population size, payoffs
in [-max_payoff, max_payoff]. What is a rational function of its arguments also takes Fractions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._validation import choice, integer, must, open_interval, real, sizes
from lrtheory.alpha_rank.clopper_pearson import clopper_pearson
from lrtheory.alpha_rank.identities import (
    chain_ratio_bound,
    direction_tolerance,
    fixation_log_ratio,
    mass_error_of_ratio,
    payoffs_with_offset,
    potential_log_law,
    rate_lipschitz,
    relaxed_samples_to_resolve,
    smallest_rate,
)
from lrtheory.alpha_rank.limits import coordination_limits, has_no_ties, order_only, single_sink_limit
from lrtheory.alpha_rank.perturbation import log_ratio_bound, mass_error_bound, mass_interval, tree_weights
from lrtheory.alpha_rank.problem import payoff_tables
from lrtheory.alpha_rank.transition import profile_chain

__all__ = [
    "chain_ratio_bound",
    "clopper_pearson",
    "coordination_limits",
    "count_weighted_bounds",
    "direction_tolerance",
    "exhaustive_bound",
    "fixation_log_ratio",
    "has_no_ties",
    "hoeffding_radius",
    "log_ratio_bound",
    "mass_error_bound",
    "mass_error_of_ratio",
    "mass_interval",
    "order_only",
    "payoffs_with_offset",
    "potential_log_law",
    "rate_lipschitz",
    "relaxed_samples_to_resolve",
    "samples_finite_alpha",
    "samples_infinite_alpha",
    "samples_to_resolve",
    "single_sink_limit",
    "smallest_rate",
    "tree_weights",
]


def samples_finite_alpha(
    game_sizes: tuple[int, ...],
    *,
    alpha: float,
    population_size: int,
    epsilon: float,
    delta: float,
    max_payoff: float = 1.0,
    bound: str = "tree",
) -> int | float:
    r"""Samples per profile after which \|pi_hat(s) - pi(s)\| <= epsilon for all s, with probability 1 - delta.

    Parameters
    ----------
    game_sizes : tuple of int
        Number of strategies of each player.
    alpha : float
        Ranking intensity, in [0, inf).
    population_size : int
        m in the paper, at least 2.
    epsilon : float
        Accuracy, in (0, 1); the paper asks for less than 18 Sigma / 2^\|S\|.
    delta : float
        Failure probability, in (0, 1).
    max_payoff : float
        Payoffs lie in [-max_payoff, max_payoff].
    bound : {"tree", "paper"}
        "paper" is Theorem 3.1 (statement MI-T1), "tree" our MI-T1p, smaller by many orders of magnitude.

    Returns
    -------
    int or float
        The smallest sample size that is enough; infinity when it exceeds all doubles.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    paper: N > 648 M^2 log(2 \|S\| K / delta) L^2 Sigma^2 / (epsilon^2 g^2) with L = 2 alpha e^{2 alpha M},
    g = (e^{2 alpha M} - 1) / (D (e^{2 alpha m M} - 1)), Sigma = sum_{n < \|S\|} binom(\|S\|, n) n^\|S\|.

    tree: N >= 8 M^2 log(2 \|S\| K / delta) ((\|S\| - 1) (m - 1) alpha)^2 / artanh(epsilon)^2.

    Proof
    -----
    (tree) By Hoeffding on width 2M and a union over K \|S\| means, all \|M_hat - M\| <= t with probability 1 - delta
    for N = 2 M^2 log(2 \|S\| K / delta) / t^2. Then \|log pi_hat - log pi\| <= B = 4 (\|S\| - 1) (m - 1) alpha t by
    `log_ratio_bound`, and \|pi_hat - pi\| <= tanh(B / 2) by `mass_error_bound`. Choose t so that
    B = 2 artanh(epsilon), that is t = artanh(epsilon) / (2 (\|S\| - 1) (m - 1) alpha).

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, Theorem 3.1.

    Examples
    --------
    >>> samples_finite_alpha((2, 2), alpha=0.1, population_size=2, epsilon=0.1, delta=0.1)
    363
    """
    counts = sizes("game_sizes", game_sizes)
    alpha, m = real("alpha", alpha, low=0), integer("population_size", population_size, low=2)
    epsilon, delta = open_interval("epsilon", epsilon, 0, 1), open_interval("delta", delta, 0, 1)
    size = real("max_payoff", max_payoff, low=0)
    choice("bound", bound, ("tree", "paper"))
    n, degree = math.prod(counts), sum(counts) - len(counts)
    if alpha * size == 0 or n == 1:
        return 1  # the law does not depend on the payoffs
    union = math.log(2 * n * len(counts) / delta)
    if bound == "tree":
        return _whole(8 * size**2 * union * ((n - 1) * (m - 1) * alpha / math.atanh(epsilon)) ** 2)
    # in logarithms, because Sigma and 1 / g leave the range of doubles
    big_sigma = math.log(sum(math.comb(n, i) * i**n for i in range(1, n)))
    lipschitz = math.log(2 * alpha) + 2 * alpha * size
    smallest = _log_expm1(2 * alpha * size) - _log_expm1(2 * alpha * m * size) - math.log(degree)
    log_n = math.log(648 * size**2 * union / epsilon**2) + 2 * (lipschitz + big_sigma - smallest)
    return math.inf if log_n > 709 else math.floor(math.exp(log_n)) + 1


def _log_expm1(x: float) -> float:
    return x + math.log(-math.expm1(-x))


def _whole(bound: float) -> int | float:
    return math.ceil(bound) if math.isfinite(bound) else math.inf


def samples_infinite_alpha(
    game_sizes: tuple[int, ...], *, gap: float, delta: float, max_payoff: float = 1.0, bound: str = "paper"
) -> int:
    r"""Samples per profile after which every edge of the response graph is right, with probability 1 - delta.

    Parameters
    ----------
    game_sizes : tuple of int
        Number of strategies of each player.
    gap : float
        Smallest payoff difference on an edge, above 0 (Delta in the paper).
    delta : float
        Failure probability, in (0, 1).
    max_payoff : float
        Payoffs lie in [-max_payoff, max_payoff].
    bound : {"paper", "independent"}
        "paper" is Theorem 3.2 (statement MI-T2); "independent" the smaller number that suffices when profiles are
        sampled independently of each other.

    Returns
    -------
    int
        The smallest integer above the bound.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    paper: N > 8 M^2 log(2 \|S\| K / delta) / gap^2. independent: N > 4 M^2 log(\|E\| / delta) / gap^2, with
    \|E\| = \|S\| D / 2 edges.

    Proof
    -----
    (paper) With t = gap / 2, Hoeffding on width 2M gives P(\|M_hat - M\| >= t) <= 2 exp(-N gap^2 / (8 M^2)) for each of
    K \|S\| means; when none deviates that far, no difference changes its sign.
    (independent) A difference of two independent means of N outcomes is a sum of 2N terms of width 2M/N, so its sign is
    wrong with probability at most exp(-2 gap^2 / (2N (2M/N)^2)) = exp(-N gap^2 / (4 M^2)); union over the edges.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, Theorem 3.2.

    Examples
    --------
    >>> samples_infinite_alpha((2, 2), gap=0.2, delta=0.1)
    1016
    """
    counts = sizes("game_sizes", game_sizes)
    gap, delta = open_interval("gap", gap, 0, math.inf), open_interval("delta", delta, 0, 1)
    size = real("max_payoff", max_payoff, low=0)
    choice("bound", bound, ("paper", "independent"))
    n, degree = math.prod(counts), sum(counts) - len(counts)
    if degree == 0:
        return 1
    if bound == "paper":
        value = 8 * size**2 * math.log(2 * n * len(counts) / delta) / gap**2
    else:
        value = 4 * size**2 * math.log(n * degree / 2 / delta) / gap**2
    return math.floor(value) + 1


def hoeffding_radius(n_samples: Any, *, delta: float, n_means: int, anytime: bool = True) -> Any:
    r"""Half-width of the confidence interval of a mean of outcomes in [0, 1].

    Parameters
    ----------
    n_samples : int or array of int
        n, at least 1.
    delta : float
        Failure probability for all means together, in (0, 1).
    n_means : int
        Number of means, K \|S\| for a game; 1 for a level per mean.
    anytime : bool
        Valid at all n at once, not at one n fixed in advance.

    Returns
    -------
    float or array
        sqrt(log(2 / delta_n) / (2 n)), delta_n = delta / n_means, times 6 / (pi^2 n^2) if anytime.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Hoeffding: P(\|mean - M\| > r) <= 2 exp(-2 n r^2) = delta_n. The sum of 6 / (pi^2 n^2) over n >= 1 is 1, so the
    union over all times and all means is at most delta (statement RG-T1).

    Examples
    --------
    >>> round(hoeffding_radius(100, delta=0.1, n_means=8), 4)
    0.2719
    """
    delta, n_means = open_interval("delta", delta, 0, 1), integer("n_means", n_means, low=1)
    n = np.asarray(n_samples, dtype=np.float64)
    if (n < 1).any():
        raise must("n_samples", "at least 1", n_samples)
    log_level = log_level_at_one(delta, n_means, anytime) + (2 * np.log(n) if anytime else 0.0)
    value = np.sqrt(log_level / (2 * n))
    return float(value) if value.ndim == 0 else value


def log_level_at_one(delta: float, n_means: int, anytime: bool) -> float:
    """log(2 / delta_1) of `hoeffding_radius`; at n it is larger by 2 log n when anytime."""
    return math.log(2 * n_means / delta) + (math.log(math.pi**2 / 6) if anytime else 0.0)


def samples_to_resolve(gap: float, *, delta: float, n_means: int) -> int | float:
    r"""Samples of both ends after which an edge with this gap is resolved, on the event of RG-T1.

    Parameters
    ----------
    gap : float
        Payoff difference in [0, 1] of the deviating player.
    delta : float
        Failure probability for all means together, in (0, 1).
    n_means : int
        K \|S\|.

    Returns
    -------
    int or float
        n* = min {n : hoeffding_radius(n) < gap / 4}; infinity for gap 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    On the event, both means are within r(n) of the truth, so the upper end at the worse profile is below M(w) + 2 r(n)
    and the lower end at the better one above M(b) - 2 r(n); these are disjoint when 4 r(n) < gap. The radius decreases
    in n as soon as log(2 / delta_1) > log 4, which holds for n_means >= 2.

    Examples
    --------
    >>> samples_to_resolve(0.5, delta=0.1, n_means=8)
    587
    """
    gap = real("gap", gap, low=0)
    if gap == 0:
        return math.inf
    low, high = 0, 1
    while hoeffding_radius(high, delta=delta, n_means=n_means) >= gap / 4:
        low, high = high, 2 * high
    while high - low > 1:  # the radius is at least gap / 4 at low (or low is 0), and below it at high
        middle = (low + high) // 2
        if hoeffding_radius(middle, delta=delta, n_means=n_means) < gap / 4:
            high = middle
        else:
            low = middle
    return high


def count_weighted_bounds(payoffs: Any, *, delta: float) -> np.ndarray:
    r"""Samples of each profile by ResponseGraphUCB with the count-weighted scheme, with probability 1 - delta.

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs in [0, 1].
    delta : float
        Failure probability, in (0, 1).

    Returns
    -------
    float64 array of shape (\|S\|,)
        max(1, n*(gap_s)), gap_s the smallest gap of an edge at s; infinity where there are ties (statement RG-T2p). The
        sum bounds the total.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Let s be picked with an open edge {s, sigma}. The profile sigma has an open edge too, so N(sigma) >= N(s) by the
    scheme. Were N(s) >= n*(gap_e), both ends would have been sampled that often and the edge resolved. So N(s) <
    n*(gap_e) <= n*(gap_s) before each pick.

    Examples
    --------
    >>> count_weighted_bounds([[[0.75, 0.25], [0.25, 0.75]]] * 2, delta=0.1).tolist()
    [587.0, 587.0, 587.0, 587.0]
    """
    tables = payoff_tables(payoffs)
    differences = abs(profile_chain(tables).differences).astype(np.float64)
    if differences.shape[1] == 0:
        return np.ones(len(differences))
    gaps, place = np.unique(differences.min(axis=1), return_inverse=True)
    needed = [samples_to_resolve(gap, delta=delta, n_means=len(tables) * len(differences)) for gap in gaps.tolist()]
    return np.maximum(1.0, np.array(needed, float))[place]


def exhaustive_bound(payoffs: Any, *, delta: float) -> int | float:
    r"""Samples of ResponseGraphUCB with the uniform-exhaustive scheme, with probability 1 - 2 delta.

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs in [0, 1].
    delta : float
        Failure probability of the intervals, and again of the coins, in (0, 1).

    Returns
    -------
    int or float
        \|S\| + sum_e T_e over the \|E\| edges, T_e = min {T : T/2 - sqrt(T log(2 \|E\| / delta) / 2) >= n*(gap_e)};
        infinity where there are ties (statement RG-T2p).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Let the coins of every edge be drawn ahead. After T of them, one end has been played at most T/2 - t times with
    probability at most exp(-2 t^2 / T) (Hoeffding), delta / (2 \|E\|) for t = sqrt(T log(2 \|E\| / delta) / 2). So
    with probability 1 - delta, each end of each edge e has n*(gap_e) samples after T_e plays for it; on the event of
    RG-T1 the edge is resolved by then, see `samples_to_resolve`. The first \|S\| plays visit every profile.

    Examples
    --------
    >>> exhaustive_bound([[[0.75, 0.25], [0.25, 0.75]]] * 2, delta=0.1)
    5124
    """
    tables = payoff_tables(payoffs)
    chain = profile_chain(tables)
    n, degree = chain.neighbors.shape
    coins = math.log(n * degree / open_interval("delta", delta, 0, 1)) / 2 if degree else 0.0
    gaps, edges = np.unique(abs(chain.differences).astype(np.float64), return_counts=True)
    total: int | float = n
    for gap, count in zip(gaps.tolist(), edges.tolist(), strict=True):
        needed = samples_to_resolve(gap, delta=delta, n_means=len(tables) * n)
        if math.isinf(needed):
            return math.inf
        # sqrt(T) solves x^2 / 2 - sqrt(coins) x = n*
        plays = math.ceil((math.sqrt(coins) + math.sqrt(coins + 2 * needed)) ** 2)
        total += plays * count // 2
    return total
