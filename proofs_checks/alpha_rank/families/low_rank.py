"""Tables of win rates whose payoffs have low rank, seen in a few entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.alpha_rank import complete_table, response_signs
from lrtheory.bounds import Draws, Family


@dataclass(frozen=True)
class LowRankTable:
    """n players, an even rank r, and c where c n r ln(n) entries are seen, each with its mirror image."""

    n_players: int
    rank: int
    oversampling: float

    @property
    def n_pairs(self) -> int:
        """Pairs of players that meet."""
        wanted = int(self.oversampling * self.n_players * self.rank * np.log(self.n_players) / 2)
        return min(wanted, self.n_players * (self.n_players - 1) // 2)


def win_rates(n: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    """Payoffs B J B^T with Gaussian B and a rotation J, scaled to [-1, 1], as win rates."""
    B = rng.normal(size=(n, rank))
    J = np.kron(np.eye(rank // 2), [[0.0, 1.0], [-1.0, 0.0]])
    payoffs = B @ J @ B.T
    return (1 + payoffs / np.abs(payoffs).max()) / 2


def seen(means: np.ndarray, n_pairs: int, rng: np.random.Generator) -> np.ndarray:
    """The table with NaN where a pair has not met."""
    rows, cols = np.triu_indices(len(means), 1)
    chosen = rng.permutation(len(rows))[:n_pairs]
    table = np.full(means.shape, np.nan)
    table[rows[chosen], cols[chosen]] = means[rows[chosen], cols[chosen]]
    return table


def completed(table: LowRankTable, rng: np.random.Generator, n: int) -> np.ndarray:
    """The truth and the completed table of n random games, (n, 2, players, players)."""
    found = []
    for _ in range(n):
        means = win_rates(table.n_players, table.rank, rng)
        given = seen(means, table.n_pairs, rng)
        found.append((means, complete_table(given, rank=table.rank, rng=rng).means))
    return np.array(found)


FEW_ENTRIES = Family("few-entries", always=(LowRankTable(16, 2, 2.0),))
TOO_FEW_ENTRIES = Family("too-few-entries", always=(LowRankTable(16, 2, 0.5),))


@dataclass(frozen=True)
class NoisyTable:
    """Win rates (n, n) of rank-two payoffs, the number of pairs that meet, and noise (n, n) on what is seen."""

    means: np.ndarray
    n_pairs: int
    noise: np.ndarray

    @property
    def gap(self) -> Any:
        """The smallest payoff difference of a deviation."""
        return np.diff(np.sort(self.means, axis=0), axis=0).min()


@dataclass(frozen=True)
class Found:
    """A completed table (n, n), and the directions of all deviations in it."""

    means: np.ndarray
    directions: np.ndarray


def directions(means: np.ndarray) -> np.ndarray:
    """Directions of all deviations in the two-player game of win rates."""
    return response_signs(np.stack([means, means.T]))


def noisily_completed(table: NoisyTable, rng: np.random.Generator) -> Found:
    """The completed table and its response graph."""
    given = np.clip(seen(table.means, table.n_pairs, np.random.default_rng(0)) + table.noise, 0, 1)
    means = complete_table(given, rank=2, rng=0).means
    return Found(means, directions(means))


def draw_noisy(draws: Draws) -> NoisyTable:
    """Four to eight players who have nearly all met, and noise up to a sixteenth."""
    n = draws.integers(4, 8)
    rng = np.random.default_rng(draws.integers(0, 10**6))
    noise = draws.choice((0.0, 2.0**-10, 2.0**-6)) * draws.integers(-4, 4, shape=(n, n))
    return NoisyTable(win_rates(n, 2, rng), n * (n - 1) // 2 - draws.integers(0, 1), noise)


NOISY_TABLES = Family(
    "noisy-tables",
    always=lambda: (NoisyTable(win_rates(6, 2, np.random.default_rng(0)), 15, np.zeros((6, 6))),),
    draw=draw_noisy,
)
