r"""The bound optimizer on a sparse affinity: one compiled pass over the edges per update, which also gives the energy.

A whole step ends at a softmax, whose entropy and unary terms together are lambda z . u - T log sum exp(...), one
logarithm per row and not K of them (statement TC-P10). So a pass from Z to the next assignments knows, for each row,
the pair term z . u at Z, and entropy and unary cost at the next ones.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._kernels.exponential import exponential
from lrtheory._kernels.lanes import weighted_sum
from lrtheory._parallel import in_threads, processors
from lrtheory.transductive_clustering.updates.dense import ROUNDING, SMALL, Descent, Work
from lrtheory.transductive_clustering.updates.edges import Edges
from lrtheory.transductive_clustering.updates.logarithm import logarithm

__all__ = ["Problem", "Step", "descend_sparse", "squared_step"]

PARALLEL = 20_000  # the least number of rows per thread
BLOCK = 72  # rows whose softmax is made side by side; powers of two put loads and stores in one another's way


class Problem(NamedTuple):
    """The data of a run, which all of its updates share; arrays are read-only."""

    costs: np.ndarray  # A (N, K)
    edges: Edges  # of W, with values in the dtype of the costs
    lam: float
    temperature: float
    clamped: np.ndarray  # int64 (N,): the label of each clamped point, -1 for free ones


class Step(NamedTuple):
    """One update from Z to `new`, with arrays that kernels may write."""

    factor: float  # the part of the way to S(Z)
    Z: np.ndarray  # (N, K)
    new: np.ndarray  # (N, K)
    rows: np.ndarray  # (N, 4): numbers of each row, see `update_rows`


@kernel(nogil=True, error_model="numpy")
def update_rows(problem, step, first, last):
    """Write one update of the rows first .. last - 1 into ``step.new``; ``step.rows`` gets four numbers per row.

    They are the pair term z . u at Z, entropy and unary cost at the new row, and the squared and the largest move.
    Return the numbers of multiply-adds over edges and of exponentials.
    """
    costs, edges, Z = problem.costs, problem.edges, step.Z
    k, dtype = costs.shape[1], costs.dtype
    lam, cold, factor = dtype.type(problem.lam), dtype.type(1 / problem.temperature), dtype.type(step.factor)
    # u = W Z by rows, as the edges come; powers by clusters, so that the inner loops of softmaxes run over rows; the
    # nine rows of sums are named in move_rows
    pulled, powers, sums = np.empty((BLOCK, k), dtype), np.empty((k, BLOCK), dtype), np.empty((9, BLOCK), dtype)
    for start in range(first, last, BLOCK):  # calls and slices cost as much as a row, so they are made for many rows
        stop = min(start + BLOCK, last)
        for p in range(start, stop):
            weighted_sum(Z, edges.columns, edges.values, edges.starts[p], edges.starts[p + 1], pulled, p - start)
        softmaxes(costs[start:stop], lam, cold, pulled, powers, sums)
        move_rows(lam, factor, Z[start:stop], pulled, powers, sums, step.new[start:stop])
        note_rows(problem, step, sums, start, stop)
    return k * (edges.starts[last] - edges.starts[first]), k * (last - first)


@kernel(nogil=True, error_model="numpy")
def softmaxes(costs, lam, cold, pulled, powers, sums):
    """Write exp((logit - highest) / T) by clusters; `sums` gets the highest logit and the sum of powers of each row.

    The difference is taken before the quotient, which could overflow.
    """
    n, k = costs.shape
    highest, mass = sums[0], sums[1]
    for p in range(n):
        highest[p], mass[p] = -np.inf, 0
    for c in range(k):
        power = powers[c]
        for p in range(n):
            logit = lam * pulled[p, c] - costs[p, c]
            power[p] = logit
            highest[p] = logit if logit > highest[p] else highest[p]
    for c in range(k):
        power = powers[c]
        for p in range(n):
            power[p] = exponential((power[p] - highest[p]) * cold)
            mass[p] += power[p]


@kernel(nogil=True, error_model="numpy")
def move_rows(lam, factor, Z, pulled, powers, sums, new):
    """Make the steps of all rows; `sums` gets lam s . u at s = S(Z), squared and largest moves, and z . u at Z.

    The sums of powers in it become their logarithms. Each loop writes so few arrays that it runs in vector registers.
    """
    n, k = Z.shape
    # sums[0] keeps the highest logits for note_rows; 6 to 8 are buffers for a column
    mass, linear, moved, largest, pairs = sums[1], sums[2], sums[3], sums[4], sums[5]
    inverse, here, pull, one = sums[6], sums[7], sums[8], Z.dtype.type(1)
    for p in range(n):
        linear[p] = moved[p] = largest[p] = pairs[p] = 0
        inverse[p] = one / mass[p]
    for c in range(k):
        goal = powers[c]
        for p in range(n):
            here[p], pull[p] = Z[p, c], pulled[p, c]
        for p in range(n):
            goal[p] *= inverse[p]
        for p in range(n):
            linear[p] += lam * goal[p] * pull[p]
        for p in range(n):
            pairs[p] += here[p] * pull[p]
        for p in range(n):
            step = factor * (goal[p] - here[p])
            moved[p] += step * step
            largest[p] = max(largest[p], abs(step))
        for p in range(n):  # a whole step is the softmax itself, since z + (s - z) would round it once more
            new[p, c] = goal[p] if factor == 1 else here[p] + factor * (goal[p] - here[p])
    for p in range(n):
        mass[p] = logarithm(mass[p])


@kernel(nogil=True, error_model="numpy")
def note_rows(problem, step, sums, start, stop):
    """Fill in the numbers of the rows start .. stop - 1; a clamped row goes back to where it was."""
    costs, temperature, Z, new, rows = problem.costs, problem.temperature, step.Z, step.new, step.rows
    for p in range(start, stop):
        j = p - start
        rows[p, 0] = sums[5, j]
        if problem.clamped[p] < 0:
            # at a softmax T log s = logit - highest - T log(mass), so T sum s log s + a . s is this (TC-P10); a part
            # of a step ends at no softmax, and takes K logarithms
            rows[p, 1] = sums[2, j] - sums[0, j] - temperature * sums[1, j]
            if step.factor != 1.0:
                rows[p, 1] = entropy_and_cost(costs, temperature, p, new)
            rows[p, 2] = sums[3, j]
            rows[p, 3] = sums[4, j]
        else:
            for c in range(costs.shape[1]):
                new[p, c] = Z[p, c]
            rows[p, 1] = costs[p, problem.clamped[p]]
            rows[p, 2] = 0.0
            rows[p, 3] = 0.0


@kernel(nogil=True, error_model="numpy")
def entropy_and_cost(costs, temperature, p, Z):
    """Return T sum z log z + a . z of row p, with 0 log 0 = 0."""
    value, entropy, one = 0.0, 0.0, Z.dtype.type(1)
    for c in range(costs.shape[1]):
        value += costs[p, c] * Z[p, c]
        entropy += Z[p, c] * logarithm(Z[p, c] if Z[p, c] > 0 else one)
    return value + temperature * entropy


@kernel(nogil=True, error_model="numpy")
def own_rows(costs, temperature, Z, rows):
    """Note entropy and cost of every row of Z; returns a bound on <|A|, Z>, the sum of the largest costs."""
    size = 0.0
    for p in range(costs.shape[0]):
        rows[p, 1] = entropy_and_cost(costs, temperature, p, Z)
        largest = abs(costs[p, 0])
        for c in range(1, costs.shape[1]):
            largest = max(largest, abs(costs[p, c]))
        size += largest
    return size


@kernel(nogil=True, error_model="numpy")
def shorten(problem, step):
    """Go back from a whole step in ``step.new`` to the part ``step.factor`` of the way, and correct its numbers."""
    factor, Z, new, rows = step.factor, step.Z, step.new, step.rows
    for p in range(new.shape[0]):
        if problem.clamped[p] >= 0:
            continue
        rows[p, 2] *= factor * factor
        rows[p, 3] *= factor
        for c in range(new.shape[1]):
            new[p, c] = (1 - factor) * Z[p, c] + factor * new[p, c]
        rows[p, 1] = entropy_and_cost(problem.costs, problem.temperature, p, new)


def descend_sparse(
    costs: Any,
    edges: Edges,
    Z: np.ndarray,
    clamped: np.ndarray,
    *,
    lam: float,
    temperature: float,
    factor: float,
    safe: float | None,
    tol: float,
    max_iter: int,
    record: bool = False,
    watch: Any = None,
) -> Descent:
    """Repeat the update like `dense.descend`, for one problem on NumPy arrays; ``edges`` are the `csr_parts` of W."""
    n, problem = len(Z), _problem(costs, edges, lam, temperature, clamped)
    before, Z, new = Z.copy(), Z.copy(), np.empty_like(Z)
    # `old` are the numbers of the pass that led to Z, `rows` those of the pass that starts there: the energy at Z takes
    # entropy and costs from the first and pairs from the second
    old, rows = np.zeros((n, 4)), np.zeros((n, 4))
    size = float(own_rows(problem.costs, problem.temperature, Z, old))
    blocks, safe, work = _blocks(n), None if safe is None else float(safe), Work()
    trace: dict[str, list[Any]] | None = None
    if record:
        trace = {"energies": [], "steps": [], "damping": [], "assignments": [Z.copy()]}
    value, n_iter, converged, cycles, stopped = np.inf, 0, False, False, False
    # a pass that starts at Z finds the energy at Z, so one more pass follows the last update
    while True:
        work = work.plus(_pass(problem, Step(factor, Z, new, rows), blocks))
        pairs = -lam * float(rows[:, 0].sum()) / 2
        energy = float(old[:, 1].sum()) + pairs
        rounding = ROUNDING * np.finfo(Z.dtype).eps * (temperature + size + abs(energy) + abs(pairs))
        # the step to Z raised the energy: shorten it in its buffer and measure again; no new update is counted (TC-T5)
        if n_iter and safe is not None and factor > safe and energy > value + rounding:
            factor = safe
            shorten(problem, Step(factor, before, Z, old))
            continue
        if trace is not None:
            trace["energies"].append(energy)
            if n_iter:
                trace["steps"].append(float(old[:, 2].sum()))
                trace["damping"].append(factor)
                trace["assignments"].append(Z.copy())
        if n_iter:
            largest = float(old[:, 3].max())
            converged = stands(energy, value, tol, rounding) and largest <= factor * tol**0.5
            # a cycle of two moves as far back as it came: two numbers rule it out mostly, before tables are compared
            may_cycle = largest > factor * max(tol**0.5, SMALL) and abs(float(rows[:, 3].max()) - largest) <= tol
            cycles = may_cycle and bool(np.abs(new - before).max() <= tol)
            stopped = watch is not None and watch(Z, energy, n_iter)
        value = energy
        if converged or cycles or stopped or n_iter == max_iter:
            break
        n_iter += 1
        before, Z, new, old, rows = Z, new, before, rows, old  # buffers change roles, nothing is copied
    ends = np.float64(value), np.float64(factor), np.int64(n_iter), converged, cycles
    return Descent(Z, *ends, trace, work, stopped)


def squared_step(
    costs: np.ndarray, edges: Edges, Z: np.ndarray, clamped: np.ndarray, lam: float, temperature: float
) -> float:
    """Return |S(Z) - Z|_F^2, the squared length of a whole step."""
    # a copy of Z, since a read-only array would be another type to the compiler than that of a run
    step = Step(1.0, Z.copy(), np.empty_like(Z), np.empty((len(Z), 4)))
    _pass(_problem(costs, edges, lam, temperature, clamped), step, _blocks(len(Z)))
    return float(step.rows[:, 2].sum())


def _problem(costs: Any, edges: Edges, lam: float, temperature: float, clamped: Any) -> Problem:
    """Return the data of a run in the types that the kernels were compiled for."""
    edges = edges._replace(values=kernel_input(edges.values, costs.dtype))
    return Problem(kernel_input(costs), edges, float(lam), float(temperature), kernel_input(clamped))


def stands(after: float, before: float, tol: float, rounding: float) -> bool:
    """Tell whether an energy changed by no more than `dense.stands` allows, for plain numbers."""
    return abs(after - before) <= max(tol * abs(after), rounding / ROUNDING)


def _pass(problem: Problem, step: Step, blocks: list[tuple[int, int]]) -> Work:
    """Make one update of all rows, a block per thread, and return the work that the threads report."""
    done: list[tuple[int, int]] = []
    in_threads(lambda *block: done.append(update_rows(problem, step, *block)), blocks)
    return Work(1, sum(int(flops) for flops, _ in done), sum(int(exponentials) for _, exponentials in done))


def _blocks(n: int) -> list[tuple[int, int]]:
    """Return the first row of each thread, and the row after its last one."""
    count = max(1, min(processors(), n // PARALLEL))
    ends = np.linspace(0, n, count + 1).astype(int).tolist()
    return list(itertools.pairwise(ends))
