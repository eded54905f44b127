"""Cells from delimited text, JSON, JSON lines and arrays of NumPy."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files.foreign import READ
from lrtheory._files.opening import (
    Source,
    bytes_of,
    form_of,
    json_of,
    lines_of,
    numbers_and_lines,
    parsed_json,
    read_arrays,
    source_name,
    text_of,
)
from lrtheory._files.workbook import sheet_rows

__all__ = ["Cells", "read_cells"]

_DELIMITERS = ("::", "\t", ",", ";", "|", " ")


class Cells(NamedTuple):
    """The columns of a file by name, the number of the line of each row if rows have lines, and whether names stood."""

    columns: dict[str, list[Any]]
    lines: Sequence[int] | None = None
    header: bool = True

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), ()))


def read_cells(source: Source, form: str | None, header: bool | None) -> Cells:
    """Read the cells of a table from a file.

    Parameters
    ----------
    source : path
        Delimited text (commas, tabs, semicolons, ``::``, bars or blanks, as its first lines show), a JSON list of
        objects or object of lists, JSON lines, an npz file of arrays of one length, or a workbook of Excel with one
        sheet; packed by gzip or not. "-" is standard input.
    form : str or None
        "table", "json", "jsonl", "npz" or "xlsx" where the suffix and the first line do not tell.
    header : bool or None
        Whether the first line of delimited text names the columns; None looks: names are different words, and no
        numbers.

    Returns
    -------
    Cells
        Cells of the file, without any conversion.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, a row has too many or too few cells, or it is of a form that holds no table.
    """
    found = form_of(source, form)
    if found == "table":
        try:
            table = _delimited(source, header)
        except csv.Error as error:
            raise ValueError(f"{source_name(source)}: a cell that cannot be read ({error})") from error
    elif found == "json":
        table = _of_json(source, json_of(source))
    elif found == "jsonl":
        table = _of_json_lines(source)
    elif found in ("npz", "npy"):
        table = _of_arrays(source)
    elif found == "xlsx":
        table = _of_workbook(source, header)
    else:
        what = "a folder" if found == "folder" else f"a file of the form {found}"
        raise ValueError(f"{source_name(source)}: {what}, where a table is needed; {READ}")
    if not table.n_rows:
        raise ValueError(f"{source_name(source)}: no row")
    return table


def _delimited(source: Source, header: bool | None) -> Cells:
    text = text_of(source)
    numbers, lines = numbers_and_lines(text)
    if not lines:
        raise ValueError(f"{source_name(source)}: empty")
    delimiter = _delimiter(lines[:20])
    across = _cut_across_lines(source, text, delimiter) if _may_be_open(lines, text, delimiter) else None
    if across is not None:
        numbers, widths, cells = across
    else:
        widths, cells = _cut(lines, delimiter)
        _refuse_hashes(source, text, numbers[0], delimiter, widths[0])
    width = widths[0]
    if widths.count(width) < len(widths):
        wrong = next(i for i, found in enumerate(widths) if found != width)
        where = f"{source_name(source)}:{numbers[wrong]}"
        has = "1 cell" if widths[wrong] == 1 else f"{widths[wrong]} cells"
        raise ValueError(f"{where}: {has} where the first line has {width}")
    return _with_names(source, numbers, width, cells, header)


def _with_names(source: Source, numbers: Sequence[int], width: int, cells: list[str], header: bool | None) -> Cells:
    """The cells of rows of one width, one after the other, as columns with the names that the first row may hold."""
    first = cells[:width]
    if header is None:
        # the first name alone may be empty, which is how data frames write the column of their index
        blank = any(cell.strip() == "" for cell in first[width > 1 :])
        header = len(set(first)) == width and not blank and not any(map(_is_number, first))
    names = [cell.strip() for cell in first] if header else [str(i) for i in range(1, width + 1)]
    if len(set(names)) < width:
        raise ValueError(f"{source_name(source)}: two columns are called {_repeated(names)!r}")
    start = width if header else 0
    columns = {name: cells[start + i :: width] for i, name in enumerate(names)}
    return Cells(columns, numbers[1:] if header else numbers, header)


def _of_workbook(source: Source, header: bool | None) -> Cells:
    numbers, rows = sheet_rows(bytes_of(source), source_name(source))
    return _with_names(source, numbers, len(rows[0]), list(chain.from_iterable(rows)), header)


def _cut(lines: Sequence[str], delimiter: str | None) -> tuple[list[int], list[str]]:
    """The number of cells of each line, and the cells of all lines, one after the other."""
    text = "\n".join(lines)
    if delimiter in (None, " ") or '"' in text:
        rows = _split(lines, delimiter)
        return [len(row) for row in rows], list(chain.from_iterable(rows))
    assert delimiter is not None
    # without quotes a line end cuts as well as the delimiter does, and all lines are cut at once
    widths = [count + 1 for count in map(str.count, lines, repeat(delimiter))]
    return widths, text.replace(delimiter, "\n").split("\n")


def _may_be_open(lines: Sequence[str], text: str, delimiter: str | None) -> bool:
    """Whether a quoted cell may go on in the next line: then some line has an odd number of quotes."""
    return delimiter not in (None, " ", "::") and '"' in text and any(line.count('"') % 2 for line in lines)


def _cut_across_lines(
    source: Source, text: str, delimiter: str | None
) -> tuple[list[int], list[int], list[str]] | None:
    """The line of each row, its number of cells, and all cells, where quoted cells hold line ends.

    None if a quote ends within a cell: then it is but a letter of names such as ``5" disk``.
    """
    raw = text.split("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ",", strict=True)
    numbers, rows, start = [], [], 1
    try:
        for row in reader:
            line = raw[start - 1]
            if line.strip()[:1] not in ("", "#"):
                numbers.append(start)
                rows.append(row)
            elif rows:
                _refuse_hash(source, start, line, len(row), len(rows[0]))
            start = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise
        if "unexpected end of data" in str(error):
            raise ValueError(f"{source_name(source)}:{start}: a quote is not closed") from error
        return None
    return numbers, [len(row) for row in rows], list(chain.from_iterable(rows))


def _refuse_hashes(source: Source, text: str, first: int, delimiter: str | None, width: int) -> None:
    """Look for lines below the first row that start with ``#`` and may be rows all the same."""
    if delimiter in (None, " ") or "\n#" not in text:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if number > first and line.startswith("#"):
            _refuse_hash(source, number, line, len(_split([line], delimiter)[0]), width)


