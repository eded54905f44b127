r"""Lazy greedy selection on dense rows, where most marginals are asked for in single precision alone.

The time of a marginal of a dense row is that of its memory, of which single precision moves half. Such a marginal only
ranks: with a margin on top it bounds the marginal in double precision from above, and an element is taken only when its
marginal in double precision is on top of all bounds. So the choice is that of `offline.lazy` and `offline.naive`, ties
too: lazy selection is right with every bound from above, since marginals fall (DS-T14-lazy).

*The margin.* Let x be the row of v and p the largest entries of the chosen rows, both at least 0, over m <= 2^28
columns; X and P their sums, of which P = f(S); G the sum of max(0, x_j - p_j), and g what `prefixes.rise_dense` makes
of it. Let s be the unit, a power of two with x_j, p_j <= 4 s, so that nothing overflows in single precision; r and q
x / s and p / s rounded to single precision, T the sum of max(0, r_j - q_j), and t what `rise_coarse` makes of
it. Then

.. math:: g \le (1 + 2^{-14}) s t + 2^{-22} (X + P) + 2^{-120} s m + 2^{-1018}.

*Proof.* (1) Rounding to single precision moves a number y by at most 2^-24 y or, where it is subnormal, by at most
2^-126, even if the processor replaces such numbers by 0; the division by s is exact but for subnormal results. So
x_j / s - p_j / s <= r_j - q_j + 2^-24 (x_j + p_j) / s + 2^-124, and the same holds for the positive parts, since the
last two terms are not negative. The sum over the columns is G <= s T + 2^-24 (X + P) + 2^-124 s m.

(2) `rise_coarse` adds in single precision at most `PART` = 2^9 terms of at least 0, each a rounded difference. In
whatever order, that is a relative error of at most 2^9 2^-24 (1 + 2^-14), and at most 2^-126 for each result that is
subnormal. The sums of the parts are added in double precision, a relative error of at most m 2^-53 <= 2^-25. Together
T <= (1 + 2^-14.9) t + 2^-124 m.

(3) `rise_dense` adds m numbers with rounding in double precision. In whatever order, even where the compiler adds
differences and their absolute values apart, g <= (1 + 2^-24) G + 2^-24 (X + P), since m 2^-53 <= 2^-25 and the absolute
values sum to at most X + P. With (1) and (2), g <= (1 + 2^-14.8) s t + 2^-22.9 (X + P) + 2^-122 s m.

(4) X and P are known up to factors in 1 +- 2^-24, and the bound takes ten operations in double precision, each with a
factor in 1 +- 2^-53 or, where it is subnormal, an error of at most 2^-1022. The constants of the claim exceed those of
(3) by more. Where the bound overflows it is infinite, and still a bound.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.selection.greedy import sink
from lrtheory.dynamic_submodular.structures import prefixes
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, PEAK, VALUE
from lrtheory.dynamic_submodular.structures.states import EMPTY

__all__ = ["Coarse", "coarse_rows", "lazy"]

#: columns that are added in single precision before the sum goes on in double; the margin depends on it
PART = 512
# of NumPy's kinds, so that interpreted code adds in the same precisions as compiled code
SINGLE_ZERO, DOUBLE_ZERO = np.float32(0), np.float64(0)
#: factors of the margin: of the marginal, of row sum and value, of the unit for each column, and an absolute one
OF_MARGINAL, OF_SUMS, OF_UNIT, LEAST = 2.0**-14, 2.0**-22, 2.0**-120, 2.0**-1018


class Coarse(NamedTuple):
    """Dense rows in single precision, in a unit in which nothing overflows."""

    rows: np.ndarray  # float32 (n * n_columns,)
    sums: np.ndarray  # float64 (n,): f of each element alone, in double precision
    unit: float  # a power of two
    peaks: np.ndarray  # float32 (n_columns,): scratch, the largest entries of the rows that were chosen


def coarse_rows(record: prefixes.Record, sums: np.ndarray) -> Coarse:
    """Round the rows of a dense record; `sums` has f of each element alone."""
    largest = float(record.data.max(initial=0.0))
    # entries become at most 4, and both the unit and its inverse are powers of two with all digits
    unit = 2.0 ** min(max(math.frexp(largest)[1] - 2, -1021), 1022)
    rows = np.empty(len(record.data), np.float32)
    with np.errstate(under="ignore"):
        np.multiply(record.data, 1 / unit, out=rows, casting="same_kind")
    return Coarse(rows, sums, unit, np.zeros(record.n_columns, np.float32))


# no flag may let the compiler look into the terms: the margin needs each of them to be at least 0
@flat(fastmath={"reassoc"})
def rise_coarse(rows, start, n_columns, peaks):
    """Return the marginal of a row under MAX in units, in single precision by parts of `PART` columns."""
    total = DOUBLE_ZERO
    for first in range(0, n_columns, PART):
        size = min(PART, n_columns - first)
        row, peak = rows[start + first : start + first + size], peaks[first : first + size]
        part = SINGLE_ZERO
        for j in range(size):  # from 0 on, and without `max`, or the compiler makes no vectors
            more = row[j] - peak[j]
            part += more if more > SINGLE_ZERO else SINGLE_ZERO
        total += part
    return total


@flat
def bound(coarse, marginal, v, value):
    """Return an upper bound of the marginal in double precision; the top of this module proves it."""
    sums = OF_SUMS * coarse.sums[v] + OF_SUMS * value
    return (1 + OF_MARGINAL) * (coarse.unit * marginal) + sums + OF_UNIT * coarse.unit * coarse.peaks.shape[0] + LEAST


@flat
def raise_peaks(rows, start, n_columns, peaks):
    """Raise the peaks to the entries of a row."""
    row, peak = rows[start : start + n_columns], peaks[:n_columns]
    for j in range(n_columns):
        peak[j] = row[j] if row[j] > peak[j] else peak[j]


@flat
def lazy(record, state, search, heap, asked_at, coarse):
    """Choose as `offline.lazy` does; ``asked_at[a]`` is twice the length at which a was asked, plus 1 where exactly.

    Of the tables of the state only the peaks are kept, without the staircases that profiles need.
    """
    candidates, k, bounds, gains = search
    size, width, peaks = candidates.shape[0], record.n_columns, coarse.peaks
    length, queries = EMPTY, size
    for j in range(width):
        peaks[j] = SINGLE_ZERO
    for a in range(size):
        bounds[a], heap[a], asked_at[a] = coarse.sums[candidates[a]], a, 1
    # built from below in linear time, in place of one insertion after the other
    for index in range(size // 2 - 1, -1, -1):
        sink(heap, size, bounds, index)
    while length < k and size > 0:
        a = heap[0]
        v = candidates[a]
        # the largest upper bound of a gain: no element that is left adds anything
        if not bounds[a] > 0:
            break
        if asked_at[a] == 2 * length + 1:
            state.levels[MEMBER, length + 1] = v
            state.marks[VALUE, length + 1] = state.marks[VALUE, length] + bounds[a]
            raise_peaks(record.data, v * width, width, state.table[PEAK])
            raise_peaks(coarse.rows, v * width, width, peaks)
            bounds[a] = -math.inf
            length += 1
            size -= 1
            heap[0] = heap[size]
        else:
            # rounded up in single precision first, which dismisses most; only who still leads is asked exactly
            if asked_at[a] == 2 * length:
                bounds[a] = prefixes.gain(record, state, length, v, gains)
                asked_at[a] = 2 * length + 1
            else:
                marginal = rise_coarse(coarse.rows, v * width, width, peaks)
                bounds[a] = min(bounds[a], bound(coarse, marginal, v, state.marks[VALUE, length]))
                asked_at[a] = 2 * length
            queries += 1
        if size > 0:
            sink(heap, size, bounds, EMPTY)
    return length, queries
