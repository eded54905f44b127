"""Which form a file has, by its suffix and then by how it begins; its text, its lines, its arrays."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Sequence
from itertools import dropwhile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.foreign import READ, recognized, refused, suspected
from lrtheory._validation import choice

__all__ = [
    "FORMS",
    "bytes_of",
    "form_of",
    "head_of",
    "json_of",
    "lines_in",
    "lines_of",
    "numbers_and_lines",
    "parsed_json",
    "read_arrays",
    "source_name",
    "text_of",
]

Source = str | PathLike[str]

#: suffixes of the forms that a suffix alone tells
_BY_SUFFIX = {
    ".csv": "table",
    ".tsv": "table",
    ".data": "table",
    ".dat": "table",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".npy": "npy",
    ".npz": "npz",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".soc": "preflib",
    ".soi": "preflib",
    ".toc": "preflib",
    ".toi": "preflib",
    ".cat": "preflib",
    ".run": "trec",
    ".trec": "trec",
    ".qrels": "trec",
    ".safetensors": "safetensors",
}
#: how a file begins that gzip has packed
_PACKED = b"\x1f\x8b"
#: what gzip says of a file that it cannot unpack
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
FORMS = ("table", "json", "jsonl", "npy", "npz", "xlsx", "preflib", "trec", "safetensors", "folder")


def source_name(source: Source) -> str:
    """The name of a file in sentences; that of "-" is "standard input"."""
    return "standard input" if str(source) == "-" else str(source)


def form_of(source: Source, form: str | None = None) -> str:
    """The form of a file.

    Parameters
    ----------
    source : path
        A file or a folder; "-" is standard input, which is taken for a table unless `form` says otherwise.
    form : str or None
        The form that the caller names, one of `FORMS`; None asks the suffix, and then the first line.

    Returns
    -------
    str
        One of `FORMS`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there is no form of that name, or the file is of another program, such as a picture.
    """
    if form is not None:
        return choice("form", form, FORMS)
    if str(source) == "-":
        return "table"
    path = Path(source)
    if path.is_dir():
        return "folder"
    name = path.name.lower().removesuffix(".gz")
    return _BY_SUFFIX.get(Path(name).suffix) or _by_content(source)


def _by_content(source: Source) -> str:
    """The form of a file whose suffix says nothing, by its first bytes."""
    try:
        with _opened(Path(source)) as file:
            what, way = recognized(file)
    except _DAMAGED as error:
        raise _damaged(source, error) from error
    if what:
        if what not in FORMS:
            raise refused(source_name(source), what, way)
        return what
    text = head_of(source).lstrip()
    first, *others = text.splitlines() or [""]
    if first.startswith("# FILE NAME") or first.startswith("# TITLE"):
        return "preflib"
    if first.startswith(("{", "[")):
        return "jsonl" if first.startswith("{") and others and others[0].startswith("{") else "json"
    words = first.split()
    if (len(words) == 6 and words[1].upper() == "Q0") or (len(words) == 4 and words[1] == "0" and words[3].isdecimal()):
        return "trec"
    return "table"


def head_of(source: Source) -> str:
    """The text of the first 4,096 bytes of a file, unpacked where gzip packed it; what is no UTF-8 is replaced."""
    try:
        with _opened(Path(source)) as file:
            head = file.read(4096)
    except _DAMAGED as error:
        raise _damaged(source, error) from error
    return head.decode("utf-8", "replace").removeprefix("\ufeff")


def _opened(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, unpacked where gzip packed it; a missing one is one sentence."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder, and a file is needed")
    with path.open("rb") as file:
        packed = file.read(2) == _PACKED
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def text_of(source: Source) -> str:
    """The text of a file, or of standard input for "-".

    Parameters
    ----------
    source : path
        UTF-8, with or without a mark at its beginning; what gzip packed is unpacked.

    Returns
    -------
    str
        Text whose lines end in a line feed alone.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not UTF-8.
    """
    data = bytes_of(source)
    what, way = recognized(io.BytesIO(data))
    if what in FORMS:
        raise ValueError(f"{source_name(source)}: {suspected(data)}, where text is needed")
    if what:
        raise refused(source_name(source), what, way)
    if b"\0" in data:
        raise ValueError(f"{source_name(source)}: no text, since bytes of it are 0; {READ}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{source_name(source)}:{line}: not UTF-8; save it as UTF-8, please") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def bytes_of(source: Source) -> bytes:
    """The bytes of a file or of standard input, unpacked where gzip packed them."""
    try:
        if str(source) == "-":
            data = sys.stdin.buffer.read()
            return gzip.decompress(data) if data.startswith(_PACKED) else data
        with _opened(Path(source)) as file:
            return file.read()
    except _DAMAGED as error:
        raise _damaged(source, error) from error


def _damaged(source: Source, error: Exception) -> ValueError:
    return ValueError(f"{source_name(source)}: packed by gzip and damaged ({error})")


def lines_of(source: Source) -> list[tuple[int, str]]:
    """The lines of a text with their numbers from 1, without blank lines and comments.

    Comments start with ``#``; collections of graphs also begin their files with lines of ``%``.
    """
    return lines_in(text_of(source))


def lines_in(text: str) -> list[tuple[int, str]]:
    """The lines of a text that was read, as `lines_of` gives them."""
    numbered = dropwhile(lambda one: _is_title(one[1]), enumerate(text.split("\n"), start=1))
    return [(n, line) for n, line in numbered if line and (line[0] not in " \t#" or line.strip()[:1] not in ("", "#"))]


def numbers_and_lines(text: str) -> tuple[Sequence[int], list[str]]:
    """Return the lines of a text that `lines_in` gives, and their numbers, as two sequences."""
    if text and not text[0].isspace() and text[0] not in "#%" and not any(f"\n{sign}" in text for sign in "\n \t#"):
        lines = text.removesuffix("\n").split("\n")
        return range(1, len(lines) + 1), lines
    pairs = lines_in(text)
    return [number for number, _ in pairs], [line for _, line in pairs]


def _is_title(line: str) -> bool:
    """Whether a line before all data is a comment of a collection of graphs."""
    return not line.strip() or line.rstrip() == "%" or line.startswith(("% ", "%\t"))


def json_of(source: Source) -> Any:
    """Read a JSON file; an error names the line."""
    return parsed_json(text_of(source), source)


def parsed_json(text: str, source: Source, line: int | None = None) -> Any:
    """The value of a JSON text, which is that of a file or stands in a line of it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source_name(source)}:{line or error.lineno}: no JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else "holds a number of too many digits"
        raise ValueError(f"{source_name(source)}{f':{line}' if line else ''}: the JSON {what}") from error


def read_arrays(source: Source) -> dict[str, np.ndarray]:
    """The arrays of an npz file by name, or that of an npy file under the name "array"; nothing is unpickled.

    Parameters
    ----------
    source : path
        The file.

    Returns
    -------
    dict of str to array
        Arrays of the file by name, in their types.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another form, or holds Python objects.
    """
    data = bytes_of(source)
    what, way = recognized(io.BytesIO(data))
    if what not in ("npy", "npz"):
        words = suspected(data)
        raise ValueError(f"{source_name(source)}: no arrays of NumPy{f', but {words}' if words else ''}; {way or READ}")
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = {"array": found} if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except Exception as error:  # damage shows in many ways, and whichever it is, the file cannot be read
        held = "pickle" in str(error) or "Object arrays" in str(error)
        told = "holds Python objects, which are not read" if held else "no arrays of NumPy, or damaged ones"
        raise ValueError(f"{source_name(source)}: {told}") from error
    if not arrays:
        raise ValueError(f"{source_name(source)}: no array")
    return arrays
