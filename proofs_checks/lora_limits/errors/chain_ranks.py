"""Ranks of the chain's matrices, and what rounding adds to products of features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Draws, Family, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.lora_limits import Polynomial, exp_polynomial, theory
from lrtheory.lora_limits.products import features
from proofs_checks.lora_limits.families.chains import draw_table
from proofs_checks.lora_limits.families.row_perturbation import (
    Matrices,
    Surrogate,
    is_approximated,
    library_chain,
    polynomial_chain,
    surrogate_chain,
)


def weighted(
    case: Surrogate, rng: np.random.Generator | None = None, made: Callable[..., Matrices] = surrogate_chain
) -> dict[str, np.ndarray]:
    """p1 and p2 of the chain of U V^T."""
    found = made(case, rng)
    return {"p1": found.p1, "p2": found.p2}


def is_on_a_line(case: Surrogate) -> bool:
    """Return whether all tokens have second coordinate 0, so that only monomials of the first one are not 0."""
    return not (case.Q[:, 1].any() or case.K[:, 1].any())


def on_a_line(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, labels: np.ndarray, degree: int) -> Surrogate:
    """Tokens whose second coordinate is 0."""
    return Surrogate(*(np.pad(one, ((0, 0), (0, 1))) for one in (queries, keys)), values, labels, degree)


def draw_on_a_line(draws: Draws) -> Surrogate:
    """Up to nine queries and keys, one or two columns of values, degrees up to three."""
    queries, keys, v = draws.integers(1, 9), draws.integers(1, 9), draws.integers(1, 2)
    tables = [draw_table(draws, *shape) for shape in ((queries, 1), (keys, 1), (keys, v), (queries, v))]
    found = on_a_line(tables[0] / 8, *tables[1:], draws.integers(0, 3))
    return found if is_approximated(found) else replace(found, Q=found.Q / 8)


# nine tokens, more than the ranks 2 and 3 that are claimed, and in general position on their line
LINE = np.linspace(-1.0, 1.0, 9)[:, None]


MANY_TOKENS = Family(
    "many-tokens",
    always=tuple(on_a_line(0.5 * LINE, LINE[::-1] ** 3, LINE**2, LINE, g) for g in (1, 2)),
    draw=draw_on_a_line,
)


def exact_factors(case: Surrogate, rng: np.random.Generator) -> Matrices:
    """Use exp itself, whose matrix has full rank."""
    # all errors are 0, which no bound on errors refutes: the rank is too high
    return library_chain(case.Q @ case.K.T, case.C3, case.Y)


def low_ranks(case: Surrogate, found: dict[str, np.ndarray], short: int = 0) -> Sides:
    """Compare singular values of p2 beyond g + 1 and of p1 beyond (g + 1) d_v with 0, and both with the due ones."""
    k, wanted = case.degree + 1 - short, polynomial_chain(case)  # on a line there are g + 1 monomials
    ranks = {"p2": k, "p1": k * case.C3.shape[1]}
    # ranks are measured by singular values, so there must be more tokens than the rank that is claimed
    beyond = [np.linalg.svd(found[name], compute_uv=False)[n:] for name, n in ranks.items()]
    unlike = [np.abs(found[name] - getattr(wanted, name)).ravel() for name in ranks]
    lhs = np.concatenate([*beyond, *unlike])
    return Sides(lhs, 0 * lhs, rounding=64 * case.rounding_bound)


LL_P2_RANK = Statement(
    id="lora_limits/LL-P2-rank",
    title="Ranks stay low along the chain of a polynomial",
    says=(
        "With a polynomial of k monomials in the place of exp, p~_2, whose rows are those of attention times their "
        "row means, has at most rank k, and p~_1, the entrywise product of attention and q, at most rank k d, where d "
        "is the width of the values."
    ),
    source=Derived(theory.n_features),
    tex=r"\mathrm{rank}\,\tilde p_2 \le k,\quad \mathrm{rank}\,\tilde p_1 \le k\,d",
    hypotheses={"eta below 1": is_approximated, "one coordinate": is_on_a_line},
    instances=MANY_TOKENS,
    solve=weighted,
    claim=Inequality(low_ranks, unbounded="what has a higher rank may have any singular values"),
    saboteurs=(
        saboteur("one rank less", claim=Inequality(partial(low_ranks, short=1))),
        saboteur("exp itself", solve=partial(weighted, made=exact_factors)),
    ),
    notes="Tokens on a line, k = g + 1 monomials of one coordinate.",
)


def floor_of(Q: np.ndarray, K: np.ndarray, degree: int) -> float:
    """The library's floor of rounding for these rows, by the sum of absolute products and the largest logit."""
    terms = Q.astype(float) * K.astype(float)
    logit, products = float(np.abs(terms.sum(1)).max()), float(np.abs(terms).sum(1).max())
    a = exp_polynomial(logit, degree=degree).coefficients
    return theory.rounding_floor(a, products, n_variables=Q.shape[1], bound=logit, dtype=Q.dtype)


