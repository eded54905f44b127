"""Reports of runs of ResponseGraphUCB, and tests for reports that cannot be true of their own plays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory.alpha_rank import response_graph_ucb_batch, theory
from lrtheory.alpha_rank.chains.profiles import profile_neighbors
from lrtheory.bounds import Sides, rounding
from proofs_checks.alpha_rank.families.ucb_runs import Match, Sampled, Told

RUNS = 50  # of an inequality that holds on every run


def is_bernoulli(match: Match) -> bool:
    """Tell whether one play returns 0 or 1."""
    return match.game.outcomes == "bernoulli"


def told(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Told:
    """Run ResponseGraphUCB n times; without options count-weighted, Hoeffding, anytime and joint."""
    limits = {"delta": match.delta, "max_samples": match.max_samples}
    found = response_graph_ucb_batch(match.game, n, **limits, **options, rng=rng)
    return Told(found.means, found.n_samples, found.lower, found.upper, found.direction, found.resolved)


def sampled(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Sampled:
    """Run ResponseGraphUCB n times and return means, plays and intervals, without the directions."""
    found = told(match, rng, n, **options)
    return Sampled(found.means, found.n_samples, found.lower, found.upper)


def an_interval_missed(match: Match, runs: Sampled) -> np.ndarray:
    """Tell for each run whether an interval missed its mean at some time, by their intersections over time."""
    means = match.game.payoffs
    missed = (runs.lower > means) | (means > runs.upper)
    return missed.reshape(len(missed), -1).any(1)


def an_edge_is_open(match: Match, lower: np.ndarray, upper: np.ndarray, overlap: float) -> np.ndarray:
    """Tell for each run whether two intervals of a deviating player overlap by more than `overlap`."""
    neighbors, players = profile_neighbors(match.game.sizes)
    low, high = (x.reshape(len(x), len(match.game.payoffs), -1) for x in (lower, upper))
    rise = low[:, players[None, :], neighbors] - high[:, players].swapaxes(1, 2)
    fall = low[:, players].swapaxes(1, 2) - high[:, players[None, :], neighbors]
    return (np.maximum(rise, fall) < -overlap).reshape(len(low), -1).any(axis=1)


def unfounded(match: Match, runs: Sampled, slack: float = 0.0, exact: bool = False) -> np.ndarray:
    """Find runs whose report is impossible: means that no counts give, intervals wider than those of the last play.

    Nor may a run end before all of its intervals are disjoint, up to twice the slack, unless it has used its cap.
    """
    n, means, lower, upper = (np.asarray(x, float) for x in (runs.n_samples, runs.means, runs.lower, runs.upper))
    plays = np.maximum(n, 1.0)[:, None]
    # quantiles of the beta distribution are accurate to some hundred roundings
    slip = rounding(1000, 1.0)
    # outcomes are 0 or 1, so plays times mean must be a whole number of wins
    wins = np.rint(means * plays)
    # every profile is played at least once before a run may end
    wrong = (n < 1)[:, None] | (wins < 0) | (wins > plays) | (abs(means * plays - wins) > slip * plays)
    wins = np.where(wrong, 0.0, wins)
    delta, n_means = float(match.delta), match.game.payoffs.size
    if exact:
        low, high = theory.clopper_pearson(wins, plays, delta * 6 / (math.pi**2 * plays**2 * n_means))
    else:
        radius = theory.hoeffding_radius(plays, delta=delta, n_means=n_means)
        low, high = np.maximum(means - radius, 0.0), np.minimum(means + radius, 1.0)
    wrong = (wrong | (lower < low - slip) | (upper > high + slip)).reshape(len(n), -1).any(axis=1)
    total, cap = n.reshape(len(n), -1).sum(axis=1), match.max_samples or math.inf
    return wrong | (total > cap) | ((total < cap) & an_edge_is_open(match, lower, upper, 2 * slack + slip))


def missed_or_unfounded(match: Match, runs: Sampled, **options: Any) -> np.ndarray:
    """Tell for each run whether an interval missed, or the report is impossible, which counts as a miss."""
    return an_interval_missed(match, runs) | unfounded(match, runs, **options)


def at_most_so_many(match: Match, runs: Sampled, bound: Any, wrong: np.ndarray) -> Sides:
    """Compare plays of each profile with a bound where the intervals held; the last column, `wrong`, must be false."""
    n_samples = runs.n_samples.reshape(len(wrong), -1)
    lhs = np.hstack([n_samples, wrong[:, None].astype(int)])
    rhs = np.broadcast_to(np.r_[bound, 0], lhs.shape)
    # a cap limits the plays of any sampler; without one its counts may be any number
    trivial = np.broadcast_to(np.r_[np.full(n_samples.shape[1], match.max_samples or math.inf), 1.0], lhs.shape)
    held = np.repeat(~an_interval_missed(match, runs)[:, None], n_samples.shape[1], axis=1)
    where = np.hstack([held, np.ones((len(held), 1), bool)])
    return Sides(lhs, rhs, trivial=trivial, where=where)
