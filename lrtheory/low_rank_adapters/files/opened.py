"""Folders of adapters of any kind, as conversions read them: the adapters, and what is carried beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.base import base_name
from lrtheory._files.adapters.beside import beside
from lrtheory._files.adapters.fields import CARRIED, FIELDS, WHOLE
from lrtheory._files.adapters.settings import refuse_tied
from lrtheory._files.adapters.starts import refuse_start, resolved
from lrtheory._files.safetensors import Stored, Tensors
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.carried import Carried
from lrtheory.low_rank_adapters.files.folder import read_config
from lrtheory.low_rank_adapters.files.load import read_kind
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import lora

__all__ = ["opened"]


def opened(path: Path, base: Tensors | None) -> tuple[dict[str, Adapter], Carried]:
    """The adapters of all modules in a folder, and what is carried from it into that of their conversions."""
    folder, config = read_config(path)
    if config.get("peft_type", "LORA") in ("LORA", "ADALORA"):
        whole = AdapterFile.from_peft(path)
        arrays = beside(whole)
        refuse_tied(config)
        if base is None:
            refuse_start(config)
        else:
            whole = resolved(whole, base)
        found = {name: lora(one.B, one.A, scale=one.scale) for name, one in whole.modules.items()}
        layers = {name: (one.kind, one.kernel) for name, one in whole.modules.items() if one.kind != "linear"}
        biases = {name: one.bias for name, one in whole.modules.items() if one.bias is not None}
        return dict(found), Carried(whole.config or {}, arrays, layers, biases)
    adapters, others = read_kind(folder, config, None if base is None else base.path)
    kept = {name: value for name, value in config.items() if FIELDS.get(name) in (CARRIED, WHOLE)}
    if config.get("peft_type") == "IA3" and any(name.endswith(".base_layer.bias") for name in others):
        kept["bias"] = "lora_only"
    layers = {} if base is None else _kernels(base, adapters)
    return adapters, Carried(kept, beside(_Others(others, kept), adapters.keys()), layers)


def _kernels(base: Tensors, adapters: Mapping[str, Adapter]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The convolutions among the layers of adapters, whose kernels an update has side by side."""
    found = {}
    for name, adapter in adapters.items():
        shape = base.shape(base_name(base, f"{name}.weight"))
        if len(shape) > 2:
            found[name] = ("convolution", shape[1:])
        if len(shape) < 2 or math.prod(shape) != math.prod(adapter.shape):
            raise must(
                "base", f"the model of the adapter, in which {name!r} has {math.prod(adapter.shape)} weights", shape
            )
    return found


@dataclass(frozen=True)
class _Others:
    """Arrays beside those of an adapter of another kind, and the settings that name them."""

    others: Mapping[str, Stored]
    config: Mapping[str, Any]
    prefixed: bool = True
