"""The rewards, costs and budgets that the kernels read: brought to their shapes and kinds of numbers, and checked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import kernel_input, sparse, to_numpy
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, as_array, must, unmasked
from lrtheory.dual_mirror_descent.prices.scan_costs import survey

__all__ = ["largest_costs", "largest_reward", "tables_of", "types_of", "units_of"]


def tables_of(rewards: Any, costs: Any, budget: Any) -> tuple[np.ndarray, Any, np.ndarray]:
    """Bring rewards to (N, d), costs to (N, d, m) or CSR (N, m), budget to (m,), all floats or all Fractions."""
    rewards = _numbers("rewards", rewards)
    budget = units_of(_numbers("budget", budget))
    if rewards.ndim not in (1, 2) or rewards.size == 0:
        raise must("rewards", "a non-empty array of shape (T,) or (T, d)", rewards.shape)
    table = rewards if rewards.ndim == 2 else rewards[:, None]
    if sparse.issparse(costs):
        return table, _sparse_costs(costs, table.shape, len(budget)), budget.astype(np.float64)
    costs = _numbers("costs", to_numpy(costs))
    wanted = (*table.shape, len(budget))
    # axes of length 1 may be left out: that of the actions where there is one, that of the resources where there is one
    shapes = {
        wanted,
        *([(wanted[0], wanted[2])] if rewards.ndim == 1 else []),
        *([wanted[:2]] if wanted[2] == 1 else []),
    }
    shapes |= {wanted[:1]} if wanted[1:] == (1, 1) else set()
    if costs.shape not in shapes:
        raise must("costs", f"of shape {wanted}, for the shapes of `rewards` and `budget`", costs.shape)
    costs = costs.reshape(wanted)
    if object in (table.dtype, costs.dtype, budget.dtype):
        return _fractions("rewards", table), _fractions("costs", costs), _fractions("budget", budget)
    # a kernel is compiled once per float type of both tables, so they share one
    kind = np.float32 if table.dtype == costs.dtype == np.float32 else np.float64
    return kernel_input(table, kind), kernel_input(costs, kind), budget.astype(np.float64)


def units_of(budget: np.ndarray) -> np.ndarray:
    """Return the units of each resource, (m,), of a budget; refuse one without resources, and empty or endless ones."""
    units = np.atleast_1d(budget)
    if units.ndim != 1 or units.size == 0:
        raise must("budget", "a number, or of shape (m,) with at least one resource", units.shape)
    if not ((units > 0) & (units < np.inf)).all():
        raise must("budget", "positive and finite for every resource (leave out actions that use an empty one)", budget)
    return units


def _numbers(name: str, value: Any) -> np.ndarray:
    """Return a float array as it is, without a pass over its entries; validate anything else."""
    unmasked(name, value)
    if isinstance(value, np.ndarray) and value.dtype in (np.float64, np.float32):
        return value
    return array(name, value, finite=False)


def _sparse_costs(costs: SparseArray, shape: tuple[int, ...], n_resources: int) -> sparse.csr_array:
    """Return a read-only copy of sparse costs, in which each entry stands once."""
    if shape[1] != 1:
        raise must("rewards", "of shape (T,) where costs are sparse", shape)
    if costs.shape != (shape[0], n_resources):
        raise must("costs", f"of shape {(shape[0], n_resources)}", costs.shape)
    rows = sparse.csr_array(costs, dtype=np.float64, copy=True)  # the caller's matrix stays as it is
    rows.sum_duplicates()
    for part in (rows.data, rows.indices, rows.indptr):
        part.flags.writeable = False
    return rows


def types_of(types: ArrayLike, n_types: int) -> np.ndarray:
    """Return the row of each request, checked, as a read-only int64 array."""
    rows = as_array("types", to_numpy(types))
    if rows.dtype.kind not in "iu" or rows.ndim not in (1, 2) or rows.size == 0:
        raise must("types", "a non-empty integer array of shape (T,) or (n_runs, T)", rows)
    if rows.min() < 0 or rows.max() >= n_types:
        raise must("types", f"in [0, {n_types - 1}], rows of the tables", rows)
    return kernel_input(rows, np.int64)


def largest_reward(rewards: np.ndarray) -> Any:
    """Return the largest reward; a reward that is not finite is an error."""
    smallest, largest = rewards.min(), rewards.max()
    if not (smallest > -np.inf and largest < np.inf):  # comparisons with NaN are false
        array("rewards", rewards)
    return largest if rewards.dtype == object else float(largest)


def largest_costs(costs: Any, is_kept: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the largest cost of each resource, (m,), and a compact copy of costs that are kept, where one is exact.

    A cost that is negative or not finite is an error.
    """
    entries = costs.data if sparse.issparse(costs) else costs
    if entries is costs and costs.dtype == np.float64:
        are_costs, largest, compact = survey(costs, is_kept)
        if not are_costs:
            array("costs", costs, low=0.0)
        return largest, compact
    if sparse.issparse(costs):
        largest = np.zeros(costs.shape[1])
        np.maximum.at(largest, costs.indices, costs.data)
    else:
        rows = costs.reshape(-1, costs.shape[-1])
        # NumPy reduces a whole array faster than a column of it
        largest = rows.max(axis=0) if rows.shape[1] > 1 else np.array([costs.max()])
    if entries.size and not (entries.min() >= 0 and (largest < np.inf).all()):  # false for NaN, which max hands on
        array("costs", entries, low=0.0)
    return largest if costs.dtype == object else largest.astype(np.float64), None


def _fractions(name: str, table: np.ndarray) -> np.ndarray:
    """Convert numbers to Fractions of equal value; one that is not finite is an error."""
    exact = np.empty(table.size, dtype=object)
    try:
        exact[:] = [Fraction(value) for value in table.ravel().tolist()]
    except (OverflowError, ValueError) as error:
        raise must(name, "finite", table) from error
    return exact.reshape(table.shape)
