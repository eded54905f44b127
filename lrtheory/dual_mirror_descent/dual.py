r"""Weak duality: what no allocation can exceed, from any prices.

.. math:: OPT \le \sum_t D_t(\mu) = \sum_t f^*_t(\mu) + \mu \cdot B \qquad (\mu \ge 0)

because for every feasible allocation f_t(x_t) <= f*_t(mu) + mu . b_t(x_t), and the costs sum to B at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays, interpreted, kernel_input
from lrtheory._numbers import HUGE
from lrtheory._result import Result, result
from lrtheory._validation import array, must, real
from lrtheory.dual_mirror_descent import steps
from lrtheory.dual_mirror_descent.problem import ROUNDING, RequestStream, one_stream
from lrtheory.dual_mirror_descent.setup import in_domain
from lrtheory.dual_mirror_descent.steps import CONJUGATE, REGRET, SQUARES, VALUES

__all__ = ["Certificate", "dual_bound"]


@result
class Certificate(Result):
    r"""A proof that a run is near the optimum of its own stream, and the terms of the regret bound along it.

    Attributes
    ----------
    bound : float
        sum_t D_t(mu) at the average price: no allocation of this stream has a larger objective.
    value : float
        The objective of the run: its reward, plus fairness T min_j (consumption_j / budget_j) where asked for.
    gap : float
        bound - value, at least 0.
    prices : float64 array of shape (m,)
        The price mu of the bound.
    dual_values : float
        sum_{t <= tau} D_t(mu_t).
    path_regret : float
        sum_{t <= tau} mu_t . g_t; `dual_values` less this is the reward up to tau (statement DMD-L6).
    squared_gradients : float
        sum_{t <= tau} \|g_t\|^2, in squared units of the resources.
    unused_periods : int
        T - tau.
    fairness : float
        Weight of the max-min fair term of the objective.
    statement : str
        What is proved, in the words of a statement.
    """

    bound: Any
    value: Any
    gap: Any
    prices: np.ndarray
    dual_values: Any
    path_regret: Any
    squared_gradients: Any
    unused_periods: int
    fairness: Any
    statement: str

    def verify(self, problem: RequestStream) -> bool:
        """Compute the bound from its prices anew, by another route than the run.

        Parameters
        ----------
        problem : RequestStream
            The stream of the run.

        Returns
        -------
        bool
            Whether the prices prove the bound, up to rounding, and the value does not exceed it.
        """
        prices, costs = np.asarray(self.prices), problem.costs
        if prices.shape != problem.budget.shape:
            return False
        offers = (
            problem.rewards - (costs @ prices)[:, None] if sparse.issparse(costs) else problem.rewards - costs @ prices
        )
        best = np.maximum(offers.max(axis=1), 0)
        counts = problem.counts
        owed = float(np.maximum(-prices * problem.rate, 0).sum())
        bound = (best if counts is None else best * counts).sum() + prices @ problem.budget
        bound = float(bound) + float(self.fairness) * problem.horizon
        scale = ROUNDING * (1 + abs(bound))
        proved = abs(float(self.bound) - bound) <= scale and float(self.value) <= bound + scale
        honest = abs(max(bound - float(self.value), 0.0) - float(self.gap)) <= 2 * scale
        return bool(proved and honest and owed <= float(self.fairness) * (1 + ROUNDING))


@arrays("host")
def dual_bound(
    rewards: RequestStream | Any,
    costs: Any = None,
    budget: Any = None,
    prices: Any = None,
    *,
    types: Any = None,
    fairness: Any = 0.0,
) -> Any:
    r"""The dual function sum_t D_t(mu): no allocation earns more, at any prices mu >= 0 (statement DMD-L1).

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
    """The dual function of a stream at checked prices; rows that come several times are visited once."""
    counts = stream.counts
    if sparse.issparse(stream.costs):
        best = np.maximum(stream.rewards[:, 0] - stream.costs @ prices, 0.0)
        conjugates = best.sum() if counts is None else best @ counts
    else:
        total = (interpreted(steps) if stream.is_exact else steps).conjugate_sum
        table = kernel_input(prices[None], object if stream.is_exact else np.float64)
        times = steps.NO_COUNTS if counts is None else kernel_input(counts, object if stream.is_exact else np.float64)
        conjugates = total(kernel_input(stream.rewards), kernel_input(stream.costs), times, table)
    value = conjugates + prices @ stream.budget
    return value if stream.is_exact else float(value)


def certificate_of(
    stream: RequestStream, run: Any, prices: np.ndarray, reward: Any, consumption: np.ndarray, fairness: Any
) -> Certificate:
    """The certificate of a run that left its sums behind."""
    stopped, conjugates = run.paths[1], run.totals[1, CONJUGATE]
    bound = dual_value(stream, prices)
    value = reward
    if fairness > 0:
        # the conjugate of the fair term is its largest value, at consumption = budget, on the domain of the prices
        bound = bound + fairness * stream.horizon
        value = value + fairness * stream.horizon * (consumption / stream.budget).min()
    number = (lambda x: x) if stream.is_exact else float
    gap = bound - value
    return Certificate(
        bound=bound,
        value=number(value),
        gap=number(gap if gap > 0 else 0 * gap),
        prices=prices,
        dual_values=number(conjugates + stopped[VALUES].sum()),
        path_regret=number(stopped[REGRET].sum()),
        squared_gradients=number(stopped[SQUARES].sum()),
        unused_periods=stream.horizon - run.stopping_time,
        fairness=fairness,
        statement="dual_mirror_descent/DMD-L1",
    )
