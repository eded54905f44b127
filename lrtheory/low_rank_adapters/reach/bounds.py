"""Lower bounds on the distance of a target from all updates that an adapter can make (statement AD-3)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import LARGE, numerical_rank, significant
from lrtheory.low_rank_adapters.reach.entries import fitted_entries
from lrtheory.low_rank_adapters.reach.hulls import hull_bound
from lrtheory.low_rank_adapters.reach.networks import narrowed_network, network_bound
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm, outside_of

__all__ = ["Bound", "lower_bound", "narrowed", "rows_of"]

DOUBLE = float(np.finfo(float).eps)
NAME = "low_rank_adapters/"
#: what bounds rest on, for one kind of adapter or another
STATEMENTS = tuple(NAME + name for name in ("AD-3", "AD-5", "RA-5", "RA-6", "HU-2", "HU-3", "HU-4", "TE-3", "QL-3"))
#: the quotient of eigenvalues up to which a Gram matrix loses nothing that counts
EVEN = 1e4


class Bound(NamedTuple):
    """No values of the trained arrays bring the image nearer to T than ``value``; some do exactly so if ``exact``.

    For entries with weights ``start`` holds the factors of a good Z, which is the best one if the bound is exact; for
    TeRA it holds the trained vectors.
    """

    value: float
    exact: bool
    statement: str
    note: str = ""
    start: tuple[np.ndarray, ...] | None = None


class Rows(NamedTuple):
    """Orthonormal rows that span those of a matrix A = coordinates @ basis, with the nonzero singular values of A."""

    basis: np.ndarray
    coordinates: np.ndarray | None  # None is the identity
    values: np.ndarray
    full: bool

    def extremes(self) -> tuple[float, float]:
        """By how much multiplication by A from the right stretches a row, at least and at most."""
        if not len(self.values):
            return 0.0, 0.0
        return float(self.values[-1]) if self.full else 0.0, float(self.values[0])

    def inverse(self) -> np.ndarray:
        """The pseudo-inverse of A."""
        if self.coordinates is None:
            return self.basis.T
        return self.basis.T @ (self.coordinates / self.values**2).T

    def coefficients(self, inside: np.ndarray) -> np.ndarray:
        """The product of T with the pseudo-inverse of A, from that with the transpose of the basis."""
        return inside if self.coordinates is None else inside @ (self.coordinates / self.values**2).T

    def outside(self, T: np.ndarray, inside: np.ndarray) -> float:
        """The norm of what T has outside of this space, beside its product with the transpose of the basis."""
        if len(self.basis) == self.basis.shape[1]:
            return 0.0
        return outside_of(T, inside, lambda: inside @ self.basis)


def rows_of(A: np.ndarray, eps: float = DOUBLE) -> Rows:
    """The space of the rows of A, whose rank is the number of singular values above max(m, n) eps times the largest."""
    if LARGE <= len(A) <= A.shape[1]:
        gram = A @ A.T
        diagonal = gram.diagonal().copy()
        np.fill_diagonal(gram, diagonal - 1)
        off = norm(gram)
        np.fill_diagonal(gram, diagonal)
        if off <= max(A.shape) * DOUBLE:  # so orthonormal that they are their own basis
            values = np.ones(len(A))
            values[0], values[-1] = 1 + off, 1 - off
            return Rows(A, None, values, True)
        values, U = np.linalg.eigh(gram)
        if 0 < values[-1] <= values[0] * EVEN:  # so that the basis is orthonormal up to rounding
            S, U = np.sqrt(values[::-1]), U[:, ::-1]
            return Rows((U.T @ A) / S[:, None], U * S, S, True)
    U, S, Vt = np.linalg.svd(A, full_matrices=False)
    kept = significant(S, A.shape, eps)
    return Rows(Vt[:kept], U[:, :kept] * S[:kept], S[:kept], kept == len(A))


def narrowed(task: NormalizedProblem) -> NormalizedProblem:
    """Return the task within the spaces of frozen factors of VeRA, RandLoRA or TeRA, outside of which nothing reaches.

    With A = C Q and orthonormal rows Q the loss ||T - M A||^2 is ||T - T Q^T Q||^2 + ||T Q^T - M C||^2. Small tasks,
    and those whose factor has no full rank, stay as they are.
    """
    if task.adapter.kind == "tera":
        return narrowed_network(task)
    if task.adapter.kind == "randlora" and task.K is None and min(task.T.shape) >= LARGE:
        return _narrowed_bases(task)
    if task.adapter.kind != "vera" or task.K is not None or min(task.T.shape) < LARGE:
        return task
    norms = _norms(task.frozen("A"), 1)
    rows = rows_of(task.frozen("A") / norms[:, None])
    if not rows.full:
        return task
    T, frozen, stretch = task.T @ rows.basis.T, dict(task.adapter.frozen), None
    if rows.coordinates is None:
        frozen |= {"A": np.eye(len(norms)), "B": task.frozen("B") * norms}
        stretch = rows.extremes()
    else:
        frozen["A"] = norms[:, None] * rows.coordinates
    fresh = task._replace(adapter=replace(task.adapter, shape=T.shape, frozen=frozen)).for_target(T)
    return fresh._replace(outside=rows.outside(task.T, T), stretch=stretch)


def _narrowed_bases(task: NormalizedProblem) -> NormalizedProblem:
    """A RandLoRA whose bases, side by side, are square: their coordinates in an orthonormal basis of all columns."""
    T = task.T.T if task.adapter.transposed else task.T  # type: ignore[attr-defined]
    side_by_side, norms = _unit_columns(task)
    columns = rows_of(side_by_side.T)
    if not columns.full:
        return task
    inside, stretch = columns.basis @ T, None
    square = np.diag(norms) if columns.coordinates is None else columns.coordinates.T * norms
    if columns.coordinates is None:
        stretch = columns.extremes()
    bases = square.reshape(len(square), -1, task.frozen("bases").shape[2]).transpose(1, 0, 2)
    frozen = dict(task.adapter.frozen) | {"bases": bases}
    adapter = replace(task.adapter, shape=inside.shape, frozen=frozen, transposed=False)  # type: ignore[call-arg]
    fresh = task._replace(adapter=adapter).for_target(inside)
    outside = columns.outside(T.T, inside.T)
    return fresh._replace(outside=math.hypot(task.outside, outside), stretch=stretch)


def _unit_columns(task: NormalizedProblem) -> tuple[np.ndarray, np.ndarray]:
    """The bases of RandLoRA side by side, with columns of length 1, and the lengths that these had."""
    bases = np.moveaxis(task.frozen("bases"), 0, 1)
    side_by_side = bases.reshape(len(bases), -1)
    norms = _norms(side_by_side, 0)
    return side_by_side / norms, norms


def lower_bound(task: NormalizedProblem) -> Bound:
    """The distance of T from all Delta K, or a lower bound on it.

    Proof. For `lora` Delta K runs over all matrices of rank at most r, since the rows of K are independent columns:
    Eckart-Young. `lora-fa` and `lora-xs` are orthogonal projections. The others are in `_entrywise`; a bound on the
    distance of T K^-1 from Delta, where K has an inverse, bounds that of T from Delta K by the smallest singular value
    of K times as much; and no update has a rank above the rank bound.
    """
    adapter, K = task.adapter, task.K
    statement = NAME + "AD-3"
    if adapter.kind == "full":
        return Bound(0.0, True, statement)
    if adapter.kind == "lora":
        values = task.svd()[1]
        note = _tie(values, adapter.rank_bound)
        return Bound(norm(values[adapter.rank_bound :]), True, NAME + ("AD-3" if K is None else "AD-5"), note)
    if adapter.kind in ("lora-fa", "lora-xs"):
        return _projected(task)
    if adapter.kind == "uni-lora":
        values = task.svd()[1]
        return Bound(norm(values[adapter.rank_bound :]), False, statement, "the bound is that of LoRA of the same rank")
    if adapter.kind == "queryable":
        hull = hull_bound(task, np.asarray(task.lowered(task.given)["weights"]))
        return Bound(hull.value, hull.exact, NAME + "QL-3")
    return _network(task) if adapter.kind == "tera" and K is None else _entrywise(task)


def _tie(values: np.ndarray, rank: int) -> str:
    close = rank < len(values) and values[rank - 1] - values[rank] <= 8 * len(values) * DOUBLE * values[0]
    if close and values[rank] > 0:
        return f"singular values {rank} and {rank + 1} are equal, so other adapters are as near"
    return ""


def _projected(task: NormalizedProblem) -> Bound:
    """The distance from the updates whose columns and rows lie in the spaces of the frozen factors."""
    A = task.frozen("A")
    right, left, notes, T = rows_of(A), None, [], task.T
    core = T @ right.basis.T
    if len(right.basis) < len(A):
        notes.append(f"`A` has rank {len(right.basis)} of {len(A)} on the inputs")
    if task.adapter.kind == "lora-xs":
        B = task.frozen("B")
        left = rows_of(B.T)
        core = left.basis @ core
        if len(left.basis) < B.shape[1]:
            notes.append(f"`B` has rank {len(left.basis)} of {B.shape[1]}")
    distance = outside_of(T, core, lambda: (core if left is None else left.basis.T @ core) @ right.basis)
    return Bound(distance, True, NAME + "AD-3", ", ".join(notes))


def _network(task: NormalizedProblem) -> Bound:
    """The distance of TeRA, or a lower bound on it."""
    found = network_bound(task)
    note = "" if found.whole else "the frozen factors are dependent, so the bound counts only rank and subspaces"
    return Bound(found.value, found.exact, NAME + "TE-3", note, found.vectors)


class Blocks(NamedTuple):
    """The distance of T from the updates: ``base`` beside that of D from all W o Z of a rank, which is stretched.

    The stretching is by ``low`` at least and by ``high`` at most.
    """

    base: float
    D: np.ndarray
    W: np.ndarray
    rank: int
    low: float
    high: float


def blocks_of(task: NormalizedProblem) -> Blocks:
    """Reduce a target without data to entries with weights, for the kinds Hadamard, VeRA and RandLoRA.

    Proof. A Hadamard adapter is W o Z itself. The update of VeRA is (B o b d^T) A, and with A0 = A / norms of its rows
    and W = B diag(norms) it is (W o b d^T) A0: what is outside of the rows of A0 is not reached, and inside of them
    right multiplication by A0 stretches by its singular values, if they are as many as its rows. The update of RandLoRA
    is the sum of B_j (A o lambda_j gamma_j^T), for which the same holds from the left with [B_1 ... B_N].
    """
    T = task.T
    if task.adapter.kind == "hadamard":
        return Blocks(0.0, T, task.frozen("W"), task.adapter.params["A"].shape[0], 1.0, 1.0)
    if task.stretch is not None and task.adapter.kind == "vera":
        return Blocks(task.outside, T, task.frozen("B"), 1, *task.stretch)
    if task.stretch is not None:
        W = task.lengths()[:, :, None] * task.frozen("A")
        return Blocks(task.outside, T.reshape(W.shape), W, 1, *task.stretch)
    if task.adapter.kind == "vera":
        norms = _norms(task.frozen("A"), 1)
        A0 = rows_of(task.frozen("A") / norms[:, None])
        inside = T @ A0.basis.T
        outside = math.hypot(task.outside, A0.outside(T, inside))
        return Blocks(outside, A0.coefficients(inside), task.frozen("B") * norms, 1, *A0.extremes())
    N, _, r = task.frozen("bases").shape
    T = T.T if task.adapter.transposed else T  # type: ignore[attr-defined]
    side_by_side, norms = _unit_columns(task)
    columns = rows_of(side_by_side.T)
    inside = T.T @ columns.basis.T
    D = np.ascontiguousarray(columns.coefficients(inside).T).reshape(N, r, -1)
    W = norms.reshape(N, r, 1) * task.frozen("A")
    outside = math.hypot(task.outside, columns.outside(T.T, inside))
    return Blocks(outside, D, W, 1, *columns.extremes())


def _norms(matrix: np.ndarray, axis: int) -> np.ndarray:
    """The norms along an axis, 1 in place of 0."""
    found = np.sqrt(np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", matrix, matrix))
    return np.where(found > 0, found, 1.0)


def _entrywise(task: NormalizedProblem) -> Bound:
    """A lower bound for the kinds that are entries with weights."""
    adapter, T, K = task.adapter, task.T, task.K
    names = {"vera": "AD-3", "randlora": "RA-6", "hadamard": "HU-3"}
    least, note = 0.0, ""
    if adapter.rank_bound < min(T.shape):
        least = norm(task.svd()[1][adapter.rank_bound :])
    if K is not None:
        return _through_inputs(task, least)
    blocks = blocks_of(task)
    shared = task.spectra if adapter.kind == "hadamard" else None  # of the others D depends on the frozen arrays
    found = fitted_entries(blocks.D, blocks.W, blocks.rank, eps=task.eps, spectra=shared)
    inner = blocks.low * math.sqrt(float(np.sum(found.bound)))
    value = math.hypot(blocks.base, inner)
    exact = found.spread == 1.0 and blocks.high - blocks.low <= 64 * max(T.shape) * task.eps * blocks.high
    statement = names[adapter.kind]
    if exact and adapter.kind == "randlora":
        statement = "RA-5"
    elif adapter.kind == "hadamard" and not blocks.W.all():
        statement = "HU-2"
    elif exact and adapter.kind == "hadamard" and numerical_rank(blocks.W) == 1:
        statement = "HU-4"
    if not np.isfinite(found.spread):
        note = "the frozen weights have zeros, so the bound counts only what they cannot reach"
    elif blocks.low == 0:
        note = "the frozen bases are dependent, so the bound counts only what is outside of them"
    start = found.left, found.right
    if least > value and not exact:
        return Bound(least, False, NAME + "AD-3", note, start)
    return Bound(value, exact, NAME + statement, note, start)


def _through_inputs(task: NormalizedProblem, known: float) -> Bound:
    """A lower bound for data: that of the rank, or the one for T K^-1, if K has an inverse."""
    T, K = task.T, task.K
    assert K is not None
    inner = lower_bound(task.for_target(T @ (K / np.sum(K**2, axis=0)).T))
    if K.shape[0] > K.shape[1]:
        note = "" if known else "the inputs do not span their space"
        return Bound(known, False, NAME + "AD-3", note, inner.start)
    value = float(np.linalg.svd(K, compute_uv=False)[-1]) * inner.value
    if known > value:
        return Bound(known, False, NAME + "AD-3", inner.note, inner.start)
    return Bound(value, False, inner.statement, inner.note, inner.start)
