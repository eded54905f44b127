r"""Intervals on the ranking that follow from intervals on the payoffs.

An edge of the response graph whose two payoff intervals overlap may point either way. Over all orientations of these
edges, the mean return time R(s) = 1 / pi(s) in the epsilon chain has its extremes where

.. math:: h(x) = 1 + \sum_y C_{xy} h(y), \quad h(s) = 0,

orients every open edge towards the larger h (longest return) or the smaller h (shortest), a stochastic shortest path
problem that policy iteration solves with a few linear solves (statement RU-T1).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.alpha_rank.chains.profiles import ProfileChain, profile_neighbors
from lrtheory.alpha_rank.chains.transition import check_chain
from lrtheory.alpha_rank.problem import payoff_tables
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.alpha_rank.stationary.distribution import MAX_DENSE
from lrtheory.alpha_rank.theory.perturbation import mass_interval

__all__ = ["RankingIntervals", "ranking_intervals"]


@result
class RankingIntervals(Result):
    """The intervals on the masses of profiles.

    Attributes
    ----------
    lower, upper : array of shape (s_1, ..., s_K), or of shape (n_targets,)
        Least and largest mass over all orientations of the open edges.
    n_solves : int
        Linear solves.
    """

    lower: np.ndarray
    upper: np.ndarray
    n_solves: int


@arrays("host")
def ranking_intervals(
    lower: ArrayLike, upper: ArrayLike, *, epsilon: float | Fraction = 1e-3, targets: Iterable[int] | None = None
) -> RankingIntervals:
    r"""Compute intervals that contain the infinite-alpha mass of every profile when the payoffs lie in theirs.

    Arrays: any (copied to the host)

    Parameters
    ----------
    lower, upper : array of shape (K, s_1, ..., s_K), or sequence of K tables
        Intervals on the payoffs, such as ``lower`` and ``upper`` of a `GraphEstimate`. Fractions give exact answers.
    epsilon : float or Fraction
        Perturbation of the chain, in (0, 0.5).
    targets : iterable of int, optional
        Profile numbers to solve for; by default all, two runs of policy iteration each.

    Returns
    -------
    RankingIntervals
        Ends of the masses in `lower` and `upper`, of shape (s_1, ..., s_K), or (n_targets,) where targets are given.

    Raises
    ------
    ValueError
        If the shapes differ, some lower end is above its upper end, or a target is not a profile.
    RuntimeError
        If policy iteration does not end, because rounding turns edges to and fro; no interval would be certain.

    Notes
    -----
    lower(s) <= pi_epsilon(s) <= upper(s) for all payoffs in the box (statement RU-T2), hence
    sum lower <= 1 <= sum upper. Open edges are oriented one by one, so with three or more strategies an end need not be
    attained by payoffs inside the box (RU-T3). Intervals that touch leave their edge open.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, section 5.

    Examples
    --------
    One player, two strategies, nothing known:

    >>> found = ranking_intervals([[0, 0]], [[1, 1]], epsilon=0.25)
    >>> found.lower.tolist(), found.upper.tolist()
    ([0.25, 0.25], [0.75, 0.75])
    """
    low, high = payoff_tables(lower, name="lower"), payoff_tables(upper, name="upper")
    _, _, epsilon = check_chain(np.inf, 2, epsilon)
    if low.dtype == object or high.dtype == object:
        epsilon = Fraction(epsilon)
    if low.shape != high.shape:
        raise must("upper", f"of shape {low.shape}", high.shape)
    if (low > high).any():
        raise must("lower", "at most `upper` everywhere", low[low > high][0])
    sizes = low.shape[1:]
    n = low[0].size
    if n > MAX_DENSE:
        raise must("lower", f"a game of at most {MAX_DENSE} profiles", n)
    if targets is not None and not isinstance(targets, Iterable):
        raise must("targets", "None or profile numbers", targets, TypeError)
    chosen = range(n) if targets is None else [integer("targets", s, low=0, high=n - 1) for s in targets]
    neighbors, direction, is_open = open_edges(low, high)
    least, most, n_solves = [], [], 0
    for target in chosen:
        longest, a = extreme_return_time(neighbors, direction, is_open, target, epsilon, sense=1)
        shortest, b = extreme_return_time(neighbors, direction, is_open, target, epsilon, sense=-1)
        low_mass, high_mass = mass_interval(longest, shortest)
        least.append(low_mass)
        most.append(high_mass)
        n_solves += a + b
    dtype = object if isinstance(epsilon, Fraction) else low.dtype
    shape = sizes if targets is None else (len(least),)
    return RankingIntervals(np.array(least, dtype).reshape(shape), np.array(most, dtype).reshape(shape), n_solves)


def open_edges(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Return neighbors, directions and open edges of a box of payoffs, each of shape (\|S\|, D).

    An edge is resolved when the two intervals of the deviating player are disjoint. Open edges point towards the larger
    profile number; this is only where policy iteration starts.
    """
    sizes = low.shape[1:]
    neighbors, players = profile_neighbors(sizes)
    low, high = low.reshape(len(sizes), -1), high.reshape(len(sizes), -1)
    better = low[players[None, :], neighbors] > high[players].T
    worse = high[players[None, :], neighbors] < low[players].T
    is_open = ~(better | worse)
    upwards = neighbors > np.arange(len(neighbors))[:, None]
    direction = np.where(better | (is_open & upwards), 1, -1)
    return neighbors, direction, is_open


