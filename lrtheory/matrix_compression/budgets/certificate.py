"""The bound that no ranks within a budget exceed, beside what some ranks keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from lrtheory._result import Certificate, result
from lrtheory._types import ArrayLike
from lrtheory.matrix_compression.budgets.spectra import Spectra, exact_cost, read_spectra
from lrtheory.matrix_compression.theory.brackets import dual_bound

__all__ = ["RankCertificate", "certificate_of"]

STATEMENT = "matrix_compression/AB-5"


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
        given = read_spectra(problem)
        ranks, own = np.asarray(self.ranks), np.asarray(self.cost)
        if ranks.shape != given.lengths.shape or ranks.dtype.kind not in "iu" or (ranks < 0).any():
            return False
        if own.shape != ranks.shape or own.dtype.kind != "f" or not ((own > 0) & np.isfinite(own)).all():
            return False
        given = given._replace(costs=own)
        if not (self._is_sound() and 0 <= self.price < math.inf and 0 <= self.budget < math.inf):
            return False
        try:
            with np.errstate(over="ignore"):
                again = certificate_of(given, ranks, self.budget, math.ldexp(self.price, -2 * given.unit))
            slack = 1e-12 * given.energy(given.total)
        except OverflowError:  # a price or a bound that is not that of spectra of this size
            return False
        same = all(abs(getattr(self, n) - getattr(again, n)) <= slack for n in ("achieved", "bound"))
        same = same and math.isclose(self.used, again.used, rel_tol=1e-12)
        fits = exact_cost(ranks, given.costs) <= Fraction(float(self.budget))
        return bool(same and fits and self.achieved <= self.bound)


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
