"""Wrong solvers that statements of several rooms refute."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import alpha_rank, response_graph_ucb_batch, stationary_distribution, theory
from lrtheory.bounds import exactly
from proofs_checks.alpha_rank.families.boxes import Box
from proofs_checks.alpha_rank.families.chains import Chain
from proofs_checks.alpha_rank.families.ucb_runs import Match, Sampled


def transposed(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Solve the chain whose rates are read from column to row."""
    return stationary_distribution(chain.rates.T, rational=True).pi


def right_eigenvector(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Return the uniform vector, which solves P 1 = 1 instead of pi P = pi."""
    n = len(chain.rates)
    return np.array([Fraction(1, n)] * n, object)


def _reported(match: Match, wins: np.ndarray, plays: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> Sampled:
    """Report means, and their Hoeffding intervals intersected with earlier ones."""
    radius = theory.hoeffding_radius(plays, delta=match.delta, n_means=match.game.payoffs.size)[:, None]
    means = wins / plays[:, None]
    return Sampled(means, plays, np.maximum(lower, means - radius), np.minimum(upper, means + radius))


def round_robin(match: Match, rng: np.random.Generator, n: int = 50) -> Sampled:
    """Play all profiles as often as the hardest one, also where all edges are resolved long before."""
    found = response_graph_ucb_batch(match.game, n, delta=match.delta, rng=rng)
    hardest = found.n_samples.max(axis=tuple(range(1, found.n_samples.ndim)), keepdims=True)
    more = (hardest - found.n_samples)[:, None]
    wins = found.means * found.n_samples[:, None] + rng.binomial(more, match.game.payoffs)
    return _reported(match, wins, np.broadcast_to(hardest, found.n_samples.shape), found.lower, found.upper)


def midpoints(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Rank the middle of the box, as if all edges were known."""
    pi = alpha_rank(exactly((box.lower + box.upper) / 2), perturbation=exactly(box.epsilon)).pi
    return np.stack([pi, pi])
