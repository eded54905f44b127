r"""Budgets: what the best ranks of many matrices keep, and how far a greedy choice can be from them.

Part of `theory`, where users find these functions. Matrix k has singular values sigma_{k,i}, decreasing, and each of
its ranks costs c_k; ranks r_k within the budget b, sum_k c_k r_k <= b, keep the energy sum_k sum_{i <= r_k}
sigma_{k,i}^2. Formulas take numbers of any kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import number, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must, sequence

__all__ = ["best_of_equal_costs", "dual_bound", "greedy_gap"]


def best_of_equal_costs(spectra: Sequence[ArrayLike], budget: int) -> Number:
    r"""Energy that the best ranks keep where each rank costs 1 (statement AB-1).

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        The singular values of each matrix, decreasing.
    budget : int
        b, at least 0.

    Returns
    -------
    number
        The sum of the b largest squares of all values together.

    Raises
    ------
    ValueError
        If there is no spectrum, a value is negative or not finite, or the budget is negative.

    Proof
    -----
    Assumes: the values of each matrix decrease (the caller, and `allocate_ranks`, which checks it).

    Proof: ranks that sum up to at most b keep at most b values, whose squares are at most the b largest. These are
    prefixes of the decreasing lists once ties are broken by the place in the list, so some ranks keep them.

    Checked by: AB-1.

    Examples
    --------
    >>> best_of_equal_costs([[3, 1], [2, 2]], 3)
    17
    """
    squares, _ = _items(spectra, None)
    return plain(np.sort(squares)[::-1][: integer("budget", budget, low=0)].sum())


def dual_bound(
    spectra: Sequence[ArrayLike], budget: Number, *, price: Number, costs: Sequence[Any] | None = None
) -> Number:
    r"""Energy that no ranks within the budget exceed, whoever chose them (statement AB-5).

    Parameters
    ----------
    spectra : sequence of sequences of numbers
        The singular values of each matrix.
    budget : number
        b, at least 0.
    price : number
        lambda, at least 0; the bound is least at the energy for a unit of cost of the first value that a greedy choice
        rejects.
    costs : sequence of numbers, or of sequences of them, or None
        c_k, or the cost of every value; None is 1.

    Returns
    -------
    number
        lambda b + sum max(0, sigma^2 - lambda c).

    Raises
    ------
    ValueError
        If a number is negative or not finite, a cost is not positive, or lengths do not fit.

    Proof
    -----
    Assumes: lambda >= 0, which is checked; nothing of the ranks but their cost.

    Proof: for a set K of values that costs at most b, the kept energy is sum_K sigma^2 = lambda sum_K c + sum_K
    (sigma^2 - lambda c) <= lambda b + sum_K max(0, sigma^2 - lambda c), and the last sum over all values is not
    smaller. At the rate of the first value that does not fit, the terms of all values before it are not negative and
    those of all others are 0, so the bound is what the greedy choice keeps plus lambda times the budget that it leaves.

    Checked by: AB-5.

    Examples
    --------
    >>> dual_bound([[3, 1], [2, 2]], 3, price=1)
    17
    """
    squares, weights = _items(spectra, costs)
    price, budget = number("price", price, 0), number("budget", budget, 0)
    over = squares - price * weights
    return plain(price * budget + over[over > 0].sum())


def greedy_gap(rejected: Number, unused: Number, *, cost: Number) -> Number:
    r"""Energy by which a greedy choice can fall short of the best ranks (statement AB-2).

    Parameters
    ----------
    rejected : number
        sigma, the first value that did not fit.
    unused : number
        Rest of the budget before that value, at least 0 and below its cost.
    cost : number
        c of that value, above 0.

    Returns
    -------
    number
        theta sigma^2 with theta = unused / c < 1.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the values before sigma were taken by decreasing sigma^2 / c, and they left `unused` (the caller).

    Proof: `dual_bound` at lambda = sigma^2 / c is the greedy energy plus lambda unused. It bounds every choice, so the
    optimum lies between the greedy energy and that.

    Checked by: AB-2.

    Examples
    --------
    >>> greedy_gap(2, 1, cost=4)
    1.0
    """
    cost = number("cost", cost, 0, ends="(]")
    lost = number("rejected", rejected, 0)
    return lost * lost * number("unused", unused, 0, cost, ends="[)") / cost


def _items(spectra: Any, costs: Any) -> tuple[np.ndarray, np.ndarray]:
    """The squares of all values, and the cost of each."""
    lists = [table("spectra", values, 0, shape=("n",)) for values in sequence("spectra", to_numpy(spectra))]
    if not lists:
        raise must("spectra", "singular values of at least one matrix", spectra)
    squares = np.concatenate([values * values for values in lists])
    if costs is None:
        return squares, np.ones(len(squares), np.int64)
    if len(sequence("costs", to_numpy(costs))) != len(lists):
        raise must("costs", f"{len(lists)} costs, one a matrix", costs)
    each = [table("costs", c, 0, ends="(]") for c in costs]
    for one, values in zip(each, lists, strict=True):
        if one.shape not in ((), (1,), values.shape):
            raise must("costs", f"numbers, or {len(values)} of them for as many singular values", one)
    return squares, np.concatenate([np.broadcast_to(c, v.shape) for c, v in zip(each, lists, strict=True)])
