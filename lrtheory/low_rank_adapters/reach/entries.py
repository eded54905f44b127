"""The best W o Z with Z of a rank: entries with weights, to which Hadamard adapters, VeRA and RandLoRA come down.

With p_i q_j <= |W_ij| and Y = D / W, entry by entry, ||D - W o Z|| is at least ||diag(p) (Y - Z) diag(q)||, and
diag(p) Z diag(q) runs over all matrices of the rank as Z does. So the tail of diag(p) Y diag(q) is a lower bound
(statement HU-3), and the distance itself where p_i q_j = |W_ij|, which is so where |W| has rank one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import LARGE

__all__ = ["Entries", "Spectra", "best_entries", "fitted_entries"]

#: entries of a matrix that are worked on at once
AT_ONCE = 1 << 15
#: the share of a squared norm from which on Gram matrices lose nothing that counts
NEAR = 1e-4


class Entries(NamedTuple):
    """Squares of lower bounds, Z = left @ right, and the largest |W| / p q: 1 where bounds are attained."""

    bound: np.ndarray
    left: np.ndarray
    right: np.ndarray
    spread: float


class Spectra:
    """Decompositions of matrices that do not depend on a rank, for several ranks of one D and W."""

    def __init__(self) -> None:
        self._of: tuple[np.ndarray, np.ndarray] | None = None
        self._found: dict[tuple[int, bool], tuple[np.ndarray, np.ndarray | None]] = {}

    def begin(self, D: np.ndarray, W: np.ndarray) -> None:
        """Forget what was found for other matrices."""
        if self._of is None or not (np.array_equal(self._of[0], D) and np.array_equal(self._of[1], W)):
            self._of, self._found = (D, W), {}

    def of(self, number: int, Y: np.ndarray, *, vectors: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Eigenvalues of the Gram matrix of the smaller side, decreasing, with eigenvectors where these are needed."""
        key = number, vectors
        if key not in self._found:
            gram = _gram(Y)
            values, U = np.linalg.eigh(gram) if vectors else (np.linalg.eigvalsh(gram), None)
            self._found[key] = values[::-1], None if U is None else U[:, ::-1]
        return self._found[key]


def fitted_entries(D: np.ndarray, W: np.ndarray, rank: int, *, eps: float, spectra: Spectra | None = None) -> Entries:
    """Bound the squared distance of D from all W o Z with Z of a rank, and find a good Z.

    Parameters
    ----------
    D : array of shape (..., m, n)
        The targets.
    W : array of shape (..., m, n)
        The weights of their entries, of which the largest is near 1.
    rank : int
        Rank of Z, at least 1.
    eps : float
        The relative rounding of the weights.
    spectra : Spectra or None
        Decompositions that were made for other ranks.

    Returns
    -------
    Entries
        The bounds are of shape (...,). The entries at zeros of W stay whole (statement HU-2); the tail counts where W
        has no other zeros than rows and columns that are 0 throughout. Z is the best one where the spread is 1.
    """
    large = D.ndim == 2 and min(D.shape) >= LARGE
    alone = spectra is None and rank == 1
    spectra = spectra or Spectra()
    if large:
        spectra.begin(D, W)
    dead = W == 0
    bound = np.sum(np.where(dead, D, 0.0) ** 2, axis=(-2, -1))
    empty = dead.all(axis=-1, keepdims=True) | dead.all(axis=-2, keepdims=True)
    spread = np.inf
    if not (dead & ~empty).any():
        tails: list[Any] = []
        size = np.abs(W)
        np.copyto(size, 1.0, where=empty)
        np.log(size, out=size)
        for p, q in _weights(size, empty):
            Y, most = _quotients(D, W, size, (p, q), empty)
            spread = min(spread, most)
            if spread <= 1 + 64 * eps:
                found = best_entries(Y, 1.0, rank)
                left, right = found.left * np.exp(-p)[..., :, None], found.right * np.exp(-q)[..., None, :]
                return Entries(bound + found.bound, left, right, 1.0)
            near = _tail(spectra, len(tails), Y, rank) if large else None
            tails.append(np.sum(np.linalg.svd(Y, compute_uv=False)[..., rank:] ** 2, axis=-1) if near is None else near)
        bound = bound + np.max(tails, axis=0)
    damped, Y = W**2, D * W
    mean = np.mean(damped, axis=(-2, -1), keepdims=True)
    damped += mean
    np.divide(Y, damped, out=Y, where=mean > 0)
    if large:  # a start is no bound, and need not be exact
        vectors = _leading(_gram(Y))[1] if alone else spectra.of(-1, Y, vectors=True)[1]
        assert vectors is not None
        U = vectors[:, :rank]
        left, right = (U, U.T @ Y) if Y.shape[0] <= Y.shape[1] else (Y @ U, U.T)
        return Entries(bound, left, right, spread)
    U, S, Vt = np.linalg.svd(Y, full_matrices=False)
    return Entries(bound, U[..., :, :rank] * S[..., None, :rank], Vt[..., :rank, :], spread)


