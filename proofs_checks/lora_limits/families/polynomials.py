"""Degrees, intervals and errors; integers whose polynomials are exact; tokens on which logits are bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import Polynomial, degrees, exp_polynomial, features, theory
from proofs_checks.lora_limits.families.ladders import Ladder

# --- Taylor ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taylor:
    """A degree, a bound M on |s|, and places in [-1, 1] in units of M."""

    degree: int
    bound: float
    places: np.ndarray

    @property
    def spoiled(self) -> np.ndarray:
        """Rounding of the error in doubles, relative to its size."""
        return rounding(1024 * (1 + self.bound + self.degree), rigorous_error(self))


def rigorous_error(case: Taylor) -> float:
    """|T_g(-M) exp(M) - 1| in 400 bits."""
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
    return Taylor(draws.integers(0, 4 + int(2 * M)), M, draws.integers(-8, 8, shape=4) / 8)


TAYLOR = Family(
    "taylor",
    always=tuple(Taylor(g, M, PLACES) for g, M in ((0, 0.25), (1, 0.25), (2, 1.0), (10, 4.0), (4, 0.25), (30, 8.0))),
    draw=draw_taylor,
)


def positive_values(case: Taylor, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """T_g at the places, by the library."""
    s = case.places * case.bound
    return {"values": np.array([theory.taylor_value(case.degree, x) for x in s.tolist()])}


def draw_positive(draws: Draws) -> Taylor:
    """Even degrees, or M so small that the relative error is below 1."""
    case = draw_taylor(draws)
    while case.degree % 2 and theory.taylor_error(case.degree, case.bound) >= 1:
        case = replace(case, bound=case.bound / 2)
    return case


ENDS = np.array([-1.0, 0.0, 1.0])
POSITIVE = Family(
    "positive", always=(Taylor(1, 0.5, ENDS), Taylor(2, 4.0, ENDS), Taylor(3, 1.0, ENDS)), draw=draw_positive
)
NEGATIVE = Family("odd-and-far", always=(Taylor(1, 2.0, ENDS), Taylor(3, 1.75, ENDS)))


@dataclass(frozen=True)
class Target:
    """A bound M and the relative error to reach."""

    bound: float
    epsilon: float


def least_degrees(case: Target, rng: np.random.Generator | None = None) -> dict[str, int]:
    """The degree of the library's polynomial, and that of the certificate."""
    found = exp_polynomial(case.bound, epsilon=case.epsilon).degree
    return {"degree": found, "certified": theory.min_degree(case.bound, case.epsilon, kind="certificate")}


TARGETS = Family(
    "targets",
    always=tuple(Target(M, e) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0) for e in (2.0**-7, 2.0**-14, 2.0**-20)),
)
SCALED = Family("norms", always=tuple(Target(1.0, 2.0**-k) for k in (4, 10, 20)))


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
    def spoiled(self) -> np.ndarray:
        """Rounding of values of polynomials near exp(M)."""
        return rounding(64 * (self.degree + 2) ** 2, np.exp(self.bound))


@dataclass(frozen=True)
class Bracketed:
    """The library's bracket, and its Chebyshev series as coefficients of powers."""

    lower: float
    upper: float
    coefficients: np.ndarray


def bracketed(case: Bracket, rng: np.random.Generator | None = None) -> Bracketed:
    """The library's answers."""
    lower, upper = theory.chebyshev_bracket(case.degree, case.bound)
    return Bracketed(lower, upper, exp_polynomial(case.bound, degree=case.degree, kind="chebyshev").coefficients)


def best_errors(case: Bracket) -> tuple[float, float]:
    """Two sides of E_g by exchange: the least and the largest error on the alternation of a nearly best polynomial."""
    g, M = case.degree, case.bound
    t, grid = np.cos(np.pi * np.arange(g + 2) / (g + 1)), np.cos(np.linspace(0, np.pi, 2001))
    signs = (-1.0) ** np.arange(g + 2)
    for _ in range(8):
        system = np.column_stack([np.polynomial.chebyshev.chebvander(t, g), signs])
        solution = np.linalg.solve(system, np.exp(M * t))
        error = np.polynomial.chebyshev.chebval(grid, solution[:-1]) - np.exp(M * grid)
        pieces = np.split(np.arange(2001), np.nonzero(np.diff(np.sign(error)))[0] + 1)
        if len(pieces) != g + 2:
            break
        t = np.array([grid[piece[np.abs(error[piece]).argmax()]] for piece in pieces])
    return abs(float(solution[-1])), float(np.abs(error).max())


@dataclass(frozen=True)
class Kinds:
    """Coefficients and stated relative errors of the three polynomials on [-M, M]; the best's error of degree g + 1."""

    coefficients: np.ndarray
    errors: np.ndarray
    following: float


