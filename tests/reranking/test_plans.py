"""Plans, estimates of noise, loops as released, and counts of theory, against enumeration."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.reranking import baselines, estimate_noise, make_oracle, plan, rerank, theory


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_plans_are_worst_cases_that_runs_keep(n: int) -> None:
    for w, k in itertools.product((2, 3), range(1, n + 1)):
        found = plan(n, k, size=w)
        worst = dict(zip(found.strategies, zip(found.calls, found.rounds, found.certified, strict=True), strict=True))
        for strategy, (calls, rounds, certified) in worst.items():
            ran = [rerank(make_oracle(p), n, k, size=w, strategy=strategy) for p in itertools.permutations(range(n))]
            assert max(one.calls for one in ran) <= calls
            assert max(one.rounds for one in ran) <= rounds
            assert min(one.certified for one in ran) >= min(certified, k)
        assert found.calls[0] == min(found.calls) >= (found.needed if k < n else 0)
        assert rerank(make_oracle(range(n)), n, k, size=w).method in worst


def test_a_plan_for_a_judge_that_errs_asks_often_or_says_that_it_cannot() -> None:
    once, often = plan(100, 10), plan(100, 10, error_rate=0.1, delta=0.1)
    assert (once.votes == 1).all()
    by_name = dict(zip(often.strategies, zip(often.calls, often.votes, strict=True), strict=True))
    assert by_name["merge"] == (7 * theory.votes(7, 0.9, 0.1), theory.votes(7, 0.9, 0.1))
    fixed = plan(40, 3, error_rate=0.1, delta=0.1, persistent=True)
    assert (fixed.certified == 0).all()
    assert fixed.gap == pytest.approx(23.7, abs=0.05)
    assert "no vote repairs" in fixed.message
    assert plan(5, 1, error_rate=0.1, persistent=True).gap == theory.copeland_gap(5, 0.1, 0.05)


def test_the_noise_of_a_judge_is_recovered() -> None:
    judge = make_oracle(range(2000), error_rate=0.2, rng=0)
    answers = [(2 * i, 2 * i + 1, int(judge([2 * i, 2 * i + 1])[0])) for i in range(1000) for _ in range(2)]
    found = estimate_noise(answers)
    assert found.lower < 0.2 < found.upper
    assert found.error_rate == pytest.approx(0.2, abs=0.04)
    assert found.n_repeated == 1000
    biased = make_oracle(range(2000), error_rate=0.3, position_bias=0.2, rng=1)
    pairs = [pair for i in range(0, 2000, 2) for pair in ((i, i + 1), (i + 1, i))]
    told = estimate_noise([(a, b, int(biased([a, b])[0])) for a, b in pairs])
    assert told.bias_lower < 0.2 < told.bias_upper
    assert (told.n_swapped, told.n_repeated, told.lower, told.upper) == (1000, 0, 0.0, 0.5)


def test_an_estimate_without_answers_knows_nothing() -> None:
    found = estimate_noise([])
    assert (found.lower, found.upper, found.bias_lower, found.bias_upper) == (0.0, 0.5, -0.5, 0.5)
    same = estimate_noise([(0, 1, 0)] * 2)
    assert same.error_rate == 0.0
    assert "always repeats itself" in same.message


def test_released_loops_lose_documents_or_look_away() -> None:
    assert baselines.rankify_window(make_oracle([0, 1, 2]), 3, size=2, step=1, order=[0, 2, 1]).tolist() == [0, 2, 2]
    judge = make_oracle(range(9))
    assert baselines.rankify_window(judge, 9).tolist() == list(range(9))
    assert judge.calls == 0
    rng = np.random.default_rng(0)
    order = rng.permutation(25)
    assert baselines.rankgpt_loop(make_oracle(range(25)), 25, order=order)[:5].tolist() == order[:5].tolist()
    exact = baselines.rankgpt_loop(make_oracle(range(30)), 30, order=rng.permutation(30))
    assert exact[:10].tolist() == list(range(10))


def test_all_sampled_pairs_sort_and_few_do_not() -> None:
    judge = make_oracle(range(9, -1, -1))
    assert baselines.prp_sampled_pairs(judge, 10, n_pairs=90, rng=0).tolist() == list(range(9, -1, -1))
    assert judge.calls == 90
    assert baselines.prp_sampled_pairs(judge, 10, n_pairs=9, rng=0).tolist() != list(range(9, -1, -1))
    assert baselines.prp_sampled_pairs(judge, 1, rng=0).tolist() == [0]
    other = make_oracle(range(12))
    baselines.prp_sampled_pairs(other, 12, rng=0)
    assert other.calls == 100


def test_the_order_of_most_pairs_is_that_of_all_orders() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        n = int(rng.integers(1, 6))
        lists = [rng.permutation(n)[: rng.integers(1, n + 1)].tolist() for _ in range(rng.integers(1, 4))]
        names = list(dict.fromkeys(d for one in lists for d in one))
        wins: Counter[tuple[int, int]] = Counter(pair for one in lists for pair in itertools.combinations(one, 2))
        agreed = lambda order, wins=wins: sum(wins[pair] for pair in itertools.combinations(order, 2))  # type: ignore[misc]
        best = max(itertools.permutations(names), key=agreed)
        assert tuple(baselines.kemeny_order(lists)) == best


def test_random_orders_score_what_theory_says() -> None:
    for n in range(1, 6):
        for R, k in itertools.product(range(n + 1), range(1, n + 1)):
            due: Counter[str] = Counter()
            for places in itertools.combinations(range(1, n + 1), R):
                seen = [r for r in places if r <= k]
                due["p"] += Fraction(len(seen), k)
                due["recall"] += Fraction(len(seen), R) if R else 0
                due["ap"] += sum((Fraction(i, r) for i, r in enumerate(seen, 1)), Fraction(0)) / R if R else 0
                due["rr"] += Fraction(1, seen[0]) if seen else 0
            found = theory.expected_random(n, R, k)
            assert {name: value / math.comb(n, R) for name, value in due.items()} == found


def test_random_groups_hold_what_theory_says() -> None:
    for G, c in ((2, 2), (3, 2), (2, 3)):
        n = G * c
        for k, m in itertools.product(range(1, n + 1), range(c + 1)):
            held = [Counter(place // c for place in places) for places in itertools.combinations(range(n), k)]
            share = Fraction(sum(max(one.values()) <= m for one in held), len(held))
            kept = Fraction(sum(min(x, m) for one in held for x in one.values()), len(held) * k)
            assert theory.capture_probability(n, c, k, kept=m) == share
            assert theory.capture_recall(n, c, k, kept=m) == kept
    with pytest.raises(ValueError, match="`size` must be a divisor of n = 5"):
        theory.capture_recall(5, 2, 1, kept=1)


def test_windows_certify_what_theory_says_and_no_more() -> None:
    for n, w in itertools.product(range(2, 6), (2, 3, 4)):
        for s, p in itertools.product(range(1, w), (1, 2)):
            ran = [
                rerank(make_oracle(order), n, n, strategy="window", size=w, step=s, passes=p)
                for order in itertools.permutations(range(n))
            ]
            g = theory.window_prefix(n, w, s, passes=p)
            right = min(
                next((i for i, (a, b) in enumerate(zip(one.order, order, strict=True)) if a != b), n)
                for one, order in zip(ran, itertools.permutations(range(n)), strict=True)
            )
            assert {one.calls for one in ran} == {theory.window_calls(n, w, s, passes=p)}
            assert min(one.certified for one in ran) >= (n if g >= n - 1 else g)
            assert right == (n if g >= n - 1 else g) or p > 1


def test_one_call_is_told_in_the_singular() -> None:
    assert plan(5, 2, size=20).message.endswith("by at most 1 call in 1 round")
    assert plan(100, 10, size=20).message.endswith("by at most 7 calls in 3 rounds")
