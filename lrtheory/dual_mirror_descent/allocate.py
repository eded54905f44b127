r"""Dual mirror descent over a stream of requests: one price per resource, moved by what each request would use.

The algorithm (see [1]_) never learns how the requests come. Its expected regret against the hindsight optimum is

.. math:: E[OPT - R] \le C_1 + C_2 \eta T + C_3 / \eta = O(\sqrt T)

for independent requests (statement DMD-T1), OPT - alpha R is bounded likewise for every sequence, with alpha = max(1,
max b / rho) (statement DMD-T2), and Markov, periodic and slightly corrupted input lie between (`theory.regret_bound`).

Whatever the input, a run proves how good it was: by weak duality no allocation earns more than
sum_t D_t(mu) for any mu >= 0, and the average price of the run is a good mu (statement DMD-L1).

References
----------
.. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
   Operations Research 71, 2023, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import arrays, interpreted, kernel_input, sparse
from lrtheory._result import Result, result
from lrtheory._result.display import bars
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import flag, must
from lrtheory.dual_mirror_descent.duality.weak import AllocationCertificate, certificate_of
from lrtheory.dual_mirror_descent.prices import deferred, steps
from lrtheory.dual_mirror_descent.prices.steps import (
    CONJUGATE,
    LEFT,
    PRICE,
    PRICES,
    REGRET,
    REWARD,
    SQUARES,
    VALUES,
    Ledger,
    Menus,
    Setup,
)
from lrtheory.dual_mirror_descent.problem import Names, RequestStream, one_stream
from lrtheory.dual_mirror_descent.runs.setup import StepSize, prepare

__all__ = ["AllocationResult", "allocate"]

Geometry = Literal["euclidean", "scaled-euclidean", "entropy", "capped-entropy"]


@result
class AllocationResult(Result):
    r"""The result of serving a stream of requests: what was done, what it earned, and how far from the optimum it is.

    Attributes
    ----------
    actions : int64 array of shape (T,)
        The action taken for each request, -1 for none.
    proposed : int64 array of shape (T,)
        The action that was best at the prices, whether or not it fitted the budget.
    reward : float
        Sum of the rewards of `actions`.
    consumption, remaining : float64 array of shape (m,)
        Units used and left over.
    prices : float64 array of shape (m,)
        Average of mu_1, ..., mu_T.
    last_prices : float64 array of shape (m,)
        mu_{T+1}, a warm start for another run.
    stopping_time : int
        tau: the first time after which a request may not fit the budget; up to it every proposal was taken. T if there
        is none, 0 if one request may need more than the budget.
    n_rejected : int
        Proposals in place of which nothing or another action was taken.
    n_clipped : int
        Proposals of which only the share that fitted was taken.
    path : mapping
        The terms of the proof, sums over the requests up to tau: ``dual_values`` of D_t(mu_t), ``path_regret`` of
        mu_t . g_t, which is the former less the reward up to tau (statement DMD-L6), and ``squared_gradients`` of
        \|g_t\|^2, in squared units of the resources.
    names : Names or None
        Names of the requests, actions and resources, as the stream has them.
    method : str
        The geometry, or the name of a baseline.
    message : str
        Sentence that says how proposals that did not fit were treated.
    counts : mapping
        ``queries``: evaluations of a menu, a second one where "restrict" looks for what fits in a dense menu;
        ``updates`` of the prices.
    certificate : AllocationCertificate
        The dual bound at the average price.
    trace : mapping or None
        ``prices`` (T + 1, m) when recorded.
    """

    actions: np.ndarray
    proposed: np.ndarray
    reward: Number
    consumption: np.ndarray
    remaining: np.ndarray
    prices: np.ndarray
    last_prices: np.ndarray
    stopping_time: int
    n_rejected: int
    n_clipped: int
    path: Mapping[str, Number]
    names: Names | None
    method: str
    message: str
    counts: Mapping[str, int]
    certificate: AllocationCertificate
    trace: Mapping[str, np.ndarray] | None

    def _columns(self) -> dict[str, Any]:
        taken = np.asarray(self.actions).tolist()
        if self.names is None:
            return {"request": range(len(taken)), "action": [None if action < 0 else action for action in taken]}
        names = self.names.actions
        return {"request": self.names.requests, "action": [None if a < 0 else names[a] for a in taken]}

    def _facts(self) -> list[str]:
        bound, reward = self.certificate.bound, self.certificate.achieved
        best = f"earned {float(reward):.6g}; no allocation in hindsight earns more than {float(bound):.6g}"
        names = self._resources()
        used = [
            f"{name}: used {float(spent):.6g} of {float(spent + left):.6g}, average price {float(price):.4g}"
            for name, spent, left, price in zip(names, self.consumption, self.remaining, self.prices, strict=True)
        ]
        more = [f"and {len(used) - 8} more resources"] if len(used) > 8 else []
        return [f"{best} ({self.certificate.statement})", *used[:8], *more, self.message]

    def _resources(self) -> Sequence[str]:
        return range_of(len(self.prices)) if self.names is None else self.names.resources

    def _draw(self, ax: Any) -> None:
        budgets = np.asarray(self.consumption + self.remaining, dtype=float)
        shares = np.asarray(self.consumption, dtype=float) / budgets
        bars(ax, self._resources(), shares, label="share of the budget that was used")


def range_of(n: int) -> list[str]:
    """Return names of resources that have none: ``resource 0`` and so on."""
    return [f"resource {j}" for j in range(n)]


class Run(NamedTuple):
    """A finished run: its ledger, the state after the last request, and the stopping time."""

    ledger: Ledger
    state: np.ndarray
    stopping_time: int


@arrays("host")
def allocate(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    geometry: Geometry = "euclidean",
    step_size: StepSize = "theory",
    lazy: bool = False,
    init: ArrayLike | Number | None = None,
    target: ArrayLike | Literal["adaptive"] | None = None,
    on_depletion: Literal["reject", "clip", "restrict"] = "reject",
    fairness: Number = 0.0,
    price_cap: ArrayLike | Number | None = None,
    reward_bound: Number | None = None,
    cost_bound: ArrayLike | Number | None = None,
    record: bool = False,
) -> AllocationResult:
    r"""Serve a stream of requests online, by dual mirror descent.

    Arrays: any (copied to the host)

    Parameters
    ----------
    rewards : RequestStream, or array of shape (T, d) or (T,)
        A stream alone, or the reward of each action of each request.
    costs : array of shape (T, d, m), (T, m) or (T,), or sparse array of shape (T, m)
        Units that each action uses; sparse ones take O(non-zeros) per request.
    budget : array of shape (m,), or float
        Units of each resource, above 0.
    types : int array of shape (T,), optional
        Rows of `rewards` and `costs`, which then are tables of request types.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The reference function: prices move by steps, by steps in units of what a budget is worth, by factors, or by
        factors within rho . mu <= f_bar. The scaled and the capped one do not depend on the units of the resources,
        with a step size of their own or with "theory".
    step_size : "theory", float, array of shape (T,), or callable
        eta: the best for independent requests, a constant, a schedule, or a function of t = 1, ..., T. "theory" needs
        `reward_bound` and `cost_bound`, and takes them from the whole stream where they are not given.
    lazy : bool
        Dual averaging: project sums of gradients, not every step. The guarantees are proved for the Euclidean
        geometries, and for the entropy without cap, where it changes nothing; not for the capped entropy.
    init : array of shape (m,), or float, optional
        First prices mu_1, by default 0, or f_bar / ((m + 1) rho) for entropies; at least 0, and with `fairness` in the
        larger domain sum_j rho_j max(0, -mu_j) <= fairness, so that `last_prices` start another run.
    target : array of shape (m,) or (T, m), or "adaptive", optional
        Units that a period should use: rho by default, a plan, or an equal share of what remains.
    on_depletion : {"reject", "clip", "restrict"}
        Treatment of a proposal that does not fit: it is rejected, or only the share that fits is taken, or the best
        action that fits. Prices move by the proposal anyhow, so all three keep the guarantees.
    fairness : float
        Weight lambda of T min_j (consumption_j / budget_j) in the objective, in units of reward; Euclidean only.
    price_cap : float or array of shape (m,), optional
        Largest prices; harmless from f_bar / rho_j on. Not for the capped entropy, and not with `fairness`.
    reward_bound : float, optional
        f_bar, the supremum over all requests that could come; by default the largest one of the stream.
    cost_bound : array of shape (m,), or float, optional
        b_bar of each resource, or one for all, likewise. The stopping time uses it too.
    record : bool
        Keep all prices.

    Returns
    -------
    AllocationResult
        The `actions` (T,), what they earn and use in `reward`, `consumption` (m,) and `remaining` (m,), the average
        `prices` (m,), the `stopping_time`, and in `certificate.bound` what hindsight could have earned at most.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a cost is negative, a budget is not positive, entropies are to
        start at 0, the geometry does not use an option that is given, or the rewards sum to infinity.
    TypeError
        If `costs` or `budget` are missing.

    Notes
    -----
    With the constants of `theory.regret_constants`, whose sums `theory.regret_bound` gives:

    - E[OPT - reward] <= C1 + C2 eta T + C3 / eta for independent requests of one law (statement DMD-T1), which is
      O(sqrt T) for eta of order 1 / sqrt T (DMD-T1-rate);
    - OPT - alpha reward <= C1 + alpha C2 eta T + alpha C3(alpha) / eta for every sequence, with
      alpha = max(1, max b / rho) (DMD-T2);
    - OPT <= certificate.bound for every run, whatever the step size (DMD-L1).

    Ties: an action needs a positive reduced reward, and the lowest index wins. A request that uses up a budget exactly
    fits; what remains is summed with compensation, and a request may overdraw it by 1e-12 of the budget (1e-6 for
    costs in float32), so that decimal fractions such as 0.1 add up. Runs on Fractions in object arrays are exact.

    References
    ----------
    .. [1] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online Allocation Problems,
       Operations Research 71, 2023, Algorithm 1.

    Examples
    --------
    >>> found = allocate([1, 0.2, 0.6], [1, 1, 1], 1.5, step_size=0.5, record=True)
    >>> found.actions.tolist(), found.proposed.tolist(), found.stopping_time
    ([0, -1, -1], [0, -1, 0], 1)
    >>> found.trace["prices"].ravel().tolist()
    [0.0, 0.25, 0.0, 0.25]
    >>> found.reward, round(found.certificate.bound, 12)  # no allocation earns more than 1.675
    (1.0, 1.675)
    """
    stream = one_stream(rewards, costs, budget, types=types, reward_bound=reward_bound, cost_bound=cost_bound)
    setup = prepare(
        stream.budget,
        stream.horizon,
        stream.tolerance,
        reward_bound=stream.reward_bound,
        cost_bound=stream.cost_bound,
        geometry=geometry,
        step_size=step_size,
        lazy=lazy,
        init=init,
        target=target,
        on_depletion=on_depletion,
        fairness=fairness,
        price_cap=price_cap,
    )
    run = run_stream(stream, setup, record)
    return summarize(stream, run, method=geometry, fairness=fairness)


def run_stream(stream: RequestStream, setup: Setup, record: bool) -> Run:
    """Run the kernel that fits the stream, dense, exact or sparse; `setup.state` is moved in place."""
    horizon, m = stream.horizon, stream.n_resources
    zero = np.zeros if not stream.is_exact else _zeros
    ledger = Ledger(
        proposed=np.empty(horizon, np.int64),
        actions=np.empty(horizon, np.int64),
        paths=zero((2, 4, m)),
        totals=zero((2, 2)),
        counts=np.zeros(3, np.int64),
        trace=zero((horizon + 1 if flag("record", record) else 0, m)),
    )
    types = steps.NO_TYPES if stream.types is None else kernel_input(stream.types)
    costs = stream.kernel_costs
    if sparse.issparse(costs):
        stopping_time = deferred.run(stream.rewards, costs, types, setup, ledger)
    else:
        # Fractions go through the same kernel, interpreted, so that an exact run tests the compiled one
        serve = (interpreted(steps) if stream.is_exact else steps).serve
        # rewards become doubles, which changes no number, so that kernels are compiled for two kinds of costs alone
        rewards = kernel_input(stream.rewards, object if stream.is_exact else np.float64)
        menus = Menus(rewards, kernel_input(costs), types)
        stopping_time = serve(menus, setup, ledger, steps.gradient_of(setup))
    return Run(ledger, setup.state, int(stopping_time))


def _zeros(shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of zeros that are Fractions."""
    return np.full(shape, Fraction(0), dtype=object)


