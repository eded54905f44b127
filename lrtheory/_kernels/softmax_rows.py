r"""Softmaxes of short rows and steps to them, with the numbers of a row in the lanes of vector registers.

A row of ten numbers fills no loop that LLVM would vectorize, and loops over many rows at once read memory with gaps.
So `shift_rows`, `add_rows` and `step_rows` emit loops over the vectors of each row. Rows of ``pulled`` and ``powers``,
which stay in a cache, are as wide as whole vectors, see `row_width`; of the others the last vector is masked. Each
function has a plain body with the same meaning, which interpreted code runs, and which is compiled where the
environment says LRTHEORY_PLAIN_NUMBA=1. ``python -m benchmarks.lanes`` prints how many times longer that one takes: 1.8
to 3.1 times on an AMD EPYC for rows of 3 to 16 numbers, 1.8 to 3.2 times on an Intel Xeon.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from lrtheory._array import PLAIN
from lrtheory._kernels.lanes import LANE, Vectors, counted

__all__ = ["add_rows", "fetch_row", "row_width", "shift_rows", "step_rows"]

BYTES = 32  # of a vector: longer ones would leave more lanes of a short row empty


def row_width(table):
    """Return the width of the rows of a table, in compiled code rounded up to whole vectors."""
    return table.shape[1]


def shift_rows(costs, pulled, lam, cold, powers, highest):
    """Set powers to (lam pulled - costs - highest) cold, where highest, which is set too, is the largest of its row.

    Places of ``powers`` beyond a row get minus infinity.
    """
    for p in range(costs.shape[0]):
        for c in range(costs.shape[1]):
            powers[p, c] = lam * pulled[p, c] - costs[p, c]
        highest[p] = powers[p, 0]
        for c in range(1, costs.shape[1]):
            highest[p] = max(powers[p, c], highest[p])
        for c in range(costs.shape[1]):
            powers[p, c] = (powers[p, c] - highest[p]) * cold


def add_rows(powers, count, mass):
    """Set mass to the sums of the first ``count`` rows of powers."""
    for p in range(count):
        mass[p] = 0
        for c in range(powers.shape[1]):
            mass[p] += powers[p, c]


def step_rows(Z, pulled, powers, scales, part, new):
    """Step from Z to ``new``, a part of the way to the rows s of powers times their scales, all of it where part is 1.

    Return the sums of z . u, with u the rows of ``pulled``, of s . u and of squared moves, and the largest move.
    """
    pairs, linear, moved, far = Z.dtype.type(0), Z.dtype.type(0), Z.dtype.type(0), Z.dtype.type(0)
    for p in range(Z.shape[0]):
        pair, line, square = Z.dtype.type(0), Z.dtype.type(0), Z.dtype.type(0)  # of a row first: it loses fewer digits
        for c in range(Z.shape[1]):
            goal = powers[p, c] * scales[p]
            pair += Z[p, c] * pulled[p, c]
            line += goal * pulled[p, c]
            move = part * (goal - Z[p, c])
            square += move * move
            far = max(far, abs(move))
            # a whole step is s itself, since z + (s - z) would round it once more
            new[p, c] = goal if part == 1 else Z[p, c] + move
        pairs, linear, moved = pairs + pair, linear + line, moved + square
    return pairs, linear, moved, far


def fetch_row(table, p):
    """Ask for the ends of row p, which will be used soon, without waiting for them; interpreted code need not ask."""


class Rows(Vectors):
    """Emit operations on the vectors of a row of k numbers, the last of them masked."""

    def __init__(self, context: Any, builder: Any, dtype: Any, k: Any) -> None:
        super().__init__(context, builder, dtype, BYTES * 8 // dtype.bitwidth)
        self.k, self.integer = k, k.type
        self.count = builder.udiv(builder.add(k, self.integer(self.lanes - 1)), self.integer(self.lanes))
        self.numbers = ir.Constant(ir.VectorType(LANE, self.lanes), list(range(self.lanes)))
        self.every = ir.Constant(ir.VectorType(LANE, self.lanes), None)

    def mask(self, v: Any) -> Any:
        """Return which lanes of vector v hold a number of the row."""
        left = self.builder.sub(self.k, self.builder.mul(v, self.integer(self.lanes)))
        nothing = ir.Constant(ir.VectorType(LANE, self.lanes), ir.Undefined)
        one = self.builder.insert_element(nothing, self.builder.trunc(left, LANE), LANE(0))
        return self.builder.icmp_signed("<", self.numbers, self.builder.shuffle_vector(one, nothing, self.every))

    def load_some(self, start: Any, v: Any, mask: Any) -> Any:
        """Load vector v after an address, with 0 in the lanes that the mask leaves out, which are not read."""
        bits = ir.VectorType(ir.IntType(1), self.lanes)
        kind = ir.FunctionType(self.kind, [self.kind.as_pointer(), LANE, bits, self.kind])
        return self._masked("load", kind, [self._vector(start, v), LANE(self.size), mask, self.zero])

    def store_some(self, value: Any, start: Any, v: Any, mask: Any) -> None:
        """Store vector v after an address, without the lanes that the mask leaves out."""
        bits = ir.VectorType(ir.IntType(1), self.lanes)
        kind = ir.FunctionType(ir.VoidType(), [self.kind, self.kind.as_pointer(), LANE, bits])
        self._masked("store", kind, [value, self._vector(start, v), LANE(self.size), mask])

    def larger(self, one: Any, other: Any) -> Any:
        """Return the larger of two numbers in each lane."""
        return self.builder.select(self.builder.fcmp_ordered(">", one, other), one, other)

    def largest(self, vector: Any) -> Any:
        """Return the largest number of all lanes, in every lane."""
        step = self.lanes // 2
        while step:
            turned = ir.Constant(self.every.type, [lane ^ step for lane in range(self.lanes)])
            vector = self.larger(vector, self.builder.shuffle_vector(vector, vector, turned))
            step //= 2
        return vector

    def of(self, array: Any, p: Any) -> Any:
        """Return the address of row p of a C-contiguous matrix."""
        return self.place(array, p, self.integer(0))

    def _masked(self, name: str, kind: Any, given: list[Any]) -> Any:
        shape = f"v{self.lanes}f{8 * self.size}"
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.masked.{name}.{shape}.p0{shape}")
        return self.builder.call(function, given)


def _arrays(context: Any, builder: Any, signature: Any, given: Any, places: tuple[int, ...]) -> list[Any]:
    return [context.make_array(signature.args[place])(context, builder, given[place]) for place in places]


@intrinsic
def _shift(typing, costs, pulled, lam, cold, powers, highest):
    """Do `shift_rows` in compiled code."""

    def emit(context, builder, signature, given):
        costs, pulled, powers, highest = _arrays(context, builder, signature, given, (0, 1, 4, 5))
        count, k = cgutils.unpack_tuple(builder, costs.shape)
        rows = Rows(context, builder, signature.args[0].dtype, k)
        lam, cold = rows.filled(given[2]), rows.filled(given[3])
        low = ir.Constant(rows.kind, [float("-inf")] * rows.lanes)
        with counted(builder, count) as p:
            cost, pull, power = (rows.of(array, p) for array in (costs, pulled, powers))
            high = cgutils.alloca_once_value(builder, low)
            with counted(builder, rows.count) as v:
                mask = rows.mask(v)
                logit = builder.fsub(builder.fmul(lam, rows.load(pull, v)), rows.load_some(cost, v, mask))
                logit = builder.select(mask, logit, low)
                rows.store(logit, power, v)
                builder.store(rows.larger(logit, builder.load(high)), high)
            top = rows.largest(builder.load(high))
            with counted(builder, rows.count) as v:
                rows.store(builder.fmul(builder.fsub(rows.load(power, v), top), cold), power, v)
            builder.store(builder.extract_element(top, LANE(0)), builder.gep(highest.data, [p]))
        return context.get_dummy_value()

    kind = costs.dtype
    return types.void(costs, pulled, kind, kind, powers, highest), emit


@intrinsic
def _add(typing, powers, count, mass):
    """Do `add_rows` in compiled code."""

    def emit(context, builder, signature, given):
        powers, mass = _arrays(context, builder, signature, given, (0, 2))
        rows = Rows(context, builder, signature.args[0].dtype, cgutils.unpack_tuple(builder, powers.shape)[1])
        with counted(builder, given[1]) as p:
            total = rows.total()
            with counted(builder, rows.count) as v:
                builder.store(builder.fadd(builder.load(total), rows.load(rows.of(powers, p), v)), total)
            builder.store(rows.across(builder.load(total)), builder.gep(mass.data, [p]))
        return context.get_dummy_value()

    return types.void(powers, types.intp, mass), emit


@intrinsic
def _step(typing, Z, pulled, powers, scales, part, new):
    """Do `step_rows` in compiled code."""

    def emit(context, builder, signature, given):
        Z, pulled, powers, scales, new = _arrays(context, builder, signature, given, (0, 1, 2, 3, 5))
        count, k = cgutils.unpack_tuple(builder, Z.shape)
        rows, kind = Rows(context, builder, signature.args[0].dtype, k), signature.args[0].dtype
        part, whole = rows.filled(given[4]), builder.fcmp_ordered("==", given[4], context.get_constant(kind, 1))
        *sums, far = (rows.total() for _ in range(4))
        with counted(builder, count) as p:
            pairs, linear, moved = own = [rows.total() for _ in sums]  # of a row first, which loses fewer digits
            here, pull, power, there = (rows.of(array, p) for array in (Z, pulled, powers, new))
            scale = rows.spread(builder.gep(scales.data, [p]))
            with counted(builder, rows.count) as v:
                mask = rows.mask(v)
                z, u = rows.load_some(here, v, mask), rows.load(pull, v)
                goal = builder.fmul(rows.load(power, v), scale)
                move = builder.fmul(part, builder.fsub(goal, z))
                rows.add(pairs, z, u)
                rows.add(linear, goal, u)
                rows.add(moved, move, move)
                size = rows.larger(move, builder.fsub(rows.zero, move))
                builder.store(rows.larger(size, builder.load(far)), far)
                rows.store_some(builder.select(whole, goal, builder.fadd(z, move)), there, v, mask)
            for total, row in zip(sums, own, strict=True):
                builder.store(builder.fadd(builder.load(total), builder.load(row)), total)
        far = builder.extract_element(rows.largest(builder.load(far)), LANE(0))
        return context.make_tuple(
            builder, signature.return_type, [*(rows.across(builder.load(total)) for total in sums), far]
        )

    kind = Z.dtype
    return types.UniTuple(kind, 4)(Z, pulled, powers, scales, kind, new), emit


@intrinsic
def _fetch(typing, table, p):
    """Do `fetch_row` in compiled code."""

    def emit(context, builder, signature, given):
        (table,) = _arrays(context, builder, signature, given, (0,))
        k = cgutils.unpack_tuple(builder, table.shape)[1]
        rows = Rows(context, builder, signature.args[0].dtype, k)
        for column in (rows.integer(0), builder.sub(k, rows.integer(1))):
            rows.fetch(rows.place(table, given[1], column))
        return context.get_dummy_value()

    return types.void(table, types.intp), emit


@overload(row_width, inline="always")
def _row_width(table):
    lanes = 1 if PLAIN else BYTES * 8 // table.dtype.bitwidth

    def width(table):
        return -(-table.shape[1] // lanes) * lanes

    return width


@overload(shift_rows, inline="always")
def _shift_rows(costs, pulled, lam, cold, powers, highest):
    def registers(costs, pulled, lam, cold, powers, highest):
        _shift(costs, pulled, lam, cold, powers, highest)

    return shift_rows if PLAIN else registers


@overload(add_rows, inline="always")
def _add_rows(powers, count, mass):
    def registers(powers, count, mass):
        _add(powers, count, mass)

    return add_rows if PLAIN else registers


@overload(step_rows, inline="always")
def _step_rows(Z, pulled, powers, scales, part, new):
    def registers(Z, pulled, powers, scales, part, new):
        return _step(Z, pulled, powers, scales, part, new)

    return step_rows if PLAIN else registers


@overload(fetch_row, inline="always")
def _fetch_row(table, p):
    def registers(table, p):
        _fetch(table, p)

    return fetch_row if PLAIN else registers
