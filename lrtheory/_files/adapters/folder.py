"""Read the two files of an adapter's folder, and write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.adapters import settings
from lrtheory._files.adapters.experts import experts_of, factors_of, is_parameter, packed
from lrtheory._files.adapters.module import BESIDE, AdapterModule, encoded_as, with_kernels
from lrtheory._files.adapters.names import PREFIX, VECTORS, Name, array_name, parsed, vector_of
from lrtheory._files.adapters.one_file import FOLDER, is_one_file, read_one_file, write_one_file
from lrtheory._files.safetensors import Stored, Tensors, write_tensors
from lrtheory._validation import must

__all__ = ["ARRAYS", "read_folder", "refuse_pickle", "refuse_place", "write_adapter"]

ARRAYS, PICKLED, GGUF = "adapter_model.safetensors", "adapter_model.bin", ".gguf"
#: pickles can run anything, so they are not opened here; two lines of peft save the adapter anew
UNPICKLE = (
    "if you trust it, `model = PeftModel.from_pretrained(base_model, folder)` and `model.save_pretrained(new_folder)` "
    "in peft save it anew as safetensors"
)


def read_folder(path: Path) -> dict[str, Any]:
    """Read the fields of an AdapterFile from its folder, or from the file of arrays in it."""
    if not path.exists():
        raise FileNotFoundError(f"there is no folder {str(path)!r}")
    if path.suffix.lower() == GGUF:
        raise must("path", f"a folder with {ARRAYS}, as files of llama.cpp are not read", path.name)
    if is_one_file(path):
        return read_one_file(path)
    folder = path if path.is_dir() else path.parent
    file = folder / ARRAYS if path.is_dir() else path
    refuse_pickle(file)
    config = settings.read_config(folder)
    if not file.is_file():
        raise FileNotFoundError(f"there is no {ARRAYS} in {str(folder)!r}")
    tensors = Tensors(file)
    found: dict[str, dict[str, str]] = {}
    kinds: dict[str, Name] = {}
    vectors = {array: one for array in tensors.names if (one := vector_of(array)) is not None}
    for array in sorted(set(tensors.names) - set(vectors)):
        name = parsed(array, of_parameters=bool(config.get("target_parameters")))
        if name is not None:
            if name.factor in found.setdefault(name.module, {}):
                raise ValueError(f"{file}: two arrays {name.factor} of {name.module!r}, of which one would be ignored")
            found[name.module][name.factor], kinds[name.module] = array, name
    if not found:
        raise must("path", "a folder with an adapter, whose arrays are named lora_A and lora_B", str(path))
    modules: dict[str, AdapterModule] = {}
    for module, arrays in found.items():
        of_experts = is_parameter(config, module, len(tensors[arrays["A"]]) if "A" in arrays else 0)
        read = experts_of if of_experts else _module
        modules |= read(tensors, kinds[module], arrays, config)
    modules |= _with_vectors(tensors, modules, vectors, config)
    taken = set(vectors) | {array for arrays in found.values() for array in arrays.values()}
    others = {name: tensors.stored(name) for name in tensors.names if name not in taken}
    said = {"modules": modules, "config": config, "others": others, "metadata": tensors.metadata}
    return said | {"source": folder, "prefixed": all(name.prefixed for name in kinds.values())}


def refuse_pickle(file: Path) -> None:
    """Refuse a file of arrays that is a pickle, or that is missing beside one."""
    pickled = file.name if file.suffix != ".safetensors" else PICKLED
    if file.suffix != ".safetensors" or (not file.is_file() and (file.parent / PICKLED).is_file()):
        how = f"; {UNPICKLE}" if pickled == PICKLED else ""
        raise ValueError(f"`path` must be a folder with {ARRAYS}; got {pickled}{how}.")


def _module(
    tensors: Tensors, name: Name, arrays: Mapping[str, str], config: Mapping[str, Any]
) -> dict[str, AdapterModule]:
    """One module; E of AdaLoRA, a number for each inner index, goes into A."""
    A, B = factors_of(tensors, name, arrays)
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
    return {name.module: AdapterModule(B, A, scale=scale, kind=kind, kernel=kernel, dtype=dtype)}


def _with_vectors(
    tensors: Tensors,
    modules: Mapping[str, AdapterModule],
    vectors: Mapping[str, tuple[str, str]],
    config: Mapping[str, Any],
) -> dict[str, AdapterModule]:
    """The modules whose rows have norms under DoRA, or that add to biases: all of them where a setting says so."""
    found = dict(modules)
    for what, setting in (("magnitude", "use_dora"), ("bias", "lora_bias")):
        arrays = {module: array for array, (one, module) in vectors.items() if one == what}
        wanted, several = (
            set(modules) if config.get(setting) else set(),
            sum(one == what for one, _ in vectors.values()),
        )
        if set(arrays) != wanted or len(arrays) != several:
            rule = f"one with {VECTORS[what]} for each module under {setting}, and for none else"
            raise must("adapter", rule, sorted(wanted ^ set(arrays) or arrays)[:4])
        for name, array in arrays.items():
            value, one = tensors[array], found[name]
            if what == "magnitude":
                value = _as_vector(value, one, array)
            elif one.scale != 1:
                value = one.scale * value.astype(np.float64)
            more: dict[str, Any] = {what: value}
            found[name] = replace(found[name], **more)
    return found


def refuse_place(path: Path, form: str) -> None:
    """Refuse a place that is not of the form in which an adapter is written: a folder, or one file."""
    if path.suffix.lower() == GGUF:
        rule = "that of a folder, on which `convert_lora_to_gguf.py` of llama.cpp can be run"
        raise must("path", rule, path.name)
    if form == FOLDER and path.suffix.lower() in (".safetensors", ".bin"):
        raise must("path", "that of a folder, in which peft finds the arrays and their settings", path.name)
    if form != FOLDER and path.suffix.lower() != ".safetensors":
        raise must("path", f"that of a .safetensors file, as the adapter came in the form of {form}", path.name)


def write_adapter(path: Path, adapter: Any, dtype: str | None) -> None:
    """Write an adapter in the form in which it was read."""
    refuse_place(path, adapter.form)
    (write_folder if adapter.form == FOLDER else write_one_file)(path, adapter, dtype)


def write_folder(path: Path, adapter: Any, dtype: str | None) -> None:
    """Write an adapter into a new folder; its factors in one type of the format, or each in its own."""
    kept = {name: module for name, module in adapter.modules.items() if module.rank > 0 or module.kind == "expert"}
    if not any(module.rank > 0 for module in kept.values()):
        raise must("adapter", "one with a module of rank at least 1, since a file holds no others", "ranks 0")
    plain, joint, rank = packed(kept, adapter.config)
    biased = any(module.bias is not None for module in kept.values())
    if biased and any(module.kind not in BESIDE["bias"] for module in kept.values()):
        rule = f"one of layers that are {' or '.join(BESIDE['bias'])}, where it adds to biases, as peft needs"
        raise must("adapter", rule, "other layers")
    stored: dict[str, Stored] = {}
    for name, module in {**plain, **joint}.items():
        for factor, value in zip("AB", with_kernels(module, module.B), strict=True):
            array = array_name(name, factor, embedding=module.kind == "embedding", prefixed=adapter.prefixed)
            stored[array] = encoded_as(value, dtype or module.dtype, array)
        for what, vector in (("magnitude", _magnitude(module)), ("bias", _bias(module) if biased else None)):
            if vector is not None:
                array = (PREFIX if adapter.prefixed else "") + f"{name}.{VECTORS[what]}"
                stored[array] = encoded_as(vector, dtype or module.dtype, array)
    ranks, scales = ({n: getattr(m, what) for n, m in plain.items()} for what in ("rank", "scale"))
    others = None if rank is None else (rank, 1.0)
    config = settings.written(adapter.config, ranks, scales, set(adapter.modules) - set(kept), others=others)
    if biased or "lora_bias" in config:
        config["lora_bias"] = biased
    path.mkdir()
    write_tensors(path / ARRAYS, stored | dict(adapter.others), adapter.metadata)
    (path / settings.CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _magnitude_shape(module: AdapterModule) -> tuple[int, ...]:
    """The shape in a file of the norms of rows; those of a convolution have the axes of its kernels."""
    return (1, module.shape[0], *(1 for _ in module.kernel[1:])) if module.kernel else (module.shape[0],)


def _as_vector(value: np.ndarray, module: AdapterModule, array: str) -> np.ndarray:
    if value.shape != _magnitude_shape(module):
        raise must("adapter", f"one whose {array!r} has the shape {_magnitude_shape(module)}", value.shape)
    return value.ravel()


def _magnitude(module: AdapterModule) -> np.ndarray | None:
    """The norms of rows as a file holds them."""
    return None if module.magnitude is None else np.reshape(module.magnitude, _magnitude_shape(module))


def _bias(module: AdapterModule) -> np.ndarray:
    """The bias as a file holds it, divided by the scale, which applies to it as to the factors."""
    if module.bias is None or not np.any(module.bias):
        return np.zeros(module.shape[0])
    if module.scale == 0:
        raise must("adapter", "one whose scale is not 0 where it adds to a bias, as files scale both alike", module)
    return np.asarray(module.bias) / module.scale
