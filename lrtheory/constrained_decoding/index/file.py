"""An index in one safetensors file, whose arrays are mapped into memory and shared by the processes that open it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._files import Tensors, replacing
from lrtheory._files.safetensors import Stored, write_tensors
from lrtheory._validation import path_of
from lrtheory.constrained_decoding.index.build import Arrays

__all__ = ["read_index", "write_index"]

FORMAT = "lrtheory.constrained_decoding.TrieIndex"
#: types of the file by those of NumPy
_KINDS = {"i8": "I64", "i4": "I32", "u4": "U32", "u2": "U16", "u1": "U8"}


def write_index(index: Any, path: str | PathLike[str], *, force: bool) -> None:
    """Write the arrays of an index, widest numbers first, so that all begin where such numbers may."""
    arrays: dict[str, np.ndarray] = index._arrays._asdict()
    if index.names is not None:
        encoded = [name.encode("utf-8", "surrogatepass") for name in index.names]
        arrays["name_ends"] = np.cumsum([len(name) for name in encoded], dtype=np.int64)
        arrays["names"] = np.frombuffer(b"".join(encoded), np.uint8)
    arrays = dict(sorted(arrays.items(), key=lambda one: -one[1].itemsize))
    stored = {name: Stored(_KINDS[one.dtype.str[1:]], one.shape, one.tobytes()) for name, one in arrays.items()}
    metadata = {
        "format": FORMAT,
        "vocab_size": str(index.vocab_size),
        "terminator": "" if index.terminator is None else str(index.terminator),
        "n_rows": str(index.n_items + index.n_duplicates),
        **index.encoding,
    }
    metadata["checksum"] = str(_checksum(arrays, metadata))
    replacing(path_of("path", path), lambda target: write_tensors(target, stored, metadata), force=force)


def read_index(kind: Any, path: str | PathLike[str]) -> Any:
    """Open a file of `write_index`; every byte of it is compared with its checksum."""
    place = path_of("path", path)
    tensors = Tensors(place)
    told = tensors.metadata
    if told.get("format") != FORMAT:
        raise ValueError(f"{place}: no index of a catalogue, which `TrieIndex.to_file` writes")
    try:
        found = {name: tensors.mapped(name) for name in tensors.names}
        arrays = Arrays(*(kernel_input(found[name]) for name in Arrays._fields))
        sizes = {name: int(told[name]) for name in ("vocab_size", "n_rows", "checksum")}
        terminator = int(told["terminator"]) if told["terminator"] else None
    except (KeyError, ValueError) as error:
        raise ValueError(f"{place}: a damaged index ({error})") from error
    if _checksum(found, told) != sizes["checksum"]:
        raise ValueError(f"{place}: a damaged index, whose checksum is another one")
    index = kind.__new__(kind)
    index._take(arrays, sizes["vocab_size"], terminator, sizes["n_rows"], _names(found))
    index.encoding = {name: told[name] for name in ("alphabet", "tokenizer") if name in told}
    return index


def _names(found: Mapping[str, np.ndarray]) -> tuple[str, ...] | None:
    if "names" not in found:
        return None
    text, ends = found["names"].tobytes(), found["name_ends"].tolist()
    starts = [0, *ends[:-1]]
    return tuple(text[i:j].decode("utf-8", "surrogatepass") for i, j in zip(starts, ends, strict=True))


def _checksum(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> int:
    """A sum over the texts of a file, and the names, types and bytes of its arrays, in the order of their names."""
    total = zlib.crc32(json.dumps(sorted(one for one in texts.items() if one[0] != "checksum")).encode())
    for name in sorted(arrays):
        total = zlib.crc32(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).view(np.uint8).data, total)
    return total
