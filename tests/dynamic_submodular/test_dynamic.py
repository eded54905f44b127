"""The maintained solver: guarantees after every update against brute force, in every method; copies, growth, traces."""

from __future__ import annotations

import json
import pickle
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lrtheory import dynamic_submodular as ds
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.dynamic_submodular import theory
from lrtheory.dynamic_submodular.structures import guesses, solutions
from proofs_checks.dynamic_submodular.all_guesses.matroids import matroid_ratio
from proofs_checks.dynamic_submodular.all_guesses.traps import tight_value
from tests.dynamic_submodular.oracles import after, instances, optimum, toggles

KINDS = sorted(instances())
METHODS = [("lazy", "net"), ("lazy", "exact"), ("eager", None), ("batched", "net"), ("batched", "exact")]


def ratio(method: str, epsilon: float) -> float:
    if method == "eager":
        return theory.table_ratio(epsilon)
    return theory.pair_ratio(epsilon) if method == "lazy" else theory.batch_pair_ratio(epsilon)


@pytest.mark.parametrize(("method", "replay"), METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_guarantees_after_every_update(kind: str, method: str, replay: str | None) -> None:
    f, formula = instances()[kind]
    solver = ds.DynamicSubmodular(f, 3, epsilon=0.25, method=method, replay=replay, rng=1)
    ops = toggles(f.n, 60, np.random.default_rng(2))
    for i, op in enumerate(ops):
        solver.update([op])
        solver.check_invariants()
        best = optimum(formula, after(ops[: i + 1]), 3)
        assert solver.value == pytest.approx(formula(solver.solution), abs=1e-9)
        assert solver.value >= ratio(method, 0.25) * best - 1e-9
        assert solver.upper_bound >= best - 1e-9
        assert 0 <= solver.certified_ratio <= 1 + 1e-9


class Reference(RuleBasedStateMachine):
    """Any order of insertions, deletions, re-insertions, growth, copies and rejected calls, against recomputation."""

    @initialize(
        seed=st.integers(0, 10**6),
        kind=st.sampled_from([*KINDS, "ties"]),
        k=st.integers(1, 9),
        how=st.sampled_from(METHODS),
    )
    def start(self, seed: int, kind: str, k: int, how: tuple[str, str]) -> None:
        self.f = ds.Coverage([[v] for v in range(6)] + [[], [0, 1]]) if kind == "ties" else instances(8, seed)[kind][0]
        self.k, self.how, self.present = k, how, set[int]()
        self.solver = ds.DynamicSubmodular(self.f, k, epsilon=0.5, method=how[0], replay=how[1], rng=seed)

    @rule(v=st.integers(0, 7))
    def toggle(self, v: int) -> None:
        before = set(self.solver.solution.tolist())
        self.solver.update([~v if v in self.present else v])
        self.present ^= {v}
        added, removed = map(set, (self.solver.last_change[0].tolist(), self.solver.last_change[1].tolist()))
        assert set(self.solver.solution.tolist()) == (before | added) - removed

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def delete_a_chosen_one_and_put_it_back(self, data: st.DataObject) -> None:
        chosen = sorted({v for guess in self.solver.guesses for v in guess.sequence.tolist()} & self.present)
        if chosen:
            v = data.draw(st.sampled_from(chosen))
            self.solver.update([~v, v])

    @rule(data=st.data())
    def rejected_calls_change_nothing(self, data: st.DataObject) -> None:
        v = data.draw(st.integers(0, 7))
        before = json.dumps(self.solver.get_state())
        bad = [~v, ~v] if v in self.present else [v, v]
        for ops in (bad, [*bad, 99], [[v]], ["a"]):
            with pytest.raises((KeyError, TypeError)):
                self.solver.update(ops)
        with pytest.raises(KeyError):
            self.solver.insert(10**6)
        assert json.dumps(self.solver.get_state()) == before

    @rule()
    def copies_go_on_alike(self) -> None:
        twin, other = self.solver.copy(), pickle.loads(pickle.dumps(self.solver))
        third = ds.DynamicSubmodular(self.f, self.k, epsilon=0.5, method=self.how[0], replay=self.how[1])
        third.set_state(json.loads(json.dumps(self.solver.get_state())))
        op = 0 if 0 not in self.present else ~0
        for each in (twin, other, third):
            each.update([op])
        assert twin.get_state() == other.get_state() == third.get_state()

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "solver"):
            self.solver.check_invariants()
            assert self.solver.present.tolist() == sorted(self.present)
            best = ds.maximize(self.f, self.k, candidates=sorted(self.present), method="brute-force").value
            assert self.solver.value >= ratio(self.how[0], 0.5) * best - 1e-9
            assert self.solver.upper_bound >= best - 1e-9


