"""Beam search level by level: the best prefixes by score, and the best one that was ever dropped."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.constrained_decoding.decoding.asked import checked_rows

__all__ = ["Beam"]


class Beam:
    """A beam that asks for rows of log probabilities and is told them.

    The prefixes of the beam stand in lexicographic order, so candidates do too, and a stable sort by score breaks ties
    lexicographically. An item that ends stays in the beam, where it competes with longer prefixes: nothing that was a
    candidate leaves the beam without being counted as dropped, which the certificate needs.
    """

    def __init__(self, index: Any, k: int, width: int) -> None:
        self.index, self.k, self.width = index, k, width
        n = int(index.n_items > 0)  # without items not even the empty prefix can go on
        self.states = np.full(n, index.root, np.int64)
        self.prefixes = np.zeros((n, 0), np.int64)
        self.scores = np.zeros(n)
        #: whether an item ends in each state of the beam
        self.ended = np.asarray(index.item(self.states)) >= 0
        self.dropped = -np.inf
        self.expanded: list[tuple[int, ...]] = []
        self.n_expanded = self.n_gathers = self.n_calls = 0
        self.done = bool(self.ended.all())

    def ask(self) -> tuple[np.ndarray, np.ndarray]:
        """The prefixes that go on, (n, t), and their states."""
        return self.prefixes[~self.ended], self.states[~self.ended]

    def tell(self, answer: Any) -> None:
        """Take the rows of the prefixes that were asked for, and keep the best candidates."""
        live = np.flatnonzero(~self.ended)
        prefixes, states = self.prefixes[live], self.states[live]
        rows = checked_rows(answer, prefixes, self.index.n_tokens)
        indptr, tokens, heads = self.index.allowed(states)
        self._count(prefixes, len(tokens))
        parent = np.repeat(np.arange(len(live)), np.diff(indptr))
        # candidates, those that ended among them, in lexicographic order: by the place of their parent, then by token
        places = np.concatenate([live[parent], np.flatnonzero(self.ended)])
        order = np.argsort(places, kind="stable")
        old = np.full(len(places) - len(tokens), -1, np.int64)
        step = np.concatenate([tokens, old])[order]
        scores = np.concatenate([self.scores[live][parent] + rows[parent, tokens], self.scores[self.ended]])[order]
        states = np.concatenate([heads, self.states[self.ended]])[order]
        best = np.argsort(-scores, kind="stable")
        kept = np.sort(best[: self.width])
        if len(best) > self.width:
            self.dropped = max(self.dropped, float(scores[best[self.width]]))
        self.prefixes = np.column_stack([self.prefixes[places[order]][kept], step[kept]])
        self.states, self.scores = states[kept], scores[kept]
        self.ended = np.asarray(self.index.item(self.states)) >= 0
        self.done = bool(self.ended.all())

    def _count(self, prefixes: np.ndarray, n_candidates: int) -> None:
        self.n_calls += 1
        self.n_expanded += len(prefixes)
        self.n_gathers += n_candidates
        self.expanded += map(tuple, prefixes.tolist())

    def answers(self) -> tuple[np.ndarray, np.ndarray]:
        """States and scores of the best items of the beam, the best first."""
        ended = np.flatnonzero(self.ended)
        best = ended[np.argsort(-self.scores[ended], kind="stable")][: self.k]
        return self.states[best], self.scores[best]

    def frontier(self) -> float:
        """The largest score that an item which is no answer can have, as far as prefixes that are left say."""
        left = self.scores[~self.ended]
        return max(self.dropped, float(left.max(initial=-np.inf)))
