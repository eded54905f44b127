"""Digits in growing portions, layers of a sentence encoder, and texts whose likeness people have judged."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lrtheory._data import DIGITS, MNIST, DataSet, read, read_table
from lrtheory._data.cache import remembered
from lrtheory._data.sentence_encoder import MODEL, TOKENIZER, load_encoder
from lrtheory._types import Rng
from lrtheory._validation import Words, choice, generator, integer, must, sequence

__all__ = [
    "DATA_SETS",
    "EncoderLayers",
    "Versions",
    "load_digits_versions",
    "load_encoder_layers",
    "load_mnist_versions",
]

_DIGITS = replace(DIGITS, name="digits_versions")
_MNIST = replace(MNIST, name="mnist_versions")
_TEXTS = DataSet(
    name="encoder_layers",
    package="gensim",
    version="4.4.0",
    path="test/test_data/lee.cor",
    sha256="a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
    license="LGPL-2.1 (package)",
    terms="M. Lee, B. Pincombe, M. Welsh: excerpts of news of the Australian Broadcasting Corporation, for research",
    what="50 short news texts",
)
_BACKGROUND = replace(
    _TEXTS,
    path="test/test_data/lee_background.cor",
    sha256="5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
    what="300 more news texts",
)
_JUDGED = replace(
    _TEXTS,
    path="test/test_data/similarities0-1.txt",
    sha256="23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
    what="similarity of 1225 pairs of the 50 texts, as people have judged it",
)
DATA_SETS: tuple[DataSet, ...] = (
    _DIGITS,
    _MNIST,
    replace(MODEL, name="encoder_layers"),
    replace(TOKENIZER, name="encoder_layers"),
    _TEXTS,
    _BACKGROUND,
    _JUDGED,
)
#: of the draws where a loader takes none
SEED = 0
#: rows to learn from, and the share of all rows that the gallery holds
ROWS = {"digits_versions": 800, "mnist_versions": 2226}
KEPT = 500 / 1797
#: layers whose outputs are compared
LAYERS = (3, 4, 5, 6)


@dataclass(frozen=True, eq=False, kw_only=True)
class Versions:
    """Images that arrive in growing portions, for one version of an encoder after another.

    Parameters
    ----------
    versions : list of pairs of arrays of shape (n, d) and (n,)
        Inputs and classes that each version learns from; every one holds those before it.
    gallery, gallery_labels : array of shape (m, d) and (m,)
        Items that no version learns from.
    queries, query_labels : array of shape (q, d) and (q,)
        Others that no version learns from.

    Raises
    ------
    ValueError
        If `among` is asked for less than one class.
    """

    versions: list[tuple[np.ndarray, np.ndarray]]
    gallery: np.ndarray
    gallery_labels: np.ndarray
    queries: np.ndarray
    query_labels: np.ndarray

    def among(self, n_classes: int) -> Versions:
        """Only the gallery and the queries of the first classes.

        Parameters
        ----------
        n_classes : int
            Number of classes, at least 1.

        Returns
        -------
        Versions
            Versions as here, with fewer items to search.

        Raises
        ------
        ValueError
            If no class is left.
        """
        count = integer("n_classes", n_classes, low=1)
        kept, asked = self.gallery_labels < count, self.query_labels < count
        return Versions(
            versions=self.versions,
            gallery=self.gallery[kept],
            gallery_labels=self.gallery_labels[kept],
            queries=self.queries[asked],
            query_labels=self.query_labels[asked],
        )


def load_digits_versions(
    sizes: Sequence[int] = (30, 60, 120, 300, 800), *, by: Literal["rows", "classes"] = "rows", rng: Rng = None
) -> Versions:
    """The handwritten digits of scikit-learn, in portions for versions of an encoder.

    Parameters
    ----------
    sizes : sequence of int
        Rows that each version learns from, or with `by` "classes" the numbers of digits that it knows; increasing.
    by : {"rows", "classes"}
        Meaning of `sizes`.
    rng : int, SeedSequence, Generator or None
        Source of the order of the rows; None takes one order that is always the same.

    Returns
    -------
    Versions
        Images of 8 x 8 pixels as 64 gray values from 0 to 1: 800 to learn from, 500 in the gallery, 497 queries.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or sizes are out of range.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    return _versions(_DIGITS, 16, sizes, by, rng)


def load_mnist_versions(
    sizes: Sequence[int] = (2, 4, 6, 8, 10), *, by: Literal["rows", "classes"] = "classes", rng: Rng = None
) -> Versions:
    """Five thousand digits of MNIST, in portions for versions of an encoder.

    Parameters
    ----------
    sizes : sequence of int
        As in `load_digits_versions`.
    by : {"rows", "classes"}
        Meaning of `sizes`.
    rng : int, SeedSequence, Generator or None
        As in `load_digits_versions`.

    Returns
    -------
    Versions
        Images of 28 x 28 pixels as 784 gray values from 0 to 1: 2226 to learn from, 1391 in the gallery, 1383 queries.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or sizes are out of range.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition,
       Proceedings of the IEEE 86, 1998.
    """
    return _versions(_MNIST, 255, sizes, by, rng)


