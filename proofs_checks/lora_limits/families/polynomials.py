"""Degrees, intervals and errors of polynomials for exp."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Box, Draws, Sides, exp, rounding
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


def error_series(M: Any, g: int) -> Any:
    """Sum g! eta_T(g) / M^(g+1) up to M^31 by its series, all of whose terms are positive, so that nothing cancels."""
    term, total = M * 0 + 1, M * 0
    for k in range(32):
        total, term = total + term / (g + 1 + k), term * M / (k + 1)
    return total


def target_at_error(M: Fraction, g: int) -> Target:
    """Ask for the error that Taylor's polynomial of degree g has."""
    # rounded upwards, as the least degree is another one at an error that is smaller by one digit
    return Target(float(M), theory.taylor_error(g, float(M)) * (1 + 2.0**-40))


ERRORS_OF_DEGREES = Box(
    "bounds M and degrees g with the error epsilon = eta_T(g) from 2^-99 to 11/5",
    of=target_at_error,
    reals={"M": (0, 8)},
    wholes={"g": range(20)},
    where=(
        lambda M, g: error_series(M, g) * M ** (g + 1) <= Fraction(11, 5) * math.factorial(g),
        lambda M, g: error_series(M, g) * M ** (g + 1) >= Fraction(math.factorial(g), 2**99),
    ),
    # the bound at the degree g + 1 is at most eta_T(g); both are divided by M^(g+1) / g!
    slack=lambda M, g: [error_series(M, g) - exp(M) * M / ((g + 1) * (g + 2))],
    sharp=True,
)
