"""Old inputs, subspaces that are protected, and steps that optimizers propose, in the layouts of two libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws
from lrtheory.continual_learning.protection.protector import SubspaceProtector

LAYOUTS = ("torch", "rows")


def oriented(W: np.ndarray, layout: str) -> np.ndarray:
    """Return weights, or a change of them, as rows: x is mapped to x W."""
    return np.asarray(W).T if layout == "torch" else np.asarray(W)


@dataclass(frozen=True)
class Guarded:
    """Old inputs X (T, d), k directions to protect, weights, and what an optimizer would add to them.

    Weights and change are (p, d) in the layout "torch", and (d, p) in the layout "rows".
    """

    X: np.ndarray
    k: int
    W: np.ndarray
    change: np.ndarray
    layout: str

    @property
    def raw(self) -> np.ndarray:
        """The proposed change as rows."""
        return oriented(self.change, self.layout)

    def moved(self, after: np.ndarray) -> np.ndarray:
        """Return the change to given weights as rows."""
        return oriented(after, self.layout) - oriented(self.W, self.layout)


def of_rows(X: Any, k: int, W: Any, change: Any, layout: str = "rows") -> Guarded:
    """Return an instance whose weights and change are given as rows."""
    placed = [np.ascontiguousarray(oriented(np.asarray(one, float), layout)) for one in (W, change)]
    return Guarded(np.asarray(X, float), k, placed[0], placed[1], layout)


def draw_guarded(draws: Draws) -> Guarded:
    """Draw up to 6 features, old inputs with a decaying spectrum, and a change of any size."""
    d, p, T = draws.integers(2, 6), draws.integers(1, 6), draws.integers(1, 8)
    decay = draws.choice((0.0, 1.0, 2.0))
    X = draws.floats(-1.0, 1.0, shape=(T, d)) * (1.0 + np.arange(d)) ** -decay
    X = 2.0 ** draws.choice((0, 0, -30, 30)) * (X @ (draws.integers(-3, 3, shape=(d, d)) + 4 * np.eye(d)))
    W, change = (draws.floats(-2.0, 2.0, shape=(d, p)) for _ in range(2))
    return of_rows(X if X.any() else np.eye(T, d), draws.integers(1, d - 1), W, change, draws.choice(LAYOUTS))


def begun(case: Any) -> SubspaceProtector:
    """Return the library's object with the basis of the instance."""
    protector = SubspaceProtector(len(case.M), layout=case.layout)
    protector.set_state(protector.get_state() | {"basis": case.M})
    return protector


#: a projection off the wrong side, which fits square weights alone
OTHER_SIDE = (SubspaceProtector._projected, ", self._axis)", ", 1 - self._axis)")
