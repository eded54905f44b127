"""The accounts of a stream: elements without value that leave, damage that the invariants see, and exact counts."""

from __future__ import annotations

import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular.structures import states

SETS = [[0, 1, 2], [2, 3], [4], [5, 6], [0, 6], [7]]


@pytest.mark.parametrize("method", ["lazy", "eager", "batched"])
def test_what_is_worth_nothing_leaves_without_a_trace(method: str) -> None:
    best = ds.DynamicSubmodular(ds.Coverage([[], [0], []]), 2, method=method, rng=0)
    for op in (0, 1, 2, ~0, ~2):
        best.update([op])
        best.check_invariants()
    assert (best.value, best.solution.tolist()) == (1.0, [1])
    again = ds.DynamicSubmodular(ds.Coverage([[], [0], []]), 2, method=method, rng=0)
    again.set_state(best.get_state())
    again.update([0])
    assert again.value == 1.0


def made(structure: str) -> ds.OneGuess:
    one = ds.OneGuess(ds.Coverage(SETS), 3, 8.0, structure=structure, rng=0)
    one.update(range(len(SETS)))
    one.check_invariants()
    return one


def test_a_list_that_lost_its_elements_is_seen() -> None:
    one = made("levels")
    level = int(one._state.elements[states.DEEPEST].max())
    one._state.levels[states.HEAD, level] = -1
    with pytest.raises(AssertionError, match=f"the list of level {level} holds"):
        one.check_invariants()


def test_an_element_that_would_still_pass_is_seen() -> None:
    one = ds.OneGuess(ds.Coverage([[0, 1, 2, 3], [4]]), 2, 8.0, structure="batches", rng=0)
    one.update([0, 1])
    one.check_invariants()  # the guess asks for 2 more an element, so the second is left
    one._state.marks[states.SCALES, states.THRESHOLD] = 0.5
    with pytest.raises(AssertionError, match="an element passes at the end"):
        one.check_invariants()


def test_plain_greedy_asks_for_every_candidate_in_every_round() -> None:
    found = ds.maximize(ds.Coverage([[0, 1, 2], [3, 4], [5], [6]]), 3, method="naive")
    lazy = ds.maximize(ds.Coverage([[0, 1, 2], [3, 4], [5], [6]]), 3, method="lazy")
    assert found.items.tolist() == lazy.items.tolist()
    assert found.counts["queries"] == 4 + 3 + 2


def test_groups_must_know_the_elements_that_come_later() -> None:
    f = ds.Coverage([[0], [1]])
    best = ds.DynamicSubmodular(f, ds.PartitionMatroid([0, 1], [1, 1]), rng=0)
    best.update([0])
    f.append([[2]])
    with pytest.raises(ValueError, match="a PartitionMatroid of at least 3 elements"):
        best.update([2])
