"""Heads of a real transformer on a real text: its weights, and the activations that each layer gets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lrtheory._data import DataSet
from lrtheory._data.sentence_encoder import HEADS, MODEL, PASSAGE, TOKENIZER, load_encoder
from lrtheory._validation import integer, must
from lrtheory.lora_limits.head import LoRAHead, fresh_adapter
from lrtheory.lora_limits.problem import AttentionProblem

__all__ = ["DATA_SETS", "load_attention_heads"]

DATA_SETS: tuple[DataSet, ...] = (replace(MODEL, name="attention_heads"), replace(TOKENIZER, name="attention_heads"))


def load_attention_heads(text: str | None = None, *, rank: int = 4) -> dict[tuple[int, int], AttentionProblem]:
    """All 72 heads of a small language model, each with the activations of a text as its inputs.

    Parameters
    ----------
    text : str or None
        The text that is read, up to 512 word pieces; None takes a passage of some four hundred.
    rank : int
        Rank of the adapters of "Q" and "V", which start with B = 0 as fine-tuning does.

    Returns
    -------
    dict from (layer, head) to AttentionProblem
        XQ has the 384 features of each token and a last column of ones, for the biases; the names are the word pieces.
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
    encoder = load_encoder("load_attention_heads")
    tokens, names = encoder.pieces(PASSAGE if text is None else text)
    rank = integer("rank", rank, low=1, high=384)
    if not 3 <= len(tokens) <= encoder.longest:
        raise must("text", f"of 1 to {encoder.longest - 2} word pieces", len(tokens) - 2)
    *layers, _ = encoder.inputs(tokens)
    return {
        (layer, head): _problem(x, encoder.weights, f"{name}.attention.self", head, (rank, names))
        for layer, (name, x) in enumerate(layers)
        for head in range(HEADS)
    }


def _problem(
    x: np.ndarray, weights: dict[str, np.ndarray], name: str, head: int, given: tuple[int, tuple[str, ...]]
) -> AttentionProblem:
    """One head: its rows of the projections, each with its bias as a last row."""
    rank, names = given
    width = x.shape[1] // HEADS
    rows = slice(head * width, (head + 1) * width)
    parts = [
        np.concatenate([weights[f"{name}.{kind}.weight"][rows].T, weights[f"{name}.{kind}.bias"][None, rows]])
        for kind in ("query", "key", "value")
    ]
    rng = np.random.default_rng(head)
    adapters = {projection: fresh_adapter(parts["QKV".index(projection)], rank, rng) for projection in ("Q", "V")}
    inputs = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
    made = LoRAHead(*parts, adapters=adapters, alpha=2 * rank, beta=1 / math.sqrt(width))
    return AttentionProblem(made, inputs, inputs @ parts[2], names=names)
