"""Files of other programs: recognized by their first bytes, and refused in a sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

__all__ = ["READ", "recognized", "refused", "suspected"]

#: what is read, for the end of sentences
READ = "tables are read as csv, tsv, json, jsonl, npy, npz or xlsx, and arrays as npy, npz or safetensors"
_UNPACK = "unpack it first, or pack one file by gzip"
_AS_CSV = "save the sheet as csv, in UTF-8, or as xlsx"
_AS_ARRAYS = "save its arrays as npz or safetensors, since to open it may run code that it holds"
#: how a file begins, what it then is, and the way on where there is a better one than to read what is read; no table
#: begins so, even one whose first column is called "PAR1"
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n", "a picture (PNG)", ""),
    (b"\xff\xd8\xff", "a picture (JPEG)", ""),
    (b"GIF87a", "a picture (GIF)", ""),
    (b"GIF89a", "a picture (GIF)", ""),
    (b"%PDF-", "a PDF page", ""),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office file (xls, doc), old or locked by a password", _AS_CSV),
    (b"PAR1\x15", "a Parquet table", "`pandas.read_parquet(path).to_csv(...)` makes one that is read"),
    (b"ARROW1\0", "a Feather table", "`pandas.read_feather(path).to_csv(...)` makes one that is read"),
    (b"SQLite format 3\0", "a SQLite database", "save its table as csv"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save its arrays as npz"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", "scipy.io.loadmat reads it; save its arrays as npz"),
    (b"%%MatrixMarket", "a Matrix Market file", "scipy.io.mmread reads it"),
    *((b"GGUF" + bytes([version, 0]), "a model as GGUF", "take its safetensors files") for version in (2, 3)),
    *((b"BZh%d1AY&SY" % level, "packed by bzip2", _UNPACK) for level in range(1, 10)),
    (b"\xfd7zXZ\0", "packed by xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "packed by 7-Zip", _UNPACK),
    (b"Rar!\x1a\x07", "packed by rar", _UNPACK),
    (b"\x1f\x8b", "packed by gzip twice", "unpack it once"),
    (b"\xff\xfe", "text in UTF-16", "save it as UTF-8, please"),
    (b"\xfe\xff", "text in UTF-16", "save it as UTF-8, please"),
    *((b"\x80" + bytes([protocol]), "a pickle", _AS_ARRAYS) for protocol in range(2, 6)),
)
#: members of zip archives that say what the archive is
_MEMBERS = {
    "xl/workbook.xml": ("xlsx", ""),
    "xl/workbook.bin": ("a binary workbook of Excel (xlsb)", _AS_CSV),
    "word/document.xml": ("a document of Word", "save its table as csv"),
    "ppt/presentation.xml": ("a presentation of PowerPoint", ""),
    "content.xml": ("a file of LibreOffice (ods, odt)", _AS_CSV),
    "data.pkl": ("a checkpoint of torch (a pickle)", _AS_ARRAYS),
}
_WEB_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def recognized(file: io.BufferedIOBase) -> tuple[str, str]:
    """Look what a file is that is no plain text.

    Parameters
    ----------
    file : binary file
        At its beginning, unpacked; its position is moved.

    Returns
    -------
    what : str
        "npy", "npz" or "xlsx", which are read; words for what is not, such as "a picture (PNG)"; and "" for what is not
        recognized, as plain text is not.
    way : str
        Way for the user to make the file readable, such as "unpack it first", or "".
    """
    head = file.read(512)
    if head.startswith(b"\x93NUMPY"):
        return "npy", ""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_archive(file)
    if head[257:262] == b"ustar":
        return "an archive (tar)", "unpack it first"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGES):
        return "a web page or another XML file", "save its table as csv"
    return next(((what, way) for start, what, way in _BEGINNINGS if head.startswith(start)), ("", ""))


def _in_archive(file: io.BufferedIOBase) -> tuple[str, str]:
    """Name the kind of a zip archive by the names in it; a damaged one counts as an npz file."""
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "npz", ""
    for member, found in _MEMBERS.items():
        if any(name == member or (member == "data.pkl" and PurePosixPath(name).name == member) for name in names):
            return found
    if all(name.endswith(".npy") for name in names):
        return "npz", ""
    return "a zip archive", "unpack it first"


def refused(name: str, what: str, way: str = "") -> ValueError:
    """The error for a file that is something else than what is read.

    Parameters
    ----------
    name : str
        Name of the file, for the sentence of the error.
    what, way : str
        Values that `recognized` returned.

    Returns
    -------
    ValueError
        Error of one sentence.
    """
    return ValueError(f"{name}: {what}, which is not read; {way or READ}")


def suspected(data: bytes) -> str:
    """Name in words the program that wrote these bytes; "" where they are not recognized."""
    what, _ = recognized(io.BytesIO(data))
    return {"npy": "an array of NumPy (npy)", "npz": "arrays of NumPy (npz)", "xlsx": "a workbook of Excel (xlsx)"}.get(
        what, what
    )
