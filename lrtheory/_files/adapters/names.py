"""The names of the arrays of an adapter, and what they say: module, factor, and the kind of layer that is adapted."""

from __future__ import annotations

import re
from typing import NamedTuple

from lrtheory._validation import must

__all__ = ["PREFIX", "Name", "array_name", "magnitudes_of", "parsed"]

#: what peft writes in front of the name that a module has in the model
PREFIX = "base_model.model."
#: module.lora_A.weight; living models put the name of the adapter before weight, AdaLoRA and embeddings end without it
_ARRAY = re.compile(
    r"^(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<factor>[ABE])(?:\.(?!weight$|bias$)[^.]+)?(?:\.weight)?$"
)


_MAGNITUDES = re.compile(r"^(?P<module>.+)\.lora_magnitude_vector(?:\.(?!weight$)[^.]+)?(?:\.weight)?$")


class Name(NamedTuple):
    """One factor of one module."""

    module: str
    factor: str
    embedding: bool
    prefixed: bool


def magnitudes_of(array: str) -> str | None:
    """The module whose rows have the norms in this array, under DoRA; None for any other array."""
    found = _MAGNITUDES.match(array)
    return None if found is None else found["module"].removeprefix(PREFIX)


def parsed(array: str) -> Name | None:
    """Read the name of an array: module, factor and kind; None for an array that is carried along."""
    found = _ARRAY.match(array)
    if found is None:
        if re.search(r"\.lora_[^.]+(\.|$)", array):
            raise must("adapter", "one whose updates are scale B A alone", array)
        return None
    module = found["module"]
    if ".base_layer." in f"{module}.":  # of nn.MultiheadAttention: no pattern of peft reaches names below it
        raise must("adapter", "one of modules whose ranks peft finds by their names, without base_layer in them", array)
    prefixed = module.startswith(PREFIX)
    return Name(module.removeprefix(PREFIX), found["factor"], bool(found["embedding"]), prefixed)


def array_name(module: str, factor: str, *, embedding: bool, prefixed: bool) -> str:
    """The name of a factor in a file of peft."""
    name = f"{module}.lora_embedding_{factor}" if embedding else f"{module}.lora_{factor}.weight"
    return PREFIX + name if prefixed else name
