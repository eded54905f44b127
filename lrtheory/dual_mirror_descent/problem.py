r"""Streams of requests: rewards and costs of their actions, and budgets of the resources.

Request t offers d actions. Action i earns f_t(i) and uses b_t(i) of m resources; the void action, always there, does
neither. Over T requests at most ``budget`` units may be used, budget / T = rate units per request on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import kernel_input, to_numpy
from lrtheory._numbers import HUGE
from lrtheory._result import read_only
from lrtheory._validation import array, as_array, must, real
from lrtheory.dual_mirror_descent.theory.numeric import cost_bounds

__all__ = ["RequestStream"]

#: the share of a budget that rounding may overdraw: exact for whole units below 1e12; numbers in single precision are
#: off by 6e-8 themselves
TOLERANCE, SINGLE_TOLERANCE = 1e-12, 1e-6
#: the share by which rounding may take prices beyond the border of the domain of the fair objective
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class RequestStream:
    """Requests in the order of their arrival, or a table of request types and who comes when.

    Parameters
    ----------
    rewards : array of shape (T, d), or (T,) for one action
        Reward of each action; actions with a negative reward are never worth taking.
    costs : array of shape (T, d, m), (T, m) for one action, (T,) for one action and one resource; or sparse (T, m)
        Units that each action uses, at least 0. Sparse costs are for one action.
    budget : array of shape (m,), or float
        Units of each resource, above 0.
    types : int array of shape (T,) or (n_runs, T), optional
        Then `rewards` and `costs` are tables of types, and the request at time t is row types[t]. Two axes are many
        streams over one table, for `allocate_batch`.
    labels : sequence of str, optional
        Names of the rows or of whatever the caller likes; carried through untouched.
    truth : mapping, optional
        What is known of the law that made the stream, such as ``fluid_value`` (a period) and ``fluid_prices``.
    reward_bound : float, optional
        Supremum of the rewards over all requests that could have come; by default the largest one here.
    cost_bound : array of shape (m,), or float, optional
        Suprema of the costs of each resource, or one number for all; by default the largest ones here. An array (m,).

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a cost is negative or a budget is not positive.

    Notes
    -----
    Menus of different widths: fill up with actions of reward 0, which are never proposed, at cost 0. A resource with
    budget 0: leave out the actions that use it. Fractions in object arrays make runs, dual bounds and optima found by
    sorting exact; linear programs are solved in doubles.

    Examples
    --------
    >>> stream = RequestStream([1, 0.2, 0.6], [1, 1, 1], 1.5)
    >>> stream.horizon, stream.rate.tolist(), stream.reward_bound
    (3, [0.5], 1.0)
    """

    rewards: Any  # anything array-like comes in; float arrays (N, d), (N, d, m), (m,) and int64 types stand here
    costs: Any
    budget: Any
    _: KW_ONLY
    types: Any = None
    labels: Sequence[str] | None = None
    truth: Mapping[str, Any] | None = None
    reward_bound: Any = None
    cost_bound: Any = None

    def __post_init__(self) -> None:
        rewards, costs, budget = _tables(to_numpy(self.rewards), self.costs, to_numpy(self.budget))
        types = None if self.types is None else _types(self.types, len(rewards))
        # minima and maxima in two passes find negative costs, infinities and NaN, and are the bounds that theory asks
        high_reward, high_cost = _largest_reward(rewards), _largest_costs(costs)
        if self.reward_bound is not None:
            real("reward_bound", self.reward_bound, low=0, high=HUGE)
            if self.reward_bound < high_reward:
                raise must(
                    "reward_bound", f"at least the largest of the stream, {float(high_reward):g}", self.reward_bound
                )
        if self.cost_bound is not None:
            given = np.array(cost_bounds(self.cost_bound, len(budget)), dtype=high_cost.dtype)
            if (given < high_cost).any():
                raise must("cost_bound", f"at least the largest of the stream, {_listed(high_cost)}", self.cost_bound)
            high_cost = given
        set_field = object.__setattr__
        set_field(self, "rewards", read_only(rewards))
        set_field(self, "costs", costs if sparse.issparse(costs) else read_only(costs))
        set_field(self, "budget", read_only(budget))
        set_field(self, "types", types)
        set_field(self, "reward_bound", max(0, high_reward) if self.reward_bound is None else self.reward_bound)
        set_field(self, "cost_bound", read_only(high_cost))

    @property
    def horizon(self) -> int:
        """Number of requests, T."""
        return len(self.rewards) if self.types is None else self.types.shape[-1]

    @property
    def n_resources(self) -> int:
        """Number of resources, m."""
        return len(self.budget)

    @property
    def rate(self) -> np.ndarray:
        """Units of each resource per request, budget / T, (m,)."""
        return self.budget / self.horizon

    @property
    def is_exact(self) -> bool:
        """True if the numbers are Fractions, on which runs are exact."""
        return self.rewards.dtype == object

    @property
    def tolerance(self) -> float:
        """The share of the budget that rounding may overdraw."""
        return 0 if self.is_exact else SINGLE_TOLERANCE if self.costs.dtype == np.float32 else TOLERANCE

    @property
    def counts(self) -> np.ndarray | None:
        """The number of times that each row of the tables comes, (N,); None where each comes once."""
        if self.types is None:
            return None
        return np.bincount(self.types.ravel(), minlength=len(self.rewards))

    def tile(self) -> RequestStream:
        """Write the stream out with one row per request, for solvers that do not know types.

        Returns
        -------
        RequestStream
            Without `types`.

        Raises
        ------
        ValueError
            If there are many streams over one table.
        """
        if self.types is None:
            return self
        if self.types.ndim != 1:
            raise must("types", "of shape (T,)", self.types.shape)
        return RequestStream(
            self.rewards[self.types],
            self.costs[self.types],
            self.budget,
            labels=self.labels,
            truth=self.truth,
            reward_bound=self.reward_bound,
            cost_bound=self.cost_bound,
        )


def as_stream(
    rewards: Any,
    costs: Any = None,
    budget: Any = None,
    *,
    types: Any = None,
    reward_bound: Any = None,
    cost_bound: Any = None,
) -> RequestStream:
    """Return the stream that a solver was given: a RequestStream as it is, or one made of plain arrays.

    Parameters
    ----------
    rewards : RequestStream, or array of shape (T, d) or (T,)
        A stream alone, or its rewards.
    costs : array or sparse array, optional
        As in `RequestStream`.
    budget : array of shape (m,), or float, optional
        Units of each resource; may replace the budget of a stream.
    types : int array of shape (T,), optional
        As in `RequestStream`.
    reward_bound : float, optional
        Supremum over all requests that could have come.
    cost_bound : array of shape (m,), or float, optional
        Suprema of each resource, or one for all.

    Returns
    -------
    RequestStream
        Checked.

    Raises
    ------
    ValueError
        As `RequestStream`.
    TypeError
        If the costs or the budget are missing.
    """
    if not isinstance(rewards, RequestStream):
        for name, value in (("costs", costs), ("budget", budget)):
            if value is None:
                raise must(name, "given unless the first argument is a RequestStream", value, TypeError)
        return RequestStream(rewards, costs, budget, types=types, reward_bound=reward_bound, cost_bound=cost_bound)
    given = {"costs": costs, "types": types}
    for name, value in given.items():
        if value is not None:
            raise must(name, "left out where the first argument is a RequestStream", value, TypeError)
    changes = {"budget": budget, "reward_bound": reward_bound, "cost_bound": cost_bound}
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        return rewards
    fields = {name: getattr(rewards, name) for name in RequestStream.__dataclass_fields__}
    return RequestStream(**{**fields, **changes})


def one_stream(rewards: Any, costs: Any = None, budget: Any = None, **options: Any) -> RequestStream:
    """Return what `as_stream` does, but refuse many streams over one table, which share no run and no optimum."""
    stream = as_stream(rewards, costs, budget, **options)
    if stream.types is not None and stream.types.ndim != 1:
        raise must("types", "of shape (T,); many streams are for `allocate_batch`", stream.types.shape)
    return stream


def _tables(rewards: Any, costs: Any, budget: Any) -> tuple[np.ndarray, Any, np.ndarray]:
    """Bring rewards to (N, d), costs to (N, d, m) or CSR (N, m), budget to (m,), all floats or all Fractions."""
    rewards = _numbers("rewards", rewards)
    budget = np.atleast_1d(_numbers("budget", budget))
    if rewards.ndim not in (1, 2) or rewards.size == 0:
        raise must("rewards", "a non-empty array of shape (T,) or (T, d)", rewards.shape)
    if budget.ndim != 1 or not ((budget > 0) & (budget < np.inf)).all():
        raise must("budget", "positive and finite for every resource (leave out actions that use an empty one)", budget)
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
    # a kernel has one signature a float type, so both tables have the same
    kind = np.float32 if table.dtype == costs.dtype == np.float32 else np.float64
    return kernel_input(table, kind), kernel_input(costs, kind), budget.astype(np.float64)


def _numbers(name: str, value: Any) -> np.ndarray:
    """Return a float array as it is, without a pass over its entries; validate anything else."""
    if np.ma.isMaskedArray(value):
        raise must(name, "an array without a mask (leave out the requests, or fill in their numbers)", value)
    if isinstance(value, np.ndarray) and value.dtype in (np.float64, np.float32):
        return value
    return array(name, value, finite=False)


def _sparse_costs(costs: Any, shape: tuple[int, ...], n_resources: int) -> sparse.csr_array:
    if shape[1] != 1:
        raise must("rewards", "of shape (T,) where costs are sparse", shape)
    if costs.shape != (shape[0], n_resources):
        raise must("costs", f"of shape {(shape[0], n_resources)}", costs.shape)
    rows = sparse.csr_array(costs, dtype=np.float64, copy=True)  # the caller's matrix stays as it is
    rows.sum_duplicates()
    for part in (rows.data, rows.indices, rows.indptr):
        part.flags.writeable = False
    return rows


def _types(types: Any, n_types: int) -> np.ndarray:
    types = as_array("types", to_numpy(types))
    if types.dtype.kind not in "iu" or types.ndim not in (1, 2) or types.size == 0:
        raise must("types", "a non-empty integer array of shape (T,) or (n_runs, T)", types)
    if types.min() < 0 or types.max() >= n_types:
        raise must("types", f"in [0, {n_types - 1}], rows of the tables", types)
    return kernel_input(types, np.int64)


def _largest_reward(rewards: np.ndarray) -> Any:
    """Return the largest reward; a reward that is not finite is an error."""
    smallest, largest = rewards.min(), rewards.max()
    if not (smallest > -np.inf and largest < np.inf):  # comparisons with NaN are false
        array("rewards", rewards)
    return largest if rewards.dtype == object else float(largest)


def _largest_costs(costs: Any) -> np.ndarray:
    """Return the largest cost of each resource, (m,); a cost that is negative or not finite is an error."""
    entries = costs.data if sparse.issparse(costs) else costs
    if sparse.issparse(costs):
        largest = np.zeros(costs.shape[1])
        np.maximum.at(largest, costs.indices, costs.data)
    else:
        rows = costs.reshape(-1, costs.shape[-1])
        largest = rows.max(axis=0) if rows.shape[1] > 1 else np.array([costs.max()])  # the latter is faster
    if entries.size and not (entries.min() >= 0 and (largest < np.inf).all()):  # false for NaN, which max hands on
        array("costs", entries, low=0.0)
    return largest if costs.dtype == object else largest.astype(np.float64)


def _listed(numbers: np.ndarray) -> str:
    return ", ".join(f"{float(number):g}" for number in numbers)


def _fractions(name: str, table: np.ndarray) -> np.ndarray:
    exact = np.empty(table.size, dtype=object)
    try:
        exact[:] = [Fraction(value) for value in table.ravel().tolist()]
    except (OverflowError, ValueError) as error:
        raise must(name, "finite", table) from error
    return exact.reshape(table.shape)
