"""One half-step without a ridge: what it finds, by how much it errs, and how it contracts.

M = U* S V*^T has rank k and is seen on a sample, given by `mask`; `truth` is M by its singular value decomposition. A
half-step fixes U, with orthonormal columns, and solves for V. In formulas d is dist(U, U*), the sine of the largest
principal angle, s holds the singular values of M, and f is the Frobenius norm of F, the error that the sample causes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._kernels.units import scaled, unit_of
from lrtheory._numbers import inexact
from lrtheory._validation import floats
from lrtheory.bounds import (
    All,
    Derived,
    Family,
    Identity,
    Inequality,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import LowRank, half_step, theory
from lrtheory.matrix_completion.entries import observations
from proofs_checks.matrix_completion.families.half_steps import HalfStepCase, case, distance, draw_case, whole


def is_determined(case: HalfStepCase) -> bool:
    """Decide whether the entries seen in each column determine its coefficients well."""
    # a quarter of the threshold of `draw_case`, as a margin for instances that a search has changed
    return bool(np.linalg.eigvalsh(case.grams).min() > 1 / 64)


def always_cases() -> tuple[HalfStepCase, ...]:
    """Return four cases: the smallest, a typical one, one that is seen whole, and one with an inner error."""
    rng = np.random.default_rng(0)
    typical = case(60, 40, 3, rng)
    whole = replace(case(12, 10, 2, rng, tilt=1.0), mask=np.ones((12, 10), bool))
    smallest = HalfStepCase(
        np.array([[1.0], [0.0]]),
        np.array([2.0]),
        np.array([[1.0]]),
        np.ones((2, 1), bool),
        np.array([[0.6], [0.8]]),
        np.zeros((1, 1)),
    )
    return smallest, typical, whole, replace(typical, inner=0.01 * rng.normal(size=(40, 3)))


CASES = Family("half-steps", always=always_cases, draw=draw_case)


# orthonormal columns in thirds for U, and in sevenths for U* and V*, none of which is orthogonal to one of U
THIRDS = np.array([[1, 2, 2], [2, 1, -2], [2, -2, 1]]) / 3
SEVENTHS = np.array([[2, 3, 6], [3, -6, 2], [6, 2, -3]]) / 7


def small_samples() -> Iterator[HalfStepCase]:
    """Yield all samples of a 3 x 3 matrix of rank 1 or 2 with at least as many entries of every column."""
    columns = np.array(list(itertools.product((False, True), repeat=3)))
    for k in (1, 2):
        left, start = SEVENTHS[:, :k], THIRDS[:, :k]
        for three in itertools.product(columns[columns.sum(1) >= k], repeat=3):
            yield HalfStepCase(left, np.array([2.0, 1.0])[:k], left[::-1], np.transpose(three), start, np.zeros((3, k)))


def exact_step(case: HalfStepCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step exactly for the factor of the columns, of shape (n, k)."""
    chosen = {"axis": 1, "method": "exact"} | options
    return half_step(case.observations, case.start, **chosen).factor


def step_rounding(case: HalfStepCase) -> Any:
    """Bound the rounding of a half-step, which grows with the condition of the normal equations that it solves."""
    # m terms in a sum for each of k unknowns, 64 times as a margin; the condition number turns residuals into errors
    m, k = case.start.shape
    return rounding(64 * m * k, case.condition * (1 + case.singular_values.max()))


@formula()
def exact_half_step(U: np.ndarray, truth: LowRank, mask: np.ndarray) -> np.ndarray:
    """The exact half-step V^ = V* S D^T - F for the columns, with D = U^T U*.

    Proof
    -----
    Assumes: As in `theory.driving_error`. That F is 0 for a whole matrix needs orthonormal columns of U too, a
    hypothesis of the instances of MC-D3.

    Proof: By `theory.driving_error` row j is D S v*_j - f_j, and D S v*_j is row j of V* S D^T. When the whole matrix
    is seen, the sum in f_j is U^T W S v*_j with W = (I - U U^T) U*, and U^T W = 0, so F = 0. Then the column space is
    that of V* for every U with an invertible D.
    """
    F = theory.driving_error(U, truth, mask)
    D = floats("U", U).T @ truth.U
    return (truth.V * truth.singular_values) @ D.T - F


def half_step_identity(case: HalfStepCase, factor: np.ndarray) -> Sides:
    """Compare the half-step V^ with V* S D^T - F."""
    return Sides(factor, exact_half_step(case.start, case.truth, case.mask), rounding=step_rounding(case))


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
    for_all=(
        All(
            "samples of one 3 x 3 matrix of rank 1 with an entry of each column, and of one of rank 2 with two or more",
            small_samples,
            members=407,
        ),
    ),
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


def ill_conditioned() -> HalfStepCase:
    """Return a case with singular values from 1 to 1/10, a start close to the truth, and half of the entries."""
    return case(200, 100, 3, np.random.default_rng(1), tilt=0.05, condition=10.0, density=0.5)


ILL_CONDITIONED = Family("ill-conditioned", always=lambda: (ill_conditioned(),))


