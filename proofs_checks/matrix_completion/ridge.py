"""Deterministic statements about half-steps with a ridge, short rows, the objective, and balanced factors."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import sparse

from lrtheory.bounds import Classical, Derived, Identity, Inequality, OutcomeError, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion import objective, theory
from lrtheory.matrix_completion.alternation import loop as alternation
from lrtheory.matrix_completion.entries.regressions import kernels
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.half_steps import (
    RIDGE_CASES,
    UNDETERMINED,
    RidgeCase,
    panel_condition,
    row_step,
)
from proofs_checks.matrix_completion.families.runs import (
    ITERATIONS,
    RUNS,
    SHORT_ROWS,
    WITH_RIDGE,
    Factors,
    RunCase,
    all_factors,
    factors_at_the_end,
    is_clear,
    is_seen_enough,
)

# --- a ridge, and rows that are seen too little ----------------------------------------------------------------------


def stationary(case: RidgeCase, factor: np.ndarray) -> Sides:
    """Compare lambda (U^T U - V^T V) with -(gradient in V)^T V, and the gradient in U with zero."""
    rest = np.where(case.mask, factor @ case.factor.T - case.values, 0.0)
    gradient = rest.T @ factor + case.ridge * case.factor
    balance = case.ridge * (factor.T @ factor - case.factor.T @ case.factor)
    own = rest @ case.factor + case.ridge * factor
    longest = np.linalg.norm(case.values) / (2 * np.sqrt(case.ridge))  # of a solution, since s / (s^2 + lambda) is less
    # balance and gradients are products of two such numbers; solving divides by the ridge
    scale = (1 + np.abs(case.values).max() + longest + np.abs(case.factor).max()) ** 2
    allowed = rounding(64 * case.factor.size, scale * (1 + scale / case.ridge))
    return Sides(np.vstack([balance, own]), np.vstack([-gradient.T @ case.factor, 0 * own]), rounding=allowed)


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
        saboteur("half of the ridge", solve=wrong_solvers.half_of_the_ridge),
        saboteur("the ridge in an orthonormal basis of V", solve=wrong_solvers.ridge_after_rotation),
    ),
)


def least_norm(case: RidgeCase, factor: np.ndarray) -> Sides:
    """Compare the coefficients of each row with those of least norm, by the pseudoinverse of its panel."""
    best = np.array(
        [np.linalg.pinv(case.factor[seen]) @ row[seen] for row, seen in zip(case.values, case.mask, strict=True)]
    )
    # normal equations square the condition number of a panel
    size = panel_condition(case) ** 2 * (1 + np.abs(best).max())
    return Sides(factor, best, rounding=rounding(64 * case.factor.size, size))


MC_L10 = Statement(
    id="matrix_completion/MC-L10",
    title="A row that is seen too little gets the coefficients of least norm",
    says="A row i of which fewer than k entries are seen (d_i of them, with values x_i) does not determine its k "
    "coefficients u_i. The library returns the shortest solution: the pseudoinverse of the panel V_Omega_i, "
    "the rows of the fixed factor V at the seen columns Omega_i, applied to x_i.",
    source=Classical("least squares of least norm", "G. Golub, C. Van Loan, Matrix Computations, 2013, section 5.5"),
    tex=r"d_i < k \Rightarrow u_i = V_{\Omega_i}^{+} x_i",
    hypotheses={
        "fewer entries than the rank": lambda case: bool((case.mask.sum(1) < case.factor.shape[1]).all()),
        # the rounding that is allowed grows with its square
        "independent lines": lambda case: panel_condition(case) < 16,
    },
    instances=UNDETERMINED,
    solve=row_step,
    claim=Identity(least_norm),
    saboteurs=(
        saboteur("a ridge of 1e-13", solve=wrong_solvers.tiny_pivot),
        saboteur("the first columns alone", solve=wrong_solvers.first_columns),
        saboteur(
            "conjugate gradients of short rows from one",
            solve=partial(row_step, method="cg"),
            patch=(kernels._cg_lines, "u[:] = 0  # from zero", "u[:] = 1  # from zero"),
        ),
    ),
    notes="By Cholesky with its rule for short rows, by conjugate gradients from zero, and after a sketch.",
)


# --- the objective ---------------------------------------------------------------------------------------------------


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
        saboteur("cold starts", solve=wrong_solvers.cold_factors),
        saboteur(
            "rows with fewer entries than the rank",
            breaks="at least k entries in every line, or a ridge",
            instances=SHORT_ROWS,
        ),
    ),
)


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
        saboteur("three iterations", solve=wrong_solvers.three_iterations),
    ),
    notes="Exact half-steps: with approximate ones the imbalance stays at their accuracy.",
)
