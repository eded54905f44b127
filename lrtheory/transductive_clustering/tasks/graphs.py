r"""The graph of one few-shot task in compiled code, bounds on its spectrum, and the loops that all tasks share."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

MEAN, MAX, DIRECTED = 0, 1, 2  # how graphs are symmetrized
POWERS = 4  # as in `certificates`
FAST = {"contract", "nsz", "reassoc"}  # sums in any order, products and sums in one rounding
PORTION = 2**17  # multiply-adds of a product that BLAS certainly does in one thread: others have tasks of their own


@kernel(nogil=True, error_model="numpy")
def padded(n):
    """The next multiple of 16: with so many points no loop has a rest outside of vector registers."""
    return -(-n // 16) * 16


@kernel(nogil=True, error_model="numpy")
def copy(source, target):
    """Entry by entry: the assignment of arrays takes the compiler seconds, for the sentences of its errors."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def dot(x, y):
    """x . y in sums that the processor adds side by side."""
    value = x.dtype.type(0)
    for i in range(x.shape[0]):
        value += x[i] * y[i]
    return value


@kernel(nogil=True, error_model="numpy")
def products(A, turned, out):
    """out <- A X' with X by columns."""
    rows = max(8, PORTION // turned.size)
    for start in range(0, A.shape[0], rows):
        np.dot(A[start : start + rows], turned, out[start : start + rows])


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def add_rows(X, first, last, present, factor, total):
    """Add a multiple of the rows from first to last: of the support, or of the queries that are there."""
    share = X.dtype.type(factor)
    for p in range(first, last):
        if first == 0 or present[p - first]:
            row = X[p]
            for d in range(len(row)):
                total[d] += share * row[d]


@kernel(nogil=True, error_model="numpy")
def move_rows(X, first, move):
    """Move every row from the first on."""
    for p in range(first, X.shape[0]):
        row = X[p]
        for d in range(len(row)):
            row[d] += move[d]


@kernel(nogil=True, error_model="numpy")
def edges_of(points, held, n_neighbors, symmetrize, apart):
    """The directed edges (p, q) to nearest neighbors, with the weight of q for p and of p for q.

    The points stand by rows and by columns, beside their squared lengths; ``apart`` is room for all distances.
    """
    X, turned, squares = points
    n = turned.shape[1]
    k = min(n_neighbors, n - 1)
    # unsigned, since a signed index might count from the end, which would be looked at in every access; the last
    # places are room for a search
    ends, weights = np.empty((n * k + n, 2), np.uint64), np.zeros((n * k, 2), turned.dtype)
    if k == 0:
        return ends[:0], weights
    count, best, row, reach = 0, np.empty((k, n), turned.dtype), np.empty(n, turned.dtype), np.zeros(n, turned.dtype)
    products(X, turned, apart)
    far_apart(squares, held, apart)
    reach_of(apart, best, row)
    for j in range(k):
        for p in range(n):
            reach[p] = best[j, p] if best[j, p] < np.inf else reach[p]
    for p in range(n):
        if held[p] > -2 and best[0, p] < np.inf:
            found = nearest_of(apart[p], reach[p], ends[count : count + k + n, 1])
            ends[count : count + found, 0] = p
            count += found
    weigh(ends[:count], weights[:count], symmetrize)
    return ends[:count], weights[:count]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def far_apart(squares, held, apart):
    """Squared distances in place of products; nobody is a neighbor of itself, or of who is absent."""
    zero, two, reach = apart.dtype.type(0), apart.dtype.type(2), squares.copy()
    for p in range(len(reach)):
        if held[p] == -2:
            reach[p] = np.inf
    for p in range(len(reach)):
        row, own = apart[p], reach[p]
        for q in range(len(reach)):
            square = reach[q] + own - two * row[q]
            row[q] = square if square > zero else zero
        row[p] = np.inf


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def reach_of(apart, best, row):
    """The k smallest of every column, in order: column by column side by side and without branches.

    Distances are symmetric, so columns are rows; ``best`` is (k, n), and ``row`` room for what a place passes on.
    """
    best[:] = np.inf
    for q in range(apart.shape[0]):
        for p in range(len(row)):
            low, high = apart[q, p], best[0, p]
            best[0, p] = low if low < high else high
            row[p] = high if low < high else low
        for j in range(1, best.shape[0]):
            for p in range(len(row)):
                low, high = row[p], best[j, p]
                best[j, p] = low if low < high else high
                row[p] = high if low < high else low


@kernel(nogil=True, error_model="numpy")
def nearest_of(row, reach, found):
    """The places of the entries up to a reach that is finite, the k-th smallest; of equal ones the first.

    Every place is written down and most are overwritten, since no processor could foresee a branch. Returns how many.
    """
    k, count = found.shape[0] - len(row), 0
    for q in range(len(row)):
        found[count] = q
        count += row[q] <= reach
    if count <= k:
        return count
    kept, equal = 0, k  # more are as far as the last one: the first of them
    for i in range(count):
        equal -= row[found[i]] < reach
    for i in range(count):
        q = found[i]
        if row[q] < reach or equal > 0:
            equal -= row[q] == reach
            found[kept] = q
            kept += 1
    return kept


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
def spectrum(ends, weights, held, symmetrize):
    """Bounds as in `certificates.spectrum_bounds` on the block of free points: -lambda_min, norm, symmetric or not."""
    n = held.shape[0]
    out, back = np.zeros(weights.shape, weights.dtype), np.zeros(weights.shape, weights.dtype)
    sums, v = np.zeros(n), np.ones((1, n))
    for i in range(ends.shape[0]):
        p, q = ends[i, 0], ends[i, 1]
        if held[p] == -1 and held[q] == -1:
            out[i, 0], out[i, 1] = weights[i, 0], weights[i, 1]
            back[i, 0], back[i, 1] = weights[i, 1], weights[i, 0]
            half = (np.float64(weights[i, 0]) + np.float64(weights[i, 1])) / 2
            sums[p] += half
            sums[q] += half
    once, twice, norm = np.empty((1, n)), np.empty((1, n)), 0.0
    for _ in range(POWERS if ends.shape[0] > 0 else 0):
        pull(ends, out, v, once)
        pull(ends, back, once, twice)
        norm = np.sqrt(next_vector(v[0], twice[0], once[0]))
    return min(sums.max(), norm), norm, symmetrize != DIRECTED or are_mutual(ends)


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def next_vector(v, twice, room):
    """v <- (v + A v) / largest entry, for a positive v; returns the largest quotient of A v by v."""
    for p in range(len(v)):
        room[p] = twice[p] / v[p]
        v[p] += twice[p]
    square, scale = largest_of(room), 1 / largest_of(v)
    for p in range(len(v)):
        v[p] *= scale
    return square


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def largest_of(x):
    """The largest entry; of every fourth one for itself, since each comparison waits for the one before."""
    n, a = len(x), x[0]
    b = c = d = a
    for i in range(0, n - 3, 4):
        a, b = max(a, x[i]), max(b, x[i + 1])
        c, d = max(c, x[i + 2]), max(d, x[i + 3])
    for i in range(n - n % 4, n):
        a = max(a, x[i])
    return max(max(a, b), max(c, d))


@kernel(nogil=True, error_model="numpy")
def are_mutual(ends):
    """Whether every edge also stands in the other direction."""
    for i in range(ends.shape[0]):
        mutual = False
        for j in range(ends.shape[0]):
            mutual |= ends[j, 0] == ends[i, 1] and ends[j, 1] == ends[i, 0]
        if not mutual:
            return False
    return True


@kernel(nogil=True, error_model="numpy")
def pull(ends, weights, Z, pulled):
    """W Z, edge by edge; assignments stand by clusters, (K, N), and all edges that leave a point follow each other."""
    for c in range(Z.shape[0]):
        z, u = Z[c], pulled[c]
        for p in range(u.shape[0]):
            u[p] = 0
        leaving = Z.dtype.type(0)  # summed here and not in memory, which would make each edge wait for the one before
        for i in range(ends.shape[0]):
            p, q = ends[i, 0], ends[i, 1]
            leaving += weights[i, 0] * z[q]
            u[q] += weights[i, 1] * z[p]
            if i + 1 == ends.shape[0] or ends[i + 1, 0] != p:
                u[p] += leaving
                leaving = Z.dtype.type(0)
