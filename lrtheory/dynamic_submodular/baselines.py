"""Alternatives to the maintained structures; all return an `UpdateTrace`.

`recompute`      greedy selection anew after every update: the best values, and work that grows with n
`dynamic_sieve`  a sieve over the insertions, run again when an element that it chose is deleted
`lattanzi`       the dynamic algorithm of Lattanzi et al. (2020): levels that are rebuilt when their buffers fill
`random_subset`  k random elements
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lrtheory._numbers import number
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import generator, integer
from lrtheory.dynamic_submodular.maintenance.answers import UpdateTrace
from lrtheory.dynamic_submodular.objectives import CountingOracle, Objective
from lrtheory.dynamic_submodular.objectives.counting import kernels
from lrtheory.dynamic_submodular.offline import accuracy
from lrtheory.dynamic_submodular.problem import Problem, UpdateStream, checked_ops, names_of, parts
from lrtheory.dynamic_submodular.selection import greedy as offline_steps
from lrtheory.dynamic_submodular.selection import streaming
from lrtheory.dynamic_submodular.structures import prefixes, states
from lrtheory.dynamic_submodular.structures.lattanzi_2020 import LattanziGuess, grid_between
from lrtheory.dynamic_submodular.theory import guesses_per_element

__all__ = ["dynamic_sieve", "lattanzi", "random_subset", "recompute"]


def recompute(objective: Problem, ops: ArrayLike | None = None, k: int | None = None) -> UpdateTrace:
    """Run lazy greedy selection on all present elements after every update.

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular.
    ops : int64 array of shape (n_ops,)
        v inserts, ~v deletes; may be left out with an `UpdateStream`.
    k : int
        Largest number of chosen elements; may be left out with an `UpdateStream`.

    Returns
    -------
    UpdateTrace
        The answers; the bounds are those of greedy selection.

    Raises
    ------
    KeyError
        If a present element is inserted or an absent one deleted.

    Notes
    -----
    f(S) >= (1 - (1 - 1/k)^k) OPT after every update (statement DS-T14-greedy).

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> recompute(Coverage([[0, 1], [1], [2]]), [0, 2, ~0, 1], 1).values.tolist()
    [2.0, 2.0, 1.0, 1.0]
    """
    objective, checked, k = _instance(objective, ops, k)
    module = kernels() if isinstance(objective, CountingOracle) else None
    steps, forget = (module.offline_steps, module.prefixes.truncate) if module else (offline_steps, prefixes.truncate)
    state = states.at(states.new_states(objective._record, 0, k, n_entries=objective.room_for(k)), 0)

    def answer(present: np.ndarray, op: int) -> tuple[np.ndarray, float, float, int]:
        n = len(present)
        bounds = np.full(n, np.inf)
        search = offline_steps.Search(present, k, bounds, np.zeros(k + 2))
        length, queries = steps.lazy(objective._record, state, search, np.zeros(n, np.int64), np.zeros(n, np.int64))
        items = state.levels[states.MEMBER, 1 : length + 1].copy()
        value = float(state.marks[states.VALUE, length])
        forget(objective._record, state, length, states.EMPTY)
        top = np.sort(np.maximum(bounds, 0.0))[-k:].sum()
        return items, value, value + float(top), int(queries)

    return _trace(objective, checked, answer)


def dynamic_sieve(
    objective: Problem, ops: ArrayLike | None = None, k: int | None = None, *, epsilon: float = 0.1
) -> UpdateTrace:
    """Run sieve-streaming over the insertions, and again on all that is present when a sieve loses an element.

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular.
    ops : int64 array of shape (n_ops,)
        v inserts, ~v deletes; may be left out with an `UpdateStream`.
    k : int
        Largest number of chosen elements; may be left out with an `UpdateStream`.
    epsilon : float
        Neighboring guesses have the ratio 1 + epsilon; in [1e-6, 1).

    Returns
    -------
    UpdateTrace
        The answers; their upper bounds are infinite, since sieves prove none.

    Raises
    ------
    KeyError
        If a present element is inserted or an absent one deleted.
    ValueError
        If `epsilon` is out of range.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> dynamic_sieve(Coverage([[0, 1], [1], [2]]), [0, 2, ~0, 1], 1).values.tolist()
    [2.0, 2.0, 1.0, 1.0]
    """
    objective, checked, k = _instance(objective, ops, k)
    epsilon = accuracy(epsilon, fine=True)
    sieve = kernels().streaming.sieve if isinstance(objective, CountingOracle) else streaming.sieve
    n_entries, n_slots = objective.room_for(k), guesses_per_element(k, epsilon) + 3
    table: states.State | None = None
    best_seen, alive = np.zeros(3), dict[int, None]()

    def answer(present: np.ndarray, op: int) -> tuple[np.ndarray, float, float, int]:
        nonlocal table
        fresh = np.array([op] if op >= 0 else [], np.int64)
        if op >= 0:
            alive[op] = None
        else:
            del alive[~op]
        # a sieve cannot go back to before an element that it took: all sieves start again, in the order of arrival
        if table is None or (op < 0 and _holds(table, ~op)):
            table = states.new_states(objective._record, 0, k, n_entries=n_entries, n_slots=n_slots)
            table.numbers[:, states.INDEX] = -(2**62)
            best_seen[:] = 0.0
            fresh = np.array(list(alive), np.int64)
        sieves = streaming.Sieves(table, k, epsilon, False, best_seen)
        slot, queries = sieve(objective._record, sieves, fresh, np.zeros(len(fresh)), np.zeros(k + 2))
        state = states.at(table, int(slot))
        length = int(state.numbers[states.LENGTH])
        items = state.levels[states.MEMBER, 1 : length + 1].copy()
        return items, float(state.marks[states.VALUE, length]), np.inf, int(queries)

    return _trace(objective, checked, answer)


def lattanzi(
    objective: Problem,
    ops: ArrayLike | None = None,
    k: int | None = None,
    *,
    epsilon: float = 0.2,
    rng: Rng = None,
) -> UpdateTrace:
    """Run the dynamic algorithm of Lattanzi et al. in its simple form, as far as their published code shows it.

    Its guesses stand on a grid of ratio 1.3 from the least single value to k times the largest one, both of all
    elements of the stream, which the algorithm knows in advance. It runs interpreted, for comparisons of queries and
    values, not of times.

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular.
    ops : int64 array of shape (n_ops,)
        v inserts, ~v deletes; may be left out with an `UpdateStream`.
    k : int
        Largest number of chosen elements; may be left out with an `UpdateStream`.
    epsilon : float
        A guess o is rebuilt when its value falls below (1 - epsilon) o / 2; in [0, 1).
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    UpdateTrace
        The answers; their upper bounds are infinite, since none is proved.

    Raises
    ------
    KeyError
        If a present element is inserted or an absent one deleted.
    ValueError
        If `epsilon` is out of range.

    References
    ----------
    .. [1] S. Lattanzi, S. Mitrovic, A. Norouzi-Fard, J. Tarnawski, M. Zadimoghaddam, Fully Dynamic Algorithm for
       Constrained Submodular Optimization, NeurIPS 2020.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> lattanzi(Coverage([[0, 1], [1], [2]]), [0, 2, ~0, 1], 1, rng=0).values.tolist()
    [2.0, 2.0, 1.0, 1.0]
    """
    objective, checked, k = _instance(objective, ops, k)
    epsilon, rng = float(number("epsilon", epsilon, 0, 1, ends="[)")), generator(rng)
    elements = np.unique(np.where(checked >= 0, checked, ~checked))
    singles = objective.gains([])[elements] if len(elements) else np.zeros(0)
    grid = grid_between(singles[singles > 0], k)
    guesses = [LattanziGuess(objective, k, guess, epsilon, len(elements), rng) for guess in grid]

    def answer(present: np.ndarray, op: int) -> tuple[np.ndarray, float, float, int]:
        before = sum(guess.queries for guess in guesses)
        for guess in guesses:
            guess.update(op)
        best = max(guesses, key=lambda guess: guess.value, default=None)
        queries = sum(guess.queries for guess in guesses) - before
        return (best.solution, best.value, np.inf, queries) if best else (np.zeros(0, np.int64), 0.0, 0.0, queries)

    return _trace(objective, checked, answer)


def random_subset(
    objective: Problem,
    ops: ArrayLike | None = None,
    k: int | None = None,
    *,
    rng: Rng = None,
) -> UpdateTrace:
    """Choose the k present elements that come first in a random order of all, with one value asked for per update.

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Any set function.
    ops : int64 array of shape (n_ops,)
        v inserts, ~v deletes; may be left out with an `UpdateStream`.
    k : int
        Largest number of chosen elements; may be left out with an `UpdateStream`.
    rng : Generator, int or None
        Draws the order.

    Returns
    -------
    UpdateTrace
        The answers; their upper bounds are infinite.

    Raises
    ------
    KeyError
        If a present element is inserted or an absent one deleted.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> random_subset(Coverage([[0, 1], [1], [2]]), [0, 2, ~0], 2, rng=0).values.tolist()
    [2.0, 3.0, 1.0]
    """
    objective, checked, k = _instance(objective, ops, k)
    rank = generator(rng).permutation(objective.n)

    def answer(present: np.ndarray, op: int) -> tuple[np.ndarray, float, float, int]:
        items = present[np.argsort(rank[present])[:k]]
        return items, objective.value(items), np.inf, 1

    return _trace(objective, checked, answer)


def _holds(table: states.State, v: int) -> bool:
    """Return whether a sequence of the table holds v."""
    members = table.levels[:, states.MEMBER]
    indices = np.arange(members.shape[1])
    inside = (indices >= 1) & (indices <= table.numbers[:, [states.LENGTH]])
    return bool((inside & (members == v)).any())


def _instance(objective: Problem, ops: ArrayLike | None, k: int | None) -> tuple[Objective, np.ndarray, int]:
    """Return the objective, the checked updates and k, of a stream where they are left out."""
    ops = objective.ops if ops is None and isinstance(objective, UpdateStream) else ops
    objective, k = parts(objective, k)
    checked = checked_ops(ops, np.full(objective.n, -1, np.int32))
    return objective, checked, integer("k", k, low=1)


def _present(ops: np.ndarray, n: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield every update with the elements that are present after it."""
    here = np.zeros(n, bool)
    for op in ops.tolist():
        here[op if op >= 0 else ~op] = op >= 0
        yield op, np.flatnonzero(here)


def _trace(
    objective: Objective, ops: np.ndarray, answer: Callable[..., tuple[np.ndarray, float, float, int]]
) -> UpdateTrace:
    """Return the trace of a function that answers from the elements present and the update."""
    n = len(ops)
    values, uppers = np.zeros(n), np.zeros(n)
    queries, changes, items = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(0, np.int64)
    for index, (op, present) in enumerate(_present(ops, objective.n)):
        before = items
        items, values[index], uppers[index], queries[index] = answer(present, op)
        changes[index] = len(np.setdiff1d(items, before))
    names = names_of(None, objective, items)
    return UpdateTrace(values, uppers, queries, changes, items, names, {"queries": int(queries.sum())})
