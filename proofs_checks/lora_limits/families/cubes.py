"""Rank bounds on the cube of sign vectors: their cases, the library's bound, and one that keeps levels whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Sides
from lrtheory.lora_limits.theory import hypercube


@dataclass(frozen=True)
class Rank:
    """d bits, c = Gamma^2 / ln L, and the exponent a of the relative error."""

    n_bits: int
    c: float
    a: float


def tails(case: Rank, found: int) -> Sides:
    """Compare the squares beyond R with L^(-2a), and that with the squares beyond R - 1, in balls."""
    one = case.c * 0 + 1
    log2 = np.log(one * 2)
    # in balls: a tail of 10^48 tiny squares would vanish in doubles
    square = np.tanh(case.c * log2) ** 2
    allowed = np.exp(case.a * log2 * (-2 * case.n_bits))

    def beyond(rank: int) -> Any:
        """Add up the squares of all singular values but the `rank` largest; levels fall, and a part of one may stay."""
        total, left = one * 0, rank
        for k in range(case.n_bits + 1):
            count = math.comb(case.n_bits, k)
            kept, left = min(count, left), max(0, left - count)
            total = total + square**k * (count - kept)
        return total

    return Sides(np.array([beyond(found), allowed]), np.array([allowed, beyond(max(0, found - 1))]))


def rank_bound(case: Rank, rng: np.random.Generator | None = None) -> int:
    """Return the library's lower bound on the rank."""
    return hypercube.hypercube_rank_lower_bound(case.n_bits, case.c, case.a)


def whole_level(case: Rank, rng: np.random.Generator) -> int:
    """Round the rank up to a whole level of singular values."""
    # subtle: it is natural to keep a level of equal singular values whole, but a part of it may be enough
    found, total = rank_bound(case), 0
    for k in range(case.n_bits + 1):
        total += math.comb(case.n_bits, k)
        if total >= found:
            break
    return total
