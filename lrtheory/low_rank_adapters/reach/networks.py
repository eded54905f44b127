"""Distances and steps of TeRA, whose trained vectors make a tensor of rank one between frozen factors (statement TE-3).

With orthonormal factors and a core of signs the best vectors are those of the best approximation of rank one of the
tensor C o (U^T D V), which matrices bracket: each way to put its axes into two groups makes one, in which a tensor of
rank one has rank one, too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import significant, times_identity
from lrtheory.low_rank_adapters.kinds.tera import but_identities, times_modes, times_vectors
from lrtheory.low_rank_adapters.reach.entries import best_entries, fitted_entries
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm, outside_of

__all__ = [
    "NetworkBound",
    "best_vector",
    "contracted",
    "narrowed_network",
    "network_bound",
    "orthonormal_columns",
    "split_target",
]

#: axes up to which every way to put them into two groups is tried
AXES = 6


class Split(NamedTuple):
    """A target as ``D`` inside of the spaces of the factors, in coordinates of these, and ``base`` outside of them.

    ``core`` is multiplied by the norms of the columns of factors, and ``low`` and ``high`` are by how much these
    stretch then.
    """

    base: float
    D: np.ndarray
    core: np.ndarray
    low: float
    high: float


class NetworkBound(NamedTuple):
    """A lower bound on the distance, whether it is attained, and the trained vectors of a good update."""

    value: float
    exact: bool
    whole: bool
    vectors: tuple[np.ndarray, ...]


def narrowed_network(task: NormalizedProblem) -> NormalizedProblem:
    """Return the task inside of the spaces of the factors, in orthonormal coordinates.

    Others than TeRA stay, and so does a task whose factors are square and triangular, as they are in such coordinates.
    """
    if task.adapter.kind != "tera" or task.K is not None:
        return task
    modes: list[np.ndarray] = task.adapter._modes()  # type: ignore[attr-defined]
    if all(one.shape[0] == one.shape[1] and (one == np.triu(one)).all() for one in modes):
        return task
    found = [orthonormal_columns(one) for one in modes]
    tensor = task.T.reshape([len(one) for one in modes])
    inside = times_modes(tensor, [Q.T for Q, _ in found])
    thin = any(Q.shape[0] > Q.shape[1] for Q, _ in found)
    base = outside_of(task.T, inside, lambda: _made(inside, found).reshape(task.T.shape)) if thin else 0.0
    names = [name for name in task.adapter.frozen if name != "C"]
    frozen = dict(task.adapter.frozen)
    for name, (_, R) in zip(names, found, strict=True):
        size = times_identity(R)
        frozen[name] = R / size if size else R
        if size:  # a multiple of the identity goes over to the core
            frozen["C"] = frozen["C"] * size
    count = sum(name[0] == "U" for name in names)
    shape = math.prod(inside.shape[:count]), math.prod(inside.shape[count:])
    T = inside.reshape(shape)
    fresh = task._replace(adapter=replace(task.adapter, shape=shape, frozen=frozen)).for_target(T)
    return fresh._replace(outside=math.hypot(task.outside, base))


def _made(inside: np.ndarray, found: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """A tensor from its coordinates."""
    return np.asarray(times_modes(inside, [Q for Q, _ in found]))


def orthonormal_columns(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q and R with orthonormal columns of Q; R is c I where the columns are c times orthonormal ones up to rounding.

    Householder's reflections in doubles leave n sqrt(k) eps in the norm of Q^T Q - I, times a small number (N. J.
    Higham, Accuracy and Stability of Numerical Algorithms, 2002, theorem 19.4), so that a Q of theirs stays as it is.
    """
    eye = np.eye(factor.shape[1])
    size = math.sqrt(float(np.einsum("ij,ij->", factor, factor)) / len(eye))
    Q = factor / (size or 1.0)
    if norm(Q.T @ Q - eye) <= max(factor.shape) * math.sqrt(len(eye)) * np.finfo(float).eps:
        return Q, size * eye
    Q, R = np.linalg.qr(factor)
    return Q, R


def split_target(task: NormalizedProblem) -> Split:
    """Reduce a target to entries with weights: with R = prod R_k it is base + stretched R^-1 T - C o (x_1 x .. x_K)."""
    task = narrowed_network(task)
    modes: list[np.ndarray] = task.adapter._modes()  # type: ignore[attr-defined]
    core: np.ndarray = task.adapter._core()  # type: ignore[attr-defined]
    D, low, high = task.adapter.scale * task.T.reshape([len(one) for one in modes]), 1.0, 1.0
    inverses: list[np.ndarray | None] = []
    for axis, R in enumerate(but_identities(modes)):
        if R is None:
            inverses.append(None)
            continue
        norms = np.sqrt(np.sum(R**2, axis=0))
        norms = np.where(norms > 0, norms, 1.0)
        core = core * norms.reshape([-1 if i == axis else 1 for i in range(core.ndim)])
        U, S, Vt = np.linalg.svd(R / norms, full_matrices=False)
        kept = significant(S, R.shape, float(np.finfo(float).eps))
        low *= float(S[-1]) if kept == R.shape[1] else 0.0
        high *= float(S[0])
        inverses.append((Vt[:kept].T / S[:kept]) @ U[:, :kept].T)
    return Split(task.outside, times_modes(D, inverses), core, low, high)


