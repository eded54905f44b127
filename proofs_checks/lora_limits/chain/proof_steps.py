"""Pieces of the proofs: the Jacobian of the softmax, and products written as vectors."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Classical,
    Draws,
    Family,
    Generic,
    Identity,
    Inequality,
    Sides,
    Square,
    Statement,
    Tight,
    always,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import chain
from proofs_checks.lora_limits.families.chains import STEPS, attention, integers
from proofs_checks.lora_limits.families.row_perturbation import REACHED


@dataclass(frozen=True)
class Row:
    """Logits of one query."""

    logits: np.ndarray


def softmax_of(row: Row, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the library's softmax of the row."""
    return chain.softmax(np, row.logits)


def draw_row(draws: Draws) -> Row:
    """Up to six logits."""
    return Row(draws.integers(-16, 16, shape=draws.integers(1, 6)) / 4)


# f = (1/2, 1/2) has the eigenvalue 1/2, the largest possible
EVEN = Row(np.zeros(2))


ROWS = Family(
    # a single key, and a logit whose exponential overflows without the maximum
    "logit-rows",
    always=(Row(np.zeros(1)), Row(np.array([0.0, 1000.0]))),
    tight=(Tight(EVEN, *REACHED),),
    draw=draw_row,
)


def spectrum(row: Row, found: np.ndarray, most: float = 0.5) -> Sides:
    """Compare the eigenvalues of diag(f) - f f^T with 0 and 1/2, its row sums with 0, and f with the softmax."""
    J = np.diag(found) - np.outer(found, found)
    # the claim makes the Jacobian itself, so f alone is under test
    values = np.linalg.eigvalsh(J)
    nothing = np.abs(np.r_[J.sum(1), found - attention(row.logits)])
    lhs, rhs = np.r_[-values, values, nothing], np.r_[0 * values, np.full(len(values), most), 0 * nothing]
    return Sides(lhs, rhs, rounding=rounding(64 * len(found) ** 2 * (1 + np.abs(row.logits).max()), 1.0))


@dataclass(frozen=True)
class Direction(Row):
    """A row with any direction, of which one number for each logit is added and one is taken off."""

    weights: tuple[Any, ...]
    x: np.ndarray


def directed(n_logits: int, *numbers: Any) -> Direction:
    """Make a row of its exponentials, all above 0, and a direction."""
    weights, plus, minus = (numbers[k * n_logits : (k + 1) * n_logits] for k in range(3))
    logits = np.log(weights) if all(isinstance(one, int) for one in weights) else np.zeros(n_logits)
    return Direction(logits, tuple(weights), np.array(plus, object) - np.array(minus, object))


def shares(row: Direction) -> np.ndarray:
    """Return the softmax of the row by its exponentials."""
    return np.array(row.weights, object) / sum(row.weights)


def quadratic(row: Direction, f: np.ndarray) -> Sides:
    """Compare x^T (diag(f) - f f^T) x with 0 and with |x|^2 / 2."""
    form = sum(f * row.x * row.x) - sum(f * row.x) ** 2
    return Sides([0, form], [form, sum(row.x * row.x) / 2])


def squares(row: Direction, f: np.ndarray) -> list[Any]:
    """Return sum_(i<j) f_i f_j (x_i - x_j)^2, and 2 sum_i (x_i (f_i - 1/2))^2 + sum_(i<j) f_i f_j (x_i + x_j)^2."""
    pairs = list(itertools.combinations(range(len(f)), 2))
    apart = [[f[i], f[j], Square(row.x[i] - row.x[j])] for i, j in pairs]
    alone = [[2, Square(row.x[i] * (f[i] - Fraction(1, 2)))] for i in range(len(f))]
    return [apart, alone + [[f[i], f[j], Square(row.x[i] + row.x[j])] for i, j in pairs]]


ALL_ROWS = Generic(
    "softmax rows of 3 logits, with any direction in which their Jacobian is measured",
    partial(directed, 3),
    [f"{name}{k}" for name in "ypq" for k in range(3)],
    outcome=shares,
    sides=quadratic,
    because=squares,
)


