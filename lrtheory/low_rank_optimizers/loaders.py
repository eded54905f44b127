"""Weights, digits and texts from files of installed packages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory._data import DIGITS, MNIST, DataSet, read, read_table
from lrtheory._data.sentence_encoder import MODEL, weight_matrices
from lrtheory.low_rank_optimizers.integer.texts import TextProblem
from lrtheory.low_rank_optimizers.problem import ClassifierProblem

__all__ = ["DATA_SETS", "load_digits_problem", "load_encoder_weights", "load_mnist_problem", "load_text"]

_DIGITS = replace(DIGITS, name="digits_problem")
_MNIST = replace(MNIST, name="mnist_problem")
_ENCODER = replace(MODEL, name="encoder_weights")
#: descriptions of data sets, in the order in which they make one text
_DESCRIPTIONS = """
breast_cancer 3c5855182a44d12c91f1fb27388741fb70b4b92ba40fb742dca9b5e404c68f19
california_housing 98397053aa2b87ac551fee2c04d4dc62e5199246ea0cb0842bb2868f0c8658d6
covtype 0ba0e67338ad8ed9eb3be5e10888bc5aa353d2e3e06273d6358b4ac094f0727e
diabetes 07dcfc13957a82485bdfce44aecffba72e7977595966d118b81f162cb827e381
digits 8e7e58d612958f7d9b0de1931ed68b211703eeb239e808f3d82c5f0837cc0222
iris 71f86749a8bc528d21b7db0f95332e3230d13231a05c2720e537b2c5aa8ef5e9
kddcup99 a91cf65fc5e6521f0864a8f34f538025de6c8fdd5b068d31a5d715e6b4b6264a
lfw f2c8fc0293306431da6e76a4b0be12f961d2d55fa4f9d8af53b0c63c958fec0c
linnerud 8c323e008b15799653555592894ceda799442f81f6bacf38edb805dc54866f5b
olivetti_faces 8bc63bfa0e1f38f74bbeea6027c8bfcded69034846a5f0e00283c21af08f1712
rcv1 98b8f8594eda115a9a260ee181249ef35a08ef82fafe9184091ef63bc744319e
species_distributions 2fcd1e68b71bf72989399c852e84210f2914f5dc22a2e4454530fefc8aca16c2
twenty_newsgroups 67979f1b8fa67444f81f8b17802b77ec81cbd3c114cca6e7b9c075f74a3f183f
wine_data cece974be57e7279fddb09f3ffaccc26cf0c20087f29a9641a17756c52e25301
""".split()
_TEXT = tuple(
    replace(
        DIGITS,
        name="text",
        path=f"datasets/descr/{name}.rst",
        sha256=sha256,
        terms="BSD-3-Clause",
        what="one of 14 descriptions of data sets, in English",
    )
    for name, sha256 in zip(_DESCRIPTIONS[::2], _DESCRIPTIONS[1::2], strict=True)
)
#: the last character stands for all others
ALPHABET = "abcdefghijklmnopqrstuvwxyz .,()#"
DATA_SETS: tuple[DataSet, ...] = (
    _ENCODER,
    *_TEXT,
    _DIGITS,
    _MNIST,
)
#: share of the images that is learned from, and the seed of its draw
LEARNED, SEED = 0.75, 0


def load_encoder_weights() -> dict[str, np.ndarray]:
    """The matrices in the six layers of a small language model, as trained: 10.6 million weights.

    Returns
    -------
    dict of str to ndarray
        Thirty-six arrays in single precision and in the layout of torch, (outputs, inputs): for each layer query, key,
        value and output of the attention (384, 384), and the two dense maps (1536, 384) and (384, 1536). Embeddings,
        biases and norms are left out.

    Raises
    ------
    ImportError
        If the package that holds the model is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] W. Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained
       Transformers, NeurIPS 2020.
    """
    return weight_matrices(_ENCODER)


def load_text() -> TextProblem:
    """The descriptions of the data sets of scikit-learn as one English text of 39,492 symbols.

    Returns
    -------
    TextProblem
        Text of 32 symbols: letters in lower case, space (which every run of blanks and ends of lines becomes), point,
        comma, parentheses, and one for all other characters. Unigrams have an entropy of 4.278 bits.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If a file is another one.
    """
    text = "".join(read(one).decode("utf-8") for one in _TEXT).lower()
    return TextProblem.from_text(" ".join(text.split()), alphabet=ALPHABET)


def load_digits_problem() -> ClassifierProblem:
    """The 1797 handwritten digits of scikit-learn, 1348 of them to learn from.

    Returns
    -------
    ClassifierProblem
        Images of 8 x 8 pixels as 64 gray values from 0 to 1, in double precision; ten classes.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Cascading Classifiers, Kybernetika 34, 1998.
    """
    return _images(_DIGITS, 16)


def load_mnist_problem() -> ClassifierProblem:
    """Five thousand handwritten digits of MNIST, 3750 of them to learn from.

    Returns
    -------
    ClassifierProblem
        Images of 28 x 28 pixels as 784 gray values from 0 to 1, in double precision; ten classes.

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
    return _images(_MNIST, 255)


def _images(data: DataSet, largest: int) -> ClassifierProblem:
    """Gray values from 0 to 1 and digits, divided at random, always in the same way."""
    table = read_table(data)
    X, y = table[:, :-1] / largest, table[:, -1].astype(np.int64)
    order, n_learned = np.random.default_rng(SEED).permutation(len(y)), round(LEARNED * len(y))
    learned, asked = order[:n_learned], order[n_learned:]
    return ClassifierProblem(X[learned], y[learned], X_test=X[asked], y_test=y[asked], n_classes=10)
