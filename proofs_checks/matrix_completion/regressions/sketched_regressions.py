"""A sketch S A of a matrix A conditions the regression min |A x - b|, and iterations converge at rates that follow.

The distortion e of S on the range of A is the least number with (1 - e) |A x| <= |S A x| <= (1 + e) |A x| for all x,
and R is the triangle of a QR decomposition of S A. Iterates x_t take gradient steps or conjugate gradients in the
variables R x, and x* is the least squares solution. All rates are in terms of e, whatever the condition number of A
is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Numbers,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import sketch, sketched_lstsq, sketching


@dataclass(frozen=True)
class Regression:
    """A least squares problem: a matrix (n, k) and a right-hand side (n,), with the rows, seed and kind of a sketch."""

    matrix: np.ndarray
    side: np.ndarray
    sketch_size: int
    seed: int = 0
    kind: str = "gaussian"


def draw_regression(draws: Draws, factor: int = 12) -> Regression:
    """Draw up to 5 unknowns, 60 to 120 rows, and columns whose scales fall by a factor of up to 10^4."""
    k = draws.integers(1, 5)
    n = draws.integers(60, 120)
    # columns of very different sizes: the rates must not depend on the condition number of A
    scales = 10.0 ** -(draws.integers(0, 4) * np.arange(k) / max(1, k - 1))
    matrix = (draws.integers(-16, 16, shape=(n, k)) + 8.0 * np.eye(n, k)) * scales
    side = draws.integers(-16, 16, shape=n) / 16.0
    kind = draws.choice(("gaussian", "countsketch", "osnap", "srht"))
    return Regression(matrix, side, factor * k + 10, draws.integers(0, 10**6), kind)


def hilbert(n: int, k: int) -> Regression:
    """Make a regression on monomials over [0, 1], with a steep but regular right-hand side."""
    # the condition number grows exponentially with k, and without a preconditioner iterations would crawl
    grid = np.linspace(0, 1, n)
    return Regression(np.vander(grid, k), np.exp(3 * grid), 16 * k)


REGRESSIONS = Family(
    "regressions",
    always=lambda: (hilbert(100, 4), Regression(np.ones((20, 1)), np.arange(20) / 16, 16)),
    draw=draw_regression,
)


def distortion_of(regression: Regression, compressed: np.ndarray) -> float:
    """Return the least e with (1 - e) |A x| <= |S A x| <= (1 + e) |A x|; infinite where A lacks full rank."""
    R = np.linalg.qr(regression.matrix, mode="r")
    if np.linalg.matrix_rank(R) < len(R):
        return np.inf
    # the singular values of S Q with Q = A R^{-1}: by the definition, and not by A R_S^{-1} as the library computes it
    values = np.linalg.svd(np.linalg.solve(R.T, compressed.T).T, compute_uv=False)
    return float(max(1 - values[-1], values[0] - 1))


def sketched(regression: Regression) -> np.ndarray:
    """Return the sketch S A of the instance."""
    return sketch(regression.matrix, regression.sketch_size, kind=regression.kind, rng=regression.seed)


def embeds(below: float = 1.0) -> Callable[[Regression], bool]:
    """Return the predicate that the sketch of a regression has a distortion below a number."""
    return lambda regression: distortion_of(regression, sketched(regression)) < below


def preconditioner(regression: Regression, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return R as the library computes it, from the sketch of the instance."""
    r = regression
    return sketching.precondition(r.matrix, r.sketch_size, r.kind, np.random.default_rng(r.seed))


