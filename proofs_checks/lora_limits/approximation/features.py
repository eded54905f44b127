"""Features: polynomials of logits as products, and the rank that they need."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import flint
import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.bounds.errors import OutcomeError
from lrtheory.lora_limits import Polynomial, theory
from lrtheory.lora_limits.products import features
from proofs_checks.orbits import Symmetry


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


def is_exact(case: Features) -> bool:
    """Return whether all numbers are integers, and every sum in U V^T is below 2^53."""
    Q, K, a = (np.asarray(one) for one in (case.Q, case.K, case.coefficients))
    # doubles are exact for integers below 2^53, and every partial sum is bounded by the sum of absolute terms
    largest = int(np.abs(Q).max()) * int(np.abs(K).max()) * Q.shape[1]
    whole = all(one.dtype.kind == "i" for one in (Q, K, a))
    return whole and sum(abs(int(c)) * largest**k for k, c in enumerate(a)) < 2**53


def draw_features(draws: Draws) -> Features:
    """Up to four tokens in three variables, degree up to four."""
    d, n = draws.integers(1, 3), draws.integers(1, 4)
    tables = [draws.integers(-3, 3, shape=(n, d)) for _ in range(2)]
    return Features(*tables, draws.integers(-4, 4, shape=draws.integers(0, 4) + 1))


def integer_features(seed: int, n: int, d: int, degree: int) -> Features:
    """Random integers, all coefficients one to three."""
    rng = np.random.default_rng(seed)
    # small enough for sums below 2^53 at degree 4, large enough for independent monomials at most seeds
    Q, K = rng.integers(-9, 10, size=(2, n, d))
    return Features(Q, K, rng.integers(1, 4, size=degree + 1))


def always_features() -> tuple[Features, ...]:
    """The smallest, and one with many tokens."""
    return (
        Features(np.array([[1]]), np.array([[2]]), np.array([1, 1])),
        Features(np.array([[1, 2]]), np.array([[3, 1]]), np.array([1, 1, 1])),
        integer_features(0, 6, 3, 3),
    )


INTEGERS = Family("integer-features", always=always_features, draw=draw_features)


def powers_of_products() -> Iterator[Features]:
    """Yield one query and one key of two coordinates from -1 to 2, and one coefficient of 1 up to degree 4."""
    for a, b, c, d in itertools.product(range(-1, 3), repeat=4):
        yield from (Features(np.array([[a, b]]), np.array([[c, d]]), power) for power in np.eye(5, dtype=int))


def last_degree_alone(case: Features, rng: np.random.Generator) -> Factors:
    """Use the monomials of degree exactly g alone; the columns of the others are zero."""
    found = factored(case)
    # the homogeneous part of the polynomial: right for the last coefficient alone
    lower = theory.n_features(case.Q.shape[1], case.degree - 1) if case.degree else 0
    last = np.arange(found.U.shape[1]) >= lower
    return Factors(found.U * last, found.V * last)


def unweighted(case: Features, rng: np.random.Generator) -> Factors:
    """Use monomials without weights on both sides."""
    # with queries and keys exchanged, U of the library are the monomials of the keys, without weights
    found = factored(replace(case, Q=case.K, K=case.Q))
    return Factors(factored(case).U, found.U)


def reconstructed(case: Features, found: Factors) -> Sides:
    """Compare U V^T with P(Q K^T), exactly, and the number of columns with binom(g + d, d)."""
    # a zero of the kind of numbers that the claim computes in; results are integers, so Fractions decide exactly
    one = found.U.ravel()[0] * 0
    logits = case.Q @ case.K.T
    value = logits * 0 + one
    for a in case.coefficients[::-1]:
        value = value * logits + a
    columns = theory.n_features(case.Q.shape[1], case.degree)  # the count is compared beside the entries
    return Sides(np.r_[(found.U @ found.V.T).ravel(), one + found.U.shape[1]], np.r_[value.ravel(), one + columns])


LL_D4 = Statement(
    id="lora_limits/LL-D4",
    title="Polynomials of logits as products of monomials",
    says=(
        "For a polynomial P of degree g the matrix of all P(<q_i, k_j>), where q_i and k_j are the rows of Q and K "
        "with d coordinates, is exactly U V^T; the columns of U and V are the monomials of degree at most g, those of "
        "V times weights."
    ),
    source=Derived(theory.n_features),
    tex=r"P(QK^\top) = UV^\top,\quad U, V \text{ with } \binom{g+d}{d} \text{ columns}",
    hypotheses={"integers, whose sums are below 2^53": is_exact},
    instances=INTEGERS,
    for_all=(
        All(
            "powers 0 to 4 of the inner product of a query and a key, both with two whole coordinates from -1 to 2",
            powers_of_products,
            members=1280,
        ),
    ),
    solve=factored,
    claim=Identity(reconstructed),
    decisions=("U", "V"),
    saboteurs=(
        saboteur("the last degree alone", solve=last_degree_alone),
        saboteur(
            # right for monomials in which no variable is repeated
            "weights k! for k! / a!",
            patch=(features.feature_weights, "multinomial[:end] * k / count", "multinomial[:end] * k"),
        ),
        saboteur("weights are left out", solve=unweighted),
    ),
    notes="Exact on integers, no rounding anywhere.",
)


def rank_of_monomials(X: np.ndarray, degree: int) -> int:
    """Return the rank of the table of all monomials of the rows of X, by elimination over the integers."""
    powers = [a for a in itertools.product(range(degree + 1), repeat=X.shape[1]) if sum(a) <= degree]
    table = [[math.prod(int(x) ** k for x, k in zip(row, a, strict=True)) for a in powers] for row in X]
    # integers by elimination: a rank that is decided in doubles would need a tolerance
    return int(flint.fmpz_mat(table).rank())


def are_independent(case: Features) -> bool:
    """Return whether no polynomial of degree g but 0 vanishes on all queries, or on all keys, by exact elimination."""
    wanted = theory.n_features(case.Q.shape[1], case.degree)
    return all(rank_of_monomials(X, case.degree) == wanted for X in (case.Q, case.K))


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


def three_tokens() -> Iterator[Features]:
    """Yield 1 + s + s^2 of three different queries and three different keys from -2 to 3, each in one order."""
    for queries, keys in itertools.product(itertools.combinations(range(-2, 4), 3), repeat=2):
        yield Features(*(np.array(one)[:, None] for one in (queries, keys)), np.ones(3, int))


def reordered(case: Features) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield queries and keys in every order."""
    yield from itertools.product(*(itertools.permutations(X.ravel().tolist()) for X in (case.Q, case.K)))


