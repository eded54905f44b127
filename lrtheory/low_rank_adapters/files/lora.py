"""LoRA in the files of peft; the kinds that freeze a factor are written as LoRA, which has the same updates."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.base import is_embedding
from lrtheory._files.adapters.beside import placed
from lrtheory._files.adapters.settings import factors_alone
from lrtheory._files.adapters.starts import refuse_start, resolved
from lrtheory._files.safetensors import Tensors
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.carried import Carried
from lrtheory.low_rank_adapters.files.left_out import refuse_embedding
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter
from lrtheory.low_rank_adapters.kinds.lora import LoRA, lora

__all__ = ["read", "write"]


def read(path: Path, weights: Any = None) -> dict[str, LoRA]:
    """The modules of a LoRA or an AdaLoRA, with the scale that the settings give each of them."""
    found, whole = {}, AdapterFile.from_peft(path)
    factors_alone(whole.config or {}, whole.others)
    if isinstance(weights, (str, PathLike)):
        whole = resolved(whole, Tensors.from_file(weights))
    refuse_start(whole.config or {}, "weights")
    for name, module in whole.modules.items():
        if module.kind not in ("linear", "embedding"):
            raise must("path", f"that of an adapter of linear layers and embeddings, as {name!r} is none", module.kind)
        if module.kind == "embedding" and not is_embedding(name):  # it would be saved as a linear layer
            rule = f"that of an adapter whose embeddings are known by their last names, as {name!r} is not"
            raise must("path", rule, module.kind)
        found[name] = lora(module.B, module.A, scale=module.scale)
    return found


def write(adapters: Mapping[str, FactoredAdapter], target: Path, carried: Carried) -> None:
    """A folder in which alpha_pattern holds the scales, with all that is carried into it."""
    modules = {}
    for name, adapter in adapters.items():
        kind, kernel = carried.layers.get(name, ("linear", ()))
        if kind == "linear":
            refuse_embedding("adapters", name)
        B, A = (np.asarray(to_numpy(factor)) for factor in adapter.factors())
        dtype = "F32" if B.dtype == np.float32 else "F64"
        more: dict[str, Any] = {"kind": kind, "kernel": kernel, "dtype": dtype, "bias": carried.biases.get(name)}
        modules[name] = AdapterModule(B, A, scale=adapter.scale, **more)
    others = placed(carried.arrays, modules, prefixed=True)
    AdapterFile(modules, carried.config, others=others).to_peft(target)
