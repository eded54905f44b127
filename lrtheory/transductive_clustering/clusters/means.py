"""Lloyd's iteration: labels of the nearest means, then means of the labels, in turn."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["k_means"]

BLOCK = 512  # points whose distances are in memory at once


def k_means(X: np.ndarray, centers: np.ndarray, max_iter: int) -> tuple[np.ndarray, np.ndarray, int, bool]:
    """Return labels (n,), means (K, d) in double precision, the number of turns, and whether they stand still.

    X has shape (n, d), and the first centers shape (K, d); a mean without points stays where it was.
    """
    wide, M = kernel_input(X, np.float64), np.array(centers, np.float64)
    labels, before = np.full(len(X), -1), np.empty(len(X), np.int64)
    n_iter, converged = 0, False
    while n_iter < max_iter and not converged:
        labels, before, old = before, labels, M.copy()
        nearest_means(wide, M, labels)
        converged = np.array_equal(labels, before) or np.array_equal(M, old)
        n_iter += 1
    return labels, M, n_iter, converged


@kernel(fastmath={"contract", "nsz", "reassoc"})
def nearest_means(X, M, labels):
    r"""Label every point with its nearest mean, the first of equal ones; M becomes the means of these points.

    \|m\|^2 / 2 - x . m is compared, since \|x\|^2 is the same for all means; products are made in blocks of points.
    """
    K, d = M.shape
    lengths, sums, counts = np.empty(K), np.zeros((K, d)), np.zeros(K)
    for c in range(K):
        lengths[c] = (M[c] * M[c]).sum() / 2
    buffer, least = np.empty(K * BLOCK), np.empty(BLOCK)
    for start in range(0, X.shape[0], BLOCK):
        block = X[start : start + BLOCK]
        n = block.shape[0]
        # best is a view of the labels, so they are written where they belong
        apart, best = buffer[: K * n].reshape(K, n), labels[start : start + n]
        np.dot(M, block.T, apart)
        for p in range(n):
            least[p] = lengths[0] - apart[0, p]
            best[p] = 0
        for c in range(1, K):
            row, length = apart[c], lengths[c]
            for p in range(n):
                value = length - row[p]
                best[p] = c if value < least[p] else best[p]
                least[p] = value if value < least[p] else least[p]
        for p in range(n):
            total, x = sums[best[p]], block[p]
            counts[best[p]] += 1
            for i in range(d):
                total[i] += x[i]
    for c in range(K):
        if counts[c] > 0:  # a mean without points stays where it was
            M[c] = sums[c] / counts[c]
