"""An objective made of any Python function, with its calls counted; the kernels run on it interpreted."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sized
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory._validation import integer, must
from lrtheory.dynamic_submodular.objectives.base import Objective
from lrtheory.dynamic_submodular.structures.prefixes import MEMBER, VALUE
from lrtheory.dynamic_submodular.structures.states import NEARLY

__all__ = ["CountingOracle", "kernels"]


class CountingOracle(Objective):
    """A set function given by a Python callable; f(empty) is subtracted.

    All solvers accept it. They then run interpreted, about a thousand times slower than on the other objectives, with
    as many calls of the function as they count queries or fewer, and one for the empty set.

    Parameters
    ----------
    f : callable
        Takes a tuple of distinct elements (int) and returns a number.
    n : int
        Number of elements.

    Attributes
    ----------
    calls : int
        Number of calls of the function so far.
    n : int
        Number of elements.

    Raises
    ------
    TypeError
        If `f` is not callable.
    ValueError
        If `n` is negative; from every method, if the function returns something that is not a finite number.

    Examples
    --------
    >>> f = CountingOracle(lambda S: min(len(S), 2), 4)
    >>> f.value([0, 3]), f.gain(1, [0, 3]), f.calls
    (2.0, 0.0, 4)
    """

    def __init__(self, f: Callable[[tuple[int, ...]], float], n: int) -> None:
        if not callable(f):
            raise must("f", "a callable that takes a tuple of elements", f, TypeError)
        self.f, self._n, self.calls = f, integer("n", n, low=0), 0
        self._empty: float | None = None
        self._singles: dict[int, float] = {}
        self._record = self  # the interpreted kernels ask the oracle itself

    @property
    def n(self) -> int:
        """Number of elements."""
        return self._n

    def reset(self) -> None:
        """Set `calls` to 0."""
        self.calls = 0

    def _value(self, items: Any) -> float:
        if self._empty is None:
            self._empty = self._asked(())
        return self._asked(tuple(map(int, items))) - self._empty if len(items) else 0.0

    def _gain(self, v: int, items: np.ndarray) -> float:
        return 0.0 if v in items else self._value([*items, v]) - self._value(items)

    def _gains(self, items: np.ndarray) -> np.ndarray:
        base = self._value(items)
        return np.array([0.0 if v in items else self._value([*items, v]) - base for v in range(self._n)])

    def single(self, v: int) -> float:
        """Return f of one element; solvers ask for it often, the function is called once.

        Parameters
        ----------
        v : int
            An element.

        Returns
        -------
        float
            f({v}) - f(empty).
        """
        if v not in self._singles:
            self._singles[v] = self.value([v])
        return self._singles[v]

    def append(self, rows: Sized) -> np.ndarray:
        """Let the function be asked about more elements.

        Parameters
        ----------
        rows : collection
            One entry per element; only its length counts.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.

        Raises
        ------
        TypeError
            If `rows` has no length.
        """
        if not isinstance(rows, Sized):
            raise must("rows", "a collection with one entry per element", rows, TypeError)
        self._n += len(rows)
        return np.arange(self._n - len(rows), self._n)

    def row_sizes(self) -> np.ndarray:
        """Return zeros, since no matrix stands behind a callable.

        Returns
        -------
        array
            Zeros.
        """
        return np.zeros(self._n, np.int64)

    def room_for(self, k: int) -> int:
        """Return 0, since no staircases stand behind a callable.

        Parameters
        ----------
        k : int
            Number of elements.

        Returns
        -------
        int
            0.
        """
        return 0

    def _asked(self, items: tuple[int, ...]) -> float:
        self.calls += 1
        answer = self.f(items)
        if isinstance(answer, bool) or not isinstance(answer, (int, float, np.number)) or not math.isfinite(answer):
            raise must("f", f"a function with finite values, also at {items}", answer)
        return float(answer)


# --- the kernels, asking the callable --------------------------------------------------------------------------------


class Asking:
    """Scratch for marginals that computes those of a profile lazily: each is asked for when it is first read.

    Kernels read profiles as arrays; this way they ask a callable for the marginals that they count, and no others.
    """

    def __init__(self, kept: np.ndarray) -> None:
        self.kept = kept
        self.expect(0, -1, float)  # an empty range: nothing is asked for

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the scratch."""
        return self.kept.shape

    def expect(self, low: int, high: int, ask: Callable[[int], float]) -> None:
        """Let indices low to high hold what `ask` answers, from now on, and forget what was known."""
        self.low, self.high, self.ask, self.known = low, high, ask, set[int]()

    def __getitem__(self, z: int) -> float:
        if self.low <= z <= self.high and z not in self.known:
            self[z] = self.ask(z)
        return self.kept[z]

    def __setitem__(self, z: int, value: float) -> None:
        self.known.add(int(z))
        self.kept[z] = value

    def __reduce__(self) -> tuple[Any, ...]:
        return Asking, (self.kept,)


