"""The maintained solver at its edges: fine guesses, huge weights, calls of an oracle, groups, debug checks."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import theory
from lrtheory.dynamic_submodular.structures import states
from lrtheory.dynamic_submodular.structures import stream as streams
from proofs_checks.dynamic_submodular.all_guesses.matroids import matroid_ratio
from tests.dynamic_submodular.oracles import after, instances, toggles
from tests.dynamic_submodular.test_dynamic import METHODS, ratio


@pytest.mark.parametrize("epsilon", [0.1, 0.005, 1e-5, 1e-6])
def test_a_window_needs_a_handful_of_guesses_however_fine(epsilon: float) -> None:
    n, k = 3000, 20
    solver = ds.DynamicSubmodular(ds.Coverage([[v] for v in range(n)]), k, epsilon=epsilon, rng=0)
    trace = solver.update(ds.sliding_window(np.arange(n), 100), record=True)
    assert len(solver.guesses) <= 4
    assert (trace.values[200:] == k).all()
    assert (trace.upper_bounds[200:] <= (2 + epsilon) * k).all()
    assert (trace.upper_bounds[200:] >= k * (1 - 1e-12)).all()
    solver.check_invariants()
    sizes = [rows.nbytes for rows in (*solver._table, *solver._stream, *solver._work)]
    assert sum(sizes) < 500 * n + 500_000


@pytest.mark.parametrize("epsilon", [0.1, 1e-4])
def test_walks_reach_their_pair_from_far_above_and_below(epsilon: float) -> None:
    rng = np.random.default_rng(1)
    weights = 10.0 ** rng.integers(-300, 300, 24)
    f = ds.Coverage([[v] for v in range(24)], weights)
    for k in (1, 3, 30):
        solver = ds.DynamicSubmodular(f, k, epsilon=epsilon, rng=0)
        ops = toggles(24, 80, rng)
        for i, op in enumerate(ops):
            solver.update([op])
            best = np.sort([weights[v] for v in after(ops[: i + 1])])[-k:].sum()
            assert best / (2 + epsilon) * (1 - 1e-9) <= solver.value <= best * (1 + 1e-9)
            assert best * (1 - 1e-9) <= solver.upper_bound <= (2 + epsilon) * best * (1 + 1e-9)
            # however many guesses the walk has set up since, those of the pair still lie where it has met them
            tally, numbers = solver._stream.tally, solver._table.numbers
            for slot, number in ((streams.FULL, streams.J_FULL), (streams.OPEN, streams.J_OPEN)):
                assert tally[slot] <= 0 or numbers[tally[slot], states.INDEX] == tally[number]


@pytest.mark.parametrize("kind", ["coverage", "facility", "logdet", "min"])
def test_the_memory_that_is_checked_is_what_tables_take(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []
    monkeypatch.setattr(states, "affordable", checked.append)
    record, small = instances()[kind][0]._record, 80  # the counters of a guess
    table = states.new_states(record, 3, 20, n_entries=500, n_groups=2, n_slots=50)
    work = states.new_workspace(3, 20, n_buckets=1000)
    for said, tables in zip(checked, (table, work), strict=True):
        taken = sum(rows.nbytes for rows in tables)
        assert taken - 50 * small <= said <= taken


@pytest.mark.parametrize("method", ["lazy", "eager", "batched"])
def test_the_largest_finite_weights(method: str) -> None:
    f = ds.Coverage([[v] for v in range(5)], [1.0, 2.0, 8e307, 4e307, 3e307])
    solver = ds.DynamicSubmodular(f, 3, epsilon=0.2, method=method, rng=0)
    for v in range(5):
        solver.insert(v)
        best = ds.maximize(f, 3, candidates=solver.present).value
        assert solver.value >= ratio(method, 0.2) * best
        assert solver.upper_bound >= best
    for baseline in ("sieve", "sieve++"):
        assert ds.maximize(f, 3, method=baseline).value >= 7e307


@pytest.mark.parametrize(("method", "replay"), METHODS)
def test_an_oracle_is_called_no_more_than_is_counted(method: str, replay: str) -> None:
    for seed in range(3):
        f, formula = instances(12, seed)["coverage"]
        asked = ds.CountingOracle(formula, f.n)
        solver = ds.DynamicSubmodular(asked, 6, epsilon=0.3, method=method, replay=replay, rng=seed)
        for op in toggles(f.n, 50, np.random.default_rng(seed)):
            solver.update([op])
            assert asked.calls <= solver.counts["queries"] + 1  # f(empty)


def test_an_oracle_is_called_no_more_with_groups_or_a_single_guess() -> None:
    f, formula = instances(12, 1)["coverage"]
    ops = toggles(f.n, 80, np.random.default_rng(0))
    asked = ds.CountingOracle(formula, f.n)
    grouped = ds.DynamicSubmodular(asked, ds.PartitionMatroid(np.arange(12) % 3, [2, 1, 2]), rng=0)
    grouped.update(ops)
    assert asked.calls <= grouped.counts["queries"] + 1
    plain = ds.DynamicSubmodular(f, ds.PartitionMatroid(np.arange(12) % 3, [2, 1, 2]), rng=0)
    plain.update(ops)
    assert plain.counts == grouped.counts
    for structure in ("levels", "batches"):
        asked = ds.CountingOracle(formula, f.n)
        one = ds.OneGuess(asked, 6, 30.0, structure=structure, rng=0)
        one.update(ops)
        singles = len(set(map(abs, ops)))  # each is known once, before a guess asks
        assert asked.calls <= one.counts["queries"] + 1 + singles
        before = one.counts["queries"]
        one.update([0 if 0 not in after(ops) else ~0])
        assert before <= one.counts["queries"]


def test_the_debug_check_names_sets_that_contradict_the_objective() -> None:
    f = ds.CountingOracle(lambda S: float(len(S) ** 2), 6)
    solver = ds.DynamicSubmodular(f, 2, rng=0)
    solver.update([0, 1])
    with pytest.raises(AssertionError, match=r"adds .* more to \[.*\] than to its part \["):
        solver.check_invariants(n_probes=50)
    falling = ds.DynamicSubmodular(ds.CountingOracle(lambda S: -float(len(S)), 6), 2, rng=0)
    with pytest.raises(AssertionError, match="the objective falls by"):
        falling.check_invariants(n_probes=50)


def test_the_table_answers_with_its_best_guess() -> None:
    for kind in ("coverage", "facility"):
        f, _ = instances(20, 3)[kind]
        solver = ds.DynamicSubmodular(f, 4, epsilon=0.15, method="eager", rng=2)
        for op in toggles(f.n, 80, np.random.default_rng(3)):
            solver.update([op])
            assert solver.value == max((guess.value for guess in solver.guesses), default=0.0)


def test_the_bound_of_groups_is_that_of_theory() -> None:
    f, _ = instances(10, 2)["facility"]
    few = ds.PartitionMatroid(np.arange(10) % 2, [2, 1])
    solver = ds.DynamicSubmodular(f, few, epsilon=0.2, rng=0)
    solver.update(np.arange(10))
    full = max(solver.guesses, key=lambda guess: guess.n_seen)
    slot = solver._table.numbers[:, states.INDEX].tolist().index(full.index, 1)
    bars = solver._table.marks[slot, states.BAR :, len(full.sequence)]
    assert solver.upper_bound == pytest.approx(theory.group_bound(full.value, bars.tolist(), few.limits.tolist()))


def test_a_full_group_takes_only_what_is_worth_twice_its_least() -> None:
    for weights, lengths in (([1.0, 1.5], {1}), ([1.0, 2.5], {1, 2})):
        seen = set()
        for seed in range(12):
            f = ds.Coverage([[0], [1]], weights)
            solver = ds.DynamicSubmodular(f, ds.PartitionMatroid([0, 0], [1]), epsilon=0.25, rng=seed)
            solver.update([0, 1])
            seen |= {len(guess.sequence) for guess in solver.guesses if guess.n_seen == 2}
        assert seen == lengths


def test_no_sequence_leaves_its_table_where_it_is_as_long_as_it_can_be() -> None:
    weights = [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]  # with epsilon = 1 the threshold of the guess 2 is 1: two picks, 1 and 2
    one = ds.PartitionMatroid([0] * 6, [1])
    lengths = set()
    for seed in range(60):
        asked = ds.CountingOracle(lambda S: sum(weights[v] for v in S), 6)  # Python checks its indices
        solver = ds.DynamicSubmodular(asked, one, epsilon=1.0, rng=seed)
        solver.update(np.arange(6))
        solver.check_invariants()
        assert solver.value >= matroid_ratio(1.0) * 2.0
        lengths |= {len(guess.sequence) for guess in solver.guesses}
    assert max(lengths) == one.n_levels(1.0) == 2


def test_exact_replay_shows_a_guess_more_than_its_table_holds() -> None:
    weights = [2.0**v for v in range(14)]
    for seed in range(8):
        asked = ds.CountingOracle(lambda S: sum(weights[v] for v in S), 14)
        few = ds.PartitionMatroid([0] * 14, [1])
        solver = ds.DynamicSubmodular(asked, few, epsilon=0.5, replay="exact", rng=seed)
        solver.update([*range(14), *(~v for v in range(1, 14))])  # the guess of 1 is shown all that came and went
        solver.check_invariants()
        assert solver.value == 1.0 <= solver.upper_bound <= 1 / matroid_ratio(0.5)


def test_one_group_is_a_matroid_too() -> None:
    f = ds.Coverage([[v] for v in range(61)], [0.1] * 60 + [1.0])
    for seed in range(5):
        solver = ds.DynamicSubmodular(f, ds.PartitionMatroid([0] * 61, [1]), rng=seed)
        solver.update(np.arange(61))
        solver.check_invariants()
        assert solver.value >= matroid_ratio(0.1)
        assert 1 <= solver.upper_bound <= 5


@pytest.mark.parametrize("method", ["lazy", "eager", "batched"])
def test_a_solver_of_one_element_goes_on_from_its_state_before_anything_came(method: str) -> None:
    f = ds.Coverage([[0, 1]])
    one, other = (ds.DynamicSubmodular(f, 1, method=method, rng=0) for _ in range(2))
    other.set_state(one.get_state())
    assert (other.value, other.solution.tolist()) == (0.0, [])
    other.insert(0)
    assert (other.value, other.solution.tolist()) == (2.0, [0])
