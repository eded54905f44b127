"""Families of panels whose rankings are biased, by swaps or by utilities, and of single vectors of utilities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Draws, Family, Paper
from lrtheory.fair_subset_selection import Rankings, bias_swaps
from proofs_checks.fair_subset_selection.families.panels import draw_positions

PAPER = "2306.09835"
SWAPS = Paper(PAPER, "swapping-based bias", read="code")


@dataclass(frozen=True)
class Swapped:
    """Latent rankings, the disadvantaged items, and the parameters of the swaps."""

    positions: np.ndarray
    disadvantaged: np.ndarray
    phi: float
    intensity: float


def has_both(panel: Swapped) -> bool:
    """Return True if there are advantaged and disadvantaged items."""
    return bool(0 < panel.disadvantaged.sum() < len(panel.disadvantaged))


def within_groups(latent: np.ndarray, observed: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the items of both groups in their latent and in their observed order, (n, m) each, the group first."""
    orders = [
        np.hstack([np.argsort(positions[:, group], axis=1) for group in (down, ~down)])
        for positions in (latent, observed)
    ]
    return orders[0], orders[1]


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
#: at phi near 1 far pairs are drawn as well, and swaps that are drawn from the latent ranking soon undo each other
FAR = Family("far-swaps", always=tuple(last_first(8, 0.9, share, n=8) for share in (0.25, 0.5, 1.0)))


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


def places_not_refreshed(panel: Swapped, rng: np.random.Generator) -> np.ndarray:
    """Swap as `not_refreshed` does, and return the places."""
    return swapped_places(panel, rng, refresh=False)
