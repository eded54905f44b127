"""Swaps of two points, where the guarantee ends, and an energy that is none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory._numbers import inexact, number
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.families.definitions import Case, energy, highest, is_safe, lowest
from proofs_checks.transductive_clustering.families.paths import (
    ITERATES,
    UPDATES,
    Descent,
    along,
    descend,
    entries,
    joined,
)
from proofs_checks.transductive_clustering.families.problems import two_points
from proofs_checks.transductive_clustering.families.rings import PRINTED, SWAPS
from proofs_checks.transductive_clustering.families.wrong_solvers import energy_of_the_code, one_at_a_time, run_by


def offset(case: Case) -> float:
    """e of a start (1/2 + e, 1/2 - e)."""
    return float(case.init[0, 0]) - 0.5


def are_two_points(case: Case, side: str) -> bool:
    """Whether two free points attract each other, cost nothing, and start away from 1/2 as they should."""
    if case.costs.shape != (2, 2) or not case.free.all() or not 0 < offset(case) < 0.5:
        return False
    wanted = two_points(case.lam, case.init[0, 0], side)
    same = zip((case.costs, case.affinity, case.init), (wanted.costs, wanted.affinity, wanted.init), strict=True)
    return all(np.array_equal(a, b) for a, b in same)


def start_rises(case: Case) -> bool:
    """Whether lambda / T is above the threshold of the start."""
    e = offset(case)
    return 0 < e < 0.5 and case.lam / case.temperature > float(theory.two_point_threshold(e))


def draw_far(draws: Draws) -> Case:
    """Far enough above the threshold, or not."""
    # 33 / 16 is just above 2, the threshold of small offsets; for large ones it is higher, and the hypothesis decides
    case = two_points(draws.integers(33, 96) / 16, share=draws.integers(33, 56) / 64)
    return replace(case, path=draws.choice(("dense", "sparse")))


FAR = Family("far-above", always=(two_points(4.0, share=0.59375), two_points(3.0, share=0.59375)), draw=draw_far)


#: the first start is too far out, for the second lambda is below 2 T
CALM = Family("calm", always=(two_points(2.0078125, share=0.59375), two_points(1.0)))


def opposite_labels(case: Case, rng: np.random.Generator, n_updates: int = UPDATES) -> Descent:
    """Two points that keep opposite labels."""
    return run_by(replace(case, init=np.eye(2)), lambda Z: Z, n_updates)


def swaps(case: Case, found: Descent) -> Sides:
    """Compare each offset with the next one and the limit, each energy with the next one and that of uniform rows."""
    Z = np.asarray(found.assignments)
    # turned back, offsets of alternating sign rise; the last part holds both points to mirror images of each other
    off = (Z[:, 0, 0] - 0.5) * (-1.0) ** np.arange(len(Z))
    limit = theory.two_point_limit(lam=case.lam, temperature=case.temperature) - 0.5
    R = np.array([energy(case, one) for one in Z])
    uniform = float(theory.two_point_energy(0.5, 0.5, lam=case.lam, temperature=case.temperature))
    parts = (
        entries(offset(case), off, least=-0.5),
        entries(off[:-1], off[1:], 0.5),
        entries(off, limit, 0.5),
        entries(uniform, R[:1], least=lowest(case)),
        entries(R[:-1], R[1:], highest(case)),
        entries(np.abs(Z[:, 0] - Z[:, 1, ::-1]), 0.0, 1.0),
    )
    return replace(joined(*parts), rounding=case.spoiled)


TC_N1 = Statement(
    id="transductive_clustering/TC-N1",
    title="Above the threshold two points swap for ever, and their energy rises",
    says=(
        "Two points start at (1/2 + e, 1/2 - e) and its mirror image; p_i is the first entry of the first point after"
        " i updates. If lambda / T is above the threshold, it changes sides at every update, its distance from 1/2 "
        "rises up to a limit e*, and the energy R rises, from above that of uniform rows."
    ),
    source=Derived(theory.two_point_threshold),
    tex=r"\lambda/T > \tfrac{1}{2e}\log\tfrac{1/2 + e}{1/2 - e} \Rightarrow"
    r" (-1)^i (p_i - \tfrac12) \uparrow e^*,\ R(Z_{i+1}) \ge R(Z_i) \ge R(\text{uniform})",
    hypotheses={
        "two points on opposite sides, no costs": lambda case: are_two_points(case, "opposite"),
        "above the threshold of the start": start_rises,
    },
    instances=FAR,
    solve=partial(descend, n_updates=SWAPS),
    claim=Inequality(along(swaps, n_updates=SWAPS)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("shortened steps", solve=partial(descend, n_updates=SWAPS, damping="auto")),
        saboteur("rows one at a time", solve=partial(one_at_a_time, n_updates=SWAPS)),
        saboteur("opposite labels for ever", solve=partial(opposite_labels, n_updates=SWAPS)),
        saboteur("below the threshold", breaks="above the threshold of the start", instances=CALM),
    ),
    notes="The least energy is that of two points on one side, which the run never meets.",
)


@formula(e="(0, inf)")
def printed_energy_threshold(e: Number) -> Number:
    """The quotient lambda / T from which on the printed energy rises, at a distance e below 1/2 from 1/2.

    log((1/2 + e) / (1/2 - e)) / (4 e). Up to lambda = 2 T the right energy R falls, while F' = R - (lambda / 2) tr(Z' W
    Z) rises at every update.

    Proof
    -----
    Assumes: costs are 0, W exchanges the two points, and both start at (1/2 + e, 1/2 - e), with e in (0, 1/2) checked.

    Proof: With u = 2 e, both points stay alike, and an update sends u to tanh(lambda u / (2 T)), which is below u for
    lambda <= 2 T. F' = T sum z log z - lambda (1 + u^2) has dF'/du = 2 T artanh(u) - 2 lambda u, which is negative
    where artanh(u) < (lambda / T) u. artanh(u) / u rises, so F' falls in u on all of (0, u_0] iff lambda / T >=
    artanh(u_0) / u_0. As u falls to 0, F' then rises.
    """
    number("e", e, 0, 0.5, ends="()")  # balls of other libraries are compared with doubles alone
    return (np.log1p(inexact(2 * e)) - np.log1p(inexact(-2 * e))) / (4 * e)


def printed_rises(case: Case) -> bool:
    """Whether lambda / T is above the threshold of the printed energy, up to 2, where the right one falls."""
    e = offset(case)
    threshold = float(printed_energy_threshold(e)) if 0 < e < 0.5 else np.inf
    return is_safe(case) and case.lam / case.temperature > threshold


MILD = Family("mild", always=(two_points(0.5, share=0.75, side="same"), two_points(1.0, share=0.9375, side="same")))


def rises(case: Case, found: Descent) -> Sides:
    """Compare each printed energy with the next one, and each right energy with the one before."""
    printed = np.array([energy(case, Z, weight=1.0) for Z in found.assignments])
    R = np.array([energy(case, Z) for Z in found.assignments])
    return entries([printed[:-1], R[1:]], [printed[1:], R[:-1]], highest(case), rounding=case.spoiled)


TC_N3 = Statement(
    id="transductive_clustering/TC-N3",
    title="The energy that published code prints rises where the right one falls",
    says=(
        "F' is the energy that published code prints, the right energy R_T less another (lambda/2) tr(Z'WZ). For two "
        "points that both start at (1/2 + e, 1/2 - e), and lambda / T between the threshold and 2, each update raises"
        " F' and lowers R_T, or leaves them. T is the temperature."
    ),
    source=Derived(printed_energy_threshold),
    tex=r"F' = R_T - \tfrac\lambda2 \mathrm{tr}(Z'WZ):\ \tfrac{1}{4e}\log\tfrac{1/2 + e}{1/2 - e} \le \lambda/T \le 2"
    r" \Rightarrow F'(Z_{i+1}) \ge F'(Z_i),\ R_T(Z_{i+1}) \le R_T(Z_i)",
    hypotheses={
        "two points on the same side, no costs": lambda case: are_two_points(case, "same"),
        "between the threshold and 2 T": printed_rises,
    },
    instances=PRINTED,
    solve=descend,
    claim=Inequality(along(rises)),
    saboteurs=(
        saboteur("the printed energy in the place of the right one", solve=energy_of_the_code),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("lambda below the threshold", breaks="between the threshold and 2 T", instances=MILD),
    ),
)
