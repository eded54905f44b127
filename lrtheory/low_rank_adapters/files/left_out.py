"""Layers whose updates a folder keeps in a form of its own, and changes of a model that no factors hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters.base import (
    EMBEDDINGS,
    HEADS,
    base_array,
    base_name,
    is_embedding,
    is_transposed,
    model_settings,
)
from lrtheory._kernels.low_rank import tail
from lrtheory._validation import Words, must

__all__ = ["layer_of", "left_out", "refuse_embedding", "settings_for", "shares", "tied_head"]

#: the layers of a linear map as a folder has it, of one whose weight is transposed, and of an embedding
LINEAR, TURNED, EMBEDDING = "linear", "transposed", "embedding"


def refuse_embedding(name: str, module: str) -> None:
    """Refuse a module whose factors peft would not find, since those of an embedding have other names."""
    if module.rpartition(".")[2] in EMBEDDINGS:
        raise must(name, "linear layers alone, as peft ignores factors with their names at an embedding", module)


def layer_of(base: Tensors, module: str, embeddings: str = "") -> str:
    """The layer of a module: "linear", "transposed" for one that keeps (d_in, d_out), or "embedding"."""
    patterns = [one.strip() for one in embeddings.split(",")]
    if is_embedding(module) or any(fnmatchcase(module, one) for one in patterns):
        return EMBEDDING
    turned = is_transposed(base, module)
    if turned is None:
        rule = "a model whose config.json says whether it keeps weights as (d_in, d_out), as GPT-2 does"
        raise must("base", rule, Words(repr(module)))
    return TURNED if turned else LINEAR


def settings_for(base: Tensors, layers: Iterable[str]) -> dict[str, Any]:
    """The settings of an adapter of a model: its name and class, and whether weights are kept as (d_in, d_out)."""
    said = model_settings(base)
    named, kind = said.get("architectures"), said.get("model_type")
    found: dict[str, Any] = {"base_model_name_or_path": str(base.path), "task_type": None, "auto_mapping": None}
    found["fan_in_fan_out"] = TURNED in set(layers)
    if isinstance(named, list) and named and isinstance(named[0], str):
        if named[0].endswith(("ForCausalLM", "LMHeadModel")):
            found["task_type"] = "CAUSAL_LM"
        if isinstance(kind, str):
            place = kind.replace("-", "_")
            library = f"transformers.models.{place}.modeling_{place}"
            found["auto_mapping"] = {"base_model_class": named[0], "parent_library": library}
    return found


def tied_head(base: Tensors, name: str) -> bool:
    """Whether a head is stored beside the embedding that it is tied to, as a copy of it."""
    if not name.endswith(HEADS) or model_settings(base).get("tie_word_embeddings") is False:
        return False
    return any(_equal(base, one, base, name) for one in base.names if is_embedding(one.removesuffix(".weight")))


def left_out(base: Tensors, tuned: Tensors, held: Iterable[str]) -> dict[str, float]:
    """The norm of the change of each array that differs, and that is not one of those which are held."""
    compared, found = set(held), {}
    for name in tuned.names:
        if name in compared or _equal_copy(base, tuned, name):
            continue
        if tuned.dtype(name) not in ("F64", "F32", "F16", "BF16"):
            raise must("tuned", "a model in which no integers and no codes have changed", Words(repr(name)))
        difference = tuned[name].astype(np.float64) - base_array(base, name, tuned.shape(name))
        if not np.isfinite(difference).all():
            raise must("base, tuned", "models whose weights are finite", Words(repr(name)))
        size = tail(np.abs(difference).ravel(), 0)
        if size > 0:
            found[base_name(base, name)] = size
    return found


def shares(norms: Mapping[str, float], held: float) -> dict[str, float]:
    """The share of each norm in all squares together, those that are held included."""
    whole = math.hypot(held, *norms.values())
    return {name: (size / whole) ** 2 for name, size in norms.items()}


def _equal_copy(base: Tensors, tuned: Tensors, name: str) -> bool:
    """Whether an array has not changed, or is the head that is stored beside the embedding which it is tied to."""
    if name in base.names and _equal(base, name, tuned, name):
        return True
    if name.endswith(HEADS) and (name not in base.names or tied_head(base, name)):
        words = [one for one in tuned.names if is_embedding(one.removesuffix(".weight"))]
        return any(_equal(tuned, one, tuned, name) for one in words)
    return False


def _equal(base: Tensors, other: str, tuned: Tensors, name: str) -> bool:
    if base.shape(other) != tuned.shape(name):
        return False
    if base.dtype(other) == tuned.dtype(name):
        return base.stored(other).data == tuned.stored(name).data
    return bool(np.array_equal(base[other], tuned[name]))
