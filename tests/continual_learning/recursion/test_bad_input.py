"""Refused arguments, the sentences about them, and that nothing changes then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import RecursiveRidge

W0 = np.arange(6.0).reshape(3, 2)
K, V = np.array([[1.0, 2.0, 0.0]]), np.array([[1.0, -1.0]])


def made(**options: Any) -> RecursiveRidge:
    state = RecursiveRidge(W0, **{"method": "sqrt", **options})
    state.update(K, V, name="fact")
    return state


CONSTRUCTORS: dict[str, tuple[dict[str, Any], str]] = {
    "a vector": ({"W0": [1.0]}, r"`W0` must be a finite matrix; got an array of shape \(1,\)\."),
    "NaN": ({"W0": [[np.nan]]}, "`W0` must be a finite matrix; got an infinity or NaN."),
    "negative ridge": ({"ridge": -1}, "`ridge` must be finite and at least 0; got -1."),
    "nothing held": ({"ridge": 0}, "unless the anchors have full column rank 3; got 0.0 with rank 0."),
    "free direction": (
        {"ridge": 0, "anchors": np.eye(3)[:2]},
        "`ridge` must be positive unless the anchors have full column rank 3; got 0.0 with rank 2.",
    ),
    "weightless": ({"ridge": 0, "anchors": np.eye(3), "anchor_weight": 0}, "got 0.0 with rank 0."),
    "dual": (
        {"ridge": 0, "anchors": np.eye(3), "method": "dual"},
        "`ridge` must be positive in the dual form; got 0.0.",
    ),
    "negative weight": (
        {"anchors": np.eye(3), "anchor_weight": -1},
        "`anchor_weight` must be finite and at least 0; got -1.",
    ),
    "weight of nothing": ({"anchor_weight": 2.0}, "`anchor_weight` must be left out without anchors; got 2.0."),
    "anchors": ({"anchors": np.eye(2)}, r"`anchors` must be of shape \(m, 3\); got \(2, 2\). Is `layout` right\?"),
    "large anchors": (
        {"anchors": np.eye(3) * 1e200},
        "`anchors` must keep squares finite in float64; got a row of size",
    ),
    "heavy anchors": (
        {"anchors": np.eye(3) * 1e150, "anchor_weight": 1e100},
        r"`anchors` must keep squares finite in float64; got a row of size 1e\+200\.",
    ),
    "a ridge that is lost": (
        {"W0": W0.astype(np.float32), "ridge": 1e-60},
        "`ridge` must be a number of float32; got 1e-60.",
    ),
    "a ridge without end": (
        {"W0": W0.astype(np.float32), "ridge": 1e60},
        r"`ridge` must be a number of float32; got 1e\+60\.",
    ),
    "a weight of anchors without end": (
        {"W0": W0.astype(np.float32), "anchors": np.eye(3), "anchor_weight": 1e60},
        "`anchor_weight` must be a number of float32",
    ),
    "no dtype": ({"dtype": "real"}, "`dtype` must be None, object, float32 or float64; got 'real'."),
    "anchors with NaN": ({"anchors": [[np.nan, 0, 0]]}, "`anchors` must be finite"),
    "decay": ({"decay": 0.0}, r"`decay` must be in \(0, 1\]; got 0.0."),
    "decay above": ({"decay": 1.5}, r"`decay` must be in \(0, 1\]; got 1.5."),
    "decay in the dual form": ({"decay": 0.5, "method": "dual"}, "`decay` must be 1 in the dual form; got 0.5."),
    "method": ({"method": "qr"}, "`method` must be one of 'auto', 'sqrt'"),
    "keep": ({"keep": "all"}, "`keep` must be one of"),
    "layout": ({"layout": "columns"}, "`layout` must be one of"),
    "dtype": ({"dtype": "int64"}, "`dtype` must be None, object, float32 or float64"),
}


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_constructor(name: str) -> None:
    options, sentence = CONSTRUCTORS[name]
    with pytest.raises(ValueError, match=sentence):
        RecursiveRidge(**{"W0": W0, **options})


CALLS: dict[str, tuple[Callable[[RecursiveRidge], Any], str]] = {
    "keys of the other side": (
        lambda s: s.update(V, V),
        r"`keys` must be of shape \(u, 3\); got \(1, 2\). Is `layout` right\?$",
    ),
    "keys of no side": (lambda s: s.update(np.ones((1, 4)), V), r"`keys` must be of shape \(u, 3\); got \(1, 4\).$"),
    "one key": (lambda s: s.update(K[0], V), r"`keys` must be a matrix; got an array of shape \(3,\)."),
    "values of other rows": (lambda s: s.update(K, np.ones((2, 2))), "`values` must have one row a key, 1; got 2."),
    "values of another width": (lambda s: s.update(K, K), r"`values` must be of shape \(1, 2\); got \(1, 3\)."),
    "NaN": (
        lambda s: s.update([[1, 2, 3], [0, np.nan, 0]], np.ones((2, 2))),
        "`keys` must be finite; got an infinity or NaN in row 1.",
    ),
    "infinite value": (
        lambda s: s.update(K, [[0, np.inf]]),
        "`values` must be finite; got an infinity or NaN in row 0",
    ),
    "size": (
        lambda s: s.update(K * 1e200, V),
        r"`keys` must keep squares finite in float64; got a row of size 2.23607e",
    ),
    "size times weight": (
        lambda s: s.update(K * 1e100, V, weight=1e150),
        r"`keys` must keep squares finite in float64; got a row of size 2.23607e\+175",
    ),
    "NaN in x": (lambda s: s.predict(K * np.nan), "`x` must be finite; got an infinity or NaN."),
    "infinity in x": (lambda s: s.variance([[np.inf, 0, 0]]), "`x` must be finite; got an infinity or NaN."),
    "weight": (lambda s: s.update(K, V, weight=0), "`weight` must be above 0; got 0."),
    "taken": (lambda s: s.update(K, V, name="fact"), "`name` must be one that no edit has; got 'fact'."),
    "many": (lambda s: s.update_many(K, [[np.nan, 1]]), "`values` must be finite"),
    "unknown keys": (lambda s: s.forget(2 * K, V), "`keys` must be those of an earlier edit"),
    "unknown values": (lambda s: s.forget(K, 2 * V), "`keys` must be those of an earlier edit"),
    "replace": (lambda s: s.replace("fact", [[1.0]]), r"`values` must be of shape \(1, 2\); got \(1, 1\)."),
    "predict": (lambda s: s.predict(V), r"`x` must be of shape \(n, 3\); got \(1, 2\)."),
    "merge, W0": (lambda s: s.merge(RecursiveRidge(W0 + 1)), "`other` must be one of the same `W0`"),
    "merge, ridge": (
        lambda s: s.merge(RecursiveRidge(W0, ridge=2)),
        "`other` must be one of the same `ridge`; got 2.0",
    ),
    "merge, anchors": (lambda s: s.merge(RecursiveRidge(W0, anchors=K)), "one of the same `anchors`"),
    "merge, decay": (lambda s: s.merge(RecursiveRidge(W0, decay=0.5)), "one of the same `decay`; got 0.5"),
    "merge, layout": (lambda s: s.merge(RecursiveRidge(W0.T, layout="torch")), "one of the same `layout`; got 'torch'"),
    "merge, form": (
        lambda s: s.merge(RecursiveRidge(W0, method="dual")),
        "`other` must be one of method \"sqrt\"; got 'dual'",
    ),
    "merge, words": (lambda s: s.merge(made()), "whose words for edits are not taken here; got 'fact'"),
    "state": (lambda s: s.set_state(made(ridge=2).get_state()), r"`state\['ridge'\]` must be 1.0"),
    "part of a state": (lambda s: s.set_state({**s.get_state(), "W": W0[:2]}), r"`state\['W'\]` must be of shape"),
    "kind of a state": (
        lambda s: s.set_state({**s.get_state(), "W": W0.astype(np.float32)}),
        r"`state\['W'\]` must be finite, of the kind float64",
    ),
}
STATES: dict[str, Any] = {
    "sizes": [[2], [1.0], [[1]], [-1], [1, 0]],
    "weights": [[-1.0], [0.0], [np.nan], [np.inf]],
    "names": ["[0, 0]", '["a"', "1", "[1.5]", "[null]", '{"a": 1}'],
    "n_edits": [2, -1, [1, 2]],
    "n_keys": [0, 2],
    "cost": [np.nan],
    "initial": [np.nan],
    "next": [-1],
    "current": ["dual", "qr"],
    "form.R": [np.zeros((3, 3)), np.diag([1.0, 1.0, 0.0]), np.full((3, 3), np.nan)],
}
CALLS |= {
    f"a state with {name} {wrong}": (
        lambda s, name=name, wrong=wrong: s.set_state({**s.get_state(), name: np.asarray(wrong)}),  # type: ignore[misc]
        r"`state\['sizes'\]` must be" if name in ("n_edits", "n_keys") else f"`state\\['{name}'\\]` must be",
    )
    for name, column in STATES.items()
    for wrong in column
}
CALLS["a state with n_edits -1"] = CALLS["a state with n_edits -1"][0], r"`state\['n_edits'\]` must be an integer of"
CALLS["a state with n_edits [1, 2]"] = CALLS["a state with n_edits [1, 2]"][0], "must be one number or word"


@pytest.mark.parametrize("name", CALLS)
def test_refused_calls_change_nothing(name: str) -> None:
    call, sentence = CALLS[name]
    state = made()
    before = state.get_state()
    with pytest.raises(ValueError, match=sentence):
        call(state)
    after = state.get_state()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_single_precision_has_smaller_keys() -> None:
    state = RecursiveRidge(W0.astype(np.float32))
    with pytest.raises(ValueError, match=r"`keys` must keep squares finite in float32; got a row of size 1e\+30\."):
        state.update([[1e30, 0, 0]], V)


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_overflow(form: Any) -> None:
    state = RecursiveRidge(W0 * 1e200, method=form)
    sentence = "`values` must be those of edits whose weights and squares stay finite in float64"
    for call in (state.update, state.update_many):
        with pytest.raises(ValueError, match=sentence):
            call(K * 1e150, V)
    assert np.array_equal(np.asarray(state.weights), W0 * 1e200)


def test_a_ridge_that_is_lost_beside_large_keys_is_said() -> None:
    advice = '`method` must be "sqrt" for an information that is singular'
    information = RecursiveRidge(W0, method="information", ridge=1e-20)
    information.update([[1, 1, 0]], [[1, 1]])
    reads = (lambda _: information.covariance, lambda _: information.log_det, lambda _: information.as_adapter(1))
    for call in (information.variance, lambda x: information.update(x, [[1, 1]]), *reads):
        with pytest.raises(ValueError, match=advice):
            call([[1, 2, 3]])
    rng, said = np.random.default_rng(0), set()
    for form in ("covariance", "information") * 20:
        try:
            RecursiveRidge(W0, method=form, ridge=1e-12, anchors=1e8 * rng.normal(size=(2, 3)))  # type: ignore[arg-type]
        except ValueError as error:
            said.add(str(error).rpartition(";")[0])
    assert said == {'`method` must be "sqrt" for an information that is singular after rounding'}
    covariance = RecursiveRidge(np.zeros((2, 1)), method="covariance", ridge=1e-12)
    covariance.set_state(covariance.get_state() | {"form.C": np.array([[1.0, 2.0], [2.0, 1.0]])})
    for call in (covariance.variance, lambda x: covariance.update(x, [[1]])):
        with pytest.raises(ValueError, match=advice):
            call([[1.0, -1.0]])


@pytest.mark.parametrize("form", ["sqrt", "dual"])
def test_a_ridge_far_below_the_squares_of_keys_is_kept(form: Any) -> None:
    for ridge, size in ((1e-20, 1.0), (1.0, 1e10)):
        state = RecursiveRidge(0 * W0, method=form, ridge=ridge, anchors=np.ones((2, 3)) * [size, 0, 0])
        state.update([[size, size, 0], [size, size, 0]], np.ones((2, 2)))
        assert np.asarray(state.predict([[size, size, 0]])) == pytest.approx(np.ones((1, 2)))
        assert state.log_det == pytest.approx(np.log(2 * size**2 / ridge), rel=1e-9)  # two keys beside the anchors


def test_wrong_types_and_labels() -> None:
    state = made()
    for label in (True, 1.5, (1,)):
        with pytest.raises(TypeError, match="`name` must be None, an integer or a string"):
            state.update(K, V, name=label)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`other` must be a RecursiveRidge"):
        state.merge(W0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`keys` must be an array of real numbers"):
        state.update([["a", "b", "c"]], V)
    for call in (state.forget, state.leave_one_out, lambda label: state.replace(label, V)):
        with pytest.raises(KeyError, match="`name` must be that of an edit that is kept; got 7"):
            call(7)


def test_labels_need_kept_edits_and_no_decay() -> None:
    state = made(keep="nothing")
    for call in (state.forget, state.leave_one_out, lambda label: state.replace(label, V)):
        with pytest.raises(ValueError, match='`keep` must be "edits" where edits are called by their names'):
            call("fact")
    faded = made(decay=0.5)
    for call in (state.forget, faded.forget, faded.leave_one_out, faded.merge):
        with pytest.raises(ValueError, match="`decay` must be 1 for|`keep` must be"):
            call("fact")  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_keys_that_cannot_have_been_there(form: Any) -> None:
    state = made(method=form, keep="nothing")
    with pytest.raises(ValueError, match="`keys` must be those of an earlier edit"):
        state.forget(3 * K, V)
    with pytest.raises(ValueError, match="`keys` must be those of an earlier edit"):
        state.forget(np.concatenate([K, K]) / 10, np.concatenate([V, V]))
    report = state.forget(K, V)
    assert report.name == -1
    assert np.asarray(state.weights) == pytest.approx(W0)
    with pytest.raises(ValueError, match="`keys` must be those of an earlier edit"):
        state.forget(np.zeros((0, 3)), np.zeros((0, 2)))
    assert (state.n_edits, state.n_keys) == (0, 0)


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_defined_ones(form: Any) -> None:
    state = RecursiveRidge(W0, method=form)
    empty = state.update(np.zeros((0, 3)), np.zeros((0, 2)))
    assert (empty.surprise, empty.residual_norm, empty.interference, empty.weights_change) == (0, 0, 0, 0)
    nothing = state.update([[0, 0, 0]], [[3, 4]])
    assert (nothing.surprise, nothing.residual_norm, nothing.weights_change) == (5, 5, 0)
    assert np.array_equal(np.asarray(state.weights), W0)
    assert np.asarray(state.covariance) == pytest.approx(np.eye(3))
    state.forget(0)
    state.forget(1)
    assert state.n_edits == 0
    twice = RecursiveRidge([[0.0]], method=form, ridge=1e-9)
    twice.update([[1], [1]], [[1], [3]])
    assert np.asarray(twice.weights) == pytest.approx(np.array([[2.0]]), abs=1e-6)
    many = state.update_many(np.zeros((0, 3)), np.zeros((0, 2)))
    assert many.names == ()


def test_a_direction_that_decay_forgets() -> None:
    """Half a thousand edits with one key leave the other directions nothing that a double can hold."""
    state = RecursiveRidge(W0, decay=1e-3)
    advice = "`decay` must be so near 1 that no direction is forgotten altogether"
    with pytest.raises(ValueError, match=advice):
        state.update_many(np.ones((500, 1)) * [[1, 0, 0]], np.ones((500, 2)))
    assert state.n_edits == 0
    edit = np.ones((1, 2))
    with pytest.raises(ValueError, match=advice):
        [state.update([[1, 0, 0]], edit) for _ in range(500)]
    assert np.isfinite(np.asarray(state.weights)).all()


def test_sums_that_lost_all_else() -> None:
    state = RecursiveRidge(np.zeros((2, 1)), ridge=1e-12, keep="information", method="sqrt")
    K, V = np.array([[1e6, 1e6]]), np.array([[1.0]])
    state.update(K, V)
    with pytest.raises(ValueError, match='`keep` must be "edits" where the sums have lost what is left of them'):
        state.forget(K, V)
    assert state.n_edits == 1


def test_labels_of_numpy() -> None:
    state = made()
    assert state.update(K, V, name=np.int64(3)).name == 3  # type: ignore[arg-type]
    assert type(state.names[1]) is int
    assert state.forget(np.int64(3)).name == 3
    state.update(K, V, name=1)
    with pytest.raises(KeyError, match="True"):
        state.forget(True)


def test_weights_that_leave_single_precision() -> None:
    state = RecursiveRidge(np.zeros((1, 1), np.float32), ridge=1e-44)
    for call in (state.update, state.update_many):
        with pytest.raises(ValueError, match="weights and squares stay finite in float32"):
            call([[1e-20]], [[9e18]])
    assert state.weights.tolist() == [[0.0]]


def test_an_edit_without_keys_is_taken_out_where_it_is_known() -> None:
    nothing = np.zeros((0, 3)), np.zeros((0, 2))
    for keep in ("nothing", "information"):
        state = made(keep=keep)
        with pytest.raises(ValueError, match="`keys` must be those of an earlier edit"):
            state.forget(*nothing)
        assert state.n_edits == made(keep=keep).n_edits
    state = made()
    state.update(*nothing, name="empty")
    before = state.n_edits
    state.replace("empty", nothing[1])
    state.forget("empty")
    assert state.n_edits == before - 1
    state.update(*nothing)
    state.forget(*nothing)
    assert state.n_edits == before - 1
    assert state.weights == pytest.approx(np.asarray(made().weights))
