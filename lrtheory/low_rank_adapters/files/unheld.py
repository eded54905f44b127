"""Changes that no LoRA of linear layers holds: they are refused rather than left out without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.opening import json_of
from lrtheory._validation import Words, must

__all__ = ["refuse_embedding", "refuse_rest", "refuse_transposed"]

#: the last names of embeddings: peft has other names for their factors, and ignores those of linear layers
EMBEDDINGS = frozenset({
    "embed_tokens", "embed_positions", "embed_in", "tok_embeddings", "wte", "wpe", "word_embeddings",
    "position_embeddings", "token_type_embeddings", "word_embedding", "shared",
})  # fmt: skip
#: layers of the transformers library that keep a weight as (d_in, d_out), and the models that have them
TRANSPOSED = frozenset({"c_attn", "c_proj", "c_fc", "q_attn"})
WITH_TRANSPOSED = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp"})


def refuse_embedding(name: str, module: str) -> None:
    """Refuse a module whose factors peft would not find, since those of an embedding have other names."""
    if module.rpartition(".")[2] in EMBEDDINGS:
        raise must(name, "linear layers alone, as peft ignores factors with their names at an embedding", module)


def refuse_transposed(base: Tensors, module: str) -> None:
    """Refuse a module whose weight may be kept as (d_in, d_out), by its name and by the settings of the model."""
    if module.rpartition(".")[2] not in TRANSPOSED:
        return
    config = base.folder / "config.json"
    settings: Any = json_of(config) if config.is_file() else {}
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    if not isinstance(kind, str) or kind in WITH_TRANSPOSED:
        rule = "a model whose config.json says that it keeps weights as (d_out, d_in), which GPT-2 does not"
        raise must("base", rule, Words(f"{module!r} of {kind or 'a model that is not named'}"))


def refuse_rest(base: Tensors, tuned: Tensors, held: Iterable[str]) -> None:
    """Refuse a change of an array that is none of the matrices which are compared, such as a norm or a bias."""
    compared = set(held)
    for name in tuned.names:
        if name in compared:
            continue
        known = name in base.names
        if not any(_equal(base, other, tuned, name) for other in ([name] if known else _copies(base, tuned, name))):
            rule = "patterns of the matrices that are meant, since no LoRA of them holds all that was changed"
            raise must("modules", rule, Words(f"a change of {name!r}"))


def _copies(base: Tensors, tuned: Tensors, name: str) -> Iterator[str]:
    """Arrays of the base model of which one in the other model may be a copy, as the head of tied embeddings is."""
    return (other for other in base.names if base.shape(other) == tuned.shape(name))


def _equal(base: Tensors, other: str, tuned: Tensors, name: str) -> bool:
    if base.shape(other) != tuned.shape(name):
        return False
    if base.dtype(other) == tuned.dtype(name):
        return base.stored(other).data == tuned.stored(name).data
    return bool(np.array_equal(base[other], tuned[name]))
