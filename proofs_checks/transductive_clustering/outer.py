"""Assignments and prototypes in turn: the joint energy, means, mean shifts, and where it all ends."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Paper, Recorded, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import mutants
from proofs_checks.transductive_clustering.families.points import (
    HARD,
    POINTS,
    WEIGHTED,
    Points,
    Turns,
    Weighted,
    clustered,
    means,
    one_shift,
)


def falls(points: Points, found: Turns) -> Sides:
    """Every energy against the one before; the last against that of the result, and the other way round."""
    R = np.asarray(found.energies)
    lhs = np.r_[R[1:], R[-1], found.last, least_possible(points)]
    return Sides(lhs, np.r_[R[:-1], found.last, R[-1], R.max()], rounding=points.spoiled)


def least_possible(points: Points) -> float:
    """A number that the first energy exceeds: costs at the first prototypes, all pairs together, full entropy."""
    squares = ((points.features[:, None] - points.first[None]) ** 2).sum(2)
    costs = squares if points.prototype == "mean" else -np.exp(-squares / 2)
    full = {"n_free": len(costs), "lam": points.lam, "temperature": points.temperature}
    return float(theory.energy_lower_bound(costs, points.affinity, **full))


TC_T9 = Statement(
    id="transductive_clustering/TC-T9",
    title="Assignments and prototypes in turn never raise the energy",
    source=Derived(theory.mean_step_decrease),
    tex=r"R_T(Z_{i+1}, A(M_i)) \le R_T(Z_i, A(M_i)),\quad R_T(Z_{i+1}, A(M_{i+1})) \le R_T(Z_{i+1}, A(M_i))",
    hypotheses={
        "a symmetric affinity": lambda points: bool((points.affinity == points.affinity.T).all()),
        "soft prototypes": lambda points: not points.hard,
    },
    instances=POINTS,
    solve=clustered,
    claim=Inequality(falls),
    saboteurs=(
        saboteur("means of labels", breaks="soft prototypes", instances=HARD),
        saboteur("energies turned round", solve=mutants.backwards),
        saboteur("whole steps of a strong pull", solve=mutants.strong_pull),
    ),
    notes="Soft means, mean shifts and medoids; steps are shortened where the neighbours pull too much.",
)

TC_T10 = Statement(
    id="transductive_clustering/TC-T10",
    title="Limit points are stationary",
    source=Paper("2106.09516", "convergence by point-to-set maps", read="abstract"),
    tex=r"R_i \to R^*,\ \|Z_{i+1} - Z_i\| \to 0,\ \text{limits satisfy the KKT conditions}",
    hypotheses={},
    instances=POINTS,
    solve=clustered,
    claim=Recorded(
        "a statement about limits; its steps, descent and summable moves, are checked",
        carried_by="transductive_clustering/TC-T6",
    ),
)


def squares(weighted: Weighted, centers: np.ndarray) -> float:
    """sum z |x - m|^2."""
    distances = ((weighted.features[:, None] - np.asarray(centers)[None]) ** 2).sum(2)
    return float((weighted.assignments * distances).sum())


def mean_step(weighted: Weighted, found: np.ndarray, factor: float = 1.0) -> Sides:
    """What the costs lose against the formula, for prototypes moved to the means."""
    masses = weighted.assignments.sum(0)
    gain = theory.mean_step_decrease(masses, weighted.centers, found)
    lost = squares(weighted, weighted.centers) - squares(weighted, found)
    return Sides(np.array([lost]), np.array([factor * float(gain)]), rounding=weighted.spoiled)


TC_P7 = Statement(
    id="transductive_clustering/TC-P7",
    title="What moving prototypes to the means takes off the energy",
    source=Derived(theory.mean_step_decrease),
    tex=r"R(Z, A(M)) - R(Z, A(M')) = \sum_l \bigl(\sum_p z_{pl}\bigr) \|m_l - m_l'\|^2",
    hypotheses={"positive masses": lambda weighted: bool((weighted.assignments.sum(0) > 0).all())},
    instances=WEIGHTED,
    solve=means,
    claim=Identity(mean_step),
    saboteurs=(
        saboteur("twice the formula", claim=Identity(partial(mean_step, factor=2.0))),
        saboteur("half of the way", solve=mutants.half_way),
        saboteur("means of labels", solve=mutants.means_of_labels),
    ),
)


def ascends(weighted: Weighted, found: np.ndarray, factor: float = 1.0) -> Sides:
    """The least gain in density against the gain, for each cluster; the squared way against that of the definition."""
    X, Z, M = weighted.features, weighted.assignments, weighted.centers
    kernels = lambda centers: np.exp(-((X[:, None] - np.asarray(centers)[None]) ** 2).sum(2) / 2)
    before, after = (Z * kernels(M)).sum(0), (Z * kernels(found)).sum(0)
    wanted = (Z * kernels(M)).T @ X / before[:, None]
    step = ((np.asarray(found) - M) ** 2).sum(1)
    least = [
        float(theory.mean_shift_gain(z, k, bandwidth=1.0, squared_step=s))
        for z, k, s in zip(Z.T, kernels(M).T, step, strict=True)
    ]
    lhs = np.r_[factor * np.array(least), np.asarray(found).ravel(), wanted.ravel()]
    return Sides(lhs, np.r_[after - before, wanted.ravel(), np.asarray(found).ravel()], rounding=weighted.spoiled)


TC_T11 = Statement(
    id="transductive_clustering/TC-T11",
    title="A mean shift climbs",
    source=Derived(theory.mean_shift_gain),
    tex=r"\sum_p z_p (k(x_p, \phi(m)) - k(x_p, m)) \ge \tfrac{1}{2\sigma^2} \sum_p z_p k(x_p, m) \|\phi(m) - m\|^2",
    hypotheses={"weights at or above zero": lambda weighted: bool((weighted.assignments >= 0).all())},
    instances=WEIGHTED,
    solve=one_shift,
    claim=Inequality(ascends),
    saboteurs=(
        saboteur("another bandwidth", solve=partial(one_shift, bandwidth=2.0)),
        saboteur("four times as much", claim=Inequality(partial(ascends, factor=4.0))),
    ),
)

TC_S8 = Statement(
    id="transductive_clustering/TC-S8",
    title="The point with the largest assignment is near a mode",
    source=Paper("1810.13044", "modes as by-products", read="secondary"),
    tex=r"\arg\max_p z_{pl} \approx \arg\max_x \sum_p z_{pl} k(x_p, x)",
    hypotheses={},
    instances=POINTS,
    solve=clustered,
    claim=Recorded(
        "an empirical regularity; single clusters can be far off", carried_by="transductive_clustering/TC-T9"
    ),
)
