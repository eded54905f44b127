"""Relaxed and discrete: where they agree, how far apart they are, and how labels come back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, OutcomeError, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import mutants
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    attracts,
    discrete,
    energy,
    has_a_mild_diagonal,
    highest,
    is_symmetric,
    lowest,
    one_hot,
    optimum,
    update,
    vertices,
)
from proofs_checks.transductive_clustering.families.paths import Descent, along, entries, joined, unlike
from proofs_checks.transductive_clustering.families.problems import (
    CASES,
    COOL,
    NEGATIVE_DIAGONAL,
    PLAIN,
    ROUNDED,
    SANDWICHED,
    SMALL,
)
from proofs_checks.transductive_clustering.families.relaxed import (
    SCATTERED,
    WIDE,
    AtLabels,
    Hard,
    Scattered,
    Shifted,
    at_best_labels,
    at_labels,
    from_the_best,
    from_the_costs,
    hardened,
    inside,
    lloyds,
    one_update,
    rounded,
    shifted_psd,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}
DIAGONAL = {**SYMMETRIC, "w_pp >= 0": has_a_mild_diagonal}


def agree(case: Case, found: AtLabels) -> Sides:
    """Relaxed, Laplacian and discrete energies of all labels against the definition, up to constants."""
    Z = [one_hot(labels, case.n_clusters) for labels in vertices(case)]
    penalty = lambda z: (case.affinity * ((z[:, None] - z[None]) ** 2).sum(2)).sum()
    constant = case.lam / 2 * case.affinity.sum()
    wanted = np.array([(case.costs * z).sum() + case.lam / 4 * penalty(z) - constant for z in Z])
    lhs = np.r_[found.relaxed, found.laplacian, found.discrete]
    return Sides(lhs, np.r_[wanted, wanted + theory.vertex_gap(case.affinity, lam=case.lam), wanted + constant])


TC_S1 = Statement(
    id="transductive_clustering/TC-S1",
    title="At labels all energies agree, up to a constant",
    source=Derived(theory.vertex_gap),
    tex=r"E_{\mathrm{lap}}(Z) = E(Z) + \tfrac\lambda2 \sum w_{pq},\ R_T(Z) = E(Z),\ Z \in \{0, 1\}^{N \times K}",
    hypotheses=SYMMETRIC,
    instances=SMALL,
    solve=at_labels,
    claim=Identity(agree),
    saboteurs=(
        saboteur("lambda in the place of lambda / 2", solve=mutants.double_lambda),
        saboteur("the energy of the next labels", solve=mutants.shifted_labels),
    ),
    notes="On all labels of up to four points.",
)


def moved_alike(case: Case, found: Shifted) -> Sides:
    """What the shift does to the energy of all labels, all alike; the shift against the least eigenvalue."""
    lowest = float(np.linalg.eigvalsh(case.affinity)[0])
    direct = [energy(case, one_hot(labels, case.n_clusters)) for labels in vertices(case)]
    constant = float(theory.shift_constant(max(0.0, -lowest), case.n, lam=case.lam))
    lhs = np.r_[found.after - found.before, found.before, found.shift]
    return Sides(
        lhs, np.r_[np.full(len(direct), constant), direct, max(0.0, -lowest)], rounding=64 * case.n * case.spoiled
    )


TC_S1_SHIFT = Statement(
    id="transductive_clustering/TC-S1-shift",
    title="Making the affinity psd moves the energies of all labels alike",
    source=Derived(theory.shift_constant),
    tex=r"W \to W + \delta I \Rightarrow E(Z) \to E(Z) - \tfrac\lambda2 \delta N,\ \delta = \max(0, -\lambda_{\min})",
    hypotheses=SYMMETRIC,
    instances=SMALL,
    solve=shifted_psd,
    claim=Identity(moved_alike),
    saboteurs=(
        saboteur("half of the shift", solve=partial(shifted_psd, factor=0.5)),
        saboteur("no shift", solve=partial(shifted_psd, factor=0.0)),
    ),
    notes="The same labels are best; inside of the simplices the energy moves unevenly.",
)


def ordered(case: Case, found: np.ndarray, share: int = 1) -> Sides:
    """Concave less convex energy against its formula; both against their definitions."""
    Z = case.init
    degree = case.affinity.sum(1)
    gap = theory.laplacian_gap(Z, case.affinity, lam=case.lam)
    constant = case.lam / 2 * case.affinity.sum()
    direct = case.lam / 2 * (degree * (1 - (Z**2).sum(1))).sum()
    concave = discrete(case, Z)
    convex = concave + constant - direct
    lhs = np.array([found[0] - (found[1] - constant), found[0], found[1]])
    return Sides(lhs, np.array([share * gap, concave, convex]), rounding=case.spoiled)


TC_S2 = Statement(
    id="transductive_clustering/TC-S2",
    title="The concave relaxation lies above the convex one",
    source=Derived(theory.laplacian_gap),
    tex=r"E(Z) - E_{\mathrm{lap}}(Z) + \tfrac\lambda2 \sum w = \tfrac\lambda2 \sum_p d_p (1 - \|z_p\|^2) \ge 0",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=inside,
    claim=Identity(ordered),
    saboteurs=(
        saboteur("both alike", solve=mutants.both_alike),
        saboteur("twice the gap", claim=Identity(partial(ordered, share=2))),
    ),
)


def sandwiched(case: Case, found: tuple[Descent, Descent], share: float = 1.0) -> Sides:
    """E* less the entropy against the energies of both descents; those of the first against E*."""
    first, second = found
    there = at_best_labels(case)
    best, n_free = float(optimum(case)), int(case.free.sum())
    lower = float(theory.discrete_lower_bound(best, n_free, case.n_clusters, temperature=share * case.temperature))

    def above(one: Case, run: Descent) -> Sides:
        R = [energy(one, Z) for Z in run.assignments]
        return entries(lower, R, least=lowest(one), rounding=case.spoiled)

    def between(one: Case, run: Descent) -> Sides:
        R = [energy(one, Z) for Z in run.assignments]
        return joined(above(one, run), entries(R, best, highest(one), rounding=case.spoiled))

    return joined(along(between, damped=True)(there, first), along(above, damped=True)(case, second))


TC_S3 = Statement(
    id="transductive_clustering/TC-S3",
    title="The relaxed optimum lies between the discrete one and the entropy below it",
    source=Derived(theory.discrete_lower_bound),
    tex=r"E^* - T N_F \log K \le \min R_T \le E^*",
    hypotheses=DIAGONAL,
    instances=SANDWICHED,
    solve=from_the_best,
    claim=Inequality(sandwiched),
    saboteurs=(
        saboteur("the best of the starts at hand", solve=mutants.from_the_start_twice),
        saboteur("from the worst labels", solve=mutants.from_the_worst),
        saboteur("half of the entropy", claim=Inequality(partial(sandwiched, share=0.5))),
    ),
    notes="A descent from the best labels is the witness; others may end above E*.",
)


def none_below(case: Case, found: np.ndarray) -> Sides:
    """E* against E inside of the simplices, once this and the Laplacian energy are those of the definitions."""
    value, degree = discrete(case, case.init), case.affinity.sum(1)
    laplacian = value + case.lam / 2 * (degree * (case.init**2).sum(1)).sum()
    wrong = unlike(found - np.array([value, laplacian]), case.spoiled)
    return wrong or entries([optimum(case)], [value], highest(case), rounding=case.spoiled)


TC_S4 = Statement(
    id="transductive_clustering/TC-S4",
    title="Without entropy the relaxation is tight",
    source=Derived(theory.row_replacement),
    tex=r"w_{pp} \ge 0 \Rightarrow \min_{Z \in \Delta^N} E(Z) = \min_{Z \in \{0,1\}^{N \times K}} E(Z)",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    solve=inside,
    claim=Inequality(none_below),
    saboteurs=(
        saboteur("twice the pull", solve=mutants.inside_pulled),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)


def not_worse(case: Case, found: np.ndarray) -> Sides:
    """E of the labels against E of the assignments; the labels against those of one pass, and the other way round."""
    labels, K = np.asarray(found, dtype=np.int64), case.n_clusters
    if labels.shape != (case.n,) or labels.min() < 0 or labels.max() >= K:
        raise OutcomeError(f"{case.n} labels in [0, {K - 1}] are due")
    value, wanted = discrete(case, one_hot(labels, K)), greedy(case)
    most, least = [highest(case), *[K - 1] * case.n, *[np.inf] * case.n], [-np.inf] * (case.n + 1) + [0] * case.n
    return Sides(np.r_[value, labels, wanted], np.r_[discrete(case, case.init), wanted, labels], most, least=least)


def greedy(case: Case) -> np.ndarray:
    """The labels of one pass over the rows in their order, each at its best given the others, the lowest of equals."""
    Z = np.array(case.init, dtype=object)
    for p in range(case.n):
        others = [q for q in range(case.n) if q != p]
        value = [
            case.costs[p, c] - case.lam * sum(case.affinity[p, q] * Z[q, c] for q in others)
            for c in range(case.n_clusters)
        ]
        best = int(case.clamp[p]) if case.clamp[p] >= 0 else min(range(case.n_clusters), key=lambda c: value[c])
        Z[p] = [int(c == best) for c in range(case.n_clusters)]
    return np.array([list(row).index(1) for row in Z])


TC_S5 = Statement(
    id="transductive_clustering/TC-S5",
    title="Sequential rounding never raises the energy without entropy",
    source=Derived(theory.rounding_bound),
    tex=r"E(\mathrm{round}(Z)) \le E(Z) \le R_T(Z) + T N_F \log K",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    solve=rounded,
    claim=Inequality(not_worse),
    saboteurs=(
        saboteur("the largest entry of each row", solve=partial(rounded, method="argmax")),
        saboteur("the last of equal labels", solve=mutants.last_label),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)


# --- one update ------------------------------------------------------------------------------------------------------


def logits(case: Case) -> np.ndarray:
    """b = a - lambda W Z at the start, for the free rows."""
    return (case.costs - case.lam * (case.affinity @ case.init))[case.free]


def nearly_hard(case: Case, found: np.ndarray, share: float = 1.0) -> Sides:
    """How far each free row is from a label against its bound, once the update is that of the definition."""
    b = np.sort(logits(case), axis=1)
    bound = theory.hard_limit_gap(b[:, 1] - b[:, 0], case.n_clusters, temperature=case.temperature)
    Z = np.asarray(found)
    wrong = unlike(Z - update(case, case.init), case.spoiled)
    most = 1 - 1 / case.n_clusters  # the largest of K entries is at least their mean
    return wrong or entries(1 - Z[case.free].max(1), share * bound, most, rounding=case.spoiled)


TC_S6 = Statement(
    id="transductive_clustering/TC-S6",
    title="Cold updates are labels",
    source=Derived(theory.hard_limit_gap),
    tex=r"1 - \max_l S(Z)_{pl} \le (K - 1) e^{-g_p/T}",
    hypotheses={"two clusters or more": lambda case: case.n_clusters >= 2},
    instances=COOL,
    solve=one_update,
    claim=Inequality(nearly_hard),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(nearly_hard, share=0.5))),
        saboteur("twice the temperature", solve=mutants.warmer),
    ),
)


def as_lloyd(scattered: Scattered, found: Hard) -> Sides:
    """Labels and centers of the cold optimizer and of K-means, against Lloyd's iteration."""
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
        saboteur("labels before the centers move", solve=mutants.one_turn_less),
    ),
)


