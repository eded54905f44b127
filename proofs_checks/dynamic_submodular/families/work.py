"""The work of an update: how many entries of its tables a solver reads and writes, counted by the arrays themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from unittest import mock

import numpy as np

from lrtheory._array import interpreted, kernel_input
from lrtheory.bounds import Family
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, problem
from lrtheory.dynamic_submodular.maintenance.updater import Single
from lrtheory.dynamic_submodular.structures import batches, guesses, levels, prefixes, states, stream

#: the compiled kernel, in a tuple, where the change of another kernel does not exchange it for an interpreted one
COMPILED = (guesses.update,)


@dataclass(frozen=True)
class Crowd:
    """n elements of equal value are present; then one leaves and returns.

    It is drawn at random or, adaptively, it is e_1 of the guess that answers.
    """

    n: int
    k: int
    adaptive: bool = False


class Counted(np.ndarray):
    """An array that counts the entries which are read and written, also through its views, in `looks` (a list of one).

    What NumPy computes from whole arrays counts with all of their entries, and so does each of `WHOLE`. Compiled code,
    and `np.array` of such an array, count nothing.
    """

    looks: list[int]

    def __array_finalize__(self, whole: Any) -> None:
        self.looks = getattr(whole, "looks", [0])

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if not isinstance(found, np.ndarray):
            self.looks[0] += 1
        elif not np.may_share_memory(plain(found), plain(self)):  # a view is counted when its entries are read
            self.looks[0] += found.size
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        self.looks[0] += super().__getitem__(index).size
        super().__setitem__(index, value)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        self.looks[0] += sum(one.size for one in inputs if isinstance(one, Counted))
        return getattr(ufunc, method)(*map(plain, inputs), **options)

    def __array_function__(self, function: Any, kinds: Any, inputs: Any, options: Any) -> Any:
        self.looks[0] += sum(one.size for one in inputs if isinstance(one, Counted))
        return function(*map(plain, inputs), **options)


#: methods of arrays that look at all entries
WHOLE = ("__copy__", "__deepcopy__", "argmax", "argmin", "argsort", "astype", "copy", "dot", "fill", "flatten")
WHOLE += ("nonzero", "searchsorted", "sort", "take", "tobytes", "tolist")


def _counting(method: str) -> Any:
    def counts(self: Counted, *given: Any, **options: Any) -> Any:
        self.looks[0] += self.size
        return getattr(plain(self), method)(*given, **options)

    return counts


for name in WHOLE:
    setattr(Counted, name, _counting(name))


def plain(value: Any) -> Any:
    """Return an array without its counter, and everything else as it is."""
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def counted(arrays: Any, looks: list[int]) -> Any:
    """Return the arrays of a named tuple as views that count."""
    views = []
    for array in arrays:
        view = array.view(Counted)
        view.looks = looks
        views.append(view)
    return type(arrays)(*views)


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
    replaced: ClassVar[dict[str, Any]] = {}  # kernels of `stream` for which others stand

    def come(self, elements: np.ndarray) -> None:
        """Insert elements in compiled code, whatever kernel is under test: what is counted is what follows."""
        arguments = (self._solver(), *self._switches(), kernel_input(elements, np.int64), stream.new_trace(0))
        assert COMPILED[0](*arguments) == guesses.DONE

    def watch(self) -> None:
        """Let all tables count from now on, and all kernels run as plain Python."""
        self.looks = [0]
        self._table, self._stream, self._work = (counted(one, self.looks) for one in self._tables())
        self._single, self._kernel = None, uncompiled(**self.replaced)

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
