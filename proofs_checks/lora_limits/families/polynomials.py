"""Degrees, intervals and errors of polynomials for exp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Sides, rounding
from lrtheory.lora_limits import theory

STATED = "a solver may state any degree, and any error"


@dataclass(frozen=True)
class Absolute:
    """A bound M and an absolute error."""

    bound: float
    epsilon: float


def close(case: Absolute, found: np.ndarray) -> Sides:
    """Check low <= high <= low + 1, and that each is the first degree whose end of the bracket is small enough."""
    low, high = (int(one) for one in found)
    # the ends at each degree and at the one before; at degree 0 nothing comes before, and the comparison is with 0
    ends = [theory.chebyshev_bracket(max(0, g), case.bound) for g in (low - 1, low, high - 1, high)]
    lhs = [low, high, case.epsilon if low else 0.0, ends[1][0], case.epsilon if high else 0.0, ends[3][1]]
    rhs = [high, low + 1, ends[0][0], case.epsilon, ends[2][1], case.epsilon]
    return Sides(lhs, rhs, rounding=rounding(64, np.exp(0.0)) * 0)


def rigorous_error(case: Taylor) -> float:
    """|T_g(-M) exp(M) - 1| in 400 bits."""
    # 1 is subtracted from a number close to it, and the terms reach exp(2 M): 400 bits are far more than that costs
    with flint.ctx.workprec(400):
        M, value = flint.arb(case.bound), flint.arb(1)
        for k in range(case.degree, 0, -1):
            value = 1 - M * value / k
        return float(abs(value * M.exp() - 1).mid())


@dataclass(frozen=True)
class Taylor:
    """A degree, a bound M on |s|, and points (`places`) in [-1, 1] in units of M."""

    degree: int
    bound: float
    places: np.ndarray

    def lost(self, bound: Any) -> Any:
        """Rounding of the error in doubles as a part of its size, for a bound in any kind of numbers."""
        # a thousand units of roundoff per term; as a quotient of integers it stays exact for balls
        return (1 + bound + self.degree) / 2**43

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of the error in doubles."""
        return rounding(1024 * (1 + self.bound + self.degree), rigorous_error(self))


def draw_taylor(draws: Draws) -> Taylor:
    """M up to 8, and degrees at which the error is above rounding."""
    M = draws.integers(1, 32) / 4
    # up to the degree 4 + 2 M the error is far above the rounding of doubles, so that something is compared
    return Taylor(draws.integers(0, 4 + int(2 * M)), M, draws.integers(-8, 8, shape=4) / 8)


@dataclass(frozen=True)
class Target:
    """A bound M and the relative error to reach."""

    bound: float
    epsilon: float


def draw_error(draws: Draws, digits: int) -> float:
    """An error of at most 2 and at least 2^-digits, of any order in between."""
    # orders first, then the number within the order: a uniform error would almost always be large
    return 2.0 ** -draws.integers(0, digits) * draws.floats(1.0, 2.0)


def degree_brackets(case: Absolute, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's two degrees."""
    return np.array(theory.degree_bracket(case.bound, case.epsilon))