@dataclass(frozen=True)
class Canceling:
    """Pairs of rows whose products are large and cancel."""

    Q: np.ndarray
    K: np.ndarray
    degree: int
    floor: float

    @property
    def polynomial(self) -> Polynomial:
        """Taylor's polynomial on [-M, M], for the largest logit M."""
        return exp_polynomial(float(np.abs((self.Q * self.K).sum(1)).max()), degree=self.degree)


def factors(case: Canceling, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors U and V of the library for each pair of rows."""
    return features.attention_factors(case.Q, case.K, case.polynomial)


def canceling(x: float, offset: float, degree: int, dtype: Any = np.float64) -> Canceling:
    """Make one pair of rows, (x, x) and (x, -x + offset), whose products cancel but for x times the offset."""
    # the products x^2 and -x^2 cancel but for x times the offset, so N is large and the logit small
    Q, K = np.array([[x, x]], dtype), np.array([[x, -x + offset]], dtype)
    return Canceling(Q, K, degree, floor_of(Q, K, degree))


def draw_canceling(draws: Draws) -> Canceling:
    """Up to three pairs of rows of up to four coordinates, whose products cancel but for a part; both precisions."""
    pairs, d, dtype = draws.integers(1, 3), draws.integers(1, 2), draws.choice((np.float64, np.float32))
    # rows (h, h) and (h, off - h): the products h h and h (off - h) cancel but for h off
    half = draws.integers(-48, 48, shape=(pairs, d)) / 8
    off = draws.integers(-8, 8, shape=(pairs, d)) / 64
    Q, K = (np.concatenate(both, axis=1).astype(dtype) for both in ((half, half), (half, off - half)))
    degree = draws.integers(1, 14)
    return Canceling(Q, K, degree, floor_of(Q, K, degree))


CANCELING = Family(
    "canceling",
    always=(
        # without cancellation; then products of 36 that cancel to a logit below 1, with either sign; then single
        # precision
        canceling(0.5, 0.25, 3),
        canceling(6.0, 0.15625, 12),
        canceling(6.0, -0.125, 12),
        canceling(4.0, 0.015625, 9, np.float32),
        canceling(4.0, -0.03125, 9, np.float32),
    ),
    draw=draw_canceling,
)


def one_feature_lost(case: Canceling, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Set the second monomial of the keys to 0."""
    U, V = factors(case)
    V = np.array(V)
    # the second monomial is the first coordinate itself
    V[:, 1] = 0
    return U, V


def reaches(case: Canceling, found: tuple[np.ndarray, np.ndarray], floors: int = 1) -> Sides:
    """Compare |u v exp(-s) - 1|, in balls around the returned doubles, with eta plus the floor of rounding."""
    (U, V), s = found, (case.Q * case.K).sum(1)
    value = (np.asarray(U) * np.asarray(V)).sum(1)
    lhs = np.array([abs(x * np.exp(-t) - 1) for x, t in zip(value, s, strict=True)])
    return Sides(lhs, np.array([theory.taylor_error(case.degree, abs(t)) + floors * case.floor for t in s]))


LL_E9_FLOATS = Statement(
    id="lora_limits/LL-E9-floats",
    title="Rounding of features is governed by sums of absolute products",
    says=(
        "In floating-point numbers the product U V^T of the features of x and y, with d coordinates and the logit s = "
        "beta <x, y>, has at most this relative error to exp(s): eta of Taylor's polynomial T_g, and rounding; u is "
        "the unit roundoff, M the largest |s|."
    ),
    source=Measured(
        what="the constant 4 of what rounding adds to U V^T",
        where="pairs of rows whose products cancel, in both precisions",
        command="lrtheory check lora_limits/LL-E9-floats",
    ),
    tex=r"|\mathrm{fl}(UV^\top)e^{-s} - 1| \le \eta + 4(g+d)\,u\,e^M\,T_g(N),\quad N = \beta\sum_a|x_ay_a|",
    hypotheses={"the floor of these rows": lambda case: case.floor == floor_of(case.Q, case.K, case.degree)},
    instances=CANCELING,
    solve=factors,
    claim=Inequality(reaches, numbers=Ball, unbounded="other factors may have any product"),
    saboteurs=(
        # subtle: right where products do not cancel, since eta then covers the rounding
        saboteur("without the floor", claim=Inequality(partial(reaches, floors=0), numbers=Ball)),
        saboteur("one feature is lost", solve=one_feature_lost),
    ),
    notes="A proof would need the order in which a BLAS adds. Without the floor the certificate fails at N = 32.",
)
