r"""The exact products in O(L) memory: the attention matrix exists a tile at a time.

NumPy arrays run through a compiled sweep, whose tiles hold all keys of a few queries. For arrays of other libraries the
keys are cut into tiles too: a first sweep finds running maxima and sums (the online softmax of FlashAttention), a
second one recomputes each tile and uses it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._kernels.lanes import GROUP, columns
from lrtheory._parallel import in_threads
from lrtheory.lora_limits.products import tile_kernels
from lrtheory.lora_limits.products.attention import Attention, Products, joined, later, rows
from lrtheory.lora_limits.products.tile_kernels import PART, Inputs, Outputs, Workspace

__all__ = ["tiled_products"]

TILE = 2**22  # the most numbers in a tile, of all entries of a batch together


def tiled_products(xp: Any, head: Attention, block: int, n_jobs: int = 1) -> Products:
    """Compute the products, in `n_jobs` threads of compiled code for one head of NumPy arrays, else block by block."""
    if isinstance(head.queries, np.ndarray) and head.queries.ndim == 2:
        return _compiled(head, n_jobs)
    return _swept(xp, head, block)


def _compiled(head: Attention, n_jobs: int) -> Products:
    """Run the compiled sweep; thread number t takes the groups of tiles t, t + n_jobs, and so on.

    Rows of p R belong to one query, hence to one thread, and are shared. All threads add to p^T S and f^T c, so each
    has its own copy; the copies are added in the order of the threads, and no answer depends on which thread ends
    first.
    """
    inputs, width = _inputs(head), columns(head.queries.dtype)
    n_jobs = min(n_jobs, -(-len(head.queries) // width))
    # A group has about as many queries as a key has coordinates: a key that was read from memory is then used that
    # often, and the products take longer than the reading.
    n_tiles = min(max(1, inputs.keys.shape[1] // width), -(-len(head.queries) // (n_jobs * width)))
    at_once = n_tiles * width
    outputs = _outputs(head, inputs, width)
    parts: dict[int, tuple[float, Outputs]] = {}

    def work(first: int) -> None:
        own = outputs
        if first > 0:
            own = outputs._replace(left=np.zeros_like(outputs.left), transport=np.zeros_like(outputs.transport))
        loss = tile_kernels.sweep(inputs, own, _workspace(inputs, n_tiles, width), first * at_once, n_jobs * at_once)
        parts[first] = loss, own

    in_threads(work, ((first,) for first in range(n_jobs)))
    losses, found = zip(*(parts[first] for first in range(n_jobs)), strict=True)
    return Products(
        loss=np.float64(sum(losses)),
        right=None if head.right is None else outputs.right,
        left=None if head.left is None else _joined([one.left for one in found], head.left.shape[1], inputs),
        transport=_joined([one.transport for one in found], head.values.shape[1], inputs) if head.transport else None,
    )


def _inputs(head: Attention) -> Inputs:
    """Copy the arrays of a head into the layout that the kernel reads."""
    kind, n_keys = head.queries.dtype, _filled_up(len(head.keys))
    # Rows whose distance in memory is a power of two would compete for the same lines of the cache, so each row is
    # GROUP numbers longer.
    apart = n_keys + GROUP
    right = np.zeros((n_keys, 0), kind) if head.right is None else head.right
    return Inputs(
        queries=kernel_input(head.queries),
        targets=kernel_input(head.targets),
        left=kernel_input(np.zeros((len(head.queries), 0), kind) if head.left is None else head.left),
        keys=_with_zeros(head.keys, n_keys, head.keys.shape[1]),
        values=_with_zeros(head.values, n_keys, head.values.shape[1]),
        transposed_values=_with_zeros(head.values.T, _filled_up(head.values.shape[1]), apart),
        transposed_right=_with_zeros(right.T, _filled_up(right.shape[1]), apart),
        n_keys=len(head.keys),
        causal=head.causal,
    )


def _filled_up(n: int) -> int:
    """Round n up to a multiple of `GROUP`."""
    return -(-n // GROUP) * GROUP


def _with_zeros(array: np.ndarray, n_rows: int, n_columns: int) -> np.ndarray:
    """Copy a matrix into one of n_rows times n_columns whose other entries are 0."""
    copy = np.zeros((n_rows, n_columns), array.dtype)
    copy[: array.shape[0], : array.shape[1]] = array
    return copy


def _outputs(head: Attention, inputs: Inputs, width: int) -> Outputs:
    """Allocate the products, all 0, with `width` columns per panel beside the keys."""
    n_right = 0 if head.right is None else head.right.shape[1]
    n_transport = inputs.values.shape[1] if head.transport else 0
    zeros = lambda *shape: np.zeros(shape, inputs.queries.dtype)
    panels = lambda n: zeros(-(-n // width), len(inputs.keys), width)
    return Outputs(zeros(len(inputs.queries), n_right), panels(inputs.left.shape[1]), panels(n_transport))


def _joined(panels: list[np.ndarray], n_columns: int, inputs: Inputs) -> np.ndarray:
    """Add up the panels of all threads, and cut the sum to the matrix (n_keys, n_columns)."""
    whole = sum(panels[1:], start=panels[0])
    return np.concatenate(whole, axis=1)[: inputs.n_keys, :n_columns]


def _workspace(inputs: Inputs, n_tiles: int, width: int) -> Workspace:
    """Allocate the buffers of one thread for `n_tiles` tiles of `width` queries."""
    buffer = lambda *shape: np.empty((*shape, width), inputs.queries.dtype)
    return Workspace(
        tiles=buffer(n_tiles, len(inputs.keys)),
        errors=buffer(PART),
        queries=buffer(n_tiles, inputs.keys.shape[1]),
        output=buffer(n_tiles, len(inputs.transposed_values)),
        c=buffer(n_tiles, inputs.values.shape[1]),
        right=buffer(n_tiles, len(inputs.transposed_right)),
        sums=buffer(n_tiles),
        mean=buffer(n_tiles),
        rows=buffer(width),
    )


def _swept(xp: Any, head: Attention, block: int) -> Products:
    """Compute the products of any array library, by two sweeps over tiles of keys for each block of queries."""
    L_Q, L_K = head.queries.shape[-2], head.keys.shape[-2]
    batch = math.prod(head.queries.shape[:-2])
    # A tile has `block` queries and 8 `block` keys of all heads of the batch, at most TILE numbers. The limit on
    # `block` that follows from TILE is never taken below 8, even where a batch is so large that 8 exceed TILE.
    block = max(1, min(block, L_Q, max(8, math.isqrt(TILE // (8 * batch)))))
    wide = 8 * block
    T = xp.matrix_transpose
    losses, right = [], []
    left = None if head.left is None else [0.0] * -(-L_K // wide)
    transport = [0.0] * -(-L_K // wide) if head.transport else None
    for i in range(0, L_Q, block):
        stop = min(i + block, L_Q)
        key_tiles = [(j, min(j + wide, L_K)) for j in range(0, stop if head.causal else L_K, wide)]
        peak, total, output = _online(xp, head, (i, stop), key_tiles)
        c = output - rows(head.targets, i, stop)
        r = xp.sum(c * output, axis=-1, keepdims=True)
        losses.append(xp.sum(c * c, axis=(-2, -1), dtype=xp.float64) / 2)
        product = 0.0
        for tile, (j, end) in enumerate(key_tiles):
            # The first sweep found the final maxima and sums, so f is the attention itself; p is FlashAttention's dS.
            f = xp.exp(_logits(xp, head, (i, stop), (j, end)) - peak) / total
            p = f * (c @ T(rows(head.values, j, end)) - r)
            if transport is not None:
                transport[tile] = transport[tile] + T(f) @ c
            if head.right is not None:
                product = product + p @ rows(head.right, j, end)
            if left is not None:
                left[tile] = left[tile] + T(p) @ rows(head.left, i, stop)
        right.append(product)
    return Products(
        loss=sum(losses[1:], start=losses[0]),
        right=None if head.right is None else joined(xp, right),
        left=None if left is None else joined(xp, left),
        transport=None if transport is None else joined(xp, transport),
    )


def _online(
    xp: Any, head: Attention, queries: tuple[int, int], key_tiles: list[tuple[int, int]]
) -> tuple[Any, Any, Any]:
    """Return row maxima, row sums and outputs of a block of queries, in one sweep over tiles of keys (online softmax).

    Sums are relative to exp(peak): when a tile raises the maximum, they are multiplied by exp(old - new). `peak`,
    `total` and `numerator` are FlashAttention's m, l and unnormalized O.
    """
    peak: Any = None
    total: Any = None
    numerator: Any = None
    for j, end in key_tiles:
        logits = _logits(xp, head, queries, (j, end))
        highest = xp.max(logits, axis=-1, keepdims=True)
        higher = highest if peak is None else xp.maximum(peak, highest)
        powers = xp.exp(logits - higher)
        here, seen = xp.sum(powers, axis=-1, keepdims=True), powers @ rows(head.values, j, end)
        shrink = 0.0 if peak is None else xp.exp(peak - higher)
        total = here if total is None else total * shrink + here
        numerator = seen if numerator is None else numerator * shrink + seen
        peak = higher
    return peak, total, numerator / total


def _logits(xp: Any, head: Attention, queries: tuple[int, int], keys: tuple[int, int]) -> Any:
    """Return the logits of a block of queries and a block of keys, minus infinity where a causal mask hides a key."""
    (i, stop), (j, end) = queries, keys
    logits = rows(head.queries, i, stop) @ xp.matrix_transpose(rows(head.keys, j, end))
    return xp.where(later(xp, head, i, j, stop - i, end - j), -xp.inf, logits) if head.causal else logits
