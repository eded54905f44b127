"""From a problem to an adapter and what is proved of it: the steps that `distance` and `fit` share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lrtheory._kernels.units import true_value
from lrtheory._result.display import counted
from lrtheory._validation import must
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.reach.alternating import Run, improved, own_start, random_start, started
from lrtheory.low_rank_adapters.reach.bounds import Bound, lower_bound
from lrtheory.low_rank_adapters.reach.certificate import FitCertificate
from lrtheory.low_rank_adapters.reach.exact import closed_form
from lrtheory.low_rank_adapters.reach.hulls import hull_weights
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm
from lrtheory.low_rank_adapters.reach.spaces import narrowed

__all__ = ["Effort", "Solution", "solve"]

Inform = Callable[[Adapter, float, int], bool]
#: losses that differ by a smaller share are one loss at the end of runs, and on their way
TIE, ALIKE = 1e-6, 1e-3
#: the share of the tolerance that ends the last steps of all
FINE = 1e-3


class Effort(NamedTuple):
    """The shares of the runs in the steps.

    All begin with ``scouting`` steps, and the best ``kept`` ones go on; ``newton`` steps of Gauss and Newton follow the
    best run of alternating least squares. ``own`` says whether a run begins at the caller's trained arrays.
    """

    scouting: int = 20
    kept: int = 8
    newton: int = 30
    own: bool = True


class Solution(NamedTuple):
    """An adapter, the norm that it leaves and a lower bound on it, in the caller's units, and how it was found."""

    adapter: Adapter
    lower: float
    upper: float
    captured: float
    exact: bool
    method: str
    reason: str
    message: str
    certificate: FitCertificate
    run: Run
    starts: int


def solve(
    task: NormalizedProblem,
    *,
    tol: float,
    max_iter: int,
    n_starts: int,
    draw: np.random.Generator,
    effort: Effort,
    method: str = "auto",
    ridge: float = 0.0,
    inform: Inform | None = None,
) -> Solution:
    """Find trained arrays, by one decomposition where that gives the best ones, else by steps from several starts."""
    task = narrowed(task)
    known, starts = False, 1
    hull = task.adapter.kind == "queryable"  # whose bound is that of the weights that are found
    if not hull:
        bound = lower_bound(task)
        known = bound.exact
    once = hull or method == "closed-form" or (known and method == "auto") or not task.whole
    if hull:
        if method != "auto":
            raise must("method", '"auto" for the kind "queryable", whose nearest weights an active set finds', method)
        weights = hull_weights(task, np.asarray(task.lowered(task.given)["weights"]))
        run = Run({"weights": weights}, [], True, False, 0)
    elif once:
        run = Run(closed_form(task, bound), [], True, False, 0)
    else:
        options: dict[str, Any] = {"tol": tol, "max_iter": max_iter, "n_starts": n_starts, "inform": inform}
        run, starts = _best(task, bound, draw=draw, effort=effort, **options)
    used = "active-set" if hull else "closed-form" if once else "alternating"
    adapter, left, run = _nearest(task, run, own=effort.own and method != "closed-form")
    if hull:
        bound = lower_bound(task._replace(given=adapter))
        known = bound.exact
    if not run.losses:
        run = run._replace(losses=[left * left])
    lower = math.hypot(task.rest, bound.value)
    # rounding may put the error that was found below what is proved of every one
    upper = max(math.hypot(task.rest, left), lower)
    captured = _captured(upper, task.whole)
    ends = task.square(upper), task.square(lower)
    certificate = FitCertificate._of(*ends, bound.statement, adapter=adapter, ridge=ridge)
    reasons = {True: "the best trained arrays are known in closed form", False: "the best ones are in no closed form"}
    if hull:
        reasons = dict.fromkeys(reasons, "the nearest point of a hull is found with the atoms that it needs")
    return Solution(
        adapter,
        true_value(lower, task.unit),
        true_value(upper, task.unit),
        captured,
        known,
        used,
        reasons[known] if method == "auto" else "it was asked for",
        _message(task, bound, run, lower=lower, upper=upper, starts=0 if once else starts),
        certificate,
        run,
        starts,
    )


def _captured(upper: float, whole: float) -> float:
    """The share of the squared norm that is made; atoms may be farther away than 0, or beyond every unit of it."""
    if upper >= whole:
        return float(upper == 0)
    return 1.0 - (upper / whole) ** 2


