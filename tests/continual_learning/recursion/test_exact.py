"""The recursion on Fractions is the batch solution, whatever was written, taken out, replaced and merged."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import RecursiveRidge
from tests.continual_learning.recursion.oracle import Stream, exact_cost, exact_solution, stream


def made(given: Stream, layout: Any = "rows", **options: Any) -> RecursiveRidge:
    W0 = given.W0.T if layout == "torch" else given.W0
    return RecursiveRidge(W0, layout=layout, dtype=object, **given.options(), **options)


def check(state: RecursiveRidge, given: Stream) -> None:
    W, determinant = exact_solution(given)
    own = np.asarray(state.weights)
    assert np.array_equal(own.T if state.layout == "torch" else own, W)
    assert state.cost == exact_cost(given, W)
    ratio = determinant / exact_solution(given.of([]))[1]
    assert state.log_det == pytest.approx(math.log(ratio), abs=1e-12)


@pytest.mark.parametrize("layout", ["rows", "torch"])
@pytest.mark.parametrize("m", [0, 2])
def test_every_map_is_the_batch_solution(layout: str, m: int) -> None:
    for seed in range(5):
        given = stream(np.random.default_rng(seed), 3, 2, exactly=True, m=m)
        state = made(given, layout)
        check(state, given.of([]))
        for t, (K, V, w) in enumerate(given.edits):
            report = state.update(K, V, weight=w)
            check(state, given.of(range(t + 1)))
            before, after = (exact_solution(given.of(range(n)))[0] for n in (t, t + 1))
            old = given.of(range(t))
            assert report.surprise == pytest.approx(math.sqrt(w * ((V - K @ before) ** 2).sum()))
            assert report.residual_norm == pytest.approx(math.sqrt(w * ((V - K @ after) ** 2).sum()))
            assert report.interference == pytest.approx(float(exact_cost(old, after) - exact_cost(old, before)))


def test_edits_are_taken_out_and_replaced() -> None:
    for seed in range(5):
        given = stream(np.random.default_rng(seed), 3, 2, exactly=True)
        state = made(given)
        for K, V, w in given.edits:
            state.update(K, V, weight=w)
        K, V, w = given.edits[1]
        without = given.of([0, 2, 3])
        assert np.array_equal(np.asarray(state.leave_one_out(1)), V - K @ exact_solution(without)[0])
        report = state.forget(1)
        check(state, without)
        assert report.surprise == pytest.approx(math.sqrt(w * ((V - K @ exact_solution(without)[0]) ** 2).sum()))
        state.update(K, V, weight=w, name="again")
        check(state, given)
        state.replace("again", V + 1)
        check(state, given._replace(edits=[*without.edits, (K, V + 1, w)]))
        assert state.names == (0, 2, 3, "again")


@pytest.mark.parametrize("keep", ["edits", "information", "nothing"])
def test_merge_counts_the_prior_once(keep: Any) -> None:
    given = stream(np.random.default_rng(3), 3, 2, exactly=True)
    first, second = made(given, keep=keep), made(given, keep=keep)
    for i, (K, V, w) in enumerate(given.edits):
        (first if i < 2 else second).update(K, V, weight=w)
    first.merge(second)
    check(first, given)
    assert first.names == ((0, 1, 2, 3) if keep == "edits" else ())
    assert first.n_edits == 4
    assert first.n_keys == sum(len(K) for K, _, _ in given.edits)


def test_time_decay() -> None:
    given = stream(np.random.default_rng(4), 3, 2, n=3, exactly=True)
    state = made(given, decay=Fraction(1, 2))
    for K, V, w in given.edits:
        assert state.update(K, V, weight=w).certificate is None
    ages = [(K, V, w * Fraction(1, 2) ** (2 - i)) for i, (K, V, w) in enumerate(given.edits)]
    old = given._replace(ridge=given.ridge / 8, anchor_weight=given.anchor_weight / 8, edits=ages)
    W = exact_solution(old)[0]
    assert np.array_equal(np.asarray(state.weights), W)
    assert state.cost == exact_cost(old, W)
    assert state.certificate is None


def test_rebase() -> None:
    given = stream(np.random.default_rng(5), 3, 2, exactly=True)
    state = made(given)
    state.update(*given.edits[0][:2], name="old")
    now = np.array(state.weights)
    state.rebase()
    assert (state.n_edits, state.n_keys, state.cost, state.drift, state.names) == (0, 0, 0, 0.0, ())
    K, V, w = given.edits[1]
    state.update(K, V, weight=w)
    check(state, given._replace(W0=now).of([1]))


def test_fractions_are_asked_for_by_the_form_covariance_alone() -> None:
    with pytest.raises(
        ValueError, match='`method` must be "auto" or "covariance" where numbers are exact; got \'sqrt\''
    ):
        RecursiveRidge([[0]], dtype=object, method="sqrt")
    with pytest.raises(ValueError, match="`dtype` must be a kind of float for factors"):
        RecursiveRidge([[0]], dtype=object).as_adapter(1)
    singular = {"anchors": [[1, 0]], "ridge": 0, "dtype": object}
    with pytest.raises(ValueError, match="full column rank 2; got 0.0 with rank 1"):
        RecursiveRidge([[0], [0]], **singular)
