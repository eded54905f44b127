r"""A head's exact products, for as many queries at a time as two vector registers hold.

A tile has the keys in its rows and the queries in its columns, so every operation is one on whole vectors, maxima and
sums over the keys too. For such queries, with E = exp(k q^T - max) and its column sums Z:

.. math:: O = v^\top E / Z, \quad c = O - y^\top, \quad E \leftarrow E \circ (v c - r), \quad r = \langle c, O \rangle,
   \quad (p R)^\top = R^\top E / Z, \quad p^\top S \mathrel{+}= E (S / Z).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory._exponential import exponential
from lrtheory._lanes import GROUP, product, wide

__all__ = ["Given", "Wanted", "Work", "exponentials", "sweep"]

FAST = {"contract", "reassoc"}  # sums in any order, products and sums in one rounding
PART = 512  # keys at a time, a multiple of GROUP: what belongs to them stays in the cache


class Given(NamedTuple):
    """A head; what belongs to the keys has rows of zeros up to a multiple of `GROUP`, and so have the transposed."""

    queries: np.ndarray  # (L_Q, d)
    targets: np.ndarray  # (L_Q, d_value)
    left: np.ndarray  # S (L_Q, m)
    keys: np.ndarray  # (L_K, d)
    values: np.ndarray  # (L_K, d_value)
    turned_values: np.ndarray  # (d_value, at least L_K)
    turned_right: np.ndarray  # R^T (n, at least L_K)
    n_keys: int  # L_K, without the rows of zeros
    causal: bool


class Wanted(NamedTuple):
    """The products of `Products`, empty where they are not wanted; those beside the keys in panels of w columns."""

    right: np.ndarray  # (L_Q, n)
    left: np.ndarray  # (panels, L_K, w)
    transport: np.ndarray  # (panels, L_K, w)


class Work(NamedTuple):
    """Room for some tiles of w queries."""

    tiles: np.ndarray  # (tiles, L_K, w)
    errors: np.ndarray  # (some keys, w)
    queries: np.ndarray  # (tiles, d, w)
    output: np.ndarray  # (tiles, d_value, w)
    c: np.ndarray  # (tiles, d_value, w)
    right: np.ndarray  # (tiles, n, w)
    sums: np.ndarray  # (tiles, w)
    mean: np.ndarray  # (tiles, w)
    rows: np.ndarray  # (w, w)


@kernel(nogil=True, error_model="numpy")
def sweep(given, wanted, work, first, step):
    """Put the products of some tiles of queries from the first on, then a step later and so on; half the sum of c^2."""
    w, loss = work.sums.shape[1], 0.0
    for begin in range(first, len(given.queries), step):
        end = min(begin + work.sums.size, len(given.queries))
        n_tiles, m = -(-(end - begin) // w), end if given.causal else given.n_keys  # m keys are seen by some query
        size = -(-m // GROUP) * GROUP
        tiles = work.tiles[:n_tiles]
        logits(given, tiles, size, work, begin)
        for t in range(n_tiles):
            hide(tiles[t][:size], m, begin + t * w, given.causal)
            exponentials(tiles[t][:size], work.sums[t])
        mix(given.turned_values, tiles, size, work.output)
        for t in range(n_tiles):
            targets = of_tile(given.targets, begin, t, w)
            loss += errors(targets, work.output[t], work.sums[t], work.c[t], work.mean[t])
            add(tiles[t][:size], work.c[t].T, work.sums[t], work.rows, wanted.transport)
        weigh(given.values, tiles, size, work)
        mix(given.turned_right, tiles, size, work.right)
        for t in range(n_tiles):
            put(work.right[t], work.sums[t], of_tile(wanted.right, begin, t, w))
            add(tiles[t][:size], of_tile(given.left, begin, t, w), work.sums[t], work.rows, wanted.left)
    return loss


@kernel(nogil=True)
def of_tile(rows, begin, t, w):
    """Those of the queries of a tile; none beyond the last query."""
    return rows[begin + t * w : begin + (t + 1) * w]


# --- products, a part of the keys at a time for all tiles ------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def logits(given, tiles, size, work, begin):
    """E <- k q^T for each tile."""
    for t in range(len(tiles)):
        turn(of_tile(given.queries, begin, t, tiles.shape[2]), work.queries[t])
    for a in range(0, size, PART):
        b = min(a + PART, size)
        for t in range(len(tiles)):
            product(given.keys[a:b], work.queries[t], tiles[t][a:b], 0, given.keys.shape[1], False)


@kernel(nogil=True, error_model="numpy")
def mix(turned, tiles, size, out):
    """out <- V^T E for each tile."""
    for a in range(0, size, PART):
        for t in range(len(tiles)):
            product(turned, tiles[t], out[t], a, min(a + PART, size), a > 0)


@kernel(nogil=True, error_model="numpy")
def weigh(values, tiles, size, work):
    """E <- E o (v c - r) for each tile."""
    for a in range(0, size, PART):
        b = min(a + PART, size)
        for t in range(len(tiles)):
            product(values[a:b], work.c[t], work.errors, 0, values.shape[1], False)
            multiply(tiles[t][a:b], work.errors, work.mean[t])


# --- one tile --------------------------------------------------------------------------------------------------------


@kernel(nogil=True)
def turn(rows, out):
    """Rows become columns, followed by zeros."""
    out[:] = 0
    for k in range(len(rows)):
        for r in range(rows.shape[1]):
            out[r, k] = rows[k, r]


@kernel(nogil=True, error_model="numpy")
def put(columns, sums, out):
    """Columns over sums become rows."""
    for k in range(len(out)):
        for r in range(out.shape[1]):
            out[k, r] = columns[r, k] / sums[k]


@kernel(nogil=True, error_model="numpy")
def add(tile, rows, sums, panel, out):
    """out += E (rows / Z), in panels of columns."""
    w = len(sums)
    for u in range(len(out)):
        panel[:] = 0
        for k in range(len(rows)):
            for r in range(min(w, rows.shape[1] - u * w)):
                panel[k, r] = rows[k, u * w + r] / sums[k]
        product(tile, panel, out[u], 0, w, True)


@kernel(nogil=True)
def hide(tile, m, i, causal):
    """Rows that are no keys, and keys after their query i, i + 1, ..., get the logit of minus infinity."""
    tile[m:] = -np.inf
    if causal:
        for j in range(i + 1, m):
            tile[j, : min(j - i, tile.shape[1])] = -np.inf


@kernel(nogil=True, fastmath=FAST, error_model="numpy")
def exponentials(tile, sums):
    """A tile of logits becomes exp(logits - column maximum), with its column sums; it has a multiple of GROUP rows."""
    wide()
    w = tile.shape[1]
    rows = tile.reshape(len(tile) // GROUP, GROUP * w)  # longer ones, of which a processor sees the end less often
    peaks, partial = rows[0].copy(), np.zeros_like(rows[0])
    for j in range(1, len(rows)):
        for p in range(GROUP * w):
            peaks[p] = max(peaks[p], rows[j, p])
    for p in range(w, GROUP * w):
        peaks[p % w] = max(peaks[p % w], peaks[p])
    for p in range(w, GROUP * w):
        peaks[p] = peaks[p % w]
    for j in range(len(rows)):
        for p in range(GROUP * w):
            power = exponential(rows[j, p] - peaks[p])
            rows[j, p] = power
            partial[p] += power
    sums[:] = 0
    for p in range(GROUP * w):
        sums[p % w] += partial[p]


@kernel(nogil=True, fastmath=FAST, error_model="numpy")
def multiply(tile, errors, mean):
    """E <- E o (q - r)."""
    wide()
    for j in range(len(tile)):
        for p in range(tile.shape[1]):
            tile[j, p] *= errors[j, p] - mean[p]


@kernel(nogil=True, error_model="numpy")
def errors(targets, output, sums, c, mean):
    """c = O - y^T with zeros for those that are no queries, r = <c, O>, and half the squared norm of c."""
    c[:] = 0
    mean[:] = 0
    loss = 0.0
    for r in range(targets.shape[1]):
        for p in range(len(targets)):
            mixed = output[r, p] / sums[p]
            c[r, p] = mixed - targets[p, r]
            mean[p] += c[r, p] * mixed
            loss += 0.5 * np.float64(c[r, p]) ** 2
    return loss
