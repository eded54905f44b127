"""Folders of adapters of any kind, as conversions read them: the adapters, and what is carried beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.beside import beside
from lrtheory._files.adapters.fields import CARRIED, FIELDS, WHOLE
from lrtheory._files.adapters.starts import refuse_start, resolved
from lrtheory._files.safetensors import Stored, Tensors
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
        if base is None:
            refuse_start(config)
        else:
            whole = resolved(whole, base)
        found = {name: lora(one.B, one.A, scale=one.scale) for name, one in whole.modules.items()}
        layers = {name: (one.kind, one.kernel) for name, one in whole.modules.items() if one.kind != "linear"}
        return dict(found), Carried(whole.config or {}, arrays, layers)
    adapters, others = read_kind(folder, config, None if base is None else base.path)
    kept = {name: value for name, value in config.items() if FIELDS.get(name) in (CARRIED, WHOLE)}
    return adapters, Carried(kept, beside(_Others(others, kept), adapters.keys()))


@dataclass(frozen=True)
class _Others:
    """Arrays beside those of an adapter of another kind, and the settings that name them."""

    others: Mapping[str, Stored]
    config: Mapping[str, Any]
    prefixed: bool = True
