r"""Adapters of diffusion models, which are one safetensors file without settings beside it.

The tools of kohya name factors ``lora_down`` and ``lora_up``, with a number ``alpha`` for each module, and write dots
in the names of modules as underscores. The library diffusers names them ``lora_A`` and ``lora_B``, and keeps the
settings of each part of the model in the header of the file [1]_; older names of its own, ``lora.down`` and
``lora.up``, are read alike, and written as ``lora_A`` and ``lora_B``. Where nothing says a scale, it is 1.

References
----------
.. [1] Diffusers, ``LoraBaseMixin``, https://huggingface.co/docs/diffusers/api/loaders/lora.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.adapters import settings
from lrtheory._files.adapters.module import AdapterModule, encoded_as, with_kernels
from lrtheory._files.adapters.starts import RESOLVED
from lrtheory._files.safetensors import Stored, Tensors, decoded, encoded, write_tensors
from lrtheory._validation import Words, must

__all__ = ["FOLDER", "FORMS", "is_one_file", "read_one_file", "write_one_file"]

FOLDER, KOHYA, DIFFUSERS = "folder", "kohya", "diffusers"
FORMS = (FOLDER, KOHYA, DIFFUSERS)
#: the ends of names of A and B in each form
ENDS = {KOHYA: ("lora_down.weight", "lora_up.weight"), DIFFUSERS: ("lora_A.weight", "lora_B.weight")}
#: older names, of diffusers
OLD = {"lora.down.weight": "lora_A.weight", "lora.up.weight": "lora_B.weight"}
_ARRAY = re.compile(
    rf"^(?P<module>.+?)\.(?P<part>{'|'.join(map(re.escape, (*sum(ENDS.values(), ()), *OLD, 'alpha')))})$"
)
#: texts in the header that say something of all numbers or of ranks, and that no longer hold for others
METADATA, HASHES, DIMENSION, ALPHA = "lora_adapter_metadata", "sshs_", "ss_network_dim", "ss_network_alpha"


def is_one_file(path: Path) -> bool:
    """Whether a path is that of an adapter in one file: it has the names of kohya, or no settings stand beside it."""
    if not path.is_file() or path.suffix.lower() != ".safetensors":
        return False
    tensors = Tensors(path)
    kohya = any(name.endswith(ENDS[KOHYA]) for name in tensors.names)
    return kohya or METADATA in tensors.metadata or not (path.parent / settings.CONFIG).is_file()


def read_one_file(path: Path) -> dict[str, Any]:
    """Read the fields of an AdapterFile from one file."""
    tensors = Tensors(path)
    found: dict[str, dict[str, str]] = {}
    styles: set[bool | None] = set()
    for name in tensors.names:
        match = _ARRAY.match(name)
        if match is None:
            rule = "one whose arrays are lora_down, lora_up and alpha, or lora_A and lora_B, where it is one file"
            raise must("adapter", rule, Words(repr(name)))
        styles.add(match["part"] in OLD if match["part"] != "alpha" else None)
        found.setdefault(match["module"], {})[OLD.get(match["part"], match["part"])] = name
    if {True, False} <= styles:
        raise must("adapter", "one whose factors have names of one kind, as diffusers ignores the others", "two kinds")
    form = KOHYA if any(end in parts for parts in found.values() for end in ENDS[KOHYA]) else DIFFUSERS
    said = _settings(tensors.metadata)
    modules = {module: _module(tensors, module, parts, form, said) for module, parts in found.items()}
    if not modules:
        raise must("path", "a file with an adapter, whose arrays are named lora_down and lora_up", str(path))
    return {
        "modules": modules,
        "config": {},
        "metadata": tensors.metadata,
        "source": path,
        "prefixed": False,
        "form": form,
    }


def _module(
    tensors: Tensors, module: str, parts: Mapping[str, str], form: str, said: Mapping[str, Mapping[str, Any]]
) -> AdapterModule:
    """One module; its scale comes from its alpha, or from the settings of its part of the model."""
    if set(parts) - {"alpha"} != set(ENDS[form]):
        raise must("adapter", f"one with both factors of {module!r}, in one form", sorted(parts))
    A, B = (tensors[parts[end]] for end in ENDS[form])
    kernel: tuple[int, ...] = ()
    if A.ndim > 2:
        kernel, A, B = A.shape[1:], A.reshape(len(A), -1), B.reshape(B.shape[0], -1)
    if A.ndim != 2 or B.ndim != 2 or A.shape[0] != B.shape[1] or not len(A):
        raise must("adapter", f"one whose factors of {module!r} have one inner rank", (A.shape, B.shape))
    scale = 1.0
    component, _, name = module.partition(".")
    if "alpha" in parts:
        alpha = tensors[parts["alpha"]]
        if alpha.size != 1 or not np.isfinite(alpha).all():
            raise must("adapter", f"one whose alpha of {module!r} is a finite number", alpha)
        scale = float(alpha.reshape(-1)[0]) / len(A)
    elif component in said:
        scale = settings.scale_of(said[component], name, len(A))
    kind = "convolution" if kernel else "linear"
    return AdapterModule(B, A, scale=scale, kind=kind, kernel=kernel, dtype=tensors.dtype(parts[ENDS[form][1]]))


def _settings(metadata: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The settings of each part of the model, whose names begin with that of the part."""
    try:
        whole = json.loads(metadata.get(METADATA, "{}"))
    except ValueError as error:
        raise must("adapter", f"one with JSON in {METADATA} of its header", Words("other text")) from error
    if not isinstance(whole, dict):
        raise must("adapter", f"one with an object in {METADATA} of its header", whole)
    found: dict[str, dict[str, Any]] = {}
    for name, value in whole.items():
        component, dot, field = name.partition(".")
        if dot:
            found.setdefault(component, {})[field] = value
    for said in found.values():
        settings.checked(said)
        for field in ("use_dora", "lora_bias", "target_parameters", *settings.WHOLE):
            if said.get(field):
                raise must("adapter", f"one without {field}, where it is one file", said[field])
        _refuse_start(said)
    return found


