"""Degrees, intervals and errors of polynomials for exp."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import exp_polynomial, theory
from lrtheory.lora_limits.theory import degrees
from proofs_checks.lora_limits.families.growth.ladders import Ladder

# --- Taylor ----------------------------------------------------------------------------------------------------------


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


def rigorous_error(case: Taylor) -> float:
    """|T_g(-M) exp(M) - 1| in 400 bits."""
    # 1 is subtracted from a number close to it, and the terms reach exp(2 M): 400 bits are far more than that costs
    with flint.ctx.workprec(400):
        M, value = flint.arb(case.bound), flint.arb(1)
        for k in range(case.degree, 0, -1):
            value = 1 - M * value / k
        return float(abs(value * M.exp() - 1).mid())


def taylor_errors(case: Taylor, rng: np.random.Generator | None = None) -> dict[str, float]:
    """The relative error by the library's formula, and the one that it states for its polynomial."""
    stated = exp_polynomial(case.bound, degree=case.degree).error
    return {"error": degrees.taylor_error(case.degree, case.bound), "stated": stated}


PLACES = np.array([-1.0, -0.5, 0.25, 1.0])


def draw_taylor(draws: Draws) -> Taylor:
    """M up to 8, and degrees at which the error is above rounding."""
    M = draws.integers(1, 32) / 4
    # up to the degree 4 + 2 M the error is far above the rounding of doubles, so that something is compared
    return Taylor(draws.integers(0, 4 + int(2 * M)), M, draws.integers(-8, 8, shape=4) / 8)


TAYLOR = Family(
    "taylor",
    always=tuple(Taylor(g, M, PLACES) for g, M in ((0, 0.25), (1, 0.25), (2, 1.0), (10, 4.0), (4, 0.25), (30, 8.0))),
    draw=draw_taylor,
)


def positive_values(case: Taylor, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the library's values of T_g at the points."""
    s = case.places * case.bound
    return {"values": np.array([theory.taylor_value(case.degree, x) for x in s.tolist()])}


def draw_positive(draws: Draws) -> Taylor:
    """Even degrees, or M so small that the relative error is below 1."""
    case = draw_taylor(draws)
    # M is halved until the hypothesis holds, which keeps the draw and its seed
    while case.degree % 2 and theory.taylor_error(case.degree, case.bound) >= 1:
        case = replace(case, bound=case.bound / 2)
    return case


ENDS = np.array([-1.0, 0.0, 1.0])
POSITIVE = Family(
    "positive", always=(Taylor(1, 0.5, ENDS), Taylor(2, 4.0, ENDS), Taylor(3, 1.0, ENDS)), draw=draw_positive
)
# just outside of the hypothesis: T_1(-2) = -1, and T_3 has its root at -1.596
NEGATIVE = Family("odd-and-far", always=(Taylor(1, 2.0, ENDS), Taylor(3, 1.75, ENDS)))


@dataclass(frozen=True)
class Target:
    """A bound M and the relative error to reach."""

    bound: float
    epsilon: float


def least_degrees(case: Target, rng: np.random.Generator | None = None) -> dict[str, int]:
    """The degree of the library's polynomial, or of its formula for errors of 1 or more; that of the certificate."""
    M, epsilon = case.bound, case.epsilon
    # `exp_polynomial` takes errors below 1 alone
    found = exp_polynomial(M, epsilon=epsilon).degree if epsilon < 1 else theory.min_degree(M, epsilon)
    return {"degree": found, "certified": theory.min_degree(M, epsilon, kind="certificate")}


def draw_error(draws: Draws, digits: int) -> float:
    """An error of at most 2 and at least 2^-digits, of any order in between."""
    # orders first, then the number within the order: a uniform error would almost always be large
    return 2.0 ** -draws.integers(0, digits) * draws.floats(1.0, 2.0)


def draw_target(draws: Draws) -> Target:
    """M up to 1, 8 or 32, errors from 2^-40 to 11/5."""
    return Target(draws.floats(0.0, draws.choice((1.0, 8.0, 32.0))), 1.1 * draw_error(draws, 40))


TARGETS = Family(
    "targets",
    always=(
        *(Target(M, e) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0) for e in (2.0**-7, 2.0**-14, 2.0**-20)),
        Target(0.0, 0.5),
        Target(1.125, 2.125),
    ),
    draw=draw_target,
)
# eta(0) = 2.279 is below this error, but the certificate is so only at degree 2: LL-D1-least ends at 11/5
TWO_APART = Family("targets-of-large-errors", always=(Target(1.1875, 2.296875),))
SCALED = Family(
    "norms",
    always=tuple(Target(1.0, 2.0**-k) for k in (4, 10, 20)),
    draw=lambda draws: Target(1.0, draw_error(draws, 40) / 2),
)


def degrees_by_norm(case: Target, rng: np.random.Generator | None = None) -> np.ndarray:
    """Degrees for the logit bounds Gamma^2, Gamma = 1/4, 1/2, ..., 4."""
    return np.array([theory.min_degree((k / 4) ** 2, case.epsilon, kind="certificate") for k in range(1, 17)])


