"""A completion is a pair of factors with biases; it computes entries only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import sparse
from lrtheory._result import Result, display, result
from lrtheory._result.saved import read_whole
from lrtheory._types import ArrayLike, Frame, SparseArray
from lrtheory._validation import array, integer, must, open_interval, path_of
from lrtheory.matrix_completion.alternation import new_rows, offsets, scores
from lrtheory.matrix_completion.alternation.certificates import CompletionCertificate
from lrtheory.matrix_completion.alternation.offsets import Offsets
from lrtheory.matrix_completion.alternation.predictions import FilledMatrix, Recommendations, best_of
from lrtheory.matrix_completion.alternation.scores import Score
from lrtheory.matrix_completion.entries.compressed import positions
from lrtheory.matrix_completion.entries.ids import Ids, ids_at, is_text, named, numbers_of
from lrtheory.matrix_completion.entries.reading import Pairs, is_named_frame, is_path
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.problem import CompletionProblem, Observations, as_observations

__all__ = ["CompletionResult", "CompletionState"]

SHOWN = 3  # columns that are named for each end of a factor
AT_ONCE = 2**22  # entries that are predicted together where all of a matrix are wanted
#: ids of rows or of columns, or their numbers
Lines = ArrayLike | Sequence[str] | int | str
#: columns that are not to be recommended: those that rows have in observations, or the same ones in all rows
Excluded = Observations | CompletionProblem | SparseArray | Frame | Mapping[str, Sequence[Any]] | ArrayLike | None


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
    rows and columns that were never seen. With a `value_range`, predictions outside of it are moved to its nearer end.

    `to_file` writes it whole as .npz, and `from_file` reads it back; other forms hold the table of factors alone.

    Rows and columns are named by their numbers from 0, or by their names where there are `names`. Those of a file or a
    frame are named by their ids alone, be these integers or text.

    Attributes
    ----------
    U, V : arrays of shape (m, k) and (n, k)
        Balanced: U^T U = V^T V = diag(singular_values). Rows without observations are 0.
    singular_values : array of shape (k,)
        Singular values of U V^T, decreasing.
    mean : float
        Mean of the observed values.
    row_bias, col_bias : arrays of shape (m,) and (n,), or None
        Biases of the rows and columns for `bias`, in units of the values; with a ridge fitted along with the factors.
    biases_alone : pair of arrays of shape (m,) and (n,), or None
        Biases of the rows and columns for `bias`, fitted before the factors, for `score`.
    row_degrees, col_degrees : int64 arrays of shape (m,) and (n,)
        Numbers of observations.
    ridge : float
        Weight of the penalty.
    names : pair of tuples of str, or None
        Names of the rows and of the columns.
    value_range : pair of float, or None
        The range in which predictions are kept.
    residual : float
        \|P_Omega(X - M)\| / \|P_Omega(M)\|, of what mean and biases leave.
    validation_rmse : float or None
        Root mean square error on the observations of `validation`.
    tested : Score or None
        Errors on observations that were held out from the fit and from what chose rank and ridge. They are those of the
        same rank and ridge, fitted without these observations; `U` and `V` were fitted to all.
    tried : mapping or None
        ``rank``, ``ridge`` and ``rmse`` of all fits among which held-out observations chose, in their order.
    method, reason : str
        Solver of the regressions, and the reason for it; "propagation" where rank one needed none.
    n_iter : int
        Iterations, of two half-steps each.
    converged : bool
        Whether the residual, or its change, fell below the tolerance; with `validation` also when that error stopped
        falling.
    message : str
        Reason for the end of the run, and the lines that have too few observations.
    counts : mapping
        ``flops``, ``inner_iterations``, ``regressions``, ``undetermined``, ``observations``.
    certificate : CompletionCertificate or None
        Bound on the distance of the objective from the best one.
    trace : mapping or None
        ``residual``, ``inner_iterations``, ``imbalance`` and ``validation``, one entry per iteration.
    """

    U: np.ndarray
    V: np.ndarray
    singular_values: np.ndarray
    mean: float
    row_bias: np.ndarray | None
    col_bias: np.ndarray | None
    biases_alone: tuple[np.ndarray, np.ndarray] | None
    row_degrees: np.ndarray
    col_degrees: np.ndarray
    ridge: float
    names: tuple[Sequence[str] | None, Sequence[str] | None] | None
    value_range: tuple[float, float] | None
    residual: float
    validation_rmse: float | None
    tested: Score | None
    tried: Mapping[str, np.ndarray] | None
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: CompletionCertificate | None
    trace: Mapping[str, np.ndarray] | None

    _is_more = True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return len(self.U), len(self.V)

    @property
    def rank(self) -> int:
        """Number of factors."""
        return len(self.singular_values)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> CompletionResult:
        """Read a completion that `to_file` wrote.

        Parameters
        ----------
        path : path
            The .npz file.

        Returns
        -------
        CompletionResult
            Equal to the one that was written.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or holds something else.
        """
        found: CompletionResult = read_whole(path_of("path", path), cls)
        (m, k), n = found.U.shape, len(found.V)
        sides = (found.row_bias, found.row_degrees, m), (found.col_bias, found.col_degrees, n)
        fits = found.V.shape[1] == k and all(
            len(degrees) == size and (bias is None or len(bias) == size) for bias, degrees, size in sides
        )
        ids = found.names or (None, None)
        if not fits or any(side is not None and len(side) != size for side, size in zip(ids, (m, n), strict=True)):
            raise ValueError(f"{path}: no CompletionResult: its factors, biases and ids are of different lengths")
        return found

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        """The factors, each with the columns at its two ends, by which a person recognizes it."""
        # a factor and its negative are one; here the entry of largest size is at the high end
        largest = np.take_along_axis(self.V, abs(self.V).argmax(axis=0)[None], axis=0)
        order = np.argsort(self.V * np.where(largest < 0, -1, 1), axis=0, kind="stable")
        ids = self._ids(1)
        return {
            "factor": list(range(1, self.rank + 1)),
            "singular_value": self.singular_values.tolist(),
            "highest": [named(ids, order[::-1][:SHOWN, c], SHOWN) for c in range(self.rank)],
            "lowest": [named(ids, order[:SHOWN, c], SHOWN) for c in range(self.rank)],
        }

    def _facts(self) -> list[str]:
        facts = [] if self.tested is None else [self._errors(self.tested), *Result._facts(self.tested)]
        if self.tried is not None:
            facts.append(self._ladder(self.tried))
        if self.certificate is not None and self.ridge > 0:
            objective, gap, statement = self.certificate.achieved, self.certificate.gap, self.certificate.statement
            facts.append(f"the objective {objective:.6g} is within {gap:.3g} of the best of any rank ({statement})")
        return [*facts, *self.message.split("; ")]

    def _errors(self, tested: Score) -> str:
        shares = zip(tested.models, tested.rmse, tested.lower, tested.upper, strict=True)
        return "held-out error: " + ", ".join(f"{m} {e:.4g} [{low:.4g}, {high:.4g}]" for m, e, low, high in shares)

    def _ladder(self, tried: Mapping[str, np.ndarray]) -> str:
        """The best error of each rank that was tried."""
        parts = []
        for rank in np.unique(tried["rank"]):
            best = min(np.flatnonzero(tried["rank"] == rank), key=tried["rmse"].__getitem__)
            parts.append(f"rank {rank} {tried['rmse'][best]:.4g} (ridge {tried['ridge'][best]:.3g})")
        return "errors that chose: " + ", ".join(parts)

    def _draw(self, ax: Any) -> None:
        if self.trace is None:
            display.bars(
                ax,
                [f"factor {c}" for c in range(1, self.rank + 1)],
                self.singular_values.tolist(),
                label="singular value",
            )
            return
        lines = {name: self.trace[name].tolist() for name in ("residual", "validation") if name in self.trace}
        display.curves(ax, range(1, len(self.trace["residual"]) + 1), lines, xlabel="iteration")

    def _ids(self, side: int) -> Sequence[Any] | None:
        return None if self.names is None else self.names[side]

    def _numbers(self, name: str, given: Any, side: int) -> np.ndarray:
        """The numbers of rows (side 0) or of columns that are named by ids, by names or by numbers."""
        ids = self._ids(side)
        if ids is not None and (isinstance(ids, Ids) or is_text(given)):
            return numbers_of(name, given, ids, ("rows", "columns")[side])
        return positions(name, given, self.shape[side])

    def predict(
        self,
        rows: Lines | Observations | CompletionProblem | Pairs | Frame | Mapping[str, Sequence[Any]] | PathLike[str],
        cols: Lines | None = None,
    ) -> np.ndarray:
        """Evaluate the completed matrix at some positions.

        Parameters
        ----------
        rows : array of integers or ids, integer, id, or Observations, Pairs, data frame or path
            The rows of the positions; or both their rows and columns, which may then be unknown to the completion.
        cols : array of that shape, integer or id, or None
            The columns; None where `rows` has both.

        Returns
        -------
        array of that shape
            Predictions, in units of the values; of a frame or a file one for each line, in their order.

        Raises
        ------
        TypeError
            If there are no `cols` and `rows` has only rows.
        ValueError
            If a position lies outside the matrix, no row or column has an id, or the shapes differ.
        """
        if cols is None:
            return self._kept(self._raw(*self._both("rows", rows)))
        i, j = self._numbers("rows", rows, 0), self._numbers("cols", cols, 1)
        if i.shape != j.shape:
            raise must("cols", f"of shape {i.shape}, as `rows`", j.shape)
        return self._kept(self._raw(i.ravel(), j.ravel())).reshape(i.shape)

    def _both(self, name: str, given: Any) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows and of the columns of pairs; -1 for those that the completion does not know."""
        if isinstance(given, CompletionProblem):
            given = given.observations
        if is_path(given):
            given = Pairs.from_file(given)
        elif is_named_frame(given):
            given = Pairs.from_frame(given)
        if isinstance(given, Pairs):
            if self.names is None:
                raise must(name, "numbers, since rows and columns of the completion have no ids", given)
            words = zip(("rows", "cols"), (given.rows, given.cols), self.names, strict=True)
            i, j = (numbers_of(word, cells, ids or (), "lines", missing=True) for word, cells, ids in words)
            return i, j
        if not isinstance(given, Observations):
            raise must(name, "Observations, Pairs, a frame or a path, where there are no `cols`", given, TypeError)
        return given.numbers_in(self.names, self.shape)

    def _raw(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Predictions at N positions, not yet moved into the range of values; -1 is a line that was never seen."""
        parts: Any = [self.U, self.V, self.row_bias, self.col_bias, self.row_degrees, self.col_degrees]
        if (len(i) and i.min() < 0) or (len(j) and j.min() < 0):
            # one more line without factor, bias and observations, which -1 then means
            parts = [None if p is None else np.concatenate([p, np.zeros_like(p[:1])]) for p in parts]
            i, j = np.where(i < 0, self.shape[0], i), np.where(j < 0, self.shape[1], j)
        U, V, of_rows, of_cols, *degrees = parts
        return offsets.predicted((i, j), (U, V), Offsets(self.mean, of_rows, of_cols), (degrees[0], degrees[1]))

    def _kept(self, predicted: np.ndarray) -> np.ndarray:
        return predicted if self.value_range is None else np.clip(predicted, *self.value_range)

    def block(self, rows: Lines | None = None, cols: Lines | None = None) -> np.ndarray:
        """Evaluate the completed matrix on some rows and some columns.

        Parameters
        ----------
        rows, cols : arrays of integers or ids, or None
            The rows and the columns; None means all.

        Returns
        -------
        array of shape (rows, cols)
            Predictions, in units of the values.

        Raises
        ------
        ValueError
            If a position lies outside the matrix, or no row or column has an id.
        """
        i = np.arange(self.shape[0]) if rows is None else self._numbers("rows", rows, 0).ravel()
        j = np.arange(self.shape[1]) if cols is None else self._numbers("cols", cols, 1).ravel()
        return self._kept(self._raw_block(i, j))

    def _raw_block(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Predictions of some rows and columns, by their numbers, before they are moved into the range of values."""
        found: np.ndarray = self.U[i] @ self.V[j].T
        if self.row_bias is not None and self.col_bias is not None:
            return found + (self.mean + self.row_bias[i][:, None] + self.col_bias[j]).astype(found.dtype)
        # a line that was never seen has factor 0, and its best guess is the mean and not 0
        known = (self.row_degrees[i] > 0)[:, None] & (self.col_degrees[j] > 0)
        return np.where(known, found, found.dtype.type(self.mean))

    def score(
        self,
        test: Observations
        | CompletionProblem
        | SparseArray
        | Frame
        | Mapping[str, Sequence[Any]]
        | PathLike[str]
        | str,
        *,
        delta: float = 0.05,
    ) -> Score:
        """Measure the error on entries that the completion has not seen, beside the mean and the biases.

        Parameters
        ----------
        test : Observations, CompletionProblem, sparse array, data frame or path
            The entries. Rows and columns that the completion does not know are predicted by the mean and what bias is
            known; they are counted.
        delta : float
            Probability that an interval misses, in (0, 1).

        Returns
        -------
        Score
            Root mean square errors with intervals, which assume independent rows.

        Raises
        ------
        ValueError
            If nothing is to be tested, or the shapes differ where there are no ids.
        """
        seen = as_observations(test, "test")
        i, j = seen.numbers_in(self.names, self.shape)
        unknown = int(((i < 0) | (j < 0)).sum())
        values, predicted = seen.values.astype(np.float64), {"mean": np.full(seen.n_observed, self.mean)}
        if self.biases_alone is not None:
            biases = (np.append(side, 0.0)[at] for side, at in zip(self.biases_alone, (i, j), strict=True))
            predicted["biases"] = self._kept(self.mean + sum(biases))
        predicted[f"rank {self.rank}"] = self._kept(self._raw(i, j)).astype(np.float64)
        delta = open_interval("delta", delta, 0, 1)
        return scores.measured(values, predicted, seen.rows, delta=delta, unknown=unknown)

    def fill(self, cells: Observations | CompletionProblem | Pairs) -> FilledMatrix:
        """Predict the entries that some observations leave empty, or those of pairs.

        Parameters
        ----------
        cells : Observations, CompletionProblem or Pairs
            Observed entries, of which all others are wanted; rows and columns that have ids are found by them. Or pairs
            of ids.

        Returns
        -------
        FilledMatrix
            Predictions, which `to_file` writes.

        Raises
        ------
        ValueError
            If observations without ids have another shape, or no row or column has an id.
        """
        if isinstance(cells, Pairs):
            i, j = self._both("cells", cells)
            return FilledMatrix(tuple(cells.rows), tuple(cells.cols), self._kept(self._raw(i, j)), None, self)
        seen = self._placed("cells", as_observations(cells, "cells"))
        return FilledMatrix((), (), np.zeros(0), seen.to_csr(), self)

    def recommend(
        self,
        rows: Lines | None = None,
        n: int = 10,
        *,
        exclude: Excluded = None,
    ) -> Recommendations:
        """Find the columns with the largest predictions in each of several rows.

        Parameters
        ----------
        rows : array of integers or ids, integer or id, or None
            The rows; None means all.
        n : int
            Number of columns for each, at least 1; fewer come back where fewer are left.
        exclude : Observations, CompletionProblem, sparse array, data frame, array of integers or ids, or None
            Columns to leave out: those that a row has in the observations, or these in every row.

        Returns
        -------
        Recommendations
            Recommendations that name the ids of rows and columns; `to_file` writes a TREC run where the path ends in
            .run or .trec.

        Raises
        ------
        ValueError
            If a row is unknown, or observations without ids have another shape.
        """
        chosen = np.arange(self.shape[0]) if rows is None else self._numbers("rows", rows, 0).ravel()
        n, every, excluded = integer("n", n, low=1), np.arange(self.shape[1]), self._excluded(exclude)
        parts: list[tuple[np.ndarray, ...]] = [(chosen[:0], every[:0], self.U[:0, 0])]
        step = max(1, AT_ONCE // len(every))
        for start in range(0, len(chosen), step):
            some = chosen[start : start + step]
            for row, values in zip(some, self._raw_block(some, every), strict=True):
                best = best_of(values, n, _of_row(excluded, int(row)))
                parts.append((np.full(len(best), row), best, values[best]))
        i, j, raw = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Recommendations(
            rows=tuple(ids_at(self._ids(0), i)),
            cols=tuple(ids_at(self._ids(1), j)),
            values=self._kept(raw),
            order=raw,
            tested=self.tested,
            message=self.message,
        )

    def bias_of(self, cols: ArrayLike, values: ArrayLike) -> float:
        """Fit the bias of a row that was not in the data, from its own entries, as `complete` fits those of others.

        Parameters
        ----------
        cols : array of integers or ids, of shape (d,)
            Columns of the entries.
        values : array of shape (d,)
            The entries.

        Returns
        -------
        float
            In units of the values; 0 for a completion without biases. With a ridge it is fitted along with the factor.

        Raises
        ------
        ValueError
            If a column lies outside the matrix, or lengths differ.
        """
        return self._folded(*self._row(cols, values))[0]

    def fold_in(self, cols: ArrayLike, values: ArrayLike) -> np.ndarray:
        r"""Fit the factor of a row that was not in the data, such as a new user, from its own entries.

        Parameters
        ----------
        cols : array of integers or ids, of shape (d,)
            Columns of the entries, each once.
        values : array of shape (d,)
            The entries.

        Returns
        -------
        array of shape (k,)
            u, so that ``V @ u`` completes the row; with biases add ``mean + col_bias + bias_of(cols, values)``. It
            minimizes \|V_cols u - x\|^2 + ridge \|u\|^2, where x is what mean and biases leave, and is the shortest
            minimizer. The factor of a column that was never seen is 0: an entry there does not change u, and ``V @ u``
            is 0 there, where `predict` says the mean.

        Raises
        ------
        ValueError
            If a column lies outside the matrix, or lengths differ.
        """
        return self._folded(*self._row(cols, values))[1]

    def _folded(self, j: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
        """The bias and the factor of a new row with these entries."""
        bias = 0.0
        if self.col_bias is not None:
            x = x - self.mean - self.col_bias[j]
            bias = offsets.bias_of_row(x, self.V[j], self.ridge)
        weight = np.sqrt(self.ridge) * np.eye(self.rank)  # a ridge is k more equations, sqrt(ridge) u = 0
        panel, side = np.concatenate([self.V[j], weight]), np.concatenate([x - bias, np.zeros(self.rank)])
        return bias, kernels.least_norm(panel, side).astype(self.V.dtype)

    def with_rows(
        self, ratings: Observations | Frame | Mapping[str, Sequence[Any]] | PathLike[str]
    ) -> CompletionResult:
        """Add rows that were not in the data, such as new users, each fitted from its own entries as by `fold_in`.

        Parameters
        ----------
        ratings : Observations, data frame or path
            Entries with ids. Rows that the completion knows stay as they are, and columns that it does not know are
            left out; the message counts both.

        Returns
        -------
        CompletionResult
            Completion of more rows, and the same columns. Singular values, certificate and errors are those of the rows
            that were there before.

        Raises
        ------
        ValueError
            If there are no ids, or an entry is outside of the range of the completion.
        """
        return new_rows.extended(self, as_observations(ratings, "ratings"))

    def top(
        self,
        row: int | str,
        n: int,
        *,
        exclude: Excluded = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the columns with the largest predictions in a row, for recommendations.

        Parameters
        ----------
        row : int or str
            Number of the row, from 0; or its id or name.
        n : int
            Number of columns, at least 1; fewer come back when fewer are left.
        exclude : Observations, CompletionProblem, sparse array, data frame, array of integers or ids, or None
            Columns to leave out: those that the row has in the observations, or these.

        Returns
        -------
        cols : array of shape (n,)
            By decreasing prediction, then by number: ids or names where the row was given by one, else numbers.
        values : array of shape (n,)
            The predictions.

        Raises
        ------
        ValueError
            If a position lies outside the matrix, or observations without ids have another shape.
        """
        by_id = isinstance(row, str) or isinstance(self._ids(0), Ids)
        if by_id:
            at = int(self._numbers("row", row, 0))
        else:
            at = integer("row", row, low=0, high=self.shape[0] - 1)
        n, values = integer("n", n, low=1), self._raw_block(np.array([at]), np.arange(self.shape[1]))[0]
        best = best_of(values, n, _of_row(self._excluded(exclude), at))
        cols = np.array(ids_at(self._ids(1), best)) if by_id else best
        return cols, self._kept(values[best])

    def _excluded(self, exclude: Any) -> Observations | np.ndarray:
        """The observations, or the numbers of the columns, that are left out."""
        if exclude is None:
            return np.empty(0, dtype=np.int64)
        if isinstance(exclude, CompletionProblem):
            exclude = exclude.observations
        elif sparse.issparse(exclude):
            exclude = Observations.from_sparse(exclude)
        elif is_named_frame(exclude):
            exclude = Observations.from_frame(exclude)
        if isinstance(exclude, Observations):
            return self._placed("exclude", exclude)
        return self._numbers("exclude", exclude, 1)

    def _placed(self, name: str, seen: Observations) -> Observations:
        """Observations at their rows and columns in the completed matrix; those of ids that it lacks are left out."""
        if self.names is None or seen.names is None or not any(isinstance(side, Ids) for side in seen.names):
            if seen.shape != self.shape:
                raise must(name, f"of shape {self.shape}, as the completed matrix", seen.shape)
            return seen
        rows, cols = seen.numbers_in(self.names, self.shape)
        kept = (rows >= 0) & (cols >= 0)
        return Observations(rows[kept], cols[kept], seen.values[kept], self.shape)

    def _row(self, cols: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check the entries of one new row: columns that differ, and as many values."""
        j = self._numbers("cols", cols, 1)
        x = array("values", values, shape=(j.size,)).astype(np.float64)
        if len(np.unique(j)) < j.size:
            raise must("cols", "positions that differ", j)
        return j, x


def _of_row(excluded: Observations | np.ndarray, row: int) -> np.ndarray:
    """The numbers of the columns that are left out in a row."""
    if not isinstance(excluded, Observations):
        return excluded
    starts, indices, _ = excluded.by_row
    return indices[starts[row] : starts[row + 1]]
