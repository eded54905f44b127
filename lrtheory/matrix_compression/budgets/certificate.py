"""Bounds that no ranks within a budget exceed, beside what some ranks keep or lose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from lrtheory._result import Certificate, result
from lrtheory._types import ArrayLike
from lrtheory.matrix_compression.budgets.spectra import Order, Spectra, exact_cost, read_spectra
from lrtheory.matrix_compression.theory.brackets import dual_bound

__all__ = ["RankCertificate", "WorstErrorCertificate", "certificate_of", "worst_certificate_of"]

STATEMENT = "matrix_compression/AB-5"
WORST = "matrix_compression/AB-6"


@result
class RankCertificate(Certificate):
    """Bound on the energy that any ranks within a budget keep, beside the energy that these ranks keep.

    Attributes
    ----------
    achieved : float
        The sum of the squares of the singular values that these ranks keep.
    bound : float
        The dual value at `price`: no ranks within the budget keep more.
    ranks : int64 array of shape (n,)
        The ranks.
    budget : float
        The budget.
    used : float
        Cost of the ranks.
    price : float
        lambda, the energy that a unit of the budget is worth in the bound.
    cost : float64 array of shape (n,)
        Cost of a rank of each matrix.
    """

    achieved: float
    bound: float
    gap: float
    ranks: np.ndarray
    budget: float
    used: float
    price: float
    cost: np.ndarray

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        most = f"no ranks within the budget keep more than {self.bound:.6g} ({self.statement})"
        return [f"{most}; these keep {self.achieved:.6g}"]

    def verify(self, problem: Sequence[ArrayLike] | Mapping[str, ArrayLike]) -> bool:
        """Recompute cost, energy and bound from the spectra alone.

        Parameters
        ----------
        problem : sequence or mapping of arrays of shape (q,)
            The singular values of each matrix.

        Returns
        -------
        bool
            Whether the ranks fit the budget, and the energies come out as stated, up to rounding.
        """
        given = _paid(self, read_spectra(problem))
        if given is None or not (self._is_sound() and 0 <= self.price < math.inf):
            return False
        ranks = np.asarray(self.ranks)
        try:
            with np.errstate(over="ignore"):
                again = certificate_of(given, ranks, self.budget, math.ldexp(self.price, -2 * given.unit))
            slack = 1e-12 * given.energy(given.total)
        except OverflowError:  # a price or a bound that is not that of spectra of this size
            return False
        same = all(abs(getattr(self, n) - getattr(again, n)) <= slack for n in ("achieved", "bound"))
        same = same and math.isclose(self.used, again.used, rel_tol=1e-12)
        return bool(same and self.achieved <= self.bound)


@result
class WorstErrorCertificate(Certificate):
    """Bound on the largest error of a matrix that any ranks within a budget leave, beside the one that these leave.

    Attributes
    ----------
    achieved : float
        The largest relative error of a matrix at these ranks, in the Frobenius norm and relative to its own.
    bound : float
        Any ranks within the budget leave at least this relative error to some matrix.
    ranks : int64 array of shape (n,)
        The ranks.
    budget : float
        The budget.
    used : float
        Cost of the ranks.
    cost : float64 array of shape (n,)
        Cost of a rank of each matrix.
    """

    achieved: float
    bound: float
    gap: float
    ranks: np.ndarray
    budget: float
    used: float
    cost: np.ndarray

    _statements = (WORST,)

    def _facts(self) -> list[str]:
        least = f"any ranks within the budget leave {self.bound:.2%} of its norm to some matrix ({self.statement})"
        return [f"{least}; these leave at most {self.achieved:.2%}"]

    def verify(self, problem: Sequence[ArrayLike] | Mapping[str, ArrayLike]) -> bool:
        """Recompute cost, error and bound from the spectra alone.

        Parameters
        ----------
        problem : sequence or mapping of arrays of shape (q,)
            The singular values of each matrix.

        Returns
        -------
        bool
            Whether the ranks fit the budget, and the errors come out as stated, up to rounding.
        """
        given = _paid(self, read_spectra(problem))
        if given is None or not self._is_sound():
            return False
        again = worst_certificate_of(given, np.asarray(self.ranks), self.budget)
        same = (math.isclose(getattr(self, n), getattr(again, n), rel_tol=1e-12) for n in ("achieved", "bound", "used"))
        return bool(all(same) and self.achieved >= self.bound)


def _paid(proof: RankCertificate | WorstErrorCertificate, given: Spectra) -> Spectra | None:
    """The spectra with the costs of a certificate; None where its ranks are none, or cost more than its budget."""
    ranks, own = np.asarray(proof.ranks), np.asarray(proof.cost)
    if ranks.shape != given.lengths.shape or ranks.dtype.kind not in "iu" or (ranks < 0).any():
        return None
    if own.shape != ranks.shape or own.dtype.kind != "f" or not ((own > 0) & np.isfinite(own)).all():
        return None
    fits = 0 <= proof.budget < math.inf and exact_cost(ranks, own) <= Fraction(float(proof.budget))
    return given._replace(costs=own) if fits else None


def certificate_of(given: Spectra, ranks: np.ndarray, budget: float, price: float) -> RankCertificate:
    """The bound at a price, and what the ranks keep and cost; energies and price in the unit of the spectra."""
    kept = given.kept(ranks)
    bound = max(float(dual_bound([given.values], budget, costs=[given.costs[given.owner]], price=price)), kept)
    return RankCertificate._of(
        given.energy(kept),
        given.energy(bound),
        STATEMENT,
        ranks=np.asarray(ranks, np.int64),
        budget=budget,
        used=float(exact_cost(ranks, given.costs)),
        price=given.energy(price),
        cost=given.costs,
    )


def worst_certificate_of(given: Spectra, ranks: np.ndarray, budget: float) -> WorstErrorCertificate:
    """The largest error at these ranks, and the least one that ranks within the budget leave."""
    order = Order.by_error(given)
    return WorstErrorCertificate._of(
        math.sqrt(given.left(ranks).max()),
        math.sqrt(order.price(order.fitting(budget))),
        WORST,
        ranks=np.asarray(ranks, np.int64),
        budget=budget,
        used=float(exact_cost(ranks, given.costs)),
        cost=given.costs,
    )
