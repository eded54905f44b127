"""Failure probabilities by summing over all outcomes, where an instance is small or its outcomes are independent."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from lrtheory.alpha_rank import theory
from proofs_checks.alpha_rank.families.estimated_payoffs import SampledGame
from proofs_checks.alpha_rank.families.ucb_runs import Match

#: the caps on the plays of one edge up to which counts are enumerated: played in turn, and at a coin's end
MOST_PLAYS = {"in turn": 60, "coins": 36}


State = tuple[int, int, int, int]  # plays and successes of the first strategy, then of the second


Intervals = Callable[[int, int, float], tuple[float, float]]


def hoeffding(x: int, n: int, level: float) -> tuple[float, float]:
    """Return Hoeffding's interval around the mean x / n of n outcomes."""
    radius = theory.hoeffding_radius(n, delta=level, n_means=1, anytime=False)
    return x / n - radius, x / n + radius


@cache
def clopper_pearson(x: int, n: int, level: float) -> tuple[float, float]:
    """Compute the exact interval, by SciPy's quantiles of the beta distribution."""
    low = float(stats.beta.ppf(level / 2, x, n - x + 1)) if x > 0 else 0.0
    return low, float(stats.beta.isf(level / 2, x + 1, n - x)) if x < n else 1.0


def _is_small(match: Match, order: str) -> bool:
    return match.game.sizes == (2,) and match.max_samples is not None and match.max_samples <= MOST_PLAYS[order]


def _plays(state: State, order: str, p: list[float]) -> Iterator[tuple[int, State, float]]:
    """Yield which strategy may be played next, the counts after it, and how likely they are."""
    n, x, m, y = state
    share = 1.0 if order == "in turn" or n == 0 or m == 0 else 0.5
    # in turn: the one with fewer plays, the first where both have as many; by coin: either, once both have a play
    if share < 1 or n <= m:
        yield 0, (n + 1, x + 1, m, y), share * p[0]
        yield 0, (n + 1, x, m, y), share * (1 - p[0])
    if share < 1 or n > m:
        yield 1, (n, x, m + 1, y + 1), share * p[1]
        yield 1, (n, x, m + 1, y), share * (1 - p[1])


def _chance(match: Match, order: str, intervals: Intervals, happens: Callable[[int, Any], bool]) -> float:
    """Compute the chance that the event happens at some play, before the edge is resolved or the cap is reached."""
    p, total = match.game.payoffs[0].tolist(), 0.0
    levels = [match.delta * 6 / (math.pi**2 * n**2 * match.game.payoffs.size) for n in range(1, match.max_samples + 1)]
    table = [[intervals(x, n, level) for x in range(n + 1)] for n, level in enumerate(levels, 1)]
    table.insert(0, [(0.0, 1.0)])
    alive: dict[State, float] = {(0, 0, 0, 0): 1.0}
    # `alive` holds the chances of the counts after so many plays, of runs without the event and with an open edge
    for _ in range(match.max_samples):
        following: dict[State, float] = defaultdict(float)
        for state, mass in alive.items():
            for side, (n, x, m, y), share in _plays(state, order, p):
                ends = table[n][x], table[m][y]
                if happens(side, ends):
                    total += mass * share
                elif ends[1][0] <= ends[0][1] and ends[0][0] <= ends[1][1]:
                    following[n, x, m, y] += mass * share
        alive = following
    return total


def interval_missed(match: Match, intervals: Intervals = hoeffding) -> float | None:
    """Compute P(an interval misses its mean while plays go in turn); None unless one edge is played a few times."""
    p = match.game.payoffs.ravel().tolist()
    misses = lambda side, ends: not ends[side][0] <= p[side] <= ends[side][1]
    return _chance(match, "in turn", intervals, misses) if _is_small(match, "in turn") else None


def wrong_direction(match: Match) -> float | None:
    """Compute P(an edge is resolved wrongly, ends played by coin); None unless one edge is played a few times."""
    worse = int(np.argmin(match.game.payoffs))
    above = lambda side, ends: ends[worse][0] > ends[1 - worse][1]
    return _chance(match, "coins", hoeffding, above) if _is_small(match, "coins") else None


def _line_out_of_order(p: np.ndarray, n: int) -> float:
    """Compute P(numbers of successes with rising probabilities p do not rise), by where the first one fails to."""
    counts, broken = np.arange(n + 1), 0.0
    rising = stats.binom.pmf(counts, n, p[0])  # weight of the last number, as long as all have risen
    for chance in p[1:]:
        law = stats.binom.pmf(counts, n, chance)
        broken += float(rising @ stats.binom.cdf(counts, n, chance))
        below = np.concatenate([[0.0], np.cumsum(rising)[:-1]])
        rising = law * below
    return broken


def wrong_graph_probability(game: SampledGame, n_samples: int) -> float:
    """Compute P(some direction is wrong) from `n_samples` independent outcomes per entry; lines are independent."""
    chances = [
        _line_out_of_order(np.sort((1 + line / game.outcome_size) / 2), n_samples)
        for player, table in enumerate(game.means)
        for line in np.moveaxis(table, player, -1).reshape(-1, game.sizes[player])
    ]
    return float(-np.expm1(np.log1p(-np.array(chances)).sum()))