def kinds_of(case: Bracket, rng: np.random.Generator | None = None) -> Kinds:
    """The library's polynomials: Taylor, Chebyshev, minimax."""
    found = [exp_polynomial(case.bound, degree=case.degree, kind=kind) for kind in ("taylor", "chebyshev", "minimax")]
    after = exp_polynomial(case.bound, degree=case.degree + 1, kind="minimax").error
    return Kinds(np.array([one.coefficients for one in found]), np.array([one.error for one in found]), after)


def alternation(errors: np.ndarray, degree: int) -> float:
    """The least height of g + 2 errors of alternating sign along a grid, which no polynomial falls below; else 0."""
    pieces = np.split(np.abs(errors), np.nonzero(np.diff(np.sign(errors)))[0] + 1)
    return min(float(piece.max()) for piece in pieces) if len(pieces) >= degree + 2 else 0.0


def is_above_rounding(case: Bracket) -> bool:
    """Whether the best relative error of the next degree is above 2^-36, and 2^-60 exp(2 M), of which rounding is left.

    By exp(-M) times the lower end of its bracket, which is far below that error.
    """
    least = theory.chebyshev_bracket(case.degree + 1, case.bound)[0] * np.exp(-case.bound)
    return least >= max(2.0**-36, 2.0**-60 * np.exp(2 * case.bound))


BRACKETS = Family(
    "brackets", always=tuple(Bracket(g, M) for g, M in ((0, 0.5), (2, 1.0), (5, 1.0), (4, 4.0), (8, 4.0), (8, 8.0)))
)


DEGREES = {0.5: (0, 4), 1.0: (2, 5), 2.0: (8,), 4.0: (4, 8, 14), 6.0: (8, 13, 17), 8.0: (10, 15), 12.0: (14,)}
RELATIVE = Family("relative-errors", always=tuple(Bracket(g, M) for M, degrees in DEGREES.items() for g in degrees))


@dataclass(frozen=True)
class Absolute:
    """A bound M and an absolute error."""

    bound: float
    epsilon: float


def degree_brackets(case: Absolute, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's two degrees."""
    return np.array(theory.degree_bracket(case.bound, case.epsilon))


SMALL_ERRORS = Family(
    "absolute-errors",
    always=tuple(Absolute(M, 10.0**-k) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for k in (1, 2, 4, 8)),
)
LARGE_ERRORS = Family(
    "errors-of-size-exp", always=(Absolute(16.0, math.exp(16) / 2), Absolute(64.0, math.exp(64) / 10))
)
ORDERS = Family(
    "orders", always=tuple(Absolute(M, 10.0**-k) for M in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0) for k in (2, 4, 8, 12))
)
SMALL_BOUNDS = Family("small-bounds", always=(Absolute(1e-4, 0.01), Absolute(0.01, 1e-4)))
LADDER = Family("bounds-doubled", always=(Ladder(tuple(Absolute(M, 0.01) for M in (16.0, 32.0, 64.0, 128.0))),))


def degrees_along(case: Ladder, rng: np.random.Generator | None = None) -> np.ndarray:
    """The upper degrees of the library's brackets."""
    return np.array([theory.degree_bracket(one.bound, one.epsilon)[1] for one in case.rungs])


# --- features --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Features:
    """Integer queries and keys, and integer coefficients of a polynomial."""

    Q: np.ndarray
    K: np.ndarray
    coefficients: np.ndarray

    @property
    def degree(self) -> int:
        """g."""
        return len(self.coefficients) - 1


@dataclass(frozen=True)
class Factors:
    """U and V."""

    U: np.ndarray
    V: np.ndarray


def factored(case: Features, rng: np.random.Generator | None = None) -> Factors:
    """The library's factors; through their module, so that a changed line is seen."""
    polynomial = Polynomial(case.coefficients.astype(float), 0.0, 1.0, "taylor")
    return Factors(*features.attention_factors(case.Q.astype(float), case.K.astype(float), polynomial))


def exact_rank(case: Features) -> int:
    """The rank of P(Q K^T), by elimination over the integers."""
    logits = [[int(x) for x in row] for row in case.Q.astype(np.int64) @ case.K.astype(np.int64).T]
    a = [int(x) for x in case.coefficients]
    return int(flint.fmpz_mat([[sum(c * s**k for k, c in enumerate(a)) for s in row] for row in logits]).rank())


def wrong_entries(case: Features, found: Factors) -> int:
    """How many entries of U V^T are not those of P(Q K^T)."""
    logits = case.Q.astype(np.int64).astype(object) @ case.K.astype(np.int64).astype(object).T
    wanted = sum(int(c) * logits**k for k, c in enumerate(case.coefficients))
    return int((integer_product(found) != wanted).sum())


