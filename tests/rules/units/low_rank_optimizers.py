"""Gradients, weights and objectives in other units: estimates follow their objective, steps their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import low_rank_optimizers as lro

RNG = np.random.default_rng(11)
GRADIENT = RNG.normal(size=(6, 9))


def chosen(c: float, rule: str) -> Any:
    found = lro.select_columns(GRADIENT * c, 3, rule=rule)
    assert found.certificate.verify(GRADIENT * c)
    certificate = found.certificate
    return (
        found.indices,
        found.coefficients / c,
        found.captured / c / c,
        certificate.gap / c / c,
        certificate.bound / c / c,
    )


def stepped(c: float, optimizer: Any, power: int = 0) -> Any:
    """Updates of three steps, which carry a power of the units of gradients."""
    gradients = GRADIENT, GRADIENT[::-1], GRADIENT**2
    return [optimizer.step(gradient * c, GRADIENT * c**power).update / c**power for gradient in gradients]


UNITS: dict[str, Callable[[float], Any]] = {
    "AdamW": lambda c: stepped(c, lro.AdamW(step_size=0.1, epsilon_root=1e-8 * c, lam=0.1)),
    "DCTAdamW": lambda c: stepped(c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, refresh_every=2)),
    "DCTAdamW:error feedback": lambda c: stepped(
        c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, error_feedback=True)
    ),
    "GaLore": lambda c: stepped(c, lro.GaLore(2, step_size=0.1, epsilon_root=0.0)),
    "SGD": lambda c: stepped(c, lro.SGD(step_size=0.1, momentum=0.9, nesterov=True, lam=0.1), 1),
    "Trion": lambda c: stepped(c, lro.Trion(2, step_size=0.1)),
    "select_columns": lambda c: chosen(c, "l2"),
    "select_columns:l1": lambda c: chosen(c, "l1"),
}
UNITLESS: dict[str, str] = {"dct_basis": "a basis of unit vectors"}
