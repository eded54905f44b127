"""Inner loops that fill the vector registers of the processor where the compiler alone would leave lanes empty.

LLVM vectorizes loops, and it unrolls a loop over the handful of columns of a row before its vectorizer looks. So
`weighted_sum` and `product` emit the loop over the rows themselves, with vectors of columns as operands. Each function
has a plain body with the same meaning, which interpreted code runs, and plain loops, which are compiled in its place
where the environment says LRTHEORY_PLAIN_NUMBA=1; ``.ci/run`` tests what calls them with both.

They rest on internals of Numba and llvmlite that nobody promises, so they have to earn their place: ``python -m
benchmarks.lanes`` prints how many times longer the plain loops take. On an AMD EPYC with vectors of 512 bits that was
4.3 to 11.3 times for `weighted_sum` and 6.0 to 6.3 times for `product`, on an Intel Xeon with such vectors 4.3 to 11.9
and 11.3 to 11.7 times. One that falls below 1.3 is deleted. That `weighted_sum` fetches rows ahead counts for tables
beyond the caches: without it sums over the neighbors of a million points took 1.4 times longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic, overload

from lrtheory._array import PLAIN, kernel

__all__ = ["GROUP", "columns", "product", "weighted_sum"]

LANE = ir.IntType(32)  # the type of the index of a lane in a vector
BYTES = 64 if "+avx512f" in get_host_cpu_features().split(",") else 32  # size of the vectors of `product`
NEAR = 1 << 17  # numbers of a table so small that a cache holds it, where fetching ahead costs a third more
AHEAD = 128  # rows that `weighted_sum` fetches before it adds them: which ones is known, but follows no pattern
GROUP = 8  # the first factor of a `product` has a multiple of this number of rows
# Rows per block of `product`: each keeps two sums in registers, 16 of the 32 of AVX-512, or 8 of 16 without it, so that
# factors and loaded vectors still find a register and no sum is spilled to memory.
ROWS = GROUP if BYTES == 64 else GROUP // 2


def weighted_sum(table, rows, weights, first, last, sums, p):
    """Set sums[p] to the sum of weights[i] table[rows[i]] over first <= i < last, in this order, compiled or not.

    Each column keeps the order of the terms, since vectors run over columns. This body is the interpreted one.
    """
    sums[p] = 0
    for i in range(first, last):
        sums[p] += weights[i] * table[rows[i]]


def _two_vectors(*lanes: int) -> Any:
    """Make an intrinsic that does `weighted_sum` for the columns c, ..., c + lanes[0] - 1 and d, ..., d + lanes[1] - 1.

    Two vectors at once, so that two independent chains of additions overlap and each row is fetched once for both.
    """

    @intrinsic
    def lane_sums(typing, table, rows, weights, first, last, sums, p, c, d):
        places = (types.intp,) * 3
        signature = types.void(table, rows, weights, types.intp, types.intp, sums, *places)
        return signature, lambda *emitted: _emit(lanes, *emitted)

    return lane_sums


def _emit(lanes: tuple[int, ...], context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    table, rows, weights, sums = (
        context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 1, 2, 5)
    )
    (first, last), (p, *columns), integer = given[3:5], given[6:], given[3].type
    parts = [Vectors(context, builder, signature.args[0].dtype, count) for count in lanes]
    totals = [vectors.total() for vectors in parts]
    # the first and the last number of a row: up to ten doubles lie in their two cache lines alone
    corners = columns[0], builder.add(columns[1], ir.Constant(integer, lanes[1] - 1))
    end = builder.sub(cgutils.unpack_tuple(builder, rows.shape)[0], ir.Constant(integer, 1))
    far = builder.icmp_signed(">", table.nitems, ir.Constant(integer, NEAR))

    def row_at(i: Any) -> Any:
        row = builder.load(builder.gep(rows.data, [i]))
        return row if row.type == integer else builder.zext(row, integer)  # narrow indices are never negative

    with cgutils.for_range_slice(builder, first, last, ir.Constant(integer, 1)) as (i, _):
        with builder.if_then(far):
            ahead = builder.add(i, ir.Constant(integer, AHEAD))
            soon = row_at(builder.select(builder.icmp_signed("<", ahead, end), ahead, end))
            for column in corners:
                parts[0].fetch(parts[0].place(table, soon, column))
        row = row_at(i)
        for vectors, total, column in zip(parts, totals, columns, strict=True):
            weight = vectors.spread(builder.gep(weights.data, [i]))
            vectors.add(total, weight, vectors.load(vectors.place(table, row, column)))
    for vectors, total, column in zip(parts, totals, columns, strict=True):
        vectors.store(builder.load(total), vectors.place(sums, p, column))
    return context.get_dummy_value()


class Vectors:
    """Emit operations on vectors of `lanes` numbers; loads and stores assume the alignment of one number only."""

    def __init__(self, context: Any, builder: Any, dtype: Any, lanes: int) -> None:
        self.builder, self.size, self.lanes = builder, dtype.bitwidth // 8, lanes
        self.kind = ir.VectorType(context.get_value_type(dtype), lanes)
        self.zero = ir.Constant(self.kind, None)

    def place(self, array: Any, row: Any, column: Any) -> Any:
        """Return the address of entry (row, column) of a C-contiguous matrix."""
        width = cgutils.unpack_tuple(self.builder, array.shape)[1]
        return self.builder.gep(array.data, [self.builder.add(self.builder.mul(row, width), column)])

    def load(self, start: Any, number: Any = 0) -> Any:
        """Load vector `number`, counted from 0, of those that lie one after the other from address `start`."""
        return self.builder.load(self._vector(start, number), align=self.size)

    def store(self, value: Any, start: Any, number: Any = 0) -> None:
        """Store `value` as vector `number` after address `start`; the inverse of `load`."""
        self.builder.store(value, self._vector(start, number), align=self.size)

    def fetch(self, place: Any) -> None:
        """Ask for the cache line of an address, without waiting for it (prefetch)."""
        address = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [address, LANE, LANE, LANE])
        instruction = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0i8")
        # to read, of use for long, data
        self.builder.call(instruction, [self.builder.bitcast(place, address), LANE(0), LANE(3), LANE(1)])

    def spread(self, place: Any) -> Any:
        """Load one number and copy it into every lane (broadcast)."""
        return self.filled(self.builder.load(place))

    def filled(self, number: Any) -> Any:
        """Copy a number into every lane."""
        nothing, every = ir.Constant(self.kind, ir.Undefined), ir.Constant(ir.VectorType(LANE, self.lanes), None)
        one = self.builder.insert_element(nothing, number, LANE(0))
        return self.builder.shuffle_vector(one, nothing, every)

    def across(self, vector: Any) -> Any:
        """Add the numbers of all lanes, in any order."""
        number = self.kind.element
        name = f"llvm.vector.reduce.fadd.v{self.lanes}f{8 * self.size}"
        total = self.builder.module.declare_intrinsic(name, (), ir.FunctionType(number, [number, self.kind]))
        return self.builder.call(total, [ir.Constant(number, 0.0), vector], fastmath=("reassoc", "contract"))

    def total(self) -> Any:
        """Allocate a vector sum that starts at 0; LLVM turns the stack slot into a register (mem2reg)."""
        return cgutils.alloca_once_value(self.builder, self.zero)

    def add(self, total: Any, left: Any, right: Any) -> None:
        """Add the product of two vectors to `total`, in one rounding where the processor has fused multiply-add."""
        self.builder.store(self.fused(self.builder.load(total), left, right), total)

    def fused(self, start: Any, left: Any, right: Any, sign: int = 1) -> Any:
        """Return `start` plus the product of two vectors, or minus it where the sign is -1."""
        term = self.builder.fmul(left, right, flags=["contract"])
        return (self.builder.fadd if sign > 0 else self.builder.fsub)(start, term, flags=["contract"])

    def _vector(self, start: Any, number: Any) -> Any:
        """Return the address of vector `number`, which the code computes or which is known, after `start`."""
        number = ir.IntType(64)(number) if isinstance(number, int) else number
        return self.builder.gep(self.builder.bitcast(start, self.kind.as_pointer()), [number])


_EIGHTS, _TENS, _FOURS, _TWOS, _ONES = (_two_vectors(*lanes) for lanes in ((8, 8), (8, 2), (4, 4), (2, 2), (1, 1)))


@overload(weighted_sum, inline="always")
def _compiled(table, rows, weights, first, last, sums, p):
    def loops(table, rows, weights, first, last, sums, p):
        for c in range(table.shape[1]):
            sums[p, c] = 0
        for i in range(first, last):
            for c in range(table.shape[1]):
                sums[p, c] += weights[i] * table[rows[i], c]

    def two_by_two(table, rows, weights, first, last, sums, p):
        # The last vectors end at column k and overlap the ones before, so that no scalar remainder is left: columns in
        # both are computed twice and stored twice with one value, which is harmless because sums are set, not added to.
        k = table.shape[1]
        if k >= 16:
            for c in range(0, k - 16, 16):
                _EIGHTS(table, rows, weights, first, last, sums, p, c, c + 8)
            _EIGHTS(table, rows, weights, first, last, sums, p, k - 16, k - 8)
        elif k > 10:
            _EIGHTS(table, rows, weights, first, last, sums, p, 0, k - 8)
        elif k >= 8:
            _TENS(table, rows, weights, first, last, sums, p, 0, k - 2)
        elif k >= 4:
            _FOURS(table, rows, weights, first, last, sums, p, 0, k - 4)
        elif k >= 2:
            _TWOS(table, rows, weights, first, last, sums, p, 0, k - 2)
        elif k == 1:
            _ONES(table, rows, weights, first, last, sums, p, 0, 0)

    return loops if PLAIN else two_by_two


# --- products with few columns ---------------------------------------------------------------------------------------


def columns(kind: Any) -> int:
    """Return the number of columns of the second factor of a `product`: the numbers of dtype `kind` in two vectors."""
    return 2 * BYTES // np.dtype(kind).itemsize


@kernel(nogil=True, error_model="numpy")
def product(A, B, out, first, last, more):
    """Set out to A[:, first:last] B[first:last], where first < last; with `more`, add the product to out.

    A has a multiple of `GROUP` rows; B and out are `columns` wide, two vectors. A BLAS is made for large matrices and
    spends its time on packing for such thin ones. B[first:last] is read again for each block of `ROWS` rows of A, so a
    caller keeps last - first small enough for a cache.
    """
    for i in range(0, A.shape[0], ROWS):
        add_block(A, i, first, last, B, out, more)


def add_block(A, i, first, last, B, out, more):
    """Do `product` for the rows i, ..., i + ROWS - 1; this body is the interpreted one."""
    block, done = out[i : i + ROWS], A[i : i + ROWS, first:last] @ B[first:last]
    block[:] = block + done if more else done


@intrinsic
def _multiply(typing, A, i, first, last, B, out, more):
    """Do `add_block` in compiled code, as an intrinsic."""
    return types.void(A, types.intp, types.intp, types.intp, B, out, types.boolean), _emit_block


def _emit_block(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    A, B, out = (context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 4, 5))
    (i, first, last), more, integer = given[1:4], given[6], given[1].type
    vectors = Vectors(context, builder, signature.args[0].dtype, BYTES * 8 // signature.args[0].dtype.bitwidth)
    zero, below = ir.Constant(integer, 0), [builder.add(i, ir.Constant(integer, r)) for r in range(ROWS)]
    ours, theirs = ([vectors.place(array, row, place) for row in below] for array, place in ((A, first), (out, zero)))
    # an outer product per index: the numbers of a column of A times the two vectors of a row of B; the ROWS x 2 sums
    # stay in registers over the whole loop, and memory is written once at the end
    sums = [[vectors.total(), vectors.total()] for _ in below]
    with builder.if_then(more):
        for start, row in zip(theirs, sums, strict=True):
            for v, total in enumerate(row):
                builder.store(vectors.load(start, v), total)
    with counted(builder, builder.sub(last, first)) as index:
        start = vectors.place(B, builder.add(first, index), zero)
        right = [vectors.load(start, v) for v in range(2)]
        for left, row in zip(ours, sums, strict=True):
            factor = vectors.spread(builder.gep(left, [index]))
            for vector, total in zip(right, row, strict=True):
                vectors.add(total, factor, vector)
    for start, row in zip(theirs, sums, strict=True):
        for v, total in enumerate(row):
            vectors.store(builder.load(total), start, v)
    return context.get_dummy_value()


@contextmanager
def counted(builder: Any, count: Any) -> Iterator[Any]:
    """Emit a loop over 0 <= index < count, for count >= 1, that LLVM does not unroll.

    The condition is tested after the body, so the body runs at least once. If LLVM unrolls the loop of a product, it
    moves the sums from register to register, which takes longer than the additions.
    """
    before, body, after = builder.basic_block, *(builder.append_basic_block(name) for name in ("body", "after"))
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(count.type)
    index.add_incoming(ir.Constant(count.type, 0), before)
    yield index
    following = builder.add(index, ir.Constant(count.type, 1))
    index.add_incoming(following, builder.basic_block)
    again = builder.cbranch(builder.icmp_signed("<", following, count), body, after)
    rule = builder.module.add_metadata(["llvm.loop.unroll.disable"])
    loop = ir.MDValue(builder.module, [rule], name=str(len(builder.module.metadata)))  # a fresh name: one node per loop
    loop.operands = (loop, rule)  # LLVM demands that the node of a loop has itself as first operand
    again.set_metadata("llvm.loop", loop)
    builder.position_at_end(after)


@overload(add_block, inline="always")
def _compiled_block(A, i, first, last, B, out, more):
    def loops(A, i, first, last, B, out, more):
        if not more:
            out[i : i + ROWS] = 0
        for index in range(first, last):
            for row in range(i, i + ROWS):
                for c in range(out.shape[1]):
                    out[row, c] += A[row, index] * B[index, c]

    def registers(A, i, first, last, B, out, more):
        _multiply(A, i, first, last, B, out, more)

    return loops if PLAIN else registers
