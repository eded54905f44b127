"""Factors of arrays that hold the matrices of several experts, which peft keeps side by side.

With E experts and the rank r, rows e r to (e + 1) r of A are those of expert e, and column k E + e of B is its column
k. The update of expert e is scale B_e A_e, or the transpose of it where the model keeps weights as (d_in, d_out). Each
expert is a module here, and all of a folder have one rank, since patterns of ranks name arrays, and factors do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._files.adapters import settings
from lrtheory._files.adapters.module import AdapterModule
from lrtheory._files.adapters.names import BASE_LAYER, Name, expert_name
from lrtheory._files.safetensors import Tensors
from lrtheory._validation import must

__all__ = ["arrays_named", "experts_of", "factors_of", "is_parameter", "packed", "together"]

_EXPERT = re.compile(r"^(?P<module>.+)\[(?P<number>\d+)\]$")


def is_parameter(config: Mapping[str, Any], module: str, rows: int) -> bool:
    """Whether the factors of a module are those of one of its arrays, and not of a layer."""
    named = _named(config)
    owner = module.replace(f".{BASE_LAYER}", "")
    fits = bool(arrays_named(config, owner))
    several = owner != module or rows > settings.number_of(config, "r", owner)
    if not fits and several and any("." not in one for one in named):
        fits = True
    elif not fits and any("." not in one for one in named):
        raise must("target_parameters", f"names with that of a module, as {owner!r} may be meant, or an array", named)
    return fits


def _named(config: Mapping[str, Any]) -> Sequence[str]:
    named = config.get("target_parameters") or ()
    if not isinstance(named, (list, tuple)) or not all(isinstance(one, str) for one in named):
        raise must("target_parameters", "a list of names in the settings of the adapter", named)
    return named


def arrays_named(config: Mapping[str, Any], owner: str) -> list[str]:
    """The arrays of a module that settings name together with the module, or with the last of its names."""
    named = _named(config)
    whole = {one: f"{owner}.{one.rpartition('.')[2]}" for one in named}
    return [own for one, own in whole.items() if own == one or ("." in one and own.endswith(f".{one}"))]


def factors_of(tensors: Tensors, name: Name, arrays: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Both factors of a module, as the file holds them."""
    missing = {"A", "B"} - set(arrays)
    if missing:
        raise must("adapter", f"one with both factors of {name.module!r}", f"none called {missing.pop()}")
    return tensors[arrays["A"]], tensors[arrays["B"]]


def experts_of(
    tensors: Tensors, name: Name, arrays: Mapping[str, str], config: Mapping[str, Any]
) -> dict[str, AdapterModule]:
    """The matrices in an array of a module, each a module of its own."""
    A, B = factors_of(tensors, name, arrays)
    settings.refuse_patterns(config, name.module.replace(f".{BASE_LAYER}", ""))
    rank = int(settings.number_of({"r": config.get("r", 8)}, "r", name.module))
    if A.ndim != 2 or B.ndim != 2 or A.shape[0] != B.shape[1] or len(A) % rank or not len(A):
        rule = f"one whose factors of {name.module!r} have {rank} inner indices for each expert, as its settings say"
        raise must("adapter", rule, (A.shape, B.shape))
    scale = settings.scaling(dict(config) | {"rank_pattern": {}, "alpha_pattern": {}}, name.module, rank, "lora_alpha")
    dtype = tensors.dtype(arrays["B"])
    rows, columns = A.reshape(-1, rank, A.shape[1]), B.reshape(len(B), rank, -1)
    return {
        expert_name(name.module, k): AdapterModule(columns[:, :, k], rows[k], scale=scale, kind="expert", dtype=dtype)
        for k in range(len(rows))
    }


def packed(
    modules: Mapping[str, AdapterModule], config: Mapping[str, Any]
) -> tuple[dict[str, AdapterModule], dict[str, AdapterModule], int | None]:
    """Modules that are layers, those that are arrays of experts, side by side as a file holds them, and their rank."""
    plain = {name: module for name, module in modules.items() if module.kind != "expert"}
    if len(plain) == len(modules):
        return plain, {}, None
    if not config.get("target_parameters"):
        raise must("adapter", "one with target_parameters in its settings, as it has factors of experts", None)
    groups = together(modules)
    rank = max(1, *(module.rank for group in groups.values() for module in group))
    return plain, {name: _side_by_side(group, rank) for name, group in groups.items()}, rank


def together(modules: Mapping[str, AdapterModule]) -> dict[str, list[AdapterModule]]:
    """The experts of each array of a module in their order, by the name that the array has in a file of peft."""
    groups: dict[str, dict[int, AdapterModule]] = {}
    for name, module in modules.items():
        if module.kind == "expert":
            found = _EXPERT.match(name)
            if found is None:
                raise must("modules", "ones whose names end with the number of an expert, as in 'experts[0]'", name)
            groups.setdefault(found["module"], {})[int(found["number"])] = module
    for name, group in groups.items():
        if sorted(group) != list(range(len(group))) or len({one.shape for one in group.values()}) > 1:
            raise must("modules", f"those of all experts of {name!r}, numbered from 0 and of one shape", sorted(group))
    return {name: [group[k] for k in range(len(group))] for name, group in groups.items()}


def _side_by_side(experts: Sequence[AdapterModule], rank: int) -> AdapterModule:
    """The factors of all experts of an array; a smaller rank is filled with zeros, and scales go into B."""
    first, left, right = experts[0], [], []
    for one in experts:
        left.append(np.pad(one.scale * one.B.astype(np.float64), ((0, 0), (0, rank - one.rank))))
        right.append(np.pad(one.A, ((0, rank - one.rank), (0, 0))))
    B = np.stack(left, axis=2).reshape(first.shape[0], -1)
    return replace(first, B=B, A=np.concatenate(right), scale=1.0, kind="linear")
