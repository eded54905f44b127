"""Keys that are nearly or wholly dependent, at a ridge far below their squares: all forms against Fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from lrtheory.continual_learning import EditProblem, RecursiveRidge
from lrtheory.continual_learning.recursion import steps
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.setup import FORMS as SOLVERS
from tests.continual_learning.recursion.oracle import (
    FORMS,
    Stream,
    as_rows,
    batch,
    exact_cost,
    exact_rows,
    exact_solution,
    made,
    stream,
)


class Known(NamedTuple):
    """An edit whose keys are nearly or wholly dependent, at a ridge far below their squares."""

    keys: Any
    values: Any
    ridge: float


DEPENDENT = {
    "more keys than entries": Known([[1e4], [3e4]], [[1], [2]], 1e-8),
    "a ridge of a millionth of a millionth": Known([[1], [3]], [[1], [2]], 1e-12),
    "twice the same key": Known([[3e4, 1e4], [3e4, 1e4], [0, 1e4]], [[1], [2], [1]], 1e-8),
    "a key of zeros": Known([[0, 0], [1e5, 0], [1e5, 1e5], [0, 1e5]], [[1], [2], [3], [0]], 1e-6),
    "leverages beyond the square of all digits": Known([[1e8], [3e8]], [[1], [2]], 1e-8),
    "keys of two sizes": Known([[1e8, 1e8], [1, 2], [3, -1]], [[1], [2], [1]], 1e-3),
}


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", DEPENDENT)
def test_dependent_keys_at_a_small_ridge(name: str, form: str, precision: Any) -> None:
    """The map against Fractions, by the condition of M itself, and a ledger in which nobody pays less than nothing."""
    keys, values, ridge = DEPENDENT[name]
    K, V, lam2 = np.array(keys, precision), np.array(values, precision), float(precision(ridge))
    exact = Stream(np.zeros((K.shape[1], 1), int), None, Fraction(lam2), 1, [(K.astype(int), V.astype(int), 1)])
    W, _ = exact_solution(exact)
    M = np.array(exact_rows(exact)[0], float)
    due, near = W.astype(float), 200 * np.finfo(precision).eps * np.linalg.cond(M)
    if near > 0.1:
        pytest.skip("no digits are promised at this condition")
    state = RecursiveRidge(np.zeros((K.shape[1], 1), precision), ridge=lam2, method=form)  # type: ignore[arg-type]
    report = state.update(K, V)
    assert np.asarray(state.weights) == pytest.approx(due, rel=near, abs=near * np.abs(due).max())
    assert np.asarray(state.covariance) == pytest.approx(np.linalg.inv(M), rel=near, abs=near / np.linalg.norm(M, -2))
    assert float(state.cost) == pytest.approx(float(exact_cost(exact, W)), rel=near, abs=near * np.sum(V**2))
    paid = lam2 * np.sum(due**2)  # nobody else was there
    assert report.interference >= 0
    assert report.interference == pytest.approx(paid, rel=near, abs=near * report.surprise**2)
    again = state.update(K, V)  # with the information that the first edit has left
    assert again.surprise == pytest.approx(report.residual_norm, rel=near, abs=near)
    problem = EditProblem(np.zeros((K.shape[1], 1), precision), [(K, V), (K, V)])
    assert all(told.certificate.verify(problem) for told in (report, again))  # type: ignore[union-attr]


@pytest.mark.parametrize("form", FORMS)
def test_single_precision_with_twice_as_many_keys_as_entries(form: str) -> None:
    rng = np.random.default_rng(15)
    K, V = (rng.normal(size=(128, n)).astype(np.float32) for n in (64, 3))
    given = Stream(np.zeros((64, 3), np.float32), None, 1e-3, 1.0, [(K, V, 1.0)])
    state = made(given, form)
    state.update(K, V)
    assert np.linalg.norm(as_rows(state) - batch(given)) <= 1e-5 * np.linalg.norm(batch(given))


def test_the_dual_form_takes_keys_back_from_its_basis() -> None:
    rng = np.random.default_rng(16)
    given = stream(rng, 5, 2, n=4)
    given = given._replace(edits=[(K, V, 1.0) for K, V, _ in given.edits])
    state = made(given, "dual", keep="nothing")
    for K, V, _ in given.edits:
        state.update(K, V)
    with pytest.raises(ValueError, match="`keys` must be those of an earlier edit"):
        state.forget(given.edits[0][0] * (1 + 1e-9), given.edits[0][1])
    for K, V, _ in given.edits[1:]:
        state.forget(K, V)
    assert as_rows(state) == pytest.approx(batch(given.of([0])), abs=1e-10)
    held = state.get_state()
    assert held["form.Q"].shape == (min(5, 2 + len(given.edits[0][0])), 5)  # directions of no key are given back
    for name in ("form.Y", "form.R"):
        with pytest.raises(ValueError, match="must be of shape"):
            state.set_state(held | {name: held[name][:, :-1]})


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_that_takes_all_digits_with_it_is_refused_where_nothing_is_kept(form: str) -> None:
    """What is left of the information is 1e-14 of it: the way back would leave one or two digits."""
    state = RecursiveRidge(np.zeros((2, 1)), method=form, keep="nothing", ridge=1.0)  # type: ignore[arg-type]
    state.update([[1e7, 0.0]], [[1.0]])
    before = np.array(state.weights)
    with pytest.raises(
        ValueError, match='`keep` must be "edits" where an edit that is taken out leaves fewer than ten'
    ):
        state.forget([[1e7, 0.0]], [[1.0]])
    assert np.array_equal(np.asarray(state.weights), before)
    assert state.n_edits == 1
    near = RecursiveRidge(np.zeros((2, 1)), method=form, keep="nothing", ridge=1.0)  # type: ignore[arg-type]
    near.update([[1e5, 0.0]], [[1.0]])
    near.forget([[1e5, 0.0]], [[1.0]])
    assert np.asarray(near.weights) == pytest.approx(np.zeros((2, 1)), abs=1e-10)


@pytest.mark.parametrize("keep", ["edits", "information", "nothing"])
@pytest.mark.parametrize("form", FORMS)
def test_workers_with_more_large_keys_than_entries(form: str, keep: str) -> None:
    """A ridge of 1e-20 of the squares of keys: what all keys hold is not divided by it."""
    rng = np.random.default_rng(17)
    given = stream(rng, 3, 2, n=0, m=0)._replace(ridge=1e-6)
    edits = [(1e7 * rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), 1.0) for _ in range(2)]
    given = given._replace(W0=0 * given.W0, edits=edits)
    one, other = made(given, form, keep=keep), made(given, form, keep=keep)
    one.update(*edits[0][:2])
    other.update(*edits[1][:2])
    one.merge(other)
    W = batch(given)
    assert as_rows(one) == pytest.approx(W, rel=1e-12, abs=1e-12 * np.abs(W).max())


def test_the_dual_form_keeps_a_ridge_below_the_rounding_of_keys() -> None:
    """The root of the ridge is 1e-8 of the keys, and a key comes again with another value."""
    rng = np.random.default_rng(18)
    keys = (3e6 * rng.integers(-8, 9, size=(2, 3)) / 8).astype(np.float32)
    K, V = keys[[0, 1, 0]], rng.integers(-8, 9, size=(3, 2)).astype(np.float32) / 8
    whole = Stream(np.zeros((3, 2), int), None, Fraction(1, 256), 1, [(K.astype(int), (8 * V).astype(int), 1)])
    due = exact_solution(whole)[0].astype(float) / 8
    state = RecursiveRidge(np.zeros((3, 2), np.float32), ridge=1 / 256, method="dual")
    state.update_many(K, V)
    assert np.linalg.norm(np.asarray(state.weights) - due) <= 1e-5 * np.linalg.norm(due)


@pytest.mark.parametrize("keep", ["edits", "nothing"])
@pytest.mark.parametrize("form", FORMS)
def test_edits_with_weights_are_taken_back(form: str, keep: str) -> None:
    given = stream(np.random.default_rng(17), 5, 2, n=4)
    assert len({w for _, _, w in given.edits}) > 1
    state = made(given, form, keep=keep)
    for K, V, w in given.edits:
        state.update(K, V, weight=w)
    for label, (K, V, w) in enumerate(given.edits[1:], 1):
        root = np.sqrt(w)
        state.forget(*((label,) if keep == "edits" else (K * root, V * root)))
    assert as_rows(state) == pytest.approx(batch(given.of([0])), abs=1e-9)


@pytest.mark.parametrize("name", FORMS)
def test_rows_of_any_weight_are_taken_out_of_the_sums(name: str) -> None:
    """Where edits are not kept, a form is told the weight of the rows that go."""
    given = stream(np.random.default_rng(19), 4, 2, n=3, exactly=True)
    weights = (Fraction(1, 4), Fraction(3), Fraction(2))
    given = given._replace(edits=[(K, V, w) for (K, V, _), w in zip(given.edits, weights, strict=True)])
    assert given.anchors is not None
    prior = Prior(given.W0 * 1.0, float(given.ridge), given.anchors * 1.0, float(given.anchor_weight))
    held = steps.initial_state(prior, SOLVERS[name], sums=True)
    edits = [steps.Edit(K * 1.0, V * 1.0, float(w)) for K, V, w in given.edits]
    for edit in edits:
        held, _ = steps.written(held, edit)
    for gone, left in ((1, [0, 2]), (0, [2]), (2, [])):
        held, _ = steps.removed(held, edits[gone], None)
        due, _ = exact_rows(given.of(left))
        assert np.asarray(held.form.times(np.eye(4))) == pytest.approx(np.array(due, float), rel=1e-9, abs=1e-9)
        assert held.W == pytest.approx(exact_solution(given.of(left))[0].astype(float), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("d", [8, 16, 64])
def test_the_products_of_an_update_are_counted(d: int) -> None:
    """By the costs of LAPACK's steps: d^3 / 3 of a factorization, and u d^2 of a product of d x d with d x u."""
    u, p = 3, 2
    wide = 6 * u * d * p
    due = {"sqrt": 4 * u * d**2, "covariance": 4 * u * d**2, "information": d**3 // 3 + 4 * u * d**2}
    for form, products in due.items():
        state = RecursiveRidge(np.zeros((d, p)), method=form, layout="rows", ridge=1.0)
        counts = state.update(np.eye(d)[:u], np.ones((u, p))).counts
        assert counts == {"keys": u, "flops": products + wide}