def best_entries(Y: np.ndarray, size: float, rank: int) -> Entries:
    """The best Z of a rank for ||Y - size Z||, which bounds and attains the distance for weights of one size."""
    found = _rank_one(Y) if rank == 1 and max(Y.shape[-2:]) >= LARGE else None
    if found is not None:
        left, right, tail = found
        return Entries(tail, left / size, right, 1.0)
    U, S, Vt = np.linalg.svd(Y, full_matrices=False)
    left = U[..., :, :rank] * (S[..., None, :rank] / size)
    return Entries(np.sum(S[..., rank:] ** 2, axis=-1), left, Vt[..., :rank, :], 1.0)


def _quotients(
    D: np.ndarray, W: np.ndarray, size: np.ndarray, weights: tuple[np.ndarray, np.ndarray], empty: np.ndarray
) -> tuple[np.ndarray, float]:
    """Y = diag(p) (D / W) diag(q) from logarithms, and the largest |W| / p q; a cache holds some rows at once."""
    found, (p, q), least = np.empty(D.shape), weights, 1.0
    step = max(1, AT_ONCE // D.shape[-1])
    for place in np.ndindex(D.shape[:-2]):
        for start in range(0, D.shape[-2], step):
            at = (*place, slice(start, start + step))
            below = p[at][:, None] + q[place] - size[at]
            np.exp(below, out=below)
            below[empty[at]] = 0.0
            least = min(least, float(np.min(below, where=~empty[at], initial=1.0)))
            np.copysign(below, W[at], out=below)
            np.multiply(below, D[at], out=found[at])
    return found, 1 / least


def _rank_one(Y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Factors of the best matrix of rank one for each of several, and the squares of what they leave at least.

    They come from Gram matrices of the rows; None where one of them would lose what is left.
    """
    if Y.shape[-2] > Y.shape[-1]:
        found = _rank_one(np.swapaxes(Y, -1, -2))
        return None if found is None else (np.swapaxes(found[1], -1, -2), np.swapaxes(found[0], -1, -2), found[2])
    gram = Y @ np.swapaxes(Y, -1, -2)
    most, top = _leading(gram)
    whole = np.trace(gram, axis1=-2, axis2=-1)
    left = whole - most - sum(Y.shape[-2:]) * float(np.finfo(float).eps) * whole
    if (left < NEAR * whole).any():
        return None
    return top, np.swapaxes(top, -1, -2) @ Y, left


def _leading(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalue of each of several Gram matrices, and its eigenvector as a column."""
    n = gram.shape[-1]
    if n < LARGE:
        values, U = np.linalg.eigh(gram)
        return values[..., -1], U[..., -1:]
    from scipy.linalg import eigh  # not with the system, which most callers import without it

    most, top = np.empty(gram.shape[:-2]), np.empty((*gram.shape[:-1], 1))
    for place in np.ndindex(gram.shape[:-2]):
        values, top[place] = eigh(gram[place], subset_by_index=(n - 1, n - 1), check_finite=False)
        most[place] = values[0]
    return most, top


def _gram(Y: np.ndarray) -> np.ndarray:
    """The Gram matrix of the smaller side."""
    M = Y if Y.shape[0] <= Y.shape[1] else Y.T
    return np.asarray(M @ M.T)


def _tail(spectra: Spectra, number: int, Y: np.ndarray, rank: int) -> float | None:
    """At most the sum of all but the largest squared singular values; None where it is near the rounding of a Gram."""
    values = spectra.of(number, Y, vectors=False)[0]
    whole = float(np.sum(values))
    left = float(np.sum(values[rank:])) - sum(Y.shape) * float(np.finfo(float).eps) * whole
    return left if left >= NEAR * whole else None


def _weights(size: np.ndarray, empty: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Logarithms of p and q with p_i q_j <= |W_ij|, from those of |W|; the first pair is equal to it at rank one.

    Rows and columns without an entry have p or q of 1.
    """
    live = np.maximum(np.sum(~empty, axis=-1), 1)
    pairs = []
    for rows in (size.sum(axis=-1) / live, np.zeros(size.shape[:-1])):
        columns = _least(size - rows[..., :, None], empty, -2)
        pairs.append((_least(size - columns[..., None, :], empty, -1), columns))
    return pairs


def _least(values: np.ndarray, empty: np.ndarray, axis: int) -> np.ndarray:
    least = np.where(empty, np.inf, values).min(axis=axis)
    return np.where(np.isfinite(least), least, 0.0)
