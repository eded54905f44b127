"""Runs in other units of rewards and resources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory._numbers import gathered
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Number,
    Numbers,
    Sides,
    Statement,
    exactly,
    formula,
    saboteur,
)
from proofs_checks.dual_mirror_descent.families.paths import path_rounding
from proofs_checks.dual_mirror_descent.families.small_streams import all_orders
from proofs_checks.dual_mirror_descent.families.streams import (
    SHORT_TRACE,
    TWO,
    Requests,
    Service,
    Walk,
    draw_geometry,
    draw_menus,
    off_the_rules,
    served,
)


@dataclass(frozen=True)
class Scaled:
    """A sequence with exponents of other units: rewards times a power of two, resource j times another one (m,)."""

    requests: Requests
    reward_exponent: int
    resource_exponents: np.ndarray

    @property
    def other(self) -> Requests:
        """The sequence in the other units, with its step and first prices translated (statement DMD-S1)."""
        # powers of two change no digit, so that the two runs can be compared bit by bit
        c, s = 2.0**self.reward_exponent, 2.0**self.resource_exponents
        one, geometry = self.requests, self.requests.geometry
        step = one.step_size if geometry == "entropy" else c * one.step_size
        return replace(
            one, rewards=c * one.rewards, costs=one.costs * s, rate=one.rate * s, init=one.init * c / s, step_size=step
        )


def draw_scaled(draws: Draws) -> Scaled:
    """Draw rewards in other units under Euclidean steps and entropy, and resources too under scaled Euclidean steps."""
    drawn = draw_menus(draws, (16, 2, 3)) if draws.integers(0, 1) else draw_geometry(draws)
    if drawn.geometry == "capped-entropy":
        drawn = replace(drawn, geometry="entropy", init=drawn.init + 1 / 16)
    resources = draws.integers(-3, 3, shape=len(drawn.rate)) * (drawn.geometry == "scaled-euclidean")
    return Scaled(drawn, draws.integers(-3, 3), resources)


UNITS = Family(
    "units",
    always=(
        Scaled(SHORT_TRACE, 2, np.array([0])),
        Scaled(TWO, -1, np.array([0, 0])),
        Scaled(replace(TWO, geometry="scaled-euclidean"), 1, np.array([3, -2])),
        Scaled(replace(TWO, geometry="entropy"), 1, np.array([0, 0])),
    ),
    draw=draw_scaled,
)


RESOURCE_UNITS = Family("resource-units", always=(Scaled(SHORT_TRACE, 0, np.array([1])),))


def both_units(scaled: Scaled, rng: np.random.Generator, **options) -> tuple[Service, Service]:
    """Run both systems of units, the second one perhaps with other options."""
    return served(scaled.requests), served(scaled.other, **options)


def step_in_old_units(scaled: Scaled, rng: np.random.Generator) -> tuple[Service, Service]:
    """Keep the number of the step where the units change."""
    return both_units(scaled, rng, step_size=scaled.requests.step_size)


def first_near_tie(requests: Requests, walk: Walk) -> int:
    """Find the first request whose two best gains, 0 for no action included, differ by rounding; T if there is none."""
    gains = requests.rewards - (requests.costs * walk.prices[:-1, None, :]).sum(axis=2)
    best = np.sort(np.c_[gains, 0 * gains[:, :1]].astype(float), axis=1)
    near = best[:, -1] - best[:, -2] <= 2 * path_rounding(requests, walk)
    return int(near.argmax()) if near.any() else requests.horizon


@formula(mu="(-inf, inf)", c="(0, inf)", s="(0, inf)")
def change_of_units(mu: Numbers, c: Number = 1, s: Numbers = 1) -> Numbers:
    """The prices mu in other units.

    Rewards are multiplied by c, and costs and budget of each resource by its factor in s.

    Proof
    -----
    Assumes: rewards, costs, rates and first prices are translated, and so is the step size: eta becomes c eta in both
    Euclidean geometries and stays as it is for both entropies (the caller). All s_j are 1 in the plain Euclidean
    geometry and for the plain entropy (hypothesis of the statement).

    Proof: reduced rewards are multiplied by c, so the proposals stay, and gradients are multiplied by s_j. Euclidean
    steps with s = 1 and c eta move prices c times as far. Scaled Euclidean steps divide by rho_j^2, that is by s_j^2
    more, so with c eta they move prices c s_j / s_j^2 times as far. Entropy steps multiply prices by exp(-eta g_j), the
    same factor where s = 1, and capped ones by exp(-eta g_j / rho_j), the same factor for any s; the cap rho . mu <=
    f_bar is multiplied by c on both sides.
    """
    try:
        np.broadcast_shapes(np.shape(mu), np.shape(s))
    except ValueError as error:
        raise must("s", f"one number, or of shape {np.shape(mu)[-1:]}", np.shape(s)) from error
    found = mu * c / s
    return gathered(found) if isinstance(found, np.ndarray) else found


def same_run(scaled: Scaled, runs: tuple[Service, Service]) -> Sides:
    """Compare proposals, actions, stopping times and translated prices of both runs, bit by bit.

    Prices that take exp and log are compared up to rounding, and the runs up to the first request whose best gains are
    that close: there each run may choose otherwise.
    """
    one, other = runs
    units = 2.0**scaled.reward_exponent, 2.0**scaled.resource_exponents
    if isinstance(scaled.requests.rewards.flat[0], Fraction):
        units = exactly(units)
    translated, off = change_of_units(one.prices, *units), off_the_rules(scaled.requests, one)
    whole = [np.r_[run.proposed, run.actions, run.stopping_time] for run in runs]
    lhs, rhs = np.r_[whole[0], off, translated.ravel()], np.r_[whole[1], 0 * off, other.prices.ravel()]
    if "entropy" in scaled.requests.geometry:
        # decisions are compared exactly, prices up to rounding, and nothing after the first near tie
        allowed = np.full(len(lhs), path_rounding(scaled.other, other))
        allowed[: len(whole[0])] = 0
        before = first_near_tie(scaled.requests, one)
        early = np.arange(scaled.requests.horizon) < before
        every_price = np.arange(len(one.prices)) <= before
        same_prices = np.repeat(every_price, one.prices.shape[1])
        compared = np.r_[early, early, early.all(), np.ones(len(off), bool), same_prices]
        return Sides(lhs, np.where(compared, rhs, lhs), rounding=allowed)
    return Sides(lhs, rhs)


def is_invariant(scaled: Scaled) -> bool:
    """Tell whether the geometry does not see the units that change."""
    return scaled.requests.geometry == "scaled-euclidean" or not scaled.resource_exponents.any()


DMD_S1 = Statement(
    id="dual_mirror_descent/DMD-S1",
    title="Units do not matter",
    says=(
        "If all rewards f are multiplied by c, and the costs b_j and the rate rho_j of each resource j by s_j, then an "
        "invariant geometry, its step translated likewise, takes the same actions, and its prices mu_j become mu_j "
        "c/s_j."
    ),
    source=Derived(change_of_units),
    tex=r"(c f, s_j b_j, s_j \rho_j) \Rightarrow \text{the same actions, prices } \mu_j c / s_j",
    hypotheses={"an invariant geometry": is_invariant},
    instances=UNITS,
    for_all=(
        all_orders(
            "with scaled Euclidean steps of size 1, and once more with rewards times 2 and costs times 4",
            lambda one: Scaled(one, 1, np.array([2])),
            geometry=("scaled-euclidean",),
        ),
    ),
    solve=both_units,
    decisions=("*.prices", "*.proposed", "*.actions"),
    claim=Identity(same_run),
    saboteurs=(
        saboteur(
            "plain Euclidean steps and other units of a resource",
            breaks="an invariant geometry",
            instances=RESOURCE_UNITS,
        ),
        saboteur("the step is not translated", solve=step_in_old_units),
    ),
)