def integer_product(found: Factors) -> np.ndarray:
    """U V^T, whose entries are integers of any size."""
    U, V = (np.asarray(one).astype(np.int64).astype(object) for one in (found.U, found.V))
    return U @ V.T


def integer_rank(found: Factors) -> int:
    """The rank of U V^T."""
    return int(flint.fmpz_mat([[int(x) for x in row] for row in integer_product(found)]).rank())


def integer_features(seed: int, n: int, d: int, degree: int) -> Features:
    """Random integers, all coefficients one to three."""
    rng = np.random.default_rng(seed)
    Q, K = rng.integers(-9, 10, size=(2, n, d))
    return Features(Q, K, rng.integers(1, 4, size=degree + 1))


def draw_features(draws: Draws) -> Features:
    """Up to four tokens in three variables, degree up to four."""
    d, n = draws.integers(1, 3), draws.integers(1, 4)
    tables = [draws.integers(-3, 3, shape=(n, d)) for _ in range(2)]
    return Features(*tables, draws.integers(-4, 4, shape=draws.integers(0, 4) + 1))


def always_features() -> tuple[Features, ...]:
    """The smallest, and one with many tokens."""
    return (
        Features(np.array([[1]]), np.array([[2]]), np.array([1, 1])),
        Features(np.array([[1, 2]]), np.array([[3, 1]]), np.array([1, 1, 1])),
        integer_features(0, 6, 3, 3),
    )


INTEGERS = Family("integer-features", always=always_features, draw=draw_features)
GENERIC = Family(
    "generic-features",
    always=lambda: tuple(
        integer_features(s, 2 + theory.n_features(d, g), d, g)
        for s, (d, g) in enumerate(((1, 3), (2, 2), (2, 4), (3, 3)))
    ),
)


@dataclass(frozen=True)
class Shares:
    """d = a n and g = b n for n = ln L."""

    variables: int
    degree: int
    log_length: int


def exponents(case: Shares, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's exponent, and those for degrees 4, 16, ... times smaller."""
    return np.array([theory.feature_exponent(case.variables, case.degree / 4**k) for k in range(8)])


SHARES = Family("parts", always=tuple(Shares(a, b, n) for a, b in ((1, 1), (2, 1), (3, 7)) for n in (1, 20, 400)))


def log_count(case: Shares) -> float:
    """log binom((a + b) n, a n), by integers of any size."""
    d, g = case.variables * case.log_length, case.degree * case.log_length
    return math.log(math.comb(d + g, d))


# --- bounds on logits ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logits:
    """Rows of C1 W and of C2, and beta."""

    X: np.ndarray
    Y: np.ndarray
    beta: float

    @property
    def products(self) -> tuple[float, float, float]:
        """beta |x|_2 |y|_2, beta |x|_1 max |Y| and beta max |X| |y|_1 for the largest rows."""
        X, Y = np.abs(self.X), np.abs(self.Y)
        euclid = np.sqrt((X**2).sum(1).max() * (Y**2).sum(1).max())
        return tuple(self.beta * float(one) for one in (euclid, X.sum(1).max() * Y.max(), X.max() * Y.sum(1).max()))

    @property
    def formulas(self) -> tuple[float, float]:
        """The smallest of them, and beta d max |X| max |Y|."""
        return min(self.products), self.beta * self.X.shape[1] * float(np.abs(self.X).max() * np.abs(self.Y).max())

    @property
    def spoiled(self) -> np.ndarray:
        """Rounding of a bound."""
        return rounding(64 * self.X.shape[1], 1 + np.abs(self.X).sum() * np.abs(self.Y).sum())


def logit_bounds(case: Logits, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """The library's bounds."""
    tops = np.abs(case.X).max(), np.abs(case.Y).max()
    return {
        "rows": theory.logit_bound(case.X, case.Y, beta=case.beta),
        "entries": theory.norm_logit_bound(*tops, d=case.X.shape[1], beta=case.beta),
    }


def draw_logits(draws: Draws) -> Logits:
    """Up to four rows in three coordinates."""
    d, n = draws.integers(1, 3), draws.integers(1, 4)
    return Logits(*(draws.integers(-8, 8, shape=(n, d)) / 4 for _ in range(2)), draws.choice((0.25, 1.0)))


FULL = Logits(np.full((1, 4), 2.0), np.full((1, 4), 2.0), 1.0)
LOGITS = Family("logits", always=(FULL, replace(FULL, beta=0.25), Logits(np.eye(2), np.eye(2), 1.0)), draw=draw_logits)
