"""Best-first search: the prefix of the largest score is expanded next, so items come out by their scores."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from lrtheory.constrained_decoding.decoding.asked import checked_rows

__all__ = ["BestFirst"]


class BestFirst:
    """A heap of prefixes by score, of which the first one is asked for.

    Scores do not rise along a path, so an item that comes off the heap is as good as anything that is left: the first
    k that do are the best ones. Ties go to the sequence that is first in lexicographic order.
    """

    def __init__(self, index: Any, k: int) -> None:
        self.index, self.k = index, k
        self._heap: list[tuple[float, tuple[int, ...], int]] = []
        self._found: list[tuple[int, float]] = []
        self.dropped = -np.inf
        self.expanded: list[tuple[int, ...]] = []
        self.n_expanded = self.n_gathers = self.n_calls = 0
        if index.n_items > 0:
            self._heap.append((0.0, (), int(index.root)))
        self._pop_items()

    @property
    def done(self) -> bool:
        """Whether all answers are there."""
        return len(self._found) == self.k or not self._heap

    def _pop_items(self) -> None:
        """Take items off the heap, up to the first prefix that goes on."""
        while self._heap and len(self._found) < self.k:
            loss, _, state = self._heap[0]
            if self.index.item(state) < 0:
                return
            self._found.append((state, -loss))
            heapq.heappop(self._heap)

    def ask(self) -> tuple[np.ndarray, np.ndarray]:
        """The one prefix that is expanded next, (1, t), and its state."""
        _, prefix, state = self._heap[0]
        return np.array([prefix], np.int64).reshape(1, len(prefix)), np.array([state], np.int64)

    def tell(self, answer: Any) -> None:
        """Take the row of that prefix, and put what may follow on the heap."""
        loss, prefix, state = self._heap[0]
        (row,) = checked_rows(answer, self.ask()[0], self.index.n_tokens)
        _, tokens, heads = self.index.allowed(state)
        heapq.heappop(self._heap)
        self.n_calls += 1
        self.n_expanded += 1
        self.n_gathers += len(tokens)
        self.expanded.append(prefix)
        for token, head, more in zip(tokens.tolist(), heads.tolist(), row[tokens].tolist(), strict=True):
            heapq.heappush(self._heap, (loss - more, (*prefix, token), head))
        self._pop_items()

    def answers(self) -> tuple[np.ndarray, np.ndarray]:
        """States and scores of the items so far, the best first."""
        states = np.array([state for state, _ in self._found], np.int64)
        return states, np.array([score for _, score in self._found], float)

    def frontier(self) -> float:
        """The largest score of a prefix that is left."""
        return -self._heap[0][0] if self._heap else -np.inf