def _versions(data: DataSet, brightest: float, sizes: Sequence[int], by: str, rng: Rng) -> Versions:
    choice("by", by, ("rows", "classes"))
    if not len(sequence("sizes", sizes)):
        raise must("sizes", "at least one size", Words("none"))
    counts = [
        integer(f"sizes[{i}]", size, low=1, high=ROWS[data.name] if by == "rows" else 10)
        for i, size in enumerate(sizes)
    ]
    if sorted(counts) != counts:
        raise must("sizes", "increasing", counts)
    table = read_table(data)
    order = generator(SEED if rng is None else rng).permutation(len(table))
    X, y = table[order, :-1] / brightest, table[order, -1].astype(np.int64)
    learned, kept = ROWS[data.name], round(KEPT * len(X))
    first, labels = X[:learned], y[:learned]
    if by == "rows":
        versions = [(first[:count], labels[:count]) for count in counts]
    else:
        versions = [(first[labels < count], labels[labels < count]) for count in counts]
    end = learned + kept
    return Versions(
        versions=versions,
        gallery=X[learned:end],
        gallery_labels=y[learned:end],
        queries=X[end:],
        query_labels=y[end:],
    )


@dataclass(frozen=True, eq=False)
class EncoderLayers:
    """Texts by layers of one encoder, the earlier of which stand for old encoders.

    Parameters
    ----------
    texts : tuple of str
        Fifty judged texts, and then 300 others.
    features : mapping of int to float32 array of shape (350, 384)
        Vectors of norm 1 by the number of the layer, 3 to 6: the mean over the word pieces of its outputs.
    similarity : float64 array of shape (50, 50)
        Similarity of the judged texts from 0 to 1, as people have judged it.
    """

    texts: tuple[str, ...]
    features: dict[int, np.ndarray]
    similarity: np.ndarray

    @property
    def n_judged(self) -> int:
        """Texts that were judged, which come first."""
        return len(self.similarity)


def load_encoder_layers() -> EncoderLayers:
    """News texts by the layers 3 to 6 of a small sentence encoder, with human judgments of their likeness.

    Encoding takes some 40 seconds; the vectors are kept in the user's cache, ``$XDG_CACHE_HOME/lrtheory``, and are
    computed again where they are missing or belong to other texts.

    Returns
    -------
    EncoderLayers
        Vectors of 350 texts.

    Raises
    ------
    ImportError
        If a package that holds a file, or safetensors or tokenizers, is not installed.
    ValueError
        If a file is another one.

    References
    ----------
    .. [1] M. Lee, B. Pincombe, M. Welsh, An Empirical Evaluation of Models of Text Document Similarity, Proceedings of
       the Annual Meeting of the Cognitive Science Society 27, 2005.
    """
    texts = tuple(line for data in (_TEXTS, _BACKGROUND) for line in read(data).decode("latin-1").splitlines())
    triangle = np.genfromtxt(io.BytesIO(read(_JUDGED)), delimiter="\t", filling_values=np.nan)
    upper = np.triu(np.nan_to_num(triangle), 1)
    similarity = upper + upper.T + np.eye(len(upper))
    return EncoderLayers(texts, _cached(texts), similarity)


def encode_layers(texts: Sequence[str]) -> dict[int, np.ndarray]:
    """Encode texts by the layers 3 to 6 of a small sentence encoder.

    Parameters
    ----------
    texts : sequence of str
        Texts; of a long one the first 512 word pieces are read.

    Returns
    -------
    dict of int to float32 array of shape (n, 384)
        Vectors of norm 1 by the number of the layer.

    Raises
    ------
    ImportError
        If the package that holds the model, or safetensors or tokenizers, is not installed.
    TypeError
        If a text is not a string.
    ValueError
        If there are no texts, or a file is another one.
    """
    if not len(sequence("texts", texts)):
        raise must("texts", "at least one text", Words("none"))
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise must(f"texts[{i}]", "a string", text, TypeError)
    encoder = load_encoder("load_encoder_layers")
    found = {layer: np.empty((len(texts), 384), np.float32) for layer in LAYERS}
    pieces = [encoder.pieces(text)[0][: encoder.longest] for text in texts]
    lengths = np.array([len(one) for one in pieces])
    for length in np.unique(lengths):  # texts of one length side by side
        at = np.flatnonzero(lengths == length)
        for layer, (_, outputs) in enumerate(encoder.inputs(np.stack([pieces[i] for i in at]))):
            if layer in found:
                mean = outputs.mean(axis=1)
                found[layer][at] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return found


def _cached(texts: tuple[str, ...]) -> dict[int, np.ndarray]:
    """The vectors of these texts, from the user's cache where they are there."""
    digest = hashlib.sha256("\n".join([MODEL.sha256, TOKENIZER.sha256, *texts]).encode()).hexdigest()[:16]
    shapes = {f"layer_{layer}": (len(texts), 384) for layer in LAYERS}
    compute = lambda: {f"layer_{layer}": one for layer, one in encode_layers(texts).items()}
    found = remembered(f"encoder-layers-{digest}", shapes, compute)
    return {layer: found[f"layer_{layer}"] for layer in LAYERS}
