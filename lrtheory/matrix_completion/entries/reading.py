"""Ratings from files and frames: one rating a line, or a table with a row for each user and a column for each item."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files import FromTable, Table, as_table, form_of, read_arrays, source_name, warn_alike
from lrtheory._files.table import is_missing
from lrtheory._validation import must
from lrtheory.matrix_completion.entries.ids import Ids, as_ids, coded

__all__ = ["NoRatingsError", "Pairs", "Read", "is_named_frame", "is_path", "read_file", "read_frame"]

#: the columns of a list of ratings, each with the names that are customary for it
CUSTOMS: dict[str, tuple[str, ...]] = {
    "user": ("userid", "uid", "reviewerid", "customer", "customerid", "student", "person", "row"),
    "item": (
        *("itemid", "iid", "movie", "movieid", "film", "filmid", "book", "bookid", "isbn", "product", "productid"),
        *("business", "businessid", "asin", "parentasin", "artist", "artistid", "song", "songid", "joke", "jokeid"),
        *("tconst", "lecturer", "column", "col"),
    ),
    "rating": ("ratings", "score", "stars", "star", "overall", "bookrating", "value", "grade"),
    "time": ("timestamp", "date", "datetime", "unixreviewtime"),
}
PAIRS = {role: CUSTOMS[role] for role in ("user", "item")}
ROW_NAMES = {"", "id", "name", "row", "user", *CUSTOMS["user"]}
#: a table of at most so many different values is one of ratings, such as ten times half a star
LEVELS = 21
LOOKED_AT = 20  # rows that decide whether a column is one of numbers


class NoRatingsError(ValueError):
    """A table is neither a list of ratings nor a table of users by items."""


class Read(NamedTuple):
    """The arguments of `Observations`, from a file or a frame."""

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray
    shape: tuple[int, int]
    names: tuple[Any, Any]
    value_range: tuple[float, float] | None
    message: str


@dataclass(frozen=True, eq=False, slots=True)
class Pairs(FromTable):
    """Pairs of a user and an item, of which a prediction is wanted.

    Parameters
    ----------
    rows, cols : sequences of str or int, of one length
        The ids of the users, or rows, and those of the items, or columns.

    Raises
    ------
    TypeError
        If they are not sequences.
    ValueError
        If the lengths differ.

    Notes
    -----
    From files and frames a column of users and one of items are taken; others are left out. `columns` names them in
    this order.

    Examples
    --------
    >>> len(Pairs(["ann", "bob"], ["alien", "brazil"]).rows)
    2
    """

    rows: Sequence[str | int]
    cols: Sequence[str | int]

    def __post_init__(self) -> None:
        for name, given in (("rows", self.rows), ("cols", self.cols)):
            if isinstance(given, str) or not hasattr(given, "__len__"):
                raise must(name, "a sequence of ids", given, TypeError)
        if len(self.rows) != len(self.cols):
            raise must("cols", f"of length {len(self.rows)}, as `rows`", len(self.cols))

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Pairs:
        roles = table.pick(columns, PAIRS)
        return cls(table.text(roles["user"]), table.text(roles["item"]))


def is_path(given: Any) -> bool:
    """Say whether something names a file."""
    return isinstance(given, (str, PathLike))


def is_named_frame(given: Any) -> bool:
    """Recognize a mapping of columns, or a frame whose rows or columns have names and are not merely counted."""
    if isinstance(given, Mapping):
        return True
    names = getattr(given, "columns", None)
    if names is None or isinstance(given, np.ndarray) or not hasattr(given, "__getitem__"):
        return False
    return list(names) != list(range(len(names))) or _index(given) is not None


def read_file(source: str | PathLike[str], columns: Any, form: str | None, header: bool | None) -> Read:
    """Read ratings from a file, as `Observations.from_file` describes it."""
    wide = form == "wide"
    form = None if wide else form
    found = form_of(source, form)
    if found in ("npy", "npz"):
        arrays = read_arrays(source)
        matrix = next(iter(arrays.values()))
        if len(arrays) == 1 and matrix.ndim == 2 and matrix.dtype.kind in "biuf" and columns is None:
            return _of_matrix(matrix, None, None, source_name(source))
    return _warned(
        _of_table(Table.from_file(source, form=form, header=header), columns, wide, header), source_name(source)
    )


def read_frame(frame: Any, columns: Any) -> Read:
    """Take ratings from a frame, as `Observations.from_frame` describes it."""
    index = None if columns is not None else _index(frame)
    table = as_table(frame)
    if index is not None and _roles(table) is None:
        read = _of_matrix(_floats(table, table.names), as_ids(index), as_ids(table.names), table.origin)
    else:
        read = _of_table(table, columns, False, True)
    return _warned(read, table.origin)


def _warned(read: Read, origin: str) -> Read:
    """Return what was read, after a warning of users or items whose names are nearly equal."""
    for ids in read.names:
        warn_alike(ids, origin)
    return read


def _index(frame: Any) -> list[Any] | None:
    """The names of the rows of a frame, unless they merely count."""
    index: Any = getattr(frame, "index", None)
    if isinstance(frame, Mapping) or not hasattr(index, "tolist"):
        return None
    names: list[Any] = index.tolist()
    return None if names == list(range(len(names))) else names


def _of_table(table: Table, columns: Any, wide: bool, header: bool | None) -> Read:
    if columns is not None:
        return _of_list(table, table.pick(columns, CUSTOMS, optional=("time",)))
    if header is None and not table.header:
        table = _named_by_its_first_row(table)
    roles = None if wide else _roles(table)
    if roles is not None:
        return _of_list(table, roles)
    if wide or _is_wide(table):
        return _of_wide(table)
    try:
        table.pick(None, CUSTOMS, optional=("time",))
    except ValueError as error:
        raise NoRatingsError(f'{error}; for a table of users by items say form="wide" (-f wide)') from None
    raise NoRatingsError(f"{table.origin}: neither a list of ratings nor a table of numbers with empty cells")


def _roles(table: Table) -> dict[str, str] | None:
    """The columns of a list of ratings; None if this is none."""
    if not table.header and len(table.names) not in (3, 4):
        return None
    try:
        return table.pick(None, CUSTOMS, optional=("time",))
    except ValueError:
        return None


def _named_by_its_first_row(table: Table) -> Table:
    """Take numbers in the first row as names where the cell in the corner says that they are: ``user,1,2,3``."""
    first = [str(cells[0]).strip() for cells in table.columns.values()]
    if not _names_rows(first[0]) or "" in first[1:] or len(set(first)) < len(first):
        return table
    return table.named_by_first_row()


def _names_rows(word: str) -> bool:
    """Whether the column of this name holds the names of the rows."""
    return word.strip().lower().replace("_", "") in ROW_NAMES


def _is_wide(table: Table) -> bool:
    """Whether most columns hold numbers, and some cell is empty: without one nothing would be left to complete."""
    tops = [cells[:LOOKED_AT] for cells in table.columns.values()]
    numeric = sum(all(map(_is_number_or_missing, top)) for top in tops)
    if len(tops) < 3 or numeric <= (len(tops) - 1) / 2:
        return False
    return any(is_missing(cell) for cells in list(table.columns.values())[1:] for cell in cells)


def _is_number_or_missing(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell)) or is_missing(cell)
    except (TypeError, ValueError):
        return is_missing(cell)


def _of_wide(table: Table) -> Read:
    """The table of users by items, whose first column may hold the names of the users."""
    first = table.names[0]
    numeric = all(map(_is_number_or_missing, table.columns[first][:LOOKED_AT]))
    has_names = not numeric or _names_rows(first)
    names, rest = (table.text(first), table.names[1:]) if has_names else (None, table.names)
    rows = None if names is None else as_ids(names)
    if rows is not None and len(set(rows)) < len(rows):
        place = {name: i for i, name in reversed(list(enumerate(rows)))}
        again = next(i for i, name in enumerate(rows) if place[name] < i)
        raise table.refuse(again, first, "a name that no other row has")
    return _of_matrix(_floats(table, rest), rows, as_ids(rest), table.origin)


def _floats(table: Table, names: Sequence[str]) -> np.ndarray:
    return np.column_stack([table.floats(name, missing=True) for name in names])


def _of_matrix(matrix: np.ndarray, rows: Ids | None, cols: Ids | None, origin: str) -> Read:
    """The entries of a matrix that are numbers; rows and columns without names are called 1, 2, ..."""
    m, n = matrix.shape
    seen = np.isfinite(matrix)
    if np.isinf(matrix).any():
        raise ValueError(f"{origin}: entries must be finite, with NaN where nothing is known; got inf")
    if not seen.any():
        raise ValueError(f"{origin}: no entry has a value")
    names = (as_ids(range(1, m + 1)) if rows is None else rows, as_ids(range(1, n + 1)) if cols is None else cols)
    values = matrix[seen]
    few = len(np.unique(values)) <= LEVELS
    message = f"{origin}: {len(values):,} entries of {m:,} x {n:,}, from {values.min():g} to {values.max():g}"
    rows_seen, cols_seen = np.nonzero(seen)
    return Read(rows_seen, cols_seen, values, (m, n), names, _range(values) if few else None, message)


def _of_list(table: Table, roles: Mapping[str, str]) -> Read:
    """A list of ratings in the order of time, if there is one; a line without a rating is left out."""
    values = table.floats(roles["rating"], missing=True)
    (rows, users), (cols, items) = (coded(table.text(roles[role])) for role in ("user", "item"))
    kept = np.flatnonzero(~np.isnan(values))
    if len(kept) == 0:
        raise ValueError(f"{table.origin}: no line has a rating")
    if "time" in roles:
        kept = kept[np.argsort(_times(table, roles["time"])[kept], kind="stable")]
    empty, shape = len(values) - len(kept), (len(users), len(items))
    rows, cols, values = rows[kept], cols[kept], values[kept]
    message = (
        f"{table.origin}: {len(values):,} ratings of {len(items):,} items by {len(users):,} users, "
        f"from {values.min():g} to {values.max():g}"
    )
    message += f"; {empty:,} lines have no rating" if empty else ""
    return Read(rows, cols, values, shape, (users, items), _range(values), message)


def _range(values: np.ndarray) -> tuple[float, float] | None:
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else None


def _times(table: Table, column: str) -> np.ndarray:
    """Numbers that order the lines by time, from numbers or from dates as ISO 8601 writes them."""
    try:
        return table.floats(column)
    except ValueError:
        pass
    words = table.text(column)
    try:
        return np.array(words, dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        pass
    wrong = next(row for row, word in enumerate(words) if not _is_date(word))
    raise table.refuse(wrong, column, "a number, or a date such as 2024-05-31")


def _is_date(word: str) -> bool:
    try:
        np.datetime64(word, "us")
    except ValueError:
        return False
    return True
