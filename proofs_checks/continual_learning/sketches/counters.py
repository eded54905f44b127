"""Sketches of rows along axes, which are counters."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lrtheory._numbers import number, plain
from lrtheory._validation import must, pairs
from lrtheory.bounds import All, Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.rows import DROPS, KEPT, SIGNS, read, sketch_of
from proofs_checks.guards import allowance, misfit


@dataclass(frozen=True)
class Axes:
    """Rows along axes: the axis and the entry of each, and the sizes of a sketch."""

    axes: tuple[int, ...]
    entries: tuple[float, ...]
    n: int
    rank: int
    buffer: int

    @property
    def rows(self) -> np.ndarray:
        """The rows."""
        A = np.zeros((len(self.axes), self.n))
        A[np.arange(len(self.axes)), self.axes] = np.asarray(self.entries, float)
        return A


def is_axial(case: Axes) -> bool:
    """Decide whether each row has one axis and an entry that is a small integer, not 0."""
    small = all(float(entry).is_integer() and 0 < abs(entry) <= 64 for entry in case.entries)
    fits = len(case.axes) == len(case.entries) > 0 and all(0 <= axis < case.n for axis in case.axes)
    return bool(small and fits and 1 <= case.rank < case.buffer)


Found = dict[str, Any]


def counted(case: Axes, rng: np.random.Generator | None = None) -> Found:
    """Return what the library's sketch keeps of rows along axes, and how often it has shrunk."""
    made = sketch_of(case.rows, case.rank, case.buffer)
    return read(made) | {"n_shrinks": int(made.n_shrinks)}


def short_streams() -> tuple[Axes, ...]:
    """Return all streams of up to 4 unit rows along 3 axes with one kept, and some with weights, ties and buffers."""
    words = [
        tuple(int(c) for c in np.base_repr(code, 3).zfill(length))
        for length in (1, 2, 3, 4)
        for code in range(3**length)
    ]
    plain = [
        Axes(word, (1.0,) * len(word), 3, 1, 2) for word in words if word[0] == 0 and max(word) <= 1 + word.index(0)
    ]
    mixed = tuple(int(axis) for axis in np.arange(48) ** 2 % 7)
    sizes = tuple(1.0 + entry % 5 for entry in range(48))
    return (
        *plain,
        Axes(mixed, (1.0,) * 48, 7, 3, 6),
        Axes(mixed, sizes, 7, 3, 4),
        Axes(mixed, sizes, 7, 2, 9),
        Axes(tuple(range(6)) * 4, (2.0,) * 24, 6, 4, 8),
    )


def draw_axes(draws: Draws) -> Axes:
    """Draw up to 40 rows along up to 8 axes."""
    n, T = draws.integers(2, 8), draws.integers(1, 40)
    rank = draws.integers(1, n - 1)
    axes = tuple(int(axis) for axis in draws.integers(0, n - 1, shape=T))
    entries = tuple(float(entry) for entry in draws.integers(1, draws.choice((1, 2, 9)), shape=T))
    return Axes(axes, entries, n, rank, draws.choice((rank + 1, 2 * rank + 1, 2 * rank + 4)))


def unit_streams() -> Iterator[Axes]:
    """Yield all streams of one to six unit rows along three axes, for a sketch of one row with a buffer of three."""
    for T in range(1, 7):
        for axes in itertools.product(range(3), repeat=T):
            yield Axes(axes, (1.0,) * T, 3, 1, 3)


AXES = Family("rows-along-axes", always=short_streams, draw=draw_axes)


