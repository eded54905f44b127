"""Relaxed and discrete: where they agree, how far apart they are, and how labels come back."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, OutcomeError, Sides, Statement, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    discrete,
    energy,
    has_a_mild_diagonal,
    highest,
    is_symmetric,
    lowest,
    one_hot,
    optimum,
    vertices,
)
from proofs_checks.transductive_clustering.families.paths import (
    ITERATES,
    Descent,
    along,
    entries,
    joined,
    unlike,
)
from proofs_checks.transductive_clustering.families.problems import (
    CASES,
    NEGATIVE_DIAGONAL,
    ROUNDED,
    SANDWICHED,
    SMALL,
)
from proofs_checks.transductive_clustering.families.relaxed import (
    AtLabels,
    Shifted,
    at_best_labels,
    at_labels,
    from_the_best,
    inside,
    rounded,
    shifted_psd,
)

SYMMETRIC = {"a symmetric affinity": is_symmetric}
DIAGONAL = {**SYMMETRIC, "w_pp >= 0": has_a_mild_diagonal}


def agree(case: Case, found: AtLabels) -> Sides:
    """Compare relaxed, Laplacian and discrete energies of all labels with the definition, up to constants."""
    Z = [one_hot(labels, case.n_clusters) for labels in vertices(case)]
    penalty = lambda z: (case.affinity * ((z[:, None] - z[None]) ** 2).sum(2)).sum()
    constant = case.lam / 2 * case.affinity.sum()
    wanted = np.array([(case.costs * z).sum() + case.lam / 4 * penalty(z) - constant for z in Z])
    lhs = np.r_[found.relaxed, found.laplacian, found.discrete]
    return Sides(lhs, np.r_[wanted, wanted + theory.vertex_gap(case.affinity, lam=case.lam), wanted + constant])


TC_S1 = Statement(
    id="transductive_clustering/TC-S1",
    title="At labels all energies agree, up to a constant",
    says=(
        "At labels, where each row of the N x K table Z has one 1, the relaxed energy R_T equals the energy E without"
        " entropy, and the convex E_lap, with the Laplacian in place of the affinity, exceeds E by the constant "
        "(lambda/2) times the sum of all weights w_pq."
    ),
    source=Derived(theory.vertex_gap),
    tex=r"E_{\mathrm{lap}}(Z) = E(Z) + \tfrac\lambda2 \sum w_{pq},\ R_T(Z) = E(Z),\ Z \in \{0, 1\}^{N \times K}",
    hypotheses=SYMMETRIC,
    instances=SMALL,
    solve=at_labels,
    claim=Identity(agree),
    saboteurs=(
        saboteur("lambda in the place of lambda / 2", solve=wrong_solvers.double_lambda),
        saboteur("the energy of the next labels", solve=wrong_solvers.shifted_labels),
    ),
    notes="On all labels of up to four points.",
)


def moved_alike(case: Case, found: Shifted) -> Sides:
    """Compare the change of all labels' energies with one constant, and the shift with the least eigenvalue."""
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
    says=(
        "Adding delta to the diagonal of the affinity W of N points, with delta = max(0, -lambda_min) and lambda_min "
        "its least eigenvalue, adds the constant -(lambda/2) delta N to the energy E at all labels Z alike."
    ),
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
    """Compare concave less convex energy with its formula, and both with their definitions."""
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
    says=(
        "E is the concave energy without entropy, E_lap the convex one with the Laplacian. E less E_lap, plus "
        "(lambda/2) times the sum of all weights w, equals (lambda/2) sum_p d_p (1 - |z_p|^2) for rows z_p of the "
        "simplex; this is at least 0 where no degree d_p, the sum of row p of W, is negative."
    ),
    source=Derived(theory.laplacian_gap),
    tex=r"E(Z) - E_{\mathrm{lap}}(Z) + \tfrac\lambda2 \sum w = \tfrac\lambda2 \sum_p d_p (1 - \|z_p\|^2)",
    hypotheses=SYMMETRIC,
    instances=CASES,
    solve=inside,
    claim=Identity(ordered),
    saboteurs=(
        saboteur("both alike", solve=wrong_solvers.both_alike),
        saboteur("twice the gap", claim=Identity(partial(ordered, share=2))),
    ),
)


