"""Kernels over rows of weights: numbers of fewer bits, and sums over the entries that were rounded.

Sizes of doubles are compared by their bits, which are ordered as they are: processors have a largest integer of a whole
vector, while that of floats has to mind numbers that are none.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["code_blocks", "float_numbers", "integer_rows", "sums"]

#: added to a double below 2^51 and taken away again, this leaves the nearest integer, to even where two are as near
INTEGERS = 1.5 * 2.0**52
#: all bits of a double but its sign
SIZE = (1 << 63) - 1


@kernel
def float_numbers(numbers, found, dropped, tiny, gap):
    """Doubles with fewer bits of the fraction, to even where two are equally near; arrays have one axis.

    Below `tiny` they are multiples of `gap`. Returns the largest size of what was found, and how many numbers lie below
    `tiny` and are not 0.
    """
    half, one = np.int64((1 << (dropped - 1)) - 1), np.int64(1)
    mask = ~np.int64((1 << dropped) - 1)
    per_gap = 1.0 / gap
    largest, small = np.int64(0), np.int64(0)
    for i in range(numbers.size):
        x = np.float64(numbers[i])
        bits = x.view(np.int64)
        normal = np.int64((bits + (half + ((bits >> dropped) & one))) & mask).view(np.float64)
        multiple = ((x * per_gap + INTEGERS) - INTEGERS) * gap
        below = abs(x) < tiny
        rounded = np.float64(multiple if below else normal)
        small += np.int64(below & (x != 0.0))
        largest = max(largest, rounded.view(np.int64) & np.int64(SIZE))
        found[i] = rounded
    return np.int64(largest).view(np.float64), small


@kernel
def integer_rows(rows, found):
    """Rounded multiples of the largest size of an entry of each row over 127; returns the sum of the squared steps."""
    squares = 0.0
    for i in range(rows.shape[0]):
        step = size(rows[i]) / 127
        squares += step * step
        unit = step if step > 0.0 else 1.0
        for j in range(rows.shape[1]):
            found[i, j] = ((rows[i, j] / unit + INTEGERS) - INTEGERS) * unit
    return squares


@kernel
def code_blocks(numbers, found, length, codes, lowest, following, n_bins):
    """The nearest of some multiples of the largest size of each block; returns the sum of their squares.

    Bins of equal widths, of which each holds one middle between two codes at most, tell the lower code and this middle.
    """
    squares = 0.0
    for start in range(0, numbers.size, length):
        stop = min(start + length, numbers.size)
        largest = size(numbers[start:stop])
        squares += largest * largest
        if not largest < np.inf:
            found[start:stop] = np.nan
            continue
        unit = largest if largest > 0.0 else 1.0
        for i in range(start, stop):
            part = numbers[i] / unit
            place = np.uint64(np.int64(part * n_bins + n_bins))
            code = np.uint64(lowest[place] + np.int64(part > following[place]))
            found[i] = codes[code] * unit
    return squares


@kernel
def size(numbers):
    """The largest size of a number."""
    largest = np.int64(0)
    for i in range(numbers.size):
        largest = max(largest, np.float64(numbers[i]).view(np.int64) & np.int64(SIZE))
    return np.int64(largest).view(np.float64)


@kernel(fastmath={"reassoc", "contract"})
def sums(weight, update, whole, merged, alone):
    """Squares of weights, updates and of what rounding adds; the product of moves and updates; and how many stay."""
    squares_of_weights = squares_of_updates = noise = along = 0.0
    same = 0
    for i in range(weight.size):
        w, u = np.float64(weight[i]), update[i]
        off, moved = merged[i] - whole[i], merged[i] - alone[i]
        squares_of_weights += w * w
        squares_of_updates += u * u
        noise += off * off
        along += moved * u
        same += np.int64(merged[i] == alone[i])
    return squares_of_weights, squares_of_updates, noise, along, same
