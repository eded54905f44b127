"""Deterministic statements about sketched regressions, forward errors, clipping, and perturbed incoherence."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Inequality, OutcomeError, Sides, Statement, rounding, saboteur
from lrtheory.matrix_completion import sketching, theory
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.half_steps import distance
from proofs_checks.matrix_completion.families.regressions import (
    FINE_SKETCHES,
    PERTURBED,
    REGRESSIONS,
    SPIKES,
    STEPS,
    Perturbed,
    Regression,
    Spike,
    distortion_of,
    embeds,
    incoherences,
    is_small,
    path,
    preconditioner,
    shortened,
    sketched,
    solved,
)


def regression_rounding(regression: Regression) -> Any:
    """Bound the rounding of triangular solves with R, which grows with the condition number of A."""
    return rounding(64 * regression.matrix.size, np.linalg.cond(regression.matrix))


def conditioned(regression: Regression, R: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the ends of the singular values of A R^{-1} with 1 / (1 + e) and 1 / (1 - e), and their ratio."""
    # a pseudoinverse with hardly a cutoff: a singular triangle is refuted by what it does, and not by an error
    values = np.linalg.svd(regression.matrix @ np.linalg.pinv(R, rcond=1e-30), compute_uv=False)
    e = share * distortion_of(regression, sketched(regression))
    lhs = np.array([1 / (1 + e), values[0], values[0]])
    rhs = np.array([values[-1], 1 / (1 - e), theory.preconditioned_condition(e) * values[-1]])
    return Sides(lhs, rhs, rounding=regression_rounding(regression) / (1 - e))


MC_L1 = Statement(
    id="matrix_completion/MC-L1",
    title="A sketch conditions a regression",
    says="S changes lengths in the range of A by a factor between 1 - e and 1 + e, its distortion e is below 1, "
    "and R is the triangle of a QR decomposition of S A. Then the singular values sigma of A R^{-1} lie "
    "between 1/(1+e) and 1/(1-e), and its condition number kappa is at most (1+e)/(1-e), whatever that of A "
    "is.",
    source=Derived(theory.preconditioned_condition),
    tex=r"\sigma(A R^{-1}) \subset [1/(1+e), 1/(1-e)],\quad \kappa \le (1+e)/(1-e)",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=preconditioner,
    claim=Inequality(conditioned, unbounded="a triangle may make singular values as large as it likes"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("half of the distortion", claim=Inequality(partial(conditioned, share=0.5))),
        saboteur("R of the first rows", solve=wrong_solvers.first_rows),
        # as good a preconditioner as the honest one; only the distortion is that of another sketch
        saboteur("R of another sketch", solve=wrong_solvers.another_sketch),
    ),
)


def errors(regression: Regression, iterates: np.ndarray) -> np.ndarray:
    """Return |A (x_t - x*)| of each iterate, with x* by a dense solver; a path that starts elsewhere is none."""
    wanted = (STEPS + 1, regression.matrix.shape[1])
    if iterates.shape != wanted or iterates[0].any():
        raise OutcomeError(f"the iterates x_0 = 0, x_1, ..., x_{STEPS} are wanted, of shape {wanted}")
    best = np.linalg.lstsq(regression.matrix, regression.side, rcond=None)[0]
    return np.linalg.norm((iterates - best) @ regression.matrix.T, axis=1)


def gradient_rate(regression: Regression, iterates: np.ndarray, share: float = 1.0) -> Sides:
    """Compare each error with a share of rho(e) times the one before."""
    e = distortion_of(regression, sketched(regression))
    found = errors(regression, iterates)
    allowed = regression_rounding(regression) * (1 + np.linalg.norm(regression.side))
    return Sides(found[1:], share * theory.gradient_rate(e) * found[:-1], rounding=allowed)


