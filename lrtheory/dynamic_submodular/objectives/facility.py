"""Facility location f(S) = sum_j max_{i in S} s_ij, with all similarities or those of the nearest neighbors."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._files import FromTable, Table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, choice, integer, must, open_interval, refuse_unused
from lrtheory.dynamic_submodular.objectives.base import MOST_COLUMNS, Objective, rows_of, rows_record
from lrtheory.dynamic_submodular.objectives.reading import points_of
from lrtheory.dynamic_submodular.objectives.similarity import (
    checked_points,
    directions,
    falling,
    squared_distances,
)
from lrtheory.dynamic_submodular.selection.coarse import Coarse, coarse_rows
from lrtheory.dynamic_submodular.structures.prefixes import MAX

__all__ = ["FacilityLocation"]

#: points of a file whose similarities to each other are all kept
MOST_POINTS = 20_000
#: entries from which rows in single precision pay: a smaller matrix stays in the cache of one core
LEAST_ENTRIES = 2**17
#: the options of each metric of `FacilityLocation.from_features`
OPTIONS: dict[str, set[str]] = {"cosine": set(), "rbf": {"gamma"}}


class FacilityLocation(FromTable, Objective):
    r"""Facility location: every column j is served by the most similar chosen element, f(S) = sum_j max_{i in S} s_ij.

    Parameters
    ----------
    S : array or sparse array of shape (n, n_columns)
        Similarity of element i to column j, at least 0; what a sparse array does not hold is 0. Shift negative ones, so
        that f(empty) = 0 stays the least value.

    Attributes
    ----------
    n : int
        Number of elements.

    Raises
    ------
    ValueError
        If a similarity is negative or not finite.

    Notes
    -----
    The first lazy greedy selection (`maximize`) from all similarities copies them in single precision, half of their
    memory more, and keeps the copy: it ranks elements, and what is taken is settled in double precision.

    Files and frames hold a point in each row, with a column of names or none; similarities are those of
    `from_features`. `columns` lists those to use, the first perhaps that of the names; None takes all.

    Examples
    --------
    >>> f = FacilityLocation(np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]))
    >>> f.value([0]), f.value([0, 2]), f.gains([1]).tolist()
    (1.5, 2.5, [0.5, 0.0, 0.5])
    """

    _coarse: tuple[Any, Coarse] | None = None

    def __init__(self, S: ArrayLike | SparseArray) -> None:
        self._rows = _similarities("S", S)
        self._record = rows_record(MAX, self._rows)

    def coarse(self) -> Coarse | None:
        """Return the rows in single precision, made once; they only rank elements, whose gains stay exact.

        Returns
        -------
        Coarse or None
            None for a sparse array, whose rows are short, and for a small one.
        """
        record = self._record
        if record.is_sparse or record.n_columns > MOST_COLUMNS or len(record.data) < LEAST_ENTRIES:
            return None
        if self._coarse is None or self._coarse[0] is not record:
            self._coarse = record, coarse_rows(record, self._gains(np.zeros(0, np.int64)))
        return self._coarse[1]

    @classmethod
    def from_features(
        cls,
        X: ArrayLike,
        *,
        n_neighbors: int | None = None,
        metric: Literal["cosine", "rbf"] = "cosine",
        gamma: float | None = None,
    ) -> FacilityLocation:
        """Compute similarities of points to each other; `n_neighbors` keeps the most similar elements of each column.

        Parameters
        ----------
        X : array of shape (n, n_features)
            Points.
        n_neighbors : int or None
            Number of elements that serve a point, itself among them; None keeps all n^2 similarities. The memory is
            then n n_neighbors, so that 10^6 points fit; built by a k-d tree.
        metric : {"cosine", "rbf"}
            (1 + cos) / 2, where cos is 0 for a point at 0, or exp(-gamma squared distance).
        gamma : float or None
            Factor of the squared distance in "rbf", positive; None is 1. "cosine" refuses it.

        Returns
        -------
        FacilityLocation
            One element and one column per point.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        is_cosine = choice("metric", metric, OPTIONS) == "cosine"
        refuse_unused(metric, OPTIONS[metric], "metric", gamma=(gamma, None))
        factor = open_interval("gamma", 1.0 if gamma is None else gamma, 0.0, np.inf)
        points = checked_points(X, squares=not is_cosine)
        points = directions(points) if is_cosine else points
        n = len(points)
        if n_neighbors is None:
            cosine = (1 + np.clip(points @ points.T, -1, 1)) / 2 if is_cosine else None
            return cls(falling(factor, squared_distances(points)) if cosine is None else cosine)
        from scipy.spatial import KDTree  # here, so that importing the system stays quick

        n_neighbors = integer("n_neighbors", n_neighbors, low=1, high=n)
        # 1 - cos is half of the squared distance of points of length 1; points at 0 have an axis of their own
        lifted = np.column_stack([points, ~points.any(axis=1)]) if is_cosine else points
        distances, found = KDTree(lifted).query(lifted, k=n_neighbors)
        elements, columns = np.reshape(found, -1), np.repeat(np.arange(n), n_neighbors)
        squared = np.reshape(distances, -1) ** 2
        cosines = np.where(points[elements].any(axis=1), 1 - squared / 2, 0.0)
        data = np.clip((1 + cosines) / 2, 0, 1) if is_cosine else falling(factor, squared)
        return cls(sparse.csr_array((data, (elements, columns)), shape=(n, n)))

    @classmethod
    def _from_table(cls, table: Table, columns: Any, *, n_neighbors: int | None = None) -> FacilityLocation:
        points = points_of(table, columns)
        if n_neighbors is None and len(points.X) > MOST_POINTS:
            size = 8e-9 * len(points.X) ** 2
            rule = f"given for more than {MOST_POINTS:,} points, whose similarities fill {size:.0f} GB"
            raise must("n_neighbors", rule, n_neighbors)
        made = cls.from_features(points.X, n_neighbors=n_neighbors)
        made.names, made.origin = (
            points.names,
            f"{points.told}; similarity is (1 + cosine) / 2 of their numbers as they stand",
        )
        return made

    def append(self, rows: ArrayLike | SparseArray) -> np.ndarray:
        """Add elements; sparse rows may have new columns, which no older element serves.

        Parameters
        ----------
        rows : array or sparse array of shape (n_new, n_columns)
            Similarities of the new elements.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.

        Raises
        ------
        ValueError
            If dense rows have another number of columns, or a similarity is negative or not finite.
        """
        old, new = self._rows, _similarities("rows", rows)
        if not sparse.issparse(old) and new.shape[1] != old.shape[1]:
            raise must("rows", f"of shape (n, {old.shape[1]})", new.shape)
        if sparse.issparse(old):
            new = sparse.csr_array(new)
            width = max(old.shape[1], new.shape[1])
            both = [sparse.csr_array((m.data, m.indices, m.indptr), shape=(m.shape[0], width)) for m in (old, new)]
            self._rows = sparse.csr_array(sparse.vstack(both, format="csr"))
        else:
            self._rows = np.concatenate([old, new.toarray() if sparse.issparse(new) else new])
        self._record = rows_record(MAX, self._rows)
        return np.arange(old.shape[0], self.n)


def _similarities(name: str, S: Any) -> Any:
    """Return similarities as a dense float64 or a CSR array; refuse negative entries and an infinite sum."""
    if sparse.issparse(S):
        rows = rows_of(name, S)
    else:
        rows = array(name, to_numpy(S), shape=(None, None), low=0.0).astype(np.float64)
    with np.errstate(over="ignore"):
        total = rows.sum()
    if not np.isfinite(total):
        raise must(name, "small enough for a finite sum", float(rows.max()))
    return rows