def floors(case: Case, found: np.ndarray, factor: float = 1.0) -> Sides:
    """The least that an entry of a free row can be against the entries, once these are those of the definition."""
    degree = case.affinity.sum(1)[case.free]
    least = theory.mass_floor(case.costs[case.free], degree, lam=case.lam, temperature=case.temperature)
    rows = np.asarray(found)[case.free]
    wrong = unlike(found - update(case, case.init), case.spoiled)
    return wrong or entries(factor * np.asarray(least), rows.min(1), least=0.0, rounding=case.spoiled)


TC_T12 = Statement(
    id="transductive_clustering/TC-T12",
    title="No cluster loses all of a point",
    source=Derived(theory.mass_floor),
    tex=r"S(Z)_{pl} \ge e^{-(\max_l a_{pl} - \min_l a_{pl} + \lambda d_p)/T}/K",
    hypotheses={"weights at or above zero": attracts},
    instances=CASES,
    solve=one_update,
    claim=Inequality(floors),
    saboteurs=(
        saboteur("half of the temperature", solve=mutants.colder_once),
        saboteur("four times as much", claim=Inequality(partial(floors, factor=4.0))),
    ),
)


def free_energy(case: Case, found: np.ndarray) -> Sides:
    """Energy and assignments without neighbors against their closed forms."""
    alone = replace(case, lam=0.0, clamp=np.full(case.n, -1))
    value = theory.log_partition(case.costs, temperature=case.temperature)
    return Sides(found, np.r_[update(alone, case.init).ravel(), float(value)], rounding=case.spoiled)


