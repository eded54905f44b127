r"""The graph of one few-shot task in compiled code, bounds on its spectrum, and the loops that all tasks share.

A graph is a list of directed edges: ``ends[i]`` is (p, q), and ``weights[i]`` are the parts of w_pq and of w_qp that
this edge gives; W is the sum over the list. The smaller of two numbers is chosen by ``if``, since Numba compiles
min and max anew for each type and for each set of options.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel

MEAN, MAX, DIRECTED = 0, 1, 2  # how graphs are symmetrized
POWERS = 4  # as in `certificates`
FAST = {"contract", "nsz", "reassoc"}  # sums in any order, products and sums in one rounding
DOUBLE = np.dtype(np.float64)  # as the dtype of an array of doubles: np.float64 would be another type of argument
PORTION = 2**17  # multiply-adds of a product that BLAS certainly does in one thread: others have tasks of their own


class Points(NamedTuple):
    """The features of one task in three forms, which `features.transpose` keeps together."""

    X: np.ndarray  # (N, D)
    columns: np.ndarray  # X' (D, N), so that inner loops of products run over the points
    squares: np.ndarray  # (N,), the squared lengths of the rows


@kernel(nogil=True, error_model="numpy")
def padded(n):
    """Round n up to a multiple of 16, so that vectorized loops over points have no scalar remainder."""
    return -(-n // 16) * 16


@kernel(nogil=True, error_model="numpy")
def zeros(rows, columns, dtype):
    """Return a table of zeros: one function for all tables, since each way to ask NumPy for one is compiled anew."""
    table = np.empty((rows, columns), dtype)
    for i in range(rows):
        for j in range(columns):
            table[i, j] = 0
    return table


@kernel(nogil=True, error_model="numpy")
def copy(source, target):
    """Copy a table entry by entry: assigning arrays costs the compiler seconds, for the sentences of its errors."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def dot(x, y):
    """Return x . y, in partial sums that the processor adds side by side."""
    value = x.dtype.type(0)
    for i in range(x.shape[0]):
        value += x[i] * y[i]
    return value


@kernel(nogil=True, error_model="numpy")
def products(A, turned, out):
    """Write A X' into out, with X given by columns (turned), in portions of rows of A."""
    rows = PORTION // turned.size
    rows = 8 if rows < 8 else rows
    for start in range(0, A.shape[0], rows):
        np.dot(A[start : start + rows], turned, out[start : start + rows])


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def add_rows(X, first, last, present, factor, total):
    """Add a multiple of the rows from first to last: of the whole support (first = 0), or of the present queries."""
    share = X.dtype.type(factor)
    for p in range(first, last):
        if first == 0 or present[p - first]:
            row = X[p]
            for d in range(len(row)):
                total[d] += share * row[d]


@kernel(nogil=True, error_model="numpy")
def move_rows(X, first, move):
    """Add the vector `move` to every row of X from row `first` on."""
    for p in range(first, X.shape[0]):
        row = X[p]
        for d in range(len(row)):
            row[d] += move[d]


