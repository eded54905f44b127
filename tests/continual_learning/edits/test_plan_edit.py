"""The ridge weight of one edit: what it promises is what the edit does, and no other weight does better."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.continual_learning import plan_edit

RNG = np.random.default_rng(11)


def written(W0, K, V, ridge, K0=None, weight=1.0):
    """Drift, success and residual of one edit from the normal equations."""
    M = ridge * np.eye(len(W0)) + (0 if K0 is None else weight * K0.T @ K0) + K.T @ K
    E = V - K @ W0
    D = np.linalg.solve(M, K.T @ E)
    moved = 0.0 if K0 is None else np.linalg.norm(K0 @ D)
    left = np.linalg.norm(E - K @ D)
    cost = left**2 + ridge * np.linalg.norm(D) ** 2 + weight * moved**2
    return np.linalg.norm(D), 1 - cost / np.linalg.norm(E) ** 2, left, moved


def drawn(u, d=5, p=3, m=0):
    return RNG.normal(size=(d, p)), RNG.normal(size=(u, d)), RNG.normal(size=(u, p)), RNG.normal(size=(m, d))


@pytest.mark.parametrize("u", [1, 3, 7])
@pytest.mark.parametrize("m", [0, 3, 9])
@pytest.mark.parametrize("limit", [{"max_drift": 0.1}, {"min_success": 0.1}])
def test_a_plan_says_what_the_edit_does_and_is_the_best(u, m, limit):
    W0, K, V, K0 = drawn(u, m=m)
    anchors = {"K0": K0, "weight": 2.0} if m else {}
    options = {"anchors": K0, "anchor_weight": 2.0} if m else {}
    plan = plan_edit(W0, K, V, **options, **limit)
    due = written(W0, K, V, plan.ridge, **anchors)
    np.testing.assert_allclose((plan.drift, plan.success, plan.residual_norm, plan.anchor_drift), due, rtol=1e-8)
    better, worse = (written(W0, K, V, plan.ridge * factor, **anchors) for factor in (0.999, 1.001))
    if "max_drift" in limit:
        assert plan.drift <= 0.1
        assert better[0] > 0.1 > worse[0]
    else:
        assert plan.success > 0.1 * (1 - 1e-12)
        assert better[1] > 0.1 > worse[1]
    turned = plan_edit(W0.T, K, V, layout="torch", **options, **limit)
    assert turned.to_dict() == pytest.approx(plan.to_dict())


@pytest.mark.parametrize("c", [1e-12, 1e12])
def test_units_of_keys_and_of_values(c):
    W0, K, V, K0 = drawn(2, m=3)
    plan = plan_edit(W0, K, V, anchors=K0, min_success=0.5)
    keys = plan_edit(W0 / c, K * c, V, anchors=K0 * c, min_success=0.5)
    assert keys.ridge / c**2 == pytest.approx(plan.ridge)
    values = plan_edit(W0 * c, K, V * c, anchors=K0, max_drift=plan.drift * c)
    assert values.ridge == pytest.approx(plan.ridge)


@pytest.mark.parametrize("c", [1e-100, 1e100])
def test_squares_of_squares_are_not_formed(c):
    W0, K, V, _ = drawn(2)
    plan = plan_edit(W0, K, V, max_drift=0.1)
    with np.errstate(all="raise"):
        found = plan_edit(W0 / c, K * c, V, max_drift=0.1 / c)
    assert found.ridge / c / c == pytest.approx(plan.ridge)


def test_a_limit_that_does_not_bind_is_told():
    W0, K, V, _ = drawn(2)
    most = np.linalg.norm(np.linalg.pinv(K) @ (V - K @ W0))
    plan = plan_edit(W0, K, V, max_drift=2 * most)
    assert "does not bind" in plan.message
    assert 0.998 < plan.success < 1
    assert plan.drift <= most
    tight = plan_edit(W0, K, V, max_drift=0.999999 * most)
    assert "does not bind" not in tight.message
    assert tight.drift == pytest.approx(0.999999 * most, rel=1e-9)


def test_nothing_to_write():
    W0, K, V, _ = drawn(2)
    for keys, values in ((K, K @ W0), (0 * K, V), (K[:0], V[:0])):
        plan = plan_edit(W0, keys, values, max_drift=1.0)
        assert plan.drift == pytest.approx(0, abs=1e-12)
        assert plan.ridge > 0
    assert plan_edit(0 * W0, K, 0 * V, min_success=0.9).success == 1.0
    with pytest.raises(ValueError, match="`min_success` must be below 0, which"):
        plan_edit(W0, 0 * K, V, min_success=0.5)


def test_edits_that_contradict_each_other_have_a_best_success():
    keys, values = [[1.0, 0.0], [1.0, 0.0]], [[1.0], [0.0]]
    assert plan_edit(np.zeros((2, 1)), keys, values, min_success=0.499).success == pytest.approx(0.499)
    with pytest.raises(ValueError, match=r"`min_success` must be below 0\.5, which no ridge weight reaches"):
        plan_edit(np.zeros((2, 1)), keys, values, min_success=0.6)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, "`max_drift, min_success` must be exactly one of these; got none of them."),
        ({"max_drift": 1.0, "min_success": 0.5}, "`max_drift, min_success` must be exactly one of these"),
        ({"max_drift": 0.0}, "`max_drift` must be in (0, inf)"),
        ({"max_drift": np.inf}, "`max_drift` must be in (0, inf)"),
        ({"min_success": 1.0}, "`min_success` must be in (0, 1)"),
        ({"min_success": 0.5, "anchor_weight": 2.0}, "`anchor_weight` must be left out without anchors"),
        ({"min_success": 0.5, "layout": "x"}, "`layout` must be one of"),
    ],
)
def test_bad_input_is_one_sentence(options, rule):
    with pytest.raises(ValueError) as caught:
        plan_edit(np.eye(2), np.eye(2), np.ones((2, 2)), **options)
    assert rule in str(caught.value)


def test_errors_call_the_arguments_by_their_names():
    for keys, values, rule in (
        (np.ones((1, 3)), np.ones((1, 2)), r"^`keys` must be of shape \(u, 2\)"),
        (np.ones((1, 2)), np.ones((1, 3)), r"^`values` must be of shape \(1, 2\)"),
    ):
        with pytest.raises(ValueError, match=rule):
            plan_edit(np.eye(2), keys, values, max_drift=1.0)


def test_keys_whose_squares_are_infinite():
    with pytest.raises(ValueError, match="`keys` must be such that their squares are finite"):
        plan_edit(np.zeros((1, 1)), [[1e200]], [[1.0]], min_success=0.5)
    with pytest.raises(ValueError, match=r"`values` must be such that .* are finite; got 1e\+200"):
        plan_edit(np.zeros((1, 1)), [[1.0]], [[1e200]], min_success=0.5)