def _refuse_start(config: Mapping[str, Any]) -> None:
    start = config.get("init_lora_weights")
    if start in RESOLVED:
        rule = "one whose start leaves the base model as it is, where it is one file"
        raise must("adapter", rule, Words(f"init_lora_weights {start!r}"))


def write_one_file(path: Path, adapter: Any, dtype: str | None) -> None:
    """Write an adapter in the form in which it was read; what this form has no place for is refused."""
    kept = {name: module for name, module in adapter.modules.items() if module.rank > 0}
    for name, module in kept.items():
        if module.kind not in ("linear", "convolution") or module.fixed:
            raise must("adapter", f"one of plain linear layers and convolutions, as {name!r} is none", module)
    if adapter.others:
        raise must("adapter", "one of factors alone, where it is one file", sorted(adapter.others)[:4])
    _refuse_start(adapter.config or {})
    if not kept:
        raise must("adapter", "one with a module of rank at least 1, since a file holds no others", "ranks 0")
    said = _settings(adapter.metadata)
    stored: dict[str, Stored] = {}
    for name, module in kept.items():
        kind = dtype or module.dtype
        told = adapter.form == KOHYA or name.partition(".")[0] in said
        B = module.B if told else module.scale * np.asarray(module.B, np.float64)
        for end, value in zip(ENDS[adapter.form], with_kernels(module, B), strict=True):
            stored[f"{name}.{end}"] = encoded_as(value, kind, f"{name}.{end}")
        if adapter.form == KOHYA:
            alpha = np.asarray(module.scale * module.rank)
            # a number for itself, which is exact in the shortest type that holds it
            short = next(one for one in (kind, "F32", "F64") if _is_exact(alpha, one))
            stored[f"{name}.alpha"] = encoded(alpha, short)
    write_tensors(path, stored, _metadata(adapter, kept, said))


def _metadata(adapter: Any, kept: Mapping[str, AdapterModule], said: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The texts of the header, of which those about ranks and digests are made anew or left out."""
    found = {name: text for name, text in adapter.metadata.items() if not name.startswith(HASHES)}
    ranks = {module.rank for module in kept.values()}
    if DIMENSION in found:
        found[DIMENSION] = str(ranks.pop()) if len(ranks) == 1 else "Dynamic"
        found[ALPHA] = found[DIMENSION] if all(one.scale == 1 for one in kept.values()) else "Dynamic"
    whole: dict[str, Any] = {}
    for component, config in said.items():
        own = {name.partition(".")[2]: one for name, one in kept.items() if name.partition(".")[0] == component}
        if own:
            sizes, scales = ({name: getattr(one, what) for name, one in own.items()} for what in ("rank", "scale"))
            whole |= {f"{component}.{key}": value for key, value in settings.written(config, sizes, scales).items()}
    return found | ({METADATA: json.dumps(whole, indent=2, sort_keys=True)} if whole else {})


def _is_exact(value: np.ndarray, dtype: str) -> bool:
    try:
        return bool(decoded(encoded(value, dtype)) == value)
    except OverflowError:
        return False
