r"""Features, prototypes and graph of one few-shot task, in compiled code; the mathematics is that of `tasks`.

A task of eighty points fits in the first cache. Graphs are lists of directed edges (p, q) with a weight for each
direction; features stand by rows and by columns, so that inner loops run over neighbours in memory. A point is held at
its label, free (-1) or absent (-2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel

NEAREST, SHOT, SLK, TIM, PT_MAP = 0, 1, 2, 3, 4  # kinds of methods
MEAN, MAX, DIRECTED = 0, 1, 2  # how graphs are symmetrised
CENTER, LENGTH, NOTHING = 0, 1, 2  # how features are normalised
POWERS, NOISE = 4, 16  # as in `certificates`, and in `tasks`
START = np.int64(0)  # the first row; of kernels that are called with 0 as it stands Numba compiles a version of its own


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
    inner_iter: int
    tol: float
    max_iter: int
    epsilon: float  # of the dtype


@kernel(nogil=True, error_model="numpy")
def prepare(support, query, index, present, base, scalars, e, X):
    """Read the features of a task; its prototypes, where each point is held, and how many rows have no direction."""
    n_support = support.shape[1]
    zeros = read_features(support, query, present, base, scalars, e, X)
    M = class_means(X, index[e], scalars.n_classes)
    if scalars.rectify:
        M = rectified(X, index[e], present[e], M)
    held = np.empty(X.shape[0], np.int64)
    for p in range(X.shape[0]):
        if p < n_support:
            held[p] = index[e, p] if scalars.clamp else -1
        else:
            held[p] = -1 if present[e, p - n_support] else -2
    return M, held, zeros


@kernel(nogil=True, error_model="numpy")
def first_assignments(costs, held, index, temperature, Z):
    """The softmax of the costs (K, N); one-hot in the support, 0 for points that are absent."""
    for p in range(Z.shape[1]):
        lowest, mass = costs[0, p], 0 * costs[0, p]
        for c in range(1, Z.shape[0]):
            lowest = costs[c, p] if costs[c, p] < lowest else lowest
        for c in range(Z.shape[0]):
            Z[c, p] = np.exp((lowest - costs[c, p]) / temperature)
            mass += Z[c, p]
        for c in range(Z.shape[0]):
            Z[c, p] = Z[c, p] / mass if held[p] > -2 else 0 * mass
            if p < index.shape[0]:
                Z[c, p] = index[p] == c


@kernel(nogil=True, error_model="numpy")
def read_features(support, query, present, base, scalars, e, X):
    """Centre, scale to length 1, and move the queries to the mean of the support; returns how many rows became 0."""
    n_support = support.shape[1]
    here, zeros, floor = 0, 0, 0.0
    for p in range(X.shape[0]):
        given = support[e, p] if p < n_support else query[e, p - n_support]
        for d in range(X.shape[1]):
            X[p, d] = given[d]
    for p in range(query.shape[1]):
        here += present[e, p]
    move = np.zeros(X.shape[1], X.dtype)
    if scalars.normalize == CENTER:
        if base.shape[0] > 0:
            for d in range(X.shape[1]):
                move[d] = -base[e if base.shape[0] > 1 else 0, d]
        else:
            add_rows(X, START, n_support, present[e], -1 / (n_support + here), move)
            add_rows(X, n_support, X.shape[0], present[e], -1 / (n_support + here), move)
        move_rows(X, START, move)
        floor = NOISE * scalars.epsilon * np.sqrt(dot(move, move))
    if scalars.normalize != NOTHING:
        for p in range(X.shape[0]):
            length = np.sqrt(dot(X[p], X[p]))
            scale = 1 / length if length > floor else 0 * length
            if length <= floor and (p < n_support or present[e, p - n_support]):
                zeros += 1
            for d in range(X.shape[1]):
                X[p, d] *= scale
    if scalars.shift and here > 0:
        for d in range(X.shape[1]):
            move[d] = 0
        add_rows(X, START, n_support, present[e], 1 / n_support, move)
        add_rows(X, n_support, X.shape[0], present[e], -1 / here, move)
        move_rows(X, n_support, move)
    return zeros


@kernel(nogil=True, error_model="numpy")
def dot(x, y):
    """x . y in four sums, which the processor adds side by side."""
    d = x.shape[0]
    a, b, c, e = 0 * x[0], 0 * x[0], 0 * x[0], 0 * x[0]
    for i in range(0, d - 3, 4):
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        e += x[i + 3] * y[i + 3]
    for i in range(d - d % 4, d):
        a += x[i] * y[i]
    return (a + b) + (c + e)


@kernel(nogil=True, error_model="numpy")
def add_rows(X, first, last, present, factor, total):
    """Add a multiple of the rows from first to last: of the support, or of the queries that are there."""
    for p in range(first, last):
        if first == 0 or present[p - first]:
            for d in range(X.shape[1]):
                total[d] += X.dtype.type(factor) * X[p, d]


@kernel(nogil=True, error_model="numpy")
def move_rows(X, first, move):
    """Move every row from the first on."""
    for p in range(first, X.shape[0]):
        for d in range(X.shape[1]):
            X[p, d] += move[d]


@kernel(nogil=True, error_model="numpy")
def class_means(X, index, k):
    """The mean of the support of each class."""
    M, counts = np.zeros((k, X.shape[1]), X.dtype), np.zeros(k, X.dtype)
    for p in range(index.shape[0]):
        counts[index[p]] += 1
    for p in range(index.shape[0]):
        for d in range(X.shape[1]):
            M[index[p], d] += X[p, d] / counts[index[p]]
    return M


@kernel(nogil=True, error_model="numpy")
def rectified(X, index, present, M):
    """Means of support and queries that look alike, weighted by a softmax of 10 cosines."""
    n_support, k = index.shape[0], M.shape[0]
    sums, masses = np.zeros_like(M), np.zeros(k, X.dtype)
    lengths = np.empty(k, X.dtype)
    for c in range(k):
        lengths[c] = np.sqrt(dot(M[c], M[c]))
    weights = np.empty(k, X.dtype)
    for p in range(X.shape[0]):
        if p >= n_support and not present[p - n_support]:
            continue
        own, best, mass = np.sqrt(dot(X[p], X[p])), 0, 0 * X[p, 0]
        for c in range(k):
            scale = own * lengths[c]
            weights[c] = 10 * dot(X[p], M[c]) / scale if scale > 0 else 0 * scale
            best = c if weights[c] > weights[best] else best
        for c in range(k):
            mass += np.exp(weights[c] - weights[best])
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
def columns_of(X):
    """X by columns, and the squared lengths of its rows."""
    turned, squares = np.empty((X.shape[1], X.shape[0]), X.dtype), np.zeros(X.shape[0], X.dtype)
    for p in range(X.shape[0]):
        for d in range(X.shape[1]):
            turned[d, p] = X[p, d]
    for d in range(X.shape[1]):
        for p in range(X.shape[0]):
            squares[p] += turned[d, p] * turned[d, p]
    return turned, squares


@kernel(nogil=True, error_model="numpy")
def add_products(turned, row, start, out):
    """out[q] = row . x_q for q from start on; four features a sweep, so that sums stay in registers."""
    sums = out[start:]  # loops from 0 over slices are those that the compiler makes parallel
    for q in range(sums.shape[0]):
        sums[q] = 0
    d = 0
    while d + 4 <= turned.shape[0]:
        a, b, c, e = row[d], row[d + 1], row[d + 2], row[d + 3]
        x, y, z, w = turned[d, start:], turned[d + 1, start:], turned[d + 2, start:], turned[d + 3, start:]
        for q in range(sums.shape[0]):
            sums[q] += a * x[q] + b * y[q] + c * z[q] + e * w[q]
        d += 4
    while d < turned.shape[0]:
        for q in range(sums.shape[0]):
            sums[q] += row[d] * turned[d, start + q]
        d += 1


@kernel(nogil=True, error_model="numpy")
def add_two_products(turned, X, p, out):
    """Rows p and p + 1 of X X' from the diagonal on, side by side."""
    if p + 1 == X.shape[0]:
        add_products(turned, X[p], p, out[p])
        return
    sums, others, d = out[p, p:], out[p + 1, p:], 0
    for q in range(sums.shape[0]):
        sums[q] = 0
        others[q] = 0
    while d + 4 <= turned.shape[0]:
        a, b, c, e = X[p, d], X[p, d + 1], X[p, d + 2], X[p, d + 3]
        f, g, h, i = X[p + 1, d], X[p + 1, d + 1], X[p + 1, d + 2], X[p + 1, d + 3]
        x, y, z, w = turned[d, p:], turned[d + 1, p:], turned[d + 2, p:], turned[d + 3, p:]
        for q in range(sums.shape[0]):
            sums[q] += a * x[q] + b * y[q] + c * z[q] + e * w[q]
            others[q] += f * x[q] + g * y[q] + h * z[q] + i * w[q]
        d += 4
    while d < turned.shape[0]:
        for q in range(sums.shape[0]):
            sums[q] += X[p, d] * turned[d, p + q]
            others[q] += X[p + 1, d] * turned[d, p + q]
        d += 1


