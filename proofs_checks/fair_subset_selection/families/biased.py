"""Families of panels whose rankings are biased, by swaps or by utilities, and of single vectors of utilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import Rankings, bias_swaps, bias_utilities, select_by_scores
from proofs_checks.fair_subset_selection.families.panels import draw_positions


@dataclass(frozen=True)
class Swapped:
    """Latent rankings, the disadvantaged items, and the parameters of the swaps."""

    positions: np.ndarray
    disadvantaged: np.ndarray
    phi: float
    intensity: float


@dataclass(frozen=True)
class Swaps:
    """Places of all items after the exchanges, (n, m), and the distances of the exchanges, one array per ranking."""

    observed: np.ndarray
    distances: list[np.ndarray]


def swapped(panel: Swapped, rng: np.random.Generator, **options) -> Swaps:
    """Bias the rankings by swaps, and record the distances of all exchanges."""
    found = bias_swaps(
        Rankings(panel.positions),
        panel.disadvantaged,
        phi=panel.phi,
        intensity=panel.intensity,
        record=True,
        rng=rng,
        **options,
    )
    starts, distances = found.trace["starts"], found.trace["distances"]
    return Swaps(found.observed.positions, [distances[a:b] for a, b in pairwise(starts)])


def swapped_places(panel: Swapped, rng: np.random.Generator, **options) -> np.ndarray:
    """Bias the rankings by swaps, and return the places of all items, (n, m)."""
    return swapped(panel, rng, **options).observed


def inversions(positions: np.ndarray, disadvantaged: np.ndarray) -> np.ndarray:
    """Count the pairs of each ranking in which an advantaged item stands behind a disadvantaged one, one by one."""
    ahead = positions[:, :, None] < positions[:, None, :]  # [v, i, j]: i before j
    down = np.asarray(disadvantaged, dtype=bool)
    return (ahead & down[:, None] & ~down[None, :]).sum((1, 2))


def draw_mask(draws: Draws, m: int) -> np.ndarray:
    """Draw a mask of a group with at least one item, and at least one outside of it."""
    mask = np.zeros(m, dtype=bool)
    mask[draws.permutation(m)[: draws.integers(1, m - 1)]] = True
    return mask


def draw_swapped(draws: Draws, phis=(0.0, 0.25, 0.5, 0.9, 1.0), intensities=(0.0, 0.25, 0.5, 0.75, 1.0)) -> Swapped:
    """Draw up to six rankings of four to nine items, a group, and the parameters of the swaps from short lists."""
    m = draws.integers(4, 9)
    positions = draw_positions(draws, draws.integers(1, 6), m)
    return Swapped(positions, draw_mask(draws, m), draws.choice(phis), draws.choice(intensities))


def last_first(m: int, phi: float, intensity: float, n: int = 1) -> Swapped:
    """Make n rankings in which the disadvantaged half stands first, so that all pairs are in the wrong order."""
    return Swapped(np.tile(np.arange(m), (n, 1)), np.arange(m) < m // 2, phi, intensity)


#: every pair in the wrong order, at full and at half intensity; no such pair; one advantaged item among three others
ALWAYS = (
    last_first(4, 0.5, 1.0),
    last_first(6, 1.0, 0.5),
    Swapped(np.array([[1, 0]]), np.array([True, False]), 0.5, 1.0),
    Swapped(np.array([[0, 1, 2, 3]]), np.array([True, True, False, True]), 0.0, 0.5),
)
SWAPPED = Family("swapped", always=ALWAYS, draw=draw_swapped)
NEAREST = Family(
    "nearest-swaps",
    always=(last_first(6, 0.0, 0.5), last_first(4, 0.0, 1.0)),
    draw=lambda draws: draw_swapped(draws, phis=(0.0,)),
)
FULL = Family(
    "full-swaps",
    always=(ALWAYS[0], last_first(4, 0.0, 1.0)),
    draw=lambda draws: draw_swapped(draws, intensities=(1.0,)),
)
#: at phi near 1 far pairs are drawn as well, and swaps that are drawn from the latent ranking soon undo each other
FAR = Family("far-swaps", always=tuple(last_first(8, 0.9, share, n=8) for share in (0.25, 0.5, 1.0)))
FAR_FULL = Family("far-full-swaps", always=(last_first(8, 0.9, 1.0, n=8),))
# at half of the intensity many a ranking comes out in full order all the same, so a handful of them would be luck
PARTIAL = Family("partial-swaps", always=(last_first(8, 0.5, 0.5, n=64),))
# at phi = 1 all pairs are alike, and far exchanges change the order within the groups
NOT_NEAREST = Family("not-nearest-swaps", always=(last_first(8, 1.0, 0.5, n=8),))


def draw_first(draws: Draws) -> Swapped:
    """Draw one ranking of four to six items with some pair in the wrong order, and the intensity of one exchange."""
    m = draws.integers(4, 6)
    positions, down = draw_positions(draws, 1, m), draw_mask(draws, m)
    if inversions(positions, down)[0] == 0:  # no pair is wrong; in the reversed ranking all pairs are
        positions = m - 1 - positions
    return Swapped(positions, down, draws.choice((0.25, 0.5, 0.75, 1.0)), 1 / int(inversions(positions, down)[0]))


#: one ranking and one exchange each
FIRST_SWAPS = Family(
    "first-swaps",
    always=(
        last_first(4, 0.5, 0.25),
        Swapped(np.array([[0, 3, 1, 4, 2, 5]]), np.array([True, True, False, False, True, False]), 0.75, 0.15),
    ),
    draw=draw_first,
)


@dataclass(frozen=True)
class Utilities:
    """Latent utilities of n rankings, the disadvantaged items, and theta."""

    utilities: np.ndarray
    disadvantaged: np.ndarray
    theta: float


@dataclass(frozen=True)
class Places:
    """Places of all items by utilities and by biased utilities, (n, m) each."""

    latent: np.ndarray
    observed: np.ndarray


def ranked(panel: Utilities, rng: np.random.Generator, **changes) -> Places:
    """Rank the items by latent and by biased utilities; `changes` replace fields of the panel."""
    panel = replace(panel, **changes)
    found = bias_utilities(panel.utilities, panel.disadvantaged, panel.theta, rng=rng)
    return Places(found.latent.positions, found.observed.positions)


def draw_utilities(draws: Draws, n: int | None = None) -> Utilities:
    """Draw whole utilities, some of which are equal, a group, and theta from 1/16 to 1, a power of two."""
    m = draws.integers(3, 8)
    # whole utilities and powers of two as theta are exact in doubles: no rounding breaks or makes a tie
    values = draws.integers(0, 16, shape=(n or draws.integers(1, 4), m)).astype(float)
    return Utilities(values, draw_mask(draws, m), draws.choice((0.0625, 0.25, 0.5, 1.0)))


UTILITIES = Family(
    "utilities",
    always=(
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[4.0, 1.0, 4.0, 1.0]]), np.array([True, True, False, False]), 0.25),
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([False, False, True]), 0.25),
    ),
    draw=draw_utilities,
)


# --- one vector of utilities -----------------------------------------------------------------------------------------


def best_by_quota(
    panel: Utilities, rng: np.random.Generator | None = None, observed=None, quotas=True
) -> list[np.ndarray]:
    """Select by observed utilities at the quota of the latent optimum, for k = 1, ..., m.

    `observed` replaces the biased utilities, and `quotas` set to False lifts the quota; both are for wrong solvers.
    """
    latent, down = panel.utilities[0], panel.disadvantaged
    seen = np.where(down, panel.theta * latent, latent) if observed is None else observed
    found = []
    for k in range(1, len(latent) + 1):
        best = select_by_scores(latent, k).items
        bounds = {"groups": down.astype(int), "quota": {1: int(down[best].sum())}} if quotas else {}
        found.append(select_by_scores(seen, k, **bounds).items)
    return found


def draw_single(draws: Draws) -> Utilities:
    """Draw one vector of utilities."""
    return draw_utilities(draws, n=1)


SINGLE = Family(
    "single",
    always=(
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[4.0, 1.0, 3.0, 1.0]]), np.array([True, True, False, False]), 0.125),
    ),
    draw=draw_single,
)
