"""Objectives of the package are set beside the tables of all their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.dynamic_submodular.families.functions import SetFunction, draw_function, members, set_function


@dataclass(frozen=True)
class Probed:
    """A function whose marginals are looked at."""

    function: SetFunction


def all_gains(probed: Probed, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the marginals of all elements on all sets by bit mask, (2^n, n), 0 for elements of the set."""
    objective, n = probed.function.objective(), probed.function.n
    inside = members(np.arange(1 << n), n)
    return np.array([objective.gains(np.flatnonzero(row)) * ~row for row in inside])


def draw_probed(draws: Draws) -> Probed:
    """Draw a function of four or five elements."""
    return Probed(draw_function(draws, draws.integers(4, 5)))


#: the smallest function of each kind in which two elements overlap
OBJECTIVES = Family(
    "objectives",
    always=(
        Probed(set_function("coverage", np.array([[1, 1], [0, 1], [0, 0]]) > 0, np.array([2.0, 1.0]))),
        Probed(set_function("facility", np.array([[3.0, 1.0], [2.0, 2.0]]))),
        Probed(set_function("features", np.array([[4.0, 1.0], [0.0, 9.0]]))),
        Probed(set_function("log-det", np.array([[1.0, 0.5], [0.5, 1.0]]))),
    ),
    draw=draw_probed,
)