Reference.TestCase.settings = settings(
    max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestReference = Reference.TestCase


@pytest.mark.parametrize(("method", "replay"), METHODS)
def test_one_call_is_many_calls(method: str, replay: str) -> None:
    f, _ = instances(40, 5)["coverage"]
    ops = toggles(f.n, 300, np.random.default_rng(0))
    whole, single = (ds.DynamicSubmodular(f, 4, method=method, replay=replay, rng=9) for _ in range(2))
    trace = whole.update(ops, record=True)
    for i, op in enumerate(ops):
        before = single.counts["queries"]
        alone = single.update([op], record=True)
        assert (alone.values.tolist(), alone.queries.tolist()) == ([trace.values[i]], [trace.queries[i]])
        assert (single.value, single.upper_bound) == (trace.values[i], trace.upper_bounds[i])
        assert single.counts["queries"] - before == trace.queries[i]
        assert len(single.last_change[0]) == trace.changes[i]
    assert single.get_state() == whole.get_state()
    assert trace.queries.sum() == trace.counts["queries"]
    np.testing.assert_array_equal(trace.solution, whole.solution)


@pytest.mark.parametrize("method", ["lazy", "eager", "batched"])
def test_an_oracle_in_python_takes_the_same_path(method: str) -> None:
    f, formula = instances()["coverage"]
    asked = ds.CountingOracle(formula, f.n)
    ops = toggles(f.n, 40, np.random.default_rng(3))
    one, other = (ds.DynamicSubmodular(g, 3, method=method, rng=4) for g in (f, asked))
    first, second = (solver.update(ops, record=True) for solver in (one, other))
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.queries, second.queries)
    np.testing.assert_array_equal(one.solution, other.solution)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_function_that_fails_leaves_everything_as_it_was(error: type[BaseException]) -> None:
    is_moody = True

    def moody(S: tuple[int, ...]) -> float:
        if 3 in S and is_moody:
            raise error
        return float(len(S))

    f = ds.CountingOracle(moody, 5)
    solver = ds.DynamicSubmodular(f, 2, rng=0)
    solver.update([0, 1])
    before = solver.get_state()
    with pytest.raises(error):
        solver.update([2, 3])
    assert solver.get_state() == before
    solver.update([2, ~0, 4])
    for structure in ("levels", "batches"):
        one = ds.OneGuess(f, 2, 4.0, structure=structure, rng=0)
        one.update([0, 1])
        whole = pickle.dumps(one._state)
        with pytest.raises(error):
            one.update([~0, 2, 3])
        assert pickle.dumps(one._state) == whole
        one.update([2, ~1])
    is_moody = False
    solver.check_invariants()
    one.check_invariants()


