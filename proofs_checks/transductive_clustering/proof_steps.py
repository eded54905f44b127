"""Pieces of the proofs: the bound that an update minimizes, divergences, invariances, held rows, and the work."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.counts import N_UPDATES, Counted, counted
from proofs_checks.transductive_clustering.families.definitions import (
    Case,
    discrete,
    divergence,
    energy,
    is_symmetric,
    pairs,
    update,
)
from proofs_checks.transductive_clustering.families.paths import entries, unlike
from proofs_checks.transductive_clustering.families.problems import PLAIN
from proofs_checks.transductive_clustering.families.proof_steps import (
    ALIKE,
    LAWS,
    REPLACED,
    TANGENTS,
    TOUCHING,
    Alike,
    Laws,
    Replaced,
    Tangent,
    are_laws,
    bounds_of,
    divergence_of,
    five_updates,
    free_alone,
    free_spectrum,
    jacobian,
    minimizer,
    replacement,
    tangent,
)
from proofs_checks.transductive_clustering.families.rings import Pairwise, are_equal_where_clamped

SYMMETRIC = {"a symmetric affinity": lambda pair: is_symmetric(pair.case)}


def touches(pair: Pairwise, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare bound less energy at both assignments with the formula, and the energies with their definition."""
    case = pair.case
    moved = pair.other - case.init
    gaps = [0.0, share * case.lam / 2 * pairs(case, moved)]
    lhs = np.r_[found[:2] - found[2:], found[2:]]
    return Sides(lhs, np.r_[gaps, energy(case, case.init), energy(case, pair.other)], rounding=case.spoiled)


TC_T1 = Statement(
    id="transductive_clustering/TC-T1",
    title="The bound touches the energy, and how far it is above it",
    says=(
        "The bound A_i made at the assignments Z_i equals the relaxed energy R there, and exceeds it at any other Z "
        "by exactly (lambda/2) tr((Z - Z_i)' W (Z - Z_i)), W the affinity and lambda its weight."
    ),
    source=Derived(theory.majoriser_gap),
    tex=r"A_i(Z) - R(Z) = \tfrac\lambda2 \mathrm{tr}((Z - Z_i)'W(Z - Z_i)),\quad A_i(Z_i) = R(Z_i)",
    hypotheses=SYMMETRIC,
    instances=TOUCHING,
    solve=bounds_of,
    claim=Identity(touches),
    saboteurs=(
        saboteur("twice the pairs", claim=Identity(partial(touches, share=2.0))),
        saboteur("half of the pull", solve=wrong_solvers.half_pulled),
    ),
    notes="Above everywhere if and only if the free block of W is positive semidefinite.",
)


def least(pair: Pairwise, found: np.ndarray) -> Sides:
    """Compare the bound's rise above its value at the update with T KL, and the update with its definition."""
    case = pair.case
    bound = lambda Z: energy(case, Z, weight=0.0) - case.lam * pairs(case, Z, case.init)
    Z = np.asarray(found)
    lhs = np.r_[bound(pair.other) - bound(Z), Z.ravel()]
    rhs = np.r_[case.temperature * divergence(case, pair.other, case.init), update(case, case.init).ravel()]
    return Sides(lhs, rhs, rounding=case.spoiled)


TC_T2 = Statement(
    id="transductive_clustering/TC-T2",
    title="The update minimizes the bound, in closed form",
    says=(
        "The bound A_i made at the assignments Z_i is least at their update S(Z_i): at every Z with the same held "
        "rows it is larger by T times the divergence KL(Z || S(Z_i)), T the temperature."
    ),
    source=Derived(theory.kl_divergence),
    tex=r"A_i(Z) - A_i(S(Z_i)) = T\,\mathrm{KL}(Z \| S(Z_i))",
    hypotheses={**SYMMETRIC, "equal rows where held": are_equal_where_clamped},
    instances=TOUCHING,
    solve=minimizer,
    claim=Identity(least),
    saboteurs=(
        saboteur("half of the pull", solve=wrong_solvers.minimizer_half_pulled),
        saboteur("twice the temperature", solve=wrong_solvers.minimizer_warmer),
    ),
)


