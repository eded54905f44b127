"""An order of documents with the prefix that is certain, and the certificate that checks it by new calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lrtheory._array import read_only
from lrtheory._result import Certificate, Result, result
from lrtheory._validation import must
from lrtheory.reranking.strategies.answers import checked
from lrtheory.reranking.strategies.certain import certain_prefix, checking_calls

__all__ = ["Reranking", "RerankingCertificate", "worked"]


@result
class RerankingCertificate(Certificate):
    """Proof that the first documents are the best, in order, as a number of documents (statement RK-V1).

    Attributes
    ----------
    achieved : int
        Documents whose places follow from the answers, k at most.
    bound : int
        k, the documents that were wanted.
    order : int64 array of shape (n,)
        All documents, the best first.
    answers : int64 array of shape (documents asked,)
        Answers to the calls, one after the other, each with its best document first.
    lengths : int64 array of shape (calls,)
        Documents of each call.
    size : int
        Most documents of a call.
    best_alone : bool
        Whether of an answer the first document alone counts.
    """

    achieved: int
    bound: int
    gap: int
    order: np.ndarray
    answers: np.ndarray
    lengths: np.ndarray
    size: int
    best_alone: bool

    _statements = ("reranking/RK-V1",)

    def verify(self, problem: Callable[[np.ndarray], Any]) -> bool:
        """Count again what follows from the answers, and ask the judge about these documents in one round.

        Parameters
        ----------
        problem : callable
            The judge: it takes documents and returns them, the best first. It is asked ceil((n - 1) / (size - 1)) times
            about at most `size` documents; where it names the best one alone, up to achieved - 1 times more.

        Returns
        -------
        bool
            Whether the first `achieved` documents are certain by the kept answers, and the judge agrees.

        Raises
        ------
        TypeError
            If it is no function.
        ValueError
            If it returns other documents than it was asked about.
        """
        if not callable(problem):
            raise must("problem", "a function of documents", problem, TypeError)
        if not self._is_sound() or not self._is_whole_order() or self._counted() != self.achieved:
            return False
        for call, due in checking_calls(self.order, self.achieved, size=self.size, best_alone=self.best_alone):
            kind = "best" if self.best_alone else "sort"
            answer, _ = checked("problem", problem(call.copy()), call, kind=kind, repair=False)
            if not np.array_equal(answer[:due], call[:due]):
                return False
        return True

    def _is_whole_order(self) -> bool:
        """Whether the order has each document once, and the answers are about different documents of it."""
        n, arrays = len(self.order), (self.order, self.answers, self.lengths)
        if any(one.ndim != 1 or one.dtype.kind not in "iu" for one in arrays) or not isinstance(self.best_alone, bool):
            return False
        if not 0 <= self.bound <= n or (self.lengths < 2).any() or self.lengths.sum() != len(self.answers):
            return False
        if self.size < self.lengths.max(initial=2):
            return False
        cut = np.split(self.answers, np.cumsum(self.lengths)[:-1]) if len(self.lengths) else []
        known = bool(((self.answers >= 0) & (self.answers < n)).all())
        whole = np.array_equal(np.sort(self.order), np.arange(n))
        return whole and known and all(len(set(one.tolist())) == len(one) for one in cut)

    def _counted(self) -> int:
        cut = np.split(self.answers, np.cumsum(self.lengths)[:-1]) if len(self.lengths) else []
        return min(self.bound, max(0, certain_prefix(self.order, cut, best_alone=self.best_alone)))

    def _facts(self) -> list[str]:
        return [
            f"{self.achieved} of {self.bound} places follow from the answers of a consistent judge; "
            f"verify(judge) asks it again ({self.statement})"
        ]


@result
class Reranking(Result):
    """Documents in their new order, and how much of it is certain.

    Attributes
    ----------
    order : int64 array of shape (n,)
        All documents, the best first; what was not sorted stands behind in the order in which it was given.
    certified : int
        Length of the prefix that must be right if the judge is consistent: it follows from the answers, whatever the
        strategy is. 0 where answers contradict each other.
    calls : int
        Calls, each vote counted.
    rounds : int
        Rounds: calls of a round wait for none of each other.
    documents : int
        Documents of all calls together.
    scores : float64 array of shape (n,) or None
        Score of each document by its number: the judge's for "pointwise", the mean place for "groupwise" (0 is the
        best, 1 the last); None for other strategies.
    transcript : list of lists of int64 arrays
        Documents of each call as they were asked, by rounds; empty unless `record`.
    method : str
        The strategy.
    reason : str
        Reason for the strategy, if it was not named.
    message : str
        Sentence on what is certain.
    counts : mapping
        ``repaired`` answers, and calls that are ``undecided`` as no answer had more than half of the votes.
    certificate : RerankingCertificate or None
        Proof; None where the judge gave scores.
    """

    order: np.ndarray
    certified: int
    calls: int
    rounds: int
    documents: int
    scores: np.ndarray | None
    transcript: list[list[np.ndarray]]
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: RerankingCertificate | None

    def __post_init__(self) -> None:
        Result.__post_init__(self)
        object.__setattr__(self, "transcript", [[read_only(call) for call in one] for one in self.transcript])

    def _columns(self) -> dict[str, Any]:
        places = np.arange(1, len(self.order) + 1)
        columns = {"rank": places, "document": self.order, "certain": places <= self.certified}
        return columns if self.scores is None else columns | {"score": self.scores[self.order]}

    def _facts(self) -> list[str]:
        return [self.message]

    def _draw(self, ax: Any) -> None:
        from lrtheory._result.display import bars

        heights = np.arange(len(self.order), 0, -1) if self.scores is None else self.scores[self.order]
        label = "documents not before it" if self.scores is None else "score"
        bars(ax, [str(one) for one in self.order.tolist()], heights, label=label)


def worked(calls: int, rounds: int) -> str:
    """The calls and rounds in words."""
    return f"{calls} call{'' if calls == 1 else 's'} in {rounds} round{'' if rounds == 1 else 's'}"
