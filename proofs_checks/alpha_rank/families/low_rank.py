"""Instances of win rates whose payoffs have low rank and of which a few entries are seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LowRankTable:
    """The win rates (n, n), payoffs of even rank r, and the number of pairs that meet, which are drawn uniformly."""

    means: np.ndarray
    rank: int
    n_pairs: int

    @property
    def oversampling(self) -> float:
        """Return c where c n r ln(n) entries are seen, each with its mirror image."""
        n = len(self.means)
        return 2 * self.n_pairs / (n * self.rank * math.log(n))