# --- the bracket -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bracket:
    """A degree and a bound M."""

    degree: int
    bound: float

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of values of polynomials near exp(M)."""
        return rounding(64 * (self.degree + 2) ** 2, np.exp(self.bound))


@dataclass(frozen=True)
class Bracketed:
    """The library's bracket, and its Chebyshev series as coefficients of powers."""

    lower: float
    upper: float
    coefficients: np.ndarray


def bracketed(case: Bracket, rng: np.random.Generator | None = None) -> Bracketed:
    """Return the library's bracket, and its Chebyshev series in powers."""
    lower, upper = theory.chebyshev_bracket(case.degree, case.bound)
    return Bracketed(lower, upper, exp_polynomial(case.bound, degree=case.degree, kind="chebyshev").coefficients)


def best_errors(case: Bracket) -> tuple[float, float]:
    """Enclose E_g by exchange (Remez): the level of an alternation is below it, the error of any polynomial above.

    After a few exchanges both are close; the upper side is refined on a grid around the largest error.
    """
    g, M = case.degree, case.bound
    # Chebyshev points are nearly optimal for exp, so eight exchanges are enough
    t, grid = np.cos(np.pi * np.arange(g + 2) / (g + 1)), np.cos(np.linspace(0, np.pi, 2001))
    signs = (-1.0) ** np.arange(g + 2)
    for _ in range(8):
        system = np.column_stack([np.polynomial.chebyshev.chebvander(t, g), signs])
        solution = np.linalg.solve(system, np.exp(M * t))
        error = np.polynomial.chebyshev.chebval(grid, solution[:-1]) - np.exp(M * grid)
        pieces = np.split(np.arange(2001), np.nonzero(np.diff(np.sign(error)))[0] + 1)
        # rounding has merged or split extrema: the last enclosure is as narrow as doubles allow
        if len(pieces) != g + 2:
            break
        t = np.array([grid[piece[np.abs(error[piece]).argmax()]] for piece in pieces])
    fine = np.cos(np.linspace(0, np.pi, 2001)[np.abs(error).argmax()] + np.linspace(-1, 1, 2001) * np.pi / 2000)
    largest = np.abs(np.polynomial.chebyshev.chebval(fine, solution[:-1]) - np.exp(M * fine)).max()
    return abs(float(solution[-1])), float(largest)


def rigorous_bracket(case: Bracket) -> tuple[float, float]:
    """2 sum_{odd j} I_{j(g+1)}(M) and 2 sum_{k > g} I_k(M) in 200 bits."""
    with flint.ctx.workprec(200):
        found = [
            flint.arb(case.bound).bessel_i(k)
            # from order 4 M on each term is at most an eighth of the one before, so the terms left out are negligible
            for k in range(case.degree + 1, 3 * case.degree + int(4 * case.bound) + 60)
        ]
        return tuple(float(2 * sum(one, flint.arb(0)).mid()) for one in (found[:: 2 * (case.degree + 1)], found))


@dataclass(frozen=True)
class Kinds:
    """Coefficients of the three polynomials on [-M, M], of the best of degree g + 1, and the relative errors of all."""

    coefficients: np.ndarray
    following: np.ndarray
    errors: np.ndarray


def kinds_of(case: Bracket, rng: np.random.Generator | None = None) -> Kinds:
    """The library's polynomials: Taylor, Chebyshev, minimax."""
    found = [exp_polynomial(case.bound, degree=case.degree, kind=kind) for kind in ("taylor", "chebyshev", "minimax")]
    after = exp_polynomial(case.bound, degree=case.degree + 1, kind="minimax")
    errors = np.array([one.error for one in (*found, after)])
    return Kinds(np.array([one.coefficients for one in found]), after.coefficients, errors)


def heights(a: np.ndarray, bound: float) -> np.ndarray:
    """The largest |P(s) exp(-s) - 1| between sign changes on [-M, M]: on a grid, then by bisection of P' - P.

    No polynomial of a degree g has an error below the least of g + 2 of them.
    """
    value = lambda s: np.polynomial.polynomial.polyval(s, a) * np.exp(-s) - 1
    slope = np.polynomial.polynomial.polysub(np.polynomial.polynomial.polyder(a), a)
    # denser towards the ends, where extrema of a best approximation are close together
    s = -bound * np.cos(np.linspace(0, np.pi, 1025))
    errors = value(s)
    pieces = np.split(np.arange(len(s)), np.nonzero(np.diff(np.sign(errors)))[0] + 1)
    top = np.array([piece[np.abs(errors[piece]).argmax()] for piece in pieces])
    low, high = s[np.maximum(top - 1, 0)], s[np.minimum(top + 1, len(s) - 1)]
    sign = np.sign(np.polynomial.polynomial.polyval(low, slope))
    # a grid interval halved sixty times is narrower than the distance of two doubles
    for _ in range(60):
        middle = (low + high) / 2
        same = np.sign(np.polynomial.polynomial.polyval(middle, slope)) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.maximum(np.abs(errors[top]), np.abs(value(low)))


