"""Streams of edits, and their batch solutions by definitions alone: least squares, and elimination of Fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lrtheory.continual_learning import RecursiveRidge


class Stream(NamedTuple):
    """The arguments of a recursion in rows layout, and edits (keys, values, weight)."""

    W0: np.ndarray
    anchors: np.ndarray | None
    ridge: Any
    anchor_weight: Any
    edits: list[tuple[np.ndarray, np.ndarray, Any]]

    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = {"ridge": self.ridge}
        return found if self.anchors is None else found | {"anchors": self.anchors, "anchor_weight": self.anchor_weight}

    def of(self, places: Sequence[int]) -> Stream:
        return self._replace(edits=[self.edits[i] for i in places])


def stream(rng: np.random.Generator, d: int, p: int, n: int = 4, *, exactly: bool = False, m: int = 2) -> Stream:
    """A random stream; of small integers where it is exact."""
    draw: Any = (lambda *shape: rng.integers(-3, 4, shape)) if exactly else (lambda *shape: rng.normal(size=shape))
    sizes = rng.integers(1, 4, n)
    weights = [Fraction(int(rng.integers(1, 4)), 2) if exactly else float(rng.uniform(0.5, 2)) for _ in range(n)]
    edits = [(draw(u, d), draw(u, p), w) for u, w in zip(sizes.tolist(), weights, strict=True)]
    ridge, weight = (Fraction(1, 4), Fraction(2)) if exactly else (0.25, 2.0)
    return Stream(draw(d, p), draw(m, d) if m else None, ridge, weight, edits)


def rows(given: Stream, decay: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """All rows of the least squares problem and what they should say, in doubles."""
    d, n = len(given.W0), len(given.edits)
    old = decay**n
    A, B = [np.sqrt(old * float(given.ridge)) * np.eye(d)], [np.sqrt(old * float(given.ridge)) * given.W0]
    if given.anchors is not None:
        root = np.sqrt(old * float(given.anchor_weight))
        A, B = [*A, root * given.anchors], [*B, root * given.anchors @ given.W0]
    for i, (K, V, w) in enumerate(given.edits):
        root = np.sqrt(decay ** (n - 1 - i) * float(w))
        A, B = [*A, root * K], [*B, root * V]
    return np.concatenate(A).astype(float), np.concatenate(B).astype(float)


def batch(given: Stream, decay: float = 1.0) -> np.ndarray:
    """The weights that minimize the objective, by least squares."""
    return np.linalg.lstsq(*rows(given, decay), rcond=None)[0]


def cost(given: Stream, W: np.ndarray, decay: float = 1.0) -> float:
    A, B = rows(given, decay)
    return float(np.sum((A @ W - B) ** 2))


def exact_rows(given: Stream) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """M and the right side of the normal equations, in Fractions."""
    d, p = given.W0.shape
    blocks = [(np.eye(d, dtype=int), given.W0, given.ridge)]
    if given.anchors is not None:
        blocks.append((given.anchors, given.anchors @ given.W0, given.anchor_weight))
    blocks += given.edits
    M = [[Fraction(0)] * d for _ in range(d)]
    b = [[Fraction(0)] * p for _ in range(d)]
    for K, V, w in blocks:
        for key, value in zip(K.tolist(), V.tolist(), strict=True):
            for i in range(d):
                M[i] = [entry + w * key[i] * other for entry, other in zip(M[i], key, strict=True)]
                b[i] = [entry + w * key[i] * other for entry, other in zip(b[i], value, strict=True)]
    return M, b


def exact_solution(given: Stream) -> tuple[np.ndarray, Fraction]:
    """The weights that minimize the objective, and det M, by elimination."""
    M, b = exact_rows(given)
    left = [row + side for row, side in zip(M, b, strict=True)]
    d, determinant = len(M), Fraction(1)
    for i in range(d):
        determinant *= left[i][i]
        left[i] = [entry / left[i][i] for entry in left[i]]
        for j in range(d):
            if j != i:
                share = left[j][i]
                left[j] = [entry - share * other for entry, other in zip(left[j], left[i], strict=True)]
    return np.array([row[d:] for row in left], dtype=object), determinant


def exact_cost(given: Stream, W: np.ndarray) -> Fraction:
    """The objective by its definition."""
    D = W - given.W0
    total = given.ridge * (D * D).sum()
    if given.anchors is not None:
        total += given.anchor_weight * ((given.anchors @ D) ** 2).sum()
    return total + sum((w * ((V - K @ W) ** 2).sum() for K, V, w in given.edits), Fraction(0))


FORMS = ("sqrt", "covariance", "information", "dual")


def made(given: Stream, form: Any, layout: Any = "rows", **options: Any) -> RecursiveRidge:
    W0 = given.W0.T if layout == "torch" else given.W0
    return RecursiveRidge(W0, method=form, layout=layout, **given.options(), **options)


def as_rows(state: RecursiveRidge) -> np.ndarray:
    return np.asarray(state.weights).T if state.layout == "torch" else np.asarray(state.weights)
