"""Classifiers: losses, gradients and accuracies against plain loops, bad input, and digits of other packages."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from lrtheory import low_rank_optimizers as lro

RNG = np.random.default_rng(5)
GIVEN = {
    "X": RNG.normal(size=(7, 3)),
    "y": RNG.integers(0, 4, size=7),
    "X_test": RNG.normal(size=(5, 3)),
    "y_test": RNG.integers(0, 4, size=5),
    "n_classes": 4,
}
PROBLEM = lro.ClassifierProblem(**GIVEN)
W = RNG.normal(size=(4, 4))


def loss(W):
    """The mean cross-entropy by a loop over examples."""
    total = 0.0
    for x, label in zip(GIVEN["X"], GIVEN["y"], strict=True):
        scores = [sum(w * v for w, v in zip(row, [*x, 1.0], strict=True)) for row in W]
        total += math.log(sum(math.exp(score) for score in scores)) - scores[label]
    return total / len(GIVEN["y"])


def test_the_loss_is_the_mean_cross_entropy():
    assert PROBLEM(W) == pytest.approx(loss(W), rel=1e-13)
    many = np.stack([PROBLEM.inputs @ one.T for one in (W, -W, 2 * W)])
    assert PROBLEM.loss(many) == pytest.approx([loss(W), loss(-W), loss(2 * W)], rel=1e-13)


def test_the_gradient_is_that_of_differences():
    found, h = PROBLEM.gradient(W), 1e-6
    for i, j in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[i, j] = h
        assert found[i, j] == pytest.approx((loss(W + step) - loss(W - step)) / (2 * h), abs=1e-9)


def test_accuracy_counts_the_largest_logits():
    scores = PROBLEM.inputs_test @ W.T
    right = [int(np.argmax(row)) == label for row, label in zip(scores, GIVEN["y_test"], strict=True)]
    assert PROBLEM.accuracy(scores) == sum(right) / 5
    assert PROBLEM.accuracy(np.stack([scores, scores])).shape == (2,)


def test_large_logits_do_not_overflow():
    assert math.isfinite(PROBLEM(1e6 * W))
    assert np.isfinite(PROBLEM.gradient(1e6 * W)).all()


def test_a_problem_is_not_changed_by_its_users():
    for name in ("X", "y", "X_test", "y_test"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(PROBLEM, name)[0] = 0
        assert GIVEN[name].flags.writeable


def test_a_problem_comes_back_from_a_pickle():
    again = pickle.loads(pickle.dumps(PROBLEM))
    assert again(W) == PROBLEM(W)
    assert repr(again) == "ClassifierProblem(7 to learn from, 5 to ask, 4 classes, rows of 3)"


def test_evolution_learns_it():
    es = lro.LowRankES([PROBLEM.shape], sigma=0.1, population_size=400, step_size=0.5, rng=0)
    weights = np.zeros(PROBLEM.shape)
    for _ in range(20):
        logits = es.ask().forward(PROBLEM.inputs, weights, 0)
        weights = weights - es.tell(PROBLEM.loss(logits)).update[0]
    assert PROBLEM(weights) < 0.8 * math.log(4)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("X", np.full((7, 3), np.nan), "X"),
        ("y", np.zeros(6, int), "`y` must be of shape"),
        ("y", np.full(7, 4), "`y` must be classes from 0 to 3; got 4."),
        ("X_test", np.zeros((5, 2)), r"`X_test` must be of shape \(questions, 3\)"),
        ("n_classes", 1, "n_classes"),
    ],
)
def test_bad_input_is_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        lro.ClassifierProblem(**(GIVEN | {name: value}))


def test_wrong_kinds_and_shapes_are_refused():
    with pytest.raises(TypeError, match="`y` must be an array of integers"):
        lro.ClassifierProblem(**(GIVEN | {"y": np.zeros(7)}))
    with pytest.raises(ValueError, match="logits"):
        PROBLEM.loss(np.zeros((6, 4)))
    with pytest.raises(ValueError, match=r"`W` must be of shape \(4, 4\)"):
        PROBLEM(np.zeros((4, 3)))


@pytest.mark.parametrize(("name", "sizes"), [("digits_problem", (1348, 449, 64)), ("mnist_problem", (3750, 1250, 784))])
def test_digits_are_gray_values_and_classes(name, sizes, data):
    data(name)
    problem = getattr(lro, f"load_{name}")()
    assert (len(problem.X), len(problem.X_test), problem.shape[1] - 1) == sizes
    assert (problem.X.min(), problem.X.max()) == (0, 1)
    counts = np.bincount(np.concatenate([problem.y, problem.y_test]))
    assert len(counts) == 10
    if name == "mnist_problem":
        assert (counts == 500).all()
