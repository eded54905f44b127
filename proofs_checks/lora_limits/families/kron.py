"""Integer matrices whose rows are multiplied, and the trick that writes products as vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.lora_limits.products import low_rank


@dataclass(frozen=True)
class Pairs:
    """P (n, a), Q (m, a), R (n, b), T (m, b)."""

    P: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray


def row_products(pairs: Pairs, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's products of rows."""
    return {"left": low_rank._kron(np, pairs.P, pairs.R), "right": low_rank._kron(np, pairs.Q, pairs.T)}


def integers(draws: Draws, *shape: int) -> np.ndarray:
    """Small integers."""
    return draws.integers(-4, 4, shape=shape)


def draw_pairs(draws: Draws) -> Pairs:
    """Up to three rows and columns."""
    n, m, a, b = (draws.integers(1, 3) for _ in range(4))
    return Pairs(integers(draws, n, a), integers(draws, m, a), integers(draws, n, b), integers(draws, m, b))


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
    """(A kron B) vec(X), vec by rows."""
    return np.kron(one.A, one.B) @ one.X.ravel(order=order)


def draw_sandwich(draws: Draws) -> Sandwich:
    """Up to three rows and columns."""
    n, m, a, b = (draws.integers(1, 3) for _ in range(4))
    return Sandwich(integers(draws, n, a), integers(draws, a, b), integers(draws, m, b))


SANDWICHES = Family(
    "sandwiches", always=(Sandwich(*[np.array([[2]])] * 3), Sandwich(STEPS, STEPS.T, STEPS[:, 1:])), draw=draw_sandwich
)