def _refuse_hash(source: Source, number: int, line: str, n_cells: int, width: int) -> None:
    """Refuse a line that starts with ``#`` and has the cells of a row: names may start so, and no row must get lost.

    A comment has a blank behind the sign, or other cells.
    """
    if n_cells == width and line.startswith("#") and line[1:2] not in ("", " ", "\t", "#", "!"):
        rule = "a comment, or a row that starts with '#'? Write '# ' before a comment, and quote the cell of a row"
        raise ValueError(f"{source_name(source)}:{number}: {rule}; got {line[:40]!r}")


def _delimiter(lines: Sequence[str]) -> str | None:
    """The delimiter that cuts all of the first lines into one number of cells, more than one; None for one column."""
    for delimiter in _DELIMITERS:
        widths = {len(row) for row in _split(lines, delimiter)}
        if len(widths) == 1 and widths != {1}:
            return delimiter
    # lines of different widths: what cuts the first line, so that the line that differs is named
    return next((d for d in _DELIMITERS[:-1] if d in lines[0]), None)


def _split(lines: Sequence[str], delimiter: str | None) -> list[list[str]]:
    if delimiter is None:
        return [[line] for line in lines]
    if delimiter == "::":
        return [line.split("::") for line in lines]
    if delimiter == " ":
        return [line.split() for line in lines]
    # most lines have no quote; a cell that goes on in the next line is cut by `_cut_across_lines`
    quoted = [csv.reader([line], delimiter=delimiter) if '"' in line else None for line in lines]
    return [line.split(delimiter) if row is None else next(row) for line, row in zip(lines, quoted, strict=True)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _repeated(names: Sequence[str]) -> str:
    return next(name for i, name in enumerate(names) if name in names[:i])


def _of_json_lines(source: Source) -> Cells:
    records, numbers = [], []
    for number, line in lines_of(source):
        records.append(parsed_json(line, source, number))
        numbers.append(number)
    return _of_records(source, records, numbers)


def _of_json(source: Source, value: Any) -> Cells:
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        lengths = {name: len(column) for name, column in value.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{source_name(source)}: lists of different lengths: {lengths}")
        return Cells(value)
    if not isinstance(value, list):
        raise ValueError(f"{source_name(source)}: a list of objects is needed, or an object of lists")
    return _of_records(source, value, None)


def _of_records(source: Source, records: list[Any], numbers: list[int] | None) -> Cells:
    """The table of objects, or of lists of one length; a key that an object lacks is an empty cell."""
    if records and all(isinstance(record, list) and len(record) == len(records[0]) for record in records):
        columns = {str(i): list(cells) for i, cells in enumerate(zip(*records, strict=True), start=1)}
        return Cells(columns, numbers, header=False)
    wrong = [i for i, record in enumerate(records) if not isinstance(record, dict)]
    if wrong:
        where = f":{numbers[wrong[0]]}" if numbers else f", entry {wrong[0]}"
        raise ValueError(f"{source_name(source)}{where}: an object is needed; got {records[wrong[0]]!r}")
    names = dict.fromkeys(name for record in records for name in record)
    return Cells({n: [r.get(n) for r in records] for n in names}, numbers)


def _of_arrays(source: Source) -> Cells:
    arrays = {name: _plain(source, name, array) for name, array in read_arrays(source).items()}
    if len(arrays) == 1 and next(iter(arrays.values())).ndim == 2:  # the columns of one matrix
        matrix = next(iter(arrays.values()))
        columns = {str(i): column.tolist() for i, column in enumerate(matrix.T, start=1)}
        return Cells(columns, header=False)
    shapes = {name: array.shape for name, array in arrays.items()}
    if any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) != 1:
        raise ValueError(f"{source_name(source)}: arrays of one length are needed, or one matrix; got {shapes}")
    return Cells({name: array.tolist() for name, array in arrays.items()})


def _plain(source: Source, name: str, array: np.ndarray) -> np.ndarray:
    """An array of numbers, or of words, which dates become; complex numbers, bytes and records are no cells."""
    if array.dtype.kind not in "biufUM":
        raise ValueError(f"{source_name(source)}: {name!r} must hold numbers or words; got the type {array.dtype}")
    return np.datetime_as_string(array) if array.dtype.kind == "M" else array
