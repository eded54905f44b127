"""The edges of an affinity as rows of a sparse matrix, and whether an affinity is symmetric up to rounding."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, sparse

__all__ = ["ASYMMETRY", "Edges", "absolute_sums", "asymmetry", "csr_parts", "is_symmetric", "without_asymmetry"]

ASYMMETRY = 16  # rounding errors of the largest entry by which a symmetric affinity may differ from its transpose


class Edges(NamedTuple):
    """An affinity in compressed rows: row p has the entries starts[p] .. starts[p + 1] - 1 of columns and values."""

    starts: np.ndarray  # int64 (N + 1,)
    columns: np.ndarray  # uint32 (nnz,): compiled code would test a signed index for counting from the end
    values: np.ndarray  # (nnz,), of any kind of number


def is_symmetric(xp: Any, W: Any) -> Any:
    """Whether each matrix of a batch equals its transpose up to rounding; matrices of exact numbers must be equal."""
    if sparse.issparse(W):
        return asymmetry(W) <= ASYMMETRY
    if str(W.dtype) == "object":
        return bool((W == W.T).all())
    size = xp.max(xp.abs(W), axis=(-2, -1))
    off = xp.max(xp.abs(W - xp.matrix_transpose(W)), axis=(-2, -1))
    return off <= ASYMMETRY * xp.finfo(W.dtype).eps * size


def asymmetry(W: Any) -> float:
    """The largest entry of W - W^T for a sparse W, in rounding errors of its largest entry."""
    if not W.nnz:
        return 0.0
    W = _rows_of(W)
    if not W.has_canonical_format:  # columns in order, each once
        W = W.copy()
        W.sum_duplicates()
    off, size = unlike_transpose(csr_parts(W))
    return off / (size or 1.0) / float(np.finfo(W.dtype).eps)


@kernel(error_model="numpy")
def unlike_transpose(edges):
    """Return the largest |w_pq - w_qp| and the largest |w_pq|; columns are in order.

    Rows come in order too, so the partners (q, p) of the entries (p, q) with p < q lie along row q: a cursor for each
    row finds them, and an entry that a cursor passes by or never reaches has no partner.
    """
    starts, columns, values = edges.starts, edges.columns, edges.values
    n, off, size = starts.shape[0] - 1, 0.0, 0.0
    cursors = starts[:n].copy()
    for e in range(values.shape[0]):
        size = max(size, abs(np.float64(values[e])))
    for p in range(n):
        e, end = cursors[p], starts[p + 1]
        while e < end and columns[e] < p:  # no row above asked for it
            off = max(off, abs(np.float64(values[e])))
            e += 1
        if e < end and columns[e] == p:
            e += 1
        while e < end:
            q, w = columns[e], np.float64(values[e])
            at, last = cursors[q], starts[q + 1]
            while at < last and columns[at] < p:
                off = max(off, abs(np.float64(values[at])))
                at += 1
            if at < last and columns[at] == p:
                w -= np.float64(values[at])
                at += 1
            off = max(off, abs(w))
            cursors[q] = at
            e += 1
    return off, size


def without_asymmetry(xp: Any, W: Any) -> Any:
    """The mean of W and its transpose where they differ by rounding alone, so that an energy exists; else W."""
    if sparse.issparse(W):
        if not 0 < asymmetry(W) <= ASYMMETRY:
            return W
        mean = sparse.csr_array((W + W.T) / 2).astype(W.dtype)
        mean.sort_indices()
        return mean
    nearly = is_symmetric(xp, W)[..., None, None]
    return xp.where(nearly, (W + xp.matrix_transpose(W)) / 2, W)


def _rows_of(W: Any) -> Any:
    """Return a sparse matrix in compressed rows, the same one where it is, since it remembers that it is in order."""
    return W if W.format == "csr" else sparse.csr_array(W)


def csr_parts(affinity: Any) -> Edges:
    """Return the edges of an affinity, dense or sparse, as read-only arrays; exact numbers stay exact."""
    if sparse.issparse(affinity):
        W = _rows_of(affinity)
        if not W.has_sorted_indices:
            W = W.sorted_indices()
        # indices of 32 bits are never negative, so that their bits are those of unsigned ones: no copy
        columns = W.indices.view(np.uint32) if W.indices.dtype == np.int32 else W.indices
        return Edges(kernel_input(W.indptr, np.int64), kernel_input(columns, np.uint32), kernel_input(W.data))
    W = np.asarray(affinity)
    rows, cols = np.nonzero(W)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(W)))])
    return Edges(kernel_input(starts, np.int64), kernel_input(cols, np.uint32), kernel_input(W[rows, cols]))


@kernel(error_model="numpy", fastmath={"contract", "nsz"})
def absolute_sums(edges, v, largest):
    """Return |W| v / largest, (N,) in double precision; quotients by the largest entry stay within the range."""
    starts, columns, values = edges.starts, edges.columns, edges.values
    sums = np.empty(starts.shape[0] - 1)
    for p in range(sums.shape[0]):
        total = 0.0
        for e in range(starts[p], starts[p + 1]):
            total += np.float64(abs(values[e])) / largest * v[columns[e]]
        sums[p] = total
    return sums
