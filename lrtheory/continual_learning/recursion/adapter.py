r"""The best change of a rank: what an adapter of that rank can keep of all edits.

.. math:: J(W_0 + D_r) - J(W) = \sum_{i > r} \sigma_i(R D)^2, \qquad D_r = R^{-1} [R D]_r

with R^T R = M, D = W - W_0 and [.]_r the best approximation of rank r: no change of rank r has a smaller objective
(statement RL-19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lrtheory._array import beside, beside_jax, to_numpy
from lrtheory._result import Certificate, result
from lrtheory._result.low_rank import LowRankFactors
from lrtheory._types import Array
from lrtheory._validation import integer
from lrtheory.continual_learning.recursion.batch import Batch, possible
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot, triangular
from lrtheory.continual_learning.recursion.steps import RecursionState

if TYPE_CHECKING:
    from lrtheory.continual_learning.problem import EditProblem

__all__ = ["LowRankEditCertificate", "adapter_of"]

STATEMENT = "continual_learning/RL-19"


@result
class LowRankEditCertificate(Certificate):
    """The objective of all edits at an adapter, and that no change of its rank has a smaller one.

    Attributes
    ----------
    achieved : float
        The objective at the adapter.
    bound : float
        No change of this rank has a smaller objective.
    gap : float
        The rounding of the factors, where it is not 0.
    excess : float
        Price of the rank, a part of the bound: the objective of the map of full rank is bound - excess.
    B : array of shape (p, rank), or (d, rank) in the layout "rows"
        The left factor.
    A : array of shape (rank, d), or (rank, p) in the layout "rows"
        The right factor.
    ridge : float
        The weight of the distance from the first weights, lambda squared.
    anchor_weight : float
        The weight of the anchors, mu squared.
    unit : float
        The unit roundoff of the arithmetic.
    """

    achieved: float
    bound: float
    gap: float
    excess: float
    B: Array
    A: Array
    ridge: float
    anchor_weight: float
    unit: float

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        return [f"objective {self.achieved:.6g}, and no change of this rank has one below {self.bound:.6g}"]

    @beside_jax
    def verify(self, problem: EditProblem) -> bool:
        """Recompute the objective of the adapter, and the least one of its rank, from a batch solution.

        Parameters
        ----------
        problem : EditProblem
            The first weights, the anchors, and all edits that were there, in the layout of the adapter. Keys and values
            of weighted edits stand in it times the root of their weights.

        Returns
        -------
        bool
            Whether both are as stated, up to rounding.
        """
        if not possible(problem, self.ridge, self.anchor_weight, self.unit) or not self._is_sound():
            return False
        batch = Batch.of(problem, self.ridge, self.anchor_weight)
        B, A = (np.asarray(to_numpy(factor), np.float64) for factor in (self.B, self.A))
        if (B.shape[0], A.shape[1]) != np.shape(problem.W0) or B.shape[1] != A.shape[0]:
            return False
        n = len(batch.edits)
        W = batch.solution(n)
        values = np.linalg.svd(np.linalg.qr(batch.rows(n), mode="r") @ (W - batch.W0), compute_uv=False)
        excess = float(np.sum(values[len(A) :] ** 2))
        least = batch.cost(W) + excess
        reached = batch.cost(batch.W0 + (B @ A if problem.layout == "rows" else (B @ A).T))
        first = batch.cost(batch.W0)
        slack = batch.slack(self.unit, (n,), W, first, first)
        near = abs(self.excess - excess) <= slack and abs(self.bound - least) <= slack
        return bool(near and self.achieved >= self.bound and abs(reached - self.achieved) <= slack)


def adapter_of(
    held: RecursionState, rank: int, numbers: tuple[float, float, float], like: Array, layout: str
) -> LowRankFactors:
    """The best factors of a rank in the library of an array; B A is added to the map as the layout stores it.

    Parameters
    ----------
    held : RecursionState
        State of the recursion in floating point.
    rank : int
        Rank of the factors, in [1, min(d, p)].
    numbers : tuple of three floats
        `ridge`, `anchor_weight` and the unit roundoff.
    like : array
        Array whose library, device and precision the factors get.
    layout : {"rows", "torch"}
        Layout of the map.

    Returns
    -------
    LowRankFactors
        Factors, whose certificate is a `LowRankEditCertificate`.
    """
    D = np.asarray(to_numpy(held.W - held.prior.W0))
    rank = integer("rank", rank, low=1, high=min(D.shape))
    R = _root(held)
    left, values, right = np.linalg.svd(R @ D, full_matrices=False)
    even = np.sqrt(values[:rank])
    inputs, outputs = triangular(R, left[:, :rank] * even), even[:, None] * right[:rank]
    missed = R @ (inputs @ outputs - D)
    excess = float(np.sum(values[rank:] ** 2))
    gap, bound = max(0.0, float(np.sum(missed**2)) - excess), float(held.cost) + excess
    norm = float(np.linalg.norm(D))
    error = float(np.linalg.norm(inputs @ outputs - D)) / norm if norm > 0 else 0.0
    B, A = (inputs, outputs) if layout == "rows" else (outputs.T, inputs.T)
    A, B, shown = (beside(np.ascontiguousarray(x), like) for x in (A, B, np.linalg.svd(D, compute_uv=False)))
    proof = LowRankEditCertificate._of(bound + gap, bound, STATEMENT, excess, B, A, *numbers)
    return LowRankFactors(B, A, 1.0, shown, error, "least objective", "", proof)


def _root(held: RecursionState) -> np.ndarray:
    """A triangle R with R^T R = M, on the host."""
    form = held.form
    return (form if isinstance(form, SquareRoot) else SquareRoot.of_matrix(np.asarray(to_numpy(form.information())))).R
