"""One step of the prototypes: means, mean shifts, and points that are taken for modes."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Identity,
    Inequality,
    Measured,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering import wrong_solvers
from proofs_checks.transductive_clustering.families.mixtures import MIXTURES, Mixture, Modes, by_products, is_measured
from proofs_checks.transductive_clustering.families.paths import entries, unlike
from proofs_checks.transductive_clustering.families.points import (
    WEIGHTED,
    Weighted,
    means,
    one_shift,
    weighted_means,
)


def squares(weighted: Weighted, centers: np.ndarray) -> float:
    """Return sum z |x - m|^2, the unary term <A, Z> of means."""
    distances = ((weighted.features[:, None] - np.asarray(centers)[None]) ** 2).sum(2)
    return float((weighted.assignments * distances).sum())


def mean_step(weighted: Weighted, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare the decrease of the costs with the formula, and the prototypes with the means."""
    masses = weighted.assignments.sum(0)
    gain = theory.mean_step_decrease(masses, weighted.centers, found)
    lost = squares(weighted, weighted.centers) - squares(weighted, found)
    wanted = weighted_means(weighted.features, weighted.assignments)
    lhs, rhs = np.r_[lost, np.ravel(found)], np.r_[factor * float(gain), wanted.ravel()]
    return Sides(lhs, rhs, rounding=weighted.spoiled)


TC_P7 = Statement(
    id="transductive_clustering/TC-P7",
    title="What moving prototypes to the means takes off the energy",
    says=(
        "Moving each prototype m_l of M to the weighted mean m_l' of the points lowers the energy R(Z, A(M)), with "
        "the squared distances A(M) as costs, by exactly the sum over clusters l of their mass, the sum of z_pl over "
        "points p, times the squared move."
    ),
    source=Derived(theory.mean_step_decrease),
    tex=r"R(Z, A(M)) - R(Z, A(M')) = \sum_l \bigl(\sum_p z_{pl}\bigr) \|m_l - m_l'\|^2",
    hypotheses={"positive masses": lambda weighted: bool((weighted.assignments.sum(0) > 0).all())},
    instances=WEIGHTED,
    solve=means,
    claim=Identity(mean_step),
    saboteurs=(
        saboteur("twice the formula", claim=Identity(partial(mean_step, factor=2.0))),
        saboteur("half of the way", solve=wrong_solvers.half_way),
        saboteur("means of labels", solve=wrong_solvers.means_of_labels),
        saboteur("the old prototypes", solve=wrong_solvers.unmoved),
    ),
)


def ascends(weighted: Weighted, found: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare the least gain in density with the gain, per cluster, once the step is that of the definition."""
    X, Z, M = weighted.features, weighted.assignments, weighted.centers
    kernels = lambda centers: np.exp(-((X[:, None] - np.asarray(centers)[None]) ** 2).sum(2) / 2)
    before, after = (Z * kernels(M)).sum(0), (Z * kernels(found)).sum(0)
    wanted = (Z * kernels(M)).T @ X / before[:, None]
    step = ((np.asarray(found) - M) ** 2).sum(1)
    least = [
        float(theory.mean_shift_gain(z, k, bandwidth=1.0, squared_step=s))
        for z, k, s in zip(Z.T, kernels(M).T, step, strict=True)
    ]
    wrong = unlike(found - wanted, weighted.spoiled)
    return wrong or entries(factor * np.array(least), after - before, least=-before, rounding=weighted.spoiled)


TC_T11 = Statement(
    id="transductive_clustering/TC-T11",
    title="A mean shift climbs",
    says=(
        "A mean shift moves m to phi(m), the mean of the points x_p with weights z_p k(x_p, m), where k is the "
        "Gaussian kernel of width sigma. The density sum_p z_p k(x_p, m) grows by at least its old value times "
        "|phi(m) - m|^2 / (2 sigma^2)."
    ),
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


def falls_short(mixture: Mixture, found: Modes, share: float = 0.5) -> np.ndarray:
    """Tell whether the density at the first prototype is below a share of the largest, or the prototype is wrong.

    The seed gives the points again, so that no solver says where they are.
    """
    everything, size = np.asarray(found.assignments), (mixture.n, mixture.n_clusters)
    if everything.shape[1:] != size or np.shape(found.prototypes) != (len(everything), mixture.n_clusters, 2):
        raise OutcomeError(f"assignments (n, {size[0]}, {size[1]}) and prototypes (n, {size[1]}, 2) are due")
    X, Z = mixture.points(found.seed, len(everything)), everything[:, :, 0]
    kernels = np.exp(-((X[:, :, None] - X[:, None]) ** 2).sum(3) / (2 * mixture.bandwidth**2))
    densities = (kernels @ Z[:, :, None])[:, :, 0]
    runs = np.arange(len(X))
    chosen = Z.argmax(1)
    elsewhere = np.abs(X[runs, chosen] - found.prototypes[:, 0]).max(1) > 0
    # assignments that are none count as a failure, since from them a solver could choose its densities
    elsewhere |= (np.abs(everything.sum(2) - 1).max(1) > rounding(8 * size[1], 1.0)) | (everything < 0).any((1, 2))
    return elsewhere | (densities[runs, chosen] < share * densities.max(1))


TC_S8 = Statement(
    id="transductive_clustering/TC-S8",
    title="The point with the largest assignment mostly has half of the largest density",
    says=(
        "p* is the point with the largest assignment z_pl to cluster l, and sum_p z_pl k(x_p, x) the density of the "
        "cluster at x, k the Gaussian kernel. In a drawn mixture the density at p* is below half of the largest one "
        "at a point q with probability at most 1/5."
    ),
    source=Measured(
        "the share of the largest density; it was below 1/2 in 1 to 8 % of the runs",
        "mixtures of 20 to 40 points in the plane with 2 to 4 clusters",
        "lrtheory check transductive_clustering/TC-S8",
    ),
    tex=r"P\Bigl(\sum_p z_{pl} k(x_p, x_{p^*}) < \tfrac12 \max_q \sum_p z_{pl} k(x_p, x_q)\Bigr) \le \tfrac15,"
    r"\ p^* = \arg\max_p z_{pl}",
    hypotheses={"20 to 40 points around 2 to 4 centers, a narrow kernel": is_measured},
    instances=MIXTURES,
    solve=by_products,
    claim=Probability(event=falls_short, at_most=lambda mixture: 0.2),
    saboteurs=(
        saboteur("it is the mode", claim=Probability(partial(falls_short, share=1.0), lambda mixture: 0.2)),
        saboteur("the point with the least assignment", solve=wrong_solvers.least_assigned),
    ),
    notes="That modes come for nothing is said in arXiv 1810.13044; this is on mixtures of our own, and single "
    "clusters can be far off.",
)
