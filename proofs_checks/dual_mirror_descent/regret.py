"""Regret for independent requests of one law: a bound, its rate, and a law with a known optimum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, OutcomeError, Paper, Rate, Statement, saboteur
from lrtheory.dual_mirror_descent import hindsight_optimum, theory
from proofs_checks.dual_mirror_descent.families.laws import (
    HEAVILY_CORRUPTED,
    SLOW_MARKOV,
    RequestLaw,
    is_iid,
    one_resource,
    periodic,
    theory_step,
    three_resources,
)
from proofs_checks.dual_mirror_descent.families.runs import (
    RUNS,
    Hired,
    Runs,
    Taken,
    batch,
    bound,
    legal,
    optima,
    regret_at_most,
    rewards,
    runs,
    short_batch,
    taken,
)
from proofs_checks.dual_mirror_descent.families.wrong_solvers import _loop, turns_away, wrong_sign


def drawn_law(draws: Draws) -> RequestLaw:
    """Draw a law of two to five types, one or two actions and resources, and costs 1/2 or 1."""
    k, d, m = draws.integers(2, 5), draws.integers(1, 2), draws.integers(1, 2)
    weights = draws.integers(1, 8, shape=k).astype(float)
    rate = draws.integers(2, 4, shape=m) / 8
    horizon = draws.choice((256, 512))
    return RequestLaw(
        draws.integers(1, 16, shape=(k, d)) / 16,
        draws.integers(1, 2, shape=(k, d, m)) / 2,
        rate,
        horizon,
        weights / weights.sum(),
        theory_step(horizon, *rate),
    )


IID_LAWS = Family(
    "iid-laws",
    always=lambda: (
        RequestLaw(**one_resource(512)),
        three_resources(512),
        three_resources(4096, geometry="scaled-euclidean", step_size=1 / np.sqrt(3 * 4096)),
        three_resources(512, geometry="entropy", init=0.5, step_size=1 / 16),
    ),
    draw=drawn_law,
)


LONG_LAW = Family("long-law", always=lambda: (RequestLaw(**one_resource(4096)),))


def with_slack(horizon: int) -> RequestLaw:
    """Make a law of two actions, each with a resource of its own; the second is never scarce, at 3/5 of the rewards."""
    levels = (np.arange(16) + 0.5) / 16
    rewards = np.stack([np.repeat(levels, 16), 0.6 * np.tile(levels, 16)], axis=1)
    costs = np.broadcast_to(np.eye(2), (256, 2, 2)).copy()
    return RequestLaw(rewards, costs, np.array([0.4, 0.9]), horizon, np.full(256, 1 / 256), 1 / np.sqrt(horizon))


SLACK_LAW = Family("slack-law", always=lambda: (with_slack(16384),))


# four periods in all, each of which begins with 2000 requests that are worth half of the later ones
LONG_PERIODS = Family("long-periods", always=lambda: (periodic(16000, 4000),))


def not_projected(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Let prices be negative, so that the use of slack resources is paid for."""
    return _loop(law, law.draw(rng, n), floor=-np.inf)


def small_steps(law: RequestLaw, rng: np.random.Generator, n: int, solve: Any = batch) -> Any:
    """Make steps of 1/T."""
    return solve(law, law.draw(rng, n), step_size=1 / law.horizon)


DMD_T1 = Statement(
    id="dual_mirror_descent/DMD-T1",
    title="Regret under independent requests of one law",
    says=(
        "For T independent requests of one law the expected regret OPT - R, optimum in hindsight less reward, is at "
        "most C1 + C2 eta T + C3/eta for steps of size eta; C1 is lost to depletion, C2 to moving prices, and C3 is "
        "the largest divergence of a comparator from the first prices."
    ),
    source=Paper("2011.10124", "Theorem 1", read="recalled"),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + C_2 \eta T + C_3/\eta",
    hypotheses={"one law": is_iid},
    instances=IID_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(bound),
    saboteurs=(
        # regret of order T passes a bound of order sqrt(T) from a few thousand requests on, but not at 512
        saboteur("the price rises when too little is spent", solve=wrong_sign, instances=LONG_LAW),
        saboteur("steps of 1/T", solve=small_steps, instances=LONG_LAW),
        # subtle: a negative price pays for the use of a slack resource, so its action displaces better ones
        saboteur("no projection at zero", solve=not_projected, instances=SLACK_LAW),
        saboteur("turns everything away", solve=turns_away),
        # the algorithm is right, and each law breaks the one hypothesis
        saboteur("the last fifth has another law", breaks="one law", instances=HEAVILY_CORRUPTED),
        saboteur("a slow chain", breaks="one law", instances=SLOW_MARKOV),
        saboteur("long periods", breaks="one law", instances=LONG_PERIODS),
        saboteur("a fortieth of the bound", claim=regret_at_most(lambda law: bound(law) / 40)),
    ),
    notes="The proof, with constants of its own, is that of `theory.regret_bound`. DMD-T1p is never vacuous.",
)


# each horizon is four times the last, so that sqrt(T) doubles from rung to rung
LADDER = Family(
    "ladder",
    always=lambda: tuple(
        RequestLaw(**one_resource(horizon, step_size=1 / np.sqrt(horizon))) for horizon in (256, 1024, 4096, 16384)
    ),
)


