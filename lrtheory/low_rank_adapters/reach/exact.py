"""Trained arrays in closed form: the best ones where these are known, and good starts elsewhere."""

from __future__ import annotations

import numpy as np

from lrtheory.low_rank_adapters.reach.bounds import Bound
from lrtheory.low_rank_adapters.reach.normalized import NormalizedProblem, norm
from lrtheory.low_rank_adapters.reach.spaces import rows_of

__all__ = ["closed_form", "grouped", "truncated"]

Params = dict[str, np.ndarray]


def closed_form(task: NormalizedProblem, bound: Bound) -> Params:
    """Trained arrays from one decomposition: those of least norm among the best for LoRA and its frozen forms.

    LoRA for data is reduced-rank regression (statement AD-5): the truncated fitted values, times the pseudo-inverse of
    the inputs. The start of Uni-LoRA are balanced factors of LoRA, whose entries are averaged over groups (statement
    UL-2). The others start at their entries with weights, which is their best value where the bound is attained.
    """
    kind, sign = task.adapter.kind, task.adapter.scale
    if kind in ("lora", "uni-lora"):
        B, A = truncated(task)
        return {"B": sign * B, "A": A} if kind == "lora" else grouped(task, sign * B, A)
    if kind == "full":
        return {"D": sign * _back(task, task.T)}
    if kind == "lora-fa":
        return {"B": sign * task.T @ rows_of(task.frozen("A"), task.eps).inverse()}
    if kind == "lora-xs":
        left, right = rows_of(task.frozen("B").T, task.eps), rows_of(task.frozen("A"), task.eps)
        return {"R": sign * left.inverse().T @ task.T @ right.inverse()}
    assert bound.start is not None
    if kind == "tera":
        return dict(zip(task.adapter.params, bound.start, strict=True))
    return _from_entries(task, *bound.start)


def _back(task: NormalizedProblem, Z: np.ndarray) -> np.ndarray:
    """The matrix of least norm whose product with K is Z; the columns of K are orthogonal and not 0."""
    return Z if task.K is None else Z @ (task.K / np.sum(task.K**2, axis=0)).T


def truncated(task: NormalizedProblem) -> tuple[np.ndarray, np.ndarray]:
    """Factors, of one norm, of the best matrix of the rank, with zeros where the rank exceeds a side."""
    m, n = task.adapter.shape
    rank = task.adapter.factors()[1].shape[0]  # type: ignore[attr-defined]
    S = task.svd().values
    kept = min(rank, len(S))
    U, Vt = task.svd().leading(kept)
    B, A = np.zeros((m, rank)), np.zeros((rank, n))
    B[:, :kept] = U * np.sqrt(S[:kept])
    A[:kept] = _back(task, np.sqrt(S[:kept])[:, None] * Vt)
    even = np.sqrt(norm(A) / norm(B)) if B.any() else 1.0
    return B * even, A / even


def grouped(task: NormalizedProblem, B: np.ndarray, A: np.ndarray) -> Params:
    """The vector of Uni-LoRA whose factors are nearest to B and A: weighted means of the groups (statement UL-2)."""
    assignment = task.frozen("assignment")
    roots = np.sqrt(np.maximum(task.frozen("sizes"), 1.0))
    entries = np.concatenate([A.ravel(), B.ravel()])
    sums = np.bincount(assignment, entries, len(roots))
    return {"theta": roots * sums / np.maximum(np.bincount(assignment, minlength=len(roots)), 1)}


def _from_entries(task: NormalizedProblem, left: np.ndarray, right: np.ndarray) -> Params:
    """The trained arrays of the kinds that are entries with weights, of equal norms on both sides."""
    heavy = np.sqrt(np.sum(left**2, axis=-2, keepdims=True))
    light = np.swapaxes(np.sqrt(np.sum(right**2, axis=-1, keepdims=True)), -1, -2)
    even = np.sqrt(np.divide(light, heavy, out=np.ones(heavy.shape), where=heavy * light > 0))
    left, right = task.adapter.scale * left * even, right / np.swapaxes(even, -1, -2)
    if task.adapter.kind == "hadamard":
        rank = task.adapter.params["A"].shape[0] - left.shape[-1]  # the rank may exceed a side
        return {"B": np.pad(left, ((0, 0), (0, rank))), "A": np.pad(right, ((0, rank), (0, 0)))}
    if task.adapter.kind == "vera":
        return {"b": left[:, 0], "d": right[0]}
    return {"lambdas": left[..., 0], "gammas": right[..., 0, :]}
