r"""One pass over a stream of insertions: sieve-streaming and its successor with fewer sets. Kernels.

Guess j keeps a set S_j in a slot of a table of states, slot j modulo the number of slots less one; the window of
guesses is narrower than that, so no two of its guesses meet in a slot. A guess that enters the window starts with an
empty set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import flat
from lrtheory.dynamic_submodular.structures import prefixes, states
from lrtheory.dynamic_submodular.structures.prefixes import VALUE
from lrtheory.dynamic_submodular.structures.states import EMPTY, INDEX, LENGTH, passes
from lrtheory.dynamic_submodular.structures.stream import LEAST_UNIT, index_above, index_below

__all__ = ["Sieves", "sieve"]


class Sieves(NamedTuple):
    """The rule of all sieves, the table of their sets, and what they have seen."""

    table: states.State
    k: int
    epsilon: float  # neighboring guesses have the ratio 1 + epsilon
    plus_plus: bool  # whether the rule is that of sieve-streaming++
    # float64 (3,): m, the best single value; L, the best value of a set; u, the first positive single value, which is
    # the unit of the grid
    best_seen: np.ndarray


@flat
def accepts(gain, value, length, guess, k, plus_plus):
    """Return whether a sieve takes an element: its marginal reaches tau, or its share of what is missing to o / 2."""
    bar = guess if plus_plus else (guess / 2 - value) / (k - length)
    return passes(gain, bar)


@flat
def sieve(record, sieves, candidates, bounds, gains):
    """Offer every candidate once to all guesses in the window; return the best slot and the marginals asked for.

    Sieve-streaming has guesses o in [m, 2 k m] of OPT. Its successor has thresholds tau in
    [max(L, m) / (2 k (1 + epsilon)), m], since OPT >= L makes lower ones too low. `bounds` takes the single values.
    """
    table, k, epsilon, plus_plus, best_seen = sieves
    n_slots = table.numbers.shape[0]
    queries, best = 0, EMPTY
    for a in range(candidates.shape[0]):
        v = candidates[a]
        # the last slot stays empty
        single = prefixes.gain(record, states.slot_of(table, n_slots - 1), EMPTY, v, gains)
        bounds[a] = single
        queries += 1
        best_seen[0] = max(best_seen[0], single)
        if best_seen[0] == 0:
            continue
        if best_seen[2] == 0:
            best_seen[2] = max(single, LEAST_UNIT)
        low, high, unit = best_seen[0], 2 * k * best_seen[0], best_seen[2]
        if plus_plus:
            low, high = max(best_seen[0], best_seen[1]) / (2 * k * (1 + epsilon)), best_seen[0]
        first, last = index_above(low, unit, epsilon), index_below(high, unit, epsilon)
        for j in range(first, last + 1):
            slot = j % (n_slots - 1)
            state = states.slot_of(table, slot)
            if state.numbers[INDEX] != j:  # the slot was of a guess that has left the window
                prefixes.truncate(record, state, state.numbers[LENGTH], EMPTY)
                state.numbers[LENGTH], state.numbers[INDEX] = 0, j
            length = state.numbers[LENGTH]
            if length == k:
                continue
            gain = prefixes.gain(record, state, length, v, gains)
            queries += 1
            guess = states.on_grid(unit, epsilon, j)
            if gain > 0 and accepts(gain, state.marks[VALUE, length], length, guess, k, plus_plus):
                prefixes.extend(record, state, length + 1, v, gain)
                state.numbers[LENGTH] = length + 1
                best_seen[1] = max(best_seen[1], state.marks[VALUE, length + 1])
    for slot in range(n_slots):
        value = table.marks[slot, VALUE, table.numbers[slot, LENGTH]]
        if value > table.marks[best, VALUE, table.numbers[best, LENGTH]]:
            best = slot + EMPTY
    return best, queries
