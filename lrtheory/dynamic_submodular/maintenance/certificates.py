r"""Certificates of a chosen set: a bound of the optimum, proved from any other set, that everybody can recompute.

.. math:: \mathrm{OPT} \le f(A) + \max_{|O| \le k} \sum_{v \in O} f(v \mid A) \quad\text{for every set } A .
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.dynamic_submodular.matroid import PartitionMatroid, constraint
from lrtheory.dynamic_submodular.objectives import Objective
from lrtheory.dynamic_submodular.objectives.base import Chosen, elements, subset
from lrtheory.dynamic_submodular.problem import Problem, UpdateStream, names_of, parts
from lrtheory.dynamic_submodular.theory.upper_bounds import marginal_bound

__all__ = ["SelectionBound", "certify_selection"]

STATEMENT = "dynamic_submodular/DS-P8"
#: relative difference that sums in another order may make
CLOSE = 1e-9


@result
class SelectionBound(Result):
    """A proof of how far a chosen set is from the best one (statement DS-P8).

    Attributes
    ----------
    items : int64 array of shape (n_chosen,)
        The chosen elements.
    value : float
        f(items).
    gap : float
        bound - value; no admissible set is better by more.
    bound : float
        An upper bound of the value of every admissible set of candidates, if f is monotone submodular.
    statement : str
        The statement behind it.
    witness : int64 array of shape (n_witness,)
        The set A whose value and marginals prove the bound; it may hold any elements, not only candidates, and more
        than k of them.
    labels : tuple or None
        Names of the chosen elements.
    """

    items: np.ndarray
    value: float
    gap: float
    bound: float
    statement: str
    witness: np.ndarray
    labels: tuple[Any, ...] | None = None

    def _columns(self) -> dict[str, Any]:
        return {"element": self.items if self.labels is None else self.labels}

    def _facts(self) -> list[str]:
        rule = f"if the function is monotone submodular ({self.statement.rpartition('/')[2]})"
        return [
            f"these are worth {self.value:,.6g}; no admissible set is worth more than {self.bound:,.6g}, "
            f"so they have at least {self.ratio:.1%} of the best, {rule}"
        ]

    def _draw(self, ax: Any) -> None:
        what = "a bound is a single number; there is no picture of it"
        raise TypeError(what)

    @property
    def ratio(self) -> float:
        """The ratio value / bound, at most the true ratio to the optimum; 1 where both are 0."""
        return self.value / self.bound if self.bound > 0 else 1.0

    def verify(
        self,
        problem: Objective | UpdateStream,
        k: int | PartitionMatroid | None = None,
        *,
        candidates: ArrayLike | None = None,
    ) -> bool:
        """Recompute every number from the function, the items and the witness.

        Parameters
        ----------
        problem : Objective or UpdateStream
            The problem, as for `certify_selection`, like the other arguments.
        k : int or PartitionMatroid
            Largest number of chosen elements, or the groups and their limits.
        candidates : int array of shape (n_candidates,), or None
            Elements that could have been chosen.

        Returns
        -------
        bool
            Whether the items are distinct candidates and admissible, and all numbers come out as stated, up to the
            rounding of sums as large as the bound.

        Raises
        ------
        ValueError
            If `k` is out of range.
        TypeError
            If `problem` is not an objective or a stream.
        """
        objective, limit = parts(problem, k, "problem")
        problem = problem if isinstance(problem, UpdateStream) else objective
        for name in ("items", "witness"):
            if len(np.unique(getattr(self, name))) < len(getattr(self, name)):
                return False
        try:
            own = certify_selection(problem, self.items, k, candidates=candidates, witness=self.witness)
        except KeyError:  # an element that there is not
            return False
        allowed = CLOSE * own.bound
        pairs = ((self.value, own.value), (self.bound, own.bound), (self.gap, self.bound - self.value))
        is_true = all(abs(stated - found) <= allowed for stated, found in pairs)
        return is_true and self.statement == STATEMENT and _is_admissible(self.items, limit)


def certify_selection(
    objective: Problem,
    items: Chosen | ArrayLike,
    k: int | PartitionMatroid | None = None,
    *,
    candidates: ArrayLike | None = None,
    witness: ArrayLike | None = None,
) -> SelectionBound:
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
    SelectionBound
        Value, bound and gap.

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
    >>> proof.value, proof.bound, proof.verify(f, 2)
    (5.0, 5.0, True)
    """
    present = objective.present() if isinstance(objective, UpdateStream) else None
    f, limit = parts(objective, k)
    matroid = constraint(limit, f.n)
    limit = integer("k", limit, low=1) if matroid is None else limit
    if candidates is not None:
        present = subset("candidates", elements(f, "candidates", candidates), f.n)
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
    return SelectionBound(chosen, value, bound - value, bound, STATEMENT, proof, names)


def _is_admissible(items: np.ndarray, limit: Any) -> bool:
    """Return whether a solution may have these items."""
    return limit.holds(items) if isinstance(limit, PartitionMatroid) else len(items) <= limit
