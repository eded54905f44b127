"""The files of a model into which an adapter was merged, written array by array, in parts as the model has them."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.adapter_file import DTYPES
from lrtheory._files.adapters.base import base_name
from lrtheory._files.adapters.beside import TOKENS, token_rows
from lrtheory._files.adapters.names import TRAINING
from lrtheory._files.opening import json_of
from lrtheory._files.safetensors import decoded, encoded, write_streamed
from lrtheory._validation import Words, must
from lrtheory.low_rank_optimizers.rounding.adapted import Adapted, adapted, beside_factors
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint

__all__ = ["write_merged"]

FLOATS = ("F64", "F32", "F16", "BF16")
#: what is made of an array
Change = Callable[[np.ndarray], np.ndarray]
#: entries that are merged at once
AT_ONCE = 1 << 20
INDEX, CONFIG = "model.safetensors.index.json", "config.json"


def write_merged(target: Path, model: Tensors, adapter: AdapterFile, dtype: str) -> None:
    """Write a model with an adapter in it; all arrays of floats are in one type, and the others stay as they are.

    Parameters
    ----------
    target : Path
        A new folder.
    model : Tensors
        The model, whose other files are copied.
    adapter : AdapterFile
        Adapter.
    dtype : {"bfloat16", "float16"}
        The type.

    Raises
    ------
    ValueError
        If a number is too large for the type, the adapter has an array that the model lacks, or it changes one array in
        two ways.
    """
    weights = adapted(Checkpoint(model), adapter)
    changed = {one.name: one for one in weights.values()}
    # modules of different names may share one array of the model, as tied embeddings do, and one update would be lost
    if len(changed) < len(weights):
        raise _twice("two updates of one array")
    # before the folder is made, so that a refusal leaves nothing behind
    made = _whole(model, adapter)
    for name in changed:
        if name in made:
            raise _twice(name)
    code, shards, sizes = DTYPES[dtype], _shards(model), {name: _size(model, name) for name in model.names}
    target.mkdir()
    for file, names in shards.items():

        def produced(name: str) -> Iterator[bytes]:
            return _bytes_of(model, name, code, changed.get(name), made.get(name))

        entries = [
            (name, code if model.dtype(name) in FLOATS else model.dtype(name), model.shape(name)) for name in names
        ]
        write_streamed(target / file.name, entries, sizes, produced, model.metadata)
    _copy_others(model, target, set(shards), dtype, sum(sizes.values()))


def _whole(model: Tensors, adapter: AdapterFile) -> dict[str, Change]:
    """Changes of arrays of the model by arrays beside the factors, and by biases that factors add to."""
    found: dict[str, Change] = {}

    def add(place: str, change: Change) -> None:
        if place in found:
            raise _twice(place)
        found[place] = change

    for name, module in adapter.modules.items():
        if module.rank and module.bias is not None and np.any(module.bias):
            add(_named(model, f"{name}.bias", module.bias.shape), partial(np.add, module.bias))
    for name, array in beside_factors(adapter).items():
        if name.endswith(TOKENS):
            rows, value = token_rows(adapter, name, array), decoded(array)
            place = base_name(model, f"{name.removesuffix(TOKENS)}.weight")
            if model.shape(place)[1:] != value.shape[1:] or max(rows) >= model.shape(place)[0]:
                raise must("model", f"the model of the adapter, with the rows of {place!r}", model.shape(place))
            add(place, partial(_with_rows, rows=rows, value=value))
        elif array.dtype in FLOATS and not name.endswith(TRAINING):
            add(_named(model, name, array.shape), partial(_replaced, value=decoded(array)))
    return found


def _twice(got: str) -> Exception:
    return must("adapter", "one that changes each array of the model once", Words(got))


def _replaced(array: np.ndarray, *, value: np.ndarray) -> np.ndarray:
    return value


def _with_rows(array: np.ndarray, *, rows: list[int], value: np.ndarray) -> np.ndarray:
    found = np.array(array)
    found[rows] = value
    return found


def _named(model: Tensors, name: str, shape: tuple[int, ...]) -> str:
    """The name of an array that is replaced; one that the model ties to another one would change both."""
    found = base_name(model, name)
    if model.shape(found) != tuple(shape):
        raise must("model", f"the model of the adapter, with {name!r} of the shape {tuple(shape)}", model.shape(found))
    if not (found.endswith(name) or name.endswith(found)):
        raise must("model", f"one with an array {name!r} of its own, which is tied to {found!r} here", str(model.path))
    return found


def _shards(model: Tensors) -> dict[Path, list[str]]:
    """The names of the arrays in each file of a model, in the order of their bytes."""
    found: dict[Path, list[tuple[int, str]]] = {}
    for name in model.names:
        file, first = model.place(name)
        found.setdefault(file, []).append((first, name))
    return {file: [name for _, name in sorted(names)] for file, names in found.items()}


def _bytes_of(model: Tensors, name: str, code: str, change: Adapted | None, make: Change | None) -> Iterator[bytes]:
    """The bytes of one array of the merged model, in pieces."""
    if model.dtype(name) not in FLOATS or (change is None and make is None and model.dtype(name) == code):
        yield model.stored(name).data
        return
    try:
        if change is not None:
            for rows in change.rows(max(1, AT_ONCE // change.shape[1])):
                yield encoded(rows.weight + rows.update, code).data
            return
        whole = model[name] if make is None else make(model[name])
        flat = np.ascontiguousarray(whole).reshape(-1)
        for start in range(0, flat.size, AT_ONCE):
            yield encoded(flat[start : start + AT_ONCE], code).data
    except OverflowError as error:
        raise must("dtype", f"a type in whose range the numbers of {name!r} lie", str(error)) from error


def _copy_others(model: Tensors, target: Path, files: set[Path], dtype: str, size: int) -> None:
    """Copy the files beside the arrays; settings and the index of parts say the new type and size."""
    if not model.path.is_dir():
        return
    for path in sorted(model.folder.iterdir()):
        if not path.is_file() or path in files or path.suffix in (".safetensors", ".bin", ".pt", ".pth"):
            continue
        if path.name == CONFIG:
            said: Any = json_of(path)
            names = [name for name in ("dtype", "torch_dtype") if isinstance(said, Mapping) and name in said]
            changed = {**said, **dict.fromkeys(names, dtype)} if names else said
            (target / CONFIG).write_text(json.dumps(changed, indent=2) + "\n", encoding="utf-8")
        elif path.name == INDEX:
            said = json_of(path)
            more = {**(said.get("metadata") or {}), "total_size": size}
            (target / INDEX).write_text(json.dumps({**said, "metadata": more}, indent=2) + "\n", encoding="utf-8")
        else:
            shutil.copyfile(path, target / path.name)


def _size(model: Tensors, name: str) -> int:
    """Number of bytes of an array in the merged model."""
    if model.dtype(name) in FLOATS:
        return 2 * math.prod(model.shape(name))
    return len(model.stored(name).data)
