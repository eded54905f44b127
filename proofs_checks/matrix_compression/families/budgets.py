"""Spectra of a few matrices, what a rank of each costs, and a budget; all allocations are listed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Sides, rounding
from lrtheory.matrix_compression import allocate_ranks


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


LISTED = {"decreasing spectra of integers": is_decreasing, "a budget, and costs of at least 1": is_payable}


def allowance(case: Budget) -> float:
    """Return what energies may err by: integers are exact in doubles, and quotients round."""
    return float(rounding(64, 1 + case.total))


def wasted(case: Budget, ranks: Any) -> list[int]:
    """Count what ranks cost above the budget, and how many of them keep a zero, or a value that is not there."""
    pairs = zip(case.spectra, ranks, strict=True)
    empty = sum(max(0, int(rank) - sum(v > 0 for v in values)) + max(0, -int(rank)) for values, rank in pairs)
    return [max(0, case.used(ranks) - case.budget), empty]


def optimal(case: Budget, found: dict[str, Any]) -> Sides:
    """Compare what the ranks keep, and what they are said to keep, with the best of all ranks."""
    kept = case.kept(found["ranks"])
    lhs = [kept, found["kept"], *wasted(case, found["ranks"]), found["used"], found["bound"]]
    rhs = [case.optimum, case.optimum, 0, 0, case.used(found["ranks"]), sum(case.greedy)]
    exact = [0.0] * 5 + [allowance(case)]
    return Sides(np.array(lhs, float), np.array(rhs, float), rounding=np.array(exact))


def told(found: Any) -> dict[str, Any]:
    """Return the ranks of a result, what they keep and cost, and the bound on all others."""
    return {"ranks": found.ranks, "kept": found.captured, "bound": found.certificate.bound, "used": found.used}


def allocated(case: Budget, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the library's ranks, and what it says of them."""
    return told(allocate_ranks(case.doubles, case.budget, cost=list(case.costs), **options))


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


def small_budgets() -> Iterator[Budget]:
    """Yield all budgets from 1 to 6 for two matrices of two values up to 3, whose ranks cost 1 or 2."""
    spectra = [(high, low) for high in (1, 2, 3) for low in range(1, high + 1)]
    for pair in itertools.product(spectra, repeat=2):
        for costs in itertools.product((1, 2), repeat=2):
            yield from (Budget(pair, costs, budget) for budget in range(1, 7))


#: five energies of which the second one does not fit: the best ranks are not greedy, and half of a value is missing
UNEVEN = Budget(((5, 1), (6,), (3, 2)), (2, 3, 2), 4)
SMALLEST = (Budget(((2,),), (1,), 1), Budget(((2,),), (1,), 0), Budget(((0, 0), ()), (1, 1), 2))
