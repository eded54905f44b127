r"""Weights as they are kept in few bits: sixteen of a float, eight of an integer a row, four of a code a block.

Integers of eight bits are rounded multiples of the largest entry of their row over 127 [1]_. Codes of four bits are the
nearest of sixteen numbers, quantiles of a normal law, times the largest entry of 64 entries in the order of the file
[2]_, as bitsandbytes keeps them.

References
----------
.. [1] T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer, LLM.int8(): 8-bit Matrix Multiplication for Transformers at
   Scale, NeurIPS 2022.
.. [2] T. Dettmers, A. Pagnoni, A. Holtzman, L. Zettlemoyer, QLoRA: Efficient Finetuning of Quantized LLMs, NeurIPS
   2023.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory.low_rank_optimizers.rounding.row_kernels import code_blocks, float_numbers, integer_rows

__all__ = ["CODED", "FLOATS", "kept", "rows_at_once"]


class Float(NamedTuple):
    """A format of floats: bits of its fraction that doubles have beyond it, least normal number, gap below, largest."""

    dropped: int
    tiny: float
    gap: float
    largest: float


FLOATS = {
    "bfloat16": Float(45, 2.0**-126, 2.0**-133, (2 - 2.0**-7) * 2.0**127),
    "float16": Float(42, 2.0**-14, 2.0**-24, 65504.0),
}
#: entries of a block of codes
BLOCK = 64
NF4 = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])  # fmt: skip
# a number takes the nearest code, so codes change at the middles
MIDDLES = (NF4[1:] + NF4[:-1]) / 2
HALF_GAP = float(np.max(np.diff(NF4))) / 2
CODED = ("int8", "nf4")
#: bins of a table that tells codes, each of which holds one middle at most
BINS = 256
LOWEST = np.searchsorted(MIDDLES, (np.arange(2 * BINS + 1) - BINS) / BINS, side="left").astype(np.int64)
NEXT = np.append(MIDDLES, np.inf)[LOWEST]
#: entries that are worked on at once, so that what comes between stays in the cache
AT_ONCE = 1 << 14


def rows_at_once(shape: tuple[int, int], dtype: str) -> int:
    """Number of rows that hold whole blocks of codes and fit into a cache, or all where no fewer hold whole blocks."""
    rows, columns = shape
    step = BLOCK // math.gcd(BLOCK, columns) if dtype == "nf4" else 1
    return min(rows, step * max(1, AT_ONCE // (step * columns)))


def kept(rows: np.ndarray, dtype: str) -> tuple[np.ndarray, float]:
    """Rows as a type keeps them, and a bound on the norm of what it loses, which follows from the type alone.

    Parameters
    ----------
    rows : float64 array of shape (m, n)
        Numbers in a row. For codes all rows of a matrix, or as many as hold whole blocks.
    dtype : {"bfloat16", "float16", "int8", "nf4"}
        The type.

    Returns
    -------
    pair of array of shape (m, n) and float
        Infinite where a number is too large for the type; a NaN or an infinity is none of any type either.
    """
    rows = np.ascontiguousarray(rows)
    if dtype in FLOATS:
        return _as_float(rows, FLOATS[dtype])
    return _as_integers(rows) if dtype == "int8" else _as_codes(rows)


def _as_float(rows: np.ndarray, kind: Float) -> tuple[np.ndarray, float]:
    """Numbers with fewer bits, to the nearest, and to even where two are equally near."""
    flat, found = rows.reshape(-1), np.empty_like(rows)
    largest, n_small = float_numbers(flat, found.reshape(-1), kind.dropped, kind.tiny, kind.gap)
    if not largest <= kind.largest:
        found = np.where(np.abs(found) > kind.largest, np.copysign(np.inf, found), found)
    size = float(np.vdot(flat, flat))
    if not math.isfinite(size):  # the last bits of a NaN may be rounded up beyond its sign
        found = np.where(np.isnan(rows), rows, found)
    return found, math.hypot(2.0 ** (kind.dropped - 53) * math.sqrt(size), kind.gap / 2 * math.sqrt(n_small))


def _as_integers(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Rounded multiples of the largest entry of each row over 127."""
    found = np.empty_like(rows)
    squares = integer_rows(rows, found)
    return found, math.sqrt(rows.shape[1] * squares) / 2


def _as_codes(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The nearest of sixteen multiples of the largest entry of each block."""
    found = np.empty_like(rows)
    squares = code_blocks(rows.reshape(-1), found.reshape(-1), BLOCK, NF4, LOWEST, NEXT, BINS)
    return found, HALF_GAP * math.sqrt(BLOCK * squares)
