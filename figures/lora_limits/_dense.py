"""Whole matrices, for few tokens: the gradient that any matrix of attention gives, and those of Taylor polynomials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Instance(NamedTuple):
    """Queries (times beta) and keys, centered, and what their gradient needs."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    targets: np.ndarray

    @property
    def logits(self) -> np.ndarray:
        """All logits, (L_Q, L_K)."""
        return self.queries @ self.keys.T


def uniform(n_tokens: int, d: int, bound: float, rng: np.random.Generator) -> Instance:
    """Entries in [-bound, bound], beta = 1/d, Gaussian values, targets 0."""
    queries, keys = rng.uniform(-bound, bound, size=(2, n_tokens, d))
    return Instance(queries / d, keys - keys.mean(axis=0), rng.normal(size=(n_tokens, d)), np.zeros((n_tokens, d)))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of attention."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def gradient(attention: np.ndarray, x: Instance) -> np.ndarray:
    """The chain f, c, q, p, and dLoss/dW = beta C1^T p C2 at W = I."""
    output = attention @ x.values
    c = output - x.targets
    p = attention * (c @ x.values.T - (c * output).sum(axis=1, keepdims=True))
    return x.queries.T @ (p @ x.keys)


def taylor_attention(logits: np.ndarray, most: int) -> Iterator[np.ndarray | None]:
    """Attention by the Taylor polynomials of degree 1, 2, ..., `most`; None where a row has no positive sum."""
    total, term = np.ones_like(logits), np.ones_like(logits)
    for degree in range(1, most + 1):
        term *= logits
        term /= degree
        total += term
        sums = total.sum(axis=1, keepdims=True)
        yield total / sums if (sums > 0).all() else None
