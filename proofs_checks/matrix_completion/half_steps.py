"""Deterministic statements about one half-step without a ridge: its error, its contraction, and what drives it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion import incoherence, theory
from lrtheory.matrix_completion.entries import observations
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.half_steps import (
    CASES,
    EQUAL_ANGLES,
    FROM_THE_TRUTH,
    ILL_CONDITIONED,
    WHOLE,
    WITH_HOLES,
    HalfStepCase,
    distance,
    exact_step,
    is_determined,
    robust_step,
)
from proofs_checks.matrix_completion.families.samples import STARTS, MaskLaw


def step_rounding(case: HalfStepCase) -> Any:
    """Bound the rounding of a half-step, which grows with the condition of the normal equations that it solves."""
    # m terms in a sum for each of k unknowns, 64 times as a margin; the condition number turns residuals into errors
    m, k = case.start.shape
    return rounding(64 * m * k, case.condition * (1 + case.singular_values.max()))


def half_step_identity(case: HalfStepCase, factor: np.ndarray) -> Sides:
    """Compare the half-step V^ with V* S D^T - F."""
    return Sides(factor, theory.exact_half_step(case.start, case.truth, case.mask), rounding=step_rounding(case))


def without_error(case: HalfStepCase, factor: np.ndarray) -> Sides:
    """Compare the half-step V^ with V* S D^T alone, without the error F."""
    aligned = (case.right * case.singular_values) @ (case.start.T @ case.left).T
    return Sides(factor, aligned, rounding=step_rounding(case))


MC_D1 = Statement(
    id="matrix_completion/MC-D1",
    title="What a half-step finds, and by how much it errs",
    says="An exact half-step from a factor U with orthonormal columns (rows u_i) finds V^ = V* S D^T - F, where M "
    "= U* S V*^T and D = U^T U*. Row j of the error F is f_j: Omega^j are the rows seen in column j, B_j is "
    "the sum of u_i u_i^T over them, w_i are the rows of (I - U U^T) U*, and v*_j those of V*.",
    source=Derived(theory.driving_error),
    tex=r"\hat V = V^* S D^T - F,\quad f_j = -B_j^{-1} \sum_{i \in \Omega^j} u_i w_i^T S v^*_j",
    hypotheses={"every column is determined": is_determined},
    instances=CASES,
    solve=exact_step,
    claim=Identity(half_step_identity),
    saboteurs=(
        saboteur("without the error", claim=Identity(without_error)),
        saboteur(
            "values by row read by column",
            patch=(observations.orientations, "values_by_col = transposed.data", "values_by_col = matrix.data"),
        ),
        # small beside the Gram matrices, whose eigenvalues are about the density 3/4
        saboteur("a ridge of 1/8", solve=partial(exact_step, ridge=0.125)),
    ),
)


def contraction_sides(case: HalfStepCase, factor: np.ndarray, which: int = -1) -> Sides:
    """Compare the inner error with its stated size |E|, and dist(V~, V*) with the bound by |F|, |E| and s_k.

    `which` numbers the singular value that takes the place of s_k; the last one is right.
    """
    driving = np.linalg.norm(theory.driving_error(case.start, case.truth, case.mask), 2)
    inner, start = np.linalg.norm(case.inner, 2), distance(case.start, case.left)
    found = np.linalg.norm(factor - theory.exact_half_step(case.start, case.truth, case.mask), 2)
    bound = theory.contraction_bound(start, smallest=case.singular_values[which], driving=driving, inner=inner)
    # the distance divides by about s_k, and the slope of the bound by its square
    allowed = step_rounding(case) * np.array([1, case.singular_values[-1] ** -2])
    rhs = [inner, bound if bound > 0 else 1.0]  # with a denominator that is not positive the bound says nothing
    return Sides([found, distance(factor, case.right)], rhs, trivial=[np.inf, 1.0], rounding=allowed)


MC_D2 = Statement(
    id="matrix_completion/MC-D2",
    title="A half-step that is solved approximately contracts",
    says="A half-step from U ends at V~ = V^ + E, where V^ is its exact solution. Where the denominator is "
    "positive, V~ is at most the stated distance from V*: dist is the sine of the largest principal angle, d "
    "= dist(U, U*), F is the error that the sample causes (MC-D1), s_k is the k-th singular value of M, and "
    "|.| the spectral norm.",
    source=Derived(theory.contraction_bound),
    tex=r"\mathrm{dist}(\tilde V, V^*) \le \frac{\|F\| + \|E\|}{s_k \sqrt{1 - d^2} - \|F\| - \|E\|}",
    hypotheses={"every column is determined": is_determined},
    instances=CASES,
    solve=robust_step,
    claim=Inequality(contraction_sides, unbounded="the inner error of a solver has no upper limit"),
    saboteurs=(
        # with equal singular values s_1 in place of s_k would be no mistake
        saboteur(
            "s_1 in place of s_k", claim=Inequality(partial(contraction_sides, which=0)), instances=ILL_CONDITIONED
        ),
        saboteur("one step of conjugate gradients", solve=wrong_solvers.one_step, instances=ILL_CONDITIONED),
    ),
    notes="First that the inner error is as small as stated; the bound is vacuous where |F| + |E| is near s_k.",
)


def found_at_once(case: HalfStepCase, factor: np.ndarray) -> Sides:
    """Compare dist(V^, V*) with zero, up to rounding over the smallest singular value of D = U^T U*."""
    aligned = np.linalg.svd(case.start.T @ case.left, compute_uv=False).min()
    return Sides(
        [distance(factor, case.right)], [0.0], rounding=step_rounding(case) / (case.singular_values[-1] * aligned)
    )


MC_D3 = Statement(
    id="matrix_completion/MC-D3",
    title="One half-step is enough when everything is seen",
    says="When the sample Omega holds all m n entries of a matrix of rank k, and U^T U* is invertible, then the "
    "exact half-step V^ from U spans the same space as V*: the sine dist of their largest principal angle is "
    "0. The columns of U* and V* are the left and right singular vectors of the matrix.",
    source=Derived(theory.exact_half_step),
    tex=r"\Omega = [m] \times [n] \Rightarrow \mathrm{dist}(\hat V, V^*) = 0",
    hypotheses={
        "everything is seen": lambda case: bool(case.mask.all()),
        # the rounding of the distance is divided by this number, so it must not be tiny
        "U^T U* is invertible": lambda case: bool(np.linalg.svd(case.start.T @ case.left)[1].min() > 1 / 64),
    },
    instances=WHOLE,
    solve=exact_step,
    claim=Identity(found_at_once),
    decisions=("outcome",),
    saboteurs=(
        saboteur("one entry is lost", solve=wrong_solvers.one_entry_lost),
        saboteur("three quarters are seen", breaks="everything is seen", instances=WITH_HOLES),
    ),
)


def final_error(case: HalfStepCase, factor: np.ndarray, norm: Any = None) -> Sides:
    """Compare |M - U V^T|_F with |S|_F dist(U, U*) + |F|_F; `norm` selects the singular values that enter |S|."""
    driving = np.linalg.norm(theory.driving_error(case.start, case.truth, case.mask))
    values = case.singular_values if norm is None else norm(case.singular_values)
    bound = theory.error_bound(distance(case.start, case.left), singular_values=values, driving=driving)
    error = np.linalg.norm(case.matrix - case.start @ factor.T)
    return Sides([error], [bound], rounding=step_rounding(case))


MC_P7 = Statement(
    id="matrix_completion/MC-P7",
    title="The error of the product after a half-step",
    says="After an exact half-step from U to V^ the product U V^^T misses M = U* S V*^T in the Frobenius norm by "
    "at most |S|_F times dist(U, U*), the sine of the largest principal angle, plus the Frobenius norm of F, "
    "the error that the sample puts on V^ (MC-D1).",
    source=Derived(theory.error_bound),
    tex=r"\|M - U\hat V^T\|_F \le \|S\|_F\, \mathrm{dist}(U, U^*) + \|F\|_F",
    hypotheses={"every column is determined": is_determined},
    instances=CASES,
    solve=exact_step,
    claim=Inequality(final_error, unbounded="the error of a product may be anything"),
    decisions=("outcome",),
    saboteurs=(
        # from the truth, with everything seen, the bound is 0, and there is no slack in which a ridge could hide
        saboteur("a ridge of 1", solve=partial(exact_step, ridge=1.0), instances=FROM_THE_TRUTH),
        saboteur(
            "the spectral norm of S",
            claim=Inequality(partial(final_error, norm=lambda s: s[:1])),
            instances=EQUAL_ANGLES,
        ),
    ),
)


# --- the noise that drives it ----------------------------------------------------------------------------------------


def driving_moment(law: MaskLaw, rng: np.random.Generator | None = None) -> float:
    """Return E |G|_F^2 by the formula of the library."""
    return float(theory.driving_second_moment(law.start, law.truth, density=law.density))


def moment_bounds(law: MaskLaw, moment: float, share: float = 1.0) -> Sides:
    """Compare the moment with its bound, and this with two weaker ones: by the contraction, and by the entries needed.

    The first entry compares the formula with the stated moment, so that a moment that is too small does not pass.
    """
    (m, k), s, p = law.start.shape, law.singular_values, law.density
    d, known = distance(law.start, law.left), {"incoherence": incoherence(law.start), "rank": k}
    norm, condition = np.linalg.norm(s), s[0] / s[-1]
    bound = theory.driving_second_moment_bound(d, n_rows=m, norm=norm, density=p, **known)
    factor = theory.expected_contraction(n_rows=m, condition=condition, density=p, **known)
    needed = theory.samples_for_contraction(condition=condition, factor=1, **known)
    contracted, by_count = (factor * s[-1] * d) ** 2, needed / (p * m) * (s[-1] * d) ** 2
    # each side is the left side of the next inequality, so a mistake in one formula breaks the chain at one link
    rhs = np.array([moment, share * bound, contracted, by_count])
    lhs = [driving_moment(law), moment, bound, contracted]
    return Sides(lhs, rhs, rounding=rounding(64 * m * len(law.right), by_count))


MC_E1_BOUND = Statement(
    id="matrix_completion/MC-E1-bound",
    title="The noise that drives a half-step, by incoherence and distance",
    says="G is the noise that a fresh sample, of density p, puts on a half-step (MC-E1). Its mean square E |G|_F^2"
    " obeys three bounds, each weaker than the one before: mu is the incoherence of the fixed m x k factor U,"
    " d its distance from U*, and M has k-th singular value s_k and condition number kappa.",
    source=Derived(theory.driving_second_moment_bound),
    tex=r"\mathbb E\|G\|_F^2 \le \tfrac{1-p}{p} \tfrac{\mu^2 k}{m} d^2 \|M\|_F^2"
    r" \le \tfrac{1-p}{p} \tfrac{\mu^2 k^2}{m} \kappa^2 (s_k d)^2 \le \tfrac{\mu^2 k^2 \kappa^2}{pm} (s_k d)^2",
    hypotheses={"orthonormal columns": lambda law: np.allclose(law.start.T @ law.start, np.eye(law.start.shape[1]))},
    instances=STARTS,
    solve=driving_moment,
    claim=Inequality(moment_bounds, unbounded="second moments have no upper limit"),
    closed="the claim compares formulas of the library, and no algorithm is under test",
    saboteurs=(
        # the instances that always run attain the bound, so a tenth less is noticed
        saboteur("nine tenths of the bound", claim=Inequality(partial(moment_bounds, share=0.9))),
        saboteur("1/p for (1 - p)/p", solve=lambda law, rng: driving_moment(law) / (1 - law.density)),
    ),
    notes="Tight for rank one and a start whose rows have one length.",
)
