"""Bounds on the error before anything is compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.units import scaled
from lrtheory._validation import Words, choice, integer, is_iterable, must, refuse_unused
from lrtheory.matrix_compression.stacks.inputs import Blocks, Stream
from lrtheory.matrix_compression.stacks.interval import ErrorInterval, interval_of
from lrtheory.matrix_compression.stacks.measuring import spectra_of
from lrtheory.matrix_compression.stacks.trees import Plan, sketch_of
from lrtheory.matrix_compression.theory import (
    largest_alone_bound,
    residual_bound,
    superadditive_floor,
    tail_energy,
    union_bound,
)

__all__ = ["error_bounds"]

#: a direction counts as new if it is this large beside the block that brings it
NEW = 2.0**-40


@arrays("host")
def error_bounds(
    blocks: Blocks,
    rank: int | None = None,
    *,
    method: Literal["spectra", "sketch", "gram", "weyl", "residual"] = "spectra",
    groups: Sequence[Sequence[int]] | int | None = None,
) -> ErrorInterval:
    r"""Bracket the relative error of the best common basis of rank r.

    Parameters
    ----------
    blocks : sequence or stream of arrays of shape (m, n_k), array of shape (K, m, n), callable, or StackProblem
        The matrices that stand side by side.
    rank : int or None
        r, at least 0 and at most the number of rows; None takes that of the problem.
    method : {"spectra", "sketch", "gram", "weyl", "residual"}
        "spectra" factors each group of blocks alone (statements CM-14 and CM-12). "sketch" and "gram" read the stack
        once, as `StackSketch` does; "gram" is exact. "weyl" takes the best group alone (CM-1), and "residual" what each
        group adds to those before it (CM-2): two published predictors, never better than "spectra".
    groups : sequence of sequences of int, int or None
        Blocks that are factored together, or how many consecutive ones; None takes each alone. Coarser groups make
        the bracket of "spectra" narrower. Only for "spectra", "weyl" and "residual".

    Returns
    -------
    ErrorInterval
        E_r(M) / \|M\| lies in it.

    Raises
    ------
    ValueError
        If a block is not finite or has another number of rows, there is none, `rank` is below 0, or the groups are not
        a partition of the blocks.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Arrays: any (copied to the host).

    Examples
    --------
    >>> from lrtheory.matrix_compression import error_bounds
    >>> found = error_bounds([[[3.0], [0.0]], [[0.0], [1.0]]], 1)
    >>> round(found.upper2, 9), round(error_bounds([[[3.0], [0.0]], [[0.0], [1.0]]], 1, method="gram").lower2, 9)
    (1.0, 1.0)
    """
    choice("method", method, ("spectra", "sketch", "gram", "weyl", "residual"))
    rank = integer("rank", getattr(blocks, "rank", None) if rank is None else rank, low=0)
    stream = Stream(blocks, rank=rank)
    if method in ("sketch", "gram"):
        refuse_unused(method, (), groups=(groups, None))
        return sketch_of(stream, Plan(rank, max(8, rank), method)).interval()
    matrices = list(_grouped(list(stream), groups))
    spectra, unit, noise = spectra_of(matrices)
    total = sum(float((one * one).sum()) for one in spectra)
    sizes = [matrix.shape[1] for matrix in matrices]
    bracket = _bracket(method, spectra, matrices, unit, rank)
    exact = rank >= min(stream.n_rows, sum(sizes)) or total == 0.0
    counts = {"blocks": len(matrices), "columns": sum(sizes), "factorizations": len(matrices)}
    return interval_of(bracket, total, unit, rank=rank, noise=noise, method=method, counts=counts, exact=exact)


def _bracket(
    method: str, spectra: list[np.ndarray], matrices: list[np.ndarray], unit: int, rank: int
) -> tuple[float, float]:
    """Bracket E_r^2 in the common unit of the spectra."""
    floor = float(superadditive_floor(spectra, rank))
    if method == "spectra":
        return floor, float(union_bound(spectra, rank))
    if method == "weyl":
        return max(float(tail_energy(one, rank)) for one in spectra), float(largest_alone_bound(spectra, rank))
    total = sum(float((one * one).sum()) for one in spectra)
    lists = [scaled(one, -unit) for one in residual_spectra(matrices)]
    return floor, max(0.0, float(residual_bound(total, lists, rank)))


def residual_spectra(matrices: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Singular values of what each matrix adds to the span of those before it."""
    Q = np.empty((len(matrices[0]), 0))
    for matrix in matrices:
        R = matrix - Q @ (Q.T @ matrix)
        U, s, _ = np.linalg.svd(R, full_matrices=False)
        yield s
        size = np.linalg.norm(matrix, 2) if matrix.size else 0.0
        new = U[:, s > NEW * size]  # orthogonal to Q up to rounding; QR mends the rest
        Q = np.linalg.qr(np.concatenate([Q, new], axis=1))[0] if new.shape[1] else Q


def _grouped(blocks: list[np.ndarray], groups: Any) -> Iterator[np.ndarray]:
    """Put the blocks of each group side by side, in float64."""
    for ids in partition(groups, len(blocks)):
        yield np.concatenate([blocks[i].astype(np.float64, copy=False) for i in ids], axis=1)


def partition(groups: Any, n_blocks: int) -> list[list[int]]:
    """Check that every block is in exactly one group."""
    if groups is None:
        return [[i] for i in range(n_blocks)]
    if isinstance(groups, (int, np.integer)) and not isinstance(groups, bool):
        size = integer("groups", groups, low=1)
        return [list(range(a, b)) for a, b in pairwise([*range(0, n_blocks, size), n_blocks])]
    given = list(groups) if is_iterable(groups) else [groups]
    if not all(hasattr(ids, "__iter__") for ids in given):
        raise must("groups", "None, a number of blocks, or sequences of their ids", groups, TypeError)
    found = [[integer("groups", i, low=0, high=n_blocks - 1) for i in ids] for ids in given]
    if sorted(i for ids in found for i in ids) != list(range(n_blocks)) or not all(found):
        raise must("groups", f"a partition of {n_blocks} blocks", Words(str(found)[:60]))
    return found
