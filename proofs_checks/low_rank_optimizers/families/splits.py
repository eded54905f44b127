"""Split coordinates: gradients for FRUGAL, noisy quadratics of one coordinate, and shapes of weights.

FRUGAL draws what it splits, and its random streams are named by the instance, and so by the place of the instance's
class: `Split` stays here, though one room alone uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD

KINDS = ("columns", "rows", "entries")


@dataclass(frozen=True)
class Split:
    """Gradients (T, m, n), how many quarters of which parts have moments, what the rest does, and when it is drawn."""

    gradients: np.ndarray
    quarters: int
    kind: str = "columns"
    rest: str = "sign"
    refresh_every: int = 2

    @property
    def n_parts(self) -> int:
        """The number of columns, rows or entries."""
        _, m, n = self.gradients.shape
        return int({"columns": n, "rows": m, "entries": m * n}[self.kind])


@dataclass(frozen=True)
class Coordinate:
    """A quadratic of one coordinate in dyadic numbers, and the periods of its split: see the properties."""

    halves_curvature: int
    quarters_step: int
    eighths_momentum: int
    noise: int = 1
    quarters_density: int = 2
    period: int = 3

    @property
    def values(self) -> tuple[Fraction, Fraction, Fraction]:
        """The curvature, the step size and the momentum."""
        quarters = Fraction(self.quarters_step, 4)
        return Fraction(self.halves_curvature, 2), quarters, Fraction(self.eighths_momentum, 8)

    @property
    def density(self) -> Fraction:
        """The chance of a momentum."""
        return Fraction(self.quarters_density, 4)


def paths(case: Coordinate, make: Any, n_steps: int, *, reset_every: int = 0) -> np.ndarray:
    """Return positions after each step: column s has one impulse of noise in step s, and the last one starts at 1."""
    curvature, _, _ = map(float, case.values)
    n = reset_every or n_steps
    made, x, found = make(case), np.zeros(n + 1), []
    x[n] = 1.0
    for t in range(n_steps):
        if reset_every and t and t % reset_every == 0:
            made.reset()
        noise = (np.arange(n + 1) == t) & (t < n)
        x = x + np.asarray(made.step(curvature * x + noise, x).update)
        found.append(x)
    return np.array(found)


def averaged(case: Coordinate) -> SGD:
    """Return the library's descent with a running mean of gradients."""
    _, alpha, b = map(float, case.values)
    return SGD(step_size=alpha, momentum=b, dampening="ema")


def plain(case: Coordinate) -> SGD:
    """Return the library's descent without momentum."""
    return SGD(step_size=float(case.values[1]), momentum=0.0)


Found = dict[str, Any]


def split_anew(case: Coordinate, rng: np.random.Generator | None = None, make: Any = averaged) -> Found:
    """Return positions in two periods, between which the state is forgotten, with a momentum and without."""
    both = {"kept": make, "free": plain}
    return {name: paths(case, one, 2 * case.period, reset_every=case.period) for name, one in both.items()}


def points() -> list[Coordinate]:
    """Return coordinates without and with momentum, without noise, near the border, and split in all ways."""
    first = [Coordinate(2, 2, b, density, p, T) for b, density, p, T in ((7, 1, 1, 3), (0, 1, 2, 4), (6, 2, 4, 1))]
    return [*first, Coordinate(3, 5, 4, 1, 0, 2), Coordinate(2, 7, 2, 3, 1, 4), Coordinate(1, 1, 1, 0, 3, 1)]


def draw_point(draws: Draws) -> Coordinate:
    """Return a drawn stable coordinate."""
    curvature = draws.integers(1, 6)
    step = draws.integers(1, max(1, (16 - 1) // curvature))
    momentum, noise = draws.integers(0, 7), draws.integers(1, 5)
    period = draws.integers(1, 4 if momentum % 2 == 0 else 3)
    return Coordinate(curvature, step, momentum, noise, draws.integers(0, 4), period)


POINTS = Family("noisy-coordinates", always=points, draw=draw_point)


def failing() -> Sides:
    """Return sides that fail, for outcomes from which nothing follows."""
    return Sides([1], [0])
