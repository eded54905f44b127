"""Streams that are fixed in advance, on which the law of the samples is enumerated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import theory
from proofs_checks.dynamic_submodular.families.functions import draw_function, mask_of, set_function
from proofs_checks.dynamic_submodular.families.streams import Updates, draw_ops, modular


@dataclass(frozen=True)
class Fixed:
    """A stream that does not look at the coins."""

    updates: Updates


def law_of(fixed: Fixed) -> dict[tuple[int, ...], Fraction]:
    """Return the probability of every sequence after a fresh build from the elements present at the end."""
    updates = fixed.updates
    elements = np.flatnonzero(updates.present[-1]).tolist()
    value = lambda chosen: updates.function.values[mask_of(chosen)]
    return theory.build_law(value, elements, k=updates.k, threshold=updates.threshold)


#: two pairs that hide each other, and one that is alone; deletions of what was sampled early, and a return
PAIRS = set_function(
    "coverage", np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]) > 0
)
HIDING = Fixed(Updates(PAIRS, np.array([0, 2, 1, ~0, 3, 4, ~2, 0, 2, ~3]), 2, 0.25, 4.0))


def draw_fixed(draws: Draws) -> Fixed:
    """Draw three or four elements, at most two to choose, a few updates: at most a dozen sequences."""
    n, k = draws.integers(3, 4), draws.integers(1, 2)
    function = draw_function(draws, n, ("coverage", "facility"))
    guess = max(1.0, float(function.values.max())) * draws.choice((0.25, 0.5, 1.0))
    return Fixed(Updates(function, draw_ops(draws, n, 8), k, 0.25, guess))


FIXED = Family(
    "fixed-streams",
    always=(
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, ~0, 3, ~1, 0]), 1, 0.25, 2.0)),
        HIDING,
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, 3, ~1, 1]), 3, 0.25, 6.0)),
    ),
    draw=draw_fixed,
)
HIDDEN_PAIRS = Family("hidden-pairs", always=(HIDING,))
