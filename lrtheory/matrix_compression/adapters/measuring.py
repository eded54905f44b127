"""The distance of two adapters, module by module and array by array."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.beside import apart, beside
from lrtheory._files.adapters.module import layout_of
from lrtheory._files.adapters.names import TRAINING
from lrtheory._kernels.low_rank import core_within, difference, squares_within, tail
from lrtheory._result.display import counted
from lrtheory._validation import Words, must
from lrtheory.matrix_compression.adapters.losses import summed_bias

__all__ = ["Part", "measured", "quotient"]


class Part(NamedTuple):
    """A module or an array: the norm of the original, the error of the copy and the best error, and their rounding."""

    norm: float
    error: float
    best: float
    rounding: float
    rank: int


def measured(
    original: AdapterFile, copy: AdapterFile, rank: int | None, base: Tensors | None
) -> tuple[dict[str, Part], str]:
    """Compare module by module and array by array; what one side lacks is no change there."""
    names = list(dict.fromkeys([*original, *copy]))
    parts = {name: _module(name, original, copy, rank) for name in names}
    lacking = [name for name in names if (name in original.modules) != (name in copy.modules)]
    said = counted(len(names), "module")
    if lacking:
        said += f"; {len(lacking)} of them on one side only, and zero on the other"
    for name in names:
        parts |= _bias(name, original, copy)
    sides = beside(original), beside(copy)
    arrays = list(dict.fromkeys(name for side in sides for name in side if not name.endswith(TRAINING)))
    for name in arrays:
        norm, error = apart(name, (original, copy), sides, base)
        parts[name] = Part(norm, error, 0.0, 0.0, 0)
    if arrays:
        said += f", {counted(len(arrays), 'array')} beside their factors"
    if arrays and base is None:
        said += ", equal on both sides, whose change is no part of the norm without the base model"
    return parts, said


def _module(name: str, original: AdapterFile, copy: AdapterFile, rank: int | None) -> Part:
    """Measure one module through the cores of its factors; no dense update is formed."""
    one, other = original.modules.get(name), copy.modules.get(name)
    if one is not None and other is not None and layout_of(one) != layout_of(other):
        got = Words(f"{layout_of(other)} for {layout_of(one)}")
        raise must("compressed", f"an adapter with the shapes of the original in module {name!r}", got)
    rows, columns = (original if one is not None else copy).modules[name].shape
    none = (np.zeros((rows, 1), np.float32), np.zeros((1, columns), np.float32), 0.0)
    first, second = (none if side is None else (side.B, side.A, side.scale) for side in (one, other))
    within = squares_within(*first[:2], *second[:2])
    r = (0 if other is None else other.rank) if rank is None else rank
    found = core_within(first[0], first[1], r, within)
    values = found.values * abs(first[2])
    error, rounding = difference(first, second, within=within)
    return Part(tail(values, 0), error, tail(values, r), rounding + abs(first[2]) * found.rounding, r)


def _bias(name: str, original: AdapterFile, copy: AdapterFile) -> dict[str, Part]:
    """The part of the distance that a module adds to a bias, if it adds to one on any side."""
    one, other = (None if name not in side.modules else side.modules[name].bias for side in (original, copy))
    apart = summed_bias([(one, 1.0), (other, -1.0)])
    if apart is None:
        return {}
    norm = 0.0 if one is None else tail(np.abs(one), 0)
    return {f"{name}.bias": Part(norm, tail(np.abs(apart), 0), 0.0, 0.0, 0)}


def quotient(error: float, norm: float) -> float:
    """Error relative to a norm: 0 for 0 beside 0, infinite for anything else beside 0."""
    return error / norm if norm > 0 else math.inf if error > 0 else 0.0
