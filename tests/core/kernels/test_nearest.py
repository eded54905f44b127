"""The nearest means of tiles of points against plain distances: ties, single means, tiles that are not full."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._kernels.nearest import nearest_means, padded_means, tiled


def found(X, M, origin, compiled=True):
    """Labels and margins of points, by the compiled kernel or by its definition."""
    tiles = tiled(X, origin)
    places = tiles.shape[0] * tiles.shape[2]
    labels, margins = np.full(places, -1), np.full(places, np.nan)
    compare = nearest_means if compiled else nearest_means.py_func
    compare(tiles, *padded_means(M - origin), labels, margins)
    return labels[: len(X)], margins[: len(X)]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("K", [1, 2, 4, 5, 6, 10, 11, 23])
@pytest.mark.parametrize(("n", "d"), [(1, 1), (7, 3), (16, 2), (40, 17)])
def test_points_of_integers_have_exact_margins(n, d, K, compiled):
    """Integers have exact distances, with many ties: the first of equal means wins, with margin 0."""
    rng = np.random.default_rng(n + K)
    X, M, origin = (rng.integers(-3, 4, shape).astype(float) for shape in ((n, d), (K, d), (d,)))
    labels, margins = found(X, M, origin, compiled)
    squares = ((X[:, None] - M[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(labels, squares.argmin(axis=1))
    ranked = np.sort(np.column_stack([squares, np.full(n, np.inf)]), axis=1)
    np.testing.assert_array_equal(2 * margins, ranked[:, 1] - ranked[:, 0])


def test_points_without_rounding_do_not_depend_on_their_tile():
    """A point has the same label and margin, to the last bit, wherever it stands."""
    rng = np.random.default_rng(0)
    X, M = rng.normal(size=(100, 9)), rng.normal(size=(10, 9))
    labels, margins = found(X, M, np.zeros(9))
    order = rng.permutation(100)
    moved_labels, moved_margins = found(X[order], M, np.zeros(9))
    np.testing.assert_array_equal(moved_labels, labels[order])
    np.testing.assert_array_equal(moved_margins, margins[order])


def test_single_precision_is_widened_first():
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    assert tiled(X, np.zeros(3, np.float32)).dtype == np.float64
    np.testing.assert_array_equal(found(X, X[:4].astype(float), np.zeros(3))[0][:4], np.arange(4))
