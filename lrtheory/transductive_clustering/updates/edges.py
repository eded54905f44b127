"""The edges of an affinity as rows of a sparse matrix, and whether an affinity is symmetric up to rounding."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input, sparse

__all__ = [
    "ASYMMETRY",
    "Edges",
    "Mirror",
    "asymmetry",
    "csr_parts",
    "is_symmetric",
    "mirrored",
    "sizes_of",
    "symmetrized",
    "unit_of",
    "without_asymmetry",
]

ASYMMETRY = 16  # rounding errors of the largest entry by which a symmetric affinity may differ from its transpose


class Edges(NamedTuple):
    """An affinity in compressed rows: row p has the entries starts[p] .. starts[p + 1] - 1 of columns and values."""

    starts: np.ndarray  # int64 (N + 1,)
    columns: np.ndarray  # uint32 (nnz,): compiled code would test a signed index for counting from the end
    values: np.ndarray  # (nnz,), of any kind of number


class Mirror(NamedTuple):
    """The difference between a sparse matrix W and its transpose, and what else one look at both finds."""

    asymmetry: float  # the largest entry of W - W^T, in rounding errors of the largest entry
    largest: float  # entry of |W|
    diagonal: np.ndarray  # (N,), of W


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
    return mirrored(W).asymmetry


def mirrored(W: Any) -> Mirror:
    """Compare a sparse matrix with its transpose."""
    W, diagonal = _rows_of(W), np.zeros(W.shape[0], W.dtype)
    if not W.nnz:
        return Mirror(0.0, 0.0, diagonal)
    if not W.has_canonical_format:  # columns in order, each once
        W = W.copy()
        W.sum_duplicates()
    off, size = unlike_transpose(csr_parts(W), diagonal)
    return Mirror(off / (size or 1.0) / float(np.finfo(W.dtype).eps), size, diagonal)


@kernel(error_model="numpy")
def unlike_transpose(edges, diagonal):
    """Return the largest |w_pq - w_qp| and |w_pq|, and set a diagonal of zeros to the w_pp; columns are in order.

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
            diagonal[p] = values[e]
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
    return symmetrized(xp, W)[0]


def symmetrized(xp: Any, W: Any) -> tuple[Any, Mirror | None]:
    """`without_asymmetry`, and how the result compares with its transpose, where it is sparse."""
    if sparse.issparse(W):
        known = mirrored(W)
        if not 0 < known.asymmetry <= ASYMMETRY:
            return W, known
        mean = sparse.csr_array((W + W.T) / 2).astype(W.dtype)
        mean.sort_indices()
        return mean, mirrored(mean)
    nearly = is_symmetric(xp, W)[..., None, None]
    return xp.where(nearly, (W + xp.matrix_transpose(W)) / 2, W), None


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


def unit_of(largest: float) -> float:
    """Return a power of two that brings the largest entry into [1 / 2, 1), or as near as the range of doubles lets it.

    Products with it round nothing, and sums of entries in this unit stay within the range.
    """
    return float(np.ldexp(1.0, -int(np.clip(np.frexp(largest)[1], -1022, 1022))))


def sizes_of(W: Any) -> Any:
    """Return |W| of a sparse W by rows, in double precision; W itself where that is the same."""
    W = _rows_of(W)
    if W.dtype == np.float64 and W.data.min(initial=0) >= 0:
        return W
    return sparse.csr_array((np.abs(W.data).astype(np.float64, copy=False), W.indices, W.indptr), shape=W.shape)
