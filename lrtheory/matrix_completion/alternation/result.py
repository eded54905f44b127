"""A completion is a pair of factors with biases; it computes entries only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, integer, must
from lrtheory.matrix_completion.alternation import offsets
from lrtheory.matrix_completion.alternation.offsets import Offsets
from lrtheory.matrix_completion.certificates import DualityGap
from lrtheory.matrix_completion.entries import regressions
from lrtheory.matrix_completion.entries.observations import positions
from lrtheory.matrix_completion.problem import CompletionProblem, Observations

__all__ = ["CompletionResult", "CompletionState"]


@result
class CompletionState(Result):
    """The state of a run that a callback sees after each iteration.

    Attributes
    ----------
    U, V : arrays of shape (m, k) and (n, k)
        The factors; U V^T is the matrix without mean and biases.
    residual : float
        Root of the sum of squares on the sample relative to that of the values, before the last half-step.
    validation_rmse : float or None
        Root mean square error on the held-out observations.
    n_iter : int
        Iterations so far.
    """

    U: np.ndarray
    V: np.ndarray
    residual: float
    validation_rmse: float | None
    n_iter: int


@result
class CompletionResult(Result):
    r"""A completed matrix, kept as factors.

    An entry is predicted as mean + row_bias + col_bias + (U V^T)_ij; without biases as (U V^T)_ij, and as the mean in
    rows and columns that were never seen.

    Attributes
    ----------
    U, V : arrays of shape (m, k) and (n, k)
        Balanced: U^T U = V^T V = diag(singular_values). Rows without observations are 0.
    singular_values : array of shape (k,)
        Of U V^T, decreasing.
    mean : float
        Of the observed values.
    row_bias, col_bias : arrays of shape (m,) and (n,), or None
        With `bias`, in units of the values.
    row_degrees, col_degrees : int64 arrays of shape (m,) and (n,)
        Numbers of observations.
    ridge : float
        Weight of the penalty.
    labels : pair of tuples of str, or None
        Names of the rows and of the columns.
    residual : float
        \|P_Omega(X - M)\| / \|P_Omega(M)\|, of what mean and biases leave.
    validation_rmse : float or None
        Root mean square error on the held-out observations.
    method, reason : str
        How the regressions were solved, and why; "propagation" where rank one needed none.
    n_iter : int
        Iterations, of two half-steps each.
    converged : bool
        Whether the residual, or its change, fell below the tolerance; with `validation` also when that error stopped
        falling.
    message : str
        How it ended, and which lines have too few observations.
    counts : mapping
        ``flops``, ``inner_iterations``, ``regressions``, ``undetermined``, ``observations``.
    certificate : DualityGap or None
        How far the objective is from the best one.
    trace : mapping or None
        ``residual``, ``inner_iterations``, ``imbalance`` and ``validation``, one entry per iteration.
    """

    U: np.ndarray
    V: np.ndarray
    singular_values: np.ndarray
    mean: float
    row_bias: np.ndarray | None
    col_bias: np.ndarray | None
    row_degrees: np.ndarray
    col_degrees: np.ndarray
    ridge: float
    labels: tuple[Sequence[str] | None, Sequence[str] | None] | None
    residual: float
    validation_rmse: float | None
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: DualityGap | None
    trace: Mapping[str, np.ndarray] | None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return len(self.U), len(self.V)

    @property
    def rank(self) -> int:
        """Number of factors."""
        return len(self.singular_values)

    def predict(self, rows: ArrayLike | int, cols: ArrayLike | int) -> np.ndarray:
        """Evaluate the completed matrix at some positions.

        Parameters
        ----------
        rows, cols : integer arrays of one shape, or integers
            Numbers of the rows and of the columns, from 0.

        Returns
        -------
        array of that shape
            Predictions, in units of the values.

        Raises
        ------
        ValueError
            If a position lies outside the matrix, or the shapes differ.
        """
        i, j = positions("rows", rows, self.shape[0]), positions("cols", cols, self.shape[1])
        if i.shape != j.shape:
            raise must("cols", f"of shape {i.shape}, as `rows`", j.shape)
        offset, degrees = Offsets(self.mean, self.row_bias, self.col_bias), (self.row_degrees, self.col_degrees)
        return offsets.predicted((i.ravel(), j.ravel()), (self.U, self.V), offset, degrees).reshape(i.shape)

    def block(self, rows: ArrayLike | None = None, cols: ArrayLike | None = None) -> np.ndarray:
        """Evaluate the completed matrix on some rows and some columns.

        Parameters
        ----------
        rows, cols : integer arrays, or None
            Numbers of the rows and of the columns, from 0; None means all.

        Returns
        -------
        array of shape (rows, cols)
            In units of the values.

        Raises
        ------
        ValueError
            If a position lies outside the matrix.
        """
        i = np.arange(self.shape[0]) if rows is None else positions("rows", rows, self.shape[0]).ravel()
        j = np.arange(self.shape[1]) if cols is None else positions("cols", cols, self.shape[1]).ravel()
        found: np.ndarray = self.U[i] @ self.V[j].T
        if self.row_bias is not None and self.col_bias is not None:
            return found + (self.mean + self.row_bias[i][:, None] + self.col_bias[j]).astype(found.dtype)
        # a line that was never seen has factor 0, and its best guess is the mean and not 0
        known = (self.row_degrees[i] > 0)[:, None] & (self.col_degrees[j] > 0)
        return np.where(known, found, found.dtype.type(self.mean))

    def bias_of(self, cols: ArrayLike, values: ArrayLike) -> float:
        """Fit the bias of a row that was not in the data, from its own entries.

        Parameters
        ----------
        cols : integer array of shape (d,)
            Columns of the entries.
        values : array of shape (d,)
            The entries.

        Returns
        -------
        float
            In units of the values; 0 for a completion without biases.

        Raises
        ------
        ValueError
            If a column lies outside the matrix, or lengths differ.
        """
        j, x = self._row(cols, values)
        if self.col_bias is None:
            return 0.0
        return float((x - self.mean - self.col_bias[j]).sum() / (len(x) + offsets.DAMPING))

    def fold_in(self, cols: ArrayLike, values: ArrayLike) -> np.ndarray:
        r"""Fit the factor of a row that was not in the data, such as a new user, from its own entries.

        Parameters
        ----------
        cols : integer array of shape (d,)
            Columns of the entries, each once.
        values : array of shape (d,)
            The entries.

        Returns
        -------
        array of shape (k,)
            u, so that ``V @ u`` completes the row; with biases add ``mean + col_bias + bias_of(cols, values)``. It
            minimizes \|V_cols u - x\|^2 + ridge \|u\|^2, and is the shortest minimizer. The factor of a column that was
            never seen is 0: an entry there does not change u, and ``V @ u`` is 0 there, where `predict` says the mean.

        Raises
        ------
        ValueError
            If a column lies outside the matrix, or lengths differ.
        """
        j, x = self._row(cols, values)
        if self.col_bias is not None:
            x = x - self.mean - self.col_bias[j] - self.bias_of(cols, values)
        weight = np.sqrt(self.ridge) * np.eye(self.rank)  # a ridge is k more equations, sqrt(ridge) u = 0
        panel, side = np.concatenate([self.V[j], weight]), np.concatenate([x, np.zeros(self.rank)])
        return regressions.least_norm(panel, side).astype(self.V.dtype)

    def top(
        self, row: int, n: int, *, exclude: Observations | CompletionProblem | SparseArray | ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the columns with the largest predictions in a row, for recommendations.

        Parameters
        ----------
        row : int
            Number of the row, from 0.
        n : int
            Number of columns, at least 1; fewer come back when fewer are left.
        exclude : Observations, CompletionProblem, sparse array, integer array, or None
            Columns to leave out: those that the row has in the observations, or these.

        Returns
        -------
        cols : int64 array of shape (n,)
            By decreasing prediction, then by number.
        values : array of shape (n,)
            The predictions.

        Raises
        ------
        ValueError
            If a position lies outside the matrix, or observations have another shape.
        """
        row, n = integer("row", row, low=0, high=self.shape[0] - 1), integer("n", n, low=1)
        left = np.ones(self.shape[1], dtype=bool)
        left[self._seen(row, exclude)] = False
        cols = np.flatnonzero(left)
        values = self.block([row], cols)[0]
        best = np.argsort(-values, kind="stable")[:n]
        return cols[best], values[best]

    def _seen(self, row: int, exclude: Any) -> np.ndarray:
        """Return the columns that `top` leaves out."""
        if exclude is None:
            return np.empty(0, dtype=np.int64)
        if isinstance(exclude, CompletionProblem):
            exclude = exclude.observations
        if sparse.issparse(exclude):
            exclude = Observations.from_sparse(exclude)
        if isinstance(exclude, Observations):
            if exclude.shape != self.shape:
                raise must("exclude", f"of shape {self.shape}, as the completed matrix", exclude.shape)
            starts, indices, _ = exclude.by_row
            return indices[starts[row] : starts[row + 1]]
        return positions("exclude", exclude, self.shape[1])

    def _row(self, cols: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check the entries of one new row: columns that differ, and as many values."""
        j = positions("cols", cols, self.shape[1])
        x = array("values", values, shape=(j.size,)).astype(np.float64)
        if len(np.unique(j)) < j.size:
            raise must("cols", "positions that differ", j)
        return j, x
