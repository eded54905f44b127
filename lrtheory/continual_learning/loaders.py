"""Edits of a small language model, and digits that come as tasks, from files of installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from lrtheory._data import DIGITS, MNIST, DataSet, read_table
from lrtheory._data.sentence_encoder import MODEL, TOKENIZER, Encoder, gelu, load_encoder
from lrtheory._data.sentences import SENTENCES
from lrtheory._types import Rng
from lrtheory._validation import fits, generator, integer, must
from lrtheory.continual_learning.problem import EditProblem, Task, TaskProblem

__all__ = ["DATA_SETS", "load_encoder_edits", "load_permuted_digits", "load_split_digits", "load_split_mnist"]

_SPLIT_DIGITS = replace(DIGITS, name="split_digits")
_PERMUTED = replace(DIGITS, name="permuted_digits")
_MNIST = replace(MNIST, name="split_mnist")
DATA_SETS: tuple[DataSet, ...] = (
    replace(MODEL, name="encoder_edits"),
    replace(TOKENIZER, name="encoder_edits"),
    _SPLIT_DIGITS,
    _PERMUTED,
    _MNIST,
)

#: the layer that is edited, and its last map
LAYER = "encoder.layer.5"
WEIGHT = f"{LAYER}.output.dense.weight"
SYLLABLES = ("zor", "bla", "ket", "mun", "vix", "tral", "quo", "fen", "dri", "pash")
#: what each made-up word shall mean, in the order of the edits
CONCEPTS = tuple(
    """
