"""Phases of growing rewards, of which nobody knows the last: what every policy loses, and what mirror descent keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Dual,
    Family,
    Inequality,
    Measured,
    OutcomeError,
    Program,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.bounds.arithmetic.letters import letters
from lrtheory.bounds.sets.dual import ONE
from lrtheory.dual_mirror_descent import RequestStream, allocate, theory
from proofs_checks.dual_mirror_descent.certificates.phases import POLICIES


@dataclass(frozen=True)
class Phases:
    """K phases of L requests at unit cost, L units in all, rewards epsilon^(K - k) in phase k; a geometry."""

    n_phases: int
    length: int
    epsilon: float
    geometry: str = "euclidean"

    @property
    def rewards(self) -> np.ndarray:
        """Rewards of all phases, (K L,)."""
        return np.repeat(self.epsilon ** np.arange(self.n_phases - 1, -1, -1), self.length)

    def stopped(self, kappa: int) -> RequestStream:
        """Make the stream whose requests are worth nothing after phase kappa; its reward bound of 1 tells nothing."""
        worth = np.arange(self.n_phases * self.length) < kappa * self.length
        known = {"reward_bound": 1.0, "cost_bound": 1.0}
        return RequestStream(self.rewards * worth, np.ones(len(worth)), float(self.length), **known)


def descended(phases: Phases, rng: np.random.Generator, **options: Any) -> np.ndarray:
    """Return the actions of dual mirror descent when rewards stop after phase 1, ..., K, (K, K L)."""
    horizon = phases.n_phases * phases.length
    scaled = phases.geometry != "euclidean"
    # K / sqrt(T) is the Euclidean step of theory, 1 / (rate sqrt(T)); the other geometries have other units
    step = horizon**-0.5 if scaled else phases.n_phases * horizon**-0.5
    # an entropy cannot start at 0; above the first rewards it would serve nothing in the first phase
    init = phases.epsilon ** (phases.n_phases - 1) / 2 if "entropy" in phases.geometry else 0.0
    chosen = {"geometry": phases.geometry, "step_size": step, "init": init} | options
    runs = [allocate(phases.stopped(kappa), **chosen).actions for kappa in range(1, phases.n_phases + 1)]
    return np.array(runs)


def draw_phases(draws: Draws) -> Phases:
    """Draw two to eight phases in any geometry; lengths differ, so that instances hardly share a shape."""
    geometry = draws.choice(("euclidean", "scaled-euclidean", "entropy", "capped-entropy"))
    return Phases(draws.integers(2, 8), draws.integers(20, 400), 2.0 ** -draws.integers(1, 8), geometry)


PHASES = Family(
    "phases",
    always=(
        Phases(2, 1000, 1 / 128),
        Phases(4, 500, 1 / 128),
        Phases(8, 250, 1 / 2),
        Phases(4, 10, 1 / 128),
        Phases(1, 4, 1 / 2),
    ),
    draw=draw_phases,
)


def clairvoyant(phases: Phases, rng: np.random.Generator) -> np.ndarray:
    """Serve the last phase in which anything is worth something, which no online policy knows."""
    k, length = phases.n_phases, phases.length
    served = np.arange(k * length) // length == np.arange(k)[:, None]
    return np.where(served, 0, -1)


def ratios(phases: Phases, actions: np.ndarray) -> np.ndarray:
    """Compute the share of the optimum that the actions earn, for each number of phases that come, (K,)."""
    k, length = phases.n_phases, phases.length
    if actions.dtype.kind not in "iu" or actions.shape != (k, k * length) or not np.isin(actions, (-1, 0)).all():
        raise OutcomeError(f"a row for each of the {k} ends is due, 0 for a request that is served and -1 for others")
    served = (actions == 0).reshape(k, k, length).sum(axis=2)  # of each phase, for each end
    if (served.sum(axis=1) > length).any():
        raise OutcomeError("more requests are served than there are units")
    # the reward of phase j over that of phase i, the last one that comes, which is all that the optimum serves
    e = phases.epsilon
    worth = np.array([[e ** (i - j) if j <= i else 0 * e for j in range(k)] for i in range(k)])
    return (worth * served).sum(axis=1) / length


def worst_ratio(phases: Phases, actions: np.ndarray, share: Fraction = Fraction(1)) -> Sides:
    """Compare the smallest ratio to the optimum, over the phases after which rewards are 0, with its limit."""
    limit = share / theory.phase_ratio(phases.n_phases, growth=phases.epsilon)
    return Sides([ratios(phases, actions).min()], [limit], trivial=[1])


def every_policy(n_phases: int) -> Iterator[Program]:
    """Yield the linear program of all policies: what each phase gets of the budget, and the smallest share t.

    A policy does not know the last phase, so it has spent the same on the phases before. With epsilon = 1/(1 + a) the
    multipliers are b for the last phase and b (1 - epsilon) for each before, where 1/b is `phase_ratio`; with
    these weights a phase of any reward adds b to the mean of the shares.
    """
    (a,) = letters("a")
    epsilon = 1 / (1 + a)
    b = 1 / theory.phase_ratio(n_phases, growth=epsilon)
    facts: dict[str, dict[Any, Any]] = {"Budget": {ONE: 1} | {f"s{j}": -1 for j in range(n_phases)}}
    for i in range(n_phases):
        facts[f"Share {i}"] = {f"s{j}": epsilon ** (i - j) for j in range(i + 1)} | {"t": -1}
    weights = {f"Share {i}": b if i == n_phases - 1 else b * (1 - epsilon) for i in range(n_phases)}
    yield Program(facts, {ONE: b, "t": -1}, multipliers=weights | {"Budget": b})


def all_policies(n_phases: int) -> Dual:
    """Return the set of all policies for a number of phases, for all growing rewards."""
    anchors = (Phases(n_phases, 1000, 1 / 128), Phases(n_phases, 250, 1 / 2))
    words = f"policies for {n_phases} phases, for each epsilon in (0, 1)"
    return Dual(words, partial(every_policy, n_phases), anchors=anchors)


DMD_LB2 = Statement(
    id="dual_mirror_descent/DMD-LB2",
    title="No online policy keeps more than 1/(K - (K - 1) epsilon) of every sequence",
    says=(
        "If rewards grow by a factor 1/epsilon from each of K phases to the next, end after an unknown phase kappa, "
        "and the budget lasts for one phase, then for some kappa an online policy earns R_kappa of at most 1/(K - (K - "
        "1) epsilon) times the optimum OPT_kappa."
    ),
    source=Derived(theory.phase_ratio),
    tex=r"\min_\kappa R_\kappa/\mathrm{OPT}_\kappa \le 1/(K - (K-1)\varepsilon)",
    hypotheses={"rewards that grow": lambda phases: 0 < phases.epsilon < 1},
    instances=PHASES,
    for_all=(all_policies(2), all_policies(4), all_policies(6), POLICIES),
    solve=descended,
    decisions=("outcome",),
    claim=Inequality(worst_ratio),
    saboteurs=(
        saboteur("knows the last phase", solve=clairvoyant),
        saboteur("1/(2K) claimed", claim=Inequality(partial(worst_ratio, share=Fraction(1, 2)))),
    ),
    notes="For every online policy, randomized ones in expectation; a policy that keeps more has looked ahead.",
)


def draw_long_phases(draws: Draws) -> Phases:
    """Draw two to eight phases of at least 1000 requests each."""
    return Phases(draws.integers(2, 8), draws.integers(1000, 3000), 2.0 ** -draws.integers(4, 6))


LONG = Family(
    "long-phases-of-phases",
    always=(Phases(2, 1000, 1 / 128), Phases(4, 1001, 1 / 128), Phases(8, 1002, 1 / 64)),
    draw=draw_long_phases,
)


def first_phase_alone(phases: Phases, rng: np.random.Generator) -> np.ndarray:
    """Serve the first L requests alone."""
    k, length = phases.n_phases, phases.length
    return np.where(np.arange(k * length) < length, 0, -1) + np.zeros((k, 1), int)


def exact(number: Any) -> Any:
    """Return a double as the fraction that it is, and any other number unchanged."""
    return Fraction(float(number)) if isinstance(number, (float, np.floating)) else number


def lost(phases: Phases, actions: np.ndarray, part: Fraction = Fraction(1, 10)) -> Sides:
    """Compare the largest shortfall from 1 / K of an optimum with a tenth of 1 / K."""
    k = phases.n_phases
    return Sides([Fraction(1, k) - exact(ratios(phases, actions).min())], [part / k], trivial=[Fraction(1, k)])


DMD_LB2_KEPT = Statement(
    id="dual_mirror_descent/DMD-LB2-kept",
    title="Dual mirror descent keeps nine tenths of 1/K of every sequence of long phases",
    says=(
        "On K phases of L >= 1000 requests, whose rewards grow at least sixteenfold from phase to phase, with a budget "
        "for one phase, Euclidean dual mirror descent with steps K/sqrt(K L) earns R_kappa of at least 9/(10 K) of the "
        "optimum OPT_kappa, whatever the last phase kappa that is worth anything."
    ),
    source=Measured(
        what="the share of each optimum that Euclidean steps of K / sqrt(T) keep",
        where="2 to 8 phases of 1000 to 3000 requests, epsilon from 1/64 to 1/16",
        command="lrtheory check dual_mirror_descent/DMD-LB2-kept",
    ),
    tex=r"L \ge 1000 \Rightarrow \min_\kappa R_\kappa/\mathrm{OPT}_\kappa \ge \tfrac{9}{10 K}",
    hypotheses={
        "long phases": lambda phases: phases.length >= 1000,
        "rewards that grow sixteenfold at least": lambda phases: phases.epsilon <= 1 / 16,
        "first rewards above the rounding of prices": lambda phases: phases.epsilon ** (phases.n_phases - 1) >= 2**-42,
        "Euclidean steps": lambda phases: phases.geometry == "euclidean",
    },
    instances=LONG,
    solve=descended,
    decisions=("outcome",),
    claim=Inequality(lost),
    saboteurs=(
        saboteur("serves the first phase alone", solve=first_phase_alone),
        saboteur("starts at a price ten times too high", solve=partial(descended, init=10.0)),
        saboteur(
            "phases of ten requests", breaks="long phases", instances=Family("ten", always=(Phases(4, 10, 1 / 128),))
        ),
    ),
    notes="The ratio K of DMD-T2 is nearly attained; with short phases the additive terms are larger than an optimum.",
)
