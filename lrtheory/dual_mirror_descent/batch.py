r"""Many runs at once, to measure what is true on average: regret, stopping times, growth with the horizon.

There are two ways in. A function that makes a stream from a generator is called once per run, each time with a
generator of its own. A `RequestStream` with types of shape (n_runs, T) is many streams over one table, all served in
one compiled call: this is the way to thousands of runs over finitely many request types.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._parallel import parallel_map
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number, Rng
from lrtheory._validation import flag, generator, integer, must, refuse_unused
from lrtheory.dual_mirror_descent.allocate import Geometry, allocate
from lrtheory.dual_mirror_descent.prices import steps
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
from lrtheory.dual_mirror_descent.problem import RequestStream, as_stream
from lrtheory.dual_mirror_descent.runs.setup import StepSize, prepare

__all__ = ["BatchResult", "allocate_batch"]

#: streams of one call of the kernel, between which Ctrl-C is heard
CHUNK = 1024
#: the options that each way in uses: a table of request types draws nothing, and one call serves all of its streams
OPTIONS: dict[str, set[str]] = {"function": {"rng", "n_jobs"}, "table": set()}


@result
class BatchResult(Result):
    r"""The outcomes of n_runs runs; the fields of `AllocationResult` and its certificate with an axis of runs.

    Attributes
    ----------
    reward : float64 array of shape (n_runs,)
        Reward of each run.
    bound, gap : float64 array of shape (n_runs,)
        Dual bound at the average price, and how far the reward is below it.
    stopping_time : int64 array of shape (n_runs,)
        tau.
    n_rejected, n_clipped : int64 array of shape (n_runs,)
        Proposals that were not taken, and of which only a share was taken.
    dual_values, path_regret, squared_gradients : float64 array of shape (n_runs,)
        sum_{t <= tau} of D_t(mu_t), of mu_t . g_t, and of \|g_t\|^2.
    prices, last_prices : float64 array of shape (n_runs, m)
        Average of mu_1, ..., mu_T, and mu_{T+1}.
    consumption : float64 array of shape (n_runs, m)
        Units used.
    counts : mapping
        ``queries`` of menus and ``updates`` of prices, of all runs together.
    trace : mapping or None
        When recorded, ``prices`` (n_runs, T + 1, m), ``proposed`` and ``actions`` (n_runs, T) of runs of one length.
    """

    reward: np.ndarray
    bound: np.ndarray
    gap: np.ndarray
    stopping_time: np.ndarray
    n_rejected: np.ndarray
    n_clipped: np.ndarray
    dual_values: np.ndarray
    path_regret: np.ndarray
    squared_gradients: np.ndarray
    prices: np.ndarray
    last_prices: np.ndarray
    consumption: np.ndarray
    counts: Mapping[str, int]
    trace: Mapping[str, np.ndarray] | None

    def _columns(self) -> dict[str, Any]:
        measured = ("reward", "bound", "gap", "stopping_time", "n_rejected", "n_clipped")
        return {"run": range(len(self.reward)), **{name: getattr(self, name) for name in measured}}

    def _facts(self) -> list[str]:
        said = f"rewards {self.reward.mean():.6g} on average, {np.mean(self.gap):.4g} below their bounds"
        return [f"{said} (dual_mirror_descent/DMD-L1)"]

    def _draw(self, ax: Any) -> None:
        ax.hist(self.gap, bins="auto")
        ax.set(xlabel="bound less reward", ylabel="runs")


def allocate_batch(
    make: Callable[[np.random.Generator], RequestStream] | RequestStream,
    n_runs: int | None = None,
    *,
    rng: Rng = None,
    n_jobs: int | None = None,
    record: bool = False,
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
) -> BatchResult:
    r"""Serve many streams by dual mirror descent.

    Parameters
    ----------
    make : callable or RequestStream
        Takes a Generator and returns a stream; or a table of request types with `types` of shape (n_runs, T).
    n_runs : int, optional
        Number of runs, at least 1; for a table it is that of its types, and may be left out.
    rng : Generator, int or None
        Gives each run a child of its own, so run i does not depend on the number of runs or workers. For a callable
        alone, since a table draws nothing.
    n_jobs : int or None
        Number of processes, for a callable alone, which must then be picklable.
    record : bool
        Keep all prices, proposals and actions: n_runs T (m + 2) numbers.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The reference function, as in `allocate`.
    step_size : "theory", float, array of shape (T,), or callable
        eta: the best for independent requests, a constant, a schedule, or a function of t = 1, ..., T.
    lazy : bool
        Dual averaging: project sums of gradients, not every step.
    init : array of shape (m,), or float, optional
        First prices mu_1, by default 0, or f_bar / ((m + 1) rho) for entropies.
    target : array of shape (m,) or (T, m), or "adaptive", optional
        Units that a period should use: rho by default, a plan, or an equal share of what remains.
    on_depletion : {"reject", "clip", "restrict"}
        A proposal that does not fit is rejected, or the share that fits is taken, or the best action that fits.
    fairness : float
        Weight of T min_j (consumption_j / budget_j) in the objective, in units of reward; Euclidean only.
    price_cap : float or array of shape (m,), optional
        Largest prices; not for the capped entropy.
    reward_bound : float, optional
        f_bar, the supremum over all requests that could come; by default the largest one of each stream.
    cost_bound : array of shape (m,), or float, optional
        b_bar of each resource, or one for all, likewise.

    Returns
    -------
    BatchResult
        The fields of `AllocationResult` and its certificate with an axis of runs, such as `reward`, `bound`, `gap` and
        `stopping_time`, each of shape (n_runs,).

    Raises
    ------
    ValueError
        If `n_runs` is missing or does not fit the table, streams of different lengths are to be recorded, `rng` or
        `n_jobs` is given with a table, or as `allocate`.
    TypeError
        If the function does not return a stream.

    Notes
    -----
    The guarantees of `allocate` hold for each run: OPT <= bound (statement DMD-L1). For independent requests of one law
    E[OPT - reward] <= C1 + C2 eta T + C3 / eta (DMD-T1), and by what the runs measure
    E[OPT - reward] <= E OPT E[T - stopping_time] / T + E path_regret (DMD-T1p).

    Examples
    --------
    >>> types = np.random.default_rng(0).integers(3, size=(5, 100))
    >>> table = RequestStream([3.0, 2.0, 1.0], [1.0, 1.0, 1.0], 50, types=types)
    >>> found = allocate_batch(table)
    >>> found.reward.shape, bool((found.gap >= 0).all())
    ((5,), True)
    """
    options: dict[str, Any] = {
        "geometry": geometry,
        "step_size": step_size,
        "lazy": lazy,
        "init": init,
        "target": target,
        "on_depletion": on_depletion,
        "fairness": fairness,
        "price_cap": price_cap,
        "reward_bound": reward_bound,
        "cost_bound": cost_bound,
    }
    flag("record", record)
    way = "table" if isinstance(make, RequestStream) else "function"
    refuse_unused(way, OPTIONS[way], "`make` as a", rng=(rng, None), n_jobs=(n_jobs, None))
    if isinstance(make, RequestStream):
        return _over_a_table(make, n_runs, options, record)
    if n_runs is None:
        raise must("n_runs", "given where streams are made", n_runs)
    children = generator(rng).spawn(integer("n_runs", n_runs, low=1))
    one_run = functools.partial(_one_run, make, {**options, "record": record})
    rows = list(parallel_map(one_run, children, n_jobs=n_jobs, title="allocate_batch"))
    names = (*OWN, *PROVED, *ALONG, *COUNTED)
    columns = {name: np.array([row[name] for row in rows]) for name in names}
    counts = {name: int(columns.pop(name).sum()) for name in COUNTED}
    return BatchResult(**columns, counts=counts, trace=_stacked([row["trace"] for row in rows]) if record else None)


#: what `_one_run` returns, by where it stands in the result of `allocate`
OWN = ("reward", "stopping_time", "n_rejected", "n_clipped", "prices", "last_prices", "consumption")
PROVED = ("bound", "gap")
ALONG = ("dual_values", "path_regret", "squared_gradients")
COUNTED = ("queries", "updates")


def _one_run(
    make: Callable[[np.random.Generator], RequestStream], options: Mapping[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """Make one stream, serve it, and return what a batch keeps of the result."""
    stream = make(rng)
    if not isinstance(stream, RequestStream):
        raise must("make", "a function that returns a RequestStream", stream, TypeError)
    found = allocate(stream, **options)
    row = {name: getattr(found, name) for name in OWN} | dict(found.path) | dict(found.counts)
    row |= {name: getattr(found.certificate, name) for name in PROVED}
    if found.trace is not None:
        row["trace"] = {"prices": found.trace["prices"], "proposed": found.proposed, "actions": found.actions}
    return row


def _stacked(traces: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Stack the traces of all runs, which must have one length."""
    lengths = sorted({len(trace["actions"]) for trace in traces})
    if len(lengths) > 1:
        raise must("record", "False for streams of different lengths", lengths)
    return {name: np.array([trace[name] for trace in traces]) for name in traces[0]}