def scratch_for(objective: Any, work: Any) -> Any:
    """Return the scratch of a solver; behind a callable one that asks for marginals one by one."""
    return work._replace(gains=Asking(work.gains)) if isinstance(objective, CountingOracle) else work


def _profile(oracle: Any, state: Any, v: int, low: int, high: int, floor: float, gains: Asking) -> None:
    gains.expect(low, high, lambda z: _gain(oracle, state, z, v, gains))


def _depth(gains: Asking, bars: np.ndarray, first: int, opened: int, last: int) -> int:
    """Find what `levels.depth` finds by the questions that are counted: e_level, the end, then a binary search."""

    def passes(z: int) -> bool:
        return bool(bars[z] < math.inf and gains[z] >= bars[z] * NEARLY)

    if first == 0 and not passes(0):  # deeper pools hold nothing that fails before them
        return 0
    if opened > first + 1 and not passes(first + 1):
        return first + 1
    if passes(last):
        return last + 1
    # invariant: v passes at prefix `low` and fails at prefix `high`, and marginals never rise while bars never fall
    low, high = opened - 1, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return high


def _gain(oracle: Any, state: Any, length: int, v: int, gains: Any) -> float:
    if length == 0:
        return oracle.single(int(v))
    members = state.levels[MEMBER, 1 : length + 1].tolist()
    return oracle.value([*members, int(v)]) - float(state.marks[VALUE, length])


def _extend(oracle: Any, state: Any, z: int, v: int, marginal: float) -> None:
    state.levels[MEMBER, z] = v
    state.marks[VALUE, z] = state.marks[VALUE, z - 1] + marginal


def _truncate(oracle: Any, state: Any, length: int, z: int) -> None:
    pass


def _set_value(oracle: Any, state: Any, items: np.ndarray, gains: np.ndarray) -> float:
    return oracle.value(items.tolist())


def _gains_of(oracle: Any, state: Any, length: int, candidates: Any, found: np.ndarray, gains: np.ndarray) -> None:
    for a, v in enumerate(candidates):
        found[a] = _gain(oracle, state, length, v, gains)


@functools.cache
def kernels() -> SimpleNamespace:
    """Return the modules of kernels, interpreted, where all that reads rows of a matrix calls an oracle instead."""
    from lrtheory.dynamic_submodular.selection import greedy as offline_steps
    from lrtheory.dynamic_submodular.selection import streaming
    from lrtheory.dynamic_submodular.structures import batches, guesses, levels, prefixes, states, stream

    asking = SimpleNamespace(
        **{**vars(prefixes), "profile": _profile, "gain": _gain, "extend": _extend, "truncate": _truncate}
    )
    asking.set_value, asking.gains_of = _set_value, _gains_of
    own_states = interpreted(states, prefixes=asking)
    own = {"prefixes": asking, "states": own_states}
    own_stream = interpreted(stream, **own)
    # the kernels themselves run, interpreted and with other doors, so that no second version of an algorithm is kept
    built = {"levels": interpreted(levels, **own, depth=_depth), "batches": interpreted(batches, **own)}
    return SimpleNamespace(
        **built,
        prefixes=asking,
        states=own_states,
        stream=own_stream,
        guesses=interpreted(guesses, **own, **built, streams=own_stream),
        offline_steps=interpreted(offline_steps, **own),
        streaming=interpreted(streaming, **own),
    )
