"""The duality gap that certifies a completion is a bound for every matrix, and vanishes at the optimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion import duality_gap
from lrtheory.matrix_completion.alternation import certificates
from proofs_checks.matrix_completion.families.ridge_cases import RIDGE_CASES, RidgeCase, half_of_the_ridge, row_step


@dataclass(frozen=True)
class Certified:
    """A candidate is a pair of factors, with the gap and the lower bound that the library states for it."""

    left: np.ndarray
    right: np.ndarray
    gap: float
    bound: float


def certificate_of(case: RidgeCase, factor: np.ndarray) -> Certified:
    """Return a factor of the rows with V of the case, and the gap that the library states."""
    found = duality_gap(case.observations, factor, case.factor, lam=case.ridge)
    return Certified(factor, case.factor, found.gap, found.bound)


def certified(case: RidgeCase, rng: np.random.Generator) -> Certified:
    """Return the factors after a half-step for the rows, with the gap that the library states."""
    return certificate_of(case, row_step(case))


def share_of_the_gap(case: RidgeCase, rng: np.random.Generator, share: float) -> Certified:
    """State a multiple of the gap that the proof gives."""
    # a gap that is too large is a valid bound too, but not the difference of objective and bound that is claimed
    found = certified(case, rng)
    return replace(found, gap=share * found.gap)


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
        saboteur("half of the gap", solve=partial(share_of_the_gap, share=0.5)),
        saboteur("one and a half times the gap", solve=partial(share_of_the_gap, share=1.5)),
    ),
)


def is_shrunk(case: RidgeCase) -> bool:
    """Decide whether everything is seen and V^T V holds the singular values less the ridge."""
    s = np.linalg.svd(case.values, compute_uv=False)
    wanted = np.diag(s[s > case.ridge] - case.ridge)
    found = case.factor.T @ case.factor
    return bool(case.mask.all()) and found.shape == wanted.shape and np.allclose(found, wanted)


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


OPTIMA = Family(
    "optima",
    always=lambda: (optimum(np.array([[3.0, 0.0], [0.0, 1.0]]), 1.0), optimum(np.array([[2.0]]), 0.5)),
    draw=draw_optimum,
)


NOT_SHRUNK = Family("not-shrunk", always=lambda: (optimum(np.array([[3.0, 0.0], [0.0, 2.0]]), 1.0, shrink=False),))


def certified_at_half_the_ridge(case: RidgeCase, rng: np.random.Generator) -> Certified:
    """Return the factors after a half-step with half of the ridge, and their gap."""
    factor = half_of_the_ridge(case, rng)
    return certificate_of(case, factor)


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
        saboteur("half of the ridge in the half-step", solve=certified_at_half_the_ridge),
        saboteur(
            "singular values that are not shrunk",
            breaks="the factor is that of shrunk singular values",
            instances=NOT_SHRUNK,
        ),
    ),
)
