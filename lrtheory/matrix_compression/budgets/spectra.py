"""Singular values of many matrices side by side, what their ranks cost, and the order in which they are worth it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lrtheory._kernels.units import unit_of
from lrtheory._validation import array, must, sequence

__all__ = ["Order", "Spectra", "exact_cost", "ranks_within", "read_spectra"]

#: sums of integers below it have no rounding
EXACT = 2.0**53


class Spectra(NamedTuple):
    """Singular values of many matrices in one row, the values of a matrix side by side and decreasing.

    ``values`` are scaled by a power of two, 2^-unit, so that their squares are in range. ``shares`` says for each value
    what part of the energy of its own matrix is left before it is kept, in a unit of that matrix.
    """

    names: tuple[str, ...]
    lengths: np.ndarray
    values: np.ndarray
    shares: np.ndarray
    costs: np.ndarray
    unit: int

    @property
    def owner(self) -> np.ndarray:
        """The matrix of each value."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def place(self) -> np.ndarray:
        """The place of each value within its matrix, from 0."""
        return np.arange(len(self.values)) - np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)

    @property
    def total(self) -> float:
        """The energy of all values, in the unit."""
        return math.fsum(self.values**2)

    def energy(self, scaled: float) -> float:
        """An energy outside the unit."""
        return math.ldexp(scaled, 2 * self.unit)

    def kept(self, ranks: np.ndarray) -> float:
        """The energy of the first values of each matrix, in the unit."""
        return math.fsum(self.values[self.place < np.repeat(ranks, self.lengths)] ** 2)

    def left(self, ranks: np.ndarray) -> np.ndarray:
        """The share of its own energy that each matrix has left at these ranks."""
        found = np.zeros(len(self.lengths))
        some = np.flatnonzero(ranks < self.lengths)
        found[some] = self.shares[(np.cumsum(self.lengths) - self.lengths)[some] + ranks[some]]
        return found


def read_spectra(spectra: Any, cost: Any = None, names: Sequence[str] | None = None) -> Spectra:
    """Check singular values, the cost of a rank of each matrix, and their names."""
    if isinstance(spectra, Mapping):
        called, given = tuple(map(str, spectra)), list(spectra.values())
    else:
        given = list(sequence("spectra", spectra))
        called = tuple(str(k) for k in range(len(given)))
    if not given:
        raise must("spectra", "singular values of at least one matrix", spectra)
    if names is not None:
        if isinstance(spectra, Mapping) or not isinstance(names, Sequence) or len(names) != len(given):
            raise must("names", f"{len(given)} names, beside a sequence of spectra", names)
        called = tuple(map(str, names))
    lists = [_decreasing(name, values) for name, values in zip(called, given, strict=True)]
    lengths = np.array([len(values) for values in lists])
    values = np.concatenate(lists)
    unit = unit_of(values)
    if unit > 500:
        raise must("spectra", "numbers up to 1e150, whose squares are in range", float(values.max()))
    shares = np.concatenate([_shares(one) for one in lists])
    return Spectra(called, lengths, np.ldexp(values, -unit), shares, _costs(cost, spectra, len(lists)), unit)


def _shares(values: np.ndarray) -> np.ndarray:
    """The part of the energy that is left before each value is kept, summed from the smallest value on."""
    left = np.cumsum(np.ldexp(values, -unit_of(values))[::-1] ** 2)[::-1]
    return left / left[0] if len(left) and left[0] > 0 else np.zeros(len(left))


def _decreasing(name: str, values: Any) -> np.ndarray:
    found = array("spectra", values, shape=(None,)).astype(np.float64)
    rise = np.flatnonzero(found[1:] > found[:-1])
    if len(rise):
        raise ValueError(
            f"`spectra` must be non-increasing numbers >= 0; got an increase at entry {rise[0] + 1} of {name!r}."
        )
    if len(found) and found[-1] < 0:
        raise must("spectra", "non-increasing numbers >= 0", float(found[-1]))
    return found


def _costs(cost: Any, spectra: Any, n: int) -> np.ndarray:
    if cost is None:
        return np.ones(n)
    if isinstance(cost, Mapping):
        if not isinstance(spectra, Mapping) or set(cost) != set(spectra):
            raise must("cost", "a mapping with the names of the spectra", sorted(map(str, cost)))
        cost = [cost[name] for name in spectra]
    found = array("cost", cost, shape=(n,)).astype(np.float64)
    if (found <= 0).any():
        raise must("cost", "numbers above 0", float(found.min()))
    return found


class Order(NamedTuple):
    """Values of all matrices, by a rate; ties by matrix and place."""

    chosen: np.ndarray
    costs: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, given: Spectra) -> Order:
        """All values that are not 0, by the energy that they give for a unit of the budget."""
        owner = given.owner
        rates = given.values**2 / given.costs[owner]
        order = np.argsort(-rates, kind="stable")
        order = order[given.values[order] > 0]
        return cls(owner[order], given.costs[owner[order]], rates[order])

    @classmethod
    def by_error(cls, given: Spectra) -> Order:
        """The values by the share of the energy of their matrix that is left before them: the worst matrix comes first.

        A matrix has no larger error than e exactly if all its values with shares above e^2 are kept.
        """
        order = np.argsort(-given.shares, kind="stable")
        owner = given.owner[order]
        return cls(owner, given.costs[owner], given.shares[order])

    def fitting(self, budget: float) -> int:
        """The number of values before the first that does not fit, decided in the exact numbers that doubles are."""
        sums = np.cumsum(self.costs)
        if not len(sums) or (sums[-1] < EXACT and (self.costs % 1 == 0).all()):
            return int(np.searchsorted(sums, budget, side="right"))
        # sums in doubles are off by one unit a term at most, so they decide all but the terms next to the budget
        taken = int(np.searchsorted(sums, budget * (1 - len(sums) * 2.0**-52), side="right"))
        used, limit = exact_cost(np.ones(taken, np.int64), self.costs[:taken]), Fraction(budget)
        while taken < len(sums) and (used := used + Fraction(float(self.costs[taken]))) <= limit:
            taken += 1
        return taken

    def price(self, taken: int) -> float:
        """The rate of the first value that does not fit, at which bounds are least; 0 where all of them fit."""
        return float(self.rates[taken]) if taken < len(self.rates) else 0.0


def exact_cost(ranks: np.ndarray, costs: np.ndarray) -> Fraction:
    """The sum of the costs of ranks, without rounding."""
    prices, kinds = np.unique(costs, return_inverse=True)
    numbers = (sum(ranks[kinds == k].tolist()) for k in range(len(prices)))
    return sum((n * Fraction(price) for n, price in zip(numbers, prices.tolist(), strict=True)), Fraction(0))


def ranks_within(given: Spectra, epsilon: float) -> np.ndarray:
    """The fewest values, by energy for a unit of cost, after which at most epsilon of the norm is lost."""
    order = Order.of(given)
    energies = order.rates * order.costs
    # what is left after the first j, summed from the smallest on
    left = np.concatenate([np.cumsum(energies[::-1])[::-1], [0.0]])
    taken = int(np.argmax(left <= epsilon * epsilon * given.total)) if len(energies) else 0
    return np.bincount(order.chosen[:taken], minlength=len(given.lengths)).astype(np.int64)
