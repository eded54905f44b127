"""The network against differences of its loss, and the optimizers against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._data.network import Network
from lrtheory.continual_learning.tasks.optimizer import Optimizer


def made(dtype=np.float64):
    rng = np.random.default_rng(3)
    network = Network((5, 4, 3), rng, np.dtype(dtype))
    return network, rng.normal(size=(7, 5)).astype(dtype), rng.integers(3, size=7)


def cross_entropy(network, X, y):
    """From the definition, with biases written out."""
    (A, a), (B, b) = ((W[:-1], W[-1]) for W in network.layers)
    scores = np.maximum(X @ A + a, 0) @ B + b
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(y)), y]).mean()


def test_gradients_are_those_of_the_loss():
    network, X, y = made()
    loss, gradients = network.gradients(X, y)
    assert loss == pytest.approx(cross_entropy(network, X, y), rel=1e-12)
    for W, G in zip(network.layers, gradients, strict=True):
        for entry in np.ndindex(W.shape):
            sides = []
            for h in (1e-6, -1e-6):
                W[entry] += h
                sides.append(cross_entropy(network, X, y))
                W[entry] -= h
            assert G[entry] == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-8)


def test_first_weights_have_the_variance_of_their_layer():
    W = Network((800, 50), np.random.default_rng(0), np.dtype(float)).layers[0]
    assert W[:-1].var() == pytest.approx(2 / 800, rel=0.05)
    assert not W[-1].any()


def test_large_scores_do_not_overflow():
    network, X, y = made()
    with np.errstate(over="raise", invalid="raise"):
        loss, gradients = network.gradients(1e4 * X, y)
    assert np.isfinite(loss)
    assert all(np.isfinite(G).all() for G in gradients)


def test_single_precision_stays():
    network, X, y = made(np.float32)
    gradients = network.gradients(X, y)[1]
    for name in ("sgd", "momentum", "adam"):
        updates = Optimizer(name, 0.1, network.layers).updates(gradients)
        assert {array.dtype for array in [*network.layers, *gradients, *updates]} == {np.dtype(np.float32)}


def test_optimizers_follow_their_formulas():
    gradients = [np.array([2.0]), np.array([-1.0]), np.array([4.0])]
    taken = {name: [] for name in ("sgd", "momentum", "adam")}
    for name, steps in taken.items():
        optimizer = Optimizer(name, 0.1, gradients[:1])
        steps += [float(optimizer.updates([G])[0][0]) for G in gradients]
    assert taken["sgd"] == pytest.approx([-0.2, 0.1, -0.4])
    assert taken["momentum"] == pytest.approx([-0.2, -0.1 * (0.9 * 2 - 1), -0.1 * (0.81 * 2 - 0.9 + 4)])
    mean = (0.1 * (0.81 * 2 - 0.9 + 4)) / (1 - 0.9**3)
    square = (0.001 * (0.999**2 * 4 + 0.999 + 16)) / (1 - 0.999**3)
    assert taken["adam"][2] == pytest.approx(-0.1 * mean / (np.sqrt(square) + 1e-8))


def test_steps_of_adam_along_a_gradient_that_stays_do_not_fade():
    """Both means are right at every step, so that each step has the length of the first; also after a thousand."""
    gradient = [np.array([3.0, -0.5])]
    optimizer = Optimizer("adam", 0.1, gradient)
    for _ in range(1500):
        (found,) = optimizer.updates(gradient)
        assert found == pytest.approx([-0.1, 0.1], rel=1e-6)


def test_inputs_of_layers_end_with_ones():
    network, X, _ = made()
    first, second = network.inputs(X)
    assert np.array_equal(first[:, :-1], X)
    assert (first[:, -1] == 1).all()
    assert (second[:, -1] == 1).all()
    assert np.allclose(second @ network.layers[-1], network.logits(X))


def test_a_copy_has_a_life_of_its_own():
    network = made()[0]
    other = network.copy()
    other.layers[0] += 1
    assert not np.array_equal(network.layers[0], other.layers[0])
