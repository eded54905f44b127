"""Edits and tasks as instances: what is accepted, files, and what the makers promise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory.continual_learning import makers
from lrtheory.continual_learning.problem import EditProblem, Task, TaskProblem

W0 = np.arange(6.0).reshape(3, 2)
KEYS, VALUES = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]), np.array([[1.0, 1.0], [2.0, 0.0]])
TASK = Task([[0.0, 1.0], [1.0, 1.0]], [0, 1], [[0.5, 0.5]], [1])


@pytest.mark.parametrize("layout", ["rows", "torch"])
def test_an_edit_problem_in_both_layouts(layout):
    problem = EditProblem(W0 if layout == "rows" else W0.T, [(KEYS, VALUES)], anchors=KEYS, names="a", layout=layout)
    assert (problem.n_inputs, problem.n_outputs, problem.n_keys) == (3, 2, 2)
    assert repr(problem) == "EditProblem(3 -> 2, 1 edit, 2 keys, 2 anchors)"
    assert problem.names == ("a",)
    for held in (problem.W0, problem.anchors, *problem.edits[0], TASK.X, TASK.y, TASK.X_test, TASK.y_test):
        assert not held.flags.writeable
    assert W0.flags.writeable  # the caller's own array stays as it is
    assert KEYS.flags.writeable


def test_numbers_keep_their_kind():
    single = EditProblem(W0.astype("float32"), [(KEYS.astype("float16"), VALUES.astype(int))])
    assert single.W0.dtype == single.edits[0][0].dtype == np.float32
    assert single.edits[0][1].dtype == np.float64
    exact = EditProblem([[Fraction(1, 3)]], [([[Fraction(1)]], [[Fraction(2)]])])
    assert exact.W0[0, 0] == Fraction(1, 3)
    assert EditProblem(W0, [(KEYS[:0], VALUES[:0])]).n_keys == 0


@pytest.mark.parametrize(
    ("given", "options", "error", "sentence"),
    [
        ((W0[0], []), {}, ValueError, r"`W0` must be a matrix with rows and columns; got \(2,\)."),
        ((W0 * np.nan, []), {}, ValueError, "`W0` must be finite; got nan."),
        ((W0, [(KEYS.T, VALUES)]), {}, ValueError, r"`edits\[0\] keys` must be of shape \(u, 3\); got \(3, 2\)\. Is"),
        ((W0, [(KEYS, VALUES[1:])]), {}, ValueError, r"`edits\[0\] values` must be of shape \(2, 2\); got \(1, 2\)."),
        ((W0, [KEYS]), {}, TypeError, r"`edits\[0\]` must be a pair \(keys, values\)"),
        ((W0, 3), {}, TypeError, "`edits` must be a sequence; got 3."),
        ((W0, [(KEYS, VALUES)]), {"anchors": VALUES}, ValueError, r"`anchors` must be of shape \(n, 3\)"),
        ((W0, [(KEYS, VALUES)]), {"truth": W0.T}, ValueError, r"`truth` must be of shape \(3, 2\)"),
        ((W0, [(KEYS, VALUES)]), {"names": "ab"}, ValueError, "`names` must be None or a sequence of 1"),
        ((W0, []), {"layout": "columns"}, ValueError, "`layout` must be one of 'rows', 'torch'"),
    ],
)
def test_bad_edits_are_refused(given, options, error, sentence):
    with pytest.raises(error, match=sentence):
        EditProblem(*given, **options)


def test_edits_of_files(tmp_path):
    arrays = {"keys": np.arange(12.0).reshape(4, 3), "values": np.arange(8.0).reshape(4, 2)}
    np.savez(tmp_path / "edits.npz", **arrays, edit=np.array([7, 3, 7, 3]), anchors=KEYS, W0=W0)
    problem = EditProblem.from_file(tmp_path / "edits.npz")
    assert problem.names == (7, 3)
    assert np.array_equal(problem.edits[1][0], arrays["keys"][[1, 3]])
    assert np.array_equal(problem.W0, W0)
    write_tensors(tmp_path / "edits.safetensors", {k: encoded(v.astype("f"), "F32") for k, v in arrays.items()})
    stored = EditProblem.from_file(tmp_path / "edits.safetensors", layout="torch")
    assert (len(stored.edits), stored.W0.shape, stored.W0.dtype) == (4, (2, 3), np.float32)
    assert not stored.W0.any()


def test_bad_files_are_refused(tmp_path):
    np.savez(tmp_path / "keys.npz", keys=KEYS)
    with pytest.raises(ValueError, match="there is no array `values`; got keys"):
        EditProblem.from_file(tmp_path / "keys.npz")
    for other in ("anchor", "preserve", "Keys", "w0"):  # an edit that nothing protects would be the answer
        np.savez(tmp_path / "other.npz", keys=KEYS, values=VALUES, **{other: KEYS})
        sentence = f"other.npz: arrays of edits are keys, values, edit, anchors, W0; got {other} beside them"
        with pytest.raises(ValueError, match=sentence):
            EditProblem.from_file(tmp_path / "other.npz")
    np.savez(tmp_path / "edit.npz", keys=KEYS, values=VALUES, edit=np.zeros(3))
    with pytest.raises(ValueError, match=r"`edit` must be of shape \(2,\), one entry a key; got \(3,\)."):
        EditProblem.from_file(tmp_path / "edit.npz")
    np.savez(tmp_path / "nan.npz", keys=KEYS, values=VALUES, edit=[0.0, np.nan])
    with pytest.raises(ValueError, match="`edit` must be without NaN"):
        EditProblem.from_file(tmp_path / "nan.npz")
    (tmp_path / "edits.csv").write_text("1,2\n")
    with pytest.raises(ValueError, match="edits are read from npz and safetensors files"):
        EditProblem.from_file(tmp_path / "edits.csv")


def test_tasks_keep_rows_and_classes():
    problem = TaskProblem([TASK, TASK], n_classes=2, names=["one", "two"])
    assert repr(problem) == "TaskProblem(2 tasks, 2 classes, rows of 2)"
    assert repr(TASK) == "Task(2 + 1 rows of 2, classes 0, 1)"
    assert TASK.y.dtype == np.int64
    assert TaskProblem([TASK], n_classes=5).names == (0,)


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Task([[1.0]], [0, 1], [[1.0]], [0]), ValueError, r"`y` must be of shape \(1,\); got \(2,\)."),
        (lambda: Task([[1.0]], [0.5], [[1.0]], [0]), ValueError, "`y` must be integers"),
        (lambda: Task([[1.0]], [-1], [[1.0]], [0]), ValueError, r"`y` must be in \[0, 999999\]; got -1.0."),
        (lambda: Task([[1.0]], [1e12], [[1.0]], [0]), ValueError, r"`y` must be in \[0, 999999\]"),
        (lambda: Task([[1.0]], [0], [[1.0, 2.0]], [0]), ValueError, r"`X_test` must be of shape \(n, 1\)"),
        (lambda: TaskProblem([], n_classes=1), ValueError, "`tasks` must be at least one task"),
        (lambda: TaskProblem([KEYS], n_classes=1), TypeError, r"`tasks\[0\]` must be a `Task`"),
        (lambda: TaskProblem([TASK], n_classes=1), ValueError, r"`n_classes` must be an integer in \[2, 1000000\]"),
        (lambda: TaskProblem([TASK], n_classes=10**12), ValueError, r"in \[2, 1000000\]; got 10000"),
        (lambda: TaskProblem([TASK], n_classes=2, names="ab"), ValueError, "`names` must be None or a sequence of 1"),
    ],
)
def test_bad_tasks_are_refused(make, error, sentence):
    with pytest.raises(error, match=sentence):
        make()


def test_a_stream_comes_from_its_truth():
    problem = makers.make_edit_stream(5, 3, n_edits=20, keys_per_edit=4, repeat=0.5, noise=0.0, rng=1)
    for keys, values in problem.edits:
        assert np.allclose(keys @ problem.truth, values, rtol=1e-12)
    assert 2 < len({keys.tobytes() for keys, _ in problem.edits}) < 20
    again = makers.make_edit_stream(5, 3, n_edits=20, keys_per_edit=4, repeat=0.5, noise=0.0, rng=1)
    assert np.array_equal(again.W0, problem.W0)


def test_the_tight_edit_pays_a_quarter_of_its_squared_surprise():
    problem = makers.make_tight_edit(3.0)
    ((keys, values),) = problem.edits
    moved = np.linalg.solve(np.eye(1) + keys.T @ keys, keys.T @ values)  # the ridge solution from 0, for ridge 1
    assert moved.item() ** 2 == values.item() ** 2 / 4


@pytest.mark.parametrize("name", sorted(set(makers.FLOAT_TRAPS) - {"mild"}))
def test_the_traps_break_a_covariance_in_single_precision(name):
    trap, problem = makers.FLOAT_TRAPS[name], makers.make_float_trap(name, n_edits=200, rng=0)
    C = np.eye(trap.d, dtype=np.float32) / np.float32(trap.ridge)
    for keys, _ in problem.edits:
        F = C @ keys.T
        C = C - F @ np.linalg.solve(np.eye(2, dtype=np.float32) + keys @ F, F.T)
        if np.linalg.eigvalsh(C.astype(float))[0] <= 0:
            return
    raise AssertionError("the covariance stayed definite")


def test_rows_of_the_hard_streams():
    rows = makers.make_adversarial_rows(2, n_features=5, n_repeats=4)
    assert np.array_equal(rows[:2], np.eye(2, 5))
    assert np.array_equal(rows[2:], np.tile(0.3 * np.eye(5)[2], (4, 1)))
    counted = makers.make_coordinate_rows(4, 500, sizes=(1.0, 3.0), exponent=2.0, rng=0)
    assert ((counted != 0).sum(axis=1) == 1).all()
    assert set(counted.sum(axis=1)) == {1.0, 3.0}
    assert (counted[:, 0] != 0).sum() > 3 * (counted[:, 3] != 0).sum()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: makers.make_edit_stream(0, 1), "`d` must be an integer of at least 1; got 0."),
        (lambda: makers.make_edit_stream(1, 1, repeat=2.0), r"`repeat` must be in \[0, 1\]; got 2.0."),
        (lambda: makers.make_edit_stream(1, 1, noise=np.inf), "`noise` must be finite; got inf."),
        (lambda: makers.make_tight_edit(np.nan), "`value` must be"),
        (lambda: makers.make_float_trap("none"), "`name` must be one of"),
        (lambda: makers.make_adversarial_rows(3, n_features=3), "`n_features` must be an integer of at least 4"),
        (lambda: makers.make_coordinate_rows(3, 3, sizes=()), "`sizes` must be at least one size"),
    ],
)
def test_makers_refuse_bad_arguments(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
