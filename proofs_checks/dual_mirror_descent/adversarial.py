"""Statements about requests chosen by an adversary: bounds for every sequence, and sequences that make them tight."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Family, Inequality, Measured, Paper, Sides, Statement, exactly, saboteur
from lrtheory.dual_mirror_descent import hindsight_optimum, theory
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.theory import resources
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.phases import (
    LONG,
    PHASES,
    Phases,
    descended,
    draw_long,
    draw_long_curved,
    phased,
    ratios,
)
from proofs_checks.dual_mirror_descent.families.streams import (
    FITTING_MENUS,
    GEOMETRIES,
    SHORT_TRACE,
    TWO,
    Requests,
    Walk,
    affordable,
    conjugates,
    earned,
    first_shortage,
    fits_from_the_start,
    off_the_start,
    run,
    walked,
)
from proofs_checks.dual_mirror_descent.runs.path import FIRST_GAINFUL, UNBOUNDED, WALK, gradients


def largest_ratio(requests: Requests, factor: Fraction = Fraction(1)) -> Any:
    """Compute alpha = max(1, factor times the largest cost over rate), of this sequence."""
    ratio = resources.largest_ratio(list(requests.cost_bound), list(requests.rate))
    return max(1, ratio if factor == 1 else factor * ratio)


def single_step(requests: Requests, walk: Walk, factor: Fraction = Fraction(1)) -> Sides:
    """Compare f_t(x) - alpha mu_t . g_t of all actions and of none with alpha f_t(x_t), for all t up to tau."""
    alpha, start = largest_ratio(requests, factor), off_the_start(requests, walk)
    early = slice(first_shortage(requests, walk.proposed))
    pull = (gradients(requests, walk) * walk.prices[:-1]).sum(1)[early]
    offers = np.c_[requests.rewards, 0 * requests.rewards[:, :1]][early]
    lhs = theory.adversarial_step(offers, regret=pull[:, None], alpha=alpha)
    rhs = np.broadcast_to(alpha * earned(requests, walk.proposed)[early, None], lhs.shape)
    return Sides(np.r_[lhs.ravel(), start], np.r_[rhs.ravel(), 0 * start])


DMD_L12 = Statement(
    id="dual_mirror_descent/DMD-L12",
    title="One step against an adversary",
    says=(
        "Up to the stopping time, alpha times the reward f_t(x_t) is at least the reward f_t(x) of any other action x "
        "less alpha times price times gradient, mu_t . g_t, where alpha is the largest ratio of a cost to its rate, or "
        "1 if that is larger."
    ),
    source=Derived(theory.adversarial_step),
    tex=r"\alpha f_t(x_t) \ge f_t(x) - \alpha\,\mu_t\cdot g_t",
    hypotheses={"every request fits the whole budget": fits_from_the_start},
    instances=FITTING_MENUS,
    solve=walked,
    decisions=WALK,
    claim=Inequality(single_step, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("half of the largest cost over rate", claim=Inequality(partial(single_step, factor=Fraction(1, 2)))),
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
    ),
)


# --- the whole run ---------------------------------------------------------------------------------------------------


def relaxed_optimum(requests: Requests) -> Any:
    """Compute the dual value at the prices of the linear program, which no rounding of the solver puts below OPT."""
    # weak duality holds at any prices (DMD-L1), so a solver in doubles may choose them for an exact evaluation
    plain, kind = exactly(requests, float), type(requests.step_size)
    prices = hindsight_optimum(plain.stream).prices
    if kind in (Fraction, Ball):
        plain, prices = exactly(plain), exactly(prices)
    value = (prices * plain.rate).sum() * plain.horizon + conjugates(plain.rewards, plain.costs, prices).sum()
    return kind(value) if kind in (Fraction, Ball) else float(value)


def actions(requests: Requests, rng: np.random.Generator, **options) -> np.ndarray:
    """Return the actions of dual mirror descent, (T,)."""
    return run(requests, **options).actions


def adversarial_regret(requests: Requests, actions: np.ndarray, factor: Fraction = Fraction(1)) -> Sides:
    """Compare OPT - alpha R with C1 + alpha C2 eta T + alpha C3(alpha) / eta, where R is what the actions earn."""
    alpha, optimum = largest_ratio(requests, factor), relaxed_optimum(requests)
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
    gained = earned(requests, affordable(requests, actions)).sum()
    return Sides([optimum - alpha * gained], [bound.total], trivial=[optimum])


# phases so long that the additive terms of the bound, of order sqrt(T), are below the optimum; each phase is worth a
# hundred times the one before, so that a policy that spends early loses nearly everything
LONG_PHASES = Family("long-phases", always=lambda: (phased(4, 2000, 0.01), phased(4, 8000, 0.01)))
SEQUENCES = Family(
    "sequences",
    always=lambda: (SHORT_TRACE, TWO, phased(2, 4096, 1 / 128), *LONG_PHASES.always()),
    draw=draw_long,
)
CURVED_SEQUENCES = Family(
    "curved-sequences",
    always=lambda: (
        GEOMETRIES.always[1],
        *(phased(2, 8192, 1 / 128, geometry=name) for name in ("scaled-euclidean", "entropy", "capped-entropy")),
    ),
    draw=draw_long_curved,
)

DMD_T2 = Statement(
    id="dual_mirror_descent/DMD-T2",
    title="Against an adversary alpha times the reward nearly reaches the optimum",
    says=(
        "On every sequence of T requests the optimum OPT_LP of the linear relaxation exceeds alpha times the reward R "
        "by at most C1 + alpha C2 eta T + alpha C3(alpha)/eta; eta is the step, alpha the largest of 1 and all ratios "
        "of cost to rate, and the C are as in DMD-T1, C3 for comparators divided by alpha."
    ),
    source=Paper("2011.10124", "Theorem 2", read="recalled"),
    tex=r"\mathrm{OPT}_{LP} - \alpha R \le C_1 + \alpha C_2 \eta T + \alpha C_3(\alpha)/\eta",
    hypotheses={"positive rates": lambda requests: bool((requests.rate > 0).all())},
    instances=SEQUENCES,
    solve=actions,
    decisions=("outcome",),
    claim=Inequality(adversarial_regret),
    saboteurs=(
        saboteur(
            "half of alpha",
            instances=LONG_PHASES,
            claim=Inequality(partial(adversarial_regret, factor=Fraction(1, 2))),
        ),
        saboteur(
            "starts at a price a hundred times too high",
            solve=partial(actions, init=np.array([100.0])),
            instances=LONG_PHASES,
        ),
        # subtle: prices hardly move, and the bound is told the step size of the instance
        saboteur("steps of a millionth", solve=partial(actions, step_size=1e-6), instances=LONG_PHASES),
    ),
    notes="The proof is that of `theory.regret_bound`, with constants of its own; per step it is DMD-L12.",
)


DMD_T2_GEOMETRIES = Statement(
    id="dual_mirror_descent/DMD-T2-geometries",
    title="Against an adversary with scaled Euclidean steps, entropy, and capped entropy",
    says=(
        "In each of these geometries h the optimum OPT_LP of the linear relaxation of T requests exceeds alpha times "
        "the reward R by at most C1 + alpha C2 eta T + alpha C3(alpha)/eta, with step eta, alpha the largest of 1 and "
        "all ratios of cost to rate, and constants C2 and C3 of the geometry."
    ),
    source=Derived(theory.regret_bound),
    tex=r"h \in \{\text{scaled Euclidean, entropy, capped entropy}\}:"
    r"\ \mathrm{OPT}_{LP} - \alpha R \le C_1 + \alpha C_2^h \eta T + \alpha C_3^h(\alpha)/\eta",
    hypotheses={"positive rates": lambda requests: bool((requests.rate > 0).all())},
    instances=CURVED_SEQUENCES,
    solve=actions,
    decisions=("outcome",),
    claim=Inequality(adversarial_regret, numbers=Ball),
    saboteurs=(
        saboteur("steps of a millionth", solve=partial(actions, step_size=1e-6)),
        saboteur("starts at a price of a thousand", solve=partial(actions, init=1000.0)),
    ),
    notes="Scaled Euclidean, entropy, and entropy capped at rate . mu <= f bar.",
)


# --- phases that hide the end ----------------------------------------------------------------------------------------


def worst_ratio(phases: Phases, actions: np.ndarray, share: Fraction = Fraction(1)) -> Sides:
    """Compare the smallest ratio to the optimum, over the phases after which rewards are 0, with its limit."""
    limit = share / theory.phase_ratio(phases.n_phases, growth=phases.epsilon)
    return Sides([ratios(phases, actions).min()], [limit], trivial=[1])


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
    solve=descended,
    decisions=("outcome",),
    claim=Inequality(worst_ratio),
    saboteurs=(
        saboteur("knows the last phase", solve=wrong_solvers.clairvoyant),
        saboteur("1/(2K) claimed", claim=Inequality(partial(worst_ratio, share=Fraction(1, 2)))),
    ),
    notes="For every online policy, randomized ones in expectation; a policy that keeps more has looked ahead.",
)


def lost(phases: Phases, actions: np.ndarray, part: Fraction = Fraction(1, 10)) -> Sides:
    """Compare the largest shortfall from 1 / K of an optimum with a tenth of 1 / K."""
    k = phases.n_phases
    return Sides([Fraction(1, k) - exact(ratios(phases, actions).min())], [part / k], trivial=[Fraction(1, k)])


def exact(number: Any) -> Any:
    """Return a double as the fraction that it is, and any other number unchanged."""
    return Fraction(float(number)) if isinstance(number, (float, np.floating)) else number


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
        saboteur("serves the first phase alone", solve=wrong_solvers.first_phase_alone),
        saboteur("starts at a price ten times too high", solve=partial(descended, init=10.0)),
        saboteur(
            "phases of ten requests", breaks="long phases", instances=Family("ten", always=(Phases(4, 10, 1 / 128),))
        ),
    ),
    notes="The ratio K of DMD-T2 is nearly attained; with short phases the additive terms are larger than an optimum.",
)
