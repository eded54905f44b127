"""A table of cells as a file or a frame gives them, and the columns that a reader picks from it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files.cells import cell_text, is_missing
from lrtheory._files.opening import source_name
from lrtheory._files.reading import read_cells
from lrtheory._validation import Words, flag, must

__all__ = ["Table", "as_table"]


class Table:
    """Columns of cells, which are text, numbers or None, and where each row stands.

    Parameters
    ----------
    columns : mapping of str to sequence
        Cells of each column, of one length; columns without a header are called "1", "2", ...
    origin : str
        The name of the file, or "the frame".
    lines : sequence of int or None
        The number of the line of each row in the file; None where rows have no lines.
    header : bool
        Whether the columns have names of their own.
    """

    def __init__(
        self, columns: Mapping[str, Sequence[Any]], origin: str, lines: Sequence[int] | None = None, header: bool = True
    ) -> None:
        self.columns = dict(columns)
        self.origin = origin
        self.header = header
        self._lines = lines
        #: what the caller said about the first line; None for nothing, and then a reader may look again
        self.said_header: bool | None = None

    @classmethod
    def from_file(cls, source: str | PathLike[str], *, form: str | None = None, header: bool | None = None) -> Table:
        """Read a table from a file.

        Parameters
        ----------
        source : path
            Delimited text, JSON, JSON lines or arrays of NumPy, packed by gzip or not; "-" is standard input.
        form : str or None
            "table", "json", "jsonl", "npy" or "npz" where the suffix and the first line do not tell.
        header : bool or None
            Whether the first line of delimited text names the columns; None looks.

        Returns
        -------
        Table
            Table that knows the line of each row, for the sentences of errors.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is empty, a row has too many or too few cells, or it is of a form that holds no table.
        """
        cells = read_cells(source, form, flag("header", header, undecided=True))
        table = cls(cells.columns, source_name(source), cells.lines, cells.header)
        table.said_header = header
        return table

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    def named_by_first_row(self) -> Table:
        """The table without its first row, whose cells are the names of the columns."""
        columns = {str(cells[0]).strip(): cells[1:] for cells in self.columns.values()}
        return Table(columns, self.origin, None if self._lines is None else self._lines[1:])

    def without_header(self) -> Table:
        """The table of a file whose first line is data although it looks like names of columns.

        Returns
        -------
        Table
            Table whose first row is that line, and whose columns are called "1", "2", ...
        """
        if not self.header:
            return self
        columns = {str(i): [name, *cells] for i, (name, cells) in enumerate(self.columns.items(), start=1)}
        lines = [self._lines[0] - 1, *self._lines] if self._lines else None
        return Table(columns, self.origin, lines, header=False)

    def with_columns(self, columns: Mapping[str, Sequence[Any]]) -> Table:
        """Other columns of the same rows.

        Parameters
        ----------
        columns : mapping of str to sequence
            Cells of each column, one for each row.

        Returns
        -------
        Table
            Table whose rows have the lines of this one's.
        """
        table = Table(columns, self.origin, self._lines, self.header)
        table.said_header = self.said_header
        return table

    def pick(
        self, given: Any, customs: Mapping[str, Sequence[str]], *, optional: Collection[str] = ()
    ) -> dict[str, str]:
        """Find the column of each role.

        Parameters
        ----------
        given : None, str, sequence of str or int, or mapping
            Choice of the caller: names of columns in the order of the roles (``"a,b,winner"``), numbers from 1, or a
            mapping from roles. None looks for customary names, and in a table without names takes the first columns.
        customs : mapping of str to sequence of str
            The roles in order, each with the names that are customary for it; case, blanks and underscores do not
            count.
        optional : collection of str
            Roles that may be absent; they stand last.

        Returns
        -------
        dict of str to str
            The name of the column of each role that is there.

        Raises
        ------
        ValueError
            If a role has no column, or the caller names one that does not exist.
        """
        if given is not None:
            return self._named(given, customs, optional)
        if not self.header:
            return self._named(self.names[: len(customs)], customs, optional)
        folded = {_folded(name): name for name in reversed(self.names)}
        found: dict[str, str] = {}
        for role, customary in customs.items():
            column = next((folded[_folded(one)] for one in (role, *customary) if _folded(one) in folded), None)
            if column is not None and column not in found.values():
                found[role] = column
            elif role not in optional:
                raise ValueError(self._no_column(role, customary, customs))
        return found

    def listed(self, given: Any) -> list[str]:
        """Find the columns of a list of any length, in its order.

        Parameters
        ----------
        given : str, or sequence of str or int
            Names of columns (``"a,b,c"``), or numbers from 1.

        Returns
        -------
        list of str
            Names of the columns.

        Raises
        ------
        TypeError
            If it is no such list.
        ValueError
            If there is no such column, or one is listed twice.
        """
        if not isinstance(given, (str, Sequence)):
            raise must("columns", "names of columns, or their numbers from 1", given, TypeError)
        named = [name.strip() for name in given.split(",")] if isinstance(given, str) else given
        return list(self._named(named, {str(place): () for place in range(len(named))}, ()).values())

    def _named(self, given: Any, customs: Mapping[str, Any], optional: Collection[str]) -> dict[str, str]:
        """The columns that the caller names, in the order of the roles or by role."""
        if isinstance(given, str):
            given = [name.strip() for name in given.split(",")]
        if isinstance(given, Mapping):
            unknown = [role for role in given if role not in customs]
            if unknown:
                raise must("columns", f"a mapping from {', '.join(customs)}", unknown[0])
            named = {role: self._column(column) for role, column in given.items()}
        else:
            if not isinstance(given, Sequence) or len(given) > len(customs):
                raise must("columns", f"up to {len(customs)} names, of {', '.join(customs)}", given)
            named = {role: self._column(column) for role, column in zip(customs, given, strict=False)}
        if len(set(named.values())) < len(named):
            raise must("columns", "different columns", ", ".join(named.values()))
        absent = [role for role in customs if role not in named and role not in optional]
        if absent:
            beside = ", ".join(named) or "none"
            raise ValueError(f"{self.origin}: a column for `{absent[0]}` is needed, beside {beside}")
        return named

    def _column(self, named: Any) -> str:
        """The name of a column that is named, or counted from 1."""
        if isinstance(named, str) and named in self.columns:
            return named
        counted = int(named) if isinstance(named, numbers.Integral) or str(named).isdecimal() else 0
        if not 1 <= counted <= len(self.columns):
            raise ValueError(f"{self.origin}: there is no column {named!r}; there are {self._shown()}")
        return self.names[counted - 1]

    def _no_column(self, role: str, customary: Sequence[str], customs: Mapping[str, Any]) -> str:
        known = list(dict.fromkeys((role, *customary)))
        words = ", ".join(known[:6]) + (", ..." if len(known) > 6 else "")
        return (
            f"{self.origin}: no column is called {words}; there are {self._shown()}. "
            f"Name those for {', '.join(customs)} by `columns`, "
            "or say header=False (--no-header) if the first line is data"
        )

    def _shown(self) -> str:
        names = [repr(name) for name in self.names[:12]]
        return ", ".join(names) + (", ..." if len(self.columns) > 12 else "")

    def where(self, row: int) -> str:
        """Where a row stands: ``log.csv:17``, or ``the frame, row 16`` counted from 0."""
        return f"{self.origin}, row {row}" if self._lines is None else f"{self.origin}:{self._lines[row]}"

    def refuse(self, row: int, column: str, rule: str) -> ValueError:
        """The error for a cell that breaks a rule."""
        return ValueError(f"{self.where(row)}: `{column}` must be {rule}; got {self.columns[column][row]!r}")

    def text(self, column: str) -> list[str]:
        """The cells as text without blanks around it.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        list of str
            Whole numbers that a frame holds as floats lose their ``.0``.

        Raises
        ------
        ValueError
            If a cell is empty.
        """
        cells = self.columns[column]
        try:
            words = list(map(str.strip, cells))
        except TypeError:  # not text alone
            words = [cell.strip() if type(cell) is str else cell_text(cell) for cell in cells]
        if "" in words:
            raise self.refuse(words.index(""), column, "there")
        return words

    def floats(self, column: str, *, missing: bool = False) -> np.ndarray:
        """The cells as numbers.

        Parameters
        ----------
        column : str
            Name of the column.
        missing : bool
            Whether cells may be empty, NaN or one of the usual words for it; they become NaN.

        Returns
        -------
        float64 array of shape (n_rows,)
            Finite, or NaN where `missing` allows it.

        Raises
        ------
        ValueError
            If a cell is not a number.
        """
        cells = self.columns[column]
        try:
            found = np.array(cells, dtype=np.float64)
        except (TypeError, ValueError):
            found = np.array([self._float(row, column, missing) for row in range(len(cells))])
        wrong = np.isinf(found) | (np.isnan(found) & (not missing))
        if wrong.any():
            raise self.refuse(int(wrong.argmax()), column, "a finite number")
        return found

    def _float(self, row: int, column: str, missing: bool) -> float:
        cell = self.columns[column][row]
        if is_missing(cell):
            if missing:
                return math.nan
            raise self.refuse(row, column, "a number")
        try:
            return float(cell)
        except (TypeError, ValueError):
            comma = isinstance(cell, str) and cell.count(",") == 1 and cell.replace(",", "").strip().isdecimal()
            raise self.refuse(row, column, "a number, with a point and no comma" if comma else "a number") from None

    def each(self, column: str, read: Callable[[Any], Any], rule: str) -> list[Any]:
        """Apply a function to each cell of a column; it is called once for each different cell.

        Parameters
        ----------
        column : str
            Name of the column.
        read : callable
            Takes a cell and returns None where it does not understand it.
        rule : str
            Requirement on a cell, for the sentence of the error, such as "a number".

        Returns
        -------
        list
            One entry a row.

        Raises
        ------
        ValueError
            If `read` returned None.
        """
        known: dict[Any, Any] = {}
        found = []
        for row, cell in enumerate(self.columns[column]):
            key = cell if isinstance(cell, (str, int, float)) else repr(cell)
            if key not in known:
                known[key] = read(cell)
            if known[key] is None:
                raise self.refuse(row, column, rule)
            found.append(known[key])
        return found


def as_table(source: Any, **reading: Any) -> Table:
    """The table that a path, a data frame or a table means.

    Parameters
    ----------
    source : path, data frame, mapping of str to sequence, or Table
        Source of the table.
    **reading
        ``form`` and ``header`` of `Table.from_file`, for a path.

    Returns
    -------
    Table
        Columns of the source.

    Raises
    ------
    TypeError
        If it is none of these.
    """
    if isinstance(source, Table):
        return source
    return Table.from_file(source, **reading) if isinstance(source, (str, PathLike)) else _from_frame(source)


def _from_frame(frame: Any) -> Table:
    """The table of a data frame of any library that has ``columns`` and gives each by its name.

    Parameters
    ----------
    frame : data frame
        Frame of pandas, polars and others, or a mapping from names to sequences.

    Raises
    ------
    TypeError
        If it is not a frame.
    ValueError
        If the columns have different lengths, or two have one name.
    """
    names = list(frame) if isinstance(frame, Mapping) else list(getattr(frame, "columns", ()))
    if not names or isinstance(frame, (str, bytes)):
        raise must("frame", "a data frame, or a mapping from names to columns", frame, TypeError)
    if len(set(map(str, names))) < len(names):
        raise must("frame", "a data frame whose columns have different names", names)
    columns = {str(name): _cells(name, frame[name]) for name in names}
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        raise must("frame", "columns of one length", lengths)
    return Table(columns, "the frame", header=any(isinstance(name, str) for name in names))


def _cells(name: object, column: Any) -> list[Any]:
    cells = column.tolist() if hasattr(column, "tolist") else column
    if isinstance(cells, (str, bytes)) or not isinstance(cells, Iterable):
        raise must(
            "frame", "a data frame, or a mapping from names to columns", Words(f"{cells!r} at {name!r}"), TypeError
        )
    return list(cells)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
