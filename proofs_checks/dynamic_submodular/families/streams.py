"""Families of insertions and deletions on small set functions, whose optima are enumerated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.dynamic_submodular.families.functions import (
    KINDS,
    SetFunction,
    by_values,
    draw_function,
    is_monotone,
    is_submodular,
    optima,
    set_function,
)


def present_after(ops: np.ndarray, n: int) -> np.ndarray:
    """Return which elements are present after each update, bool (T, n)."""
    alive, rows = np.zeros(n, dtype=bool), np.empty((len(ops), n), dtype=bool)
    for t, op in enumerate(ops):
        alive[op if op >= 0 else ~op] = op >= 0
        rows[t] = alive
    return rows


@dataclass(frozen=True)
class Updates:
    """A function, a stream of updates (v inserts element v, ~v deletes it), and the parameters of the algorithm."""

    function: SetFunction
    ops: np.ndarray
    k: int
    epsilon: float = 0.25
    guess: float = 1.0

    @property
    def present(self) -> np.ndarray:
        """The elements present after each update, bool (T, n)."""
        return present_after(self.ops, self.function.n)

    @property
    def optima(self) -> np.ndarray:
        """OPT after each update, (T,)."""
        return optima(self.function, self.present, self.k)

    @property
    def total(self) -> float:
        """The largest value of any set."""
        return float(self.function.values.max())

    @property
    def threshold(self) -> float:
        """t = guess / (2 k)."""
        return self.guess / (2 * self.k)


def monotone(updates: Updates) -> bool:
    """Return whether the function is monotone."""
    return is_monotone(updates.function)


def submodular(updates: Updates) -> bool:
    """Return whether the function is submodular."""
    return is_submodular(updates.function)


HYPOTHESES = {"monotone": monotone, "submodular": submodular}


def draw_ops(draws: Draws, n: int, length: int) -> np.ndarray:
    """Draw a stream: n - 1 elements come in random order, then a drawn element goes if present and else comes."""
    alive, ops = np.zeros(n, dtype=bool), []
    for v in [*draws.permutation(n)[: n - 1].tolist(), *draws.integers(0, n - 1, shape=length).tolist()]:
        ops.append(~v if alive[v] else v)
        alive[v] = not alive[v]
    return np.array(ops, dtype=np.int64)


def draw_updates(draws: Draws, kinds: tuple[str, ...] = KINDS) -> Updates:
    """Draw five to eight elements, k up to three, about twenty updates, and a guess near the largest value."""
    n = draws.integers(5, 8)
    function = draw_function(draws, n, kinds)
    k, epsilon = draws.integers(1, 3), draws.choice((0.125, 0.25, 0.5))
    guess = max(1.0, float(np.ceil(function.values.max()))) * draws.choice((0.25, 0.5, 0.75, 1.0, 1.25))
    return Updates(function, draw_ops(draws, n, 16), k, epsilon, guess)


def nearby(updates: Updates, draws: Draws) -> Updates:
    """Change the guess, or let the stream go on by four updates: the step of the hill climb."""
    n = updates.function.n
    if draws.integers(0, 1):
        return replace(updates, guess=updates.guess * draws.choice((0.5, 0.75, 1.5, 2.0)))
    alive = updates.present[-1].copy()
    more = []
    for v in draws.integers(0, n - 1, shape=4).tolist():
        more.append(~v if alive[v] else v)
        alive[v] = not alive[v]
    return replace(updates, ops=np.r_[updates.ops, more])


def modular(weights: list[float]) -> SetFunction:
    """Return a sum of weights, as the coverage of disjoint sets."""
    return set_function("coverage", np.eye(len(weights), dtype=bool), np.array(weights, dtype=float))


#: one element that comes and goes; equal elements exactly at the threshold, where t = f(v); one that hides two others
ONE = Updates(modular([1.0]), np.array([0, ~0, 0]), 1, 0.25, 2.0)
EQUAL = Updates(modular([1.0] * 4), np.array([0, 1, 2, 3, ~0, ~1, 0]), 2, 0.25, 4.0)

HIDDEN = Updates(
    set_function("coverage", np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]]) > 0),
    np.array([0, 1, 2, 3, ~0, ~3, 0]),
    2,
    0.25,
    4.0,
)

NOTHING = Updates(modular([0.0, 1.0]), np.array([0, ~0, 0, 1]), 3, 0.25, 1.0)
#: two elements, of which each goes and returns forty times: half of the returns replace the other one
BUSY = Updates(modular([1.0, 2.0]), np.r_[[0, 1], np.tile([~0, 0, ~1, 1], 40)], 1, 0.25, 2.0)
#: three equal elements above the threshold, and below twice the threshold
ABOVE = Updates(modular([1.0] * 3), np.arange(3), 2, 0.25, 3.0)
#: six equal elements, of which each goes and returns eight times while three are held
ROUNDS = Updates(modular([1.0] * 6), np.r_[np.arange(6), np.ravel([[~v, v] for v in range(6)] * 8)], 3, 0.25, 1.0)
ALWAYS = (ONE, EQUAL, HIDDEN, NOTHING, BUSY, ABOVE, ROUNDS)
#: the best of ten elements returns forty times: guesses often hold one of the others, which are worth 17/20 of it
NEARLY_AS_GOOD = Updates(modular([17.0] * 9 + [20.0]), np.r_[np.arange(10), np.tile([~9, 9], 40)], 1, 0.25, 40.0)
STREAMS = Family("streams", always=(*ALWAYS, NEARLY_AS_GOOD), draw=draw_updates, climb=nearby)


def draw_dying(draws: Draws, kinds: tuple[str, ...] = KINDS) -> Updates:
    """Draw streams for batches: large k, a large epsilon and low thresholds, so that members may be dead."""
    n = draws.integers(6, 9)
    function = draw_function(draws, n, kinds)
    k, epsilon = draws.integers(2, 6), draws.choice((0.25, 0.5))
    guess = max(1.0, float(np.ceil(function.values.max()))) * draws.choice((0.0625, 0.25, 0.5, 1.0))
    return Updates(function, draw_ops(draws, n, 20), k, epsilon, guess)


#: eight equal elements of which six are chosen: the batch loses some, and gets one of them back
EQUAL_DYING = Updates(modular([1.0] * 8), np.array([*range(8), ~0, ~1, ~2, 1, ~3, ~4, 0, ~5]), 6, 0.5, 6.0)
#: six copies of one element: what the first of them leaves is nothing
COPIES = Updates(set_function("coverage", np.ones((6, 1)) > 0), np.arange(6), 3, 0.5, 3.0)
DYING = Family("dying", always=(*ALWAYS, EQUAL_DYING, COPIES), draw=draw_dying, climb=nearby)


def cardinalities(power: float, n: int = 6, scale: float = 1.0) -> SetFunction:
    """Return scale |S|^power, which is supermodular for a power above one."""
    return by_values(scale * np.array([bin(mask).count("1") ** power for mask in range(1 << n)], dtype=float))


def spoilsport(n: int = 7) -> SetFunction:
    """Return the number of elements, but 1 for sets with element 0: submodular, and element 0 lowers it."""
    counts = np.array([bin(mask).count("1") for mask in range(1 << n)])
    return by_values(np.where(np.arange(1 << n) & 1, 1, counts).astype(float))


EVERYBODY = np.arange(6)

SUPERMODULAR = Family(
    "supermodular",
    always=(Updates(cardinalities(2), EVERYBODY, 3, 0.25, 9.0), Updates(cardinalities(2), EVERYBODY, 4, 0.25, 16.0)),
)
