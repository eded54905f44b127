"""The tables of a maintained solver: allocated, written as lists that JSON can hold, read back and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._result import json_safe
from lrtheory._validation import must, state_entry
from lrtheory.dynamic_submodular.maintenance import invariants
from lrtheory.dynamic_submodular.objectives.counting import scratch_for
from lrtheory.dynamic_submodular.structures import states
from lrtheory.dynamic_submodular.structures import stream as streams
from lrtheory.dynamic_submodular.theory import guesses_per_element

__all__ = ["first_slots", "read", "tables", "written"]

#: number of guesses that a lazy solver holds: the pair of the answer, and two that its walk met before
N_HELD = 4


def first_slots(solver: Any) -> int:
    """Return the slots of a new table: one for scratch, and the guesses of a walk or of a first element."""
    if solver.method != "eager":
        return 1 + N_HELD
    return 2 + guesses_per_element(solver.k, solver.epsilon)


def tables(solver: Any, n_slots: int, n: int) -> tuple[states.State, streams.Stream, states.Workspace]:
    """Allocate empty tables for n_slots - 1 guesses of n elements, the stream that they share, and scratch."""
    length, matroid = solver._length, solver.matroid
    groups = 0 if matroid is None else np.resize(matroid.groups, n)
    # kernels tell a matroid by a second group, so one of a single group gets an empty one
    limits = solver.k if matroid is None else np.resize(np.append(matroid.limits, 0), max(2, len(matroid.limits)))
    sizes = {"n_entries": solver.objective.room_for(length), "n_groups": np.size(limits), "n_slots": n_slots}
    table = states.new_states(solver.objective._record, n, length, **sizes)
    n_buckets = states.n_buckets(solver.epsilon) if solver.method == "batched" else 0
    work = states.new_workspace(n, length, groups=groups, limits=limits, n_buckets=n_buckets)
    return table, streams.new_stream(n, length, n // 4 + 64), scratch_for(solver.objective, work)


# --- written and read ------------------------------------------------------------------------------------------------


def written(solver: Any) -> dict[str, Any]:
    """Return tables and numbers by name."""
    used = int(solver._stream.tally[streams.N_SLOTS])
    table = {name: json_safe(rows[:used]) for name, rows in solver._table._asdict().items()}
    return {
        "word": solver._rules.word,
        "table": table,
        "stream": _lists(solver._stream, solver._rules.is_exact),
    }


def _lists(stream: streams.Stream, is_exact: bool) -> dict[str, Any]:
    kept = {name: rows.copy() for name, rows in stream._asdict().items()}
    if is_exact:
        kept["log"] = kept["log"][: max(1, kept["tally"][streams.HEAD])]
    kept["tally"][[streams.POSITION, streams.PENDING]] = 0
    return {name: json_safe(rows) for name, rows in kept.items()}


def parameters(solver: Any) -> dict[str, Any]:
    """List the parameters that a solver which goes on must share, with the number of elements that its tables hold."""
    return {
        "k": solver.k,
        "limits": None if solver.matroid is None else solver.matroid.limits.tolist(),
        "groups": None if solver.matroid is None else solver.matroid.groups.tolist(),
        "epsilon": solver.epsilon,
        "method": solver.method,
        "replay": solver.replay,
        "n": solver._table.elements.shape[2],
    }


def read(solver: Any, state: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return rules, table, stream and scratch of a saved state; raise an error where it does not fit the solver."""
    # the solver stays as it is until the whole state is known to fit
    twin = solver.copy()
    table = _arrays("table", state_entry(state, "table"), states.State, twin._table, free_axis=True)
    is_exact = twin._rules.is_exact
    stream = _arrays(
        "stream", state_entry(state, "stream"), streams.Stream, twin._stream, free_axis=False, is_exact=is_exact
    )
    word = state_entry(state, "word")
    if isinstance(word, bool) or not isinstance(word, int) or not 0 <= word < 2**63:
        raise must("state['word']", "an integer in [0, 2^63)", word)
    stream.tally[[streams.POSITION, streams.PENDING]] = 0
    _check_indices(table, stream, twin)
    _check_stream(stream, twin)
    # fresh memory of the size that kernels expect, whatever the arrays of the file are views of
    all_tables, _, work = tables(twin, max(len(table.numbers), first_slots(twin)), table.elements.shape[2])
    states.transplant(table, all_tables)
    try:
        for slot in range(1, int(stream.tally[streams.N_SLOTS])):
            invariants.check_lists(states.at(all_tables, slot), solver.method == "batched")
    except AssertionError as error:
        raise must("state['table']", "one whose lists hold each element once", str(error)) from error
    return twin._rules._replace(word=word), all_tables, stream, work


