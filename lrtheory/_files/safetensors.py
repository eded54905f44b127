"""Arrays of safetensors files and folders, mapped into memory and read when they are asked for, and written anew.

The format is eight bytes with the length of a header, the header as JSON (for each array its type, its shape and its
first and last byte), and then the bytes [1]_. Nothing in it can be run, and no package is needed to read it.

References
----------
.. [1] The safetensors format, https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files.foreign import suspected
from lrtheory._files.opening import form_of, json_of, read_arrays

__all__ = ["Stored", "Tensors", "decoded", "encoded", "named_arrays", "write_streamed", "write_tensors"]

#: bfloat16 is the upper half of a float32, which NumPy has no type for
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
#: the longest header that the format allows
_LONGEST = 100_000_000
#: the files of a model, or of an adapter, in a folder
_INDEX, _SINGLE = "model.safetensors.index.json", ("model.safetensors", "adapter_model.safetensors")


class Stored(NamedTuple):
    """An array as a file holds it: the name of its type in the format, its shape, and its bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class Tensors:
    """The arrays of a safetensors file, or of the files of a folder; half precision becomes float32.

    Arrays of types that NumPy lacks, such as F8_E4M3, have a shape and bytes, and asking for their numbers is refused.

    Parameters
    ----------
    path : path
        A file, the ``model.safetensors.index.json`` of a model in several files, or a folder that holds such a model or
        adapter.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or the folder holds none.
    ValueError
        If a file is damaged, or the folder holds several models.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.metadata: dict[str, str] = {}
        self._places: dict[str, tuple[_File, dict[str, Any]]] = {}
        for one in _files_of(self.path):
            file = _File(one)
            self.metadata |= file.metadata
            self._places |= {name: (file, entry) for name, entry in file.entries.items()}

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Tensors:
        """Open a model in safetensors files; nothing is read yet but names, types and shapes.

        Parameters
        ----------
        path : path
            A file, or a folder with a model in one or several of them; the index of several stands for its folder.

        Returns
        -------
        Tensors
            The arrays of the files.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If a file is damaged.
        """
        found = Path(path)
        return cls(found.parent if found.name.endswith(".index.json") else found)

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._places)

    @property
    def folder(self) -> Path:
        """The folder in which the files and their settings stand."""
        return self.path if self.path.is_dir() else self.path.parent

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, which is not read for it."""
        return tuple(self._places[name][1]["shape"])

    def __getitem__(self, name: str) -> np.ndarray:
        value = self.mapped(name)
        return value if value.dtype in (np.float32, np.float64) else value.astype(np.float32)

    def mapped(self, name: str) -> np.ndarray:
        """An array in its own type, which stays in mapped memory and is not copied; bfloat16 becomes float32."""
        file, entry = self._places[name]
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{file.path}: {name!r} is of the type {entry['dtype']}, which is not read")
        return file.array(entry)

    def stored(self, name: str) -> Stored:
        """The bytes of an array, as they stand in the file."""
        file, entry = self._places[name]
        return Stored(entry["dtype"], tuple(entry["shape"]), file.bytes_of(entry))

    def dtype(self, name: str) -> str:
        """The name that the format has for the type of an array."""
        return str(self._places[name][1]["dtype"])

    def place(self, name: str) -> tuple[Path, int]:
        """The file that holds an array, and the place of its first byte there."""
        file, entry = self._places[name]
        return file.path, file.first + entry["data_offsets"][0]


def _files_of(path: Path) -> list[Path]:
    """The files that hold a model: the one that is named, those of its index, or the one model of a folder."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    if path.is_dir():
        if (path / _INDEX).is_file():
            return _files_of(path / _INDEX)
        usual = [path / name for name in _SINGLE if (path / name).is_file()]
        found = usual[:1] or sorted(path.glob("*.safetensors"))
        if not found:
            raise FileNotFoundError(f"there is no safetensors file in {str(path)!r}")
        if len(found) > 1:
            raise ValueError(f"{path}: several models, {', '.join(one.name for one in found[:4])}; name one of them")
        return found
    if path.suffix != ".json":
        return [path]
    try:
        parts = json_of(path)["weight_map"].values()
        return [path.parent / Path(name).name for name in dict.fromkeys(parts)]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: no index of a model in several files") from error


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no JSON object")
    return value


class _File:
    """One file: its header, and its bytes in mapped memory."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {str(path)!r}")
        self.path, size = path, path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(_LONGEST, size - 8):
                file.seek(0)
                what = suspected(file.read())
                told = (
                    f"{what}, where a safetensors file is needed" if what else "no safetensors file, or a part of one"
                )
                raise ValueError(f"{path}: {told}")
            try:
                header = _object(json.loads(file.read(length)), "the header")
                self.metadata = dict(header.pop("__metadata__", {}))
                self.entries = {name: self._checked(name, entry, size - 8 - length) for name, entry in header.items()}
            except (KeyError, AttributeError, TypeError, RecursionError, UnicodeDecodeError) as error:
                raise ValueError(f"{path}: damaged header of a safetensors file") from error
            except ValueError as error:
                raise ValueError(f"{path}: damaged header of a safetensors file ({error})") from error
            self._refuse_shared_bytes()
            self.first = 8 + length
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @staticmethod
    def _checked(name: str, entry: dict[str, Any], size: int) -> dict[str, Any]:
        """An entry of the header whose bytes are there, as many as its shape and type need."""
        first, last = _object(entry, f"the entry of {name!r}")["data_offsets"]
        if not all(isinstance(length, int) and length >= 0 for length in entry["shape"]):
            raise ValueError(f"{name!r} is of the shape {entry['shape']}, which no array has")
        kind = str(entry["dtype"])
        # the format has types that NumPy lacks; whoever does not ask for such an array can read the others
        needed = math.prod(entry["shape"]) * np.dtype(_TYPES[kind]).itemsize if kind in _TYPES else last - first
        if not 0 <= first <= last <= size or last - first != needed:
            raise ValueError(f"the bytes of {name!r} are not all there")
        return entry

    def _refuse_shared_bytes(self) -> None:
        """Refuse arrays whose bytes overlap: the format forbids them, and one of the two would be read wrongly."""
        places = sorted((*entry["data_offsets"], name) for name, entry in self.entries.items())
        for (_, last, name), (after, _, other) in pairwise(one for one in places if one[0] < one[1]):
            if after < last:
                raise ValueError(f"{self.path}: damaged header of a safetensors file ({name!r} and {other!r} overlap)")

    def array(self, entry: dict[str, Any]) -> np.ndarray:
        """The array of an entry, a view of the mapped memory; bfloat16 becomes float32."""
        kind, first = np.dtype(_TYPES[entry["dtype"]]), self.first + entry["data_offsets"][0]
        count = math.prod(entry["shape"])
        stored = np.frombuffer(self._bytes, kind, count, first) if count else np.empty(0, kind)
        return _widened(stored, entry["dtype"]).reshape(entry["shape"])

    def bytes_of(self, entry: dict[str, Any]) -> bytes:
        """The bytes of an entry."""
        first, last = entry["data_offsets"]
        return self._bytes[self.first + first : self.first + last]


