r"""Compiled few-shot methods with a prior on the sizes of classes, those of `methods.tim` and `methods.pt_map`.

Costs and assignments stand by classes, (K, N), so that inner loops run over the points of a task.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory._exponential import exponential
from lrtheory.transductive_clustering.tasks import features
from lrtheory.transductive_clustering.tasks.features import START, TIM, soft_rows
from lrtheory.transductive_clustering.tasks.graphs import FAST, copy, largest_of, padded, products
from lrtheory.transductive_clustering.tasks.methods import CLOSE, PACE, SHARPER, SWEEPS, TRUST
from lrtheory.transductive_clustering.updates.logarithm import logarithm

__all__ = ["solve_tasks"]


@kernel(nogil=True, error_model="numpy")
def solve_tasks(support, query, index, present, base, scalars, probabilities, prototypes, numbers, paths, first, last):
    """Solve tasks first .. last - 1; rows of ``numbers`` get the first six numbers of `kernels.solve_tasks`."""
    n_support, n_query, k = support.shape[1], query.shape[1], probabilities.shape[2]
    n = n_support + n_query
    X, held = np.zeros((padded(n), support.shape[2]), support.dtype), np.full(padded(n), -2)
    state, rows = np.empty((4, k, len(X)), support.dtype), np.empty((4, len(X)), support.dtype)
    turned, squares = np.empty((support.shape[2], len(X)), support.dtype), np.empty(len(X), support.dtype)
    for e in range(first, last):
        M, everyone, zeros = features.prepare(support, query, index, present, base, scalars, e, X[:n])
        for p in range(n):
            held[p] = everyone[p]
        features.turn(X, turned, squares)
        if scalars.kind == TIM:
            n_iter, converged = confident(X, turned, squares, held, index[e], scalars, M, state, rows)
        else:
            n_iter, converged = transported(X, turned, squares, held, index[e], scalars, M, state, rows)
        copy(M, prototypes[e])
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


# --- confident queries, classes of equal size ------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def confident(X, turned, squares, held, index, scalars, W, state, rows):
    """Run TIM by alternating updates (TIM-ADM); state ends with the costs and p. Returns turns and convergence."""
    dtype, n_support = X.dtype, len(index)
    costs, P, Q, G = state[0], state[1], state[2], state[3]
    cold, here = dtype.type(1 / (2 * scalars.temperature)), 0
    for p in range(n_support, len(X)):
        here += held[p] > -2
    weights = n_support, dtype.type(TRUST), dtype.type(n_support / max(here, 1))
    n_iter, converged, room = 0, False, np.empty((len(W) + 1, W.shape[1]), dtype)
    tol = scalars.tol * np.sqrt(squares[:n_support].mean())  # of points that are scaled, the length is 1
    while n_iter < scalars.max_iter and not converged:
        features.fill_costs(turned, squares, W, held, costs)
        soft_rows(costs, cold, held, P, rows, START)
        sharpened(costs, cold, index, Q, rows)
        pulled_to(P, Q, weights, G)
        move = weights_moved(X, P, Q, G, weights, W, room)
        converged = move <= tol
        n_iter += 1
    features.fill_costs(turned, squares, W, held, costs)
    soft_rows(costs, cold, held, P, rows, START)
    return n_iter, converged


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def pulled_to(P, Q, weights, G):
    """Write (Q - P) into G, times the weight of the support or that of the queries."""
    n_support, trust, share = weights
    for c in range(len(G)):
        p, q, g = P[c], Q[c], G[c]
        for i in range(len(g)):
            g[i] = share * (q[i] - p[i])
        for i in range(n_support):
            g[i] = trust * (q[i] - p[i])


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def sharpened(costs, cold, index, Q, rows):
    """Fill Q by q ~ p^(1 + a) / sqrt(sum of them over the queries), scaled to rows of sum 1; labels in the support."""
    zero, one, power = Q.dtype.type(0), Q.dtype.type(1), Q.dtype.type(1 + SHARPER)
    # soft_rows left lowest costs and inverse sums, so p^(1 + a) = exp((1 + a) cold (lowest - cost)) inverse^(1 + a)
    lowest, inverse, scale, mass = rows[0], rows[1], rows[2], rows[3]
    for p in range(len(scale)):  # of who is absent the inverse is 0, and so is its power
        scale[p] = exponential(power * logarithm(inverse[p] if inverse[p] > 0 else one))
    for p in range(len(scale)):
        scale[p] = scale[p] if inverse[p] > 0 else zero
        mass[p] = zero
    scale[: len(index)] = zero  # the sums run over queries alone
    for c in range(Q.shape[0]):
        total, row, q = zero, costs[c], Q[c]
        for p in range(len(mass)):
            q[p] = exponential((lowest[p] - row[p]) * (cold * power)) * scale[p]
            total += q[p]
        column = one / np.sqrt(total) if total > 0 else total
        for p in range(len(mass)):
            q[p] *= column
            mass[p] += q[p]
    for p in range(len(mass)):
        mass[p] = one / mass[p] if mass[p] > 0 else zero
    for c in range(Q.shape[0]):
        q = Q[c]
        for p in range(len(mass)):
            q[p] *= mass[p]
        for p in range(len(index)):
            q[p] = index[p] == c


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def weights_moved(X, P, Q, G, weights, W, room):
    """Set W to (G X + own W) / mass, own and mass the weighted sums of p and of q; returns the largest move."""
    goals, far, one = room[:-1], room[-1], W.dtype.type(1)
    products(G, X, goals)
    far[:] = 0
    for c in range(W.shape[0]):
        own, part = total_of(P[c], weights), one / total_of(Q[c], weights)
        w, goal = W[c], goals[c]
        for d in range(len(w)):
            moved = (goal[d] + own * w[d]) * part
            step = abs(moved - w[d])
            far[d] = step if step > far[d] else far[d]
            w[d] = moved
    return largest_of(far)


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def total_of(x, weights):
    """Return share times the sum over queries plus trust times the sum over the support."""
    n_support, trust, share = weights
    value, labeled = x.dtype.type(0), x.dtype.type(0)
    for i in range(len(x)):
        value += x[i]
    for i in range(n_support):
        labeled += x[i]
    return share * value + (trust - share) * labeled


# --- classes of equal size by transport ------------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def transported(X, turned, squares, held, index, scalars, M, state, rows):
    """Run PT-MAP; state ends with the costs and the plan. Returns 1 and True, as its turns have a fixed number."""
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
    """Scale the plan by Sinkhorn sweeps to columns of equal sums and rows of sum 1."""
    k, here = plan.shape[0], 0
    for p in range(first, plan.shape[1]):
        here += held[p] > -2
    share, factors, totals = plan.dtype.type(here / k), np.ones(k, plan.dtype), np.empty(k, plan.dtype)
    # Sinkhorn's two vectors, `factors` of classes and `ours` of queries: the table itself is scaled once, at the end
    ours, mass = rows[0, first:], rows[1, first:]
    ours[:] = 1
    for _ in range(SWEEPS):
        farthest = 0.0
        for c in range(k):
            totals[c] = features.dot(plan[c, first:], ours) * factors[c]
            farthest = max(farthest, abs(totals[c] - share))
        if farthest <= CLOSE:
            break
        for c in range(k):
            factors[c] *= share / totals[c] if totals[c] > 0 else share
        balance_rows(plan, factors, first, ours, mass)
    for c in range(k):
        row = plan[c, first:]
        for p in range(len(row)):
            row[p] *= factors[c] * ours[p]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def balance_rows(plan, factors, first, ours, mass):
    """Write the factor of each query that makes its sum over classes 1, or 1 for a query of zeros."""
    one = plan.dtype.type(1)
    for p in range(len(mass)):
        mass[p] = 0
    for c in range(len(plan)):
        row, factor = plan[c, first:], factors[c]
        for p in range(len(mass)):
            mass[p] += factor * row[p]
    for p in range(len(mass)):
        ours[p] = one / (mass[p] if mass[p] > 0 else one)


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def pace_to_mean(X, labels, plan, n_support, center):
    """Move a center a part of the way to the mean of its support and of the queries that the plan brings to it."""
    target, mass = np.zeros(len(center), X.dtype), X.dtype.type(0)
    for p in range(len(X)):
        weight, x = (labels[p] if p < n_support else plan[p]), X[p]
        mass += weight
        for d in range(len(target)):
            target[d] += weight * x[d]
    pace = X.dtype.type(PACE)
    for d in range(len(center)):
        center[d] += pace * (target[d] / mass - center[d])
