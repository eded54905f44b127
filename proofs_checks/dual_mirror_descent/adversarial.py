"""Requests chosen by an adversary: bounds for every sequence, and the sequences that make them tight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Family, Inequality, Paper, Sides, Statement, always, saboteur
from lrtheory.dual_mirror_descent import AllocationResult, allocate, baselines, hindsight_optimum, steps, theory
from proofs_checks.dual_mirror_descent import mutants
from proofs_checks.dual_mirror_descent.families.streams import (
    ALWAYS,
    FITTING_MENUS,
    GEOMETRIES,
    Requests,
    conjugates,
    draw_geometry,
    draw_menus,
    earned,
    fits_from_the_start,
    nearby,
    requests,
    run,
)
from proofs_checks.dual_mirror_descent.path import FIRST_GAINFUL, gradients


def largest_ratio(requests: Requests, factor: Fraction = Fraction(1)) -> Any:
    """alpha = max(1, largest cost over rate), of this sequence; or with a share of the ratio."""
    ratio = (requests.costs / requests.rate).max()
    return max(1, ratio if factor == 1 else factor * ratio)


def single_step(requests: Requests, result: AllocationResult, factor: Fraction = Fraction(1)) -> Sides:
    """f_t(x) - alpha mu_t . g_t of all actions and of none, against alpha f_t(x_t), for all t up to tau."""
    alpha = largest_ratio(requests, factor)
    early = slice(result.stopping_time)
    pull = (gradients(requests, result) * result.trace["prices"][:-1]).sum(1)[early]
    offers = np.c_[requests.rewards, 0 * requests.rewards[:, :1]][early]
    lhs = theory.adversarial_step(offers, regret=pull[:, None], alpha=alpha)
    return Sides(lhs, np.broadcast_to(alpha * earned(requests, result.proposed)[early, None], lhs.shape))


DMD_L12 = Statement(
    id="dual_mirror_descent/DMD-L12",
    title="One step against an adversary",
    source=Derived(theory.adversarial_step),
    tex=r"\alpha f_t(x_t) \ge f_t(x) - \alpha\,\mu_t\cdot g_t",
    hypotheses={"every request fits the whole budget": fits_from_the_start},
    instances=FITTING_MENUS,
    solve=run,
    claim=Inequality(single_step),
    saboteurs=(
        saboteur("half of the largest cost over rate", claim=Inequality(partial(single_step, factor=Fraction(1, 2)))),
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
    ),
)


# --- the whole run ---------------------------------------------------------------------------------------------------


def relaxed_optimum(requests: Requests) -> Any:
    """The dual value at the prices of the linear program: its value, and never less, whatever the solver's rounding."""
    prices = hindsight_optimum(requests.stream).prices
    return float(
        (prices * requests.rate).sum() * requests.horizon + conjugates(requests.rewards, requests.costs, prices).sum()
    )


@dataclass(frozen=True)
class Solved:
    """A run, and the relaxed optimum of its sequence."""

    result: AllocationResult
    optimum: float


def run_and_optimum(requests: Requests, rng: np.random.Generator, **options) -> Solved:
    """The run, and beside it what only the claim looks at."""
    return Solved(run(requests, **options), relaxed_optimum(requests))


def adversarial_regret(requests: Requests, solved: Solved, factor: Fraction = Fraction(1)) -> Sides:
    """OPT - alpha R against C1 + alpha C2 eta T + alpha C3(alpha) / eta."""
    alpha = largest_ratio(requests, factor)
    bound = theory.regret_bound(
        "adversarial",
        horizon=requests.horizon,
        rate=requests.rate,
        reward_bound=requests.reward_bound,
        cost_bound=requests.cost_bound,
        geometry=requests.geometry,
        step_size=requests.step_size,
        init=requests.init,
        alpha=alpha,
    )
    return Sides([solved.optimum - alpha * solved.result.reward], [bound.total], trivial=[solved.optimum])


def phases(k: int, length: int, epsilon: float, geometry: str = "euclidean") -> Requests:
    """Unit costs; phase after phase of `length` = budget requests, each phase 1/epsilon times as rewarding."""
    rewards = np.repeat(epsilon ** np.arange(k - 1, -1, -1.0), length)
    return requests(rewards, 1.0, 1 / k, step_size=float(k) / np.sqrt(len(rewards)), geometry=geometry)


LONG_PHASES = Family("long-phases", always=lambda: (phases(4, 2000, 0.01), phases(4, 8000, 0.01)))
SEQUENCES = Family(
    "sequences",
    always=lambda: (*ALWAYS, phases(2, 4096, 1 / 128), *LONG_PHASES.always()),
    draw=lambda draws: draw_menus(draws, (64, 3, 3)),
    climb=nearby,
)
CURVED_SEQUENCES = Family(
    "curved-sequences",
    always=lambda: (
        *GEOMETRIES.always,
        *(phases(2, 4096, 1 / 128, geometry=name) for name in ("scaled-euclidean", "entropy", "capped-entropy")),
    ),
    draw=draw_geometry,
)

