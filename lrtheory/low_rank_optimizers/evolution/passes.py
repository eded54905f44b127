"""Products with perturbations of low rank that never form them: forward passes of members, and weighted sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory.low_rank_optimizers.evolution.kernels import add_products

__all__ = ["member_outputs", "weighted_products"]

#: rows that are summed in single precision before they join a sum in double precision
ROWS = 256


def member_outputs(
    X: np.ndarray,
    W: np.ndarray,
    A: np.ndarray,
    B: np.ndarray,
    pairs: np.ndarray,
    scales: np.ndarray,
    out: np.ndarray,
) -> np.ndarray:
    """Write outputs of members, each of them with its pair and with plus or minus the scale, to `out`."""
    kind, shared = out.dtype, X.ndim == 2
    if kind.kind == "O":
        moved = np.matmul(np.matmul(X, B[pairs]), A[pairs].swapaxes(1, 2))
        return np.add(np.matmul(X, W.T), scales[:, None, None] * moved, out=out)
    X, W = X.astype(kind, copy=False), W.astype(kind, copy=False)
    left, right = _rows(A, kind), _rows(B, kind)
    P, r, m = left.shape
    if shared:
        middle, Z, starts, step = X @ W.T, X @ right.reshape(P * r, -1).T, pairs * r, P * r
    else:
        middle = np.empty((0, m), kind)
        np.matmul(X.reshape(-1, X.shape[-1]), W.T, out=out.reshape(-1, m))
        Z, starts, step = _own(X, right, pairs), np.arange(len(pairs)) * (X.shape[1] * r), r
    add_products(out, *map(kernel_input, (middle, Z.reshape(-1), starts, left, pairs, scales)), step, shared)
    return out


def _rows(factor: np.ndarray, kind: Any) -> np.ndarray:
    """Columns of factors as rows, which those that were drawn are in memory."""
    return np.ascontiguousarray(factor.swapaxes(1, 2), dtype=kind)


def _own(X: np.ndarray, right: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Inputs of each member times its right factor, (members, batch, r)."""
    P, n = len(right), right.shape[2]
    if len(pairs) == 2 * P and (pairs == np.arange(P).repeat(2)).all():  # both members of a pair at once
        return np.matmul(X.reshape(P, -1, n), right.swapaxes(1, 2))
    return np.matmul(X, right[pairs].swapaxes(1, 2))


def weighted_products(A: np.ndarray, B: np.ndarray | None, d: np.ndarray) -> np.ndarray:
    """Return sum_p d_p A_p B_p^T as one product, or sum_p d_p A_p without B."""
    if B is None:
        return np.asarray(d @ A) if d.dtype != np.float32 else (d.astype(np.float64) @ A).astype(np.float32)
    kind = np.result_type(A, B, d)
    left, right = A.swapaxes(1, 2) * d[:, None, None], B.swapaxes(1, 2).astype(kind, copy=False)
    left, right = left.reshape(-1, A.shape[1]), right.reshape(-1, B.shape[1])
    if kind != np.float32 or len(left) <= ROWS:
        return np.asarray(left.T @ right)
    total = np.zeros((left.shape[1], right.shape[1]))
    for start in range(0, len(left), ROWS):
        total += left[start : start + ROWS].T @ right[start : start + ROWS]
    return total.astype(np.float32)
