"""Columns into a file: nothing is overwritten unless the caller says so, and a file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._validation import flag

__all__ = ["SUFFIXES", "delimited", "replacing", "write_columns"]

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".npz")


def write_columns(path: Path, columns: Mapping[str, list[Any]]) -> None:
    """Write columns into a new file whose suffix says the form.

    Parameters
    ----------
    path : Path
        With one of `SUFFIXES`.
    columns : mapping of str to list
        Of one length.

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


def replacing(
    path: str | Path, write: Callable[[Path], object], *, force: bool = False, is_option: bool = True
) -> None:
    """Let a function write a file or a folder under another name, and give it its own at the end.

    Parameters
    ----------
    path : path
        Where it shall stand.
    write : callable
        Gets a path in the same folder at which there is nothing, and writes there.
    force : bool
        Whether a file that is there may be replaced; a folder never is.
    is_option : bool
        Whether the caller has such an option, which the error then names.

    Raises
    ------
    FileExistsError
        If something is there and may not be replaced.
    FileNotFoundError
        If the folder in which it shall stand does not exist.
    PermissionError
        If nothing can be written into it.
    """
    path = Path(path)
    may_replace = flag("force", force)
    there = os.path.lexists(path)  # a link that leads nowhere is something, too
    if there and (not may_replace or not path.is_file()):
        say = "only files are replaced" if path.is_dir() or may_replace else "say --force (force=True) to replace it"
        raise FileExistsError(f"{str(path)!r} is there already" + (f"; {say}" if is_option else ""))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"nothing can be written into the folder {str(path.parent)!r}")
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        target = Path(folder) / path.name
        write(target)
        if there and target.is_dir():
            raise FileExistsError(f"{str(path)!r} is there already; no folder replaces a file")
        os.replace(target, path)
