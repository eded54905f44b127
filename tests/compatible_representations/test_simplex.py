"""Vertices, logits and turned heads against their definitions, up to large sizes and in every array library."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr


@pytest.mark.parametrize("n_classes", [2, 3, 4, 10, 257, 1024])
def test_the_vertices_have_the_products_of_a_simplex(n_classes):
    W = cr.simplex_prototypes(n_classes)
    due = (n_classes * np.eye(n_classes) - 1) / (n_classes - 1)
    assert np.abs(W @ W.T - due).max() < 8e-15
    assert np.abs(W.sum(axis=0)).max() < 1e-12
    single = cr.simplex_prototypes(n_classes, dtype=np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, W.astype(np.float32))


def test_a_small_number_beside_the_norms_would_be_seen():
    W = cr.simplex_prototypes(4096)[:40]
    assert np.abs(np.einsum("ij,ij->i", W, W) - 1).max() < 1e-13


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3, 17, 300])
def test_logits_are_those_of_the_dense_product(xp, n_classes, dtype):
    rng = np.random.default_rng(n_classes)
    features = rng.normal(size=(7, n_classes - 1)).astype(dtype)
    found = xp.to_numpy(cr.simplex_logits(xp.asarray(features), n_classes, scale=2.5))
    due = 2.5 * features.astype(np.float64) @ cr.simplex_prototypes(n_classes).T
    assert found.dtype == dtype
    np.testing.assert_allclose(found, due, rtol=0, atol=np.abs(due).max() * (3e-6 if dtype == np.float32 else 1e-13))


def test_logits_of_no_rows_and_of_lists():
    assert cr.simplex_logits(np.empty((0, 2)), 3).shape == (0, 3)
    np.testing.assert_allclose(cr.simplex_logits([[1, 2]], 3), [[1, 2]] @ cr.simplex_prototypes(3).T)


def test_a_head_that_was_turned_is_turned_back():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(6, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    found = cr.align_head(W @ turn, W)
    np.testing.assert_allclose(found.weights, W, atol=1e-12)
    np.testing.assert_allclose(found.rotation, turn.T, atol=1e-12)
    assert found.mean_cosine == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(("n_classes", "larger"), [(2, 3), (3, 4), (10, 11), (5, 64)])
def test_a_grown_simplex_keeps_the_cosine_of_the_formula(n_classes, larger):
    found = cr.align_head(cr.simplex_prototypes(n_classes), cr.simplex_prototypes(larger)[:n_classes])
    assert found.mean_cosine == pytest.approx(cr.theory.growth_cosine(n_classes, larger=larger), abs=1e-14)
    assert found.weights.shape == (n_classes, larger - 1)


def test_no_random_turn_aligns_a_head_better():
    rng = np.random.default_rng(3)
    W, V = rng.normal(size=(2, 5, 3))
    best = cr.align_head(W, V).mean_cosine
    unit = W / np.linalg.norm(W, axis=1, keepdims=True), V / np.linalg.norm(V, axis=1, keepdims=True)
    for _ in range(200):
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        assert np.einsum("ij,ij->i", unit[0] @ turn, unit[1]).mean() <= best + 1e-12


def test_bad_sizes_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"`n_classes` must be at least 2; got 1\.$"):
        cr.simplex_prototypes(1)
    with pytest.raises(TypeError, match="`n_classes` must be an integer"):
        cr.simplex_prototypes(3.0)
    with pytest.raises(ValueError, match="`dtype` must be one of"):
        cr.simplex_prototypes(3, dtype=np.int64)
    with pytest.raises(ValueError, match=r"`features` must be of shape \(n, 3\); got \(2, 4\)"):
        cr.simplex_logits(np.ones((2, 4)), 4)
    with pytest.raises(ValueError, match="`features` must be finite"):
        cr.simplex_logits([[np.nan, 1.0]], 3)
    with pytest.raises(ValueError, match="`features` must be finite"):
        cr.simplex_logits([[np.inf, -np.inf]], 3)
    with pytest.raises(ValueError, match="`scale` must be a finite number"):
        cr.simplex_logits([[0.0, 1.0]], 3, scale=np.inf)
    with pytest.raises(ValueError, match="`weights` must be of as many rows"):
        cr.align_head(np.eye(3), np.eye(2))
