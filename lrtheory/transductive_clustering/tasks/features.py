r"""Features, prototypes and costs of one few-shot task, in compiled code; the mathematics is that of `reading`.

A task of eighty points fits in the first cache. Graphs are lists of directed edges (p, q) with a weight for each
direction. Tables of costs and assignments have a row per class, (K, N), so that inner loops run over the points. In
arrays `clamped` a point has its label if it is clamped, -1 if it is free, and -2 if it is absent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory._kernels.exponential import exponential
from lrtheory.transductive_clustering.tasks.graphs import FAST, add_rows, copy, dot, move_rows, products, zeros

NEAREST, SHOT, SLK, TIM, PT_MAP = 0, 1, 2, 3, 4  # kinds of methods
CENTER, LENGTH, NOTHING = 0, 1, 2  # how features are normalized
NOISE = 16  # rounding errors of the mean, as in `reading`
START = np.int64(0)  # the first row: for a literal 0 as an argument Numba would compile another version of a kernel


class Scalars(NamedTuple):
    """The options of a call as numbers; ``damping`` 0 stands for "auto"."""

    kind: int
    n_classes: int
    rectify: bool
    hard: bool
    clamp: bool
    lam: float
    temperature: float
    n_neighbors: int
    symmetrize: int
    normalize: int
    shift: bool
    damping: float
    max_inner_iter: int
    tol: float
    max_iter: int
    epsilon: float  # of the dtype


class Batch(NamedTuple):
    """The tasks of a call, as arrays that kernels only read."""

    support: np.ndarray  # (E, NS, D)
    query: np.ndarray  # (E, NQ, D)
    classes: np.ndarray  # int64 (E, NS): the index of the class of each labeled point
    present: np.ndarray  # bool (E, NQ): False for rows that only fill up a task
    base: np.ndarray  # (0, D), (1, D) or (E, D): means of other classes, where they are known


class Outputs(NamedTuple):
    """The arrays that `solve_tasks` fills, one row per task."""

    assignments: np.ndarray  # (E, N, K), of the queries alone where the prototypes are fixed
    prototypes: np.ndarray  # (E, K, D)
    numbers: np.ndarray  # float64 (E, 9), see `kernels.solve_tasks`


@kernel(nogil=True, error_model="numpy")
def prepare(batch, scalars, e, X, clamped):
    """Fill X with the features of task e, and `clamped`; return class means, and the number of rows without direction.

    The rows of X are those of the support, then those of the queries.
    """
    n_support = batch.support.shape[1]
    blank = read_features(batch, scalars, e, X)
    M = class_means(X, batch.classes[e], scalars.n_classes)
    for p in range(X.shape[0]):
        if p < n_support:
            clamped[p] = batch.classes[e, p] if scalars.clamp else -1
        else:
            clamped[p] = -1 if batch.present[e, p - n_support] else -2
    return M, blank


@kernel(nogil=True, error_model="numpy")
def first_assignments(costs, clamped, index, temperature, Z, rows):
    """Fill Z with the softmax of minus the costs (K, N), one-hot in the support and 0 for points that are absent."""
    soft_rows(costs, costs.dtype.type(1 / temperature), clamped, Z, rows, START)
    for c in range(Z.shape[0]):
        for p in range(index.shape[0]):
            Z[c, p] = index[p] == c


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def soft_rows(costs, cold, clamped, P, rows, first):
    """Fill P with softmax(-cold costs) of the points from `first` on, and 0 of those that are absent.

    ``cold`` is 1 / T. The lowest costs and the inverse sums of powers stay in `rows` for the caller.
    """
    lowest, mass, one = rows[0, first:], rows[1, first:], costs.dtype.type(1)
    for p in range(len(lowest)):
        lowest[p], mass[p] = np.inf, 0
    for c in range(costs.shape[0]):
        row = costs[c, first:]
        for p in range(len(lowest)):
            lowest[p] = row[p] if row[p] < lowest[p] else lowest[p]
    for c in range(costs.shape[0]):
        row, power = costs[c, first:], P[c, first:]
        for p in range(len(lowest)):
            # the lowest cost is subtracted first: one power is 1, and none overflows
            power[p] = exponential((lowest[p] - row[p]) * cold)
            mass[p] += power[p]
    for p in range(len(lowest)):
        mass[p] = one / mass[p]
    for p in range(len(lowest)):
        if clamped[first + p] == -2:
            mass[p] = 0
    for c in range(costs.shape[0]):
        power = P[c, first:]
        for p in range(len(lowest)):
            power[p] *= mass[p]


@kernel(nogil=True, error_model="numpy")
def read_features(batch, scalars, e, X):
    """Center, scale to length 1, move queries to the mean of the support; return the number of rows that became 0."""
    n_support, zero, one = batch.support.shape[1], X.dtype.type(0), X.dtype.type(1)
    present, base = batch.present[e], batch.base
    here, blank, floor = 0, 0, zero
    copy(batch.support[e], X[:n_support])
    copy(batch.query[e], X[n_support:])
    for p in range(len(present)):
        here += present[p]
    move = zeros(1, X.shape[1], X.dtype)[0]
    if scalars.normalize == CENTER:
        if base.shape[0] > 0:
            mean = base[e if base.shape[0] > 1 else 0]
            for d in range(len(move)):
                move[d] = -mean[d]
        else:
            add_rows(X, START, n_support, present, -1 / (n_support + here), move)
            add_rows(X, n_support, X.shape[0], present, -1 / (n_support + here), move)
        move_rows(X, START, move)
        # what is left of a row that equals the mean is rounding of the mean, and no direction
        floor = X.dtype.type(NOISE * scalars.epsilon * np.sqrt(dot(move, move)))
    if scalars.normalize != NOTHING:
        for p in range(X.shape[0]):
            row = X[p]
            length = np.sqrt(dot(row, row))
            scale = one / length if length > floor else zero
            if length <= floor and (p < n_support or present[p - n_support]):
                blank += 1
            for d in range(len(row)):
                row[d] *= scale
    if scalars.shift and here >= scalars.n_classes:  # the mean of fewer queries is that of no support
        for d in range(len(move)):
            move[d] = 0
        add_rows(X, START, n_support, present, 1 / n_support, move)
        add_rows(X, n_support, X.shape[0], present, -1 / here, move)
        move_rows(X, n_support, move)
    return blank


@kernel(nogil=True, error_model="numpy")
def class_means(X, index, k):
    """Return the mean of the support of each class, (K, D)."""
    M, counts = zeros(k, X.shape[1], X.dtype), zeros(1, k, X.dtype)[0]
    for p in range(index.shape[0]):
        counts[index[p]] += 1
    for p in range(index.shape[0]):
        for d in range(X.shape[1]):
            M[index[p], d] += X[p, d] / counts[index[p]]
    return M


@kernel(nogil=True, error_model="numpy", whole=True)
def rectify_tasks(batch, scalars, prototypes, first, last):
    """Write the rectified prototypes of tasks first .. last - 1 into ``prototypes`` (E, K, D).

    They are found ahead of all else, so that nobody compiles them who takes means.
    """
    X = zeros(batch.support.shape[1] + batch.query.shape[1], batch.support.shape[2], prototypes.dtype)
    for e in range(first, last):
        read_features(batch, scalars, e, X)
        M = class_means(X, batch.classes[e], scalars.n_classes)
        copy(rectified(X, batch.classes[e], batch.present[e], M), prototypes[e])


@kernel(nogil=True, error_model="numpy")
def rectified(X, index, present, M):
    """Return means of support and queries that look alike, weighted by a softmax of 10 cosines (BD-CSPN)."""
    n_support, k = index.shape[0], M.shape[0]
    sums, rows = zeros(k, M.shape[1], M.dtype), zeros(3, k, M.dtype)
    masses, lengths, weights = rows[0], rows[1], rows[2]
    for c in range(k):
        lengths[c] = np.sqrt(dot(M[c], M[c]))
    for p in range(X.shape[0]):
        if p >= n_support and not present[p - n_support]:
            continue
        own, best, mass = np.sqrt(dot(X[p], X[p])), 0, X.dtype.type(0)
        for c in range(k):
            scale = own * lengths[c]
            weights[c] = X.dtype.type(10) * dot(X[p], M[c]) / scale if scale > 0 else X.dtype.type(0)
            best = c if weights[c] > weights[best] else best
        for c in range(k):
            mass += np.exp(weights[c] - weights[best])
        # a query counts for the class that it looks like, a labeled point for its own
        label = index[p] if p < n_support else best
        weight = np.exp(weights[label] - weights[best]) / mass
        masses[label] += weight
        for d in range(X.shape[1]):
            sums[label, d] += weight * X[p, d]
    for c in range(k):
        for d in range(X.shape[1]):
            sums[c, d] /= masses[c]
    return sums


@kernel(nogil=True, error_model="numpy")
def transpose(points):
    """Write the columns of X, and the squared lengths of its rows."""
    X = points.X
    for d in range(X.shape[1]):
        column = points.columns[d]
        for p in range(len(column)):
            column[p] = X[p, d]
    for p in range(X.shape[0]):
        points.squares[p] = dot(X[p], X[p])


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def fill_costs(points, M, clamped, costs):
    """Write the squared distances (K, N) to the prototypes; 0 for points that are absent."""
    zero, two, squares = costs.dtype.type(0), costs.dtype.type(2), points.squares
    products(M, points.columns, costs)
    for c in range(M.shape[0]):
        row, length = costs[c], dot(M[c], M[c])
        for p in range(row.shape[0]):
            square = squares[p] + length - two * row[p]  # rounding may leave it just below 0
            row[p] = square if square > zero else zero
    for p in range(costs.shape[1]):
        if clamped[p] == -2:
            costs[:, p] = 0


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def size_of(costs, highest):
    """Return a bound on <|A|, Z>, the sum of the largest cost of every point; ``highest`` is a buffer (N,)."""
    for p in range(costs.shape[1]):
        highest[p] = 0
    for c in range(costs.shape[0]):
        row = costs[c]
        for p in range(row.shape[0]):
            highest[p] = row[p] if row[p] > highest[p] else highest[p]
    bound = 0.0
    for p in range(costs.shape[1]):
        bound += highest[p]
    return bound
