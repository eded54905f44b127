"""All forms in floats against least squares: both layouts, both precisions, batches and single keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import RecursiveRidge
from tests.continual_learning.recursion.oracle import (
    FORMS,
    as_rows,
    batch,
    cost,
    made,
    rows,
    stream,
)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", ["rows", "torch"])
@pytest.mark.parametrize("form", FORMS)
def test_edits_of_any_size(form: str, layout: str, dtype: Any) -> None:
    given = stream(np.random.default_rng(1), 7, 3, n=6)
    given = given._replace(W0=given.W0.astype(dtype))
    state, near = made(given, form, layout), 1e-11 if dtype == np.float64 else 2e-4
    for K, V, w in given.edits:
        state.update(K, V, weight=w)
    W, (A, _) = batch(given), rows(given)
    assert as_rows(state) == pytest.approx(W, abs=near)
    assert state.weights.dtype == dtype
    assert state.weights.shape == (given.W0.T if layout == "torch" else given.W0).shape
    assert float(state.cost) == pytest.approx(cost(given, W), rel=near)
    assert np.asarray(state.covariance) == pytest.approx(np.linalg.inv(A.T @ A), abs=near)
    prior = rows(given.of([]))[0]
    assert state.log_det == pytest.approx(
        np.linalg.slogdet(A.T @ A)[1] - np.linalg.slogdet(prior.T @ prior)[1], abs=10 * near
    )
    x = np.random.default_rng(2).normal(size=(5, 7))
    assert np.asarray(state.predict(x)) == pytest.approx(x @ W, abs=10 * near)
    assert np.asarray(state.variance(x)) == pytest.approx(
        np.einsum("ij,jk,ik->i", x, np.linalg.inv(A.T @ A), x), abs=10 * near
    )
    assert state.drift == pytest.approx(np.linalg.norm(W - given.W0), abs=10 * near)
    assert given.anchors is not None
    assert state.anchor_drift == pytest.approx(np.linalg.norm(given.anchors @ (W - given.W0)), abs=10 * near)
    assert (state.method, state.n_edits, state.names) == (form, 6, (0, 1, 2, 3, 4, 5))


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information"])
def test_no_ridge_but_anchors_of_full_rank(form: str) -> None:
    given = stream(np.random.default_rng(2), 4, 2, m=6)._replace(ridge=0.0)
    state = made(given, form)
    for K, V, w in given.edits:
        state.update(K, V, weight=w)
    assert as_rows(state) == pytest.approx(batch(given), abs=1e-10)
    assert state.certificate is not None
    assert state.certificate.drift_bound == np.inf


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information"])
def test_decay(form: str) -> None:
    given = stream(np.random.default_rng(3), 5, 2, n=5)
    for keep in ("edits", "information"):
        state = made(given, form, decay=0.8, keep=keep)
        for K, V, w in given.edits:
            state.update(K, V, weight=w)
        assert as_rows(state) == pytest.approx(batch(given, 0.8), abs=1e-10)
        assert float(state.cost) == pytest.approx(cost(given, batch(given, 0.8), 0.8))
        assert state.get_state()["initial"] == pytest.approx(cost(given, given.W0, 0.8))
        assert state.certificate is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("decay", [1.0, 0.9])
def test_many_single_keys(form: str, decay: float) -> None:
    if form == "dual" and decay < 1:
        return
    rng = np.random.default_rng(4)
    given = stream(rng, 9, 2, n=0)
    K, V = rng.normal(size=(20, 9)), rng.normal(size=(20, 2))
    K[3] = 0
    one, many = made(given, form, decay=decay), made(given, form, decay=decay)
    told = [one.update(K[i : i + 1], V[i : i + 1]) for i in range(20)]
    found = many.update_many(K, V)
    full = given._replace(edits=[(K[i : i + 1], V[i : i + 1], 1.0) for i in range(20)])
    for state in (one, many):
        assert as_rows(state) == pytest.approx(batch(full, decay), abs=1e-10)
        assert state.get_state()["initial"] == pytest.approx(cost(full, full.W0, decay))
        assert float(state.cost) == pytest.approx(cost(full, batch(full, decay), decay))
    for name in ("surprise", "residual_norm", "interference", "weights_change"):
        assert getattr(found, name) == pytest.approx([getattr(report, name) for report in told], abs=1e-10)
    assert found.names == tuple(range(20))
    assert many.certificate is None or many.certificate.bound == pytest.approx(one.certificate.bound)  # type: ignore[union-attr]
    assert len(found.to_dict()["surprise"]) == 20


def test_wide_batches_go_through_lapack_and_say_the_same() -> None:
    rng = np.random.default_rng(5)
    for dtype, near in ((np.float64, 1e-10), (np.float32, 1e-3)):
        given = stream(rng, 130, 3, n=0)._replace(W0=rng.normal(size=(130, 3)).astype(dtype))
        edits = [(rng.normal(size=(9, 130)), rng.normal(size=(9, 3)), 1.0) for _ in range(3)]
        full, state = given._replace(edits=edits), made(given, "sqrt")
        for K, V, _ in edits[:2]:
            state.update(K, V)
        state.update_many(*edits[2][:2])
        A, _ = rows(full)
        R = state.factor
        assert R.dtype == dtype
        assert np.array_equal(R, np.triu(R))
        assert R.T @ R == pytest.approx(A.T @ A, abs=300 * near)
        assert as_rows(state) == pytest.approx(batch(full), abs=near)


def test_auto_is_dual_for_few_wide_keys_and_then_a_triangle() -> None:
    rng = np.random.default_rng(6)
    given = stream(rng, 256, 2, n=0, m=3)
    edits = [(rng.normal(size=(40, 256)), rng.normal(size=(40, 2)), 1.0) for _ in range(5)]
    state, forms = made(given, "auto"), []
    for i, (K, V, _) in enumerate(edits):
        state.update(K, V)
        forms.append(state.method)
        assert as_rows(state) == pytest.approx(batch(given._replace(edits=edits[: i + 1])), abs=1e-9)
    assert forms == ["dual", "dual", "dual", "sqrt", "sqrt"]
    assert made(stream(rng, 4, 2), "auto").method == "sqrt"
    tiny = RecursiveRidge(np.zeros((256, 1)), ridge=1e-9)
    tiny.update(np.ones((2, 256)), np.ones((2, 1)))
    assert tiny.method == "dual"
    assert np.asarray(tiny.predict(np.ones((1, 256)))) == pytest.approx(np.ones((1, 1)))
    assert RecursiveRidge(np.zeros((256, 1)), decay=0.5).method == "sqrt"
    assert RecursiveRidge(np.zeros((256, 1)), ridge=0, anchors=np.eye(256)).method == "sqrt"


def test_numbers_that_are_no_doubles() -> None:
    ints = RecursiveRidge([[0], [1]])
    assert ints.weights.dtype == np.float64
    half = RecursiveRidge(np.ones((2, 1), np.float16))
    half.update([[1, 0]], [[2]])
    assert half.weights.dtype == np.float16
    assert half.weights.tolist() == [[1.5], [1.0]]
    assert half.covariance.dtype == np.float16
    assert RecursiveRidge(np.ones((2, 1)), dtype="float32").weights.dtype == np.float32


def test_half_of_the_same_edit_remains_in_units_of_any_size() -> None:
    for unit in (1e-12, 1.0, 1e12):
        for form in FORMS:
            for dtype in (np.float32, np.float64):
                state = RecursiveRidge(np.zeros((2, 1), dtype), ridge=unit**2, method=form)
                report = state.update([[unit, 0.0]], [[unit]])
                assert report.residual_norm == pytest.approx(unit / 2, rel=1e-6, abs=0)
                assert report.interference == pytest.approx(unit**2 / 4, rel=1e-6, abs=0)


@pytest.mark.parametrize("keep", ["edits", "information"])
@pytest.mark.parametrize("form", FORMS)
def test_edits_that_nothing_else_speaks_for(form: str, keep: str) -> None:
    """The prior alone holds the directions of a huge key: rotations back would leave no digit."""
    rng = np.random.default_rng(7)
    given = stream(rng, 4, 2, n=3, m=0)
    K, V = 1e5 * rng.normal(size=(1, 4)), rng.normal(size=(1, 2))
    state = made(given, form, keep=keep)
    for keys, values, w in [*given.edits[:2], (K, V, 1.0), given.edits[2]]:
        state.update(keys, values, weight=w)
    if keep == "edits":
        left = state.leave_one_out(2)
        assert np.asarray(left) == pytest.approx(V - K @ batch(given), rel=1e-3)
    state.forget(*((2,) if keep == "edits" else (K, V)))  # type: ignore[arg-type]
    near = 1e-9 if keep == "edits" else 1e-4  # the sums have lost what was small beside the squared key
    assert as_rows(state) == pytest.approx(batch(given), abs=near)
    assert float(state.cost) == pytest.approx(cost(given, batch(given)), rel=1e-3)


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information"])
def test_long_lives(form: str) -> None:
    """Two hundred edits and removals leave what least squares finds."""
    rng = np.random.default_rng(8)
    given = stream(rng, 6, 2, n=0)
    state, kept = made(given, form), dict[int | str, tuple[np.ndarray, np.ndarray, float]]()
    for _ in range(200):
        if kept and rng.random() < 0.45:
            label = list(kept)[int(rng.integers(len(kept)))]
            state.forget(label)
            del kept[label]
        else:
            K, V = rng.normal(size=(2, 6)) * 10 ** rng.uniform(-1, 1), rng.normal(size=(2, 2))
            kept[state.update(K, V).name] = K, V, 1.0
    assert as_rows(state) == pytest.approx(batch(given._replace(edits=list(kept.values()))), abs=1e-8)


@pytest.mark.parametrize("keep", ["edits", "nothing"])
@pytest.mark.parametrize("sizes", [(30, 30), (30, 120), (130, 30), (90, 90)])
def test_auto_merges_whatever_forms_there_are(sizes: tuple[int, int], keep: str) -> None:
    rng = np.random.default_rng(9)
    given = stream(rng, 256, 2, n=0, m=3)
    edits = [(rng.normal(size=(n, 256)), rng.normal(size=(n, 2)), 1.0) for n in sizes]
    one, other = made(given, "auto", keep=keep), made(given, "auto", keep=keep)
    one.update(*edits[0][:2])
    other.update(*edits[1][:2])
    one.merge(other)
    assert one.method == ("dual" if sum(sizes) < 125 else "sqrt")
    assert as_rows(one) == pytest.approx(batch(given._replace(edits=edits)), abs=1e-8)


@pytest.mark.parametrize(
    ("key", "value", "weight"), [(1.0, 1e3, 1e5), (1e-2, 1e7, 1.0), (1e4, 1e-9, 1.0), (7.0, 30.0, 1.0)]
)
@pytest.mark.parametrize("form", FORMS)
def test_an_edit_that_outweighed_all_others_leaves_no_trace(form: str, key: float, value: float, weight: float) -> None:
    """Ten bits at most, which is where all others are written anew."""
    rng = np.random.default_rng(10)
    given = stream(rng, 4, 2, n=2, m=0)
    state, K = made(given, form), key * rng.normal(size=(2, 4))
    state.update(K, K @ given.W0 + value * rng.normal(size=(2, 2)), weight=weight, name="heavy")
    for K, V, w in given.edits:
        state.update(K, V, weight=w)
    state.forget("heavy")
    A, _ = rows(given)
    assert as_rows(state) == pytest.approx(batch(given), abs=2**-40)
    assert np.asarray(state.covariance) == pytest.approx(np.linalg.inv(A.T @ A), abs=1e-11)
    assert float(state.cost) == pytest.approx(cost(given, batch(given)), rel=2**-40)
    assert state.certificate is not None
    assert state.certificate.bound == pytest.approx(cost(given, given.W0) / 4, rel=2**-40)


def test_values_are_replaced_where_no_other_key_holds_a_direction() -> None:
    rng = np.random.default_rng(11)
    given = stream(rng, 3, 2, n=2, m=0)._replace(ridge=1e-9)
    K, V, _ = given.edits[0]
    state = made(given, "sqrt")
    state.update(K, V + 1, weight=2e5, name="fact")
    state.replace("fact", V)
    assert as_rows(state) == pytest.approx(batch(given._replace(edits=[(K, V, 2e5)])), abs=1e-6)


def test_merging_gives_numbers_that_are_taken_others() -> None:
    workers = [made(stream(np.random.default_rng(12), 3, 2, n=0), "sqrt") for _ in range(3)]
    for worker, names in zip(workers, ([0, 2, "a"], [0, 1, 2], [5, "b", 0]), strict=True):
        for name in names:
            worker.update(np.ones((1, 3)), np.ones((1, 2)), name=name)
    workers[0].merge(workers[1])
    assert workers[0].names == (0, 2, "a", 3, 1, 4)
    workers[0].merge(workers[2])
    assert workers[0].names == (0, 2, "a", 3, 1, 4, 5, "b", 6)


def test_a_key_of_zeros_turns_nothing() -> None:
    given = stream(np.random.default_rng(13), 4, 2)
    state = made(given, "sqrt")
    assert (np.diag(state.factor) < 0).any()
    known = state.factor.copy()
    state.update(np.zeros((1, 4)), np.ones((1, 2)))
    state.update_many(np.zeros((1, 4)), np.ones((1, 2)))
    assert np.array_equal(state.factor, known)


def test_one_entry_and_one_key() -> None:
    for form in FORMS:
        state = RecursiveRidge([[0.0]], method=form, keep="nothing")
        state.update_many([[1.0], [2.0]], [[1.0], [2.0]])
        assert np.asarray(state.weights) == pytest.approx(np.array([[5 / 6]]))
        state.forget([[2.0]], [[2.0]])
        assert np.asarray(state.weights) == pytest.approx(np.array([[1 / 2]]))


def test_squares_that_are_smaller_than_any_double() -> None:
    state = RecursiveRidge(np.zeros((2, 1)), decay=0.01)
    state.update_many(np.ones((158, 1)) * [[1, 0]], np.ones((158, 1)))
    assert state.factor[1, 1] == pytest.approx(1e-158, rel=1e-12, abs=0)
    large = RecursiveRidge(np.zeros((1, 1)), ridge=1e300)
    large.update([[5e153]], [[1.0]])
    assert abs(large.factor[0, 0]) == pytest.approx(np.hypot(1e150, 5e153), rel=1e-12)


@pytest.mark.parametrize("keep", ["edits", "information", "nothing"])
@pytest.mark.parametrize("form", FORMS)
def test_workers_and_removals_leave_the_form_of_the_rest(form: str, keep: str) -> None:
    given = stream(np.random.default_rng(14), 4, 2, n=6)
    given = given._replace(edits=[(K, V, 1.0) for K, V, _ in given.edits])
    workers = [made(given, form, keep=keep) for _ in range(3)]
    for i, (K, V, _) in enumerate(given.edits):
        workers[i % 3].update(K, V)
    state = workers[0]
    state.merge(workers[1])
    state.merge(workers[2])
    for rest in (given, given.of([1, 2, 3, 4, 5]), given.of([1, 2, 3, 4])):
        if rest is not given:
            K, V, _ = given.edits[5 if len(rest.edits) == 4 else 0]
            state.forget(K, V)
        A, _ = rows(rest)
        assert as_rows(state) == pytest.approx(batch(rest), abs=1e-10)
        assert np.asarray(state.covariance) == pytest.approx(np.linalg.inv(A.T @ A), abs=1e-9)
        assert float(state.cost) == pytest.approx(cost(rest, batch(rest)))
        assert state.certificate is not None
        assert state.certificate.bound == pytest.approx(cost(rest, rest.W0) / 4)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_left_of_costs_is_not_negative(form: str) -> None:
    for seed in range(30):
        given = stream(np.random.default_rng(seed), 3, 2, n=3)
        state = made(given, form, keep="nothing")
        for K, V, _ in given.edits:
            state.update(K, V)
        for K, V, _ in given.edits:
            state.forget(K, V)
        assert 0 <= float(state.cost) < 1e-10
        assert state.certificate is not None
        assert 0 <= state.certificate.bound < 1e-10


@pytest.mark.parametrize("size", [1.0, 1e3, 1e6, 1e12, 1e30, 1e100])
@pytest.mark.parametrize("p", [1, 5])
def test_large_keys_that_come_twice_in_an_edit_are_written(p: int, size: float) -> None:
    keys, values = np.full((2, 9), size), np.ones((2, p))
    state = RecursiveRidge(np.zeros((9, p)), method="sqrt")
    report = state.update(keys, values)
    due = np.sqrt(2 * p) / (1 + 18 * size**2)  # two keys of squared norm 9 size^2 in one direction
    assert report.residual_norm == pytest.approx(due, rel=1e-9, abs=1e-15)
    assert np.linalg.norm(values - keys @ np.asarray(state.weights)) == pytest.approx(due, rel=1e-9, abs=1e-14)