DMD_T2 = Statement(
    id="dual_mirror_descent/DMD-T2",
    title="Reward against an adversary",
    source=Paper("2011.10124", "Theorem 2", read="recalled"),
    tex=r"\mathrm{OPT}_{LP} - \alpha R \le C_1 + \alpha C_2 \eta T + \alpha C_3(\alpha)/\eta",
    hypotheses={"positive rates": lambda requests: bool((requests.rate > 0).all())},
    instances=SEQUENCES,
    solve=run_and_optimum,
    claim=Inequality(adversarial_regret),
    saboteurs=(
        saboteur(
            "half of alpha",
            instances=LONG_PHASES,
            claim=Inequality(partial(adversarial_regret, factor=Fraction(1, 2))),
        ),
        saboteur(
            "starts at a price a hundred times too high",
            solve=partial(run_and_optimum, init=np.array([100.0])),
            instances=LONG_PHASES,
        ),
        saboteur("steps of a millionth", solve=partial(run_and_optimum, step_size=1e-6), instances=LONG_PHASES),
    ),
    notes="The proof is that of `theory.regret_bound`, with constants of its own; per step it is DMD-L12.",
)


DMD_T2_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-T2-geometries",
    title="Reward against an adversary, in the other geometries",
    source=Derived(theory.regret_bound),
    tex=r"\mathrm{OPT}_{LP} - \alpha R \le C_1 + \alpha C_2 \eta T + \alpha C_3(\alpha)/\eta",
    hypotheses={"positive rates": lambda requests: bool((requests.rate > 0).all())},
    instances=CURVED_SEQUENCES,
    solve=run_and_optimum,
    claim=Inequality(adversarial_regret, numbers=Ball),
    saboteurs=(
        saboteur("steps of a millionth", solve=partial(run_and_optimum, step_size=1e-6)),
        saboteur("starts at a price of a thousand", solve=partial(run_and_optimum, init=1000.0)),
    ),
    notes="Scaled Euclidean, entropy, and entropy capped at rate . mu <= f bar.",
)


# --- phases that hide the end ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phases:
    """K phases of L requests, L = budget, rewards epsilon^(K - k) in phase k; a policy by name."""

    n_phases: int
    length: int
    epsilon: float
    policy: str

    def stopped(self, kappa: int) -> Requests:
        """The sequence whose requests are worth nothing after phase kappa."""
        full = phases(self.n_phases, self.length, self.epsilon)
        worth = np.arange(len(full.rewards)) < kappa * self.length
        return Requests(full.rewards * worth[:, None], full.costs, full.rate, full.init, full.step_size)


def dual_descent(requests: Requests) -> float:
    """What dual mirror descent earns."""
    return run(requests).reward


POLICIES: dict[str, Callable[[Requests], float]] = {
    "dual mirror descent": dual_descent,
    "entropy": lambda r: allocate(r.stream, geometry="entropy", init=1e-3, step_size=r.step_size).reward,
    "greedy": lambda r: baselines.greedy(r.stream).reward,
    "adaptive target": lambda r: baselines.adaptive_target(r.stream, step_size=r.step_size).reward,
    "simple fast online LP": lambda r: baselines.fast_online_lp(r.stream).reward,
}


def phase_ratios(phases: Phases, rng: np.random.Generator, policy=None) -> np.ndarray:
    """What the policy earns as a share of the optimum, for each phase after which nothing is worth anything, (K,)."""
    policy = policy or POLICIES[phases.policy]
    ends = np.arange(1, phases.n_phases + 1)
    best = phases.length * phases.epsilon ** (phases.n_phases - ends.astype(float))
    return np.array([policy(phases.stopped(int(kappa))) for kappa in ends]) / best


def worst_ratio(phases: Phases, ratios: np.ndarray, share: Fraction = Fraction(1)) -> Sides:
    """The smallest ratio against 1 / K + epsilon; and that of dual mirror descent is at least nine tenths of 1 / K."""
    least = Fraction(9, 10 * phases.n_phases) if phases.policy == "dual mirror descent" else 0
    limit = share / theory.phase_ratio(phases.n_phases, growth=phases.epsilon)
    return Sides([ratios.min(), least], [limit, ratios.min()], trivial=[1, 1])


PANEL = Family(
    "phases-and-policies",
    always=tuple(Phases(k, 1000, 1 / 128, policy) for k in (2, 4, 8) for policy in POLICIES),
)

DMD_LB2 = Statement(
    id="dual_mirror_descent/DMD-LB2",
    title="No online policy keeps more than 1/K of every sequence, and dual mirror descent keeps nearly that",
    source=Derived(theory.phase_ratio),
    tex=r"\min_\kappa R/\mathrm{OPT}_\kappa \le 1/K + \varepsilon",
    hypotheses={"phases hide the end": always},
    instances=PANEL,
    solve=phase_ratios,
    claim=Inequality(worst_ratio),
    saboteurs=(
        saboteur("knows the last phase", solve=partial(phase_ratios, policy=mutants.clairvoyant)),
        saboteur("1/(2K) claimed", claim=Inequality(partial(worst_ratio, share=Fraction(1, 2)))),
    ),
    notes="Dual mirror descent keeps 1/K of each: the ratio of DMD-T2 is attained.",
)
