"""One update alone: how near it is to labels, what no entry falls below, and the energy where it ends."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import Case, attracts, energy, is_symmetric, update
from proofs_checks.transductive_clustering.families.paths import entries, unlike
from proofs_checks.transductive_clustering.families.problems import CASES, COOL, PLAIN
from proofs_checks.transductive_clustering.families.relaxed import (
    SCATTERED,
    WIDE,
    Hard,
    Scattered,
    from_the_costs,
    hardened,
    lloyds,
    one_update,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def logits(case: Case) -> np.ndarray:
    """Return b = a - lambda W Z at the start, for the free rows."""
    return (case.costs - case.lam * (case.affinity @ case.init))[case.free]


def nearly_hard(case: Case, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare 1 - max z of each free row with its bound, once the update is that of the definition."""
    b = np.sort(logits(case), axis=1)
    bound = theory.hard_limit_gap(b[:, 1] - b[:, 0], case.n_clusters, temperature=case.temperature)
    Z = np.asarray(found)
    wrong = unlike(Z - update(case, case.init), case.spoiled)
    most = 1 - 1 / case.n_clusters  # the largest of K entries is at least their mean
    return wrong or entries(1 - Z[case.free].max(1), share * bound, most, rounding=case.spoiled)


TC_S6 = Statement(
    id="transductive_clustering/TC-S6",
    title="Cold updates are labels",
    says=(
        "In the update S(Z) the largest entry of a free row p misses 1 by at most (K - 1) exp(-g_p / T). K is the "
        "number of clusters, T the temperature, and g_p the gap between the two smallest entries of row p of A - "
        "lambda W Z, costs less pull."
    ),
    source=Derived(theory.hard_limit_gap),
    tex=r"1 - \max_l S(Z)_{pl} \le (K - 1) e^{-g_p/T}",
    hypotheses={"two clusters or more": lambda case: case.n_clusters >= 2},
    instances=COOL,
    solve=one_update,
    claim=Inequality(nearly_hard),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(nearly_hard, share=0.5))),
        saboteur("twice the temperature", solve=wrong_solvers.warmer),
    ),
)


def as_lloyd(scattered: Scattered, found: Hard) -> Sides:
    """Compare labels and centers of the cold optimizer and of K-means with Lloyd's iteration."""
    labels, centers, _, _ = lloyds(scattered)
    wanted = np.r_[labels, centers.ravel()]
    cold, plain = np.r_[found.cold_labels, found.cold_centers.ravel()], np.r_[found.labels, found.centers.ravel()]
    return Sides(
        np.stack([cold, plain]),
        np.stack([wanted, wanted]),
        rounding=rounding(4096, 1 + np.abs(scattered.features).max()),
    )


TC_S6_LLOYD = Statement(
    id="transductive_clustering/TC-S6-lloyd",
    title="Cold and without neighbors, turns are Lloyd's iteration",
    says=(
        "Without neighbors (lambda = 0), and at a temperature T of at most g / log(10^16 (K - 1)), turns give the "
        "labels and means of K-means. K is the number of clusters, and g the least gap between the two smallest "
        "squared distances of a point to the centers on the way."
    ),
    source=Derived(theory.hard_temperature),
    tex=r"\lambda = 0,\ T \le g / \log(10^{16}(K - 1)) \Rightarrow \text{labels and means of } K\text{-means}",
    hypotheses={
        "no point between two centers": lambda scattered: lloyds(scattered)[2] >= WIDE,
        "no empty cluster": lambda scattered: lloyds(scattered)[3] > 0,
    },
    instances=SCATTERED,
    solve=hardened,
    claim=Identity(as_lloyd),
    saboteurs=(
        saboteur("T = 1 called hard", solve=partial(hardened, temperature=1.0)),
        saboteur("labels before the centers move", solve=wrong_solvers.one_turn_less),
    ),
)


