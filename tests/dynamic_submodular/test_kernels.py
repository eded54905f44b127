"""Parts of the kernels against their definitions, one by one, and counts against what is asked by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.dynamic_submodular.structures import batches, guesses, levels, prefixes, randomness, states
from lrtheory.dynamic_submodular.structures import stream as streams
from tests.dynamic_submodular.oracles import instances, toggles


def test_the_largest_bucket_and_of_equal_ones_the_highest() -> None:
    find = batches.largest_bucket.py_func
    for n in (1, 2, 3, 4):
        for buckets in itertools.product(range(3), repeat=n):
            integers = np.zeros((5, 8), np.int64)
            integers[states.POOL, :n] = np.arange(10, 10 + n)
            integers[states.BUCKET_OF, :n] = buckets
            best, size = find(SimpleNamespace(integers=integers), n)
            assert (size, best) == max((buckets.count(b), b) for b in buckets)
            front = integers[states.POOL, :size].tolist()
            assert sorted(front) == [10 + i for i in range(n) if buckets[i] == best]
            assert sorted(integers[states.POOL, :n].tolist()) == list(range(10, 10 + n))


def test_bars_of_a_full_group_are_twice_the_least_weight_that_it_keeps() -> None:
    """Picks with these marginals, all of one group of at most two: each throws out the least that is held."""
    gains, threshold = [3.0, 5.0, 4.0, 9.0, 7.0], 0.5
    k, n = 6, len(gains)
    marks = np.zeros((states.BAR + 1, k + 2))
    marks[states.SCALES, states.THRESHOLD] = threshold
    marks[states.BAR] = threshold
    marks[states.VALUE, 1 : n + 1] = np.cumsum(gains)
    members = np.zeros((2, k + 2), np.int64)
    members[states.MEMBER, 1 : n + 1] = np.arange(n)
    integers = np.zeros((5, n + 2), np.int64)
    integers[states.LIMIT, 0] = 2
    work, state = SimpleNamespace(integers=integers, gains=np.zeros(12)), SimpleNamespace(marks=marks, levels=members)
    held: list[float] = []
    for z, gain in enumerate(gains, start=1):
        held = sorted([*held, gain])[-2:] if len(held) == 2 else sorted([*held, gain])
        levels.raise_bar.py_func(state, work, z, 0)
        assert marks[states.BAR, z] == (max(threshold, 2 * held[0]) if len(held) == 2 else threshold)


@pytest.mark.parametrize("epsilon", [0.1, 0.5])
def test_marginals_are_in_the_bucket_of_their_size(epsilon: float) -> None:
    threshold = 0.7
    for b in range(6):
        low, high = threshold * (1 + epsilon) ** b, threshold * (1 + epsilon) ** (b + 1)
        for gain in (low, (low + high) / 2, high * (1 - 1e-9)):
            assert batches.bucket.py_func(gain, threshold, epsilon) == b


def walk(at: int, *, full: int = streams.FREE, opened: int = streams.FREE) -> streams.Stream:
    """A stream whose walk stands at a guess, with a full one and an open one that it knows already."""
    made = streams.new_stream(4, 3, 8)
    made.tally[streams.AT], made.tally[streams.STRIDE] = at, 1
    made.tally[streams.J_FULL], made.tally[streams.J_OPEN] = full, opened
    return made


@pytest.mark.parametrize("above", [1, 2, 3])
def test_a_walk_ends_where_a_full_guess_is_next_below_an_open_one(above: int) -> None:
    """The guesses 5 and 5 + above have been met, the second one of them last; only neighbors complete the answer."""
    k, rules = 2, ds.DynamicSubmodular(ds.Coverage([[0]]), 2, epsilon=0.1)._rules
    table = SimpleNamespace(numbers=np.zeros((2, 16), np.int64), marks=np.zeros((2, states.BAR + 1, k + 2)))
    table.marks[:, states.SCALES, states.GUESS] = 1.0
    for length, stream in (
        (k, walk(5, opened=5 + above)),
        (1, walk(5 + above, full=5)),
    ):
        table.numbers[1, states.LENGTH] = length
        assert guesses.decide.py_func(table, 1, stream, rules) == (above == 1)
        if above > 1:
            assert stream.tally[streams.AT] == 5 + above // 2
    for length, stream in ((k, walk(5, opened=4)), (1, walk(5, full=6))):  # no pair: the full one is above the open one
        table.numbers[1, states.LENGTH] = length
        assert not guesses.decide.py_func(table, 1, stream, rules)


def test_no_step_up_goes_beyond_the_first_guess_that_no_element_passes() -> None:
    k, epsilon, unit, top = 3, 0.1, 1.0, 5.0
    first = next(j for j in range(1000) if unit * (1 + epsilon) ** j > 2 * k * top)
    for at in (0, first - 2, first - 1):
        stream = walk(at, full=at)
        stream.tally[streams.STRIDE] = 2**20
        stream.answers[streams.TOP], stream.answers[streams.UNIT] = top, unit
        streams.go_on.py_func(stream, SimpleNamespace(k=k, epsilon=epsilon), k)
        assert stream.tally[streams.AT] == first
    stream = walk(first + 40, opened=first + 40)
    stream.answers[streams.TOP], stream.answers[streams.UNIT] = top, unit
    streams.go_on.py_func(stream, SimpleNamespace(k=k, epsilon=epsilon), 0)
    assert stream.tally[streams.AT] == first - 1


def test_each_element_that_passes_at_the_end_is_asked_once_in_a_rebuild() -> None:
    f = ds.Coverage([[v] for v in range(6)])
    one = ds.OneGuess(f, 12, 12.0, rng=0)
    one.update(list(range(6)))
    before = one.counts["queries"]
    one.delete(int(one.members[0]))
    assert one.counts["queries"] - before == 5


@pytest.mark.parametrize("structure", ["levels", "batches"])
def test_the_first_element_too_is_deleted_at_the_expense_of_deletions(structure: str) -> None:
    f = ds.Coverage([[v] for v in range(6)])
    options = {"structure": structure, "guess": 12.0, "n_runs": 40, "rng": 1}
    kept = ds.run_guess(f, list(range(6)), 6, **options)
    gone = ds.run_guess(f, [*range(6), ~0], 6, **options)
    assert not kept.deletion_queries.any()
    np.testing.assert_array_equal(kept.insertion_queries, gone.insertion_queries)
    assert gone.deletion_queries.any()


def test_elements_below_the_threshold_are_not_asked() -> None:
    f = ds.Coverage([[0], [1]], [0.01, 1.0])
    found = ds.maximize(f, 1, method="threshold", epsilon=0.1)
    assert found.items.tolist() == [1]
    assert found.counts["queries"] == 3  # both alone, and the better one again


@pytest.mark.parametrize("limits", [None, [2, 1, 2]])
def test_thresholds_of_the_guesses(limits: list[int] | None) -> None:
    f, _ = instances(12, 1)["coverage"]
    epsilon, k = 0.3, 5
    given = k if limits is None else ds.PartitionMatroid(np.arange(12) % 3, limits)
    solver = ds.DynamicSubmodular(f, given, epsilon=epsilon, rng=0)
    solver.update(list(range(12)))
    share = 1 / (2 * k) if limits is None else epsilon / ((1 + epsilon) * k)
    assert solver.guesses
    for slot in range(1, len(solver.guesses) + 1):
        state = states.at(solver._table, slot)
        guess = f.value([0]) * (1 + epsilon) ** int(state.numbers[states.INDEX])  # in units of the first element
        assert math.isclose(state.marks[states.SCALES, states.GUESS], guess)
        assert math.isclose(state.marks[states.SCALES, states.THRESHOLD], guess * share)


@pytest.mark.parametrize("method", ["lazy", "eager", "batched"])
def test_the_value_is_that_of_the_solution(method: str) -> None:
    """Members of batches that have died count for nothing."""
    # of elements that have nothing in common batches are so large that some of them may stay dead
    apart = ds.Coverage([[v] for v in range(14)]), lambda items: float(len(items))
    for seed, (f, formula) in enumerate([*(instances(14, seed)["coverage"] for seed in range(4)), apart]):
        solver = ds.DynamicSubmodular(f, 6, epsilon=0.3, method=method, rng=seed)
        for op in toggles(f.n, 60, np.random.default_rng(seed)):
            solver.update([op])
            assert solver.value == pytest.approx(formula(solver.solution.tolist()), abs=1e-9)


def test_the_bound_of_an_eager_table_is_that_of_its_guesses() -> None:
    """No element is worth u (1 + e)^(h + 1) / (2 k), h the highest guess that holds one, nor k of them k times that."""
    epsilon, k = 0.3, 4
    for seed in range(4):
        f, formula = instances(14, seed)["coverage"]
        solver = ds.DynamicSubmodular(f, k, epsilon=epsilon, method="eager", rng=seed)
        for v in range(f.n):
            solver.insert(v)
            highest = max(guess.index for guess in solver.guesses if guess.sequence.size)
            top = formula([0]) * (1 + epsilon) ** (highest + 1) / (2 * k)
            assert max(formula([u]) for u in range(v + 1)) <= top * (1 + 1e-8)
            open_ = [g.value + g.guess / 2 for g in solver.guesses if not g.is_full and g.guess >= top]
            assert solver.upper_bound <= min([k * top * (1 + 1e-8), *open_]) * (1 + 1e-12)


def test_a_guess_whose_elements_are_gone_makes_room_for_another() -> None:
    f = ds.Coverage([[v] for v in range(40)], 3.0 ** np.arange(40))
    solver = ds.DynamicSubmodular(f, 2, epsilon=0.5, method="eager", rng=0)
    held = []
    for v in range(40):  # each element asks for other guesses than the one that leaves
        solver.update([v, ~(v - 1)] if v > 0 else [v])
        held.append(len(solver.guesses))
    assert max(held) == held[4]
    assert solver.value == f.value([39])


def test_questions_of_a_binary_search() -> None:
    assert [states.asked(n) for n in range(1, 200)] == [math.ceil(math.log2(n)) for n in range(1, 200)]


@pytest.mark.parametrize("kind", sorted(instances()))
def test_profiles_hold_all_marginals_down_to_the_first_below_the_floor(kind: str) -> None:
    for seed in range(3):
        f, formula = instances(10, seed)[kind]
        items, v = np.arange(5), 7
        state, gains = f._after(items), np.empty(6)
        prefixes.profile(f._record, state, v, 0, 5, -1.0, gains)
        whole = gains.copy()
        by_hand = [formula([*items[:z], v]) - formula(items[:z]) for z in range(6)]
        np.testing.assert_allclose(whole, by_hand, atol=1e-9)
        for floor in whole:
            prefixes.profile(f._record, state, v, 0, 5, floor, gains)
            reached = int((whole >= floor).sum())  # marginals only fall
            np.testing.assert_array_equal(gains[:reached], whole[:reached])


PATCHES = [
    (randomness.uniform, "scrambled(word)", "word"),
    (batches.bucket, "+ 1e-12", "+ 2e-12"),
    (prefixes.gain, "return gain_max(", "return 2 * gain_max("),
]


@pytest.mark.parametrize(("kernel", "old", "new"), PATCHES)
def test_kernels_that_a_patched_one_calls_answer_python(kernel: Callable[..., Any], old: str, new: str) -> None:
    """A patched kernel and its callers run as plain Python, and call the compiled ones below them from there."""
    f = ds.Coverage([[v, v // 2] for v in range(12)])
    with patched(Patch(kernel, old, new)) as reached, np.errstate(over="ignore"):
        solver = ds.DynamicSubmodular(f, 3, method="batched", rng=0)
        solver.update([*range(12), *(~v for v in range(6))])
    assert reached
    assert len(solver.solution) > 0
