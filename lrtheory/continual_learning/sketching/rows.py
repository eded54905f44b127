"""Rows of a stream as they come in: dense or sparse, checked once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._kernels.units import largest_of
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, as_array, fits, must

__all__ = ["Rows", "checked_rows", "energy_of", "matrix_of", "parts_of"]

#: rows that are measured: an array, nested sequences, a data frame, or a sparse matrix
Rows: TypeAlias = ArrayLike | SparseArray


def checked_rows(name: str, value: Any, n_features: int) -> Any:
    """Finite rows of the given length, as a NumPy array or a CSR array of float32 or float64."""
    if sparse.issparse(value):
        found = sparse.csr_array(value)
        if found.dtype.kind not in "fiub":
            raise must(name, "an array of real numbers", found.dtype, TypeError)
        if found.ndim != 2 or found.shape[1] != n_features:
            raise must(name, f"of shape (n, {n_features})", found.shape)
        found = _plain(found)
        if not found.has_canonical_format:
            found = found.copy()
            found.sum_duplicates()
        if not np.isfinite(found.data).all():
            place = int(np.flatnonzero(~np.isfinite(found.data))[0])
            _refuse(name, int(np.searchsorted(found.indptr, place, side="right")) - 1, found.data[place])
        return found
    found = as_array(name, to_numpy(value))
    if found.shape == (0,):  # an empty list of rows
        found = np.empty((0, n_features))
    if found.dtype.kind != "f" or not fits(found.shape, (None, n_features)):
        found = array(name, found, shape=(None, n_features))
    found = _plain(found)
    if not math.isfinite(largest_of(found)):
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        _refuse(name, row, found[row][~np.isfinite(found[row])][0])
    return found


def matrix_of(A: Any) -> Any:
    """Checked rows of any length above 0."""
    shape = A.shape if sparse.issparse(A) else as_array("A", to_numpy(A)).shape
    if len(shape) != 2 or shape[1] == 0:
        raise must("A", "of shape (T, n) with n above 0", tuple(shape))
    return checked_rows("A", A, shape[1])


def _plain(values: Any) -> Any:
    """Numbers in single precision, if they have it or less, else in double precision."""
    if values.dtype in (np.float32, np.float64):
        return values
    return values.astype(np.float32 if values.dtype == np.float16 else np.float64)


def _refuse(name: str, row: int, entry: Any) -> None:
    raise must(f"{name}[{row}]", "finite", float(entry))


def parts_of(rows: Any, size: int) -> Iterator[np.ndarray]:
    """Dense blocks of at most `size` rows, one after the other."""
    for start in range(0, rows.shape[0], size):
        part = rows[start : start + size]
        yield part.toarray() if sparse.issparse(part) else part


def energy_of(rows: np.ndarray) -> float:
    """The sum of squares, added up in double precision."""
    flat = np.asarray(rows, np.float64).ravel(order="K")
    return float(np.dot(flat, flat))
