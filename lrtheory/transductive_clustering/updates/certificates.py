r"""Certificates of a run of updates: its distance to rest, whether its energy can rise, whether it contracts.

With q = lambda \|W\| / (2 T) below 1 there is one fixed point, and a point that the next update moves by g lies within
g / (1 - q) of it. The energy cannot rise when lambda lambda_min(W) >= -2 T.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, beside_jax, sparse, to_numpy
from lrtheory._result import Certificate, Result, result
from lrtheory._types import Array, ArrayLike, SparseArray
from lrtheory._validation import must
from lrtheory.transductive_clustering.problem import AssignmentProblem
from lrtheory.transductive_clustering.updates import dense
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from lrtheory.transductive_clustering.updates.display import certified
from lrtheory.transductive_clustering.updates.edges import (
    ASYMMETRY,
    Mirror,
    csr_parts,
    is_symmetric,
    mirrored,
    sizes_of,
    symmetrized,
    unit_of,
)
from lrtheory.transductive_clustering.updates.inputs import sparse_affinity, weights
from lrtheory.transductive_clustering.updates.rounding import clamped_labels

__all__ = ["MonotoneReport", "StationarityCertificate", "monotone_report"]

POWERS = 4  # of the matrix in the bound on its norm
STATEMENT = "transductive_clustering/TC-T7"
DENSE = 2000  # points up to which all eigenvalues are computed


@result
class StationarityCertificate(Certificate):
    r"""The distance of assignments from a fixed point, and the guarantees of the affinity; one entry per problem.

    Attributes
    ----------
    achieved : float or array of shape (E,)
        \|S(Z) - Z\|_F, how far the next update would move.
    bound : float or array of shape (E,)
        0, which fixed points have and nothing else.
    fixed_point_distance : float or array of shape (E,)
        No fixed point is further from Z than this, when the updates contract: achieved / (1 - contraction); else inf.
    contraction : float or array of shape (E,)
        lambda \|W\| / (2 T), with a proved bound for the norm, see `MonotoneReport`.
    monotone : bool or array of shape (E,)
        Whether a proof holds that whole steps never raise the energy.
    assignments : array of shape (N, K) or (E, N, K)
        Z.
    lam, temperature : float
        lambda and T.
    clamp : int array of shape (N,) or (E, N), or None
        Labels that are clamped.
    """

    achieved: float | Array
    bound: float | Array
    gap: float | Array
    fixed_point_distance: float | Array
    contraction: float | Array
    monotone: bool | Array
    assignments: Array
    lam: float
    temperature: float
    clamp: Array | None

    _statements = (STATEMENT,)

    def _facts(self) -> list[str]:
        return [certified(self)]

    @beside_jax
    def verify(self, problem: AssignmentProblem | tuple[ArrayLike, ArrayLike | SparseArray]) -> bool:
        """Recompute everything from costs, affinity and clamped labels alone.

        Parameters
        ----------
        problem : AssignmentProblem, or pair (costs, affinity) where no label is clamped
            The problem that was solved.

        Returns
        -------
        bool
            Whether the assignments lie in the simplex with the clamped rows at the problem's labels, and all else comes
            out as stated, up to rounding.

        Raises
        ------
        TypeError
            If that is not a problem.
        """
        pair = isinstance(problem, (tuple, list)) and len(problem) == 2
        if not (pair or isinstance(problem, AssignmentProblem)):
            raise must("problem", "an AssignmentProblem or a pair (costs, affinity)", problem, TypeError)
        if not isinstance(problem, AssignmentProblem):
            of_pair: Any = problem
            problem = AssignmentProblem(*of_pair)
        costs, clamp = problem.costs, problem.clamp
        fits = tuple(np.shape(self.assignments)) == tuple(costs.shape) and self._is_sound()
        if not (fits and _same_clamped(clamp, self.clamp, costs.shape[:-1]) and _feasible(self.assignments, clamp)):
            return False
        eps = float(np.finfo(to_numpy(self.assignments).dtype).eps)
        try:
            lam, temperature = weights(self.lam, self.temperature, to_numpy(self.assignments).dtype)
        except (TypeError, ValueError):
            return False
        again = stationarity(self.assignments, costs, problem.affinity, lam, temperature, clamp)
        pairs = ((getattr(self, n), getattr(again, n)) for n in ("achieved", "bound", "contraction"))
        # assignments lie in the simplex, so moves have no other scale; the distance follows from what was just compared
        same = all(_agree(one, other, eps**0.6, 1e3 * eps) for one, other in pairs)
        same = same and _agree(
            self.fixed_point_distance, reach(np, *map(to_numpy, (self.achieved, self.contraction))), eps**0.6, 0.0
        )
        return same and _agree(self.monotone, again.monotone, 0.0, 0.0)


def _agree(one: Any, other: Any, relative: float, absolute: float) -> bool:
    """Whether two numbers or arrays have one shape and, up to rounding, the same entries."""
    one, other = (np.asarray(to_numpy(value), np.float64) for value in (one, other))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=relative, atol=absolute))


def _same_clamped(one: Any, other: Any, shape: Any) -> bool:
    """Whether two sets of clamped labels agree; None clamps nothing."""
    one, other = (np.full(shape, -1) if labels is None else np.asarray(to_numpy(labels)) for labels in (one, other))
    return one.shape == other.shape and bool((one == other).all())


def _feasible(assignments: Any, clamp: Any) -> bool:
    """Whether all rows are in the simplex, and the clamped ones at their labels."""
    Z = np.asarray(to_numpy(assignments))
    if not (Z >= 0).all() or not (np.abs(Z.sum(axis=-1, dtype=np.float64) - 1) <= 1e-4).all():
        return False
    labels = np.full(Z.shape[:-1], -1) if clamp is None else np.asarray(to_numpy(clamp))
    return bool((Z[labels >= 0] == np.eye(Z.shape[-1])[labels[labels >= 0]]).all())


def stationarity(
    Z: Any,
    costs: Any,
    affinity: Any,
    lam: float,
    temperature: float,
    clamp: Any,
    known: Any = None,
    left: float | None = None,
) -> StationarityCertificate:
    """Certify assignments.

    Where the caller has them, ``known`` are the bounds of `spectrum_bounds`, and ``left`` is the squared length of a
    whole step.
    """
    xp = array_namespace(Z)
    if not sparse.issparse(affinity):
        affinity = xp.astype(affinity, Z.dtype)
    free = free_rows(xp, clamp, costs)
    lowest, norm, symmetric = spectrum_bounds(xp, affinity, free) if known is None else known
    if left is not None:
        moved = np.sqrt(left)
    elif sparse.issparse(affinity):
        clamped = clamped_labels(clamp, tuple(costs.shape[:-1]), costs.shape[-1])
        moved = np.sqrt(sparse_bound.squared_step(costs, csr_parts(affinity), Z, clamped, lam, temperature))
    else:
        move = dense.update(xp, dense.Bound(costs, affinity, lam, temperature, free), Z, affinity @ Z) - Z
        moved = xp.sqrt(dense.total(xp, move * move))
    q = lam * norm / (2 * temperature)
    far = reach(xp, moved, q)
    monotone = symmetric & (lam * lowest >= -2 * temperature)
    alone = costs.ndim == 2
    return StationarityCertificate._of(
        float(moved) if alone else moved,
        0.0 if alone else xp.zeros_like(moved),
        STATEMENT,
        fixed_point_distance=float(far) if alone else far,
        contraction=float(q) if alone else q,
        monotone=bool(monotone) if alone else monotone,
        assignments=Z,
        lam=lam,
        temperature=temperature,
        clamp=clamp,
    )


def unmoved(Z: Any, temperature: float) -> StationarityCertificate:
    """Certify assignments that one more update leaves where they are, without a Laplacian term (lambda = 0)."""
    fields = {"contraction": 0.0, "monotone": True, "assignments": Z, "lam": 0.0, "temperature": temperature}
    return StationarityCertificate._of(0.0, 0.0, STATEMENT, fixed_point_distance=0.0, clamp=None, **fields)


def reach(xp: Any, move: Any, contraction: Any) -> Any:
    """Return the largest distance of a fixed point from assignments that the next update moves that far (TC-T7)."""
    inside = contraction < 1
    margin = xp.where(inside, 1 - contraction, xp.ones_like(contraction))
    return xp.where(inside, move / margin, xp.full_like(contraction, np.inf))


def free_rows(xp: Any, clamp: Any, costs: Any) -> Any:
    """Return which rows are free, as a bool array (..., N, 1) on the device of the costs."""
    shape = (*costs.shape[:-1], 1)
    if clamp is None:
        return xp.ones(shape, dtype=xp.bool, device=costs.device)
    return xp.reshape(xp.asarray(clamp, device=costs.device) < 0, shape)


def spectrum_bounds(xp: Any, affinity: Any, free: Any, mirror: Mirror | None = None) -> tuple[Any, Any, Any]:
    r"""Return proved bounds on the spectrum of the free block of W, and whether W is symmetric.

    The first lies below all eigenvalues of the symmetric part of the block, the second is not below its norm. For
    every positive v, \|M\| <= max_p (M v)_p / v_p where M = \|W\|^T \|W\| (Collatz and Wielandt); a few powers of M + 1
    make it nearly equal. Gershgorin's discs of (W + W^T) / 2 know the diagonal, and are better for psd matrices.
    Where the caller has it, ``mirror`` is how a sparse W compares with its transpose.
    """
    if sparse.issparse(affinity):
        return _sparse_bounds(affinity, to_numpy(free)[..., 0], mirror)
    n = affinity.shape[-1]
    weight = xp.astype(free, xp.float64)
    block = xp.astype(affinity, xp.float64) * weight * xp.matrix_transpose(weight)
    largest = xp.max(xp.abs(block), axis=(-2, -1), keepdims=True)
    largest = xp.where(largest > 0, largest, xp.ones_like(largest))
    sizes = xp.abs(block) / largest  # entries up to 1, so that no power leaves the range
    diagonal = xp.sum(block * xp.eye(n, dtype=block.dtype, device=block.device), axis=-1, keepdims=True)
    transposed = xp.matrix_transpose(sizes)
    around = xp.sum(sizes + transposed, axis=-1, keepdims=True) / 2 * largest - xp.abs(diagonal)
    # any positive v gives a bound, so the power iteration may stop after any number of rounds
    v = xp.ones_like(around)
    for _ in range(POWERS):
        Mv = transposed @ (sizes @ v)
        norm = xp.sqrt(xp.max(Mv / v, axis=(-2, -1)))
        v = v + Mv
        v = v / xp.max(v, axis=(-2, -1), keepdims=True)
    norm = norm * largest[..., 0, 0]
    lowest = xp.maximum(xp.min(diagonal - around, axis=(-2, -1)), -norm)
    return lowest, norm, is_symmetric(xp, affinity)


def _sparse_bounds(affinity: Any, free: np.ndarray, mirror: Mirror | None = None) -> tuple[Any, Any, Any]:
    W = affinity if affinity.format == "csr" else sparse.csr_array(affinity)
    if not W.nnz:
        return np.float64(0.0), np.float64(0.0), np.bool_(True)
    mirror, weight = mirror or mirrored(W), free.astype(np.float64)
    there, unit = sizes_of(W), unit_of(mirror.largest)
    high = unit * mirror.largest or 1.0
    back = there if mirror.asymmetry == 0 else sparse.csr_array(there.T)
    diagonal, scaled = mirror.diagonal * weight, unit * weight
    outward, v = weight * (there @ scaled), np.ones(len(free))
    around = outward
    for turn in range(POWERS):
        if turn > 0:
            outward = weight * (there @ (scaled * v))
        Mv = weight * (back @ (unit * outward))
        norm = np.sqrt((Mv / v).max())
        v = v + Mv / high**2  # as if the largest entry were 1
        v /= v.max()
    inward = around if back is there else weight * (back @ scaled)
    lowest = (diagonal - ((around + inward) / 2 / unit - np.abs(diagonal))).min()
    norm = norm / unit
    return max(lowest, -norm), norm, np.bool_(mirror.asymmetry <= ASYMMETRY)


@result
class MonotoneReport(Result):
    r"""Whether the energy can rise: a report on paths of energies, not on an answer, as a `StationarityCertificate` is.

    So it has no gap and no ``verify``: its two bounds are checked by eigenvalues of W, `monotone` by recorded energies.

    Attributes
    ----------
    monotone : bool
        Whether a proof holds that whole steps never raise the energy: W symmetric, lambda `lower_bound` >= -2 T.
    contraction : float
        lambda `norm_bound` / (2 T); below 1 there is one fixed point and a linear rate.
    smallest_eigenvalue, spectral_norm : float
        Extreme eigenvalue and norm of the free block of W (for a directed W the eigenvalue is that of its symmetric
        part); estimates for "lanczos".
    lower_bound, norm_bound : float
        Proved bounds: below every eigenvalue of the symmetric part, and on the norm.
    damping : float
        The longest step factor for which the energy falls: min(1, 2 T / (lambda \|lower_bound\|)).
    largest_lam : float
        The largest weight with whole steps, 2 T / \|lower_bound\|; inf for a psd affinity.
    symmetric : bool
        Whether W is, up to 16 rounding errors of its largest entry.
    method : {"dense", "lanczos"}
        Method of the eigenvalues.
    reason : str
        Reason for the method.
    """

    monotone: bool
    contraction: float
    smallest_eigenvalue: float
    spectral_norm: float
    lower_bound: float
    norm_bound: float
    damping: float
    largest_lam: float
    symmetric: bool
    method: str
    reason: str

    def _facts(self) -> list[str]:
        can = "whole steps never raise the energy" if self.monotone else "the energy may rise with whole steps"
        one = "updates contract to one fixed point" if self.contraction < 1 else "there may be several fixed points"
        return [f"{can} (transductive_clustering/TC-T5); {one} ({STATEMENT})"]


@arrays("host")
def monotone_report(
    affinity: ArrayLike | SparseArray, *, lam: float = 1.0, temperature: float = 1.0, clamp: ArrayLike | None = None
) -> MonotoneReport:
    r"""Decide before a run whether its energy can rise and whether it contracts (statements TC-T5 and TC-T7).

    Arrays: any (copied to the host)

    Parameters
    ----------
    affinity : array or sparse array of shape (N, N)
        W.
    lam, temperature : float
        lambda at least 0, and T above 0.
    clamp : int array of shape (N,), or None
        Labels that are clamped; the free block alone counts (statement TC-S10).

    Returns
    -------
    MonotoneReport
        All eigenvalues up to 2000 points; beyond, bounds for non-negative matrices prove and Lanczos only estimates.

    Raises
    ------
    ValueError
        If the affinity is not square or not finite, or a number is out of range.

    Examples
    --------
    >>> found = monotone_report([[0.0, 1.0], [1.0, 0.0]], lam=2.5)
    >>> found.monotone, found.damping
    (False, 0.8)
    """
    W, mirror = symmetrized(np, sparse_affinity(affinity))
    n = W.shape[0]
    lam, temperature = weights(lam, temperature)
    free = clamped_labels(clamp, (n,), None) < 0
    lower, norm, symmetric = _sparse_bounds(W, free, mirror)
    block = W[free][:, free] if free.any() else sparse.csr_array((1, 1))
    few = block.shape[0] <= DENSE
    smallest, spectral = _all_eigenvalues(block) if few else _lanczos(block)
    if few:  # the bounds without eigenvalues have less rounding, so they decide small cases
        lower = max(lower, smallest - 1e-13 * n * spectral)
        norm = min(norm, spectral * (1 + 1e-13 * n))
    depth = lam * max(0.0, -lower)
    return MonotoneReport(
        monotone=bool(symmetric and depth <= 2 * temperature),
        contraction=float(lam * norm / (2 * temperature)),
        smallest_eigenvalue=float(smallest),
        spectral_norm=float(spectral),
        lower_bound=float(lower),
        norm_bound=float(norm),
        damping=float(min(1.0, 2 * temperature / depth)) if depth > 0 else 1.0,
        largest_lam=float(2 * temperature / -lower) if lower < 0 else float("inf"),
        symmetric=bool(symmetric),
        method="dense" if few else "lanczos",
        reason=f"{block.shape[0]} free points, {'at most' if few else 'more than'} {DENSE}",
    )


def _all_eigenvalues(block: Any) -> tuple[float, float]:
    W = block.toarray()
    return float(np.linalg.eigvalsh((W + W.T) / 2)[0]), float(np.linalg.norm(W, 2))


def _lanczos(block: Any) -> tuple[float, float]:
    from scipy.sparse.linalg import eigsh, svds  # here, so that importing the system stays quick

    # random, since on a regular graph the vector of ones is itself an eigenvector, that of the largest eigenvalue
    start = np.random.default_rng(0).normal(size=block.shape[0])
    smallest = eigsh((block + block.T) / 2, 1, which="SA", v0=start, tol=1e-3, return_eigenvectors=False)
    return float(smallest[0]), float(svds(block, 1, v0=start, tol=1e-3, return_singular_vectors=False)[0])


def problem_of(costs: Any, affinity: Any, init: Any, clamp: Any) -> tuple[Any, Any, Any, Any]:
    """Costs, affinity, start and clamped labels, from a problem or from plain arrays."""
    if isinstance(costs, AssignmentProblem):
        own = costs.costs, costs.affinity, costs.init, costs.clamp
        given = (None, affinity, init, clamp)
        return tuple(b if a is None else a for a, b in zip(given, own, strict=True))  # type: ignore[return-value]
    if affinity is None:
        raise must("affinity", "given beside the costs", None)
    return costs, affinity, init, clamp
