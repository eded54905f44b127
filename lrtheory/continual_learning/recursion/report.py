"""Reports of edits and the certificates that come with them, which a batch solution checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lrtheory._result import Certificate, Result, result
from lrtheory.continual_learning.recursion.batch import Batch, possible

if TYPE_CHECKING:
    from lrtheory.continual_learning.problem import EditProblem
    from lrtheory.continual_learning.recursion.steps import Step

__all__ = ["DriftCertificate", "EditCertificate", "EditReport", "EditReports", "report_of"]


@result
class EditCertificate(Certificate):
    """The quarter law for one edit: all that was there before pays at most a quarter of the squared surprise.

    Attributes
    ----------
    achieved : float
        Cost of the moved outputs of earlier edits, of the anchors and of the weights: the rise of their part of the
        objective.
    bound : float
        A quarter of the squared surprise, weights of edits included.
    name : int or str
        The edit.
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
    name: int | str
    ridge: float
    anchor_weight: float
    unit: float

    _statements = ("continual_learning/RL-9",)

    def _facts(self) -> list[str]:
        return [f"others pay {self.achieved:.6g}, and never more than {self.bound:.6g} ({self.statement})"]

    def verify(self, problem: EditProblem) -> bool:
        """Recompute both sides by two batch solutions.

        Parameters
        ----------
        problem : EditProblem
            The first weights, the anchors, the edits that were there, and after them this edit under its name; what
            follows is not looked at. Keys and values of weighted edits stand in it times the root of their weights.

        Returns
        -------
        bool
            Whether both numbers are those of the batch solutions, up to rounding, and the law holds.
        """
        if not possible(problem, self.ridge, self.anchor_weight, self.unit) or not self._is_sound():
            return False
        batch = Batch.of(problem, self.ridge, self.anchor_weight)
        place = batch.place(self.name)
        if place is None:
            return False
        K, V = batch.edits[place]
        before, after = batch.solution(place), batch.solution(place + 1)
        surprise = float(np.sum((V - K @ before) ** 2))
        paid = batch.moved(after - before, place)
        known = (self.unit, (place, place + 1), before, surprise)
        slack = batch.slack(*known, surprise)
        # what is paid is an inner product of what is left of the surprise and what is not
        product = 8 * (len(K) + 1) * max(self.unit, 2.0**-53) * surprise
        near = abs(self.bound - surprise / 4) <= slack
        near = near and abs(self.achieved - paid) <= batch.slack(*known, paid) + product
        return bool(near and 0 <= self.achieved <= self.bound + slack)


@result
class DriftCertificate(Certificate):
    """The quarter law for all edits at once: the map is as near to where it began as their surprise says.

    Attributes
    ----------
    achieved : float
        ridge times the squared drift of the weights, and anchor_weight times that of the outputs of the anchors.
    bound : float
        A quarter of the squared surprise of all edits at the first weights.
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
    ridge: float
    anchor_weight: float
    unit: float

    _statements = ("continual_learning/RL-4",)

    @property
    def drift_bound(self) -> float:
        """The weights are not further than this from the first ones, in the Frobenius norm."""
        return math.sqrt(self.bound / self.ridge) if self.ridge > 0 else math.inf

    @property
    def anchor_bound(self) -> float:
        """The outputs of the anchors are not further than this from the first ones, in the Frobenius norm."""
        return math.sqrt(self.bound / self.anchor_weight) if self.anchor_weight > 0 else math.inf

    def _facts(self) -> list[str]:
        return [f"deviation {self.achieved:.6g}, and never more than {self.bound:.6g} ({self.statement})"]

    def verify(self, problem: EditProblem) -> bool:
        """Recompute both sides by a batch solution.

        Parameters
        ----------
        problem : EditProblem
            The first weights, the anchors, and all edits that are there. Keys and values of weighted edits stand in it
            times the root of their weights.

        Returns
        -------
        bool
            Whether both numbers are those of the batch solution, up to rounding, and the law holds.
        """
        if not possible(problem, self.ridge, self.anchor_weight, self.unit) or not self._is_sound():
            return False
        batch = Batch.of(problem, self.ridge, self.anchor_weight)
        n = len(batch.edits)
        surprise = sum(float(np.sum((V - K @ batch.W0) ** 2)) for K, V in batch.edits)
        deviation = batch.moved(batch.solution(n) - batch.W0, 0)
        known = (self.unit, (n,), batch.W0, surprise)
        slack = batch.slack(*known, surprise)
        near = abs(self.bound - surprise / 4) <= slack
        near = near and abs(self.achieved - deviation) <= batch.slack(*known, deviation)
        return bool(near and 0 <= self.achieved <= self.bound + slack)


@result
class EditReport(Result):
    """The step of the map at an edit, and its price.

    Attributes
    ----------
    weights_change : float
        The Frobenius norm of the step of the weights.
    surprise : float
        Frobenius distance of the values from the outputs of the map before the edit; of an edit of weight w this and
        the next two are those of rows times the root of w.
    residual_norm : float
        Frobenius distance of the values from the outputs right after the edit; not 0, since the map also keeps to what
        it knew.
    interference : float
        The rise of the cost of everything that was there before: the ledger of what others paid (statement RL-3).
    name : int or str
        The name of the edit.
    method : str
        The form that computed it.
    counts : mapping of str to int
        ``keys``, and ``flops``, about how many products of numbers.
    certificate : EditCertificate or None
        The quarter law; None with a decay below 1.
    """

    weights_change: float
    surprise: float
    residual_norm: float
    interference: float
    name: int | str
    method: str
    counts: Mapping[str, int]
    certificate: EditCertificate | None

    def _facts(self) -> list[str]:
        return [] if self.certificate is None else self.certificate._facts()


@result
class EditReports(Result):
    """The steps of the map at edits of one key each, and their prices.

    Attributes
    ----------
    weights_change, surprise, residual_norm, interference : array of shape (n,)
        Entries of `EditReport` of these names, for each edit.
    names : tuple of int or str
        The names of the edits.
    method : str
        The form that computed them.
    counts : mapping of str to int
        ``keys``, and ``flops``, about how many products of numbers.
    """

    weights_change: np.ndarray
    surprise: np.ndarray
    residual_norm: np.ndarray
    interference: np.ndarray
    names: tuple[int | str, ...]
    method: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        names = ("surprise", "residual_norm", "interference", "weights_change")
        return {"name": list(self.names)} | {name: getattr(self, name) for name in names}


def report_of(
    step: Step,
    name: int | str,
    method: str,
    counts: Mapping[str, int],
    numbers: tuple[float, float, float] | None,
) -> EditReport:
    """The report of a step; `numbers` are those of its certificate, None where there is none."""
    paid, bound = float(step.interference), float(step.surprise) / 4
    certificate = None
    if numbers is not None:
        certificate = EditCertificate._of(paid, bound, EditCertificate._statements[0], name, *numbers)
    surprise, residual = math.sqrt(step.surprise), math.sqrt(step.residual)
    return EditReport(step.change, surprise, residual, paid, name, method, counts, certificate)
