"""One guess: its invariants after every update, its law, its equality with a sieve, its costs, and wrong versions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.dynamic_submodular import theory
from lrtheory.dynamic_submodular.structures import batches, levels, states
from proofs_checks.dynamic_submodular.batches.living_members import batch_value
from proofs_checks.dynamic_submodular.one_guess.sample_laws import build_law
from proofs_checks.dynamic_submodular.one_guess.sequences import level_value
from tests.dynamic_submodular.oracles import after, fixed_threshold_sieve, instances, optimum, toggles

KINDS = sorted(instances())
OPS = [0, 1, 2, 3, 4, 5, ~2, 2, ~0, ~5, 5, 6, ~1]


@pytest.mark.parametrize("structure", ["levels", "batches"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 3, 12])
def test_invariants_and_values_after_every_update(kind: str, structure: str, k: int) -> None:
    f, formula = instances()[kind]
    rng = np.random.default_rng(k)
    guess = float(rng.uniform(0.3, 1.5)) * optimum(formula, range(f.n), min(k, 4))
    one = ds.OneGuess(f, k, guess, structure=structure, dead_share=0.4, rng=0)
    ops = toggles(f.n, 60, rng)
    for i, op in enumerate(ops):
        one.update([op])
        one.check_invariants()
        assert set(one.members.tolist()) <= after(ops[: i + 1])
        assert one.value == pytest.approx(formula(one.members), abs=1e-9)
        if k <= 3:
            best = optimum(formula, after(ops[: i + 1]), k)
            bound = level_value(guess, best, one.is_full)
            if structure == "batches":
                bound = batch_value(guess, best, 0.4, one.is_full)
            assert one.value >= bound - 1e-9


def exact(f: ds.Objective, k: int, threshold: float, present: set[int]) -> dict[tuple[int, ...], Fraction]:
    return build_law(f.value, present, k, threshold)


def distance(f: ds.Objective, n_runs: int) -> float:
    """Total variation between the law of many runs and the law of a fresh build."""
    runs = ds.run_guess(f, OPS, 3, guess=12.0, n_runs=n_runs, rng=5)
    law = exact(f, 3, 2.0, after(OPS))
    found, times = np.unique(runs.members, axis=0, return_counts=True)
    seen = {tuple(v for v in row if v >= 0): n / n_runs for row, n in zip(found.tolist(), times, strict=True)}
    return sum(abs(seen.get(s, 0.0) - float(law.get(s, 0))) for s in {*seen, *law}) / 2


def test_the_law_is_that_of_a_fresh_build() -> None:
    f, _ = instances(7, 3)["coverage"]
    assert distance(f, 40_000) < 0.02


@pytest.mark.parametrize(
    ("kernel", "old", "new"),
    [
        (levels.insert, "(state.levels[SIZE, level] + 1)", "max(1, state.levels[SIZE, level])"),
        (levels.insert, "if randomness.uniform(numbers) < coin:", "if False:"),
        (levels.settle, "b = a + randomness.below(numbers, n - a)", "b = a"),
    ],
    ids=["coin of the old size", "never replaced", "not shuffled"],
)
def test_wrong_coins_change_the_law_and_nothing_else(kernel: object, old: str, new: str) -> None:
    f, _ = instances(7, 3)["coverage"]
    with patched(Patch(kernel, old, new)):
        assert distance(f, 1500) > 0.08
        one = ds.OneGuess(f, 3, 12.0, rng=0)
        for op in OPS:
            one.update([op])
            one.check_invariants()


@pytest.mark.parametrize(
    ("structure", "kernel", "old", "new"),
    [
        ("levels", levels.depth, "passes(gains[first], bars[first])", "gains[first] > bars[first]"),
        ("levels", levels.rebuild, "states.gather(state, level,", "states.gather(state, level + 1,"),
        ("batches", batches.delete, "epsilon * levels[BATCH, deepest]", "epsilon * levels[BATCH, deepest] + 1"),
        ("batches", batches.insert, "index = np.int64(state.elements[SEQUENCE_INDEX, v])", "index = 0"),
        ("batches", batches.scan, "if passes(gain, lower):", "if passes(gain, state.marks[SCALES, THRESHOLD]):"),
    ],
    ids=["strict", "pool below", "late", "no revival", "any bucket"],
)
def test_wrong_structures_break_an_invariant(structure: str, kernel: object, old: str, new: str) -> None:
    if structure == "levels":
        f, guess, k = ds.Coverage([[v] for v in range(12)]), 6.0, 3
    else:
        rng = np.random.default_rng(2)
        f, guess, k = ds.Coverage([rng.choice(40, 4, replace=False) for _ in range(30)]), 20.0, 10
        if kernel is batches.insert:
            f = ds.Coverage([[v] for v in range(30)])
    ops = toggles(f.n, 150, np.random.default_rng(1))

    def run() -> None:
        one = ds.OneGuess(f, k, guess, structure=structure, dead_share=0.5, rng=0)
        for op in ops:
            one.update([op])
            one.check_invariants()

    run()
    with patched(Patch(kernel, old, new)), pytest.raises((AssertionError, IndexError)):
        run()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_sieve_on_its_own_order(kind: str) -> None:
    f, formula = instances()[kind]
    for seed in range(10):
        rng = np.random.default_rng(seed)
        one = ds.OneGuess(f, 4, 0.8 * formula(range(f.n)), rng=seed)
        ops = toggles(f.n, 25, rng)
        one.update(ops)
        sequence = one.sequence.tolist()
        rest = [v for v in rng.permutation(f.n).tolist() if v in after(ops) and v not in sequence]
        assert fixed_threshold_sieve(formula, [*sequence, *rest], 4, one.threshold) == sequence


def test_expected_queries_stay_below_their_bounds_on_the_worst_family() -> None:
    k = 8
    f = ds.Coverage([[v] for v in range(60)])
    ops = [*range(60), *(~v for v in range(0, 60, 2)), *range(0, 60, 2)]
    runs = ds.run_guess(f, ops, k, guess=2.0 * k, n_runs=300, rng=0)
    assert runs.insertion_queries.mean() < theory.insertion_queries(k)
    assert runs.deletion_queries.mean() < theory.deletion_queries(k)
    one = ds.OneGuess(f, k, 2.0 * k, rng=0)
    one.update(ops)
    # as for queries, with one profile for all marginals of an element
    assert one.counts["profiles"] < 3 * (k + 1) * len(ops)


def test_run_guess_is_one_guess() -> None:
    f, _ = instances()["facility"]
    runs = ds.run_guess(f, OPS, 3, guess=40.0, n_runs=2, rng=np.random.default_rng(7))
    rng = np.random.default_rng(7)
    rng.integers(2**63)  # the one that `run_guess` makes its template with
    for row, coins in enumerate(rng.integers(2**63, size=2).tolist()):
        one = ds.OneGuess(f, 3, 40.0, coins=coins)
        one.update(OPS)
        assert one.members.tolist() == [v for v in runs.members[row].tolist() if v >= 0]
        assert one.value == runs.values[row]


def test_a_dead_member_comes_back_to_life() -> None:
    f = ds.Coverage([[v] for v in range(20)])
    one = ds.OneGuess(f, 20, 40.0, structure="batches", dead_share=0.5, rng=0)
    one.update(range(20))
    victim = int(one.sequence[0])
    before = one.counts["queries"]
    one.delete(victim)
    assert victim not in one.members
    assert one.sequence[0] == victim
    one.insert(victim)
    one.check_invariants()
    assert one.members.tolist() == one.sequence.tolist()
    assert one.counts["queries"] == before


def test_an_adversary_who_sees_the_coins_pays_in_queries_alone() -> None:
    stream = ds.make_adaptive_attack(60, k=4, n_deletions=30, rng=0)
    attacked, other = (ds.OneGuess(stream.objective, 4, 8.0, rng=rng) for rng in (0, 12345))
    attacked.update(stream.ops)
    other.update(stream.ops)
    assert attacked.counts["queries"] > 3 * other.counts["queries"]
    assert attacked.value == other.value == 4.0


def test_marginals_are_counted_as_a_binary_search_asks_for_them() -> None:
    f = ds.Coverage([[0], [1], [2], [0], [1], [2]])
    state = states.at(states.new_states(f._record, 6, 4, n_entries=6), 0)
    states.set_guess(state, 0, 8.0, 1.0, 0.1, 0)
    work = states.new_workspace(6, 4)
    work.integers[states.POOL, :6] = np.arange(6)
    with patched(Patch(levels.settle, "b = a + randomness.below(numbers, n - a)", "b = a")):
        levels.settle(f._record, state, work, 6, 1, 1)
    assert state.levels[states.MEMBER, 1:4].tolist() == [0, 1, 2]
    # one each for 0, 1, 2; the others fail at the end, and among three prefixes two questions find where
    assert state.numbers[states.QUERIES] == 3 + 3 * (1 + 2)


def built_batches(f: ds.Objective, k: int, threshold: float, seed: int) -> states.State:
    """Batches out of all elements at once."""
    state = states.at(states.new_states(f._record, f.n, k, n_entries=f.room_for(k)), 0)
    states.set_guess(state, 0, 2 * k * threshold, threshold, 0.25, seed)
    work = states.new_workspace(f.n, k, n_buckets=states.n_buckets(0.25))
    work.integers[states.POOL, : f.n] = np.arange(f.n)
    batches.build(f._record, state, work, states.ONE, f.n)
    return state


def test_batches_come_from_the_largest_bucket() -> None:
    light_and_heavy = ds.Coverage([[v] for v in range(8)], [1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
    equal = ds.Coverage([[v] for v in range(6)], [1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    for seed in range(5):
        state = built_batches(light_and_heavy, 10, 1.0, seed)
        assert state.levels[states.BATCH, 1:3].tolist() == [5, 3]
        assert set(state.levels[states.MEMBER, 1:6].tolist()) == {0, 2, 4, 5, 7}
        state = built_batches(equal, 10, 1.0, seed)  # of equal buckets the highest
        assert set(state.levels[states.MEMBER, 1:4].tolist()) == {1, 3, 5}


def test_a_batch_is_scanned_in_every_order() -> None:
    f = ds.Coverage([[v] for v in range(3)])
    orders = {tuple(built_batches(f, 3, 1.0, seed).levels[states.MEMBER, 1:4].tolist()) for seed in range(100)}
    assert len(orders) == 6  # a uniform order leaves one of them out with probability 6 (5/6)^100 < 1e-7


def test_a_scan_stops_when_half_of_what_it_saw_and_two_more_were_no_longer_there() -> None:
    f = ds.Coverage([[0]] * 100)
    state = built_batches(f, 10, 1.0, 0)
    assert state.levels[states.BATCH, 1] == 1
    # the first is taken, and of m that were seen m - 1 >= 2 + m/2 at m = 6; before and after it all are filtered
    assert state.numbers[states.QUERIES] == 100 + 6 + 99
    other = ds.Coverage([[v] for v in range(30)] + [[v] for v in range(30)])
    for seed in range(5):  # two of a kind: at most half of what is seen fails, so that all are seen
        assert built_batches(other, 40, 1.0, seed).numbers[states.LENGTH] == 30


def test_scratch_of_the_largest_size_is_allocated_and_no_larger_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MOST_BYTES", 40 * 100 + 16 * 8)  # five integers a bucket, two doubles a level
    assert states.new_workspace(4, 8, n_buckets=100).integers.shape == (5, 100)
    for changed in ({"n_buckets": 101}, {"n_buckets": 100, "length": 9}):
        with pytest.raises(ValueError, match="`k` must be small enough"):
            states.new_workspace(**({"n": 4, "length": 8} | changed))
