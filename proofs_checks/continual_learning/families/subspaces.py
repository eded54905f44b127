"""Old inputs, subspaces that are protected, and steps that optimizers propose, in the layouts of two libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides, Tight, rounding
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import is_matrix
from proofs_checks.continual_learning.families.rows import HADAMARD
from proofs_checks.guards import allowance, misfit, square, unlike

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


def is_guarded(case: Guarded) -> bool:
    """Decide whether all numbers are finite, shapes fit the layout, and k is between 1 and the number of features."""
    if case.layout not in LAYOUTS or not all(map(is_matrix, (case.X, case.W, case.change))):
        return False
    d = case.X.shape[1]
    return bool(case.W.shape == case.change.shape and case.raw.shape[0] == d and 1 <= case.k <= d)


def guarded(case: Guarded, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Protect the first directions of the old inputs, and let the library make the step harmless."""
    protector = SubspaceProtector(case.X.shape[1], layout=case.layout)
    protector.extend(case.X, rank=case.k)
    after = protector.protect_step(case.W, case.W + case.change)
    return {"basis": np.asarray(protector.basis), "after": np.asarray(after)}


def guarded_steps() -> tuple[Guarded, ...]:
    """Return the smallest step, square weights in both layouts, and steps of rank one inside of what is protected."""
    chance = np.random.default_rng(0)
    W, change = chance.integers(-3, 4, (2, 4, 4)).astype(float)
    X = np.diag([8.0, 4.0, 2.0, 1.0]) @ HADAMARD
    inside = np.outer([1.0, 2.0, 0.0, 1.0], HADAMARD[0])
    return (
        of_rows([[2.0, 0.0], [0.0, 1.0]], 1, np.eye(2), [[1.0, 2.0], [3.0, 5.0]]),
        of_rows(X, 2, W, change, "rows"),
        of_rows(X, 2, W, change, "torch"),
        of_rows(X, 1, W, inside, "torch"),
        of_rows(chance.integers(-3, 4, (5, 3)), 2, W[:3, :2], change[:3, :2], "torch"),
    )


#: what is not protected is one direction, and the whole step lies in it
ALONG = of_rows([[2.0, 0.0], [0.0, 1.0]], 1, np.eye(2), [[0.0, 0.0], [3.0, 4.0]], "torch")
STEPS = Family("protected-steps", always=guarded_steps, tight=(Tight(ALONG, 1 - 2.0**-40, 1.0),), draw=draw_guarded)


def step_error(case: Guarded) -> float:
    """Return what entries of a projected step may err by in doubles."""
    size = np.abs(case.W).max() + case.X.shape[1] * np.abs(case.change).max()
    return float(rounding(64 * sum(case.W.shape), size))


def leak_error(case: Guarded, moved: np.ndarray) -> float:
    """Return what the squared change of old outputs may err by in doubles."""
    return allowance(case.X) * square(moved) + square(case.X) * step_error(case) * float(np.sqrt(square(moved))) * 4


def misprojected(case: Guarded, found: dict[str, Any]) -> Sides | None:
    """Return sides that fail where the basis is not orthonormal, or the step is not the proposed one off it."""
    M, moved = found["basis"], case.moved(found["after"])
    off = misfit((M, (len(M), min(M.shape[1], case.k))), (found["after"], case.W.shape))
    off = off or unlike(M.T @ M - np.eye(M.shape[1]), allowance(np.eye(len(M))))
    return off or unlike(moved - case.raw + M @ (M.T @ case.raw), step_error(case))
