r"""The alternation solves for columns, rows, columns, rows, with the fixed factor made orthonormal each time.

.. math:: V \leftarrow Q R, \quad U \leftarrow U R^\top, \quad V \leftarrow Q : \qquad U V^\top \text{ stays as it is,}

so that the inner iteration starts where the last half-step has ended: without the factor R^T its start would belong to
another basis, and the objective could rise (statement MC-L7). Inner accuracy is a share of the smallest residual so
far: a half-step tolerates an inner error that is small against the distance that is left (MC-D2), and a fixed number of
inner steps stalls, silently, where singular values differ much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lrtheory.matrix_completion import half_steps, theory
from lrtheory.matrix_completion.alternation.offsets import Centered, Offsets
from lrtheory.matrix_completion.alternation.result import CompletionState
from lrtheory.matrix_completion.problem import Observations

__all__ = ["Outcome", "Setting", "rotated", "run"]

PATIENCE = 3  # iterations in a row above the smallest held-out error, after which that error counts as risen
STOPPED = "the callback asked to stop"
LIMIT = "max_iter was reached"


class Setting(NamedTuple):
    """The checked options of `complete` that the alternation reads; `ridge` is divided by the unit of the values."""

    method: str
    ridge: float
    inner_tol: float
    max_inner_iter: int
    tol: float
    max_iter: int
    n_threads: int
    rng: np.random.Generator


class Outcome(NamedTuple):
    """The factors at which a run has ended, for values divided by their unit, and what the run reports."""

    U: np.ndarray
    V: np.ndarray
    n_iter: int
    converged: bool
    message: str
    counts: dict[str, int]
    trace: dict[str, list[float]]


def rotated(fixed: np.ndarray, moving: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Rewrite the product of two factors so that the fixed one has orthonormal columns; with a ridge, orthogonal ones.

    Orthonormal columns make the regressions well conditioned (statement MC-W1). A ridge is a penalty on the lengths of
    the factors, which only rotations keep; they diagonalize F^T F, for which a Jacobi preconditioner is made.
    """
    if ridge > 0:
        W = np.linalg.eigh(fixed.T @ fixed)[1]
        return fixed @ W, moving @ W
    Q, R = np.linalg.qr(fixed)
    moved = moving @ R.T
    return Q, moved


def run(
    samples: Iterator[Observations],
    start: tuple[np.ndarray, np.ndarray],
    setting: Setting,
    centered: Centered,
    *,
    error: Callable[[Offsets, np.ndarray, np.ndarray], float] | None = None,
    callback: Callable[[CompletionState], object] | None = None,
) -> Outcome:
    """Alternate until the residual, its change, the held-out error or the callback says stop.

    Each half-step takes the next sample; without splitting that is `centered`, whose biases are fitted again after each
    iteration. `error` maps biases and two factors to their root mean square error on held-out observations.
    """
    factors = [start[0], start[1]]
    best, smallest, relative, message, converged = _Best(error), 1.0, math.inf, LIMIT, False
    counts: dict[str, int] = {}
    trace: dict[str, list[float]] = {"residual": [], "inner_iterations": [], "imbalance": []}
    n_iter = 0
    while n_iter < setting.max_iter and not converged:
        n_iter, before = n_iter + 1, relative
        inner = counts.get("inner_iterations", 0)
        for axis in (1, 0):  # the columns first: of a start only the left factor need be good
            accuracy = setting.inner_tol * smallest
            relative = _half_step(next(samples), factors, axis, accuracy, setting, counts)
            smallest = min(smallest, relative)
        centered.refit(*factors)
        if math.isfinite(before) and relative > 0:  # with noise the residual stays, and the steps must still get finer
            smallest = min(smallest, abs(before - relative) / relative)
        trace["residual"].append(relative)
        trace["inner_iterations"].append(counts["inner_iterations"] - inner)
        trace["imbalance"].append(theory.imbalance(*factors))
        rmse = best.update(centered.offset, *factors)
        if callback is not None:
            try:
                callback(CompletionState(factors[0].copy(), factors[1].copy(), relative, rmse, n_iter))
            except StopIteration:
                message = STOPPED
                break
        if relative <= setting.tol:
            message, converged = "the residual on the sample is below the tolerance", True
        elif abs(before - relative) <= setting.tol * relative:
            message, converged = "the residual on the sample no longer changes", True
        elif best.has_risen:
            message, converged = "the held-out error no longer falls", True
    if error is not None:
        trace["validation"] = best.errors
        if best.kept is not None:
            offset, factors = best.kept
            centered.restore(offset)
    return Outcome(factors[0], factors[1], n_iter, converged, message, counts, trace)


def _half_step(
    seen: Observations, factors: list[np.ndarray], axis: int, accuracy: float, setting: Setting, counts: dict[str, int]
) -> float:
    """Replace factor number `axis` by its regressions on a sample, and add what they cost to `counts`.

    Returns the relative residual of the factors before, which the kernels compute on the way.
    """
    lines, k = (seen.by_row, seen.by_col)[axis], factors[axis].shape[1]
    fixed, moving = rotated(factors[1 - axis], factors[axis], setting.ridge)
    found = half_steps.regress(
        lines,
        fixed,
        moving,
        method=setting.method,
        rng=setting.rng,
        ridge=setting.ridge,
        tol=accuracy,
        max_inner_iter=setting.max_inner_iter,
        n_threads=setting.n_threads,
    )
    factors[1 - axis], factors[axis] = fixed, found.factor
    for name, value in half_steps.work(lines, k, setting.method, found).items():
        counts[name] = counts.get(name, 0) + value
    size = float(np.linalg.norm(lines.values.astype(np.float64, copy=False)))
    return math.sqrt(float(found.squares.sum())) / size if size > 0 else 0.0


class _Best:
    """The biases and factors with the smallest held-out error so far, and all errors."""

    def __init__(self, error: Callable[[Offsets, np.ndarray, np.ndarray], float] | None) -> None:
        self.error = error
        self.errors: list[float] = []
        self.kept: tuple[Offsets, list[np.ndarray]] | None = None

    def update(self, offset: Offsets, U: np.ndarray, V: np.ndarray) -> float | None:
        """Return the held-out error of these factors, and keep them when it is the smallest."""
        if self.error is None:
            return None
        self.errors.append(self.error(offset, U, V))
        if self.errors[-1] <= min(self.errors):
            self.kept = offset, [U.copy(), V.copy()]
        return self.errors[-1]

    @property
    def has_risen(self) -> bool:
        """Decide whether the last few errors are all above the best one."""
        return len(self.errors) > PATIENCE and min(self.errors[-PATIENCE:]) > min(self.errors)
