"""Products with perturbations of low rank that never form them: forward passes of members, and weighted sums."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["added_passes", "weighted_products"]

#: rows that are summed in single precision before they join a sum in double precision
ROWS = 256

Chosen = tuple[np.ndarray, np.ndarray]


def added_passes(
    X: np.ndarray, W: np.ndarray, A: np.ndarray, B: np.ndarray, scale: Any, chosen: Chosen | None, mirrored: bool
) -> np.ndarray:
    """Apply members to inputs; `chosen` holds the pair and the sign of each, None means all members."""
    P = len(A)
    if chosen is None:
        pairs = np.arange(P).repeat(2) if mirrored else np.arange(P)
        signs = np.tile([1, -1], P) if mirrored else np.ones(P, dtype=np.int64)
    else:
        pairs, signs = chosen
    c = (scale * signs.astype(object if X.dtype == object else X.dtype))[:, None, None]
    Z = np.matmul(X, B[pairs])
    return np.asarray(np.matmul(X, W.T) + c * np.matmul(Z, A[pairs].swapaxes(1, 2)))


def weighted_products(A: np.ndarray, B: np.ndarray | None, d: np.ndarray) -> np.ndarray:
    """Return sum_p d_p A_p B_p^T as one product, or sum_p d_p A_p without B."""
    right = np.ones((len(A), 1, 1)) if B is None else B
    left = (A[:, :, None] if B is None else A).swapaxes(1, 2)
    P, r, m = left.shape
    left = (left * d[:, None, None]).reshape(P * r, m)
    flat = right.swapaxes(1, 2).reshape(P * r, -1)
    if left.dtype != np.float32 or B is None or P * r <= ROWS:
        total = left.T @ flat if B is not None else left.sum(axis=0)
        return np.asarray(total)
    total = np.zeros((m, flat.shape[1]))
    for start in range(0, P * r, ROWS):
        total += left[start : start + ROWS].T @ flat[start : start + ROWS]
    return total.astype(np.float32)