def _widened(stored: np.ndarray, dtype: str) -> np.ndarray:
    """The numbers of an array; those of bfloat16, which NumPy does not know, in single precision."""
    return (stored.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else stored


def named_arrays(path: str | PathLike[str], what: str) -> dict[str, Any]:
    """All arrays of an npz or safetensors file, or of a folder with a model.

    Parameters
    ----------
    path : path
        The file or folder.
    what : str
        Word for the content of the file, for the sentence of the error: "edits".

    Returns
    -------
    dict of str to array
        Arrays of the file by name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, or of another form.
    """
    kind = form_of(path)
    if kind in ("safetensors", "folder"):
        tensors = Tensors(path)
        return {name: tensors[name] for name in tensors.names}
    if kind != "npz":
        raise ValueError(f"{path}: {what} are read from npz and safetensors files; this one is a {kind}")
    return read_arrays(path)


def decoded(array: Stored) -> np.ndarray:
    """The numbers of an array that is stored; half precision becomes single."""
    found = _widened(np.frombuffer(array.data, _TYPES[array.dtype]), array.dtype).reshape(array.shape)
    return found.astype(np.float32) if found.dtype == np.float16 else found


def encoded(array: np.ndarray, dtype: str) -> Stored:
    """An array of finite numbers, rounded to a type of the format, to even where two numbers are equally near.

    Parameters
    ----------
    array : np.ndarray
        Numbers.
    dtype : {"F64", "F32", "F16", "BF16"}
        The type.

    Returns
    -------
    Stored
        Bytes of the array, with its type and shape.

    Raises
    ------
    OverflowError
        If a number is too large for the type.
    """
    if dtype == "BF16":
        bits = _to_bfloat16(np.ascontiguousarray(array))
        finite = (bits & 0x7F80) != 0x7F80
    else:
        with np.errstate(over="ignore"):
            bits = np.ascontiguousarray(array).astype(_TYPES[dtype])
        finite = np.isfinite(bits)
    if not finite.all():
        raise OverflowError(f"{float(np.abs(array).max()):.4g} is too large for {dtype}")
    return Stored(dtype, tuple(array.shape), bits.tobytes())


def _to_bfloat16(array: np.ndarray) -> np.ndarray:
    """The upper halves of single precision, rounded once and to even, from doubles too."""
    with np.errstate(over="ignore"):
        single = array.astype("<f4")
    bits = single.view("<u4").reshape(array.shape).astype(np.int64)
    # a double off its single is no tie; one step of the last bit, which the upper half lacks, says to which side
    bits += np.where((bits & 0xFFFF) == 0x8000, np.sign(np.abs(array) - np.abs(single)).astype(np.int64), 0)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def write_tensors(path: Path, tensors: Mapping[str, Stored], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file.

    Parameters
    ----------
    path : Path
        A new file.
    tensors : mapping of str to Stored
        The arrays by name; they lie in the file in this order.
    metadata : mapping of str to str or None
        Texts beside the arrays in the header; None writes none.
    """
    entries = [(name, array.dtype, array.shape) for name, array in tensors.items()]
    sizes = {name: len(array.data) for name, array in tensors.items()}
    write_streamed(path, entries, sizes, lambda name: iter((tensors[name].data,)), metadata)


def write_streamed(
    path: Path,
    entries: Sequence[tuple[str, str, tuple[int, ...]]],
    sizes: Mapping[str, int],
    produced: Callable[[str], Iterator[bytes]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a safetensors file whose arrays are made one after the other, in pieces.

    Parameters
    ----------
    path : Path
        A new file.
    entries : sequence of tuples of str, str and tuple of int
        Name, type and shape of each array, in the order of the file.
    sizes : mapping of str to int
        Number of bytes of each array, whose type NumPy may lack.
    produced : callable
        Gets a name, and returns the bytes of this array in pieces.
    metadata : mapping of str to str or None
        As in `write_tensors`.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    first = 0
    for name, dtype, shape in entries:
        last = first + sizes[name]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [first, last]}
        first = last
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays begin where numbers of eight bytes may
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, _, _ in entries:
            file.writelines(produced(name))