def _over_a_table(stream: RequestStream, n_runs: int | None, options: Mapping[str, Any], record: bool) -> BatchResult:
    """Serve the many streams over one table, `CHUNK` of them in each call of the kernel."""
    types = stream.types
    if types is None or types.ndim != 2 or stream.is_exact or not isinstance(stream.kernel_costs, np.ndarray):
        raise must("make", "a function, or a RequestStream of floats with `types` of shape (n_runs, T)", stream.types)
    runs, horizon = types.shape
    if n_runs is not None and integer("n_runs", n_runs, low=1) != runs:
        raise must("n_runs", f"{runs}, the number of streams over the table", n_runs)
    bounds = ("reward_bound", "cost_bound")
    stream = as_stream(stream, **{name: options.get(name) for name in bounds})
    options = {**options, **{name: getattr(stream, name) for name in bounds}}
    setup = prepare(stream.budget, horizon, stream.tolerance, **options)
    fairness = setup.rules.fairness
    m = stream.n_resources
    table = np.empty((runs, len(COLUMNS)))
    vectors = np.empty((runs, 3, m))
    kept = runs if record else 0  # without a trace all runs write proposals and actions into one row
    trace = {"prices": np.empty((kept, horizon + 1, m))}
    trace |= {name: np.empty((kept or 1, horizon), np.int64) for name in ("proposed", "actions")}
    for start in range(0, runs, CHUNK):
        part = slice(start, start + CHUNK)
        rows = part if record else slice(None)
        outcomes = Outcomes(table[part], vectors[part], *(array[rows] for array in trace.values()))
        rewards, costs = kernel_input(stream.rewards, np.float64), kernel_input(stream.kernel_costs)
        menus = Menus(rewards, costs, kernel_input(types[part]))
        serve_many(menus, setup, outcomes, steps.gradient_of(setup))
    column = dict(zip(COLUMNS, table.T, strict=True))
    if not np.isfinite(column["reward"]).all():
        raise must("make", "a stream with rewards small enough for a finite sum", stream.reward_bound)
    prices, last_prices, left = vectors[:, 0], vectors[:, 1], np.maximum(vectors[:, 2], 0.0)
    consumption = stream.budget - left
    # the dual bound at the average price, as `duality.weak.certificate_of` has it for one run (statement DMD-L1)
    bound = column["conjugates"] + prices @ stream.budget + fairness * horizon
    value = column["reward"] + fairness * horizon * (consumption / stream.budget).min(axis=1)
    return BatchResult(
        reward=column["reward"],
        bound=bound,
        gap=abs(value - bound),
        stopping_time=column["stopping_time"].astype(np.int64),
        n_rejected=column["n_rejected"].astype(np.int64),
        n_clipped=column["n_clipped"].astype(np.int64),
        dual_values=column["dual_values"],
        path_regret=column["path_regret"],
        squared_gradients=column["squared_gradients"],
        prices=prices,
        last_prices=last_prices,
        consumption=consumption,
        counts={name: int(column[name].sum()) for name in COUNTED},
        trace=trace if record else None,
    )


