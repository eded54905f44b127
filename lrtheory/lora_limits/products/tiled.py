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
from lrtheory._lanes import GROUP, columns
from lrtheory._parallel import in_threads
from lrtheory.lora_limits.products import tile_kernels
from lrtheory.lora_limits.products.attention import Attention, Products, joined, later, rows
from lrtheory.lora_limits.products.tile_kernels import PART, Given, Wanted, Work

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
    given, width = _given(head), columns(head.queries.dtype)
    n_jobs = min(n_jobs, -(-len(head.queries) // width))
    # a group has about as many queries as a key has coordinates: then reading the keys costs no more than the group
    # does
    n_tiles = min(max(1, given.keys.shape[1] // width), -(-len(head.queries) // (n_jobs * width)))
    at_once = n_tiles * width
    wanted = _wanted(head, given, width)
    parts: dict[int, tuple[float, Wanted]] = {}

    def work(first: int) -> None:
        own = wanted
        if first > 0:
            own = wanted._replace(left=np.zeros_like(wanted.left), transport=np.zeros_like(wanted.transport))
        loss = tile_kernels.sweep(given, own, _work(given, n_tiles, width), first * at_once, n_jobs * at_once)
        parts[first] = loss, own

    in_threads(work, ((first,) for first in range(n_jobs)))
    losses, found = zip(*(parts[first] for first in range(n_jobs)), strict=True)
    return Products(
        loss=np.float64(sum(losses)),
        right=None if head.right is None else wanted.right,
        left=None if head.left is None else _joined([one.left for one in found], head.left.shape[1], given),
        transport=_joined([one.transport for one in found], head.values.shape[1], given) if head.transport else None,
    )


def _given(head: Attention) -> Given:
    """Copy the arrays of a head into the layout that the kernel reads."""
    kind, n_keys = head.queries.dtype, _filled_up(len(head.keys))
    # rows whose distance is a power of two would compete for the same lines of the cache, so they are GROUP numbers
    # longer
    apart = n_keys + GROUP
    right = np.zeros((n_keys, 0), kind) if head.right is None else head.right
    return Given(
        queries=kernel_input(head.queries),
        targets=kernel_input(head.targets),
        left=kernel_input(np.zeros((len(head.queries), 0), kind) if head.left is None else head.left),
        keys=_with_zeros(head.keys, n_keys, head.keys.shape[1]),
        values=_with_zeros(head.values, n_keys, head.values.shape[1]),
        turned_values=_with_zeros(head.values.T, _filled_up(head.values.shape[1]), apart),
        turned_right=_with_zeros(right.T, _filled_up(right.shape[1]), apart),
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


def _wanted(head: Attention, given: Given, width: int) -> Wanted:
    """Allocate the products, all 0, with `width` columns per panel beside the keys."""
    n_right = 0 if head.right is None else head.right.shape[1]
    n_transport = given.values.shape[1] if head.transport else 0
    zeros = lambda *shape: np.zeros(shape, given.queries.dtype)
    panels = lambda n: zeros(-(-n // width), len(given.keys), width)
    return Wanted(zeros(len(given.queries), n_right), panels(given.left.shape[1]), panels(n_transport))


def _joined(panels: list[np.ndarray], n_columns: int, given: Given) -> np.ndarray:
    """Add up the panels of all threads, and cut the sum to the matrix (n_keys, n_columns)."""
    whole = sum(panels[1:], start=panels[0])
    return np.concatenate(whole, axis=1)[: given.n_keys, :n_columns]


def _work(given: Given, n_tiles: int, width: int) -> Work:
    """Allocate the buffers of one thread for `n_tiles` tiles of `width` queries."""
    room = lambda *shape: np.empty((*shape, width), given.queries.dtype)
    return Work(
        tiles=room(n_tiles, len(given.keys)),
        errors=room(PART),
        queries=room(n_tiles, given.keys.shape[1]),
        output=room(n_tiles, len(given.turned_values)),
        c=room(n_tiles, given.values.shape[1]),
        right=room(n_tiles, len(given.turned_right)),
        sums=room(n_tiles),
        mean=room(n_tiles),
        rows=room(width),
    )


def _swept(xp: Any, head: Attention, block: int) -> Products:
    """Compute the products of any array library, by two sweeps over tiles of keys for each block of queries."""
    L_Q, L_K = head.queries.shape[-2], head.keys.shape[-2]
    batch = math.prod(head.queries.shape[:-2])
    # a tile is block queries times 8 block keys, of all heads of the batch: at most TILE numbers, unless 8 are too many
    block = max(1, min(block, L_Q, max(8, math.isqrt(TILE // (8 * batch)))))
    wide = 8 * block
    T = xp.matrix_transpose
    losses, right = [], []
    left = None if head.left is None else [0.0] * -(-L_K // wide)
    transport = [0.0] * -(-L_K // wide) if head.transport else None
    for i in range(0, L_Q, block):
        stop = min(i + block, L_Q)
        places = [(j, min(j + wide, L_K)) for j in range(0, stop if head.causal else L_K, wide)]
        peak, total, output = _online(xp, head, (i, stop), places)
        c = output - rows(head.targets, i, stop)
        r = xp.sum(c * output, axis=-1, keepdims=True)
        losses.append(xp.sum(c * c, axis=(-2, -1), dtype=xp.float64) / 2)
        product = 0.0
        for tile, (j, end) in enumerate(places):
            # the first sweep left the maxima and sums, so f is final here; p is FlashAttention's dS
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


def _online(xp: Any, head: Attention, queries: tuple[int, int], places: list[tuple[int, int]]) -> tuple[Any, Any, Any]:
    """Return row maxima, row sums and outputs of a block of queries, in one sweep over tiles of keys (online softmax).

    Sums are relative to exp(peak): when a tile raises the maximum, they are multiplied by exp(old - new). `peak`,
    `total` and `numerator` are FlashAttention's m, l and unnormalized O.
    """
    peak: Any = None
    total: Any = None
    numerator: Any = None
    for j, end in places:
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
