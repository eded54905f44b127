"""Online allocation in other units: of the rewards, of one resource, of all resources, of money in auctions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory import dual_mirror_descent as dmd

RNG = np.random.default_rng(3)
REWARDS, COSTS = RNG.uniform(0.1, 1, (40, 2)), RNG.uniform(0.1, 1, (40, 2, 3))
BUDGET = np.array([5.0, 6.0, 7.0])
THIN = np.where(RNG.random((40, 3)) < 0.5, COSTS[:, 0], 0.0)
TYPES, LAW = RNG.integers(4, size=30), np.array([0.1, 0.2, 0.3, 0.4])
VALUES, OTHERS = RNG.uniform(0.1, 1, 40), RNG.uniform(0.1, 1, 40)
ALL, ONE = np.ones(3), np.array([0.0, 1.0, 0.0])
#: which units change: those of the rewards, of all resources, of the second resource
KINDS = {"rewards": (1, 0 * ALL), "all resources": (0, ALL), "one resource": (0, ONE)}


def served(found: Any, c: float, s: np.ndarray) -> tuple[Any, ...]:
    """Actions, rewards, units, prices and bounds of a run, in the old units."""
    path, prices = found.path, (found.prices * s / c, found.last_prices * s / c)
    whole = (found.actions, found.proposed, found.stopping_time, found.n_rejected, found.n_clipped)
    money = (found.reward / c, found.certificate.bound / c, path["dual_values"] / c, path["path_regret"] / c)
    return (*whole, *money, found.consumption / s, found.remaining / s, *prices)


def ran(kind: str, solve: Callable[..., Any] = dmd.allocate, *, rows: Any = slice(None), **options: Any) -> Any:
    """A solver of streams, whose step, first prices and caps are given as functions of both factors."""

    def run(factor: float) -> tuple[Any, ...]:
        c, s = (factor**power for power in KINDS[kind])
        translated = {name: value(c, s) if callable(value) else value for name, value in options.items()}
        found = solve(REWARDS[rows] * c, COSTS[rows] * s, BUDGET * s, **translated)
        return served(found, c, s)

    return run


def runs() -> Iterator[tuple[str, Any]]:
    """`allocate` in every geometry, with steps of theory and of one's own."""
    step = {"euclidean": lambda c, s: 0.1 * c / s[0] ** 2, "entropy": lambda c, s: 0.1 / s[0]}
    step |= {"scaled-euclidean": lambda c, s: 0.01 * c, "capped-entropy": 0.01}
    for geometry, eta in step.items():
        for kind in KINDS:
            if kind == "one resource" and geometry in ("euclidean", "entropy"):
                continue  # whose prices have units that all resources must share
            yield f"{geometry}, steps of theory, {kind}", ran(kind, geometry=geometry)
            yield f"{geometry}, a step, {kind}", ran(kind, geometry=geometry, step_size=eta)
    first = {"step_size": step["scaled-euclidean"], "geometry": "scaled-euclidean", "init": lambda c, s: 0.2 * c / s}
    for kind in KINDS:
        yield f"lazy, {kind}", ran(kind, **first, lazy=True)
        yield f"with a cap, {kind}", ran(kind, **first, price_cap=lambda c, s: 0.3 * c / s)
        yield f"what remains as target, {kind}", ran(kind, **first, target="adaptive")
        yield f"a share where it fits, {kind}", ran(kind, **first, on_depletion="clip")
        yield f"the best that fits, {kind}", ran(kind, **first, on_depletion="restrict")
        fair = {"geometry": "scaled-euclidean", "fairness": lambda c, s: 0.3 * c}
        yield f"fair, {kind}", ran(kind, **fair)
        yield f"sparse, {kind}", ran(kind, thin, **first)


def thin(rewards: Any, costs: Any, budget: Any, **options: Any) -> Any:
    """The first action, of which some costs are left out."""
    return dmd.allocate(rewards[:, 0], sparse.csr_array(costs[:, 0] * (THIN > 0)), budget, **options)


