r"""Baselines for comparison: fixed prices, re-solved linear programs, and relatives of dual mirror descent.

All take the arguments of `allocate` and return its result, the dual bound at their average price included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._numbers import HUGE
from lrtheory._types import ArrayLike, Number, Rng, SparseArray
from lrtheory._validation import choice, flag, generator, integer, must, probability_vector, refuse_unused
from lrtheory.dual_mirror_descent.allocate import AllocationResult, Run, allocate, run_stream, summarize
from lrtheory.dual_mirror_descent.duality.optimum import fluid_optimum, hindsight_optimum
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.problem import RequestStream, one_stream
from lrtheory.dual_mirror_descent.runs.setup import StepSize, prepare
from lrtheory.dual_mirror_descent.theory.resources import per_resource

__all__ = ["adaptive_target", "fast_online_lp", "greedy", "history_dependent", "resolve", "static_price"]

#: the options that each rounding of `resolve` uses
OPTIONS: dict[str, set[str]] = {"half": set(), "random": {"rng"}}


@arrays("host")
def greedy(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    record: bool = False,
) -> AllocationResult:
    """Take the best action that the menu offers, at prices 0, until the budget is used up.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget, types : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`.
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        Run whose regret is of order T in general.

    Raises
    ------
    ValueError
        As `allocate`.

    Examples
    --------
    >>> greedy([1, 2], [1, 1], 1).reward
    1.0
    """
    found = allocate(rewards, costs, budget, types=types, step_size=0.0, record=record)
    return _renamed(found, "greedy")


@arrays("host")
def static_price(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    prices: ArrayLike | Number,
    types: ArrayLike | None = None,
    record: bool = False,
) -> AllocationResult:
    """Take the best action at fixed prices, such as those of the fluid optimum.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`.
    prices : array of shape (m,), or float
        mu, at least 0.
    types : int array of shape (T,), optional
        As in `allocate`.
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        Run whose regret is of order T for finitely many types: there the fluid prices leave ties, which are all turned
        down.

    Raises
    ------
    ValueError
        As `allocate`.

    Examples
    --------
    >>> static_price([1, 3, 2], [1, 1, 1], 1, prices=2.5).actions.tolist()
    [-1, 0, -1]
    """
    stream = one_stream(rewards, costs, budget, types=types)
    per_resource("prices", prices, stream.n_resources, 0)
    found = allocate(stream, init=prices, step_size=0.0, record=record)
    return _renamed(found, "static price")


@arrays("host")
def adaptive_target(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    step_size: StepSize = "theory",
    record: bool = False,
) -> AllocationResult:
    """Run dual mirror descent with an equal share of what remains as the target of each period.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget, types : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`.
    step_size : "theory", float, array of shape (T,), or callable
        As in `allocate`.
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        Run of ``allocate(..., target="adaptive")``.

    Raises
    ------
    ValueError
        As `allocate`.

    References
    ----------
    .. [1] W. Ma, Y. Cao, D. Tsang, D. Xia, Optimal regularized online allocation by adaptive re-solving,
       arXiv:2209.00399.

    Examples
    --------
    >>> adaptive_target([1, 1], [1, 1], 1.0, step_size=0.5).reward
    1.0
    """
    found = allocate(rewards, costs, budget, types=types, step_size=step_size, target="adaptive", record=record)
    return _renamed(found, "adaptive target")


@arrays("host")
def fast_online_lp(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    step_size: StepSize | None = None,
    record: bool = False,
) -> AllocationResult:
    r"""Run the simple fast online LP: Euclidean steps, and nothing is turned down for lack of budget.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget, types : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`.
    step_size : float, optional
        eta, by default 1 / sqrt(T).
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        Run whose consumption may exceed the budget, by (mu_{T+1} - mu_1) / eta at most (statement DMD-R1).

    Raises
    ------
    ValueError
        As `allocate`.

    References
    ----------
    .. [1] X. Li, C. Sun, Y. Ye, Simple and fast algorithm for binary integer and online linear programming,
       Mathematical Programming 200, 2023.

    Examples
    --------
    >>> fast_online_lp([1, 1], [1, 1], 1.0).consumption.tolist()
    [2.0]
    """
    stream = one_stream(rewards, costs, budget, types=types)
    setup = prepare(
        stream.budget,
        stream.horizon,
        stream.tolerance,
        reward_bound=stream.reward_bound,
        cost_bound=stream.cost_bound,
        step_size=stream.horizon**-0.5 if step_size is None else step_size,
    )
    # everything fits, and no time is a stopping time
    setup.resources[[steps.SLACK, steps.BOUND]] = [[HUGE], [-np.inf]]
    run = run_stream(stream, setup, record)
    return summarize(stream, run, method="fast online LP", overdraws=True)


@arrays("host")
def resolve(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    every: int = 1,
    rounding: Literal["half", "random"] = "half",
    record: bool = False,
    rng: Rng = None,
) -> AllocationResult:
    """Re-solve the fluid linear program with what remains, and follow its solution.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget, types : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`; with a table of types.
    probabilities : array of shape (N,), optional
        Probability of each type; by default its frequency so far.
    every : int
        Requests between two solutions, at least 1.
    rounding : {"half", "random"}
        Take an action when its fraction is at least one half (the largest one), or with that probability.
    record : bool
        Keep all prices.
    rng : Generator, int or None
        Source of randomness; for random rounding alone.

    Returns
    -------
    AllocationResult
        Run whose regret is bounded in T for known probabilities and rounding at one half.

    Raises
    ------
    ValueError
        If there is no table of types, the costs are sparse, `rng` is given without random rounding, or as `allocate`.

    References
    ----------
    .. [1] P. Bumpensanti, H. Wang, A re-solving heuristic with uniformly bounded loss for network revenue management,
       Management Science 66, 2020.

    Examples
    --------
    >>> resolve([3.0, 1.0], [1.0, 1.0], 1, types=[1, 0], probabilities=[0.5, 0.5]).reward
    3.0
    """
    stream = one_stream(rewards, costs, budget, types=types)
    if stream.is_exact:
        raise must("costs", "floats", "exact numbers")
    if stream.types is None:
        raise must("types", "given", stream.types)
    if sparse.issparse(stream.costs):
        raise must("costs", "dense", "a sparse array")
    known = None if probabilities is None else probability_vector("probabilities", probabilities)
    if known is not None and len(known) != len(stream.rewards):
        raise must("probabilities", f"of shape ({len(stream.rewards)},)", known.shape)
    every = integer("every", every, low=1)
    at_random = choice("rounding", rounding, tuple(OPTIONS)) == "random"
    refuse_unused(rounding, OPTIONS[rounding], "rounding", rng=(rng, None))
    coins = generator(rng).random(stream.horizon) if at_random else None
    seen = np.zeros(len(stream.rewards))
    plan = np.zeros_like(stream.rewards)

    def decide(t: int, row: int, left: np.ndarray, prices: np.ndarray) -> tuple[int, np.ndarray]:
        nonlocal plan
        seen[row] += 1
        if t % every == 0:
            law = seen / seen.sum() if known is None else known
            rate = np.maximum(left, 0.0) / (stream.horizon - t)
            if (rate > 0).all():
                best = fluid_optimum(stream, law, rate)
                # per request of a type, not per period; types that have not come yet have fraction 0 and law 0
                plan, prices = best.solution / np.maximum(law, 1e-300)[:, None], best.prices
            else:  # a depleted resource has no linear program; the last plan goes on with what still fits
                plan = plan * _fits(stream, left)
        shares = plan[row]
        if coins is not None:  # action i owns the interval of length shares[i] in [0, 1); what is left over is none
            action = int(np.searchsorted(np.cumsum(shares), coins[t], side="right"))
            return (action if action < len(shares) else -1), prices
        best_one = int(shares.argmax())
        return (best_one if shares[best_one] >= 0.5 else -1), prices

    return _follow(stream, decide, "resolve", record)


@arrays("host")
def history_dependent(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    every: int = 1,
    record: bool = False,
) -> AllocationResult:
    """Price by the linear program of the requests so far, with what remains as their capacity.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards, costs, budget, types : RequestStream, or arrays of the shapes of `allocate`
        As in `allocate`.
    every : int
        Requests between two linear programs, at least 1.
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        Run whose regret is of order log T loglog T for continuous, non-degenerate laws.

    Raises
    ------
    ValueError
        As `allocate`.

    References
    ----------
    .. [1] X. Li, Y. Ye, Online linear programming: dual convergence, new algorithms, and regret bounds, Operations
       Research 70, 2022.

    Examples
    --------
    >>> history_dependent([1.0, 3.0, 2.0], [1.0, 1.0, 1.0], 1.5).actions.tolist()
    [0, -1, -1]
    """
    stream = one_stream(rewards, costs, budget, types=types)
    if stream.is_exact or sparse.issparse(stream.costs):
        raise must("costs", "a dense array of floats", "exact numbers" if stream.is_exact else "a sparse array")
    every = integer("every", every, low=1)
    rows = np.arange(stream.horizon) if stream.types is None else stream.types

    def decide(t: int, row: int, left: np.ndarray, prices: np.ndarray) -> tuple[int, np.ndarray]:
        if t and t % every == 0 and (left > 0).all():
            # t past requests stand for those to come, so they get what remains in proportion
            past, capacity = rows[:t], t * left / (stream.horizon - t)
            prices = hindsight_optimum(stream.rewards[past], stream.costs[past], capacity).prices
        reduced = stream.rewards[row] - stream.costs[row] @ prices
        best = int(reduced.argmax())
        return (best if reduced[best] > 0 else -1), prices

    return _follow(stream, decide, "history dependent", record)


Decide = Callable[[int, int, np.ndarray, np.ndarray], tuple[int, np.ndarray]]


def _fits(stream: RequestStream, left: np.ndarray) -> np.ndarray:
    """Tell which actions of the tables fit what remains, (N, d) bool."""
    return (stream.costs <= left).all(axis=2)


def _follow(stream: RequestStream, decide: Decide, name: str, record: bool) -> AllocationResult:
    """Serve a stream by `decide`, which proposes an action and posts prices; what does not fit is turned down."""
    # the accounts are those of `steps.serve`, so that the result has the same fields and the same certificate
    horizon, m = stream.horizon, stream.n_resources
    rows = np.arange(horizon) if stream.types is None else stream.types
    bounds = {"reward_bound": stream.reward_bound, "cost_bound": stream.cost_bound}
    setup = prepare(stream.budget, horizon, stream.tolerance, **bounds, step_size=0.0)
    state, slack, rate = setup.state, setup.resources[steps.SLACK], stream.rate
    proposed, actions = np.full(horizon, -1), np.full(horizon, -1)
    paths, totals, counts = np.zeros((2, 4, m)), np.zeros((2, 2)), np.zeros(3, np.int64)
    trace = np.zeros((horizon + 1, m))
    # once less is left than one request may cost, a proposal may not fit: what is proved of a path ends there
    low = stream.cost_bound + slack
    tau = 0 if (stream.cost_bound > stream.budget + slack).any() else -1
    for t, row in enumerate(rows.tolist()):
        left, before = state[steps.LEFT], state[steps.PRICE].copy()
        # copies, so that a baseline cannot change the accounts that judge it
        proposed[t], prices = decide(t, row, left.copy(), before)
        counts[steps.QUERIES] += 1
        counts[steps.UPDATES] += bool((prices != before).any())
        state[steps.PRICE] = trace[t] = prices
        used = np.zeros(m)
        if proposed[t] >= 0:
            used = stream.costs[row, proposed[t]]
            gained = stream.rewards[row, proposed[t]]
            totals[0, steps.CONJUGATE] += gained - state[steps.PRICE] @ used
            if (used <= left + slack).all():
                actions[t] = proposed[t]
                left -= used
                totals[0, steps.REWARD] += gained
        paths[0, steps.PRICES] += state[steps.PRICE]
        paths[0, steps.VALUES] += state[steps.PRICE] * rate
        paths[0, steps.REGRET] += state[steps.PRICE] * (rate - used)
        paths[0, steps.SQUARES] += (rate - used) ** 2
        if tau < 0 and (left <= low).any():
            tau, paths[1], totals[1] = t + 1, paths[0], totals[0]
    if tau < 0:
        tau, paths[1], totals[1] = horizon, paths[0], totals[0]
    trace[horizon] = state[steps.PRICE]
    ledger = steps.Ledger(proposed, actions, paths, totals, counts, trace if flag("record", record) else trace[:0])
    return summarize(stream, Run(ledger, state, tau), method=name)


def _renamed(found: AllocationResult, name: str) -> AllocationResult:
    """Return a result under the name of a baseline."""
    return replace(found, method=name)
