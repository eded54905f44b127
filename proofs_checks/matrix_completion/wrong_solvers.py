"""Wrong solvers of matrix completion, each of which a statement refutes.

Mistakes that no statement can see are patched into the kernels by the tests in tests/matrix_completion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrtheory.matrix_completion import complete, half_step, sketch
from proofs_checks.matrix_completion.families.fresh import FreshSamples, last_factors
from proofs_checks.matrix_completion.families.half_steps import (
    Certified,
    HalfStepCase,
    RidgeCase,
    Start,
    certificate_of,
    certified,
    exact_step,
    row_step,
)
from proofs_checks.matrix_completion.families.patterns import Pattern
from proofs_checks.matrix_completion.families.regressions import Perturbed, Regression, path, preconditioner
from proofs_checks.matrix_completion.families.runs import Factors, RunCase, factors_at_the_end
from proofs_checks.matrix_completion.families.samples import (
    Coverage,
    Ladder,
    MaskLaw,
    SketchLaw,
    columns,
    counted,
    sketches,
)

# --- half-steps ------------------------------------------------------------------------------------------------------


def one_step(case: HalfStepCase, rng: np.random.Generator) -> np.ndarray:
    """Take one step of conjugate gradients from zero, which does not solve the regressions."""
    return exact_step(case, rng, method="cg", max_inner_iter=1)


def one_entry_lost(case: HalfStepCase, rng: np.random.Generator) -> np.ndarray:
    """Lose the first entry of the sample, and solve exactly for the rest."""
    # one entry changes the result by little, but where everything is seen the claim asks for a distance of 0
    mask = case.mask.copy()
    mask[0, 0] = False
    return exact_step(replace(case, mask=mask), rng)


def half_of_the_ridge(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Solve with half of the ridge that the claim is told."""
    return row_step(case, rng, ridge=case.ridge / 2)


