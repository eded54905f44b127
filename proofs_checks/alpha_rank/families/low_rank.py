"""Instances of win rates whose payoffs have low rank and of which a few entries are seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.alpha_rank import complete_table, response_signs
from lrtheory.bounds import Draws, Family, rounding


def win_rates(n: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    """Draw payoffs B J B^T with Gaussian B and a rotation J, scale them to [-1, 1], and return win rates."""
    B = rng.normal(size=(n, rank))
    J = np.kron(np.eye(rank // 2), [[0.0, 1.0], [-1.0, 0.0]])
    payoffs = B @ J @ B.T
    return (1 + payoffs / np.abs(payoffs).max()) / 2


def seen(means: np.ndarray, n_pairs: int, rng: np.random.Generator) -> np.ndarray:
    """Let `n_pairs` random pairs meet; return the table with NaN where a pair has not met, one entry per pair."""
    rows, cols = np.triu_indices(len(means), 1)
    chosen = rng.permutation(len(rows))[:n_pairs]
    table = np.full(means.shape, np.nan)
    table[rows[chosen], cols[chosen]] = means[rows[chosen], cols[chosen]]
    return table


@dataclass(frozen=True)
class LowRankTable:
    """The win rates (n, n), payoffs of even rank r, and the number of pairs that meet, which are drawn uniformly."""

    means: np.ndarray
    rank: int
    n_pairs: int

    @property
    def oversampling(self) -> float:
        """Return c where c n r ln(n) entries are seen, each with its mirror image."""
        n = len(self.means)
        return 2 * self.n_pairs / (n * self.rank * math.log(n))


def are_win_rates(table: Any) -> bool:
    """Tell whether rates are in [0, 1] and those of a pair sum to 1, up to rounding."""
    means = np.asarray(table.means, float)
    return bool((means >= 0).all() and (means <= 1).all() and (abs(means + means.T - 1) <= rounding(4, 1.0)).all())


def has_rank(table: LowRankTable) -> bool:
    """Tell whether the payoffs have at most the rank that is stated, up to rounding."""
    values = np.linalg.svd(2 * np.asarray(table.means, float) - 1, compute_uv=False)
    return bool((values[table.rank :] <= rounding(100, values[0])).all())


def few_entries(seed: int, n: int = 14, rank: int = 2, oversampling: float = 2.0) -> LowRankTable:
    """Draw a table of Gaussian factors, of which `oversampling` n r ln(n) entries are seen."""
    # a pair that meets gives two entries, W(i, j) and W(j, i)
    wanted = math.ceil(oversampling * n * rank * math.log(n) / 2)
    return LowRankTable(win_rates(n, rank, np.random.default_rng(seed)), rank, wanted)


def completed(table: LowRankTable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return directions of all deviations in n completed tables, for n samples of the pairs."""
    found = []
    for _ in range(n):
        given = seen(table.means, table.n_pairs, rng)
        found.append(directions(complete_table(given, rank=table.rank, rng=rng).means))
    return np.array(found)


FEW_ENTRIES = Family(
    "few-entries",
    always=lambda: (few_entries(0), few_entries(1)),
    draw=lambda draws: few_entries(draws.integers(0, 10**6), draws.integers(12, 14)),
)
TOO_FEW_ENTRIES = Family("too-few-entries", always=lambda: (few_entries(0, oversampling=0.5),))


@dataclass(frozen=True)
class NoisyTable:
    """The win rates (n, n) of rank-two payoffs, the number of pairs that meet, noise (n, n) on what is seen."""

    means: np.ndarray
    n_pairs: int
    noise: np.ndarray

    @property
    def gap(self) -> Any:
        """The smallest payoff difference of a deviation."""
        return np.diff(np.sort(self.means, axis=0), axis=0).min()


SEED = 5  # the first one that does what `turned_by_noise` says


@dataclass(frozen=True)
class Found:
    """A completed table (n, n), and the directions of all deviations in it."""

    means: np.ndarray
    directions: np.ndarray


def directions(means: np.ndarray) -> np.ndarray:
    """Return the directions of all deviations in the two-player game of win rates."""
    return response_signs(np.stack([means, means.T]))


def noisily_completed(table: NoisyTable, rng: np.random.Generator) -> Found:
    """Complete the noisy table, and return it with its response graph."""
    given = np.clip(seen(table.means, table.n_pairs, np.random.default_rng(0)) + table.noise, 0, 1)
    means = complete_table(given, rank=2, rng=0).means
    return Found(means, directions(means))


def draw_noisy(draws: Draws) -> NoisyTable:
    """Draw four to eight players who have nearly all met, and noise up to a sixteenth."""
    n = draws.integers(4, 8)
    rng = np.random.default_rng(draws.integers(0, 10**6))
    # from no noise to noise as large as the gaps, so that right and wrong directions are both met
    noise = draws.choice((0.0, 2.0**-13, 2.0**-10, 2.0**-6)) * draws.integers(-4, 4, shape=(n, n))
    return NoisyTable(win_rates(n, 2, rng), n * (n - 1) // 2 - draws.integers(0, 1), noise)


def turned_by_noise() -> NoisyTable:
    """Make a table whose noise turns a direction, while no rate is off by as much as five gaps."""
    noise = np.random.default_rng(SEED).integers(-4, 5, size=(4, 4)) / 64
    return NoisyTable(win_rates(4, 2, np.random.default_rng(SEED)), 6, noise)


NOISY_TABLES = Family(
    "noisy-tables",
    always=lambda: (
        NoisyTable(win_rates(6, 2, np.random.default_rng(0)), 15, np.zeros((6, 6))),
        NoisyTable(win_rates(6, 2, np.random.default_rng(1)), 15, np.zeros((6, 6))),
        turned_by_noise(),
    ),
    draw=draw_noisy,
)
