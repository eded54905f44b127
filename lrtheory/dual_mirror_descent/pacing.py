r"""Adaptive pacing bids in repeated auctions under one budget, from a bidder's own values and own payments.

With a step size and bounds that are known beforehand nothing else is used; `pace` can also take the bounds from the
whole sequence, competing bids of lost auctions included, and the certificate always looks back at all of it.

A bidder with multiplier mu bids v / (1 + mu), or v / mu where value and not utility counts. This is dual mirror descent
with one resource (see [1]_): mu rises by eta times what was paid beyond budget / T, and falls by what was not.

References
----------
.. [1] S. Balseiro, Y. Gur, Learning in repeated auctions with budgets, Management Science 65, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import arrays, kernel, kernel_input
from lrtheory._numbers import HUGE
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, choice, flag, must, open_interval, real
from lrtheory.dual_mirror_descent.duality.weak import STATEMENT, AllocationCertificate, dual_value
from lrtheory.dual_mirror_descent.prices.steps import copy_into
from lrtheory.dual_mirror_descent.problem import TOLERANCE, RequestStream
from lrtheory.dual_mirror_descent.runs.setup import StepSize, step_sizes
from lrtheory.dual_mirror_descent.streams.reading import Auctions

__all__ = ["PacingResult", "pace"]


@result
class PacingResult(Result):
    r"""The result of pacing: the bids, and what they won and paid.

    Attributes
    ----------
    bids : float64 array of shape (T,)
        v_t / (1 + mu_t), or v_t / mu_t.
    wins : bool array of shape (T,)
        Auctions won and paid for; a bid above the competing one that the budget could not pay for does not win.
    payments : float64 array of shape (T,)
        Payment in each auction; 0 where it was not won.
    spend : float
        Paid in all.
    reward : float
        Utility or value of the auctions won.
    multipliers : float64 array of shape (1,)
        mu_{T+1}, a warm start.
    stopping_time : int
        The first time after which the largest competing bid may be more than what remains; T if there is none.
    path : mapping
        ``dual_values``, ``path_regret`` and ``squared_gradients``, as in `AllocationResult`.
    names : tuple of str, or None
        Names of the auctions, where they come from a log.
    method : str
        The objective.
    counts : mapping
        ``queries``: bids; ``updates`` of the multiplier.
    certificate : AllocationCertificate
        Dual bound at the average multiplier.
    trace : mapping or None
        ``multipliers`` (T + 1,) when recorded.
    """

    bids: np.ndarray
    wins: np.ndarray
    payments: np.ndarray
    spend: float
    reward: float
    multipliers: np.ndarray
    stopping_time: int
    path: Mapping[str, float]
    names: tuple[str, ...] | None
    method: str
    counts: Mapping[str, int]
    certificate: AllocationCertificate
    trace: Mapping[str, np.ndarray] | None

    def _columns(self) -> dict[str, Any]:
        names = range(1, len(self.bids) + 1) if self.names is None else self.names
        return {"auction": names, "bid": self.bids, "won": self.wins, "paid": self.payments}

    def _facts(self) -> list[str]:
        won = f"won {int(self.wins.sum()):,} of {len(self.wins):,} auctions and paid {self.spend:.6g}"
        best = f"earned {self.reward:.6g}; no bids in hindsight earn more than {self.certificate.bound:.6g}"
        return [won, f"{best} ({self.certificate.statement})"]

    def _draw(self, ax: Any) -> None:
        curves(ax, range(1, len(self.bids) + 1), {"spent": self.payments.cumsum()}, xlabel="auction", ylabel="spent")


@arrays("host")
def pace(
    values: Auctions | str | PathLike[str] | ArrayLike,
    competing_bids: ArrayLike | None = None,
    budget: Number | None = None,
    *,
    auction: Literal["second_price"] = "second_price",
    objective: Literal["utility", "value"] = "utility",
    step_size: StepSize = "theory",
    init: Number = 0.0,
    reward_bound: Number | None = None,
    cost_bound: Number | None = None,
    record: bool = False,
) -> PacingResult:
    r"""Bid in second-price auctions under a budget, by adaptive pacing.

    Arrays: any (copied to the host)

    Parameters
    ----------
    values : Auctions, path, data frame with several columns, or array of shape (T,)
        A log of auctions alone, or what winning each is worth, at least 0, in units of money.
    competing_bids : array of shape (T,), optional
        Highest bid of the others, which the winner pays; at least 0. Left out with a log. With both bounds given, the
        bids depend on it only through payments.
    budget : float
        Money for all auctions, above 0.
    auction : {"second_price"}
        The rule.
    objective : {"utility", "value"}
        Values less payments, or values alone.
    step_size : "theory", float, array of shape (T,), or callable
        eta, as in `allocate`.
    init : float
        mu_1, at least 0.
    reward_bound, cost_bound : float, optional
        Suprema of what an auction may earn and of the competing bids, over all auctions that could come. By default the
        largest ones of this sequence, lost auctions included, which a bidder does not see: give both to run on what a
        bidder knows. The step size "theory" depends on both, the stopping time on `cost_bound`; bids on nothing else.
    record : bool
        Keep all multipliers.

    Returns
    -------
    PacingResult
        The `bids` and `wins`, both (T,), what was paid and earned in `spend` and `reward`, and in `certificate.bound`
        what hindsight could have earned at most.

    Raises
    ------
    ValueError
        If a number is negative or not finite, the budget is not positive, or a bound is below the largest entry.
    TypeError
        If the budget is missing, or the competing bids are missing or stand beside a log.

    Notes
    -----
    Bids v / (1 + mu) win exactly where v - d > mu d (statement DMD-S6), so this is `allocate` with one resource and its
    guarantees hold: E[OPT - reward] <= C1 + C2 eta T + C3 / eta for independent auctions of one law (DMD-T1), and
    OPT <= certificate.bound for every run (DMD-L1).

    Examples
    --------
    >>> found = pace([1.0, 1.0], [0.5, 0.5], 1.0, step_size=0.5)
    >>> found.bids.tolist(), found.wins.tolist(), found.spend
    ([1.0, 1.0], [True, True], 1.0)
    """
    v, d, names = _auctions(values, competing_bids)
    if budget is None:
        raise must("budget", "given", None, TypeError)
    money = open_interval("budget", budget, 0, np.inf)
    choice("auction", auction, ("second_price",))
    utility = choice("objective", objective, ("utility", "value")) == "utility"
    start, record = real("init", init, low=0, high=HUGE), flag("record", record)
    horizon, gains = len(v), v - d if utility else v
    stream = RequestStream(gains, d, money, reward_bound=reward_bound, cost_bound=cost_bound)
    rate = np.array([money / horizon])
    etas = step_sizes(step_size, horizon, rate, stream.reward_bound, stream.cost_bound, "euclidean", [start])
    bids, wins, path = np.empty(horizon), np.zeros(horizon, np.bool_), np.empty(horizon + 1)
    path[0] = start
    ledger = Ledger(bids, wins, path, np.zeros((2, 3)), np.zeros(2, np.int64))
    market = Market(kernel_input(v), kernel_input(d), money, float(stream.cost_bound[0]), TOLERANCE * money, utility)
    tau = int(_pace(market, etas, ledger))
    with np.errstate(over="ignore"):
        average, reward, spend = path[:-1].mean(), float(gains[wins].sum()), float(d[wins].sum())
    if not np.isfinite(reward):
        raise must("values", "small enough for a finite sum", float(v.max()))
    bound = dual_value(stream, np.array([average]))
    if not np.isfinite(bound):
        raise must("values", "small enough for finite multipliers and a finite dual bound", float(v.max()))
    fields = {"prices": np.array([average]), "fairness": 0.0, "actions": np.where(wins, 0, -1)}
    certificate = AllocationCertificate._of(reward, bound, STATEMENT, **fields)
    return PacingResult(
        bids=bids,
        wins=wins,
        payments=np.where(wins, d, 0.0),
        spend=spend,
        reward=reward,
        multipliers=path[-1:].copy(),
        stopping_time=tau,
        names=names,
        method=objective,
        counts=dict(zip(("queries", "updates"), ledger.counts.tolist(), strict=True)),
        path=dict(zip(("dual_values", "path_regret", "squared_gradients"), ledger.sums[1].tolist(), strict=True)),
        certificate=certificate,
        trace={"multipliers": path} if record else None,
    )


def _auctions(values: Any, competing_bids: Any) -> tuple[np.ndarray, np.ndarray, tuple[str, ...] | None]:
    """Return the values, the highest bids of the others, and the names of the auctions where they come from a log."""
    log = Auctions.of(values)
    if log is not None and competing_bids is not None:
        raise must("competing_bids", "left out where the first argument is a log", competing_bids, TypeError)
    if log is None and competing_bids is None:
        raise must("competing_bids", "given", None, TypeError)
    given = (values, competing_bids) if log is None else (log.values, log.prices)
    v = array("values", given[0], shape=(None,), low=0.0).astype(np.float64)
    d = array("competing_bids", given[1], shape=(len(v),), low=0.0).astype(np.float64)
    if len(v) == 0:
        raise must("values", "of at least one auction", v.shape)
    return v, d, None if log is None else log.names


class Market(NamedTuple):
    """The auctions and the bidder's budget; the arrays are read-only, as they come from `kernel_input`."""

    values: np.ndarray  # (T,)
    competing: np.ndarray  # highest bids of the others (T,)
    budget: float
    cost_bound: float  # the largest competing bid of any auction
    slack: float  # money that rounding may overdraw
    utility: bool  # whether payments count, or values alone


