"""Lazy guesses: the bounds of one that has caught up, and its path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.dynamic_submodular import DynamicSubmodular, OneGuess, theory
from proofs_checks.dynamic_submodular.families.all_functions import all_streams
from proofs_checks.dynamic_submodular.families.replays import Replay
from proofs_checks.dynamic_submodular.families.runs import WRONG, filled, spoiled, worth_of
from proofs_checks.dynamic_submodular.families.streams import EQUAL, HIDDEN, HYPOTHESES, Updates, draw_updates, modular
from proofs_checks.dynamic_submodular.families.wrong_runs import without_deletions


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


def certifies_insertions(replay: Replay, rng: np.random.Generator) -> UpToDate:
    """Report the guesses and the bound of a solver that is not shown the deletions."""
    return up_to_date(replace(replay, updates=without_deletions(replay.updates)), rng)


def larger_guesses(replay: Replay, rng: np.random.Generator) -> UpToDate:
    """Report guesses a quarter larger than they are, and a bound divided by the same 1.25."""
    found = up_to_date(replay, rng)
    return replace(found, guesses=1.25 * found.guesses, upper_bound=found.upper_bound / 1.25)


@formula(value="[0, inf)", o="[0, inf)")
def pair_bound(value: Number, o: Number) -> Number:
    """The bound of OPT that an open guess o proves, where `value` is f(I).

    A sequence of batches counts its dead members.

    Proof
    -----
    Assumes: f is monotone and submodular, and the guess has been shown all updates (hypotheses of the statement).

    Proof: For T < k statement DS-T1 says f(I) >= OPT - o / 2. Its argument holds for a sequence with dead members too:
    they still belong to I, and f(I + O) >= OPT for an optimal set O with or without them.
    """
    return value + o / 2


def certified(replay: Replay, found: UpToDate) -> Sides:
    """Compare o / 2 with the value of a full guess, OPT with the bound of an open one, which the solver reports."""
    updates, allowed = replay.updates, spoiled(replay.updates.function)
    best, there = updates.optima[-1], updates.present[-1]
    lhs, rhs, bounds = [], [], [] if len(found.guesses) else [0]
    for row, reported, guess in zip(found.sequences, found.values, found.guesses, strict=True):
        value, full = worth_of(updates.function, row, there, updates.k, reported), bool((row >= 0).all())
        bound = pair_bound(value, guess) if value != WRONG and guess >= 0 else WRONG
        lhs.append(guess / 2 if full else best)
        rhs.append(value if full else bound)
        bounds.extend([] if full else [bound])
    # the reported bound is that of one of the open guesses, up to the rounding of a sum
    is_one = any(abs(found.upper_bound - bound) <= allowed + rounding(1, float(abs(bound))) for bound in bounds)
    return Sides(np.array([*lhs, best]), np.array([*rhs, found.upper_bound if is_one else WRONG]), least=0)


DS_P5 = Statement(
    id="dynamic_submodular/DS-P5",
    title="A full sequence is worth half of its guess, and an open one bounds the optimum",
    says="A guess o that has seen all updates proves f(I) >= o/2 if its sequence I has T = k elements, and OPT <= "
    "f(I) + o/2 if T < k, where OPT is the best value f of at most k present elements.",
    source=Derived(pair_bound),
    tex=r"T = k \Rightarrow f(I) \ge o/2,\quad T < k \Rightarrow \mathrm{OPT} \le f(I) + o/2",
    hypotheses={name: (lambda replay, holds=holds: holds(replay.updates)) for name, holds in HYPOTHESES.items()},
    instances=REPLAYS,
    for_all=(all_streams(Replay),),
    solve=up_to_date,
    claim=Inequality(certified),
    decisions=("sequences", "guesses", "upper_bound"),
    may_vary=dict.fromkeys(
        ("sequences", "values", "guesses"),
        "which guesses of the optimum are alive follows from the coins of the solver",
    ),
    saboteurs=(
        saboteur("deletions are not repeated", solve=certifies_insertions),
        # subtle: guesses a quarter too large are refuted by full sequences, which are worth less than half of them
        saboteur("a quarter more", solve=larger_guesses),
    ),
)


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


def replays_insertions(replay: Replay, rng: np.random.Generator) -> Replayed:
    """Report the sequences of a lazy solver that is not shown the deletions."""
    found = replayed(replace(replay, updates=without_deletions(replay.updates)), rng)
    whole = replayed(replay, rng)
    rows = min(len(found.lazy), len(whole.lazy))
    return Replayed(found.lazy[:rows], whole.eager[:rows])


def same_path(replay: Replay, found: Replayed) -> Sides:
    """Compare sequence and queries of each lazy guess with those of a guess that was never late."""
    lhs = [len(found.lazy), *found.lazy.ravel()]  # no guess is held where all values are 0; the length stands for it
    return Sides(np.array(lhs), np.array([len(found.eager), *found.eager.ravel()]))


DS_T17 = Statement(
    id="dynamic_submodular/DS-T17",
    title="A lazy guess that repeats every update goes the way of one that was never late",
    says="A lazy guess that repeats every update in order takes the path of its eager copy, which has the same coins "
    "and saw each update at once. So it never asks for more marginals than the copy.",
    source=Derived(theory.pair_ratio),
    tex=r"\text{queries of a lazy guess} \le \text{queries of its eager copy}",
    hypotheses={"every update is repeated": lambda replay: replay.replay == "exact"},
    instances=REPLAYS,
    for_all=(all_streams(Replay),),
    solve=replayed,
    claim=Identity(same_path),
    closed="the coins and the counted queries of a guess are the library's own, and no other algorithm has them",
    may_vary=dict.fromkeys(
        ("lazy", "eager"), "which guesses of the optimum are alive follows from the coins of the solver"
    ),
    saboteurs=(
        # the law of the samples is the same: only paths tell the coins apart
        saboteur("other coins", solve=partial(replayed, shift=1)),
        saboteur("deletions are not repeated", solve=replays_insertions),
    ),
    notes="Path by path, with equal coins; what a guess has not yet been shown it has not yet paid for.",
)
