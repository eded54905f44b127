"""Distances from the hull of the atoms of a Queryable LoRA, with the gap that convexity proves (statement QL-3)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import LARGE, times_identity
from lrtheory.low_rank_adapters.reach.networks import orthonormal_columns
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm, outside_of

__all__ = ["HullBound", "hull_bound", "hull_weights", "narrowed_hull"]

#: ends that differ by this share of the target and the atoms are one: the gap rounds as their squares do
EVEN = 1e-12


class HullBound(NamedTuple):
    """A lower bound on the distance from the hull, and whether the weights that prove it attain it up to rounding."""

    value: float
    exact: bool


def _images(task: NormalizedProblem) -> tuple[np.ndarray, np.ndarray, float]:
    """The images of all atoms and the target, as rows and a vector in an orthonormal basis, and the target's rest."""
    Q, left = np.linalg.qr(task.frozen("B"))
    P, right = np.linalg.qr(task.frozen("A").T)
    inside = Q.T @ task.T @ P
    rest = norm(task.T - (Q @ inside) @ P.T)
    rows = task.adapter.scale * _between(left, task.frozen("atoms"), right.T)
    return rows.reshape(len(rows), -1), inside.ravel(), math.hypot(task.outside, rest)


def narrowed_hull(task: NormalizedProblem) -> NormalizedProblem:
    """Return the task in orthonormal coordinates of the spaces of both factors, which are then identities."""
    (Q, left), (P, right) = (orthonormal_columns(one) for one in (task.frozen("B"), task.frozen("A").T))
    inside = Q.T @ task.T @ P
    outside = outside_of(task.T, inside, lambda: (Q @ inside) @ P.T)
    atoms = _between(left, task.frozen("atoms"), right.T)
    frozen = {"B": np.eye(len(left)), "A": np.eye(len(right)), "atoms": atoms}
    fresh = task._replace(adapter=replace(task.adapter, shape=inside.shape, frozen=frozen)).for_target(inside)
    return fresh._replace(outside=math.hypot(task.outside, outside))


def _between(left: np.ndarray, atoms: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The products left C right for all atoms C; a multiple of the identity is only a number."""
    sizes = times_identity(left), times_identity(right)
    atoms = atoms if sizes[0] else left @ atoms
    atoms = atoms if sizes[1] else atoms @ right
    size = (sizes[0] or 1.0) * (sizes[1] or 1.0)
    return atoms if size == 1 else size * atoms


def hull_bound(task: NormalizedProblem, weights: np.ndarray) -> HullBound:
    """Bound the distance of T from the hull by the weights of one of its points.

    Proof. f(Z) = |T - Z|^2 / 2 is convex, so that f(Y) >= f(Z) + <Z - T, Y - Z> for all Y. Over the hull the least
    value of that is attained at an atom: it is f(Z) - g with g = max_k <T - Z, M_k - Z>.
    """
    rows, t, rest = _images(task)
    left = t - weights @ rows
    square = float(left @ left)
    inner = math.sqrt(max(0.0, square - 2 * _gap(rows - t, weights)))
    size = max(norm(t), float(np.max(np.linalg.norm(rows, axis=1))))
    value, upper = math.hypot(rest, inner), math.hypot(rest, math.sqrt(square))
    return HullBound(value, upper - value <= EVEN * max(size, task.whole))


def _gap(q: np.ndarray, weights: np.ndarray) -> float:
    """The g of a point of the hull of rows from which the target was subtracted: max_k <Z, Z - q_k>, at least 0."""
    Z = weights @ q
    return max(0.0, -float(np.min((q - Z) @ Z)))


def hull_weights(task: NormalizedProblem, given: np.ndarray) -> np.ndarray:
    """The weights of the point of the hull that is nearest to T, or the given ones where their gap is no larger.

    With q_k = M_k - T the nonnegative u that minimizes |sum u_k q_k|^2 + (sum u_k - 1)^2 is a multiple of the weights:
    for u = c w the least value over c is d / (1 + d) with d = |sum w_k q_k|^2, which increases in d. An active set
    finds u, and least squares on the atoms that are in use remove the rounding of its normal equations.
    """
    from scipy.optimize import nnls  # takes long to import

    rows, t, _ = _images(task)
    q = rows - t
    short = q
    if LARGE <= q.shape[0] < q.shape[1]:  # only products of the q_k count, so coordinates in their space serve
        short = np.asarray(np.linalg.qr(q.T, mode="r")).T
    size = float(np.max(np.linalg.norm(q, axis=1)))
    candidates = [given]
    if size:
        table = np.vstack([short.T / size, np.ones(len(q))])
        try:
            u = nnls(table, np.r_[np.zeros(short.shape[1]), 1.0], maxiter=30 * len(q))[0]
        except RuntimeError:  # the number of iterations was reached: what is given has its gap, too
            u = given
        candidates.append(u / u.sum())
        candidates += _polished(short / size, candidates[-1])
    return min(candidates, key=lambda w: _gap(q, w))


def _polished(q: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """The point of the plane through the atoms in use that is nearest to 0, where it is in their hull."""
    used = np.flatnonzero(weights > 0)
    first, rest = used[0], used[1:]
    if not len(rest):
        return []
    moves = np.linalg.lstsq((q[rest] - q[first]).T, -q[first], rcond=None)[0]
    found = np.zeros(len(weights))
    found[rest], found[first] = moves, 1.0 - float(moves.sum())
    return [found] if (found >= 0).all() else []
