"""Optimizers at both ends of the range of numbers: the answer of another unit, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import low_rank_optimizers as lro
from tests.backends import backend

G = np.random.default_rng(3).uniform(-1.0, 1.0, (6, 9))
NORMALIZED: dict[str, Callable[[], Any]] = {
    "Muon": lambda: lro.Muon(step_size=0.1),
    "AuON": lambda: lro.AuON(step_size=0.1, epsilon_norm=0.0),
}
ROOTS: dict[str, Callable[[float], Any]] = {
    "AdamW": lambda epsilon: lro.AdamW(step_size=0.1, epsilon_root=epsilon),
    "GaLore": lambda epsilon: lro.GaLore(2, step_size=0.1, epsilon_root=epsilon),
    "Frugal": lambda epsilon: lro.Frugal(0.5, step_size=0.1, epsilon_root=epsilon, rng=0),
    "DCTAdamW": lambda epsilon: lro.DCTAdamW(2, step_size=0.1, epsilon_root=epsilon),
}


def largest(dtype: Any) -> np.ndarray:
    """A gradient whose entries are numbers, and whose norm is none."""
    return (G * float(np.finfo(dtype).max)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NORMALIZED)
def test_steps_of_the_largest_gradients(name: str, dtype: Any) -> None:
    found, due = NORMALIZED[name]().step(largest(dtype)).update, NORMALIZED[name]().step(G).update
    assert found.dtype == dtype
    np.testing.assert_allclose(found, due, rtol=2e3 * np.finfo(dtype).eps, atol=1e3 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("dtype", "library"),
    [(np.float32, "numpy"), (np.float64, "numpy"), (np.float32, "torch"), (np.float64, "torch"), (np.float32, "jax")],
)
def test_newton_schulz_of_the_largest_matrices(dtype: Any, library: str) -> None:
    given = largest(dtype) if library == "numpy" else backend(library).asarray(largest(dtype))
    found = lro.newton_schulz(given)
    np.testing.assert_allclose(np.asarray(found), lro.newton_schulz(G), atol=1e4 * np.finfo(dtype).eps)


def test_curvature_of_the_largest_gradients() -> None:
    options: dict[str, Any] = {"activation": G, "output_gradient": G[:, :6]}
    found, due = (lro.MKOR(step_size=1e-9, normalize=True).step(G * c, **options).update / c for c in (2.0**1023, 1.0))
    np.testing.assert_allclose(found, due, rtol=1e-9)
    wide = {"activation": G * 1.7e308, "output_gradient": G[:, :6] * 1.7e308}
    batch = lro.MKOR(step_size=1e-9, normalize=True).step(G, **wide)
    assert batch.counts["restarts"] == 0
    np.testing.assert_allclose(batch.update, due, rtol=1e-9)


@pytest.mark.parametrize(("dtype", "unit"), [(np.float32, 1e-25), (np.float32, 1e-40), (np.float64, 1e-180)])
@pytest.mark.parametrize("name", ROOTS)
def test_roots_of_squares_that_are_lost_are_refused(name: str, dtype: Any, unit: float) -> None:
    with pytest.raises(ValueError, match="`gradient` must be so large that its squares are in the range"):
        ROOTS[name](0.0).step((G * unit).astype(dtype))
    beside = ROOTS[name](1e-8).step((G * unit).astype(dtype))  # then squares are rounding
    assert name == "Frugal" or np.abs(beside.update).max() <= unit * 1e8  # which moves by signs elsewhere
    assert not ROOTS[name](0.0).step((G * 0).astype(dtype)).update.any()


def test_vanishing_gradients_after_others_are_no_reason_to_stop() -> None:
    optimizer = lro.AdamW(step_size=0.1, epsilon_root=0.0)
    optimizer.step(G.astype(np.float32))
    assert np.isfinite(optimizer.step((G * 1e-30).astype(np.float32)).update).all()