#: what `serve_many` writes about each run
COLUMNS = (
    *("reward", "stopping_time", "n_rejected", "dual_values", "path_regret", "squared_gradients", "conjugates"),
    *("queries", "updates", "n_clipped"),  # in the order of the counts in `steps`
)


class Outcomes(NamedTuple):
    """Output of `serve_many` about each run; without a trace `prices` has no rows, and the decisions have one."""

    table: np.ndarray  # the columns are `COLUMNS` (runs, 10)
    vectors: np.ndarray  # average prices, last prices, and units left (runs, 3, m)
    prices: np.ndarray  # (runs, T + 1, m)
    proposed: np.ndarray  # (runs, T)
    actions: np.ndarray  # (runs, T)


@kernel
def serve_many(menus, setup, outcomes, gradient):
    """Serve every row of the types from the same start, which is left as it is."""
    rewards, costs, types = menus
    first, resources, etas, targets, rules = setup
    table, vectors = outcomes.table, outcomes.vectors
    runs, horizon = types.shape
    m = first.shape[1]
    # runs are served one after the other in one state, which starts anew: a run does not depend on those before it
    state, nothing, keeps = np.empty_like(first), np.empty((0, m)), outcomes.prices.shape[0] > 0
    for run in range(runs):
        proposed, actions = outcomes.proposed[run if keeps else 0], outcomes.actions[run if keeps else 0]
        trace = outcomes.prices[run] if keeps else nothing
        steps.copy_into(state, first)
        paths, totals, counts = np.zeros((2, 4, m)), np.zeros((2, 2)), np.zeros(3, np.int64)
        one, start = Menus(rewards, costs, types[run]), Setup(state, resources, etas, targets, rules)
        table[run, 1] = steps.serve(one, start, Ledger(proposed, actions, paths, totals, counts, trace), gradient)
        table[run, 0] = totals[0, REWARD]
        rejected = 0
        for t in range(horizon):
            rejected += proposed[t] != actions[t]
        table[run, 2] = rejected
        table[run, 3] = totals[1, CONJUGATE] + paths[1, VALUES].sum()
        table[run, 4] = paths[1, REGRET].sum()
        table[run, 5] = paths[1, SQUARES].sum()
        for j in range(m):
            vectors[run, 0, j] = paths[0, PRICES, j] / horizon
            vectors[run, 1, j] = state[PRICE, j]
            vectors[run, 2, j] = state[LEFT, j]
        # row 0 of `vectors` holds the average price, which is all that `conjugate_sum` reads of a state; it visits each
        # type once, however often it came
        times = np.zeros(rewards.shape[0])
        for t in range(horizon):
            times[types[run, t]] += 1.0
        table[run, 6] = steps.conjugate_sum(rewards, costs, times, vectors[run])
        for i in range(3):
            table[run, 7 + i] = counts[i]
