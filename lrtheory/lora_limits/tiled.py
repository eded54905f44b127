r"""The exact products in O(L) memory: the attention matrix exists a block of rows at a time.

For a block of queries, with E = exp(q k^T - max), Z its row sums and T = E R:

.. math:: O = E v / Z, \quad c = O - y, \quad E \leftarrow E \circ (c v^\top - \langle c, O \rangle), \quad
   p R = E R / Z, \quad p^\top S \mathrel{+}= E^\top (S / Z).

NumPy arrays run through compiled products and two compiled passes over a tile. Other libraries go through tiles of keys
too, with running maxima and sums (online softmax) in a first sweep, and recompute the tile in a second one.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._lanes import GROUP, packed, product
from lrtheory._parallel import in_threads
from lrtheory.lora_limits import tile_kernels
from lrtheory.lora_limits.attention import Attention, Products, joined, rows
from lrtheory.lora_limits.chain import later

__all__ = ["tiled_products"]

TILE = 2**22  # numbers in a tile at most
CACHED = 2**18  # numbers in a tile of whole rows, so that it stays in the cache
FEWEST = 32  # queries in such a tile also where that is more, since a product reads all keys for each tile
PART = 512  # keys at a time whose errors are kept


def tiled_products(xp: Any, head: Attention, block: int, n_jobs: int = 1) -> Products:
    """The products, `block` queries at a time; compiled for one head in NumPy arrays, there in threads if wanted."""
    if isinstance(head.queries, np.ndarray) and head.queries.ndim == 2:
        return _compiled(head, block, n_jobs)
    return _swept(xp, head, block)


def _compiled(head: Attention, block: int, n_jobs: int) -> Products:
    """Every thread takes each n-th block of queries, with sums of its own for what belongs to the keys."""
    L_Q, L_K = len(head.queries), len(head.keys)
    block = max(1, min(block, L_Q, max(FEWEST, CACHED // L_K)))
    starts = range(0, L_Q, block)
    right = None if head.right is None else np.empty((L_Q, head.right.shape[1]), head.queries.dtype)
    sides = Sides(
        keys=packed(head.keys.T),
        values=packed(head.values),
        turned=packed(head.values.T),
        right=None if head.right is None else packed(head.right),
    )
    parts: dict[int, tuple[float, Any, Any]] = {}

    def work(first: int) -> None:
        parts[first] = _some_blocks(head, sides, right, [(i, min(i + block, L_Q)) for i in starts[first::n_jobs]])

    in_threads(work, ((first,) for first in range(min(n_jobs, len(starts)))))
    losses, lefts, transports = zip(*(parts[first] for first in sorted(parts)), strict=True)
    left = None if head.left is None else sum(lefts)
    return Products(np.float64(sum(losses)), right, left, sum(transports) if head.transport else None)


class Sides(NamedTuple):
    """What belongs to the keys, packed for `product`: columns of K^T, V, V^T and R in panels."""

    keys: np.ndarray
    values: np.ndarray
    turned: np.ndarray
    right: np.ndarray | None


def _some_blocks(head: Attention, sides: Sides, right: Any, blocks: list[tuple[int, int]]) -> tuple[float, Any, Any]:
    """Whole rows of the attention matrix, in two buffers that every block uses again: loss, p^T S and f^T c."""
    kind, width = head.queries.dtype, sides.keys.shape[2]
    n_rows = -(-max(stop - i for i, stop in blocks) // GROUP) * GROUP  # those beyond the block are no queries
    some = max(1, PART // width)  # panels of keys at a time
    tile, errors = np.zeros((n_rows, len(sides.keys) * width), kind), np.empty((n_rows, some * width), kind)
    queries = np.zeros((n_rows, head.queries.shape[1]), kind)
    c, sums, loss = np.zeros((n_rows, head.values.shape[1]), kind), np.empty(n_rows, kind), 0.0
    left = None if head.left is None else np.zeros((len(head.keys), head.left.shape[1]), kind)
    transport = np.zeros((len(head.keys), head.values.shape[1]), kind) if head.transport else None
    for i, stop in blocks:
        n, m = stop - i, stop if head.causal else len(head.keys)  # keys that some query of the block may see
        E, Z, queries[:n] = tile[:n, :m], sums[:n], head.queries[i:stop]
        seen = -(-m // width)  # panels of keys
        product(queries, sides.keys[:seen], tile, queries.shape[1])
        _hide_later(E, i, -np.inf, head.causal)
        tile_kernels.exponentials(tile, sums, m)
        _hide_later(E, i, 0, head.causal)  # as exp in the kernel ends above 0
        output = _times(tile, sides.values, m)[:n, : c.shape[1]] / Z[:, None]
        c[:n] = output - head.targets[i:stop]
        loss += 0.5 * float(np.sum(c[:n] * c[:n], dtype=np.float64))
        if transport is not None:
            transport[:m] += E.T @ (c[:n] / Z[:, None])
        if right is None and left is None:
            continue
        mean = np.zeros(n_rows, kind)
        mean[:n] = (c[:n] * output).sum(axis=1)
        for first in range(0, seen, some):
            product(c, sides.turned[first : min(first + some, seen)], errors, c.shape[1])
            tile_kernels.weigh(tile, errors, mean, first * width, min((first + some) * width, m))
        if right is not None:
            right[i:stop] = _times(tile, sides.right, m)[:n, : right.shape[1]] / Z[:, None]
        if left is not None:
            left[:m] += E.T @ (head.left[i:stop] / Z[:, None])
    return loss, left, transport


def _times(tile: np.ndarray, panels: Any, m: int) -> np.ndarray:
    """The first m columns of a tile times a packed matrix, filled columns included."""
    out = np.empty((len(tile), len(panels) * panels.shape[2]), tile.dtype)
    product(tile, panels, out, m)
    return out


def _hide_later(tile: np.ndarray, i: int, value: float, causal: bool) -> None:
    """Put a value where keys come after queries i, i + 1, ..., in the last columns of a causal tile."""
    if causal:
        tile[:, i:][np.triu_indices(len(tile), 1)] = value


def _swept(xp: Any, head: Attention, block: int) -> Products:
    """Two sweeps over tiles of keys for each block of queries."""
    L_Q, L_K = head.queries.shape[-2], head.keys.shape[-2]
    batch = math.prod(head.queries.shape[:-2])
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
    """Row maxima, row sums and outputs of a block, in one sweep: what was summed shrinks when the maximum grows."""
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
    (i, stop), (j, end) = queries, keys
    logits = rows(head.queries, i, stop) @ xp.matrix_transpose(rows(head.keys, j, end))
    return xp.where(later(xp, head, i, j, stop - i, end - j), -xp.inf, logits) if head.causal else logits
