"""Fixed streams of which the law of the samples is enumerated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Family
from lrtheory.dynamic_submodular import theory
from proofs_checks.dynamic_submodular.families.functions import mask_of, set_function
from proofs_checks.dynamic_submodular.families.streams import Updates, modular


@dataclass(frozen=True)
class Fixed:
    """A stream that does not look at the coins."""

    updates: Updates


def law_of(fixed: Fixed) -> dict[tuple[int, ...], Fraction]:
    """Probability of every sequence after a fresh build from the elements that are there at the end."""
    updates = fixed.updates
    elements = np.flatnonzero(updates.present[-1]).tolist()
    value = lambda chosen: updates.function.values[mask_of(chosen)]
    return theory.build_law(value, elements, k=updates.k, threshold=updates.threshold)


#: two pairs that hide each other, and one that is alone; deletions of what was sampled early, and a return
PAIRS = set_function(
    "coverage", np.array([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]]) > 0
)
HIDING = Fixed(Updates(PAIRS, np.array([0, 2, 1, ~0, 3, 4, ~2, 0, 2, ~3]), 2, 0.25, 4.0))
FIXED = Family(
    "fixed-streams",
    always=(
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, ~0, 3, ~1, 0]), 1, 0.25, 2.0)),
        HIDING,
        Fixed(Updates(modular([1.0] * 4), np.array([0, 1, 2, 3, ~1, 1]), 3, 0.25, 6.0)),
    ),
)
HIDDEN_PAIRS = Family("hidden-pairs", always=(HIDING,))
