"""Updates as instances: what a problem accepts, its files, and the spectra of its makers."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.low_rank_adapters.problem import UpdateProblem, make_update

D = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
X, Y = np.ones((4, 3)), np.zeros((4, 2))


def test_a_problem_keeps_what_it_was_given():
    problem = UpdateProblem(D, weight=2 * D, X=X, Y=Y, names="abcd")
    assert problem.shape == (2, 3)
    assert np.array_equal(problem.target, D)
    assert np.array_equal(problem.weight, 2 * D)
    assert repr(problem) == "UpdateProblem(2 x 3, 4 rows of data)"
    assert UpdateProblem(X=X, Y=Y).shape == (2, 3)
    for value in (problem.target, problem.weight, problem.X, problem.Y):
        assert not value.flags.writeable
    assert D.flags.writeable  # the caller's own array stays as it is


@pytest.mark.parametrize(("given", "kept"), [("float16", "float32"), ("float32", "float32"), ("int64", "float64")])
def test_precision_is_kept_and_half_precision_becomes_single(given, kept):
    assert UpdateProblem(D.astype(given)).target.dtype == kept


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "`target` must be a matrix, where no X and Y are given; got None."),
        ({"target": D, "X": X}, "`X and Y` must be given both or not at all"),
        ({"target": D[0]}, r"`target` must be a matrix with rows and columns; got \(3,\)."),
        ({"target": D[:, :0]}, r"`target` must be a matrix with rows and columns; got \(2, 0\)."),
        ({"target": D * np.nan}, "`target` must be finite; got nan."),
        ({"target": D, "weight": D.T}, r"`weight` must be of shape \(2, 3\); got \(3, 2\)."),
        ({"target": D, "X": Y, "Y": X}, r"`X` must be of shape \(4, 3\); got \(4, 2\)."),
        ({"X": X, "Y": Y[1:]}, r"`Y` must be of shape \(4, 2\); got \(3, 2\)."),
        ({"X": X, "Y": Y, "names": "abc"}, "`names` must be None or a sequence of 4, one for each row of `X`"),
    ],
)
def test_bad_input_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        UpdateProblem(**options)


def test_arrays_of_a_file(tmp_path):
    np.savez(tmp_path / "update.npz", target=D, X=X, Y=Y, note=np.zeros(7))
    problem = UpdateProblem.from_file(tmp_path / "update.npz")
    assert problem.weight is None
    assert np.array_equal(problem.target, D)
    assert np.array_equal(problem.X, X)


def test_the_difference_of_two_files(tmp_path):
    np.savez(tmp_path / "base.npz", query=D, key=D.T, bias=np.zeros(2))
    np.savez(tmp_path / "tuned.npz", query=3 * D, key=D.T, bias=np.ones(2))
    found = UpdateProblem.from_file(tmp_path / "tuned.npz", base=tmp_path / "base.npz", module="query")
    assert np.array_equal(found.target, 2 * D)
    assert np.array_equal(found.weight, D)
    with pytest.raises(ValueError, match="`module` must be a matrix in both files, as query, key; got None"):
        UpdateProblem.from_file(tmp_path / "tuned.npz", base=tmp_path / "base.npz")
    with pytest.raises(ValueError, match="`module` must be left out where no `base` is given"):
        UpdateProblem.from_file(tmp_path / "tuned.npz", module="query")
    np.savez(tmp_path / "other.npz", query=D.T)
    with pytest.raises(ValueError, match=r"`path` must be a file in which query has the shape \(2, 3\)"):
        UpdateProblem.from_file(tmp_path / "other.npz", base=tmp_path / "base.npz")
    np.save(tmp_path / "one.npy", D)
    with pytest.raises(ValueError, match="updates are read from npz and safetensors files; this one is a npy"):
        UpdateProblem.from_file(tmp_path / "one.npy")


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 8)])
@pytest.mark.parametrize(("spectrum", "exponent"), [("flat", 0.0), ("power", 0.5), ("power", 2.0)])
def test_spectra_are_those_that_were_asked_for(shape, spectrum, exponent):
    values = np.linalg.svd(make_update(spectrum, shape, exponent=exponent, rng=0).target, compute_uv=False)
    assert values == pytest.approx(np.arange(1.0, min(shape) + 1) ** -exponent, rel=1e-12)


def test_spikes_and_products():
    spike = make_update("spike", (64, 48), rng=0).target
    assert np.sum(np.abs(spike) > 1e-4) == 1
    assert np.linalg.matrix_rank(make_update("rank-one", (9, 4), rng=0).target) == 1
    assert np.linalg.matrix_rank(make_update("gaussian", (9, 4), rng=0).target) == 4


def test_the_same_seed_draws_the_same_update():
    first, again, other = (make_update("gaussian", (3, 3), rng=k).target for k in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("steep",), {}, "`spectrum` must be one of"),
        (("flat", (3,)), {}, "`shape` must be a pair of integers"),
        (("flat", (3, 0)), {}, r"`shape\[1\]` must be an integer of at least 1; got 0."),
        (("power",), {"exponent": -1.0}, "`exponent` must be"),
        (("power",), {"exponent": 100.5}, r"`exponent` must be in \[0, 100\]; got 100.5."),
    ],
)
def test_bad_input_of_makers_is_refused(arguments, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_update(*arguments, **options)
