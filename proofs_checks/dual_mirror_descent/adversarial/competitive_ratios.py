"""Bounds on the regret for every sequence of requests, an adversary's too."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Ball,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Numbers,
    OutcomeError,
    Paper,
    Sides,
    Statement,
    exactly,
    formula,
    saboteur,
)
from lrtheory.dual_mirror_descent import hindsight_optimum, theory
from lrtheory.dual_mirror_descent.prices import steps
from lrtheory.dual_mirror_descent.theory import resources
from proofs_checks.dual_mirror_descent.certificates.prices import ADVERSARY
from proofs_checks.dual_mirror_descent.families.paths import FIRST_GAINFUL, WALK, gradients
from proofs_checks.dual_mirror_descent.families.small_streams import all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    EMPTY,
    EXACT_FIT,
    FROM_HIGH_PRICES,
    GEOMETRIES,
    ODD_BUDGET,
    SECOND,
    SHORT_TRACE,
    TWO,
    Requests,
    Service,
    Walk,
    conjugates,
    draw_menus,
    earned,
    first_shortage,
    nearby,
    off_the_start,
    requests,
    run,
    served,
    spent,
    walked,
)
from proofs_checks.numerators import numerators


def fits_from_the_start(instance: Requests) -> bool:
    """Tell whether no request costs more than the whole budget."""
    return bool((instance.cost_bound <= instance.horizon * instance.rate).all())


IDLE = requests([0, 0], 0.0, 0.5)


def draw_fitting(draws: Draws) -> Requests:
    """Draw menus of which each request fits the whole budget."""
    drawn = draw_menus(draws)
    # the least power of two that is at least 1 / T, so that the budget is at least one unit, the largest cost
    return replace(drawn, rate=np.maximum(drawn.rate, 2.0 ** -np.floor(np.log2(drawn.horizon))))


FITTING_MENUS = Family(
    "fitting-menus",
    always=(SHORT_TRACE, EMPTY, EXACT_FIT, ODD_BUDGET, FROM_HIGH_PRICES, TWO, SECOND, IDLE),
    draw=draw_fitting,
    climb=nearby,
)


def largest_ratio(requests: Requests, factor: Fraction = Fraction(1)) -> Any:
    """Compute alpha = max(1, factor times the largest cost over rate), of this sequence."""
    ratio = resources.largest_ratio(list(requests.cost_bound), list(requests.rate))
    return max(1, ratio if factor == 1 else factor * ratio)


@formula(f="(-inf, inf)", w="(-inf, inf)", alpha="[1, inf)")
def adversarial_step(f: Numbers, w: Numbers, alpha: Number) -> Numbers:
    """Alpha times the reward of the proposal is at least this.

    Here f are the rewards of any actions, and w is price times gradient.

    Proof
    -----
    Assumes: prices are at least 0 and b(x) <= alpha rho for all actions x, which alpha >= max(1, max b / rho) says (the
    caller; alpha >= 1 is an argument check).

    Proof: the proposal x~ is a best reply: f_t(x~) >= f_t(x) - mu . b(x) + mu . b(x~), and f_t(x~) >= mu . b(x~) since
    doing nothing is possible. Add alpha - 1 times the second to the first, and use b(x) <= alpha rho: alpha f_t(x~) >=
    f_t(x) - alpha mu . rho + alpha mu . b(x~) = f_t(x) - alpha mu . g_t.
    """
    return f - alpha * w


def single_step(requests: Requests, walk: Walk, factor: Fraction = Fraction(1)) -> Sides:
    """Compare f_t(x) - alpha mu_t . g_t of all actions and of none with alpha f_t(x_t), for all t up to tau."""
    alpha, start = largest_ratio(requests, factor), off_the_start(requests, walk)
    early = slice(first_shortage(requests, walk.proposed))
    pull = (gradients(requests, walk) * walk.prices[:-1]).sum(1)[early]
    offers = np.c_[requests.rewards, 0 * requests.rewards[:, :1]][early]
    lhs = adversarial_step(offers, pull[:, None], alpha)
    rhs = np.broadcast_to(alpha * earned(requests, walk.proposed)[early, None], lhs.shape)
    return Sides(np.r_[lhs.ravel(), start], np.r_[rhs.ravel(), 0 * start])


UNBOUNDED = "another algorithm may post any prices"


DMD_L12 = Statement(
    id="dual_mirror_descent/DMD-L12",
    title="One step against an adversary",
    says=(
        "Up to the stopping time, alpha times the reward f_t(x_t) is at least the reward f_t(x) of any other action x "
        "less alpha times price times gradient, mu_t . g_t, where alpha is the largest ratio of a cost to its rate, or "
        "1 if that is larger."
    ),
    source=Derived(adversarial_step),
    tex=r"\alpha f_t(x_t) \ge f_t(x) - \alpha\,\mu_t\cdot g_t",
    hypotheses={"every request fits the whole budget": fits_from_the_start},
    instances=FITTING_MENUS,
    for_all=(ADVERSARY,),
    solve=walked,
    decisions=WALK,
    claim=Inequality(single_step, unbounded=UNBOUNDED),
    saboteurs=(
        saboteur("half of the largest cost over rate", claim=Inequality(partial(single_step, factor=Fraction(1, 2)))),
        saboteur("the first gainful action", patch=FIRST_GAINFUL),
        saboteur("no projection at zero", patch=(steps.euclidean_step, "max(0, moved)", "moved")),
    ),
)


def actions(requests: Requests, rng: np.random.Generator, **options) -> np.ndarray:
    """Return the actions of dual mirror descent, (T,)."""
    return run(requests, **options).actions


def affordable(requests: Requests, actions: np.ndarray) -> np.ndarray:
    """Return the actions if they keep within the budget, up to the rounding that `allocate` names; refuse others."""
    budget = requests.rate * requests.horizon
    if (spent(requests, actions).sum(0) > budget + budget / 10**12).any():
        raise OutcomeError("the actions use more than the budget")
    return actions


def exact_dual_value(requests: Requests, prices: np.ndarray) -> Fraction:
    """Compute the dual value at some prices as the rational number that it is, from requests and prices in doubles."""
    (above, f), (costs, c), (paid, p) = map(numerators, (requests.rewards, requests.costs, prices))
    gained = np.maximum((above * (c * p) - costs @ paid * f).max(1), 0).sum()
    budgets = (exactly(prices) * exactly(requests.rate)).sum() * requests.horizon
    return budgets + Fraction(gained, f * c * p)  # type: ignore[no-any-return]


def relaxed_optimum(requests: Requests) -> Any:
    """Compute the dual value at the prices of the linear program, which no rounding of the solver puts below OPT."""
    # weak duality holds at any prices (DMD-L1), so a solver in doubles may choose them for an exact evaluation
    plain, kind = exactly(requests, float), type(requests.step_size)
    prices = hindsight_optimum(plain.stream).prices
    if kind in (Fraction, Ball):
        return kind(exact_dual_value(plain, prices))
    value = (prices * plain.rate).sum() * plain.horizon + conjugates(plain.rewards, plain.costs, prices).sum()
    return float(value)


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


def phased(k: int, length: int, epsilon: float, geometry: str = "euclidean") -> Requests:
    """Make requests of all k phases of a sequence, with the step K / sqrt(T)."""
    rewards = np.repeat(epsilon ** np.arange(k - 1, -1, -1.0), length)
    return requests(rewards, 1.0, 1 / k, step_size=float(k) / np.sqrt(len(rewards)), geometry=geometry)


# phases so long that the additive terms of the bound, of order sqrt(T), are below the optimum; each phase is worth a
# hundred times the one before, so that a policy that spends early loses nearly everything
LONG_PHASES = Family("long-phases", always=lambda: (phased(4, 2000, 0.01), phased(4, 8000, 0.01)))


def draw_long(draws: Draws) -> Requests:
    """Draw two to four thousand requests for one resource, in up to five blocks of different worth; the step of theory.

    The blocks are shorter than what the budget pays for, and rates are so high that the bound is less than the optimum.
    """
    horizon, rate = draws.integers(16, 32) * 128, draws.choice((0.25, 0.375, 0.5))
    n_blocks = draws.integers(1, 5)
    levels = np.sort(draws.integers(4, 16, shape=n_blocks))[:: draws.choice((1, -1))]
    rewards = levels[np.arange(horizon) * n_blocks // horizon] / 16 - draws.integers(0, 3, shape=horizon) / 16
    costs = (4 + draws.integers(0, 4, shape=horizon)) / 8
    step = 2.0 ** round(np.log2(1 / (rate * np.sqrt(horizon))))
    return requests(rewards, costs[:, None, None], rate, step_size=step)


SEQUENCES = Family(
    "sequences",
    always=lambda: (SHORT_TRACE, TWO, phased(2, 4096, 1 / 128), *LONG_PHASES.always()),
    draw=draw_long,
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


def draw_long_curved(draws: Draws) -> Requests:
    """Draw long sequences under the other geometries, with steps that suit the units of each."""
    drawn, geometry = draw_long(draws), draws.choice(("scaled-euclidean", "entropy", "capped-entropy"))
    step = 2.0 ** round(np.log2(drawn.horizon**-0.5))
    init = np.array([0.5]) if "entropy" in geometry else np.zeros(1)
    return replace(drawn, geometry=geometry, init=init, step_size=step * (2 if geometry == "entropy" else 1))


CURVED_SEQUENCES = Family(
    "curved-sequences",
    always=lambda: (
        GEOMETRIES.always[1],
        *(phased(2, 8192, 1 / 128, geometry=name) for name in ("scaled-euclidean", "entropy", "capped-entropy")),
    ),
    draw=draw_long_curved,
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


def never_scarce(instance: Requests) -> bool:
    """Tell whether no request uses more than the rate, and prices start at zero."""
    return bool((instance.costs <= instance.rate).all() and not instance.init.any())


def draw_plenty(draws: Draws) -> Requests:
    """Draw menus with rates above 1, which no cost exceeds."""
    drawn = draw_menus(draws, (16, 3, 2))
    return replace(drawn, rate=1 + drawn.rate, init=0 * drawn.rate)


PLENTY = Family("plenty", always=(requests([1, 0.5], 1.0, 1.0), SECOND), draw=draw_plenty)


def nothing_refused(requests: Requests, service: Service) -> Sides:
    """Compare the reward of the actions with the sum of best rewards, all prices with zero, tau with its definition."""
    best = np.maximum(requests.rewards.max(1), 0).sum()
    gained, prices = earned(requests, affordable(requests, service.actions)).sum(), service.prices.ravel()
    best_replies = np.abs(earned(requests, service.proposed) - np.maximum(requests.rewards.max(1), 0))
    times = (service.stopping_time, first_shortage(requests, service.proposed))
    return Sides(np.r_[gained, prices, best_replies, times[0]], np.r_[best, 0 * prices, 0 * best_replies, times[1]])


DMD_T2_PLENTY = Statement(
    id="dual_mirror_descent/DMD-T2-plenty",
    title="Where no request exceeds the rate, the run is optimal",
    says=(
        "If the largest cost b_bar is at most the smallest rate rho_min and the first prices mu_1 are 0, then all "
        "prices mu_t stay 0 and the reward R is the optimum OPT in hindsight."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\bar b \le \rho_{\min},\ \mu_1 = 0 \Rightarrow R = \mathrm{OPT},\ \mu_t = 0",
    hypotheses={"no request exceeds the rate": never_scarce},
    instances=PLENTY,
    for_all=(all_orders("at a rate of one unit", lambda one: replace(one, rate=2 * one.rate)),),
    solve=served,
    decisions=(*WALK, "actions"),
    claim=Identity(nothing_refused),
    saboteurs=(
        saboteur(
            "costs of twice the rate",
            breaks="no request exceeds the rate",
            instances=Family("scarce-trace", always=(SHORT_TRACE,)),
        ),
        saboteur("the cheapest gainful action", patch=FIRST_GAINFUL),
    ),
)