TC_S7 = Statement(
    id="transductive_clustering/TC-S7",
    title="Without neighbors the energy is that of expectation maximization",
    source=Derived(theory.log_partition),
    tex=r"\lambda = 0 \Rightarrow R_T(Z^+) = -T \sum_p \log \sum_l e^{-a_{pl}/T}",
    hypotheses={"some clusters": lambda case: case.n_clusters >= 1},
    instances=PLAIN,
    solve=from_the_costs,
    claim=Identity(free_energy),
    saboteurs=(
        saboteur("costs one larger", solve=mutants.dearer),
        saboteur("twice the temperature", solve=mutants.warmer_alone),
    ),
)


def closed_form(case: Case, found: np.ndarray) -> Sides:
    """The energy after one update, by its definition, against the formula; the update against its own."""
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature, "clamp": case.clamp}
    value = float(theory.energy_without_logs(case.init, found, case.costs, **options))
    lhs, rhs = np.r_[energy(case, found), np.ravel(found)], np.r_[value, update(case, case.init).ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_P10 = Statement(
    id="transductive_clustering/TC-P10",
    title="The energy after an update with one logarithm a row",
    source=Derived(theory.energy_without_logs),
    tex=r"R(Z^+) = -T\sum_p \log \sum_l e^{(\lambda(WZ)_{pl} - a_{pl})/T}"
    r" + \tfrac\lambda2 \mathrm{tr}(Z'WZ - \Delta'W\Delta)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=one_update,
    claim=Identity(closed_form),
    saboteurs=(
        saboteur("twice the temperature", solve=mutants.warmer),
        saboteur("half of the temperature", solve=mutants.colder_once),
    ),
)