def robust_step(case: HalfStepCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step exactly, and add the inner error of the instance: V~ = V^ + E, as an inexact solver would."""
    return exact_step(case, rng, **options) + case.inner


def one_step(case: HalfStepCase, rng: np.random.Generator) -> np.ndarray:
    """Take one step of conjugate gradients from zero, which does not solve the regressions."""
    return exact_step(case, rng, method="cg", max_inner_iter=1)


def contraction_sides(case: HalfStepCase, factor: np.ndarray, which: int = -1) -> Sides:
    """Compare the inner error with its stated size |E|, and dist(V~, V*) with the bound by |F|, |E| and s_k.

    `which` numbers the singular value that takes the place of s_k; the last one is right.
    """
    driving = np.linalg.norm(theory.driving_error(case.start, case.truth, case.mask), 2)
    inner, start = np.linalg.norm(case.inner, 2), distance(case.start, case.left)
    found = np.linalg.norm(factor - exact_half_step(case.start, case.truth, case.mask), 2)
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
        saboteur("one step of conjugate gradients", solve=one_step, instances=ILL_CONDITIONED),
    ),
    notes="First that the inner error is as small as stated; the bound is vacuous where |F| + |E| is near s_k.",
)


WHOLE = Family(
    "seen-whole",
    always=lambda: (always_cases()[2],),
    draw=lambda draws: whole(draw_case(draws)),
)


WITH_HOLES = Family("with-holes", always=lambda: (always_cases()[1],))


def one_entry_lost(case: HalfStepCase, rng: np.random.Generator) -> np.ndarray:
    """Lose the first entry of the sample, and solve exactly for the rest."""
    # one entry changes the result by little, but where everything is seen the claim asks for a distance of 0
    mask = case.mask.copy()
    mask[0, 0] = False
    return exact_step(replace(case, mask=mask), rng)


def found_at_once(case: HalfStepCase, factor: np.ndarray) -> Sides:
    """Compare dist(V^, V*) with zero, and V^ of the formula with V* S D^T, a basis of the same space."""
    D = case.start.T @ case.left
    exact = exact_half_step(case.start, case.truth, case.mask)
    off = np.linalg.norm(exact - (case.right * case.singular_values) @ D.T)
    # the distance divides by the smallest singular values of S and of D
    least = case.singular_values[-1] * np.linalg.svd(D, compute_uv=False).min()
    return Sides([distance(factor, case.right), off], [0.0, 0.0], rounding=step_rounding(case) / np.array([least, 1]))


MC_D3 = Statement(
    id="matrix_completion/MC-D3",
    title="One half-step is enough when everything is seen",
    says="When the sample Omega holds all m n entries of a matrix of rank k, and U^T U* is invertible, then the "
    "exact half-step V^ from U spans the same space as V*: the sine dist of their largest principal angle is "
    "0. The columns of U* and V* are the left and right singular vectors of the matrix.",
    source=Derived(exact_half_step),
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
    free={"outcome": "the claim is about the space that the columns span, and a space has no sign"},
    saboteurs=(
        saboteur("one entry is lost", solve=one_entry_lost),
        saboteur("three quarters are seen", breaks="everything is seen", instances=WITH_HOLES),
    ),
)


FROM_THE_TRUTH = Family("from-the-truth", always=lambda: (replace(always_cases()[2], start=always_cases()[2].left),))


def equal_angles(k: int = 3, sine: float = 0.5) -> HalfStepCase:
    """Return a case with equal principal angles and singular values, seen whole, in which |S|_2 for |S|_F fails."""
    eye = np.eye(2 * k)
    left, start = eye[:, :k], np.sqrt(1 - sine**2) * eye[:, :k] + sine * eye[:, k:]
    return HalfStepCase(left, np.ones(k), np.eye(k), np.ones((2 * k, k), bool), start, np.zeros((k, k)))


# |M - U V^T|_F is then sqrt(k) times |S|_2 dist(U, U*): the Frobenius norm of S is needed in MC-P7
EQUAL_ANGLES = Family("equal-angles", always=lambda: (equal_angles(),))


@formula(d="[0, 1]", s="k in [0, inf)", f="[0, inf)")
def error_bound(d: Numbers, s: np.ndarray, f: Numbers) -> Numbers:
    r"""|M - U V^T|_F after an exact half-step for V is at most this.

    Proof
    -----
    Assumes: U, U* and V* have orthonormal columns, and V comes from an exact half-step without noise (hypotheses of
    MC-P7, for which the caller answers).

    Proof: By `exact_half_step` U V^T = U D S V*^T - U F^T with D = U^T U*. The first error M - U D S V*^T = (I - U U^T)
    U* S V*^T has a Frobenius norm of at most \|(I - U U^T) U*\| \|S\|_F, and the second one that of F. With \|S\|_2 in
    place of \|S\|_F the bound is false: k equal angles and equal singular values exceed it by sqrt(k).
    """
    unit = unit_of(s) if s.dtype.kind == "f" else 0  # squares of doubles may leave their range
    s = scaled(s, -unit) if unit else s
    size = np.sqrt(inexact((s * s).sum()))
    return (np.ldexp(size, unit) if unit else size) * d + f


def final_error(case: HalfStepCase, factor: np.ndarray, norm: Any = None) -> Sides:
    """Compare |M - U V^T|_F with |S|_F dist(U, U*) + |F|_F; `norm` selects the singular values that enter |S|."""
    driving = np.linalg.norm(theory.driving_error(case.start, case.truth, case.mask))
    values = case.singular_values if norm is None else norm(case.singular_values)
    bound = error_bound(distance(case.start, case.left), values, driving)
    error = np.linalg.norm(case.matrix - case.start @ factor.T)
    return Sides([error], [bound], rounding=step_rounding(case))


MC_P7 = Statement(
    id="matrix_completion/MC-P7",
    title="The error of the product after a half-step",
    says="After an exact half-step from U to V^ the product U V^^T misses M = U* S V*^T in the Frobenius norm by "
    "at most |S|_F times dist(U, U*), the sine of the largest principal angle, plus the Frobenius norm of F, "
    "the error that the sample puts on V^ (MC-D1).",
    source=Derived(error_bound),
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
