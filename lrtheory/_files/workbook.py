"""The rows of the one sheet of a workbook of Excel, as the text that it would have as csv."""

from __future__ import annotations

import datetime
import io
import warnings
from typing import Any

from lrtheory._files.cells import cell_text
from lrtheory._files.foreign import suspected

__all__ = ["sheet_rows"]

#: up to here a double, as which Excel keeps numbers, holds all whole ones
_WHOLE = 2**53


def sheet_rows(data: bytes, name: str) -> tuple[list[int], list[list[str]]]:
    """Read the sheet of a workbook that has one.

    Parameters
    ----------
    data : bytes
        Content of an xlsx or xlsm file.
    name : str
        Name of the file, for the sentence of an error.

    Returns
    -------
    numbers : list of int
        Numbers of the rows that are not empty, from 1.
    rows : list of list of str
        Cells of these rows, of one length, without columns that are empty throughout; dates as ISO 8601 writes them.

    Raises
    ------
    ImportError
        If openpyxl, which reads workbooks, is not installed.
    ValueError
        If it is not a workbook or is damaged, several sheets hold cells, or the value of a cell is an error or unknown.
    """
    values = _sheets(data, name, formulas=False)
    if len(values) != 1:
        told = f"the sheets {', '.join(map(repr, values))} hold cells; save the one that is meant as csv, in UTF-8"
        raise ValueError(f"{name}: {told if values else 'no row'}")
    (title, rows), formulas = next(iter(values.items())), {}
    if any(cell is None for row in rows.values() for cell in row):  # else every formula has its value
        formulas = _sheets(data, name, formulas=True).get(title, {})
    width = max(map(len, rows.values()))
    found: dict[int, list[str]] = {}
    for number, row in rows.items():
        known = [*formulas.get(number, []), *[None] * width]
        for cell, formula in zip(row, known, strict=False):
            if cell is None and formula is not None:
                rule = "the value of a formula is not stored; open the file in Excel and save it"
                raise ValueError(f"{name}:{number}: {rule}")
        found[number] = [*map(_text, row), *[""] * (width - len(row))]
    kept = [place for place in range(width) if any(row[place] for row in found.values())]
    return list(found), [[row[place] for place in kept] for row in found.values()]


def _sheets(data: bytes, name: str, *, formulas: bool) -> dict[str, dict[int, list[Any]]]:
    """The rows that are not empty of the visible sheets, by the number of the row, with formulas or their values."""
    try:
        import openpyxl
    except ImportError as error:
        way = "`pip install openpyxl` (the extra `excel`) lets it be read; or save the sheet as csv, in UTF-8"
        raise ImportError(f"{name}: a workbook of Excel; {way}") from error
    found: dict[str, dict[int, list[Any]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of looks that are not kept, such as styles
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=not formulas)
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()  # what the file says of its size may be wrong
                    found[sheet.title] = _rows(sheet, name)
        except _CellError:
            raise
        except Exception as error:  # whatever it stumbles over, the file is not what it should be
            raise ValueError(f"{name}: {_else(data)}") from error
    return {title: rows for title, rows in found.items() if rows}


class _CellError(ValueError):
    """A cell that is not what it should be."""


def _rows(sheet: Any, name: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for number, row in enumerate(sheet.iter_rows(), start=1):
        for cell in row:
            if cell.data_type == "e":
                raise _CellError(f"{name}:{number}: a cell holds the error {cell.value}")
            if cell.data_type == "n" and isinstance(cell.value, (int, float)) and abs(cell.value) > _WHOLE:
                rule = "Excel keeps 15 digits of a number, so longer ids may have become others; save them as text"
                raise _CellError(f"{name}:{number}: {rule}")
        cells = [cell.value for cell in row]
        if any(cell is not None and str(cell).strip() for cell in cells):
            found[number] = cells
    return found


def _else(data: bytes) -> str:
    """Name the kind of bytes that are no workbook."""
    what = suspected(data)
    if "(xlsx)" in what or "(npz)" in what:
        return "a damaged workbook of Excel"
    return f"no workbook of Excel, but {what}" if what else "no workbook of Excel; a text is called .csv"


def _text(cell: Any) -> str:
    """A cell as Excel writes it into a csv file, but for dates."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ") if cell.time() != datetime.time() else cell.date().isoformat()
    return "" if cell is None else cell.strip() if isinstance(cell, str) else cell_text(cell)
