"""Walks of one guess with all coins: merged states are whole, and the kernels that run are those of the library."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds.sets.coins import Walk, walked
from lrtheory.dynamic_submodular import run_guess
from lrtheory.dynamic_submodular.structures import states
from proofs_checks.dynamic_submodular.families.laws import short_streams, walk_of
from proofs_checks.dynamic_submodular.families.streams import Updates
from proofs_checks.dynamic_submodular.one_guess.sample_laws import FIXED, HIDING, law_of

#: every seventh stream of five updates, which has few ways, so that the whole tree is small
SOME = short_streams(5)[::7]


def law(walk: Walk, *, merged: bool = True) -> dict[tuple[int, ...], Fraction]:
    found: Counter[Any] = Counter()
    for weight, outcome in walked(walk, 100_000, merged=merged):
        found[tuple(outcome[0].tolist())] += weight  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


def test_merged_states_have_the_law_of_the_tree() -> None:
    for updates in SOME:
        assert law(walk_of(updates)) == law(walk_of(updates), merged=False)


@pytest.mark.parametrize("fixed", FIXED.always)
def test_long_streams_have_the_law_of_a_fresh_build(fixed: Any) -> None:
    filled = {(*key, *[-1] * (fixed.updates.k - len(key))): chance for key, chance in law_of(fixed).items()}
    assert law(walk_of(fixed.updates)) == filled


FORGETFUL: dict[str, Callable[[Any], Any]] = {
    "nothing but the pool of each element": lambda arrays: arrays.elements[states.DEEPEST].tobytes(),
    "nothing but the first chosen element": lambda arrays: arrays.levels[states.MEMBER, 1],
    "nothing but the number of chosen ones": lambda arrays: arrays.numbers[states.LENGTH],
}


@pytest.mark.parametrize("key", FORGETFUL.values(), ids=FORGETFUL)
def test_a_key_that_forgets_a_field_has_another_law(key: Callable[[Any], Any]) -> None:
    def differs(updates: Updates) -> bool:
        walk = walk_of(updates)
        return law(dataclasses.replace(walk, key=lambda state: key(state[0]))) != law(walk)

    assert any(map(differs, [HIDING.updates, *SOME]))


def test_the_walk_has_the_frequencies_of_compiled_runs() -> None:
    updates, n = HIDING.updates, 20_000
    runs = run_guess(updates.function.objective(), updates.ops, updates.k, guess=updates.guess, n_runs=n, rng=0)
    seen = Counter(map(tuple, runs.members.tolist()))
    due = law(walk_of(updates))
    assert set(seen) == set(due)
    error = np.sqrt(n * np.array([float(p * (1 - p)) for p in due.values()]))
    assert (np.abs([seen[key] - n * float(p) for key, p in due.items()]) < 5 * error).all()
