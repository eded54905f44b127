"""Uni-LoRA in the files of peft: one vector, and the group of each entry of the factors, stored or drawn anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import integer, must
from lrtheory.low_rank_adapters.files.folder import Folder
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment, uni_lora

__all__ = ["read", "write"]

PARTS = ("A", "B")


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a Uni-LoRA, which share the vector."""
    if "unilora_theta_d" not in folder.shared:
        raise must("path", "a folder with the vector unilora_theta_d", sorted(folder.shared))
    theta, rank = folder.vector("unilora_theta_d"), folder.rank()
    groups = _stored(folder, rank) if folder.modules else _drawn(folder, rank, len(theta))
    numbers = np.concatenate([group for _, group in groups.values()])
    if numbers.min() < 0 or numbers.max() >= len(theta):
        raise must("path", f"that of an adapter whose indices lie below {len(theta)}", (numbers.min(), numbers.max()))
    sizes = np.bincount(numbers, minlength=len(theta))
    if not sizes.all():
        raise must(
            "path", "that of an adapter each number of whose vector is used", f"{np.sum(sizes == 0)} unused ones"
        )
    return {
        name: uni_lora(theta, shape, rank, assignment=group, sizes=sizes) for name, (shape, group) in groups.items()
    }


def _stored(folder: Folder, rank: int) -> dict[str, tuple[tuple[int, int], np.ndarray]]:
    """Shape and groups of each module, from the indices that the file holds."""
    found = {}
    for name in folder.modules:
        asked = {f"{what}_{key}": (f"unilora_{what}_{key}", 2) for what in ("indices", "scales") for key in PARTS}
        A, B = folder.parts(name, **asked)[:2]
        if A.shape[0] != rank or B.shape[1] != rank or A.dtype.kind not in "iu" or B.dtype.kind not in "iu":
            raise must("path", f"that of an adapter with whole numbers for a rank of {rank}", (name, A.shape, B.shape))
        group = np.concatenate([A.ravel(), B.ravel()]).astype(np.int64)
        found[name] = (B.shape[0], A.shape[1]), group
    return found


def _drawn(folder: Folder, rank: int, n_groups: int) -> dict[str, tuple[tuple[int, int], np.ndarray]]:
    """Shape and groups of each module, drawn anew in the order of the modules of the model."""
    why = "the groups of its entries (save_indices=True)"
    if not folder.weights.ordered:
        rule = (
            f"a mapping from modules to shapes in the order of the model, since files keep none and there are not {why}"
        )
        raise must("weights", rule, "a path" if list(folder.weights) else None)
    names = [name for name in folder.weights if _is_target(folder.config, name)]
    if not names:
        raise must("weights", "a mapping with the modules that the adapter is for", list(folder.weights)[:4])
    shapes = {name: folder.weights.shape(name, why) for name in names}
    if rank > max(map(max, shapes.values())):
        raise must("r", "at most the largest side of a module, as a larger rank adds nothing", rank)
    counts = [rank * sum(shape) for shape in shapes.values()]
    if n_groups > sum(counts):
        raise must("path", f"that of an adapter with theta_d_length at most {sum(counts)}, its entries", n_groups)
    drawn = balanced_assignment(
        sum(counts), n_groups, rng=integer("proj_seed", folder.config.get("proj_seed", 42), low=0)
    )
    # one draw over all modules, as peft makes it: a draw for each would be another adapter
    parts = np.split(drawn, np.cumsum(counts)[:-1])
    return {name: (shape, part) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _is_target(config: Mapping[str, Any], name: str) -> bool:
    """Whether a module is one of target_modules: by a whole name, by the end of it, or by one regular expression."""
    targets = config.get("target_modules")
    if config.get("layers_to_transform") is not None or config.get("exclude_modules") or targets == "all-linear":
        rule = "one that names its modules, or whose groups are saved (save_indices=True)"
        raise must("path", f"that of an adapter, {rule}", targets)
    if isinstance(targets, str):
        try:
            return re.fullmatch(targets, name) is not None
        except re.error as error:
            raise must("target_modules", "a regular expression in the settings of the adapter", targets) from error
    if not isinstance(targets, list):
        raise must("target_modules", "a list of names or a regular expression in the settings", targets)
    return any(name == one or name.endswith(f".{one}") for one in targets)


def write(adapters: Mapping[str, Adapter]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of modules, the vector, and settings; the groups are saved, so that no model is needed to read them."""
    hosts = {name: {k: to_numpy(v) for k, v in {**one.params, **one.frozen}.items()} for name, one in adapters.items()}
    first = next(iter(hosts.values()))
    ranks = {len(host["assignment"]) // sum(adapters[name].shape) for name, host in hosts.items()}
    theta, sizes = first["theta"], first["sizes"]
    alike = all(
        np.array_equal(host["theta"], theta) and np.array_equal(host["sizes"], sizes) for host in hosts.values()
    )
    numbers = np.concatenate([host["assignment"] for host in hosts.values()])
    if not alike or len(ranks) > 1 or not np.array_equal(np.bincount(numbers, minlength=len(theta)), sizes):
        raise must("adapters", "all modules that share one vector, and no others", list(adapters))
    if any(one.scale != 1 for one in adapters.values()):
        raise must("adapters", "ones of scale 1, as Uni-LoRA has in files", [one.scale for one in adapters.values()])
    rank, arrays, scales = ranks.pop(), {}, (1 / np.sqrt(sizes)).astype(theta.dtype)
    for name, one in adapters.items():
        d_out, d_in = one.shape
        groups = hosts[name]["assignment"].astype(np.int64)
        for key, part, shape in zip(PARTS, np.split(groups, [rank * d_in]), ((rank, d_in), (d_out, rank)), strict=True):
            arrays[f"{name}.unilora_indices_{key}"] = part.reshape(shape)
            arrays[f"{name}.unilora_scales_{key}"] = scales[part].reshape(shape)
    config = {"r": rank, "theta_d_length": len(theta), "save_indices": True, "proj_seed": 42}
    return arrays, {"unilora_theta_d": theta}, config
