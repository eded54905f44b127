"""The batch solution of an edit problem in doubles, from which certificates are verified."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must
from lrtheory.continual_learning.problem import EditProblem

__all__ = ["Batch", "possible"]

#: the unit roundoff of Fractions, doubles and single precision
UNITS = (0.0, 2.0**-53, 2.0**-24)


class Batch(NamedTuple):
    """An edit problem in the rows layout: the rows of the prior, and the edits."""

    W0: np.ndarray
    prior: np.ndarray
    edits: tuple[tuple[np.ndarray, np.ndarray], ...]
    names: tuple[Any, ...]

    @classmethod
    def of(cls, problem: EditProblem, ridge: float, anchor_weight: float) -> Batch:
        """The problem with the two weights of the prior."""
        W0 = _double(problem.W0)
        W0 = W0.T if problem.layout == "torch" else W0
        prior = math.sqrt(ridge) * np.eye(len(W0))
        if problem.anchors is not None:
            prior = np.concatenate([prior, math.sqrt(anchor_weight) * _double(problem.anchors)])
        edits = tuple((_double(K), _double(V)) for K, V in problem.edits)
        names = range(len(edits)) if problem.names is None else problem.names
        return cls(W0, prior, edits, tuple(names))

    def place(self, name: Any) -> int | None:
        """The place of an edit among the others."""
        return self.names.index(name) if name in self.names else None

    def rows(self, n: int) -> np.ndarray:
        """The rows of the prior and the keys of the first n edits."""
        return np.concatenate([self.prior, *(K for K, _ in self.edits[:n])])

    def solution(self, n: int) -> np.ndarray:
        """The weights after n edits, by one least squares problem for their change."""
        aims = [np.zeros((len(self.prior), self.W0.shape[1])), *(V - K @ self.W0 for K, V in self.edits[:n])]
        return np.asarray(self.W0 + np.linalg.lstsq(self.rows(n), np.concatenate(aims), rcond=None)[0])

    def moved(self, D: np.ndarray, n: int) -> float:
        """The price of a change D that the first n edits and the prior pay."""
        return float(np.sum((self.rows(n) @ D) ** 2))

    def cost(self, W: np.ndarray) -> float:
        """The objective of all edits at W."""
        missed = sum(float(np.sum((V - K @ W) ** 2)) for K, V in self.edits)
        return missed + float(np.sum((self.prior @ (W - self.W0)) ** 2))

    def slack(self, unit: float, ends: tuple[int, ...], W: np.ndarray, whole: float, square: float) -> float:
        """A bound on the error of a squared norm of size `square`, computed with this unit roundoff.

        Outputs of the map W and of its step, of squared size `whole`, have the relative error r = 8 sqrt(n) u cond^2 of
        normal equations, for n rows, the roundoff u and the worst condition of the rows of the prior and of the first
        edits up to each of the `ends`. It is clipped to [2^-40, 2^-10]: edits that were taken out have cost a few bits,
        and numbers with fewer than ten good bits do not pass however bad the condition is. These are bits of
        the outputs of the keys, however large those of the prior are.
        """
        squares = [np.linalg.svd(self.rows(n), compute_uv=False)[[0, -1]] ** 2 for n in {0, *ends}]
        loss = max(float(most) / max(float(least), 1e-300) for most, least in squares)
        rows = self.rows(max(ends))
        keys = rows[len(self.prior) :]
        r = min(max(8 * math.sqrt(max(rows.shape)) * max(unit, 2.0**-53) * loss, 2.0**-40), 2.0**-10)
        outputs, known = math.sqrt(whole) + np.linalg.norm(rows @ W), math.sqrt(whole) + np.linalg.norm(keys @ W)
        error = float(min(r * outputs, 2.0**-10 * known))
        return 2 * math.sqrt(square) * error + error**2


def possible(problem: EditProblem, ridge: float, anchor_weight: float, unit: float) -> bool:
    """Whether a recursion of this problem may have had these numbers; without anchors their weight is 1."""
    if not isinstance(problem, EditProblem):
        raise must("problem", "an EditProblem", problem, TypeError)
    weighed = 0 <= ridge < math.inf and 0 <= anchor_weight < math.inf
    return weighed and unit in UNITS and (problem.anchors is not None or anchor_weight == 1)


def _double(array: Any) -> np.ndarray:
    return np.asarray(to_numpy(array)).astype(np.float64)
