"""From a problem to an adapter and what is proved of it: the steps that `distance` and `fit` share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lrtheory._kernels.units import true_value
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.reach.alternating import Run, improved, random_start
from lrtheory.low_rank_adapters.reach.bounds import Bound, lower_bound
from lrtheory.low_rank_adapters.reach.certificate import AdapterCertificate
from lrtheory.low_rank_adapters.reach.exact import closed_form
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm

__all__ = ["Solution", "solve"]

Inform = Callable[[Adapter, float, int], bool]


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
    certificate: AdapterCertificate
    run: Run
    starts: int


def solve(
    task: NormalizedProblem,
    *,
    tol: float,
    max_iter: int,
    n_starts: int,
    draw: np.random.Generator | None = None,
    method: str = "auto",
    ridge: float = 0.0,
    inform: Inform | None = None,
) -> Solution:
    """Find trained arrays, by one decomposition where that gives the best ones, else by steps from several starts.

    Without a generator the random starts are the same ones every time.
    """
    draw = np.random.default_rng(0) if draw is None else draw
    bound = lower_bound(task)
    known = bound.exact
    once = method == "closed-form" or (known and method == "auto")
    if once or not task.whole:
        params = closed_form(task, bound)
        run = Run(params, [float(np.sum(task.residual(params) ** 2))], True, False, 0)
    else:
        run = _best(task, bound, tol=tol, max_iter=max_iter, n_starts=n_starts, draw=draw, inform=inform)
    used = "closed-form" if once or not task.whole else "alternating"
    adapter = task.raised(run.params)
    left, nothing = norm(task.residual(task.lowered(adapter))), norm(task.T)
    if left > nothing:  # then the update 0 is nearer, as where all updates of the kind point away from the target
        zeros = {name: np.zeros_like(value) for name, value in run.params.items()}
        run = run._replace(params=zeros, losses=[nothing**2])
        adapter, left = task.raised(zeros), nothing
    lower = math.hypot(task.rest, bound.value)
    upper = max(math.hypot(task.rest, left), lower)
    captured = max(0.0, 1.0 - (upper / task.whole) ** 2) if task.whole else 1.0
    certificate = AdapterCertificate(
        gap=max(0.0, task.square(upper) - task.square(lower)),
        bound=task.square(lower),
        statement=bound.statement,
        adapter=adapter,
        ridge=ridge,
    )
    reasons = {True: "the best trained arrays are known in closed form", False: "the best ones are in no closed form"}
    return Solution(
        adapter,
        true_value(lower, task.unit),
        true_value(upper, task.unit),
        captured,
        known,
        used,
        reasons[known] if method == "auto" else "it was asked for",
        _message(task, bound, run, lower=lower, upper=upper),
        certificate,
        run,
        1 if used == "closed-form" else n_starts,
    )


def _best(
    task: NormalizedProblem,
    bound: Bound,
    *,
    tol: float,
    max_iter: int,
    n_starts: int,
    draw: np.random.Generator,
    inform: Inform | None,
) -> Run:
    """The best of several runs, of which the first is from the closed form; a run that was stopped is the last one."""

    def told(params: Any, loss: float, k: int) -> bool:
        whole = task.square(math.hypot(task.rest, math.sqrt(loss)))
        return inform is not None and inform(task.raised(params), whole, k)

    best, products = None, 0
    for k in range(n_starts):
        first = closed_form(task, bound) if k == 0 else random_start(task, draw)
        run = improved(task, first, tol=tol, max_iter=max_iter, inform=told)
        products += run.products
        if best is None or run.losses[-1] < best.losses[-1]:
            best = run
        if run.stopped:
            best = best._replace(stopped=True, converged=False)
            break
    assert best is not None
    return best._replace(products=products)


def _message(task: NormalizedProblem, bound: Bound, run: Run, *, lower: float, upper: float) -> str:
    """Return what a reader should know, in one sentence or more."""
    parts = [bound.note] if bound.note else []
    if not task.whole:
        parts = ["there is nothing to reach, so all of it is captured"]
    elif bound.exact or upper - lower <= 64 * task.eps * task.whole:
        pass
    elif bound.value == 0:
        parts = [f"no lower bound: {bound.note or 'nothing is proved for these frozen arrays'}"]
    else:
        parts.append(f"the lower bound is {lower / upper:.1%} of the error that was found")
    if run.stopped:
        parts.append("the callback asked to stop")
    elif not run.converged:
        parts.append("the loss was still falling when `max_iter` was reached")
    return "; ".join(parts)
