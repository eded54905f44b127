"""The sweeps of `padded_rows` as loops over rows whose columns are vectors, emitted by number of vectors in a row.

A row has up to `WIDEST` vectors in its own piece of code, which keeps in registers what it needs for the whole line;
wider rows are swept vector by vector. LLVM does not unroll a loop over rows: it would move the sums from register to
register. Rows start where vectors do (`padded_rows.aligned`), so that no load touches two cache lines. By ``python -m
benchmarks.lanes`` plain Numba takes 1.4 to 14.5 times longer; `padded_rows` has the numbers of each sweep.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lrtheory._kernels.lanes import BYTES, Vectors, counted

__all__ = ["PRODUCTS", "ROWS", "TILE", "gathered", "squared"]

REGISTERS = 32 if BYTES == 64 else 16
#: vectors of a row for which the direction, the sums and one row of the panel stay in registers
WIDEST = (REGISTERS - 2) // 3
TILE = 8 if BYTES == 64 else 4  # rows of a block of a Gram matrix: with three vectors in each, its sums are registers


def _vectors(context: Any, builder: Any, array: Any) -> Vectors:
    return Vectors(context, builder, array.dtype, BYTES * 8 // array.dtype.bitwidth)


def _by_width(builder: Any, vectors: Vectors, columns: Any, narrow: Any, wide: Any) -> None:
    """Emit a body for each number of vectors in a row, up to `WIDEST`, and one for all others; the right one runs."""
    after, number = builder.append_basic_block("done"), builder.udiv(columns, columns.type(vectors.lanes))
    other = builder.append_basic_block("wide")
    cases = builder.switch(number, other)
    for nb in range(1, WIDEST + 1):
        block = builder.append_basic_block(f"vectors{nb}")
        cases.add_case(number.type(nb), block)
        builder.position_at_end(block)
        narrow(nb)
        builder.branch(after)
    builder.position_at_end(other)
    wide(number)
    builder.branch(after)
    builder.position_at_end(after)


@contextmanager
def _each(builder: Any, count: Any) -> Iterator[Any]:
    """Emit a loop over 0 <= index < count, which may be 0."""
    with builder.if_then(builder.icmp_signed(">", count, ir.Constant(count.type, 0))), counted(builder, count) as index:
        yield index


def _dot(builder: Any, vectors: Vectors, left: list[Any], right: list[Any]) -> Any:
    """Emit the inner product of two rows of vectors up to the sum over lanes, by two chains of multiply-adds."""
    chains = []
    for start in range(min(2, len(left))):
        total = builder.fmul(left[start], right[start])
        for one, other in zip(left[start + 2 :: 2], right[start + 2 :: 2], strict=True):
            total = vectors.fused(total, one, other)
        chains.append(total)
    return chains[0] if len(chains) == 1 else builder.fadd(*chains, flags=["reassoc", "contract"])


@intrinsic
def gathered(typing, F, chosen, x, panel, u, gradient, target):
    """Do `panels.gathered` in compiled code, as an intrinsic."""
    return types.float64(F, chosen, x, panel, u, gradient, target), _emit_gathered


def _emit_gathered(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    F, chosen, x, panel, u, gradient, target = (
        context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args, given, strict=True)
    )
    vectors, double = _vectors(context, builder, signature.args[0]), ir.DoubleType()
    d, columns = cgutils.unpack_tuple(builder, chosen.shape)[0], cgutils.unpack_tuple(builder, panel.shape)[1]
    zero, squares = ir.Constant(d.type, 0), cgutils.alloca_once_value(builder, ir.Constant(double, 0.0))

    def row_and_value(j: Any) -> tuple[Any, Any, Any]:
        row = builder.zext(builder.load(builder.gep(chosen.data, [j])), d.type)  # 32 bits, and never negative
        return vectors.place(F, row, zero), vectors.place(panel, j, zero), builder.load(builder.gep(x.data, [j]))

    def squared_rest(value: Any, product: Any) -> Any:
        rest = builder.fsub(value, product)
        exact = rest if rest.type == double else builder.fpext(rest, double)
        builder.store(builder.fadd(builder.load(squares), builder.fmul(exact, exact)), squares)
        return rest

    def narrow(nb: int) -> None:
        start = [vectors.load(u.data, v) for v in range(nb)]
        sums = [[vectors.total() for _ in start] for _ in range(2)]
        with _each(builder, d) as j:
            here, there, value = row_and_value(j)
            parts = [vectors.load(here, v) for v in range(nb)]
            for v, part in enumerate(parts):
                vectors.store(part, there, v)
            rest = squared_rest(value, vectors.across(_dot(builder, vectors, parts, start)))
            for factor, totals in zip((rest, value), sums, strict=True):
                factor = vectors.filled(factor)
                for part, total in zip(parts, totals, strict=True):
                    vectors.add(total, factor, part)
        for array, totals in zip((gradient, target), sums, strict=True):
            for v, total in enumerate(totals):
                vectors.store(builder.load(total), array.data, v)

    def wide(number: Any) -> None:
        with counted(builder, number) as v:
            for array in (gradient, target):
                vectors.store(vectors.zero, array.data, v)
        with _each(builder, d) as j:
            here, there, value = row_and_value(j)
            total = vectors.total()
            with counted(builder, number) as v:
                part = vectors.load(here, v)
                vectors.store(part, there, v)
                vectors.add(total, part, vectors.load(u.data, v))
            rest = squared_rest(value, vectors.across(builder.load(total)))
            factors = [(vectors.filled(rest), gradient), (vectors.filled(value), target)]
            with counted(builder, number) as v:
                part = vectors.load(here, v)
                for factor, array in factors:
                    vectors.store(vectors.fused(vectors.load(array.data, v), factor, part), array.data, v)

    _by_width(builder, vectors, columns, narrow, wide)
    return builder.load(squares)


@intrinsic
def squared(typing, panel, d, p, ridge, w):
    """Do `panels.squared` in compiled code, as an intrinsic."""
    return panel.dtype(panel, types.intp, p, panel.dtype, w), _emit_squared


def _emit_squared(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    panel, p, w = (context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 2, 4))
    d, ridge, vectors = given[1], given[3], _vectors(context, builder, signature.args[0])
    columns, zero = cgutils.unpack_tuple(builder, panel.shape)[1], ir.Constant(d.type, 0)
    curvature = cgutils.alloca_once(builder, ridge.type)

    def by_groups(rows: int, some: Any) -> None:
        groups = builder.sdiv(d, d.type(rows))
        done = builder.mul(groups, d.type(rows))
        with _each(builder, groups) as group:
            some(builder.mul(group, d.type(rows)), rows)
        with _each(builder, builder.sub(d, done)) as j:
            some(builder.add(done, j), 1)

    def narrow(nb: int) -> None:
        # loaded once: the direction and the sums stay in registers over all rows
        direction = [vectors.load(p.data, v) for v in range(nb)]
        totals = [cgutils.alloca_once_value(builder, builder.fmul(vectors.filled(ridge), one)) for one in direction]

        def some(start: Any, number: int) -> None:
            places = [vectors.place(panel, builder.add(start, start.type(r)), zero) for r in range(number)]
            parts = [[vectors.load(place, v) for v in range(nb)] for place in places]
            dots = [vectors.across(_dot(builder, vectors, row, direction)) for row in parts]
            for dot, row in zip(dots, parts, strict=True):
                for part, total in zip(row, totals, strict=True):
                    vectors.add(total, vectors.filled(dot), part)

        # as many rows at a time as the registers hold beside the direction and the sums
        by_groups(max(1, min(4, (REGISTERS - 2 - 2 * nb) // nb)), some)
        ends = [builder.load(total) for total in totals]
        for v, end in enumerate(ends):
            vectors.store(end, w.data, v)
        builder.store(vectors.across(_dot(builder, vectors, direction, ends)), curvature)

    def wide(nb: Any) -> None:
        with counted(builder, nb) as v:
            vectors.store(builder.fmul(vectors.filled(ridge), vectors.load(p.data, v)), w.data, v)

        def some(start: Any, number: int) -> None:
            places = [vectors.place(panel, builder.add(start, start.type(r)), zero) for r in range(number)]
            totals = [vectors.total() for _ in places]
            with counted(builder, nb) as v:
                part = vectors.load(p.data, v)
                for total, place in zip(totals, places, strict=True):
                    vectors.add(total, vectors.load(place, v), part)
            dots = [vectors.filled(vectors.across(builder.load(total))) for total in totals]
            with counted(builder, nb) as v:
                total = vectors.load(w.data, v)
                for dot, place in zip(dots, places, strict=True):
                    total = vectors.fused(total, dot, vectors.load(place, v))
                vectors.store(total, w.data, v)

        by_groups(4, some)
        total = vectors.total()
        with counted(builder, nb) as v:
            vectors.add(total, vectors.load(p.data, v), vectors.load(w.data, v))
        builder.store(vectors.across(builder.load(total)), curvature)

    _by_width(builder, vectors, columns, narrow, wide)
    return builder.load(curvature)


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


#: blocks of a Gram matrix and rows of a Cholesky factor, of one, two and three vectors
PRODUCTS = tuple(_tile(TILE, across, 1) for across in (1, 2, 3))
ROWS = tuple(_tile(1, across, -1) for across in (1, 2, 3))
