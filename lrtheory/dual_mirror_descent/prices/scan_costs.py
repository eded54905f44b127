"""One pass over costs: refuse negative ones, find the largest, and keep a copy of half the size where that is exact.

Whole units and zeros and ones are exact in single precision. The kernels turn such entries into doubles as they load
them, so a run on the copy has the bits of a run on the table, and reads half as much.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["survey"]

#: entries between two looks at whether the copy is still exact: a part of the first cache, in which they are read twice
BLOCK = 2048


def survey(costs: np.ndarray, is_kept: bool) -> tuple[bool, np.ndarray, np.ndarray | None]:
    """Look at a table of costs in double precision.

    Parameters
    ----------
    costs : float64 array of shape (N, d, m)
        Costs, which may have any sign or be NaN.
    is_kept : bool
        Whether a copy is wanted.

    Returns
    -------
    are_costs : bool
        Whether all entries are finite and at least 0.
    largest : float64 array of shape (m,)
        The largest cost of each resource; of no meaning where `are_costs` is False.
    compact : float32 array of shape (N, d, m), or None
        A copy of equal numbers that nobody else can write; None where single precision would change one.
    """
    n_resources = costs.shape[-1]
    # Loops over a handful of resources are slow: rows of a survey are several rows of the table where that comes out.
    fold = math.gcd(costs.size // n_resources, max(1, 256 // n_resources))
    rows = kernel_input(costs.reshape(-1, fold * n_resources))
    copy, maxima = np.empty(rows.shape if is_kept else (0, 0), np.float32), np.zeros(rows.shape[1])
    refused, changed = look(rows, copy, maxima)
    largest = maxima.reshape(fold, n_resources).max(axis=0)
    are_costs = refused == 0 and bool((largest < np.inf).all())
    if changed or not is_kept:
        return are_costs, largest, None
    copy.flags.writeable = False
    return are_costs, largest, copy.reshape(costs.shape)


@kernel
def look(rows, copy, largest):
    """Raise `largest` to the maxima of the columns and fill the copy; count entries below 0 or NaN, and changed ones.

    As soon as the copy has changed an entry, it is given up.
    """
    refused, changed, block = 0, 0, max(1, BLOCK // rows.shape[1])
    for start in range(0, rows.shape[0], block):
        for i in range(start, min(start + block, rows.shape[0])):
            for j in range(rows.shape[1]):
                cost = rows[i, j]
                refused += not cost >= 0  # true for NaN
                largest[j] = cost if cost > largest[j] else largest[j]
        if changed == 0 and copy.shape[0] > 0:
            for i in range(start, min(start + block, rows.shape[0])):
                for j in range(rows.shape[1]):
                    copy[i, j] = rows[i, j]
                    changed += copy[i, j] != rows[i, j]
    return refused, changed