@kernel(nogil=True, error_model="numpy")
def fill_costs(turned, squares, M, held, costs):
    """Squared distances (K, N) to the prototypes; 0 for points that are absent. Returns a bound on <|A|, Z>."""
    for c in range(M.shape[0]):
        row = costs[c]
        add_products(turned, M[c], START, row)
        length = dot(M[c], M[c])
        for p in range(row.shape[0]):
            square = squares[p] + length - 2 * row[p]
            row[p] = square if square > 0 and held[p] > -2 else 0 * square
    bound = 0.0
    for p in range(costs.shape[1]):
        highest = costs[0, p]
        for c in range(1, costs.shape[0]):
            highest = costs[c, p] if costs[c, p] > highest else highest
        bound += highest
    return bound


@kernel(nogil=True, error_model="numpy")
def edges_of(X, turned, squares, held, n_neighbors, symmetrize):
    """The directed edges (p, q) to nearest neighbours, with the weight of q for p and of p for q."""
    n = turned.shape[1]
    k = min(n_neighbors, n - 1)
    apart = np.empty((n, n), turned.dtype)
    for p in range(0, n if k > 0 else 0, 2):
        add_two_products(turned, X, p, apart)
    for p in range(n if k > 0 else 0):
        for q in range(p, n):
            square = squares[p] + squares[q] - 2 * apart[p, q]
            apart[p, q] = max(square, 0 * square)
            apart[q, p] = apart[p, q]
    for p in range(n if k > 0 else 0):  # nobody is a neighbour of itself, or of who is absent
        apart[p, p] = np.inf
        if held[p] == -2:
            apart[:, p] = np.inf
    # unsigned, since a signed index might count from the end, which would be looked at in every access
    ends, weights = np.empty((n * k, 2), np.uint64), np.zeros((n * k, 2), turned.dtype)
    count = 0
    for p in range(n if k > 0 else 0):
        if held[p] > -2:
            found = nearest_of(apart[p], ends[count : count + k, 1])
            ends[count : count + found, 0] = p
            count += found
    weigh(ends[:count], weights[:count], symmetrize)
    return ends[:count], weights[:count]


