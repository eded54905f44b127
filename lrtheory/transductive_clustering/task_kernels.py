r"""The updates of one few-shot task after the other in compiled code, for NumPy arrays; as `dense` and `methods`."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory._exponential import exponential
from lrtheory.transductive_clustering import task_features as features
from lrtheory.transductive_clustering.dense import ROUNDING, SMALL
from lrtheory.transductive_clustering.task_features import NEAREST, SLK

__all__ = ["solve_tasks"]


@kernel(nogil=True, error_model="numpy")
def solve_tasks(support, query, index, present, base, scalars, probabilities, numbers, first, last):
    """Tasks from first to last: the nearest prototype, updates with fixed ones, or in turn with prototypes.

    A row of ``numbers`` gets energy, damping, turns, convergence, updates and the number of rows without a direction.
    Fixed prototypes leave the support out.
    """
    n_query, k = query.shape[1], probabilities.shape[2]
    fixed, n_support = scalars.kind != SLK, support.shape[1]
    ours = n_support if not fixed else 0  # rows of the support among those of the task
    everything = np.empty((n_support + n_query, support.shape[2]), support.dtype)
    state, rows = np.empty((7, k, ours + n_query), support.dtype), np.empty((4, ours + n_query), support.dtype)
    costs, before = state[5], state[6]
    tol, inner_iter = (scalars.tol, scalars.max_iter) if fixed else (0.0, scalars.inner_iter if scalars.lam > 0 else 1)
    n_neighbors = scalars.n_neighbors if scalars.lam > 0 and scalars.kind != NEAREST else 0
    for e in range(first, last):
        M, everyone, zeros = features.prepare(support, query, index, present, base, scalars, e, everything)
        X, held, Z = everything[n_support - ours :], everyone[n_support - ours :], state[0]
        turned, squares = features.columns_of(X)
        size = features.fill_costs(turned, squares, M, held, costs)
        features.first_assignments(costs, held, index[e, :ours], scalars.temperature, Z)
        ends, weights = features.edges_of(X, turned, squares, held, n_neighbors, scalars.symmetrize)
        factor, safe = first_factors(ends, weights, held, scalars)
        pull(ends, weights, Z, state[1])
        value = entropy_and_costs(costs, scalars.temperature, Z) - scalars.lam * inner(Z, state[1]) / 2
        n_iter, updates, converged = 0, 0, False
        while n_iter < scalars.max_iter and not converged and scalars.kind != NEAREST:
            copy(Z, before)
            old = value
            value, factor, steps, converged = descend(
                *(costs, size, ends, weights, held, scalars, state, rows),
                *(value, factor, safe, tol, inner_iter),
            )
            updates += steps
            if fixed:
                n_iter = steps
                break
            unary = inner(costs, Z)
            move_means(X, Z, scalars.hard, M)
            size = features.fill_costs(turned, squares, M, held, costs)
            value += inner(costs, Z) - unary
            still = largest_move(Z, before) <= factor * scalars.tol**0.5
            noise = scalars.epsilon * (1 + size + abs(value))
            converged = still and abs(value - old) <= max(scalars.tol * abs(value), noise)
            n_iter += 1
        if scalars.kind == NEAREST:
            value, n_iter, converged = nearest_costs(costs), 1, True
        note(numbers[e], value, factor, n_iter, converged, updates, zeros)
        for q in range(n_query):
            for c in range(k):
                probabilities[e, q, c] = Z[c, ours + q]


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


@kernel(nogil=True, error_model="numpy")
def update(costs, pulled, held, scalars, factor, Z, new, rows):
    """One step; returns T sum z log z + <A, z> where it ends, and the largest move. `rows` is room for four rows."""
    k, n = Z.shape
    highest, mass, own, far = rows[0], rows[1], rows[2], rows[3]
    lam, cold = Z.dtype.type(scalars.lam), Z.dtype.type(1 / scalars.temperature)
    for p in range(n):
        highest[p] = -np.inf
        mass[p] = own[p] = far[p] = 0
    for c in range(k):
        for p in range(n):
            logit = lam * pulled[c, p] - costs[c, p]
            new[c, p] = logit
            highest[p] = logit if logit > highest[p] else highest[p]
    for c in range(k):
        for p in range(n):
            new[c, p] = exponential((new[c, p] - highest[p]) * cold)
            mass[p] += new[c, p]
    short, whole = Z.dtype.type(factor), Z.dtype.type(1 - factor)
    for c in range(k):
        for p in range(n):
            goal = new[c, p] / mass[p]
            goal = goal if held[p] == -1 else Z[c, p]
            own[p] += lam * goal * pulled[c, p]
            goal = goal if factor == 1.0 else whole * Z[c, p] + short * goal
            new[c, p] = goal
            step = abs(goal - Z[c, p])
            far[p] = step if step > far[p] else far[p]
    value, move = 0.0, far[0]
    for p in range(n):
        move = far[p] if far[p] > move else move
    if factor < 1.0:
        return entropy_and_costs(costs, scalars.temperature, new), move
    for p in range(n):
        if held[p] == -1:
            value += own[p] - highest[p] - scalars.temperature * np.log(mass[p])
        elif held[p] >= 0:
            value += costs[held[p], p]
    return value, move


@kernel(nogil=True, error_model="numpy")
def entropy_and_costs(costs, temperature, Z):
    """T sum z log z + <A, Z>."""
    value = inner(costs, Z)
    for c in range(Z.shape[0]):
        for p in range(Z.shape[1]):
            if Z[c, p] > 0:
                value += temperature * Z[c, p] * np.log(Z[c, p])
    return value


@kernel(nogil=True, error_model="numpy")
def inner(A, B):
    """<A, B> in float64, in four sums that the processor adds side by side."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    n = A.shape[1]
    for k in range(A.shape[0]):
        x, y = A[k], B[k]
        for i in range(0, n - 3, 4):
            a += x[i] * y[i]
            b += x[i + 1] * y[i + 1]
            c += x[i + 2] * y[i + 2]
            d += x[i + 3] * y[i + 3]
        for i in range(n - n % 4, n):
            a += x[i] * y[i]
    return (a + b) + (c + d)


