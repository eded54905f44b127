"""Vector registers in compiled loops where the compiler leaves them half empty.

It makes vectors of loops, not of straight code, and a loop over the handful of columns of a row is straight code to it
by the time it looks: so `weighted_sum` gives it the loop over the rows with vectors in place. And it takes half of each
register where whole ones once slowed a processor down: `wide` allows them in kernels that compute more than they read.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["weighted_sum", "wide"]

LANE = ir.IntType(32)  # the number of a lane in a vector


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
