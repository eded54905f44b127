"""Drawn stacks as arrays; `problem` says what they are for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import choice, generator

__all__ = ["KINDS", "planted", "stack"]

KINDS = ("gaussian", "noisy", "decades", "orthogonal", "integers", "shared")


def stack(kind: str, m: int, sizes: Sequence[int], rank: int, noise: float, rng: Rng) -> list[np.ndarray]:
    """Draw blocks of one kind."""
    choice("kind", kind, KINDS)
    draws = generator(rng)
    N = sum(sizes)
    cuts = np.cumsum(sizes)[:-1]
    if kind == "gaussian":
        M = draws.normal(size=(m, N))
    elif kind == "integers":
        M = draws.integers(-2, 3, size=(m, N)).astype(np.float64)
    elif kind == "decades":
        widths = np.repeat(10.0 ** draws.uniform(-2, 2, size=len(sizes)), sizes)
        M = draws.normal(size=(m, N)) * widths
    elif kind == "orthogonal":
        Q = orthonormal(m, m, draws)
        # each column once, then again, in another order, so that more columns than rows are multiples of the same
        order = np.concatenate([draws.permutation(m) for _ in range(-(-N // m))] or [np.empty(0, np.int64)])[:N]
        M = Q[:, order] * draws.integers(1, 4, size=N)
    else:
        mixing = draws.normal(size=(min(rank, m), N))
        if kind == "shared":
            mixing[draws.random(size=mixing.shape) < 0.2] = 0.0
        M = orthonormal(m, min(rank, m), draws) @ mixing
        if kind == "noisy":
            M = M + noise * draws.normal(size=(m, N)) / np.sqrt(m)
    return np.split(M, cuts, axis=1)


def planted(
    sizes: Sequence[int], m: int, rank: int, overlap: float, noise: float, rng: Rng
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw families of blocks U_f O_k in a random order, and which family each belongs to."""
    draws = generator(rng)
    n_bases = len(sizes) + (overlap > 0)
    bases = np.split(orthonormal(m, rank * n_bases, draws), n_bases, axis=1)
    common = bases[-1] if overlap > 0 else 0.0
    tilted = [np.sqrt(1 - overlap) * U + np.sqrt(overlap) * common for U in bases[: len(sizes)]]
    families = draws.permutation(np.repeat(np.arange(len(sizes)), sizes))
    blocks = [tilted[f] @ orthonormal(rank, rank, draws) for f in families]
    if noise > 0:
        blocks = [block + noise * draws.normal(size=block.shape) / np.sqrt(m) for block in blocks]
    return blocks, families.astype(np.int64)


def orthonormal(m: int, n: int, draws: np.random.Generator) -> np.ndarray:
    """Draw orthonormal columns."""
    return np.asarray(np.linalg.qr(draws.normal(size=(m, n)))[0])
