"""Greedy selection, plain and lazy, against steps by the definition; its ties, its certificates, its worst case."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    committee_score,
    make_greedy_trap,
    sample_rankings,
    select,
)
from lrtheory.fair_subset_selection.selection.chamberlin_courant import rounding_slack
from proofs_checks.fair_subset_selection.selection.lazy_steps import naive_evaluations
from tests.fair_subset_selection import oracles
from tests.fair_subset_selection.oracles import RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_greedy_step_by_step(rule: ScoreRule) -> None:
    rng = np.random.default_rng(2)
    for weights in (None, [2, 1, 0, 3, 1, 1, 1]):
        panel = Rankings(orders=oracles.random_orders(rng, 7, 8), weights=weights)
        groups, quota = np.array([0, 0, 0, 1, 1, 1, 2, 2]), {0: 2, 1: 1, 2: 1}

        if rule.kind == "owa":
            w, lam = oracles.rule_of("borda", 8)[0], [Fraction(x) for x in rule.owa]
        else:
            w, lam = oracles.rule_of(rule.kind, 8, rule.depth)

        orders, lam = panel.as_orders(), [*lam, *[0] * 8]

        def score(chosen, orders=orders, w=w, lam=lam, voters=weights):
            return oracles.set_score(orders, chosen, w, lam, voters)

        items, gains = oracles.greedy(8, 4, score, groups, quota)
        for method in ("greedy", "lazy"):
            found = select(panel, rule, 4, groups=groups, quota=quota, method=method)
            np.testing.assert_allclose(found.gains, np.array(gains, float), rtol=1e-12, atol=1e-12)
            assert found.items.tolist() == items
            assert found.certificate.verify((panel, rule))


def test_lazy_is_greedy_with_fewer_evaluations() -> None:
    rng, tried, fewer = np.random.default_rng(3), 0, 0
    for number in range(60):
        panel = sample_rankings("mallows", 9, 10, phi=0.6, rng=rng)
        rule = RULES[3 + number % 2]
        groups = rng.integers(0, 2, 10)
        sizes = np.bincount(groups, minlength=2)
        low, high = {0: min(1, sizes[0])}, {1: min(4, sizes[1])}
        if 5 - high[1] > sizes[0]:
            continue
        options = {"groups": groups, "at_least": low, "at_most": high, "ties": "random", "rng": number}
        plain, lazy = (select(panel, rule, 5, method=method, **options) for method in ("greedy", "lazy"))
        for field in ("items", "gains", "tied"):
            np.testing.assert_array_equal(getattr(plain, field), getattr(lazy, field))
        assert lazy.counts["evaluations"] <= plain.counts["evaluations"]
        tried, fewer = tried + 1, fewer + (lazy.counts["evaluations"] < plain.counts["evaluations"])
    assert tried > 40
    assert fewer > tried / 2
    plain = select(panel, RULES[4], 5, method="greedy")
    assert plain.counts["evaluations"] == naive_evaluations(10, 5)


def test_kept_marginals_decide_like_computed_ones() -> None:
    """Tenths and random numbers, whose sums round, with ties and without; no bit of an answer may differ."""
    rng = np.random.default_rng(7)
    for number in range(60):
        places = rng.permuted(np.tile(np.arange(9), (int(rng.integers(1, 30)), 1)), axis=1)
        weights = (None, rng.random(len(places)), rng.integers(0, 2**10, len(places)))[number % 3]
        panel = Rankings(np.where(places < rng.integers(4, 10), places, -1), weights=weights)
        for worths in (rng.integers(0, 4, 9) / 10, rng.random(9), rng.integers(0, 2**45, 9)):
            rule, options = ScoreRule("owa", position_weights=worths, owa=[1]), {"groups": [0] * 4 + [1] * 5}
            plain, lazy = (
                select(panel, rule, 6, method=method, at_most={1: 3}, **options) for method in ("greedy", "lazy")
            )
            for field in ("items", "gains", "tied"):
                np.testing.assert_array_equal(getattr(plain, field), getattr(lazy, field))
            assert lazy.score == committee_score(panel, rule, lazy.items) == plain.score
            assert lazy.certificate.verify((panel, rule))


@pytest.mark.parametrize("unit", [2.0**-900, 2.0**-60, 2.0**60, 2.0**900])
def test_what_rounding_may_move_is_in_the_unit_of_the_scores(unit: float) -> None:
    panel, worths = sample_rankings("impartial-culture", 7, 5, rng=0), np.array([0.7, 0.5, 0.3, 0.1, 0.0])
    one, other = (ScoreRule("owa", position_weights=scale * worths, owa=[1]) for scale in (1.0, unit))
    largest = 7 * Fraction(0.7)
    assert rounding_slack(panel, one, 3) == pytest.approx(float(5 * 11 * largest / 2**52))
    assert rounding_slack(panel, other, 3) == unit * rounding_slack(panel, one, 3)


def test_certificates_are_above_the_optimum() -> None:
    rng, refused = np.random.default_rng(4), 0
    for _ in range(30):
        panel = sample_rankings("impartial-culture", 5, 7, rng=rng)
        groups, quota = np.array([0, 0, 0, 0, 1, 1, 1]), {0: 2, 1: 1}
        for rule in RULES[3:6]:
            found = select(panel, rule, 3, method="lazy", groups=groups, quota=quota)
            best = select(panel, rule, 3, groups=groups, quota=quota, method="brute-force").score
            assert found.certificate.bound >= best - 1e-9
            assert best >= found.score
            assert found.certificate.gap == pytest.approx(found.certificate.bound - found.score)
            other = sample_rankings("impartial-culture", 5, 7, rng=rng)
            assert found.certificate.verify((panel, rule))
            if committee_score(other, rule, found.items) != found.score:
                assert not found.certificate.verify((other, rule))
                refused += 1
    assert refused > 60


@pytest.mark.parametrize(("b", "tie_free"), [(1, False), (3, False), (9, False), (9, True), (49, True)])
def test_the_trap(b: int, tie_free: bool) -> None:
    panel, rule = make_greedy_trap(b, tie_free=tie_free), ScoreRule("cc", depth=2)
    options = {"groups": [0, 0, 1, 2], "quota": {0: 1, 1: 1, 2: 0}}
    greedy = select(panel, rule, 2, method="lazy", **options)
    best = select(panel, rule, 2, method="brute-force", **options)
    assert greedy.score / best.score == pytest.approx((b + 1 + tie_free) / (2 * b + 1))
    assert best.score == 2 * b + 1


def test_greedy_ties() -> None:
    panel = Rankings(orders=[[0, 2, 1, 3], [1, 3, 0, 2]])
    found = select(panel, ScoreRule("cc", depth=1), 2, method="lazy")
    assert found.items.tolist() == [0, 1]
    assert found.tied.tolist() == [0, 1]  # which comes first
    found = select(panel, ScoreRule("cc", depth=2), 1, method="lazy")
    assert found.tied.tolist() == [0, 1, 2, 3]
    # 0 and 1 tie; after 0 the second is 1, and after 1 it is 2
    orders = [[0, 2], [0, 2], [0, 1], [1], [1], [2]]
    panel, rule = Rankings(orders=orders, weights=[2, 2, 2, 2, 2, 1]), ScoreRule("cc", depth=2)
    sets = {tuple(sorted(select(panel, rule, 2, method="lazy", ties="random", rng=seed).items)) for seed in range(20)}
    assert sets == {(0, 1), (1, 2)}
    for method in ("greedy", "lazy"):
        assert select(panel, rule, 2, method=method).tied.tolist() == [0, 1]
        clear = select(panel, rule, 2, groups=[0, 0, 1], quota={0: 1, 1: 1}, method=method)
        assert clear.tied.tolist() == [0, 1]  # in the second step only item 2 fits
