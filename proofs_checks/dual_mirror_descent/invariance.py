"""A statement that units of rewards and resources do not matter to a run."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory.bounds import Derived, Identity, Sides, Statement, exactly, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.auctions import RESOURCE_UNITS, UNITS, Scaled, both_units
from proofs_checks.dual_mirror_descent.families.streams import Requests, Service, Walk, off_the_rules
from proofs_checks.dual_mirror_descent.runs.path import path_rounding


def first_near_tie(requests: Requests, walk: Walk) -> int:
    """Find the first request whose two best gains, 0 for no action included, differ by rounding; T if there is none."""
    gains = requests.rewards - (requests.costs * walk.prices[:-1, None, :]).sum(axis=2)
    best = np.sort(np.c_[gains, 0 * gains[:, :1]].astype(float), axis=1)
    near = best[:, -1] - best[:, -2] <= 2 * path_rounding(requests, walk)
    return int(near.argmax()) if near.any() else requests.horizon


def same_run(scaled: Scaled, runs: tuple[Service, Service]) -> Sides:
    """Compare proposals, actions, stopping times and translated prices of both runs, bit by bit.

    Prices that take exp and log are compared up to rounding, and the runs up to the first request whose best gains are
    that close: there each run may choose otherwise.
    """
    one, other = runs
    units = {"reward_factor": 2.0**scaled.reward_exponent, "resource_factors": 2.0**scaled.resource_exponents}
    if isinstance(scaled.requests.rewards.flat[0], Fraction):
        units = exactly(units)
    translated, off = theory.change_of_units(one.prices, **units), off_the_rules(scaled.requests, one)
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
    source=Derived(theory.change_of_units),
    tex=r"(c f, s_j b_j, s_j \rho_j) \Rightarrow \text{the same actions, prices } \mu_j c / s_j",
    hypotheses={"an invariant geometry": is_invariant},
    instances=UNITS,
    solve=both_units,
    decisions=("*.prices", "*.proposed", "*.actions"),
    claim=Identity(same_run),
    saboteurs=(
        saboteur(
            "plain Euclidean steps and other units of a resource",
            breaks="an invariant geometry",
            instances=RESOURCE_UNITS,
        ),
        saboteur("the step is not translated", solve=wrong_solvers.step_in_old_units),
    ),
)
