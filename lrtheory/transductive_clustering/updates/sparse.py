r"""The bound optimizer on a sparse affinity: one compiled pass over the edges per update, which also gives the energy.

A whole step ends at a softmax, whose entropy and unary terms together are lambda z . u - T log sum exp(...), one
logarithm per row and not K of them (statement TC-P10). So a pass from Z to the next assignments knows the pair
terms z . u at Z, and entropy and unary cost at the next ones.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory._kernels.exponential import exponential
from lrtheory._kernels.lanes import weighted_sum
from lrtheory._kernels.softmax_rows import add_rows, fetch_row, row_width, shift_rows, step_rows
from lrtheory._parallel import in_threads, processors
from lrtheory.transductive_clustering.updates.dense import ROUNDING, SMALL, Descent, Work
from lrtheory.transductive_clustering.updates.edges import Edges
from lrtheory.transductive_clustering.updates.logarithm import logarithm

__all__ = ["Problem", "Step", "descend_sparse", "squared_step"]

PARALLEL = 20_000  # the least number of rows per thread
BLOCK = 144  # rows whose softmaxes are made together


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
    notes: np.ndarray  # (blocks, 4): sums over `BLOCK` rows each, see `update_rows`


@kernel(nogil=True, error_model="numpy")
def update_rows(problem, step, first, last):
    """Write one update of the rows first .. last - 1 into ``step.new``, where first is a multiple of `BLOCK`.

    A row of ``step.notes`` gets four numbers of each block: the sums of the pair terms z . u at Z, of entropy and unary
    cost at the new rows, and of squared moves, and the largest move. Return the numbers of multiply-adds over edges and
    of exponentials.
    """
    costs, edges, Z, dtype = problem.costs, problem.edges, step.Z, step.Z.dtype
    k, width, part = costs.shape[1], row_width(costs), dtype.type(step.factor)
    # u = W Z, and the softmaxes, whose rows are filled up with zeros
    pulled, powers, sums = np.zeros((BLOCK, width), dtype), np.empty((BLOCK, width), dtype), np.empty((3, BLOCK), dtype)
    for start in range(first, last, BLOCK):  # calls and slices cost as much as a row, so they are made for many rows
        stop = min(start + BLOCK, last)
        for p in range(start, stop):
            fetch_row(costs, p)
            weighted_sum(Z, edges.columns, edges.values, edges.starts[p], edges.starts[p + 1], pulled, p - start)
        softmaxes(problem, costs[start:stop], pulled, powers, sums)
        ends = hold_rows(problem, step, pulled, powers, sums, start)
        note = step.notes[start // BLOCK]
        note[0], linear, note[2], note[3] = step_rows(
            Z[start:stop], pulled, powers, sums[2], part, step.new[start:stop]
        )
        # at a softmax T log s = logit - highest - T log(mass), so T sum s log s + a . s is this (TC-P10); a part of a
        # step ends at no softmax, and takes K logarithms
        note[1] = dtype.type(problem.lam) * linear + ends
        if step.factor != 1.0:
            note[1] = own_costs(costs, problem.temperature, step.new, start, stop)
    return k * (edges.starts[last] - edges.starts[first]), k * (last - first)


@kernel(nogil=True, error_model="numpy")
def softmaxes(problem, costs, pulled, powers, sums):
    """Set the first rows of ``powers`` to softmaxes, but for factors, which are the third row of ``sums``.

    The first two get the highest logit and log sum exp of (logit - highest) / T; the difference is taken before the
    quotient, which could overflow.
    """
    n, dtype = costs.shape[0], costs.dtype
    highest, mass, scales, power = sums[0], sums[1], sums[2], powers.reshape(-1)
    shift_rows(costs, pulled, dtype.type(problem.lam), dtype.type(1 / problem.temperature), powers, highest)
    for j in range(n * powers.shape[1]):
        power[j] = exponential(power[j])
    add_rows(powers, n, mass)
    for p in range(n):
        scales[p] = dtype.type(1) / mass[p]
    for p in range(n):
        mass[p] = logarithm(mass[p])


@kernel(nogil=True, error_model="numpy")
def hold_rows(problem, step, pulled, powers, sums, start):
    """Put clamped rows of a block where they are; return what its entropy and cost are beyond the sum of lambda s . u.

    The block begins at row ``start``, and s is a row of ``powers`` times its factor, the third row of ``sums``.
    """
    value, temperature, n = 0.0, problem.temperature, min(BLOCK, step.Z.shape[0] - start)
    for p in range(n):
        label = problem.clamped[start + p]
        if label < 0:
            value -= sums[0, p] + temperature * sums[1, p]
        else:
            sums[2, p] = 1
            for c in range(step.Z.shape[1]):
                powers[p, c] = step.Z[start + p, c]
            value += problem.costs[start + p, label] - problem.lam * pulled[p, label]
    return value


@kernel(nogil=True, error_model="numpy", fastmath={"contract", "nsz", "reassoc"})
def own_costs(costs, temperature, Z, first, last):
    """Return the sum of T z log z + a z over the rows first .. last - 1, with 0 log 0 = 0."""
    a, z, one = costs[first:last].reshape(-1), Z[first:last].reshape(-1), Z.dtype.type(1)
    logs, value, entropy = np.empty(z.shape[0], Z.dtype), 0.0, 0.0
    for j in range(z.shape[0]):
        logs[j] = logarithm(z[j] if z[j] > 0 else one)
    for j in range(z.shape[0]):
        value += a[j] * z[j]
        entropy += z[j] * logs[j]
    return value + temperature * entropy


@kernel(nogil=True, error_model="numpy")
def own_blocks(costs, temperature, Z, notes):
    """Note entropy and cost of every block of Z; returns a bound on <|A|, Z>, the sum of the largest costs."""
    size, n = 0.0, costs.shape[0]
    for p in range(n):
        largest = abs(costs[p, 0])
        for c in range(1, costs.shape[1]):
            largest = max(largest, abs(costs[p, c]))
        size += largest
    for block in range(notes.shape[0]):
        notes[block, 1] = own_costs(costs, temperature, Z, block * BLOCK, min(block * BLOCK + BLOCK, n))
    return size


@kernel(nogil=True, error_model="numpy")
def shorten(problem, step):
    """Go back from a whole step in ``step.new`` to the part ``step.factor`` of the way, and correct its numbers."""
    factor, Z, new, notes = step.factor, step.Z, step.new, step.notes
    for p in range(new.shape[0]):
        if problem.clamped[p] < 0:
            for c in range(new.shape[1]):
                new[p, c] = (1 - factor) * Z[p, c] + factor * new[p, c]
    for block in range(notes.shape[0]):
        first = block * BLOCK
        notes[block, 1] = own_costs(problem.costs, problem.temperature, new, first, min(first + BLOCK, new.shape[0]))
        notes[block, 2] *= factor * factor
        notes[block, 3] *= factor


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
    before, Z, new = np.empty_like(Z), Z.copy(), np.empty_like(Z)
    # `old` are the numbers of the pass that led to Z, `notes` those of the pass that starts there: the energy at Z
    # takes entropy and costs from the first and pairs from the second
    old, notes = np.zeros((-(-n // BLOCK), 4)), np.zeros((-(-n // BLOCK), 4))
    size = float(own_blocks(problem.costs, problem.temperature, Z, old))
    blocks, safe, work = _blocks(n), None if safe is None else float(safe), Work()
    trace: dict[str, list[Any]] | None = None
    if record:
        trace = {"energies": [], "steps": [], "damping": [], "assignments": [Z.copy()]}
    value, n_iter, converged, cycles, stopped = np.inf, 0, False, False, False
    # a pass that starts at Z finds the energy at Z, so one more pass follows the last update
    while True:
        work = work.plus(_pass(problem, Step(factor, Z, new, notes), blocks))
        pairs = -lam * float(notes[:, 0].sum()) / 2
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
            may_cycle = largest > factor * max(tol**0.5, SMALL) and abs(float(notes[:, 3].max()) - largest) <= tol
            cycles = may_cycle and bool(np.abs(new - before).max() <= tol)
            stopped = watch is not None and watch(Z, energy, n_iter)
        value = energy
        if converged or cycles or stopped or n_iter == max_iter:
            break
        n_iter += 1
        before, Z, new, old, notes = Z, new, before, notes, old  # buffers change roles, nothing is copied
    ends = np.float64(value), np.float64(factor), np.int64(n_iter), converged, cycles
    # the pass that found the energy at the end made a step that nobody takes
    left = float(notes[:, 2].sum()) if factor == 1.0 else None
    return Descent(Z, *ends, trace, work, stopped, left)


def squared_step(
    costs: np.ndarray, edges: Edges, Z: np.ndarray, clamped: np.ndarray, lam: float, temperature: float
) -> float:
    """Return |S(Z) - Z|_F^2, the squared length of a whole step."""
    # a copy of Z, since a read-only array would be another type to the compiler than that of a run
    step = Step(1.0, Z.copy(), np.empty_like(Z), np.empty((-(-len(Z) // BLOCK), 4)))
    _pass(_problem(costs, edges, lam, temperature, clamped), step, _blocks(len(Z)))
    return float(step.notes[:, 2].sum())


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
    ends = np.linspace(0, -(-n // BLOCK), count + 1).astype(int) * BLOCK
    return list(itertools.pairwise(np.minimum(ends, n).tolist()))
