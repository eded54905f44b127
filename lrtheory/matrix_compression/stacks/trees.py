"""A stack is cut into leaves, which are sketched alone and merged in a tree that does not know who did the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from lrtheory._parallel import n_threads, parallel_map
from lrtheory.matrix_compression.stacks.accumulator import GRAM_ROWS
from lrtheory.matrix_compression.stacks.inputs import Stream
from lrtheory.matrix_compression.stacks.sketch import Method, StackSketch

__all__ = ["Plan", "sketch_of", "sketch_within"]

T = TypeVar("T")
#: blocks that are sketched whole, and leaves that are sketched in one process
Leaf: TypeAlias = tuple[np.ndarray, ...]
Task: TypeAlias = tuple[Leaf, ...]

#: the first rank that is tried where an error is given and the rank is not
FIRST_RANK = 32
#: leaves of one task, a power of two, so that tasks are whole branches of the tree
LEAVES = 16
#: tasks of a stream that are held in memory for each worker
AHEAD = 4


class Plan(NamedTuple):
    """The parameters of the sketches of a tree."""

    rank: int
    oversampling: int
    method: Method
    record: bool = False

    def sketch(self, n_columns: int | None = None) -> StackSketch:
        """Make an empty sketch, which factors this many columns at once."""
        return StackSketch(
            self.rank,
            oversampling=self.oversampling,
            method=self.method,
            buffer=n_columns,
            record=self.record,
        )

    def settled(self, n_rows: int) -> Plan:
        """Choose the method that "auto" means."""
        auto: Method = "gram" if n_rows <= GRAM_ROWS else "fd"
        return self._replace(method=auto) if self.method == "auto" else self

    def leaf_columns(self, n_rows: int) -> int:
        """Return the columns from which on a leaf is full."""
        return 2 * n_rows if self.method == "gram" else 3 * max(1, self.rank + self.oversampling)


def sketch_of(blocks: Iterable[np.ndarray], plan: Plan, n_jobs: int | None = None) -> StackSketch:
    """Sketch all blocks by a tree of merges, over processes; the answer does not depend on how many there are."""
    source = iter(blocks)
    first = next(source)
    plan = plan.settled(len(first))
    leaves = _leaves(chain([first], source), plan.leaf_columns(len(first)))
    gram = plan.method == "gram"
    tasks = _batched(leaves, 1 if gram else LEAVES)
    whole = plan.sketch()
    counter = Counter()
    for sketch in _mapped(partial(_branch, plan=plan), tasks, n_jobs):
        (whole.merge if gram else counter.add)(sketch)
    return whole if gram else counter.whole()


def sketch_within(stream: Stream, plan: Plan, epsilon: float | None, n_jobs: int | None) -> tuple[StackSketch, int]:
    """Read the stack once, or, where only an error is given, until the sketch is wide enough."""
    if epsilon is None:
        return sketch_of(stream, plan, n_jobs), 1
    plan, n_reads = plan._replace(rank=FIRST_RANK), 0
    while True:
        sketch = sketch_of(stream, plan, n_jobs)
        n_reads += 1
        exact = sketch.method == "gram" or plan.rank >= min(sketch.n_rows, sketch.n_columns)
        if exact or sketch.interval(plan.rank).upper <= epsilon:
            return sketch, n_reads
        stream.need_restart("epsilon")
        plan = plan._replace(rank=2 * plan.rank)


def _leaves(blocks: Iterable[np.ndarray], n_columns: int) -> Iterator[Leaf]:
    """Cut a stream of blocks where a leaf is full."""
    leaf: list[np.ndarray] = []
    seen = 0
    for block in blocks:
        leaf.append(block)
        seen += block.shape[1]
        if seen >= n_columns:
            yield tuple(leaf)
            leaf, seen = [], 0
    if leaf:
        yield tuple(leaf)


def _batched(items: Iterable[T], n: int) -> Iterator[tuple[T, ...]]:
    """Cut a stream into tuples of n, the last one perhaps shorter."""
    source = iter(items)
    while some := tuple(islice(source, n)):
        yield some


def _branch(leaves: Task, plan: Plan) -> StackSketch:
    """Sketch each leaf whole, and merge the leaves of a task."""
    counter = Counter()
    for leaf in leaves:
        n_columns = sum(block.shape[1] for block in leaf)
        # a factorization of so many columns at once costs their cube; wider leaves are sketched in pieces
        whole = n_columns if plan.method != "gram" and n_columns <= 2 * plan.leaf_columns(len(leaf[0])) else None
        sketch = plan.sketch(max(1, whole) if whole is not None else None)
        for block in leaf:
            sketch._take(block.astype(np.float64, copy=False))
        sketch._held.settle()
        counter.add(sketch)
    return counter.whole()


class Counter:
    """Merges sketches as a binary counter carries: the tree over the same leaves is always the same."""

    def __init__(self) -> None:
        self._levels: list[StackSketch | None] = []

    def add(self, sketch: StackSketch) -> None:
        """Take in the next sketch; the counter owns it from now on."""
        for level, waiting in enumerate(self._levels):
            if waiting is None:
                self._levels[level] = sketch
                return
            waiting.merge(sketch)
            sketch, self._levels[level] = waiting, None
        self._levels.append(sketch)

    def whole(self) -> StackSketch:
        """Merge what waits, the later leaves first."""
        later, *earlier = (one for one in self._levels if one is not None)
        for sketch in earlier:
            sketch.merge(later)
            later = sketch
        later._held.room = None
        return later


def _mapped(
    function: Callable[[Task], StackSketch], tasks: Iterable[Task], n_jobs: int | None
) -> Iterator[StackSketch]:
    """Apply a function to tasks in their order, with few of them in memory at a time."""
    workers = n_threads(n_jobs)
    if n_jobs is None or n_jobs == 1:
        yield from map(function, tasks)
        return
    for some in _batched(tasks, AHEAD * max(workers, 4)):
        yield from parallel_map(function, some, n_jobs=n_jobs)
