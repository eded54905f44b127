"""FRUGAL against a plain loop that keeps moments of chosen parts, and its states."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import Frugal, theory
from tests.backends import BACKENDS, backend


def chosen_of(machine: Frugal, shape: tuple[int, int]) -> np.ndarray:
    """The entries that have moments, as a mask, read from the state."""
    mask, indices = np.zeros(shape, bool), machine.get_state()["kept.indices"]
    if machine.kind == "columns":
        mask[:, indices] = True
    elif machine.kind == "rows":
        mask[indices] = True
    else:
        mask.flat[indices] = True
    return mask


@pytest.mark.parametrize("kind", ["columns", "rows", "entries"])
@pytest.mark.parametrize("rest", ["sign", "identity"])
def test_every_entry_follows_a_plain_loop(kind: str, rest: str) -> None:
    """The bias correction counts from the last choice."""
    shape, T = (4, 6), 3
    machine = Frugal(0.5, step_size=0.1, refresh_every=T, rest=rest, rest_scale=0.25, kind=kind, rng=1)
    gradients = np.random.default_rng(0).normal(size=(8, *shape))
    mean, square, masks = np.zeros(shape), np.zeros(shape), []
    for t, g in enumerate(gradients):
        step = machine.step(g)
        masks.append(chosen_of(machine, shape))
        if t % T == 0:
            mean, square = np.zeros(shape), np.zeros(shape)
        mean, square, since = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g, t % T + 1
        adam = mean / (1 - 0.9**since) / (np.sqrt(square / (1 - 0.999**since)) + 1e-8)
        left = np.sign(g) if rest == "sign" else g
        np.testing.assert_allclose(step.update, np.where(masks[-1], -0.1 * adam, -0.025 * left), rtol=1e-9)
        assert step.counts == {"steps": t + 1, "refreshes": t // T + 1}
        assert machine.state_bytes == machine.state_formula
    assert all(mask.sum() == 12 for mask in masks)
    assert all((masks[t] == masks[t - t % T]).all() for t in range(8))
    assert any((masks[t] != masks[0]).any() for t in (3, 6))


@pytest.mark.parametrize(("density", "n"), [(0.0, 0), (0.1, 1), (0.5, 3), (0.7, 4), (1.0, 5)])
def test_the_number_of_parts_is_rounded(density: float, n: int) -> None:
    machine = Frugal(density, step_size=1.0, rng=0)
    machine.step(np.ones((2, 5)))
    kept = machine.get_state()
    assert (kept["kept.indices"].size, kept["kept.mean"].shape) == (n, (2, n))
    assert machine.state_bytes == 4 * n + 2 * 8 * 2 * n
    assert np.isfinite(Frugal(density, step_size=1.0, epsilon_root=0.0, rng=0).step(np.ones((2, 5))).update).all()


def test_choices_are_those_of_the_seed_and_uniform() -> None:
    draws = [Frugal(0.25, step_size=1.0, refresh_every=1, rng=seed) for seed in (0, 0, 1)]
    seen = []
    for machine in draws:
        chosen = []
        for _ in range(400):
            machine.step(np.ones((1, 8)))
            chosen.append(tuple(machine.get_state()["kept.indices"].tolist()))
        seen.append(chosen)
    assert seen[0] == seen[1] != seen[2]
    times = np.bincount(np.ravel(seen[0]), minlength=8)
    assert np.abs(times - 100).max() < 6 * math.sqrt(400 * 0.25 * 0.75)  # six standard deviations
    draws[0].reset()
    draws[0].step(np.ones((1, 8)))
    assert tuple(draws[0].get_state()["kept.indices"].tolist()) == seen[0][0]


@pytest.mark.parametrize("name", list(BACKENDS))
@pytest.mark.parametrize("kind", ["columns", "rows", "entries"])
def test_every_library(name: str, kind: str) -> None:
    lib = backend(name)
    gradients = np.random.default_rng(3).normal(size=(3, 3, 4))
    plain, other = (Frugal(0.5, step_size=1.0, refresh_every=2, kind=kind, rng=0) for _ in range(2))
    with lib.flags():
        for g in gradients:
            np.testing.assert_allclose(lib.to_numpy(other.step(lib.asarray(g)).update), plain.step(g).update, rtol=1e-9)


def test_states_go_on_with_the_choices_of_the_other() -> None:
    gradients = np.random.default_rng(4).normal(size=(9, 3, 4))
    first, second = (Frugal(0.5, step_size=1.0, refresh_every=2, rng=seed) for seed in (0, 1))
    for g in gradients[:3]:
        first.step(g)
    state = first.get_state()
    copied = first.copy()
    second.set_state(state)
    for g in gradients[3:]:
        updates = [one.step(g).update for one in (first, second, copied)]
        assert np.array_equal(updates[0], updates[1])
        assert np.array_equal(updates[0], updates[2])
    before = second.get_state()
    for wrong in (state | {"seed": -1}, state | {"density": 0.75}, {k: v for k, v in state.items() if k != "seed"}):
        with pytest.raises(ValueError, match="state"):
            second.set_state(wrong)
    assert all(np.array_equal(before[key], value) for key, value in second.get_state().items())


def test_vectors_have_full_moments() -> None:
    machine = Frugal(0.25, step_size=1.0, refresh_every=1, epsilon_root=0.0)
    updates = [machine.step([2.0, -4.0]).update for _ in range(3)]
    np.testing.assert_allclose(updates, [[-1.0, 1.0]] * 3, rtol=1e-12)
    assert machine.state_bytes == machine.state_formula == 32


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"density": 1.5}, r"`density` must be in \[0, 1\]; got 1.5"),
        ({"density": -0.5}, "density"),
        ({"density": 0.5, "refresh_every": 0}, "refresh_every"),
        ({"density": 0.5, "rest": "zero"}, "rest"),
        ({"density": 0.5, "kind": "blocks"}, "kind"),
        ({"density": 0.5, "rest_scale": -1.0}, "rest_scale"),
        ({"density": 0.5, "beta2": 0.0}, r"`beta2` must be in \(0, 1\); got 0"),
    ],
)
def test_bad_input_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Frugal(options.pop("density"), step_size=1.0, **options)


@pytest.mark.parametrize(
    ("density", "n", "chosen"), [(0.3, 5, 2), (0.1, 5, 1), (0.7, 15, 11), (0.25, 3, 1), (0.0, 4, 0)]
)
def test_halves_of_parts_are_rounded_upwards_in_the_formula_too(density: float, n: int, chosen: int) -> None:
    optimizer = Frugal(density, step_size=0.1, rng=0)
    optimizer.step(np.ones((2, n), np.float32))
    assert optimizer.state_bytes == chosen * (4 + 2 * 4 * 2)
    assert optimizer.state_bytes == optimizer.state_formula == theory.state_bytes("frugal", (2, n), density=density)
