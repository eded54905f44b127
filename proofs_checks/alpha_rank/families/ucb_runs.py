"""Instances of games with Bernoulli outcomes that ResponseGraphUCB samples, and of counts of such outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.alpha_rank import Game, load_kuhn
from lrtheory.bounds import Draws, Family


@dataclass(frozen=True)
class Match:
    """A game with Bernoulli outcomes, the failure probability, and a cap where ties keep the sampling going."""

    game: Game
    delta: float
    max_samples: int | None = None


@dataclass(frozen=True)
class Sampled:
    """The reports of runs, with a leading axis of runs: means, plays of each profile, intervals on the means."""

    means: np.ndarray
    n_samples: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Directed:
    """The decisions of runs, with a leading axis of runs: directions of edges, and which of them are certain."""

    direction: np.ndarray
    resolved: np.ndarray


@dataclass(frozen=True)
class Told(Sampled):
    """The reports and the decisions of runs."""

    direction: np.ndarray
    resolved: np.ndarray


def one_gap(gap: float) -> Match:
    """Make two players with two strategies, of means 1/2 -+ gap / 2; a negative gap makes the first one better."""
    own = np.array([0.5 - gap / 2, 0.5 + gap / 2])
    return Match(Game(np.stack([np.tile(own[:, None], (1, 2)), np.tile(own, (2, 1))]), outcomes="bernoulli"), 0.1)


def one_edge(low: float, high: float, max_samples: int | None, delta: float = 0.1) -> Match:
    """Make one player with two strategies, hence one edge."""
    return Match(Game(np.array([[low, high]]), outcomes="bernoulli"), delta, max_samples)


def staggered(*sizes: int) -> Match:
    """Make own payoffs spread over [0.1, 0.9], with gaps that differ from line to line."""
    payoffs = np.empty((len(sizes), *sizes))
    for k, n in enumerate(sizes):
        others = np.indices(sizes).sum(0) - np.indices(sizes)[k]
        payoffs[k] = 0.1 + 0.8 * np.indices(sizes)[k] / (n - 1) * (1 - 0.3 * others / max(1, others.max()))
    return Match(Game(payoffs, outcomes="bernoulli"), 0.1)


def near_tie() -> Match:
    """Make a 4 x 4 game with one edge that is much harder than the others."""
    rows = np.tile(np.array([0.0, 0.25, 0.5, 0.75])[:, None], (1, 4))
    rows[1, 0] = 0.45  # 1/20 below row 2, where all other gaps are at least 1/4
    columns = np.tile(np.array([0.0, 0.3, 0.6, 0.9]), (4, 1))
    return Match(Game(np.stack([rows, columns]), outcomes="bernoulli"), 0.1)


def kuhn_matches() -> Match:
    """Make the 3-player Kuhn meta-game, chips read as win probabilities; tied edges need a cap on the sampling."""
    return Match(load_kuhn(3, iterations=3, units="unit"), 0.1, max_samples=4000)


SIZES = ((2,), (3,), (2, 2), (2, 3), (2, 2, 2))


def draw_match(draws: Draws) -> Match:
    """Draw sixteenths as win probabilities, ties among them, and some cap."""
    sizes = draws.choice(SIZES)
    payoffs = draws.integers(0, 16, shape=(len(sizes), *sizes)) / 16
    return Match(Game(payoffs, outcomes="bernoulli"), draws.choice((0.25, 0.1, 0.05)), draws.choice((60, 500, 2000)))


def draw_resolved(draws: Draws) -> Match:
    """Draw sixteenths that differ by at least 5/16 on every edge, without a cap."""
    sizes = draws.choice(SIZES)
    payoffs = np.empty((len(sizes), *sizes))
    for k, n in enumerate(sizes):
        others = tuple(size for i, size in enumerate(sizes) if i != k)
        # gaps of 5/16 or more end the sampling soon, so that no cap is needed
        lines = [
            (5 * draws.permutation(n) + draws.integers(0, 16 - 5 * (n - 1))) / 16 for _ in range(int(np.prod(others)))
        ]
        payoffs[k] = np.moveaxis(np.reshape(lines, (*others, n)), -1, k)
    return Match(Game(payoffs, outcomes="bernoulli"), draws.choice((0.25, 0.1, 0.05)))


MATCHES = Family(
    "matches",
    always=lambda: (
        one_edge(0.25, 0.75, 60),  # enumerated, see `exact_chances`
        one_gap(0.5),
        staggered(3, 3),
        staggered(2, 2, 2),
        kuhn_matches(),
    ),
    draw=draw_match,
)


RESOLVED_MATCHES = Family(
    "resolved-matches",
    always=(one_gap(0.5), staggered(3, 3), staggered(2, 2, 2), near_tie()),
    draw=draw_resolved,
)


# instances on which single saboteurs are refuted with few plays
HALF_GAP = Family("half-gap", always=(one_gap(0.5),))


EASY_MATCH = Family("easy-match", always=(replace(one_gap(0.8), max_samples=2000),))


NEAR_TIE = Family("near-tie", always=(near_tie(),))
