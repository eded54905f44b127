"""Slow truths that the tests of sketches compare with."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def loss(A: np.ndarray, B: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of A^T A - B^T B, in doubles."""
    A, B = A.astype(np.float64), B.astype(np.float64)
    w = np.linalg.eigvalsh(A.T @ A - B.T @ B)
    return float(w[0]), float(w[-1])


def tails(A: np.ndarray) -> np.ndarray:
    """The squared distance of A from the nearest matrix of rank k, for k = 0, 1, ..."""
    squares = np.linalg.svd(A.astype(np.float64), compute_uv=False) ** 2
    return np.append(np.cumsum(squares[::-1])[::-1], 0.0)


class Counters:
    """The batched algorithm of Misra and Gries in Fractions: a full buffer is merged and decremented."""

    def __init__(self, rank: int, room: int) -> None:
        self.rank, self.room = rank, room
        self.slots: list[tuple[int, Fraction]] = []
        self.missed, self.n_shrinks = Fraction(0), 0

    def push(self, item: int, weight: Fraction) -> None:
        if len(self.slots) == self.room:
            left, missed = self.decremented()
            self.slots, self.missed, self.n_shrinks = list(left.items()), self.missed + missed, self.n_shrinks + 1
        self.slots.append((item, weight))

    def decremented(self) -> tuple[dict[int, Fraction], Fraction]:
        """What a shrink would leave, and by how much it would lower the counters."""
        sums: dict[int, Fraction] = {}
        for item, weight in self.slots:
            sums[item] = sums.get(item, Fraction(0)) + weight
        ordered = sorted(sums.values(), reverse=True)
        missed = ordered[self.rank] if len(ordered) > self.rank else Fraction(0)
        return {item: value - missed for item, value in sums.items() if value > missed}, missed

    def read(self) -> tuple[dict[int, Fraction], Fraction]:
        """Counters and the sum of all decrements as a reader sees them."""
        if len(self.slots) <= self.rank:
            sums: dict[int, Fraction] = {}
            for item, weight in self.slots:
                sums[item] = sums.get(item, Fraction(0)) + weight
            return sums, self.missed
        left, missed = self.decremented()
        return left, self.missed + missed


def stream(rng: np.random.Generator, T: int, n: int, decay: float = 1.0) -> np.ndarray:
    """Rotated rows with a spectrum that falls, a few zero rows and a few repeated ones among them."""
    A = (rng.normal(size=(T, n)) * np.arange(1, n + 1) ** -decay) @ np.linalg.qr(rng.normal(size=(n, n)))[0]
    A[rng.random(T) < 0.1] = 0.0
    A[rng.random(T) < 0.1] = A[0]
    return A
