"""Heads that are written as adapters of wider heads, and attention along its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.lora_limits import chain, theory
from proofs_checks.lora_limits.families.chains import Case, attention, slopes
from proofs_checks.lora_limits.families.row_perturbation import REACHED


@dataclass(frozen=True)
class Reduced:
    """A1, A2, A3 (L, r), lambda, and the width of the head."""

    A1: np.ndarray
    A2: np.ndarray
    A3: np.ndarray
    lam: float
    width: int

    @property
    def small(self) -> Case:
        """The given problem, a function of X at lambda I."""
        r = self.A1.shape[1]
        return Case(self.A1, self.A2, self.A3, np.zeros((len(self.A1), r)), self.lam * np.eye(r), 1 / r)


def reduced(case: Reduced, rng: np.random.Generator | None = None, temperature: str = "r") -> np.ndarray:
    """Return dLoss/dA of the head that the library makes."""
    one = theory.reduce_to_adapters(case.A1, case.A2, case.A3, lam=case.lam, width=case.width)
    beta = one.beta if temperature == "r" else 1 / case.width
    W, Y = one.W + one.B @ one.A, np.zeros((len(one.C1), case.width))
    return one.B.T @ chain.gradient_chain(one.C1, one.C2, one.C3, Y, W, beta=beta).gradient


def reduction(seed: int, n: int, r: int, width: int) -> Reduced:
    """Gaussian factors."""
    return Reduced(*np.random.default_rng(seed).normal(size=(3, n, r)), 0.75, width)


def draw_reduced(draws: Draws) -> Reduced:
    """Up to four tokens, rank up to three, entries in quarters."""
    n, r = draws.integers(1, 4), draws.integers(1, 3)
    factors = [draws.integers(-6, 6, shape=(n, r)) / 4 for _ in range(3)]
    # lambda may be 0 or negative, for which the reduction holds as well
    return Reduced(*factors, draws.integers(-8, 8) / 4, r + draws.integers(0, 3))


REDUCTIONS = Family(
    "reductions",
    always=(reduction(0, 1, 1, 2), reduction(1, 6, 2, 5), reduction(2, 12, 3, 3), reduction(3, 8, 2, 8)),
    draw=draw_reduced,
)


# --- attention along its scale ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """A (n, n) with entries in [0, b], V (n, d) in {0, 1}, lambda, and b."""

    A: np.ndarray
    V: np.ndarray
    lam: float
    largest: float

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of a derivative, of the order that is given."""
        size = self.V.size * (1 + self.largest) ** 2
        return rounding(64 * (len(self.A) + 1) * (1 + abs(self.lam) * self.largest), size)


def slope(case: Scores, rng: np.random.Generator | None = None) -> float:
    """Return the library's F'(lambda)."""
    return float(theory.squared_norm_derivative(case.A, case.V, lam=case.lam))


def norm(case: Scores, lam: Any) -> Any:
    """F at lambdas of shape (..., 1, 1), complex ones too."""
    output = attention(lam * case.A) @ case.V
    return (output * output).sum((-2, -1))


def slope_by_step(case: Scores) -> float:
    """Compute F'(lambda) by the complex step."""
    return float(slopes(lambda lam: norm(case, lam), np.array([[case.lam]]))[0, 0])


def curvature(case: Scores) -> float:
    """F''(lambda) = 2 sum (O'^2 + O O''), by means over rows."""
    f = attention(case.lam * case.A)
    # by moments of each row, another way than the difference quotient of the solver
    centered = case.A - (f * case.A).sum(1, keepdims=True)
    output = f @ case.V
    first = (f * centered) @ case.V
    second = (f * centered**2) @ case.V - (f * centered**2).sum(1, keepdims=True) * output
    return float(2 * (first**2 + output * second).sum())