apple bicycle bridge butter camel candle castle cat church coffee cow desert doctor dog door elephant fire flower forest
garden guitar hammer horse hospital island kitchen lamp lawyer lion money moon mountain music ocean piano pizza prison
rain river school ship snow soldier spoon teacher train violin window
""".split()
)
#: sentences that are taught, and others that only ask
FRAMES = ("{}", "what is {} ?", "tell me about {} .")
PARAPHRASES = ("where can i read about {} ?", "he wrote a book on {} .")
#: of the draws where a loader takes none
SEED = 0
#: share of the rows that is learned from, and the pairs of digits that arrive in turn
LEARNED = 0.75
PAIRS = ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))


# --- words -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class EncoderScores:
    """The words that an encoder knows after its map was edited, and how other sentences moved.

    Parameters
    ----------
    found : array of shape (48, 5)
        Whether the sentence of a made-up word is nearest to that of its own concept among all 48, by frame; the first
        three frames were taught.
    similarity : array of shape (48, 5)
        The cosine of the two sentences.
    collateral : float
        The mean of 1 - cosine, by which 48 sentences moved that neither edits nor anchors know.
    neighbors : float
        The share of them whose nearest neighbor is the one of before.
    """

    found: np.ndarray
    similarity: np.ndarray
    collateral: float
    neighbors: float

    @property
    def taught(self) -> float:
        """The share that is found in the frames that were taught."""
        return float(self.found[:, : len(FRAMES)].mean())

    @property
    def paraphrases(self) -> float:
        """The share that is found in the frames that were never taught."""
        return float(self.found[:, len(FRAMES) :].mean())


@dataclass(frozen=True)
class EncoderTexts:
    """Texts as the edited map sees them, so that any weights can be scored without the layers before it.

    Parameters
    ----------
    inner : array of shape (tokens, 1536)
        Inputs of the map, for all tokens of all texts.
    sums : array of shape (tokens, 384)
        Summands of the layer to which the outputs of the map are added.
    starts : array of shape (texts,)
        Index of the first token of each text: 48 concepts in five frames, 48 made-up words in five frames, 48 other
        sentences.
    encoder : Encoder
        Encoder whose norm follows the map, and whose bias is added.
    weights : array of shape (384, 1536)
        Weights of the map before the edits.
    """

    inner: np.ndarray
    sums: np.ndarray
    starts: np.ndarray
    encoder: Encoder
    weights: np.ndarray

    def embed(self, weights: np.ndarray) -> np.ndarray:
        """The features of length 1 of each text, (texts, 384): the mean of its tokens after the last layer."""
        bias = self.encoder.weights[f"{LAYER}.output.dense.bias"]
        summed = self.sums + self.inner @ np.asarray(weights, self.inner.dtype).T + bias
        out = np.add.reduceat(self.encoder.norm(summed, f"{LAYER}.output.LayerNorm"), self.starts)
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def score(self, weights: np.ndarray) -> EncoderScores:
        """See `EncoderEdits.score`."""
        if not fits(np.shape(weights), self.weights.shape):
            raise must("weights", f"of shape {self.weights.shape}", np.shape(weights))
        before, after = self.embed(self.weights)[-self.n_others :], self.embed(weights)
        others = after[-self.n_others :]
        concepts, aliases = after[: -self.n_others].reshape(2, len(CONCEPTS), -1, after.shape[1])
        near = np.einsum("afx,cfx->fac", aliases, concepts)  # by frame, every word against every concept
        found = near.argmax(axis=2) == np.arange(len(CONCEPTS))
        similarity = np.diagonal(near, axis1=1, axis2=2)
        collateral = float(1 - (before * others).sum(axis=1).mean())
        same = _nearest(before) == _nearest(others)
        return EncoderScores(
            found=found.T,
            similarity=similarity.T.astype(np.float64),
            collateral=collateral,
            neighbors=float(same.mean()),
        )

    @property
    def n_others(self) -> int:
        """The number of sentences that are neither taught nor anchors."""
        return len(self.starts) - 2 * len(CONCEPTS) * len(FRAMES + PARAPHRASES)


@dataclass(frozen=True, eq=False, repr=False)
class EncoderEdits(EditProblem):
    """Edits of a map of an encoder, with the texts that tell what it knows afterwards.

    Parameters
    ----------
    W0 : array of shape (384, 1536)
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        One for each word.
    anchors : array of shape (m, 1536), or None
        Inputs that should keep their outputs.
    names : sequence of str
        The words.
    layout : str
        "torch", since the map is stored as (outputs, inputs).
    truth : None
        No map is known that does all of it.
    texts : EncoderTexts
        Inputs of the map for the texts, and the layer after it.
    """

    texts: EncoderTexts = field(kw_only=True)

    def score(self, weights: np.ndarray) -> EncoderScores:
        """Ask the encoder for all words, with these weights in the place of its own.

        Parameters
        ----------
        weights : array of shape (384, 1536)
            Weights of the edited map, in the layout of torch.

        Returns
        -------
        EncoderScores
            Words that are found, and what happened to other sentences.

        Raises
        ------
        ValueError
            If the shape is another one.
        """
        return self.texts.score(weights)


def load_encoder_edits() -> EncoderEdits:
    """Forty-eight made-up words that a small language model shall learn, each by one edit of its last map.

    A made-up word shall be read like a concept, such as an apple. The keys of an edit are the inputs of the map at the
    word pieces of the made-up word, in three sentences that differ in nothing but that word; the values are the outputs
    with which the sum before the last norm is that at the last word piece of the concept, in the same sentence. No
    gradient is needed.

    Returns
    -------
    EncoderEdits
        An `EditProblem` in double precision and in the layout of torch: weights (384, 1536), 48 edits with 660 keys in
        all, 530 anchors, which are the tokens of 48 sentences on eight topics. Labels are the made-up words. Its method
        ``score(weights)`` says which words are found: `taught` and `paraphrases` are the shares of sentences, in frames
        that were taught and in two others, that are nearest to the same sentence about the concept, `found` and
        `similarity` (48, 5) hold each of them, `collateral` is the mean of 1 - cosine by which 48 other sentences
        moved, and `neighbors` the share of these that kept their nearest neighbor.

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
    encoder = load_encoder("load_encoder_edits")
    aliases = _made_up(len(CONCEPTS))
    neutral = [text for topic in SENTENCES.values() for text in topic]
    weights = encoder.weights[WEIGHT].astype(np.float64)
    anchors, _, _ = _seen(encoder, neutral[::2])
    frames = FRAMES + PARAPHRASES
    filled = [frame.format(word) for words in (CONCEPTS, aliases) for word in words for frame in frames]
    inner, sums, starts = _seen(encoder, filled + neutral[1::2])
    edits = []
    for number, (concept, alias) in enumerate(zip(CONCEPTS, aliases, strict=True)):
        keys, values = [], []
        for i, frame in enumerate(FRAMES):
            meant, made = (starts[len(frames) * row + i] for row in (number, number + len(CONCEPTS)))
            last = meant + _places(encoder, frame, concept)[-1]
            at = made + _places(encoder, frame, alias)
            keys.append(inner[at].astype(np.float64))
            values.append(sums[last] + weights @ inner[last] - sums[at])
        edits.append((np.concatenate(keys), np.concatenate(values)))
    return EncoderEdits(
        weights,
        tuple(edits),
        anchors=anchors.astype(np.float64),
        names=aliases,
        layout="torch",
        texts=EncoderTexts(inner, sums, starts, encoder, weights),
    )


def _made_up(n: int) -> tuple[str, ...]:
    """Words of three syllables."""
    return tuple("".join(word) for word in np.random.default_rng(SEED).choice(SYLLABLES, (n, 3)))


