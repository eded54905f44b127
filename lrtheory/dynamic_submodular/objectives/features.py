"""Feature-based functions f(S) = sum_d w_d phi(sum_{i in S} x_id) with a concave phi."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._files import FromTable, Table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, choice, must, open_interval, refuse_unused
from lrtheory.dynamic_submodular.objectives.base import Objective, rows_of, rows_record
from lrtheory.dynamic_submodular.objectives.reading import points_of
from lrtheory.dynamic_submodular.structures.prefixes import CONCAVE, CONCAVES

__all__ = ["FeatureBased"]

#: the options of each concave function
OPTIONS: dict[str, set[str]] = {"sqrt": set(), "log1p": set(), "min": {"limit"}}


class FeatureBased(FromTable, Objective):
    r"""Concave functions of sums of features: f(S) = sum_d w_d phi(sum_{i in S} x_id).

    Parameters
    ----------
    X : array or sparse array of shape (n, n_features)
        Amount of each feature in each element, at least 0.
    concave : {"sqrt", "log1p", "min"}
        phi; ``"min"`` is min(x, limit).
    limit : float or None
        Largest value of ``"min"``, positive; None is 1. The other functions refuse it.
    weights : array of shape (n_features,) or None
        w, at least 0; None is 1.

    Attributes
    ----------
    n : int
        Number of elements.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Notes
    -----
    Files and frames hold an element in each row, with a column of names or none, and in each other column how much it
    has of a feature; phi is the square root. `columns` lists those to use, the first perhaps that of the names; None
    takes all.

    Examples
    --------
    >>> f = FeatureBased(np.array([[4.0, 0.0], [0.0, 9.0], [5.0, 0.0]]))
    >>> f.value([0, 1]), f.gain(2, [0])
    (5.0, 1.0)
    """

    def __init__(
        self,
        X: ArrayLike | SparseArray,
        *,
        concave: Literal["sqrt", "log1p", "min"] = "sqrt",
        limit: float | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        self._concave = choice("concave", concave, CONCAVES)
        refuse_unused(self._concave, OPTIONS[self._concave], "concave", limit=(limit, None))
        self._limit = open_interval("limit", 1.0 if limit is None else limit, 0.0, np.inf)
        rows = _amounts("X", X)
        width = rows.shape[1]
        checked = np.ones(width) if weights is None else array("weights", to_numpy(weights), shape=(width,), low=0.0)
        self.weights = checked.astype(np.float64)
        self._set_rows("X", rows)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> FeatureBased:
        points = points_of(table, columns, low=0.0)
        made = cls(points.X)
        made.names, made.origin = points.names, f"{points.told}; each of their numbers counts by its square root"
        return made

    def append(self, rows: ArrayLike | SparseArray) -> np.ndarray:
        """Add elements.

        Parameters
        ----------
        rows : array or sparse array of shape (n_new, n_features)
            Features of the new elements, at least 0.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.

        Raises
        ------
        ValueError
            If a number is negative or not finite, or the number of features differs.
        """
        old, new = self._rows, _amounts("rows", rows)
        if new.shape[1] != old.shape[1]:
            raise must("rows", f"of shape (n, {old.shape[1]})", new.shape)
        if sparse.issparse(old):
            self._set_rows("rows", sparse.csr_array(sparse.vstack([old, sparse.csr_array(new)], format="csr")))
        else:
            self._set_rows("rows", np.concatenate([old, new.toarray() if sparse.issparse(new) else new]))
        return np.arange(old.shape[0], self.n)

    def _set_rows(self, name: str, rows: Any) -> None:
        """Check that f of all elements together, its largest value, is finite, and keep the rows."""
        phi: Any = {"sqrt": np.sqrt, "log1p": np.log1p, "min": lambda x: np.minimum(x, self._limit)}[self._concave]
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.asarray(rows.sum(axis=0))
            is_finite = np.isfinite(sums).all() and np.isfinite((self.weights * phi(sums)).sum())
        if not is_finite:
            raise must(name, "small enough for a finite value of all elements", float(rows.max()))
        self._rows = rows
        number = CONCAVES.index(self._concave)
        self._record = rows_record(CONCAVE, rows, concave=number, scale=self._limit, weights=self.weights)


def _amounts(name: str, X: Any) -> Any:
    """Return features as a dense float64 or a CSR array; refuse negative entries."""
    if sparse.issparse(X):
        return rows_of(name, X)
    return array(name, to_numpy(X), shape=(None, None), low=0.0).astype(np.float64)