def summarize(
    stream: RequestStream, run: Run, *, method: str, fairness: Number = 0, overdraws: bool = False
) -> AllocationResult:
    """Make the result of a run, with its certificate; `overdraws` keeps negative remainders as they are."""
    ledger, left = run.ledger, run.state[LEFT]
    remaining = left if overdraws else np.maximum(left, 0 * left)  # rounding may have overdrawn it
    rejected = int(np.count_nonzero(ledger.actions != ledger.proposed))
    prices = ledger.paths[0, PRICES] / stream.horizon
    reward = ledger.totals[0, REWARD] if stream.is_exact else float(ledger.totals[0, REWARD])
    if not stream.is_exact and not np.isfinite(reward):
        raise must("rewards", "small enough for a finite sum", stream.reward_bound)
    consumption = stream.budget - remaining
    certificate = certificate_of(stream, ledger.actions, prices, reward, consumption, fairness)
    queries, updates, clipped = ledger.counts.tolist()
    return AllocationResult(
        actions=ledger.actions,
        proposed=ledger.proposed,
        reward=reward,
        consumption=consumption,
        remaining=remaining,
        prices=prices,
        last_prices=run.state[PRICE],
        stopping_time=run.stopping_time,
        n_rejected=rejected,
        n_clipped=clipped,
        method=method,
        message=_message(rejected, clipped),
        counts={"queries": queries, "updates": updates},
        path=_path(stream, ledger),
        names=stream.names if isinstance(stream.names, Names) else None,
        certificate=certificate,
        trace={"prices": ledger.trace} if len(ledger.trace) else None,
    )


def _path(stream: RequestStream, ledger: Ledger) -> dict[str, Any]:
    """Sum the terms of the proof up to the stopping time, over all resources (statement DMD-L6)."""
    stopped, number = ledger.paths[1], (lambda x: x) if stream.is_exact else float
    return {
        "dual_values": number(ledger.totals[1, CONJUGATE] + stopped[VALUES].sum()),
        "path_regret": number(stopped[REGRET].sum()),
        "squared_gradients": number(stopped[SQUARES].sum()),
    }


def _message(rejected: int, clipped: int) -> str:
    """Say how many proposals did not fit, and what was done about them."""
    if not rejected + clipped:
        return "every proposal was taken"
    return f"proposals that did not fit the budget: {clipped} taken in part, {rejected} not taken"
