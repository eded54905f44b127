r"""Few-shot methods with a prior on the sizes of classes in compiled code, as `methods.tim` and `methods.pt_map`.

Costs and assignments stand by classes, (K, N), so that inner loops run over the points of a task.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory._exponential import exponential
from lrtheory.transductive_clustering import task_features as features
from lrtheory.transductive_clustering.methods import CLOSE, PACE, SHARPER, SWEEPS, TRUST
from lrtheory.transductive_clustering.task_features import TIM

__all__ = ["solve_tasks"]


@kernel(nogil=True, error_model="numpy")
def solve_tasks(support, query, index, present, base, scalars, probabilities, numbers, first, last):
    """Tasks from first to last; rows of ``numbers`` as those of `task_kernels.solve_tasks`."""
    n_support, n_query, k = support.shape[1], query.shape[1], probabilities.shape[2]
    X = np.empty((n_support + n_query, support.shape[2]), support.dtype)
    state, rows = np.empty((4, k, len(X)), support.dtype), np.empty((4, len(X)), support.dtype)
    for e in range(first, last):
        M, held, zeros = features.prepare(support, query, index, present, base, scalars, e, X)
        turned, squares = features.columns_of(X)
        if scalars.kind == TIM:
            n_iter, converged = confident(X, turned, squares, held, index[e], scalars, M, state, rows)
        else:
            n_iter, converged = transported(X, turned, squares, held, index[e], scalars, M, state, rows)
        numbers[e, 0] = 0.0
        for q in range(n_query):
            best = 0
            for c in range(k):
                probabilities[e, q, c] = state[1, c, n_support + q]
                best = c if probabilities[e, q, c] > probabilities[e, q, best] else best
            numbers[e, 0] += state[0, best, n_support + q]  # costs of points that are absent are 0
        numbers[e, 1] = 1.0
        numbers[e, 2] = n_iter
        numbers[e, 3] = 1.0 if converged else 0.0
        numbers[e, 4] = 0.0
        numbers[e, 5] = zeros


@kernel(nogil=True, error_model="numpy")
def soft_rows(costs, cold, held, P, rows, first):
    """P <- softmax(-cold costs) of the points from the first on, 0 of those that are absent.

    The lowest costs and the inverse sums of powers stay in `rows`.
    """
    lowest, mass = rows[0], rows[1]
    for p in range(first, costs.shape[1]):
        lowest[p], mass[p] = np.inf, 0
    for c in range(costs.shape[0]):
        for p in range(first, costs.shape[1]):
            lowest[p] = costs[c, p] if costs[c, p] < lowest[p] else lowest[p]
    for c in range(costs.shape[0]):
        for p in range(first, costs.shape[1]):
            P[c, p] = exponential((lowest[p] - costs[c, p]) * cold)
            mass[p] += P[c, p]
    for p in range(first, costs.shape[1]):
        mass[p] = 1 / mass[p] if held[p] > -2 else 0 * mass[p]
    for c in range(costs.shape[0]):
        for p in range(first, costs.shape[1]):
            P[c, p] *= mass[p]


# --- confident queries, classes of equal size ------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def confident(X, turned, squares, held, index, scalars, W, state, rows):
    """TIM by alternating updates; state ends with the costs and p. Returns turns and convergence."""
    dtype, n_support, n = X.dtype, len(index), len(X)
    costs, P, Q, G = state[0], state[1], state[2], state[3]
    start, cold = n_support * 0, dtype.type(1 / (2 * scalars.temperature))
    here = 0
    for p in range(n_support, n):
        here += held[p] > -2
    share = dtype.type(n_support / max(here, 1))
    n_iter, converged = 0, False
    while n_iter < scalars.max_iter and not converged:
        features.fill_costs(turned, squares, W, held, costs)
        soft_rows(costs, cold, held, P, rows, start)
        sharpened(costs, cold, n_support, Q, rows)
        for c in range(P.shape[0]):
            for p in range(n_support):
                Q[c, p] = index[p] == c
            for p in range(n):
                G[c, p] = (Q[c, p] - P[c, p]) * (dtype.type(TRUST) if p < n_support else share)
        move = weights_moved(X, P, Q, G, (n_support, dtype.type(TRUST), share), W)
        converged = move <= scalars.tol
        n_iter += 1
    features.fill_costs(turned, squares, W, held, costs)
    soft_rows(costs, cold, held, P, rows, start)
    return n_iter, converged


@kernel(nogil=True, error_model="numpy")
def sharpened(costs, cold, first, Q, rows):
    """q ~ p^(1 + a) / sqrt(sum of them over the queries), by rows, from what `soft_rows` has left."""
    power = Q.dtype.type(1 + SHARPER)
    lowest, inverse, scale, mass = rows[0], rows[1], rows[2], rows[3]
    for p in range(first, Q.shape[1]):
        mass[p], scale[p] = 0, inverse[p] ** power
    for c in range(Q.shape[0]):
        total = Q.dtype.type(0)
        for p in range(first, Q.shape[1]):
            Q[c, p] = exponential((lowest[p] - costs[c, p]) * (cold * power)) * scale[p]
            total += Q[c, p]
        column = 1 / np.sqrt(total) if total > 0 else total
        for p in range(first, Q.shape[1]):
            Q[c, p] *= column
            mass[p] += Q[c, p]
    for p in range(first, Q.shape[1]):
        mass[p] = 1 / mass[p] if mass[p] > 0 else mass[p]
    for c in range(Q.shape[0]):
        for p in range(first, Q.shape[1]):
            Q[c, p] *= mass[p]


@kernel(nogil=True, error_model="numpy")
def weights_moved(X, P, Q, G, parts, W):
    """W <- (G X + own W) / mass, with own and mass the weighted sums of p and of q; returns the largest move."""
    n_support, trust, share = parts
    largest, new = W.dtype.type(0), np.dot(G, X)
    for c in range(W.shape[0]):
        own, mass = W.dtype.type(0), W.dtype.type(0)
        for p in range(P.shape[1]):
            weight = trust if p < n_support else share
            own += weight * P[c, p]
            mass += weight * Q[c, p]
        for d in range(W.shape[1]):
            moved = (new[c, d] + own * W[c, d]) / mass
            largest = max(largest, abs(moved - W[c, d]))
            W[c, d] = moved
    return largest


# --- classes of equal size by transport ------------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def transported(X, turned, squares, held, index, scalars, M, state, rows):
    """PT-MAP; state ends with the costs and the plan. Returns turns and convergence, which is always reached."""
    n_support, costs, plan, Y = len(index), state[0], state[1], state[2]
    for c in range(len(M)):
        for p in range(n_support):
            Y[c, p] = index[p] == c
    cold = X.dtype.type(1 / scalars.temperature)
    for _ in range(scalars.max_iter):
        features.fill_costs(turned, squares, M, held, costs)
        soft_rows(costs, cold, held, plan, rows, n_support)
        balanced(plan, held, rows, n_support)
        for c in range(len(M)):
            pace_to_mean(X, Y[c], plan[c], n_support, M[c])
    features.fill_costs(turned, squares, M, held, costs)
    soft_rows(costs, cold, held, plan, rows, n_support)
    balanced(plan, held, rows, n_support)
    return 1, True


@kernel(nogil=True, error_model="numpy")
def balanced(plan, held, rows, first):
    """Sinkhorn sweeps: columns of equal sums, then rows of sum 1."""
    k, n, mass = plan.shape[0], plan.shape[1], rows[0]
    share = 0.0
    for p in range(first, n):
        share += (held[p] > -2) / k
    for _ in range(SWEEPS):
        farthest = 0.0
        for p in range(first, n):
            mass[p] = 0
        for c in range(k):
            total = 0.0
            for p in range(first, n):
                total += plan[c, p]
            farthest = max(farthest, abs(total - share))
            rows[1, c] = share / total if total > 0 else share
        if farthest <= CLOSE:
            return
        for c in range(k):
            scale = rows[1, c]
            for p in range(first, n):
                plan[c, p] *= scale
                mass[p] += plan[c, p]
        for p in range(first, n):
            mass[p] = 1 / mass[p] if mass[p] > 0 else mass[p]
        for c in range(k):
            for p in range(first, n):
                plan[c, p] *= mass[p]


@kernel(nogil=True, error_model="numpy")
def pace_to_mean(X, labels, plan, n_support, center):
    """A part of the way from a centre to the mean of its support and of what the plan brings to it."""
    target, mass = np.zeros(len(center), X.dtype), X.dtype.type(0)
    for p in range(len(X)):
        weight, x = (labels[p] if p < n_support else plan[p]), X[p]
        mass += weight
        for d in range(len(target)):
            target[d] += weight * x[d]
    pace = X.dtype.type(PACE)
    for d in range(len(center)):
        center[d] += pace * (target[d] / mass - center[d])
