"""Lower bounds on the distance of a target from all updates that an adapter can make (statement AD-3)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import numerical_rank
from lrtheory.low_rank_adapters.reach.entries import fitted_entries
from lrtheory.low_rank_adapters.reach.hulls import hull_bound
from lrtheory.low_rank_adapters.reach.networks import network_bound
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm, outside_of
from lrtheory.low_rank_adapters.reach.spaces import lengths_of, rows_of, unit_columns

__all__ = ["Bound", "lower_bound"]

DOUBLE = float(np.finfo(float).eps)
NAME = "low_rank_adapters/"
#: what bounds rest on, for one kind of adapter or another
STATEMENTS = tuple(NAME + name for name in ("AD-3", "AD-5", "RA-5", "RA-6", "HU-2", "HU-3", "HU-4", "TE-3", "QL-3"))


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
        values = task.svd().values
        note = _tie(values, adapter.rank_bound)
        return Bound(norm(values[adapter.rank_bound :]), True, NAME + ("AD-3" if K is None else "AD-5"), note)
    if adapter.kind in ("lora-fa", "lora-xs"):
        return _projected(task)
    if adapter.kind == "uni-lora":
        values = task.svd().values
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
        norms = lengths_of(task.frozen("A"), 1)
        A0 = rows_of(task.frozen("A") / norms[:, None])
        inside = T @ A0.basis.T
        outside = math.hypot(task.outside, A0.outside(T, inside))
        return Blocks(outside, A0.coefficients(inside), task.frozen("B") * norms, 1, *A0.extremes())
    N, _, r = task.frozen("bases").shape
    T = T.T if task.adapter.transposed else T  # type: ignore[attr-defined]
    side_by_side, norms = unit_columns(task)
    columns = rows_of(side_by_side.T)
    inside = T.T @ columns.basis.T
    D = np.ascontiguousarray(columns.coefficients(inside).T).reshape(N, r, -1)
    W = norms.reshape(N, r, 1) * task.frozen("A")
    outside = math.hypot(task.outside, columns.outside(T.T, inside))
    return Blocks(outside, D, W, 1, *columns.extremes())


def _entrywise(task: NormalizedProblem) -> Bound:
    """A lower bound for the kinds that are entries with weights."""
    adapter, T, K = task.adapter, task.T, task.K
    names = {"vera": "AD-3", "randlora": "RA-6", "hadamard": "HU-3"}
    least, note = 0.0, ""
    if adapter.rank_bound < min(T.shape):
        least = norm(task.svd().values[adapter.rank_bound :])
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
