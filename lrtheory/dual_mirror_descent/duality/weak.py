r"""Weak duality bounds every allocation by the dual function, at any prices.

.. math:: OPT \le \sum_t D_t(\mu) = \sum_t f^*_t(\mu) + \mu \cdot B \qquad (\mu \ge 0)

because for every feasible allocation f_t(x_t) <= f*_t(mu) + mu . b_t(x_t), and the costs sum to B at most.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import arrays, interpreted, kernel_input, sparse
from lrtheory._numbers import HUGE
from lrtheory._result import Certificate, read_only, result
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import array, must, real
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.problem import ROUNDING, RequestStream, known_stream, one_stream
from lrtheory.dual_mirror_descent.runs.setup import in_domain

__all__ = ["AllocationCertificate", "dual_bound"]

STATEMENT = "dual_mirror_descent/DMD-L1"


class _Later(Certificate):
    """Base of certificates that are computed when they are first read, from a stream that nobody can change."""

    __slots__ = ("_stream",)
    prices: np.ndarray

    def __getattr__(self, name: str) -> Any:  # only what is not there comes here
        if name not in ("bound", "gap"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        stream, set_field = self._stream, object.__setattr__
        if stream is not None:  # else another thread has been here in the meantime
            bound = dual_value(stream, self.prices)
            set_field(self, "bound", bound)
            set_field(self, "gap", abs(self.achieved - bound))
            set_field(self, "_stream", None)
        return object.__getattribute__(self, name)


@result
class AllocationCertificate(_Later):
    r"""A proof that a run is near the optimum of its own stream.

    A `RequestStream` that has a copy of its own of the costs cannot change; then bound and gap are computed when one of
    them is first read, and the certificate keeps the stream until then.

    Attributes
    ----------
    achieved : float
        The objective of the run: its reward, plus fairness T min_j (consumption_j / budget_j) where asked for.
    bound : float
        sum_t D_t(mu) at the average price: no allocation of this stream has a larger objective.
    prices : float64 array of shape (m,)
        The price mu of the bound.
    fairness : float
        Weight of the max-min fair term of the objective.
    actions : int64 array of shape (T,)
        Actions that earn the reward; those that do not fit the remaining budget are taken in part.
    """

    achieved: Number
    bound: Number
    gap: Number
    prices: np.ndarray
    fairness: Number
    actions: np.ndarray

    _statements = (STATEMENT,)

    def verify(self, problem: RequestStream) -> bool:
        """Compute the bound from its prices anew, by another route than the run, and the objective from its actions.

        Parameters
        ----------
        problem : RequestStream
            The stream of the run; for `pace` that of the gains, with the competing bids as costs.

        Returns
        -------
        bool
            Whether the prices prove the bound, the actions earn what was achieved, and the gap is that of both; up to
            rounding, relative to each of them. False for a run that has overdrawn the budget.

        Raises
        ------
        TypeError
            If the problem is not a RequestStream.
        """
        problem = known_stream(problem)
        prices, actions = np.asarray(self.prices), np.asarray(self.actions)
        if prices.shape != problem.budget.shape or actions.shape != (problem.horizon,) or not self._is_sound():
            return False
        if actions.dtype.kind not in "iu" or not ((actions >= -1) & (actions < problem.rewards.shape[1])).all():
            return False
        owed = (np.maximum(-prices, 0 * prices) * problem.rate).sum()
        if not (0 <= self.fairness <= HUGE and owed <= self.fairness * (1 if problem.is_exact else 1 + ROUNDING)):
            return False
        bound, size = bound_anew(problem, prices)
        allowance, error = self.fairness * problem.horizon if self.fairness > 0 else 0, rounding(problem)
        if not agree(self.bound, bound + allowance, error * (size + allowance)):
            return False
        value, used, size = _replayed(problem, actions)
        fair = allowance * (used / problem.budget).min() if self.fairness > 0 else 0 * value
        return proves(self, value + fair, error * (size + fair))


def rounding(problem: RequestStream) -> Any:
    """Bound how much two sums over the requests in different orders may differ, relative to the sum of the sizes."""
    # a sum of n terms is off by at most n 2^-53 times the sum of their sizes, in any order, so two are within n 2^-52;
    # the rest of 2^-51 (n + 16) is for the roundings within the terms
    n_terms = problem.horizon + len(problem.rewards) + problem.n_resources
    return 0 if problem.is_exact else (n_terms + 16) * 2.0**-51


def agree(stated: Any, found: Any, error: Any) -> bool:
    """Tell whether two numbers are within an error of each other, which is below infinity."""
    return bool(abs(stated - found) <= error <= HUGE)


def proves(certificate: Any, value: Any, error: Any) -> bool:
    """Tell whether what a certificate says was achieved is right, and at most its bound."""
    return agree(certificate.achieved, value, error) and bool(certificate.bound - certificate.achieved >= -error)


def bound_anew(problem: RequestStream, prices: np.ndarray, times: np.ndarray | None = None) -> tuple[Any, Any]:
    """Compute the dual function without the kernels, in plain array arithmetic, and the sum of its terms' sizes."""
    priced = problem.costs @ prices
    priced = priced[:, None] if sparse.issparse(problem.costs) else priced
    best = (problem.rewards - priced).argmax(axis=1)[:, None]
    earned, paid = (np.take_along_axis(table, best, axis=1)[:, 0] for table in (problem.rewards, priced))
    gainful = earned > paid
    times = problem.counts if times is None else times
    weights = gainful if times is None else gainful * times
    budget = abs(prices) @ problem.budget
    return (weights * (earned - paid)).sum() + prices @ problem.budget, (
        weights * (abs(earned) + abs(paid))
    ).sum() + budget