def _seen(encoder: Encoder, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inputs of the edited map, what its outputs are added to, and where each text begins."""
    pieces = [encoder.pieces(text)[0] for text in texts]
    lengths = np.array([len(tokens) for tokens in pieces])
    starts = np.cumsum(lengths) - lengths
    inner, sums = (np.empty((lengths.sum(), width), np.float32) for width in encoder.weights[WEIGHT].shape[::-1])
    for length in np.unique(lengths):  # texts of one length side by side
        at = np.flatnonzero(lengths == length)
        x = dict(encoder.inputs(np.stack([pieces[i] for i in at])))[LAYER]
        seen = encoder.norm(x + encoder.attention(x, f"{LAYER}.attention"), f"{LAYER}.attention.output.LayerNorm")
        rows = starts[at, None] + np.arange(length)
        inner[rows], sums[rows] = gelu(encoder.linear(seen, f"{LAYER}.intermediate.dense")), seen
    return inner, sums, starts


def _places(encoder: Encoder, frame: str, word: str) -> np.ndarray:
    """Where the pieces of a word stand in a frame."""
    first = len(encoder.pieces(frame.partition("{}")[0])[0]) - 1  # without the piece that ends a text
    return first + np.arange(len(encoder.pieces(word)[0]) - 2)


def _nearest(points: np.ndarray) -> np.ndarray:
    """The nearest other point of each, by cosine."""
    near = points @ points.T
    np.fill_diagonal(near, -np.inf)
    return near.argmax(axis=1)


# --- digits ----------------------------------------------------------------------------------------------------------


def load_split_digits() -> TaskProblem:
    """The handwritten digits of scikit-learn in five tasks: 0 or 1, 2 or 3, and so on.

    Three quarters of the rows, drawn once, are there to learn from.

    Returns
    -------
    TaskProblem
        Images of 8 x 8 pixels as 64 gray values from 0 to 1; ten classes.

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
    return _by_pairs(*_images(_SPLIT_DIGITS, 16))


def load_split_mnist() -> TaskProblem:
    """Five thousand digits of MNIST in five tasks: 0 or 1, 2 or 3, and so on.

    Three quarters of the rows, drawn once, are there to learn from.

    Returns
    -------
    TaskProblem
        Images of 28 x 28 pixels as 784 gray values from 0 to 1; ten classes.

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
    return _by_pairs(*_images(_MNIST, 255))


def load_permuted_digits(n_tasks: int = 5, *, rng: Rng = None) -> TaskProblem:
    """The handwritten digits of scikit-learn, with pixels in another order in every task but the first.

    All tasks have the same ten classes and inputs that differ, which is where steps that leave old inputs alone matter.

    Parameters
    ----------
    n_tasks : int
        Number of tasks, at least 1.
    rng : int, SeedSequence, Generator or None
        Source of the draws: which rows are learned from, three quarters of them, and the orders of pixels.

    Returns
    -------
    TaskProblem
        Images of 8 x 8 pixels as 64 gray values from 0 to 1; ten classes in every task.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or `n_tasks` is not a positive integer.

    References
    ----------
    .. [1] I. J. Goodfellow et al., An Empirical Investigation of Catastrophic Forgetting in Gradient-Based Neural
       Networks, 2013, arXiv:1312.6211.
    """
    count, source = integer("n_tasks", n_tasks, low=1), generator(rng)
    X, y = _images(_PERMUTED, 16)
    train, test = _divided(len(y), source)
    orders = [np.arange(X.shape[1]), *(source.permutation(X.shape[1]) for _ in range(count - 1))]
    tasks = [Task(X[train][:, order], y[train], X[test][:, order], y[test]) for order in orders]
    return TaskProblem(tuple(tasks), n_classes=10)


def _images(data: DataSet, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Gray values from 0 to 1, and digits."""
    table = read_table(data)
    return table[:, :-1] / largest, table[:, -1].astype(np.int64)


def _by_pairs(X: np.ndarray, y: np.ndarray) -> TaskProblem:
    """A task for each pair of digits."""
    train, test = _divided(len(y), np.random.default_rng(SEED))
    tasks = []
    for pair in PAIRS:
        learned, asked = (rows[np.isin(y[rows], pair)] for rows in (train, test))
        tasks.append(Task(X[learned], y[learned], X[asked], y[asked]))
    return TaskProblem(tuple(tasks), n_classes=10, names=tuple(f"{a} or {b}" for a, b in PAIRS))


def _divided(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are learned from, three quarters of them, and the rows that are asked for."""
    order, n_learned = rng.permutation(n), round(LEARNED * n)
    return order[:n_learned], order[n_learned:]
