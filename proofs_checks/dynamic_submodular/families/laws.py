"""Streams that are fixed in advance, and one guess along them with all coins of its kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory.bounds.sets import CoinTosses, Uniform, Walk
from lrtheory.dynamic_submodular.structures import levels, prefixes, states
from proofs_checks.dynamic_submodular.families.all_functions import NAMES, WORDS, every_stream
from proofs_checks.dynamic_submodular.families.runs import Held, Pooled, filled, guess_of
from proofs_checks.dynamic_submodular.families.streams import Updates


@dataclass(frozen=True)
class Fixed:
    """A stream that does not look at the coins."""

    updates: Updates


#: what a state carries and no later update reads: the word of the random stream, and counts
UNREAD = [states.RANDOM, states.QUERIES, states.PROFILES, states.REBUILDS, states.REBUILT]


def walk_of(updates: Updates, history: bool = False) -> Walk:
    """Make the walk of one guess through a stream, in which equal states are merged after every update.

    Its outcome has the last members alone, or with a history members, values and pools after every update.
    """
    one = guess_of(updates, np.random.default_rng(0), "levels", 1.0)
    # the kernels are those of the library, patched where they are, and ask coins where they would draw
    toss = SimpleNamespace(coins=None)
    draws = SimpleNamespace(uniform=lambda _: Uniform(toss.coins), below=lambda _, n: toss.coins.integers(n))
    plain = interpreted(prefixes)
    own = interpreted(levels, randomness=draws, prefixes=plain, states=interpreted(states, prefixes=plain))

    def step(state: Any, op: int, coins: CoinTosses) -> Any:
        arrays, seen = state
        one._state, toss.coins = type(arrays)(*(array.copy() for array in arrays)), coins
        record = one.objective._record
        own.insert(record, one._state, one._work, op) if op >= 0 else own.delete(record, one._state, one._work, ~op)
        now = (tuple(one.members.tolist()), one.value, tuple(tuple(pool.tolist()) for pool in one.pools))
        return one._state, (*seen, now) if history else (now,)

    def key(state: Any) -> Any:
        arrays, seen = state
        numbers = arrays.numbers.copy()
        numbers[UNREAD] = 0
        return tuple(array.tobytes() for array in arrays._replace(numbers=numbers)), seen

    def outcome(state: Any) -> Any:
        rows = [members for members, _, _ in state[1]]
        if not history:
            return filled([np.array(rows[-1], np.int64)], updates.k)
        pools = np.zeros((len(rows), updates.k + 1, updates.function.n), dtype=bool)
        for t, (_, _, found) in enumerate(state[1]):
            for level, pool in enumerate(found[: updates.k]):
                pools[t, level, list(pool)] = True
        values = np.array([value for _, value, _ in state[1]])
        return Pooled(filled([np.array(row, np.int64) for row in rows], updates.k), values, pools)

    return Walk((one._state, ()), updates.ops.tolist(), step, key, outcome)


def walk_of_members(updates: Updates) -> Walk:
    """Make the walk of one guess whose outcome has its members and its value after every update."""
    walk = walk_of(updates, history=True)

    def outcome(state: Any) -> Held:
        found = walk.outcome(state)
        return Held(found.members, found.values)

    return replace(walk, outcome=outcome)


def short_streams(*lengths: int) -> list[Updates]:
    """List the streams of these numbers of updates, one of those that differ by the names of elements alike."""
    return [updates for length in lengths for updates in NAMES.one_of_each(every_stream(length))]


#: what the functions of the streams are, after "streams of ... "
OF_FUNCTIONS = WORDS.removesuffix(", one run of each pair")
BY_NAMES = "one of those that differ by the names of elements that are alike"
