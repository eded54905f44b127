"""Integers whose polynomials are exact, numbers of features, and tokens on which logits are bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import Polynomial, features, theory

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
