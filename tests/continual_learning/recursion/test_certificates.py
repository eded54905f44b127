"""Certificates are those of batch solutions, and what was tampered with is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import EditProblem, RecursiveRidge
from tests.continual_learning.recursion.oracle import Stream, batch, cost, stream


def problem_of(given: Stream, layout: str = "rows", names: Any = None) -> EditProblem:
    edits = [(K * np.sqrt(w), V * np.sqrt(w)) for K, V, w in given.edits]
    W0 = given.W0.T if layout == "torch" else given.W0
    return EditProblem(W0, edits, anchors=given.anchors, layout=layout, names=names)


def made(given: Stream, **options: Any) -> tuple[RecursiveRidge, list[Any]]:
    W0 = given.W0.T if options.get("layout") == "torch" else given.W0
    state = RecursiveRidge(W0, **given.options(), **options)
    return state, [state.update(K, V, weight=w) for K, V, w in given.edits]


def changed(certificate: Any, **fields: Any) -> Any:
    return dataclasses.replace(certificate, **fields)


@pytest.mark.parametrize("layout", ["rows", "torch"])
@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_verified_from_scratch(form: str, layout: str) -> None:
    given = stream(np.random.default_rng(1), 5, 3)
    for dtype in (np.float64, np.float32):
        problem = problem_of(given, layout)
        state, reports = made(given._replace(W0=given.W0.astype(dtype)), method=form, layout=layout)
        for report in reports:
            assert report.certificate.verify(problem)
            assert report.certificate.bound == pytest.approx(report.surprise**2 / 4)
            assert report.certificate.achieved == report.interference
        assert state.certificate is not None
        assert state.certificate.verify(problem)
        assert state.drift <= state.certificate.drift_bound
        assert state.anchor_drift <= state.certificate.anchor_bound
        adapter = state.as_adapter(2)
        assert adapter.certificate.verify(problem)  # type: ignore[attr-defined]


def test_exact_ones_too() -> None:
    given = stream(np.random.default_rng(2), 3, 2, exactly=True)
    plain = given._replace(edits=[(K, V, 1) for K, V, _ in given.edits])
    state, reports = made(plain, dtype=object)
    assert all(report.certificate.verify(problem_of(plain)) for report in reports)
    assert state.certificate is not None
    assert state.certificate.verify(problem_of(plain))


def test_of_an_edit_that_was_taken_out_or_replaced_as_the_last_one() -> None:
    given = stream(np.random.default_rng(3), 4, 2)
    state, _ = made(given)
    K, V, w = given.edits[1]
    new = given._replace(edits=[*given.of([0, 2, 3]).edits, (K, V + 1, w)])
    assert state.replace(1, V + 1).certificate.verify(problem_of(new, names=[0, 2, 3, 1]))  # type: ignore[union-attr]
    report = state.forget(1)
    assert report.certificate is not None
    assert report.certificate.verify(problem_of(new, names=[0, 2, 3, 1]))


FORGERIES = (1.01, 0.99, 10.0, 0.1, -1.0, np.nan, np.inf)


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_no_number_can_be_another_one(form: str) -> None:
    given = stream(np.random.default_rng(6), 5, 3)
    problem = problem_of(given)
    state, reports = made(given, method=form)
    for certificate in (reports[2].certificate, state.certificate, state.as_adapter(1).certificate):
        assert certificate.verify(problem)  # type: ignore[union-attr]
        for field in dataclasses.fields(certificate):  # type: ignore[arg-type]
            value = getattr(certificate, field.name)
            if field.name in ("statement", "name"):
                forged: list[Any] = [f"{value} or so"]
            elif field.name == "gap" and value < 1e-9:  # of an adapter, rounding alone
                forged = [value + 1e-3, -1.0, np.nan, np.inf]
            else:
                forged = [factor * value for factor in FORGERIES]
            for wrong in forged:
                with np.errstate(invalid="ignore"):
                    assert not changed(certificate, **{field.name: wrong}).verify(problem), (field.name, wrong)


def test_numbers_that_no_recursion_has() -> None:
    given = stream(np.random.default_rng(7), 3, 2, m=0)
    state, reports = made(given)
    for certificate in (reports[0].certificate, state.certificate, state.as_adapter(1).certificate):
        for fields in ({"anchor_weight": 2.0}, {"unit": 1e-3}, {"ridge": 0.0}):
            assert not changed(certificate, **fields).verify(problem_of(given))


def test_lost_digits_do_not_pass_however_bad_the_condition() -> None:
    given = stream(np.random.default_rng(8), 3, 2, m=0)._replace(ridge=1e-12)
    state, _ = made(given)
    certificate = state.certificate
    assert certificate is not None
    assert certificate.verify(problem_of(given))
    bound = 1.05 * certificate.bound
    assert not changed(certificate, bound=bound, gap=bound - certificate.achieved).verify(problem_of(given))


def test_tampered() -> None:
    given = stream(np.random.default_rng(4), 5, 3)
    problem = problem_of(given)
    state, reports = made(given)
    edit, drift = reports[2].certificate, state.certificate
    other = problem_of(given._replace(edits=[(K, V + 1, w) for K, V, w in given.edits]))
    assert not edit.verify(other)
    for wrong in ({"achieved": edit.achieved * 1.01}, {"bound": edit.bound * 1.01}, {"name": 9}, {"ridge": 0.5}):
        assert not changed(edit, **wrong).verify(problem)
    assert not changed(edit, statement="continual_learning/RL-4").verify(problem)
    assert drift is not None
    assert not drift.verify(other)
    for field in ("achieved", "bound", "gap", "anchor_weight"):
        assert not changed(drift, **{field: getattr(drift, field) * 1.01 + 1e-3}).verify(problem)
    assert not changed(drift, statement="continual_learning/RL-9").verify(problem)
    adapter: Any = state.as_adapter(1).certificate
    for certificate in (edit, drift, adapter):
        for wrong in (3, None, "abc"):
            with pytest.raises(TypeError, match="`problem` must be an EditProblem; got"):
                certificate.verify(wrong)
    assert not changed(adapter, bound=adapter.bound * 1.01).verify(problem)
    assert not changed(adapter, B=adapter.B * 1.1).verify(problem)
    assert not changed(adapter, A=adapter.A[:, :2]).verify(problem)


def test_the_tight_edit_pays_a_quarter() -> None:
    for form in ("sqrt", "covariance", "information", "dual"):
        state = RecursiveRidge([[0.0]], method=form)  # type: ignore[arg-type]
        certificate = state.update([[1.0]], [[3.0]]).certificate
        assert certificate is not None
        assert (certificate.achieved, certificate.bound, certificate.gap) == pytest.approx((2.25, 2.25, 0.0))


@pytest.mark.parametrize("form", ["sqrt", "covariance", "dual"])
def test_no_change_of_the_rank_is_better_than_the_adapter(form: str) -> None:
    rng = np.random.default_rng(5)
    given = stream(rng, 6, 4, n=5)
    state, _ = made(given, method=form, layout="torch")
    W = batch(given)
    for rank in range(1, 5):
        found = state.as_adapter(rank)
        certificate: Any = found.certificate
        assert found.B.shape == (4, rank)
        assert found.A.shape == (rank, 6)
        reached = cost(given, given.W0 + np.asarray(found.dense()).T)
        assert reached == pytest.approx(certificate.bound)
        assert reached - cost(given, W) == pytest.approx(certificate.excess, abs=1e-10)
        left, values, right = np.linalg.svd(W - given.W0, full_matrices=False)
        others = [(left[:, :rank] * values[:rank]) @ right[:rank]]
        others += [
            np.asarray(found.dense()).T + 1e-3 * rng.normal(size=(6, rank)) @ np.asarray(found.B).T for _ in "ab"
        ]
        assert all(reached <= cost(given, given.W0 + D) + 1e-12 for D in others)
        assert found.error == pytest.approx(
            np.linalg.norm(np.asarray(found.dense()).T - (W - given.W0)) / np.linalg.norm(W - given.W0), abs=1e-9
        )
    with pytest.raises(ValueError, match=r"`rank` must be an integer in \[1, 4\]; got 5."):
        state.as_adapter(5)
    assert "objective" in repr(state.as_adapter(1))


@pytest.mark.parametrize(("precision", "wrong"), [(np.float64, 1e-9), (np.float32, 0.2)])
def test_a_share_of_the_map_that_is_wrong_is_found_out_at_a_small_ridge(precision: Any, wrong: float) -> None:
    """The condition is that of all rows: a ridge far below them excuses nothing."""
    rng = np.random.default_rng(9)
    K, V = (rng.normal(size=(128, n)).astype(precision) for n in (64, 3))
    given = Stream(np.zeros((64, 3), precision), None, float(precision(1e-3)), 1.0, [(K, V, 1.0)])
    problem, (state, reports) = problem_of(given), made(given)
    for honest in (reports[0].certificate, state.certificate):
        assert honest.verify(problem)
    drift: Any = state.certificate
    told = drift.achieved * (1 + wrong) ** 2
    assert not changed(drift, achieved=told, gap=drift.bound - told).verify(problem)
    edit = reports[0].certificate
    for paid in (-0.2, -1e-300):
        assert not changed(edit, achieved=paid, gap=edit.bound - paid).verify(problem)


@pytest.mark.parametrize("shape", [(6, 4), (4, 4), (3, 5)])
@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_an_adapter_is_added_to_the_map_as_its_layout_stores_it(form: str, shape: tuple[int, int]) -> None:
    given = stream(np.random.default_rng(8), *shape)
    wrong = {"rows": "torch", "torch": "rows"}
    for layout, other in wrong.items():
        state, _ = made(given, method=form, layout=layout)
        W0 = given.W0.T if layout == "torch" else given.W0
        whole, one = state.as_adapter(min(shape)), state.as_adapter(1)
        assert np.asarray(whole.dense()).shape == W0.shape
        assert W0 + np.asarray(whole.dense()) == pytest.approx(np.asarray(state.weights), abs=1e-10)
        certificate: Any = one.certificate
        assert certificate.verify(problem_of(given, layout))
        assert not certificate.verify(problem_of(given, other))
