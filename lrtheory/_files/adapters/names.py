"""The names of the arrays of an adapter, and what they say: module, factor, and the kind of layer that is adapted."""

from __future__ import annotations

import re
from typing import NamedTuple

from lrtheory._validation import must

__all__ = ["BASE_LAYER", "PREFIX", "TRAINING", "VECTORS", "Name", "array_name", "expert_name", "parsed", "vector_of"]

#: what peft writes in front of the name that a module has in the model
PREFIX = "base_model.model."
#: module.lora_A.weight; living models put the name of the adapter before weight, AdaLoRA and embeddings end without it
_ARRAY = re.compile(
    r"^(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<factor>[ABE])(?:\.(?!weight$|bias$)[^.]+)?(?:\.weight)?$"
)


#: vectors beside the factors of a module: the norms of rows under DoRA, and what B adds to a bias, without the scale
VECTORS = {"magnitude": "lora_magnitude_vector", "bias": "lora_B.bias"}
_VECTORS = {
    "magnitude": re.compile(r"^(?P<module>.+)\.lora_magnitude_vector(?:\.(?!weight$)[^.]+)?(?:\.weight)?$"),
    "bias": re.compile(r"^(?P<module>.+)\.lora_B(?:\.(?!weight$|bias$)[^.]+)?\.bias$"),
}
#: what the backward pass of training alone uses (VeLoRA)
TRAINING = ".lora_velora_embed"
#: in the name of a layer below factors, and of a module that has factors for several of its arrays
BASE_LAYER = "base_layer"


class Name(NamedTuple):
    """One factor of one module."""

    module: str
    factor: str
    embedding: bool
    prefixed: bool


def vector_of(array: str) -> tuple[str, str] | None:
    """Name of a vector beside factors, and the module that it belongs to; None for any other array."""
    for what, pattern in _VECTORS.items():
        if (found := pattern.match(array)) is not None:
            return what, found["module"].removeprefix(PREFIX)
    return None


def expert_name(module: str, k: int) -> str:
    """The name of one of the matrices in an array of a module."""
    return f"{module}[{k}]"


def parsed(array: str, *, of_parameters: bool = False) -> Name | None:
    """Read the name of an array: module, factor and kind; None for an array that is carried along.

    Modules of several arrays, of which each has factors, have the names of layers below factors.
    """
    found = _ARRAY.match(array)
    if found is None:
        if re.search(r"\.lora_[^.]+(\.|$)", array) and not array.endswith(TRAINING):
            raise must("adapter", "one whose updates are scale B A alone", array)
        return None
    module = found["module"]
    if (
        f".{BASE_LAYER}." in f"{module}." and not of_parameters
    ):  # of nn.MultiheadAttention: no pattern of peft reaches names below it
        raise must("adapter", "one of modules whose ranks peft finds by their names, without base_layer in them", array)
    prefixed = module.startswith(PREFIX)
    return Name(module.removeprefix(PREFIX), found["factor"], bool(found["embedding"]), prefixed)


def array_name(module: str, factor: str, *, embedding: bool, prefixed: bool) -> str:
    """The name of a factor in a file of peft."""
    name = f"{module}.lora_embedding_{factor}" if embedding else f"{module}.lora_{factor}.weight"
    return PREFIX + name if prefixed else name