def _nearest(task: NormalizedProblem, run: Run, *, own: bool) -> tuple[Adapter, float, Run]:
    """The adapter of a run, and what it leaves after rounding; the caller's own or the update 0 where these are nearer.

    The update 0 is nearer where all updates of the kind point away from the target.
    """
    adapter = task.raised(run.params)
    left, nothing = (math.hypot(task.outside, norm(part)) for part in (task.residual(task.lowered(adapter)), task.T))
    if own:
        with np.errstate(all="ignore"):  # the arrays of a caller may be in other units than the target
            params = task.lowered(task.given)
            residual = task.residual(params)
        size = math.hypot(task.outside, norm(residual)) if np.isfinite(residual).all() else math.inf
        if size < left:
            adapter, left, run = task.given, size, run._replace(params=params)
    if left > nothing and task.adapter.kind != "queryable":  # whose weights are never all 0
        zeros = {name: np.zeros_like(value) for name, value in run.params.items()}
        adapter, left, run = task.raised(zeros), nothing, run._replace(params=zeros, losses=[nothing**2])
    return adapter, left, run


def _best(
    task: NormalizedProblem,
    bound: Bound,
    *,
    tol: float,
    max_iter: int,
    n_starts: int,
    draw: np.random.Generator,
    effort: Effort,
    inform: Inform | None,
) -> tuple[Run, int]:
    """The best of several runs, and their number; a run that was stopped is the last one.

    The first is from the closed form, the second from the caller's adapter, where its update is not 0. With an effort
    that says so, all runs begin with few steps, and only the best go on.
    """

    def told(params: Any, loss: float, k: int) -> bool:
        whole = task.square(math.hypot(task.rest, math.sqrt(loss)))
        return inform is not None and inform(task.raised(params), whole, k)

    own = own_start(task) if effort.own else None
    starts = n_starts + (own is not None)
    runs: list[Run] = []
    for k in range(starts):
        given = closed_form(task, bound) if k == 0 else own if k == 1 and own is not None else random_start(task, draw)
        steps = min(max_iter, effort.scouting) if starts > effort.kept else max_iter
        runs.append(improved(task, started(task, given), tol=tol, max_iter=steps, inform=told))
        if runs[-1].stopped:
            break
    products = sum(run.products for run in runs)
    order = sorted(range(len(runs)), key=lambda k: runs[k].losses[-1])
    if starts > effort.kept and not runs[-1].stopped:
        order = _different(runs, order, effort.kept)
        for k in order:
            run = runs[k]
            runs[k] = improved(task, run, tol=tol, max_iter=max_iter - len(run.losses) + 1, inform=told)
            products += runs[k].products - run.products
            if runs[k].stopped:
                break
    stopped = any(run.stopped for run in runs)
    best = runs[order[0]]
    for k in order[1:]:  # ties within rounding go to the start that was ahead
        if runs[k].losses[-1] < (1 - TIE) * best.losses[-1]:
            best = runs[k]
    if stopped:
        best = best._replace(stopped=True, converged=False)
    elif effort.newton:
        before = best.products
        best = improved(task, best, tol=FINE * tol, max_iter=effort.newton, inform=told, newton=True)
        products += best.products - before
    return best._replace(products=products), starts


def _different(runs: list[Run], order: list[int], most: int) -> list[int]:
    """The best runs, and of those that are on the way to one loss the first alone."""
    kept: list[int] = []
    for k in order:
        if len(kept) < most and not any(runs[k].losses[-1] <= (1 + ALIKE) * runs[j].losses[-1] for j in kept[-1:]):
            kept.append(k)
    return kept


def _message(task: NormalizedProblem, bound: Bound, run: Run, *, lower: float, upper: float, starts: int) -> str:
    """Return what a reader should know, in one sentence or more."""
    parts = [bound.note] if bound.note else []
    if not task.whole and not upper:
        parts = ["there is nothing to reach, so all of it is captured"]
    elif bound.exact or upper - lower <= 64 * task.eps * task.whole:
        pass
    elif bound.value == 0:
        parts = [f"no lower bound: {bound.note or 'nothing is proved for these frozen arrays'}"]
    else:
        parts.append(f"the lower bound is {lower / upper:.1%} of the error that was found")
    if starts and not bound.exact:
        parts.append(f"the error is that of the best of {counted(starts, 'run')}")
    if run.stopped:
        parts.append("the callback asked to stop")
    elif not run.converged:
        parts.append("the loss was still falling when `max_iter` was reached")
    return "; ".join(parts)