MC_L2 = Statement(
    id="matrix_completion/MC-L2",
    title="Preconditioned gradient descent with unit steps contracts",
    says="R comes from a sketch of A with a distortion e below 0.29 (MC-L1). A unit step of gradient descent on |A"
    " x - b|^2 / 2 in the variables R x, from x_t to x_{t+1} and first from x_0 = 0, multiplies the error "
    "|A (x_t - x*)| by at most rho(e) = (1-e)^-2 - 1, which is below 1; x* is the least squares solution.",
    source=Derived(theory.gradient_rate),
    tex=r"\|A(x_{t+1} - x^*)\| \le \rho(e) \|A(x_t - x^*)\|",
    hypotheses={"distortion below 0.29": embeds(0.29)},  # 1 - 1 / sqrt 2 is 0.2929; above it rho is 1 or more
    instances=FINE_SKETCHES,
    solve=partial(path, method="gd"),
    claim=Inequality(gradient_rate, unbounded="iterates may be anywhere"),
    saboteurs=(
        saboteur("half of the rate", claim=Inequality(partial(gradient_rate, share=0.5))),
        saboteur("no preconditioner", solve=wrong_solvers.not_preconditioned),
        saboteur("steps of two", patch=(sketching.iterates, "1.0 if method", "2.0 if method")),
    ),
)


def conjugate_rate(regression: Regression, iterates: np.ndarray) -> Sides:
    """Compare the error after t steps of conjugate gradients with 2 e^t |A (x_0 - x*)|, for each t."""
    e = distortion_of(regression, sketched(regression))
    found = errors(regression, iterates)
    # from t = 1 on, since at t = 0 the factor is 2 and says nothing
    factors = np.array([theory.cg_error_bound(e, n_iter=t) for t in range(1, len(found))])
    allowed = regression_rounding(regression) * (1 + np.linalg.norm(regression.side))
    return Sides(found[1:], factors * found[0], rounding=allowed)


MC_L2_CG = Statement(
    id="matrix_completion/MC-L2-cg",
    title="Preconditioned conjugate gradients contract by the distortion",
    says="R comes from a sketch of A with a distortion e below 1 (MC-L1). After t steps of conjugate gradients in "
    "the variables R x at most 2 e^t of the first error |A (x_0 - x*)| is left; x_0 is 0, x_t is the iterate after t "
    "steps, of which six are looked at, and x* is the least squares solution.",
    source=Derived(theory.cg_error_bound),
    tex=r"\|A(x_t - x^*)\| \le 2 e^t \|A(x_0 - x^*)\|",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=partial(path, method="cg"),
    claim=Inequality(conjugate_rate, unbounded="iterates may be anywhere"),
    saboteurs=(
        saboteur("no preconditioner", solve=partial(wrong_solvers.not_preconditioned, method="cg")),
        saboteur(
            "directions are not made conjugate",
            patch=(sketching.iterates, "after + (after @ after) / (g @ g) * p", "after"),
        ),
    ),
)


