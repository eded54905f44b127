"""The results of a maintained solver: its trace along a stream, and the state of one guess."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._result import Result, display, result

__all__ = ["GuessState", "UpdateTrace"]


@result
class UpdateTrace(Result):
    """The answers along a stream; without ``record=True`` the arrays of one entry per update are empty.

    Attributes
    ----------
    values, upper_bounds : float64 array of shape (n_ops,)
        Value of the solution after each update, and an upper bound of OPT then.
    queries, changes : int64 array of shape (n_ops,)
        Marginals that each update asked for, and elements that it brought into the solution.
    solution : int64 array of shape (n_chosen,)
        The solution after the last update.
    names : tuple or None
        Names of its elements.
    counts : mapping
        ``queries``, ``profiles``, ``rebuilds``, ``rebuilt`` and ``guesses`` of this call; baselines count ``queries``.
    """

    values: np.ndarray
    upper_bounds: np.ndarray
    queries: np.ndarray
    changes: np.ndarray
    solution: np.ndarray
    names: tuple[Any, ...] | None
    counts: dict[str, int]

    def _columns(self) -> dict[str, Any]:
        if not len(self.values):
            return {"element": self.solution if self.names is None else self.names}
        arrays = {"value": self.values, "upper_bound": self.upper_bounds}
        return {"update": np.arange(len(self.values)), **arrays, "queries": self.queries, "changes": self.changes}

    def _facts(self) -> list[str]:
        names = [str(name) for name in (self.solution if self.names is None else self.names)[:10]]
        more = ", ..." if len(self.solution) > 10 else ""
        facts = [f"the solution after the last update: {', '.join(names) or 'none'}{more}"]
        if len(self.values) and np.isfinite(self.upper_bounds).all():
            worth = self.upper_bounds > 0
            least = (self.values[worth] / self.upper_bounds[worth]).min(initial=1.0)
            facts.insert(0, f"after every update the value is at least {least:.1%} of the upper bound")
        return facts

    def _draw(self, ax: Any) -> None:
        if not len(self.values):
            what = "without record=True nothing is kept of the updates, so there is no picture of them"
            raise TypeError(what)
        lines = {"value": self.values}
        lines |= {"upper bound": self.upper_bounds} if np.isfinite(self.upper_bounds).all() else {}
        display.curves(ax, np.arange(len(self.values)), lines, xlabel="update", ylabel="value")


@result
class GuessState(Result):
    """One guess of the optimum as a solver holds it.

    Attributes
    ----------
    index : int
        j of o_j = u (1 + epsilon)^j, u the value of the first element that was worth something.
    guess : float
        o_j.
    coins : int
        Start of its random stream; ``OneGuess(..., coins=coins)`` draws the same numbers.
    sequence : int64 array of shape (T,)
        e_1, ..., e_T; with batches dead members are included.
    value : float
        f(sequence).
    is_full : bool
        Whether T = k.
    n_seen : int
        Number of updates that a guess of a lazy solver has been shown; in an eager table, of elements that it holds.
    counts : mapping
        ``queries``, ``profiles``, ``rebuilds``, ``rebuilt``.
    """

    index: int
    guess: float
    coins: int
    sequence: np.ndarray
    value: float
    is_full: bool
    n_seen: int
    counts: dict[str, int]
