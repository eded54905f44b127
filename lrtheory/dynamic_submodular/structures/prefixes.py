r"""Kernels that evaluate a sequence e_1, ..., e_T: f of its prefixes I_0, I_1, ..., I_T, and all marginals on them.

An objective is a matrix X with one row per element, sparse or dense, and one of three rules (`Record`):

=========  ==================================================  ========================================================
MAX        f(S) = sum_j max_{i in S} x_ij                      coverage, influence, facility location
CONCAVE    f(S) = sum_j w_j phi(sum_{i in S} x_ij)             features
LOGDET     f(S) = log det(I + scale X_SS)                      determinants; X is square
=========  ==================================================  ========================================================

The state of a sequence (`states.State`) answers the marginals f(v \| I_z) for *all* z in one pass over the row of v.
These marginals, the *profile* of v, never increase in z (f is submodular), so they show at once at which prefix v stops
being useful:

=========  ============================================================================================================
MAX        every column j keeps its staircase: the elements of the sequence that raised max_i x_ij, and to what. They
           are entries of one pool, linked upwards (ABOVE) and downwards (BELOW), see the rows of ``stairs``; the
           pool is a stack, since the entries of e_z lie behind those of e_1, ..., e_{z-1}
CONCAVE    ``table[z]`` is the sum of the rows of I_z
LOGDET     ``table[1:]`` is the Cholesky factor of I + scale X_II, one row per element; row 0 is scratch
=========  ============================================================================================================
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba.extending import overload

from lrtheory._array import flat

__all__ = ["Record", "extend", "gain", "gains_of", "profile", "set_value", "truncate"]

MAX, CONCAVE, LOGDET = range(3)
#: names of the concave functions, in the order of their numbers in the kernels
CONCAVES = ("sqrt", "log1p", "min")
SQRT, LOG1P, MIN = range(3)
#: rows of ``levels``: the elements e_1, e_2, ... (entry 0 is unused), and where the stairs of each begin in the pool
MEMBER, BEGIN = range(2)
#: row of ``marks``: f(I_z)
VALUE = 0
#: rows of ``stairs``: of a column the first and the last entry, -1 for none; of an entry its column, the element of the
#: sequence that it belongs to, and the next entries of the column
FIRST, LAST, COLUMN, DEPTH, ABOVE, BELOW = range(6)
#: rows of ``table`` under MAX: top of each column, height of each entry
PEAK, HEIGHT = range(2)
# NumPy's integers, since the compiler would specialize a kernel once more for every literal argument
EMPTY, ONE, NOBODY = np.int64(0), np.int64(1), np.int64(-1)


class Record(NamedTuple):
    """An objective as kernels see it, in CSR form: the row of v is data[indptr[v]:indptr[v + 1]], dense rows too.

    Each rule has a class of its own, so that its kernels are compiled without those of the others.
    """

    rule: int
    concave: int
    scale: float
    is_sparse: bool
    n_columns: int
    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray
    weights: np.ndarray


class Peaks(Record):
    """The record of an objective under MAX."""


class Sums(Record):
    """The record of an objective under CONCAVE."""


class Factors(Record):
    """The record of an objective under LOGDET."""


#: the class of the record under each rule, in the order of their numbers
RECORDS = (Peaks, Sums, Factors)


# --- kernels ----------------------------------------------------------------------------------------------------------


@flat
def phi(concave, scale, x):
    """Return phi(x) for the concave function of this number; `scale` is the limit of ``min(x, limit)``."""
    if concave == SQRT:
        return math.sqrt(x)
    if concave == LOG1P:
        return math.log1p(x)
    return min(x, scale)


# the order of the sum is free, so it runs in vector registers; these flags leave infinities and NaN as they are
@flat(fastmath={"contract", "reassoc"})
def rise_dense(data, start, n_columns, table):
    """Return the marginal of a dense row under MAX: the sum over j of max(0, x_vj - peak_j)."""
    row, peak = data[start : start + n_columns], table[PEAK]
    total = 0.0
    for j in range(n_columns):
        more = row[j] - peak[j]
        total += more + abs(more)  # twice the positive part, exactly, and without a branch
    return total / 2


@flat
def rise_sparse(record, v, table):
    """Return the marginal of a sparse row under MAX; a column without an entry has x_vj = 0 and adds nothing."""
    total = 0.0
    for p in range(record.indptr[v], record.indptr[v + 1]):
        total += max(0.0, record.data[p] - table[PEAK, record.indices[p]])
    return total


@flat
def rise_concave(record, v, sums, z):
    """Return the marginal under CONCAVE on top of I_z, of which row z of `sums` holds the sums of features."""
    start = record.indptr[v]
    total = 0.0
    for p in range(start, record.indptr[v + 1]):
        j = record.indices[p]
        more = phi(record.concave, record.scale, sums[z, j] + record.data[p])
        total += record.weights[j] * (more - phi(record.concave, record.scale, sums[z, j]))
    return max(0.0, total)  # phi is monotone, its rounded values need not be


@flat
def residuals(record, state, v, low, high, floor, gains):
    r"""Write the profile under LOGDET by one forward substitution; return the last residual variance less 1.

    1 + scale x_vv - \|c_{1..z}\|^2 is the residual variance of v given I_z, c the new row of the Cholesky factor; the
    marginal is its logarithm. The 1 is left out of the sum, so that small kernels keep their digits.
    """
    table, start = state.table, record.indptr[v]
    excess = record.scale * record.data[start + v]
    for z in range(high + 1):
        if z > 0:
            # entry z of L c = scale x_{v,I}, where L is the factor of I_z: row 0 collects the solution
            c = record.scale * record.data[start + state.levels[MEMBER, z]]
            for y in range(1, z):
                c -= table[z, y] * table[0, y]
            c /= table[z, z]
            table[0, z] = c
            excess = max(0.0, excess - c * c)  # at least 0 in exact arithmetic, since x is semidefinite
        if z >= low:
            gains[z] = math.log1p(excess)
            if gains[z] < floor:  # so is every later marginal
                break
    return excess


# --- the kernels of each rule -----------------------------------------------------------------------------------------


@flat
def profile_max(record, state, v, low, high, floor, gains):
    """Write the profile under MAX: in every column x_vj is cut where the staircase has its steps."""
    for z in range(low, high + 1):
        gains[z] = 0.0
    stairs, start = state.stairs, record.indptr[v]
    for p in range(start, record.indptr[v + 1]):
        # the part of x_vj below a step is a gain on the prefixes before the element that made the step, and no gain
        # later: it is booked at the last of them, and the suffix sums at the end hand it to all
        x = record.data[p]
        reached = 0.0
        entry = stairs[FIRST, record.indices[p]]
        while entry >= 0 and stairs[DEPTH, entry] <= high and reached < x:
            height = min(x, state.table[HEIGHT, entry])
            if stairs[DEPTH, entry] > low:
                gains[stairs[DEPTH, entry] - 1] += height - reached
            reached = height
            entry = stairs[ABOVE, entry]
        if reached < x:  # above all steps: a gain on every prefix
            gains[high] += x - reached
    for z in range(high - 1, low - 1, -1):  # sums of positive numbers: no cancellation, and non-increasing in z
        gains[z] += gains[z + 1]


@flat
def profile_concave(record, state, v, low, high, floor, gains):
    """Write the profile under CONCAVE, prefix by prefix."""
    for z in range(low, high + 1):
        gains[z] = 0.0
    for z in range(low, high + 1):
        gains[z] = rise_concave(record, v, state.table, z)
        if gains[z] < floor:
            break


@flat
def profile_logdet(record, state, v, low, high, floor, gains):
    """Write the profile under LOGDET."""
    for z in range(low, high + 1):
        gains[z] = 0.0
    residuals(record, state, v, low, high, floor, gains)


@flat
def gain_max(record, state, length, v, gains):
    """Return the marginal at the end of the sequence under MAX."""
    if record.is_sparse:
        return rise_sparse(record, v, state.table)
    return rise_dense(record.data, record.indptr[v], record.n_columns, state.table)


@flat
def gain_concave(record, state, length, v, gains):
    """Return the marginal at the end of the sequence under CONCAVE."""
    return rise_concave(record, v, state.table, length)


@flat
def gain_logdet(record, state, length, v, gains):
    """Return the marginal at the end of the sequence under LOGDET."""
    # no marginal is below -1, so the substitution runs to its end
    return math.log1p(residuals(record, state, v, length, length, -1.0, gains))


@flat
def extend_max(record, state, z, v, marginal):
    """Append v under MAX: it makes a step in each column that it raises."""
    state.levels[MEMBER, z] = v
    state.marks[VALUE, z] = state.marks[VALUE, z - 1] + marginal
    start, stairs = record.indptr[v], state.stairs
    entry = state.levels[BEGIN, z]
    for p in range(start, record.indptr[v + 1]):
        j = record.indices[p]
        if record.data[p] > state.table[PEAK, j]:
            # only columns that v raises get an entry, so the heights of a column increase strictly
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


@flat
def extend_concave(record, state, z, v, marginal):
    """Append v under CONCAVE: its row joins the sums."""
    state.levels[MEMBER, z] = v
    state.marks[VALUE, z] = state.marks[VALUE, z - 1] + marginal
    start = record.indptr[v]
    for j in range(record.n_columns):
        state.table[z, j] = state.table[z - 1, j]
    for p in range(start, record.indptr[v + 1]):
        j = record.indices[p]
        state.table[z, j] += record.data[p]


@flat
def extend_logdet(record, state, z, v, marginal):
    """Append v under LOGDET: the factor gets one more row."""
    state.levels[MEMBER, z] = v
    state.marks[VALUE, z] = state.marks[VALUE, z - 1] + marginal
    excess = residuals(record, state, v, z, z - 1, -1.0, state.marks[VALUE])  # low > high: writes no marginal
    for y in range(1, z):
        state.table[z, y] = state.table[0, y]
    state.table[z, z] = math.sqrt(1.0 + excess)


@flat
def truncate_max(record, state, length, z):
    """Drop the steps of the last elements under MAX."""
    stairs = state.stairs
    # backwards, as a stack: an entry is then the last one of its column
    for entry in range(state.levels[BEGIN, length + 1] - 1, state.levels[BEGIN, z + 1] - 1, -1):
        j, last = stairs[COLUMN, entry], stairs[BELOW, entry]
        stairs[LAST, j] = last
        if last >= 0:
            stairs[ABOVE, last] = -1
            state.table[PEAK, j] = state.table[HEIGHT, last]
        else:
            stairs[FIRST, j] = -1
            state.table[PEAK, j] = 0.0


# --- the kernel of the rule of a record: the compiler takes it by the class, interpreted code by the number -----------


def profile(record, state, v, low, high, floor, gains):
    r"""Write f(v \| I_z) to gains[z] for low <= z <= high; after the first one below `floor` they may be left at 0."""
    if record.rule == MAX:
        profile_max(record, state, v, low, high, floor, gains)
    elif record.rule == CONCAVE:
        profile_concave(record, state, v, low, high, floor, gains)
    else:
        profile_logdet(record, state, v, low, high, floor, gains)


def gain(record, state, length, v, gains):
    r"""Return f(v \| I_T) alone, where T = `length` is the end of the sequence; `gains` is scratch."""
    if record.rule == MAX:
        return gain_max(record, state, length, v, gains)
    if record.rule == CONCAVE:
        return gain_concave(record, state, length, v, gains)
    return gain_logdet(record, state, length, v, gains)


def extend(record, state, z, v, marginal):
    r"""Append v to a sequence of z - 1 elements as e_z; `marginal` is f(v \| I_{z-1})."""
    if record.rule == MAX:
        extend_max(record, state, z, v, marginal)
    elif record.rule == CONCAVE:
        extend_concave(record, state, z, v, marginal)
    else:
        extend_logdet(record, state, z, v, marginal)


def truncate(record, state, length, z):
    """Shorten a sequence of `length` elements to its first z."""
    if record.rule == MAX:
        truncate_max(record, state, length, z)


def rule_of(record):
    """Return the number of the rule that a type of record stands for."""
    return RECORDS.index(record.instance_class)


@overload(profile)
def _profile(record, state, v, low, high, floor, gains):
    kernel = (profile_max, profile_concave, profile_logdet)[rule_of(record)]
    return lambda record, state, v, low, high, floor, gains: kernel(record, state, v, low, high, floor, gains)


@overload(gain)
def _gain(record, state, length, v, gains):
    kernel = (gain_max, gain_concave, gain_logdet)[rule_of(record)]
    return lambda record, state, length, v, gains: kernel(record, state, length, v, gains)


@overload(extend)
def _extend(record, state, z, v, marginal):
    kernel = (extend_max, extend_concave, extend_logdet)[rule_of(record)]
    return lambda record, state, z, v, marginal: kernel(record, state, z, v, marginal)


@overload(truncate)
def _truncate(record, state, length, z):
    if rule_of(record) != MAX:
        return lambda record, state, length, z: None
    return lambda record, state, length, z: truncate_max(record, state, length, z)


for plain in (profile, gain, extend, truncate):  # `interpreted` takes them for kernels, as they are
    vars(plain)["py_func"] = plain


# --- on top of them ---------------------------------------------------------------------------------------------------


@flat
def set_value(record, state, items, gains):
    """Return f of a set of distinct elements; `state` is an empty state, large enough for them, and is left empty."""
    for z in range(items.shape[0]):
        extend(record, state, z + 1, items[z], gain(record, state, z, items[z], gains))
    truncate(record, state, items.shape[0], EMPTY)
    return state.marks[VALUE, items.shape[0]]


@flat
def gains_of(record, state, length, candidates, found, gains):
    r"""Write f(v \| I_T) of every candidate to `found`, in the order of the candidates."""
    for a in range(candidates.shape[0]):
        found[a] = gain(record, state, length, candidates[a], gains)