def tuned_rate(regression: Regression, R: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the part of each singular direction of A R^{-1} that a tuned step leaves with a share of its rate."""
    values = np.linalg.svd(regression.matrix @ np.linalg.pinv(R, rcond=1e-30), compute_uv=False)
    e = distortion_of(regression, sketched(regression))
    # direction by direction and not along a path, because a path from zero may miss the directions at the ends
    left = np.abs(1 - theory.tuned_step(e) * values**2)
    allowed = regression_rounding(regression) / (1 - e) ** 2
    return Sides(left, np.full(len(left), share * theory.tuned_gradient_rate(e)), rounding=allowed)


MC_L2_TUNED = Statement(
    id="matrix_completion/MC-L2-tuned",
    title="A tuned step contracts for every distortion",
    says="R comes from a sketch of A with a distortion e below 1 (MC-L1). A gradient step of length tau in the "
    "variables R x multiplies the error along singular direction i of A R^{-1}, with singular value sigma_i, "
    "by 1 - tau sigma_i^2, whose size is at most 2e / (1 + e^2), which is below 1.",
    source=Derived(theory.tuned_gradient_rate),
    tex=r"\max_i |1 - \tau \sigma_i(A R^{-1})^2| \le \frac{2e}{1+e^2},\quad \tau = \frac{2}{(1+e)^{-2} + (1-e)^{-2}}",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=preconditioner,
    claim=Inequality(tuned_rate, unbounded="a triangle may make singular values as large as it likes"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("nine tenths of the rate", claim=Inequality(partial(tuned_rate, share=0.9))),
        saboteur("R of the first rows", solve=wrong_solvers.first_rows),
        saboteur("R of another sketch", solve=wrong_solvers.another_sketch),
    ),
    notes="Tight: one end of the singular values is attained by the definition of the distortion.",
)


def accurate(regression: Regression, x: np.ndarray, share: float = 1.0) -> Sides:
    """Compare |A x - b| with (1 + epsilon) OPT, and |x - x*| with the forward bound."""
    A, b, epsilon = regression.matrix, regression.side, 0.125  # coarse, so that a solver may stop long before rounding
    best = np.linalg.lstsq(A, b, rcond=None)[0]
    optimum, smallest = np.linalg.norm(A @ best - b), np.linalg.svd(A, compute_uv=False)[-1]
    forward = theory.forward_error_bound(share * epsilon, optimum=optimum, smallest=smallest)
    lhs = [np.linalg.norm(A @ x - b), np.linalg.norm(x - best)]
    allowed = regression_rounding(regression) * np.array([1.0, 1 / smallest]) * (1 + np.linalg.norm(b))
    return Sides(lhs, [(1 + share * epsilon) * optimum, forward], rounding=allowed)


MC_L3 = Statement(
    id="matrix_completion/MC-L3",
    title="A small residual means a small error",
    says="x* minimizes |A x - b|, and O = OPT is the minimum. A solution x' whose residual is at most (1+e) O, as "
    "the sketched solver returns it, is at most sqrt(2e + e^2) O / sigma_min(A) away from x*; sigma_min(A) is"
    " the smallest singular value of A.",
    source=Derived(theory.forward_error_bound),
    tex=r"\|Ax' - b\| \le (1+e)O \Rightarrow \|x' - x^*\| \le \sqrt{2e+e^2}\,O/\sigma_{\min}(A),\ O = \mathrm{OPT}",
    hypotheses={"distortion below 1/2": embeds(0.5)},
    instances=FINE_SKETCHES,
    solve=solved,
    claim=Inequality(accurate, unbounded="a solution may be anywhere"),
    saboteurs=(
        saboteur("stops far too early", solve=wrong_solvers.no_iteration),
        saboteur("one thousandth of epsilon", claim=Inequality(partial(accurate, share=0.001))),
    ),
)


# --- clipping --------------------------------------------------------------------------------------------------------


def clipped_well(spike: Spike, found: np.ndarray) -> Sides:
    """Compare dist(U^c, U*) with e / (1 - e), and the longest row of U^c with its bound."""
    m, k = spike.truth.shape
    if found.shape != (m, k) or not np.allclose(found.T @ found, np.eye(k)):
        raise OutcomeError("a clipped basis must have orthonormal columns")
    # the orthogonal Procrustes problem: W Z^T is the rotation that brings U* next to the start
    W, _, Zt = np.linalg.svd(spike.truth.T @ spike.start)
    error = np.linalg.norm(spike.start - spike.truth @ (W @ Zt))
    rows = theory.clipped_row_bound(error, incoherence=spike.mu, n_rows=m, rank=k, clip=spike.clip)
    lhs = [distance(found, spike.truth), np.linalg.norm(found, axis=1).max()]
    return Sides(
        lhs, [theory.clipped_distance_bound(error), rows], trivial=[1.0, 1.0], rounding=rounding(64 * m * k, 1.0)
    )


def is_near(spike: Spike) -> bool:
    """Decide whether the start is nearer than 1 to the truth, in the Frobenius norm after the best rotation.

    The squared distance is 2 (k - sum of the singular values of U*^T U_0).
    """
    # 0.9 and not 1, since next to e = 1 both bounds are vacuous
    values = np.linalg.svd(spike.truth.T @ spike.start, compute_uv=False)
    return bool(2 * (len(values) - values.sum()) < 0.9)


MC_L4 = Statement(
    id="matrix_completion/MC-L4",
    title="Clipping shortens rows and stays near",
    says="U* is an m x k orthonormal basis with incoherence mu, and e < 1 is the Frobenius distance of the start "
    "from its nearest rotation. U^c is the start with rows (or entries) beyond 2 mu sqrt(k/m) cut and made "
    "orthonormal again. It is as near to U* and has as short rows u^c_i as stated (sqrt(k) times that for "
    "entries).",
    source=Derived(theory.clipped_row_bound),
    tex=r"\mathrm{dist}(U^c, U^*) \le e/(1-e),\quad \|u^c_i\| \le 2\mu\sqrt{k/m}/(1-e)",
    hypotheses={"e < 1": is_near},
    instances=SPIKES,
    solve=shortened,
    claim=Inequality(clipped_well),
    saboteurs=(
        saboteur("clipped at 2 mu sqrt(k)", patch=(spectral_start.clipped, "np.sqrt(k / m)", "np.sqrt(k)")),
        saboteur(
            "clipped at a tenth", patch=(spectral_start.clipped, "2 * mu * np.sqrt(k / m)", "mu * np.sqrt(k / m) / 10")
        ),
        # wrong in one row only
        saboteur("not clipped", solve=lambda spike, rng: spike.start),
    ),
    notes="Rows of one length and one spike: on random bases nothing is ever clipped.",
)


# --- perturbed incoherence -------------------------------------------------------------------------------------------


def still_incoherent(perturbed: Perturbed, mus: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare both reported mus with the true ones, from both sides; then mu(B), sigma_min and rows with bounds."""
    A, E = perturbed.matrix, perturbed.change
    (m, k), smallest, change = A.shape, np.linalg.svd(A, compute_uv=False)[-1], factor * np.linalg.norm(E, 2)
    before, after = (np.linalg.norm(np.linalg.qr(X)[0], axis=1) for X in (A, A + E))
    truth = np.sqrt(m / k) * np.array([before.max(), after.max()])
    rows = theory.perturbed_row_bound(
        before, row_change=factor * np.linalg.norm(E, axis=1), smallest=smallest, change=change
    )
    moved = np.broadcast_to(theory.row_norm_change(smallest, change=change), before.shape)
    mu = theory.incoherence_bound(truth[0], n_rows=m, rank=k, smallest=smallest, change=change)
    least = theory.perturbed_smallest(smallest, change=change)
    # the first four entries claim equality of report and truth, as two inequalities each
    lhs = np.r_[mus, truth, truth[1], least, after, np.abs(after - before)]
    rhs = np.r_[truth, mus, mu, np.linalg.svd(A + E, compute_uv=False)[-1], rows, moved]
    trivial = np.r_[np.full(4, np.inf), np.sqrt(m / k), np.inf, np.ones(2 * m)]
    allowed = rounding(256 * m * k, (1 + np.abs(A).max()) / min(1.0, smallest))
    return Sides(lhs, rhs, trivial=trivial, rounding=allowed)


MC_L5 = Statement(
    id="matrix_completion/MC-L5",
    title="Incoherence survives a small change",
    says="tau_i(A) is the length of row i of an orthonormal basis of the columns of A, sigma the smallest singular"
    " value of A, and B = A + E with eta = |E| at most sigma/2 (spectral norm). Then no row length changes by"
    " more than eta/sigma, and that of B is at most the stated combination with |E_i|, the length of row i of"
    " E.",
    source=Derived(theory.row_norm_change),
    tex=r"|\tau_i(A) - \tau_i(B)| \le \eta/\sigma,\ \tau_i(B) \le (\sigma\,\tau_i(A) + \|E_i\|)/(\sigma - \eta)",
    hypotheses={"the change is at most half of the smallest singular value": is_small},
    instances=PERTURBED,
    solve=incoherences,
    claim=Inequality(still_incoherent, unbounded="a report may be any number, and a matrix has any unit"),
    saboteurs=(
        saboteur("half of the change", claim=Inequality(partial(still_incoherent, factor=0.5))),
        saboteur("incoherence without sqrt(m/k)", solve=wrong_solvers.not_rescaled),
    ),
)
