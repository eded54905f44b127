"""Pieces of the proofs: rows multiplied entry by entry, products written as vectors, and single rows of logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.lora_limits import chain
from lrtheory.lora_limits.products import low_rank
from proofs_checks.lora_limits.families.row_perturbation import REACHED


@dataclass(frozen=True)
class Pairs:
    """P (n, a), Q (m, a), R (n, b), T (m, b)."""

    P: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray


def row_products(pairs: Pairs, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the library's row-wise Kronecker products."""
    # through the module, so that a changed line of the library is seen
    return {"left": low_rank._kron(np, pairs.P, pairs.R), "right": low_rank._kron(np, pairs.Q, pairs.T)}


def integers(draws: Draws, *shape: int) -> np.ndarray:
    """Small integers."""
    return draws.integers(-4, 4, shape=shape)


def draw_pairs(draws: Draws) -> Pairs:
    """Up to three rows and columns."""
    n, m, a, b = (draws.integers(1, 3) for _ in range(4))
    return Pairs(integers(draws, n, a), integers(draws, m, a), integers(draws, n, b), integers(draws, m, b))


# all entries differ, so that an exchanged index changes the product
STEPS = np.arange(1, 7).reshape(2, 3)
PAIRS = Family(
    "row-products",
    always=(Pairs(*[np.array([[2]])] * 4), Pairs(STEPS, STEPS + 1, STEPS[:, :2], STEPS[:, 1:])),
    draw=draw_pairs,
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
