r"""Completion of rank one along paths of observations: one line determines the next one, and nothing is iterated.

.. math:: u_i v_j = M_{ij} \ne 0 \;\Rightarrow\; v_j = M_{ij} / u_i .

Rows and columns are the nodes of a bipartite graph, and each observed entry that is not zero is an edge. Where the
graph is connected the matrix is determined (statement MC-L10-paths), and a sample without cycles is fitted exactly,
whatever its values are. Alternation would need an iteration for each step along a path. Around a cycle of the graph
the alternating quotients of entries must multiply to 1 up to rounding; otherwise there is noise, which a path cannot
average, and the caller alternates instead.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.matrix_completion.problem import Observations

__all__ = ["propagated"]

#: range of a factor relative to that of the root: single precision holds such factors and products of two of them
SMALLEST, LARGEST = 1e-18, 1e18
#: rounding of an entry and of the quotient that it enters, for one step of a path, in units of the roundoff
ROUNDING = 4.0


def propagated(seen: Observations) -> tuple[np.ndarray, np.ndarray] | None:
    """Return factors (m, 1) and (n, 1) of the matrix of rank one; None where the sample leaves it open, or contradicts.

    Lines whose observations are all zero get 0, and so do lines without observations.
    """
    if not seen.values.any():
        return None
    # the row of the largest entry is the root of the search, and its factor is 1
    root, (m, n) = int(seen.rows[np.argmax(np.abs(seen.values))]), seen.shape
    # quotients along a path are taken in doubles, also where the values are single
    by_row, by_col = (
        lines._replace(values=kernel_input(lines.values, np.float64)) for lines in (seen.by_row, seen.by_col)
    )
    found, depth = np.zeros(m + n), np.full(m + n, -1)
    kind = seen.values.dtype
    if not _propagate(by_row, by_col, root, ROUNDING * float(np.finfo(kind).eps), found, depth):
        return None
    return found[:m, None].astype(kind), found[m:, None].astype(kind)


@kernel
def _propagate(by_row, by_col, root, unit, found, depth):
    """Search breadth first from the root; False where two paths disagree or a line with an entry is never reached.

    The observations come sorted by row and by column. Line number i < m is row i, number m + j is column j. The kernel
    writes the factors of the lines to `found`, and to `depth` their distances from the root in edges, which stay -1
    where a line was not reached. Breadth first makes the paths, and so the rounding along them, as short as can be.
    """
    m, n = by_row.starts.shape[0] - 1, by_col.starts.shape[0] - 1
    queue = np.empty(m + n, dtype=np.int64)
    queue[0], last = root, 1
    found[root], depth[root] = 1.0, 0
    first = 0
    while first < last:
        line = queue[first]
        first += 1
        is_row = line < m
        starts, indices, values = by_row if is_row else by_col
        number = line if is_row else line - m
        for e in range(starts[number], starts[number + 1]):
            other = indices[e] + m if is_row else indices[e]
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
        for e in range(by_row.starts[i], by_row.starts[i + 1]):
            reached = depth[i] >= 0 and depth[by_row.indices[e] + m] >= 0
            # A nonzero entry between lines that were not reached lies in another component. A zero between two lines
            # that were reached contradicts them, since the factors of those are not zero.
            if reached == (by_row.values[e] == 0):
                return False
    return True
