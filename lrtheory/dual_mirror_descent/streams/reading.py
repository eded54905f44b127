"""Requests, budgets and auctions from files and data frames, with the names that stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._files import FromTable, Table, warn_alike
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must
from lrtheory.dual_mirror_descent.problem import Names, RequestStream

__all__ = ["Auctions", "Budgets", "Requests"]

_REQUESTS = {
    "request": ("id", "order", "customer", "user", "impression", "time", "t"),
    "action": ("item", "offer", "option", "product", "ad", "advertiser"),
    "reward": ("value", "revenue", "profit", "fare"),
}
_BUDGETS = {"resource": ("name", "item", "advertiser", "leg"), "budget": ("capacity", "units", "amount", "seats")}
_AUCTIONS = {
    "value": ("valuation", "worth", "reward"),
    "price": ("competing_bid", "highest_bid", "payment", "cost", "bid"),
    "time": ("auction", "id", "timestamp", "t"),
}


@dataclass(frozen=True, eq=False, slots=True)
class Requests(FromTable):
    """A log of requests: what each of their actions earns, and how much it uses of each resource.

    Parameters
    ----------
    rewards : float64 array of shape (T, d)
        Zero for an action that a request does not offer, which is then never taken.
    costs : float64 array of shape (T, d, m)
        Units of each resource.
    names : Names
        Names of the T requests, the d actions and the m resources.

    Notes
    -----
    A table has a row for each action of each request. Its columns are ``request``, ``action`` and ``reward``, in this
    order; all others are resources, whose costs are at least 0. Without requests each row is one; without actions there
    is one. A request offers an action once, and requests stand in the order in which they first appear.
    """

    rewards: np.ndarray
    costs: np.ndarray
    names: Names

    def __repr__(self) -> str:
        return "Requests({} requests, {} actions, {} resources)".format(*self.costs.shape)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Requests:
        roles = table.pick(columns, _REQUESTS, optional=("request", "action"))
        resources = [name for name in table.names if name not in roles.values()]
        if not resources:
            raise ValueError(f"{table.origin}: a column for each resource is needed, beside {', '.join(table.names)}")
        rewards = table.floats(roles["reward"])
        used = np.stack([table.floats(name) for name in resources], axis=-1)
        if (used < 0).any():
            row, column = np.argwhere(used < 0)[0]
            raise table.refuse(int(row), resources[column], "at least 0")
        # without a column of requests each line is one, and offers itself or nothing
        request_names, rows = _numbered(table, roles.get("request"), [str(i) for i in range(1, len(table) + 1)])
        action_names, actions = _numbered(table, roles.get("action"), ["take"] * len(table))
        places = rows * len(action_names) + actions
        # a pair that stands twice would keep its last reward without a word
        first = np.unique(places, return_index=True)[1]
        if len(first) < len(places):
            row = int(np.setdiff1d(np.arange(len(places)), first)[0])
            raise table.refuse(row, roles.get("action") or roles["request"], "one that the request offers once")
        for named in (request_names, action_names, resources):
            warn_alike(named, table.origin)
        gains = np.zeros((len(request_names), len(action_names)))
        costs = np.zeros((*gains.shape, len(resources)))
        gains[rows, actions], costs[rows, actions] = rewards, used
        return cls(gains, costs, Names(tuple(request_names), tuple(action_names), tuple(resources)))

    def stream(self, budget: Mapping[str, Number] | ArrayLike | Number) -> RequestStream:
        """The requests under a budget.

        Parameters
        ----------
        budget : mapping of str to float, array of shape (m,), or float
            Units of each resource, above 0; by the names of the resources, or in their order.

        Returns
        -------
        RequestStream
            Stream whose `names` are the names.

        Raises
        ------
        ValueError
            If a resource has no budget, or a budget no resource.
        """
        units = _in_order(budget, self.names.resources) if isinstance(budget, Mapping) else budget
        return RequestStream(self.rewards, self.costs, units, names=self.names)


def _in_order(budget: Mapping[str, Number], resources: tuple[str, ...]) -> list[Number]:
    """Return the budgets in the order of the resources."""
    wrong = sorted(set(budget) ^ set(resources))
    if wrong:
        raise must("budget", f"a mapping from the resources {', '.join(resources)}", wrong[0])
    return [budget[name] for name in resources]


def _numbered(table: Table, column: str | None, words: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the names in a column in the order of their first rows, and the number of the name of each row."""
    words = words if column is None else table.text(column)
    numbers = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return list(numbers), np.array([numbers[word] for word in words])


class Budgets(FromTable, Mapping[str, float]):
    """The budget of each resource by its name.

    Parameters
    ----------
    units : mapping of str to float
        Above 0.

    Notes
    -----
    A table has a row for each resource, with the columns ``resource`` and ``budget``.
    """

    def __init__(self, units: Mapping[str, float]) -> None:
        self._units = dict(units)

    def __getitem__(self, name: str) -> float:
        return self._units[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._units)

    def __len__(self) -> int:
        return len(self._units)

    def __repr__(self) -> str:
        return f"Budgets({self._units})"

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Budgets:
        roles = table.pick(columns, _BUDGETS)
        names, units = table.text(roles["resource"]), table.floats(roles["budget"])
        seen: set[str] = set()
        for row, (name, amount) in enumerate(zip(names, units, strict=True)):
            if amount <= 0:
                raise table.refuse(row, roles["budget"], "above 0 (leave out the actions that use nothing else)")
            if name in seen:
                raise table.refuse(row, roles["resource"], "one that stands once")
            seen.add(name)
        warn_alike(names, table.origin)
        return cls(dict(zip(names, units.tolist(), strict=True)))


@dataclass(frozen=True, eq=False, slots=True)
class Auctions(FromTable):
    """A log of auctions: what winning each would be worth, and the highest bid of the others.

    Parameters
    ----------
    values, prices : float64 array of shape (T,)
        Values and highest competing bids, in one unit of money, at least 0.
    names : tuple of str
        Names or times of the auctions; their numbers from 1 where the log has none.

    Notes
    -----
    A table has a row for each auction in the order of time, with the columns ``value``, ``price`` and perhaps ``time``,
    which names the auctions and sorts nothing.
    """

    values: np.ndarray
    prices: np.ndarray
    names: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Auctions({len(self.values)} auctions)"

    @classmethod
    def of(cls, value: Any) -> Auctions | None:
        """The log that a value is or holds.

        Parameters
        ----------
        value : object
            A log, a path, or a data frame with several columns.

        Returns
        -------
        Auctions or None
            None where it is none of these.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            As for `from_file`.
        """
        if isinstance(value, Auctions):
            return value
        if isinstance(value, (str, PathLike)):
            return cls.from_file(value)
        return cls.from_frame(value) if hasattr(value, "columns") else None

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Auctions:
        roles = table.pick(columns, _AUCTIONS, optional=("time",))
        found = {role: table.floats(roles[role]) for role in ("value", "price")}
        for role, numbers in found.items():
            if (numbers < 0).any():
                raise table.refuse(int((numbers < 0).argmax()), roles[role], "at least 0")
        names = table.text(roles["time"]) if "time" in roles else map(str, range(1, len(table) + 1))
        return cls(found["value"], found["price"], tuple(names))
