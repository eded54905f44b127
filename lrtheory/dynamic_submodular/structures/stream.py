r"""The part that all guesses share: which elements are present, f of each alone, the log of updates, the last answer.

==========  ============================================================================================================
ground      int32 (3, n): LIVE, the elements present, in no order, in the first N_LIVE entries; WHERE, index of v in it,
            -1 for absent; MARK, scratch of zeros
singles     float64 (n,): f(v) of the elements that were inserted, present or not
tops        float64 (2m,): a tournament of the m blocks of 8 elements that follow each other: entry m + b is the largest
            f(v) of an element present in block b, 0 for none, and entry i > 0 below the larger of entries 2i and 2i + 1
log         int64: the updates, a ring buffer; update number i, from 0, has index i modulo the length
tally       int64, see below
answers     float64 (4,): WORTH, f of the solution; UPPER bound of the optimum; TOP, largest f(v) of an element present;
            UNIT u of the grid of guesses, f of the first element that was worth something, 0 before
chosen      int64 (2, K + 1): the solution NOW and BEFORE the last update
==========  ============================================================================================================
"""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, states
from lrtheory.dynamic_submodular.structures.states import QUERIES

__all__ = [
    "Rules",
    "Solver",
    "Stream",
    "Trace",
    "go_on",
    "index_above",
    "index_below",
    "moved_log",
    "new_stream",
    "new_trace",
    "note",
    "queries",
    "tournament",
    "write_trace",
]

WHERE, LIVE, MARK = range(3)
NOW, BEFORE = range(2)
WORTH, UPPER, TOP, UNIT = range(4)
#: entries of ``tally``: elements present, those with f(v) > 0, updates so far, slots in use, the number j of the guess
#: AT which the walk is, index into the updates of a call, whether the update there is in the log and only its answer is
#: missing, sizes of the two solutions, marginals asked for outside of guesses, guesses made
N_LIVE, N_POSITIVE, HEAD, N_SLOTS, AT, POSITION, PENDING, N_NOW, N_BEFORE, SINGLE_QUERIES, N_GUESSES = range(11)
#: the walk: numbers of the full and of the open guess that it has met, and their slots, -1 for none
J_FULL, J_OPEN, FULL, OPEN = range(11, 15)
#: how far its next step goes while it has not met both
STRIDE = 15
#: first of four entries: queries, profiles, rebuilds and rebuilt elements of guesses that were given up
LOST = 16
#: the number j that stands for no guess
FREE = -(2**62)
LARGEST = sys.float_info.max
#: elements of a block of the tournament: their values fill one line of the cache
BLOCK = 8
#: the least positive double, and the least unit of a grid, from which every double is still within reach
LEAST, LEAST_UNIT = 5e-324, 1e-290
EMPTY = np.int64(0)


class Rules(NamedTuple):
    """The constants of a run; `is_exact` is replay "exact", and `word` starts the random streams of all guesses."""

    k: int
    epsilon: float
    is_exact: bool
    word: int


class Stream(NamedTuple):
    """The arrays that all guesses share; the table at the top of this module explains them."""

    ground: np.ndarray
    singles: np.ndarray
    tops: np.ndarray
    log: np.ndarray
    tally: np.ndarray
    answers: np.ndarray
    chosen: np.ndarray


class Solver(NamedTuple):
    """All that the kernels of a solver share: the objective, its table of guesses, the stream, scratch, constants."""

    record: Any
    table: states.State
    stream: Stream
    work: states.Workspace
    rules: Rules


class Trace(NamedTuple):
    """The answers to be recorded after every update; with empty arrays nothing is recorded."""

    values: np.ndarray
    uppers: np.ndarray
    queries: np.ndarray
    changes: np.ndarray


