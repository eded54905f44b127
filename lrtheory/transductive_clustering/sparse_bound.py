r"""The bound optimiser on a sparse affinity: one pass over the edges an update, in Numba, with its energy on the way.

A whole step ends at a softmax, whose entropy and unary terms together are lambda z . u - T log sum exp(...), one
logarithm a row in place of K (statement TC-P10). So a row of a pass knows, of the point that it leaves, the pair term
z . u, and of the point that it reaches, entropy and unary cost.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._parallel import in_threads
from lrtheory.transductive_clustering.dense import ROUNDING, Descent

__all__ = ["descend_sparse"]

PARALLEL = 20_000  # rows a thread should have


@kernel(nogil=True, error_model="numpy")
def update_rows(costs, starts, columns, values, lam, temperature, held, factor, Z, new, rows, first, last):
    """One update of the rows from first to last; `rows` gets (pairs, entropy and cost, moved, largest move)."""
    k = costs.shape[1]
    pulled, powers = np.zeros(k, costs.dtype), np.zeros(k, costs.dtype)
    for p in range(first, last):
        for c in range(k):
            pulled[c] = 0
        for e in range(starts[p], starts[p + 1]):
            z = Z[columns[e]]
            for c in range(k):
                pulled[c] += values[e] * z[c]
        together = 0.0
        for c in range(k):
            together += Z[p, c] * pulled[c]
        rows[p, 0] = together
        if held[p] < 0:
            free_row(costs, lam, temperature, factor, p, pulled, powers, Z, new, rows)
        else:
            for c in range(k):
                new[p, c] = Z[p, c]
            rows[p, 1] = costs[p, held[p]]
            rows[p, 2] = 0.0
            rows[p, 3] = 0.0


@kernel(nogil=True, error_model="numpy")
def free_row(costs, lam, temperature, factor, p, pulled, powers, Z, new, rows):
    """The softmax of one row, and entropy plus unary cost of where it ends."""
    k, cold = costs.shape[1], 1 / temperature
    highest = -np.inf
    for c in range(k):
        powers[c] = (lam * pulled[c] - costs[p, c]) * cold
        highest = powers[c] if powers[c] > highest else highest
    mass = 0.0
    for c in range(k):
        powers[c] = np.exp(powers[c] - highest)
        mass += powers[c]
    own, moved, largest, share = -temperature * (highest + np.log(mass)), 0.0, 0.0, 1 / mass
    for c in range(k):
        goal = powers[c] * share
        step = factor * (goal - Z[p, c])
        new[p, c] = goal if factor == 1.0 else Z[p, c] + step
        own += lam * goal * pulled[c]
        moved += step * step
        largest = abs(step) if abs(step) > largest else largest
    rows[p, 1] = own if factor == 1.0 else entropy_and_cost(costs, temperature, p, new)
    rows[p, 2] = moved
    rows[p, 3] = largest


@kernel(nogil=True, error_model="numpy")
def entropy_and_cost(costs, temperature, p, Z):
    """T sum z log z + a . z of one row."""
    value = 0.0
    for c in range(costs.shape[1]):
        value += costs[p, c] * Z[p, c]
        if Z[p, c] > 0:
            value += temperature * Z[p, c] * np.log(Z[p, c])
    return value


@kernel(nogil=True, error_model="numpy")
def own_rows(costs, temperature, Z, rows):
    """Entropy and cost of every row where it is."""
    for p in range(costs.shape[0]):
        rows[p, 1] = entropy_and_cost(costs, temperature, p, Z)


@kernel(nogil=True, error_model="numpy")
def shorten(costs, temperature, held, factor, Z, new, rows):
    """Take back a part of a whole step."""
    for p in range(costs.shape[0]):
        if held[p] >= 0:
            continue
        rows[p, 2] *= factor * factor
        rows[p, 3] *= factor
        for c in range(costs.shape[1]):
            new[p, c] = (1 - factor) * Z[p, c] + factor * new[p, c]
        rows[p, 1] = entropy_and_cost(costs, temperature, p, new)


def descend_sparse(
    costs: Any,
    graph: tuple[np.ndarray, np.ndarray, np.ndarray],
    Z: np.ndarray,
    held: np.ndarray,
    *,
    lam: float,
    temperature: float,
    factor: float,
    safe: float | None,
    tol: float,
    max_iter: int,
    record: bool = False,
) -> Descent:
    """What `dense.descend` does, for one problem on NumPy arrays; ``graph`` are the `csr_parts` of W."""
    n = len(Z)
    data = (kernel_input(costs), *graph, lam, temperature, kernel_input(held))
    before, Z, new = Z.copy(), Z.copy(), np.empty_like(Z)
    old, rows = np.zeros((n, 4)), np.zeros((n, 4))
    size = float(np.abs(costs).max(axis=1).sum(dtype=np.float64))  # bounds <|A|, Z>
    own_rows(data[0], temperature, Z, old)
    blocks, safe = _blocks(n), None if safe is None else float(safe)
    trace: dict[str, list[Any]] | None = None
    if record:
        trace = {"energies": [], "steps": [], "damping": [], "assignments": [Z.copy()]}
    value, n_iter, converged, cycles = np.inf, 0, False, False
    # a pass from Z finds the energy at Z, so the pass after the last update only measures
    while True:
        in_threads(update_rows, ((*data, factor, Z, new, rows, *block) for block in blocks))
        pairs = -lam * float(rows[:, 0].sum()) / 2
        energy = float(old[:, 1].sum()) + pairs
        rounding = ROUNDING * np.finfo(Z.dtype).eps * (1 + size + abs(energy) + abs(pairs))
        if n_iter and safe is not None and factor > safe and energy > value + rounding:
            factor = safe
            shorten(data[0], temperature, data[6], factor, before, Z, old)
            continue
        if trace is not None:
            trace["energies"].append(energy)
            if n_iter:
                trace["steps"].append(float(old[:, 2].sum()))
                trace["damping"].append(factor)
                trace["assignments"].append(Z.copy())
        if n_iter:
            largest = float(old[:, 3].max())
            converged = abs(energy - value) <= tol * abs(energy) and largest <= tol**0.5
            as_large = abs(float(rows[:, 3].max()) - largest) <= tol  # only then it pays to look where it leads
            cycles = not converged and as_large and bool(np.abs(new - before).max() <= tol)
        value = energy
        if converged or cycles or n_iter == max_iter:
            break
        n_iter += 1
        before, Z, new, old, rows = Z, new, before, rows, old
    return Descent(Z, np.float64(value), np.float64(factor), np.int64(n_iter), converged, cycles, trace)


def _blocks(n: int) -> list[tuple[int, int]]:
    count = max(1, min(os.cpu_count() or 1, n // PARALLEL))
    ends = np.linspace(0, n, count + 1).astype(int).tolist()
    return list(itertools.pairwise(ends))
