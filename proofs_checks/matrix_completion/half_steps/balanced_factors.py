"""Half-steps balance the factors, and lower gradients and objective, to the end of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import Observations, complete, half_step, make_low_rank, objective, theory
from lrtheory.matrix_completion.alternation import loop as alternation
from proofs_checks.matrix_completion.families.ridge_cases import RIDGE_CASES, RidgeCase, half_of_the_ridge, row_step


def ridge_after_rotation(case: RidgeCase, rng: np.random.Generator) -> np.ndarray:
    """Apply the penalty to the coefficients in an orthonormal basis of V, which weighs them differently."""
    # without a ridge a change of basis changes nothing, on which `complete` relies; a penalty depends on the basis
    Q, R = np.linalg.qr(case.factor)
    rotated = row_step(replace(case, factor=Q), rng)
    return rotated @ np.linalg.pinv(R).T


def stationary(case: RidgeCase, factor: np.ndarray) -> Sides:
    """Compare lambda (U^T U - V^T V), and its norm by `imbalance`, with -(grad_V f)^T V, and grad_U f with zero."""
    rest = np.where(case.mask, factor @ case.factor.T - case.values, 0.0)
    gradient = rest.T @ factor + case.ridge * case.factor
    balance = case.ridge * (factor.T @ factor - case.factor.T @ case.factor)
    own = rest @ case.factor + case.ridge * factor
    longest = np.linalg.norm(case.values) / (2 * np.sqrt(case.ridge))  # of a solution, since s / (s^2 + lambda) is less
    # balance and gradients are products of two such numbers; solving divides by the ridge
    scale = (1 + np.abs(case.values).max() + longest + np.abs(case.factor).max()) ** 2
    allowed = rounding(64 * case.factor.size, scale * (1 + scale / case.ridge))
    size = case.ridge * np.linalg.norm(case.factor.T @ case.factor) * theory.imbalance(factor, case.factor)
    due = -gradient.T @ case.factor
    lhs, rhs = np.r_[balance.ravel(), own.ravel(), size], np.r_[due.ravel(), 0 * own.ravel(), np.linalg.norm(due)]
    return Sides(lhs, rhs, rounding=allowed)


MC_L9 = Statement(
    id="matrix_completion/MC-L9",
    title="A step with a ridge balances the factors against the other gradient",
    says="Let f(U, V) be half the squared error of U V^T on the sample plus lambda (|U|_F^2 + |V|_F^2) / 2 with a "
    "ridge lambda > 0. After an exact step for U with V fixed, the gradient of f in U is 0, and lambda (U^T U"
    " - V^T V) is -(grad_V f)^T V, where grad_V f is the gradient in V. At a stationary point that is 0 too, "
    "so U^T U = V^T V.",
    source=Derived(theory.imbalance),
    tex=r"\nabla_U f = 0 \text{ and } \lambda (U^T U - V^T V) = -(\nabla_V f)^T V",
    hypotheses={"a ridge": lambda case: case.ridge > 0},
    instances=RIDGE_CASES,
    solve=row_step,
    claim=Identity(stationary),
    saboteurs=(
        saboteur("half of the ridge", solve=half_of_the_ridge),
        saboteur("the ridge in an orthonormal basis of V", solve=ridge_after_rotation),
    ),
)


@dataclass(frozen=True)
class RunCase:
    """A run on a matrix of rank k with geometric singular values, with a number of inner steps per row and a seed.

    It starts from the factors of the truth, each entry off by `off` times the root mean square entry.
    """

    shape: tuple[int, int]
    rank: int
    condition: float
    oversampling: float
    inner_steps: int
    seed: int
    ridge: float = 0.0
    off: float = 0.1

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        options = {"condition": self.condition, "oversampling": self.oversampling}
        return make_low_rank(self.shape, self.rank, rng=self.seed, **options).observations

    @property
    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """Both factors of the truth, each entry off by a share of the root mean square entry: better than zero."""
        options = {"condition": self.condition, "oversampling": self.oversampling}
        truth = make_low_rank(self.shape, self.rank, rng=self.seed, **options).truth
        assert truth is not None
        rng, half = np.random.default_rng(self.seed + 1), np.sqrt(truth.singular_values)
        sides = ((side * half) for side in (truth.U, truth.V))
        left, right = (F + self.off * np.sqrt((F * F).mean()) * rng.normal(size=F.shape) for F in sides)
        return left, right


def all_factors(case: RunCase, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return both factors after each of at most 12 iterations, in which rows take a few steps from where they were."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    # tolerances that no run reaches, so that every half-step takes its number of inner steps
    setting = {"method": "cg", "max_inner_iter": case.inner_steps, "inner_tol": 1e-12, "max_iter": 12, "tol": 1e-14}
    keep = lambda state: found.append((np.array(state.U), np.array(state.V)))
    complete(case.observations, case.rank, ridge=case.ridge, init=case.start, callback=keep, **setting)
    return found


def is_seen_enough(case: RunCase) -> bool:
    """Decide whether every line has at least k entries, or a ridge."""
    data = case.observations
    return case.ridge > 0 or min(int(lines.degrees.min()) for lines in (data.by_row, data.by_col)) >= case.rank


def draw_run(draws: Draws) -> RunCase:
    """Draw a run of rank up to three, with one to five inner steps, with a ridge or without."""
    rank, condition, steps = draws.integers(1, 3), draws.choice((1.0, 10.0)), draws.integers(1, 5)
    return RunCase((40, 30), rank, condition, 4.0, steps, draws.integers(0, 10**6), draws.choice((0.0, 1.0)))


RUNS = Family(
    "runs",
    always=(
        RunCase((60, 50), 3, 10.0, 4.0, 2, 0),
        RunCase((40, 30), 2, 1.0, 3.0, 1, 1),
        RunCase((60, 50), 4, 3.0, 4.0, 5, 2),
        RunCase((40, 30), 3, 3.0, 4.0, 2, 3, ridge=1.0),
        RunCase((40, 30), 2, 1.0, 4.0, 1, 0, ridge=1.0),
    ),
    draw=draw_run,
)


#: two rows have fewer entries than the rank, so one step from 0 does not bring them back to the truth
SHORT_ROWS = Family("short-rows", always=(RunCase((40, 30), 4, 1.0, 1.05, 1, 0, off=0.0),))


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


def falling(case: RunCase, found: list[tuple[np.ndarray, np.ndarray]]) -> Sides:
    """Compare the objective after each iteration with the one before, as sqrt(2 f) relative to the values."""
    if not 1 <= len(found) <= 12:
        raise OutcomeError(f"a run has one to 12 iterations; got {len(found)}")
    data = case.observations
    values = [objective(data, U, V, ridge=case.ridge) for U, V in (case.start, *found)]
    # Relative residuals and not objectives: near convergence an objective is a sum of squares of rounding errors, and
    # the rounding of its root is relative to the values.
    roots = np.sqrt(2 * np.array(values)) / np.linalg.norm(data.values)
    return Sides(roots[1:], roots[:-1], rounding=rounding(64 * case.shape[0] * case.rank, 1.0))


def starts_well(case: RunCase) -> bool:
    """Decide whether the objective of the start is below that of two zero factors."""
    # a solver that starts from zero raises only an objective that is below that of zero factors
    data = case.observations
    return bool(objective(data, *case.start, ridge=case.ridge) < 0.5 * (data.values**2).sum())


MC_L7 = Statement(
    id="matrix_completion/MC-L7",
    title="Warm conjugate gradients never raise the objective where lines are determined",
    says="f(U, V) is half the squared error of U V^T on the sample plus a ridge on both factors. If every line has "
    "at least k entries, or there is a ridge, a half-step that replaces U_t by U_{t+1} with conjugate gradients "
    "that start from U_t never raises f, whatever the number of their steps, and likewise one that replaces V_t. "
    "A line with fewer than k entries and no ridge starts from 0 (MC-L10), which may raise f.",
    source=Classical(
        "monotonicity of conjugate gradients", "M. Hestenes, E. Stiefel, J. Res. Nat. Bur. Standards 49, 1952"
    ),
    tex=r"f(U_{t+1}, V_t) \le f(U_t, V_t)",
    hypotheses={
        "a start that is better than zero": starts_well,
        "at least k entries in every line, or a ridge": is_seen_enough,
    },
    instances=RUNS,
    solve=all_factors,
    claim=Inequality(falling, unbounded="objectives have no upper limit"),
    decisions=("*",),
    saboteurs=(
        saboteur(
            "the moving factor is not rotated", patch=(alternation.rotated, "moved = moving @ R.T", "moved = moving")
        ),
        saboteur(
            "under a ridge the moving factor is not rotated",
            patch=(alternation.rotated, "return fixed @ W, moving @ W", "return fixed @ W, moving"),
        ),
        saboteur("cold starts", solve=cold_factors),
        saboteur(
            "rows with fewer entries than the rank",
            breaks="at least k entries in every line, or a ridge",
            instances=SHORT_ROWS,
        ),
    ),
)


def is_clear(case: RunCase) -> bool:
    """Decide whether the ridge is at most half of the k-th singular value of the zero-filled sample."""
    spectrum = np.linalg.svd(case.observations.to_csr().toarray(), compute_uv=False)
    return bool(0 < case.ridge <= spectrum[case.rank - 1] / 2)


def draw_with_ridge(draws: Draws) -> RunCase:
    """Draw a run of rank one or two, with 20 to 40 rows and columns and a ridge of 1 or 2."""
    shape, rank = (draws.integers(20, 40), draws.integers(20, 40)), draws.integers(1, 2)
    return RunCase(shape, rank, draws.choice((1.0, 2.0)), 6.0, 0, draws.integers(0, 10**6), draws.choice((1.0, 2.0)))


# A ridge that exceeded a singular value would shrink that factor to zero, and the end of the run would have lower rank.
WITH_RIDGE = Family(
    "with-ridge",
    always=(RunCase((40, 30), 2, 2.0, 5.0, 0, 0, ridge=2.0), RunCase((20, 30), 1, 1.0, 6.0, 0, 1, ridge=4.0)),
    draw=draw_with_ridge,
)


ITERATIONS = 200  # of a run that ends at a stationary point


@dataclass(frozen=True)
class Factors:
    """The two factors of a completion, of shapes (m, k) and (n, k)."""

    left: np.ndarray
    right: np.ndarray


def factors_at_the_end(case: RunCase, rng: np.random.Generator | None = None, max_iter: int = ITERATIONS) -> Factors:
    """Return both factors after `max_iter` iterations of exact half-steps.

    They are taken from the last iteration, because those of the result are balanced by construction.
    """
    last: list[Factors] = []
    keep = lambda state: last.append(Factors(np.array(state.U), np.array(state.V)))
    setting = {"method": "exact", "max_iter": max_iter, "tol": 0.0, "callback": keep}
    complete(case.observations, case.rank, ridge=case.ridge, **setting)
    return last[-1]


def three_iterations(case: RunCase, rng: np.random.Generator) -> Factors:
    """Return the factors of a run that was stopped after three iterations."""
    return factors_at_the_end(case, max_iter=3)


def balanced(case: RunCase, found: Factors) -> Sides:
    """Compare imbalance and both gradients with zero, up to the rounding of all iterations.

    The last entry asks for an objective below that of zero factors, which are balanced and stationary as well.
    """
    data, (U, V) = case.observations, (found.left, found.right)
    entries = (U[data.rows] * V[data.cols]).sum(1) - data.values
    rest = sparse.coo_array((entries, (data.rows, data.cols)), shape=data.shape)
    gradients = rest @ V + case.ridge * U, rest.T @ U + case.ridge * V
    size = np.linalg.norm(data.values)
    allowed = rounding(64 * ITERATIONS * sum(case.shape) * case.rank, 1.0)
    # a gradient in U is an error times V, whose norm is about the root of that of the values
    zeros = [theory.imbalance(U, V), *(np.linalg.norm(one) / (np.sqrt(size) * size) for one in gradients)]
    smaller = objective(data, U, V, ridge=case.ridge) < 0.5 * size**2
    return Sides([*zeros, int(smaller)], [0.0, 0.0, 0.0, 1], rounding=allowed)


MC_L9_END = Statement(
    id="matrix_completion/MC-L9-end",
    title="At the end of a run with a ridge the factors are balanced",
    says="In a run of exact half-steps with a ridge of at most half of the k-th singular value of the zero-filled "
    "sample, the imbalance of the factors U_t and V_t after t iterations tends to 0, and so do both gradients"
    " of the objective f of MC-L9; |.|_F is the Frobenius norm.",
    source=Derived(theory.imbalance),
    tex=r"t \to \infty \Rightarrow \|U_t^T U_t - V_t^T V_t\|_F / \|V_t^T V_t\|_F \to 0,\ \nabla f \to 0",
    hypotheses={"a ridge of at most half of the k-th singular value of the sample": is_clear},
    instances=WITH_RIDGE,
    solve=factors_at_the_end,
    claim=Identity(balanced),
    saboteurs=(
        saboteur(
            "the ridge in orthonormal bases", patch=(alternation.rotated, "if ridge > 0:", "if ridge > float('inf'):")
        ),
        saboteur("three iterations", solve=three_iterations),
    ),
    notes="Exact half-steps: with approximate ones the imbalance stays at their accuracy.",
)
