r"""The bound optimizer: all assignments move at once to the minimizer of a bound that touches the energy.

With fixed prototypes the energy R_T(Z) = T sum z log z + <A, Z> - (lambda / 2) tr(Z' W Z) has a concave part when W is
psd. Its tangent gives a bound that separates into rows, and the minimizer of each row is a softmax:

.. math:: Z \leftarrow S(Z), \qquad S(Z)_p = \mathrm{softmax}\big( (\lambda (W Z)_p - a_p) / T \big).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lrtheory._array import arrays, real_array, sparse, to_numpy
from lrtheory._result import Result, result
from lrtheory._result.display import bars
from lrtheory._types import Array, ArrayLike, SparseArray
from lrtheory._validation import Words, check_callback, flag, integer, must, real
from lrtheory.transductive_clustering.problem import AssignmentProblem
from lrtheory.transductive_clustering.updates import certificates, dense
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from lrtheory.transductive_clustering.updates.certificates import StationarityCertificate, problem_of
from lrtheory.transductive_clustering.updates.display import certified, draw_energies, rows_of
from lrtheory.transductive_clustering.updates.edges import Mirror, csr_parts, symmetrized
from lrtheory.transductive_clustering.updates.inputs import (
    in_range,
    library_of,
    sparse_affinity,
    step_factor,
    weights,
)
from lrtheory.transductive_clustering.updates.rounding import clamped_labels

__all__ = ["BoundResult", "BoundState", "bound_update"]

STOPPED = "the callback asked to stop"
SUMS = 1e-4  # by which the sum of a row may differ from 1


@result
class BoundState(Result):
    """The state that a callback gets after an update.

    Attributes
    ----------
    assignments : array of shape (N, K) or (E, N, K)
        Z.
    energy : float or array of shape (E,)
        R_T(Z).
    n_iter : int
        Updates so far.
    """

    assignments: Array
    energy: float | Array
    n_iter: int

    def _columns(self) -> dict[str, Any]:
        return rows_of(self.assignments, None, "label")


@result
class BoundResult(Result):
    r"""Assignments of one problem, or of a batch of E.

    Attributes
    ----------
    assignments : array of shape (N, K) or (E, N, K)
        Z, rows in the simplex.
    labels : int array of shape (N,) or (E, N)
        The largest entry of each row, ties to the low label.
    energy : float or array of shape (E,)
        R_T(Z).
    damping : float or array of shape (E,)
        The step factor at the end; below 1 when it had to be shortened, or when the caller did.
    n_iter : int
        The number of updates, in a batch of the problem that took most.
    converged : bool
        Whether energy and assignments stand still, in every problem.
    message : str
        Reason for the end of the run.
    counts : mapping
        ``updates`` is the number of updates in all problems. ``passes`` counts the products W Z, one for a whole batch:
        one more than updates for the energy at the end, one more for each step that was taken again, without the one
        of the certificate. ``flops`` are the multiply-adds over the edges that these need (kernels whose vectors of
        clusters overlap make some twice), ``exponentials`` those of all rows, clamped ones included.
    certificate : StationarityCertificate
        The distance from a fixed point, and what is guaranteed.
    trace : mapping or None
        ``energies`` and ``assignments`` (n_iter + 1, ...) from the start on; ``steps`` \|Z_{i+1} - Z_i\|_F^2 and
        ``damping`` (n_iter, ...).
    """

    assignments: Array
    labels: Array
    energy: float | Array
    damping: float | Array
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]
    certificate: StationarityCertificate
    trace: Mapping[str, Array] | None

    def _columns(self) -> dict[str, Any]:
        return rows_of(self.assignments, None, "label")

    def _facts(self) -> list[str]:
        return [certified(self.certificate), self.message]

    def _draw(self, ax: Any) -> None:
        if self.trace is not None:
            draw_energies(ax, self.trace["energies"], "problem", "update")
            return
        counts = np.bincount(np.asarray(to_numpy(self.labels)).ravel(), minlength=self.assignments.shape[-1])
        bars(ax, [f"label {c}" for c in range(len(counts))], counts, label="points")


@arrays("device")
def bound_update(
    costs: ArrayLike | AssignmentProblem,
    affinity: ArrayLike | SparseArray | None = None,
    *,
    lam: float = 1.0,
    temperature: float = 1.0,
    init: ArrayLike | None = None,
    clamp: ArrayLike | None = None,
    damping: float | str = "auto",
    tol: float = 1e-7,
    max_iter: int = 600,
    callback: Callable[[BoundState], Any] | None = None,
    record: bool = False,
) -> BoundResult:
    r"""Minimize the energy over assignments, with the prototypes fixed.

    Arrays: any (device)

    Parameters
    ----------
    costs : array of shape (N, K) or (E, N, K), or AssignmentProblem
        A; the problems of a batch are solved together, each as if it were alone.
    affinity : array of shape (N, N) or (E, N, N), or sparse array beside NumPy costs
        W. Where it is not symmetric there is no energy that falls; the updates run as they do for symmetric ones. One
        that differs from its transpose by at most 16 rounding errors of its largest entry is symmetric, and its mean
        with it is used.
    lam, temperature : float
        lambda at least 0, and T above 0.
    init : array of shape (N, K) or (E, N, K), or None
        Start, rows in the simplex; None is the softmax of -A / T.
    clamp : int array of shape (N,) or (E, N), or None
        Labels that are clamped; -1 is free.
    damping : "auto", or float in (0, 1]
        The factor t of each step Z + t (S(Z) - Z): 1 takes whole steps, undamped. "auto" does so too, but if one would
        raise the energy, it and all later ones are shortened to min(1, 2 T / (lambda \|lambda_min\|)), with a proved
        bound for lambda_min.
    tol : float
        Stop when the energy changes by at most this, relatively (or by its rounding), and a whole step would move no
        entry of Z by more than its root; with 0 the run goes on until nothing changes.
    max_iter : int
        Largest number of updates.
    callback : callable or None
        Called with a `BoundState` after each update; StopIteration stops the run.
    record : bool
        Keep energies and assignments of every update.

    Returns
    -------
    BoundResult
        In the caller's library. For a symmetric W and "auto" damping its energies never rise.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or out of range, or a start is not in the simplex.
    TypeError
        If an array is not of real numbers, or the callback cannot be called.

    Notes
    -----
    Each whole step lowers the energy by T KL(Z_i || Z_{i+1}) + (lambda / 2) tr(Delta' W Delta) (statement TC-T3),
    which is at least (T + lambda lambda_min / 2) \|Delta\|^2 (statement TC-T5).

    References
    ----------
    .. [1] I. M. Ziko, M. Boudiaf, J. Dolz, E. Granger, I. Ben Ayed, Transductive Few-Shot Learning: Clustering is All
       You Need?, arXiv 2106.09516, 2021.

    Examples
    --------
    >>> W = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> found = bound_update(np.array([[0.0, 1.0], [0.4, 0.5]]), W, lam=1.0)
    >>> found.labels.tolist(), found.converged, found.damping
    ([0, 0], True, 1.0)
    """
    A, W, init, clamp = problem_of(costs, affinity, init, clamp)
    xp, A, (W, mirror) = _checked(A, W, init)
    lam, temperature = weights(lam, temperature, A.dtype)
    in_range(xp, A, W, lam)
    record = flag("record", record)
    tol, max_iter = real("tol", tol, low=0, high=1), integer("max_iter", max_iter, low=0)
    clamped = clamped_labels(to_numpy(clamp), tuple(A.shape[:-1]), A.shape[-1])
    on_device = None if clamp is None else xp.asarray(clamped, device=A.device)
    bound = dense.Bound(A, W, lam, temperature, certificates.free_rows(xp, on_device, A))
    Z = start(xp, bound, init, on_device)
    known = certificates.spectrum_bounds(xp, W, bound.free, mirror)
    factor, safe = step_factors(xp, bound, known, damping)
    options: dict[str, Any] = {"factor": factor, "safe": safe, "tol": tol, "max_iter": max_iter, "record": record}
    options["watch"] = watched(check_callback(callback), A.ndim == 2)
    if sparse.issparse(W):
        options |= {"lam": lam, "temperature": temperature}
        done = sparse_bound.descend_sparse(A, csr_parts(W), Z, clamped, **options)
    else:
        edges = int(xp.sum(xp.astype(W != 0, xp.int64)))
        done = dense.descend(xp, bound, Z, edges=edges, **options)
    proof = certificates.stationarity(done.assignments, A, W, lam, temperature, on_device, known, done.left)
    return _as_result(xp, bound, done, proof, bool(xp.all(known[2])))


def watched(callback: Any, alone: bool) -> Any:
    """Return a function that calls the callback after an update, and tells whether it asked to stop."""
    if callback is None:
        return None

    def watch(Z: Any, value: Any, n_iter: int) -> bool:
        copy = Z.copy() if isinstance(Z, np.ndarray) else Z
        try:
            callback(BoundState(copy, float(value) if alone else value, n_iter))
        except StopIteration:
            return True
        return False

    return watch


def start(xp: Any, bound: dense.Bound, init: Any, clamp: Any) -> Any:
    """Return the first assignments, given or from the costs alone, with clamped rows at their label."""
    costs = bound.costs
    if init is None:
        Z = dense.softmax(xp, -costs, bound.temperature)
    else:
        given = real_array(xp, "init", init, device=costs.device)
        # a run on a sparse affinity copies its start, one on a dense affinity may return it
        Z = xp.astype(given, costs.dtype, copy=not sparse.issparse(bound.affinity))
    if tuple(Z.shape) != tuple(costs.shape):
        raise must("init", f"of shape {tuple(costs.shape)}", tuple(Z.shape))
    if bool(xp.min(Z) < 0):
        raise must("init", "of rows in the simplex, with no entry below 0", float(xp.min(Z)))
    off = float(xp.max(xp.abs(row_sums(xp, Z) - 1)))
    if off > SUMS:
        raise must("init", "of rows with sum 1", Words(f"a row whose sum is off by {off:.3g}"))
    return Z if clamp is None else xp.where(bound.free, Z, dense.one_hot(xp, clamp, costs.shape[-1], costs.dtype))


def row_sums(xp: Any, Z: Any) -> Any:
    """The sums of rows in double precision; NumPy adds up short rows more slowly than it multiplies them by ones."""
    if isinstance(Z, np.ndarray) and Z.dtype == np.float64:
        return Z @ np.ones(Z.shape[-1])
    return xp.sum(Z, axis=-1, dtype=xp.float64)


def step_factors(xp: Any, bound: dense.Bound, known: Any, damping: float | str) -> tuple[Any, Any]:
    """The factor of the first steps, and for "auto" the one that certainly lowers the energy (None: never needed)."""
    if not (isinstance(damping, str) and damping == "auto"):
        return step_factor(damping), None
    lowest, _, symmetric = known
    depth = bound.lam * xp.where(symmetric & (lowest < 0), -lowest, xp.zeros_like(lowest))
    short = depth > 2 * bound.temperature
    safe = xp.where(short, 2 * bound.temperature / xp.where(short, depth, xp.ones_like(depth)), xp.ones_like(depth))
    return 1.0, (safe if bool(xp.any(short)) else None)


def _checked(costs: Any, affinity: Any, init: Any) -> tuple[Any, Any, tuple[Any, Mirror | None]]:
    """Costs, and the `symmetrized` affinity, as floats of one dtype, with shapes that fit."""
    thin = sparse.issparse(affinity)
    xp, device = library_of(costs, None if thin else affinity, init)
    costs = real_array(xp, "costs", costs, device=device)
    if costs.ndim not in (2, 3) or 0 in costs.shape:
        raise must("costs", "of shape (N, K) or (E, N, K) with at least one entry", tuple(costs.shape))
    square = (*costs.shape[:-1], costs.shape[-2])
    if thin and not (isinstance(costs, np.ndarray) and costs.ndim == 2):
        raise must("affinity", "dense for batches and for arrays of other libraries", affinity, TypeError)
    if thin:
        affinity = sparse_affinity(affinity, costs.shape[0], costs.dtype)
    else:
        affinity = xp.astype(real_array(xp, "affinity", affinity, device=costs.device), costs.dtype, copy=False)
    if tuple(affinity.shape) not in (square, square[-2:]):
        raise must("affinity", f"of shape {square}", tuple(affinity.shape))
    if costs.ndim == 3 and affinity.ndim == 2:
        affinity = affinity + xp.zeros((costs.shape[0], 1, 1), dtype=affinity.dtype, device=affinity.device)
    return xp, costs, symmetrized(xp, affinity)


def _as_result(
    xp: Any, bound: dense.Bound, done: dense.Descent, proof: StationarityCertificate, symmetric: bool
) -> BoundResult:
    costs, Z = bound.costs, done.assignments
    alone = costs.ndim == 2
    updates, converged = int(xp.sum(done.n_iter)), bool(xp.all(done.converged))
    labels = xp.argmax(Z, axis=-1)
    counts = {"updates": updates, **done.work._asdict()}
    trace = (
        None if done.trace is None else {name: _stacked(xp, values) for name, values in done.trace.items() if values}
    )
    return BoundResult(
        assignments=Z,
        labels=labels,
        energy=float(done.energy) if alone else done.energy,
        damping=float(done.damping) if alone else done.damping,
        n_iter=int(xp.max(done.n_iter)),
        converged=converged,
        message=_message(xp, done, symmetric),
        counts=counts,
        certificate=proof,
        trace=trace,
    )


def _stacked(xp: Any, values: list[Any]) -> Any:
    return np.asarray(values) if isinstance(values[0], (float, np.ndarray)) else xp.stack(values)


def _message(xp: Any, done: dense.Descent, symmetric: bool) -> str:
    if done.stopped and not bool(xp.all(xp.asarray(done.converged))):
        text = STOPPED
    elif bool(xp.any(xp.asarray(done.cycles))):
        text = "a cycle of two was reached"
    elif bool(xp.all(xp.asarray(done.converged))):
        text = "energy and assignments stand still"
    else:
        text = "max_iter was reached"
    if not symmetric:
        return text + "; the affinity is not symmetric, so no energy is guaranteed to fall"
    return text + "; steps were damped" if bool(xp.any(xp.asarray(done.damping) < 1)) else text
