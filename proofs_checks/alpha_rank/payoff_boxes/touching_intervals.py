"""Payoffs whose intervals touch, where no payoffs attain the end of a ranking interval."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank import alpha_rank, intervals, theory
from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, exactly, saboteur
from proofs_checks.alpha_rank.families.boxes import Box, exact_intervals_flat, is_inside
from proofs_checks.alpha_rank.families.wrong_solvers import midpoints


def touching(low: float, below: float, above: float, epsilon: float) -> Box:
    """Make two strategies, the interval of the first just below that of the second; payoffs at the outer ends."""
    ends = np.array([[low - below, low]]), np.array([[low, low + above]])
    return Box(np.array([[low - below, low + above]]), *ends, epsilon)


TOUCHING = Family(
    "touching-intervals",
    always=(touching(1.0, 1.0, 1.0, 0.25), touching(0.0, 1.0, 3.0, 0.125), touching(-2.0, 1.0, 7.0, 0.0625)),
    draw=lambda draws: touching(*(draws.integers(0, 8) / 4 for _ in range(3)), draws.choice((0.125, 0.25, 0.375))),
)


def midpoints_flat(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Return `midpoints` in the shape (2, |S|)."""
    return midpoints(box, rng).reshape(2, -1)


def least_attained(box: Box) -> Fraction:
    """Compute the least mass of the second strategy over the corners of a box of two strategies."""
    corners = itertools.product(*zip(box.lower[0], box.upper[0], strict=True))
    return min(alpha_rank(np.array([corner], object), perturbation=box.epsilon).pi[1] for corner in corners)


def gap_to_payoffs(box: Box, ends: np.ndarray) -> Sides:
    """Compare the ends with epsilon and 1 - epsilon, and the least mass that payoffs give the second one with 1/2."""
    box = exactly(box)
    low, high = box.epsilon, 1 - box.epsilon
    return Sides(lhs=np.r_[ends.ravel(), least_attained(box)], rhs=np.array([low, low, high, high, Fraction(1, 2)]))


def attained(box: Box, ends: np.ndarray) -> Sides:
    """Compare the lower end of the second strategy with the least mass that payoffs in the box give it."""
    return Sides(lhs=ends[0, 1:2], rhs=np.array([least_attained(exactly(box))], object))


RU_T3 = Statement(
    id="alpha_rank/RU-T3",
    title="Ends of ranking intervals need not be attained",
    says=(
        "If one player has two strategies whose payoffs a and b lie in intervals that touch, [l, m] and [m, u], the "
        "ranking interval of the second starts at epsilon, although its mass pi(b) is at least 1/2 for all payoffs in "
        "the box."
    ),
    source=Derived(theory.mass_interval),
    tex=r"a \in [l, m],\ b \in [m, u]:\ \text{lower end } \varepsilon,\ \text{yet } \pi(b) \ge \tfrac12",
    hypotheses={
        "one player with two strategies": lambda box: box.payoffs.shape == (1, 2),
        "intervals touch": lambda box: box.upper[0, 0] == box.lower[0, 1],
        "payoffs in the box": is_inside,
        "epsilon in (0, 1/2)": lambda box: 0 < box.epsilon < 0.5,
    },
    instances=TOUCHING,
    solve=exact_intervals_flat,
    claim=Identity(gap_to_payoffs),
    saboteurs=(
        saboteur("the ends are attained", claim=Identity(attained)),
        saboteur("the middle of the box alone", solve=midpoints_flat),
        # subtle: it differs where two ends are equal, and nowhere else
        saboteur(
            "touching intervals are disjoint", patch=(intervals.open_edges, "neighbors] > high", "neighbors] >= high")
        ),
    ),
    notes="So containment alone is claimed in general.",
)
