r"""Partially observed matrices: the entries of M in R^{m x n} at the positions of a sample Omega.

.. math:: P_\Omega(M), \qquad M = U \, \mathrm{diag}(s) \, V^\top, \quad U^\top U = V^\top V = I_k .

Observations are kept in the order in which they were given, and once more by row and by column, so that each half-step
of alternating minimization reads memory in one sweep. No array here has m n entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._array import kernel_input, sparse
from lrtheory._files import Columns
from lrtheory._types import ArrayLike, Frame, Rng, SparseArray
from lrtheory._validation import array, as_array, choice, generator, integer, must, open_interval
from lrtheory.matrix_completion.entries import reading
from lrtheory.matrix_completion.entries.compressed import (
    Compressed,
    by_row_where_sorted,
    orientations,
    owned,
    positions,
    real_table,
    real_values,
    repeated,
    shape_of,
    without_repeats,
)
from lrtheory.matrix_completion.entries.ids import Ids, numbers_of

__all__ = ["Observations", "with_values"]

#: names of the rows and of the columns; those of a file or a frame are ids, integers where all are
Names = tuple[Sequence[str] | None, Sequence[str] | None]


@dataclass(frozen=True, eq=False, slots=True)
class Observations:
    """Some entries of a matrix with their positions; an observed zero counts like any other value.

    Parameters
    ----------
    rows, cols : integer arrays of shape (N,)
        Positions, from 0. Their order is the order of time for ``split(by="time")``.
    values : array of shape (N,)
        Entries in any unit; float32 stays float32, everything else becomes float64.
    shape : tuple of two int
        m rows and n columns; some may hold no observation.
    duplicates : {"raise", "mean"}
        "raise" refuses a position that occurs twice; "mean" takes the mean, at the time of the last occurrence.
    names : pair of sequences of str, or None
        Names of the rows and of the columns; either may be None.
    value_range : pair of float, or None
        The smallest and the largest rating, where the values are ratings: then `complete` has the defaults of ratings,
        and its predictions stay in this range.
    message : str
        Sentences about the lines that were read and left out, where the source was a file or a frame.

    Raises
    ------
    TypeError
        If the positions are not integers.
    ValueError
        If a position lies outside the shape or occurs twice, a value is not finite or too large to be squared and
        summed (above the root of the largest float over 2^20), or lengths differ.

    Examples
    --------
    >>> seen = Observations([0, 1, 1], [2, 0, 2], [5.0, 3.0, 0.0], (2, 3))
    >>> seen.n_observed, seen.density, seen.by_row.degrees.tolist()
    (3, 0.5, [1, 2])
    """

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray
    shape: tuple[int, int]
    duplicates: Literal["raise", "mean"] = field(default="raise", kw_only=True)
    names: Names | None = field(default=None, kw_only=True)
    value_range: tuple[float, float] | None = field(default=None, kw_only=True)
    message: str = field(default="", kw_only=True)
    by_row: Compressed = field(init=False, repr=False)
    by_col: Compressed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = shape_of(self.shape)
        choice("duplicates", self.duplicates, ("raise", "mean"))
        rows, cols = (
            positions(name, getattr(self, name), size).astype(np.int32, copy=False)
            for name, size in zip(("rows", "cols"), shape, strict=True)
        )
        values = real_values(self.values)
        for name, given in (("rows", rows), ("cols", cols)):
            if given.shape != values.shape:
                raise must(name, f"of shape ({len(values)},), as many as values", given.shape)
        rows, cols, values = owned(rows), owned(cols), owned(values)
        by_row = by_row_where_sorted(rows, cols, values, shape)
        if by_row is None:
            # The conversion adds up positions that occur twice, neither the mean nor an error: fewer stored entries
            # than values are how that is noticed, without a sort of its own.
            by_row = sparse.coo_array((values, (rows, cols)), shape=shape).tocsr()
            if by_row.nnz < len(values):
                if self.duplicates == "raise":
                    raise must("rows, cols", 'positions that differ (or `duplicates` "mean")', repeated(rows, cols))
                rows, cols, values = map(owned, without_repeats(rows, cols, values))
                by_row = sparse.coo_array((values, (rows, cols)), shape=shape).tocsr()
        for name, given in (("rows", rows), ("cols", cols), ("values", values)):
            object.__setattr__(self, name, given)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "names", _names_of_both(self.names, shape))
        object.__setattr__(self, "value_range", _value_range(self.value_range, values))
        for name, lines in zip(("by_row", "by_col"), orientations(by_row), strict=True):
            object.__setattr__(self, name, lines)

    def __repr__(self) -> str:
        m, n = self.shape
        return f"Observations({self.n_observed} of {m} x {n} entries, {self.values.dtype})"

    def __reduce__(self) -> tuple[Any, ...]:
        # pickle would restore arrays that can be written to; made again, the compressed copies are read-only there too
        arrays = np.array(self.rows), np.array(self.cols), np.array(self.values)
        return _rebuilt, (*arrays, self.shape, self.names, self.value_range, self.message)

    @property
    def n_observed(self) -> int:
        """Number of observations."""
        return len(self.values)

    @property
    def density(self) -> float:
        """Share of the m n entries that is observed; it estimates the sampling probability p."""
        return self.n_observed / (self.shape[0] * self.shape[1])

    def oversampling(self, rank: int) -> float:
        """Divide the number of observations by the degrees of freedom of a matrix of some rank, N / (k (m + n - k)).

        Parameters
        ----------
        rank : int
            k, in [1, min(m, n)].

        Returns
        -------
        float
            The quotient; below 1 no method can succeed (statement MC-H1).

        Raises
        ------
        TypeError
            If the rank is not an integer.
        ValueError
            If the rank is out of range.
        """
        (m, n), k = self.shape, integer("rank", rank, low=1, high=min(self.shape))
        return self.n_observed / (k * (m + n - k))

    def to_csr(self) -> sparse.csr_array:
        """Copy the observations to a sparse matrix, in which observed zeros are stored.

        Returns
        -------
        csr_array of shape (m, n)
            The matrix.
        """
        starts, indices, values = self.by_row
        return sparse.csr_array((values, indices, starts), shape=self.shape, copy=True)

    def numbers_in(self, names: Names | None, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Find the positions of the observations in another matrix whose lines have ids.

        Parameters
        ----------
        names : pair of sequences, or None
            The ids of the rows and of the columns of the other matrix.
        shape : tuple of two int
            Numbers of rows and columns of the other matrix, which must be those of the observations where one of the
            two has no ids.

        Returns
        -------
        rows, cols : int64 arrays of shape (N,)
            Numbers of rows and columns there; -1 where it has no line of that id.

        Raises
        ------
        ValueError
            If the shapes differ where there are no ids.
        """
        own: Any = self.names or (None, None)
        found = []
        for name, given, ids, theirs in zip(("rows", "cols"), (self.rows, self.cols), own, names or own, strict=True):
            if isinstance(ids, Ids) and theirs is not None and theirs is not ids:
                given = numbers_of(name, ids, theirs, "lines", missing=True)[given]
            elif self.shape != shape:
                raise must("shape", f"{shape}, as the completed matrix, since lines have no ids", self.shape)
            found.append(given.astype(np.int64))
        return found[0], found[1]

    def subset(self, where: ArrayLike) -> Observations:
        """Select some of the observations, in their order.

        Parameters
        ----------
        where : bool array of shape (N,), or integer array
            True at the observations to keep, or their numbers, from 0.

        Returns
        -------
        Observations
            Chosen observations, with the shape, the names and the range of values of these.

        Raises
        ------
        ValueError
            If `where` has a mask.
        """
        kept = as_array("where", where)
        chosen = self.rows[kept], self.cols[kept], self.values[kept]
        return Observations(*chosen, self.shape, names=self.names, value_range=self.value_range)

    def split(
        self,
        fraction: float,
        *,
        by: Literal["random", "time"] = "random",
        rng: Rng = None,
    ) -> tuple[Observations, Observations]:
        """Split the observations into a part to learn from and a part to test on.

        Parameters
        ----------
        fraction : float
            Share to test on, in (0, 1); at least one observation stays on each side.
        by : {"random", "time"}
            "random" holds out a uniform subset, "time" the last ones in the order in which they were given.
        rng : Generator, int or None
            Source of the random subset; "time" draws nothing.

        Returns
        -------
        train, test : Observations
            Observations of the same shape, which together are all of these.

        Raises
        ------
        ValueError
            If there are fewer than two observations, or the fraction is out of range.
        """
        fraction = open_interval("fraction", fraction, 0, 1)
        choice("by", by, ("random", "time"))
        if self.n_observed < 2:
            raise must("values", "at least two observations", self.n_observed)
        count = min(max(round(fraction * self.n_observed), 1), self.n_observed - 1)
        test = _last(self.n_observed, count) if by == "time" else _random(self.n_observed, count, rng)
        return self.subset(~test), self.subset(test)

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Observations:
        """Read ratings from a file: one a line, or a table of users by items.

        Parameters
        ----------
        path : path
            A list of ratings with columns of users, items, ratings and perhaps times, such as the files of MovieLens
            (``u.data``, ``ratings.dat``, ``ratings.csv``); or a table with a row for each user and a column for each
            item, in which some cells are empty. Delimited text, JSON, JSON lines, npy or npz; packed by gzip or not;
            "-" is standard input.
        columns : str, sequence or mapping, or None
            The columns of users, items, ratings and times of a list, by name or by number from 1; None looks for
            customary names, and takes the first columns of a list of three or four columns without names.
        form : str or None
            "wide" for a table of users by items; "table", "json", "jsonl", "npy" or "npz" where suffix and first line
            do not tell.
        header : bool or None
            Whether the first line names the columns; None looks.

        Returns
        -------
        Observations
            Ratings in the order of time, whose names are the ids of the file, integers where all are. Lines without a
            rating are left out, and a pair that is repeated has the mean of its ratings; `message` counts both. The
            range of the ratings is the `value_range`; in a table of users by items only if it has at most 21 different
            values.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a column is missing, a cell is none of what it must be, or nothing is rated.
        """
        return _from_read(reading.read_file(path, columns, form, header))

    @classmethod
    def from_frame(cls, frame: Frame | Mapping[str, Sequence[Any]], *, columns: Columns = None) -> Observations:
        """Take ratings from a data frame: one a line, or a table of users by items.

        Parameters
        ----------
        frame : data frame, or mapping of str to sequence
            A list of ratings, or a table whose index or first column names the users, as for `from_file`.
        columns : str, sequence or mapping, or None
            As for `from_file`.

        Returns
        -------
        Observations
            Ratings, as `from_file` reads them.

        Raises
        ------
        TypeError
            If it is not a frame.
        ValueError
            As for `from_file`.

        Examples
        --------
        >>> seen = Observations.from_frame({"user": ["ann", "bob"], "item": [17, 42], "rating": [4.5, 3.0]})
        >>> seen.names, seen.value_range
        ((('ann', 'bob'), (17, 42)), (3.0, 4.5))
        """
        return _from_read(reading.read_frame(frame, columns))

    @classmethod
    def from_dense(
        cls, values: ArrayLike, mask: ArrayLike | None = None, *, names: Names | None = None
    ) -> Observations:
        """Take the observed entries of a dense matrix.

        Parameters
        ----------
        values : array of shape (m, n)
            Entries; without a mask NaN marks those that are not observed. Entries that a masked array hides never are.
        mask : bool array of shape (m, n), or None
            True where observed; values elsewhere are ignored.
        names : pair of sequences of str, or None
            Names of the rows and of the columns.

        Returns
        -------
        Observations
            Observations in the order of the rows.

        Raises
        ------
        TypeError
            If the entries are not real numbers.
        ValueError
            If there are not two axes, or the mask has another shape.
        """
        given: Any = values
        # of a masked array the data are taken here; what it hides is left out of `seen` below
        hidden = np.ma.getmaskarray(given) if np.ma.isMaskedArray(given) else False
        table = as_array("values", np.ma.getdata(given) if np.ma.isMaskedArray(given) else given)
        if table.ndim != 2:
            raise must("values", "of shape (m, n)", table.shape)
        if mask is None and table.dtype.kind not in "biuf":
            table = real_table(table)
        # NaN differs from itself, in float and object arrays alike; `isnan` refuses the latter
        seen = table == table if mask is None else as_array("mask", mask)
        if seen.shape != table.shape or seen.dtype != bool:
            raise must("mask", f"a bool array of shape {table.shape}", seen)
        rows, cols = np.nonzero(seen & ~np.asarray(hidden))
        return cls(rows, cols, table[rows, cols], table.shape, names=names)

    @classmethod
    def from_sparse(cls, matrix: SparseArray, *, names: Names | None = None) -> Observations:
        """Take the stored entries of a sparse matrix, stored zeros included.

        Parameters
        ----------
        matrix : scipy sparse array or matrix
            Matrix of shape (m, n), in any format; positions stored twice are refused.
        names : pair of sequences of str, or None
            Names of the rows and of the columns.

        Returns
        -------
        Observations
            Observations in the order of storage.

        Raises
        ------
        TypeError
            If it is not sparse.
        ValueError
            If it has not two axes, or a position is stored twice.
        """
        if not sparse.issparse(matrix):
            raise must("matrix", "a scipy sparse array", type(matrix).__name__, TypeError)
        if matrix.ndim != 2:
            raise must("matrix", "of shape (m, n)", matrix.shape)
        # `tocoo` keeps stored zeros, while `sparse.find` would throw observed zeros away
        entries = matrix.tocoo()
        rows, cols = entries.coords if hasattr(entries, "coords") else (entries.row, entries.col)
        return cls(rows, cols, entries.data, entries.shape, names=names)


