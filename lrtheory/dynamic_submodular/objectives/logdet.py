"""Log-determinants f(S) = log det(I + scale K_SS), which measure the diversity of points under a kernel."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import sparse, to_numpy
from lrtheory._files import FromTable, Table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, choice, must, open_interval, refuse_unused
from lrtheory.dynamic_submodular.objectives.base import Objective, rows_record
from lrtheory.dynamic_submodular.objectives.reading import points_of
from lrtheory.dynamic_submodular.objectives.similarity import (
    checked_points,
    directions,
    falling,
    squared_distances,
)
from lrtheory.dynamic_submodular.structures.prefixes import LOGDET

__all__ = ["LogDet"]

#: the options of each metric of `LogDet.from_features`, besides `scale`
OPTIONS: dict[str, set[str]] = {"cosine": set(), "rbf": {"gamma"}, "linear": set()}

#: tolerances, times the largest entry: how negative eigenvalues may be, as those of float32 kernels are, and how far
#: entries may differ from those across the diagonal
NEGLIGIBLE, ASYMMETRY = 1e-6, 1e-10


class LogDet(FromTable, Objective):
    r"""Log-determinant: f(S) = log det(I + scale K_SS); the identity makes it monotone with f(empty) = 0.

    Parameters
    ----------
    K : array or sparse array of shape (n, n)
        Symmetric, and positive semidefinite up to 1e-6 of its largest entry; checked by one Cholesky decomposition,
        n^3 / 3 multiplications.
    scale : float
        Positive.

    Attributes
    ----------
    n : int
        Number of elements.

    Raises
    ------
    ValueError
        If `K` is not symmetric and positive semidefinite, or `scale` is not positive.

    Notes
    -----
    Files and frames hold a point in each row, with a column of names or none; the kernel is "rbf", as in
    `from_features`. `columns` lists those to use, the first perhaps that of the names; None takes all.

    Examples
    --------
    >>> f = LogDet(np.array([[1.0, 0.0], [0.0, 3.0]]))
    >>> np.round([np.exp(f.value([0, 1])), np.exp(f.gain(1, [0]))], 9).tolist()
    [8.0, 4.0]
    """

    def __init__(self, K: ArrayLike | SparseArray, *, scale: float = 1.0) -> None:
        self._scale = open_interval("scale", scale, 0.0, np.inf)
        self._set_rows("K", K)

    @classmethod
    def from_features(
        cls,
        X: ArrayLike,
        *,
        metric: Literal["cosine", "rbf", "linear"] = "rbf",
        gamma: float | None = None,
        scale: float = 1.0,
    ) -> LogDet:
        """Make the function of the diversity of points.

        Parameters
        ----------
        X : array of shape (n, n_features)
            Points.
        metric : {"cosine", "rbf", "linear"}
            Kernel: cos, 0 for a point at 0; exp(-gamma squared distance); or the inner product.
        gamma : float or None
            Factor of the squared distance in "rbf", positive; None is 1. The other metrics refuse it.
        scale : float
            Positive.

        Returns
        -------
        LogDet
            One element per point.

        Raises
        ------
        ValueError
            If a number is out of range.

        Examples
        --------
        >>> f = LogDet.from_features([[1.0, 0.0], [0.0, 2.0]], metric="cosine")
        >>> bool(np.isclose(f.value([0, 1]), np.log(4)))
        True
        """
        is_rbf = choice("metric", metric, OPTIONS) == "rbf"
        refuse_unused(metric, OPTIONS[metric], "metric", gamma=(gamma, None))
        factor = open_interval("gamma", 1.0 if gamma is None else gamma, 0.0, np.inf)
        points = checked_points(X, squares=is_rbf)
        made = cls(np.zeros((0, 0)), scale=scale)
        if is_rbf:
            made._set_rows("K", falling(factor, squared_distances(points)), is_kernel=True)
        else:
            rows = directions(points) if metric == "cosine" else points
            with np.errstate(over="ignore"):  # what overflows is refused
                products = rows @ rows.T
            made._set_rows("K", products, is_kernel=True)
        return made

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> LogDet:
        points = points_of(table, columns)
        made = cls.from_features(points.X)
        made.names, made.origin = (
            points.names,
            f"{points.told}; similarity is exp(-squared distance) of their numbers as they stand",
        )
        return made

    def append(self, rows: ArrayLike | SparseArray) -> np.ndarray:
        """Add elements.

        Parameters
        ----------
        rows : array or sparse array of shape (n_new, n + n_new)
            Kernel values of each new element with the old ones and with all new ones.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.

        Raises
        ------
        ValueError
            If the larger matrix is not symmetric and positive semidefinite, which takes as long as for a new one: add
            many elements at once.
        """
        n = self.n
        new = _dense("rows", rows)
        if new.shape[1] != n + len(new):
            raise must("rows", f"of shape ({len(new)}, {n + len(new)})", new.shape)
        self._set_rows("rows", np.block([[self._rows, new[:, :n].T], [new]]))
        return np.arange(n, self.n)

    def _set_rows(self, name: str, K: Any, *, is_kernel: bool = False) -> None:
        """Check and keep a matrix; one made by `from_features` (`is_kernel`) is known to be semidefinite."""
        rows = _dense(name, K)
        most = float(np.abs(rows).max(initial=0.0))
        if rows.shape[0] != rows.shape[1] or not (np.abs(rows - rows.T) <= ASYMMETRY * most).all():
            raise must(name, "a symmetric array", rows)
        if not np.isfinite(self._scale * most):
            raise must("scale", f"small enough for finite multiples of {most}", self._scale)
        if (rows.diagonal() < 0).any():
            raise must(name, "of a diagonal of at least 0", float(rows.diagonal().min()))
        # with a shifted diagonal the decomposition exists if no eigenvalue is below minus the shift
        try:
            if not is_kernel and most > 0:
                np.linalg.cholesky(rows / most + NEGLIGIBLE * np.eye(len(rows)))
        except np.linalg.LinAlgError as error:
            raise must(name, "positive semidefinite", rows) from error
        self._rows = rows
        self._record = rows_record(LOGDET, rows, scale=self._scale)


def _dense(name: str, K: Any) -> np.ndarray:
    """Return a dense float64 matrix, from sparse data too, since kernels of LOGDET address any entry."""
    return array(name, K.toarray() if sparse.issparse(K) else to_numpy(K), shape=(None, None)).astype(np.float64)
