"""Relaxed and discrete: where they agree, how far apart they are, and how labels come back."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, always, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import mutants
from proofs_checks.transductive_clustering.families.problems import (
    CASES,
    NEGATIVE_DIAGONAL,
    ROUNDED,
    SMALL,
    Case,
    discrete,
    energy,
    is_symmetric,
    one_hot,
    update,
    vertices,
)
from proofs_checks.transductive_clustering.families.relaxed import (
    AtLabels,
    at_labels,
    from_the_best,
    from_the_costs,
    inside,
    one_update,
    optimum,
    rounded,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}


def has_a_mild_diagonal(case: Case) -> bool:
    """Whether no point repels itself."""
    return bool((np.diag(case.affinity) >= 0).all())


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


def sandwiched(case: Case, found: tuple[np.ndarray, np.ndarray], share: float = 1.0) -> Sides:
    """E* less the entropy against the energies of both descents; those of the first against E*."""
    best, n_free = float(optimum(case)), int(case.free.sum())
    lower = theory.discrete_lower_bound(best, n_free, case.n_clusters, temperature=share * case.temperature)
    both, first = np.concatenate(found), found[0]
    lhs = np.r_[np.full(len(both), lower), first]
    return Sides(lhs, np.r_[both, np.full(len(first), best)], rounding=case.spoiled)


TC_S3 = Statement(
    id="transductive_clustering/TC-S3",
    title="The relaxed optimum lies between the discrete one and the entropy below it",
    source=Derived(theory.discrete_lower_bound),
    tex=r"E^* - T N_F \log K \le \min R_T \le E^*",
    hypotheses=DIAGONAL,
    instances=SMALL,
    solve=from_the_best,
    claim=Inequality(sandwiched),
    saboteurs=(
        saboteur("from the worst labels", solve=mutants.from_the_worst),
        saboteur("half of the entropy", claim=Inequality(partial(sandwiched, share=0.5))),
    ),
    notes="A descent from the best labels is the witness; others may end above E*.",
)


def none_below(case: Case, found: np.ndarray) -> Sides:
    """E* against E inside of the simplices, that against its definition, and the other way round."""
    value = discrete(case, case.init)
    return Sides(np.array([optimum(case), found[0], value]), np.array([value, value, found[0]]), rounding=case.spoiled)


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
    labels = np.asarray(found, dtype=np.int64)
    value = discrete(case, one_hot(labels, case.n_clusters))
    return Sides(np.r_[value, labels, greedy(case)], np.r_[discrete(case, case.init), greedy(case), labels])


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
    """How far each free row is from a label against its bound; the update against its definition."""
    b = np.sort(logits(case), axis=1)
    bound = theory.hard_limit_gap(b[:, 1] - b[:, 0], case.n_clusters, temperature=case.temperature)
    wanted = update(case, case.init)
    lhs = np.r_[1 - np.asarray(found)[case.free].max(1), np.asarray(found).ravel(), wanted.ravel()]
    return Sides(lhs, np.r_[share * bound, wanted.ravel(), np.asarray(found).ravel()], rounding=case.spoiled)


TC_S6 = Statement(
    id="transductive_clustering/TC-S6",
    title="Cold updates are labels",
    source=Derived(theory.hard_limit_gap),
    tex=r"1 - \max_l S(Z)_{pl} \le (K - 1) e^{-g_p/T}",
    hypotheses={"a temperature": lambda case: case.temperature > 0},
    instances=CASES,
    solve=one_update,
    claim=Inequality(nearly_hard),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(nearly_hard, share=0.5))),
        saboteur("twice the temperature", solve=mutants.warmer),
    ),
)


def floors(case: Case, found: np.ndarray, factor: float = 1.0) -> Sides:
    """The least that an entry of a free row can be against the entries; these against their definition."""
    degree = case.affinity.sum(1)[case.free]
    least = theory.mass_floor(case.costs[case.free], degree, lam=case.lam, temperature=case.temperature)
    wanted = update(case, case.init)[case.free]
    rows = np.asarray(found)[case.free]
    lhs = np.r_[factor * np.asarray(least), rows.ravel(), wanted.ravel()]
    return Sides(lhs, np.r_[rows.min(1), wanted.ravel(), rows.ravel()], rounding=case.spoiled)


TC_T12 = Statement(
    id="transductive_clustering/TC-T12",
    title="No cluster loses all of a point",
    source=Derived(theory.mass_floor),
    tex=r"S(Z)_{pl} \ge e^{-(\max_l a_{pl} - \min_l a_{pl} + \lambda d_p)/T}/K",
    hypotheses={"weights at or above zero": lambda case: bool((case.affinity >= 0).all())},
    instances=CASES,
    solve=one_update,
    claim=Inequality(floors),
    saboteurs=(
        saboteur("half of the temperature", solve=mutants.colder_once),
        saboteur("four times as much", claim=Inequality(partial(floors, factor=4.0))),
    ),
)


def free_energy(case: Case, found: np.ndarray) -> Sides:
    """Energy and assignments without neighbours against their closed forms."""
    Z = np.exp(-case.costs / case.temperature)
    value = theory.log_partition(case.costs, temperature=case.temperature)
    return Sides(found, np.r_[(Z / Z.sum(1, keepdims=True)).ravel(), float(value)], rounding=case.spoiled)


TC_S7 = Statement(
    id="transductive_clustering/TC-S7",
    title="Without neighbours the energy is that of expectation maximisation",
    source=Derived(theory.log_partition),
    tex=r"\lambda = 0 \Rightarrow R_T(Z^+) = -T \sum_p \log \sum_l e^{-a_{pl}/T}",
    hypotheses={"a temperature": always},
    instances=CASES,
    solve=from_the_costs,
    claim=Identity(free_energy),
    saboteurs=(
        saboteur("costs one larger", solve=mutants.dearer),
        saboteur("twice the temperature", solve=mutants.warmer_alone),
    ),
)


def closed_form(case: Case, found: np.ndarray) -> Sides:
    """The energy after one update, by its definition, against the formula with one logarithm a row."""
    options = {"affinity": case.affinity, "lam": case.lam, "temperature": case.temperature, "clamp": case.clamp}
    value = float(theory.energy_without_logs(case.init, found, case.costs, **options))
    return Sides(np.array([energy(case, found)]), np.array([value]), rounding=case.spoiled)


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
