r"""The nearest of several means to each of many points, with a point in every lane of the vector registers.

`product` would have the means in the lanes, which leaves six of sixteen idle for ten means, and the comparison that
follows goes through them one by one. With points in the lanes each mean costs the same, and points are compared many
at a time; for that they come in tiles, see `tiled`. Sums keep the order of the coordinates, so that labels do not
depend on how points are grouped. ``python -m benchmarks.lanes`` prints how many times longer the plain loops take: 8.2
to 8.4 times on an AMD EPYC with vectors of 512 bits, 10 to 12 times on an Intel Xeon with such vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from lrtheory._array import PLAIN, kernel, kernel_input
from lrtheory._kernels.lanes import BYTES, Vectors, columns, counted

__all__ = ["nearest_means", "padded_means", "tiled"]

LANES = BYTES // 8
# Means per turn: each keeps two sums in registers, 10 of the 16 that there are without AVX-512. Ten and five, the
# usual numbers of classes, are multiples of it.
GROUP = 5


def tiled(X: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return points (n, d), seen from an origin (d,), in tiles (tiles, d, points of a tile), the last filled with 0."""
    width, (n, d) = columns(np.float64), X.shape
    tiles = np.empty((-(-n // width), d, width))
    tiles[-1] = 0
    set_tiles(kernel_input(X, np.float64), kernel_input(origin, np.float64), tiles)
    return tiles


def padded_means(M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return means (K, d) and \|m\|^2 / 2 (K,) as `nearest_means` takes them, with infinite ones up to a `GROUP`."""
    K, d = M.shape
    means, lengths = np.zeros((-(-K // GROUP) * GROUP, d)), np.full(-(-K // GROUP) * GROUP, np.inf)
    means[:K], lengths[:K] = M, (M * M).sum(axis=1) / 2
    return means, lengths


@kernel(error_model="numpy")
def set_tiles(X, origin, tiles):
    """Fill ``tiles``, see `tiled`."""
    for t in range(tiles.shape[0]):
        first = t * tiles.shape[2]
        for i in range(X.shape[1]):
            for p in range(min(tiles.shape[2], X.shape[0] - first)):
                tiles[t, i, p] = X[first + p, i] - origin[i]


@kernel(error_model="numpy")
def nearest_means(tiles, means, lengths, labels, margins):
    r"""Set labels to the nearest mean of each point, the first of equal ones, and margins to how much nearer it is.

    \|m\|^2 / 2 - x . m is compared, since \|x\|^2 is the same for all means; ``lengths`` are the first terms, and a
    margin is the difference of the two least. There are as many labels and margins as places in the tiles.
    """
    for t in range(tiles.shape[0]):
        nearest_of_tile(tiles, t, means, lengths, labels, margins)


def nearest_of_tile(tiles, t, means, lengths, labels, margins):
    """Do `nearest_means` for tile t; this body is the interpreted one."""
    width = tiles.shape[2]
    values = lengths[:, None] - means @ tiles[t]
    labels[t * width : (t + 1) * width] = values.argmin(axis=0)
    values.sort(axis=0)
    margins[t * width : (t + 1) * width] = values[1] - values[0]


@intrinsic
def _compare(typing, tiles, t, means, lengths, labels, margins):
    """Do `nearest_of_tile` in compiled code, as an intrinsic."""
    return types.void(tiles, types.intp, means, lengths, labels, margins), _emit_tile


def _emit_tile(context: Any, builder: Any, signature: Any, given: tuple[Any, ...]) -> Any:
    tiles, means, lengths, labels, margins = (
        context.make_array(signature.args[place])(context, builder, given[place]) for place in (0, 2, 3, 4, 5)
    )
    integer = given[1].type
    vectors, whole = Vectors(context, builder, types.float64, LANES), ir.VectorType(integer, LANES)
    K, d = cgutils.unpack_tuple(builder, means.shape)
    place = builder.mul(given[1], integer(2 * LANES))
    start = builder.gep(tiles.data, [builder.mul(place, d)])
    infinite = ir.Constant(vectors.kind, [float("inf")] * LANES)
    best = [[cgutils.alloca_once_value(builder, one) for one in (infinite, infinite, vectors.zero)] for _ in range(2)]
    with counted(builder, builder.udiv(K, integer(GROUP))) as group:
        some = [builder.add(builder.mul(group, integer(GROUP)), integer(r)) for r in range(GROUP)]
        rows = [vectors.place(means, c, integer(0)) for c in some]
        sums = [[vectors.total(), vectors.total()] for _ in some]
        with counted(builder, d) as i:
            points = [vectors.load(start, builder.add(builder.mul(i, integer(2)), integer(v))) for v in range(2)]
            for row, totals in zip(rows, sums, strict=True):
                factor = vectors.spread(builder.gep(row, [i]))
                for total, point in zip(totals, points, strict=True):
                    vectors.add(total, point, factor)
        for c, totals in zip(some, sums, strict=True):
            length = vectors.spread(builder.gep(lengths.data, [c]))
            name = vectors.filled(builder.sitofp(c, vectors.kind.element))
            for total, ranks in zip(totals, best, strict=True):
                _rank(builder, builder.fsub(length, builder.load(total)), name, ranks)
    for v, (least, second, label) in enumerate(best):
        margin = builder.fsub(builder.load(second), builder.load(least))
        vectors.store(margin, builder.gep(margins.data, [place]), v)
        there = builder.bitcast(builder.gep(labels.data, [place]), whole.as_pointer())
        builder.store(builder.fptosi(builder.load(label), whole), builder.gep(there, [integer(v)]), align=8)
    return context.get_dummy_value()


def _rank(builder: Any, value: Any, name: Any, ranks: list[Any]) -> None:
    """Emit the place of a value among the least, the second least and the name of the least, in every lane."""
    least, second, label = (builder.load(rank) for rank in ranks)
    lower = builder.fcmp_ordered("<", value, least)
    other = builder.select(lower, least, value)
    builder.store(builder.select(builder.fcmp_ordered("<", other, second), other, second), ranks[1])
    builder.store(builder.select(lower, name, label), ranks[2])
    builder.store(builder.select(lower, value, least), ranks[0])


@overload(nearest_of_tile, inline="always")
def _compiled(tiles, t, means, lengths, labels, margins):
    def loops(tiles, t, means, lengths, labels, margins):
        for p in range(tiles.shape[2]):
            least, second, label = np.inf, np.inf, 0
            for c in range(means.shape[0]):
                value = 0.0
                for i in range(means.shape[1]):
                    value += means[c, i] * tiles[t, i, p]
                value = lengths[c] - value
                second = min(second, max(value, least))
                label = c if value < least else label
                least = min(value, least)
            labels[t * tiles.shape[2] + p], margins[t * tiles.shape[2] + p] = label, second - least

    def registers(tiles, t, means, lengths, labels, margins):
        _compare(tiles, t, means, lengths, labels, margins)

    return loops if PLAIN else registers
