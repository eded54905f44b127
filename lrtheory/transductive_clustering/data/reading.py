"""Points from files and data frames: columns of numbers, and beside them what points are called and their classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import Table, as_table, form_of, read_arrays, source_name, warn_alike
from lrtheory._files.table import is_missing
from lrtheory._validation import flag, must
from lrtheory.transductive_clustering.problem import ClusteringProblem

__all__ = ["PointTable", "as_problem", "dominant", "names_of"]

ALONE = 0.95  # the share of the variance from which one column decides alone

Columns = str | int | Sequence[str | int]

#: what a column of names is called; the index of a frame comes without a name from `to_csv`
_NAMES = ("", "id", "unnamed: 0", "index", "key", "item", "point", "title", "word", "sentence", "text")


@dataclass(frozen=True, eq=False, slots=True)
class PointTable:
    """Points as a file or a data frame has them, of which `problem` makes numbers.

    Parameters
    ----------
    table : Table
        The columns.
    columns : tuple of str, or None
        Columns that are coordinates; None takes all that are neither names nor labels.
    names : tuple of str, or None
        Names of the rows that are not a column of the table, such as the index of a frame.
    matrix : array of shape (n, d), or None
        All columns at once, where the source has them so.

    Raises
    ------
    TypeError
        If it is not a table.
    """

    table: Table
    columns: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = field(default=None, kw_only=True)
    matrix: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.table, Table):
            raise must("table", "a Table; `from_file` and `from_frame` make one", self.table, TypeError)

    def __repr__(self) -> str:
        return f"PointTable({len(self.table)} points, {len(self.table.names)} columns)"

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns | None = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> PointTable:
        """Read a table with a row for each point.

        Parameters
        ----------
        path : path
            A table as csv, tsv, json, jsonl or xlsx, packed by gzip or not; a matrix as npy; or an npz file with one
            matrix and, if there are some, arrays of names and labels. "-" is standard input.
        columns : str, int, or sequence of them, optional
            The columns of coordinates, by name or number from 1; all that are neither names nor labels otherwise.
        form : str, optional
            The form of the file, where its suffix and first line do not tell.
        header : bool, optional
            Whether the first line names the columns.

        Returns
        -------
        PointTable
            In the order of the rows. Names are the column that is called name, id, or so, or the first column of words
            that are all different.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file holds no table or no such column.
        """
        if form_of(path, form) in ("npy", "npz"):
            table, matrix = _of_arrays(source_name(path), read_arrays(path))
            return cls(table, _chosen(table, columns), matrix=matrix)
        return cls._from_table(as_table(path, form=form, header=header), columns)

    @classmethod
    def from_frame(cls, frame: Any, *, columns: Columns | None = None) -> PointTable:
        """Read a data frame with a row for each point.

        Parameters
        ----------
        frame : data frame
            Table with the columns that `from_file` wants; where it has an index that does not only count rows, these
            are the names.
        columns : str, int, or sequence of them, optional
            Columns to read, as in `from_file`.

        Returns
        -------
        PointTable
            Points in the order of the rows.

        Raises
        ------
        TypeError
            If it is not a data frame.
        ValueError
            As for `from_file`.
        """
        index = getattr(frame, "index", None)
        names = None
        if index is not None and not callable(index) and list(index) != list(range(len(index))):
            names = tuple(map(str, index))
        matrix = None if isinstance(frame, Mapping) or not hasattr(frame, "columns") else np.asarray(frame)
        if matrix is None or matrix.ndim != 2 or 0 in matrix.shape or matrix.dtype.kind not in "fiub":
            return cls._from_table(as_table(frame), columns, names)
        named = any(isinstance(name, str) for name in frame.columns)
        words = list(map(str, frame.columns))
        if not named or len(set(words)) < len(words):
            named, words = False, [str(j) for j in range(1, len(words) + 1)]
        table = Table(dict(zip(words, matrix.T, strict=True)), "the frame", header=named)
        return cls(table, _chosen(table, columns), names=names, matrix=matrix)

    @classmethod
    def _from_table(cls, table: Table, columns: Any, names: tuple[str, ...] | None = None) -> PointTable:
        return cls(table, _chosen(table, columns), names=names)

    @classmethod
    def of(cls, value: Any) -> PointTable | None:
        """The table that a value is or names.

        Parameters
        ----------
        value : object
            A table of points, a path, or a data frame.

        Returns
        -------
        PointTable or None
            None where it is none of these.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            As for `from_file`.
        """
        if isinstance(value, PointTable):
            return value
        if isinstance(value, (str, PathLike)):
            return cls.from_file(value)
        return cls.from_frame(value) if hasattr(value, "columns") or isinstance(value, Mapping) else None

    def problem(self, label: str | int | None = None, *, standardize: bool = False) -> ClusteringProblem:
        """The points as numbers, with their names and classes.

        Parameters
        ----------
        label : str, int, or None
            The column of classes, by name or number from 1, empty where they are not known.
        standardize : bool
            Whether each column is divided by its standard deviation, as is due where columns have different units.

        Returns
        -------
        ClusteringProblem
            Points whose `labels` are their names, and whose `classes` are the values of the column of labels, sorted.

        Raises
        ------
        ValueError
            If a column of coordinates holds words or holes, there is no such column, or no class stands in it.
        """
        table, standardize = self.table, flag("standardize", standardize)
        classed = None if label is None else table.pick({"label": label}, {"label": ()})["label"]
        named = self._column_of_names(classed)
        kept = [name for name in self.columns or table.names if name != classed and (self.columns or name != named)]
        if not kept:
            raise ValueError(f"{table.origin}: no column of coordinates is left beside {', '.join(table.names)}")
        features = self._numbers(kept)
        if standardize:
            spread = features.std(axis=0)
            features = features / np.where(spread > 0, spread, 1)
        truth, classes = (None, None) if classed is None else _classes(table, classed)
        names = self.names if named is None else tuple(table.text(named))
        for words in (names or (), classes or ()):
            warn_alike(words, table.origin)
        return ClusteringProblem(
            features,
            truth,
            names,
            classes=classes,
            feature_names=tuple(kept) if table.header else None,
        )

    def _column_of_names(self, classed: str | None) -> str | None:
        """Return the column of names: by its name, or the first one of words that are all different."""
        others = [name for name in self.table.names if name != classed and name not in (self.columns or ())]
        beside = {name: self.table.columns[name] for name in others}
        if self.table.header and beside:
            found = Table(beside, self.table.origin).pick(None, {"name": _NAMES}, optional=("name",))
            if found:
                return found["name"]
        if self.names is not None:
            return None
        return next((name for name in others if _is_words(beside[name], different=True)), None)

    def _numbers(self, kept: list[str]) -> np.ndarray:
        if self.matrix is not None and kept == self.table.names and np.isfinite(self.matrix).all():
            return self.matrix
        columns = []
        for name in kept:
            try:
                columns.append(self.table.floats(name))
            except ValueError as error:
                if not _is_words(self.table.columns[name]):
                    raise
                say = "name the columns of numbers by `columns`, or leave this one to `label` if it holds classes"
                raise ValueError(f"{error}; {say}") from None
        made = np.stack(columns, axis=1)
        kinds = {getattr(self.table.columns[name], "dtype", None) for name in kept}
        return made.astype(np.float32) if kinds <= {np.dtype(np.float16), np.dtype(np.float32)} else made


def as_problem(X: Any) -> Any:
    """The points of a table, a path or a data frame; everything else as it is."""
    table = PointTable.of(X)
    return X if table is None else table.problem()


def names_of(X: Any) -> tuple[str, ...] | None:
    """The names of the points of a problem; None where they have none."""
    return X.labels if isinstance(X, ClusteringProblem) else None


def dominant(given: Any, X: np.ndarray) -> str:
    """A remark on a column of points (n, d) that outweighs all others, perhaps by nothing but its unit; else ""."""
    named = given.feature_names if isinstance(given, ClusteringProblem) else None
    spread = X.var(axis=0, dtype=np.float64)
    if named is None or len(named) < 2 or not spread.max() > ALONE * spread.sum():
        return ""
    share = 100 * spread.max() / spread.sum()
    return (
        f"; {share:.3g} % of the variance lies in the column {named[int(spread.argmax())]}, which decides nearly "
        "alone; `standardize` gives all columns one scale"
    )


def _chosen(table: Table, columns: Any) -> tuple[str, ...] | None:
    """Return the columns of coordinates that the caller names, each once."""
    if columns is None:
        return None
    if isinstance(columns, str):
        columns = [word.strip() for word in columns.split(",")]
    given = [columns] if isinstance(columns, int) else columns
    if not isinstance(given, Sequence) or len(given) == 0:
        raise must("columns", "names of columns of coordinates, or their numbers from 1", columns)
    found = tuple(table.pick({"column": one}, {"column": ()})["column"] for one in given)
    if len(set(found)) < len(found):
        raise must("columns", "columns of coordinates, each once", columns)
    return found


def _of_arrays(origin: str, arrays: dict[str, np.ndarray]) -> tuple[Table, np.ndarray | None]:
    """Return the table of a matrix and of arrays with an entry for each of its rows, and the matrix if it is alone."""
    shapes = {name: array.shape for name, array in arrays.items()}
    matrices = [array for array in arrays.values() if array.ndim == 2]
    n = {array.shape[0] if array.ndim else -1 for array in arrays.values()}
    if len(matrices) > 1 or len(n) != 1 or any(array.ndim not in (1, 2) for array in arrays.values()) or n == {0}:
        raise ValueError(f"{origin}: one matrix is needed, and arrays with an entry for each of its rows; got {shapes}")
    columns: dict[str, Any] = {str(j): column for M in matrices for j, column in enumerate(M.T, start=1)}
    columns |= {name: array.tolist() for name, array in arrays.items() if array.ndim == 1}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiubU":
            raise ValueError(f"{origin}: `{name}` must be an array of real numbers or of text; got {array.dtype}")
    alone = len(arrays) == len(matrices) and matrices[0].dtype.kind in "fiub"
    return Table(columns, origin, header=len(arrays) > len(matrices)), matrices[0] if alone else None


def _is_words(cells: Any, *, different: bool = False) -> bool:
    """Whether no cell is a number and some are words, perhaps each another one."""
    words = [cell for cell in cells if not is_missing(cell)] if not isinstance(cells, np.ndarray) else []
    if not words or any(_is_number(cell) for cell in words):
        return False
    return not different or (len(words) == len(cells) and len(set(map(str, words))) == len(words))


def _is_number(cell: Any) -> bool:
    try:
        return not math.isnan(float(cell))
    except (TypeError, ValueError):
        return False


def _classes(table: Table, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the number of the class of each row, -1 where it is not known, and the classes, sorted."""
    cells = [None if is_missing(cell) else _word(cell) for cell in table.columns[column]]
    known = {cell for cell in cells if cell is not None}
    if not known:
        raise ValueError(f"{table.origin}: no class stands in `{column}`")
    order = sorted(known, key=float) if all(map(_is_number, known)) else sorted(known)
    numbers = {word: i for i, word in enumerate(order)}
    return np.array([-1 if cell is None else numbers[cell] for cell in cells]), tuple(order)


def _word(cell: Any) -> str:
    """A class as text; whole numbers that a frame holds as floats lose their ``.0``."""
    value = cell.item() if isinstance(cell, np.generic) else cell
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
