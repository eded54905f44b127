"""Wrong solvers of alpha-Rank; each must be caught by a statement or by a test against an oracle."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.alpha_rank import (
    BatchEstimate,
    alpha_rank,
    response_graph_ucb_batch,
    response_signs,
    stationary_distribution,
)
from lrtheory.alpha_rank.chain import profile_neighbors
from proofs_checks.alpha_rank.families import Box, Chain, Match, SampledGame

# --- chains ----------------------------------------------------------------------------------------------------------


def transposed(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Rates read from column to row."""
    return stationary_distribution(chain.rates.T, rational=True).pi


def right_eigenvector(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """P 1 = 1 instead of pi P = pi: the uniform vector."""
    n = len(chain.rates)
    return np.array([Fraction(1, n)] * n, object)


# --- samples of a fixed size -----------------------------------------------------------------------------------------


def signs_of_one_outcome(game: SampledGame, rng: np.random.Generator, n: int) -> np.ndarray:
    """Directions from one outcome a profile, however many the theorem asks for."""
    return response_signs(2.0 * (rng.random((n, *game.means.shape)) < (1 + game.means) / 2) - 1, batch=True)


# --- ResponseGraphUCB ------------------------------------------------------------------------------------------------


def authors_defaults(match: Match, rng: np.random.Generator, n: int) -> BatchEstimate:
    """Levels per payoff and for one time, the defaults of the authors' code."""
    options = {"delta": match.delta, "max_samples": match.max_samples, "rng": rng}
    return response_graph_ucb_batch(match.game, n, anytime=False, joint=False, **options)


def round_robin(match: Match, rng: np.random.Generator, n: int = 50) -> BatchEstimate:
    """Profiles whose edges are all resolved are played on, as often as the hardest one."""
    found = response_graph_ucb_batch(match.game, n, delta=match.delta, rng=rng)
    hardest = found.n_samples.max(axis=(1, 2), keepdims=True)
    return replace(found, n_samples=np.broadcast_to(hardest, found.n_samples.shape))


def slow_intervals(match: Match, rng: np.random.Generator, n: int) -> np.ndarray:
    """Intervals that shrink like n^(-1/3); every edge is played by itself until they are disjoint."""
    payoffs = match.game.payoffs.reshape(len(match.game.payoffs), -1)
    neighbors, players = profile_neighbors(match.game.sizes)
    edges = [(s, t, k) for s, row in enumerate(neighbors) for t, k in zip(row, players, strict=True) if s < t]
    return sum(play_edge(kernel_input(payoffs[k, [s, t]]), rng, n) for s, t, k in edges)


@kernel
def play_edge(means, rng, n_runs):
    """Outcomes of both ends until |mean - mean| > 2 n^(-1/3); how many that took in each run."""
    totals = np.zeros(n_runs, np.int64)
    for run in range(n_runs):
        difference, n = 0.0, 0
        while n == 0 or abs(difference) / n <= 2 * n ** (-1 / 3):
            n += 1
            difference += (rng.random() < means[1]) - (rng.random() < means[0])
        totals[run] = 2 * n
    return totals


# --- ranking intervals -----------------------------------------------------------------------------------------------


def midpoints(box: Box, rng: np.random.Generator) -> np.ndarray:
    """The ranking of the middle of the box, as if all edges were known."""
    pi = alpha_rank((box.lower + box.upper) / 2, epsilon=box.epsilon).pi
    return np.stack([pi, pi])