class Ledger(NamedTuple):
    """Output of `_pace`, in arrays that the caller has made."""

    bids: np.ndarray  # (T,)
    wins: np.ndarray  # (T,)
    path: np.ndarray  # multipliers, of which the first is given (T + 1,)
    sums: np.ndarray  # sums of D_t(mu_t), mu_t g_t and g_t^2, of the whole run and up to the stopping time (2, 3)
    counts: np.ndarray  # bids, and updates of the multiplier (2,)


@kernel
def _pace(market, etas, ledger):
    """Bid in all auctions in turn, write the ledger, and return the stopping time; etas are (1,) or (T,)."""
    values, competing, budget, cost_bound, slack, utility = market
    bids, wins, path, sums, counts = ledger
    horizon = values.shape[0]
    rate, left = budget / horizon, budget
    stopping_time = 0 if cost_bound > budget + slack else -1
    for t in range(horizon):
        mu = path[t]
        shade = 1.0 + mu if utility else mu  # v - d - mu d > 0 where utility counts, v - mu d > 0 where value does
        bids[t] = values[t] / shade if shade > 0.0 else np.inf
        counts[0] += 1
        payment = 0.0
        conjugate = 0.0
        if values[t] > 0.0 and bids[t] > competing[t]:
            payment = competing[t]  # that of the proposal, which moves the multiplier even where it is not affordable
            conjugate = values[t] - shade * payment
            if payment <= left + slack:
                wins[t] = True
                left -= payment
        gradient = rate - payment
        sums[0, 0] += conjugate + mu * rate
        sums[0, 1] += mu * gradient
        sums[0, 2] += gradient * gradient
        if stopping_time < 0 and left <= cost_bound + slack:
            stopping_time = t + 1
            copy_into(sums[1:], sums[:1])
        path[t + 1] = max(0.0, mu - etas[t if etas.shape[0] > 1 else 0] * gradient)
        counts[1] += 1
    if stopping_time < 0:
        stopping_time = horizon
        copy_into(sums[1:], sums[:1])
    return stopping_time