def _arrays(name: str, given: Any, kind: Any, like: Any, *, free_axis: bool, is_exact: bool = False) -> Any:
    """Return saved arrays with the types and shapes of those of `like`; along a free first axis any length will do."""
    found = {}
    for field, own in like._asdict().items():
        if not isinstance(given, Mapping) or field not in given:
            raise must(f"state[{name!r}]", f"a mapping with the key {field!r}", given)
        is_free = free_axis or (field == "log" and is_exact)
        try:
            rows = np.array(given[field], own.dtype).reshape(len(given[field]), *own.shape[1:])
        except (ValueError, TypeError, OverflowError) as error:
            raise must(
                f"state[{name!r}][{field!r}]", f"an array of shape {own.shape}", np.shape(given[field])
            ) from error
        if not is_free and rows.shape != own.shape:
            raise must(f"state[{name!r}][{field!r}]", f"an array of shape {own.shape}", rows.shape)
        found[field] = rows
    return kind(**found)


def _check_indices(table: Any, stream: Any, solver: Any) -> None:
    """Check every number that kernels use as an index: they do not, and would write outside of their tables."""
    n, length = table.elements.shape[2], table.levels.shape[2] - 2
    steps, n_slots = table.stairs.shape[2], len(table.numbers)
    for name, rows in table._asdict().items():
        if len(rows) != n_slots:
            raise must(f"state['table'][{name!r}]", f"{n_slots} tables, as many as 'numbers'", len(rows))
    _within("elements", table.elements[:, states.DEEPEST], -1, length)
    _within("elements", table.elements[:, states.AFTER : states.SEQUENCE_INDEX], -1, n - 1)
    _within("elements", table.elements[:, states.SEQUENCE_INDEX], 0, length)
    _within("levels", table.levels[:, [states.MEMBER, states.HEAD]], -1, n - 1)
    _within("levels", table.levels[:, states.BEGIN], 0, steps)
    _within("levels", table.levels[:, states.START], 0, length)
    _within("numbers", table.numbers[:, : states.INDEX], 0, n)
    _within("numbers", table.numbers[:, [states.LENGTH, states.LEVELS]], 0, length)
    _within("stairs", table.stairs, -1, max(steps, length, solver.objective.n) - 1)
    tally = stream.tally
    _within("ground", stream.ground[: streams.MARK], -1, n - 1)
    _within("chosen", stream.chosen, -1, n - 1)
    _within("tally", tally[[streams.N_LIVE, streams.N_POSITIVE]], 0, n)
    _within("tally", tally[[streams.N_NOW, streams.N_BEFORE]], 0, length)
    _within("tally", tally[[streams.N_SLOTS]], 1, n_slots)
    _within("tally", tally[[streams.HEAD]], 0, len(stream.log) if solver._rules.is_exact else 2**62)
    _within("log", stream.log, -n, n - 1)


def _check_stream(stream: Any, solver: Any) -> None:
    """Check that the elements present are known, listed once, and counted with their values."""
    n_live = int(stream.tally[streams.N_LIVE])
    present = stream.ground[streams.LIVE, :n_live]
    where = np.full(stream.ground.shape[1], -1)
    _within("ground", present, 0, solver.objective.n - 1)
    where[present] = np.arange(n_live)
    if (where[present] != np.arange(n_live)).any() or (where != stream.ground[streams.WHERE]).any():
        raise must("state['stream']['ground']", "one that lists each present element once, at its index", present)
    singles = stream.singles[present]
    if not (np.isfinite(singles) & (singles >= 0)).all():
        raise must("state['stream']['singles']", "finite and at least 0", singles.min(initial=0))
    if (stream.tops != streams.tournament(stream)).any() or stream.answers[streams.TOP] != singles.max(initial=0.0):
        raise must("state['stream']['tops']", "the tournament of the values of the elements present", stream.tops)
    if (singles > 0).sum() != stream.tally[streams.N_POSITIVE]:
        raise must("state['stream']['tally']", f"one that counts {(singles > 0).sum()} elements of worth", n_live)


def _within(name: str, values: np.ndarray, low: int, high: int) -> None:
    outside = values[(values < low) | (values > high)]
    if outside.size:
        raise must("state", f"one whose {name!r} lies in [{low}, {high}]", int(outside[0]))
