"""Rank one along paths of observations: trees, noise, zeros, and what is left open."""

import itertools

import numpy as np
import pytest

from lrtheory.matrix_completion import Observations, complete, make_low_rank, rank_one_components
from lrtheory.matrix_completion.alternation import propagation

NAN = float("nan")


def table(m: int, n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.outer(rng.uniform(1, 2, m) * rng.choice([-1, 1], m), rng.uniform(1, 2, n))


def path(n: int) -> np.ndarray:
    """A mask whose graph is one path through all rows and columns."""
    return np.eye(n, dtype=bool) | np.eye(n, k=-1, dtype=bool)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("n", [2, 60, 1500])
def test_a_path_is_completed_without_a_step(n, kind):
    M = table(n, n)
    i, j = np.nonzero(path(n))
    done = complete(Observations(i, j, M[i, j].astype(kind), (n, n)), 1, record=True)
    assert (done.method, done.converged, done.n_iter) == ("propagation", True, 0)
    assert done.message == "the observations determine every entry of rank one"
    unit = np.finfo(kind).eps
    np.testing.assert_allclose(done.block(), M, rtol=8 * n * unit)
    assert done.residual <= 4 * unit
    assert done.trace["residual"].size == 0
    assert done.certificate.gap <= 1e-12 if kind == np.float64 else True


def test_every_tree_of_a_small_table():
    M, trees = table(3, 3), 0
    for cells in itertools.combinations(range(9), 5):
        mask = np.isin(np.arange(9).reshape(3, 3), cells)
        rows, cols = rank_one_components((M, mask))
        if not (mask.any(axis=0).all() and mask.any(axis=1).all()):
            continue
        connected = len({*rows.tolist(), *cols.tolist()}) == 1
        done = complete((M, mask), 1, max_iter=3)
        assert (done.method == "propagation") == connected
        if connected:
            trees += 1
            np.testing.assert_allclose(done.block(), M, rtol=1e-13)
    assert trees == 81  # spanning trees of K(3, 3)


def test_noise_two_parts_and_other_wishes_are_left_to_alternation():
    M = table(40, 30)
    noisy = M + 1e-6 * np.random.default_rng(1).normal(size=M.shape)
    assert complete(M, 1).method == "propagation"
    assert complete(noisy, 1).method == "exact"
    halves = np.kron(np.eye(2, dtype=bool), np.ones((20, 15), dtype=bool))
    assert complete((M, halves), 1).method == "exact"
    factors = np.ones((40, 1)), np.ones((30, 1))
    wishes = ({"method": "cg"}, {"ridge": 1e-9}, {"init": "random", "rng": 0}, {"init": factors}, {"incoherence": 3.0})
    for options in (*wishes, {"sample_splitting": "disjoint", "max_iter": 1, "rng": 0}):
        assert complete(M, 1, **options).method != "propagation"
    assert complete(M, [1, 2], validation=M).method == "propagation"
    assert complete(M, 1, validation=M, record=True).validation_rmse < 1e-14


def test_lines_of_zeros_and_lines_that_were_never_seen():
    M = table(5, 4)
    M[1], M[:, 2] = 0, 0
    whole = complete(M, 1)
    assert whole.method == "propagation"
    np.testing.assert_allclose(whole.block(), M, atol=1e-15)
    M[3] = NAN
    done = complete(M, 1)
    assert done.method == "propagation"
    assert "1 rows were never seen (3)" in done.message
    assert done.predict(3, 0) == pytest.approx(np.nanmean(M))
    M[3, 0], M[0, 1] = 2.0, 0.0  # a zero between two lines that are not zero: no matrix of rank one
    assert complete(M, 1).method == "exact"
    assert propagation.propagated(Observations([0], [0], [0.0], (1, 1))) is None


def test_far_scales_are_refused_and_left_to_alternation():
    far = np.array([[1.0, 1e-20], [NAN, 1e-25]])
    assert complete(far, 1, max_iter=2).method == "exact"


def test_a_tree_with_any_values_is_fitted():
    problem = make_low_rank((30, 30), 1, density=1.0, noise=1.0, rng=0)
    seen = problem.observations.subset(path(30)[problem.observations.rows, problem.observations.cols])
    done = complete(seen, 1)
    assert done.method == "propagation"
    np.testing.assert_allclose(done.predict(seen.rows, seen.cols), seen.values, rtol=1e-12)
