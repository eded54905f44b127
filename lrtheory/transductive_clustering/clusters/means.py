"""Lloyd's iteration: labels of the nearest means, then means of the labels, in turn."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._kernels.lanes import GROUP, columns, product, weighted_sum

__all__ = ["k_means", "thin_products", "turned"]

BLOCK = 256  # points whose products are in memory at once, a multiple of GROUP


def k_means(X: np.ndarray, centers: np.ndarray, max_iter: int) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Return labels (n,), means (K, d) in double precision, the number of turns, and whether they stand still.

    X has shape (n, d), and the first centers shape (K, d); a mean without points stays where it was.
    """
    wide, M = kernel_input(X, np.float64), np.array(centers, np.float64)
    labels, before = np.full(len(X), -1), np.empty(len(X), np.int64)
    order, ones = np.empty(len(X), np.uint32), np.ones(len(X))
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        labels, before, old = before, labels, M.copy()
        nearest_means(wide, turned(M), (M * M).sum(axis=1) / 2, labels)
        converged = np.array_equal(labels, before)  # the means of the same labels are what they were
        if not converged:
            means_of(wide, labels, order, ones, M)
            converged = np.array_equal(M, old)
        n_iter += 1
    return labels, M, n_iter, converged


def turned(M: np.ndarray) -> np.ndarray:
    """Return the transpose of M (K, d) in slabs of as many columns as `product` takes, the last one filled with 0."""
    (K, d), width = M.shape, columns(np.float64)
    filled = np.zeros((-(-K // width) * width, d))
    filled[:K] = M
    return np.ascontiguousarray(filled.reshape(-1, width, d).transpose(0, 2, 1))


@kernel(error_model="numpy")
def nearest_means(X, slabs, lengths, labels):
    r"""Label every point with its nearest mean, the first of equal ones; ``slabs`` are the `turned` means.

    \|m\|^2 / 2 - x . m is compared, since \|x\|^2 is the same for all means; ``lengths`` are the first terms.
    """
    n, K, width = X.shape[0], lengths.shape[0], slabs.shape[2]
    apart, least = np.empty((BLOCK, width)), np.empty(BLOCK)
    for start in range(0, n, BLOCK):
        block, best = X[start : start + BLOCK], labels[start : start + BLOCK]
        for p in range(block.shape[0]):
            least[p] = np.inf
        for slab in range(slabs.shape[0]):
            thin_products(block, slabs[slab], apart)
            first = slab * width
            for p in range(block.shape[0]):
                low, at = least[p], best[p]
                for c in range(first, min(first + width, K)):
                    value = lengths[c] - apart[p, c - first]
                    at = c if value < low else at
                    low = value if value < low else low
                least[p], best[p] = low, at


@kernel(error_model="numpy")
def thin_products(block, slab, apart):
    """Set the first rows of ``apart`` to block @ slab, for a block of any number of rows up to `BLOCK`."""
    n, d = block.shape
    whole = n // GROUP * GROUP
    product(block[:whole], slab, apart, 0, d, False)
    if whole < n:  # the last few rows among rows of zeros, so that all products are added up in the same order
        rest, products = np.empty((GROUP, d)), np.empty((GROUP, slab.shape[1]))
        for p in range(GROUP):
            for i in range(d):
                rest[p, i] = block[whole + p, i] if whole + p < n else 0.0
        product(rest, slab, products, 0, d, False)
        for p in range(whole, n):
            for c in range(slab.shape[1]):
                apart[p, c] = products[p - whole, c]


@kernel(error_model="numpy")
def means_of(X, labels, order, ones, M):
    """Set M to the means of the points of each label, added up in their order; a mean without points stays.

    ``order`` is filled with the points by labels; ``ones`` are their weights.
    """
    K, d = M.shape
    ends, place, total = np.empty(K + 1, np.int64), np.empty(K, np.int64), np.empty((1, d))
    ends[:] = 0
    for p in range(labels.shape[0]):
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
