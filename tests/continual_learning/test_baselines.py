"""What is done in practice, against dense formulas, and that it forgets where the recursion does not."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.continual_learning import EditProblem, baselines, make_edit_stream, ridge_edit

METHODS = (baselines.batch_ridge, baselines.fixed_covariance, baselines.hard_write, baselines.null_space)
PROBLEM = make_edit_stream(6, 3, n_edits=5, keys_per_edit=2, n_anchors=4, rng=8)
W0, EDITS, K0 = PROBLEM.W0, PROBLEM.edits, PROBLEM.anchors


def one_by_one(step):
    W = W0
    for K, V in EDITS:
        W = W + step(K, V - K @ W)
    return W


def test_solving_anew_is_the_recursion():
    found, due = (f(PROBLEM, ridge=0.25, anchor_weight=2.0) for f in (baselines.batch_ridge, ridge_edit))
    np.testing.assert_allclose(found.weights, due.weights, rtol=1e-10)
    assert found.cost == pytest.approx(due.cost)
    assert found.certificate.verify(PROBLEM)
    assert found.certificate.bound == pytest.approx(due.certificate.bound)
    first, recorded = (f(PROBLEM, ridge=0.25, record=True) for f in (baselines.batch_ridge, ridge_edit))
    for name, numbers in first.trace.items():
        np.testing.assert_allclose(numbers, recorded.trace[name], rtol=1e-9)


def test_fixed_covariance_and_hard_writes_by_inverses():
    P = np.linalg.inv(0.25 * np.eye(6) + 2.0 * K0.T @ K0)
    soft = one_by_one(lambda K, E: P @ K.T @ np.linalg.inv(np.eye(2) + K @ P @ K.T) @ E)
    hard = one_by_one(lambda K, E: P @ K.T @ np.linalg.inv(K @ P @ K.T) @ E)
    options = {"ridge": 0.25, "anchor_weight": 2.0}
    np.testing.assert_allclose(baselines.fixed_covariance(PROBLEM, **options).weights, soft, rtol=1e-9)
    found = baselines.hard_write(PROBLEM, record=True, **options)
    np.testing.assert_allclose(found.weights, hard, rtol=1e-8)
    np.testing.assert_allclose(found.trace["residual_norm"], 0, atol=1e-9)
    assert found.residual_norms[0] > 0.1


def test_the_null_space_leaves_out_what_anchors_use():
    anchors = np.diag([10.0, 1.0, 0.99, 0.0, 0.0, 0.0])  # 100 and 1 are at least a hundredth of 100
    P = np.diag([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    due = one_by_one(lambda K, E: P @ K.T @ np.linalg.inv(K @ P @ K.T) @ E)
    found = baselines.null_space(W0, EDITS, anchors=anchors)
    np.testing.assert_allclose(found.weights, due, rtol=1e-9)
    plain, free = baselines.hard_write(W0, EDITS), baselines.null_space(W0, EDITS)
    np.testing.assert_allclose(free.weights, plain.weights, rtol=1e-9)


@pytest.mark.parametrize("solve", METHODS)
def test_layouts_precisions_and_costs(solve):
    due = solve(PROBLEM, anchor_weight=3.0, record=True)
    turned = solve(W0.T, EDITS, anchors=K0, anchor_weight=3.0, layout="torch")
    np.testing.assert_allclose(turned.weights.T, due.weights, rtol=1e-12)
    D = due.weights - W0
    cost = sum(np.sum((V - K @ due.weights) ** 2) for K, V in EDITS) + np.sum(D**2) + 3 * np.sum((K0 @ D) ** 2)
    assert due.cost == pytest.approx(cost)
    assert due.cost >= ridge_edit(PROBLEM, anchor_weight=3.0).cost * (1 - 1e-12)
    assert len(due.trace["surprise"]) == 5
    assert due.trace["surprise"][0] == pytest.approx(due.surprises[0])
    single = solve(W0.astype(np.float32), EDITS, anchors=K0, anchor_weight=3.0)
    assert single.weights.dtype == np.float32
    np.testing.assert_allclose(single.weights, due.weights, rtol=1e-5, atol=1e-5)
    assert (due.certificate is None) == (solve is not baselines.batch_ridge)
    assert due.certificate is not None or "RL-4" in due.message
    empty = solve(W0, [])
    np.testing.assert_allclose(empty.weights, W0, rtol=1e-14)
    assert len(solve(W0, [], record=True).trace["surprise"]) == 0


def test_writing_one_key_again_and_again_overwrites_what_was_written_before():
    """The recursion keeps the mean of all values; the others end near the last one."""
    values = [[0.0], [0.0], [0.0], [3.0]]
    problem = EditProblem([[0.0]], [([[1.0]], [value]) for value in values])
    found = {f.__name__: f(problem, ridge=1e-6).weights[0, 0] for f in METHODS}
    assert found["batch_ridge"] == pytest.approx(0.75, rel=1e-5)
    assert min(found[name] for name in ("fixed_covariance", "hard_write", "null_space")) > 2.99


@pytest.mark.parametrize("solve", METHODS)
@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"ridge": -1.0}, "`ridge` must be in"),
        ({"anchor_weight": 2.0}, "`anchor_weight` must be left out without anchors"),
        ({"anchors": np.eye(2)}, "`anchors` must be of shape"),
        ({"record": 1}, "`record` must be True or False"),
    ],
)
def test_bad_input_is_one_sentence(solve, options, rule):
    with pytest.raises((ValueError, TypeError)) as caught:
        solve(W0, EDITS, **options)
    assert rule in str(caught.value)


def test_a_key_that_anchors_use_is_not_written_in_the_null_space():
    """What the projection leaves of it is rounding, by which nothing may be divided."""
    anchors = make_edit_stream(6, 3, n_anchors=3, rng=9).anchors
    inside, beside = anchors.T @ [0.3, 0.5, 0.1], np.linalg.svd(anchors)[2][-1]
    for keys in ([inside], [inside, 2 * inside], [inside, inside + beside]):
        found = baselines.null_space(W0, [(keys, np.ones((len(keys), 3)))], anchors=anchors)
        assert found.drift < 20
        assert found.anchor_drift < 1e-12


def test_keys_that_outweigh_the_ridge():
    keys = 1e30 * np.ones((2, 6))
    for solve in METHODS:
        assert solve(0 * W0, [(keys, np.ones((2, 3)))]).residual_norms[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("solve", METHODS)
def test_numbers_whose_squares_are_infinite_are_refused(solve):
    for keys, values, name in ((1e200, 1.0, "keys"), (1.0, 1e200, "values")):
        with pytest.raises(ValueError, match=rf"`edits\[0\] {name}` must be such that their squares are finite"):
            solve(W0, [(keys * np.ones((1, 6)), values * np.ones((1, 3)))])


@pytest.mark.parametrize("solve", METHODS[:3])
def test_a_ridge_weight_of_zero(solve):
    full = np.diag(np.arange(1.0, 7.0))
    due = solve(W0, EDITS, ridge=1e-13, anchors=full).weights
    np.testing.assert_allclose(solve(W0, EDITS, ridge=0.0, anchors=full).weights, due, rtol=1e-9)
    with pytest.raises(ValueError, match=r"full column rank 6; got 0\.0 with rank 4\."):
        solve(W0, EDITS, ridge=0.0, anchors=K0)