LL_P6 = Statement(
    id="lora_limits/LL-P6",
    title="The Jacobian of the softmax lies between 0 and 1/2",
    says=(
        "For a row f of attention weights the Jacobian of the softmax, diag(f) - f f^T, has all eigenvalues between 0 "
        "and 1/2, and each of its rows sums to 0; 1 is the vector of ones."
    ),
    source=Classical("Gershgorin's theorem", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, theorem 6.1.1"),
    tex=r"0 \preceq \mathrm{diag}(f) - ff^\top \preceq \tfrac12 I,\quad (\mathrm{diag}(f) - ff^\top)\mathbf 1 = 0",
    hypotheses={"finite logits": always},
    instances=ROWS,
    for_all=(ALL_ROWS,),
    solve=softmax_of,
    claim=Inequality(spectrum, unbounded="what is no distribution may have any eigenvalues"),
    saboteurs=(
        # the largest entry of the diagonal, f (1 - f), is at most 1/4, but the norm is up to twice as large
        saboteur("a norm of 1/4", claim=Inequality(partial(spectrum, most=0.25))),
        saboteur("not normalized", patch=(chain.softmax, "powers / xp.sum(powers, axis=-1, keepdims=True)", "powers")),
    ),
    notes="A row has f_i - f_i^2 on the diagonal and the same sum beside it, so discs reach to 2 f_i (1 - f_i) <= 1/2.",
)


@dataclass(frozen=True)
class Sandwich:
    """A (n, d1), X (d1, d2), B (m, d2)."""

    A: np.ndarray
    X: np.ndarray
    B: np.ndarray


def vectorized(one: Sandwich, rng: np.random.Generator | None = None, order: str = "C") -> np.ndarray:
    """Compute (A kron B) vec(X), where vec reads entries row by row unless `order` is "F"."""
    return np.kron(one.A, one.B) @ one.X.ravel(order=order)


def draw_sandwich(draws: Draws) -> Sandwich:
    """Up to three rows and columns."""
    n, m, a, b = (draws.integers(1, 3) for _ in range(4))
    return Sandwich(integers(draws, n, a), integers(draws, a, b), integers(draws, m, b))


SANDWICHES = Family(
    "sandwiches", always=(Sandwich(*[np.array([[2]])] * 3), Sandwich(STEPS, STEPS.T, STEPS[:, 1:])), draw=draw_sandwich
)


def kron_backwards(one: Sandwich, rng: np.random.Generator) -> np.ndarray:
    """Multiply by B kron A instead of A kron B."""
    # right for vectors by columns, the convention of much of the literature
    return vectorized(Sandwich(one.B, one.X.T, one.A))


def vector_of(one: Sandwich, found: np.ndarray) -> Sides:
    """Compare vec(A X B^T), by rows, with (A kron B) vec(X), exactly."""
    return Sides(found, (one.A @ one.X @ one.B.T).ravel())


LL_P8 = Statement(
    id="lora_limits/LL-P8",
    title="The vector of a product is a Kronecker product",
    says=(
        "The entries of A X B^T, read row by row, are the matrix A kron B times the entries of X, read row by row; X "
        "has d columns, so its entry (i, j) stands at position (i - 1) d + j, counted from 1."
    ),
    source=Classical("vec and Kronecker products", "R. Horn, C. Johnson, Topics in Matrix Analysis, 1991, lemma 4.3.1"),
    tex=r"\mathrm{vec}(AXB^\top) = (A \otimes B)\,\mathrm{vec}(X),\quad \mathrm{vec}(X)_{(i-1)d + j} = X_{ij}",
    hypotheses={"any integers": always},
    instances=SANDWICHES,
    solve=vectorized,
    claim=Identity(vector_of),
    saboteurs=(
        # the convention of most textbooks, for which A and B change places
        saboteur("vec by columns", solve=partial(vectorized, order="F")),
        saboteur("B kron A", solve=kron_backwards),
    ),
    notes="By rows, as numpy's ravel and kron agree.",
)
