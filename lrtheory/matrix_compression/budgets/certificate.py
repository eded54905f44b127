"""The bound that no ranks within a budget exceed, beside what some ranks keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory.matrix_compression.budgets.spectra import Spectra, exact_cost, read_spectra
from lrtheory.matrix_compression.theory.budgets import dual_bound

__all__ = ["RankCertificate", "certificate_of"]

STATEMENT = "matrix_compression/AB-5"


@result
class RankCertificate(Result):
    """Bound on the energy that any ranks within a budget keep, beside the energy that these ranks keep.

    Attributes
    ----------
    gap : float
        bound - kept, at least 0: no ranks within the budget keep more energy than these by more than this.
    bound : float
        The dual value at `price`: no ranks within the budget keep more.
    kept : float
        The sum of the squares of the singular values that these ranks keep.
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
    statement : str
        The statement behind the bound.
    """

    gap: float
    bound: float
    kept: float
    ranks: np.ndarray
    budget: float
    used: float
    price: float
    cost: np.ndarray
    statement: str

    def _facts(self) -> list[str]:
        return [
            f"no ranks within the budget keep more than {self.bound:.6g} ({self.statement}); these keep {self.kept:.6g}"
        ]

    def verify(
        self,
        spectra: Sequence[ArrayLike] | Mapping[str, ArrayLike],
        *,
        cost: ArrayLike | Mapping[str, float] | None = None,
    ) -> bool:
        """Recompute cost, energy and bound from the spectra alone.

        Parameters
        ----------
        spectra : sequence or mapping of arrays of shape (q,)
            The singular values of each matrix.
        cost : sequence or mapping of numbers, or None
            Cost of a rank of each matrix; None is the cost for which the certificate was made.

        Returns
        -------
        bool
            Whether the ranks fit the budget, and the energies come out as stated, up to rounding.
        """
        given = read_spectra(spectra, cost)
        ranks, own = np.asarray(self.ranks), np.asarray(self.cost)
        if ranks.shape != given.lengths.shape or ranks.dtype.kind not in "iu" or (ranks < 0).any():
            return False
        if own.shape != ranks.shape or own.dtype.kind != "f" or not ((own > 0) & np.isfinite(own)).all():
            return False
        given = given._replace(costs=own) if cost is None else given
        if not (0 <= self.price < math.inf and 0 <= self.budget < math.inf):
            return False
        try:
            with np.errstate(over="ignore"):
                again = certificate_of(given, ranks, self.budget, math.ldexp(self.price, -2 * given.unit))
            slack = 1e-12 * given.energy(given.total)
        except OverflowError:  # a price or a bound that is not that of spectra of this size
            return False
        same = all(abs(getattr(self, n) - getattr(again, n)) <= slack for n in ("kept", "bound", "gap"))
        same = same and math.isclose(self.used, again.used, rel_tol=1e-12)
        fits = exact_cost(ranks, given.costs) <= Fraction(float(self.budget))
        return bool(same and fits and self.statement == STATEMENT and self.gap >= 0)


def certificate_of(given: Spectra, ranks: np.ndarray, budget: float, price: float) -> RankCertificate:
    """The bound at a price, and what the ranks keep and cost; energies and price in the unit of the spectra."""
    kept = given.kept(ranks)
    bound = max(float(dual_bound([given.values], budget, costs=[given.costs[given.owner]], price=price)), kept)
    return RankCertificate(
        gap=given.energy(bound - kept),
        bound=given.energy(bound),
        kept=given.energy(kept),
        ranks=np.asarray(ranks, np.int64),
        budget=budget,
        used=float(exact_cost(ranks, given.costs)),
        price=given.energy(price),
        cost=given.costs,
        statement=STATEMENT,
    )
