"""The definitions, written as slowly as they read, and small problems."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np


def energy(Z: Any, A: Any, W: Any, lam: float, temperature: float) -> float:
    """T sum z log z + <A, Z> - (lam / 2) sum over pairs, term by term."""
    value = 0.0
    for p, row in enumerate(Z):
        for c, z in enumerate(row):
            value += (temperature * z * math.log(z) if z > 0 else 0.0) + A[p][c] * z
            value -= lam / 2 * sum(W[p][q] * z * Z[q][c] for q in range(len(Z)))
    return value


def discrete(labels: Any, A: Any, W: Any, lam: float) -> float:
    """Costs of the labels plus (lam / 4) sum w |z_p - z_q|^2."""
    n = len(labels)
    cut = sum(2 * W[p][q] for p in range(n) for q in range(n) if labels[p] != labels[q])
    return sum(A[p][labels[p]] for p in range(n)) + lam / 4 * cut


def softmax_update(Z: Any, A: Any, W: Any, lam: float, temperature: float, clamp: Any = None) -> np.ndarray:
    """One update, row by row."""
    new = np.array(Z, float)
    for p in range(len(Z)):
        if clamp is None or clamp[p] < 0:
            logits = [
                (lam * sum(W[p][q] * Z[q][c] for q in range(len(Z))) - A[p][c]) / temperature for c in range(len(Z[0]))
            ]
            powers = [math.exp(logit - max(logits)) for logit in logits]
            new[p] = [power / sum(powers) for power in powers]
    return new


def vertices(n: int, k: int) -> Iterator[tuple[int, ...]]:
    """All k^n labels."""
    return itertools.product(range(k), repeat=n)


def problem(rng: np.random.Generator, n: int = 6, k: int = 3, *, psd: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Random costs, and a random symmetric non-negative affinity with zeros on its diagonal unless psd."""
    A, W = rng.uniform(-1, 1, (n, k)), rng.uniform(0, 1, (n, n)) * (rng.random((n, n)) < 0.5)
    W = np.triu(W, 1)
    W = W + W.T
    return A, W - min(0.0, np.linalg.eigvalsh(W)[0]) * np.eye(n) if psd else W


def rows(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Random rows of the simplex."""
    return rng.dirichlet(np.ones(k), n)


def neighbors(X: np.ndarray, k: int) -> list[list[int]]:
    """The k nearest other points of every point, ties by index."""
    found = []
    for p in range(len(X)):
        apart = [(float(((X[p] - X[q]) ** 2).sum()), q) for q in range(len(X)) if q != p]
        found.append([q for _, q in sorted(apart)[:k]])
    return found


def digits_like(rng: np.random.Generator, n_classes: int = 7, per_class: int = 25, d: int = 12) -> tuple[Any, Any]:
    """Overlapping classes in a dozen dimensions, not negative."""
    centers = rng.gamma(2.0, 1.0, (n_classes, d))
    y = np.repeat(np.arange(n_classes), per_class)
    return np.abs(centers[y] + 0.8 * rng.normal(size=(len(y), d))), y
