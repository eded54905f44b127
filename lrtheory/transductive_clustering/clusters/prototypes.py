r"""Prototypes of clusters, the costs of points that follow from them, and updates that never raise the energy.

===========  =============================  =====================================================================
mean         \|x - m\|^2                    weighted means: the minimizers, so the energy falls (statement TC-P7)
mode         -exp(-\|x - m\|^2 / (2 s^2))   steps of mean shift, uphill in density (statement TC-T11)
medoid       as mode                        the point where the weighted density is largest: falls from data points
bo           as mode                        the point with the largest z: free of cost and of guarantee (TC-S8)
gaussian     -log N(x; m, C)                weighted mean and covariance plus a ridge
===========  =============================  =====================================================================

Array-API code but for medoids and covariances, for one problem or a batch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["KERNELS", "PROTOTYPES", "Prototypes", "costs_of", "host_costs", "host_moved", "moved", "squared_distances"]

PROTOTYPES = ("mean", "mode", "medoid", "bo", "gaussian")
KERNELS = ("mode", "medoid", "bo")  # prototypes with a kernel, which has a bandwidth
SHIFTS = 20  # of the mean between two updates of the assignments
STILL = 1e-5  # relative move at which a mode stands
BLOCK = 2048  # points whose kernels with all others are in memory at a time
RIDGE = 1e-6  # of the mean variance, on the diagonal of covariances


class Prototypes(NamedTuple):
    """Centers (..., K, D), the bandwidth of modes, and the covariances of Gaussians."""

    kind: str
    centers: Any
    bandwidth: Any = None
    covariances: Any = None


def squared_distances(xp: Any, X: Any, M: Any) -> Any:
    r"""Return \|x - m\|^2 by products, from an origin between the prototypes, where fewer digits cancel."""
    origin = xp.mean(M, axis=-2, keepdims=True)
    X, M = X - origin, M - origin
    squares = xp.sum(X * X, axis=-1)[..., :, None] + xp.sum(M * M, axis=-1)[..., None, :]
    squares = squares - 2 * (X @ xp.matrix_transpose(M))
    return xp.where(squares > 0, squares, xp.zeros_like(squares))


def squared_sizes(moments: tuple[int, np.ndarray, float], prototypes: Prototypes) -> float:
    """Return the sum over points of the squares that cancel in `squared_distances`, whose rounding the costs inherit.

    ``moments`` are the number of points, their sum and their sum of squares. It is 0 where costs do not grow with it.
    """
    if prototypes.kind != "mean":
        return 0.0
    n, total, squares = moments
    origin = prototypes.centers.mean(axis=0, dtype=np.float64)
    centers = prototypes.centers - origin
    around = squares - 2 * float(total @ origin) + n * float(origin @ origin)
    return max(around, 0.0) + n * float((centers * centers).sum(axis=1).max())


def kernel_of(xp: Any, squares: Any, bandwidth: Any) -> Any:
    """Return exp(-squares / (2 s^2)), the Gaussian kernel of the modes."""
    return xp.exp(-squares / bandwidth / (2 * bandwidth))  # one after the other, since a square could underflow


def costs_of(xp: Any, X: Any, prototypes: Prototypes) -> Any:
    """Return A, the cost of every point in every cluster, (..., N, K)."""
    if prototypes.kind == "gaussian":
        return gaussian_costs(X, prototypes)
    squares = squared_distances(xp, X, prototypes.centers)
    return squares if prototypes.kind == "mean" else -kernel_of(xp, squares, prototypes.bandwidth)


def host_costs(X: np.ndarray, prototypes: Prototypes, dtype: Any) -> np.ndarray:
    """Return `costs_of` in float64, rounded once, since the products behind squared distances cancel."""
    wide = prototypes._replace(centers=prototypes.centers.astype(np.float64, copy=False))
    with np.errstate(over="ignore"):  # beside a narrow kernel a point is infinitely far
        return costs_of(np, X.astype(np.float64, copy=False), wide).astype(dtype, copy=False)


def host_moved(X: np.ndarray, Z: np.ndarray, prototypes: Prototypes) -> Prototypes:
    """Return `moved` computed in float64, with the centers rounded to their own dtype."""
    wide = prototypes._replace(centers=prototypes.centers.astype(np.float64, copy=False))
    with np.errstate(over="ignore"):
        found = moved(np, X.astype(np.float64, copy=False), Z.astype(np.float64, copy=False), wide)
    return found._replace(centers=found.centers.astype(prototypes.centers.dtype, copy=False))


def moved(xp: Any, X: Any, Z: Any, prototypes: Prototypes) -> Prototypes:
    """Return the prototypes after their update; a cluster without mass keeps its own."""
    if prototypes.kind == "mean":
        return prototypes._replace(centers=weighted_means(xp, X, Z, prototypes.centers))
    if prototypes.kind == "mode":
        return prototypes._replace(centers=shifted(xp, X, Z, prototypes.centers, prototypes.bandwidth))
    if prototypes.kind == "gaussian":
        return gaussians(X, Z, prototypes)
    # bo takes the point with the largest assignment, which costs nothing and promises nothing (TC-S8)
    chosen = np.argmax(Z if prototypes.kind == "bo" else densities(X, Z, prototypes.bandwidth), axis=0)
    return prototypes._replace(centers=np.where((Z.sum(axis=0) > 0)[:, None], X[chosen], prototypes.centers))


def weighted_means(xp: Any, X: Any, Z: Any, before: Any) -> Any:
    """Return sum_p z_pl x_p / sum_p z_pl, and the prototype `before` where a cluster has no mass."""
    masses = xp.sum(Z, axis=-2)[..., None]
    sums = xp.matrix_transpose(Z) @ X
    return xp.where(masses > 0, sums / xp.where(masses > 0, masses, xp.ones_like(masses)), before)


def shifted(xp: Any, X: Any, Z: Any, M: Any, bandwidth: Any) -> Any:
    """Make steps of mean shift, m <- the mean with weights z k(x, m); where all kernels underflow the mode stays."""
    done = xp.zeros((*M.shape[:-2], 1, 1), dtype=xp.bool, device=M.device)
    for _ in range(SHIFTS):
        new = weighted_means(xp, X, Z * kernel_of(xp, squared_distances(xp, X, M), bandwidth), M)
        new = xp.where(done, M, new)  # the modes of a problem that has ended stay, while others move on
        size = xp.max(xp.abs(new), axis=(-2, -1), keepdims=True)
        done = done | (xp.max(xp.abs(new - M), axis=(-2, -1), keepdims=True) <= STILL * size)
        M = new
        if bool(xp.all(done)):
            break
    return M


def densities(X: np.ndarray, Z: np.ndarray, bandwidth: Any) -> np.ndarray:
    """Return the densities sum_q z_ql k(x_q, x_p) at every point p, (N, K), computed in blocks."""
    values = np.empty_like(Z)
    for start in range(0, len(X), BLOCK):
        part = slice(start, start + BLOCK)
        values[part] = kernel_of(np, squared_distances(np, X[part], X), bandwidth) @ Z
    return values


def gaussian_costs(X: np.ndarray, prototypes: Prototypes) -> np.ndarray:
    """Return (x - m)' C^-1 (x - m) / 2 + log det C / 2, through Cholesky factors, (N, K)."""
    from scipy.linalg import solve_triangular

    costs = np.empty((len(X), len(prototypes.centers)), X.dtype)
    for c, (m, C) in enumerate(zip(prototypes.centers, prototypes.covariances, strict=True)):
        factor = np.linalg.cholesky(C)
        white = solve_triangular(factor, (X - m).T, lower=True)
        costs[:, c] = (white * white).sum(axis=0) / 2 + np.log(np.diagonal(factor)).sum()
    return costs


