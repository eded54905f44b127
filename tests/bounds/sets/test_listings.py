"""Listings on which whole sets of several systems rest, against counts that are known and against enumeration."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from proofs_checks.alpha_rank.families.response_graphs import ranks, renamed, tables
from proofs_checks.dynamic_submodular.families.all_functions import (
    BATCHES,
    FUNCTIONS,
    NAMES,
    every_batch,
    every_stream,
    whole_functions,
)
from proofs_checks.dynamic_submodular.families.functions import by_values, is_monotone, is_submodular
from proofs_checks.dynamic_submodular.families.runs import batched, chosen
from proofs_checks.fair_subset_selection.families.small_panels import free_panels, n_orders
from proofs_checks.orbits import representatives


def turned(word: tuple[int, ...]) -> set[tuple[int, ...]]:
    return {word[i:] + word[:i] for i in range(len(word))}


def test_words_up_to_rotation_are_necklaces() -> None:
    words = list(itertools.product((0, 1), repeat=6))
    found = list(representatives(words, turned))
    assert len(found) == 14
    assert sum(len(turned(word)) for word in found) == len(words)


@pytest.mark.parametrize(("n", "matroids"), [(1, 2), (2, 5), (3, 16), (4, 68)])
def test_functions_whose_marginals_are_0_or_1_are_the_ranks_of_matroids(n: int, matroids: int) -> None:
    assert len(list(whole_functions(n, 1))) == matroids


@pytest.mark.parametrize(("n", "most"), [(2, 3), (3, 1)])
def test_whole_functions_are_all_that_are_monotone_and_submodular(n: int, most: int) -> None:
    # a submodular function is at most the sum of its values of single elements
    ends = [most * mask.bit_count() for mask in range(1 << n)]
    every = (by_values(np.array(values)) for values in itertools.product(*(range(end + 1) for end in ends)))
    small = (one for one in every if all(one.values[1 << v] <= most for v in range(n)))
    due = {tuple(one.values) for one in small if is_monotone(one) and is_submodular(one)}
    found = [tuple(one.values) for one in whole_functions(n, most)]
    assert set(found) == due
    assert len(found) == len(due)


@pytest.mark.parametrize(("n", "orders"), [(1, 1), (2, 3), (3, 13), (4, 75)])
def test_ranks_with_ties_are_weak_orders(n: int, orders: int) -> None:
    assert len(ranks(n, ties=True)) == orders


def test_response_graphs_of_four_profiles_are_the_orientations_of_a_square() -> None:
    found = list(representatives(tables((2, 2), ties=False), partial(renamed, (2, 2))))
    # a cycle, and paths of lengths 3 and 1, 2 and 2, or 1, 1, 1 and 1
    assert sorted(len(renamed((2, 2), one)) for one in found) == [2, 2, 4, 8]


def test_only_players_with_equally_many_strategies_are_renamed() -> None:
    assert len(renamed((2, 3), tuple(range(12)))) == 2 * 6
    assert len(renamed((2, 2), tuple(range(8)))) == 2 * 4


def test_streams_are_alike_where_their_elements_are() -> None:
    listed = list(NAMES.one_of_each(every_stream()))
    sizes = [sum(one.function is start.function for one in listed) for start in FUNCTIONS]
    # three elements that are alike, two, three and none, by Burnside's lemma
    assert sizes == [(81 + 3) // 6, (81 + 1) // 2, (81 + 3) // 6, 81]


def test_in_every_batch_of_whole_streams_somebody_is_dead() -> None:
    dead = dict.fromkeys(range(len(BATCHES)), 0)
    for updates in every_batch():
        which = next(i for i, start in enumerate(BATCHES) if start.function is updates.function)
        if dead[which]:  # one stream of each shows it
            continue
        found = batched(updates, np.random.default_rng(0))
        dead[which] += sum(
            len(chosen(row)) > len(chosen(living)) for row, living in zip(found.sequence, found.members, strict=True)
        )
    assert min(list(dead.values())[:3]) > 0, dead  # in the last one an element fills the bucket alone


def test_streams_that_are_alike_have_answers_that_are_alike() -> None:
    """So that one of them stands for the others."""
    for updates in every_stream():
        found = batched(updates, np.random.default_rng(0)).sequence
        for names in itertools.permutations(range(3)):
            ops = np.array([names[op] if op >= 0 else ~names[~op] for op in updates.ops])
            moved = replace(updates, ops=ops)
            if next(NAMES.images(moved)) in NAMES.images(updates):
                due = np.array([*names, -1])[found]
                assert (batched(moved, np.random.default_rng(0)).sequence == due).all()


def test_panels_up_to_the_order_of_rankings_stand_for_all_panels() -> None:
    sizes = [n_orders(panel) for panel in free_panels((("borda-cc", 1),), 3, 3)]
    assert (len(sizes), sum(sizes)) == (6 + 21 + 56, 6 + 36 + 216)
