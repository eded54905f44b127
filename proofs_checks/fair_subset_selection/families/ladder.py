"""A family of panels of growing size, and the number of rankings until good items are told from bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Rung:
    """A panel of m items in turn of quality 4 and 1, the second half of them seen theta times as good."""

    n_items: int
    theta: Fraction = Fraction(3, 10)

    @property
    def good(self) -> np.ndarray:
        """Return the mask (m,) of the items of quality 4."""
        return np.arange(self.n_items) % 2 == 0

    @property
    def disadvantaged(self) -> np.ndarray:
        """Return the mask (m,) of the disadvantaged group."""
        return np.arange(self.n_items) >= self.n_items // 2

    @property
    def seen(self) -> np.ndarray:
        """Return the qualities under the bias."""
        return np.where(self.good, 4.0, 1.0) * np.where(self.disadvantaged, float(self.theta), 1.0)
