"""Streams of updates: an objective, insertions and deletions in their order, and how many elements may be chosen.

The base of the classes that apply updates, and the checks of updates, are here too.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from os import PathLike
from typing import Any, TypeAlias

import numpy as np

from lrtheory._array import flat, kernel_input
from lrtheory._types import ArrayLike, Frame
from lrtheory._validation import integer, must, real
from lrtheory.dynamic_submodular.objectives.base import Objective, integers
from lrtheory.dynamic_submodular.objectives.coverage import Coverage, Graph

__all__ = ["UpdateStream"]

#: largest number that `truth` may be
MOST = sys.float_info.max


@dataclass(frozen=True, eq=False)
class UpdateStream:
    """An instance of dynamic maximization; every solver takes it, or its plain parts.

    Parameters
    ----------
    objective : Objective
        Monotone submodular; its elements are numbered from 0.
    ops : int64 array of shape (n_ops,)
        v inserts element v, ~v deletes it.
    k : int
        Largest number of chosen elements.
    names : tuple or None
        Names of the elements, one per element.
    truth : float or None
        The optimum after the last update, where it is known.

    Raises
    ------
    KeyError
        If a present element is inserted or an absent one deleted.
    ValueError
        If `k` is below 1, the names are not one for each element, or the truth is negative or not finite.
    TypeError
        If `objective` is not an objective of this package.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> stream = UpdateStream(Coverage([[0], [0, 1]]), [0, 1, ~0], 1)
    >>> stream.present().tolist(), len(stream)
    ([1], 3)
    """

    objective: Objective
    ops: np.ndarray
    k: int
    _: KW_ONLY
    names: Sequence[object] | None = None
    truth: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "objective", checked_objective(self.objective))
        object.__setattr__(self, "k", integer("k", self.k, low=1))
        n = self.objective.n
        if self.names is not None:
            if not isinstance(self.names, Sequence) or len(self.names) != n:
                raise must("names", f"None or a sequence of {n} names, one per element", self.names)
            object.__setattr__(self, "names", tuple(self.names))
        if self.truth is not None:
            object.__setattr__(self, "truth", real("truth", self.truth, low=0.0, high=MOST))
        object.__setattr__(self, "ops", checked_ops(self.ops, np.full(n, -1, np.int32)))

    def __len__(self) -> int:
        return len(self.ops)

    def present(self, n_ops: int | None = None) -> np.ndarray:
        """Return the elements that are present after the first updates.

        Parameters
        ----------
        n_ops : int or None
            Number of updates that are applied; None is all.

        Returns
        -------
        int64 array
            The elements in increasing order.

        Raises
        ------
        ValueError
            If the stream has fewer updates.
        """
        n_ops = len(self) if n_ops is None else integer("n_ops", n_ops, low=0, high=len(self))
        balance = np.zeros(self.objective.n, np.int64)
        ops = self.ops[:n_ops]
        np.add.at(balance, np.where(ops >= 0, ops, ~ops), np.where(ops >= 0, 1, -1))
        return np.flatnonzero(balance)


#: an objective, a stream that has one, or the graph, the file or the frame of a coverage
Problem: TypeAlias = Objective | UpdateStream | Graph | str | PathLike[str] | Frame


def parts(objective: Any, k: Any, name: str = "objective") -> tuple[Objective, Any]:
    """Return the objective and k of a stream, or both as they are given."""
    if isinstance(objective, UpdateStream):
        objective, k = objective.objective, objective.k if k is None else k
    objective = checked_objective(objective, name)
    if k is None:
        raise must("k", f"given, unless `{name}` is an UpdateStream", k, TypeError)
    return objective, k


def names_of(problem: Any, objective: Objective, items: np.ndarray) -> tuple[Any, ...] | None:
    """Return the names of elements, as the stream has them, else as the objective has them; None without names."""
    names = problem.names if isinstance(problem, UpdateStream) and problem.names else objective.names
    return None if names is None else tuple(names[item] for item in items.tolist())


def checked_objective(objective: Any, name: str = "objective") -> Objective:
    """Return the objective, or the coverage that a path, a graph of networkx or a data frame means."""
    if isinstance(objective, (str, PathLike)):
        return Coverage.from_file(objective)
    if hasattr(objective, "adjacency") and not isinstance(objective, Objective):
        return Coverage.from_graph(objective)
    if getattr(objective, "columns", None) is not None:
        return Coverage.from_frame(objective)
    if not isinstance(objective, Objective):
        rule = "an objective of this package, such as Coverage or CountingOracle"
        raise must(name, rule, objective, TypeError)
    return objective


class SingleUpdates(ABC):
    """A class with `insert` and `delete`, made from `_apply` of an array; a rejected call changes nothing."""

    objective: Objective

    @abstractmethod
    def _apply(self, ops: ArrayLike) -> Any:
        """Check all updates, then apply them."""

    def _apply_one(self, op: int) -> Any:
        """Check one update, then apply it."""
        return self._apply(np.array([op]))

    def _number(self, v: int | str) -> int:
        """Return the number of an element."""
        return self.objective.number(v) if isinstance(v, str) else integer("v", v, low=0)

    def insert(self, v: int | str) -> None:
        """Insert an element.

        Parameters
        ----------
        v : int or str
            An absent element of the objective, by its number or by a name that is a word.

        Raises
        ------
        KeyError
            If it is present or does not exist.
        """
        self._apply_one(v if type(v) is int and v >= 0 else self._number(v))

    def delete(self, v: int | str) -> None:
        """Delete an element.

        Parameters
        ----------
        v : int or str
            A present element, by its number or by a name that is a word.

        Raises
        ------
        KeyError
            If it is absent.
        """
        self._apply_one(~v if type(v) is int and v >= 0 else ~self._number(v))


# --- checks ----------------------------------------------------------------------------------------------------------


def checked_ops(ops: ArrayLike | None, where: np.ndarray) -> np.ndarray:
    """Return updates as a read-only int64 array; a KeyError names the first that does not fit the elements present.

    ``where[v]`` is negative for an absent element v and no other one; only the entries of the updates are looked at.
    """
    n = len(where)
    given = integers("ops", ops, "a one-dimensional array of integers, v or ~v")
    if given.dtype.kind == "u" and (given >= n).any():  # from 2^63 on int64 would make it negative, a deletion
        raise must("ops", f"updates of elements in [0, {n - 1}]", int(given.max()), KeyError)
    given = kernel_input(given, np.int64)
    index = int(_misfit(where, given))
    if index >= 0:
        op = int(given[index])
        v = op if op >= 0 else ~op
        state = "unknown" if v >= n else "present" if op >= 0 else "absent"
        rule = "an element that is known and absent to insert, or present to delete"
        raise must(f"ops[{index}]", rule, f"{'insert' if op >= 0 else 'delete'} {v}, which is {state}", KeyError)
    return given


@flat
def _misfit(where, ops):
    """Return the index of the first update that inserts a present or deletes an absent element, -1 for none."""
    misfit = -1
    n_played = ops.shape[0]
    for i in range(ops.shape[0]):
        v = ops[i] if ops[i] >= 0 else ~ops[i]
        if v >= where.shape[0] or (where[v] >= 0) == (ops[i] >= 0):
            misfit = n_played = i
            break
        where[v] = ~where[v]  # the sign says whether it is present now
    for i in range(n_played):  # the complement is its own inverse
        v = ops[i] if ops[i] >= 0 else ~ops[i]
        where[v] = ~where[v]
    return misfit
