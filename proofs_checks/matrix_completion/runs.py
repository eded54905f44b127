"""Deterministic statements about the start of a run, its certificate, and its counts."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion import duality_gap, theory
from lrtheory.matrix_completion.alternation import certificates
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.half_steps import (
    DENSE_CASES,
    NOT_SHRUNK,
    OPTIMA,
    RIDGE_CASES,
    Certified,
    HalfStepCase,
    RidgeCase,
    Start,
    certified,
    distance,
    is_shrunk,
    started,
)
from proofs_checks.matrix_completion.families.operations import operations_of_exact_rows
from proofs_checks.matrix_completion.families.samples import FLOPS, Ladder, counted

# --- the spectral start ----------------------------------------------------------------------------------------------


def start_error(case: HalfStepCase, start: Start, share: float = 1.0) -> Sides:
    """Compare dist(U_0, U*) with Wedin's bound, and the error of each singular value with |E|.

    The last entries compare the reported singular values with those of P_Omega(M) / p, from both sides.
    """
    # p is the share that is seen and not the probability of the draw: a solver knows no other
    seen = case.mask / case.mask.mean()
    noise = np.linalg.norm(case.matrix * seen - case.matrix, 2)
    smallest, k = case.singular_values[-1], len(case.singular_values)
    bound = theory.wedin_bound(share * noise, smallest=smallest) if share * noise < smallest else 1.0
    moved = np.abs(start.singular_values - case.singular_values)
    own = np.linalg.svd(case.matrix * seen, compute_uv=False)[:k]
    lhs = np.r_[distance(start.basis, case.left), moved, start.singular_values, own]
    rhs = np.r_[bound, np.full(k, share * noise), own, start.singular_values]
    trivial = np.r_[1.0, np.full(3 * k, np.inf)]
    return Sides(lhs, rhs, trivial=trivial, rounding=rounding(64 * case.mask.size, 1 / (smallest * case.mask.mean())))


MC_L6 = Statement(
    id="matrix_completion/MC-L6",
    title="The spectral start is near where its noise is small",
    says="E = P_Omega(M) / p - M is what the sample adds to M: seen entries are divided by their share p, the "
    "others are 0. If its spectral norm is below s_k, the k-th singular value of M, the k leading left "
    "singular vectors U_0 of M + E are within |E| / (s_k - |E|) of U*, and each singular value s^_i within "
    "|E| of s_i.",
    source=Derived(theory.wedin_bound),
    tex=r"\|E\| < s_k \Rightarrow \mathrm{dist}(U_0, U^*) \le \frac{\|E\|}{s_k - \|E\|},\ |\hat s_i - s_i| \le \|E\|",
    hypotheses={"something is seen": lambda case: bool(case.mask.any())},
    instances=DENSE_CASES,
    solve=started,
    claim=Inequality(start_error, unbounded="reported singular values may be any numbers"),
    decisions=("basis",),
    saboteurs=(
        saboteur(
            "not divided by p",
            patch=(spectral_start.rescaled, "values / values.dtype.type(seen.density)", "1.0 * values"),
        ),
        # the matrix without its last row, whose distance is a root of 1 - p, comes nearest to the bound
        saboteur("four fifths of the noise", claim=Inequality(partial(start_error, share=0.8))),
        saboteur("the next singular vectors", solve=wrong_solvers.next_vectors),
    ),
    notes="E = P_Omega(M)/p - M with the share p of entries that is seen.",
)

# --- the certificate -------------------------------------------------------------------------------------------------


def nuclear_objective(case: RidgeCase, X: np.ndarray) -> float:
    """Return |P_Omega(X - M)|_F^2 / 2 + lambda |X|_*, from the whole matrix X."""
    rest = np.where(case.mask, X - case.values, 0.0)
    return 0.5 * (rest**2).sum() + case.ridge * np.linalg.svd(X, compute_uv=False).sum()


def proximal_gradient(case: RidgeCase, n_iter: int) -> np.ndarray:
    """Minimize the nuclear norm objective by soft thresholding of singular values, with unit steps (soft-impute)."""
    X = np.zeros(case.values.shape)
    for _ in range(n_iter):
        U, s, Vt = np.linalg.svd(np.where(case.mask, case.values, X), full_matrices=False)
        X = (U * np.maximum(s - case.ridge, 0)) @ Vt
    return X


def no_better(case: RidgeCase, found: Certified) -> Sides:
    """Compare the objective less the gap with the objective of other matrices, one of them nearly the best."""
    # a bound that is too high is contradicted by any better matrix, and that after 1000 steps is nearly the best
    others = [proximal_gradient(case, n) for n in (1, 10, 1000)]
    others += [np.zeros(case.values.shape), np.where(case.mask, case.values, 0.0), found.left @ found.right.T]
    value = nuclear_objective(case, found.left @ found.right.T)
    rhs = [nuclear_objective(case, X) for X in others]
    lhs, gap = [value - found.gap] * len(rhs), value - found.bound  # the gap itself is claimed from both sides
    return Sides([*lhs, found.gap, gap], [*rhs, gap, found.gap], rounding=rounding(256 * case.values.size, 1 + value))


MC_L8 = Statement(
    id="matrix_completion/MC-L8",
    title="The duality gap of the nuclear norm",
    says="For factors U and V the library states a lower bound b and a gap: b is at most f(X) for every matrix X, "
    "and gap = f(U V^T) - b. Here f(X) is half the squared error |P_Omega(X - M)|_F^2 on the sample Omega "
    "plus lambda times the nuclear norm |X|_* (the sum of the singular values).",
    source=Derived(duality_gap),
    tex=r"\mathrm{gap} = f(UV^T) - b,\ b \le \min_X \tfrac12\|P_\Omega(X - M)\|_F^2 + \lambda\|X\|_*",
    hypotheses={"a weight": lambda case: case.ridge > 0},
    instances=RIDGE_CASES,
    solve=certified,
    claim=Inequality(no_better, unbounded="objectives have no upper limit"),
    decisions=("left", "right"),
    saboteurs=(
        # a dual point with a norm above lambda is infeasible, and its value is no bound
        saboteur("the dual point is not shrunk", patch=(certificates.gap, "else weight / length", "else 1.0")),
        saboteur("half of the gap", solve=partial(wrong_solvers.share_of_the_gap, share=0.5)),
        saboteur("one and a half times the gap", solve=partial(wrong_solvers.share_of_the_gap, share=1.5)),
    ),
)


def vanishes(case: RidgeCase, found: Certified) -> Sides:
    """Compare the bound with the objective of the factors, and that with the optimum by shrunk singular values."""
    value = nuclear_objective(case, found.left @ found.right.T)
    spectrum = np.linalg.svd(case.values, compute_uv=False)
    # seen whole, the problem splits into singular values: each s > lambda is shrunk by lambda, the others are 0
    least = np.where(spectrum > case.ridge, case.ridge * (spectrum - case.ridge / 2), spectrum**2 / 2).sum()
    return Sides([found.bound, value], [value, least], rounding=rounding(256 * case.values.size, 1 + least))


MC_L8_OPTIMUM = Statement(
    id="matrix_completion/MC-L8-optimum",
    title="The duality gap vanishes at the optimum",
    says="If U^T U = V^T V, the gradients of the ridge objective f of MC-L9 are 0, and the residual P_Omega(M - U "
    "V^T) on the sample has spectral norm at most lambda, then U V^T minimizes the nuclear norm objective of "
    "MC-L8 over all matrices, and its gap is 0.",
    source=Derived(duality_gap),
    tex=r"U^TU = V^TV,\ \nabla f = 0,\ \|P_\Omega(M - UV^T)\| \le \lambda \Rightarrow \mathrm{gap} = 0",
    hypotheses={"the factor is that of shrunk singular values": is_shrunk},
    instances=OPTIMA,
    solve=certified,
    claim=Identity(vanishes),
    decisions=("left", "right"),
    unread={"gap": "at the optimum it is the rounding of objective and bound; MC-L8 compares it with their difference"},
    saboteurs=(
        saboteur("half of the ridge in the half-step", solve=wrong_solvers.certified_at_half_the_ridge),
        saboteur(
            "singular values that are not shrunk",
            breaks="the factor is that of shrunk singular values",
            instances=NOT_SHRUNK,
        ),
    ),
)

# --- counts ----------------------------------------------------------------------------------------------------------


def both_counts(ladder: Ladder, rng: np.random.Generator) -> np.ndarray:
    """Return the flops that the library counts in an exact half-step."""
    return counted(ladder, method="exact")


def operations(ladder: Ladder, found: np.ndarray, gram: int = 1) -> Sides:
    """Compare the count of the library and its formula with operations counted one by one.

    The squares of the residuals, the ridge on the diagonal and the smallest pivot are left out on purpose.
    """
    data, m, k = ladder.observations, ladder.size, ladder.rank
    # a square and a sum for each entry; for each row the ridge on k diagonal entries and a product for the least pivot
    left_out = 2 * data.n_observed + m * (k + 1)
    formula = theory.half_step_flops(data.n_observed, m, k) + (gram - 1) * data.n_observed * k * (k + 1)
    counted = operations_of_exact_rows(data, ladder.factor) - left_out
    return Sides([int(found[0]), formula], [counted, counted])


MC_T1_FLOPS = Statement(
    id="matrix_completion/MC-T1-flops",
    title="An exact half-step costs what its formula says",
    says="An exact half-step for m rows at rank k costs 6 |Omega| k operations for the first sweep over the "
    "|Omega| seen entries, |Omega| k (k+1) for the lower triangles of the Gram matrices, and for each row k "
    "(k+1) (2k+1) / 6 for Cholesky and 2 k^2 for two triangular solves.",
    source=Derived(theory.half_step_flops),
    tex=r"\text{flops} = 6|\Omega| k + |\Omega| k(k+1) + m(k(k+1)(2k+1)/6 + 2k^2)",
    hypotheses={
        "every row is determined": lambda ladder: bool(ladder.observations.by_row.degrees.min() >= ladder.rank)
    },
    instances=FLOPS,
    solve=both_counts,
    claim=Identity(operations),
    closed="only the library's own kernel can be run on numbers that count",
    saboteurs=(
        saboteur("three conjugate gradients", solve=partial(counted, method="cg")),
        saboteur("whole Gram matrices", claim=Identity(partial(operations, gram=2))),
        # counts are integers, so a single operation too many is seen
        saboteur("one addition more", solve=lambda ladder, rng: both_counts(ladder, rng) + 1),
    ),
    notes="The kernel runs on numbers that count what is done with them.",
)