def two_thirds(n: int, columns: int, b: float) -> Scores:
    """Return scores b for half of the keys, which have V = 1 and get the mass 2/3: LL-H3 is attained there."""
    A = np.tile(np.repeat([b, 0.0], n // 2), (n, 1))
    V = np.tile(np.repeat([1.0, 0.0], n // 2)[:, None], (1, columns))
    return Scores(A, V, math.log(2) / b, b)


def draw_scores(draws: Draws) -> Scores:
    """Up to four tokens and two columns."""
    n, d, b = draws.integers(1, 4), draws.integers(1, 2), draws.integers(1, 4)
    A = draws.integers(0, 4 * b, shape=(n, n)) / 4
    return Scores(A, draws.integers(0, 1, shape=(n, d)).astype(float), draws.integers(-8, 8) / 4, float(b))


def climb_scores(case: Scores, draws: Draws) -> Scores:
    """Change one score, or lambda."""
    A = case.A.copy()
    A[draws.integers(0, len(A) - 1), draws.integers(0, len(A) - 1)] = case.largest * draws.integers(0, 4) / 4
    return Scores(A, case.V, case.lam + draws.integers(-2, 2) / 8, case.largest)


SCORES = Family(
    "attention-scores",
    always=(Scores(np.zeros((1, 1)), np.ones((1, 1)), 1.0, 1.0), two_thirds(4, 2, 1.0)),
    tight=(Tight(two_thirds(2, 1, 1.0), *REACHED), Tight(two_thirds(12, 40, 3.0), *REACHED)),
    draw=draw_scores,
    climb=climb_scores,
)
EVEN = Scores(np.tile([1.0, 0.0], (2, 1)), np.array([[1.0], [0.0]]), 0.0, 1.0)
# without the tight instances of `SCORES`, at which the first derivative is largest and not the second
BENT = Family("bent", always=(*SCORES.smallest(), EVEN), draw=draw_scores, climb=climb_scores)
STEP = 2.0**-12  # of the central difference; its truncation error is in the rounding that LL-H3-second allows


def bend(case: Scores, rng: np.random.Generator | None = None) -> float:
    """A difference of two of the library's slopes, over their distance."""
    # the library has no second derivative; its slopes at two points give one
    high, low = (slope(replace(case, lam=case.lam + sign * STEP)) for sign in (1, -1))
    return (high - low) / (2 * STEP)


@dataclass(frozen=True)
class Sums:
    """A1, A2 (n, r) whose products are in [0, b], V (n, r) in {0, 1}, b, and the number of points."""

    A1: np.ndarray
    A2: np.ndarray
    V: np.ndarray
    largest: float
    n_points: int

    @property
    def scores(self) -> Scores:
        """A = A1 A2^T / r at lambda = 1."""
        return Scores(self.A1 @ self.A2.T / self.A1.shape[1], self.V, 1.0, self.largest)


def riemann(case: Sums, rng: np.random.Generator | None = None, start: int = 0) -> float:
    """The mean of 2 <I, dLoss/dX> over X = (i / m) I, i < m, by the library's gradients."""
    r, found = case.A1.shape[1], []
    for i in range(start, case.n_points + start):
        X, Y = i / case.n_points * np.eye(r), np.zeros((len(case.A1), r))
        found.append(2 * np.trace(chain.gradient_chain(case.A1, case.A2, case.V, Y, X, beta=1 / r).gradient))
    return float(np.mean(found))


def sums(seed: int, n: int, r: int, n_points: int) -> Sums:
    """Bits times two, so that products over r lie in [0, 4]."""
    rng = np.random.default_rng(seed)
    # 2 times 2 times r products over r are at most 4
    A1, A2, V = rng.integers(0, 2, size=(3, n, r)).astype(float)
    return Sums(2 * A1, 2 * A2, V, 4.0, n_points)


def draw_sums(draws: Draws) -> Sums:
    """Up to four tokens, entries in quarters up to 2, so that products over r lie in [0, 4]."""
    n, r = draws.integers(1, 4), draws.integers(1, 2)
    factors = [draws.integers(0, 8, shape=(n, r)) / 4 for _ in range(2)]
    return Sums(*factors, draws.integers(0, 1, shape=(n, r)).astype(float), 4.0, draws.choice((1, 2, 4, 16)))


# one point, a few and many: the error falls like 1 / m, and not like 1 / m^2, already for two keys
TWO_KEYS = tuple(Sums(np.ones((2, 1)), np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]]), 1.0, m) for m in (1, 16, 64))
POINTS = Family(
    "riemann-sums",
    always=TWO_KEYS + tuple(sums(s, n, 2, m) for s, n in ((0, 2), (1, 8)) for m in (1, 4, 16, 64)),
    draw=draw_sums,
)
