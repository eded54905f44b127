"""The part of a maintained solver that applies updates: its tables, and the calls of compiled code that change them."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import kernel_input, specialized
from lrtheory._types import ArrayLike
from lrtheory.dynamic_submodular.maintenance import storage
from lrtheory.dynamic_submodular.matroid import PartitionMatroid, constraint
from lrtheory.dynamic_submodular.objectives import CountingOracle
from lrtheory.dynamic_submodular.objectives.counting import kernels
from lrtheory.dynamic_submodular.problem import SingleUpdates, checked_ops
from lrtheory.dynamic_submodular.structures import guesses, states
from lrtheory.dynamic_submodular.structures import stream as streams

__all__ = ["Updater"]

#: updates per compiled call, about a second; Ctrl-C is noticed between two calls
CHUNK = 100_000


class Single(NamedTuple):
    """The compiled code of one update with its arguments, looked up once, since this takes longer than the update."""

    kernel: Any  # `guesses.update` as it was found
    run: Any  # its compiled code for these arguments
    given: tuple[Any, ...]  # the arguments
    op: np.ndarray  # int64 (1,): the update, which the arguments hold as a read-only view
    where: np.ndarray  # int32 (n,): negative for absent elements
    log: np.ndarray | None  # where it is kept as a whole, and so may be full


class Updater(SingleUpdates):
    """A solver whose updates change its tables in compiled code; `DynamicSubmodular` adds the answers."""

    k: int
    epsilon: float
    method: str
    matroid: PartitionMatroid | None
    _rules: streams.Rules
    _table: states.State
    _stream: streams.Stream
    _work: states.Workspace
    _record: Any
    _single: Single | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_single": None}  # compiled code cannot be copied to another process

    def _apply(self, ops: ArrayLike, record: bool = False) -> streams.Trace:
        """Check all updates, then apply them."""
        self._fit()
        checked = checked_ops(ops, self._stream.ground[streams.WHERE, : self.objective.n])
        self._reserve_log(len(checked))
        noted = streams.new_trace(len(checked) if record else 0)
        saved = copy.deepcopy((self._table, self._stream)) if isinstance(self.objective, CountingOracle) else None
        for start in range(0, len(checked), CHUNK):
            part = slice(start, start + CHUNK)
            ops, trace = checked[part], streams.Trace(*(rows[part] for rows in noted))
            try:
                self._run(ops, trace)
            except BaseException:  # Ctrl-C too
                if saved is not None:  # in the user's function: as if nothing had been asked
                    self._table, self._stream = saved
                else:
                    self._finish(ops, trace)
                raise
        return noted

    def _run(self, ops: np.ndarray, trace: streams.Trace) -> None:
        """Apply `ops` by the kernel; where it stops for lack of slots, double the tables and resume there."""
        module = kernels().guesses if isinstance(self.objective, CountingOracle) else guesses
        while True:
            if module.update(self._solver(), *self._switches(), ops, trace) == guesses.DONE:
                return
            self._allocate(2 * len(self._table.numbers), self._table.elements.shape[2])

    def _finish(self, ops: np.ndarray, trace: streams.Trace) -> None:
        """Finish the update that an error (Ctrl-C too) has met between two compiled calls; those after it are left."""
        try:
            if self._stream.tally[streams.PENDING]:
                self._run(ops[: self._stream.tally[streams.POSITION] + 1], trace)
        finally:
            self._stream.tally[[streams.POSITION, streams.PENDING]] = 0

    def _apply_one(self, op: int) -> Any:
        """Apply one update as `_apply` does, without what takes longer than the update itself."""
        single = self._single
        if single is None or single.kernel is not guesses.update or self._record is not self.objective._record:
            single = self._found()
            if single is None:
                return self._apply(np.array([op]))
        _, run, given, own, where, log = single
        v = op if op >= 0 else ~op
        # whatever is not plain goes the other way, to its error or to a larger log
        if v >= len(where) or (where[v] >= 0) == (op >= 0):
            return self._apply(np.array([op]))
        if log is not None and self._stream.tally[streams.HEAD] == len(log):
            return self._apply(np.array([op]))
        own[0] = op
        try:
            if run(*given) != guesses.DONE:
                self._run(*given[-2:])
        except BaseException:
            self._finish(*given[-2:])
            raise

    def _found(self) -> Single | None:
        """Look up what `_apply_one` needs; None where the objective is a callable, or kernels are interpreted."""
        self._single = None
        if isinstance(self.objective, CountingOracle):
            return None
        self._fit()
        op = np.zeros(1, np.int64)
        given = (self._solver(), *self._switches(), kernel_input(op), streams.new_trace(0))
        run = specialized(guesses.update, *given)
        if run is not None:
            log = self._stream.log if self._rules.is_exact else None
            where = self._stream.ground[streams.WHERE, : self.objective.n]
            self._single = Single(guesses.update, run, given, op, where, log)
        return self._single

    # --- memory -------------------------------------------------------------------------------------------------------

    def _solver(self) -> streams.Solver:
        """Return what all kernels share."""
        return streams.Solver(self.objective._record, self._table, self._stream, self._work, self._rules)

    def _switches(self) -> tuple[bool | None, ...]:
        """Return the switches levelled, batched, grouped and eager of `guesses.update`, each True or None."""
        is_batched = self.method == "batched"
        uses = (not is_batched, is_batched, self.matroid is not None, self.method == "eager")
        return tuple(use or None for use in uses)

    def _fit(self) -> None:
        """Enlarge the tables for elements that were appended to the objective."""
        if self._record is not self.objective._record or self.objective.n > self._table.elements.shape[2]:
            if self.matroid is not None:
                constraint(self.matroid, self.objective.n)
            self._allocate(len(self._table.numbers), self._table.elements.shape[2])

    def _allocate(self, n_slots: int, n_before: int) -> None:
        """Allocate tables for n_slots slots and all elements, twice as many when outgrown, and copy the old ones."""
        n, record = self.objective.n, self.objective._record
        capacity = n_before if 0 < n <= n_before else max(n, 2 * n_before)
        table, stream, work = storage.tables(self, n_slots, capacity)
        if hasattr(self, "_table"):
            states.transplant(self._table, table)
            stream = stream._replace(log=streams.moved_log(self._stream, len(stream.log), self._rules.is_exact))
            kept = stream._replace(log=self._stream.log)
            states.transplant(self._stream, kept)
            stream.tops[:] = streams.tournament(stream)
        self._table, self._stream, self._work, self._record = table, stream, work, record
        self._single = None

    def _reserve_log(self, n_ops: int) -> None:
        """Enlarge the log for `n_ops` more updates under exact replay, which keeps the whole stream."""
        needed = int(self._stream.tally[streams.HEAD]) + n_ops
        if self._rules.is_exact and needed > len(self._stream.log):
            log = streams.moved_log(self._stream, max(needed, 2 * len(self._stream.log)), True)
            self._stream = self._stream._replace(log=log)
            self._single = None
