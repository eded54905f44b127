"""Constants and closed forms against the numbers of the literature, enumeration and simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds.arithmetic.exact import Ball
from lrtheory.fair_subset_selection import (
    ScoreRule,
    item_scores,
    sample_rankings,
    sample_top_counts,
    smoothness,
    theory,
)
from lrtheory.fair_subset_selection.panels.mallows import mallows_distance
from proofs_checks.fair_subset_selection.biases.exchanges import swaps_asked
from proofs_checks.fair_subset_selection.blindness.blind_panels import (
    blind_bound,
    blind_gain,
    blind_optimum,
    coupon_rankings,
    top_good_probability,
)
from proofs_checks.fair_subset_selection.families.blind import blind_scales
from proofs_checks.fair_subset_selection.samples.proportions import (
    expected_top_sum,
    optimal_quota_law,
    optimal_quota_tail,
    proportional_quota_ratio,
)
from proofs_checks.fair_subset_selection.samples.random_utilities import alpha_bound, placement_probabilities
from proofs_checks.fair_subset_selection.samples.realized_rankings import realized_ratio
from proofs_checks.fair_subset_selection.samples.tails import chernoff_tail
from proofs_checks.fair_subset_selection.selection.exchanged_items import exchange_ratio, top_sum_share
from proofs_checks.fair_subset_selection.selection.greedy_shares import greedy_ratio
from proofs_checks.fair_subset_selection.selection.judged_choices import marginal_rankings_needed
from proofs_checks.fair_subset_selection.selection.lazy_steps import naive_evaluations
from proofs_checks.fair_subset_selection.selection.scores import total_score

SNTV, BORDA = ScoreRule("sntv"), ScoreRule("borda")


def two_levels(m, theta=Fraction(3, 10)):
    q = [4, 1] * (m // 2)
    biased = [x * (theta if i >= m // 2 else 1) for i, x in enumerate(q)]
    return q, biased, np.arange(m) >= m // 2


@pytest.mark.parametrize(
    ("rule", "m", "alpha", "beta", "gamma", "needed"),
    [
        (SNTV, 32, 0.00577, 0.25, 0.25, 9334),
        (BORDA, 32, 0.242, 0.527, 0.634, 1594),
        (SNTV, 64, 0.00288, 0.25, 0.25, 20669),
    ],
)
def test_sample_sizes_of_two_levels(rule, m, alpha, beta, gamma, needed) -> None:
    q, biased, groups = two_levels(m)
    f, g = (theory.expected_scores("plackett-luce", rule, x) for x in (q, biased))
    found = smoothness(f, g, rule, groups=groups)
    assert found.betas[-1] == 1.0
    assert found.alpha == pytest.approx(alpha, rel=3e-3)
    assert found.betas[0] == pytest.approx(beta, abs=2e-3)
    assert found.gamma(found.betas[0]) == pytest.approx(gamma, abs=2e-3)
    assert found.rankings_needed(found.betas[0]) == pytest.approx(needed, rel=1e-3)
    assert found.beta_plus(found.betas[0]) == 1.0
    exact = theory.smoothness_alpha(f, g, max_item_score=rule.max_item_score(m))
    assert isinstance(exact, Fraction)
    assert theory.largest_observed_ratio(f, g, groups, beta=f[1] / f[0]) == max(g[1] / g[0], g[-1] / g[-2])


def test_realized_sizes() -> None:
    assert theory.rankings_needed_realized(16, alpha=0.2337, epsilon=0.23, delta=0.1) == pytest.approx(1568, rel=1e-2)
    assert realized_ratio(1, 0.23) == pytest.approx(0.626, abs=1e-3)
    half = theory.rankings_needed_realized(16, alpha=0.2, epsilon=0.1, delta=0.1)
    assert half == math.ceil(3 * math.log(640) / (0.2 * 0.01))
    assert theory.rankings_needed(4, alpha=1, gamma=0, delta=0.1) == math.ceil(3 * math.log(80))
    assert marginal_rankings_needed(2000, 1000, 1, 0, 0.1) == math.ceil(
        3 * (math.log(sum(math.comb(2000, size) for size in range(1000))) + math.log(4000 / 0.1))
    )
    for bad in ({"alpha": 0}, {"gamma": 1}, {"delta": 1}):
        with pytest.raises(ValueError, match="must be in"):
            theory.rankings_needed(4, **{"alpha": 0.5, "gamma": 0.5, "delta": 0.1, **bad})
    with pytest.raises(ValueError, match="`epsilon`"):
        theory.rankings_needed_realized(4, alpha=0.5, epsilon=0, delta=0.1)


def test_alpha_is_above_its_bound() -> None:
    rng = np.random.default_rng(0)
    for _ in range(25):
        m, theta = int(rng.integers(4, 9)), Fraction(int(rng.integers(1, 10)), 10)
        q = [Fraction(int(x)) for x in rng.integers(1, 5, m)]
        down = int(rng.integers(1, m))
        biased = [x * (theta if i < down else 1) for i, x in enumerate(q)]
        for kind, depth in (("sntv", 1), ("bloc", 2), ("borda", 1)):
            rule = ScoreRule(kind, depth=depth if kind == "bloc" else None)
            means = [theory.expected_scores("plackett-luce", rule, x) for x in (q, biased)]
            alpha = theory.smoothness_alpha(*means, max_item_score=rule.max_item_score(m))
            bound = alpha_bound(kind, m, 4, theta, down, depth)
            assert isinstance(bound, Fraction)
            assert alpha >= bound
    by_hand = (Fraction(1, 1 + 4) + 2 * Fraction(1, 2) / (Fraction(1, 2) + 4)) / 3
    assert alpha_bound("borda", 4, 4, Fraction(1, 2), 2) == by_hand
    assert alpha_bound("bloc", 4, 4, Fraction(1, 2), depth=2) == 1 - Fraction(31, 32) ** 2
    least = alpha_bound("bloc", 20, 4, 0.3, depth=5)
    assert least >= (1 - 1 / math.e) * min(1, 5 * 0.3 / 80)
    with pytest.raises(ValueError, match="`d` must be given"):
        alpha_bound("borda", 4, 1, 1)


def test_chernoff_on_binomials() -> None:
    for f, n in ((0.01, 400), (0.1, 500)):
        law = [math.comb(n, x) * f**x * (1 - f) ** (n - x) for x in range(n + 1)]
        for epsilon in (0.1, 0.3, 0.6, 1.0):
            tail = sum(p for x, p in enumerate(law) if abs(x - n * f) >= epsilon * n * f - 1e-9)
            assert tail <= chernoff_tail(epsilon, n, f)
    assert chernoff_tail(0.3, 4000, 0.01) == pytest.approx(0.602, abs=1e-3)
    ball = chernoff_tail(Ball(Fraction(3, 10)), 4000, Ball(Fraction(1, 100)))
    assert float(ball) == pytest.approx(0.602, abs=1e-3)


# --- the panel that is blind -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("h", "g"), [(4, 1), (8, 2), (6, 3)])
def test_the_blind_instance(h: int, g: int) -> None:
    scales = blind_scales(h, g)
    seen = [a / 4 if i >= h else a for i, a in enumerate(scales)]
    latent, observed = (theory.expected_scores("uniform-utilities", SNTV, a) for a in (scales, seen))
    assert sum(latent) == sum(observed) == 1
    good = slice(h, h + g)
    assert 0 <= top_good_probability(h, g) - sum(observed[good]) < Fraction(1, 10**6)
    assert abs(blind_optimum(h, g) - sum(latent[good])) < Fraction(1, 10**3)
    assert latent[0] == pytest.approx(float(Fraction(1, (g + h) * 2**g)), rel=1e-2)
    bound = Fraction(g, h)
    gains = [blind_gain(h, g, quota) for quota in range(g + 1)]
    assert max(gains) <= bound
    assert gains[-1] == bound


def test_blind_numbers() -> None:
    formula = [coupon_rankings(h, h // 4) for h in (8, 12, 16)]
    assert formula[0] == 3840
    assert [float(n) for n in formula[1:]] == pytest.approx([1.13e5, 2.73e6], rel=0.01)
    assert float(blind_gain(12, 3, 0)) < 0.25
    assert blind_bound(12, 3, 3, 1000) == Fraction(3, 12) + 1000 * Fraction(3, 15 * 2**12)
    with pytest.raises(ValueError, match="`g`"):
        blind_scales(2, 3)


def test_uniform_tops_by_simulation() -> None:
    scales = [1, 1, 2, Fraction(1, 2), 2]
    law = theory.expected_scores("uniform-utilities", SNTV, scales)
    assert sum(law) == 1
    panel = sample_rankings("uniform-utilities", 40_000, 5, scale=[float(a) for a in scales], rng=1)
    np.testing.assert_allclose(item_scores(panel, SNTV) / 40_000, np.array(law, float), atol=0.012)
    two = theory.expected_scores("uniform-utilities", SNTV, [3, 1])
    assert two == theory.expected_scores("uniform-utilities", BORDA, [3, 1])  # of two items the Borda score is the top
    for bad in ((SNTV, [1, 0]), (SNTV, []), (ScoreRule("bloc", depth=1), [1, 1])):
        with pytest.raises(ValueError, match="must be"):
            theory.expected_scores("uniform-utilities", *bad)


# --- ratios ----------------------------------------------------------------------------------------------------------


def test_greedy_ratios() -> None:
    assert greedy_ratio() == Fraction(1, 2)
    assert greedy_ratio(1) == 1
    assert float(greedy_ratio(1000)) == pytest.approx(1 - 1 / math.e, abs=1e-3)
    assert theory.certificate_ratio(0) == 0
    assert theory.certificate_ratio(Fraction(1), k=3) == greedy_ratio(3)


def test_quota_ratios() -> None:
    assert theory.quota_loss(4, 4, 0) == 0
    assert theory.quota_loss(4, 2, 2) == 1
    assert theory.quota_loss(0, 0, 0) == 1
    assert top_sum_share(0, 0) == 1
    printed = [float(proportional_quota_ratio(*nk)) for nk in ((20, 4), (100, 20), (1000, 200))]
    assert printed == pytest.approx([0.98034, 0.99567, 0.99956], abs=1e-5)
    with pytest.raises(ValueError, match="even"):
        proportional_quota_ratio(5, 2)
    with pytest.raises(ValueError, match="`quota`"):
        theory.quota_loss(4, 5, 1)


def test_expected_tops_by_simulation() -> None:
    sample = np.sort(np.random.default_rng(2).random((20_000, 10)), axis=1)[:, -4:].sum(axis=1)
    assert sample.mean() == pytest.approx(float(expected_top_sum(10, 4)), abs=0.02)


def test_the_law_of_good_quotas() -> None:
    law = optimal_quota_law(8, 3, 4)
    counted = [sum(i < 3 for i in s) for s in itertools.combinations(range(8), 4)]
    assert law == [Fraction(counted.count(j), len(counted)) for j in range(5)]
    tail = sum(p for j, p in enumerate(optimal_quota_law(50, 25, 10)) if abs(j - 5) >= 3)
    assert float(tail) <= optimal_quota_tail(10, 0.3) == pytest.approx(0.331, abs=1e-3)


def test_exchange_by_enumeration() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        s = [int(x) for x in rng.integers(0, 5, 6)]
        best = sorted(range(6), key=lambda i: -s[i])[:3]
        chosen = rng.choice(6, 3, replace=False).tolist()
        share = exchange_ratio(s, best, chosen)
        assert sum(s[i] for i in chosen) >= share * sum(s[i] for i in best)
        pairs = [(s[i], s[j]) for i in set(best) - set(chosen) for j in set(chosen) - set(best)]
        assert share == min((min(Fraction(1), Fraction(b, a)) if a else Fraction(1) for a, b in pairs), default=1)
    assert exchange_ratio([1, 2], [0], [0]) == 1
    with pytest.raises(ValueError, match="as many as the best"):
        exchange_ratio([1, 2], [0], [0, 1])


def test_counts() -> None:
    assert naive_evaluations(100, 10) == 955
    assert swaps_asked(10, 0.9) == 9
    assert marginal_rankings_needed(10, 1, 0.5, 0.5, 0.1) == theory.rankings_needed(10, alpha=0.5, gamma=0.5, delta=0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.chernoff_lower([0.5, 2.0], 10, 0.5), "`mean`"),
        (lambda: total_score(3, [1, math.nan]), "`w`"),
        (lambda: exchange_ratio([1, 2], [0, 0], [0, 1]), "`A` must be distinct items"),
    ],
)
def test_formulas_refuse_what_is_out_of_range(call: Callable[[], object], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        call()


#: a formula of one argument, the outermost value that it takes, and one beyond
ENDS: list[tuple[Callable[[Any], object], Any, Any]] = [
    (lambda quality: placement_probabilities([1, quality]), 1e-9, 0),
    (lambda quality: placement_probabilities([1, quality]), 1e300, math.inf),
    (lambda quality: theory.expected_scores("plackett-luce", BORDA, [1, quality]), 1e-9, 0),
    (lambda phi: mallows_distance(phi, 4), 0, -0.01),
    (lambda phi: mallows_distance(phi, 4), 1, 1.01),
    (lambda m: mallows_distance(0.5, m), 1, 0),
    (lambda n: sample_top_counts([1.0], n), 1, 0),
    (lambda n: sample_top_counts([1.0], n), 2**63 - 1, 2**63),
    (lambda n_runs: sample_top_counts([1.0], 1, n_runs=n_runs), 1, 0),
    (lambda n: theory.chernoff_lower(0.5, n, 0.1), 1, 0),
    (lambda mean: theory.chernoff_lower(mean, 5, 0.1), 0.0, -0.01),
]


@pytest.mark.parametrize(("formula", "last", "beyond"), ENDS)
def test_ranges_end_where_they_say(formula: Callable[[Any], object], last: Any, beyond: Any) -> None:
    formula(last)
    with pytest.raises(ValueError, match="must be"):
        formula(beyond)


# --- kinds of arrays -------------------------------------------------------------------------------------------------

MEANS, GROUPS = [4.0, 1.0, 2.0, 1.0], [0, 0, 1, 1]
TAKES_ARRAYS: list[Callable[[Any], object]] = [
    lambda means: theory.smoothness_alpha(means, MEANS, max_item_score=4),
    lambda means: theory.smoothness_alpha(MEANS, means, max_item_score=4),
    lambda means: theory.largest_observed_ratio(means, MEANS, GROUPS, beta=0.5),
    lambda means: theory.largest_observed_ratio(MEANS, means, GROUPS, beta=0.5),
    lambda means: theory.smallest_ratio_above(means, GROUPS, beta=0.25),
    lambda means: theory.expected_scores("plackett-luce", BORDA, means),
    lambda means: placement_probabilities(means),
    lambda means: exchange_ratio(means, [0, 2], [1, 3]),
    lambda means: total_score(3, means),
]


@pytest.mark.parametrize("formula", TAKES_ARRAYS)
def test_formulas_take_arrays_of_any_kind_and_refuse_masks(formula: Callable[[Any], object]) -> None:
    due = formula(MEANS)
    for kind in (tuple, np.array, lambda means: np.array(means, object), lambda means: np.array(means, np.float32)):
        assert formula(kind(MEANS)) == due
    with pytest.raises(ValueError, match="without a mask"):
        formula(np.ma.masked_array(MEANS, mask=[True, False, False, False]))


@pytest.mark.parametrize("formula", TAKES_ARRAYS)
def test_formulas_take_columns_of_data_frames(formula: Callable[[Any], object]) -> None:
    assert formula(pytest.importorskip("pandas").Series(MEANS)) == formula(MEANS)


def test_item_numbers_are_taken_from_arrays_and_not_from_masks() -> None:
    assert exchange_ratio(MEANS, np.array([0, 2]), (1, 3)) == exchange_ratio(MEANS, [0, 2], [1, 3])
    with pytest.raises(ValueError, match="without a mask"):
        exchange_ratio(MEANS, np.ma.masked_array([0, 2], mask=[True, False]), [1, 3])
    with pytest.raises(TypeError, match="`B` must be a sequence of item numbers; got 1"):
        exchange_ratio(MEANS, [0], 1)
