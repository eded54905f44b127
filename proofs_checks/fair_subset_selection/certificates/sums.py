"""Sums of the largest scores in files for Coq: which arguments of a theorem the sums of a selection are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lrtheory.bounds import Proof, Wrong
from lrtheory.bounds.sets.proof import real, reals


def largest_of(shares: Any, found: np.ndarray) -> dict[int, str]:
    """The scores from the largest on, t, t', and the sum that was found for t, for each t < t'."""
    ordered = sorted(shares.scores.tolist(), reverse=True)
    pairs = [(t, u) for u in range(len(ordered) + 1) for t in range(u + 1)]  # as in the claim
    return {i: f"{reals(ordered)} {t} {u} {real(found[t])}" for i, (t, u) in enumerate(pairs) if 0 < t < u}


CONCAVE = Proof(
    "every vector of real scores, of any length",
    file=Path(__file__).parent / "FSS_P6.v",
    anchor=largest_of,
    about="the rule",
    wrong=(Wrong("one item more counts too", "IZR (Z.of_nat t) /", "IZR (Z.of_nat (Nat.min (S t) u)) /"),),
)
