"""Ranks of many matrices under one budget, and the certificate of anybody's ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._result.display import bars
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, choice, integer, must, real
from lrtheory.matrix_compression.budgets.certificate import (
    RankCertificate,
    WorstErrorCertificate,
    certificate_of,
    worst_certificate_of,
)
from lrtheory.matrix_compression.budgets.spectra import Order, Spectra, exact_cost, read_spectra

__all__ = ["RankAllocation", "allocate_ranks", "certify_ranks"]

#: entries of the table of the exact method up to which "auto" takes it, and steps that fill it
LARGEST, LONGEST = 2**26, 2**31


@result
class RankAllocation(Result):
    """Ranks of many matrices under one budget.

    Attributes
    ----------
    ranks : int64 array of shape (n,)
        Number of singular values of each matrix that are kept.
    names : tuple of str
        The names of the matrices.
    captured : float
        The sum of the squares of the values that are kept.
    error : float
        The root of the sum of squares of all others, as a share of the root of the sum of all.
    errors : float64 array of shape (n,)
        The relative error of each matrix.
    used : float
        Cost of the ranks, at most the budget.
    method : {"greedy", "dp", "threshold", "given"}
        The method that was used.
    reason : str
        Reason for the method.
    certificate : RankCertificate or WorstErrorCertificate
        Bound on the energy that other ranks within the budget keep, or on the largest error that they leave.
    """

    ranks: np.ndarray
    names: tuple[str, ...]
    captured: float
    error: float
    errors: np.ndarray
    used: float
    method: str
    reason: str
    certificate: RankCertificate | WorstErrorCertificate

    def _columns(self) -> dict[str, Any]:
        return {"matrix": list(self.names), "rank": self.ranks, "error": self.errors}

    def _facts(self) -> list[str]:
        spent = f"{self.used:,.6g} of {self.certificate.budget:,.6g} spent"
        return [f"{spent}, {self.error:.2%} of the norm is lost", *self.certificate._facts()]

    def _draw(self, ax: Any) -> None:
        bars(ax, self.names, self.ranks, label="rank")


@arrays("host")
def allocate_ranks(
    spectra: Sequence[ArrayLike] | Mapping[str, ArrayLike],
    budget: float,
    *,
    cost: ArrayLike | Mapping[str, float] | None = None,
    objective: str = "sum",
    method: str = "auto",
    names: Sequence[str] | None = None,
) -> RankAllocation:
    r"""Choose the ranks of many matrices within one budget, the best ones for all or for the worst (AB-1, AB-2, AB-6).

    Arrays: any (copied to the host)

    Parameters
    ----------
    spectra : sequence or mapping of arrays of shape (q,)
        The singular values of each matrix, decreasing; weights of matrices are factors in front of their values. Any
        other scores that do not increase will do.
    budget : float
        Largest total cost of the ranks: the double itself, beside costs that are doubles. Three times .1 exceeds .3.
    cost : sequence or mapping of numbers, or None
        Cost of a rank of each matrix, d_out + d_in for a budget of parameters; None is 1.
    objective : {"sum", "max"}
        "sum" keeps the most energy of all matrices together. "max" leaves the least error to the matrix that errs most,
        each error relative to the norm of its own matrix, so that factors in front of spectra change nothing. Of the
        ranks that do it takes the fewest: what is left of the budget lowers the largest error no further.
    method : {"auto", "greedy", "dp"}
        For "sum". "greedy" takes values by their energy for a unit of the budget until the first that does not fit,
        which is optimal where all costs are equal, and else short of the optimum by less than one value. "dp" fills a
        table over the budget and is optimal for integer costs. "auto" takes the table where costs differ and it is
        small enough.
    names : sequence of str or None
        Names of the matrices of a sequence.

    Returns
    -------
    RankAllocation
        Ranks, and a bound on what any ranks within the budget reach; zeros are never paid for.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If values increase or are negative, a cost is not positive, the budget is negative, "dp" is asked for costs that
        are not integers, or a method for the objective "max".

    References
    ----------
    .. [1] Q. Zhang et al., AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning, ICLR 2023.

    Examples
    --------
    >>> found = allocate_ranks({"query": [3.0, 1.0], "value": [2.0, 2.0]}, 3)
    >>> found.ranks.tolist(), found.captured, found.certificate.gap
    ([1, 2], 17.0, 0.0)

    The second matrix is a hundred times smaller, and matters as much to the worst error:

    >>> large, small = [3.0, 1.0], [0.02, 0.02]
    >>> [allocate_ranks([large, small], 2, objective=one).ranks.tolist() for one in ("sum", "max")]
    [[2, 0], [1, 1]]
    """
    given, budget = read_spectra(spectra, cost, names), _finite(budget)
    choice("method", method, ("auto", "greedy", "dp"))
    if choice("objective", objective, ("sum", "max")) == "max":
        if method != "auto":
            raise must("method", "'auto' for the objective \"max\"", method)
        ranks, reason = _fewest_for_worst(given, budget), "the least error that the budget allows every matrix"
        return _as_result(given, worst_certificate_of(given, ranks, budget), "threshold", reason)
    order = Order.of(given)
    taken = order.fitting(budget)
    method, reason = _chosen(given, budget, method)
    if method == "dp":
        ranks = _by_table(given, budget)
    else:
        ranks = np.bincount(order.chosen[:taken], minlength=len(given.lengths))
    return _as_result(given, certificate_of(given, ranks, budget, order.price(taken)), method, reason)


def _fewest_for_worst(given: Spectra, budget: float) -> np.ndarray:
    """The fewest ranks that leave the least largest error: all values before which a matrix has more left than that."""
    order = Order.by_error(given)
    needed = order.rates > order.price(order.fitting(budget))
    return np.bincount(order.chosen[needed], minlength=len(given.lengths))


def _finite(budget: Any) -> float:
    found = real("budget", budget, low=0)
    if not math.isfinite(found):
        raise must("budget", "a finite number", budget)
    return found


def _above(spent: Fraction) -> float:
    """The smallest double that is not below."""
    found = float(spent)
    return found if Fraction(found) >= spent else math.nextafter(found, math.inf)


def _chosen(given: Spectra, budget: float, method: str) -> tuple[str, str]:
    whole = bool((given.costs == np.round(given.costs)).all())
    if method == "dp" and not whole:
        raise ValueError(
            f'`cost` must be integers >= 1 for method "dp"; got {float(given.costs[given.costs % 1 > 0][0])}.'
        )
    if method != "auto":
        return method, "asked for"
    if (given.costs == given.costs[0]).all():
        return "greedy", "all ranks cost the same, so it is optimal"
    if not whole:
        return "greedy", "costs are not integers"
    cells = _width(given, budget) + 1
    small = cells * len(given.lengths) <= LARGEST and cells * len(given.values) <= LONGEST
    return ("dp", "costs differ, and the table is small") if small else ("greedy", "the table would be too large")


def _width(given: Spectra, budget: float) -> int:
    """The units of the budget that can be spent: multiples of the greatest common divisor of the costs."""
    unit = math.gcd(*map(int, given.costs))
    return min(int(budget), int(exact_cost(given.lengths, given.costs))) // unit


def _by_table(given: Spectra, budget: float) -> np.ndarray:
    """The best ranks, by the best energy for every part of the budget that the first matrices may spend."""
    width, unit = _width(given, budget), math.gcd(*map(int, given.costs))
    best = np.zeros(width + 1)
    choices = np.zeros((len(given.lengths), width + 1), np.int32)
    ends = np.cumsum(given.lengths)
    for k, (end, length) in enumerate(zip(ends, given.lengths, strict=True)):
        values = given.values[end - length : end]
        step, before = int(given.costs[k]) // unit, best.copy()
        for rank, energy in enumerate(np.cumsum(values[values > 0] ** 2)[: width // step], 1):
            tried = before[: width + 1 - rank * step] + energy
            better = tried > best[rank * step :]
            best[rank * step :][better] = tried[better]
            choices[k, rank * step :][better] = rank
    ranks, left = np.zeros(len(given.lengths), np.int64), int(width)
    for k in range(len(ranks) - 1, -1, -1):
        ranks[k] = choices[k, left]
        left -= int(ranks[k]) * (int(given.costs[k]) // unit)
    return ranks


def _as_result(
    given: Spectra, proof: RankCertificate | WorstErrorCertificate, method: str, reason: str
) -> RankAllocation:
    lost = given.values[given.place >= np.repeat(proof.ranks, given.lengths)] ** 2
    whole = given.total
    return RankAllocation(
        ranks=proof.ranks,
        names=given.names,
        captured=given.energy(given.kept(proof.ranks)),
        error=math.sqrt(math.fsum(lost) / whole) if whole > 0 else 0.0,
        errors=np.sqrt(given.left(proof.ranks)),
        used=proof.used,
        method=method,
        reason=reason,
        certificate=proof,
    )


@arrays("host")
def certify_ranks(
    spectra: Sequence[ArrayLike] | Mapping[str, ArrayLike],
    ranks: ArrayLike | Mapping[str, int],
    budget: float | None = None,
    *,
    cost: ArrayLike | Mapping[str, float] | None = None,
    objective: str = "sum",
) -> RankAllocation:
    r"""Say how far ranks that somebody else chose are from the best ones of their cost (statements AB-5, AB-6).

    Arrays: any (copied to the host)

    Parameters
    ----------
    spectra : sequence or mapping of arrays of shape (q,)
        The singular values of each matrix, decreasing.
    ranks : sequence or mapping of int
        The ranks, as a `rank_pattern` holds them; a name that a mapping lacks has rank 0.
    budget : float or None
        Largest total cost of the ranks; None is the cost of these.
    cost : sequence or mapping of numbers, or None
        Cost of a rank of each matrix; None is 1.
    objective : {"sum", "max"}
        Objective of the best ones, as for `allocate_ranks`.

    Returns
    -------
    RankAllocation
        The ranks themselves, with the bound.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If there are other matrices in the ranks than in the spectra, a rank is negative, or they cost more than the
        budget.

    Examples
    --------
    >>> found = certify_ranks([[3.0, 1.0], [2.0, 2.0]], [2, 1])
    >>> found.captured, found.certificate.bound
    (14.0, 17.0)
    """
    given = read_spectra(spectra, cost)
    choice("objective", objective, ("sum", "max"))
    if isinstance(ranks, Mapping):
        unknown = sorted(set(map(str, ranks)) - set(given.names))
        if unknown:
            raise must("ranks", "a mapping with the names of the spectra", unknown[0])
        ranks = [ranks.get(name, 0) for name in given.names]
    table = as_array("ranks", ranks)
    listed = table.tolist() if table.ndim == 1 else []
    if len(listed) != len(given.names):
        raise must("ranks", f"{len(given.names)} integers, one a matrix", ranks)
    chosen = np.array([integer("ranks", rank, low=0) for rank in listed])
    spent = exact_cost(chosen, given.costs)
    budget = _above(spent) if budget is None else _finite(budget)
    if spent > Fraction(budget):
        raise must("ranks", f"ranks that cost at most the budget of {budget:.17g}", float(spent))
    order = Order.of(given)
    proof: RankCertificate | WorstErrorCertificate = (
        worst_certificate_of(given, chosen, budget)
        if objective == "max"
        else certificate_of(given, chosen, budget, order.price(order.fitting(budget)))
    )
    return _as_result(given, proof, "given", "somebody else chose the ranks")
