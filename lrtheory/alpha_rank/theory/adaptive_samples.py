r"""Confidence radii, and the number of samples that adaptive sampling takes until every edge is resolved.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers import formula
from lrtheory._types import ArrayLike, Number, Numbers
from lrtheory._validation import open_interval
from lrtheory.alpha_rank.chains.transition import profile_chain
from lrtheory.alpha_rank.problem import Game, payoff_tables

__all__ = ["count_weighted_bounds", "exhaustive_bound", "hoeffding_radius", "log_level_at_one", "samples_to_resolve"]


@formula(n_samples="[1, inf)", n_means="[1, inf)")
def hoeffding_radius(n_samples: Numbers, *, delta: float, n_means: int, anytime: bool = True) -> Numbers:
    r"""Compute the half-width of the confidence interval of a mean of outcomes in [0, 1].

    Parameters
    ----------
    n_samples : int, or array of int of any shape
        n.
    delta : float
        Failure probability for all means together, in (0, 1).
    n_means : int
        Number of means, K \|S\| for a game; 1 for a level per mean.
    anytime : bool
        Valid at all n at once, not at one n fixed in advance.

    Returns
    -------
    float, or array of the shape of `n_samples`
        sqrt(log(2 / delta_n) / (2 n)), delta_n = delta / n_means, times 6 / (pi^2 n^2) if anytime.

    Raises
    ------
    ValueError
        If `delta` is not in (0, 1).

    Proof
    -----
    Assumes: outcomes are independent and lie in [0, 1]. Statement RG-T1 has it as a hypothesis; `ResponseGraphUCB`
    checks the range of each outcome, and their independence is up to the caller.

    Proof: by Hoeffding's inequality P(\|mean - M\| > r) <= 2 exp(-2 n r^2) = delta_n for one mean of n outcomes. With
    anytime levels the sum over all n >= 1 is delta / n_means, since the sum of 6 / (pi^2 n^2) is 1; without, n is fixed
    in advance and delta_n is delta / n_means. A union bound over the means gives at most delta.

    Checked by: P1 for one mean, RG-T1 and RG-T6-intervals for all means at all times.

    Examples
    --------
    >>> round(hoeffding_radius(100, delta=0.1, n_means=8), 4)
    0.2719
    """
    delta = open_interval("delta", delta, 0, 1)
    n = np.asarray(n_samples, np.float64)
    log_level = log_level_at_one(delta, n_means, anytime) + (2 * np.log(n) if anytime else 0.0)
    value = np.sqrt(log_level / (2 * n))
    return float(value) if value.ndim == 0 else value


def log_level_at_one(delta: float, n_means: int, anytime: bool) -> float:
    """Return log(2 / delta_1) of `hoeffding_radius`; at n it is larger by 2 log n when anytime."""
    return math.log(2 * n_means / delta) + (math.log(math.pi**2 / 6) if anytime else 0.0)


@formula(gap="[0, inf)", n_means="[1, inf)")
def samples_to_resolve(gap: Number, *, delta: float, n_means: int) -> int | float:
    r"""Count the samples of both ends after which an edge with this gap is resolved, on the event of RG-T1.

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
        If `delta` is not in (0, 1).

    Proof
    -----
    Assumes: \|mean - M\| <= r(n) for all means at all times, the event of RG-T1. The radius decreases in n: always
    where n_means >= 2, as in every game with an edge; for a single mean and delta near 1 only from n = 2 on, and then
    the smallest n is still the one returned.

    Proof: with n samples or more at both ends, the upper end at the worse profile w is at most M(w) + 2 r(n), and the
    lower end at the better one b at least M(b) - 2 r(n). These intervals are disjoint when 4 r(n) < gap = M(b) - M(w).
    The square of the radius is (L + 2 log n) / (2 n) with L = log(2 / delta_1). It falls from n = 1 to n = 2 if L > log
    4, which n_means >= 2 implies, and from then on if L > 2 - 2 log 2, which always holds; so bisection finds the
    smallest n.

    Checked by: RG-T2p, whose bound is made of these numbers.

    Examples
    --------
    >>> samples_to_resolve(0.5, delta=0.1, n_means=8)
    587
    """
    delta = open_interval("delta", delta, 0, 1)
    if gap == 0:
        return math.inf
    # a power of two that is enough, then bisection
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


def count_weighted_bounds(payoffs: Game | ArrayLike, *, delta: float) -> np.ndarray:
    r"""Bound the samples of each profile by ResponseGraphUCB, count-weighted, with probability 1 - delta.

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
    Assumes: the scheme "CW", and \|mean - M\| <= r(n) for all means at all times (the event of RG-T1).

    Proof: a profile is picked without samples, or because it has an open edge. Let s be picked with an open edge {s,
    sigma}. The profile sigma has an open edge too, this one, so N(sigma) >= N(s), because the scheme picks the fewest
    samples. Were N(s) >= n*(gap_e) for this edge e, both ends would have been sampled that often, and the edge would be
    resolved, see `samples_to_resolve`. So N(s) < n*(gap_e) <= n*(gap_s) before each such pick.

    Checked by: RG-T2p.

    Examples
    --------
    >>> count_weighted_bounds([[[0.75, 0.25], [0.25, 0.75]]] * 2, delta=0.1).tolist()
    [587.0, 587.0, 587.0, 587.0]
    """
    tables, delta = payoff_tables(payoffs), open_interval("delta", delta, 0, 1)
    differences = abs(profile_chain(tables).differences).astype(np.float64)
    if differences.shape[1] == 0:
        return np.ones(len(differences))
    gaps, index = np.unique(differences.min(axis=1), return_inverse=True)
    needed = [samples_to_resolve(gap, delta=delta, n_means=len(tables) * len(differences)) for gap in gaps.tolist()]
    return np.maximum(1.0, np.array(needed, float))[index]


def exhaustive_bound(payoffs: Game | ArrayLike, *, delta: float) -> int | float:
    r"""Bound the samples of ResponseGraphUCB with the uniform-exhaustive scheme, with probability 1 - 2 delta.

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
    Assumes: the scheme "UE", \|mean - M\| <= r(n) for all means at all times (the event of RG-T1), and coins that are
    independent of each other.

    Proof: let the coins of every edge be drawn ahead. After T of them, one end has been played at most T/2 - t times
    with probability at most exp(-2 t^2 / T) (Hoeffding), which is delta / (2 \|E\|) for t = sqrt(T log(2 \|E\| /
    delta) / 2). A union bound over both ends of all edges gives: with probability 1 - delta, each end of each edge e
    has n*(gap_e) samples after T_e plays for it. On the event the edge is resolved by then, see `samples_to_resolve`,
    and the scheme leaves it. The first \|S\| plays visit every profile.

    Checked by: RG-T2p-exhaustive.

    Examples
    --------
    >>> exhaustive_bound([[[0.75, 0.25], [0.25, 0.75]]] * 2, delta=0.1)
    5124
    """
    tables, delta = payoff_tables(payoffs), open_interval("delta", delta, 0, 1)
    chain = profile_chain(tables)
    n, degree = chain.neighbors.shape
    # |E| = n D / 2 edges, so log(2 |E| / delta) = log(n D / delta)
    coins = math.log(n * degree / delta) / 2 if degree else 0.0
    gaps, edges = np.unique(abs(chain.differences).astype(np.float64), return_counts=True)
    total: int | float = n
    for gap, count in zip(gaps.tolist(), edges.tolist(), strict=True):
        needed = samples_to_resolve(gap, delta=delta, n_means=len(tables) * n)
        if math.isinf(needed):
            return math.inf
        # sqrt(T) solves x^2 / 2 - sqrt(coins) x = n*
        plays = math.ceil((math.sqrt(coins) + math.sqrt(coins + 2 * needed)) ** 2)
        total += plays * count // 2  # the table of differences has every edge twice
    return total
