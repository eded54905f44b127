r"""At rank one no iteration is needed: one line determines the next one, along paths of observations.

.. math:: u_i v_j = M_{ij} \ne 0 \;\Rightarrow\; v_j = M_{ij} / u_i .

Rows and columns are the nodes of a bipartite graph, and each observed entry that is not zero is an edge. Where the
graph is connected the matrix is determined (statement MC-L10-paths), and a sample without cycles is fitted exactly,
whatever its values are. Alternation would need an iteration for each step along a path. Cycles of observations must
agree to rounding; otherwise there is noise, which a path cannot average, and the caller alternates instead.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.matrix_completion.problem import Observations

__all__ = ["propagated"]

#: range of a factor relative to that of the root; single precision holds it, with room for the products
SMALLEST, LARGEST = 1e-18, 1e18
ROUNDING = 4.0  # of an entry and of the quotient that it enters, in units of the roundoff, per step of a path


def propagated(seen: Observations) -> tuple[np.ndarray, np.ndarray] | None:
    """Return factors (m, 1) and (n, 1) of the matrix of rank one; None where the sample leaves it open, or contradicts.

    Lines whose observations are all zero get 0, and so do lines without observations.
    """
    if not seen.values.any():
        return None
    # the row of the largest entry is the root of the search, and its factor is 1
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
    """Search breadth first from the root; False where two paths disagree or a line with an entry is never reached.

    Line number i < m is row i, number m + j is column j. `found` holds the factors of the lines, and `depth` their
    distances from the root in edges, -1 where a line was not reached. Breadth first makes the paths, and so the
    rounding along them, as short as can be.
    """
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
            if values[e] == 0:  # a zero entry determines nothing; it is checked below
                continue
            if depth[other] < 0:
                found[other], depth[other] = values[e] / found[line], depth[line] + 1
                if not SMALLEST < abs(found[other]) < LARGEST:
                    return False
                queue[last] = other
                last += 1
            # The entry closes a cycle (or leads back). Each step of a path adds the rounding of an entry and of a
            # quotient, `unit` together, so the product of both ends is off by a unit for each edge of the two paths,
            # and one for this entry.
            elif abs(found[line] * found[other] - values[e]) > (
                unit * (depth[line] + depth[other] + 1) * abs(values[e])
            ):
                return False
    for i in range(m):
        for e in range(row_starts[i], row_starts[i + 1]):
            reached = depth[i] >= 0 and depth[cols[e] + m] >= 0
            # A nonzero entry between lines that were not reached lies in another component. A zero between two lines
            # that were reached contradicts them, since the factors of those are not zero.
            if reached == (by_row[e] == 0):
                return False
    return True
