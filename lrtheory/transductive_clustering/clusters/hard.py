r"""The end of a run with hard labels: what each point costs, and whether one more update would leave the labels alone.

At a temperature T that is tiny beside the squared distances the softmax of a row is its label exactly, unless another
mean is nearly as near: exp(-t) is 0 in double precision from t = 750 on. So products of matrices, which tell distances
up to a rounding that is known, say of nearly all points that they would stay; see `judge`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, sparse
from lrtheory.transductive_clustering.clusters.means import BLOCK, thin_products, turned
from lrtheory.transductive_clustering.clusters.prototypes import Prototypes, host_costs
from lrtheory.transductive_clustering.updates.certificates import Stationarity, stationarity, unmoved

__all__ = ["Ends", "ends_of", "typical_of"]

NO_SPECTRUM = np.float64(0.0), np.float64(0.0), np.bool_(True)  # the bounds of an affinity without entries
VANISHES = 750.0  # exp(-t) is 0 from there on, in double precision and below


class Frame(NamedTuple):
    """Means (K, d) as `judge` needs them."""

    means: np.ndarray
    origin: np.ndarray  # (d,): the mean of the means, from which products cancel fewer digits
    slabs: np.ndarray  # the `turned` means, seen from the origin
    lengths: np.ndarray  # (K,): half of their squares
    apart: float  # the least difference of squared distances at which a power vanishes
    rounding: float  # of the difference of two squared distances, relative to the squares behind them


class Ends(NamedTuple):
    """The squared distance of every point from its mean, (n,) in float64, and the certificate of the labels."""

    own: np.ndarray
    certificate: Stationarity


def ends_of(X: np.ndarray, labels: np.ndarray, means: np.ndarray, Z: np.ndarray, temperature: float) -> Ends:
    """Return the squared distances and the certificate of labels without a Laplacian term.

    X has shape (n, d), the means (K, d), and ``Z`` (n, K) has a 1 at each label. The affinity, which must be symmetric,
    does not matter.
    """
    wide = means.astype(np.float64, copy=False)
    origin, own = wide.mean(axis=0), np.empty(len(X))
    seen = wide - origin
    # sums of d products in two orders, and squares that are rounded to the dtype of the points
    rounding = 8 * (X.shape[1] + 4) * np.finfo(np.float64).eps + 4 * np.finfo(X.dtype).eps
    frame = Frame(wide, origin, turned(seen), (seen * seen).sum(axis=1) / 2, VANISHES * temperature, float(rounding))
    if judge(kernel_input(X, np.float64), kernel_input(labels), frame, own):
        costs, empty = host_costs(X, Prototypes("mean", means), X.dtype), sparse.csr_array((len(X), len(X)))
        return Ends(own, stationarity(Z, costs, empty, 0.0, temperature, None, NO_SPECTRUM))
    return Ends(own, unmoved(Z, temperature))


@kernel(error_model="numpy", fastmath={"contract", "nsz", "reassoc"})
def judge(X, labels, frame, own):
    r"""Set ``own`` to the squared distance of every point from its mean; return how many labels might move.

    From an origin, with squares r = \|x\|^2 + max \|m\|^2, the squared distances to two means differ by twice the
    difference of \|m\|^2 / 2 - x . m. Each of these is known up to fewer than 2 (d + 2) rounding errors of r, in any
    order of additions, here and in the costs that a certificate compares. What is left after that decides.
    """
    n, d = X.shape
    slabs, lengths, width = frame.slabs, frame.lengths, frame.slabs.shape[2]
    block, apart = np.empty((BLOCK, d)), np.empty((BLOCK, width))
    sizes, mine, other = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    near, far = 0, 0.0
    for c in range(lengths.shape[0]):
        far = max(far, 2 * lengths[c])
    for start in range(0, n, BLOCK):
        count = min(BLOCK, n - start)
        for p in range(count):
            x, mean, seen, square, size = X[start + p], frame.means[labels[start + p]], block[p], 0.0, far
            for i in range(d):
                square += (x[i] - mean[i]) * (x[i] - mean[i])
            for i in range(d):
                seen[i] = x[i] - frame.origin[i]
            for i in range(d):
                size += seen[i] * seen[i]
            own[start + p], sizes[p], other[p] = square, size, np.inf
        for slab in range(slabs.shape[0]):
            thin_products(block[:count], slabs[slab], apart)
            first = slab * width
            for p in range(count):
                m, low = labels[start + p], other[p]
                for c in range(first, min(first + width, lengths.shape[0])):
                    value = lengths[c] - apart[p, c - first]
                    mine[p] = value if c == m else mine[p]
                    low = value if value < low and c != m else low
                other[p] = low
        for p in range(count):
            near += not (2 * (other[p] - mine[p]) > frame.apart + frame.rounding * sizes[p])
    return near


def typical_of(own: np.ndarray, labels: np.ndarray, K: int) -> np.ndarray:
    """Return the first point of each label with the smallest cost (n,), -1 for a label that no point has."""
    typical = np.full(K, -1)
    first_of_least(own, labels, typical)
    return typical


@kernel
def first_of_least(own, labels, typical):
    """Set ``typical``, which starts at -1, to the first place of the least number of each label."""
    for p in range(labels.shape[0]):
        c = labels[p]
        if typical[c] < 0 or own[p] < own[typical[c]]:
            typical[c] = p