def pinsker(laws: Laws, found: float, factor: int = 1) -> Sides:
    """Compare the squared distance with the divergence, once this is that of the definition."""
    p, q = (np.asarray(one, dtype=float).ravel() for one in (laws.p, laws.q))
    direct = float(np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - np.log(q)), 0).sum())
    lower = float(np.sum(theory.kl_lower_bound(p, q)))
    slack = rounding(64, 4.0)
    return unlike(found - direct, slack) or entries([factor * lower], [found], 2.0, rounding=slack)


TC_T4 = Statement(
    id="transductive_clustering/TC-T4",
    title="A divergence is at least the squared distance",
    says=(
        "For two rows of probabilities p and q the divergence KL(p || q) = sum p log(p / q) is at least the squared "
        "Euclidean distance of p and q."
    ),
    source=Derived(theory.kl_lower_bound),
    tex=r"\mathrm{KL}(p \| q) \ge \|p - q\|_2^2",
    hypotheses={"points of the simplex": are_laws, "positive second law": lambda laws: bool((laws.q > 0).all())},
    instances=LAWS,
    solve=divergence_of,
    claim=Inequality(pinsker),
    saboteurs=(
        saboteur("twice the squared distance", claim=Inequality(partial(pinsker, factor=2))),
        saboteur("half of the divergence", solve=wrong_solvers.half_divergence),
    ),
)


