"""Lloyd's iteration: labels of the nearest means, then means of the labels, in turn."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._kernels.lanes import weighted_sum
from lrtheory._kernels.nearest import nearest_means, padded_means, tiled

__all__ = ["k_means"]


def k_means(X: np.ndarray, centers: np.ndarray, max_iter: int) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Return labels (n,), means (K, d) in double precision, the number of turns, and whether they stand still.

    X has shape (n, d), and the first centers shape (K, d); a mean without points stays where it was.
    """
    wide, M, n = kernel_input(X, np.float64), np.array(centers, np.float64), len(X)
    tiles = tiled(wide, np.zeros(X.shape[1]))
    places = tiles.shape[0] * tiles.shape[2]
    labels, before, margins = np.full(places, -1), np.empty(places, np.int64), np.empty(places)
    order, ones = np.empty(n, np.uint32), np.ones(n)
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        labels, before, old = before, labels, M.copy()
        nearest_means(tiles, *padded_means(M), labels, margins)
        converged = np.array_equal(labels[:n], before[:n])  # the means of the same labels are what they were
        if not converged:
            means_of(wide, labels[:n], order, ones, M)
            converged = np.array_equal(M, old)
        n_iter += 1
    return labels[:n], M, n_iter, converged


@kernel(error_model="numpy")
def means_of(X, labels, order, ones, M):
    """Set M to the means of the points of each label, added up in their order; a mean without points stays.

    ``order`` is filled with the points by labels; ``ones`` are their weights.
    """
    K, d = M.shape
    ends, place, total = np.empty(K + 1, np.int64), np.empty(K, np.int64), np.empty((1, d))
    ends[:] = 0
    for p in range(labels.shape[0]):
        # points are sorted by label by counting, so that each mean is one sum over rows in their order
        ends[labels[p] + 1] += 1
    for c in range(K):
        place[c] = ends[c]
        ends[c + 1] += ends[c]
    for p in range(labels.shape[0]):
        order[place[labels[p]]] = p
        place[labels[p]] += 1
    for c in range(K):
        if ends[c] < ends[c + 1]:
            weighted_sum(X, order, ones, ends[c], ends[c + 1], total, 0)
            for i in range(d):
                M[c, i] = total[0, i] / (ends[c + 1] - ends[c])
