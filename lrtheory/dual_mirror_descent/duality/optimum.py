r"""Solvers for optima in hindsight and in the fluid limit, with the prices that prove them (statements DMD-L1, DMD-L2).

The relaxation lets a request be split over its actions; that never lowers the optimum, and basic solutions split at
most m requests, so the integral optimum is less by m f_bar at most. Requests of one type are one variable.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._result import Certificate, Result, result
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import array, choice, flag, must, probability_vector, refuse_unused
from lrtheory.dual_mirror_descent.duality.programs import fits, relaxation, whole_requests
from lrtheory.dual_mirror_descent.duality.weak import agree, bound_anew, proves, rounding
from lrtheory.dual_mirror_descent.problem import TOLERANCE, RequestStream, known_stream, one_stream

__all__ = ["DualityCertificate", "Optimum", "fluid_optimum", "hindsight_optimum"]

STATEMENT = "dual_mirror_descent/DMD-L2"
#: the options that each method of `hindsight_optimum` uses
OPTIONS: dict[str, set[str]] = {"auto": {"integer"}, "sort": set(), "lp": set(), "milp": {"integer"}}


@result
class DualityCertificate(Certificate):
    """Prices that prove an optimum.

    Attributes
    ----------
    achieved : float
        Reward of the solution.
    bound : float
        The dual function at the prices: nothing feasible is worth more.
    gap : float
        Rounding for the relaxation, more where requests may not be split.
    prices : float64 array of shape (m,)
        One price per resource, at least 0.
    weights : float64 array of shape (N,), or None
        Number of requests of each row of the tables, where the caller gave `counts`; probabilities in the fluid limit.
    solution : float64 array of shape (N, d)
        Number of times that each action of each row of the tables is taken; in the fluid limit, per period.
    """

    achieved: Number
    bound: Number
    gap: Number
    prices: np.ndarray
    weights: np.ndarray | None
    solution: np.ndarray

    _statements = (STATEMENT,)

    def verify(self, problem: RequestStream) -> bool:
        """Evaluate the dual function at the prices and the worth of the solution anew.

        Parameters
        ----------
        problem : RequestStream
            The stream of the optimum, without types where counts were given; for a fluid optimum
            the tables of types, with the rate as their budget.

        Returns
        -------
        bool
            Whether the prices are at least 0 and the dual function is the bound there, the solution keeps within the
            budget and is worth as much as stated, and the gap is that of both; up to rounding, relative to each.

        Raises
        ------
        TypeError
            If the problem is not a RequestStream.
        """
        problem = known_stream(problem)
        prices, solution = np.asarray(self.prices), np.asarray(self.solution)
        times = _counts(problem, None) if self.weights is None else np.asarray(self.weights)
        if prices.shape != problem.budget.shape or times.shape != (len(problem.rewards),):
            return False
        if solution.shape != problem.rewards.shape or not self._is_sound():
            return False
        error = rounding(problem)
        if not ((prices >= 0).all() and (times >= 0).all() and fits(problem, times, solution, TOLERANCE + error)):
            return False
        worth, (bound, size) = problem.rewards * solution, bound_anew(problem, prices, times)
        return agree(self.bound, bound, error * size) and proves(self, worth.sum(), error * abs(worth).sum())


@result
class Optimum(Result):
    """An optimum is the best allocation of a whole stream, or of a law.

    Attributes
    ----------
    value : float
        Reward of the best allocation; per period in the fluid limit.
    prices : float64 array of shape (m,)
        Dual prices of the resources; of the relaxation where requests may not be split.
    solution : float64 array of shape (N, d)
        Number of times that each action of each row of the tables is taken; in the fluid limit, per period.
    method : str
        ``sort``, ``lp`` or ``milp``.
    reason : str
        Reason for the method.
    certificate : DualityCertificate
        The dual bound at the prices.
    """

    value: Number
    prices: np.ndarray
    solution: np.ndarray
    method: str
    reason: str
    certificate: DualityCertificate

    def _columns(self) -> dict[str, Any]:
        return {"resource": [f"resource {j}" for j in range(len(self.prices))], "price": self.prices}

    def _facts(self) -> list[str]:
        proof = (
            f"worth {float(self.value):.6g}; nothing feasible is worth more than {float(self.certificate.bound):.6g}"
        )
        return [f"{proof} ({self.certificate.statement})", f"by {self.method}: {self.reason}"]


@arrays("host")
def hindsight_optimum(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    integer: bool = False,
    method: Literal["auto", "sort", "lp", "milp"] = "auto",
) -> Optimum:
    r"""Find the most that could have been earned, had all requests been known.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards : RequestStream, or array of shape (T, d) or (T,)
        A stream alone, or the reward of each action of each request.
    costs : array of shape (T, d, m), (T, m) or (T,), or sparse array of shape (T, m)
        Units that each action uses.
    budget : array of shape (m,), or float
        Units of each resource.
    types : int array of shape (T,), optional
        Rows of the tables.
    counts : array of shape (N,), optional
        Number of requests of each row, instead of `types`.
    integer : bool
        Whether requests may not be split, for "auto" and "milp".
    method : {"auto", "sort", "lp", "milp"}
        "sort" is for one resource and one action (the fractional knapsack), "lp" is HiGHS, and "milp" is HiGHS for
        whole requests. "auto" takes "milp" where requests may not be split, and the first of the others that applies.

    Returns
    -------
    Optimum
        Optimum with its `value`, the dual `prices` (m,), the `solution` (N, d), and in `certificate.bound` the dual
        value that proves it.

    Raises
    ------
    ValueError
        If shapes do not fit, the method does not apply or does not use an option that is given, or there are many
        streams over one table.
    RuntimeError
        If HiGHS finds no optimum, or no whole one within the budget.

    Notes
    -----
    OPT = min_{mu >= 0} sum_t D_t(mu) with D_t(mu) = f*_t(mu) + mu . rate for the relaxation (statement DMD-L2). No
    prices give less than OPT (DMD-L1), so value <= certificate.bound; equal up to rounding where requests may be split.
    The solution does not depend on units: HiGHS, whose tolerances are absolute, gets rewards and costs as shares of
    what is possible. It overdraws no budget by more than 1e-12 of it.

    Examples
    --------
    >>> best = hindsight_optimum([3, 2, 1], [1, 1, 1], 1.5)
    >>> best.value, best.prices.tolist(), best.method
    (4.0, [2.0], 'sort')
    """
    stream = one_stream(rewards, costs, budget, types=types)
    times = _counts(stream, counts)
    choice("method", method, tuple(OPTIONS))
    refuse_unused(method, OPTIONS[method], integer=(flag("integer", integer), False))
    sorts = stream.n_resources == 1 and stream.rewards.shape[1] == 1
    if method == "sort" and not sorts:
        raise must("method", '"lp" or "milp" for several resources or actions', method)
    reason = "as asked"
    if method == "auto":
        method = "milp" if integer else "sort" if sorts else "lp"
        reason = {
            "milp": "requests may not be split",
            "sort": "one resource and one action: a fractional knapsack",
            "lp": "several resources or actions",
        }[method]
    if method == "sort":
        if stream.is_exact:
            times = np.array([Fraction(count) for count in times.tolist()], dtype=object)
        solution, prices = _knapsack(stream, times)
    else:
        solution, prices = relaxation(stream, times)
    if method == "milp":
        solution = whole_requests(stream, times)
    value = (stream.rewards * solution).sum()
    bound, weights = bound_anew(stream, prices, times)[0], None if counts is None else times
    if not stream.is_exact:
        value, bound = float(value), float(bound)
    certificate = DualityCertificate._of(value, bound, STATEMENT, prices, weights, solution)
    return Optimum(value, prices, solution, method, reason, certificate)


def fluid_optimum(
    types: RequestStream | tuple[ArrayLike, ArrayLike | SparseArray], probabilities: ArrayLike, rate: ArrayLike | Number
) -> Optimum:
    r"""Find the most that can be earned per period in the long run, when requests are drawn independently.

    Parameters
    ----------
    types : RequestStream, or pair of arrays
        The tables: rewards (N, d) and costs (N, d, m), in the shapes of `RequestStream`.
    probabilities : array of shape (N,)
        Probability of each type; they sum to 1.
    rate : array of shape (m,), or float
        Units of each resource per period.

    Returns
    -------
    Optimum
        min_mu E f*(mu) + mu . rate, its prices, and how often each action is taken per period. T times it bounds E OPT
        (statement DMD-F1).

    Raises
    ------
    TypeError
        If the rate is not a number and not an array of numbers.
    ValueError
        If shapes do not fit, the probabilities do not sum to 1, or the rate of a resource is not positive and finite.

    Examples
    --------
    >>> best = fluid_optimum(([3.0, 1.0], [1.0, 1.0]), [0.25, 0.75], 0.5)
    >>> best.value, best.prices.tolist(), best.solution.ravel().tolist()
    (1.0, [1.0], [0.25, 0.25])
    """
    tables = (types.rewards, types.costs) if isinstance(types, RequestStream) else types
    if not isinstance(tables, (tuple, list)) or len(tables) != 2:
        raise must("types", "a RequestStream, or a pair of rewards and costs", types)
    rewards, costs = tables
    if isinstance(rate, bool):
        raise must("rate", "a number or an array of shape (m,)", rate, TypeError)
    units = array("rate", rate, finite=False)
    if units.ndim > 1 or units.size == 0 or not ((units > 0) & (units < np.inf)).all():
        raise must("rate", "positive and finite, one number or of shape (m,) with at least one resource", rate)
    return hindsight_optimum(rewards, costs, rate, counts=probability_vector("probabilities", probabilities))


def _counts(stream: RequestStream, counts: ArrayLike | None) -> np.ndarray:
    """Return how often each row of the tables comes, (N,)."""
    n = len(stream.rewards)
    if counts is None:
        return np.ones(n) if stream.types is None else np.asarray(stream.counts)
    if stream.types is not None:
        raise must("counts", "left out where `types` are given", counts)
    return array("counts", counts, shape=(n,), low=0.0)


def _knapsack(stream: RequestStream, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve a fractional knapsack: the best rewards per unit are taken first, and one request perhaps in part.

    The price is the reward per unit of the first request that does not fit whole, or 0 where all fit.
    """
    rewards = stream.rewards[:, 0]
    costs = stream.costs.toarray()[:, 0] if sparse.issparse(stream.costs) else stream.costs[:, 0, 0]
    budget = stream.budget[0]
    taken = 0 * rewards
    free = (costs == 0) & (rewards > 0)  # without a ratio; taken at any price
    taken[free] = times[free]
    paying = np.flatnonzero((costs > 0) & (rewards > 0) & (times > 0))
    ratio = rewards[paying] / costs[paying]
    # rows of type k are one item of weight costs_k times_k; at the price of the break item all items before it have a
    # reduced reward of at least 0, all after it of at most 0, so this price proves the optimum (statement DMD-L2)
    order = paying[np.argsort(-ratio, kind="stable")]
    used = np.cumsum(costs[order] * times[order])
    n_whole = int((used <= budget).sum())
    taken[order[:n_whole]] = times[order[:n_whole]]
    price = 0 * budget
    if n_whole < len(order):
        last = order[n_whole]
        left = budget - (used[n_whole - 1] if n_whole else 0)
        taken[last] = left / costs[last]
        price = rewards[last] / costs[last]
    return taken[:, None], np.array([price])
