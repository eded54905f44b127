r"""Compiled updates of few-shot tasks, one task after the other, for NumPy arrays; `dense` and `methods` take batches.

Assignments, costs and W Z have a row per class and a column per point, (K, N).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel
from lrtheory._kernels.exponential import exponential
from lrtheory.transductive_clustering.tasks import features, graphs
from lrtheory.transductive_clustering.tasks.features import NEAREST, SLK
from lrtheory.transductive_clustering.tasks.graphs import FAST, Points, copy, largest_of, padded, pull, zeros
from lrtheory.transductive_clustering.updates.dense import ROUNDING, SMALL
from lrtheory.transductive_clustering.updates.logarithm import logarithm

__all__ = ["solve_tasks"]

LOGS = 16  # factors of at most K whose product is in the range of doubles, so that it takes one logarithm


class Task(NamedTuple):
    """The problem of one task while its prototypes stand still."""

    costs: np.ndarray  # A (K, N)
    clamped: np.ndarray  # int64 (N,): a label, -1 for free points, -2 for absent ones
    ends: np.ndarray  # the edges (p, q) of the graph
    weights: np.ndarray  # the parts of w_pq and of w_qp that each edge gives


class Rule(NamedTuple):
    """When a run of updates ends, and the factor that steps fall back to when one would raise the energy."""

    tol: float
    max_iter: int
    safe: float
    size: float  # a bound on <|A|, Z>


class Workspace(NamedTuple):
    """Buffers of one thread, which serve one task after the other; few arrays, as each costs the compiler time."""

    tables: np.ndarray  # (7, K, N), see below
    rows: np.ndarray  # (5, N), four numbers per point, and the squared lengths of the points


# the tables: assignments Z, W Z, the next assignments, W times the next ones, the assignments before Z, which tell a
# cycle of two, costs A, and the assignments at the start of a turn
NOW, PULLED, NEXT, NEXT_PULLED, BEFORE, COSTS, AT_START = range(7)


@kernel(nogil=True, error_model="numpy", whole=True)
def solve_tasks(batch, scalars, outputs, paths, first, last):
    """Solve tasks first .. last - 1: the nearest prototype, updates with fixed ones, or in turn with prototypes.

    A row of ``outputs.numbers`` gets energy, damping, turns, convergence, updates, the number of rows without a
    direction, the gap, the bound on the norm, and whether the energy is sure to fall. If energies are recorded, a row
    of ``paths`` gets them, counted from the first task. Fixed prototypes leave the support out; rectified ones are in
    ``outputs.prototypes`` already.
    """
    n_query, k, dtype = batch.query.shape[1], outputs.assignments.shape[2], batch.support.dtype
    fixed, n_support, d = scalars.kind != SLK, batch.support.shape[1], batch.support.shape[2]
    ours = n_support if not fixed else 0  # rows of the support among those of the task
    n, size = ours + n_query, padded(ours + n_query)  # points n .. size - 1 are padding, marked as absent (-2)
    everything, clamped = zeros(n_support - ours + size, d, dtype), np.empty(size, np.int64)
    everyone = np.empty(n_support + n_query, np.int64)  # as `clamped`, the support included
    clamped[n:] = -2
    tables, rows = zeros(7 * k, size, dtype).reshape(7, k, size), zeros(5, size, dtype)
    work, Z, costs = Workspace(tables, rows), tables[NOW], tables[COSTS]
    n_neighbors = scalars.n_neighbors if scalars.lam > 0 and scalars.kind != NEAREST else 0
    apart = zeros(size if n_neighbors > 0 else 0, size, dtype)
    # fixed prototypes need the support for its means alone: the points, a view, begin behind it then
    points = Points(everything[n_support - ours :], zeros(d, size, dtype), rows[4])
    for e in range(first, last):
        numbers = outputs.numbers[e]
        M, blank = features.prepare(batch, scalars, e, everything[: n_support + n_query], everyone)
        if scalars.rectify:
            copy(outputs.prototypes[e], M)
        for p in range(n):
            clamped[p] = everyone[n_support - ours + p]
        features.transpose(points)
        features.fill_costs(points, M, clamped, costs)
        features.first_assignments(costs, clamped, batch.classes[e, :ours], scalars.temperature, Z, rows)
        numbers[5] = blank
        if scalars.kind == NEAREST:
            note_nearest(costs, numbers)
        else:
            ends, weights = graphs.edges_of(points, clamped, n_neighbors, scalars.symmetrize, apart)
            task = Task(costs, clamped, ends, weights)
            take_turns(points, task, scalars, M, work, numbers, paths[e - first])
        copy(M, outputs.prototypes[e])
        for p in range(n):
            for c in range(k):
                outputs.assignments[e, p, c] = Z[c, p]


@kernel(nogil=True, error_model="numpy")
def take_turns(points, task, scalars, M, work, numbers, path):
    """Update the assignments, in turn with prototypes unless these are fixed; fills ``numbers`` and ``path``."""
    costs, clamped, ends, weights, rows = task.costs, task.clamped, task.ends, task.weights, work.rows
    Z, pulled, start, fixed = work.tables[NOW], work.tables[PULLED], work.tables[AT_START], scalars.kind != SLK
    # with moving prototypes the turns stop by the tolerance, and the updates within a turn by their number alone;
    # without a graph the second update would repeat the first
    tol, max_inner_iter = (
        (scalars.tol, scalars.max_iter) if fixed else (0.0, scalars.max_inner_iter if scalars.lam > 0 else 1)
    )
    norm, symmetric = graphs.spectrum(ends, weights, clamped, scalars.symmetrize)
    factor, safe = first_factors(norm, symmetric, scalars)
    size = features.size_of(costs, rows[0])
    pull(ends, weights, Z, pulled)
    value = entropy_and_costs(costs, scalars.temperature, Z) - scalars.lam * inner(Z, pulled) / 2
    inside, recorded = path[: len(path) if fixed else 0], len(path) > 0
    n_iter, updates, converged = 0, 0, False
    if recorded:
        path[0] = value
    while n_iter < scalars.max_iter and not converged:
        copy(Z, start)
        old = value
        rule = Rule(tol, max_inner_iter, safe, size)
        value, factor, steps, converged = descend(task, scalars, work, rule, value, factor, inside)
        updates += steps
        if fixed:
            n_iter = steps
            break
        # only <A, Z> changes when the prototypes move, so entropy and pairs need no second pass
        unary, after = inner(costs, Z), value
        move_means(points.X, Z, scalars.hard, M)
        features.fill_costs(points, M, clamped, costs)
        size = features.size_of(costs, rows[0])
        value += inner(costs, Z) - unary
        still = largest_move(Z, start, rows[0]) <= factor * scalars.tol**0.5
        noise = scalars.epsilon * (scalars.temperature + size + abs(value))
        change = abs(value - old)
        converged = still and (change <= scalars.tol * abs(value) or change <= noise)
        if recorded:
            path[2 * n_iter + 1], path[2 * n_iter + 2] = after, value
        n_iter += 1
    numbers[0], numbers[1], numbers[2], numbers[3] = value, factor, n_iter, converged
    numbers[4] = updates
    # one whole step more, not taken, for the gap |S(Z) - Z| of the certificate
    new = work.tables[NEXT]
    update(costs, clamped, scalars, 1.0, Z, pulled, new, rows)
    numbers[6] = np.sqrt(squared_step(Z, new))
    numbers[7] = norm
    numbers[8] = symmetric and scalars.lam * norm <= 2 * scalars.temperature


@kernel(nogil=True, error_model="numpy", fastmath={"contract", "nsz"})  # in another order small entries would be lost
def update(costs, clamped, scalars, factor, Z, pulled, new, rows):
    """Make one step; return T sum z log z + <A, Z> where it ends, and the largest move. `rows` are four buffers."""
    k, n = Z.shape
    # `new` holds the logits first, then their powers, then the assignments
    highest, mass, own, far = rows[0], rows[1], rows[2], rows[3]
    lam, cold, one = Z.dtype.type(scalars.lam), Z.dtype.type(1 / scalars.temperature), Z.dtype.type(1)
    for p in range(n):
        highest[p] = -np.inf
        mass[p] = own[p] = far[p] = 0
    for c in range(k):
        logits, pulls, prices = new[c], pulled[c], costs[c]
        for p in range(n):
            logit = lam * pulls[p] - prices[p]
            logits[p] = logit
            highest[p] = logit if logit > highest[p] else highest[p]
    for c in range(k):
        powers = new[c]
        for p in range(n):
            powers[p] = exponential((powers[p] - highest[p]) * cold)
            mass[p] += powers[p]
    value = free_energy(highest, mass, clamped, scalars.temperature, k)
    for p in range(n):
        mass[p] = one / mass[p]
    short, whole = Z.dtype.type(factor), Z.dtype.type(1 - factor)
    for c in range(k):
        goals, pulls, z = new[c], pulled[c], Z[c]
        for p in range(n):
            goal = goals[p] * mass[p]
            own[p] += lam * goal * pulls[p]
            goal = whole * z[p] + short * goal
            goals[p] = goal
            step = abs(goal - z[p])
            far[p] = step if step > far[p] else far[p]
    stay(clamped, Z, new, far)
    move = largest_of(far)
    # one logarithm per point gives the energy at a softmax alone (TC-P10); a part of a step ends elsewhere
    if factor < 1.0:
        return entropy_and_costs(costs, scalars.temperature, new), move
    for p in range(n):
        if clamped[p] == -1:
            value += own[p]
        elif clamped[p] >= 0:
            value += costs[clamped[p], p]
    return value, move


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def stay(clamped, Z, new, far):
    """Take back the steps of points that are not free."""
    for p in range(len(clamped)):
        if clamped[p] != -1:
            far[p] = 0
            for c in range(len(Z)):
                new[c, p] = Z[c, p]


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def free_energy(highest, mass, clamped, temperature, k):
    """Return -sum of highest + T log(mass) over the free points; each mass lies in [1, K]."""
    value, logs, product, count = 0.0, 0.0, 1.0, 0
    for p in range(len(mass)):
        if clamped[p] == -1:
            value -= highest[p]
            product *= mass[p]
            count += 1
            if count == LOGS:
                logs += np.log(product)
                product, count = 1.0, 0
    return value - temperature * (logs + np.log(product))


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def entropy_and_costs(costs, temperature, Z):
    """Return T sum z log z + <A, Z>, with 0 log 0 = 0."""
    value, one = 0.0, Z.dtype.type(1)
    for c in range(Z.shape[0]):
        z = Z[c]
        for p in range(len(z)):
            value += z[p] * logarithm(z[p] if z[p] > 0 else one)
    return inner(costs, Z) + temperature * value


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def inner(A, B):
    """Return <A, B> in float64, in partial sums that the processor adds side by side."""
    value = 0.0
    for c in range(A.shape[0]):
        a, b = A[c], B[c]
        for p in range(len(a)):
            value += np.float64(a[p]) * np.float64(b[p])
    return value


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def squared_step(A, B):
    """Return |A - B|_F^2 in float64."""
    value = 0.0
    for c in range(A.shape[0]):
        a, b = A[c], B[c]
        for p in range(len(a)):
            step = np.float64(a[p] - b[p])
            value += step * step
    return value


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def largest_move(A, B, far):
    """Return the largest entry of A - B in size; ``far`` is a buffer of one number per point."""
    far[:] = 0
    for c in range(A.shape[0]):
        a, b = A[c], B[c]
        for p in range(len(far)):
            step = abs(a[p] - b[p])
            far[p] = step if step > far[p] else far[p]
    return largest_of(far)


@kernel(nogil=True, error_model="numpy")
def descend(task, scalars, work, rule, value, factor, path):
    """Repeat the update like `dense.descend` for one task; return energy, factor, updates, and whether they stand.

    ``value`` is the energy at the start. If ``path`` is not empty, ``path[i]`` gets the energy after update i.
    """
    tables, rows, costs, clamped, tol = work.tables, work.rows, task.costs, task.clamped, rule.tol
    # tables change places by their numbers, which costs the compiler less time than arrays under new names
    now, pulled, then, then_pulled, before = NOW, PULLED, NEXT, NEXT_PULLED, BEFORE
    n_iter, converged, cycles = 0, False, False
    while n_iter < rule.max_iter and not (converged or cycles):
        new, new_pulled = tables[then], tables[then_pulled]
        own, move = update(costs, clamped, scalars, factor, tables[now], tables[pulled], new, rows)
        pull(task.ends, task.weights, new, new_pulled)
        pairs = -scalars.lam * inner(new, new_pulled) / 2
        rounding = ROUNDING * scalars.epsilon * (scalars.temperature + rule.size + abs(own) + abs(pairs))
        # Z and n_iter are unchanged here, so only the factor tells the second try from the first (TC-T5)
        if factor > rule.safe and own + pairs > value + rounding:
            factor = rule.safe
            continue  # the same step again, shorter
        after = own + pairs
        change = abs(after - value)
        stands = change <= tol * abs(after) or change <= rounding / ROUNDING
        converged = stands and move <= factor * tol**0.5
        may_cycle = n_iter > 0 and move > factor * tol**0.5 and move > factor * SMALL
        cycles = may_cycle and largest_move(new, tables[before], rows[0]) <= tol
        value, n_iter = after, n_iter + 1
        if len(path) > 0:
            path[n_iter] = value
        now, then, before = then, before, now
        pulled, then_pulled = then_pulled, pulled
    copy(tables[now], tables[NOW])
    copy(tables[pulled], tables[PULLED])
    return value, factor, n_iter, converged


@kernel(nogil=True, error_model="numpy")
def note_nearest(costs, numbers):
    """Fill in the numbers of a task in which each point takes its smallest cost."""
    numbers[0] = 0.0
    for p in range(costs.shape[1]):
        lowest = costs[0, p]
        for c in range(1, costs.shape[0]):
            lowest = costs[c, p] if costs[c, p] < lowest else lowest
        numbers[0] += lowest
    numbers[1] = numbers[2] = numbers[3] = 1.0
    numbers[4] = 0.0


@kernel(nogil=True, error_model="numpy")
def first_factors(norm, symmetric, scalars):
    """Return the factor of the first steps, and the safe one of TC-T5; they are equal where no step is shortened."""
    if scalars.damping > 0:
        return scalars.damping, scalars.damping
    if not symmetric or scalars.lam * norm <= 2 * scalars.temperature:
        return 1.0, 1.0
    return 1.0, 2 * scalars.temperature / (scalars.lam * norm)


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def move_means(X, Z, hard, M):
    """Move M to the means with weights z, or of the points with that label; a cluster without mass stays."""
    sums, zero, one = zeros(1, M.shape[1], M.dtype)[0], M.dtype.type(0), M.dtype.type(1)
    for c in range(M.shape[0]):
        mass, z = zero, Z[c]
        for d in range(len(sums)):
            sums[d] = 0
        for p in range(X.shape[0]):
            weight, x = z[p], X[p]
            if hard and weight > 0:
                weight = one if is_largest(Z, c, p) else zero
            if weight > 0:
                mass += weight
                for d in range(len(sums)):
                    sums[d] += weight * x[d]
        row = M[c]
        # an empty cluster keeps its mean, where 0 / 0 would be NaN
        for d in range(len(sums) if mass > 0 else 0):
            row[d] = sums[d] / mass


@kernel(nogil=True, error_model="numpy")
def is_largest(Z, c, p):
    """Tell whether c is the label of point p, the first of its largest entries."""
    for other in range(Z.shape[0]):
        if Z[other, p] > Z[c, p] or (other < c and Z[other, p] == Z[c, p]):
            return False
    return True
