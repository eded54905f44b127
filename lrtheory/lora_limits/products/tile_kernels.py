r"""Kernels of the exact products of a head, for as many queries at a time as two vector registers hold.

A tile E is a transposed part of the attention matrix: row j belongs to key j, column p to query p of the tile. Every
operation therefore works on whole vectors of queries, also the maxima and sums over the keys. With the exponentials
E = exp(k q^T - max) and their column sums Z:

.. math:: O = v^\top E / Z, \quad c = O - y^\top, \quad E \leftarrow E \circ (v c - r), \quad r = \langle c, O \rangle,
   \quad (p R)^\top = R^\top E / Z, \quad p^\top S \mathrel{+}= E (S / Z).

The names of FlashAttention's backward pass for the same numbers: Z is l, the sum of a row of exponentials; c is dO, the
gradient of the loss by the output; v c is dP; r is delta (or D), the inner product of dO and O; E / Z is P before the
product with v c - r, and dS = p after it; p k is dQ, p^T q is dK and f^T c is dV. FlashAttention's running maximum is
not needed here, because a tile sees all of its keys before Z is used for the first time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory._kernels.exponential import exponential
from lrtheory._kernels.lanes import GROUP, product

__all__ = ["Inputs", "Outputs", "Workspace", "exponentials", "sweep"]

FAST = {"contract", "reassoc"}  # sums in any order, products and sums in one rounding
# Keys at a time, a multiple of GROUP: what belongs to them stays in the cache while all tiles of a group use it.
PART = 512


class Inputs(NamedTuple):
    """The arrays of one head, of one dtype; arrays beside the keys are filled up with zeros to a multiple of `GROUP`.

    The copies `transposed_values` and `transposed_right` are filled up in both directions: they are first factors of
    `product`, whose rows and whose inner index, here the keys, it takes in steps of `GROUP`.
    """

    queries: np.ndarray  # (L_Q, d)
    targets: np.ndarray  # (L_Q, d_value)
    left: np.ndarray  # S (L_Q, m)
    keys: np.ndarray  # (L_K, d)
    values: np.ndarray  # (L_K, d_value)
    transposed_values: np.ndarray  # (d_value, at least L_K)
    transposed_right: np.ndarray  # R^T (n, at least L_K)
    n_keys: int  # L_K, without the rows of zeros
    causal: bool


class Outputs(NamedTuple):
    """Output buffers for the fields of `Products`, without columns where a product is not wanted.

    Column u w + r of a product beside the keys is column r of panel u, so that each panel is an `out` of `product`.
    """

    right: np.ndarray  # p R (L_Q, n), each row written once
    left: np.ndarray  # p^T S (panels, L_K, w), added to
    transport: np.ndarray  # f^T c (panels, L_K, w), added to


class Workspace(NamedTuple):
    """Buffers of one thread for a group of tiles of w queries each; their contents do not survive a group."""

    tiles: np.ndarray  # E (tiles, L_K, w): first logits, then exponentials, then p times Z (dS times l)
    errors: np.ndarray  # v c (PART, w), FlashAttention's dP^T for some keys of one tile
    queries: np.ndarray  # transposed queries (tiles, d, w)
    output: np.ndarray  # v^T E (tiles, d_value, w), FlashAttention's O^T before the division by Z
    c: np.ndarray  # transposed c (tiles, d_value, w), FlashAttention's dO^T
    right: np.ndarray  # R^T E (tiles, n, w), not yet divided by Z
    sums: np.ndarray  # Z (tiles, w), FlashAttention's l
    mean: np.ndarray  # r (tiles, w), FlashAttention's delta
    rows: np.ndarray  # one panel of S / Z or c / Z (w, w)


@kernel(nogil=True, error_model="numpy")
def sweep(inputs, outputs, workspace, first, step):
    """Compute the products of the groups of queries that begin at first, first + step, ...; return their loss.

    A group has as many queries as `workspace` has columns in all of its tiles. The loss is half the sum of c^2.
    """
    w, loss = workspace.sums.shape[1], 0.0
    for begin in range(first, len(inputs.queries), step):
        end = min(begin + workspace.sums.size, len(inputs.queries))
        n_tiles, m = -(-(end - begin) // w), end if inputs.causal else inputs.n_keys  # m keys are seen by some query
        # rows m, ..., size - 1 of a tile stand for no key: their logits are -inf and their exponentials 0
        size = -(-m // GROUP) * GROUP
        tiles = workspace.tiles[:n_tiles]
        logits(inputs, tiles, size, workspace, begin)
        for t in range(n_tiles):
            mask_tile(tiles[t][:size], m, begin + t * w, inputs.causal)
            exponentials(tiles[t][:size], workspace.sums[t])
        apply_values(inputs.transposed_values, tiles, size, workspace.output)
        for t in range(n_tiles):
            targets = of_tile(inputs.targets, begin, t, w)
            loss += errors(targets, workspace.output[t], workspace.sums[t], workspace.c[t], workspace.mean[t])
            # f^T c comes before `softmax_backward`, which overwrites E: only until then is E / Z the attention f
            add_product(tiles[t][:size], workspace.c[t].T, workspace.sums[t], workspace.rows, outputs.transport)
        softmax_backward(inputs.values, tiles, size, workspace)
        apply_values(inputs.transposed_right, tiles, size, workspace.right)
        for t in range(n_tiles):
            write_rows(workspace.right[t], workspace.sums[t], of_tile(outputs.right, begin, t, w))
            add_product(
                tiles[t][:size], of_tile(inputs.left, begin, t, w), workspace.sums[t], workspace.rows, outputs.left
            )
    return loss


@kernel(nogil=True)
def of_tile(rows, begin, t, w):
    """Return the rows that belong to the queries of tile t: w of them, fewer or none beyond the last query."""
    return rows[begin + t * w : begin + (t + 1) * w]


# --- products, a part of the keys at a time for all tiles ------------------------------------------------------------
# The loop over tiles is the inner one: PART rows of the keys' arrays are read from memory once and serve all tiles.


@kernel(nogil=True, error_model="numpy")
def logits(inputs, tiles, size, workspace, begin):
    """Set E to the logits k q^T in each tile; the queries hold the inverse temperature already."""
    for t in range(len(tiles)):
        transpose_tile(of_tile(inputs.queries, begin, t, tiles.shape[2]), workspace.queries[t])
    for a in range(0, size, PART):
        b = min(a + PART, size)
        for t in range(len(tiles)):
            product(inputs.keys[a:b], workspace.queries[t], tiles[t][a:b], 0, inputs.keys.shape[1], False)


@kernel(nogil=True, error_model="numpy")
def apply_values(transposed, tiles, size, out):
    """Set out to V^T E for each tile, where `transposed` is V^T; the terms are added up over parts of the keys."""
    for a in range(0, size, PART):
        for t in range(len(tiles)):
            product(transposed, tiles[t], out[t], a, min(a + PART, size), a > 0)


@kernel(nogil=True, error_model="numpy")
def softmax_backward(values, tiles, size, workspace):
    """Multiply E by v c - r entry by entry in each tile: it then is p times Z (FlashAttention's dS times l)."""
    for a in range(0, size, PART):
        b = min(a + PART, size)
        for t in range(len(tiles)):
            product(values[a:b], workspace.c[t], workspace.errors, 0, values.shape[1], False)
            multiply(tiles[t][a:b], workspace.errors, workspace.mean[t])


# --- one tile --------------------------------------------------------------------------------------------------------


@kernel(nogil=True)
def transpose_tile(rows, out):
    """Transpose the queries of a tile into the columns of `out`; columns without a query become 0.

    A query of zeros has finite logits, and c and r are 0 in its column, so it adds nothing to any product.
    """
    out[:] = 0
    for k in range(len(rows)):
        for r in range(rows.shape[1]):
            out[r, k] = rows[k, r]


@kernel(nogil=True, error_model="numpy")
def write_rows(columns, sums, out):
    """Divide the columns of a tile by Z and write them as rows of `out`, which has one row per real query."""
    for k in range(len(out)):
        for r in range(out.shape[1]):
            out[k, r] = columns[r, k] / sums[k]


@kernel(nogil=True, error_model="numpy")
def add_product(tile, rows, sums, panel, out):
    """Add the product of E and rows / Z to `out`, panel by panel; `panel` (w, w) is a buffer for the second factor.

    Rows of the buffer without a query stay 0, so that columns of E beyond the last query add nothing.
    """
    w = len(sums)
    for u in range(len(out)):
        panel[:] = 0
        for k in range(len(rows)):
            for r in range(min(w, rows.shape[1] - u * w)):
                panel[k, r] = rows[k, u * w + r] / sums[k]
        product(tile, panel, out[u], 0, w, True)


@kernel(nogil=True)
def mask_tile(tile, m, i, causal):
    """Set logits to minus infinity in rows from m on, which are not keys, and, if causal, at keys after the query.

    Column p belongs to query i + p, which sees the keys 0, ..., i + p. So each column keeps a finite entry, and its
    maximum, which `exponentials` subtracts, is finite too.
    """
    tile[m:] = -np.inf
    if causal:
        for j in range(i + 1, m):
            tile[j, : min(j - i, tile.shape[1])] = -np.inf


@kernel(nogil=True, fastmath=FAST, error_model="numpy")
def exponentials(tile, sums):
    """Replace a tile of logits by exp(logits - column maximum), and set `sums` to the column sums (Z).

    The tile has a multiple of GROUP rows. Without the maximum, which cancels in E / Z, exp would overflow.
    """
    w = tile.shape[1]
    # GROUP rows of the tile are taken as one long row: vector loops then have few remainders, and each column q has
    # GROUP independent maxima and sums, at the indices p with p % w == q, which are combined after each loop.
    rows = tile.reshape(len(tile) // GROUP, GROUP * w)
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
    """Multiply a part of a tile by `errors` - r, entry by entry; r (`mean`, FlashAttention's delta) is per query."""
    for j in range(len(tile)):
        for p in range(tile.shape[1]):
            tile[j, p] *= errors[j, p] - mean[p]


@kernel(nogil=True, error_model="numpy")
def errors(targets, output, sums, c, mean):
    """Set c to O - y^T and `mean` to r = <c, O>, with O = output / Z; return half the squared norm of c.

    Columns without a query get c = 0. The loss is summed in double precision whatever the arrays are.
    """
    c[:] = 0
    mean[:] = 0
    loss = 0.0
    for r in range(targets.shape[1]):
        for p in range(len(targets)):
            entry = output[r, p] / sums[p]
            c[r, p] = entry - targets[p, r]
            mean[p] += c[r, p] * entry
            loss += 0.5 * np.float64(c[r, p]) ** 2
    return loss
