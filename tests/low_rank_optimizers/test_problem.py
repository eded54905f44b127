"""Objectives with a known gradient, and their makers."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import PolynomialProblem, SineProblem, make_cubic, make_quadratic, make_sine


def by_loops(problem: PolynomialProblem, W: np.ndarray) -> object:
    x = (W - problem.M).ravel().tolist()
    d, places = len(x), range(len(x))
    G, H, C = (np.asarray(a).ravel().tolist() for a in (problem.gradient, problem.hessian, problem.cubic))
    first = sum(G[i] * x[i] for i in places)
    second = sum(H[i * d + j] * x[i] * x[j] for i in places for j in places)
    third = sum(C[(i * d + j) * d + k] * x[i] * x[j] * x[k] for i in places for j in places for k in places)
    return problem.value + first + second / 2 + third / 6


@pytest.mark.parametrize("exact", [True, False])
def test_polynomials_are_their_derivatives(exact: bool) -> None:
    problem = make_cubic((2, 2), exact=exact, rng=3)
    W = np.array([[1, -2], [0, 3]]) + (Fraction(1, 3) if exact else 0.3)
    if exact:
        assert problem(W) == by_loops(problem, W)
        assert isinstance(problem(W), Fraction)
    else:
        assert problem(W) == pytest.approx(by_loops(problem, W))
    assert problem(problem.M) == problem.value
    assert problem.degree == 3
    assert problem.truth is problem.gradient or (problem.truth == problem.gradient).all()


def test_the_symmetric_part_counts() -> None:
    H = np.array([[[[0.0, 2.0]], [[4.0, 0.0]]]])
    problem = PolynomialProblem([[0.0, 0.0]], [[0.0, 0.0]], H.reshape(1, 2, 1, 2))
    np.testing.assert_array_equal(np.asarray(problem.hessian).reshape(2, 2), [[0.0, 3.0], [3.0, 0.0]])
    assert problem([[1.0, 2.0]]) == 6.0
    whole = PolynomialProblem(
        np.array([[Fraction(0)]]), np.array([[Fraction(1)]]), cubic=np.full((1, 1, 1, 1, 1, 1), Fraction(1))
    )
    assert whole(np.array([[Fraction(2)]])) == Fraction(10, 3)


def test_the_symmetric_part_of_a_cubic_is_exact() -> None:
    C = np.vectorize(Fraction, [object])(np.arange(8)).reshape(1, 2, 1, 2, 1, 2)
    zeros, W = np.full((1, 2), Fraction(0)), np.array([[Fraction(1, 3), Fraction(-2)]])
    x = W.ravel()
    due = sum(C.reshape(2, 2, 2)[place] * x[place[0]] * x[place[1]] * x[place[2]] for place in np.ndindex(2, 2, 2)) / 6
    assert PolynomialProblem(zeros, zeros, cubic=C)(W) == due


def test_gradients_by_differences() -> None:
    h = 1e-6
    for problem in (make_cubic((2, 3), rng=1), make_quadratic((2, 3), rng=1), make_sine((2, 3), phase=0.4, rng=1)):
        found = np.zeros((2, 3))
        for place in np.ndindex(2, 3):
            step = np.zeros((2, 3))
            step[place] = h
            found[place] = (problem(problem.M + step) - problem(problem.M - step)) / (2 * h)
        np.testing.assert_allclose(found, problem.truth, atol=1e-8)


@pytest.mark.parametrize("spectrum", ["rank-one", "flat", "gaussian"])
def test_spectra_of_sines(spectrum: str) -> None:
    s = np.linalg.svd(make_sine((4, 3), spectrum=spectrum, norm=2.5, rng=0).Om, compute_uv=False)
    assert np.linalg.norm(s) == pytest.approx(2.5)
    if spectrum != "gaussian":
        np.testing.assert_allclose(s, [2.5, 0, 0] if spectrum == "rank-one" else [2.5 / 3**0.5] * 3, atol=1e-14)


def test_harmonic_cubics_have_no_trace() -> None:
    C = np.asarray(make_cubic((2, 3), harmonic=True, rng=4).cubic).reshape(6, 6, 6)
    assert not np.einsum("iij->j", C).any()
    assert C.any()


def test_objects_of_the_makers() -> None:
    problem = make_quadratic((2, 3), exact=True, rng=0)
    assert all(isinstance(x, Fraction) for x in np.asarray(problem.hessian).ravel())
    assert {int(x) for x in np.asarray(make_quadratic((9, 9), exact=True, rng=0).hessian).ravel()} == {*range(-3, 4)}
    assert repr(pickle.loads(pickle.dumps(problem))) == "PolynomialProblem(2 x 3, degree 2)"
    assert repr(make_sine((2, 3), rng=0)) == "SineProblem(2 x 3)"
    assert (make_cubic((2, 2), rng=5).gradient == make_cubic((2, 2), rng=5).gradient).all()


def test_problems_are_not_changed_by_their_users() -> None:
    problem, sine = make_cubic((2, 2), rng=1), make_sine((2, 2), rng=1)
    for array in (problem.M, problem.truth, problem.hessian, problem.cubic, sine.Om, sine.M):
        with pytest.raises(ValueError, match="read-only"):
            array += 1.0  # type: ignore[operator,misc]
    assert SineProblem(np.ones((1, 2), np.float32)).truth.dtype == np.float32


def test_refusals() -> None:
    for wrong in ([["a"]], [[1j]]):
        with pytest.raises(TypeError, match="`W` must be an array of real numbers"):
            PolynomialProblem([[0.0]], [[0.0]])(wrong)
    with pytest.raises(TypeError, match="`gradient` must be an array of real numbers; got None"):
        PolynomialProblem([[0.0]], None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`gradient` must be of shape"):
        PolynomialProblem([[0.0]], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="`hessian` must be finite"):
        PolynomialProblem([[0.0]], [[0.0]], [[[[np.nan]]]])
    with pytest.raises(ValueError, match=r"`W` must be of shape \(1, 1\); got \(2,\)"):
        PolynomialProblem([[0.0]], [[0.0]])([1.0, 2.0])
    with pytest.raises(ValueError, match="`M` must be of shape"):
        SineProblem([[1.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="`shape`"):
        make_cubic((2,))
    with pytest.raises(ValueError, match="`norm` must be a finite number above 0"):
        make_sine((2, 2), norm=0.0)
