"""Read the two files of an adapter's folder, and write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.adapters import settings
from lrtheory._files.adapters.module import AdapterModule
from lrtheory._files.adapters.names import PREFIX, Name, array_name, magnitudes_of, parsed
from lrtheory._files.safetensors import Stored, Tensors, encoded, write_tensors
from lrtheory._validation import must

__all__ = ["ARRAYS", "read_folder", "write_folder"]

ARRAYS, PICKLED = "adapter_model.safetensors", "adapter_model.bin"


def read_folder(path: Path) -> dict[str, Any]:
    """Read the fields of an AdapterFile from its folder, or from the file of arrays in it."""
    if not path.exists():
        raise FileNotFoundError(f"there is no folder {str(path)!r}")
    folder = path if path.is_dir() else path.parent
    file = folder / ARRAYS if path.is_dir() else path
    if file.suffix != ".safetensors" or (not file.is_file() and (folder / PICKLED).is_file()):
        raise ValueError(f"`path` must be a folder with {ARRAYS}; got {PICKLED if path.is_dir() else path.name}.")
    config = settings.read_config(folder)
    if not file.is_file():
        raise FileNotFoundError(f"there is no {ARRAYS} in {str(folder)!r}")
    tensors = Tensors(file)
    found: dict[str, dict[str, str]] = {}
    kinds: dict[str, Name] = {}
    lengths = {array: module for array in tensors.names if (module := magnitudes_of(array)) is not None}
    for array in sorted(set(tensors.names) - set(lengths)):
        name = parsed(array)
        if name is not None:
            if name.factor in found.setdefault(name.module, {}):
                raise ValueError(f"{file}: two arrays {name.factor} of {name.module!r}, of which one would be ignored")
            found[name.module][name.factor], kinds[name.module] = array, name
    if not found:
        raise must("path", "a folder with an adapter, whose arrays are named lora_A and lora_B", str(path))
    modules = {module: _module(tensors, kinds[module], arrays, config) for module, arrays in found.items()}
    modules |= _with_magnitudes(tensors, modules, lengths, bool(config.get("use_dora")))
    taken = set(lengths) | {array for arrays in found.values() for array in arrays.values()}
    others = {name: tensors.stored(name) for name in tensors.names if name not in taken}
    said = {"modules": modules, "config": config, "others": others, "metadata": tensors.metadata}
    return said | {"source": folder, "prefixed": all(name.prefixed for name in kinds.values())}


def _module(tensors: Tensors, name: Name, arrays: Mapping[str, str], config: Mapping[str, Any]) -> AdapterModule:
    """One module; E of AdaLoRA, a number for each inner index, goes into A."""
    missing = {"A", "B"} - set(arrays)
    if missing:
        raise must("adapter", f"one with both factors of {name.module!r}", f"none called {missing.pop()}")
    A, B = tensors[arrays["A"]], tensors[arrays["B"]]
    kind, kernel = "embedding" if name.embedding else "linear", ()
    if A.ndim > 2:
        kind, kernel = "convolution", A.shape[1:]
        A, B = A.reshape(len(A), -1), B.reshape(B.shape[0], -1)
    if A.ndim != 2 or B.ndim != 2 or A.shape[0] != B.shape[1]:
        raise must("adapter", f"one whose factors of {name.module!r} have one inner rank", (A.shape, B.shape))
    if "E" in arrays:
        A = A * tensors[arrays["E"]].reshape(-1, 1)
    dtype = tensors.dtype(arrays["B"])
    scale = settings.scale_of(config, name.module, len(A)) if len(A) or config.get("peft_type") == "ADALORA" else 1.0
    return AdapterModule(B, A, scale=scale, kind=kind, kernel=kernel, dtype=dtype)


def _with_magnitudes(
    tensors: Tensors, modules: Mapping[str, AdapterModule], lengths: Mapping[str, str], dora: bool
) -> dict[str, AdapterModule]:
    """The modules of DoRA, of which each has the norms of the rows of its weight."""
    arrays = {module: array for array, module in lengths.items()}
    if set(arrays) != (set(modules) if dora else set()) or len(arrays) != len(lengths):
        got = sorted(set(modules) ^ set(arrays) if dora else arrays)[:4]
        raise must("adapter", "one with lora_magnitude_vector for each module under use_dora, and for none else", got)
    return {name: replace(modules[name], magnitude=tensors[array]) for name, array in arrays.items()}


def write_folder(path: Path, adapter: Any, dtype: str | None) -> None:
    """Write an adapter into a new folder; its factors in one type of the format, or each in its own."""
    kept = {name: module for name, module in adapter.modules.items() if module.rank > 0}
    if not kept:
        raise must("adapter", "one with a module of rank at least 1, since a file holds no others", "ranks 0")
    stored: dict[str, Stored] = {}
    for name, module in kept.items():
        for factor, value in zip("AB", _shaped(module), strict=True):
            array = array_name(name, factor, embedding=module.kind == "embedding", prefixed=adapter.prefixed)
            stored[array] = _encoded(value, dtype or module.dtype, array)
        if module.magnitude is not None:
            array = (PREFIX if adapter.prefixed else "") + f"{name}.lora_magnitude_vector"
            stored[array] = _encoded(module.magnitude, dtype or module.dtype, array)
    ranks, scales = ({n: getattr(m, what) for n, m in kept.items()} for what in ("rank", "scale"))
    config = settings.written(adapter.config, ranks, scales, set(adapter.modules) - set(kept))
    path.mkdir()
    write_tensors(path / ARRAYS, stored | dict(adapter.others), adapter.metadata)
    (path / settings.CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _shaped(module: AdapterModule) -> tuple[np.ndarray, np.ndarray]:
    """A and B as a file holds them."""
    if not module.kernel:
        return module.A, module.B
    ones = (1,) * (len(module.kernel) - 1)
    return module.A.reshape(-1, *module.kernel), module.B.reshape(*module.B.shape, *ones)


def _encoded(value: np.ndarray, dtype: str, name: str) -> Stored:
    try:
        return encoded(value, dtype)
    except OverflowError as error:
        raise must("dtype", f"a type in whose range the numbers of {name!r} lie", str(error)) from error
