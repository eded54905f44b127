"""Gradient descent, Adam and GaLore against plain loops, torch and the decomposition of NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory import low_rank_optimizers as lro


def gradients(*shape: int, count: int = 6) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, *shape))


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("dampening", ["ema", "none"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_descent_by_a_plain_loop(momentum: float, dampening: str, nesterov: bool) -> None:
    optimizer = lro.SGD(step_size=0.3, momentum=momentum, dampening=dampening, nesterov=nesterov, weight_decay=0.1)
    m, w = 0.0, 2.0
    for g in gradients(1)[:, 0].tolist():
        new = g * (1 - momentum) if dampening == "ema" else g
        m = momentum * m + new
        direction = momentum * m + new if nesterov else m
        due = -0.3 * direction - 0.3 * 0.1 * w
        found = float(optimizer.step([g], [w]).update[0])
        assert found == pytest.approx(due, rel=1e-14)
        w += found


def test_a_running_mean_travels_less_by_what_it_loses_at_the_start() -> None:
    b, T = 0.5, 6
    optimizer = lro.SGD(step_size=1.0, momentum=b)
    travel = -sum(float(optimizer.step([1.0]).update[0]) for _ in range(T))
    assert T - travel == sum(b**t for t in range(1, T + 1)) == b * (1 - b**T) / (1 - b)


def adam(g: list[float], step_size: float, epsilon: float, b1: float = 0.9, b2: float = 0.999) -> list[float]:
    """The updates of Adam for one number."""
    m = v = 0.0
    made = []
    for t, x in enumerate(g, start=1):
        m, v = b1 * m + (1 - b1) * x, b2 * v + (1 - b2) * x * x
        made.append(-step_size * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + epsilon))
    return made


@pytest.mark.parametrize("epsilon", [0.0, 1e-8, 0.5])
def test_adam_by_a_plain_loop(epsilon: float) -> None:
    G = gradients(3, 2, 2)
    optimizer = lro.AdamW(step_size=0.1, epsilon_root=epsilon)
    found = np.array([optimizer.step(g).update for g in G])
    for place in np.ndindex(3, 2, 2):
        np.testing.assert_allclose(found[:, *place], adam(G[:, *place].tolist(), 0.1, epsilon), rtol=1e-13)


def test_the_usual_root_makes_tiny_gradients_vanish_and_zero_does_not() -> None:
    for size in (1e-12, 1e12):
        steps = {e: lro.AdamW(step_size=1.0, epsilon_root=e).step([size]).update[0] for e in (0.0, 1e-8)}
        assert steps[0.0] == pytest.approx(-1)
        assert steps[1e-8] == pytest.approx(-size / (size + 1e-8))


@pytest.mark.parametrize("method", ["sgd", "heavy", "adamw"])
def test_torch_takes_these_steps(method: str) -> None:
    torch = pytest.importorskip("torch")
    W = torch.tensor(gradients(4, 3)[0], requires_grad=True)
    ours, theirs = {
        "sgd": (lro.SGD(step_size=0.1, weight_decay=0.2), torch.optim.SGD([W], lr=0.1, weight_decay=0.2)),
        "heavy": (
            lro.SGD(step_size=0.1, momentum=0.9, dampening="none", nesterov=True),
            torch.optim.SGD([W], lr=0.1, momentum=0.9, nesterov=True),
        ),
        "adamw": (lro.AdamW(step_size=0.1, weight_decay=0.2), torch.optim.AdamW([W], lr=0.1, weight_decay=0.2)),
    }[method]
    own = W.detach().clone()
    for G in gradients(4, 3):
        own += ours.step(torch.tensor(G), own).update
        W.grad = torch.tensor(G)
        theirs.step()
        np.testing.assert_allclose(own.numpy(), W.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_galore_is_adam_in_singular_directions(shape: tuple[int, int]) -> None:
    G, r = gradients(*shape), 2
    optimizer = lro.GaLore(r, step_size=0.1, refresh_every=3, epsilon_root=1e-3)
    m = v = 0.0
    for t, g in enumerate(G, start=1):
        tall = g if shape[1] <= shape[0] else g.T
        if (t - 1) % 3 == 0:
            V = np.linalg.svd(tall)[2][:r].T
            V = V * [1.0 if max(column) == max(abs(column)) else -1.0 for column in V.T]
        a = tall @ V
        m, v = 0.9 * m + 0.1 * a, 0.999 * v + 0.001 * a * a
        due = -0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-3) @ V.T
        step = optimizer.step(g)
        np.testing.assert_allclose(step.update if tall is g else step.update.T, due, atol=1e-12)
        assert step.counts == {"steps": t, "refreshes": 1 + (t - 1) // 3}


def test_galore_with_all_directions_of_vectors_is_adam() -> None:
    G = gradients(5)
    found, due = (optimizer for optimizer in (lro.GaLore(1, step_size=0.1), lro.AdamW(step_size=0.1)))
    for g in G:
        np.testing.assert_array_equal(found.step(g).update, due.step(g).update)