def a_column_more(case: Features, rng: np.random.Generator) -> Factors:
    """Add a column of zeros to both factors."""
    found = factored(case)
    # the product is right, so that only the number of columns is wrong
    return Factors(*(np.pad(one, ((0, 0), (0, 1))) for one in (found.U, found.V)))


def exact_rank(case: Features) -> int:
    """The rank of P(Q K^T), by elimination over the integers."""
    logits = [[int(x) for x in row] for row in case.Q.astype(np.int64) @ case.K.astype(np.int64).T]
    a = [int(x) for x in case.coefficients]
    return int(flint.fmpz_mat([[sum(c * s**k for k, c in enumerate(a)) for s in row] for row in logits]).rank())


def integer_product(found: Factors) -> np.ndarray:
    """U V^T, whose entries are integers of any size."""
    U, V = (np.asarray(one, float) for one in (found.U, found.V))
    if not all(np.isfinite(one).all() and (one == np.rint(one)).all() for one in (U, V)):
        raise OutcomeError("a factor of integers has an entry that is not an integer")
    whole = [np.array([[int(x) for x in row] for row in one], object) for one in (U, V)]
    return whole[0] @ whole[1].T


def wrong_entries(case: Features, found: Factors) -> int:
    """Count the entries of U V^T that are not those of P(Q K^T), in integers of any size."""
    logits = case.Q.astype(np.int64).astype(object) @ case.K.astype(np.int64).astype(object).T
    wanted = sum(int(c) * logits**k for k, c in enumerate(case.coefficients))
    return int((integer_product(found) != wanted).sum())


def integer_rank(found: Factors) -> int:
    """The rank of U V^T."""
    return int(flint.fmpz_mat([[int(x) for x in row] for row in integer_product(found)]).rank())


def of_full_rank(case: Features, found: Factors) -> Sides:
    """Compare columns, the ranks of P(Q K^T) and of U V^T, our count and the earlier one each with the next."""
    d, g = case.Q.shape[1], case.degree
    counts, rank, own = theory.n_features(d, g), exact_rank(case), integer_rank(found)
    lhs = [found.U.shape[1], rank, own, counts, wrong_entries(case, found)]
    return Sides(lhs, [rank, own, counts, theory.as23_rank(d, g), 0])


LL_D4_RANK = Statement(
    id="lora_limits/LL-D4-rank",
    title="No fewer columns do, and the count in the literature is larger",
    says=(
        "If P has degree g and no zero coefficient, and no other polynomial of degree g in the d coordinates vanishes "
        "on all queries Q or on all keys K, the matrix P(Q K^T) has exactly the rank binom(g+d, d); the count in the "
        "literature is not smaller."
    ),
    source=Derived(theory.n_features),
    tex=r"\mathrm{rank}\,P(QK^\top) = \binom{g+d}{d} \le \binom{2(g+d)}{2g}",
    hypotheses={
        "no coefficient is zero": lambda case: bool((case.coefficients != 0).all()),
        "no polynomial of degree g vanishes on all queries, and none on all keys": are_independent,
        "integers, whose sums are below 2^53": is_exact,
    },
    instances=GENERIC,
    for_all=(
        All(
            "pairs of three different queries and three different keys, whole numbers from -2 to 3, for 1 + s + s^2",
            three_tokens,
            members=20**2,
            orbit=Symmetry(reordered).size,
            total=(6 * 5 * 4) ** 2,
            up_to="the order of queries and keys",
            invisible={"weights are left out": "powers of one coordinate all have the weight 1"},
        ),
    ),
    solve=factored,
    claim=Inequality(of_full_rank, unbounded="factors may have any number of columns"),
    decisions=("U", "V"),
    may_vary=dict.fromkeys("UV", "how many columns there are is what the claim counts"),
    saboteurs=(
        # a column of zeros: the product is right, and only the count is not the rank
        saboteur("a column too many", solve=a_column_more),
        saboteur("weights are left out", solve=unweighted),
        saboteur(
            "two tokens",
            breaks="no polynomial of degree g vanishes on all queries, and none on all keys",
            instances=TWO_TOKENS,
        ),
    ),
    notes=(
        "Ranks of integer matrices by exact elimination. For d = 8, g = 4 the counts are 495 and 735471. There must "
        "be at least as many tokens as monomials."
    ),
)
