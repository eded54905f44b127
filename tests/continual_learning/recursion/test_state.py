"""Copies, states and files go on as their originals, bit for bit."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import RecursiveRidge
from tests.continual_learning.recursion.oracle import stream

CASES = [
    *(
        (form, dtype, keep)
        for form in ("sqrt", "covariance", "information", "dual")
        for dtype in (np.float32, np.float64)
        for keep in ("edits", "information")
    ),
    ("auto", object, "edits"),
    ("auto", object, "information"),
    ("auto", np.float16, "nothing"),
]


def same(one: RecursiveRidge, other: RecursiveRidge) -> bool:
    mine, yours = one.get_state(), other.get_state()
    return mine.keys() == yours.keys() and all(np.array_equal(mine[key], yours[key]) for key in mine)


def filled(form: Any, dtype: Any, keep: Any, layout: Any = "torch") -> tuple[RecursiveRidge, Any]:
    given = stream(np.random.default_rng(1), 4, 2, n=5, exactly=dtype is object)
    W0 = given.W0 if dtype is object else given.W0.astype(dtype)
    options = given.options() | {
        "method": form,
        "keep": keep,
        "layout": layout,
        "dtype": dtype if dtype is object else None,
    }
    state = RecursiveRidge(W0.T if layout == "torch" else W0, **options)
    for i, (K, V, w) in enumerate(given.edits[:4]):
        state.update(K, V, weight=w, name="word" if i == 1 else None)
    return state, given.edits[4]


@pytest.mark.parametrize(("form", "dtype", "keep"), CASES)
def test_round_trips(form: str, dtype: Any, keep: str, tmp_path: Path) -> None:
    state, (K, V, w) = filled(form, dtype, keep)
    state.to_file(tmp_path / "a.npz")
    twins = [state.copy(), pickle.loads(pickle.dumps(state)), RecursiveRidge.from_file(tmp_path / "a.npz")]
    fresh = filled(form, dtype, keep)[0]
    fresh.rebase()
    fresh.set_state(state.get_state())
    before = state.get_state()
    for twin in (*twins, fresh):
        assert same(state, twin)
        assert twin.weights.dtype == state.weights.dtype
        twin.update(K, V, weight=w)
        if keep == "edits":
            twin.forget("word")
    assert all(np.array_equal(before[key], state.get_state()[key]) for key in before)
    state.update(K, V, weight=w)
    if keep == "edits":
        state.forget("word")
    assert all(same(state, twin) for twin in (*twins, fresh))


def test_files(tmp_path: Path) -> None:
    state, _ = filled("sqrt", np.float64, "edits", "rows")
    state.to_file(tmp_path / "a.npz")
    with pytest.raises(FileExistsError):
        state.to_file(tmp_path / "a.npz")
    state.to_file(tmp_path / "a.npz", force=True)
    np.savez(tmp_path / "b.npz", x=np.ones(3))
    with pytest.raises(ValueError, match="`state` must be a mapping with the key"):
        RecursiveRidge.from_file(tmp_path / "b.npz")
    with pytest.raises(FileNotFoundError):
        RecursiveRidge.from_file(tmp_path / "c.npz")


def test_arrays_of_callers_are_not_kept() -> None:
    W0, K, V = np.zeros((2, 1)), np.ones((1, 2)), np.ones((1, 1))
    state = RecursiveRidge(W0, anchors=K)
    state.update(K, V)
    known = np.array(state.leave_one_out(0))
    for array in (W0, K, V):
        array += 5
    assert np.array_equal(state.leave_one_out(0), known)
    assert state.drift == pytest.approx(float(np.linalg.norm(state.weights)))
    with pytest.raises(ValueError, match="read-only"):
        state.weights[0] = 1  # type: ignore[index]
    assert repr(state) == "RecursiveRidge(2 -> 1, method='sqrt'): 1 edits of 1 keys"


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_states_that_change_in_place(form: str) -> None:
    state, _ = filled(form, np.float64, "edits")
    known = state.get_state()
    for value in state.get_state().values():
        if isinstance(value, np.ndarray):
            value[:] = 0
    assert all(np.array_equal(known[key], value) for key, value in state.get_state().items())
    twin = filled(form, np.float64, "edits")[0]
    given = state.get_state()
    twin.set_state(given)
    for value in given.values():
        if isinstance(value, np.ndarray):
            value[:] = 0
    assert same(state, twin)


@pytest.mark.parametrize("form", ["sqrt", "covariance", "information", "dual"])
def test_a_reloaded_worker_counts_the_prior_once(form: str) -> None:
    first, other, fresh = (filled(form, np.float64, "nothing")[0] for _ in range(3))
    fresh.set_state(other.get_state())
    twin = first.copy()
    first.merge(other)
    twin.merge(fresh)
    assert same(first, twin)
