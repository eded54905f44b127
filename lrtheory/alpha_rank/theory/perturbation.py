r"""Bounds on how much a stationary law moves when the rates of its chain do, and the tree theorem behind them.

Part of `theory`, where users find these functions. Functions that are rational in their arguments also take Fractions.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from lrtheory._kernels.units import scaled, unit_of
from lrtheory._numbers import entries, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = ["certain_directions", "log_ratio_bound", "mass_error_bound", "mass_interval", "tree_weights"]


def log_ratio_bound(n_profiles: int, *, alpha: Number, population_size: int, radius: Number) -> Any:
    r"""Bound the change of log pi(s) when every payoff changes by at most `radius` (statement MI-L1).

    Parameters
    ----------
    n_profiles : int
        \|S\|, at least 1.
    alpha : float or Fraction
        Ranking intensity, finite, at least 0.
    population_size : int
        m in the paper, at least 1.
    radius : float or Fraction
        t, the largest change of a payoff, at least 0.

    Returns
    -------
    float or Fraction
        B = 4 (\|S\| - 1) (m - 1) alpha t.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: a finite alpha (argument check), and no estimate off by more than the radius (hypothesis of MI-L1).

    Proof: a payoff difference changes by at most 2t, and 0 <= d log rho / du <= m - 1 (see `fixation_log_ratio`), so
    each log C moves by at most b = 2 (m - 1) alpha t. By the tree theorem pi(s) = T_s / sum_r T_r, where T_s sums
    products of \|S\| - 1 rates over trees: log T_s moves by at most (\|S\| - 1) b, and so does the logarithm of the
    sum, hence that of the quotient by at most twice as much (see `chain_ratio_bound`).

    Checked by: MI-L1.

    Examples
    --------
    >>> log_ratio_bound(4, alpha=1, population_size=10, radius=0.5)
    54.0
    """
    n, m = integer("n_profiles", n_profiles, low=1), integer("population_size", population_size, low=1)
    return 4 * (n - 1) * (m - 1) * number("alpha", alpha, 0) * number("radius", radius, 0)


def mass_error_bound(log_ratio: Number | ArrayLike) -> Any:
    r"""Bound \|pi_hat(s) - pi(s)\| when all \|log pi_hat - log pi\| <= B (statements MI-L1, MI-L2).

    Parameters
    ----------
    log_ratio : float, or array of any shape
        B, at least 0.

    Returns
    -------
    float, or array of the shape of `log_ratio`
        tanh(B / 2).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: two laws on the same states, whose log masses differ by at most B everywhere (statement MI-L2 computes B).

    Proof: let p = pi(s) and q = pi_hat(s). Then q <= e^B p and 1 - q >= e^{-B} (1 - p), so q - p <= min((e^B - 1) p,
    (1 - e^{-B}) (1 - p)). The first increases and the second decreases in p; they meet at p = 1 / (1 + e^B), with value
    (e^B - 1) / (e^B + 1) = tanh(B / 2). The assumption is symmetric in the two laws, so p - q has the same bound. Two
    states attain it.

    Checked by: MI-L2, in Fractions, and MI-L1.

    Examples
    --------
    >>> round(mass_error_bound(1.0), 6)
    0.462117
    """
    value = np.tanh(np.asarray(entries("log_ratio", log_ratio, 0), np.float64) / 2)
    return float(value) if value.ndim == 0 else value


def tree_weights(rates: ArrayLike) -> np.ndarray:
    r"""Compute the stationary law by the Markov chain tree theorem, by enumeration (statement AR-T8).

    Parameters
    ----------
    rates : array of shape (n, n), n <= 7
        Non-negative rates from row to column; the diagonal is ignored. Fractions are summed exactly.

    Returns
    -------
    ndarray of shape (n,)
        pi(s) = T_s / sum_r T_r, with T_s the sum over spanning trees directed into s of the products of their rates.

    Raises
    ------
    ValueError
        If the rates are not square and at least 0, there are more than 7 states, whose n^(n - 1) choices per root are
        too many, or no spanning tree.

    Examples
    --------
    >>> tree_weights([[0.0, 1.0], [3.0, 0.0]]).tolist()
    [0.75, 0.25]
    """
    rates = table("rates", rates, 0, shape=("n", "n"))
    n = len(rates)
    if rates.shape != (n, n) or not 1 <= n <= 7:
        raise must("rates", "square, of 1 to 7 states", rates.shape)
    if rates.dtype.kind == "f":  # products of n - 1 rates leave the range of doubles in some units, which do not matter
        rates = scaled(rates.astype(np.float64), -unit_of(rates))
    weights = [rates[0, 0] * 0 for _ in range(n)]
    for root in range(n):
        others = [i for i in range(n) if i != root]
        # a tree into the root gives every other state a parent; of all such maps those without a cycle are trees
        for parents in itertools.product(range(n), repeat=n - 1):
            parent = dict(zip(others, parents, strict=True))
            if all(_reaches(parent, i, root) for i in others):
                weights[root] += math.prod((rates[i, parent[i]] for i in others), start=1)
    total = sum(weights)
    if total == 0:
        raise must("rates", "a chain with a spanning tree", rates)
    found = [weight / total for weight in weights]
    return np.array(found, np.float64 if all(isinstance(x, float) for x in found) else object)


def _reaches(parent: dict[int, int], state: int, root: int) -> bool:
    """Tell whether the walk along parents ends in the root; otherwise it enters a cycle."""
    for _ in range(len(parent)):
        state = parent[state]
        if state == root:
            return True
    return False


def mass_interval(longest: Number, shortest: Number) -> tuple[Any, Any]:
    r"""Convert the range of the mean return time of a profile to the range of its mass (statement RU-T2).

    Parameters
    ----------
    longest, shortest : float or Fraction
        Largest and smallest mean return time R over all orientations of the open edges, above 0: at least 1 in steps of
        the chain, and the masses are then in [0, 1].

    Returns
    -------
    tuple of two float or Fraction
        1 / longest and 1 / shortest.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the payoffs lie in the box (hypothesis of RU-T2), epsilon is in (0, 1/2) (argument check of
    `ranking_intervals`), and `longest` and `shortest` are the extremes over all orientations (RU-T1).

    Proof: by Kac's lemma pi(s) R(s) = 1. Payoffs in the box give each open edge one of two directions, or a tie, at
    which both ends choose either direction with probability 1/2. So the chain of any payoffs in the box is a stationary
    policy, possibly randomized, of the problem in which every state orients its own open edges, and its R(s) lies
    between the optimal values. These are attained by deterministic policies which orient each edge alike at both ends:
    x wants the step to y likely when h(y) > h(x), y wants the step to x likely when h(x) > h(y), and edges of the
    target lead away from it or towards it for both, since h = 0 there. Smaller intervals leave fewer edges open, so
    there are fewer policies, and the range shrinks.

    Checked by: RU-T2 for the interval, P6 for Kac's lemma, RU-T1 and P7 for the extremes, RU-T3 for ends that no
    payoffs attain, RU-T4 for smaller intervals.

    Examples
    --------
    >>> mass_interval(4.0, 2.0)
    (0.25, 0.5)
    """
    return 1 / number("longest", longest, 0, ends="(]"), 1 / number("shortest", shortest, 0, ends="(]")


def certain_directions(lower: ArrayLike, upper: ArrayLike) -> np.ndarray:
    r"""Tell who takes over whom in a single population, for all tables between two (statement RU-T5).

    Parameters
    ----------
    lower, upper : array of shape (n, n)
        Intervals on M(r, s), the payoff of r against s. Fractions are compared exactly.

    Returns
    -------
    int8 array of shape (n, n)
        +1 where the row is certainly better against the column than the column against it, -1 where it is certainly
        worse, and 0 where this is open, and on the diagonal.

    Raises
    ------
    ValueError
        If the tables are not square and of one shape.

    Proof
    -----
    Assumes: the table M lies between `lower` and `upper` (hypothesis of RU-T5), epsilon is in (0, 1/2) (argument check
    of `ranking_intervals`), and policy iteration finds the extremes over all directions of the open pairs (RU-T1).

    Proof: of the n - 1 others s tries each equally often, and r takes over with probability 1 - epsilon, 1/2 or epsilon
    as M(r, s) is above, equal to or below M(s, r). Where lower(r, s) > upper(s, r) it is above for every table in the
    box, so the direction is +1. Where neither of the two intervals lies above the other, M chooses one of two
    directions or a tie, which is both at random; so the chain of every table in the box is a stationary policy,
    possibly randomized, of the problem of `mass_interval` on the complete graph, and its masses lie between the ends.
    Conversely M(r, s) and M(s, r) belong to no other pair. If their intervals share more than a point, one end of each
    orders them one way and the other ends order them the other way, whatever the other pairs do. So every choice of
    directions is made by some corner of the box, and both ends of every mass are attained. Intervals that share a
    single point are open, although only one direction and the tie are possible there. Win rates, with M(s, r) = 1 -
    M(r, s), are such corners, and their pair is open where the interval of M(r, s) holds 1/2.

    Checked by: RU-T5, for the masses and for the corners that attain them.

    Examples
    --------
    >>> certain_directions([[0.5, 0.6], [0.1, 0.5]], [[0.5, 0.9], [0.4, 0.5]]).tolist()
    [[0, 1], [-1, 0]]
    """
    low, high = table("lower", lower, shape=("n", "n")), table("upper", upper, shape=("n", "n"))
    if low.shape != high.shape or len(low) != low.shape[1]:
        raise must("upper", "square and of the shape of `lower`", (low.shape, high.shape))
    above = np.asarray(low > high.T, dtype=np.int8)
    np.fill_diagonal(above, 0)
    return above - above.T