def new_stream(n: int, length: int, log_length: int) -> Stream:
    """Allocate a stream that has seen no element and no update."""
    stream = Stream(
        ground=np.zeros((3, n), np.int32),
        singles=np.zeros(n),
        tops=np.zeros(2 * -(-n // BLOCK)),
        log=np.zeros(log_length, np.int64),
        tally=np.zeros(LOST + 4, np.int64),
        answers=np.zeros(4),
        chosen=np.full((2, length + 1), -1, np.int64),
    )
    stream.ground[WHERE] = -1
    stream.tally[N_SLOTS] = 1  # slot 0 is scratch
    stream.tally[AT] = stream.tally[J_FULL] = stream.tally[J_OPEN] = FREE
    return stream


def new_trace(n_ops: int) -> Trace:
    """Allocate the record of this many updates."""
    return Trace(np.zeros(n_ops), np.zeros(n_ops), np.zeros(n_ops, np.int64), np.zeros(n_ops, np.int64))


def tournament(stream: Stream) -> np.ndarray:
    """Return the entries of ``tops`` by their definition; they depend on the number of elements of the tables."""
    tops, present = np.zeros(len(stream.tops)), np.where(stream.ground[WHERE] >= 0, stream.singles, 0.0)
    first = len(tops) // 2
    if present.size:
        tops[first:] = np.maximum.reduceat(present, np.arange(0, len(present), BLOCK))
    while first > 1:  # entries from `first` on are known, and so are those from half of it on
        last, first = first, (first + 1) // 2
        tops[first:last] = np.maximum(tops[2 * first : 2 * last : 2], tops[2 * first + 1 : 2 * last : 2])
    return tops


def moved_log(stream: Stream, length: int, is_exact: bool) -> np.ndarray:
    """Return the log in a ring buffer of another length; unless all of it is kept (`is_exact`), the latest that fit."""
    old, head = stream.log, int(stream.tally[HEAD])
    length = max(length, len(old)) if is_exact else length
    log = np.zeros(length, np.int64)
    indices = np.arange(max(0, head - min(len(old), length)), head)
    log[indices % length] = old[indices % len(old)]
    return log


# --- kernels ----------------------------------------------------------------------------------------------------------


@flat
def index_above(value, unit, epsilon):
    """Return the least j with o_j = unit (1 + epsilon)^j >= value; a value equal to o_j up to rounding gets j."""
    return math.ceil(states.log_ratio(max(value, LEAST), unit) / math.log1p(epsilon) - 1e-9)


@flat
def index_below(value, unit, epsilon):
    """Return the largest j with o_j <= value, up to rounding; for an infinite value the largest finite guess."""
    return math.floor(states.log_ratio(min(value, LARGEST), unit) / math.log1p(epsilon) + 1e-9)


@flat
def note(solver, op):
    """Write an update to the log and to the elements present; of a new element f(v) is asked for."""
    stream, work = solver.stream, solver.work
    ground, singles, tally, answers = stream.ground, stream.singles, stream.tally, stream.answers
    stream.log[tally[HEAD] % stream.log.shape[0]] = op
    tally[HEAD] += 1
    if op >= 0:
        prefixes.profile(solver.record, states.slot_of(solver.table, EMPTY), op, EMPTY, EMPTY, 0.0, work.gains)
        singles[op] = work.gains[0]
        tally[SINGLE_QUERIES] += 1
        ground[WHERE, op] = tally[N_LIVE]
        ground[LIVE, tally[N_LIVE]] = op
        tally[N_LIVE] += 1
        tally[N_POSITIVE] += singles[op] > 0
        play(stream, op)
        if answers[UNIT] == 0 and singles[op] > 0:
            answers[UNIT] = max(singles[op], LEAST_UNIT)
        if tally[AT] == FREE and singles[op] > 0:  # a first walk starts at f(v), others where the last one ended
            tally[AT] = index_above(singles[op], answers[UNIT], solver.rules.epsilon)
        return
    v = ~op
    tally[N_LIVE] -= 1
    tally[N_POSITIVE] -= singles[v] > 0
    last = ground[LIVE, tally[N_LIVE]]  # the last one fills the gap that v leaves
    ground[LIVE, ground[WHERE, v]], ground[WHERE, last] = last, ground[WHERE, v]
    ground[WHERE, v] = -1
    play(stream, v)


@flat
def play(stream, v):
    """Let the block of an element that has come or gone play its way up the tournament, and note the winner in TOP.

    The largest value of all present elements is wanted at any time, and a look at all of them at every update would
    cost more than everything else. Up to log2 n games are played, mostly few, since a result that stays ends them.
    """
    singles, where, tops = stream.singles, stream.ground[WHERE], stream.tops
    block, best = v // BLOCK, 0.0
    for u in range(BLOCK * block, min(BLOCK * (block + 1), singles.shape[0])):
        if where[u] >= 0:
            best = max(best, singles[u])
    entry = tops.shape[0] // 2 + block
    while tops[entry] != best:
        tops[entry] = best
        if entry == 1:
            stream.answers[TOP] = best
            return
        best = max(best, tops[entry ^ 1])
        entry //= 2


@flat
def go_on(stream, rules, length):
    """Move a walk on: half-way between a full guess and an open one; while one of both is missing, by a doubling step.

    Where the thresholds exceed the largest f(v), sequences are empty: no step up goes beyond the first such guess,
    which is open, and the first step down from there leaves them all.
    """
    tally = stream.tally
    full, opened, stride = tally[J_FULL], tally[J_OPEN], tally[STRIDE]
    tally[STRIDE] = 2 * stride
    # full and open guesses may alternate along the grid, yet between a full and an open one lies a full one beside an
    # open one, which is all that an answer needs: bisection finds such a pair
    if full != FREE and opened != FREE:
        tally[AT] = (full + opened) // 2
        return
    if stride == 1 and length > 0:  # mostly the neighbor completes the pair
        tally[AT] += 1 if opened == FREE else -1
        return
    highest = index_below(2 * rules.k * stream.answers[TOP], stream.answers[UNIT], rules.epsilon)
    if opened == FREE:
        tally[AT] += max(1, min(stride, highest + 1 - tally[AT]))
    else:
        tally[AT] = min(tally[AT] - stride, highest)


@flat
def queries(table, tally):
    """Return the number of marginals asked for so far, by guesses held, guesses given up and outside of guesses."""
    total = tally[SINGLE_QUERIES] + tally[LOST]
    for slot in range(1, tally[N_SLOTS]):
        total += table.numbers[slot, QUERIES]
    return total


@flat
def write_trace(table, stream, trace, index):
    """Write the answer to an update: value, bound, marginals that it asked for, elements new in the solution."""
    tally, ground, chosen = stream.tally, stream.ground, stream.chosen
    trace.values[index], trace.uppers[index] = stream.answers[WORTH], stream.answers[UPPER]
    trace.queries[index] += queries(table, tally)
    for a in range(tally[N_BEFORE]):
        ground[MARK, chosen[BEFORE, a]] = 1
    for a in range(tally[N_NOW]):
        trace.changes[index] += ground[MARK, chosen[NOW, a]] == 0
    for a in range(tally[N_BEFORE]):
        ground[MARK, chosen[BEFORE, a]] = 0