def network_bound(task: NormalizedProblem) -> NetworkBound:
    """Bound the distance of TeRA by all ways to put the axes of the tensor into two groups, and by the rank."""
    task = narrowed_network(task)
    split = split_target(task)
    long = [axis for axis, size in enumerate(split.D.shape) if size > 1]
    least, exact, vectors = 0.0, False, None
    size = _even(split.core)
    turned = np.where(split.core < 0, -split.D, split.D) if size else None
    for rows in _groups(split, long):
        columns = [axis for axis in range(split.D.ndim) if axis not in rows]
        if turned is not None:
            found = best_entries(_unfolded(turned, rows, columns), size, 1)
        else:
            D, core = (_unfolded(one, rows, columns) for one in (split.D, split.core))
            found = fitted_entries(D, core, 1, eps=task.eps)
        least = max(least, float(found.bound))
        if len(long) <= 2 and found.spread == 1.0:
            exact = True
            vectors = tuple(_only(split, long, rows, found.left[:, 0], found.right[0]))
    even = split.high - split.low <= 64 * max(task.T.shape) * task.eps * split.high
    exact = exact and (even or not split.D.any())
    value = math.hypot(split.base, split.low * math.sqrt(least))
    rank = task.adapter.rank_bound
    if not exact and rank < min(task.T.shape):
        value = max(value, math.hypot(split.base, norm(task.svd().values[rank:])))
    return NetworkBound(value, exact, split.low > 0, vectors if vectors and exact else _start(task, split))


def _even(core: np.ndarray) -> float:
    """The absolute value that all entries have, or 0; the signs then go over to the target."""
    size = np.abs(core)
    least = float(size.min())
    return least if least == float(size.max()) else 0.0


def _groups(split: Split, long: Sequence[int]) -> Iterator[list[int]]:
    """Ways to put the axes that are longer than one into two groups: all, or the simplest ones where there are many."""
    if len(long) < 2:
        yield list(long) or [0]
        return
    first, rest = long[0], long[1:]
    if len(long) <= AXES:
        for size in range(len(rest)):
            yield from ([first, *some] for some in itertools.combinations(rest, size))
        return
    yield from ([axis] for axis in long)


def _unfolded(tensor: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    """The tensor as a matrix whose rows are numbered by some axes."""
    height = math.prod(tensor.shape[axis] for axis in rows)
    return np.ascontiguousarray(tensor.transpose([*rows, *columns])).reshape(height, -1)


def _only(
    split: Split, long: Sequence[int], rows: Sequence[int], left: np.ndarray, right: np.ndarray
) -> Iterator[np.ndarray]:
    """The vectors of all axes, where at most two are longer than one: those of a matrix of rank one."""
    size = float(np.sqrt(norm(right) / norm(left))) if left.any() and right.any() else 1.0
    given = {rows[0]: left * size} | {axis: right / size for axis in long if axis not in rows}
    spare = None if len(given) > 1 else float(right[0] / size)
    for axis in range(split.D.ndim):
        if axis in given:
            yield given[axis]
        else:
            yield np.array([1.0 if spare is None else spare])
            spare = None


def _start(task: NormalizedProblem, split: Split) -> tuple[np.ndarray, ...]:
    """The leading singular vectors of all unfoldings of the target beside the core, times what brings it nearest."""
    squares = split.core**2
    mean = float(np.mean(squares))
    Y = split.D * split.core / np.where(mean > 0, squares + mean, 1.0)
    vectors = [np.linalg.eigh(_gram(Y, axis))[1][:, -1] for axis in range(Y.ndim)]
    made = split.core * times_vectors(np.ones(Y.shape), vectors)
    below = float(np.sum(made**2))
    share = float(np.sum(made * split.D)) / below if below else 0.0
    size = abs(share) ** (1 / len(vectors)) if share else 1.0
    return (math.copysign(size, share) * vectors[0], *(size * one for one in vectors[1:]))


def contracted(tensor: np.ndarray, vectors: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """The sums of a tensor over all axes but one, times the vectors of these."""
    shape = tensor.shape
    before, after = (_product(some) for some in (vectors[:axis], vectors[axis + 1 :]))
    inner = tensor.reshape(-1, len(after)) @ after
    return np.asarray(before @ inner.reshape(len(before), shape[axis]))


def _product(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """All products of an entry of each vector, the last one fastest."""
    found = np.ones(1)
    for vector in vectors:
        found = np.kron(found, vector)
    return found


def _gram(tensor: np.ndarray, axis: int) -> np.ndarray:
    """The products of the slices of a tensor along an axis, whose unfolding is not made where that takes a copy."""
    shape = tensor.shape
    parts = tensor.reshape(math.prod(shape[:axis]), shape[axis], -1)
    if parts.shape[2] == 1:
        return np.asarray(parts[:, :, 0].T @ parts[:, :, 0])
    return np.asarray(np.sum(parts @ parts.transpose(0, 2, 1), axis=0))


def best_vector(
    core: np.ndarray,
    vectors: Sequence[np.ndarray],
    axis: int,
    *,
    modes: Sequence[np.ndarray | None],
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The Gram matrix and the right-hand side of the least squares for one vector, beside all others.

    Parameters
    ----------
    core : array
        The core, with an axis for each vector.
    vectors : sequence of arrays
        The vectors.
    axis : int
        The one that is sought.
    modes : sequence of arrays or None
        The factors; None is the identity.
    wanted : array
        The target as a tensor, times the transpose of the factor along that axis.

    Returns
    -------
    pair of arrays
        The Gram matrix without that of the factor of this axis, and the right-hand side.
    """
    others = [None if k == axis else one for k, one in enumerate(modes)]
    made = times_modes(times_vectors(core, vectors, but=axis), others)
    rest = [k for k in range(core.ndim) if k != axis]
    rows, due = (_unfolded(one, [axis], rest) for one in (made, wanted))
    return rows @ rows.T, np.einsum("ai,ai->a", rows, due)
