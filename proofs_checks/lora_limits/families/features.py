"""Integers whose polynomials are exact, numbers of features, and tokens on which logits are bounded."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.bounds.errors import OutcomeError
from lrtheory.lora_limits import Polynomial, theory
from lrtheory.lora_limits.products import features

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
    """The factors U and V of a polynomial's matrix."""

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


def is_exact(case: Features) -> bool:
    """Return whether all numbers are integers, and every sum in U V^T is below 2^53."""
    Q, K, a = (np.asarray(one) for one in (case.Q, case.K, case.coefficients))
    # doubles are exact for integers below 2^53, and every partial sum is bounded by the sum of absolute terms
    largest = int(np.abs(Q).max()) * int(np.abs(K).max()) * Q.shape[1]
    whole = all(one.dtype.kind == "i" for one in (Q, K, a))
    return whole and sum(abs(int(c)) * largest**k for k, c in enumerate(a)) < 2**53


def are_independent(case: Features) -> bool:
    """Return whether no polynomial of degree g but 0 vanishes on all queries, or on all keys, by exact elimination."""
    wanted = theory.n_features(case.Q.shape[1], case.degree)
    return all(rank_of_monomials(X, case.degree) == wanted for X in (case.Q, case.K))


def rank_of_monomials(X: np.ndarray, degree: int) -> int:
    """Return the rank of the table of all monomials of the rows of X, by elimination over the integers."""
    powers = [a for a in itertools.product(range(degree + 1), repeat=X.shape[1]) if sum(a) <= degree]
    table = [[math.prod(int(x) ** k for x, k in zip(row, a, strict=True)) for a in powers] for row in X]
    # integers by elimination: a rank that is decided in doubles would need a tolerance
    return int(flint.fmpz_mat(table).rank())


def wrong_entries(case: Features, found: Factors) -> int:
    """Count the entries of U V^T that are not those of P(Q K^T), in integers of any size."""
    logits = case.Q.astype(np.int64).astype(object) @ case.K.astype(np.int64).astype(object).T
    wanted = sum(int(c) * logits**k for k, c in enumerate(case.coefficients))
    return int((integer_product(found) != wanted).sum())


def integer_product(found: Factors) -> np.ndarray:
    """U V^T, whose entries are integers of any size."""
    U, V = (np.asarray(one, float) for one in (found.U, found.V))
    if not all(np.isfinite(one).all() and (one == np.rint(one)).all() for one in (U, V)):
        raise OutcomeError("a factor of integers has an entry that is not an integer")
    whole = [np.array([[int(x) for x in row] for row in one], object) for one in (U, V)]
    return whole[0] @ whole[1].T


def integer_rank(found: Factors) -> int:
    """The rank of U V^T."""
    return int(flint.fmpz_mat([[int(x) for x in row] for row in integer_product(found)]).rank())


def integer_features(seed: int, n: int, d: int, degree: int) -> Features:
    """Random integers, all coefficients one to three."""
    rng = np.random.default_rng(seed)
    # small enough for sums below 2^53 at degree 4, large enough for independent monomials at most seeds
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


def draw_generic(draws: Draws) -> Features:
    """Draw at least as many tokens as monomials, in up to three variables, with coefficients from 1 to 3."""
    d = draws.integers(1, 3)
    # so that there are at most ten monomials, and as many tokens or two more
    g = draws.integers(0, 5 - d)
    n = theory.n_features(d, g) + draws.integers(0, 2)
    tables = [draws.integers(-9, 9, shape=(n, d)) for _ in range(2)]
    return Features(*tables, draws.integers(1, 3, shape=g + 1))


SIZES = ((1, 3), (2, 2), (2, 4), (3, 3))
GENERIC = Family(
    "generic-features",
    always=lambda: tuple(integer_features(s, 2 + theory.n_features(d, g), d, g) for s, (d, g) in enumerate(SIZES)),
    draw=draw_generic,
)
# two tokens cannot have four independent monomials, so the rank is 2 and not 4
TWO_TOKENS = Family("two-tokens", always=lambda: (integer_features(4, 2, 1, 3),))


@dataclass(frozen=True)
class Shares:
    """Shares a and b of n = ln L: d = a n variables and the degree g = b n."""

    variables: int
    degree: int
    log_length: int


def exact_exponents(case: Shares) -> np.ndarray:
    """(a + b) H(a / (a + b)) for degrees b, b / 4, b / 16, ..., in 200 bits."""
    with flint.ctx.workprec(200):
        # down to b / 4^7, the share for which the statement bounds the fall of the exponent
        pairs = [(flint.arb(case.variables), flint.arb(case.degree) / 4**k) for k in range(8)]
        return np.array([float(sum(one * ((a + b) / one).log() for one in (a, b)).mid()) for a, b in pairs])


def exponents(case: Shares, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's exponent, and those for degrees 4, 16, ... times smaller."""
    return np.array([theory.feature_exponent(case.variables, case.degree / 4**k) for k in range(8)])


def draw_shares(draws: Draws) -> Shares:
    """Degrees up to 256 times the variables, of any order."""
    a = draws.integers(1, 8)
    return Shares(
        a, max(1, a * draws.integers(1, 2 ** draws.integers(0, 8)) - draws.integers(0, 1)), draws.integers(1, 60)
    )


SHARES = Family(
    "parts",
    always=(
        *(Shares(a, b, n) for a, b in ((1, 1), (2, 1), (3, 7)) for n in (1, 20, 400)),
        *(Shares(a, 256 * a, n) for a, n in ((1, 1), (2, 20))),
    ),
    draw=draw_shares,
)
# with 368 degrees per variable the exponent falls to a little more than a 64th
MANY_DEGREES = Family("parts-of-many-degrees", always=(Shares(1, 368, 1),))


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
        # each factor is the largest over rows, so the bound holds for every pair of rows
        euclid = np.sqrt((X**2).sum(1).max() * (Y**2).sum(1).max())
        return tuple(self.beta * float(one) for one in (euclid, X.sum(1).max() * Y.max(), X.max() * Y.sum(1).max()))

    @property
    def formulas(self) -> tuple[float, float]:
        """The smallest of them, and beta d max |X| max |Y|."""
        return min(self.products), self.beta * self.X.shape[1] * float(np.abs(self.X).max() * np.abs(self.Y).max())

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of a bound."""
        return rounding(64 * self.X.shape[1], 1 + np.abs(self.X).sum() * np.abs(self.Y).sum())


def logit_bounds(case: Logits, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's bounds on the logits, by rows and by entries."""
    tops = np.abs(case.X).max(), np.abs(case.Y).max()
    return {
        "rows": theory.logit_bound(case.X, case.Y, beta=case.beta),
        "entries": theory.norm_logit_bound(*tops, d=case.X.shape[1], beta=case.beta),
    }


def draw_logits(draws: Draws) -> Logits:
    """Up to four rows in three coordinates."""
    d, n = draws.integers(1, 3), draws.integers(1, 4)
    return Logits(*(draws.integers(-8, 8, shape=(n, d)) / 4 for _ in range(2)), draws.choice((0.25, 1.0)))


# all entries alike: the three bounds agree there, and are attained
FULL = Logits(np.full((1, 4), 2.0), np.full((1, 4), 2.0), 1.0)
# one coordinate of Y is 0: the three bounds differ, and the Euclidean one is not the smallest
UNEVEN = Logits(np.full((1, 2), 0.25), np.array([[0.0, 0.25]]), 0.25)
LOGITS = Family(
    "logits", always=(FULL, replace(FULL, beta=0.25), Logits(np.eye(2), np.eye(2), 1.0), UNEVEN), draw=draw_logits
)
