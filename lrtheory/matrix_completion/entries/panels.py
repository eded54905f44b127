"""Sweeps over the panel of a line, for vector registers: rows of a factor are padded to whole vectors of numbers.

A panel has few columns, so the loops that LLVM makes over them spend most of their time outside of the vectors: on what
is left of a row, on sums across a register for every row, and on vectors of sums that go to memory and back. Here the
columns of a row are vectors, the sums stay in registers over all rows, and LLVM does not unroll the loop over rows.
Columns of zeros change no product, so `padded` fills up the last vector.

Each function has a plain body with the same meaning, in Python below; it is compiled where the environment says
LRTHEORY_PLAIN_NUMBA=1, and for panels too wide for the registers. Sums may be taken in any order, since nothing here
decides a tie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from lrtheory._array import PLAIN, kernel
from lrtheory._kernels.lanes import BYTES, Vectors, counted

__all__ = ["FAST", "aligned", "eliminated", "gathered", "gram", "height", "padded", "squared", "width"]

# Sums may be taken in any order. The flags that assume away NaN and infinity are left out: a comparison with NaN is how
# the loops of the callers notice that they cannot go on.
FAST = {"contract", "reassoc"}
REGISTERS = 32 if BYTES == 64 else 16
TILE = 8 if BYTES == 64 else 4  # rows of a block of a Gram matrix, whose sums stay in registers


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
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.zeros(size + BYTES, dtype=np.uint8)
    start = -raw.ctypes.data % BYTES
    return raw[start : start + size].view(dtype).reshape(shape)


def padded(F: np.ndarray, dtype: Any) -> np.ndarray:
    """Copy a matrix to one whose rows are whole vectors, with zeros at their ends."""
    found = aligned((len(F), width(F.shape[1], dtype)), dtype)
    found[:, : F.shape[1]] = F
    return found


# --- the first sweep -------------------------------------------------------------------------------------------------


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


def _vectors(context: Any, builder: Any, array: Any) -> Vectors:
    return Vectors(context, builder, array.dtype, BYTES * 8 // array.dtype.bitwidth)


def _by_width(builder: Any, vectors: Vectors, columns: Any, most: int, emit: Any) -> None:
    """Emit a body for each number of vectors in a row, from 1 to `most`; the right one runs."""
    after, number = builder.append_basic_block("done"), builder.udiv(columns, columns.type(vectors.lanes))
    cases = builder.switch(number, after)
    for nb in range(1, most + 1):
        block = builder.append_basic_block(f"vectors{nb}")
        cases.add_case(number.type(nb), block)
        builder.position_at_end(block)
        emit(nb)
        builder.branch(after)
    builder.position_at_end(after)


def _dot(builder: Any, vectors: Vectors, left: list[Any], right: list[Any]) -> Any:
    """Emit the inner product of two rows of vectors, by two chains of multiply-adds."""
    chains = []
    for start in range(min(2, len(left))):
        total = builder.fmul(left[start], right[start])
        for one, other in zip(left[start + 2 :: 2], right[start + 2 :: 2], strict=True):
            total = vectors.fused(total, one, other)
        chains.append(total)
    total = chains[0] if len(chains) == 1 else builder.fadd(*chains, flags=["reassoc", "contract"])
    return vectors.across(total)


@intrinsic
def _gathered(typing, F, chosen, x, panel, u, gradient, target):
    """Do `gathered` for rows of at most `WIDEST` vectors."""
    return types.float64(F, chosen, x, panel, u, gradient, target), _emit_gathered


def _emit_gathered(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    F, chosen, x, panel, u, gradient, target = (
        context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args, given, strict=True)
    )
    vectors, double = _vectors(context, builder, signature.args[0]), ir.DoubleType()
    d, columns = (cgutils.unpack_tuple(builder, panel.shape)[axis] for axis in (0, 1))
    d = cgutils.unpack_tuple(builder, chosen.shape)[0]
    zero, squares = ir.Constant(d.type, 0), cgutils.alloca_once_value(builder, ir.Constant(double, 0.0))

    def emit(nb: int) -> None:
        every = range(nb)
        start = [vectors.load(u.data, v) for v in every]
        sums = [[vectors.total() for _ in every] for _ in range(2)]
        with builder.if_then(builder.icmp_signed(">", d, zero)), counted(builder, d) as j:
            row = builder.zext(builder.load(builder.gep(chosen.data, [j])), d.type)
            here, there = vectors.place(F, row, zero), vectors.place(panel, j, zero)
            parts = [vectors.load(here, v) for v in every]
            for v, part in enumerate(parts):
                vectors.store(part, there, v)
            value = builder.load(builder.gep(x.data, [j]))
            rest = builder.fsub(value, _dot(builder, vectors, parts, start))
            wide = rest if rest.type == double else builder.fpext(rest, double)
            builder.store(builder.fadd(builder.load(squares), builder.fmul(wide, wide)), squares)
            for factor, totals in zip((rest, value), sums, strict=True):
                factor = vectors.filled(factor)
                for part, total in zip(parts, totals, strict=True):
                    vectors.add(total, factor, part)
        for array, totals in zip((gradient, target), sums, strict=True):
            for v, total in enumerate(totals):
                vectors.store(builder.load(total), array.data, v)

    _by_width(builder, vectors, columns, WIDEST, emit)
    return builder.load(squares)


@intrinsic
def _squared(typing, panel, d, p, ridge, w):
    """Do `squared` for rows of at most `WIDEST` vectors."""
    return panel.dtype(panel, types.intp, p, panel.dtype, w), _emit_squared


def _emit_squared(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    panel, p, w = (context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 2, 4))
    d, ridge, vectors = given[1], given[3], _vectors(context, builder, signature.args[0])
    columns, zero = cgutils.unpack_tuple(builder, panel.shape)[1], ir.Constant(d.type, 0)
    curvature = cgutils.alloca_once(builder, ridge.type)

    def emit(nb: int) -> None:
        every, rows = range(nb), max(1, min(4, (REGISTERS - 2 - 2 * nb) // nb))
        direction = [vectors.load(p.data, v) for v in every]
        totals = [cgutils.alloca_once_value(builder, builder.fmul(vectors.filled(ridge), one)) for one in direction]

        def rows_from(start: Any, number: int) -> None:
            places = [vectors.place(panel, builder.add(start, start.type(r)), zero) for r in range(number)]
            parts = [[vectors.load(place, v) for v in every] for place in places]
            dots = [vectors.filled(_dot(builder, vectors, row, direction)) for row in parts]
            for dot, row in zip(dots, parts, strict=True):
                for part, total in zip(row, totals, strict=True):
                    vectors.add(total, dot, part)

        groups = builder.sdiv(d, d.type(rows))
        done = builder.mul(groups, d.type(rows))
        with builder.if_then(builder.icmp_signed(">", groups, zero)), counted(builder, groups) as group:
            rows_from(builder.mul(group, d.type(rows)), rows)
        left = builder.sub(d, done)
        with builder.if_then(builder.icmp_signed(">", left, zero)), counted(builder, left) as j:
            rows_from(builder.add(done, j), 1)
        ends = [builder.load(total) for total in totals]
        for v, end in enumerate(ends):
            vectors.store(end, w.data, v)
        builder.store(_dot(builder, vectors, direction, ends), curvature)

    _by_width(builder, vectors, columns, WIDEST, emit)
    return builder.load(curvature)


#: vectors of a row for which the sweeps keep the direction, the sums and one row of the panel in registers
WIDEST = (REGISTERS - 2) // 3


def _tile(rows: int, across: int, sign: int) -> Any:
    """Make an intrinsic for `rows` rows of G from a on, of which it does `across` vectors from column e on.

    It adds or subtracts, by the sign, A[j, a + r] A[j] for all j < n: where it adds it starts from 0, else from G.
    """

    @intrinsic
    def tile(typing, A, n, a, e, G):
        places = (types.intp,) * 3
        return types.void(A, *places, G), lambda *emitted: _emit_tile(rows, across, sign, *emitted)

    return tile


def _emit_tile(
    rows: int, across: int, sign: int, context: Any, builder: Any, signature: Any, given: tuple[Any, ...]
) -> Any:
    A, G = (context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 4))
    (n, a, e), vectors = given[1:4], _vectors(context, builder, signature.args[0])
    ends = [vectors.place(G, builder.add(a, a.type(r)), e) for r in range(rows)]
    starts = [[vectors.zero if sign > 0 else vectors.load(end, v) for v in range(across)] for end in ends]
    sums = [[cgutils.alloca_once_value(builder, start) for start in row] for row in starts]
    with counted(builder, n) as j:
        left, right = vectors.place(A, j, a), vectors.place(A, j, e)
        parts = [vectors.load(right, v) for v in range(across)]
        for r, totals in enumerate(sums):
            factor = vectors.spread(builder.gep(left, [a.type(r)]))
            for part, total in zip(parts, totals, strict=True):
                builder.store(vectors.fused(builder.load(total), factor, part, sign), total)
    for end, totals in zip(ends, sums, strict=True):
        for v, total in enumerate(totals):
            vectors.store(builder.load(total), end, v)
    return context.get_dummy_value()


_PRODUCTS = [_tile(TILE, across, 1) for across in (1, 2, 3)]
_ROWS = [_tile(1, across, -1) for across in (1, 2, 3)]
_PRODUCT_1, _PRODUCT_2, _PRODUCT_3 = _PRODUCTS
_ROW_1, _ROW_2, _ROW_3 = _ROWS
_loops_gathered, _loops_squared = (kernel(nogil=True, fastmath=FAST)(body) for body in (gathered, squared))


@overload(gathered, jit_options={"fastmath": FAST})
def _compiled_gathered(F, chosen, x, panel, u, gradient, target):
    most = WIDEST * (BYTES * 8 // F.dtype.bitwidth)

    def either(F, chosen, x, panel, u, gradient, target):
        if F.shape[1] <= most:
            return _gathered(F, chosen, x, panel, u, gradient, target)
        return _loops_gathered(F, chosen, x, panel, u, gradient, target)

    return gathered if PLAIN else either


@overload(squared, jit_options={"fastmath": FAST})
def _compiled_squared(panel, d, p, ridge, w):
    most = WIDEST * (BYTES * 8 // panel.dtype.bitwidth)

    def either(panel, d, p, ridge, w):
        if panel.shape[1] <= most:
            return _squared(panel, d, p, ridge, w)
        return _loops_squared(panel, d, p, ridge, w)

    return squared if PLAIN else either


@overload(gram, jit_options={"fastmath": FAST})
def _compiled_gram(panel, d, k, G):
    lanes = BYTES * 8 // G.dtype.bitwidth

    def tiles(panel, d, k, G):
        for a in range(0, k, TILE):
            e = a - a % lanes
            while e < G.shape[1]:
                left = (G.shape[1] - e) // lanes
                if left == 3 or left > 4:
                    _PRODUCT_3(panel, d, a, e, G)
                    e += 3 * lanes
                elif left > 1:
                    _PRODUCT_2(panel, d, a, e, G)
                    e += 2 * lanes
                else:
                    _PRODUCT_1(panel, d, a, e, G)
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
                _ROW_3(G, c, c, e, G)
                e += 3 * lanes
            elif left == 2:
                _ROW_2(G, c, c, e, G)
                e += 2 * lanes
            else:
                _ROW_1(G, c, c, e, G)
                e += lanes

    return eliminated if PLAIN else vectors
