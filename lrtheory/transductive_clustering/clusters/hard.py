r"""The end of a run with hard labels: what each point costs, and whether one more update would leave the labels alone.

At a temperature T that is tiny beside the squared distances the softmax of a row is its label exactly, unless another
mean is nearly as near: exp(-t) is 0 in double precision from t = 750 on. So products of matrices, which tell distances
up to a rounding that is known, say of nearly all points that they would stay; see `judge`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, sparse
from lrtheory._kernels.nearest import nearest_means, padded_means, tiled
from lrtheory.transductive_clustering.clusters.prototypes import Prototypes, host_costs
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate, stationarity, unmoved

__all__ = ["Ends", "ends_of", "typical_of"]

NO_SPECTRUM = np.float64(0.0), np.float64(0.0), np.bool_(True)  # the bounds of an affinity without entries
VANISHES = 750.0  # exp(-t) is 0 from there on, in double precision and below


class Frame(NamedTuple):
    """Means (K, d) as `judge` needs them."""

    means: np.ndarray
    origin: np.ndarray  # (d,): the mean of the means, from which products cancel fewer digits
    far: float  # the largest square of a mean, seen from the origin
    apart: float  # the least difference of squared distances at which a power vanishes
    rounding: float  # of the difference of two squared distances, relative to the squares behind them


class Ends(NamedTuple):
    """The squared distance of every point from its mean, (n,) in float64, and the certificate of the labels."""

    own: np.ndarray
    certificate: StationarityCertificate


def ends_of(X: np.ndarray, labels: np.ndarray, means: np.ndarray, Z: np.ndarray, temperature: float) -> Ends:
    """Return the squared distances and the certificate of labels without a Laplacian term.

    X has shape (n, d), the means (K, d), and ``Z`` (n, K) has a 1 at each label. The affinity, which must be symmetric,
    does not matter.
    """
    wide = means.astype(np.float64, copy=False)
    origin, own, points = wide.mean(axis=0), np.empty(len(X)), kernel_input(X, np.float64)
    tiles, (seen, lengths) = tiled(points, origin), padded_means(wide - origin)
    places = tiles.shape[0] * tiles.shape[2]
    nearest, margins = np.empty(places, np.int64), np.empty(places)
    nearest_means(tiles, seen, lengths, nearest, margins)
    # sums of d products in two orders, and squares that are rounded to the dtype of the points
    rounding = 8 * (X.shape[1] + 4) * np.finfo(np.float64).eps + 4 * np.finfo(X.dtype).eps
    frame = Frame(wide, origin, 2 * float(lengths[: len(wide)].max()), VANISHES * temperature, float(rounding))
    if judge(points, kernel_input(labels), frame, (nearest, margins), own):
        costs, empty = host_costs(X, Prototypes("mean", means), X.dtype), sparse.csr_array((len(X), len(X)))
        return Ends(own, stationarity(Z, costs, empty, 0.0, temperature, None, NO_SPECTRUM))
    return Ends(own, unmoved(Z, temperature))


@kernel(error_model="numpy", fastmath={"contract", "nsz", "reassoc"})
def judge(X, labels, frame, found, own):
    r"""Set ``own`` to the squared distance of every point from its mean; return how many labels might move.

    ``found`` are the nearest means and their margins. From an origin, with squares r = \|x\|^2 + max \|m\|^2, the
    squared distances to two means differ by twice the difference of \|m\|^2 / 2 - x . m. Each of these is known up to
    fewer than 2 (d + 2) rounding errors of r, in any order of additions, here and in the costs that a certificate
    compares. What is left after that decides.
    """
    near, (nearest, margins) = 0, found
    for p in range(X.shape[0]):
        x, mean, square, size = X[p], frame.means[labels[p]], 0.0, frame.far
        for i in range(X.shape[1]):
            square += (x[i] - mean[i]) * (x[i] - mean[i])
            size += (x[i] - frame.origin[i]) * (x[i] - frame.origin[i])
        own[p] = square
        near += nearest[p] != labels[p] or not (2 * margins[p] > frame.apart + frame.rounding * size)
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
