"""Spectra of a few matrices, what a rank of each costs, and a budget; all allocations are listed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.matrix_compression import allocate_ranks, certify_ranks


@dataclass(frozen=True)
class Budget:
    """Singular values of each matrix, decreasing; what each rank of it costs; and what all ranks may cost."""

    spectra: tuple[tuple[int, ...], ...]
    costs: tuple[int, ...]
    budget: int

    @property
    def doubles(self) -> list[list[float]]:
        """The spectra as the library takes them."""
        return [list(map(float, values)) for values in self.spectra]

    @property
    def total(self) -> int:
        """The energy of all values."""
        return sum(value * value for values in self.spectra for value in values)

    @property
    def items(self) -> list[tuple[Fraction, int, int]]:
        """Energy for a unit of cost, energy and cost of every value above 0; the first is the best, ties in order."""
        pairs = zip(self.spectra, self.costs, strict=True)
        found = [(Fraction(v * v, c), v * v, c) for values, c in pairs for v in values if v > 0]
        return sorted(found, key=lambda item: -item[0])

    @property
    def greedy(self) -> tuple[int, Fraction]:
        """The energy of the best items before the first that does not fit, and what a part of that one would add."""
        kept, left = 0, self.budget
        for rate, energy, cost in self.items:
            if cost > left:
                return kept, rate * left
            kept, left = kept + energy, left - cost
        return kept, Fraction(0)

    @property
    def optimum(self) -> int:
        """The most energy that any ranks within the budget keep, by trying all of them."""
        every = itertools.product(*(range(len(values) + 1) for values in self.spectra))
        return max(self.kept(ranks) for ranks in every if self.used(ranks) <= self.budget)

    def kept(self, ranks: Any) -> int:
        """The energy that ranks keep."""
        pairs = zip(self.spectra, ranks, strict=True)
        return sum(value * value for values, rank in pairs for value in values[: max(0, int(rank))])

    def used(self, ranks: Any) -> int:
        """The cost of ranks."""
        return sum(cost * int(rank) for cost, rank in zip(self.costs, ranks, strict=True))


def is_decreasing(case: Budget) -> bool:
    """Decide whether there are spectra of integers of at least 0 that decrease, few enough to try all ranks."""
    listed = [list(values) for values in case.spectra]
    whole = all(v == int(v) and v >= 0 for values in listed for v in values)
    count = np.prod([len(values) + 1.0 for values in listed])
    return bool(listed and whole and all(values == sorted(values, reverse=True) for values in listed) and count < 1e5)


def is_payable(case: Budget) -> bool:
    """Decide whether there is an integer cost of at least 1 for each matrix, and a budget of at least 0."""
    same = len(case.costs) == len(case.spectra)
    return bool(same and all(c == int(c) and c >= 1 for c in case.costs) and case.budget >= 0)


def costs_one(case: Budget) -> bool:
    """Decide whether every rank costs 1."""
    return all(cost == 1 for cost in case.costs)


def allocated(case: Budget, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the library's ranks, and what it says of them."""
    return told(allocate_ranks(case.doubles, case.budget, cost=list(case.costs), **options))


def told(found: Any) -> dict[str, Any]:
    """Return the ranks of a result, what they keep and cost, and the bound on all others."""
    return {"ranks": found.ranks, "kept": found.captured, "bound": found.certificate.bound, "used": found.used}


@dataclass(frozen=True)
class Chosen:
    """A budget, and ranks within it that somebody else chose."""

    case: Budget
    ranks: tuple[int, ...]


def is_within(one: Chosen) -> bool:
    """Decide whether these are ranks, one a matrix, within the budget."""
    fits = len(one.ranks) == len(one.case.costs) and all(
        0 <= r <= len(values) for r, values in zip(one.ranks, one.case.spectra, strict=True)
    )
    return bool(fits and one.case.used(one.ranks) <= one.case.budget)