def ridge_after_rotation(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Apply the penalty to the coefficients in an orthonormal basis of V, which weighs them differently."""
    # without a ridge a change of basis changes nothing, on which `complete` relies; a penalty depends on the basis
    Q, R = np.linalg.qr(case.factor)
    rotated = row_step(replace(case, factor=Q), rng)
    return rotated @ np.linalg.pinv(R).T


def tiny_pivot(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Make singular normal equations regular by a ridge of 1e-13, as a careless Cholesky would."""
    # in exact arithmetic near the shortest solution, but a condition number near 10^13 costs most of the digits
    return row_step(case, rng, method="exact", ridge=1e-13)


def first_columns(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Fit by the first column of the factor alone, which does as well with longer coefficients."""
    # of a row with one entry the residual is 0, and nothing but the length of the coefficients is wrong
    narrow = row_step(replace(case, factor=case.factor[:, :1]), rng)
    return np.pad(narrow, ((0, 0), (0, case.factor.shape[1] - 1)))


# --- runs ------------------------------------------------------------------------------------------------------------


def cold_factors(case: RunCase, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Start conjugate gradients from zero in every half-step."""
    # as many inner steps as in the honest run, but a few steps from zero lose what the last half-step has found
    data, (U, V), found = case.observations, case.start, []
    setting = {"method": "cg", "max_inner_iter": case.inner_steps, "tol": 1e-12, "ridge": case.ridge}
    for _ in range(12):
        V = half_step(data, U, axis=1, **setting).factor
        U = half_step(data, V, axis=0, **setting).factor
        found.append((U, V))
    return found


def three_iterations(case: RunCase, rng: np.random.Generator) -> Factors:
    """Return the factors of a run that was stopped after three iterations."""
    return factors_at_the_end(case, max_iter=3)


def half_of_the_sample(fresh: FreshSamples, rng: np.random.Generator, n: int) -> np.ndarray:
    """See half of the entries that the claim asks for."""
    return last_factors(replace(fresh, oversampling=fresh.oversampling / 2), rng, n)


def without_inner_errors(fresh: FreshSamples, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take exact half-steps, which go below every floor."""
    return last_factors(replace(fresh, floor=0.0), rng, n)


# --- regressions -----------------------------------------------------------------------------------------------------


def first_rows(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Take R of the first rows of A, as many as the sketch has."""
    return np.linalg.qr(regression.matrix[: regression.sketch_size], mode="r")


def another_sketch(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Take R of a sketch that is not the one whose distortion is known."""
    return preconditioner(replace(regression, seed=regression.seed + 1))


def not_preconditioned(regression: Regression, rng: np.random.Generator, method: str = "gd") -> np.ndarray:
    """Precondition by R = |A| I, which makes the largest singular value 1 and nothing else."""
    # with |A| for R the iteration converges, so that a claim without a rate would be satisfied
    largest = np.linalg.norm(regression.matrix, 2)
    return path(regression, method=method, R=largest * np.eye(regression.matrix.shape[1]))


def no_iteration(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Return the solution of a sketched problem with twice as many rows as unknowns, without an iteration."""
    # This is the classical sketch and solve, whose residual is within a constant factor of the best one and no nearer.
    k = regression.matrix.shape[1]
    whole = np.column_stack([regression.matrix, regression.side])
    small = sketch(whole, 2 * k, kind="gaussian", rng=regression.seed)
    return np.linalg.lstsq(small[:, :k], small[:, k], rcond=None)[0]


def not_rescaled(perturbed: Perturbed, rng: np.random.Generator) -> np.ndarray:
    """Return the longest row of the matrix itself, and not of its orthonormal basis in units of sqrt(k / m)."""
    return np.array([np.linalg.norm(X, axis=1).max() for X in (perturbed.matrix, perturbed.matrix + perturbed.change)])


# --- samples and sketches --------------------------------------------------------------------------------------------


def masks_that_suit(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See entries of which the start explains little less often than the others, so that the sample depends on U."""
    # Half of the entries are seen more often and half less, so the share that is seen is about as claimed. Only the
    # moment shows the mistake, since those entries contribute to it that U does not explain.
    outside = np.abs(law.matrix - law.start @ (law.start.T @ law.matrix))
    chance = law.density + np.where(outside <= np.median(outside), 0.25, -0.25)
    return rng.random((n, *law.shape)) < chance


def whole_rows(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See rows whole or not at all, which gives each entry the right probability and no independence."""
    return np.broadcast_to(rng.random((n, law.shape[0], 1)) < law.density, (n, *law.shape))


def thinner_columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See a fifth of the entries that the law says."""
    return columns(replace(law, density=law.density / 5), rng, n)


def without_long_rows(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Never see an entry in a row of the start that is longer than the median one."""
    lengths = np.linalg.norm(law.start, axis=1)
    return columns(law, rng, n) & (lengths <= np.median(lengths))


def whole_columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """See every entry."""
    return np.ones((n, law.shape[0]), bool)


def uneven_buckets(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Replace a third of the drawn buckets by the first one; signs stay fair."""
    # made without the library, and for coordinate vectors alone: the sketch of e_i is one signed entry
    s, (_, k) = law.sketch_size, law.basis.shape
    buckets = np.where(rng.random((n, k)) < 1 / 3, 0, rng.integers(s, size=(n, k)))
    signs = rng.choice([-1.0, 1.0], size=(n, k))
    return (buckets[:, None] == np.arange(s)[:, None]) * signs[:, None]


def countsketch_in_its_place(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a CountSketch, which has the right mean and another law."""
    return sketches(replace(law, kind="countsketch"), rng, n)


def _with_zeros(law: SketchLaw, rng: np.random.Generator, n: int, rows: int) -> np.ndarray:
    """Draw sketches of fewer rows, below which zeros stand."""
    found = sketches(replace(law, sketch_size=rows), rng, n)
    return np.concatenate([found, np.zeros((n, law.sketch_size - rows, found.shape[2]))], axis=1)


def few_of_the_rows(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Keep one row in 64; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 64)


def smaller_sketches(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw sketches with an eighth of the rows; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 8)


def not_scaled(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw entries of variance 1 in place of 1/s."""
    return sketches(law, rng, n) * np.sqrt(law.sketch_size)


def coordinate_vectors(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return [I; 0], which keeps every length and mixes nothing."""
    return np.stack([np.eye(law.sketch_size, law.basis.shape[1])] * n)


def half_of_the_buckets(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw sketches with half of the rows, in which collisions are more frequent; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 2)


def gaussian_in_its_place(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a Gaussian sketch, which never loses rank."""
    return sketches(replace(law, kind="gaussian"), rng, n)


def thirty_iterations(pattern: Pattern, rng: np.random.Generator) -> np.ndarray:
    """Alternate 30 times, which is too few where the graph has long paths: each iteration reaches one edge further."""
    return complete(pattern.observations, 1, method="exact", max_iter=30).block()


def enough_entries(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask for as many entries as degrees of freedom, wherever they are."""
    m, n = pattern.mask.shape
    return bool(pattern.mask.sum() >= pattern.rank * (m + n - pattern.rank))


def entries_and_degrees(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask for as many entries as degrees of freedom, and for k of them in every line."""
    rows, cols = pattern.mask.sum(1), pattern.mask.sum(0)
    return enough_entries(pattern, rng) and bool(min(rows.min(), cols.min()) >= pattern.rank)


def mean_row_length(law: MaskLaw, rng: np.random.Generator) -> float:
    """Return the second moment with k / m, their mean, in place of the squared lengths of the rows of U."""
    m, k = law.start.shape
    outside = law.matrix - law.start @ (law.start.T @ law.matrix)
    return (1 - law.density) / law.density * k / m * float((outside**2).sum())


def without_fourth_powers(law: SketchLaw, rng: np.random.Generator) -> float:
    """Return (k^2 + k) / s, which lacks the sum of fourth powers."""
    k = law.basis.shape[1]
    return (k * k + k) / law.sketch_size


def oracle(coverage: Coverage, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the matrix itself in every run, which no algorithm can know from the sample."""
    return np.broadcast_to(coverage.truth, (n, *coverage.shape))


def as_many_steps_as_unknowns(ladder: Ladder, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take k steps of conjugate gradients on every row."""
    return counted(ladder, rng, n, steps=ladder.rank)


# --- starts and certificates -----------------------------------------------------------------------------------------


def next_vectors(case: HalfStepCase, rng: np.random.Generator) -> Start:
    """Return singular vectors 2 to k + 1 of the zero-filled matrix over p, in place of the first k."""
    k, seen = len(case.singular_values), case.matrix * case.mask / case.mask.mean()
    U, s, _ = np.linalg.svd(seen)
    return Start(U[:, 1 : k + 1], s[1 : k + 1])


def share_of_the_gap(case: RidgeCase, rng: np.random.Generator, share: float) -> Certified:
    """State a multiple of the gap that the proof gives."""
    # a gap that is too large is a valid bound too, but not the difference of objective and bound that is claimed
    found = certified(case, rng)
    return replace(found, gap=share * found.gap)


def certified_at_half_the_ridge(case: RidgeCase, rng: np.random.Generator) -> Certified:
    """Return the factors after a half-step with half of the ridge, and their gap."""
    factor = half_of_the_ridge(case, rng)
    return certificate_of(case, factor)