@kernel(nogil=True, error_model="numpy")
def edges_of(points, clamped, n_neighbors, symmetrize, apart):
    """Return the directed edges (p, q) to nearest neighbors, with the weight of q for p and of p for q.

    ``apart`` is a buffer (n, n). Absent points have no edges.
    """
    columns = points.columns
    n = columns.shape[1]
    k = n_neighbors if n_neighbors < n else n - 1
    # unsigned, since a signed index might count from the end, which would be looked at in every access; the last n
    # rows are a buffer, since nearest_of writes behind what it keeps
    ends, weights = np.empty((n * k + n, 2), np.uint64), zeros(n * k, 2, columns.dtype)
    if k == 0:
        return ends[:0], weights
    count, best, rows = 0, zeros(k, n, columns.dtype), zeros(2, n, columns.dtype)
    row, reach = rows[0], rows[1]
    products(points.X, columns, apart)
    far_apart(points.squares, clamped, apart, row)
    reach_of(apart, best, row)
    # the k-th smallest distance that is finite: a task may have fewer points that are present than neighbors
    for j in range(k):
        for p in range(n):
            reach[p] = best[j, p] if best[j, p] < np.inf else reach[p]
    for p in range(n):
        if clamped[p] > -2 and best[0, p] < np.inf:
            found = nearest_of(apart[p], reach[p], ends[count : count + k + n, 1])
            ends[count : count + found, 0] = p
            count += found
    weigh(ends[:count], weights[:count], symmetrize)
    return ends[:count], weights[:count]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def far_apart(squares, clamped, apart, reach):
    """Turn products into squared distances, the same in both directions; infinite to itself and to absent points.

    ``reach`` is a buffer (n,).
    """
    zero, two = apart.dtype.type(0), apart.dtype.type(2)
    for p in range(len(reach)):
        reach[p] = np.inf if clamped[p] == -2 else squares[p]
    for p in range(len(reach)):
        row, own = apart[p], reach[p]
        for q in range(len(reach)):
            square = reach[q] + own - two * row[q]
            row[q] = square if square > zero else zero
        row[p] = np.inf
        # products of some processors differ in the last digit from those with both points exchanged, and `reach_of`
        # looks at columns where `nearest_of` looks at rows
        for q in range(p):
            row[q] = apart[q, p]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def reach_of(apart, best, row):
    """Write the k smallest entries of every column into ``best`` (k, n), in order and without branches.

    All columns are sorted side by side, by insertion: each rank keeps the smaller of two numbers and passes the larger
    one on in ``row``, a buffer (n,). Distances are symmetric, so that columns are rows.
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
    """Write the indices of the entries up to `reach`, the k-th smallest, into `found`; of equal ones the first.

    Every index is written and most are overwritten, since no processor could predict a branch. Return the number kept.
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
    """Set the weights of each edge for the mean of both directions, for their maximum, or for one direction."""
    for i in range(ends.shape[0]):
        if symmetrize == DIRECTED:
            weights[i, 0] = 1.0
            continue
        weight = 0.5
        if symmetrize == MAX:  # an edge that the list has in both directions counts twice, so each of them is half
            mutual = False
            for j in range(ends.shape[0]):
                mutual |= ends[j, 0] == ends[i, 1] and ends[j, 1] == ends[i, 0]
            weight = 0.5 if mutual else 1.0
        weights[i, 0] = weight
        weights[i, 1] = weight


@kernel(nogil=True, error_model="numpy")
def spectrum(ends, weights, clamped, symmetrize):
    """Bound the norm on free points as `certificates.spectrum_bounds`, and tell whether W is symmetric.

    Of a symmetric W the norm bounds -lambda_min too.
    """
    n, m = clamped.shape[0], weights.shape[0]
    out, back = zeros(m, 2, weights.dtype), zeros(m, 2, weights.dtype)
    # `out` is the free block of W, `back` its transpose; weights are not negative, so W is its own table of sizes
    vectors = zeros(3, n, DOUBLE)
    v, once, twice = vectors[:1], vectors[1:2], vectors[2:]
    for p in range(n):
        v[0, p] = 1
    for i in range(ends.shape[0]):
        if clamped[ends[i, 0]] == -1 and clamped[ends[i, 1]] == -1:
            out[i, 0], out[i, 1] = weights[i, 0], weights[i, 1]
            back[i, 0], back[i, 1] = weights[i, 1], weights[i, 0]
    norm = np.inf
    for _ in range(POWERS):
        pull(ends, out, v, once)
        pull(ends, back, once, twice)
        bound = np.sqrt(next_vector(v[0], twice[0], once[0]))
        norm = bound if bound < norm else norm  # the bounds fall, but for rounding
    return norm, symmetrize != DIRECTED or are_mutual(ends)


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def next_vector(v, twice, quotients):
    """Replace v > 0 by (v + A v) / its largest entry; returns the largest quotient of A v by v.

    ``twice`` is A v, A = W' W. The result is at least the norm of A (Collatz and Wielandt); ``quotients`` is a buffer.
    """
    for p in range(len(v)):
        quotients[p] = twice[p] / v[p]
        v[p] += twice[p]
    square, scale = largest_of(quotients), 1 / largest_of(v)
    for p in range(len(v)):
        v[p] *= scale
    return square


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def largest_of(x):
    """Return the largest entry, of four parts side by side, since each comparison waits for the one before."""
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
    """Tell whether the list has every edge in the other direction too."""
    for i in range(ends.shape[0]):
        mutual = False
        for j in range(ends.shape[0]):
            mutual |= ends[j, 0] == ends[i, 1] and ends[j, 1] == ends[i, 0]
        if not mutual:
            return False
    return True


@kernel(nogil=True, error_model="numpy")
def pull(ends, weights, Z, pulled):
    """Write W Z edge by edge; assignments are (K, N), and all edges that leave a point must follow each other."""
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
