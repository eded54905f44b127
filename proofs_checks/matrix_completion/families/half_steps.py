"""Instances of half-steps are small low-rank matrices, samples of them, and a factor from which a half-step starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import (
    LowRank,
    Observations,
    duality_gap,
    half_step,
    spectral_init,
)


@dataclass(frozen=True)
class HalfStepCase:
    """A half-step from U (m, k) for the columns of M = U* S V*^T, on a sample (m, n), with an inner error E (n, k).

    The fields are U* (m, k), the diagonal of S (k,), V* (n, k), the sample as bools, U with orthonormal columns, and E.
    """

    left: np.ndarray
    singular_values: np.ndarray
    right: np.ndarray
    mask: np.ndarray
    start: np.ndarray
    inner: np.ndarray

    @property
    def truth(self) -> LowRank:
        """M by its singular value decomposition."""
        return LowRank(self.left, self.singular_values, self.right)

    @property
    def matrix(self) -> np.ndarray:
        """The whole matrix M, of shape (m, n)."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, self.matrix[rows, cols], self.mask.shape)

    @property
    def grams(self) -> np.ndarray:
        """The Gram matrices B_j, the sum of u_i u_i^T over the rows i seen in column j, of shape (n, k, k)."""
        return np.einsum("ij,ia,ib->jab", self.mask.astype(float), self.start, self.start)

    @property
    def condition(self) -> float:
        """The largest condition number of a column's regression."""
        return float(np.linalg.cond(self.grams).max())