@kernel(nogil=True, error_model="numpy")
def largest_move(A, B):
    """The largest entry of A - B in size."""
    value = 0 * A[0, 0]
    for c in range(A.shape[0]):
        for p in range(A.shape[1]):
            step = abs(A[c, p] - B[c, p])
            value = step if step > value else value
    return value


@kernel(nogil=True, error_model="numpy")
def descend(costs, size, ends, weights, held, scalars, state, rows, value, factor, safe, tol, max_iter):
    """`dense.descend` for one task; state holds Z, W Z and three places for what follows, size bounds <|A|, Z>."""
    Z, pulled, new, new_pulled, before = state[0], state[1], state[2], state[3], state[4]
    n_iter, converged, cycles = 0, False, False
    while n_iter < max_iter and not (converged or cycles):
        own, move = update(costs, pulled, held, scalars, factor, Z, new, rows)
        pull(ends, weights, new, new_pulled)
        pairs = -scalars.lam * inner(new, new_pulled) / 2
        rounding = ROUNDING * scalars.epsilon * (1 + size + abs(own) + abs(pairs))
        if factor > safe and own + pairs > value + rounding:
            factor = safe
            continue  # the same step again, shorter
        after = own + pairs
        stands = abs(after - value) <= max(tol * abs(after), rounding / ROUNDING)
        converged = stands and move <= factor * tol**0.5
        may_cycle = n_iter > 0 and move > factor * max(tol**0.5, SMALL)
        cycles = may_cycle and largest_move(new, before) <= tol
        value, n_iter = after, n_iter + 1
        Z, new, before = new, before, Z
        pulled, new_pulled = new_pulled, pulled
    copy(Z, state[0])
    copy(pulled, state[1])
    return value, factor, n_iter, converged


@kernel(nogil=True, error_model="numpy")
def copy(source, target):
    """Entry by entry."""
    for c in range(source.shape[0]):
        for p in range(source.shape[1]):
            target[c, p] = source[c, p]


@kernel(nogil=True, error_model="numpy")
def note(numbers, value, factor, n_iter, converged, updates, zeros):
    """What is said about a task."""
    numbers[0] = value
    numbers[1] = factor
    numbers[2] = n_iter
    numbers[3] = 1.0 if converged else 0.0
    numbers[4] = updates
    numbers[5] = zeros


@kernel(nogil=True, error_model="numpy")
def nearest_costs(costs):
    """The sum of the smallest cost of each point."""
    value = 0.0
    for p in range(costs.shape[1]):
        lowest = costs[0, p]
        for c in range(1, costs.shape[0]):
            lowest = min(lowest, costs[c, p])
        value += lowest
    return value


@kernel(nogil=True, error_model="numpy")
def first_factors(ends, weights, held, scalars):
    """The factor of the first steps, and the one that is safe; both the caller's where damping was given."""
    if scalars.damping > 0:
        return scalars.damping, scalars.damping
    return 1.0, features.safe_factor(ends, weights, held, scalars)


@kernel(nogil=True, error_model="numpy")
def move_means(X, Z, hard, M):
    """The means with weights z, or of the points whose label it is; a cluster without any keeps its own."""
    sums, one = np.empty(M.shape[1], M.dtype), M.dtype.type(1)
    for c in range(M.shape[0]):
        mass = 0 * one
        for d in range(sums.shape[0]):
            sums[d] = 0
        for p in range(X.shape[0]):
            weight = Z[c, p]
            if hard and weight > 0:
                weight = one if is_largest(Z, c, p) else 0 * one
            if weight > 0:
                mass += weight
                for d in range(sums.shape[0]):
                    sums[d] += weight * X[p, d]
        for d in range(sums.shape[0] if mass > 0 else 0):
            M[c, d] = sums[d] / mass


@kernel(nogil=True, error_model="numpy")
def is_largest(Z, c, p):
    """Whether c is the label of a point: the first of its largest entries."""
    for other in range(Z.shape[0]):
        if Z[other, p] > Z[c, p] or (other < c and Z[other, p] == Z[c, p]):
            return False
    return True
