r"""Rank one without an iteration: one line determines the next one, along paths of observations.

.. math:: u_i v_j = M_{ij} \ne 0 \;\Rightarrow\; v_j = M_{ij} / u_i .

Where all lines are tied together by entries that are not zero, the matrix is determined (statement MC-L10-paths), and
a sample without cycles is fitted exactly, whatever its values are. Alternation would pass the news on by one line an
iteration. Cycles of observations must agree to rounding, else there is noise, and this is no way to average it.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.matrix_completion.problem import Observations

__all__ = ["propagated"]

SMALLEST, LARGEST = 1e-18, 1e18  # of a factor next to that of the largest entry, in single precision too
ROUNDING = 4.0  # of an entry and of the quotient that it enters, in units of the roundoff


def propagated(seen: Observations) -> tuple[np.ndarray, np.ndarray] | None:
    """Factors (m, 1) and (n, 1) of the matrix of rank one; None where the sample leaves it open or contradicts it.

    Lines whose observations are all zero get 0, and so do lines without observations.
    """
    if not seen.values.any():
        return None
    root, (m, n) = int(seen.rows[np.argmax(np.abs(seen.values))]), seen.shape
    sides = [
        (kernel_input(lines.starts), kernel_input(lines.indices), kernel_input(lines.values, np.float64))
        for lines in (seen.by_row, seen.by_col)
    ]
    found, depth = np.zeros(m + n), np.full(m + n, -1)
    kind = seen.values.dtype
    if not _propagate(*sides[0], *sides[1], root, ROUNDING * float(np.finfo(kind).eps), found, depth):
        return None
    return found[:m, None].astype(kind), found[m:, None].astype(kind)


@kernel
def _propagate(row_starts, cols, by_row, col_starts, rows, by_col, root, unit, found, depth):
    """Breadth first from a row of size 1; False where two paths disagree or a line with an entry is never reached."""
    m, n = row_starts.shape[0] - 1, col_starts.shape[0] - 1
    queue = np.empty(m + n, dtype=np.int64)
    queue[0], last = root, 1
    found[root], depth[root] = 1.0, 0
    first = 0
    while first < last:
        line = queue[first]
        first += 1
        is_row = line < m
        starts, lines, values = (row_starts, cols, by_row) if is_row else (col_starts, rows, by_col)
        place = line if is_row else line - m
        for e in range(starts[place], starts[place + 1]):
            other = lines[e] + m if is_row else lines[e]
            if values[e] == 0:
                continue
            if depth[other] < 0:
                found[other], depth[other] = values[e] / found[line], depth[line] + 1
                if not SMALLEST < abs(found[other]) < LARGEST:
                    return False
                queue[last] = other
                last += 1
            elif abs(found[line] * found[other] - values[e]) > (
                unit * (depth[line] + depth[other] + 1) * abs(values[e])
            ):
                return False
    for i in range(m):
        for e in range(row_starts[i], row_starts[i + 1]):
            reached = depth[i] >= 0 and depth[cols[e] + m] >= 0
            if reached == (by_row[e] == 0):  # an entry that nothing reaches, or a zero between two lines that are not
                return False
    return True