def certified(one: Chosen, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the library's bound for ranks of somebody else: what they keep, and what any others keep at most."""
    case = one.case
    proof = certify_ranks(case.doubles, list(one.ranks), case.budget, cost=list(case.costs)).certificate
    return {"kept": proof.achieved, "bound": proof.bound, "gap": proof.gap, "price": proof.price}


def draw_spectra(draws: Draws) -> tuple[tuple[int, ...], ...]:
    """Draw up to three spectra of up to four integers, with ties and zeros."""
    most = draws.choice((2, 9))
    sizes = [draws.integers(0, 4) for _ in range(draws.integers(1, 3))]
    least = draws.choice((0, 1, 1))
    return tuple(tuple(sorted(draws.integers(least, most, shape=(n,)).tolist(), reverse=True)) for n in sizes)


def draw_budget(draws: Draws) -> Budget:
    """Draw spectra whose ranks cost from 1 to 7."""
    spectra = draw_spectra(draws)
    costs = tuple(draws.integers(1, 7) for _ in spectra)
    whole = sum(cost * len(values) for cost, values in zip(costs, spectra, strict=True))
    # mostly less than all ranks cost, so that some value has to go
    return Budget(spectra, costs, draws.integers(0, max(1, whole - draws.choice((0, 1, 4, 8)))))


def draw_even(draws: Draws) -> Budget:
    """Draw spectra whose ranks cost 1."""
    case = draw_budget(draws)
    return replace(case, costs=(1,) * len(case.spectra), budget=draws.integers(0, sum(map(len, case.spectra)) + 1))


def draw_chosen(draws: Draws) -> Chosen:
    """Draw a budget, and ranks within it."""
    case = draw_budget(draws)
    ranks, left = [], case.budget
    for values, cost in zip(case.spectra, case.costs, strict=True):
        ranks.append(draws.integers(0, min(len(values), left // cost)))
        left -= cost * ranks[-1]
    return Chosen(case, tuple(ranks))


#: five energies of which the second one does not fit: the best ranks are not greedy, and half of a value is missing
UNEVEN = Budget(((5, 1), (6,), (3, 2)), (2, 3, 2), 4)
SMALLEST = (Budget(((2,),), (1,), 1), Budget(((2,),), (1,), 0), Budget(((0, 0), ()), (1, 1), 2))

EVEN_COSTS = Family(
    "budgets-of-ranks",
    always=(
        *SMALLEST,
        Budget(((3, 1), (2, 2)), (1, 1), 3),
        Budget(((2, 2), (3, 1)), (1, 1), 2),
        Budget(((2,) * 4, (2,) * 4), (1, 1), 4),
        Budget(((3, 0), (1, 0)), (1, 1), 4),
    ),
    draw=draw_even,
)
BUDGETS = Family(
    "budgets-of-parameters",
    always=(
        *SMALLEST,
        UNEVEN,
        replace(UNEVEN, budget=5),
        Budget(((2, 1), (3,), (1, 1)), (2, 3, 2), 4),
        Budget(((7,), (5, 5)), (6, 4), 8),
    ),
    # one of two equal values fits, and the greedy choice is the best one
    tight=(Tight(Budget(((2, 2),), (1,), 1), 1, 1),),
    draw=draw_budget,
)
CHOSEN = Family(
    "ranks-of-others",
    always=(
        Chosen(SMALLEST[0], (1,)),
        Chosen(SMALLEST[0], (0,)),
        Chosen(UNEVEN, (2, 0, 0)),
        Chosen(UNEVEN, (0, 1, 0)),
        Chosen(Budget(((3, 1), (2, 2)), (1, 1), 3), (2, 1)),
        Chosen(replace(UNEVEN, budget=9), (2, 1, 1)),
    ),
    tight=(Tight(Chosen(Budget(((3, 1), (2, 2)), (1, 1), 3), (1, 2)), 1, 1),),
    draw=draw_chosen,
)
