"""Judges for trials: one that knows an order and errs, and one that compares texts by an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._data.sentence_vectors import encode, strings
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, flag, generator, must, real

__all__ = ["EncoderOracle", "Oracle", "encoder_oracle", "make_oracle"]


class Oracle:
    """A judge that knows an order and counts its ``calls`` and their ``documents``; `make_oracle` makes it.

    Parameters
    ----------
    places : int64 array of shape (n,)
        Place of each document in the order, 0 for the best.
    error_rate, position_bias : float
        As in `make_oracle`, which checks them.
    persistent : bool
        Whether a duel has one result for ever.
    rng : int, Generator, or None
        Source of the errors.

    Raises
    ------
    TypeError
        If `rng` is none of these.
    """

    def __init__(
        self,
        places: np.ndarray,
        *,
        error_rate: float = 0.0,
        position_bias: float = 0.0,
        persistent: bool = False,
        rng: Rng = None,
    ) -> None:
        self.places, self.calls, self.documents = places, 0, 0
        self._error_rate, self._bias = error_rate, position_bias
        self._persistent, self._rng = persistent, generator(rng)
        self._kept: dict[tuple[int, int], bool] = {}

    def __call__(self, documents: ArrayLike) -> np.ndarray:
        """Sort documents, the best first.

        Parameters
        ----------
        documents : array of shape (m,)
            Documents, in the order in which the judge sees them.

        Returns
        -------
        int64 array of shape (m,)
            Order of the documents of the call, the best first.

        Raises
        ------
        ValueError
            If they are no documents of the order.
        """
        given = _known(documents, len(self.places))
        self.calls, self.documents = self.calls + 1, self.documents + len(given)
        if self._error_rate == 0 and self._bias == 0:
            return given[np.argsort(self.places[given], kind="stable")].astype(np.int64)
        wins = np.zeros(len(given), np.int64)
        for i in range(len(given)):
            for j in range(i + 1, len(given)):
                wins[i if self._first_wins(int(given[i]), int(given[j])) else j] += 1
        return given[np.argsort(-wins, kind="stable")].astype(np.int64)

    def _first_wins(self, first: int, second: int) -> bool:
        """Whether the document that is seen first wins its duel."""
        low, high = min(first, second), max(first, second)
        better = bool(self.places[first] < self.places[second])
        if self._persistent and (low, high) in self._kept:
            return self._kept[low, high] == (first == low)
        chance = (1 - self._error_rate if better else self._error_rate) + self._bias
        won = bool(self._rng.random() < chance)
        if self._persistent:
            self._kept[low, high] = won == (first == low)
        return won


def _known(documents: Any, n: int) -> np.ndarray:
    """The documents of a call as an array."""
    given = np.asarray(documents)
    given = given.astype(np.int64) if not given.size else given
    if given.ndim != 1 or given.dtype.kind not in "iu" or ((given < 0) | (given >= n)).any():
        raise must("documents", f"an array of documents 0, ..., {n - 1}", given)
    return given.astype(np.int64)


def make_oracle(
    order: ArrayLike,
    *,
    error_rate: float = 0.0,
    persistent: bool = False,
    position_bias: float = 0.0,
    rng: Rng = None,
) -> Oracle:
    """Make a judge that knows an order, and errs on pairs.

    A call with errors is a round robin: each pair of its documents has a duel, and documents are ordered by wins, ties
    as they stand in the call. For two documents that is the duel.

    Parameters
    ----------
    order : array of shape (n,)
        Documents 0, ..., n - 1, the best first.
    error_rate : float
        Probability that the worse document wins a duel, in [0, 1/2].
    persistent : bool
        Whether a duel has one result for ever, as of a model at temperature 0 that does not look at positions.
    position_bias : float
        Probability that is added to the chances of the document which stands first.
    rng : int, Generator, or None
        Source of the errors.

    Returns
    -------
    Oracle
        A judge, which counts its calls.

    Raises
    ------
    ValueError
        If `order` is no permutation, or a probability leaves [0, 1].

    Examples
    --------
    >>> from lrtheory.reranking import make_oracle
    >>> judge = make_oracle([2, 0, 1])
    >>> judge([0, 1, 2]).tolist(), judge.calls
    ([2, 0, 1], 1)
    """
    found = np.asarray(order if not isinstance(order, range) else list(order))
    n = found.size
    if found.ndim != 1 or (n and found.dtype.kind not in "iu") or not np.array_equal(np.sort(found), np.arange(n)):
        raise must("order", "a permutation of 0, ..., n - 1", order)
    rate = real("error_rate", error_rate, low=0, high=0.5)
    bias = real("position_bias", position_bias)
    if abs(bias) > rate:
        raise must("position_bias", f"at most `error_rate`, {rate:g}, in size, so that chances stay in [0, 1]", bias)
    fixed = flag("persistent", persistent)
    if fixed and bias:
        raise must("position_bias", "0 for a judge whose duels have one result for ever", position_bias)
    places = np.empty(n, np.int64)
    places[found.astype(np.int64)] = np.arange(n)
    return Oracle(places, error_rate=rate, position_bias=bias, persistent=fixed, rng=rng)


class EncoderOracle:
    """A judge that sorts texts by the cosine of their vectors and that of a query; `encoder_oracle` makes it.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Cosine of each text.

    Raises
    ------
    ValueError
        If a method is asked for documents that are not numbers of texts.
    """

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def __call__(self, documents: ArrayLike) -> np.ndarray:
        """Sort documents by falling scores, ties as they stand in the call.

        Parameters
        ----------
        documents : array of shape (m,)
            Numbers of texts.

        Returns
        -------
        int64 array of shape (m,)
            Order of the documents of the call, the best first.

        Raises
        ------
        ValueError
            If one of them is not the number of a text.
        """
        given = _known(documents, len(self.scores))
        return given[np.argsort(-self.scores[given], kind="stable")]

    def score(self, documents: ArrayLike) -> float:
        """The score of one document, as "pointwise" asks for it.

        Parameters
        ----------
        documents : array of shape (1,)
            Number of a text.

        Returns
        -------
        float
            Cosine of the text and the query.

        Raises
        ------
        ValueError
            If there is not one document, or it is not the number of a text.
        """
        given = _known(documents, len(self.scores))
        if len(given) != 1:
            raise must("documents", "one document", given)
        return float(self.scores[given[0]])


def encoder_oracle(texts: Sequence[str] | ArrayLike, query: str | ArrayLike) -> EncoderOracle:
    """Make a judge that sorts texts by a sentence encoder, or by vectors that were made before.

    Parameters
    ----------
    texts : sequence of str, or array of shape (n, features)
        Texts, which are encoded at once, or their vectors, none of them 0.
    query : str, or array of shape (features,)
        The query in the same form.

    Returns
    -------
    EncoderOracle
        A judge; its method ``score`` is one for "pointwise".

    Raises
    ------
    ImportError
        If texts are given and the package of the encoder is not installed; see `encode`.
    ValueError
        If vectors do not fit, or one of them is 0.

    Examples
    --------
    >>> from lrtheory.reranking import encoder_oracle
    >>> encoder_oracle([[1.0, 0.0], [3.0, 4.0]], [0.0, 2.0])([0, 1]).tolist()
    [1, 0]
    """
    if isinstance(query, str):
        vectors = encode([*strings("texts", texts), query]).astype(np.float64)
        return EncoderOracle(_cosines(vectors[:-1], vectors[-1]))
    found = array("texts", texts, shape=(None, None)).astype(np.float64)
    wanted = array("query", query, shape=(found.shape[1],)).astype(np.float64)
    return EncoderOracle(_cosines(found, wanted))


def _cosines(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Cosines, whose factors are scaled first, so that no square leaves the range of doubles."""
    rows = np.vstack([vectors, query[None]])
    largest = np.abs(rows).max(axis=1, initial=0.0)
    if (largest == 0).any():
        raise must("texts", "vectors that are not 0, as the query", rows[int((largest == 0).argmax())])
    rows = rows / largest[:, None]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[:-1] @ rows[-1]
