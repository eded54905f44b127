"""Real points from files of installed packages: digits, larger digits, and sentences through a small language model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._data import DIGITS, MNIST, DataSet, read_table
from lrtheory._data.sentence_encoder import MODEL, TOKENIZER, load_encoder
from lrtheory._data.sentences import SENTENCES
from lrtheory.transductive_clustering.problem import ClusteringProblem

__all__ = ["DATA_SETS", "load_digits_features", "load_mnist_5k", "load_sentences"]

_MNIST = replace(MNIST, name="mnist_5k")
_DIGITS = replace(DIGITS, name="digits_features")
DATA_SETS: tuple[DataSet, ...] = (_DIGITS, _MNIST, MODEL, TOKENIZER)


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
    table = read_table(_DIGITS)
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
    table = read_table(_MNIST, "float32")
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
    encoder = load_encoder("load_sentences")
    rows = []
    for text in texts:
        *_, (_, x) = encoder.inputs(encoder.pieces(text)[0])
        rows.append(x.mean(axis=0))
    return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)