def floors(case: Case, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare the lower bound with the entries of free rows, once these are those of the definition."""
    degree = case.affinity.sum(1)[case.free]
    least = theory.mass_floor(case.costs[case.free], degree, lam=case.lam, temperature=case.temperature)
    rows = np.asarray(found)[case.free]
    wrong = unlike(found - update(case, case.init), case.spoiled)
    return wrong or entries(factor * np.asarray(least), rows.min(1), least=0.0, rounding=case.spoiled)


TC_T12 = Statement(
    id="transductive_clustering/TC-T12",
    title="No cluster loses all of a point",
    says=(
        "In the update S(Z) each entry of a free row p is at least exp(-(range of a_pl over clusters l + lambda d_p) "
        "/ T) / K. a_pl are the costs of the point, d_p is the sum of its weights, T the temperature and K the number"
        " of clusters."
    ),
    source=Derived(theory.mass_floor),
    tex=r"S(Z)_{pl} \ge e^{-(\max_l a_{pl} - \min_l a_{pl} + \lambda d_p)/T}/K",
    hypotheses={"weights at or above zero": attracts},
    instances=CASES,
    solve=one_update,
    claim=Inequality(floors),
    saboteurs=(
        saboteur("a quarter of the temperature", solve=wrong_solvers.colder_once),
        saboteur("four times as much", claim=Inequality(partial(floors, factor=4.0))),
    ),
)


def free_energy(case: Case, found: np.ndarray) -> Sides:
    """Compare energy and assignments without neighbors with their closed forms."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1))
    value = theory.log_partition(case.costs, temperature=case.temperature)
    return Sides(found, np.r_[update(alone, case.init).ravel(), float(value)], rounding=case.spoiled)


TC_S7 = Statement(
    id="transductive_clustering/TC-S7",
    title="Without neighbors the energy is that of expectation maximization",
    says=(
        "Without neighbors (lambda = 0), with nothing held, the updated assignments Z+ have the relaxed energy "
        "R_T(Z+) = -T sum_p log sum_l exp(-a_pl / T), a_pl the cost of point p in cluster l and T the temperature: "
        "the free energy of expectation maximization."
    ),
    source=Derived(theory.log_partition),
    tex=r"\lambda = 0 \Rightarrow R_T(Z^+) = -T \sum_p \log \sum_l e^{-a_{pl}/T}",
    hypotheses={"some clusters": lambda case: case.n_clusters >= 1},
    instances=PLAIN,
    solve=from_the_costs,
    claim=Identity(free_energy),
    saboteurs=(
        saboteur("costs one larger", solve=wrong_solvers.dearer),
        saboteur("twice the temperature", solve=wrong_solvers.warmer_alone),
    ),
)


def closed_form(case: Case, found: np.ndarray) -> Sides:
    """Compare the energy after one update, by its definition, with the formula, and the update with its definition."""
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature, "clamp": case.clamp}
    value = float(theory.energy_without_logs(case.init, found, case.costs, **options))
    lhs, rhs = np.r_[energy(case, found), np.ravel(found)], np.r_[value, update(case, case.init).ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_P10 = Statement(
    id="transductive_clustering/TC-P10",
    title="The energy after an update with one logarithm a row",
    says=(
        "The relaxed energy R after an update from Z to Z+ needs one logarithm per free row p, that of the sum over "
        "clusters l of exp((lambda (WZ)_pl - a_pl) / T); a held row gives its own exponent instead. Delta = Z+ - Z; "
        "a_pl are costs, W is the affinity, T the temperature."
    ),
    source=Derived(theory.energy_without_logs),
    tex=r"R(Z^+) = -T\sum_p \log \sum_l e^{(\lambda(WZ)_{pl} - a_{pl})/T}"
    r" + \tfrac\lambda2 \mathrm{tr}(Z'WZ - \Delta'W\Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=one_update,
    claim=Identity(closed_form),
    saboteurs=(
        saboteur("twice the temperature", solve=wrong_solvers.warmer),
        saboteur("a quarter of the temperature", solve=wrong_solvers.colder_once),
    ),
)