def first_rows(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Take R of the first rows of A, as many as the sketch has."""
    return np.linalg.qr(regression.matrix[: regression.sketch_size], mode="r")


def another_sketch(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Take R of a sketch that is not the one whose distortion is known."""
    return preconditioner(replace(regression, seed=regression.seed + 1))


def regression_rounding(regression: Regression) -> Any:
    """Bound the rounding of triangular solves with R, which grows with the condition number of A."""
    return rounding(64 * regression.matrix.size, np.linalg.cond(regression.matrix))


@formula(e="[0, 1)")
def preconditioned_condition(e: Numbers) -> Numbers:
    r"""The condition number of A R^{-1} is at most this.

    Proof
    -----
    Assumes: e < 1, which is checked. It is the distortion on the range of A, and S A = Q R, for which the caller
    answers.

    Proof: \|S A R^{-1} y\| = \|y\|. With x = R^{-1} y, (1 - e) \|A x\| <= \|S A x\| <= (1 + e) \|A x\| says that \|A
    R^{-1} y\| lies between \|y\| / (1 + e) and \|y\| / (1 - e). These two numbers enclose the singular values of A
    R^{-1}.
    """
    return (1 + e) / (1 - e)


def conditioned(regression: Regression, R: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the ends of the singular values of A R^{-1} with 1 / (1 + e) and 1 / (1 - e), and their ratio."""
    # a pseudoinverse with hardly a cutoff: a singular triangle is refuted by what it does, and not by an error
    values = np.linalg.svd(regression.matrix @ np.linalg.pinv(R, rcond=1e-30), compute_uv=False)
    e = share * distortion_of(regression, sketched(regression))
    lhs = np.array([1 / (1 + e), values[0], values[0]])
    rhs = np.array([values[-1], 1 / (1 - e), preconditioned_condition(e) * values[-1]])
    return Sides(lhs, rhs, rounding=regression_rounding(regression) / (1 - e))


MC_L1 = Statement(
    id="matrix_completion/MC-L1",
    title="A sketch conditions a regression",
    says="S changes lengths in the range of A by a factor between 1 - e and 1 + e, its distortion e is below 1, "
    "and R is the triangle of a QR decomposition of S A. Then the singular values sigma of A R^{-1} lie "
    "between 1/(1+e) and 1/(1-e), and its condition number kappa is at most (1+e)/(1-e), whatever that of A "
    "is.",
    source=Derived(preconditioned_condition),
    tex=r"\sigma(A R^{-1}) \subset [1/(1+e), 1/(1-e)],\quad \kappa \le (1+e)/(1-e)",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=preconditioner,
    claim=Inequality(conditioned, unbounded="a triangle may make singular values as large as it likes"),
    decisions=("outcome",),
    free={"outcome": "the singular values of A R^{-1} are those of A (-R)^{-1}"},
    saboteurs=(
        saboteur("half of the distortion", claim=Inequality(partial(conditioned, share=0.5))),
        saboteur("R of the first rows", solve=first_rows),
        # as good a preconditioner as the honest one; only the distortion is that of another sketch
        saboteur("R of another sketch", solve=another_sketch),
    ),
)


#: rates are compared step by step, and more steps would compare rounding
STEPS = 6


def path(regression: Regression, rng: np.random.Generator | None = None, *, method: str, R: Any = None) -> np.ndarray:
    """Return the iterates x_0 = 0, x_1, ..., x_6, (7, k), with the last one repeated where the iteration has ended."""
    A, b = regression.matrix, regression.side
    R = preconditioner(regression) if R is None else R
    start = np.zeros(A.shape[1])
    found = sketching.iterates(A, b, R, start, method=method, enough=lambda g, residual: False, max_iter=STEPS)[0]
    return np.array(found + [found[-1]] * (STEPS + 1 - len(found)))


def fine(regression: Regression) -> Regression:
    """Repeat the rows of a regression eight times, with other right-hand sides, and sketch it by a Gaussian matrix."""
    matrix, side = (np.concatenate([x] * 8) for x in (regression.matrix, regression.side))
    side = side + np.sin(np.arange(len(side)))
    return Regression(matrix, side, regression.sketch_size, regression.seed, "gaussian")


# The distortion is about sqrt(k / s), 1/10 with s = 100 k rows of the sketch, well below the 0.29 at which unit steps
# stop converging.
FINE_SKETCHES = Family(
    "fine-sketches",
    always=lambda: (Regression(np.vander(np.linspace(0, 1, 2000), 3), np.exp(np.linspace(0, 3, 2000)), 400),),
    draw=lambda draws: fine(draw_regression(draws, 100)),
)


def not_preconditioned(regression: Regression, rng: np.random.Generator, method: str = "gd") -> np.ndarray:
    """Precondition by R = |A| I, which makes the largest singular value 1 and nothing else."""
    # with |A| for R the iteration converges, so that a claim without a rate would be satisfied
    largest = np.linalg.norm(regression.matrix, 2)
    return path(regression, method=method, R=largest * np.eye(regression.matrix.shape[1]))


def errors(regression: Regression, iterates: np.ndarray) -> np.ndarray:
    """Return |A (x_t - x*)| of each iterate, with x* by a dense solver; a path that starts elsewhere is none."""
    wanted = (STEPS + 1, regression.matrix.shape[1])
    if iterates.shape != wanted or iterates[0].any():
        raise OutcomeError(f"the iterates x_0 = 0, x_1, ..., x_{STEPS} are wanted, of shape {wanted}")
    best = np.linalg.lstsq(regression.matrix, regression.side, rcond=None)[0]
    return np.linalg.norm((iterates - best) @ regression.matrix.T, axis=1)


@formula(e="[0, 1)")
def gradient_rate(e: Numbers) -> Numbers:
    r"""A unit step of preconditioned gradient descent multiplies |A (x_t - x*)| by at most this.

    Proof
    -----
    Assumes: As in `preconditioned_condition`.

    Proof: In y = R x one step multiplies the error by I - Q^T Q with Q = A R^{-1}, and Q (I - Q^T Q) = (I - Q Q^T) Q,
    so \|A (x - x*)\| = \|Q (y - y*)\| is multiplied by the norm of I - Q Q^T on the range of Q. The eigenvalues of Q^T
    Q lie in [(1 + e)^-2, (1 - e)^-2]. As t^-2 is convex, the two ends have a mean of at least 1, so (1 - e)^-2 - 1 is
    the larger term; it is 1 at (1 - e)^-2 = 2.
    """
    above = e * (2 - e) / (1 - e) ** 2  # 1 / (1 - e)^2 - 1 without cancellation, and 1 - 1 / (1 + e)^2
    below = e * (2 + e) / (1 + e) ** 2
    return np.maximum(above, below) if isinstance(e, np.ndarray) else max(above, below)


def slowed_at_rate(regression: Regression, iterates: np.ndarray, share: float = 1.0) -> Sides:
    """Compare each error with a share of rho(e) times the one before."""
    e = distortion_of(regression, sketched(regression))
    found = errors(regression, iterates)
    allowed = regression_rounding(regression) * (1 + np.linalg.norm(regression.side))
    return Sides(found[1:], share * gradient_rate(e) * found[:-1], rounding=allowed)


MC_L2 = Statement(
    id="matrix_completion/MC-L2",
    title="Preconditioned gradient descent with unit steps contracts",
    says="R comes from a sketch of A with a distortion e below 0.29 (MC-L1). A unit step of gradient descent on |A"
    " x - b|^2 / 2 in the variables R x, from x_t to x_{t+1} and first from x_0 = 0, multiplies the error "
    "|A (x_t - x*)| by at most rho(e) = (1-e)^-2 - 1, which is below 1; x* is the least squares solution.",
    source=Derived(gradient_rate),
    tex=r"\|A(x_{t+1} - x^*)\| \le \rho(e) \|A(x_t - x^*)\|",
    hypotheses={"distortion below 0.29": embeds(0.29)},  # 1 - 1 / sqrt 2 is 0.2929; above it rho is 1 or more
    instances=FINE_SKETCHES,
    solve=partial(path, method="gd"),
    claim=Inequality(slowed_at_rate, unbounded="iterates may be anywhere"),
    saboteurs=(
        saboteur("half of the rate", claim=Inequality(partial(slowed_at_rate, share=0.5))),
        saboteur("no preconditioner", solve=not_preconditioned),
        saboteur("steps of two", patch=(sketching.iterates, "1.0 if method", "2.0 if method")),
    ),
)


@formula(e="[0, 1)", t="[0, inf)")
def cg_error_bound(e: Numbers, t: Numbers) -> Numbers:
    r"""After t preconditioned conjugate gradients at most this share of |A (x_0 - x*)| is left.

    Proof
    -----
    Assumes: As in `preconditioned_condition`, and exact arithmetic.

    Proof: Conjugate gradients on Q^T Q, Q = A R^{-1}, multiply the norm \|Q (y - y*)\| by at most 2 ((c - 1) / (c +
    1))^t, where c is the root of the condition number of Q^T Q. By `preconditioned_condition` c <= (1 + e) / (1 - e),
    for which (c - 1) / (c + 1) = e, and the quotient grows with c.
    """
    return 2 * e**t


def conjugate_rate(regression: Regression, iterates: np.ndarray) -> Sides:
    """Compare the error after t steps of conjugate gradients with 2 e^t |A (x_0 - x*)|, for each t."""
    e = distortion_of(regression, sketched(regression))
    found = errors(regression, iterates)
    # from t = 1 on, since at t = 0 the factor is 2 and says nothing
    factors = np.array([cg_error_bound(e, t) for t in range(1, len(found))])
    allowed = regression_rounding(regression) * (1 + np.linalg.norm(regression.side))
    return Sides(found[1:], factors * found[0], rounding=allowed)


MC_L2_CG = Statement(
    id="matrix_completion/MC-L2-cg",
    title="Preconditioned conjugate gradients contract by the distortion",
    says="R comes from a sketch of A with a distortion e below 1 (MC-L1). After t steps of conjugate gradients in "
    "the variables R x at most 2 e^t of the first error |A (x_0 - x*)| is left; x_0 is 0, x_t is the iterate after t "
    "steps, of which six are looked at, and x* is the least squares solution.",
    source=Derived(cg_error_bound),
    tex=r"\|A(x_t - x^*)\| \le 2 e^t \|A(x_0 - x^*)\|",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=partial(path, method="cg"),
    claim=Inequality(conjugate_rate, unbounded="iterates may be anywhere"),
    saboteurs=(
        saboteur("no preconditioner", solve=partial(not_preconditioned, method="cg")),
        saboteur(
            "directions are not made conjugate",
            patch=(sketching.iterates, "after + (after @ after) / (g @ g) * p", "after"),
        ),
    ),
)


@formula(e="[0, 1)")
def tuned_step(e: Numbers) -> Numbers:
    """The best constant step of preconditioned gradient descent.

    Proof
    -----
    Assumes: As in `preconditioned_condition`.

    Proof: A step multiplies the error along an eigenvector of Q^T Q, Q = A R^{-1}, by 1 - step * eigenvalue, and the
    eigenvalues fill at most [(1 + e)^-2, (1 - e)^-2]. The largest absolute value over that interval is smallest where
    the values at its ends are equal and opposite.
    """
    return 2 / (1 / (1 + e) ** 2 + 1 / (1 - e) ** 2)


@formula(e="[0, 1)")
def tuned_gradient_rate(e: Numbers) -> Numbers:
    """A step of length `tuned_step` leaves at most this share of each singular direction, which is below 1.

    Proof
    -----
    Assumes: As in `preconditioned_condition`, with the step of `tuned_step`.

    Proof: With a = (1 + e)^-2 and b = (1 - e)^-2 the factor is (b - a) / (b + a). Multiplied by (1 - e^2)^2, its parts
    are (1 + e)^2 - (1 - e)^2 = 4 e and (1 + e)^2 + (1 - e)^2 = 2 + 2 e^2.
    """
    return 2 * e / (1 + e * e)


def tuned_rate(regression: Regression, R: np.ndarray, share: float = 1.0) -> Sides:
    """Compare the part of each singular direction of A R^{-1} that a tuned step leaves with a share of its rate."""
    values = np.linalg.svd(regression.matrix @ np.linalg.pinv(R, rcond=1e-30), compute_uv=False)
    e = distortion_of(regression, sketched(regression))
    # direction by direction and not along a path, because a path from zero may miss the directions at the ends
    left = np.abs(1 - tuned_step(e) * values**2)
    allowed = regression_rounding(regression) / (1 - e) ** 2
    return Sides(left, np.full(len(left), share * tuned_gradient_rate(e)), rounding=allowed)


MC_L2_TUNED = Statement(
    id="matrix_completion/MC-L2-tuned",
    title="A tuned step contracts for every distortion",
    says="R comes from a sketch of A with a distortion e below 1 (MC-L1). A gradient step of length tau in the "
    "variables R x multiplies the error along singular direction i of A R^{-1}, with singular value sigma_i, "
    "by 1 - tau sigma_i^2, whose size is at most 2e / (1 + e^2), which is below 1.",
    source=Derived(tuned_gradient_rate),
    tex=r"\max_i |1 - \tau \sigma_i(A R^{-1})^2| \le \frac{2e}{1+e^2},\quad \tau = \frac{2}{(1+e)^{-2} + (1-e)^{-2}}",
    hypotheses={"distortion below 1": embeds()},
    instances=REGRESSIONS,
    solve=preconditioner,
    claim=Inequality(tuned_rate, unbounded="a triangle may make singular values as large as it likes"),
    decisions=("outcome",),
    free={"outcome": "the singular values of A R^{-1} are those of A (-R)^{-1}"},
    saboteurs=(
        saboteur("nine tenths of the rate", claim=Inequality(partial(tuned_rate, share=0.9))),
        saboteur("R of the first rows", solve=first_rows),
        saboteur("R of another sketch", solve=another_sketch),
    ),
    notes="Tight: one end of the singular values is attained by the definition of the distortion.",
)


def solved(regression: Regression, rng: np.random.Generator | None = None, **options: Any) -> np.ndarray:
    """Solve the regression by `sketched_lstsq` to a relative accuracy of 1/8."""
    r = regression
    chosen = {"epsilon": 0.125, "sketch_size": r.sketch_size, "kind": r.kind, "rng": r.seed} | options
    return sketched_lstsq(r.matrix, r.side, **chosen).x


def no_iteration(regression: Regression, rng: np.random.Generator) -> np.ndarray:
    """Return the solution of a sketched problem with twice as many rows as unknowns, without an iteration."""
    # This is the classical sketch and solve, whose residual is within a constant factor of the best one and no nearer.
    k = regression.matrix.shape[1]
    whole = np.column_stack([regression.matrix, regression.side])
    small = sketch(whole, 2 * k, kind="gaussian", rng=regression.seed)
    return np.linalg.lstsq(small[:, :k], small[:, k], rcond=None)[0]


@formula(e="[0, inf)", OPT="[0, inf)", sigma="(0, inf)")
def forward_error_bound(e: Numbers, OPT: Numbers, sigma: Numbers) -> Numbers:
    r"""|x' - x*| is at most this where |A x' - b| <= (1 + e) OPT, the least residual; sigma is sigma_min(A).

    Proof
    -----
    Assumes: A has full column rank, which `sigma` above 0 says (checked), and \|A x' - b\| <= (1 + e) OPT, for which
    the caller answers.

    Proof: A x* - b is orthogonal to the range of A, in which A (x' - x*) lies, so \|A x' - b\|^2 = OPT^2 + \|A (x' -
    x*)\|^2. Hence \|A (x' - x*)\|^2 <= ((1 + e)^2 - 1) OPT^2, and \|A (x' - x*)\| >= sigma_min(A) \|x' - x*\|.
    """
    return np.sqrt(inexact(2 * e + e * e)) * OPT / sigma


def accurate(regression: Regression, x: np.ndarray, share: float = 1.0) -> Sides:
    """Compare |A x - b| with (1 + epsilon) OPT, and |x - x*| with the forward bound."""
    A, b, epsilon = regression.matrix, regression.side, 0.125  # coarse, so that a solver may stop long before rounding
    best = np.linalg.lstsq(A, b, rcond=None)[0]
    optimum, smallest = np.linalg.norm(A @ best - b), np.linalg.svd(A, compute_uv=False)[-1]
    forward = forward_error_bound(share * epsilon, optimum, smallest)
    lhs = [np.linalg.norm(A @ x - b), np.linalg.norm(x - best)]
    allowed = regression_rounding(regression) * np.array([1.0, 1 / smallest]) * (1 + np.linalg.norm(b))
    return Sides(lhs, [(1 + share * epsilon) * optimum, forward], rounding=allowed)


MC_L3 = Statement(
    id="matrix_completion/MC-L3",
    title="A small residual means a small error",
    says="x* minimizes |A x - b|, and O = OPT is the minimum. A solution x' whose residual is at most (1+e) O, as "
    "the sketched solver returns it, is at most sqrt(2e + e^2) O / sigma_min(A) away from x*; sigma_min(A) is"
    " the smallest singular value of A.",
    source=Derived(forward_error_bound),
    tex=r"\|Ax' - b\| \le (1+e)O \Rightarrow \|x' - x^*\| \le \sqrt{2e+e^2}\,O/\sigma_{\min}(A),\ O = \mathrm{OPT}",
    hypotheses={"distortion below 1/2": embeds(0.5)},
    instances=FINE_SKETCHES,
    solve=solved,
    claim=Inequality(accurate, unbounded="a solution may be anywhere"),
    saboteurs=(
        saboteur("stops far too early", solve=no_iteration),
        saboteur("one thousandth of epsilon", claim=Inequality(partial(accurate, share=0.001))),
    ),
)
