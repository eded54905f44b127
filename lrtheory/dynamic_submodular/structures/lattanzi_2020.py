r"""One guess of the dynamic algorithm of Lattanzi et al. (2020): levels with buffers that are rebuilt when full.

Level l of 0, ..., L has the capacity 2^(L - l). It keeps its pool A_l at the last build, its part S_l of the solution,
and a buffer B_l of what was inserted since then. A build takes elements from the shuffled pool, which is filtered by
the threshold after each of them, until fewer than the capacity are left; these are the pool of the next level.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from lrtheory.dynamic_submodular.structures import prefixes, states

__all__ = ["LattanziGuess", "grid_between"]

#: ratio of neighboring guesses
RATIO = 1.3


def grid_between(singles: np.ndarray, k: int) -> list[float]:
    """Return guesses of ratio `RATIO` from the least single value to k times the largest, as the authors' code does."""
    if len(singles) == 0:
        return []
    low, high = float(singles.min()), min(k * float(singles.max()), sys.float_info.max)
    return [low * RATIO**i for i in range(math.floor(math.log(high / low) / math.log(RATIO) + 1e-9) + 2)]


class LattanziGuess:
    """The levels of one guess, updated by one insertion or deletion at a time."""

    def __init__(self, objective: Any, k: int, guess: float, epsilon: float, n: int, rng: np.random.Generator) -> None:
        self.objective, self.k, self.guess, self.epsilon, self.rng = objective, k, guess, epsilon, rng
        self.threshold, self.queries = guess / (2 * k), 0
        self.last = math.ceil(math.log2(max(n, 1)))
        self.pools: list[set[int]] = [set() for _ in range(self.last + 1)]
        self.buffers: list[set[int]] = [set() for _ in range(self.last + 1)]
        self.parts: list[list[int]] = [[] for _ in range(self.last + 1)]
        self._remember()

    @property
    def solution(self) -> np.ndarray:
        """The solution: the parts S_l of all levels, in the order of the levels."""
        return np.array([v for part in self.parts for v in part], np.int64)

    def update(self, op: int) -> None:
        """Insert op, or delete ~op."""
        if op >= 0:
            for buffer in self.buffers:
                buffer.add(op)
            # the largest full buffer: its build takes in all smaller ones
            full = [level for level, buffer in enumerate(self.buffers) if len(buffer) >= 2 ** (self.last - level)]
            if full:
                self._build(full[0])
            return
        v = ~op
        for sets in (self.pools, self.buffers):
            for one in sets:
                one.discard(v)
        touched = [level for level, part in enumerate(self.parts) if v in part]
        if touched:
            self.parts[touched[0]].remove(v)
            self._remember()
            # a solution that lost little is kept; for guesses far above the optimum the test always holds
            if self.value < (1 - self.epsilon) * self.guess / 2:
                self._build(touched[0])

    def _build(self, first: int) -> None:
        pool = sorted(self.pools[first] | self.buffers[first])
        for level in range(first, self.last + 1):
            self.parts[level], self.buffers[level] = [], set()
        self._remember()
        for level in range(first, self.last + 1):
            self.pools[level] = set(pool)
            capacity = 2 ** (self.last - level)
            pool = [pool[i] for i in self.rng.permutation(len(pool))]
            while len(pool) >= capacity and len(self.sequence) < self.k:
                pool = [v for v in pool if self._gain(v) >= self.threshold]
                if len(pool) >= capacity:
                    v = pool.pop(0)
                    self.parts[level].append(v)
                    self._remember()

    def _gain(self, v: int) -> float:
        self.queries += 1
        if self.state is None:
            return self.objective.value([*self.sequence, v]) - self.value
        return float(prefixes.gain(self.objective._record, self.state, len(self.sequence), v, self.scratch))

    def _remember(self) -> None:
        """Keep the present solution, its value and the state of the objective after it."""
        self.sequence = self.solution.tolist()
        self.scratch = np.zeros(self.k + 2)
        self.state: states.State | None = None
        if hasattr(self.objective._record, "indptr"):
            self.state = self.objective._after(self.solution)
            self.value = float(self.state.marks[states.VALUE, len(self.sequence)])
        else:
            self.queries += len(self.sequence) > 0
            self.value = self.objective.value(self.sequence)
