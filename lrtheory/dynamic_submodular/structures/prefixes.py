r"""What a sequence of elements is worth: kernels for the prefixes I_0, I_1, ..., I_T of a sequence e_1, ..., e_T.

An objective is a matrix X with a row an element, sparse or dense, and one of three rules (`Record`):

=========  ==================================================  ========================================================
MAX        f(S) = sum_j max_{i in S} x_ij                      coverage, influence, facility location
CONCAVE    f(S) = sum_j w_j phi(sum_{i in S} x_ij)             features
LOGDET     f(S) = log det(I + scale X_SS)                      determinants; X is square
=========  ==================================================  ========================================================

The state of a sequence (`states.State`) answers the marginals f(v \| I_z) for *all* z in one pass over the row of v.
These marginals never increase in z, so they say at once at which prefix an element stops being useful:

=========  ============================================================================================================
MAX        every column j keeps its staircase: the elements of the sequence that raised max_i x_ij, and to what. They
           are entries of one pool, linked upwards (ABOVE) and downwards (BELOW), see the rows of ``stairs``
CONCAVE    ``table[z]`` is the sum of the rows of I_z
LOGDET     ``table[1:]`` is the Cholesky factor of I + scale X_II, one row an element; row 0 is scratch
=========  ============================================================================================================
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory.dynamic_submodular.structures.randomness import flat, inner

__all__ = ["Record", "extend", "gain", "gains_of", "profile", "set_value", "truncate"]

MAX, CONCAVE, LOGDET = range(3)
#: names of the concave functions, in the order of their numbers in the kernels
CONCAVES = ("sqrt", "log1p", "min")
SQRT, LOG1P, MIN = range(3)
#: rows of ``levels``: the elements e_1, e_2, ..., and where the entries of each begin in the pool
MEMBER, BEGIN = range(2)
#: row of ``marks``: f(I_z)
VALUE = 0
#: rows of ``stairs``: of a column the first and the last entry, -1 for none; of an entry its column, the element of the
#: sequence that it belongs to, and the next entries of the column
FIRST, LAST, COLUMN, DEPTH, ABOVE, BELOW = range(6)
#: rows of ``table`` under MAX: top of each column, height of each entry
PEAK, HEIGHT = range(2)
# NumPy's integers, since the compiler makes another kernel for every literal argument
EMPTY, ONE, NOBODY = np.int64(0), np.int64(1), np.int64(-1)


class Record(NamedTuple):
    """An objective as kernels see it; the row of v is data[indptr[v]:indptr[v + 1]]."""

    rule: int
    concave: int
    scale: float
    is_sparse: bool
    n_columns: int
    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    weights: np.ndarray


# --- kernels ----------------------------------------------------------------------------------------------------------


@inner
def phi(concave, scale, x):
    """The concave function of this number; `scale` is where the minimum is cut."""
    if concave == SQRT:
        return math.sqrt(x)
    if concave == LOG1P:
        return math.log1p(x)
    return min(x, scale)


@inner(fastmath={"contract", "reassoc"})
def rise_dense(data, start, n_columns, table):
    """The sum over j of max(0, x_vj - peak_j) for a dense row, in whatever order is fastest."""
    row, peak = data[start : start + n_columns], table[PEAK]
    total = 0.0
    for j in range(n_columns):
        more = row[j] - peak[j]
        total += more + abs(more)  # twice the positive part, exactly, and without a branch
    return total / 2


@inner
def rise_sparse(record, v, table):
    """The same for a sparse row."""
    total = 0.0
    for p in range(record.indptr[v], record.indptr[v + 1]):
        total += max(0.0, record.data[p] - table[PEAK, record.indices[p]])
    return total


@inner
def rise_concave(record, v, sums, z):
    """The marginal under CONCAVE on top of the z-th row of sums of features."""
    start = record.indptr[v]
    total = 0.0
    for p in range(start, record.indptr[v + 1]):
        j = record.indices[p]
        more = phi(record.concave, record.scale, sums[z, j] + record.data[p])
        total += record.weights[j] * (more - phi(record.concave, record.scale, sums[z, j]))
    return max(0.0, total)


@inner
def residuals(record, state, v, low, high, floor, gains):
    r"""The profile under LOGDET by one forward substitution; returns the last residual variance less 1, at least 0.

    1 + scale x_vv - \|c_{1..z}\|^2 is the variance of v that I_z leaves, c the new row of the Cholesky factor. The 1 is
    left out of the sum, so that small kernels keep their digits.
    """
    table, start = state.table, record.indptr[v]
    excess = record.scale * record.data[start + v]
    for z in range(high + 1):
        if z > 0:
            c = record.scale * record.data[start + state.levels[MEMBER, z]]
            for y in range(1, z):
                c -= table[z, y] * table[0, y]
            c /= table[z, z]
            table[0, z] = c
            excess = max(0.0, excess - c * c)
        if z >= low:
            gains[z] = math.log1p(excess)
            if gains[z] < floor:
                break
    return excess


@inner
def profile_max(record, state, v, low, high, gains):
    """The profile under MAX: every column pays at the steps of its staircase what x_vj loses there."""
    stairs, start = state.stairs, record.indptr[v]
    for p in range(start, record.indptr[v + 1]):
        x = record.data[p]
        reached = 0.0
        entry = stairs[FIRST, record.indices[p]]
        while entry >= 0 and stairs[DEPTH, entry] <= high and reached < x:
            height = min(x, state.table[HEIGHT, entry])
            if stairs[DEPTH, entry] > low:
                gains[stairs[DEPTH, entry] - 1] += height - reached
            reached = height
            entry = stairs[ABOVE, entry]
        if reached < x:
            gains[high] += x - reached
    for z in range(high - 1, low - 1, -1):  # sums of positive numbers: no cancellation, and non-increasing in z
        gains[z] += gains[z + 1]


@flat
def profile(record, state, v, low, high, floor, gains):
    r"""Write f(v \| I_z) to gains[z] for low <= z <= high; those after the first below `floor` may be written as 0."""
    for z in range(low, high + 1):
        gains[z] = 0.0
    if record.rule == MAX:
        profile_max(record, state, v, low, high, gains)
    elif record.rule == LOGDET:
        residuals(record, state, v, low, high, floor, gains)
    else:
        for z in range(low, high + 1):
            gains[z] = rise_concave(record, v, state.table, z)
            if gains[z] < floor:
                break


@flat
def gain(record, state, length, v, gains):
    r"""f(v \| I_T) alone, T = `length`; `gains` is scratch."""
    if record.rule == MAX:
        if record.is_sparse:
            return rise_sparse(record, v, state.table)
        return rise_dense(record.data, record.indptr[v], record.n_columns, state.table)
    if record.rule == LOGDET:
        return math.log1p(residuals(record, state, v, length, length, -1.0, gains))
    return rise_concave(record, v, state.table, length)


@flat
def extend(record, state, z, v, marginal):
    r"""Make v the z-th element of the sequence, which has z - 1; `marginal` is f(v \| I_{z-1})."""
    state.levels[MEMBER, z] = v
    state.marks[VALUE, z] = state.marks[VALUE, z - 1] + marginal
    start, stairs = record.indptr[v], state.stairs
    if record.rule == MAX:
        entry = state.levels[BEGIN, z]
        for p in range(start, record.indptr[v + 1]):
            j = record.indices[p]
            if record.data[p] > state.table[PEAK, j]:
                last = stairs[LAST, j]
                stairs[COLUMN, entry], stairs[DEPTH, entry] = j, z
                stairs[ABOVE, entry], stairs[BELOW, entry] = -1, last
                if last >= 0:
                    stairs[ABOVE, last] = entry
                else:
                    stairs[FIRST, j] = entry
                stairs[LAST, j] = entry
                state.table[HEIGHT, entry] = state.table[PEAK, j] = record.data[p]
                entry += 1
        state.levels[BEGIN, z + 1] = entry
    elif record.rule == CONCAVE:
        for j in range(record.n_columns):
            state.table[z, j] = state.table[z - 1, j]
        for p in range(start, record.indptr[v + 1]):
            j = record.indices[p]
            state.table[z, j] += record.data[p]
    else:
        excess = residuals(record, state, v, z, z - 1, -1.0, state.marks[VALUE])  # writes no marginal
        for y in range(1, z):
            state.table[z, y] = state.table[0, y]
        state.table[z, z] = math.sqrt(1.0 + excess)


@flat
def truncate(record, state, length, z):
    """Forget the elements after the z-th of a sequence of `length`."""
    if record.rule != MAX:
        return  # rows of the tables are written anew
    stairs = state.stairs
    for entry in range(state.levels[BEGIN, length + 1] - 1, state.levels[BEGIN, z + 1] - 1, -1):
        j, last = stairs[COLUMN, entry], stairs[BELOW, entry]
        stairs[LAST, j] = last
        if last >= 0:
            stairs[ABOVE, last] = -1
            state.table[PEAK, j] = state.table[HEIGHT, last]
        else:
            stairs[FIRST, j] = -1
            state.table[PEAK, j] = 0.0


@flat
def set_value(record, state, items, gains):
    """f of a set of distinct elements; `state` is an empty state with room for them, and is left empty."""
    for z in range(items.shape[0]):
        extend(record, state, z + 1, items[z], gain(record, state, z, items[z], gains))
    truncate(record, state, items.shape[0], EMPTY)
    return state.marks[VALUE, items.shape[0]]


@flat
def gains_of(record, state, length, candidates, found, gains):
    r"""f(v \| I_T) for every candidate, written to `found`."""
    for a in range(candidates.shape[0]):
        found[a] = gain(record, state, length, candidates[a], gains)
