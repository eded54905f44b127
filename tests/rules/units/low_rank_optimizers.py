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


def damped(c: float) -> Any:
    """The loss in units c, which all gradients carry, and activations in units 1 / c."""
    optimizer, gradients = lro.MKOR(step_size=0.1, normalize=True, decay=0.5), (GRADIENT, GRADIENT[::-1], GRADIENT**2)
    taken = [optimizer.step(G * c, activation=G / c, output_gradient=G[:, :6] * c).update / c for G in gradients]
    return taken, optimizer.get_state()["kept.left"]


UNITS: dict[str, Callable[[float], Any]] = {
    "AdamW": lambda c: stepped(c, lro.AdamW(step_size=0.1, epsilon_root=1e-8 * c, lam=0.1)),
    "DCTAdamW": lambda c: stepped(c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, refresh_every=2)),
    "DCTAdamW:error feedback": lambda c: stepped(
        c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, error_feedback=True)
    ),
    "GaLore": lambda c: stepped(c, lro.GaLore(2, step_size=0.1, epsilon_root=0.0)),
    "AuON:paper": lambda c: stepped(c, lro.AuON(step_size=0.1, epsilon_norm=0.0)),
    "AuON:released": lambda c: stepped(c, lro.AuON(step_size=0.1, epsilon_norm=0.0, method="released"), 1),
    "Frugal": lambda c: stepped(c, lro.Frugal(0.5, step_size=0.1, epsilon_root=0.0, refresh_every=2, rng=0)),
    "MKOR": damped,
    "Muon": lambda c: stepped(c, lro.Muon(step_size=0.1)),
    "newton_schulz": lambda c: lro.newton_schulz(GRADIENT * c),
    "update_curvature": lambda c: lro.update_curvature(np.eye(9) / c / c, GRADIENT[0] * c, decay=0.5) * c * c,
    "SGD": lambda c: stepped(c, lro.SGD(step_size=0.1, momentum=0.9, nesterov=True, lam=0.1), 1),
    "Trion": lambda c: stepped(c, lro.Trion(2, step_size=0.1)),
    "select_columns": lambda c: chosen(c, "l2"),
    "select_columns:l1": lambda c: chosen(c, "l1"),
}
UNITLESS: dict[str, str] = {"dct_basis": "a basis of unit vectors", "spectral_image": "singular values over their norm"}
