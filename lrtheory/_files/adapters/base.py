"""Weights of a base model by the names of its modules, and how the architecture keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._files.adapters.module import AdapterModule
from lrtheory._files.opening import json_of
from lrtheory._files.safetensors import Tensors
from lrtheory._validation import Words, must

__all__ = [
    "EMBEDDINGS",
    "HEADS",
    "base_array",
    "base_name",
    "is_embedding",
    "is_transposed",
    "matrix",
    "model_settings",
]

#: the last names of embeddings: their factors have names of their own, and peft ignores those of linear layers there
EMBEDDINGS = frozenset({
    "embed_tokens", "embed_positions", "embed_in", "tok_embeddings", "wte", "wpe", "word_embeddings",
    "position_embeddings", "token_type_embeddings", "word_embedding", "shared",
})  # fmt: skip
#: layers of the transformers library that keep a weight as (d_in, d_out), and the models that have them
TRANSPOSED = frozenset({"c_attn", "c_proj", "c_fc", "q_attn"})
WITH_TRANSPOSED = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp"})
#: embeddings of words, and heads that a model may store as the embedding that they are tied to
WORDS = EMBEDDINGS - {"embed_positions", "wpe", "position_embeddings", "token_type_embeddings"}
HEADS = ("lm_head.weight", "embed_out.weight")


def model_settings(base: Tensors) -> dict[str, Any]:
    """The settings of a model in its config.json, which may be missing."""
    config = base.folder / "config.json"
    found: Any = json_of(config) if config.is_file() else {}
    return found if isinstance(found, dict) else {}


def is_embedding(module: str) -> bool:
    """Whether a module is an embedding, by the last of its names."""
    return module.rpartition(".")[2] in EMBEDDINGS


def is_transposed(base: Tensors, module: str) -> bool | None:
    """Whether a weight is kept as (d_in, d_out); None where the settings of the model do not say which kind it is."""
    if module.rpartition(".")[2] not in TRANSPOSED:
        return False
    kind = model_settings(base).get("model_type")
    return kind in WITH_TRANSPOSED if isinstance(kind, str) else None


def base_name(base: Tensors, name: str) -> str:
    """The name of an array of the base model, which may lack the first name of the model, or be tied to another."""
    known = base.names
    if name in known:
        return name
    near = [one for one in known if name.endswith(f".{one}") or one.endswith(f".{name}")]
    if not near and name.endswith(HEADS):
        near = [one for one in known if one.removesuffix(".weight").rpartition(".")[2] in WORDS]
    if len(near) != 1:
        raise must("base", f"the model of the adapter, with the array {name!r}", Words(repr(str(base.path))))
    return near[0]


def base_array(base: Tensors, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of the base model, in double precision and of a shape that is known."""
    found = base[base_name(base, name)]
    if found.shape != shape:
        raise must("base", f"the model of the adapter, with {name!r} of the shape {shape}", found.shape)
    if not np.isfinite(found).all():
        raise must("base", f"a model whose numbers are finite, as those of {name!r} are not", "NaN or infinity")
    return found.astype(np.float64)


def matrix(base: Tensors, module: str, like: AdapterModule, flag: bool) -> tuple[np.ndarray, bool]:
    """The weight of a layer as (d_out, d_in), and whether the model keeps its transpose, as that of an embedding is.

    The kernels of a convolution are flattened. A square weight of a linear layer is transposed where the architecture
    says so, or, where that is not known, the settings of the adapter.
    """
    name, shape = f"{module}.weight", like.shape
    if like.kind == "embedding":
        return base_array(base, name, shape[::-1]).T, True
    if like.kind == "convolution":
        return base_array(base, name, (shape[0], *like.kernel)).reshape(shape), False
    stored = base.shape(base_name(base, name))
    known = is_transposed(base, module)
    turned = (stored != shape) if shape[0] != shape[1] else (flag if known is None else known)
    found = base_array(base, name, shape[::-1] if turned else shape)
    return (found.T if turned else found), turned