def norm_at_most(laws: Laws, found: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the norm of the derivative with 1/2, once its entries are covariances; two halves meet it."""
    s = laws.p[0]
    units = np.eye(len(s))
    wanted = sum(w * np.outer(e - s, e - s) for w, e in zip(s, units, strict=True))
    slack = rounding(64, 4.0)
    norm = np.linalg.norm(np.asarray(found), 2)
    return unlike(found - wanted, slack) or entries([norm], [share / 2], 1.0, rounding=slack)


TC_P5 = Statement(
    id="transductive_clustering/TC-P5",
    title="A softmax moves by at most half of what its logits move",
    says=(
        "The derivative of a softmax with value s in its logits is diag(s) - s s', and its spectral norm is at most "
        "1/2."
    ),
    source=Derived(theory.softmax_jacobian),
    tex=r"\|\mathrm{diag}(s) - s s'\|_2 \le \tfrac12",
    hypotheses={"points of the simplex": are_laws},
    instances=LAWS,
    solve=jacobian,
    claim=Inequality(norm_at_most),
    saboteurs=(
        saboteur("without the mean", solve=wrong_solvers.diagonal_jacobian),
        saboteur("nine tenths of it", claim=Inequality(partial(norm_at_most, share=0.9))),
    ),
    notes="Met at two halves alone.",
)


def same(alike: Alike, found: np.ndarray) -> Sides:
    """Compare all five updates, their renaming undone, with the definition."""
    wanted = update(alike.case, alike.case.init)
    clusters, points = np.empty_like(wanted), np.empty_like(wanted)
    clusters[:, alike.order], points[alike.points] = found[3], found[4]
    lhs = np.stack([*found[:3], clusters, points])
    # constants of up to a hundred are taken off again
    heat = alike.case.heat + np.abs(alike.constants).max() / alike.case.temperature
    return Sides(lhs, np.stack([wanted] * 5), rounding=rounding(64 * wanted.size, heat))


TC_S9 = Statement(
    id="transductive_clustering/TC-S9",
    title="Constants a row, a common factor and names of clusters and points do not matter",
    says=(
        "The update S(Z) of assignments Z stays the same if a constant c_p is added to all costs of row p, or if "
        "costs A, weight lambda and temperature T all get the factor c > 0. A permutation Pi of the points, applied "
        "to Z, A and the affinity W, permutes the update alike, and so does one of the clusters."
    ),
    source=Classical("invariance of the softmax", "definition"),
    tex=r"S(Z; A + c 1', \lambda, T) = S(Z; A, \lambda, T) = S(Z; cA, c\lambda, cT),"
    r"\ S(\Pi Z; \Pi A, \Pi W \Pi') = \Pi S(Z)",
    hypotheses={"a positive factor": lambda alike: alike.factor > 0},
    instances=ALIKE,
    solve=five_updates,
    claim=Identity(same),
    saboteurs=(
        saboteur("the temperature is not scaled", solve=wrong_solvers.unscaled_temperature),
        saboteur("clusters keep their names", solve=wrong_solvers.unnamed),
        saboteur("points keep their neighbors", solve=wrong_solvers.unmoved_neighbors),
    ),
)


def as_costs(case: Case, found: np.ndarray) -> Sides:
    """Compare both runs with two updates by the definition."""
    wanted = update(case, update(case, case.init))[case.free]
    # the second update stretches what the first one has rounded
    stretch = theory.contraction_factor(case.spectrum[1], lam=case.lam, temperature=case.temperature)
    return Sides(np.asarray(found), np.stack([wanted, wanted]), rounding=(1 + stretch) * case.spoiled)


TC_S10 = Statement(
    id="transductive_clustering/TC-S10",
    title="Held neighbors are costs",
    says=(
        "Updates of the free rows F do not change if each held row q of the support S, at its label y_q, is taken out"
        " and the costs a_p of every free p become a_p - lambda sum_q w_pq e_{y_q}, e_y the unit row of label y; W_F "
        "is the block of W of the free rows."
    ),
    source=Derived(theory.clamped_costs),
    tex=r"a_p \to a_p - \lambda \sum_{q \in S} w_{pq} e_{y_q},\quad W \to W_F",
    hypotheses={"some free rows": lambda case: bool(case.free.any()), "a symmetric affinity": is_symmetric},
    instances=PLAIN,
    solve=free_alone,
    claim=Identity(as_costs),
    saboteurs=(
        saboteur("held neighbors are forgotten", solve=partial(free_alone, clamped_rows=False)),
        saboteur("held rows move", solve=wrong_solvers.moving_support),
    ),
)


def within(case: Case, found: np.ndarray) -> Sides:
    """Compare least eigenvalue and norm of the free block with those of W, once they are the block's own."""
    values, most = np.linalg.eigvalsh(case.affinity), np.linalg.norm(case.affinity)
    slack = rounding(64 * case.n**2, 1 + np.abs(case.affinity).sum())
    limits = [np.inf, most], [-most, -np.inf]
    own = entries([values[0], found[1]], [found[0], np.abs(values).max()], *limits, rounding=slack)
    return unlike(found - np.array(case.spectrum), slack) or own


TC_S10_INTERLACING = Statement(
    id="transductive_clustering/TC-S10-interlacing",
    title="Holding rows makes updates safer",
    says=(
        "W_F, the block of a symmetric W of the rows that are not held, has no smaller least eigenvalue lambda_min "
        "than W, and no larger spectral norm."
    ),
    source=Classical("interlacing of eigenvalues", "Horn and Johnson, Matrix Analysis, Theorem 4.3.28"),
    tex=r"\lambda_{\min}(W_F) \ge \lambda_{\min}(W),\ \|W_F\| \le \|W\|",
    hypotheses={"a symmetric affinity": is_symmetric, "some free rows": lambda case: bool(case.free.any())},
    instances=PLAIN,
    solve=free_spectrum,
    claim=Inequality(within),
    saboteurs=(
        saboteur("held rows count", solve=partial(free_spectrum, clamped=False)),
        saboteur("the other end of the spectrum", solve=wrong_solvers.wrong_end),
    ),
)


def worked(case: Case, found: Counted, rows: str = "all") -> Sides:
    """Compare the package's counts of a run with operations counted one by one, and these with the formula."""
    edges, n = int(np.count_nonzero(case.affinity)), int(case.free.sum()) if rows == "free" else case.n
    each = theory.update_counts(edges, case.n_clusters, n_points=case.n, n_free=n)
    # a run makes between 1 and N_UPDATES updates, fewer where it stands still; max and min say so
    lhs = [found.flops, found.exponentials, found.products, found.powers, found.passes, max(found.updates, 1)]
    work = [found.passes * each["flops"], found.softmaxes * each["exponentials"]]
    rhs = [found.products, found.powers, *work, found.updates + 1, min(found.updates, N_UPDATES)]
    return Sides(np.array(lhs), np.array(rhs))


TC_C1 = Statement(
    id="transductive_clustering/TC-C1",
    title="What an update costs, counted one by one",
    says=(
        "An update takes nnz(W) K multiply-adds and N K exponentials, with nnz(W) the number of weights in W that are"
        " not 0, K the clusters and N the points, the held ones included."
    ),
    source=Derived(theory.update_counts),
    tex=r"\mathrm{nnz}(W) K \text{ multiply-adds},\quad N K \text{ exponentials}",
    hypotheses={"some free rows": lambda case: bool(case.free.any())},
    instances=PLAIN,
    solve=counted,
    claim=Identity(worked),
    saboteurs=(
        saboteur("a pass that is not counted", solve=wrong_solvers.fewer_products),
        saboteur("an edge once for all clusters", solve=wrong_solvers.edges_alone),
        saboteur("another number of updates", solve=wrong_solvers.more_updates),
        saboteur("none for held rows", claim=Identity(partial(worked, rows="free"))),
    ),
    closed="the products are counted by weights on which the package's own kernels run",
    notes="The code runs on weights that count their products. A run makes one product more than updates, for its last "
    "energy; rows that are held are computed too and then put back, so N stands for N_F.",
)


def differs(replaced: Replaced, found: float) -> Sides:
    """Compare the formula with the difference of the energies without entropy after and before."""
    case = replaced.case
    lost = discrete(case, replaced.after) - discrete(case, case.init)
    return Sides(np.array([found]), np.array([lost]), rounding=case.spoiled)


TC_P8 = Statement(
    id="transductive_clustering/TC-P8",
    title="What replacing a row does to the energy without entropy",
    says=(
        "Replacing row z_p of the assignments by y adds exactly this to the energy without entropy, <A, Z> - "
        "(lambda/2) tr(Z'WZ). a_p is the row of costs A, and w_pq the weight of the pair p, q in W; the sum runs over"
        " the other rows z_q."
    ),
    source=Derived(theory.row_replacement),
    tex=r"\langle a_p - \lambda \sum_{q \ne p} w_{pq} z_q, y - z_p\rangle - \tfrac\lambda2 w_{pp}(\|y\|^2 - \|z_p\|^2)",
    hypotheses={"a symmetric affinity": lambda replaced: is_symmetric(replaced.case)},
    instances=REPLACED,
    solve=replacement,
    claim=Identity(differs),
    saboteurs=(
        saboteur("lambda twice", solve=partial(replacement, factor=2.0)),
        saboteur("the other way round", solve=wrong_solvers.replaced_back),
    ),
    notes="Concave in each row where w_pp >= 0, so that a vertex is never worse.",
)


def below(pair: Tangent, found: float) -> Sides:
    """Compare the tangent with exp(-v), once it is that of the formula."""
    u, v, slack = pair.before, pair.after, rounding(16, 4.0)
    wrong = unlike(found - np.exp(-u) * (1 + u - v), slack)
    return wrong or entries([found], [np.exp(-v)], 1.0, rounding=slack)


TC_P9 = Statement(
    id="transductive_clustering/TC-P9",
    title="The exponential lies above its tangents",
    says=(
        "For all u, v >= 0 the exponential e^{-v} is at least its tangent at u, which at v has the value e^{-u} (1 + "
        "u - v)."
    ),
    source=Derived(theory.exponential_tangent),
    tex=r"e^{-v} \ge e^{-u}(1 + u - v)",
    hypotheses={"numbers at or above zero": lambda pair: pair.before >= 0 and pair.after >= 0},
    instances=TANGENTS,
    solve=tangent,
    claim=Inequality(below),
    saboteurs=(saboteur("the tangent at the other point", solve=wrong_solvers.other_tangent),),
)