def is_above_rounding(case: Bracket) -> bool:
    """Return whether the best relative error of the next degree is above 2^-36 and above 2^-60 exp(2 M), its rounding.

    The test uses exp(-M) times the lower end of its bracket, which is far below that error.
    """
    least = theory.chebyshev_bracket(case.degree + 1, case.bound)[0] * np.exp(-case.bound)
    return least >= max(2.0**-36, 2.0**-60 * np.exp(2 * case.bound))


def draw_bracket(draws: Draws) -> Bracket:
    """M from 1/4 to 8, and degrees at which the error is above rounding."""
    M = draws.floats(0.25, 8.0)
    return Bracket(draws.integers(0, 6 + int(2 * M)), M)


def draw_relative(draws: Draws) -> Bracket:
    """M from 1/4 to 12, and one of the degrees at which the error is above rounding."""
    M = draws.floats(0.25, 12.0)
    return Bracket(draws.choice([g for g in range(24) if is_above_rounding(Bracket(g, M))]), M)


BRACKETS = Family(
    "brackets",
    always=tuple(Bracket(g, M) for g, M in ((0, 0.5), (2, 1.0), (5, 1.0), (4, 4.0), (8, 4.0), (8, 8.0))),
    draw=draw_bracket,
)


# for each M degrees from the lowest to the highest whose error is above rounding
DEGREES = {0.5: (0, 4), 1.0: (2, 5), 2.0: (8,), 4.0: (4, 8, 14), 6.0: (8, 13, 17), 8.0: (10, 15), 12.0: (14,)}
RELATIVE = Family(
    "relative-errors",
    always=tuple(Bracket(g, M) for M, degrees in DEGREES.items() for g in degrees),
    draw=draw_relative,
)


@dataclass(frozen=True)
class Absolute:
    """A bound M and an absolute error."""

    bound: float
    epsilon: float


def degree_brackets(case: Absolute, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's two degrees."""
    return np.array(theory.degree_bracket(case.bound, case.epsilon))


def draw_absolute(draws: Draws) -> Absolute:
    """M up to 2, 16 or 128, errors from 2^-40 to 2."""
    # below 2, beyond which the bracket may leave more than two degrees
    return Absolute(draws.floats(0.0, draws.choice((2.0, 16.0, 128.0))), 0.999 * draw_error(draws, 40))


def draw_order(draws: Draws) -> Absolute:
    """M from 1 to 32, most often near log(1/delta) = e M, where the order jumps, and delta from 10^-12 to 10^-2."""
    epsilon = 10.0 ** -draws.floats(2.0, 12.0)
    jump = -math.log(epsilon) / math.e
    return Absolute(min(32.0, max(1.0, jump * draws.choice((draws.floats(0.9, 1.1), draws.floats(0.1, 8.0))))), epsilon)


SMALL_ERRORS = Family(
    "absolute-errors",
    always=(
        *(Absolute(M, 10.0**-k) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for k in (1, 2, 4, 8)),
        Absolute(0.0, 0.5),
        Absolute(5.0, 1.9375),
    ),
    draw=draw_absolute,
)
# errors near exp(M): the two ends of the bracket are up to three degrees apart
LARGE_ERRORS = Family(
    "errors-of-size-exp", always=(Absolute(16.0, math.exp(16) / 2), Absolute(64.0, math.exp(64) / 10))
)
ORDERS = Family(
    "orders",
    always=(
        *(Absolute(M, 10.0**-k) for M in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0) for k in (2, 4, 8, 12)),
        # the smallest and the largest ratio of the degree to its order that a search has found
        Absolute(1.7033249134442598, 0.009751569848813754),
        Absolute(9.898551845553028, 2.0713128167627614e-12),
    ),
    draw=draw_order,
)
# for tiny M the order is below one, and a degree is an integer
SMALL_BOUNDS = Family("small-bounds", always=(Absolute(1e-4, 0.01), Absolute(0.01, 1e-4)))


def ladder(first: float, epsilon: float) -> Ladder:
    """Double M three times from a first one on."""
    return Ladder(tuple(Absolute(first * 2**k, epsilon) for k in range(4)))


def are_doubled(case: Ladder) -> bool:
    """Return whether each M is twice the one before, three times."""
    return [one.bound for one in case.rungs] == [case.rungs[0].bound * 2**k for k in range(4)]


LADDER = Family(
    "bounds-doubled",
    always=(ladder(16.0, 0.01),),
    draw=lambda draws: ladder(draws.floats(16.0, 32.0), 10.0 ** -draws.floats(1.0, 4.0)),
)


def degrees_along(case: Ladder, rng: np.random.Generator | None = None) -> np.ndarray:
    """The upper degrees of the library's brackets."""
    return np.array([theory.degree_bracket(one.bound, one.epsilon)[1] for one in case.rungs])