def gaussians(X: np.ndarray, Z: np.ndarray, before: Prototypes) -> Prototypes:
    """Return weighted means and covariances, the latter with a ridge so that they can be inverted."""
    centers = weighted_means(np, X, Z, before.centers)
    covariances = np.array(before.covariances)
    floor = ridge_of(X)
    for c, mass in enumerate(Z.sum(axis=0)):
        if mass > 0:
            off = X - centers[c]
            covariances[c] = (Z[:, c, None] * off).T @ off / mass + floor * np.eye(X.shape[1])
    return before._replace(centers=centers, covariances=covariances)


def ridge_of(X: np.ndarray) -> float:
    """Return the number that is added to the diagonal of covariances, so that they can be inverted.

    It is 1 where all points coincide.
    """
    spread = float(X.var(axis=0).mean())
    return RIDGE * spread if spread > 0 else 1.0


def bandwidth_of(X: np.ndarray, affinity: Any) -> float:
    """Return the root mean squared length of the edges; if it is 0, that of the distances to the mean, else 1."""
    edges = affinity.tocoo()
    lengths = X[edges.row].astype(np.float64) - X[edges.col]
    around = X.astype(np.float64) - X.mean(axis=0)
    for squares in ((lengths * lengths).sum(axis=1), (around * around).sum(axis=1)):
        if squares.size and squares.mean() > 0:
            return float(np.sqrt(squares.mean()))
    return 1.0
