r"""Two loops over the resources that fill the vector registers of the processor, where Numba's own loops do not.

`four_sums` is the inner product of `steps.priced`, with its four interleaved sums as the lanes of one vector.
`swept` does in one sweep what Euclidean steps do with a request after its menu: consumption, gradient, sums along the
path, depletion and step. LLVM would have to prove that the rows of its tables do not overlap, and so leaves loops over
them scalar, or sweeps apart. Every lane does the arithmetic of the plain loops in their order, without fused
multiply-adds, so all numbers are the same bits.

Costs may stand in single precision; they become doubles as they are loaded, which is exact.

The loops rest on internals of Numba and llvmlite that nobody promises. LRTHEORY_PLAIN_NUMBA=1 chooses plain ones in
their place, and ``.ci/run`` tests prices with both. ``python -m benchmarks.lanes`` prints how many times longer plain
Numba takes: on an AMD EPYC with vectors of 512 bits 1.8 to 2.0 times for `priced`, and 1.6 times for a run with one
action, of which `swept` is the most; on an Intel Xeon 1.9 to 2.4 and 1.6 to 1.8 times. One that falls below 1.3 is
deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["four_sums", "swept"]

DOUBLE, INTEGER, BIT, PLACE = ir.DoubleType(), ir.IntType(64), ir.IntType(1), ir.IntType(32)
#: vectors of doubles: eight fill a register of AVX-512, or two of AVX2; what is left of a row goes one by one
WIDTHS = (8, 1)


@intrinsic
def four_sums(typing, costs, row, action, state):
    """Sum price times cost of one action over the resources j of the largest multiple of four, by j modulo 4."""
    return types.UniTuple(types.float64, 4)(costs, types.intp, types.intp, state), _emit_sums


def _emit_sums(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    used, m = _row(context, builder, signature.args[0], given[0], given[1], given[2])
    prices, _ = _row(context, builder, signature.args[3], given[3], INTEGER(0))  # PRICE is row 0 of a state
    lanes = _Lanes(builder, 4)
    with _loop(builder, INTEGER(0), builder.and_(m, INTEGER(-4)), 4, lanes.zero) as sums:
        term = builder.fmul(lanes.load(prices, sums.j), lanes.load(used, sums.j))
        sums.value = builder.fadd(sums.value, term)
    parts = [builder.extract_element(sums.value, PLACE(lane)) for lane in range(4)]
    return context.make_tuple(builder, signature.return_type, parts)


@intrinsic
def swept(typing, costs, period, tables, eta, rules):
    """Do `steps.settle` in compiled code, as an intrinsic."""
    return types.boolean(costs, period, tables, types.float64, rules), _emit_sweep


def _emit_sweep(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    kinds = signature.args
    row, proposal, plan, taken = cgutils.unpack_tuple(builder, given[1])
    tables = [(kind, builder.extract_value(given[2], i)) for i, kind in enumerate(kinds[2])]
    lazy = builder.extract_value(given[4], kinds[4].fields.index("lazy"))
    used, m = _row(context, builder, kinds[0], given[0], row, proposal)
    target, _ = _row(context, builder, *tables[0], plan)
    rows = SimpleNamespace(
        used=used,
        target=target,
        **_rows(context, builder, tables[1], ("price", "mirror", "left", "carry")),
        **_rows(context, builder, tables[2], ("rate", "scale", "cap", "slack", "bound")),
        **_rows(context, builder, tables[3], ("prices", "values", "regret", "squares")),
    )
    is_lazy = builder.icmp_unsigned("!=", lazy, lazy.type(0))
    rows.start = builder.select(is_lazy, rows.mirror, rows.price)
    proposed = builder.icmp_signed(">=", proposal, INTEGER(0))
    taken = builder.icmp_unsigned("!=", taken, taken.type(0))
    first, low = INTEGER(0), BIT(0)
    for width in WIDTHS:
        lanes, stop = _Lanes(builder, width), builder.and_(m, INTEGER(-width))
        with _loop(builder, first, stop, width, ir.Constant(ir.VectorType(BIT, width), None)) as seen:
            cost = lanes.load_if(proposed, rows.used, seen.j)
            seen.value = builder.or_(seen.value, _consume(lanes, rows, seen.j, cost, taken))
            _move(lanes, rows, seen.j, cost, given[3])
        flags = ir.IntType(width)
        low = builder.or_(low, builder.icmp_unsigned("!=", builder.bitcast(seen.value, flags), flags(0)))
        first = stop
    return low


def _consume(lanes: _Lanes, rows: SimpleNamespace, j: Any, cost: Any, taken: Any) -> Any:
    """Take the cost out of what remains if it is taken, as `steps.consume`; return which lanes are nearly depleted."""
    b, before = lanes.builder, lanes.load(rows.left, j)
    with b.if_else(taken) as (yes, no):
        with yes:
            units = b.fadd(cost, lanes.load(rows.carry, j))
            after = b.fsub(before, units)
            lanes.store(b.fadd(b.fsub(after, before), units), rows.carry, j)
            lanes.store(after, rows.left, j)
            consumed = b.basic_block
        with no:
            kept = b.basic_block
    left = b.phi(lanes.kind)
    left.add_incoming(after, consumed)
    left.add_incoming(before, kept)
    return b.fcmp_ordered("<=", left, b.fadd(lanes.load(rows.bound, j), lanes.load(rows.slack, j)))


def _move(lanes: _Lanes, rows: SimpleNamespace, j: Any, cost: Any, eta: Any) -> None:
    """Add to the sums along the path and move the prices, as `steps.account` and `steps.euclidean_step`."""
    b, goal, price = lanes.builder, lanes.load(rows.target, j), lanes.load(rows.price, j)
    gradient = b.fsub(goal, cost)
    terms = price, b.fmul(price, goal), b.fmul(price, gradient), b.fmul(gradient, gradient)
    for place, term in zip((rows.prices, rows.values, rows.regret, rows.squares), terms, strict=True):
        lanes.store(b.fadd(lanes.load(place, j), term), place, j)
    step = b.fmul(b.fmul(lanes.spread(eta), lanes.load(rows.scale, j)), gradient)
    moved, cap = b.fsub(lanes.load(rows.start, j), step), lanes.load(rows.cap, j)
    lanes.store(moved, rows.mirror, j)
    # Numba's max(0, moved) and min(cap, it): the second argument where it is larger, or smaller, else the first
    positive = b.select(b.fcmp_ordered(">", moved, lanes.zero), moved, lanes.zero)
    lanes.store(b.select(b.fcmp_ordered("<", positive, cap), positive, cap), rows.price, j)


class _Lanes:
    """Emit loads and stores of vectors of doubles; they assume the alignment of one number only."""

    def __init__(self, builder: Any, width: int) -> None:
        self.builder, self.width = builder, width
        self.kind = ir.VectorType(DOUBLE, width)
        self.zero = ir.Constant(self.kind, None)

    def load(self, row: Any, j: Any) -> Any:
        """Load the entries from j on, in double or single precision, as doubles."""
        entry = row.type.pointee
        place = self.builder.bitcast(self.builder.gep(row, [j]), ir.VectorType(entry, self.width).as_pointer())
        found = self.builder.load(place, align=8 if entry == DOUBLE else 4)
        return found if entry == DOUBLE else self.builder.fpext(found, self.kind)

    def load_if(self, condition: Any, row: Any, j: Any) -> Any:
        """Load where a condition holds, and take zeros where it does not and the row may not exist."""
        with self.builder.if_else(condition) as (yes, no):
            with yes:
                found, there = self.load(row, j), self.builder.basic_block
            with no:
                elsewhere = self.builder.basic_block
        value = self.builder.phi(self.kind)
        value.add_incoming(found, there)
        value.add_incoming(self.zero, elsewhere)
        return value

    def store(self, value: Any, row: Any, j: Any) -> None:
        """Store a vector from entry j on."""
        place = self.builder.bitcast(self.builder.gep(row, [j]), self.kind.as_pointer())
        self.builder.store(value, place, align=8)

    def spread(self, number: Any) -> Any:
        """Copy a number into every lane."""
        one = self.builder.insert_element(ir.Constant(self.kind, ir.Undefined), number, PLACE(0))
        return self.builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(PLACE, self.width), None))


def _row(context: Any, builder: Any, kind: Any, value: Any, *indices: Any) -> tuple[Any, Any]:
    """Return the address and the length of a row of a C-contiguous array: all axes but the last one are given."""
    assert kind.layout == "C", kind
    array = context.make_array(kind)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, array.shape)
    at = INTEGER(0)
    for index, extent in zip((*indices, INTEGER(0)), shape, strict=True):
        at = builder.add(builder.mul(at, extent), index)
    return builder.gep(array.data, [at]), shape[-1]


def _rows(context: Any, builder: Any, table: tuple[Any, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the addresses of the rows of a matrix by names."""
    return {name: _row(context, builder, *table, INTEGER(i))[0] for i, name in enumerate(names)}


@contextmanager
def _loop(builder: Any, first: Any, stop: Any, step: int, start: Any) -> Iterator[SimpleNamespace]:
    """Emit a loop over j from `first` to `stop`; `value` is handed from turn to turn, and what it is in the end."""
    before = builder.basic_block
    head, body, after = (builder.append_basic_block(name) for name in ("head", "body", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    j, value = builder.phi(INTEGER), builder.phi(start.type)
    j.add_incoming(first, before)
    value.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", j, stop), body, after)
    builder.position_at_end(body)
    turn = SimpleNamespace(j=j, value=value)
    yield turn
    j.add_incoming(builder.add(j, INTEGER(step)), builder.basic_block)
    value.add_incoming(turn.value, builder.basic_block)
    builder.branch(head)
    builder.position_at_end(after)
    turn.value = value