def typed(solve: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """A solver of streams that takes a table of four types."""
    return lambda rewards, costs, budget: solve(rewards[:4], costs[:4], budget, types=TYPES, **options)


def optimum(kind: str, solve: Callable[..., Any]) -> Any:
    """Value, prices, solution and gap of an optimum, in the old units."""

    def run(factor: float) -> tuple[Any, ...]:
        c, s = (factor**power for power in KINDS[kind])
        found = solve(REWARDS * c, COSTS * s, BUDGET * s)
        return found.value / c, found.prices * s / c, found.solution, found.certificate.bound / c

    return run


def fluid(rewards: Any, costs: Any, budget: Any) -> Any:
    """Four types."""
    return dmd.fluid_optimum((rewards[:4], costs[:4]), LAW, budget / 40)


def knapsack(rewards: Any, costs: Any, budget: Any) -> Any:
    """One resource and one action, by sorting."""
    found = dmd.hindsight_optimum(rewards[:, 0], costs[:, 0, 1], budget[1])
    return type(found)(found.value, np.r_[0, found.prices, 0], *list(vars_of(found))[2:])


def vars_of(found: Any) -> Iterator[Any]:
    """The fields of a result."""
    yield from (getattr(found, name) for name in found.__dataclass_fields__)


def whole(rewards: Any, costs: Any, budget: Any) -> Any:
    """Twelve requests that may not be split."""
    return dmd.hindsight_optimum(rewards[:12], costs[:12], budget / 3, integer=True)


def batch(kind: str) -> Any:
    """Three streams over one table."""

    def run(factor: float) -> tuple[Any, ...]:
        c, s = (factor**power for power in KINDS[kind])
        table = dmd.RequestStream(REWARDS[:4] * c, COSTS[:4] * s, BUDGET * s, types=TYPES.reshape(3, 10))
        found = dmd.allocate_batch(table, geometry="scaled-euclidean")
        whole = (found.stopping_time, found.n_rejected, found.n_clipped)
        money = (found.reward / c, found.bound / c, found.gap / c, found.dual_values / c, found.path_regret / c)
        return (*whole, *money, found.prices * s / c, found.last_prices * s / c, found.consumption / s)

    return run


def bound(kind: str) -> Any:
    """The dual function."""

    def run(factor: float) -> float:
        c, s = (factor**power for power in KINDS[kind])
        return dmd.dual_bound(REWARDS * c, COSTS * s, BUDGET * s, np.array([0.2, 0.3, 0.1]) * c / s) / c

    return run


def online(kind: str) -> Any:
    """Menus, oracles, and consumption that is known later."""

    def run(factor: float) -> tuple[Any, ...]:
        c, s = (factor**power for power in KINDS[kind])
        known = {"reward_bound": c, "cost_bound": s}
        solver = dmd.DualMirrorDescent(BUDGET * s, 40, geometry="scaled-euclidean", **known)
        rewards, costs, done = REWARDS * c, COSTS * s, []
        for t in range(20):
            done.append(solver.decide(rewards[t], costs[t]))
        for t in range(20, 30):
            done.append(-1 if solver.decide_with(dmd.oracles.menu(rewards[t], costs[t])).action is None else 1)
        solver.propose(dmd.oracles.menu(rewards[30], costs[30]))
        solver.observe(0.25 * c, 0.0625 * s)
        solver.add_budget(s)
        solver.extend(50)
        done.append(solver.decide(rewards[31], costs[31]))
        return np.array(done), solver.prices * s / c, solver.remaining / s, solver.reward / c, solver.stopping_time

    return run


def paced(factor: float, **options: Any) -> tuple[Any, ...]:
    """Auctions in other money; multipliers have no unit."""
    found = dmd.pace(VALUES * factor, OTHERS * factor, 4.0 * factor, **options)
    bids, path = found.bids / factor, found.path
    money = (found.spend, found.reward, found.certificate.bound, path["dual_values"], path["path_regret"])
    return bids, found.wins, found.multipliers, found.stopping_time, *(x / factor for x in money)


def asked(factor: float) -> tuple[Any, ...]:
    """The four oracles, in other units of reward."""
    prices = np.array([0.2, 0.3, 0.1]) * factor
    found = [
        dmd.oracles.menu(REWARDS[0] * factor, COSTS[0])(prices),
        dmd.oracles.matching(REWARDS[:3, 0] * factor, temperature=0.1 * factor)(prices),
        dmd.oracles.assortment(REWARDS[:3, 1] * factor, COSTS[1, 0], k=2)(prices),
        dmd.oracles.second_price(0.75 * factor, 0.5 * factor)(np.array([0.25])),
    ]
    units = (1.0, 1.0, 1.0, factor)
    actions = [np.asarray(one.action, dtype=float) for one in found]
    costs = [one.cost / unit for one, unit in zip(found, units, strict=True)]
    return (*actions, *costs, *(one.reward / factor for one in found))


def proved(factor: float) -> tuple[Any, ...]:
    """Regret bounds of all geometries, in other units of reward and resources."""
    found = []
    for geometry in ("euclidean", "scaled-euclidean", "entropy", "capped-entropy"):
        setting = {"rate": BUDGET / 40 * factor, "reward_bound": factor, "cost_bound": ALL * factor}
        found.append(dmd.theory.regret_bound("iid", horizon=40, geometry=geometry, **setting).total / factor)
    return tuple(found)


def baselines() -> Iterator[tuple[str, Any]]:
    """What one would do instead."""
    for kind in KINDS:
        yield f"greedy, {kind}", ran(kind, dmd.baselines.greedy)
        yield f"static price, {kind}", ran(kind, dmd.baselines.static_price, prices=lambda c, s: 0.2 * c / s)
        yield f"resolve, {kind}", ran(kind, typed(dmd.baselines.resolve, every=5))
        yield f"history dependent, {kind}", ran(kind, dmd.baselines.history_dependent, every=10)
    for kind in ("rewards", "all resources"):
        yield f"adaptive target, {kind}", ran(kind, dmd.baselines.adaptive_target)
        step = {"step_size": lambda c, s: 0.1 * c / s[0] ** 2}
        yield f"fast online LP, {kind}", ran(kind, dmd.baselines.fast_online_lp, **step)


UNITS: dict[str, Callable[[float], Any]] = {
    **{f"allocate: {words}": solve for words, solve in runs()},
    **{f"allocate_batch: {kind}": batch(kind) for kind in KINDS},
    **{f"dual_bound: {kind}": bound(kind) for kind in KINDS},
    **{f"hindsight_optimum: {kind}": optimum(kind, dmd.hindsight_optimum) for kind in KINDS},
    **{f"hindsight_optimum: by sorting, {kind}": optimum(kind, knapsack) for kind in KINDS},
    **{f"hindsight_optimum: whole requests, {kind}": optimum(kind, whole) for kind in KINDS},
    **{f"fluid_optimum: {kind}": optimum(kind, fluid) for kind in KINDS},
    **{f"DualMirrorDescent: {kind}": online(kind) for kind in KINDS},
    "pace: money": paced,
    "pace: money, values": lambda factor: paced(factor, objective="value", init=0.5),
    "pace: money, a step": lambda factor: paced(factor, step_size=0.1 / factor),
    "oracles: rewards": asked,
    "theory: rewards and resources": proved,
    **{f"baselines: {words}": solve for words, solve in baselines()},
}

UNITLESS: dict[str, str] = {
    "Budgets": "numbers as they stand in a file; nothing is computed",
}
