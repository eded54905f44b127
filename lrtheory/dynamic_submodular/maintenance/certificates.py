r"""Certificates of a chosen set: a bound of the optimum, proved from any other set, that everybody can recompute.

.. math:: \mathrm{OPT} \le f(A) + \max_{|O| \le k} \sum_{v \in O} f(v \mid A) \quad\text{for every set } A .
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._result import Certificate, result
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.dynamic_submodular.matroid import PartitionMatroid, constraint
from lrtheory.dynamic_submodular.objectives import Objective
from lrtheory.dynamic_submodular.objectives.base import Chosen, elements, subset
from lrtheory.dynamic_submodular.problem import Problem, UpdateStream, names_of, parts
from lrtheory.dynamic_submodular.theory.upper_bounds import marginal_bound

__all__ = ["SubmodularCertificate", "certify_selection"]

STATEMENT = "dynamic_submodular/DS-P8"
#: relative difference that sums in another order may make
CLOSE = 1e-9


@result
class SubmodularCertificate(Certificate):
    """A proof of how far a chosen set is from the best one (statement DS-P8).

    Attributes
    ----------
    achieved : float
        f(items).
    bound : float
        An upper bound of the value of every admissible set of candidates, if f is monotone submodular.
    items : int64 array of shape (n_chosen,)
        The chosen elements.
    k : int or PartitionMatroid
        Largest number of chosen elements, or the groups and their limits.
    candidates : int64 array of shape (n_candidates,), or None
        Elements that could have been chosen; None stands for all, of a stream for those present at its end.
    witness : int64 array of shape (n_witness,)
        The set A whose value and marginals prove the bound; it may hold any elements, not only candidates, and more
        than k of them.
    names : tuple or None
        Names of the chosen elements.
    """

    achieved: float
    bound: float
    gap: float
    items: np.ndarray
    k: int | PartitionMatroid
    candidates: np.ndarray | None
    witness: np.ndarray
    names: tuple[Any, ...] | None = None

    _statements = (STATEMENT,)

    def _columns(self) -> dict[str, Any]:
        return {"element": self.items if self.names is None else self.names}

    def _facts(self) -> list[str]:
        rule = f"if the function is monotone submodular ({self.statement.rpartition('/')[2]})"
        return [
            f"these are worth {self.achieved:,.6g}; no admissible set is worth more than {self.bound:,.6g}, "
            f"so they have at least {self.ratio:.1%} of the best, {rule}"
        ]

    @property
    def ratio(self) -> float:
        """The ratio achieved / bound, at most the true ratio to the optimum; 1 where both are 0."""
        return self.achieved / self.bound if self.bound > 0 else 1.0

    def verify(self, problem: Objective | UpdateStream) -> bool:
        """Recompute every number from the function, the items and the witness.

        Parameters
        ----------
        problem : Objective or UpdateStream
            The problem, as for `certify_selection`.

        Returns
        -------
        bool
            Whether the items are distinct candidates and admissible, and all numbers come out as stated, up to the
            rounding of sums as large as the bound.

        Raises
        ------
        TypeError
            If `problem` is not an objective or a stream.
        """
        objective, _ = parts(problem, self.k, "problem")
        problem = problem if isinstance(problem, UpdateStream) else objective
        if not (self._is_sound() and self._has_elements(objective)):
            return False
        try:
            own = certify_selection(problem, self.items, self.k, candidates=self.candidates, witness=self.witness)
        except KeyError:  # an item that was no candidate
            return False
        if self.names != own.names:
            return False
        allowed = CLOSE * own.bound
        pairs = ((self.achieved, own.achieved), (self.bound, own.bound))
        return all(abs(stated - found) <= allowed for stated, found in pairs) and _is_admissible(self.items, own.k)

    def _has_elements(self, objective: Objective) -> bool:
        """Whether sets are sets of elements that there are, and `k` is one that a solver takes."""
        sets = [one for one in (self.items, self.witness, self.candidates) if one is not None]
        for one in sets:
            fits = one.ndim == 1 and one.dtype.kind in "iu" and ((one >= 0) & (one < objective.n)).all()
            if not fits or len(np.unique(one)) < len(one):
                return False
        try:
            k = self.k
            constraint(PartitionMatroid(k.groups, k.limits) if isinstance(k, PartitionMatroid) else k, objective.n)
            return isinstance(k, PartitionMatroid) or integer("k", k, low=1) > 0
        except (TypeError, ValueError):
            return False


def certify_selection(
    objective: Problem,
    items: Chosen | ArrayLike,
    k: int | PartitionMatroid | None = None,
    *,
    candidates: ArrayLike | None = None,
    witness: ArrayLike | None = None,
) -> SubmodularCertificate:
    """Bound the optimum from above by the marginals on top of a set; it does not matter how the items were chosen.

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular. Of a stream the candidates are the elements present at its end.
    items : int array of shape (n_chosen,), sequence of names, or Selection
        The chosen elements.
    k : int or PartitionMatroid
        Largest number of chosen elements, or the groups and their limits; may be left out with an `UpdateStream`.
    candidates : int array of shape (n_candidates,), or None
        Elements that could have been chosen, all by default.
    witness : int array of shape (n_witness,), or None
        The set A; None takes the items. The empty set gives the sum of the k best single values.

    Returns
    -------
    SubmodularCertificate
        Value of the items, the bound and the gap.

    Raises
    ------
    ValueError
        If `k` is out of range.
    KeyError
        If an item is not among the candidates, or an element does not exist.

    Notes
    -----
    OPT <= bound (statement DS-P8). The cost is that of n marginals; nothing is searched.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage, maximize
    >>> f = Coverage([[0, 1, 2], [2, 3], [3, 4], [0, 4]])
    >>> proof = certify_selection(f, maximize(f, 2).items, 2)
    >>> proof.achieved, proof.bound, proof.verify(f)
    (5.0, 5.0, True)
    """
    present = objective.present() if isinstance(objective, UpdateStream) else None
    f, limit = parts(objective, k)
    matroid = constraint(limit, f.n)
    limit = integer("k", limit, low=1) if matroid is None else limit
    asked = None
    if candidates is not None:
        present = asked = subset("candidates", elements(f, "candidates", candidates), f.n)
    allowed = np.arange(f.n) if present is None else present
    chosen = subset("items", elements(f, "items", items), f.n)
    if not np.isin(chosen, allowed).all():
        raise must("items", "a collection of candidates", chosen[~np.isin(chosen, allowed)], KeyError)
    proof = chosen if witness is None else subset("witness", witness, f.n)
    groups = np.zeros(f.n, np.int64) if matroid is None else matroid.groups
    limits = [limit] if matroid is None else matroid.limits
    bound = marginal_bound(f.value(proof), f.gains(proof)[allowed], limits, groups=groups[allowed])
    value = f.value(chosen)
    names = names_of(objective, f, chosen)
    return SubmodularCertificate._of(value, bound, STATEMENT, chosen, limit, asked, proof, names)


def _is_admissible(items: np.ndarray, limit: Any) -> bool:
    """Return whether a solution may have these items."""
    return limit.holds(items) if isinstance(limit, PartitionMatroid) else len(items) <= limit
