"""Runs of alternating steps: two writings of one product, momenta to transport, stalls, and a ladder of conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_checks.low_rank_adapters.families.factors import Factors
from proofs_checks.low_rank_adapters.families.moves import two_scales


@dataclass(frozen=True)
class Conditioned:
    """A diagonal target of full rank r with singular values from 1 down to 1 / kappa, in a matrix of the given side."""

    kappa: float
    side: int = 8
    rank: int = 2
    step_size: float = 0.875

    @property
    def target(self) -> np.ndarray:
        """The target."""
        values = np.zeros(self.side)
        values[: self.rank] = np.geomspace(1.0, 1.0 / self.kappa, self.rank)
        return np.diag(values)


Found = dict[str, np.ndarray]


def exchanged(case: Factors, rng: np.random.Generator | None = None, trained: bool = False) -> Found:
    """Take the equivalent step with the inverses on the wrong sides."""
    step: Callable[..., Any] = lambda B, A, g, s: np.linalg.solve(A @ A.T, g) @ np.linalg.inv(B.T @ B) / s**2
    return two_scales(case, step, trained=trained)


def released_joint(case: Factors, rng: np.random.Generator | None = None) -> Found:
    """Move both factors by one gradient, B by the inverse of the new A."""
    A = case.A - case.step_size * np.linalg.pinv(case.B) @ case.M
    return {"B": case.B - case.step_size * case.M @ np.linalg.pinv(A), "A": A}
