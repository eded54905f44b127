r"""Streams of requests: rewards and costs of their actions, and budgets of the resources.

Request t offers d actions. Action i earns f_t(i) and uses b_t(i) of m resources; the void action, always there, does
neither. Over T requests at most ``budget`` units may be used, budget / T = rate units per request on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel_input, sparse, to_numpy
from lrtheory._numbers import HUGE
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import must, real
from lrtheory.dual_mirror_descent.prices.inputs import largest_costs, largest_reward, tables_of, types_of
from lrtheory.dual_mirror_descent.theory.resources import cost_bounds

__all__ = ["Names", "RequestStream"]

#: the share of a budget that rounding may overdraw: exact for whole units below 1e12; numbers in single precision are
#: off by 6e-8 themselves
TOLERANCE, SINGLE_TOLERANCE = 1e-12, 1e-6
#: the share by which rounding may take prices beyond the border of the domain of the fair objective
ROUNDING = 1e-9


class Names(NamedTuple):
    """The names of requests, of their actions and of the resources, as a file gives them.

    Parameters
    ----------
    requests : tuple of str
        T names.
    actions : tuple of str
        d names.
    resources : tuple of str
        m names.
    """

    requests: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]


class _Compact:
    """Base of streams that may keep their costs in single precision alone, and write them out when they are asked."""

    __slots__ = ("_compact",)  # a float32 array (N, d, m) of equal numbers that nobody else can write, or None
    costs: Any

    @property
    def kernel_costs(self) -> Any:
        """The costs in the form that the kernels read fastest; `costs` where that is the only one."""
        return self.costs if self._compact is None else self._compact

    def __getattr__(self, name: str) -> Any:  # only what is not there comes here, such as costs not yet written out
        if name == "_compact":  # copies and unpickled streams have all their costs
            return None
        if name != "costs" or self._compact is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        costs = kernel_input(self._compact, np.float64)
        object.__setattr__(self, "costs", costs)
        return costs


@dataclass(frozen=True, eq=False, slots=True, init=False)
class RequestStream(_Compact):
    """Requests in the order of their arrival, or a table of request types and the type of each request.

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
    names : Names, or sequence of str, optional
        Names of requests, actions and resources, which results then show; or of whatever the caller likes, carried
        through untouched.
    truth : mapping, optional
        Known facts about the law that made the stream, such as ``fluid_value`` (a period) and ``fluid_prices``.
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

    Costs that single precision holds exactly, such as zeros and ones, are copied in half their size, with the rewards,
    so that runs read less; `costs` writes them out when it is read. Other arrays of floats are kept without a copy, and
    have to stay as they are.

    Examples
    --------
    >>> stream = RequestStream([1, 0.2, 0.6], [1, 1, 1], 1.5)
    >>> stream.horizon, stream.rate.tolist(), stream.reward_bound
    (3, [0.5], 1.0)
    """

    rewards: np.ndarray  # (N, d)
    costs: Any  # np.ndarray (N, d, m), or csr_array (N, m)
    budget: np.ndarray  # (m,)
    types: np.ndarray | None  # int64
    names: Names | Sequence[str] | None
    truth: Mapping[str, Any] | None
    reward_bound: Any
    cost_bound: np.ndarray  # (m,)

    def __init__(
        self,
        rewards: ArrayLike,
        costs: ArrayLike | SparseArray,
        budget: ArrayLike | Number,
        *,
        types: ArrayLike | None = None,
        names: Names | Sequence[str] | None = None,
        truth: Mapping[str, Any] | None = None,
        reward_bound: Number | None = None,
        cost_bound: ArrayLike | Number | None = None,
    ) -> None:
        tables = tables_of(to_numpy(rewards), costs, to_numpy(budget))
        self._fill(tables, types, names, truth, (reward_bound, cost_bound), is_kept=True)

    def _fill(
        self,
        tables: tuple[np.ndarray, Any, np.ndarray],
        types: ArrayLike | None,
        names: Names | Sequence[str] | None,
        truth: Mapping[str, Any] | None,
        bounds: tuple[Number | None, ArrayLike | Number | None],
        *,
        is_kept: bool,
    ) -> None:
        """Check the tables and set the fields; a copy of the costs does not pay unless the stream `is_kept`."""
        (gains, used, units), (reward_bound, cost_bound) = tables, bounds
        rows = None if types is None else types_of(types, len(gains))
        # minima and maxima find negative costs, infinities and NaN, and are the bounds that theory asks
        high_reward, (high_cost, compact) = largest_reward(gains), largest_costs(used, is_kept)
        if reward_bound is not None:
            real("reward_bound", reward_bound, low=0, high=HUGE)
            if reward_bound < high_reward:
                raise must("reward_bound", f"at least the largest of the stream, {float(high_reward):g}", reward_bound)
        if cost_bound is not None:
            given = np.array(cost_bounds(cost_bound, len(units)), dtype=high_cost.dtype)
            if (given < high_cost).any():
                raise must("cost_bound", f"at least the largest of the stream, {_listed(high_cost)}", cost_bound)
            high_cost = given
        set_field = object.__setattr__  # the fields of a frozen instance
        set_field(self, "rewards", read_only(gains if compact is None else gains.copy()))
        set_field(self, "_compact", compact)
        if compact is None:
            set_field(self, "costs", used if sparse.issparse(used) else read_only(used))
        set_field(self, "budget", read_only(units))
        set_field(self, "types", rows)
        set_field(self, "names", names)
        set_field(self, "truth", truth)
        set_field(self, "reward_bound", max(0, high_reward) if reward_bound is None else reward_bound)
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
        is_single = self._compact is None and self.costs.dtype == np.float32
        return 0 if self.is_exact else SINGLE_TOLERANCE if is_single else TOLERANCE

    @property
    def is_owned(self) -> bool:
        """True if no array of the caller's can change what a run has read."""
        return self._compact is not None and self.types is None

    @property
    def counts(self) -> np.ndarray | None:
        """The number of times that each row of the tables comes, (N,); None where each comes once."""
        if self.types is None:
            return None
        return np.bincount(self.types.ravel(), minlength=len(self.rewards))

    def tile(self) -> RequestStream:
        """Write the stream out with one row per request in place of types, for code that has no notion of types.

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
            names=self.names,
            truth=self.truth,
            reward_bound=self.reward_bound,
            cost_bound=self.cost_bound,
        )


def as_stream(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    reward_bound: Number | None = None,
    cost_bound: ArrayLike | Number | None = None,
) -> RequestStream:
    """Return the stream that a solver was given: a RequestStream as it is, or one made of plain arrays.

    Parameters
    ----------
    rewards : RequestStream, or array of shape (T, d) or (T,)
        A stream alone, or its rewards.
    costs : array of shape (T, d, m), (T, m) or (T,), or sparse array of shape (T, m), optional
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
        if costs is None or budget is None:
            missing = "costs" if costs is None else "budget"
            raise must(missing, "given unless the first argument is a RequestStream", None, TypeError)
        stream = object.__new__(RequestStream)
        tables = tables_of(to_numpy(rewards), costs, to_numpy(budget))
        stream._fill(tables, types, None, None, (reward_bound, cost_bound), is_kept=False)
        return stream
    given = {"costs": costs, "types": types}
    for name, value in given.items():
        if value is not None:
            raise must(name, "left out where the first argument is a RequestStream", value, TypeError)
    options = {"budget": budget, "reward_bound": reward_bound, "cost_bound": cost_bound}
    changes: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return replace(rewards, costs=rewards.kernel_costs, **changes) if changes else rewards


def one_stream(
    rewards: RequestStream | ArrayLike,
    costs: ArrayLike | SparseArray | None = None,
    budget: ArrayLike | Number | None = None,
    *,
    types: ArrayLike | None = None,
    reward_bound: Number | None = None,
    cost_bound: ArrayLike | Number | None = None,
) -> RequestStream:
    """Return what `as_stream` does, but refuse many streams over one table, which share no run and no optimum."""
    stream = as_stream(rewards, costs, budget, types=types, reward_bound=reward_bound, cost_bound=cost_bound)
    if stream.types is not None and stream.types.ndim != 1:
        raise must("types", "of shape (T,); many streams are for `allocate_batch`", stream.types.shape)
    return stream


def known_stream(problem: Any) -> RequestStream:
    """Return the problem of a certificate, which is a stream."""
    if not isinstance(problem, RequestStream):
        raise must("problem", "a RequestStream", problem, TypeError)
    return problem


def _listed(numbers: np.ndarray) -> str:
    """Write numbers one after the other, for an error sentence."""
    return ", ".join(f"{float(number):g}" for number in numbers)