def sandwiched(case: Case, found: tuple[Descent, Descent], share: float = 1.0) -> Sides:
    """Compare E* less the entropy with the energies of both descents, and those of the first descent with E*."""
    first, second = found
    there = at_best_labels(case)
    best, n_free = float(optimum(case)), int(case.free.sum())
    # the entropy is proportional to T, so a share of it is that of a lower temperature
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
    says=(
        "The least relaxed energy R_T over all assignments is at most the least energy E* of labels and at least E* -"
        " T N_F log K, with N_F the number of rows that are not held, K clusters and temperature T."
    ),
    source=Derived(theory.discrete_lower_bound),
    tex=r"E^* - T N_F \log K \le \min R_T \le E^*",
    hypotheses=DIAGONAL,
    instances=SANDWICHED,
    solve=from_the_best,
    claim=Inequality(sandwiched),
    may_vary={f"*.{name}": reason for name, reason in ITERATES.items()},
    saboteurs=(
        saboteur("the best of the starts at hand", solve=wrong_solvers.from_the_start_twice),
        saboteur("from the worst labels", solve=wrong_solvers.from_the_worst),
        saboteur("half of the entropy", claim=Inequality(partial(sandwiched, share=0.5))),
    ),
    notes="A descent from the best labels is the witness; others may end above E*.",
)


def none_below(case: Case, found: np.ndarray) -> Sides:
    """Compare E* with E inside of the simplices, once this and the Laplacian energy are those of the definitions."""
    value, degree = discrete(case, case.init), case.affinity.sum(1)
    laplacian = value + case.lam / 2 * (degree * (case.init**2).sum(1)).sum()
    wrong = unlike(found - np.array([value, laplacian]), case.spoiled)
    return wrong or entries([optimum(case)], [value], highest(case), rounding=case.spoiled)


TC_S4 = Statement(
    id="transductive_clustering/TC-S4",
    title="Without entropy the relaxation is tight",
    says=(
        "If no diagonal weight w_pp is negative, the energy without entropy E has the same minimum over the product "
        "of the N simplices (Delta^N), where rows are soft, as over labels, the N x K tables with one 1 per row."
    ),
    source=Derived(theory.row_replacement),
    tex=r"w_{pp} \ge 0 \Rightarrow \min_{Z \in \Delta^N} E(Z) = \min_{Z \in \{0,1\}^{N \times K}} E(Z)",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    solve=inside,
    claim=Inequality(none_below),
    saboteurs=(
        saboteur("twice the pull", solve=wrong_solvers.inside_pulled),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)


def not_worse(case: Case, found: np.ndarray) -> Sides:
    """Compare E of labels with E of assignments, and the labels with those of one greedy pass, in both directions."""
    labels, K = np.asarray(found, dtype=np.int64), case.n_clusters
    if labels.shape != (case.n,) or labels.min() < 0 or labels.max() >= K:
        raise OutcomeError(f"{case.n} labels in [0, {K - 1}] are due")
    value, wanted = discrete(case, one_hot(labels, K)), greedy(case)
    # labels are compared in both directions, since each has to equal that of the greedy pass
    most, least = [highest(case), *[K - 1] * case.n, *[np.inf] * case.n], [-np.inf] * (case.n + 1) + [0] * case.n
    return Sides(np.r_[value, labels, wanted], np.r_[discrete(case, case.init), wanted, labels], most, least=least)


def greedy(case: Case) -> np.ndarray:
    """Return the labels of one pass over the rows in order, each at its best given the others, ties to the lowest."""
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
    says=(
        "Sequential rounding of Z puts the rows on labels one at a time. It does not raise the energy without entropy"
        " E, and E(Z) is at most the relaxed energy R_T(Z) plus T N_F log K, with N_F rows that are not held, K "
        "clusters and temperature T."
    ),
    source=Derived(theory.rounding_bound),
    tex=r"E(\mathrm{round}(Z)) \le E(Z) \le R_T(Z) + T N_F \log K",
    hypotheses=DIAGONAL,
    instances=ROUNDED,
    solve=rounded,
    claim=Inequality(not_worse),
    saboteurs=(
        saboteur("the largest entry of each row", solve=partial(rounded, method="argmax")),
        saboteur("the last of equal labels", solve=wrong_solvers.last_label),
        saboteur("a point that repels itself", breaks="w_pp >= 0", instances=NEGATIVE_DIAGONAL),
    ),
)
