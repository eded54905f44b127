"""Items whose rankings say nothing about groups, unless they are drawn around one of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchangeable:
    """Mallows rankings around 0, 1, ..., m - 1, the last items disadvantaged; phi = 1 is uniform; a deviation t."""

    n_items: int
    n_disadvantaged: int
    k: int
    deviation: float = 0.5
    phi: float = 1.0

    @property
    def expected(self) -> float:
        """Return the proportional number of disadvantaged items, k |G2| / m."""
        return self.k * self.n_disadvantaged / self.n_items
