"""What runs of ResponseGraphUCB report, and which reports cannot be true of the plays that they tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from lrtheory.alpha_rank import response_graph_ucb_batch
from lrtheory.alpha_rank.chains.profiles import profile_neighbors
from lrtheory.bounds import rounding
from proofs_checks.alpha_rank.families.matches import Directed, Match, Sampled, Told

RUNS = 50  # of an inequality that holds on every run


def is_bernoulli(match: Match) -> bool:
    """Whether one play returns 0 or 1."""
    return match.game.outcomes == "bernoulli"


def told(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Told:
    """Independent runs of ResponseGraphUCB; without options count-weighted, Hoeffding, anytime and joint."""
    limits = {"delta": match.delta, "max_samples": match.max_samples}
    found = response_graph_ucb_batch(match.game, n, **limits, **options, rng=rng)
    return Told(found.means, found.n_samples, found.lower, found.upper, found.direction, found.resolved)


def sampled(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Sampled:
    """What they report, without the directions."""
    found = told(match, rng, n, **options)
    return Sampled(found.means, found.n_samples, found.lower, found.upper)


def directed(match: Match, rng: np.random.Generator, n: int = RUNS, **options: Any) -> Directed:
    """What they decide."""
    found = told(match, rng, n, **options)
    return Directed(found.direction, found.resolved)


def an_interval_missed(match: Match, runs: Sampled) -> np.ndarray:
    """Whether some confidence interval missed its mean at some time; the intersections over time tell."""
    means = match.game.payoffs
    missed = (runs.lower > means) | (means > runs.upper)
    return missed.reshape(len(missed), -1).any(1)


def unfounded(match: Match, runs: Sampled, slack: float = 0.0, exact: bool = False) -> np.ndarray:
    """Runs that report what cannot be: plays and means are no counts, intervals wider than those of the last play.

    Nor may a run end before all of its intervals are disjoint, up to twice the slack, unless it has used its cap.
    """
    n, means, lower, upper = (np.asarray(x, float) for x in (runs.n_samples, runs.means, runs.lower, runs.upper))
    plays = np.maximum(n, 1.0)[:, None]
    slip = rounding(1000, 1.0)
    wins = np.rint(means * plays)
    wrong = (n < 1)[:, None] | (wins < 0) | (wins > plays) | (abs(means * plays - wins) > slip * plays)
    wins = np.where(wrong, 0.0, wins)
    level = float(match.delta) * 6 / (math.pi**2 * plays**2 * match.game.payoffs.size)
    if exact:
        low = np.where(wins > 0, special.betaincinv(np.maximum(wins, 1), plays - wins + 1, level / 2), 0.0)
        lost = np.maximum(plays - wins, 1)
        high = np.where(wins < plays, special.betainccinv(plays - lost + 1, lost, level / 2), 1.0)
    else:
        radius = np.sqrt(np.log(2 / level) / (2 * plays))
        low, high = np.maximum(means - radius, 0.0), np.minimum(means + radius, 1.0)
    wrong = (wrong | (lower < low - slip) | (upper > high + slip)).reshape(len(n), -1).any(axis=1)
    total, cap = n.reshape(len(n), -1).sum(axis=1), match.max_samples or math.inf
    return wrong | (total > cap) | ((total < cap) & an_edge_is_open(match, lower, upper, 2 * slack + slip))


def an_edge_is_open(match: Match, lower: np.ndarray, upper: np.ndarray, overlap: float) -> np.ndarray:
    """Whether two intervals of a player who can deviate overlap by more than so much."""
    neighbors, players = profile_neighbors(match.game.sizes)
    low, high = (x.reshape(len(x), len(match.game.payoffs), -1) for x in (lower, upper))
    rise = low[:, players[None, :], neighbors] - high[:, players].swapaxes(1, 2)
    fall = low[:, players].swapaxes(1, 2) - high[:, players[None, :], neighbors]
    return (np.maximum(rise, fall) < -overlap).reshape(len(low), -1).any(axis=1)


def missed_or_unfounded(match: Match, runs: Sampled, **options: Any) -> np.ndarray:
    """The event that the intervals promise to avoid; a run that reports what cannot be has not avoided it."""
    return an_interval_missed(match, runs) | unfounded(match, runs, **options)
