"""A judge with a hidden order, what was asked of it, and what follows from the answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, OutcomeError
from lrtheory.reranking import rerank


@dataclass(frozen=True)
class Hidden:
    """The place of each document in the hidden order, 0 for the best, and the number w of documents of a call."""

    places: tuple[int, ...]
    w: int

    @property
    def n(self) -> int:
        """The number of documents, which stand in the order 0, ..., n - 1 before anything is asked."""
        return len(self.places)

    @property
    def best(self) -> list[int]:
        """The documents from the best to the worst."""
        return sorted(range(self.n), key=self.places.__getitem__)

    def answer(self, documents: Sequence[int]) -> list[int]:
        """Sort the documents of a call, the best first."""
        return sorted(documents, key=self.places.__getitem__)

    def judge(self, documents: np.ndarray) -> np.ndarray:
        """Answer as the library wants it."""
        return np.array(self.answer(documents.tolist()))


@dataclass(frozen=True)
class Asked:
    """An order of documents, the documents of each call (filled up with -1), and the round in which it was asked."""

    order: np.ndarray
    asked: np.ndarray
    rounds: np.ndarray


def transcript(case: Hidden, order: Sequence[int], rounds: Sequence[Sequence[Sequence[int]]]) -> Asked:
    """Make an outcome of the calls of each round."""
    calls = [(number, call) for number, one in enumerate(rounds) for call in one]
    asked = np.full((len(calls), case.w), -1)
    for row, (_, call) in zip(asked, calls, strict=True):
        row[: len(call)] = call
    return Asked(np.array(order, np.int64), asked, np.array([number for number, _ in calls], np.int64))


def reranked(case: Hidden, k: int, *, withheld: int = 0, **options: Any) -> Asked:
    """Call the library with the judge, and return order and transcript; the last rounds may be withheld."""
    found = rerank(case.judge, case.n, k, size=case.w, record=True, **options)
    return transcript(case, found.order.tolist(), found.transcript[: len(found.transcript) - withheld])


def calls_of(case: Hidden, found: Asked) -> list[list[int]]:
    """Return the documents of each call; refuse what is no transcript of calls of at most w documents."""
    asked = np.asarray(found.asked)
    if asked.ndim != 2 or asked.shape[1] != case.w:
        raise OutcomeError(f"calls must be rows of {case.w} documents")
    calls = [[document for document in row if document != -1] for row in asked.tolist()]
    if not all(0 <= document < case.n for call in calls for document in call):
        raise OutcomeError("a call must be about documents that exist")
    if any(len(set(call)) < len(call) or len(call) < 2 for call in calls):
        raise OutcomeError("a call must be about two or more documents, each of them once")
    return calls


def rounds_of(found: Asked) -> int:
    """Return the number of rounds; refuse what does not count them from 0, one after the other."""
    rounds = np.asarray(found.rounds)
    if rounds.shape != (len(found.asked),) or (
        len(rounds) and (rounds[0] != 0 or not np.isin(np.diff(rounds), (0, 1)).all())
    ):
        raise OutcomeError("rounds must be counted from 0, one after the other, one a call")
    return int(rounds.max(initial=-1)) + 1


def known(case: Hidden, calls: Sequence[Sequence[int]], *, best_alone: bool = False) -> np.ndarray:
    """Return what follows from the answers: entry (a, b) where a must be better than b; (n, n) bool.

    With `best_alone` an answer names the best document of a call, and says nothing of the others.
    """
    better = np.zeros((case.n, case.n), bool)
    for call in calls:
        answer = case.answer(call)
        for place, document in enumerate(answer[:1] if best_alone else answer):
            better[document, answer[place + 1 :]] = True
    for middle in range(case.n):
        better |= better[:, [middle]] & better[[middle]]
    return better


def missing(case: Hidden, order: np.ndarray, g: int, better: np.ndarray) -> int:
    """Count what is open about the first g places: documents that need not stand behind one of these, or come twice."""
    given = np.asarray(order).tolist()
    if not all(0 <= document < case.n for document in given):
        raise OutcomeError("an order must be of documents that exist")
    open_, before = 0, set()
    for document in given[:g]:
        open_ += document in before
        before.add(document)
        behind = [other for other in range(case.n) if other not in before]
        open_ += int((~better[document, behind]).sum())
    return open_ + max(0, g - len(given))


def is_right(case: Hidden, order: np.ndarray) -> int:
    """Return how many of the first places hold the right document, up to the first wrong one."""
    wrong = [place for place, (a, b) in enumerate(zip(np.asarray(order).tolist(), case.best, strict=False)) if a != b]
    return wrong[0] if wrong else case.n


def lost(case: Hidden, order: np.ndarray) -> int:
    """Count the documents that an order has lost."""
    return case.n - len(set(np.asarray(order).tolist()) & set(range(case.n)))


def draw_places(draws: Draws, n: int) -> tuple[int, ...]:
    """Draw a hidden order of n documents."""
    return tuple(draws.permutation(n).tolist())


def is_order(case: Hidden) -> bool:
    """Decide whether every place of the hidden order is taken once, and a call is about two documents or more."""
    return sorted(case.places) == list(range(case.n)) and case.n >= 1 and case.w >= 2
