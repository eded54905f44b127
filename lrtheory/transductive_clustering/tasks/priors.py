r"""Compiled few-shot methods with a prior on the sizes of classes, those of `methods.tim` and `methods.pt_map`.

Tables of costs and assignments have a row per class, (K, N), so that inner loops run over the points of a task.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory._kernels.exponential import exponential
from lrtheory.transductive_clustering.tasks import features
from lrtheory.transductive_clustering.tasks.features import START, TIM, soft_rows
from lrtheory.transductive_clustering.tasks.graphs import FAST, Points, copy, largest_of, padded, products
from lrtheory.transductive_clustering.tasks.methods import CLOSE, PACE, SHARPER, SWEEPS, TRUST
from lrtheory.transductive_clustering.updates.logarithm import logarithm

__all__ = ["solve_tasks"]


class Workspace(NamedTuple):
    """Buffers of one thread, which serve one task after the other."""

    costs: np.ndarray  # (K, N)
    shares: np.ndarray  # (K, N): p of TIM, the transport plan of PT-MAP
    goals: np.ndarray  # (K, N): q of TIM; of PT-MAP the labels of the support as zeros and ones
    pulls: np.ndarray  # (K, N): q - p of TIM, weighted
    rows: np.ndarray  # (4, N), four numbers per point


class Weights(NamedTuple):
    """The weights of TIM: that of a labeled point and that of a query, and how many points are labeled."""

    n_support: int
    trust: float
    share: float


@kernel(nogil=True, error_model="numpy")
def solve_tasks(batch, scalars, outputs, paths, first, last):
    """Solve tasks first .. last - 1; rows of ``outputs.numbers`` get the first six numbers of `kernels.solve_tasks`.

    ``paths`` stays empty, since these methods lower no energy that could be recorded.
    """
    n_support, n_query, d = batch.support.shape[1], batch.query.shape[1], batch.support.shape[2]
    n, k, dtype = n_support + n_query, outputs.assignments.shape[2], batch.support.dtype
    X, clamped = np.zeros((padded(n), d), dtype), np.full(padded(n), -2)
    tables, rows = np.empty((4, k, len(X)), dtype), np.empty((4, len(X)), dtype)
    work = Workspace(tables[0], tables[1], tables[2], tables[3], rows)
    points = Points(X, np.empty((d, len(X)), dtype), np.empty(len(X), dtype))
    for e in range(first, last):
        M, zeros = features.prepare(batch, scalars, e, X[:n], clamped[:n])
        features.transpose(points)
        if scalars.kind == TIM:
            n_iter, converged = confident(points, clamped, batch.classes[e], scalars, M, work)
        else:
            n_iter, converged = transported(points, clamped, batch.classes[e], scalars, M, work)
        copy(M, outputs.prototypes[e])
        probabilities, numbers = outputs.assignments[e], outputs.numbers[e]
        numbers[0] = 0.0
        for q in range(n_query):
            best = 0
            for c in range(k):
                probabilities[q, c] = work.shares[c, n_support + q]
                best = c if probabilities[q, c] > probabilities[q, best] else best
            numbers[0] += work.costs[best, n_support + q]  # costs of points that are absent are 0
        numbers[1] = 1.0
        numbers[2] = n_iter
        numbers[3] = 1.0 if converged else 0.0
        numbers[4] = 0.0
        numbers[5] = zeros


# --- confident queries, classes of equal size ------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def confident(points, clamped, index, scalars, W, work):
    """Run TIM by alternating updates (TIM-ADM); `work` ends with the costs and p. Return turns and convergence."""
    X, costs, P, rows = points.X, work.costs, work.shares, work.rows
    dtype, n_support = X.dtype, len(index)
    cold, here = dtype.type(1 / (2 * scalars.temperature)), 0
    for p in range(n_support, len(X)):
        here += clamped[p] > -2
    weights = Weights(n_support, dtype.type(TRUST), dtype.type(n_support / max(here, 1)))
    n_iter, converged, buffer = 0, False, np.empty((len(W) + 1, W.shape[1]), dtype)
    tol = scalars.tol * np.sqrt(points.squares[:n_support].mean())  # of points that are scaled, the length is 1
    while n_iter < scalars.max_iter and not converged:
        features.fill_costs(points, W, clamped, costs)
        soft_rows(costs, cold, clamped, P, rows, START)
        sharpened(costs, cold, index, work.goals, rows)
        pulled_to(P, work.goals, weights, work.pulls)
        move = weights_moved(X, work, weights, W, buffer)
        converged = move <= tol
        n_iter += 1
    features.fill_costs(points, W, clamped, costs)
    soft_rows(costs, cold, clamped, P, rows, START)
    return n_iter, converged


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def pulled_to(P, Q, weights, G):
    """Write (Q - P) into G, times the weight of the support or that of the queries."""
    n_support, trust, share = weights.n_support, weights.trust, weights.share
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
def weights_moved(X, work, weights, W, buffer):
    """Set W to (G X + own W) / mass, own and mass the weighted sums of p and of q; return the largest move.

    G are the pulls of `work`, and `buffer` has a row more than W.
    """
    P, Q, goals, far, one = work.shares, work.goals, buffer[:-1], buffer[-1], W.dtype.type(1)
    products(work.pulls, X, goals)
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
    n_support, trust, share = weights.n_support, weights.trust, weights.share
    value, labeled = x.dtype.type(0), x.dtype.type(0)
    for i in range(len(x)):
        value += x[i]
    for i in range(n_support):
        labeled += x[i]
    return share * value + (trust - share) * labeled


# --- classes of equal size by transport ------------------------------------------------------------------------------


@kernel(nogil=True, error_model="numpy")
def transported(points, clamped, index, scalars, M, work):
    """Run PT-MAP; `work` ends with the costs and the plan. Return 1 and True, since the number of turns is fixed."""
    n_support, X, costs, plan, Y, rows = len(index), points.X, work.costs, work.shares, work.goals, work.rows
    for c in range(len(M)):
        for p in range(n_support):
            Y[c, p] = index[p] == c
    cold = X.dtype.type(1 / scalars.temperature)
    for _ in range(scalars.max_iter):
        features.fill_costs(points, M, clamped, costs)
        soft_rows(costs, cold, clamped, plan, rows, n_support)
        balanced(plan, clamped, rows, n_support)
        for c in range(len(M)):
            pace_to_mean(X, Y[c], plan[c], n_support, M[c])
    # the plan once more, since the centers have moved after the last one
    features.fill_costs(points, M, clamped, costs)
    soft_rows(costs, cold, clamped, plan, rows, n_support)
    balanced(plan, clamped, rows, n_support)
    return 1, True


@kernel(nogil=True, error_model="numpy")
def balanced(plan, clamped, rows, first):
    """Scale the plan by Sinkhorn sweeps to columns of equal sums and rows of sum 1."""
    k, here = plan.shape[0], 0
    for p in range(first, plan.shape[1]):
        here += clamped[p] > -2
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
