"""Muon and AuON against plain traces: the order of the look ahead, both forms, and stable cosines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import AuON, Muon, Trion, newton_schulz
from proofs_checks.low_rank_optimizers.orthogonalization.cosine_steps import auon_factors
from tests.backends import BACKENDS, QUICK, backend


def directions(gradients: np.ndarray, b: float) -> list[np.ndarray]:
    """Nesterov on the running mean: first the mean, then one step ahead of it."""
    mean, found = np.zeros_like(gradients[0]), []
    for g in gradients:
        mean = mean + (1 - b) * (g - mean)
        found.append(g + b * (mean - g))
    return found


@pytest.mark.parametrize("b", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("shape", [(4, 3), (3, 5)])
def test_muon_orthogonalizes_what_lies_ahead(b: float, shape: tuple[int, int]) -> None:
    gradients = np.random.default_rng(0).normal(size=(5, *shape))
    machine = Muon(step_size=0.1, momentum=b)
    for g, ahead in zip(gradients, directions(gradients, b), strict=True):
        due = -0.1 * math.sqrt(max(1, shape[0] / shape[1])) * newton_schulz(ahead)
        np.testing.assert_allclose(machine.step(g).update, due, rtol=1e-10)
    assert machine.state_bytes == machine.state_formula == (8 * math.prod(shape) if b else 0)


def test_muon_without_a_look_ahead_and_on_vectors() -> None:
    machine = Muon(step_size=1.0, momentum=0.5, nesterov=False)
    machine.step([[1.0, 0.0]])
    np.testing.assert_allclose(machine.step([[0.0, 1.0]]).update, -newton_schulz([[0.25, 0.5]]), rtol=1e-12)
    vector = Muon(step_size=1.0).step([3.0, 4.0]).update
    np.testing.assert_allclose(vector, -newton_schulz([[3.0, 4.0]])[0], rtol=1e-12)


@pytest.mark.parametrize("method", ["paper", "released"])
@pytest.mark.parametrize("b", [0.0, 0.9])
def test_auon_follows_a_plain_trace(method: str, b: float) -> None:
    gradients = np.random.default_rng(1).normal(size=(6, 3, 4))
    machine = AuON(step_size=0.25, method=method, momentum=b)
    for g, G in zip(gradients, directions(gradients, b), strict=True):
        X = G / (np.sqrt((G**2).sum()) + 1e-7)
        x = 1.5 * X if method == "released" else X
        below = math.sqrt(sum(math.cosh(value) ** 2 for value in x.ravel()) / x.size) + 1e-8
        due = -0.25 * (G if method == "released" else X) / below
        np.testing.assert_allclose(machine.step(g).update, due, rtol=1e-12)
    assert machine.state_bytes == machine.state_formula == (8 * 12 if b else 0)


def test_the_order_of_nesterov() -> None:
    """One step ahead of the mean that already holds this gradient, from two gradients 1 and 0."""
    machine = AuON(step_size=1.0, method="released", momentum=0.5, epsilon_norm=0.0)
    below = math.cosh(1.5) + 1e-8
    first, second = (float(machine.step([g]).update[0]) for g in (1.0, 0.0))
    # means 1/2 and 1/4, so that 1/2 + 1/4 and 0 + 1/8 lie ahead
    assert first == pytest.approx(-0.75 / below, rel=1e-14)
    assert second == pytest.approx(-0.125 / below, rel=1e-14)


def test_cosines_of_tiny_entries_keep_their_digits() -> None:
    """A factor 1 + h^2 / (2 N) with h^2 / N near 1e-5, which a difference from 1 in single precision would blur."""
    G = np.full((512, 512), 2.0, np.float32)
    update = AuON(step_size=1.0, method="released", momentum=0.0).step(G).update
    factor = float(update[0, 0]) / -2.0
    assert factor == pytest.approx(1 - 1.5**2 / 2 / 512**2, abs=1e-7)


@pytest.mark.parametrize("gamma", [20.0, 40.0, 60.0, 100.0])
def test_large_gammas_do_not_leave_single_precision(gamma: float) -> None:
    G = np.array([[3.0, -0.5, 0.25], [1.0, 2.0, 0.0]], np.float32)
    update = AuON(step_size=1.0, gamma=gamma, method="released", momentum=0.0).step(1e18 * G).update
    norm = math.sqrt(sum(value**2 for value in G.ravel().tolist()))
    below = math.sqrt(sum(math.cosh(gamma * value / norm) ** 2 for value in G.ravel().tolist()) / 6)
    assert update.dtype == np.float32
    np.testing.assert_allclose(update, -1e18 * G / below, rtol=2e-6 * gamma)


def test_steps_lie_between_the_factors_with_the_defaults_of_both() -> None:
    G = np.random.default_rng(3).normal(size=(4, 3))
    ahead = 0.05 * (1 + 0.95) * G  # after one gradient, with the momentum 0.95
    found = np.linalg.norm(AuON(step_size=1.0).step(G).update) / np.linalg.norm(ahead)
    least, most = auon_factors(G.size, float(np.linalg.norm(ahead)))
    assert least < found < most


@pytest.mark.parametrize("name", list(BACKENDS))
def test_both_keep_the_callers_arrays(name: str) -> None:
    lib = backend(name)
    g = np.array([[1.0, 2.0, 0.5], [0.5, -1.0, 0.25]])
    for make in (lambda: Muon(step_size=1.0), lambda: AuON(step_size=1.0)):
        due = [make().step(g).update, None]
        with lib.flags():
            machine = make()
            found = machine.step(lib.asarray(g)).update
            np.testing.assert_allclose(lib.to_numpy(found), due[0], rtol=1e-12)
            assert lib.to_numpy(machine.step(lib.asarray(g.astype(np.float64))).update).shape == g.shape


@pytest.mark.parametrize("name", QUICK)
def test_single_precision_stays(name: str) -> None:
    lib = backend(name)
    g = np.array([[1e15, 2e15], [-1e15, 0.0]], np.float32)
    with lib.flags():
        for machine in (Muon(step_size=1.0), AuON(step_size=1.0, method="released")):
            found = lib.to_numpy(machine.step(lib.asarray(g)).update)
            assert found.dtype == np.float32
            assert np.isfinite(found).all()


def test_zero_gradients_and_bad_input() -> None:
    for machine in (Muon(step_size=1.0), AuON(step_size=1.0), AuON(step_size=1.0, epsilon_norm=0.0)):
        assert not machine.step(np.zeros((2, 3))).update.any()
        with pytest.raises(ValueError, match=r"`gradient` must be of shape \(2, 3\), as before; got \(2, 2\)"):
            machine.step(np.zeros((2, 2)))
        with pytest.raises(ValueError, match=r"finite; got nan at \(1, 2\)"):
            machine.step([[0.0, 0.0, 0.0], [0.0, 0.0, np.nan]])
        assert machine.n_steps == 1
    with pytest.raises(ValueError, match="`gamma` must be left out"):
        AuON(step_size=1.0, gamma=2.0)
    with pytest.raises(ValueError, match="`gamma` must be in"):
        AuON(step_size=1.0, gamma=0.0, method="released")
    with pytest.raises(ValueError, match="momentum"):
        Muon(step_size=1.0, momentum=1.0)


def test_norms_may_be_above_all_numbers_of_single_precision() -> None:
    G = np.array([[1.0, -0.75, 0.5], [0.25, 1.0, 1.0]], np.float32)
    large = G * np.float32(1.2 * 2.0**127)
    for make in (Muon, AuON, lambda **options: Trion(2, **options)):
        update = make(step_size=1.0, momentum=0.0).step(large).update
        np.testing.assert_allclose(update, make(step_size=1.0, momentum=0.0).step(G).update, rtol=1e-5)
