"""Any set proves a bound of the optimum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import SubmodularCertificate, certify_selection, theory
from proofs_checks.dynamic_submodular.certificates.witnesses import WITNESS
from proofs_checks.dynamic_submodular.families.all_functions import SMALL, whole_functions
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    draw_function,
    mask_of,
    members,
    optima,
    set_function,
    value_of,
)
from proofs_checks.dynamic_submodular.families.offline import HYPOTHESES, grid
from proofs_checks.dynamic_submodular.families.runs import WRONG, chosen, spoiled, worth_of
from proofs_checks.dynamic_submodular.families.streams import modular


@dataclass(frozen=True)
class Bounded:
    """A function, the candidates, the items chosen, the set that proves the bound, and k."""

    function: SetFunction
    present: np.ndarray
    items: np.ndarray
    witness: np.ndarray
    k: int

    @property
    def optimum(self) -> Any:
        """The best value of at most k present elements, by enumeration."""
        there = np.zeros((1, self.function.n), dtype=bool)
        there[0, np.asarray(self.present, dtype=int)] = True
        return optima(self.function, there, self.k)[0]

    @property
    def marginals(self) -> np.ndarray:
        """The marginals f(v | A) of the present elements, A the witness."""
        base = [int(v) for v in self.witness]
        whole = value_of(self.function, base)
        return np.array([self.function.values[mask_of([*base, int(v)])] - whole for v in self.present])

    @property
    def bound(self) -> Any:
        """The sum of f(A) and the k best marginals, by the table."""
        best = sorted(self.marginals.tolist(), reverse=True)[: self.k]
        return value_of(self.function, self.witness) + sum(best)


def proved(bounded: Bounded, rng: np.random.Generator) -> SubmodularCertificate:
    """Return the certificate of the package."""
    options = {"candidates": np.asarray(bounded.present, dtype=int), "witness": np.asarray(bounded.witness, dtype=int)}
    return certify_selection(bounded.function.objective(), np.asarray(bounded.items, dtype=int), bounded.k, **options)


def draw_bounded(draws: Draws) -> Bounded:
    """Draw five to eight elements, of which one or two may be absent, and any set as witness."""
    n = draws.integers(5, 8)
    present, k = np.sort(draws.permutation(n)[: n - draws.integers(0, 2)]), draws.integers(1, 3)
    witness = draws.permutation(n)[: draws.integers(0, k)]  # any set proves a bound, absent elements included
    return Bounded(draw_function(draws, n), present, present[: draws.integers(0, k)], witness, k)


NOBODY = np.zeros(0, dtype=np.int64)

#: a sum, of which every set proves the optimum exactly; one set that hides two others
BOUNDED = Family(
    "bounded",
    always=(
        Bounded(modular([3.0, 2.0, 1.0]), np.arange(3), np.array([0]), NOBODY, 2),
        Bounded(modular([4.0, 2.0, 8.0, 1.0]), np.array([0, 1, 2]), np.array([2, 1]), np.array([3, 1]), 2),
        Bounded(
            set_function("coverage", np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]]) > 0, np.ones(4)),
            np.arange(3),
            np.array([2]),
            np.array([2]),
            2,
        ),
        Bounded(grid(2).function, np.arange(4), np.array([0, 1]), np.array([0]), 2),
        Bounded(grid(2).function, np.arange(1, 4), np.array([2, 3]), np.array([0, 1]), 2),
        Bounded(modular([3.0, 2.0, 1.0]), np.arange(2), np.array([0]), np.array([2]), 3),
    ),
    draw=draw_bounded,
)


def all_witnesses() -> Iterator[Bounded]:
    """Yield the functions of three elements up to 2 with all their sets as witnesses, for k = 2."""
    for function in whole_functions(3, 2):
        for inside in members(np.arange(8), 3):
            yield Bounded(function, np.arange(3), NOBODY, np.flatnonzero(inside), 2)


def smaller_bound(bounded: Bounded, rng: np.random.Generator) -> SubmodularCertificate:
    """Leave one marginal out of the bound."""
    found = proved(bounded, rng)
    bound = found.bound - max(bounded.marginals.max(), 0.0)
    return replace(found, bound=bound, gap=abs(found.achieved - bound))


def bounds_optimum(bounded: Bounded, found: SubmodularCertificate, share: Fraction = Fraction(1)) -> Sides:
    """Compare OPT less f(A) with the bound less f(A), A the witness; all else must follow from items and witness."""
    function, allowed = bounded.function, spoiled(bounded.function)
    there = np.zeros(function.n, bool)
    there[np.asarray(bounded.present, dtype=int)] = True
    # value, bound and gap follow from items and witness, and a report that does not is as bad as a false bound
    value = worth_of(function, found.items, there, bounded.k, found.achieved)
    sets = ((found.items, bounded.items), (found.witness, bounded.witness), (found.candidates, bounded.present))
    is_own = all(chosen(one) == chosen(own) for one, own in sets) and found.k == bounded.k
    is_bound = abs(found.bound - bounded.bound) <= allowed and abs(found.bound - value - found.gap) <= allowed
    base = value_of(function, bounded.witness)
    # f(A) is taken off both sides, or a share of the bound would be dominated by a part that is known anyway
    rhs = share * (bounded.bound - base) if is_own and is_bound and value != WRONG else WRONG
    return Sides(np.array([bounded.optimum - base]), np.array([rhs]), least=0, rounding=allowed)


DS_P8 = Statement(
    id="dynamic_submodular/DS-P8",
    title="Any set bounds the optimum by its value and the best marginals on top",
    says="For every set A, the best value OPT of at most k elements is at most f(A) plus the largest sum of "
    "marginals f(v|A) over the elements v of a set O of at most k elements.",
    source=Derived(theory.marginal_bound),
    tex=r"\mathrm{OPT} \le f(A) + \max_{|O| \le k} \textstyle\sum_{v \in O} f(v|A)",
    hypotheses=HYPOTHESES,
    instances=BOUNDED,
    for_all=(
        All(
            f"pairs of a set, which bounds the best two elements, and one of the {SMALL.format(2)}",
            all_witnesses,
            members=8 * 115,
        ),
        WITNESS,
    ),
    solve=proved,
    claim=Inequality(bounds_optimum),
    decisions=("items", "witness"),
    saboteurs=(
        saboteur("one marginal less", solve=smaller_bound),
        saboteur("nine tenths", claim=Inequality(partial(bounds_optimum, share=Fraction(9, 10)))),
    ),
)
