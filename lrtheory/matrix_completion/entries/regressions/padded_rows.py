"""Panels whose rows are whole vectors of the processor, and the four sweeps over them that take all the time.

A panel has few columns, so the loops that LLVM makes over them spend most of their time outside of the vectors: on what
is left of a row, on a sum across the register for every row, and on vectors of sums that go to memory and back. Here
the columns of a row are vectors, the sums stay in registers over all rows, and columns of zeros, which change no
product, fill up the last vector (`padded`). The loops themselves are emitted in `registers`.

Each sweep has a plain body with the same meaning, which interpreted code runs, and which is compiled where the
environment says LRTHEORY_PLAIN_NUMBA=1; ``.ci/run`` tests half steps with both. ``python -m benchmarks.lanes`` prints
how many times longer plain Numba takes. On an AMD EPYC with vectors of 512 bits that was 2.5 to 4.7 times for
`gathered`, 1.4 to 1.7 for `squared`, 3.8 to 6.9 for `gram` and 2.2 to 12 for `eliminated`; on an Intel Xeon with such
vectors 2.5 to 5.1, 1.4 to 2.2, 6.5 to 13.6 and 2.4 to 14.5 times. One that falls below 1.3 is deleted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload

from lrtheory._array import PLAIN
from lrtheory._kernels.lanes import BYTES
from lrtheory.matrix_completion.entries.regressions import registers
from lrtheory.matrix_completion.entries.regressions.registers import TILE

__all__ = ["FAST", "aligned", "eliminated", "gathered", "gram", "height", "padded", "squared", "width"]

# Sums may be taken in any order, since nothing here decides a tie. The flags that assume away NaN and infinity are left
# out: a comparison with NaN is how the loops of the callers notice that they cannot go on.
FAST = {"contract", "reassoc"}
_gathered, _squared = registers.gathered, registers.squared
(_one_product, _two_products, _three_products), (_one_row, _two_rows, _three_rows) = registers.PRODUCTS, registers.ROWS


def width(k: int, dtype: Any) -> int:
    """Return the number of columns of a padded row of k numbers: whole vectors of the processor."""
    lanes = BYTES // np.dtype(dtype).itemsize
    return -(-k // lanes) * lanes


def height(k: int) -> int:
    """Return the number of rows of a Gram matrix of k columns: whole blocks of `gram`."""
    return -(-k // TILE) * TILE


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array of zeros that starts at the beginning of a vector, so that no load touches two cache lines."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + BYTES, dtype=np.uint8)
    start = -raw.__array_interface__["data"][0] % BYTES
    return raw[start : start + size].view(dtype).reshape(shape)


def padded(F: np.ndarray, dtype: Any) -> np.ndarray:
    """Copy a matrix to one whose rows are whole vectors, with zeros at their ends."""
    found = aligned((len(F), width(F.shape[1], dtype)), dtype)
    found[:, : F.shape[1]] = F
    return found


# --- sweeps: these bodies are the interpreted ones, and those of plain Numba -----------------------------------------


def gathered(F, chosen, x, panel, u, gradient, target):
    """Copy the chosen rows of F to the panel P; return |x - P u|^2, with P^T (x - P u) and P^T x in the last two.

    One sweep yields all of them: 6 d k operations, the first term of statement MC-T1-flops.
    """
    squares = 0.0
    for c in range(F.shape[1]):
        gradient[c] = 0
        target[c] = 0
    for j in range(chosen.shape[0]):
        row = chosen[j]
        rest = x[j] - F[row, 0] * u[0]
        for c in range(1, F.shape[1]):
            rest -= F[row, c] * u[c]
        squares += rest * rest
        for c in range(F.shape[1]):
            panel[j, c] = F[row, c]
            gradient[c] += F[row, c] * rest
            target[c] += F[row, c] * x[j]
    return squares


def squared(panel, d, p, ridge, w):
    """Set w to (P^T P + ridge I) p for the first d rows P of the panel, in one sweep; return p^T w."""
    k = panel.shape[1]
    for c in range(k):
        w[c] = ridge * p[c]
    # four rows at a time, so that w is read and written once for four
    whole = d - d % 4
    for j in range(0, whole, 4):
        t0, t1, t2, t3 = panel[j, 0] * p[0], panel[j + 1, 0] * p[0], panel[j + 2, 0] * p[0], panel[j + 3, 0] * p[0]
        for c in range(1, k):
            t0 += panel[j, c] * p[c]
            t1 += panel[j + 1, c] * p[c]
            t2 += panel[j + 2, c] * p[c]
            t3 += panel[j + 3, c] * p[c]
        for c in range(k):
            w[c] += t0 * panel[j, c] + t1 * panel[j + 1, c] + t2 * panel[j + 2, c] + t3 * panel[j + 3, c]
    for j in range(whole, d):
        t = panel[j, 0] * p[0]
        for c in range(1, k):
            t += panel[j, c] * p[c]
        for c in range(k):
            w[c] += t * panel[j, c]
    curvature = p[0] * w[0]
    for c in range(1, k):
        curvature += p[c] * w[c]
    return curvature


def gram(panel, d, k, G):
    """Write the upper triangle of P^T P to G for the first d rows P of the panel, d k (k + 1) operations (MC-T1-flops).

    Of the columns the first k are not zero. Entries below the diagonal may be anything afterwards.
    """
    for a in range(k):
        for c in range(a, k):
            G[a, c] = 0
    whole = d - d % 4
    for j in range(0, whole, 4):
        for a in range(k):
            p0, p1, p2, p3 = panel[j, a], panel[j + 1, a], panel[j + 2, a], panel[j + 3, a]
            for c in range(a, k):
                G[a, c] += p0 * panel[j, c] + p1 * panel[j + 1, c] + p2 * panel[j + 2, c] + p3 * panel[j + 3, c]
    for j in range(whole, d):
        for a in range(k):
            for c in range(a, k):
                G[a, c] += panel[j, a] * panel[j, c]


def eliminated(G, c):
    """Subtract G[a, c] times row a from row c of G, right of the diagonal, for every a < c: a row of Cholesky."""
    for a in range(c):
        for e in range(c, G.shape[1]):
            G[c, e] -= G[a, c] * G[a, e]


# --- the same in vector registers ------------------------------------------------------------------------------------


@overload(gathered, jit_options={"fastmath": FAST})
def _compiled_gathered(F, chosen, x, panel, u, gradient, target):
    def vectors(F, chosen, x, panel, u, gradient, target):
        return _gathered(F, chosen, x, panel, u, gradient, target)

    return gathered if PLAIN else vectors


@overload(squared, jit_options={"fastmath": FAST})
def _compiled_squared(panel, d, p, ridge, w):
    def vectors(panel, d, p, ridge, w):
        return _squared(panel, d, p, ridge, w)

    return squared if PLAIN else vectors


@overload(gram, jit_options={"fastmath": FAST})
def _compiled_gram(panel, d, k, G):
    lanes = BYTES * 8 // G.dtype.bitwidth

    def tiles(panel, d, k, G):
        for a in range(0, k, TILE):
            e = a - a % lanes
            while e < G.shape[1]:  # two vectors at least, where more than one is left
                left = (G.shape[1] - e) // lanes
                if left == 3 or left > 4:
                    _three_products(panel, d, a, e, G)
                    e += 3 * lanes
                elif left > 1:
                    _two_products(panel, d, a, e, G)
                    e += 2 * lanes
                else:
                    _one_product(panel, d, a, e, G)
                    e += lanes

    return gram if PLAIN else tiles


@overload(eliminated, jit_options={"fastmath": FAST})
def _compiled_row(G, c):
    lanes = BYTES * 8 // G.dtype.bitwidth

    def vectors(G, c):
        e = c - c % lanes
        if c == 0:
            return
        while e < G.shape[1]:
            left = (G.shape[1] - e) // lanes
            if left >= 3:
                _three_rows(G, c, c, e, G)
                e += 3 * lanes
            elif left == 2:
                _two_rows(G, c, c, e, G)
                e += 2 * lanes
            else:
                _one_row(G, c, c, e, G)
                e += lanes

    return eliminated if PLAIN else vectors
