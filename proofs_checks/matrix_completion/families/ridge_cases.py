"""Instances of half-steps with a ridge, or with rows that are seen too little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import Observations, half_step


@dataclass(frozen=True)
class RidgeCase:
    """Regressions for the rows: values (m, n), a sample (m, n), a factor V (n, k), a ridge, and a method."""

    values: np.ndarray
    mask: np.ndarray
    factor: np.ndarray
    ridge: float
    method: str = "exact"

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, self.values[rows, cols], self.mask.shape)


def draw_ridge(draws: Draws) -> RidgeCase:
    """Draw up to eight rows and columns, rank up to three, with an entry in every row."""
    m, n, k = draws.integers(1, 8), draws.integers(2, 8), draws.integers(1, 3)
    mask = draws.integers(0, 2, shape=(m, n)) > 0
    mask[:, 0] |= ~mask.any(1)
    factor = draws.integers(-8, 8, shape=(n, k)) / 4
    return RidgeCase(draws.integers(-8, 8, shape=(m, n)) / 4, mask, factor, draws.choice((0.25, 1.0, 4.0)))


# The smallest case; a row with fewer entries than unknowns, which a ridge determines; and a factor of zeros, whose rows
# have the solution 0.
RIDGE_CASES = Family(
    "ridge-cases",
    always=(
        RidgeCase(np.array([[2.0, 1.0]]), np.array([[True, True]]), np.array([[1.0], [1.0]]), 1.0),
        RidgeCase(np.array([[2.0, 1.0]]), np.array([[True, False]]), np.array([[1.0, 2.0], [1.0, 1.0]]), 0.5),
        RidgeCase(np.array([[0.5, 0.5, 1.0]] * 2), np.array([[True, False, False]] * 2), np.zeros((3, 1)), 0.25),
    ),
    draw=draw_ridge,
)


def row_step(case: RidgeCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step for the factor of the rows, of shape (m, k), by the method of the case."""
    chosen = {"axis": 0, "method": case.method, "ridge": case.ridge, "tol": 1e-15} | options
    inner = {} if chosen["method"] == "exact" else {"max_inner_iter": 500}
    return half_step(case.observations, case.factor, **inner, **chosen).factor


def half_of_the_ridge(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Solve with half of the ridge that the claim is told."""
    return row_step(case, rng, ridge=case.ridge / 2)
