"""Offline selection, sieves, baselines, windows and makers against plain references."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import baselines, theory
from lrtheory.dynamic_submodular.offline import OPTIONS
from lrtheory.dynamic_submodular.structures.lattanzi_2020 import LattanziGuess
from proofs_checks.dynamic_submodular.all_guesses.traps import tight_failure_probability
from proofs_checks.dynamic_submodular.one_guess.sample_laws import build_law
from proofs_checks.dynamic_submodular.selection.greedy import greedy_ratio, tight_greedy_value
from proofs_checks.dynamic_submodular.selection.thresholds import sieve_ratio
from tests.dynamic_submodular.oracles import after, greedy, instances, optimum, sieve_plus_plus_queries, toggles

KINDS = sorted(instances())
METHODS = tuple(OPTIONS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_selections_are_worth_what_they_say(kind: str, method: str) -> None:
    f, formula = instances()[kind]
    best = optimum(formula, range(f.n), 4)
    found = ds.maximize(f, 4, method=method, rng=0)
    assert found.value == pytest.approx(formula(found.items), abs=1e-9)
    assert found.gains.sum() == pytest.approx(found.value)
    assert len(set(found.items.tolist())) == len(found.items) <= 4
    assert found.upper_bound >= best - 1e-9
    ratio = {"sieve": 0.4, "sieve++": 0.4, "brute-force": 1.0, "random": 0.0}.get(method, greedy_ratio(4) - 0.1)
    assert found.value >= ratio * best - 1e-9
    assert ds.maximize(f, 4, method=method, rng=0).items.tolist() == found.items.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_lazy_naive_and_plain_greedy_choose_the_same(kind: str) -> None:
    for seed in range(5):
        f, formula = instances(12, seed)[kind]
        order = np.random.default_rng(seed).permutation(12)
        lazy, naive = (ds.maximize(f, 5, method=m, candidates=order) for m in ("lazy", "naive"))
        assert lazy.items.tolist() == naive.items.tolist()
        assert lazy.counts["queries"] <= naive.counts["queries"]
        if kind in ("coverage", "facility", "sparse facility"):  # exact values: ties are decided by the order alone
            assert lazy.items.tolist() == greedy(formula, order.tolist(), 5)


@pytest.mark.parametrize("method", METHODS)
def test_an_oracle_is_selected_from_alike(method: str) -> None:
    f, formula = instances()["coverage"]
    asked = ds.CountingOracle(formula, f.n)
    one, other = (ds.maximize(g, 3, method=method, rng=1) for g in (f, asked))
    assert one.items.tolist() == other.items.tolist()
    assert one.counts == other.counts


def test_random_greedy_takes_functions_that_fall() -> None:
    cut = ds.CountingOracle(lambda S: float(sum((v in S) != (w in S) for v in range(6) for w in range(v))), 6)
    values = [ds.maximize(cut, 6, method="random", rng=seed).value for seed in range(20)]
    assert np.mean(values) >= 9 / np.e
    assert max(values) <= 9.0


@pytest.mark.parametrize("method", ["lazy", "naive", "stochastic", "threshold", "random"])
def test_what_lowers_the_value_is_not_taken(method: str) -> None:
    best_alone = ds.CountingOracle(lambda S: 3.0 - len(S) if S else 0.0, 4)
    found = ds.maximize(best_alone, 4, method=method, epsilon=1e-3 if OPTIONS[method] else None, rng=0)
    assert found.value == 2.0
    assert found.gains.tolist() == [2.0]


def test_tight_instances() -> None:
    for k in range(2, 7):
        stream = ds.make_tight_greedy(k)
        for method in ("lazy", "naive"):
            value = ds.maximize(stream, method=method).value
            assert Fraction(int(value), int(stream.truth)) == tight_greedy_value(Fraction(k))
    for k in (2, 3, 5):
        tight = ds.make_tight(k, 3, 40, order="decoys-first")
        found = ds.maximize(tight, method="sieve++", candidates=tight.ops)
        assert found.value / tight.truth == pytest.approx(0.5, abs=2e-3)


def test_more_than_there_is_and_nothing_at_all() -> None:
    f, formula = instances(5)["facility"]
    assert ds.maximize(f, 100).value == formula(range(5))
    for method in METHODS:
        empty = ds.maximize(ds.Coverage([]), 3, method=method)
        assert (empty.value, empty.upper_bound, empty.items.shape) == (0.0, 0.0, (0,))
        one = ds.maximize(ds.Coverage([[], [0]]), 3, method=method, rng=0)
        assert one.value == 1.0 or method == "random"


@pytest.mark.parametrize("name", baselines.__all__)
@pytest.mark.parametrize("kind", ["coverage", "logdet"])
def test_baselines_hold_sets_that_are_present(kind: str, name: str) -> None:
    f, formula = instances()[kind]
    ops = toggles(f.n, 40, np.random.default_rng(0))
    options = {"rng": 0} if name in ("lattanzi", "random_subset") else {}
    trace = getattr(baselines, name)(f, ops, 3, **options)
    assert set(trace.solution.tolist()) <= after(ops)
    assert trace.values[-1] == pytest.approx(formula(trace.solution), abs=1e-9)
    best = np.array([optimum(formula, after(ops[: i + 1]), 3) for i in range(len(ops))])
    assert (trace.values <= best + 1e-9).all()
    assert (trace.upper_bounds >= best - 1e-9).all()
    ratio = {"recompute": greedy_ratio(3), "dynamic_sieve": sieve_ratio(0.1), "lattanzi": 0.3}
    assert (trace.values >= ratio.get(name, 0.0) * best - 1e-9).all()


def test_a_guess_that_lost_little_is_not_built_again() -> None:
    f = ds.Coverage([[0, 1, 2], [3, 4, 5], [6, 7, 8], [0]])
    one = LattanziGuess(f, 3, 9.0, 0.5, 4, np.random.default_rng(0))
    for v in range(3):
        one.update(v)
    assert sorted(one.solution.tolist()) == [0, 1, 2]
    one.update(3)
    before = one.solution.tolist()
    one.update(~0)  # 6 of 9 are left, which is more than (1 - 1/2) 9 / 2
    assert one.solution.tolist() == [v for v in before if v != 0]
    asked = one.queries
    one.update(~1)  # and so are 3
    assert one.solution.tolist() == [2]
    assert one.queries == asked


def test_windows() -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(20)
    ops = ds.sliding_window(order, 6)
    assert len(ops) == 34
    assert after(ops) == set(order[-6:].tolist())
    assert max(len(after(ops[: i + 1])) for i in range(len(ops))) == 6
    assert ds.sliding_window(order, 50).tolist() == order.tolist()
    times = np.round(rng.random(15) * 10)
    present: set[int] = set()
    for op in ds.time_window(times, 3.0).tolist():
        present ^= {op if op >= 0 else ~op}
        moment = times[op] if op >= 0 else times[~op] + 3.0
        assert all(times[v] <= moment <= times[v] + 3.0 for v in present)
    assert not present


def test_theory_on_small_numbers() -> None:
    assert theory.guesses_per_element(1, 1.0) == 2
    assert (theory.insertion_queries(2), theory.deletion_queries(2)) == (15, 6)
    law = build_law(len, range(4), 2, 1)
    assert len(law) == 12
    assert sum(law.values()) == 1
    assert all(sum(p for s, p in law.items() if s[0] == v) == Fraction(1, 4) for v in range(4))
    epsilon = Fraction(1, 10)
    assert theory.batch_pair_ratio(epsilon) == Fraction(9, 22)
    assert isinstance(theory.pair_ratio(epsilon), Fraction)
    assert tight_failure_probability(3, 100, 30_000, 0, 1) == Fraction(309, 30_103)


def test_stochastic_greedy_asks_for_its_samples() -> None:
    n, k, epsilon = 60, 5, 0.2
    f = ds.Coverage([[v] for v in range(n)])
    samples = theory.stochastic_samples(n, k, epsilon)
    assert 1 < samples < n
    found = ds.maximize(f, k, method="stochastic", epsilon=epsilon, rng=0)
    assert found.counts["queries"] == sum(min(samples, n - r) for r in range(k)) == k * samples


@pytest.mark.parametrize("kind", ["coverage", "facility", "sparse facility"])  # exact values
def test_stochastic_greedy_that_samples_everything_is_greedy(kind: str) -> None:
    for seed in range(5):
        f, _ = instances(12, seed)[kind]
        found = ds.maximize(f, 5, method="stochastic", epsilon=1e-9, rng=seed)
        assert found.items.tolist() == ds.maximize(f, 5, method="naive").items.tolist()


@pytest.mark.parametrize("kind", ["coverage", "facility", "features"])
def test_the_successor_of_the_sieve_asks_the_guesses_in_its_window(kind: str) -> None:
    k, epsilon = 3, 0.2
    for seed in range(5):
        f, formula = instances(12, seed)[kind]
        found = ds.maximize(f, k, method="sieve++", epsilon=epsilon)
        assert found.counts["queries"] == sieve_plus_plus_queries(formula, range(12), k, epsilon)


def test_random_greedy_draws_from_the_best() -> None:
    weights = [*range(1, 9), 100, 200, 300]
    f = ds.Coverage([[v] for v in range(11)], np.array(weights, float))
    first = set()
    for seed in range(30):
        items = ds.maximize(f, 3, method="random", rng=seed).items.tolist()
        left = list(range(11))
        for v in items:
            assert v in left[-3:]
            left.remove(v)
        first.add(items[0])
    assert first == {8, 9, 10}


def test_sieves_wait_for_what_is_worth_it() -> None:
    f = ds.Coverage([[v] for v in range(6)], [100.0, 1.0, 1.0, 1.0, 100.0, 100.0])
    for method in ("sieve", "sieve++"):
        found = ds.maximize(f, 3, method=method)
        assert found.value == 300.0
        assert found.upper_bound == 300.0
    many = ds.Coverage([[0, 1]] * 4 + [[2]])
    assert ds.maximize(many, 2, method="sieve").upper_bound == 4.0  # two best single values


@pytest.mark.parametrize("method", METHODS)
def test_offline_calls_are_counted(method: str) -> None:
    f, formula = instances()["coverage"]
    asked = ds.CountingOracle(formula, f.n)
    assert asked.calls <= ds.maximize(asked, 3, method=method, rng=1).counts["queries"] + 1


def test_windows_of_dates_and_of_returning_elements() -> None:
    days = np.array(["2026-01-01", "2026-01-04", "2026-01-02"], "datetime64[D]")
    assert ds.time_window(days, np.timedelta64(2, "D")).tolist() == ds.time_window([0.0, 3.0, 1.0], 2.0).tolist()
    assert ds.time_window(days, np.timedelta64(48, "h")).tolist() == [0, 2, ~0, ~2, 1, ~1]
    assert ds.time_window(days, np.timedelta64(1, "D")).tolist() == [0, ~0, 2, ~2, 1, ~1]
    assert ds.sliding_window([5], 3).tolist() == [5]
    assert ds.sliding_window([0, 1, 0, 2], 2).tolist() == [0, 1, ~0, 0, ~1, 2]
