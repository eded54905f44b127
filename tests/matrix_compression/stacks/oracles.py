"""Energies of stacks without the library: characteristic polynomials over the integers, and dense factorizations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import flint
import numpy as np

KINDS = ("gaussian", "noisy", "decades", "orthogonal", "integers", "shared")


def joined(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """The blocks side by side."""
    return np.concatenate([np.asarray(block, np.float64) for block in blocks], axis=1)


def integers_of(blocks: Sequence[np.ndarray]) -> tuple[list[list[int]], int]:
    """The stack as integers times 2^-shift, which every double is."""
    ratios = [[x.as_integer_ratio() for x in row] for row in joined(blocks).tolist()]
    shift = max((d.bit_length() - 1 for row in ratios for _, d in row), default=0)
    return [[n << (shift - d.bit_length() + 1) for n, d in row] for row in ratios], shift


def exact_energies(blocks: Sequence[np.ndarray], digits: int = 60) -> list[Fraction]:
    """All eigenvalues of M M^T, the largest first: roots of the exact characteristic polynomial, to many digits."""
    rows, shift = integers_of(blocks)
    if not rows or not rows[0]:
        return [Fraction(0)] * len(rows)
    M = flint.fmpz_mat(rows)
    before = flint.ctx.prec
    flint.ctx.prec = 4 * digits + max(2 * x.bit_length() for row in rows for x in row)
    try:
        found = [(root.real, count) for root, count in (M * M.transpose()).charpoly().complex_roots()]
        values = [middle(root) for root, _ in found]
    finally:
        flint.ctx.prec = before
    energies = [max(value, Fraction(0)) for value, (_, count) in zip(values, found, strict=True) for _ in range(count)]
    return sorted((value / (1 << (2 * shift)) for value in energies), reverse=True)


def middle(ball: flint.arb) -> Fraction:
    """The center of a ball, whose radius is far below a double's precision."""
    mantissa, exponent = ball.mid().man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    return Fraction(mantissa) * (Fraction(2) ** exponent)


def relative_error(energies: Sequence[Fraction], rank: int) -> float:
    """E_r / norm(M), and 0 for a stack of zeros."""
    total = sum(energies, Fraction(0))
    if total == 0:
        return 0.0
    share = sum(energies[rank:], Fraction(0)) / total
    return math.sqrt(share)


def dense_energies(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Squared singular values by one dense factorization, the largest first, padded to the number of rows."""
    M = joined(blocks)
    s = np.linalg.svd(M, compute_uv=False) if M.shape[1] else np.zeros(0)
    return np.pad(s**2, (0, len(M) - len(s)))


def stacks(n: int, rng: np.random.Generator) -> Iterator[list[np.ndarray]]:
    """Small stacks of all kinds, made here: zero and empty blocks, ties, blocks wider than high, norms over decades."""
    for t in range(n):
        m, K = int(rng.integers(1, 8)), int(rng.integers(1, 6))
        sizes = rng.integers(0, 6, size=K)
        kind = t % 6
        if kind == 0:
            blocks = [rng.normal(size=(m, c)) for c in sizes]
        elif kind == 1:
            blocks = [rng.integers(-2, 3, size=(m, c)).astype(float) for c in sizes]
        elif kind == 2:
            blocks = [rng.normal(size=(m, c)) * 10.0 ** rng.uniform(-3, 3) for c in sizes]
        elif kind == 3:  # axes, each a few times: every bound is met
            blocks = [np.eye(m)[:, rng.integers(0, m, size=c)] * float(rng.integers(1, 4)) for c in sizes]
        elif kind == 4:
            basis = rng.integers(-2, 3, size=(m, min(2, m))).astype(float)
            blocks = [basis @ rng.integers(-2, 3, size=(basis.shape[1], c)) for c in sizes]
        else:
            blocks = [rng.normal(size=(m, c)) if rng.random() < 0.5 else np.zeros((m, c)) for c in sizes]
        yield [np.round(block * 2**20) / 2**20 for block in blocks]


METHODS = ("gram", "fd", "sketch")


NOISE = 1e-12  # of an exact error of 0, whose root is compared


def contains(found, energies, rank):
    error = relative_error(energies, rank)
    return found.lower <= error + NOISE and error <= found.upper + NOISE
