"""Smoothness from weighted panels, its lower bound, and ratios that are equal up to rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    bias_utilities,
    sample_utilities,
    separates,
    smoothness,
    theory,
)

SNTV, BORDA = ScoreRule("sntv"), ScoreRule("borda")


def test_voters_count_and_not_rows() -> None:
    latent = Rankings([[0, 1], [1, 0]], weights=[30, 10])
    observed = latent.with_weights([60, 40])
    for one, other in ((latent, observed), (observed, latent)):
        found = smoothness(one, other, SNTV)
        assert found.alpha == 0.25
        assert found.n_rankings == 40
        assert found.lower == theory.chernoff_lower(0.25, 40, 0.05)  # one bound for the minimum
        assert found.lower < found.alpha
    found = smoothness(latent, observed, SNTV)
    assert found.latent.tolist() == [0.75, 0.25]
    assert found.observed.tolist() == [0.6, 0.4]
    assert found.betas.tolist() == [0.25 / 0.75]
    assert found.gammas.tolist() == [0.4 / 0.6]
    needed = found.rankings_needed(0.5, delta=0.2)
    assert needed == theory.rankings_needed(2, alpha=found.lower, gamma=found.gamma(0.5), delta=0.2)
    assert needed > theory.rankings_needed(2, alpha=found.alpha, gamma=found.gamma(0.5), delta=0.2)


@pytest.mark.parametrize("weights", [[0], [0.5]])
def test_less_than_one_voter(weights: list) -> None:
    panel, one = Rankings([[0, 1]], weights=weights), Rankings([[0, 1]])
    for pair, name in (((panel, one), "latent"), ((one, panel), "observed")):
        with pytest.raises(ValueError, match=f"`{name}` must be rankings of at least one voter; got {weights[0]}"):
            smoothness(*pair, SNTV)


@pytest.mark.parametrize("pairs", [4, 5, 8])
def test_equal_ratios_in_floats(pairs: int) -> None:
    """Borda scores of two qualities: sums of floats that should be equal, and are not."""
    groups = np.arange(2 * pairs) >= pairs
    quality = [Fraction(4), Fraction(1)] * pairs
    seen = [q * (Fraction(3, 10) if down else 1) for q, down in zip(quality, groups, strict=True)]
    exact = [theory.expected_scores("plackett-luce", BORDA, q) for q in (quality, seen)]
    rounded = [theory.expected_scores("plackett-luce", BORDA, [float(x) for x in q]) for q in (quality, seen)]
    shaken = [np.array(f, float) * (1 + np.arange(-pairs, pairs) * 2.0**-52) for f in exact]
    truth = smoothness(*exact, BORDA, groups=groups)
    for means in (rounded, shaken):
        found = smoothness(*means, BORDA, groups=groups)
        np.testing.assert_allclose(found.betas, truth.betas, rtol=1e-13)
        np.testing.assert_allclose(found.gammas, truth.gammas, rtol=1e-13)
        for beta in (found.betas[0], truth.betas[0], float(min(means[0]) / max(means[0]))):
            assert found.gamma(beta) == pytest.approx(truth.gammas[0])
            assert found.beta_plus(beta) == 1
            assert found.rankings_needed(beta) == truth.rankings_needed(truth.betas[0])
            assert theory.largest_observed_ratio(*means, groups, beta=beta) == pytest.approx(truth.gammas[0])
            assert theory.smallest_ratio_above(means[0], groups, beta=beta) == pytest.approx(1)
            wrong = np.tile(means[1], (2, 1))
            wrong[1, 0] = wrong[1, 1]  # a pair that differs clearly, and is not separated
            assert separates(means[0], wrong, groups=groups, beta=beta).tolist() == [True, False]


def test_fractions_know_no_rounding() -> None:
    tiny = Fraction(1, 10**30)
    f, groups = [Fraction(1), Fraction(1, 2) + tiny], [0, 0]
    assert theory.largest_observed_ratio(f, f, groups, beta=Fraction(1, 2)) == 0
    assert theory.smallest_ratio_above(f, groups, beta=Fraction(1, 2)) == f[1]
    assert theory.largest_observed_ratio(f, f, groups, beta=f[1]) == f[1]
    assert separates(f, [[1, 1]], groups=groups, beta=Fraction(1, 2)).tolist() == [True]
    assert theory.largest_observed_ratio([Fraction(1, 2)], [Fraction(1)], [0], beta=1) == 0  # one item is no pair
    assert theory.smallest_ratio_above([Fraction(1, 2)], [0], beta=0) == 1
    for beta in (-0.5, 1.5):
        with pytest.raises(ValueError, match="`beta` must be"):
            separates(f, [[1, 1]], groups=groups, beta=beta)


def test_both_orders_of_equal_items() -> None:
    f = [0.5, 0.5 * (1 + 2.0**-52)]
    found = smoothness(f, [0.4, 0.2], SNTV)
    assert found.betas.tolist() == [pytest.approx(1.0)]
    assert found.gammas.tolist() == [2.0]


def test_an_upper_bound_on_gamma_by_hand() -> None:
    latent = Rankings([[0, 1], [1, 0]], weights=[30, 10])
    found = smoothness(latent, latent.with_weights([60, 40]), SNTV)
    level = 0.05 / 8  # two items, latent and observed, from below and above
    low, high = theory.chernoff_lower(0.6, 40, level), 1 - theory.chernoff_lower(0.6, 40, level)
    assert found.gamma_upper(0.6) == pytest.approx(high / low)
    edge = theory.chernoff_lower(0.25, 40, level) / (1 - theory.chernoff_lower(0.25, 40, level))
    assert found.gamma_upper(edge * (1 - 1e-9)) == 0
    assert found.gamma_upper(edge * (1 + 1e-9)) == found.gamma_upper(0.6)
    assert found.gamma_upper(0.6, delta=0.5) < found.gamma_upper(0.6)
    many = latent.with_weights([3 * 10**12, 10**12])
    large = smoothness(many, latent.with_weights([6 * 10**12, 4 * 10**12]), SNTV)
    assert large.gamma_upper(0.5) == pytest.approx(large.gamma(0.5), rel=1e-4)
    exact = smoothness([0.75, 0.25], [0.6, 0.4], SNTV)
    assert exact.gamma_upper(0.5) == exact.gamma(0.5)
    never = smoothness(Rankings([[0, 1]]), Rankings([[0, 1]]), SNTV)
    assert never.gamma_upper(1.0) == np.inf  # item 1 has no point
    alone = smoothness(latent, latent, SNTV, groups=[0, 1])
    assert alone.gamma_upper(1.0) == 0
    with pytest.raises(ValueError, match="`delta` must be in"):
        found.gamma_upper(0.5, delta=1.0)


def test_a_mean_that_rounding_lifts_above_what_one_ranking_gives() -> None:
    """All voters agree, with weights whose sum of floats is not the sum in which points are counted."""
    above = 0
    for seed in range(40):
        weights = np.random.default_rng(seed).uniform(0.5, 3, 8)
        one = Rankings([[0, 1, 2]] * 7 + [[0, 2, 1]], weights=weights)
        found = smoothness(one, one, BORDA)
        above += bool(found.latent.max() > found.max_item_score)
        level, n = 0.05 / 12, int(weights.sum())
        worst = theory.chernoff_lower(np.minimum(found.latent / 2, 1), n, level)
        best = 1 - theory.chernoff_lower(1 - np.minimum(found.latent / 2, 1), n, level)
        pairs = [(i, j) for i in range(3) for j in range(3) if i != j and best[i] / 4 >= worst[j]]
        assert found.gamma_upper(0.25) == pytest.approx(max(best[j] / worst[i] for i, j in pairs))
    assert above > 0


def test_the_upper_bound_on_gamma_holds() -> None:
    quality, mask = [4, 2, 1, 4, 2, 1], np.arange(6) >= 3
    seen = [q * (Fraction(1, 2) if down else 1) for q, down in zip(quality, mask, strict=True)]
    means = [theory.expected_scores("plackett-luce", BORDA, q) for q in (quality, seen)]
    truth, failed = smoothness(*means, BORDA, groups=mask), 0
    for seed in range(30):
        utilities = sample_utilities("plackett-luce", 100, 6, quality=quality, rng=seed)
        panel = bias_utilities(utilities, mask, 0.5, rng=seed)
        found = smoothness(panel.latent, panel.observed, BORDA, groups=mask)
        bounds = [found.gamma_upper(beta, delta=0.2) for beta in (*truth.betas, *found.betas)]
        failed += any(b < truth.gamma(x) for b, x in zip(bounds, (*truth.betas, *found.betas), strict=True))
        assert all(found.gamma_upper(beta) >= found.gamma(beta) for beta in found.betas)
    assert failed <= 6


def test_sntv_keeps_the_ratios_within_groups() -> None:
    """Statement FSS-P7: bias by utilities divides all mean scores of a group by the same number."""
    quality = [Fraction(q) for q in (5, 3, 1, 7, 2, 2)]
    down = [False, False, True, True, True, False]
    for theta in (Fraction(1, 100), Fraction(1, 3), Fraction(1)):
        seen = [q * (theta if x else 1) for q, x in zip(quality, down, strict=True)]
        f, g = (theory.expected_scores("plackett-luce", SNTV, q) for q in (quality, seen))
        for i in range(6):
            for j in range(6):
                if down[i] == down[j]:
                    assert g[j] / g[i] == f[j] / f[i]
    assert theory.largest_observed_ratio(f, g, down, beta=Fraction(1, 2)) <= Fraction(1, 2)
