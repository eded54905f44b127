"""The growth of queries and work of an update with the number of elements."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any, ClassVar
from unittest import mock

import numpy as np

from lrtheory._array import interpreted, kernel_input
from lrtheory.bounds import Family, Paper, Rate, Statement, saboteur
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, maximize, problem
from lrtheory.dynamic_submodular.maintenance.updater import Single
from lrtheory.dynamic_submodular.structures import batches, guesses, levels, prefixes, states, stream
from proofs_checks.dynamic_submodular.families.steady import COUNTED, FIXED, Queries, Steady, queries
from proofs_checks.dynamic_submodular.families.work import Crowd

#: sizes at the same k, for a rate in n; as many movers as elements, so that runs reach a steady state
LADDER = Family("steady-ladder", always=tuple(Steady(n, 5, n) for n in (100, 200, 400, 800)))

#: the rate of a method whose queries grow like the square root of n
ROOT = Rate(
    cost=lambda steady, found: found.insertions + found.deletions,
    size=lambda steady: steady.n,
    over=lambda steady: steady.n**0.5,
    exponent=(-0.2, 0.2),
)


def recomputes(steady: Steady, rng: np.random.Generator, n: int) -> Queries:
    """Count the queries of greedy selection from all elements after each update."""
    asked = maximize(steady.objective, steady.k).counts["queries"]
    return Queries(np.full(n, asked), np.full(n, asked))


DS_T11 = Statement(
    id="dynamic_submodular/DS-T11",
    title="Queries per update grow by less than n^0.2",
    says="If updates do not depend on the coins, the number of queries per update grows with the number n of elements "
    "at a power within 0.2 of 0; the abstract claims a power of log n.",
    source=Paper("2305.15192", "main theorem", read="abstract"),
    tex=r"\text{queries per update} \propto n^p,\ |p| \le \tfrac15",
    hypotheses=FIXED,
    instances=LADDER,
    solve=queries,
    closed=COUNTED,
    # an exponent of at most 0.2 in n over an eightfold range; asking all elements again would have exponent 1
    claim=Rate(
        cost=lambda steady, found: found.insertions + found.deletions,
        size=lambda steady: steady.n,
        over=lambda steady: 1.0,
        exponent=(-0.2, 0.2),
    ),
    saboteurs=(
        saboteur("all present elements are looked at after each update", solve=recomputes),
        saboteur("a square root is claimed", claim=ROOT),
    ),
    notes="In the steady state, per guess, at fixed k; a power of log n would not be seen.",
)


#: the compiled kernel, in a tuple, where the change of another kernel does not exchange it for an interpreted one
COMPILED = (guesses.update,)

#: methods of arrays that look at all entries
WHOLE = (
    *("__copy__", "__deepcopy__", "argmax", "argmin", "argsort", "astype", "copy", "dot", "fill", "flatten"),
    *("nonzero", "searchsorted", "sort", "take", "tobytes", "tolist"),
)
#: indices of which NumPy makes a view
POSITIONS = frozenset({int, np.int64, slice})

#: how an array itself reads and writes; these are called for every entry, so nothing is looked up meanwhile
entries_at, write_at = np.ndarray.__getitem__, np.ndarray.__setitem__


def plain(value: Any) -> Any:
    """Return an array without its counter, and everything else as it is."""
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def _counting(method: str) -> Any:
    def counts(self: Counted, *given: Any, **options: Any) -> Any:
        self.looks[0] += self.size
        return getattr(plain(self), method)(*given, **options)

    return counts


def with_counts(kind: type) -> type:
    """Let each of `WHOLE` count all entries of an array."""
    for name in WHOLE:
        setattr(kind, name, _counting(name))
    return kind


@with_counts
class Counted(np.ndarray):
    """An array that counts the entries which are read and written, also through its views, in `looks` (a list of one).

    Each list has a class of its own, and views of an array have its class: so they count in the same list.

    What NumPy computes from whole arrays counts with all of their entries, and so does each of `WHOLE`. Compiled code,
    and `np.array` of such an array, count nothing.
    """

    looks: ClassVar[list[int]]

    def __getitem__(self, index: Any) -> Any:
        found = entries_at(self, index)
        if not isinstance(found, np.ndarray):
            self.looks[0] += 1
        # a view is counted when its entries are read; integers and slices make one, and what else does, memory tells
        elif type(index) not in POSITIONS and not np.may_share_memory(plain(found), plain(self)):
            self.looks[0] += found.size
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        found = entries_at(self, index)
        self.looks[0] += found.size if isinstance(found, np.ndarray) else 1
        write_at(self, index, value)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        self.looks[0] += sum(one.size for one in inputs if isinstance(one, Counted))
        return getattr(ufunc, method)(*map(plain, inputs), **options)

    def __array_function__(self, function: Any, kinds: Any, inputs: Any, options: Any) -> Any:
        self.looks[0] += sum(one.size for one in inputs if isinstance(one, Counted))
        return function(*map(plain, inputs), **options)


def counted(arrays: Any, looks: list[int]) -> Any:
    """Return the arrays of a named tuple as views that count."""
    kind = type("Counted", (Counted,), {"looks": looks})
    return type(arrays)(*(array.view(kind) for array in arrays))


def uncompiled(**replaced: Any) -> Any:
    """Return the kernel that applies updates as plain Python with all that it calls; compiled code counts nothing.

    Other kernels may take the place of those of `stream`.
    """
    own: dict[str, Any] = {"prefixes": interpreted(prefixes)}
    own["states"] = interpreted(states, **own)
    own["streams"] = interpreted(stream, **own, **replaced)
    own |= {"levels": interpreted(levels, **own), "batches": interpreted(batches, **own)}
    return interpreted(guesses, **own).update


class Watched(DynamicSubmodular):
    """The solver; from `watch` on its tables count what is read and written."""

    looks: list[int]
    _kernel: Any  # what `watch` lets run; copies of the solver share it
    replaced: ClassVar[dict[str, Any]] = {}  # kernels of `stream` for which others stand

    def come(self, elements: np.ndarray) -> None:
        """Insert elements in compiled code, whatever kernel is under test: what is counted is what follows."""
        arguments = (self._solver(), *self._switches(), kernel_input(elements, np.int64), stream.new_trace(0))
        assert COMPILED[0](*arguments) == guesses.DONE
        self._kernel = uncompiled(**self.replaced)

    def watch(self) -> None:
        """Let all tables count from now on, and all kernels run as plain Python."""
        self.looks = [0]
        self._table, self._stream, self._work = (counted(one, self.looks) for one in self._tables())
        self._single = None

    def _tables(self) -> tuple[Any, Any, Any]:
        return self._table, self._stream, self._work

    def _run(self, ops: np.ndarray, trace: stream.Trace) -> None:
        # larger tables would not count
        assert self._kernel(self._solver(), *self._switches(), ops, trace) == guesses.DONE

    def _found(self) -> Single:
        """Look up what one update needs, with kernels as plain Python on tables that count."""
        op = np.zeros(1, np.int64)
        given = (self._solver(), *self._switches(), kernel_input(op), stream.new_trace(0))
        self._single = Single(guesses.update, self._kernel, given, op, self._stream.ground[stream.WHERE], None)
        return self._single

    def exchange(self, v: int) -> float:
        """Delete an element by a call of its own, insert it by an array of updates, and count the work of one update.

        Other solvers with the same tables are left as they are.
        """
        twin = self.copy()
        twin.watch()
        with mock.patch.object(problem, "_misfit", problem._misfit.py_func):
            twin.delete(v)
            twin.update([v])
        return twin.looks[0] / 2


def work(crowd: Crowd, rng: np.random.Generator, n: int, kind: type[Watched] = Watched) -> np.ndarray:
    """Count the entries that an update reads or writes: its mean over the elements, one number for each run.

    Where the element that leaves is in the sequence of a guess, much is built anew. This is rare and part of the mean,
    so each of these elements leaves in every run, and one of the others for all of them.
    """
    objective = Coverage([[v] for v in range(crowd.n)])
    found = np.zeros(n)
    for run in range(n):
        solver = kind(objective, crowd.k, rng=rng)
        solver.come(np.arange(crowd.n))
        if crowd.adaptive:
            found[run] = solver.exchange(int(solver.solution[0]))
            continue
        members = np.unique(np.concatenate([guess.sequence for guess in solver.guesses]))
        others = np.setdiff1d(np.arange(crowd.n), members)
        total = sum(solver.exchange(v) for v in members.tolist())
        found[run] = (total + len(others) * solver.exchange(int(rng.choice(others)))) / crowd.n
    return found


#: the same where each update sees a coin
ATTACKED_CROWDS = Family("attacked-crowds", always=tuple(Crowd(n, 3, adaptive=True) for n in (40, 80, 160, 320)))
#: sizes at the same k, for a rate in n
CROWDS = Family("crowds", always=tuple(Crowd(n, 2) for n in (40, 160, 640)))

#: the same for the work of an update
ROOT_OF_WORK = Rate(
    cost=lambda crowd, found: found, size=lambda crowd: crowd.n, over=lambda crowd: crowd.n**0.5, exponent=(-0.2, 0.2)
)


def _scanning(given: Any, rules: Any, length: int) -> None:
    """Move a walk on after a look for the largest value among all present elements."""
    present = given.ground[stream.LIVE, : given.tally[stream.N_LIVE]]
    given.answers[stream.TOP] = max(given.singles[v] for v in present.tolist())
    stream.go_on.py_func(given, rules, length)


class LooksAtAll(Watched):
    """A solver whose walks look at all present elements."""

    replaced: ClassVar[dict[str, Any]] = {"go_on": _scanning}


class AsksAll(Watched):
    """A solver that makes an array of bools of all elements for each call with one update."""

    def _apply_one(self, op: int) -> Any:
        present = self._stream.ground[stream.WHERE] >= 0
        return super()._apply_one(op) if present[op if op >= 0 else ~op] == (op < 0) else None


class CopiesAll(Watched):
    """A solver that copies its tables for each array of updates."""

    def _apply(self, ops: Any, record: bool = False) -> Any:
        copy.deepcopy(self._tables())
        return super()._apply(ops, record)


class BuildsAllPairs(Watched):
    """A solver that looks at all pairs of elements where one of the solution leaves, and at nothing more elsewhere."""

    def _apply_one(self, op: int) -> Any:
        if ~op in self.solution:
            self.looks[0] += self.objective.n**2
        return super()._apply_one(op)


DS_T11_WORK = Statement(
    id="dynamic_submodular/DS-T11-work",
    title="The work of an update grows by less than n^0.2",
    says="If updates do not depend on the coins, the mean number of entries of its tables that the solver reads or "
    "writes for an update grows with the number n of elements at a power within 0.2 of 0, whether updates come by "
    "calls of their own or in arrays.",
    source=Paper("2305.15192", "main theorem", read="abstract"),
    tex=r"\text{work per update} \propto n^p,\ |p| \le \tfrac15",
    hypotheses={"updates do not see the coins": lambda crowd: not crowd.adaptive},
    instances=CROWDS,
    solve=work,
    closed="the work is counted by the tables of the library's own solver, whose kernels run as plain Python on them",
    claim=Rate(
        cost=lambda crowd, found: found,
        size=lambda crowd: crowd.n,
        over=lambda crowd: 1.0,
        exponent=(-0.2, 0.2),
    ),
    saboteurs=(
        saboteur("a walk looks at all present elements", solve=partial(work, kind=LooksAtAll)),
        saboteur("a call asks of all elements whether they are there", solve=partial(work, kind=AsksAll)),
        saboteur("an array of updates copies all tables", solve=partial(work, kind=CopiesAll)),
        saboteur("all pairs are looked at where e_i leaves", solve=partial(work, kind=BuildsAllPairs)),
        saboteur("e_1 leaves each time", breaks="updates do not see the coins", instances=ATTACKED_CROWDS),
        saboteur("a square root is claimed", claim=ROOT_OF_WORK),
    ),
    notes="The abstract speaks of a polylogarithmic amortized update time; here time is the work on the tables of the "
    "library's solver, the rows of f aside. On elements of equal value, at fixed k; a power of log n would not be "
    "seen. Runs in which a walk builds a guess from all present elements are too few to move the median.",
)
