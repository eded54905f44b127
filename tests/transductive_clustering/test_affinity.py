"""Graphs against sorted distances, and degenerate points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory import transductive_clustering as tc
from tests.transductive_clustering import oracles


@pytest.mark.parametrize("d", [2, 40])
def test_neighbors_are_the_nearest(d):
    X = np.random.default_rng(d).normal(size=(60, d))
    found, squared = tc.nearest_neighbors(X, 5)
    assert found.tolist() == oracles.neighbors(X, 5)
    np.testing.assert_allclose(squared, ((X[:, None] - X[found]) ** 2).sum(-1), rtol=1e-9)


@given(st.integers(1, 6), st.integers(0, 8), st.sampled_from([1, 20]), st.integers(0, 2**32))
def test_duplicates_never_make_loops(n, k, d, seed):
    X = np.random.default_rng(seed).integers(0, 2, (n, 1)) * np.ones((1, d))
    W = tc.knn_affinity(X, n_neighbors=k, symmetrize=None).toarray()
    assert (W.sum(axis=1) == min(k, n - 1)).all()
    assert (np.diagonal(W) == 0).all()


def test_the_symmetric_forms():
    X = np.array([[0.0], [1.0], [3.0], [3.5]])
    directed = tc.knn_affinity(X, n_neighbors=1, symmetrize=None).toarray()
    assert directed.nonzero()[1].tolist() == [1, 0, 3, 2]
    X[2] = 2.0
    directed = tc.knn_affinity(X, n_neighbors=1, symmetrize=None).toarray()
    np.testing.assert_array_equal(tc.knn_affinity(X, n_neighbors=1).toarray(), (directed + directed.T) / 2)
    np.testing.assert_array_equal(
        tc.knn_affinity(X, n_neighbors=1, symmetrize="max").toarray(), np.maximum(directed, directed.T)
    )


def test_weights_and_shifts():
    X = np.random.default_rng(0).normal(size=(30, 3))
    W = tc.knn_affinity(X, n_neighbors=3, weights="gaussian", symmetrize="max").toarray()
    p, q = W.nonzero()
    squared = ((X[p] - X[q]) ** 2).sum(1)
    s2 = tc.nearest_neighbors(X, 3)[1].mean()
    np.testing.assert_allclose(W[p, q], np.exp(-squared / (2 * s2)), rtol=1e-9)
    shifted = tc.knn_affinity(X, n_neighbors=3, shift="psd")
    assert np.linalg.eigvalsh(shifted.toarray())[0] == pytest.approx(0, abs=1e-12)
    assert tc.psd_shift(shifted) == pytest.approx(0, abs=1e-12)
    large = tc.knn_affinity(np.random.default_rng(0).normal(size=(600, 2)), n_neighbors=3)
    assert tc.psd_shift(large) >= -np.linalg.eigvalsh(large.toarray())[0]
    same = tc.knn_affinity(np.zeros((4, 2)), n_neighbors=1, weights="gaussian")
    assert set(same.data.tolist()) <= {0.5, 1.0}


def test_float32_and_orders():
    X = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    assert tc.knn_affinity(X).dtype == np.float32
    assert sorted(tc.spatial_order(X).tolist()) == list(range(50))


@pytest.mark.parametrize(
    ("args", "options", "sentence"),
    [
        ([[1.0, np.nan]], {}, "`X` must be finite"),
        ([[1.0], [2.0, 3.0]], {}, "`X` must be an array with rows of equal length"),
        (np.empty((0, 2)), {}, "`X` must be at least one point"),
        ([[1.0]], {"n_neighbors": -1}, "`n_neighbors` must be an integer of at least 0"),
        ([[1.0]], {"symmetrize": "min"}, "`symmetrize` must be one of"),
        ([[1.0]], {"weights": "cosine"}, "`weights` must be one of"),
        ([[1.0]], {"shift": "much"}, "`shift` must be one of"),
        ([[1.0]], {"shift": -1.0}, "`shift` must be in"),
    ],
)
def test_bad_input(args, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        tc.knn_affinity(args, **options)
