"""Bait, decoys and blocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """k blocks of two halves, copies of all first halves together (the bait), and decoys just above 1 / (2k).

    The elements are 0 to k - 1, the blocks; then the copies of the bait; then the decoys. Their coverage stands beside
    statement DS-T12. A run's answer of fewer than k elements is filled up with -1.
    """

    k: int
    n_identical: int
    n_decoys: int
