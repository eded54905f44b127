"""Heads of a real transformer on a real text: its weights, and the activations that each layer gets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lrtheory._data import DataSet
from lrtheory._data.sentence_encoder import HEADS, MODEL, TOKENIZER, load_encoder
from lrtheory._validation import integer, must
from lrtheory.lora_limits.head import LoRAHead, fresh_adapter
from lrtheory.lora_limits.problem import AttentionProblem

__all__ = ["DATA_SETS", "load_attention_heads"]

#: a passage of plain sentences, written for this package: what the heads look at where the caller gives no text
PASSAGE = """
The harbour was quiet when the ferry arrived at six in the morning. Two fishermen mended their nets on the pier,
and a grey cat slept on a pile of ropes. Anna carried her suitcase up the narrow street to the house of her
grandmother. She had not seen it for eleven years, but the blue door and the lemon tree were still there. The
key lay under the third flower pot, as it always had. Inside, the rooms smelled of dust and dried lavender. She
opened all windows, put the kettle on the stove, and sat down at the kitchen table. On the wall hung a map of
the island, drawn by her grandfather in 1962, with every well and every path. He had been a surveyor, and he
trusted nothing that he had not measured twice. In the drawer she found his notebook. Each page held a list of
angles, a sketch of a hill, and a few words about the weather. The last entry was not about angles. It said that
the spring below the old chapel had changed its course, and that somebody ought to find out why. Anna read the
line again. Then she packed water, bread and the notebook, and walked up the path between the olive trees. The
chapel stood on a ridge above the sea. Its bell had been sold long ago, but the walls were sound, and swallows
nested under the roof. Below it she followed a dry channel through thorns and loose stones. After half an hour
she heard the water before she saw it. It came out of a crack in the rock, cold and clear, forty metres east of
the place that the map showed. She marked the spot, counted her steps back to the chapel, and wrote down the
numbers. An old man with a donkey stopped beside her and asked what she was looking for. When she told him, he
laughed and pointed to the slope above them. The quarry, he said, had moved the whole hill, and the water simply
went around it. Nobody had asked the water. In the evening she drew a new line on the map with a fine pencil,
and beside it she wrote the date. Then she called her brother to tell him that she would stay until the end of
the month. There were more wells to measure, and the lemons were almost ripe.
"""

DATA_SETS: tuple[DataSet, ...] = (replace(MODEL, name="attention_heads"), replace(TOKENIZER, name="attention_heads"))


def load_attention_heads(text: str | None = None, *, rank: int = 4) -> dict[tuple[int, int], AttentionProblem]:
    """All 72 heads of a small language model, each with the activations of a text as its inputs.

    Parameters
    ----------
    text : str or None
        The text that is read, up to 512 word pieces; None takes a passage of some four hundred.
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
    encoder = load_encoder("load_attention_heads")
    tokens, labels = encoder.pieces(" ".join(PASSAGE.split()) if text is None else text)
    rank = integer("rank", rank, low=1, high=384)
    if not 3 <= len(tokens) <= encoder.longest:
        raise must("text", f"of 1 to {encoder.longest - 2} word pieces", len(tokens) - 2)
    *layers, _ = encoder.inputs(tokens)
    return {
        (layer, head): _problem(x, encoder.weights, f"{name}.attention.self", head, (rank, labels))
        for layer, (name, x) in enumerate(layers)
        for head in range(HEADS)
    }


def _problem(
    x: np.ndarray, weights: dict[str, np.ndarray], name: str, head: int, given: tuple[int, tuple[str, ...]]
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
    adapters = {projection: fresh_adapter(parts["QKV".index(projection)], rank, rng) for projection in ("Q", "V")}
    inputs = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
    made = LoRAHead(*parts, adapters=adapters, alpha=2 * rank, beta=1 / math.sqrt(width))
    return AttentionProblem(made, inputs, inputs @ parts[2], labels=labels)