def orthonormal(A: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the columns, with signs that do not depend on the linear algebra library."""
    Q, R = np.linalg.qr(A)
    return Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)


def distance(A: np.ndarray, B: np.ndarray) -> float:
    """The sine of the largest principal angle between the columns of A and of B; 1 where those of A are dependent."""
    # written anew and not taken from the library, which is under test
    if not np.isfinite(A).all() or np.linalg.matrix_rank(A) < A.shape[1]:
        return 1.0
    A, B = orthonormal(A), orthonormal(B)
    return min(1.0, float(np.linalg.norm(A - B @ (B.T @ A), 2)))


def case(m: int, n: int, k: int, rng: np.random.Generator, *, tilt=0.1, condition=4.0, density=0.75) -> HalfStepCase:
    """Make a case with Haar factors, geometric singular values, and a start that is tilted away from the truth.

    Rows of the tilt have about the length `tilt` sqrt(k / m), so that is its size relative to the truth.
    """
    left, right = orthonormal(rng.normal(size=(m, k))), orthonormal(rng.normal(size=(n, k)))
    values = condition ** -(np.arange(k) / max(1, k - 1))
    start = orthonormal(left + tilt * rng.normal(size=(m, k)) / np.sqrt(m))
    return HalfStepCase(left, values, right, rng.random((m, n)) < density, start, np.zeros((n, k)))


def draw_case(draws: Draws) -> HalfStepCase:
    """Draw up to 16 rows, 12 columns and rank 3; columns that would be seen too little are seen whole."""
    # at least 4 k rows, so that most columns are determined by three quarters of their entries
    k = draws.integers(1, 3)
    m, n = draws.integers(4 * k, 16), draws.integers(k + 1, 12)
    # integers, since they shrink to readable counterexamples; the shift of the diagonal makes dependent columns rare
    left, right = (draws.integers(-8, 8, shape=(size, k)) + 9.0 * np.eye(size, k) for size in (m, n))
    values = draws.choice((1.0, 4.0, 10.0)) ** -(np.arange(k) / max(1, k - 1))
    mask = draws.integers(0, 3, shape=(m, n)) > 0
    # starts near the truth, halfway, and nearly unrelated to it
    start = orthonormal(left + draws.choice((0.125, 1.0, 4.0)) * draws.integers(-8, 8, shape=(m, k)))
    inner = draws.choice((0.0, 1 / 64)) * draws.integers(-8, 8, shape=(n, k)) / 8
    found = HalfStepCase(orthonormal(left), values, orthonormal(right), mask, start, inner)
    poor = np.linalg.eigvalsh(found.grams).min(1) < 1 / 16  # B_j near singular would make the instance one of rounding
    return replace(found, mask=mask | poor)


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
WHOLE = Family(
    "seen-whole",
    always=lambda: (always_cases()[2],),
    draw=lambda draws: whole(draw_case(draws)),
)


def whole(case: HalfStepCase) -> HalfStepCase:
    """Return the case with every entry seen."""
    return replace(case, mask=np.ones(case.mask.shape, bool))


def ill_conditioned() -> HalfStepCase:
    """Return a case with singular values from 1 to 1/10, a start close to the truth, and half of the entries."""
    return case(200, 100, 3, np.random.default_rng(1), tilt=0.05, condition=10.0, density=0.5)


ILL_CONDITIONED = Family("ill-conditioned", always=lambda: (ill_conditioned(),))


def exact_step(case: HalfStepCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step exactly for the factor of the columns, of shape (n, k)."""
    chosen = {"axis": 1, "method": "exact"} | options
    return half_step(case.observations, case.start, **chosen).factor


def robust_step(case: HalfStepCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step exactly, and add the inner error of the instance: V~ = V^ + E, as an inexact solver would."""
    return exact_step(case, rng, **options) + case.inner


def equal_angles(k: int = 3, sine: float = 0.5) -> HalfStepCase:
    """Return a case with equal principal angles and singular values, seen whole, in which |S|_2 for |S|_F fails."""
    eye = np.eye(2 * k)
    left, start = eye[:, :k], np.sqrt(1 - sine**2) * eye[:, :k] + sine * eye[:, k:]
    return HalfStepCase(left, np.ones(k), np.eye(k), np.ones((2 * k, k), bool), start, np.zeros((k, k)))


FROM_THE_TRUTH = Family("from-the-truth", always=lambda: (replace(always_cases()[2], start=always_cases()[2].left),))
# |M - U V^T|_F is then sqrt(k) times |S|_2 dist(U, U*): the Frobenius norm of S is needed in MC-P7
EQUAL_ANGLES = Family("equal-angles", always=lambda: (equal_angles(),))
WITH_HOLES = Family("with-holes", always=lambda: (always_cases()[1],))


# --- regressions with a ridge, and rows that are seen too little -----------------------------------------------------


@dataclass(frozen=True)
class RidgeCase:
    """Regressions for the rows: values (m, n), a sample (m, n), a factor V (n, k), a ridge, and a method."""

    values: np.ndarray
    mask: np.ndarray
    factor: np.ndarray
    ridge: float
    method: str = "exact"

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, self.values[rows, cols], self.mask.shape)


def draw_ridge(draws: Draws) -> RidgeCase:
    """Draw up to eight rows and columns, rank up to three, with an entry in every row."""
    m, n, k = draws.integers(1, 8), draws.integers(2, 8), draws.integers(1, 3)
    mask = draws.integers(0, 2, shape=(m, n)) > 0
    mask[:, 0] |= ~mask.any(1)
    factor = draws.integers(-8, 8, shape=(n, k)) / 4
    return RidgeCase(draws.integers(-8, 8, shape=(m, n)) / 4, mask, factor, draws.choice((0.25, 1.0, 4.0)))


# The smallest case; a row with fewer entries than unknowns, which a ridge determines; and a factor of zeros, whose rows
# have the solution 0.
RIDGE_CASES = Family(
    "ridge-cases",
    always=(
        RidgeCase(np.array([[2.0, 1.0]]), np.array([[True, True]]), np.array([[1.0], [1.0]]), 1.0),
        RidgeCase(np.array([[2.0, 1.0]]), np.array([[True, False]]), np.array([[1.0, 2.0], [1.0, 1.0]]), 0.5),
        RidgeCase(np.array([[0.5, 0.5, 1.0]] * 2), np.array([[True, False, False]] * 2), np.zeros((3, 1)), 0.25),
    ),
    draw=draw_ridge,
)
# one row of one entry and two unknowns, by each of the three methods
UNDETERMINED = Family(
    "undetermined",
    always=tuple(
        RidgeCase(np.array([[value, 1.0]]), np.array([[True, False]]), np.array([[1.0, 2.0], [1.0, 1.0]]), 0.0, method)
        for value, method in ((2.0, "exact"), (3.0, "cg"), (4.0, "sketch"))
    ),
    draw=lambda draws: draw_thin(draws),
)


def draw_thin(draws: Draws) -> RidgeCase:
    """Draw rows of one to k - 1 entries, an integer factor, any method, and no ridge."""
    m, n, k = draws.integers(1, 6), draws.integers(2, 8), draws.integers(2, 5)
    factor = draws.integers(-4, 4, shape=(n, k)) + 5.0 * np.eye(n, k)
    # a random number of random columns in each row: those whose rank in a random order is below that number
    order = np.array([draws.permutation(n) for _ in range(m)])
    mask = order < draws.integers(1, min(n, k - 1), shape=m)[:, None]
    values, method = draws.integers(-8, 8, shape=(m, n)) / 4, draws.choice(("exact", "cg", "sketch"))
    return RidgeCase(values, mask, factor, 0.0, method)


def panel_condition(case: RidgeCase) -> float:
    """Return the largest condition number of the panels V_Omega of all rows; infinite where one has dependent lines."""
    spectra = (np.linalg.svd(case.factor[seen], compute_uv=False) for seen in case.mask)
    return float(max(s[0] / s[-1] if s[-1] > 0 else np.inf for s in spectra))


def row_step(case: RidgeCase, rng: np.random.Generator | None = None, **options) -> np.ndarray:
    """Solve a half-step for the factor of the rows, of shape (m, k), by the method of the case."""
    chosen = {"axis": 0, "method": case.method, "ridge": case.ridge, "tol": 1e-15} | options
    inner = {} if chosen["method"] == "exact" else {"max_inner_iter": 500}
    return half_step(case.observations, case.factor, **inner, **chosen).factor


# --- certificates ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certified:
    """A candidate is a pair of factors, with the gap and the lower bound that the library states for it."""

    left: np.ndarray
    right: np.ndarray
    gap: float
    bound: float


def certified(case: RidgeCase, rng: np.random.Generator) -> Certified:
    """Return the factors after a half-step for the rows, with the gap that the library states."""
    return certificate_of(case, row_step(case))


def certificate_of(case: RidgeCase, factor: np.ndarray) -> Certified:
    """Return a factor of the rows with V of the case, and the gap that the library states."""
    found = duality_gap(case.observations, factor, case.factor, lam=case.ridge)
    return Certified(factor, case.factor, found.gap, found.bound)


def optimum(values: np.ndarray, ridge: float, shrink: bool = True) -> RidgeCase:
    """Make a case, seen whole, whose V is that of the minimizer: singular values above the ridge, less the ridge.

    A half-step from it finds the U of the minimizer. With `shrink` False the singular values stay as they are.
    """
    _, s, Vt = np.linalg.svd(values)
    kept = s > ridge
    scales = np.sqrt(s[kept] - ridge if shrink else s[kept])
    return RidgeCase(values, np.ones(values.shape, bool), Vt[: len(s)][kept].T * scales, ridge)


def draw_optimum(draws: Draws) -> RidgeCase:
    """Draw up to eight rows and columns, with a singular value above the ridge."""
    values = draws.integers(-8, 8, shape=(draws.integers(1, 8), draws.integers(1, 8))) / 4 + 2.0
    values[0, 0] += 8.0  # an entry of 8 or more bounds the largest singular value from below, above every ridge
    return optimum(values, draws.choice((0.25, 1.0, 4.0)))


def is_shrunk(case: RidgeCase) -> bool:
    """Decide whether everything is seen and V^T V holds the singular values less the ridge."""
    s = np.linalg.svd(case.values, compute_uv=False)
    wanted = np.diag(s[s > case.ridge] - case.ridge)
    found = case.factor.T @ case.factor
    return bool(case.mask.all()) and found.shape == wanted.shape and np.allclose(found, wanted)


OPTIMA = Family(
    "optima",
    always=lambda: (optimum(np.array([[3.0, 0.0], [0.0, 1.0]]), 1.0), optimum(np.array([[2.0]]), 0.5)),
    draw=draw_optimum,
)
NOT_SHRUNK = Family("not-shrunk", always=lambda: (optimum(np.array([[3.0, 0.0], [0.0, 2.0]]), 1.0, shrink=False),))


# --- the start of a run ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """A start of the alternation is a basis (m, k) with singular values (k,)."""

    basis: np.ndarray
    singular_values: np.ndarray


def started(case: HalfStepCase, rng: np.random.Generator | None = None) -> Start:
    """Compute the spectral start of the library to machine precision."""
    found = spectral_init(case.observations, len(case.singular_values), tol=0.0)
    return Start(found.U, found.singular_values)


def dense(m: int, n: int, k: int, density: float, seed: int) -> HalfStepCase:
    """Make a case with Haar factors, equal singular values, and most entries seen."""
    return case(m, n, k, np.random.default_rng(seed), condition=1.0, density=density)


def one_row_unseen(m: int = 64, n: int = 8) -> HalfStepCase:
    """Make a flat matrix without its last row, whose start is at distance sqrt(1 - p) with |E| = sqrt((1 - p) / p)."""
    # the distance is sqrt(p) |E|, and the bound |E| / (1 - |E|) is not far above it
    left, right, mask = np.full((m, 1), m**-0.5), np.full((n, 1), n**-0.5), np.ones((m, n), bool)
    mask[-1] = False
    return HalfStepCase(left, np.ones(1), right, mask, left, np.zeros((n, 1)))


DENSE_CASES = Family(
    "dense-cases",
    always=lambda: (
        one_row_unseen(),
        dense(60, 50, 2, 0.9, 0),
        dense(200, 160, 3, 0.8, 1),
        whole(dense(10, 8, 2, 1.0, 2)),
    ),
    draw=draw_case,
)