def with_values(seen: Observations, values: np.ndarray, by_row: np.ndarray, by_col: np.ndarray) -> Observations:
    """Replace the values of a sample, given in its own order, by row and by column; positions are shared."""
    # past the constructor, which would check and sort positions again that were checked and sorted before
    new: Any = object.__new__(Observations)
    lines = seen.by_row._replace(values=kernel_input(by_row)), seen.by_col._replace(values=kernel_input(by_col))
    changed = {"values": owned(values), "by_row": lines[0], "by_col": lines[1]}
    for name in (
        "rows",
        "cols",
        "values",
        "shape",
        "duplicates",
        "names",
        "value_range",
        "message",
        "by_row",
        "by_col",
    ):
        object.__setattr__(new, name, changed.get(name, getattr(seen, name)))
    return new


def _last(n: int, count: int) -> np.ndarray:
    return np.arange(n) >= n - count


def _random(n: int, count: int, rng: Any) -> np.ndarray:
    drawn = np.zeros(n, dtype=bool)
    drawn[generator(rng).choice(n, count, replace=False)] = True
    return drawn


def _names_of_both(names: Names | None, shape: tuple[int, int]) -> Names | None:
    if names is None:
        return None
    both = tuple(None if side is None else _names(side) for side in names)
    if len(both) != 2 or any(side is not None and len(side) != n for side, n in zip(both, shape, strict=True)):
        found = tuple(side if side is None else len(side) for side in both)
        raise must("names", f"a pair of {shape[0]} and {shape[1]} names", found)
    return both


def _names(side: Sequence[Any]) -> tuple[str, ...]:
    return side if isinstance(side, Ids) else tuple(str(name) for name in side)


def _value_range(value_range: tuple[float, float] | None, values: np.ndarray) -> tuple[float, float] | None:
    """Check the range of ratings, in which all of them lie."""
    if value_range is None:
        return None
    low, high = array("value_range", value_range, shape=(2,)).tolist()
    if not low < high or (values.size and not low <= values.min() <= values.max() <= high):
        raise must("value_range", "a smaller and a larger rating, with all values between them", value_range)
    return low, high


def _from_read(read: reading.Read) -> Observations:
    given: dict[str, Any] = read._asdict()
    found = Observations(**given, duplicates="mean")
    if repeats := len(read.values) - found.n_observed:
        message = f"{found.message}; {repeats:,} repeat a pair, of which the mean counts"
        object.__setattr__(found, "message", message)
    return found


def _rebuilt(
    rows: Any,
    cols: Any,
    values: Any,
    shape: tuple[int, int],
    names: Names | None,
    value_range: Any = None,
    message: str = "",
) -> Observations:
    return Observations(rows, cols, values, shape, names=names, value_range=value_range, message=message)