def test_an_interruption_between_two_compiled_calls_finishes_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    f = ds.Coverage([[v] for v in range(8)], 3.0 ** np.arange(8))
    solver = ds.DynamicSubmodular(f, 2, replay="exact", rng=0)
    real, stopped = ds.DynamicSubmodular._allocate, []

    def interrupted(self: ds.DynamicSubmodular, *sizes: int) -> None:
        if not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        real(self, *sizes)

    monkeypatch.setattr(ds.DynamicSubmodular, "_allocate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solver.update(np.arange(8))
    assert 0 < len(solver.present) < 8
    solver.check_invariants()
    assert solver.value >= ds.maximize(f, 2, candidates=solver.present).value / 2.1
    solver.update(np.arange(len(solver.present), 8))
    assert solver.value >= ds.maximize(f, 2).value / 2.1


def test_elements_that_did_not_exist_at_the_start() -> None:
    f = ds.Coverage([[0]])
    solver = ds.DynamicSubmodular(f, 3, rng=0)
    solver.insert(0)
    for v in range(1, 60):
        (new,) = f.append([[v, v // 2, 100 + v % 7]]).tolist()
        solver.insert(new)
        if v % 3 == 0:
            solver.delete(new // 3)
        solver.check_invariants()
    assert solver.value >= ds.maximize(f, 3, candidates=solver.present).value / 2.1


def test_weights_that_grow_by_millions_and_a_giant_that_leaves() -> None:
    weights = [10.0 ** (v % 13 - 6) for v in range(40)] + [1e300, 5e-324]
    f = ds.Coverage([[v] for v in range(42)], weights)
    for method in ("lazy", "eager", "batched"):
        solver = ds.DynamicSubmodular(f, 3, epsilon=0.2, method=method, rng=0)
        solver.update(np.arange(42))
        assert solver.value >= 1e300
        solver.delete(40)
        best = np.sort(weights[:40])[-3:].sum()
        assert best * 1.2 * 2 >= solver.upper_bound >= best
        assert solver.value >= ratio(method, 0.2) * best
        solver.update(~np.arange(40))
        assert solver.value == 5e-324
        assert solver.solution.tolist() == [41]


def test_empty_sets_and_zero_gains() -> None:
    f = ds.Coverage([[], [], [0]])
    for method in ("lazy", "eager", "batched"):
        solver = ds.DynamicSubmodular(f, 2, method=method, rng=0)
        assert (solver.value, solver.upper_bound, solver.certified_ratio, solver.solution.tolist()) == (0, 0, 1, [])
        solver.update([0, 1])
        assert (solver.value, solver.upper_bound, solver.solution.tolist()) == (0, 0, [])
        solver.insert(2)
        assert (solver.value, solver.solution.tolist()) == (1, [2])
        solver.delete(2)
        assert (solver.value, solver.solution.tolist()) == (0, [])
        empty = ds.DynamicSubmodular(ds.Coverage([]), 2, method=method)
        assert empty.update([]).values.shape == (0,)


def test_exact_replay_goes_the_way_of_a_guess_that_was_never_late() -> None:
    f, _ = instances(20, 1)["facility"]
    ops = toggles(f.n, 120, np.random.default_rng(1))
    solver = ds.DynamicSubmodular(f, 4, epsilon=0.3, replay="exact", rng=5)
    for n_ops in range(1, len(ops) + 1):
        solver.update(ops[n_ops - 1 : n_ops])
    assert len(solver.guesses) > 3
    for guess in solver.guesses:
        eager = ds.OneGuess(f, 4, guess.guess, coins=guess.coins)
        eager.update(ops[: guess.n_seen])
        assert eager.sequence.tolist() == guess.sequence.tolist()
        assert dict(eager.counts) == dict(guess.counts)


def test_the_lazy_pair_asks_little() -> None:
    stream = ds.make_graph_coverage(1000, k=10, rng=0)
    queries = {}
    for method in ("lazy", "eager"):
        trace = ds.DynamicSubmodular(stream, epsilon=0.2, method=method, rng=0).update(stream, record=True)
        queries[method] = trace.queries.mean()
        assert (trace.values * 2.5 >= trace.upper_bounds)[200:].mean() > 0.9
    assert queries["lazy"] < 15 < 50 < queries["eager"]


def test_one_half_is_tight() -> None:
    stream = ds.make_tight(3, 300, 20_000, rng=0)
    values = []
    for seed in range(5):
        solver = ds.DynamicSubmodular(stream, rng=seed)
        solver.update(stream)
        values.append(solver.value / stream.truth)
    assert sum(abs(value - tight_value()) < 1e-3 for value in values) >= 4


@pytest.mark.parametrize("kind", ["coverage", "facility", "logdet"])
def test_groups(kind: str) -> None:
    f, formula = instances()[kind]
    few = ds.PartitionMatroid(np.arange(f.n) % 3, np.array([1, 2, 1]))
    solver = ds.DynamicSubmodular(f, few, epsilon=0.2, rng=0)
    ops = toggles(f.n, 50, np.random.default_rng(4))
    for i, op in enumerate(ops):
        solver.update([op])
        solver.check_invariants()
        pool = sorted(after(ops[: i + 1]))
        best = max(formula(c) for r in range(5) for c in combinations(pool, r) if few.holds(c))
        assert solver.value >= matroid_ratio(0.2) * best - 1e-9
        assert solver.upper_bound >= best - 1e-9
    assert few.holds(solver.top_up())


def test_the_top_up_only_adds() -> None:
    f = ds.Coverage([[0, 1, 2, 3, 4, 5, 6, 7], [0, 8], [1, 9]])
    solver = ds.DynamicSubmodular(f, 3, epsilon=1.0, rng=0)
    solver.update([0, 1, 2])
    filled = solver.top_up()
    assert filled[: len(solver.solution)].tolist() == solver.solution.tolist()
    assert f.value(filled) == 10.0


@pytest.mark.parametrize(
    ("kernel", "old", "new"),
    [
        (guesses.decide, "if tally[J_FULL] == j - 1:", "if True:"),
        (guesses.sync, "elif is_known and not is_present:", "elif False:"),
        (guesses.slot_for, "threshold = value / (2 * rules.k)", "threshold = value / rules.k"),
        (solutions.better, "full if first >= second else opened", "opened"),
    ],
    ids=["open alone", "deletions not seen", "threshold doubled", "wrong one of the pair"],
)
def test_wrong_drivers_break_a_guarantee(kernel: object, old: str, new: str) -> None:
    rng = np.random.default_rng(0)
    f = ds.Coverage([rng.choice(14, 4, replace=False) for _ in range(14)])
    modular = ds.Coverage([[v] for v in range(14)])
    ops = toggles(14, 80, rng)

    def run() -> None:
        for g in (f, modular):
            for seed in range(3):
                solver = ds.DynamicSubmodular(g, 4, epsilon=0.2, rng=seed)
                for i, op in enumerate(ops):
                    solver.update([op])
                    solver.check_invariants()
                    best = optimum(g.value, after(ops[: i + 1]), 4)
                    assert solver.value >= ratio("lazy", 0.2) * best - 1e-9
                    assert solver.upper_bound >= best - 1e-9

    with patched(Patch(kernel, old, new)), pytest.raises(AssertionError):
        run()


def test_no_memory_is_allocated_by_an_update() -> None:
    from numba.core.runtime import _nrt_python, rtsys

    _nrt_python.memsys_enable_stats()
    stream = ds.make_graph_coverage(2000, k=5, rng=0)
    solver = ds.DynamicSubmodular(stream, epsilon=0.3, rng=0)
    half = len(stream) // 2
    solver.update(stream.ops[:half])
    before = rtsys.get_allocation_stats()
    solver.update(stream.ops[half:])
    now = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    assert now.alloc == before.alloc


def test_solvers_say_what_they_are() -> None:
    f = ds.Coverage([[0], [1], [2]])
    assert (
        repr(ds.DynamicSubmodular(f, 2)) == "DynamicSubmodular(Coverage(3 elements), k=2, epsilon=0.1, method='lazy')"
    )
    groups = ds.DynamicSubmodular(f, ds.PartitionMatroid([0, 0, 1], [1, 1]))
    assert repr(groups) == "DynamicSubmodular(Coverage(3 elements), k=2 in 2 groups, epsilon=0.1, method='lazy')"
    assert repr(ds.OneGuess(f, 2, 4.0)) == "OneGuess(Coverage(3 elements), k=2, guess=4.0, structure='levels')"
