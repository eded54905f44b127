"""Runs over tasks: order, forgetting, protection, and the tables that come out."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._data.network import Network
from lrtheory.continual_learning.edits.ridge_edit import ridge_edit
from lrtheory.continual_learning.problem import EditProblem, Task, TaskProblem
from lrtheory.continual_learning.tasks.learners import NetworkLearner, Protection, Training
from lrtheory.continual_learning.tasks.run_tasks import run_tasks

RNG = np.random.default_rng(11)
CENTERS = 2.5 * RNG.normal(size=(6, 12))


def drawn(classes, n=30, dtype=float):
    y = np.repeat(classes, n)
    return (CENTERS[y] + RNG.normal(size=(len(y), 12))).astype(dtype), y


SPLIT = TaskProblem(
    [Task(*drawn(pair), *drawn(pair, 10)) for pair in ([0, 1], [2, 3], [4, 5])], n_classes=6, names="abc"
)


def permuted(n_tasks=3):
    """One set of classes, its coordinates in another order in each task."""
    X, y = drawn(range(6), 40)
    X_test, y_test = drawn(range(6), 15)
    orders = [np.random.default_rng(i).permutation(12) for i in range(n_tasks)]
    return TaskProblem([Task(X[:, o], y, X_test[:, o], y_test) for o in orders], n_classes=6)


@pytest.mark.parametrize("hidden", [(), (40,)])
def test_ridge_knows_at_the_end_what_it_knows_in_any_order(hidden):
    """The order of tasks does not matter (statement RL-14), beside the solution from all rows at once."""
    runs = [run_tasks(SPLIT, order=order, hidden=hidden, rng=0) for order in (None, (2, 0, 1), (1, 2, 0))]
    last = [dict(zip(run.names, run.accuracy[-1], strict=True)) for run in runs]
    assert last[0] == last[1] == last[2]
    network = Network((12, *hidden, 6), np.random.default_rng(0), np.dtype(float))
    features = [network.inputs(task.X)[-1] for task in SPLIT.tasks]
    A, Y = np.concatenate(features), np.eye(6)[np.concatenate([task.y for task in SPLIT.tasks])]
    W = np.linalg.solve(np.eye(A.shape[1]) + A.T @ A, A.T @ Y)
    for task, accuracy in zip(SPLIT.tasks, runs[0].accuracy[-1], strict=True):
        guesses = (network.inputs(task.X_test)[-1] @ W).argmax(axis=1)
        assert accuracy == np.mean(guesses == task.y_test)


def test_ridge_names_only_classes_that_it_saw():
    run = run_tasks(SPLIT, hidden=())
    assert (np.triu(run.accuracy, 1) == 0).all()
    assert run.learning_accuracy > 0.9
    assert run.baseline == pytest.approx([1 / 6] * 3)
    assert run.certificate.statement == "continual_learning/RL-4"
    assert run.counts["samples"] == 180

    one = Task([[1.0]], [0], [[-5.0]], [0])  # its own output is negative, and that of the class to come is 0
    assert run_tasks([one, Task([[1.0]], [1], [[1.0]], [1])], hidden=()).accuracy[0, 0] == 1
    assert run_tasks(SPLIT, hidden=(), ridge=7.0).certificate.ridge == 7.0


def test_an_order_is_that_of_the_tasks():
    run = run_tasks(SPLIT, method="sgd", order=(2, 0, 1), rng=0, record=True)
    due = run_tasks([SPLIT.tasks[i] for i in (2, 0, 1)], method="sgd", rng=0, record=True)
    assert run.names == ("c", "a", "b")
    np.testing.assert_array_equal(run.trace["loss"], due.trace["loss"])
    np.testing.assert_array_equal(run.accuracy, due.accuracy)


def test_rows_come_in_an_order_that_is_drawn():
    network, (X, y) = Network((12, 6), np.random.default_rng(0), np.dtype(float)), drawn(range(6))
    layers = []
    for seed in range(2):
        learner = NetworkLearner(network.copy(), Training("sgd", 0.1, 1), np.random.default_rng(seed))
        learner.learn(X, y)
        layers.append(learner.network.layers[0])
    assert np.abs(layers[0] - layers[1]).max() > 1e-6


def test_fine_tuning_forgets_what_joint_training_keeps():
    tuned = run_tasks(SPLIT, method="sgd", rng=0, record=True)
    joint = run_tasks(SPLIT, method="joint", rng=0)
    assert tuned.forgetting > 0.5
    assert joint.average_accuracy > tuned.average_accuracy + 0.3
    assert tuned.trace["loss"].shape == (24,)  # three tasks of 8 epochs
    assert joint.trace is joint.certificate is tuned.certificate is None
    assert "promises nothing" in tuned.message
    assert joint.counts["samples"] == 2 * tuned.counts["samples"]
    again = run_tasks(SPLIT.tasks[:1] * 2, method="joint", rng=0, record=True).trace["loss"]
    assert 0.1 < again[0] < 10
    assert again[8] > 10 * again[7]  # every training begins at an untrained network


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_protected_outputs_stay_where_they_are(optimizer):
    """With room left and all of the energy protected, no step moves an old output (statements CS-1 and CS-6)."""
    X, y = drawn(range(3), 2)
    rng = np.random.default_rng(0)
    learner = NetworkLearner(
        Network((12, 30, 6), rng, X.dtype), Training(optimizer, 0.01, 5), rng, Protection(keep_energy=1)
    )
    learner.learn(X, y)
    before = learner.network.logits(X)
    other, z = drawn(range(3, 6), 8)
    start = [W.copy() for W in learner.network.layers]
    learner.learn(other, z)
    assert np.linalg.norm(learner.network.layers[0] - start[0]) > 0.01
    assert np.abs(learner.network.logits(X) - before).max() < 1e-11
    assert learner.leak.upper < 1e-11


def leaked(protection, optimizer):
    """How far the second task moves outputs of the first layer on old inputs, as a share of its change."""
    X, y = drawn(range(3), 2)
    rng = np.random.default_rng(0)
    learner = NetworkLearner(Network((12, 30, 6), rng, X.dtype), Training(optimizer, 0.01, 5), rng, protection)
    learner.learn(X, y)
    start = learner.network.layers[0].copy()
    learner.learn(*drawn(range(3, 6), 8))
    change = learner.network.layers[0] - start
    rows = np.column_stack([X, np.ones(len(X))])
    return np.linalg.norm(rows @ change) / np.linalg.norm(change)


def test_what_breaks_a_protection():
    """A stale buffer (CS-5), Adam after the projection (CS-6), and the output side (CS-7)."""
    clean = Protection(keep_energy=1, projected="gradients")
    assert leaked(clean, "momentum") < 1e-11
    assert leaked(Protection(keep_energy=1, projected="gradients", stale=True), "momentum") > 1e-3
    assert leaked(Protection(keep_energy=1, stale=True), "momentum") < 1e-11
    assert leaked(clean, "adam") > 0.1
    assert leaked(Protection(keep_energy=0.98, rows="gradients", side="output"), "momentum") > 0.1


def test_protection_keeps_tasks_of_one_head():
    problem = permuted()
    tuned, held = (run_tasks(problem, method=method, rng=0) for method in ("sgd", "project"))
    assert held.forgetting < tuned.forgetting
    assert held.ranks.shape == (3, 2)
    assert (np.diff(held.ranks, axis=0) >= 0).all()
    assert held.certificate.statement == "continual_learning/CS-3"
    less = run_tasks(problem, method="project", keep_energy=0.5, rng=0)
    assert (less.ranks < held.ranks).all()
    assert run_tasks(list(problem.tasks[:1]), method="project", rng=0).certificate is None  # nothing could be moved
    assert "are held still, which" not in less.message
    full = run_tasks(problem, method="project", keep_energy=1.0, rng=0)
    assert "all directions of layer 0" in full.message
    assert full.ranks[-1, 0] == 13


def test_a_run_is_repeated_by_its_seed_and_keeps_its_precision():
    single = TaskProblem([Task(*drawn([0, 1], dtype="f"), *drawn([0, 1], dtype="f"))], n_classes=2)
    first, second = (run_tasks(single, method="sgd", rng=5, record=True) for _ in range(2))
    assert np.array_equal(first.trace["loss"], second.trace["loss"])
    assert (first.backward_transfer, first.forgetting, first.forward_transfer) == (None, None, None)
    assert "single task" in first.message


def test_a_run_is_a_table():
    run = run_tasks(list(SPLIT.tasks), order=(2, 1, 0), hidden=())
    frame = run._columns()
    assert list(frame) == ["after", "2", "1", "0"]
    assert run.order == (2, 1, 0)
    assert "average accuracy" in repr(run)
    assert run.to_dict()["forgetting"] == pytest.approx(run.forgetting)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "replay"}, "`method` must be one of 'ridge', 'sgd', 'project', 'joint'"),
        ({"order": (0, 0, 1)}, r"`order` must be a permutation of 0 to 2; got \(0, 0, 1\)."),
        ({"ridge": 0.0}, "`ridge` must be in"),
        ({"method": "project", "keep_energy": 0.0}, r"`keep_energy` must be in \(0, 1\]; got 0.0."),
        ({"method": "sgd", "keep_energy": 0.5}, '`keep_energy` must be left out with method "sgd"'),
        ({"epochs": 3}, '`epochs` must be left out with method "ridge"'),
        ({"method": "sgd", "optimizer": "lion"}, "`optimizer` must be one of"),
        ({"method": "sgd", "step_size": 0.0}, "`step_size` must be in"),
        ({"hidden": (0,)}, r"`hidden\[0\]` must be an integer of at least 1; got 0."),
    ],
)
def test_bad_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        run_tasks(SPLIT, **options)


def test_what_is_no_task_is_refused():
    with pytest.raises(TypeError, match="`order` must be None or a permutation of 0 to 2; got 1"):
        run_tasks(SPLIT, order=1)
    with pytest.raises(TypeError, match="`tasks` must be a `TaskProblem` or a sequence of `Task`"):
        run_tasks([np.eye(3)])


def test_the_intercept_is_a_penalized_column_of_ones_and_can_be_left_out():
    X, y = np.array([[1.0], [2.0]]), [0, 1]
    task, one_hot = Task(X, y, X, y), np.eye(2)
    for intercept, due in ((True, 1.0), (False, 0.5)):
        keys = np.hstack([X, np.ones((2, 1))]) if intercept else X
        W = ridge_edit(np.zeros((keys.shape[1], 2)), [(keys, one_hot)]).weights
        assert np.mean((keys @ W).argmax(axis=1) == y) == due
        run = run_tasks([task], hidden=(), intercept=intercept)
        assert run.average_accuracy == due
        given = EditProblem(np.zeros((keys.shape[1], 2)), [(keys, one_hot)])
        assert run.certificate.verify(given)
    assert run_tasks([task], hidden=(3,), intercept=False, rng=0).certificate.ridge == 1.0
    with pytest.raises(TypeError, match="`intercept` must be"):
        run_tasks([task], intercept=1)
    with pytest.raises(ValueError, match="intercept"):
        run_tasks([task], method="sgd", intercept=False)
