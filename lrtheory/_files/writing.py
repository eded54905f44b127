"""Columns into a file whose suffix says the form."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["SUFFIXES", "delimited", "write_columns"]

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".npz")


def write_columns(path: Path, columns: Mapping[str, list[Any]]) -> None:
    """Write columns into a new file whose suffix says the form.

    Parameters
    ----------
    path : Path
        Path whose suffix is one of `SUFFIXES`.
    columns : mapping of str to list
        Cells of each column, of one length.

    Raises
    ------
    ValueError
        If the suffix is none of `SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a table is written as one of {', '.join(SUFFIXES)}; got {path.name!r}")
    path.write_bytes(_encoded(suffix, columns))


def _encoded(suffix: str, columns: Mapping[str, list[Any]]) -> bytes:
    if suffix == ".npz":
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: _plain_array(cells) for name, cells in columns.items()}
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()
    rows = zip(*columns.values(), strict=True)
    if suffix == ".json":
        return (json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1) + "\n").encode()
    if suffix == ".jsonl":
        return "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows).encode()
    return delimited(columns, rows, "," if suffix == ".csv" else "\t").encode()


def delimited(names: Iterable[str], rows: Iterable[Iterable[Any]], delimiter: str) -> str:
    """The lines of a table, the names first."""
    text = io.StringIO()
    usual, quoted = (
        csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=kind)
        for kind in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    for row in ([*names], *(["" if cell is None else cell for cell in row] for row in rows)):
        # a line that starts with one of these signs is read as a comment, unless its first cell stands in quotes
        (quoted if str(row[0]).startswith(("#", "%")) else usual).writerow(row)
    return text.getvalue()


def _plain_array(cells: list[Any]) -> np.ndarray:
    """An array that can be read without unpickling; text where the cells are of several kinds."""
    array = np.array(cells)
    return np.array(["" if cell is None else str(cell) for cell in cells]) if array.dtype == object else array
