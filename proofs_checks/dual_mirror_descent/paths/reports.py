"""Reports of a run, each of which follows from its trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory.bounds import Derived, Identity, OutcomeError, Sides, Statement, always, rounding, saboteur
from lrtheory.dual_mirror_descent import AllocationResult
from lrtheory.dual_mirror_descent.prices import steps
from proofs_checks.dual_mirror_descent.families.paths import gradients, path_identity
from proofs_checks.dual_mirror_descent.families.small_streams import EAGER_OR_LAZY
from proofs_checks.dual_mirror_descent.families.streams import (
    ANY_GEOMETRY,
    Requests,
    Walk,
    conjugates,
    earned,
    first_shortage,
    off_the_rules,
    run,
    spent,
)


def recomputed(requests: Requests, found: AllocationResult) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | float]]:
    """List every report, its value by the trace, and the sum of the sizes of the terms that it is made of."""
    path, prices, tau = found.trace["prices"], found.trace["prices"][:-1], first_shortage(requests, found.proposed)
    budget, used = requests.rate * requests.horizon, spent(requests, found.actions).sum(0)
    gained, g = earned(requests, found.actions), gradients(requests, Walk(path, found.proposed))
    dual = (conjugates(requests.rewards, requests.costs, prices) + prices @ requests.rate)[:tau]
    pull, squares = (prices * g)[:tau], (g * g)[:tau].sum()
    mean, proof = prices.mean(0), found.certificate
    least = conjugates(requests.rewards, requests.costs, proof.prices).sum() + proof.prices @ budget
    size = np.abs(requests.rewards).sum() + proof.prices @ budget
    duals = np.abs(requests.rewards).sum() + (prices @ requests.rate).sum()
    terms = duals + np.abs(pull).sum()
    reports = [
        (found.reward, gained.sum(), gained.sum()),
        (found.consumption, used, budget),
        (found.remaining, budget - used, budget),
        (found.prices, mean, mean),
        (found.last_prices, path[-1], 0 * mean),
        (found.path["dual_values"], dual.sum(), duals),
        (found.path["path_regret"], pull.sum(), np.abs(pull).sum()),
        (path_identity(found.path["dual_values"], found.path["path_regret"]), gained[:tau].sum(), terms),
        (found.path["squared_gradients"], squares, squares),
        (proof.bound, least, size),
        (proof.achieved, gained.sum(), gained.sum()),
        (proof.gap, abs(proof.achieved - proof.bound), 0),
        (proof.prices, mean, mean),
        (proof.fairness, 0, 0),
        (proof.actions, found.actions, 0),
        (found.stopping_time, tau, 0),
        (found.n_rejected, (found.actions != found.proposed).sum(), 0),
        (found.n_clipped, 0, 0),
        (list(found.counts.values()), np.full(len(found.counts), requests.horizon), 0),
    ]
    return [tuple(map(np.atleast_1d, report)) for report in reports]


def told(requests: Requests, found: AllocationResult) -> Sides:
    """Compare reports with the trace, proposals with best replies from mu_1, and actions with proposals that fit."""
    off = off_the_rules(requests, Walk(found.trace["prices"], found.proposed))
    due, left = [], requests.rate * requests.horizon
    for proposal, cost in zip(found.proposed, spent(requests, found.proposed), strict=True):
        fits = (cost <= left).all()
        due.append(proposal if fits else -1)
        left = left - cost if fits else left
    reports = [(off, 0 * off, np.abs(requests.rewards).max() + found.trace["prices"].max()), (found.actions, due, 0)]
    reports += recomputed(requests, found)
    if any(np.shape(report) != np.shape(true) for report, true, _ in reports):
        raise OutcomeError("a report has another shape than what it reports")
    sizes = [np.broadcast_to(np.asarray(size, float), np.shape(true)) for _, true, size in reports]
    # each report is a sum over requests and resources of terms that take a handful of operations each
    allowed = rounding(16 * requests.horizon * len(requests.rate), np.concatenate([size.ravel() for size in sizes]))
    lhs, rhs = (np.concatenate([np.ravel(report[side]) for report in reports]) for side in (0, 1))
    return Sides(lhs, rhs, rounding=allowed)


def with_last_prices(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """Report the last prices in place of the average ones."""
    found = run(requests)
    return replace(found, prices=found.last_prices)


def proposals_booked(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """Report the units that proposals would use as consumption."""
    found = run(requests)
    return replace(found, consumption=spent(requests, found.proposed).sum(0))


def one_price_early(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """Report the price before the last request as a warm start."""
    found = run(requests)
    return replace(found, last_prices=found.trace["prices"][-2])


DMD_S7 = Statement(
    id="dual_mirror_descent/DMD-S7",
    title="What a run reports follows from what it did",
    says=(
        "The reported average price mu_bar is the mean of mu_1, ..., mu_T, the consumption B - B_{T+1} is the sum of "
        "the costs b_t(x_t) of the actions, the gap is the dual value sum D_t(mu_bar) less the reward R, and every "
        "other report follows likewise from what was done."
    ),
    source=Derived(path_identity),
    tex=r"\bar\mu = \tfrac1T\sum_t\mu_t,\ B - B_{T+1} = \sum_t b_t(x_t),\quad \mathrm{gap} = \sum_t D_t(\bar\mu) - R",
    hypotheses={"proposals that do not fit are rejected": always},
    instances=ANY_GEOMETRY,
    for_all=(EAGER_OR_LAZY,),
    solve=run,
    decisions=("trace.prices", "proposed", "actions"),
    claim=Identity(told),
    saboteurs=(
        saboteur("the last prices for the average ones", solve=with_last_prices),
        saboteur("proposals are booked", solve=proposals_booked),
        saboteur("a warm start from the price before the last", solve=one_price_early),
        # subtle: one word in the kernel, which no bound on regret can see
        saboteur("the average of the gradients", patch=(steps.account, "+= state[PRICE, j]\n", "+= gradient[j]\n")),
    ),
    notes="Every field of the result but its words, for all geometries, up to the rounding of sums.",
)
