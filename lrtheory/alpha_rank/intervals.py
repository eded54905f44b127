r"""Intervals on the ranking that follow from intervals on the payoffs.

An edge of the response graph whose two payoff intervals overlap may point either way. Over all orientations of these
edges, the mean return time R(s) = 1 / pi(s) in the perturbed chain has its extremes where

.. math:: h(x) = 1 + \sum_y C_{xy} h(y), \quad h(s) = 0,

orients every open edge towards the larger h (longest return) or the smaller h (shortest), a stochastic shortest path
problem that policy iteration solves with a few linear solves (statement RU-T1). In a single population the edges are
those of the complete graph, and a pair is open where the intervals of M(r, s) and M(s, r) overlap (RU-T5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, is_iterable, must, open_interval
from lrtheory.alpha_rank.chains.profiles import ProfileChain, profile_neighbors
from lrtheory.alpha_rank.matches.boxes import Box, box_of
from lrtheory.alpha_rank.matches.seats import SeatTable
from lrtheory.alpha_rank.matches.table import MatchTable
from lrtheory.alpha_rank.problem import Names, profile_columns, profile_names
from lrtheory.alpha_rank.sampling.ucb import GraphEstimate
from lrtheory.alpha_rank.stationary import elimination, identical_players
from lrtheory.alpha_rank.stationary.distribution import MAX_DENSE
from lrtheory.alpha_rank.theory.perturbation import certain_directions, mass_interval

__all__ = ["RankingIntervals", "ranking_intervals"]

#: names that a sentence lists
MOST_NAMES = 8


@result
class RankingIntervals(Result):
    """The intervals on the masses of profiles.

    Attributes
    ----------
    lower, upper : array of shape (s_1, ..., s_K), or of shape (n_targets,)
        Least and largest mass over all orientations of the open edges.
    names : tuple of tuples of str, or None
        Names of the strategies.
    targets : int64 array of shape (n_targets,), or None
        Profile numbers of the masses where not all were asked for.
    sizes : tuple of int
        Number of strategies of each player.
    population : str
        "multi" or "single".
    perturbation : float or Fraction
        Perturbation of the chain.
    n_solves : int
        Linear solves.
    message : str
        Source of the intervals on the payoffs, and their assumptions.
    counts : mapping
        ``edges`` of the response graph, and ``open_edges``.
    """

    lower: np.ndarray
    upper: np.ndarray
    names: tuple[tuple[str, ...], ...] | None
    targets: np.ndarray | None
    sizes: tuple[int, ...]
    population: str
    perturbation: float | Fraction
    n_solves: int
    message: str
    counts: Mapping[str, int]

    def candidates(self) -> np.ndarray:
        r"""Find the profiles that may have the largest mass.

        Returns
        -------
        int64 array of one axis
            Profile numbers, by decreasing upper end; all others have less mass than some profile, whatever payoffs lie
            in their intervals. Profiles that were not solved for are among them, at the end.

        Notes
        -----
        The largest mass is at least every lower end, and at least the average, 1 / \|S\|.
        """
        lower, upper = self.ends()
        # masses that are equal in a cycle differ by rounding
        able = upper >= max(lower.max(), 1 / lower.size) * (1 - 1e-9)
        order = in_order(lower, upper, np.zeros(lower.size))
        if self.targets is not None:
            order = order[np.argsort(~np.isin(order, self.targets), kind="stable")]
        return order[able[order]]

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        r"""Return both ends for all profiles: 0 and 1 for those that were not solved for.

        Returns
        -------
        lower, upper : float64 array of shape (\|S\|,)
            The ends.
        """
        if self.targets is None:
            return self.lower.ravel().astype(np.float64), self.upper.ravel().astype(np.float64)
        n = math.prod(self.sizes)
        lower, upper = np.zeros(n), np.ones(n)
        lower[self.targets], upper[self.targets] = self.lower, self.upper
        return lower, upper

    def first(self) -> str:
        """Say who can be first.

        Returns
        -------
        str
            A sentence without a full stop.
        """
        able = self.candidates()
        names = profile_names(self.names, self.sizes, able[:MOST_NAMES])
        listed = ", ".join(names) + (f" and {len(able) - len(names):,} more" if len(able) > len(names) else "")
        if len(able) == 1:
            return f"first is certain: {listed}"
        certain = self.counts["open_edges"] == 0
        return f"first is shared for certain: {listed}" if certain else f"first can be: {listed}"

    def _columns(self) -> dict[str, Any]:
        profiles = np.arange(self.lower.size) if self.targets is None else self.targets
        lower, upper = self.lower.ravel(), self.upper.ravel()
        order = in_order(lower, upper, np.zeros(lower.size))
        names = profile_columns(self.names, self.sizes, profiles[order])
        return names | {"lower": lower[order], "upper": upper[order]}

    def _facts(self) -> list[str]:
        statement = "RU-T5" if self.population == "single" else "RU-T2"
        edges, still_open = self.counts["edges"], self.counts["open_edges"]
        facts = [f"{self.first()} ({statement}); {edges - still_open:,} of {edges:,} directions are certain"]
        facts += [f"masses of the chain with perturbation = {float(self.perturbation):g}"]
        return facts + [self.message] * bool(self.message)

    def _draw(self, ax: Any) -> None:
        from lrtheory._result import display

        *names, lower, upper = display.plain(self._columns()).values()
        words = [", ".join(map(str, row)) for row in zip(*names, strict=True)]
        display.intervals(ax, words, lower, upper, label="mass")
        ax.set_xlim(-0.02, 1.02)

    def _decided(self) -> bool | None:
        """Whether one profile is certainly first; None while some direction that could tell is open."""
        if len(self.candidates()) == 1:
            return True
        return False if self.counts["open_edges"] == 0 and self.targets is None else None


def in_order(lower: np.ndarray, upper: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """The order of decreasing upper, then lower ends, then decreasing `ties`; rounding in the ends decides nothing."""
    rounded = [np.array([float(f"{x:.9g}") for x in ends.astype(np.float64)]) for ends in (lower, upper)]
    return np.lexsort((-ties, -rounded[0], -rounded[1]))


@arrays("host")
def ranking_intervals(
    lower: MatchTable | SeatTable | GraphEstimate | ArrayLike,
    upper: ArrayLike | None = None,
    *,
    population: Literal["multi", "single"] | None = None,
    perturbation: float | Fraction = 1e-3,
    delta: float | None = None,
    targets: Iterable[int] | None = None,
    names: Names | None = None,
) -> RankingIntervals:
    r"""Compute intervals that contain the infinite-alpha mass of every profile when the payoffs lie in theirs.

    Arrays: any (copied to the host)

    Parameters
    ----------
    lower : MatchTable, SeatTable, GraphEstimate, array of shape (K, s_1, ..., s_K) or (n, n), or sequence of K tables
        Lower ends of intervals on the payoffs; with a single population one square table, M(r, s) the payoff of r
        against s. Fractions give exact answers. Or what was counted or sampled, which brings both ends.
    upper : array of the shape of `lower`, or None
        Upper ends; left out beside what was counted or sampled.
    population : {"multi", "single"} or None
        One population for each player, or a single one; None means single for a `MatchTable`, and multi otherwise.
    perturbation : float or Fraction
        Perturbation of the chain, in (0, 0.5).
    delta : float or None
        Failure probability of the intervals on the means of a `MatchTable` or `SeatTable`, in (0, 1); None means 0.05.
        Left out for all others.
    targets : iterable of int, optional
        Profile numbers to solve for; by default all, two runs of policy iteration each.
    names : sequence of K sequences of str, optional
        Names of the strategies; by default those of what was counted, or on the axes of pandas frames.

    Returns
    -------
    RankingIntervals
        Ends of the masses in `lower` and `upper`, of shape (s_1, ..., s_K), or (n_targets,) where targets are given;
        `candidates` finds those that can be first.

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
    attained by payoffs inside the box (RU-T3). Intervals that touch leave their edge open. In a single population the
    ends are attained unless intervals touch (RU-T5).

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, section 5.

    Examples
    --------
    One player, two strategies, nothing known:

    >>> found = ranking_intervals([[0, 0]], [[1, 1]], perturbation=0.25)
    >>> found.lower.tolist(), found.upper.tolist()
    ([0.25, 0.25], [0.75, 0.75])

    Forty matches of a leaderboard, which leave open who is first:

    >>> from lrtheory.alpha_rank import table_from_matches
    >>> log = [("ann", "bob")] * 20 + [("ann", "cat")] * 10 + [("bob", "cat")] * 10
    >>> table = table_from_matches(log, ["win", "loss"] * 5 + ["win"] * 30)
    >>> ranking_intervals(table).first()
    'first can be: ann, bob'
    """
    box = box_of(lower, upper, population=population, delta=delta, names=names)
    return solve_box(box, perturbation, targets)


def solve_box(box: Box, perturbation: Any, targets: Iterable[int] | None = None) -> RankingIntervals:
    """Compute the ends of the masses over all orientations of the edges that a box leaves open."""
    open_interval("perturbation", perturbation, 0, 0.5)
    low, high = box.lower, box.upper
    if low.dtype == object or high.dtype == object:
        perturbation = Fraction(perturbation)
    sizes = low.shape[:1] if box.population == "single" else low.shape[1:]
    n = math.prod(sizes)
    if n > MAX_DENSE:
        raise must("lower", f"a game of at most {MAX_DENSE} profiles", n)
    if targets is not None and not is_iterable(targets):
        raise must("targets", "None or profile numbers", targets, TypeError)
    chosen = range(n) if targets is None else [integer("targets", s, low=0, high=n - 1) for s in targets]
    neighbors, direction, is_open = (open_pairs if box.population == "single" else open_edges)(low, high)
    least, most, n_solves = [], [], 0
    for target in chosen:
        longest, a = extreme_return_time(neighbors, direction, is_open, target, perturbation, sense=1)
        shortest, b = extreme_return_time(neighbors, direction, is_open, target, perturbation, sense=-1)
        low_mass, high_mass = mass_interval(longest, shortest)
        least.append(low_mass)
        most.append(high_mass)
        n_solves += a + b
    dtype = object if isinstance(perturbation, Fraction) else low.dtype
    shape = sizes if targets is None else (len(least),)
    return RankingIntervals(
        lower=np.array(least, dtype).reshape(shape),
        upper=np.array(most, dtype).reshape(shape),
        names=box.names,
        targets=None if targets is None else np.array(list(chosen), np.int64),
        sizes=sizes,
        population=box.population,
        perturbation=perturbation,
        n_solves=n_solves,
        message=box.message,
        counts={"edges": is_open.size // 2, "open_edges": int(is_open.sum()) // 2},
    )


def solve_many(box: Box, perturbation: Any, order: np.ndarray, work: float) -> RankingIntervals:
    """Compute the ends of masses in a single population of many players, in doubles, those alike once for all.

    Linear systems have a row for each player with a certain direction. `work` limits the sum of their cubes; where it
    does not allow all, those who are alike come first and the others in this order; none at all is possible.
    """
    open_interval("perturbation", perturbation, 0, 0.5)
    certain, perturbation = certain_directions(box.lower, box.upper), float(perturbation)
    n, with_one = len(certain), identical_players.touched(certain)
    others = np.setdiff1d(np.arange(n), with_one)
    n_targets = int(work // (len(with_one) + 1) ** 3)
    # those who are alike have one mass, so one of them stands for all
    wanted = [*others[:1].tolist(), *order[np.isin(order, with_one)].tolist()][:n_targets]
    lower, upper, n_solves, solved = np.zeros(n), np.ones(n), 0, np.zeros(n, bool)
    for target in wanted:
        longest, shortest, solves = identical_players.return_times(certain, target, perturbation)
        same = np.array([target]) if certain[target].any() else others
        lower[same], upper[same] = mass_interval(longest, shortest)
        solved[same], n_solves = True, n_solves + solves
    targets = None if solved.all() else np.flatnonzero(solved)
    n_edges = n * (n - 1) // 2
    return RankingIntervals(
        lower=lower if targets is None else lower[targets],
        upper=upper if targets is None else upper[targets],
        names=box.names,
        targets=targets,
        sizes=(n,),
        population=box.population,
        perturbation=perturbation,
        n_solves=n_solves,
        message=box.message,
        counts={"edges": n_edges, "open_edges": n_edges - int((certain != 0).sum()) // 2},
    )


def open_pairs(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return neighbors, directions and open edges of intervals on a square table, each of shape (n, n - 1).

    As for `open_edges`, open ones point towards the larger number.
    """
    neighbors, _ = profile_neighbors((len(low),))
    residents = np.arange(len(low))[:, None]
    certain = certain_directions(low, high)[neighbors, residents]
    is_open = certain == 0
    return neighbors, np.where(is_open, np.where(neighbors > residents, 1, -1), certain).astype(np.int64), is_open


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
    perturbation: Any,
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
        hitting, return_time = hitting_times(ProfileChain((), neighbors, direction), target, perturbation)
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


def hitting_times(chain: ProfileChain, target: int, perturbation: Any) -> tuple[np.ndarray, Any]:
    """Compute mean hitting times of a profile in the perturbed chain, and its mean return time (P6: pi R = 1)."""
    rates = chain.perturbed_rates(perturbation)
    matrix = chain.dense(rates)
    swap = np.arange(len(matrix))
    swap[[0, target]] = target, 0  # the elimination keeps state 0
    matrix = np.ascontiguousarray(matrix[np.ix_(swap, swap)])
    one = Fraction(1) if matrix.dtype == object else 1.0
    exits, times = np.full(len(matrix), 0 * one, matrix.dtype), np.full(len(matrix), one, matrix.dtype)
    eliminate, solve = elimination.eliminate, elimination.hitting_times
    if matrix.dtype == object:
        eliminate, solve = eliminate.py_func, solve.py_func
    # perturbation > 0 makes the chain irreducible, so the elimination finds an exit everywhere
    eliminate(matrix, exits)
    solve(matrix, exits, times)
    times = times[swap]
    # first step analysis; a step that stays at the target adds its hitting time 0
    return times, 1 + (rates[target] * times[chain.neighbors[target]]).sum()