def eager(case: Axes, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Shrink at every row that does not fit into the rows that are kept."""
    return counted(replace(case, buffer=case.rank + 1))


class Counters(NamedTuple):
    """Counters of the algorithm of Misra and Gries (statement FD-9).

    Parameters
    ----------
    counters : dict of int to number
        Remaining weight of each item, without zeros.
    missed : number
        The sum of all decrements.
    n_shrinks : int
        Decrements between items, those by 0 among them; a last one, for reading, is not counted.
    """

    counters: dict[int, Number]
    missed: Number
    n_shrinks: int


def totals(slots: list[tuple[int, Number]]) -> dict[int, Number]:
    """The weight of each item."""
    counters: dict[int, Number] = {}
    for item, weight in slots:
        counters[item] = counters.get(item, 0) + weight
    return counters


def decremented(slots: list[tuple[int, Number]], kept: int) -> tuple[list[tuple[int, Number]], Number]:
    """The counters less the first one that is not kept, which is 0 where there is none, without zeros."""
    counters = totals(slots)
    ordered = sorted(counters.values(), reverse=True)
    least = ordered[kept] if len(ordered) > kept else 0
    return [(item, value - least) for item, value in counters.items() if value > least], least


@formula(rank="[1, inf)", m="[1, inf)")
def misra_gries(items: Iterable[tuple[int, Number]], rank: int, m: int | None = None) -> Counters:
    """Counters of weighted `items`, pairs of an item and its weight.

    `rank` of them are kept, for which a last decrement is made where more are left. Where m is None it is 2 `rank`.

    Proof
    -----
    Assumes: exact arithmetic, or ties that are none.

    Proof: the Gram matrix of rows along axes is diagonal, with one counter for each axis, so the squared singular
    values of the buffer are the counters. Shrinking by the (l+1)-th of them and dropping zeros is the decrement of
    Misra and Gries.

    References
    ----------
    .. [1] J. Misra, D. Gries, Finding repeated elements, Science of Computer Programming 1982.
    """
    places = 2 * rank if m is None else m
    if places <= rank:
        raise must("m", f"an integer above rank {rank}", m)
    slots: list[tuple[int, Number]] = []
    missed: Number = 0
    n_shrinks = 0
    is_other = isinstance(items, (str, np.ndarray)) or not isinstance(items, Iterable)
    for item, weight in pairs("items", items if is_other else list(items)):
        if len(slots) == places:
            slots, taken = decremented(slots, rank)
            missed, n_shrinks = missed + taken, n_shrinks + 1
        slots.append((item, number("items", weight, 0, ends="(]")))
    if len(slots) > rank:
        slots, taken = decremented(slots, rank)
        missed = missed + taken
    return Counters({item: plain(value) for item, value in totals(slots).items()}, plain(missed), n_shrinks)


def counts(case: Axes, found: Found) -> Sides:
    """Compare the squares that a sketch keeps along each axis, its shrinks and its energy with the counters."""
    B, n = np.asarray(found["sketch"]), case.n
    weights = [int(entry) ** 2 for entry in case.entries]
    counters, delta, n_shrinks = misra_gries(zip(case.axes, weights, strict=True), case.rank, case.buffer)
    kept = np.zeros((n, n))
    for axis, value in counters.items():
        kept[axis, axis] = value
    lhs = np.concatenate([(B.T @ B).ravel(), [found["delta"], found["mass"], found["n_shrinks"]]])
    rhs = np.concatenate([kept.ravel(), [float(delta), float(sum(weights)), float(n_shrinks)]])
    margin = np.append(np.full(len(lhs) - 1, allowance(case.rows, steps=1 + len(case.rows))), 0.0)
    return misfit((B, (min(len(B), case.rank), n))) or Sides(lhs, rhs, rounding=margin)


FD_9 = Statement(
    id="continual_learning/FD-9",
    title="On rows along axes a sketch counts as Misra and Gries do",
    says=(
        "All rows of a stream are multiples c e_i of unit vectors. Then B^T B of Frequent Directions is diagonal, and "
        "its entries are the counters of the algorithm of Misra and Gries for items i of weight c^2: with a buffer of "
        "m places, and with the (l + 1)-th counter taken from all whenever it is full."
    ),
    source=Derived(misra_gries),
    tex=r"A = (c_te_{i_t})_t \Rightarrow B^\top B = \mathrm{diag}(\text{counters}),\ \delta = \sum\text{decrements}",
    hypotheses={"rows along axes with small integers": is_axial},
    instances=AXES,
    for_all=(
        All("streams of 1 to 6 unit rows along three axes, with rank 1 and a buffer of 3", unit_streams, members=1092),
    ),
    solve=counted,
    claim=Identity(counts),
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("a shrink at every row", solve=eager),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur(
            "the last value that is kept is taken",
            patch=(SketchBuffer._shrunk, "energies[self.rank] if", "energies[self.rank - 1] if"),
        ),
        saboteur(
            "ties stay as rows of no length",
            patch=(SketchBuffer._shrunk, "- missed > least", "- missed >= 0.0 * least"),
        ),
    ),
)
