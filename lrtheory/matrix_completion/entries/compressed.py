"""The arrays of a sample: checked, without repeated positions, and compressed by row and by column."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel_input, sparse
from lrtheory._validation import array, as_array, integer, must

__all__ = [
    "Compressed",
    "by_row_where_sorted",
    "orientations",
    "owned",
    "positions",
    "real_table",
    "real_values",
    "repeated",
    "shape_of",
    "without_repeats",
]


class Compressed(NamedTuple):
    """Observations sorted by line (row or column), in the layout of compressed sparse rows.

    Those of line i stand from starts[i] to starts[i + 1] - 1 in `indices` (the columns of a row, the rows of a column,
    from 0) and in `values`.
    """

    starts: np.ndarray
    indices: np.ndarray
    values: np.ndarray

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return len(self.starts) - 1

    @property
    def degrees(self) -> np.ndarray:
        """Number of observations of each line."""
        return self.starts[1:] - self.starts[:-1]


def by_row_where_sorted(rows: Any, cols: Any, values: Any, shape: tuple[int, int]) -> sparse.csr_array | None:
    """Compress entries by row that come row by row, and in each row from left to right; None where they do not."""
    later = rows[1:] > rows[:-1]
    if not (later | ((rows[1:] == rows[:-1]) & (cols[1:] > cols[:-1]))).all():
        return None
    return sparse.csr_array((values, cols, np.searchsorted(rows, np.arange(shape[0] + 1, dtype=rows.dtype))), shape)


def orientations(matrix: sparse.csr_array) -> tuple[Compressed, Compressed]:
    """Compress the stored entries by row and by column, each value beside its own index."""
    transposed = matrix.tocsc()
    values_by_col = transposed.data
    return (
        _compressed(matrix.indptr, matrix.indices, matrix.data),
        _compressed(transposed.indptr, transposed.indices, values_by_col),
    )


def positions(name: str, given: Any, size: int) -> np.ndarray:
    """Check numbers of rows or of columns, which count from 0 and are below `size`; an array of any shape."""
    found = as_array(name, given)
    if found.size == 0:  # an empty list is an array of floats to NumPy
        return found.astype(np.int64)
    if found.dtype.kind not in "iu":
        raise must(name, "an array of integers", found, TypeError)
    if found.min() < 0 or found.max() >= size:
        raise must(name, f"in [0, {size})", found[(found < 0) | (found >= size)].flat[0])
    return found


def real_values(values: Any) -> np.ndarray:
    """Check a vector of numbers whose squares can be added up; float32 stays, everything else becomes float64."""
    checked = array("values", values, shape=(None,))
    kept = checked if checked.dtype == np.float32 else checked.astype(np.float64, copy=False)
    largest = float(np.sqrt(np.finfo(kept.dtype).max)) / 2**20  # 2^40 such squares add up to the largest float
    return array("values", kept, low=-largest, high=largest)


def real_table(table: np.ndarray) -> np.ndarray:
    """Accept a table of Python numbers; an entry that is not a real number, such as None or NA, is named."""
    for entry in table.ravel().tolist() if table.dtype.kind == "O" else ():
        if not isinstance(entry, Real):
            raise must("values", "real numbers, with NaN where nothing was observed", entry, TypeError)
    return array("values", table, finite=False)


def owned(given: np.ndarray) -> np.ndarray:
    """Return the array itself where nobody can write to it, else a read-only copy that nobody else has."""
    # a read-only view does not suffice: its base, or the base of that, may be writable, and a write shows through
    owner: Any = given
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    kept = given if owner is None else np.array(given)
    kept.flags.writeable = False
    return kept


def shape_of(shape: Any) -> tuple[int, int]:
    """Check a number of rows and one of columns."""
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise must("shape", "a pair of positive integers", shape)
    high = 2**31 - 1  # positions are kept as int32
    return integer("shape[0]", shape[0], low=1, high=high), integer("shape[1]", shape[1], low=1, high=high)


def repeated(rows: np.ndarray, cols: np.ndarray) -> tuple[int, int]:
    """Find a position (row, column) that occurs twice."""
    order = np.lexsort((cols, rows))
    again = np.flatnonzero((np.diff(rows[order]) == 0) & (np.diff(cols[order]) == 0))[0]
    return int(rows[order[again]]), int(cols[order[again]])


def without_repeats(
    rows: np.ndarray, cols: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reduce repeated positions to one each, at the time of the last occurrence, with the mean of its values."""
    order = np.lexsort((cols, rows))  # stable: equal positions stay in the order of time
    starts = np.flatnonzero(np.r_[True, (np.diff(rows[order]) != 0) | (np.diff(cols[order]) != 0)])
    counts = np.diff(np.r_[starts, len(order)])
    means = np.add.reduceat(values[order], starts) / counts.astype(values.dtype)
    last = order[starts + counts - 1]
    time = np.argsort(last)
    return rows[last[time]], cols[last[time]], means[time]


def _compressed(starts: np.ndarray, indices: np.ndarray, values: np.ndarray) -> Compressed:
    return Compressed(kernel_input(starts, np.int64), kernel_input(indices, np.int32), kernel_input(values))