def constant_steps(law: RequestLaw, rng: np.random.Generator, n: int, solve: Any = batch) -> Any:
    """Make steps of one half, at any horizon."""
    return solve(law, law.draw(rng, n), step_size=0.5)


def rising_prices(law: RequestLaw, rng: np.random.Generator, n: int) -> Taken:
    """Return the actions of `wrong_sign`, for claims that need no prices."""
    found = wrong_sign(law, rng, n)
    return Taken(found.kinds, found.actions)


def shortfall(law: RequestLaw, found: Taken) -> np.ndarray:
    """Compute OPT - R of each run, from requests and actions alone, (n,); prices need not be at hand."""
    return optima(law, legal(law, found).kinds) - rewards(law, found)


DMD_T1_RATE = Statement(
    id="dual_mirror_descent/DMD-T1-rate",
    title="Regret grows like the square root of the horizon",
    says=(
        "On T independent requests with rewards uniform on 64 levels of [0, 1], steps of size eta = 1/sqrt(T) have an "
        "expected regret OPT - R, optimum in hindsight less reward, of order sqrt(T), neither more nor less."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] = \Theta(\sqrt T) \text{ for } \eta = 1/\sqrt T",
    hypotheses={"one law": is_iid},
    instances=LADDER,
    solve=taken,
    decisions=("kinds", "actions"),
    claim=Rate(
        cost=shortfall, size=lambda law: law.horizon, over=lambda law: np.sqrt(law.horizon), exponent=(-0.05, 0.06)
    ),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=rising_prices),
        # subtle: both are right at one horizon, and wrong in how they change with it
        saboteur("steps of one half", solve=partial(constant_steps, solve=short_batch)),
        saboteur("steps of 1/T", solve=partial(small_steps, solve=short_batch)),
    ),
    notes="Uniform rewards, where the fluid price is positive: a power of 0.45 to 0.56; the bound says O(sqrt(T)).",
)


def first_come(secretaries: Any, rng: np.random.Generator, n: int) -> Hired:
    """Take the first B requests, whatever they offer."""
    rewards = rng.random((n, secretaries.horizon))
    return Hired(rewards, np.broadcast_to(np.arange(secretaries.horizon) < secretaries.budget, rewards.shape).copy())


def the_worst(secretaries: Any, rng: np.random.Generator, n: int) -> Hired:
    """Take the B worst requests."""
    rewards = rng.random((n, secretaries.horizon))
    return Hired(rewards, np.argsort(np.argsort(rewards, axis=1), axis=1) < secretaries.budget)


@dataclass(frozen=True)
class Secretaries:
    """T rewards uniform on [0, 1], of which B may be taken; the secretary problem with many hires."""

    horizon: int
    budget: int


def hired(secretaries: Secretaries, rng: np.random.Generator, n: int) -> Hired:
    """Draw n sequences of rewards, and take what the optimum in hindsight takes of each."""
    draws, ones = rng.random((n, secretaries.horizon)), np.ones(secretaries.horizon)
    taken = [hindsight_optimum(rewards, ones, secretaries.budget).solution[:, 0] for rewards in draws]
    return Hired(draws, np.array(taken) > 0.5)


def worth(secretaries: Secretaries, found: Hired) -> np.ndarray:
    """Sum the rewards of the requests that were taken, in each run, (n,)."""
    shape = (len(found.rewards), secretaries.horizon)
    if found.rewards.shape != shape or found.taken.shape != shape or found.taken.dtype != bool:
        raise OutcomeError("rewards and whether they are taken are due, one a request and run")
    if not ((found.rewards >= 0) & (found.rewards <= 1)).all() or (found.taken.sum(axis=1) > secretaries.budget).any():
        raise OutcomeError("rewards in [0, 1] are due, and no more of them taken than there are units")
    return (found.rewards * found.taken).sum(axis=1)


def draw_secretaries(draws: Draws) -> Secretaries:
    """Draw up to sixteen requests, and a budget of at most as many units."""
    horizon = draws.integers(1, 16)
    return Secretaries(horizon, draws.integers(1, horizon))


DMD_F1_UNIFORM = Statement(
    id="dual_mirror_descent/DMD-F1-uniform",
    title="The mean optimum of uniform rewards",
    says=(
        "Where B of T independent rewards, uniform on [0, 1], may be taken, the expected optimum OPT in hindsight is B "
        "(2T - B + 1)/(2 (T + 1))."
    ),
    source=Derived(theory.uniform_hindsight),
    tex=r"\mathbb E\,\mathrm{OPT} = B(2T - B + 1)/(2(T + 1))",
    hypotheses={"no more units than requests": lambda s: s.budget <= s.horizon},
    instances=Family(
        "secretaries", always=(Secretaries(1, 1), Secretaries(4, 2), Secretaries(16, 4)), draw=draw_secretaries
    ),
    solve=hired,
    decisions=("rewards", "taken"),
    claim=Expectation(
        sample=worth,
        equals=lambda s: float(theory.uniform_hindsight(s.horizon, s.budget)),
        within=lambda s: 0.1 * s.budget,
        support=lambda s: (0.0, float(s.budget)),
    ),
    saboteurs=(
        saboteur("takes the first ones", solve=first_come),
        saboteur("takes the worst ones", solve=the_worst),
    ),
)
