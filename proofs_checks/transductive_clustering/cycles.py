"""The limits of the guarantee: swaps of two points, turns of a directed ring, and an energy that is none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Inequality, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import Case, energy, highest, lowest
from proofs_checks.transductive_clustering.families.paths import (
    ITERATES,
    Descent,
    along,
    descend,
    entries,
    joined,
)
from proofs_checks.transductive_clustering.families.rings import (
    CALM,
    FAR,
    MILD,
    PRINTED,
    RINGS,
    SLOW_RINGS,
    SWAPS,
    are_two_points,
    is_a_ring,
    offset,
    printed_rises,
    ring_is_kept,
    ring_run,
    start_rises,
)


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
        saboteur("rows one at a time", solve=partial(wrong_solvers.one_at_a_time, n_updates=SWAPS)),
        saboteur("opposite labels for ever", solve=partial(wrong_solvers.opposite_labels, n_updates=SWAPS)),
        saboteur("below the threshold", breaks="above the threshold of the start", instances=CALM),
    ),
    notes="The least energy is that of two points on one side, which the run never meets.",
)


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
    source=Derived(theory.printed_energy_threshold),
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
        saboteur("the printed energy in the place of the right one", solve=wrong_solvers.energy_of_the_code),
        saboteur("half of every step", solve=partial(descend, damping=0.5)),
        saboteur("lambda below the threshold", breaks="between the threshold and 2 T", instances=MILD),
    ),
)


def turns(case: Case, found: Descent) -> Sides:
    """Compare each point's share of the label whose turn it is with the one before; other labels share the rest."""
    Z, n = np.asarray(found.assignments), case.n
    # the label whose turn it is at point q after i updates, q + i modulo n
    turn = (np.arange(n)[None] + np.arange(len(Z))[:, None]) % n
    own = np.take_along_axis(Z, turn[:, :, None], 2)[:, :, 0]
    others = np.sort(np.where(np.arange(n) == turn[:, :, None], -1.0, Z), axis=2)[:, :, 1:]
    rest = np.repeat((1 - own)[:, :, None] / (n - 1), n - 1, axis=2)
    first = entries(case.init[0, 0], own, least=0.0)
    parts = first, entries(own[:-1], own[1:], 1.0), entries(others, rest, 1.0)
    return replace(joined(*parts), rounding=case.spoiled)


TC_N2 = Statement(
    id="transductive_clustering/TC-N2",
    title="On a directed ring the updates turn for ever: there is no energy",
    says=(
        "K points on a directed ring, each pulled by the next one alone, w_{i,i+1} = 1, start with share p of their "
        "own of K labels. If lambda / T is at least the threshold, then after i updates the share (Z_i)_{q,q+i} of "
        "label q + i modulo K at point q is at least p, and never falls. T is the temperature."
    ),
    source=Derived(theory.ring_weight),
    tex=r"w_{i,i+1} = 1,\ \tfrac\lambda T \ge \tfrac{K - 1}{Kp - 1} \log\tfrac{p(K - 1)}{1 - p}"
    r" \Rightarrow p \le (Z_i)_{q, q+i} \uparrow",
    hypotheses={
        "a directed ring, no costs": is_a_ring,
        "above the threshold of the start": ring_is_kept,
    },
    instances=RINGS,
    solve=ring_run,
    claim=Inequality(along(turns, n_updates=SWAPS)),
    may_vary=ITERATES,
    saboteurs=(
        saboteur("the mean of both directions", solve=partial(ring_run, symmetric=True)),
        saboteur("labels that turn", solve=wrong_solvers.turning_labels),
        saboteur("below the threshold", breaks="above the threshold of the start", instances=SLOW_RINGS),
    ),
    notes=f"{SWAPS} updates; the largest share is a fixed point of the turned update, so the period is K.",
)
