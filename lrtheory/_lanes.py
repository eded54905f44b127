"""Vector registers in compiled loops where the compiler leaves them half empty.

It makes vectors of loops, not of straight code, and a loop over the handful of columns of a row is straight code to it
by the time it looks: so `weighted_sum` and `product` give it the loop over the rows with vectors in place. And it takes
half of each register where whole ones once slowed a processor down: `wide` allows them in kernels that compute more
than they read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from lrtheory._array import kernel

__all__ = ["GROUP", "packed", "product", "weighted_sum", "wide"]

LANE = ir.IntType(32)  # the number of a lane in a vector
BYTES = 64 if binding.get_host_cpu_features().get("avx512f") else 32  # of the vectors of `product`
GROUP = 8  # rows of a product at a time: their sums stay in registers
BROAD = GROUP if BYTES == 64 else GROUP // 2  # of two vectors each; older processors have half as many registers
DEPTH = 1024  # terms of a sum at a time: what they read of the second factor stays in the cache


def weighted_sum(table, rows, weights, first, last, sums, p):
    """sums[p] = the sum of weights[i] table[rows[i]] over first <= i < last, in this order, compiled or not."""
    sums[p] = 0
    for i in range(first, last):
        sums[p] += weights[i] * table[rows[i]]


def _two_vectors(lanes: int) -> Any:
    """The same for the columns c, ..., c + lanes - 1 and d, ..., d + lanes - 1, as an instruction of compiled code."""

    @intrinsic
    def lane_sums(typing, table, rows, weights, first, last, sums, p, c, d):
        places = (types.intp,) * 3
        signature = types.void(table, rows, weights, types.intp, types.intp, sums, *places)
        return signature, lambda *emitted: _emit(lanes, *emitted)

    return lane_sums


def _emit(lanes: int, context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    table, rows, weights, sums = (
        context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 1, 2, 5)
    )
    (first, last), (p, *columns), integer = given[3:5], given[6:], given[3].type
    number, size = context.get_value_type(signature.args[0].dtype), signature.args[0].dtype.bitwidth // 8
    vector, every = ir.VectorType(number, lanes), ir.Constant(ir.VectorType(LANE, lanes), [0] * lanes)
    nothing, width = ir.Constant(vector, ir.Undefined), cgutils.unpack_tuple(builder, table.shape)[1]

    def part(array: Any, row: Any, column: Any) -> Any:
        start = builder.gep(array.data, [builder.add(builder.mul(row, width), column)])
        return builder.bitcast(start, vector.as_pointer())

    totals = [cgutils.alloca_once(builder, vector) for _ in columns]  # registers, once the compiler has seen them
    for total in totals:
        builder.store(ir.Constant(vector, None), total)
    with cgutils.for_range_slice(builder, first, last, ir.Constant(integer, 1)) as (i, _):
        row = builder.load(builder.gep(rows.data, [i]))
        row = row if row.type == integer else builder.zext(row, integer)
        weight = builder.insert_element(nothing, builder.load(builder.gep(weights.data, [i])), LANE(0))
        weight = builder.shuffle_vector(weight, nothing, every)
        for total, column in zip(totals, columns, strict=True):
            product = builder.fmul(weight, builder.load(part(table, row, column), align=size), flags=["contract"])
            builder.store(builder.fadd(builder.load(total), product, flags=["contract"]), total)  # one rounding
    for total, column in zip(totals, columns, strict=True):
        builder.store(builder.load(total), part(sums, p, column), align=size)
    return context.get_dummy_value()


_EIGHTS, _FOURS, _TWOS, _ONES = (_two_vectors(lanes) for lanes in (8, 4, 2, 1))


@overload(weighted_sum, inline="always")
def _compiled(table, rows, weights, first, last, sums, p):
    def two_by_two(table, rows, weights, first, last, sums, p):
        k = table.shape[1]  # the last vectors overlap the ones before, so that none is cut short
        if k >= 16:
            for c in range(0, k - 16, 16):
                _EIGHTS(table, rows, weights, first, last, sums, p, c, c + 8)
            _EIGHTS(table, rows, weights, first, last, sums, p, k - 16, k - 8)
        elif k >= 8:
            _EIGHTS(table, rows, weights, first, last, sums, p, 0, k - 8)
        elif k >= 4:
            _FOURS(table, rows, weights, first, last, sums, p, 0, k - 4)
        elif k >= 2:
            _TWOS(table, rows, weights, first, last, sums, p, 0, k - 2)
        elif k == 1:
            _ONES(table, rows, weights, first, last, sums, p, 0, 0)

    return two_by_two


def wide():
    """Let the loops of the kernel that calls this fill vector registers of 512 bits, where a processor has them."""


@intrinsic
def _allow_wide(typing):
    def emit(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
        # the set of attributes knows no pairs of names and values, but prints them as they are
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), emit


@overload(wide, inline="always")
def _compiled_wide():
    return lambda: _allow_wide()


# --- products of matrices one of which is thin -----------------------------------------------------------------------


def packed(B: np.ndarray) -> np.ndarray:
    """B (k, n) for `product`: panels of as many columns as one or two vectors hold, filled up with zeros.

    Of shape (panels, k, width): a product then reads memory from one end to the other.
    """
    lanes = BYTES // B.dtype.itemsize
    width = lanes if B.shape[1] <= lanes else 2 * lanes
    count = -(-B.shape[1] // width)
    filled = np.zeros((len(B), count * width), B.dtype)
    filled[:, : B.shape[1]] = B
    return np.ascontiguousarray(filled.reshape(len(B), count, width).transpose(1, 0, 2))


@kernel(nogil=True, error_model="numpy")
def product(A, panels, out, k):
    """out <- A[:, :k] B[:k] for packed columns of B; of A and out the number of rows is a multiple of `GROUP`.

    Where one of the three sizes is small, as here, libraries for large matrices take twice as long.
    """
    count, length, width = panels.shape
    B = panels.reshape(count * length, width)
    rows = GROUP if width == BYTES // panels.itemsize else BROAD
    for p in range(count):
        for first in range(0, k, DEPTH):
            terms = min(DEPTH, k - first)
            for i in range(0, A.shape[0], rows):
                add_block(A, i, rows, first, terms, B, p * length + first, out, p * width)


def add_block(A, i, rows, first, terms, B, b, out, c):
    """Some rows of out <- A B for one panel: add these terms to what is there, or to 0 for the first of them."""
    done = A[i : i + rows, first : first + terms] @ B[b : b + terms]
    block = out[i : i + rows, c : c + B.shape[1]]
    block[:] = done if first == 0 else block + done


def _block_of(rows: int, vectors: int) -> Any:
    """The same for so many rows and vectors, as an instruction of compiled code."""

    @intrinsic
    def multiply(typing, A, i, first, terms, B, b, out, c):
        places = (types.intp,) * 3
        signature = types.void(A, *places, B, types.intp, out, types.intp)
        return signature, lambda *emitted: _emit_block(rows, vectors, *emitted)

    return multiply


def _emit_block(rows: int, vectors: int, context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    A, B, out = (context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 4, 6))
    i, first, terms, b, c, integer = *given[1:4], given[5], given[7], given[1].type
    number, size = context.get_value_type(signature.args[0].dtype), signature.args[0].dtype.bitwidth // 8
    lanes = BYTES // size
    vector, every = ir.VectorType(number, lanes), ir.Constant(ir.VectorType(LANE, lanes), [0] * lanes)
    nothing, zero = ir.Constant(vector, ir.Undefined), ir.Constant(vector, None)

    def entry(array: Any, row: Any, column: Any) -> Any:
        width = cgutils.unpack_tuple(builder, array.shape)[1]
        return builder.gep(array.data, [builder.add(builder.mul(row, width), column)])

    def part(start: Any, v: int) -> Any:
        place = builder.gep(start, [ir.Constant(integer, v * lanes)])
        return builder.bitcast(place, vector.as_pointer())

    below = [builder.add(i, ir.Constant(integer, r)) for r in range(rows)]
    ours, theirs = [entry(A, row, first) for row in below], [entry(out, row, c) for row in below]
    sums = [[cgutils.alloca_once(builder, vector) for _ in range(vectors)] for _ in below]
    is_first = builder.icmp_signed("==", first, ir.Constant(integer, 0))
    for start, row in zip(theirs, sums, strict=True):
        for v, total in enumerate(row):
            builder.store(builder.select(is_first, zero, builder.load(part(start, v), align=size)), total)
    with cgutils.for_range(builder, terms) as loop:
        start = entry(B, builder.add(b, loop.index), ir.Constant(integer, 0))
        columns = [builder.load(part(start, v), align=size) for v in range(vectors)]
        for left, row in zip(ours, sums, strict=True):
            factor = builder.insert_element(nothing, builder.load(builder.gep(left, [loop.index])), LANE(0))
            factor = builder.shuffle_vector(factor, nothing, every)
            for column, total in zip(columns, row, strict=True):
                term = builder.fmul(factor, column, flags=["contract"])
                builder.store(builder.fadd(builder.load(total), term, flags=["contract"]), total)
    for start, row in zip(theirs, sums, strict=True):
        for v, total in enumerate(row):
            builder.store(builder.load(total), part(start, v), align=size)
    return context.get_dummy_value()


_NARROW, _BROAD = _block_of(GROUP, 1), _block_of(BROAD, 2)


@overload(add_block, inline="always")
def _compiled_block(A, i, rows, first, terms, B, b, out, c):
    def by_width(A, i, rows, first, terms, B, b, out, c):
        if B.shape[1] * B.itemsize == BYTES:
            _NARROW(A, i, first, terms, B, b, out, c)
        else:
            _BROAD(A, i, first, terms, B, b, out, c)

    return by_width