@kernel(nogil=True, error_model="numpy")
def nearest_of(row, found):
    """The places of the smallest finite entries, in order, of equal ones the first; returns how many there are."""
    k, count = found.shape[0], 0
    farthest = row.dtype.type(np.inf)
    for q in range(row.shape[0]):
        if not row[q] < farthest:
            continue
        place = count if count < k else k - 1
        while place > 0 and row[q] < row[found[place - 1]]:
            found[place] = found[place - 1]
            place -= 1
        found[place] = q
        count = min(count + 1, k)
        if count == k:
            farthest = row[found[k - 1]]
    return count


@kernel(nogil=True, error_model="numpy")
def weigh(ends, weights, symmetrize):
    """The mean of both directions, their maximum (edges that stand twice count half), or one direction."""
    for i in range(ends.shape[0]):
        if symmetrize == DIRECTED:
            weights[i, 0] = 1.0
            continue
        weight = 0.5
        if symmetrize == MAX:
            mutual = False
            for j in range(ends.shape[0]):
                mutual |= ends[j, 0] == ends[i, 1] and ends[j, 1] == ends[i, 0]
            weight = 0.5 if mutual else 1.0
        weights[i, 0] = weight
        weights[i, 1] = weight


@kernel(nogil=True, error_model="numpy")
def safe_factor(ends, weights, held, scalars):
    """The step factor that certainly lowers the energy, by the bounds of `certificates.spectrum_bounds`."""
    n = held.shape[0]
    sums, v, once, twice = np.zeros(n), np.ones(n), np.empty(n), np.empty(n)
    for i in range(ends.shape[0]):
        p, q = ends[i, 0], ends[i, 1]
        if held[p] == -1 and held[q] == -1:
            sums[p] += weights[i, 0]
            sums[q] += weights[i, 1]
    deepest = 0.0
    for p in range(n):
        deepest = max(deepest, sums[p])
    if scalars.symmetrize == DIRECTED or scalars.lam * deepest <= 2 * scalars.temperature:
        return 1.0
    norm = 0.0
    for _ in range(POWERS):
        pulled_once(ends, weights, held, v, once)
        pulled_once(ends, weights, held, once, twice)
        norm, largest = 0.0, 0.0
        for p in range(n):
            norm = max(norm, np.sqrt(twice[p] / v[p]))
            largest = max(largest, v[p] + twice[p])
        for p in range(n):
            v[p] = (v[p] + twice[p]) / largest
    return min(1.0, 2 * scalars.temperature / (scalars.lam * min(deepest, norm)))


@kernel(nogil=True, error_model="numpy")
def pulled_once(ends, weights, held, v, out):
    """The block of free points times a vector."""
    for p in range(v.shape[0]):
        out[p] = 0.0
    for i in range(ends.shape[0]):
        p, q = ends[i, 0], ends[i, 1]
        if held[p] == -1 and held[q] == -1:
            out[p] += weights[i, 0] * v[q]
            out[q] += weights[i, 1] * v[p]
