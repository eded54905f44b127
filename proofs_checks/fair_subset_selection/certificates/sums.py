"""Sums of the largest scores in files for Coq: which arguments of a theorem the sums of a selection are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real, reals


def largest_of(shares: Any, found: np.ndarray) -> dict[int, str]:
    """The scores from the largest on, t, the number of all scores, and the sum that was found for t."""
    ordered = sorted(shares.scores.tolist(), reverse=True)
    m = len(ordered)
    first = m * (m + 1) // 2  # the entry of t = 0 of m, after those of fewer than m
    return {first + t: f"{reals(ordered)} {t} {m} {real(found[t])}" for t in range(1, m + 1)}


CONCAVE = Proof(
    "every number of scores, whatever they are",
    file=Path(__file__).parent / "FSS_P6.v",
    anchor=largest_of,
    about="the rule",
    wrong=(Wrong("one item more counts too", "IZR (Z.of_nat t) /", "IZR (Z.of_nat (Nat.min (S t) u)) /"),),
)
