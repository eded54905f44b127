r"""One half-step of alternating minimization: all regressions of one side, with the other factor fixed.

.. math:: v_j = \arg\min_v \sum_{i \in \Omega^j} (u_i^\top v - M_{ij})^2 + \lambda \|v\|^2 , \qquad j = 1, \dots, n.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._parallel import n_threads
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, generator, integer, real, refuse_unused
from lrtheory.matrix_completion import problem, sketching, theory
from lrtheory.matrix_completion.entries.compressed import Compressed
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.entries.regressions.kernels import Regressions
from lrtheory.matrix_completion.entries.scaling import LARGEST_RIDGE, scaled, scaled_weight, unit_of
from lrtheory.matrix_completion.problem import Data

__all__ = ["HalfStep", "half_step"]

#: the options of `half_step` that each method reads, beside those that all do
OPTIONS: dict[str, set[str]] = {
    "auto": {"max_inner_iter", "n_jobs"},
    "exact": {"n_jobs"},
    "cg": {"max_inner_iter", "n_jobs"},
    "sketch": {"max_inner_iter"},
}
MAX_INNER_ITER = 60  # largest number of inner steps of a line, unless the caller says otherwise
#: rank above which three or four steps of conjugate gradients, 4 k operations per entry and step, take less time than a
#: Gram matrix, k (k + 1) operations per entry: measured, 2 % more at rank 8 and 15 to 20 % less at ranks 10 to 12
CROSSOVER = 8


@result
class HalfStep(Result):
    r"""The factor that a half-step has found, with the accuracy that each line has reached.

    Attributes
    ----------
    factor : array of shape (lines, k)
        One solution for each line; lines without observations are 0.
    residuals : array of shape (lines,)
        Norm of the residual of the normal equations of each line, relative to \|P^T x\|. For exact solutions it is
        measured afterwards, and is their rounding; that measurement is not in the counts.
    max_residual : float
        The largest one.
    squares : float
        Sum of squared errors on the sample of the fixed factor with `init`, before the half-step.
    method, reason : str
        The method used, and why.
    n_iter : int
        The largest number of inner steps of a line.
    converged : bool
        Whether every line has reached the tolerance.
    message : str
        Lines that have too few observations to be determined.
    counts : mapping
        ``flops``, ``inner_iterations``, ``regressions``, ``undetermined``.
    """

    factor: np.ndarray
    residuals: np.ndarray
    max_residual: float
    squares: float
    method: str
    reason: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]


def half_step(
    data: Data,
    F: ArrayLike,
    *,
    axis: Literal[0, 1] = 0,
    init: ArrayLike | None = None,
    method: Literal["auto", "exact", "cg", "sketch"] = "exact",
    ridge: float = 0.0,
    tol: float = 1e-10,
    max_inner_iter: int | None = None,
    n_jobs: int | None = None,
    rng: Rng = None,
) -> HalfStep:
    r"""Solve for the factor of the rows (or of the columns), given the other one.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    F : array of shape (n, k) for axis 0, (m, k) for axis 1
        The fixed factor.
    axis : {0, 1}
        0 solves for the m rows, 1 for the n columns.
    init : array of shape (lines, k), or None
        Start of the inner iteration, whose sum of squares on the sample is reported for every method; None is 0.
    method : {"auto", "exact", "cg", "sketch"}
        "exact" solves the normal equations by Cholesky, "cg" takes conjugate gradients from `init`, and "sketch"
        preconditions these by a random sketch of each panel (see `sketched_lstsq`). "auto" is "exact" up to rank 8
        and "cg" above.
    ridge : float
        lambda, at least 0, in units of the squares of `F`.
    tol : float
        Relative accuracy of the normal equations of each line, in [0, 1]; "exact" only compares its rounding with it.
    max_inner_iter : int or None
        Largest number of inner steps, not for "exact"; None is 60. 0 returns `init`, except in lines with fewer than
        k entries or of zeros alone.
    n_jobs : int or None
        Threads, not for "sketch"; None means 1, -1 all processors. The result does not depend on it.
    rng : Generator, int or None
        Source of the sketches; the other methods draw nothing.

    Returns
    -------
    HalfStep
        `factor` (lines, k), `residuals` (lines,), and what it cost.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, or an option is given that the method does not read.

    Notes
    -----
    Let M = U* S V*^T be seen without noise and F be orthonormal with D = F^T U* (for ``axis=1``). The exact solution is
    V* S D^T - G, G the error that the sample causes (statement MC-D1, `theory.driving_error`). With an inner error E
    the distance d to the column space becomes at most (\|G\| + \|E\|) / (s_k sqrt(1 - d^2) - \|G\| - \|E\|)
    (MC-D2); G = 0 where everything is seen (MC-D3). A line with fewer than k observations and no ridge has an affine
    space of solutions; the shortest is returned (MC-L10). An exact half-step of m lines costs 6 \|Omega\| k +
    \|Omega\| k (k + 1) + m (k (k + 1) (2 k + 1) / 6 + 2 k^2) operations (MC-T1-flops).

    Examples
    --------
    >>> M = np.outer([1.0, 2.0], [3.0, 4.0])
    >>> half_step(M, np.array([[0.6], [0.8]]), axis=0).factor.ravel().round(12).tolist()
    [5.0, 10.0]
    """
    seen = problem.as_observations(data)
    side = choice("axis", axis, (0, 1))
    # Values and fixed factor are brought to sizes near 1, so that no square overflows; the factor that is found is
    # divided by one unit and multiplied by the other in the end.
    unit = unit_of(seen.values)
    values = scaled(seen, unit)
    lines = (values.by_row, values.by_col)[side]
    fixed = array("F", F, shape=(seen.shape[1 - side], None))
    length = unit_of(fixed)  # unit of the fixed factor; the other one is found in units of the values over this one
    fixed = (fixed / length).astype(lines.values.dtype)
    k = integer("F.shape[1]", fixed.shape[1], low=1)
    start = np.zeros((lines.n_lines, k)) if init is None else array("init", init, shape=(lines.n_lines, k))
    start = start / unit * length
    choice("method", method, OPTIONS)
    ridge, tol = real("ridge", ridge, low=0, high=LARGEST_RIDGE), real("tol", tol, low=0, high=1)
    steps = integer("max_inner_iter", MAX_INNER_ITER if max_inner_iter is None else max_inner_iter, low=0)
    threads = n_threads(n_jobs)
    refuse_unused(method, OPTIONS[method], max_inner_iter=(max_inner_iter, None), n_jobs=(n_jobs, None))
    used = chosen(method, k)
    ridge = scaled_weight(scaled_weight(ridge, length), length)  # it is added to squares of the fixed factor
    found = regress(
        lines,
        fixed,
        start,
        method=used,
        ridge=ridge,
        tol=tol,
        max_inner_iter=steps,
        n_threads=threads,
        rng=generator(rng),
    )
    if used == "exact":
        found = found._replace(residuals=kernels.gradients(lines, fixed, found.factor, ridge))
    few = int((lines.degrees < k).sum()) if ridge == 0 else 0
    worst = float(found.residuals.max())
    return HalfStep(
        factor=(found.factor.astype(np.float64) * unit / length).astype(found.factor.dtype),
        residuals=found.residuals,
        max_residual=worst,
        squares=float(found.squares.sum()) * unit * unit,
        method=used,
        reason=reason(method, k),
        n_iter=int(found.steps.max()),
        converged=worst <= tol,
        message=f"{few} lines have fewer than {k} observations; they get the shortest solution" if few else "",
        counts={**work(lines, k, used, found), "undetermined": few},
    )


def regress(
    lines: Compressed,
    F: np.ndarray,
    init: np.ndarray,
    *,
    method: str,
    ridge: float,
    tol: float,
    max_inner_iter: int,
    n_threads: int,
    rng: np.random.Generator,
) -> Regressions:
    """Solve the regressions of all lines of one side by one method; inputs are divided by their units."""
    inner: dict[str, Any] = {"tol": tol, "max_inner_iter": max_inner_iter}
    if method == "sketch":
        return sketched_lines(lines, F, init, ridge=ridge, rng=rng, **inner)
    if method == "cg":
        return kernels.conjugate_gradients(lines, F, init, ridge=ridge, n_threads=n_threads, **inner)
    return kernels.normal_equations(lines, F, init, ridge=ridge, n_threads=n_threads)


def sketched_lines(
    lines: Compressed, F: np.ndarray, init: np.ndarray, *, ridge: float, tol: float, max_inner_iter: int, rng: Any
) -> Regressions:
    """Solve all regressions of one side, each with a sketch of 4 k rows of its own; for theory, not for speed."""
    n, k = lines.n_lines, F.shape[1]
    iterate = partial(sketching.iterates, method="cg", max_iter=max_inner_iter)
    work = Regressions(np.array(init, dtype=np.float64), np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))
    # a ridge is k more rows of the panel, sqrt(ridge) I, with right-hand sides 0
    weight = np.sqrt(ridge) * np.eye(k) if ridge > 0 else np.empty((0, k))
    for i in range(n):
        here = slice(lines.starts[i], lines.starts[i + 1])
        panel, x = F[lines.indices[here]].astype(np.float64), lines.values[here].astype(np.float64)
        work.squares[i] = np.sum((x - panel @ work.factor[i]) ** 2)
        if len(x) < k and ridge == 0:  # not determined: the shortest solution (statement MC-L10)
            work.factor[i] = kernels.least_norm(panel, x) if len(x) else 0
            continue
        A, b = np.concatenate([panel, weight]), np.concatenate([x, np.zeros(len(weight))])
        R, scale = sketching.triangle(A, 4 * k, "countsketch", rng), np.linalg.norm(A.T @ b)
        if scale == 0:  # zero is optimal, and no relative residual says so
            work.factor[i] = 0
            continue
        # where the sketch has lost rank, R of A itself
        R = sketching.precondition(A, len(A), "countsketch", rng) if R is None else R

        # A and the tolerance are defaults because a closure would read those of a later line
        def enough(g: np.ndarray, residual: np.ndarray, A: np.ndarray = A, small: Any = tol * scale) -> bool:
            return bool(np.linalg.norm(A.T @ residual) <= small)

        found, residual, _g = iterate(A, b, R, work.factor[i], enough=enough)
        work.factor[i], work.steps[i] = found[-1], len(found) - 1
        work.residuals[i] = np.linalg.norm(A.T @ residual) / scale
    return work._replace(factor=work.factor.astype(lines.values.dtype))


def chosen(method: str, rank: int) -> str:
    """Return the method, with "auto" decided by the rank."""
    return ("exact" if rank <= CROSSOVER else "cg") if method == "auto" else method


def reason(method: str, rank: int) -> str:
    """Say why `chosen` takes that method."""
    if method != "auto":
        return "asked for"
    return f"rank {rank} is {'at most' if rank <= CROSSOVER else 'above'} {CROSSOVER}"


def work(lines: Compressed, rank: int, method: str, found: Regressions) -> dict[str, int]:
    """Count the operations of a half-step by the formulas of `theory.half_step_flops`."""
    seen, inner, weighted = int(np.count_nonzero(lines.degrees)), 0, 0
    if method != "exact":
        inner, weighted = int(found.steps.sum()), int(lines.degrees @ found.steps)
    return {
        "flops": theory.half_step_flops(
            int(lines.starts[-1]), seen, rank, method=method, inner_steps=inner, inner_entries=weighted
        ),
        "inner_iterations": inner,
        "regressions": seen,
    }