def extreme_return_time(
    neighbors: np.ndarray,
    direction: np.ndarray,
    is_open: np.ndarray,
    target: int,
    epsilon: Any,
    *,
    sense: int,
    trace: list[Any] | None = None,
) -> tuple[Any, int]:
    r"""Compute the largest (sense 1) or smallest (sense -1) mean return time to a profile, and count the solves.

    Policy iteration: solve for the hitting times h, turn each open edge towards the larger (smaller) h, repeat. Both
    ends of an edge want the same: x wants C_xy large when h(y) > h(x), and y wants C_yx large when h(x) > h(y). A list
    given as `trace` receives the return time of every iteration. It is a RuntimeError if the iteration does not end.
    """
    direction = direction.copy()
    # policy iteration is monotone (P7), so it ends by itself in exact arithmetic; rounding might go round in circles
    max_solves = 100 + 10 * int(is_open.sum())
    for n_solves in range(1, max_solves + 1):
        hitting, return_time = hitting_times(ProfileChain((), neighbors, direction), target, epsilon)
        if trace is not None:
            trace.append(return_time)
        # the target has h = 0 and all others h > 0: its open edges lead away from it for the longest return time
        uphill = hitting[neighbors] - hitting[:, None]
        # rounding noise must not turn edges to and fro; Fractions have none
        noise = 0 if hitting.dtype == object else 1e-12 * np.maximum(hitting[neighbors], hitting[:, None])
        wanted = sense * (np.asarray(uphill > noise, dtype=np.int64) - np.asarray(uphill < -noise, dtype=np.int64))
        turn = is_open & (wanted != 0) & (wanted != direction)
        if not turn.any():
            return return_time, n_solves
        direction[turn] = wanted[turn]
    # the return time of the last orientation is not extreme, and an interval that ends at it would be too narrow
    raise RuntimeError(f"policy iteration for profile {target} did not end within {max_solves} solves.")


def hitting_times(chain: ProfileChain, target: int, epsilon: Any) -> tuple[np.ndarray, Any]:
    """Compute mean hitting times of a profile in the epsilon chain, and its mean return time (P6: pi R = 1)."""
    rates = chain.epsilon_rates(epsilon)
    matrix = chain.dense(rates)
    swap = np.arange(len(matrix))
    swap[[0, target]] = target, 0  # the elimination keeps state 0
    matrix = np.ascontiguousarray(matrix[np.ix_(swap, swap)])
    one = Fraction(1) if matrix.dtype == object else 1.0
    exits, times = np.full(len(matrix), 0 * one, matrix.dtype), np.full(len(matrix), one, matrix.dtype)
    eliminate, solve = elimination.eliminate, elimination.hitting_times
    if matrix.dtype == object:
        eliminate, solve = eliminate.py_func, solve.py_func
    # epsilon > 0 makes the chain irreducible, so the elimination finds an exit everywhere
    eliminate(matrix, exits)
    solve(matrix, exits, times)
    times = times[swap]
    # first step analysis; a step that stays at the target adds its hitting time 0
    return times, 1 + (rates[target] * times[chain.neighbors[target]]).sum()
