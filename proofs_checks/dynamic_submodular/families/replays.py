"""Lazy guesses are run beside guesses with the same coins that see every update at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import DynamicSubmodular, OneGuess
from proofs_checks.dynamic_submodular.families.runs import filled
from proofs_checks.dynamic_submodular.families.streams import EQUAL, HIDDEN, Updates, draw_updates, modular


@dataclass(frozen=True)
class Replay:
    """A stream, and the way in which lazy guesses catch up."""

    updates: Updates
    replay: str = "exact"


@dataclass(frozen=True)
class Replayed:
    """All guesses of a lazy solver at the end, one row per guess.

    Attributes
    ----------
    lazy, eager : ndarray of shape (n_guesses, k + 1)
        The sequence, filled up with -1, and in the last column the queries so far: of the lazy guess, and of one with
        the same coins that saw the same updates one by one.
    """

    lazy: np.ndarray
    eager: np.ndarray


@dataclass(frozen=True)
class UpToDate:
    """The guesses of a solver that have seen all updates, one row per guess.

    Attributes
    ----------
    sequences : ndarray of shape (n_guesses, k)
        The sequence of each, filled up with -1.
    values, guesses : ndarray of shape (n_guesses,)
        The reported f of each, and o.
    upper_bound : float
        The bound that the solver reports.
    """

    sequences: np.ndarray
    values: np.ndarray
    guesses: np.ndarray
    upper_bound: float


def replayed(replay: Replay, rng: np.random.Generator, shift: int = 0) -> Replayed:
    """Run the lazy solver, then each of its guesses alone, with coins moved by `shift`."""
    updates, k = replay.updates, replay.updates.k
    objective = updates.function.objective()
    solver = DynamicSubmodular(objective, k, epsilon=updates.epsilon, replay=replay.replay, rng=rng)
    solver.update(updates.ops)
    states = solver.guesses
    lazy, eager = np.full((2, len(states), k + 1), -1)
    for row, state in enumerate(states):
        one = OneGuess(objective, k, state.guess, coins=state.coins + shift)
        one.update(updates.ops[: state.n_seen])  # what the lazy guess has been shown, and no more
        lazy[row, : len(state.sequence)], lazy[row, k] = state.sequence, state.counts["queries"]
        eager[row, : len(one.sequence)], eager[row, k] = one.sequence, one.counts["queries"]
    return Replayed(lazy, eager)


def up_to_date(replay: Replay, rng: np.random.Generator) -> UpToDate:
    """Return the guesses that the last answer needed."""
    updates = replay.updates
    objective = updates.function.objective()
    solver = DynamicSubmodular(objective, updates.k, epsilon=updates.epsilon, replay=replay.replay, rng=rng)
    solver.update(updates.ops)
    held = [guess for guess in solver.guesses if guess.n_seen == len(updates.ops)]
    rows = filled([guess.sequence for guess in held], updates.k)
    columns = [np.array([getattr(guess, name) for guess in held]) for name in ("value", "guess")]
    return UpToDate(rows, *columns, solver.upper_bound)


def draw_replay(draws: Draws) -> Replay:
    """Draw a stream with integer values, on which both runs decide ties alike."""
    return Replay(draw_updates(draws, ("coverage", "facility")))


#: all but one element have gone at the end
GONE = Updates(modular([1.0] * 4), np.array([0, 1, 2, 3, ~0, ~1, ~2]), 2, 0.25, 4.0)
REPLAYS = Family("replays", always=(Replay(EQUAL), Replay(HIDDEN), Replay(GONE)), draw=draw_replay)
