"""Instances of payoffs that are known to lie in a box."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import intervals, ranking_intervals
from lrtheory.bounds import Draws, exactly
from proofs_checks.alpha_rank.families.chains import Chain, return_times


@dataclass(frozen=True)
class Box:
    """The payoffs of a game (K, *sizes), intervals that should contain them, and the perturbation of its chain."""

    payoffs: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    epsilon: float


def is_inside(box: Box) -> bool:
    """Tell whether every payoff lies in its interval."""
    return bool(((box.lower <= box.payoffs) & (box.payoffs <= box.upper)).all())


def draw_box(draws: Draws, sizes: tuple[tuple[int, ...], ...] = ((2, 2), (1, 3), (2, 3))) -> Box:
    """Draw a small game, and intervals that contain its payoffs."""
    chosen = draws.choice(sizes)
    shape = (len(chosen), *chosen)
    # in quarters ends often coincide, and sums are exact
    payoffs, below, above = (draws.integers(0, high, shape=shape) / 4.0 for high in (20, 5, 5))
    return Box(payoffs, payoffs - below, payoffs + above, draws.choice((0.125, 0.25)))


#: a saboteur's change: the open edges of the target itself are never turned
AT_THE_TARGET = (
    intervals.extreme_return_time,
    "turn = is_open &",
    "turn = is_open & (np.arange(len(is_open)) != target)[:, None] &",
)


def exact_intervals(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Compute lower and upper ends of the mass of every profile, in Fractions."""
    box = exactly(box)
    found = ranking_intervals(box.lower, box.upper, perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def edges_of(box: Box) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]], np.ndarray]:
    """List edges as two profiles and the column of the second, then those that are open, and all directions."""
    neighbors, direction, is_open = intervals.open_edges(box.lower, box.upper)
    edges = [(s, t, column) for s, row in enumerate(neighbors) for column, t in enumerate(row) if s < t]
    return edges, [edge for edge in edges if is_open[edge[0], edge[2]]], direction


def brute_force(box: Box) -> np.ndarray:
    """Compute the least and largest mass over all orientations of open edges, by return times from linear algebra."""
    box = exactly(box)
    edges, free, direction = edges_of(box)
    n, degree = direction.shape
    # one chain for every orientation, and its return times to all profiles at once
    eta, masses = Fraction(1, degree), []
    for heads in itertools.product((True, False), repeat=len(free)):
        chosen = dict(zip(free, heads, strict=True))
        rates = np.full((n, n), Fraction(0), object)
        for s, t, column in edges:
            up = chosen.get((s, t, column), direction[s, column] > 0)
            rates[s, t], rates[t, s] = (1 - box.epsilon, box.epsilon) if up else (box.epsilon, 1 - box.epsilon)
        masses.append(1 / return_times(Chain(eta * rates)))
    return np.stack([np.min(masses, axis=0), np.max(masses, axis=0)])


def exact_intervals_flat(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Compute `exact_intervals` in the shape (2, |S|)."""
    return exact_intervals(box, rng).reshape(2, -1)
