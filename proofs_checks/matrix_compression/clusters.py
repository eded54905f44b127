"""Clusters of blocks that share a basis: CM-4, CM-4p and CM-5."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Measured, Paper, Recorded, Sides, Statement, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.cluster_blocks import Search
from lrtheory.matrix_compression.stacks.cluster_search import Candidates
from proofs_checks.guards import allowance, signed_square, unlike
from proofs_checks.matrix_compression.blocks import upper
from proofs_checks.matrix_compression.families.clusters import (
    CLUSTERINGS,
    PLANTED,
    TOO_LENIENT,
    Clustered,
    Clustering,
    are_planted,
    clustered,
    is_clustering,
    is_narrow,
    known_pairs,
    labels,
    truth_of,
)
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, energies, entries, tail
from proofs_checks.matrix_compression.families.stacks import STACKS
from proofs_checks.matrix_compression.wrong_solvers import stacks as wrong_solvers

IN_RANGE = {"blocks of finite numbers with the same rows, r at least 1, epsilon in [0, 1]": is_clustering}


def within_epsilon(case: Clustering, found: Clustered, *, share: float = 1.0, singles: bool = False) -> Sides:
    """Compare the squared error of each cluster with what epsilon allows, by the labels alone."""
    given, K = np.asarray(found.labels), len(case.blocks)
    names = np.unique(given)
    if given.shape != (K,) or not np.array_equal(names, np.arange(len(names))):
        return NO_OUTCOME  # a block is in no cluster
    low, high, most, off = [], [], [], []
    for c in names:
        M = np.concatenate([A for A, name in zip(case.blocks, given, strict=True) if name == c], axis=1)
        spectrum, single = energies(M), bool((given == c).sum() == 1)
        error, total = tail(spectrum, case.rank), float(spectrum.sum())
        low.append(error)
        high.append(total if single and not singles else share * case.epsilon**2 * total)
        most.append(total)
        # a single block is marked where it errs by more, unless nobody can tell
        near = abs(error - case.epsilon**2 * total) <= allowance(M)
        off += [] if near else [float(bool(found.exempt[c]) != (single and error > case.epsilon**2 * total))]
        off.append(float(signed_square(found.errors[c])) - error / total if total > 0 else float(found.errors[c]))
    allowed = allowance(np.concatenate(case.blocks, axis=1))
    unit = rounding_of(case)
    return unlike(off, unit) or entries([low], [high], trivial=np.array(most), allowed=allowed)


def rounding_of(case: Clustering) -> float:
    """Return what a squared relative error may err by."""
    return allowance(np.eye(len(case.blocks[0]))) * sum(A.shape[1] for A in case.blocks)


CM_4 = Statement(
    id="matrix_compression/CM-4",
    title="No cluster of several blocks errs by more than was allowed",
    says=(
        "Blocks are put into clusters that each get a basis of rank r. Every block is in one cluster, and the best "
        "basis of a cluster c of two blocks or more, M_c side by side, errs by epsilon |M_c| at most; a single block "
        "may err by more, and is marked then. E_r is the error of the best approximation of rank r."
    ),
    source=Paper("2601.11626", "clustering under an error", read="code"),
    tex=r"E_r(M_c) \le \epsilon\,\|M_c\| \text{ for every cluster } c \text{ of two blocks or more}",
    hypotheses=IN_RANGE,
    instances=CLUSTERINGS,
    solve=clustered,
    claim=Inequality(within_epsilon),
    decisions=("labels",),
    may_vary=dict.fromkeys(("errors", "exempt"), "how many clusters there are follows from the labels"),
    saboteurs=(
        saboteur(
            "a seed that attracts nobody is lost, as in the published code",
            solve=wrong_solvers.lost_seeds,
            printed=True,
        ),
        saboteur(
            "epsilon for its square",
            patch=(Search._fits, "(self.epsilon**2 - blocks.noise)", "(self.epsilon - blocks.noise)"),
        ),
        saboteur(
            "only the block is tested",
            patch=(Candidates.upper2, "cluster.total + float(self.energies[i])", "float(self.energies[i])"),
        ),
        saboteur("half of epsilon", claim=Inequality(partial(within_epsilon, share=0.25))),
        saboteur("single blocks too", claim=Inequality(partial(within_epsilon, singles=True))),
    ),
    notes="Whoever never clusters keeps this; that families are found is CM-4p.",
)


def families_found(case: Clustering, found: np.ndarray) -> Sides:
    """Compare which blocks are together with which have one basis; clusters are numbered from 0 on."""
    if not np.array_equal(np.unique(found), np.arange(len(np.unique(found)))):
        return NO_OUTCOME
    return Sides(known_pairs(found).ravel(), truth_of(case).ravel(), rounding=0.0)


CM_4P = Statement(
    id="matrix_compression/CM-4p",
    title="Planted families are found",
    says=(
        "Blocks U_f O_k have r orthonormal columns, those of one family f span one space, and families are orthogonal "
        "to each other. While (n + 1) epsilon^2 < 1 for the n blocks of the largest family, clustering returns "
        "exactly the families."
    ),
    source=Derived(theory.family_limit),
    tex=r"A_k = U_f O_k,\ (n_f + 1)\epsilon^2 < 1 \Rightarrow \text{the clusters are the families}",
    hypotheses={
        **IN_RANGE,
        "families of one space each, orthogonal to each other": are_planted,
        "epsilon keeps the largest family apart": is_narrow,
    },
    instances=PLANTED,
    solve=labels,
    claim=Identity(families_found),
    saboteurs=(
        saboteur("every block alone", solve=wrong_solvers.all_alone),
        saboteur("blocks are found again by which object they are", solve=wrong_solvers.by_object),
        saboteur(
            "no block lies in the space of a cluster",
            patch=(Candidates.upper2, "cluster.s[:, None] * shares", "0.0 * shares"),
        ),
        saboteur("more is allowed", breaks="epsilon keeps the largest family apart", instances=TOO_LENIENT),
    ),
)

CM_5 = Statement(
    id="matrix_compression/CM-5",
    title="Bounds known beforehand say little of a transformer's weights",
    says=(
        "The best basis of rank 64 for all 72 query heads of a small transformer errs by the share 0.737 of their "
        "norm. The published bounds by the seed (CM-1) and by residuals (CM-2) say 0.965 and 0.959, and that by all "
        "spectra (CM-14) 0.949."
    ),
    source=Measured(
        "relative errors of a common basis and three bounds",
        "the query heads of a small transformer",
        "python -m figures matrix_compression/prediction",
    ),
    tex=r"E_r(M)/\|M\| = 0.737,\ \text{bounds } 0.965,\ 0.959,\ 0.949",
    hypotheses={},
    instances=STACKS,
    solve=partial(upper, method="weyl"),
    claim=Recorded(
        "measured on real weights, which differ from network to network", carried_by="matrix_compression/CM-14"
    ),
)
