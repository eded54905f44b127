"""The best items of a catalogue under a model, with a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._result import Certificate, Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import choice, flag, integer, must, real
from lrtheory.constrained_decoding.decoding.asked import Model
from lrtheory.constrained_decoding.decoding.beam import Beam
from lrtheory.constrained_decoding.decoding.best_first import BestFirst
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex

__all__ = ["DecodingCertificate", "DecodingResult", "Search", "search"]

METHODS = ("auto", "beam", "best-first")
#: width of a beam, as a multiple of the answers, where none is given
WIDER = 4


@result
class DecodingCertificate(Certificate):
    r"""Proof of how good the k-th item is, as natural logarithms of probabilities (statement ST-2).

    .. math:: \mathrm{OPT}_r \le \max(a_r, U) \qquad (r \le k)

    Scores do not rise along a path, so no item below a prefix that was dropped is better than the best of these. Where
    the gap is 0 the answers are the k best items.

    Attributes
    ----------
    achieved : float
        a_k, the score of the k-th answer, or of the last item where the catalogue has fewer; minus infinity where
        fewer answers were found.
    bound : float
        max(a_k, U), which the k-th best item of the catalogue does not exceed, with U the largest score of a prefix
        that was dropped.
    items : int64 array of shape (k,)
        The answers, -1 where there is none.
    width : int
        Width of the beam.
    max_iter : int
        Most calls of the model, -1 where they were not limited.
    method : str
        "beam" or "best-first".
    """

    achieved: float
    bound: float
    gap: float
    items: np.ndarray
    width: int
    max_iter: int
    method: str

    _statements = ("constrained_decoding/ST-2",)
    _may_be_infinite = True

    def verify(self, problem: tuple[TrieIndex | LiveIndex, Model]) -> bool:
        """Search again, and compare the items and both numbers.

        Parameters
        ----------
        problem : tuple
            The index and the model.

        Returns
        -------
        bool
            Whether all of it is as stated.

        Raises
        ------
        TypeError
            If it is no pair.
        """
        if not isinstance(problem, tuple) or len(problem) != 2:
            raise must("problem", "the pair of the index and the model", problem, TypeError)
        if not self._is_sound():
            return False
        index, model = problem
        most = None if self.max_iter < 0 else self.max_iter
        again = search(index, model, len(self.items), width=self.width, method=self.method, max_iter=most).certificate
        return (
            again is not None
            and np.array_equal(again.items, self.items)
            and again.achieved == self.achieved
            and again.bound == self.bound
        )


@result
class DecodingResult(Result):
    """The best items that were found.

    Attributes
    ----------
    items : int64 array of shape (k,)
        Ranks of the items, the best first, or their numbers in a `LiveIndex`; -1 where there are fewer than k.
    log_probs : float array of shape (k,)
        Natural logarithm of the model's probability of each; minus infinity where there is none.
    sequences : list of lists of int
        Token ids of the items that were found, without the terminator.
    names : tuple of str
        Names of the items, where the index has some.
    largest_dropped : float
        U, the largest score of a prefix that was dropped or is left; minus infinity where there is none.
    expanded : tuple of tuples of int
        The prefixes that were expanded, in order; empty unless `record`.
    method : str
        "beam" or "best-first".
    reason : str
        Reason for the method, if it was not named.
    n_iter : int
        Calls of the model.
    converged : bool
        Whether the gap is at most `tol`, so that no other item is better by more than that.
    message : str
        Sentence of the certificate.
    counts : mapping
        ``expanded`` prefixes, ``gathers``, candidates that were read, and ``model_rows``.
    certificate : DecodingCertificate or None
        Proof; None where the catalogue has no item, or the k-th one has no probability.
    """

    items: np.ndarray
    log_probs: np.ndarray
    sequences: list[list[int]]
    names: tuple[str, ...]
    largest_dropped: float
    expanded: tuple[tuple[int, ...], ...]
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: DecodingCertificate | None

    def _columns(self) -> dict[str, Any]:
        n = len(self.sequences)
        columns: dict[str, Any] = {"item": self.items[:n], "log_prob": self.log_probs[:n]}
        return columns | ({"name": self.names} if self.names else {"sequence": [str(row) for row in self.sequences]})

    def _facts(self) -> list[str]:
        return [self.message]

    def _draw(self, ax: Any) -> None:
        from lrtheory._result.display import bars

        n = len(self.sequences)
        bars(ax, self.names or [str(row) for row in self.sequences], self.log_probs[:n], label="log probability")


class Search:
    """A search that somebody else's loop drives: ask for prefixes, and tell their rows of log probabilities.

    Arrays: host.

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue. A living index must not change before the search ends.
    k : int
        Number of items.
    width : int, optional
        Most prefixes that a beam keeps, at least `k`; by default 4 k.
    method : {"auto", "beam", "best-first"}
        A beam asks for one batch a token; best-first asks for one prefix at a time and ends with the best items.
        "auto" takes a beam.
    tol : float
        Largest gap of the certificate, in natural logarithms, with which the answer counts as converged.
    max_iter : int, optional
        Most calls of the model; by default as many as it takes.
    record : bool
        Whether the result lists the prefixes that were expanded.

    Raises
    ------
    TypeError
        If `index` is no index.
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import Search, make_nonmonotone
    >>> problem = make_nonmonotone()
    >>> run = Search(problem.index, 1, method="best-first")
    >>> while not run.done:
    ...     run.tell(problem.model(*run.ask()))
    >>> run.result.sequences, run.result.certificate.gap
    ([[0, 0, 0]], 0.0)
    """

    def __init__(
        self,
        index: TrieIndex | LiveIndex,
        k: int,
        *,
        width: int | None = None,
        method: str = "auto",
        tol: float = 0.0,
        max_iter: int | None = None,
        record: bool = False,
    ) -> None:
        if not isinstance(index, TrieIndex | LiveIndex):
            raise must("index", "a TrieIndex or a LiveIndex", index, TypeError)
        self.index, self.k = index, integer("k", k, low=1)
        asked = choice("method", method, METHODS)
        self.method = "beam" if asked == "auto" else asked
        self.reason = "one batch for the model at each token" if asked == "auto" else "it was named"
        self.width = WIDER * self.k if width is None else integer("width", width, low=self.k)
        self.tol, self.record = real("tol", tol, low=0), flag("record", record)
        self.max_iter = None if max_iter is None else integer("max_iter", max_iter, low=0)
        self._version = getattr(index, "version", 0)
        self._run: Beam | BestFirst = (
            Beam(index, self.k, self.width) if self.method == "beam" else BestFirst(index, self.k)
        )

    @property
    def done(self) -> bool:
        """Whether nothing is left to ask."""
        return self._run.done or (self.max_iter is not None and self._run.n_calls >= self.max_iter)

    def ask(self) -> tuple[np.ndarray, np.ndarray]:
        """The prefixes for which the model's next row is needed.

        Returns
        -------
        prefixes : int64 array of shape (n, t)
            Token ids from the beginning.
        states : int64 array of shape (n,)
            States of the prefixes in the index.

        Raises
        ------
        RuntimeError
            If the search is done, or the index was changed.
        """
        self._is_open()
        return self._run.ask()

    def tell(self, log_probs: ArrayLike) -> None:
        """Give the rows of the prefixes of `ask`; a bad answer changes nothing.

        Parameters
        ----------
        log_probs : array of shape (n, n_tokens)
            Natural logarithms of the probabilities of all tokens, of any array library.

        Raises
        ------
        RuntimeError
            If the search is done, or the index was changed.
        TypeError
            If they are no real numbers.
        ValueError
            If the shape is another one, an entry is NaN or above 0, or a row has no token with a probability.
        """
        self._is_open()
        self._run.tell(log_probs)

    def _is_open(self) -> None:
        if getattr(self.index, "version", 0) != self._version:
            raise RuntimeError("the index was changed since the search began")
        if self.done:
            raise RuntimeError("the search is done")

    @property
    def result(self) -> DecodingResult:
        """Answers so far, with their certificate."""
        states, scores = self._run.answers()
        n = len(states)
        found = np.asarray(self.index.item(states), np.int64).reshape(n)
        items, log_probs = np.full(self.k, -1, np.int64), np.full(self.k, -np.inf)
        items[:n], log_probs[:n] = found, scores
        n_items = self.index.n_alive if isinstance(self.index, LiveIndex) else self.index.n_items
        left = self._run.frontier()
        certificate = self._certified(items, log_probs, left, min(self.k, n_items))
        names = getattr(self.index, "names", None)
        return DecodingResult(
            items=items,
            log_probs=log_probs,
            sequences=self.index.sequences(found),
            names=tuple(names[item] for item in found.tolist()) if names else (),
            method=self.method,
            reason=self.reason,
            n_iter=self._run.n_calls,
            converged=n == min(self.k, n_items) if certificate is None else certificate.gap <= self.tol,
            message=_said(certificate, n, n_items, self.k),
            largest_dropped=left,
            counts={
                "expanded": self._run.n_expanded,
                "gathers": self._run.n_gathers,
                "model_rows": self._run.n_expanded,
            },
            expanded=tuple(self._run.expanded) if self.record else (),
            certificate=certificate,
        )

    def _certified(self, items: np.ndarray, scores: np.ndarray, left: float, due: int) -> DecodingCertificate | None:
        if due == 0:
            return None
        achieved = float(scores[due - 1])
        bound = max(achieved, left)
        if bound == -np.inf:
            return None
        most = -1 if self.max_iter is None else self.max_iter
        return DecodingCertificate._of(
            achieved, bound, "constrained_decoding/ST-2", items, self.width, most, self.method
        )


def _said(certificate: DecodingCertificate | None, n: int, n_items: int, k: int) -> str:
    """One sentence on the answers."""
    if not n_items:
        return "no items"
    few = f"the catalogue has {n_items} items; " if n_items < k else ""
    if certificate is None:
        return f"{few}the last of {n} answers has no probability under the model"
    if certificate.gap == 0:
        return f"{few}no other item is better than the last of {n} answers: they are the best ones"
    if certificate.gap == np.inf:
        return f"{few}{n} answers were found, and another item may have log probability {certificate.bound:.6g}"
    return f"{few}another item may be better than the last answer, by {certificate.gap:.4g} in log probability at most"


def search(
    index: TrieIndex | LiveIndex,
    model: Model,
    k: int,
    *,
    width: int | None = None,
    method: str = "auto",
    tol: float = 0.0,
    max_iter: int | None = None,
    record: bool = False,
) -> DecodingResult:
    """Find the k likeliest items of a catalogue under a model, with a certificate.

    Arrays: host

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue.
    model : callable
        ``model(prefixes, states)`` with token ids of shape (n, t) and n states of the index returns natural logarithms
        of the probabilities of the next token, of shape (n, n_tokens), of any array library; minus infinity stands
        for 0, and rows may sum to less than 1. The terminator of items of unlike length is a token of the model too.
    k : int
        Number of items.
    width : int, optional
        Most prefixes that a beam keeps, at least `k`; by default 4 k.
    method : {"auto", "beam", "best-first"}
        A beam asks for one batch a token; best-first asks for one prefix at a time and ends with the best items.
        "auto" takes a beam, and best-first after it where the certificate leaves a gap above `tol`.
    tol : float
        Largest gap of the certificate, in natural logarithms, with which the answer counts as converged.
    max_iter : int, optional
        Most calls of the model; by default as many as it takes.
    record : bool
        Whether the result lists the prefixes that were expanded.

    Returns
    -------
    DecodingResult
        Items of the catalogue, fewer than k if it has fewer.

    Raises
    ------
    TypeError
        If `index` is no index, or `model` no function.
    ValueError
        If a number is outside its range, or the model returns something else than log probabilities.
    RuntimeError
        If the model changed the index.

    Examples
    --------
    A beam of width 2 misses the best item, and says so; width 1 happens to find it:

    >>> from lrtheory.constrained_decoding import make_nonmonotone, search
    >>> problem = make_nonmonotone()
    >>> for width in (1, 2, 3):
    ...     found = search(problem.index, problem.model, 1, width=width, method="beam")
    ...     print(found.sequences[0], found.converged)
    [0, 0, 0] False
    [1, 0, 0] False
    [0, 0, 0] True
    """
    if not callable(model):
        raise must("model", "a function of prefixes and states", model, TypeError)
    options: dict[str, Any] = {"width": width, "tol": tol, "record": record}
    if choice("method", method, METHODS) != "auto":
        return _driven(Search(index, k, method=method, max_iter=max_iter, **options), model)
    first = _driven(Search(index, k, method="auto", max_iter=max_iter, **options), model)
    if first.converged:
        return first
    left = None if max_iter is None else max(0, integer("max_iter", max_iter, low=0) - first.n_iter)
    second = Search(index, k, method="best-first", max_iter=left, **options)
    second.reason = "the certificate of a beam left a gap"
    found = _driven(second, model)
    return found if found.converged else first


def _driven(run: Search, model: Model) -> DecodingResult:
    while not run.done:
        run.tell(model(*run.ask()))
    return run.result