def _replayed(problem: RequestStream, actions: np.ndarray) -> tuple[Any, np.ndarray, Any]:
    """Replay actions, each taken as far as it fits: total reward, units used (m,), and sum of the sizes of rewards."""
    at = np.flatnonzero(actions >= 0)
    rows, chosen = at if problem.types is None else problem.types[at], actions[at]
    is_sparse = sparse.issparse(problem.costs)
    earned, used = problem.rewards[rows, chosen], problem.costs[rows] if is_sparse else problem.costs[rows, chosen]
    slack = problem.budget * problem.tolerance
    if (used.sum(axis=0) > problem.budget + slack).any():  # some do not fit whole
        shares, left = 0 * earned + 1, problem.budget
        for i in range(len(at)):
            cost = used[[i]].toarray()[0] if is_sparse else used[i]
            if (cost > left + slack).any():
                shares[i] = min(max(0, units) / c for units, c in zip(left, cost, strict=True) if c > max(0, units))
            left = left - shares[i] * cost
        earned = earned * shares
        return earned.sum(), problem.budget - left, abs(earned).sum()
    return earned.sum(), used.sum(axis=0), abs(earned).sum()


@arrays("host")
def dual_bound(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    prices: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    fairness: Number = 0.0,
) -> float | Fraction:
    r"""Compute the dual function sum_t D_t(mu), which no allocation exceeds at any prices mu >= 0 (statement DMD-L1).

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards : RequestStream, or array of shape (T, d) or (T,)
        A stream alone, or the reward of each action of each request.
    costs : array of shape (T, d, m), (T, m) or (T,), or sparse array of shape (T, m)
        Units that each action uses.
    budget : array of shape (m,), or float
        Units of each resource.
    prices : array of shape (m,), or float
        mu, in reward per unit; at least 0, or sum_j rho_j max(0, -mu_j) <= fairness.
    types : int array of shape (T,), optional
        Rows of the tables.
    fairness : float
        Weight of the max-min fair term of the objective, as in `allocate`.

    Returns
    -------
    float
        sum_t max_x (f_t(x) - mu . b_t(x))^+ + mu . budget + fairness T; a Fraction for exact numbers.

    Raises
    ------
    ValueError
        If shapes do not fit, the prices lie outside of their domain, or there are many streams over one table.
    TypeError
        If an argument is missing.

    Examples
    --------
    >>> dual_bound([3, 2, 1], [1, 1, 1], 2, 1.5)
    5.0
    """
    if prices is None:
        raise must("prices", "given", prices, TypeError)
    stream = one_stream(rewards, costs, budget, types=types)
    real("fairness", fairness, low=0, high=HUGE)
    given = array("prices", prices)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != stream.n_resources):
        raise must("prices", f"one price, or of shape ({stream.n_resources},)", given.shape)
    mu = in_domain("prices", np.array(np.broadcast_to(given, (stream.n_resources,))), stream.rate, fairness)
    value = dual_value(stream, mu)
    return value + fairness * stream.horizon if fairness > 0 else value


def dual_value(stream: RequestStream, prices: np.ndarray) -> Any:
    """Compute the dual function of a stream at checked prices; rows that come several times are visited once."""
    counts = stream.counts
    if sparse.issparse(stream.kernel_costs):
        best = np.maximum(stream.rewards[:, 0] - stream.kernel_costs @ prices, 0.0)
        conjugates = best.sum() if counts is None else best @ counts
    else:
        total, kind = (interpreted(steps), object) if stream.is_exact else (steps, np.float64)
        table, rewards = kernel_input(prices[None], kind), kernel_input(stream.rewards, kind)
        times = steps.NO_COUNTS if counts is None else kernel_input(counts, kind)
        conjugates = total.conjugate_sum(rewards, kernel_input(stream.kernel_costs), times, table)
    value = conjugates + prices @ stream.budget
    return value if stream.is_exact else float(value)


def certificate_of(
    stream: RequestStream,
    actions: np.ndarray,
    prices: np.ndarray,
    reward: Any,
    consumption: np.ndarray,
    fairness: Number,
) -> AllocationCertificate:
    """Make the certificate of a run: the dual bound at the given prices against the objective that it reached.

    A bound that is not finite is an error.
    """
    if stream.is_owned and not fairness > 0:
        # prices of at least 0 have at most this bound, which rounding does not double: one that waits is finite too
        most = stream.horizon * float(stream.reward_bound) + float(prices @ stream.budget)
        if math.isfinite(2 * most):
            return _deferred(stream, actions, prices, float(reward))
    bound = dual_value(stream, prices)
    if not stream.is_exact and not math.isfinite(bound):
        raise must("rewards", "small enough for finite prices and a finite dual bound", stream.reward_bound)
    value = reward
    if fairness > 0:
        # the conjugate of the fair term is its largest value, at consumption = budget, on the domain of the prices
        bound = bound + fairness * stream.horizon
        value = value + fairness * stream.horizon * (consumption / stream.budget).min()
    number = (lambda x: x) if stream.is_exact else float
    fields = {"prices": prices, "fairness": fairness, "actions": actions}
    return AllocationCertificate._of(number(value), number(bound), STATEMENT, **fields)


def _deferred(stream: RequestStream, actions: np.ndarray, prices: np.ndarray, value: float) -> AllocationCertificate:
    """Make a certificate whose bound and gap are computed when they are read; the arrays are its own."""
    certificate = object.__new__(AllocationCertificate)
    fields = {"achieved": value, "prices": read_only(prices), "fairness": 0.0, "actions": read_only(actions)}
    for name, field in (*fields.items(), ("statement", STATEMENT), ("_stream", stream)):
        object.__setattr__(certificate, name, field)
    return certificate
