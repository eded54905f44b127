"""Quota sweeps, smoothness and certificates against enumeration and exact arithmetic."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    bias_swaps,
    bias_utilities,
    certify_transfer,
    committee_score,
    item_scores,
    quota_curves,
    quota_sweep,
    sample_rankings,
    sample_utilities,
    select,
    select_by_scores,
    separates,
    smoothness,
    theory,
)
from proofs_checks.fair_subset_selection.selection.greedy_shares import greedy_ratio


def biased_pair(seed=0, n=30, m=8, theta=0.3):
    utilities = sample_utilities("plackett-luce", n, m, quality=np.tile([4.0, 1.0], m // 2), rng=seed)
    return bias_utilities(utilities, np.arange(m) >= m // 2, theta, rng=seed)


def test_curves_by_enumeration() -> None:
    rng = np.random.default_rng(0)
    for shared in (True, False):
        observed, mask, k = rng.permuted(np.tile(np.arange(7), (5, 1)), axis=1), np.arange(7) >= 4, 4
        latent = rng.integers(0, 9, 7 if shared else (5, 7))
        curves = quota_curves(latent, observed, k, disadvantaged=mask)
        assert curves.quotas.tolist() == [0, 1, 2, 3]
        assert curves.optima.shape == (1 if shared else 5, 4)
        for run in range(5):
            worth = latent if shared else latent[run]
            order = np.argsort(-observed[run], kind="stable")
            assert curves.unconstrained[run] == worth[order[:k]].sum()
            assert curves.chosen_quotas[run] == mask[order[:k]].sum()
            for column, quota in enumerate(curves.quotas):
                sets = [s for s in itertools.combinations(range(7), k) if mask[list(s)].sum() == quota]
                chosen = max(sets, key=lambda s, w=observed[run]: w[list(s)].sum())
                assert curves.values[run, column] == worth[list(chosen)].sum()
                assert curves.optima[0 if shared else run, column] == max(worth[list(s)].sum() for s in sets)


def test_curves_break_ties_by_number_or_at_random() -> None:
    observed, latent = np.zeros((4000, 6)), np.arange(6.0)
    index = quota_curves(latent, observed[:1], 2, disadvantaged=[3, 4, 5])
    assert index.values.tolist() == [[1.0, 3.0, 7.0]]
    drawn = quota_curves(latent, observed, 2, disadvantaged=[3, 4, 5], ties="random", rng=0)
    np.testing.assert_allclose(drawn.values.mean(axis=0), [2.0, 5.0, 8.0], atol=0.1)
    np.testing.assert_allclose(drawn.unconstrained.mean(), 5.0, atol=0.1)


def test_a_sweep_is_a_curve() -> None:
    panel = biased_pair()
    for rule in (ScoreRule("borda"), ScoreRule("sntv"), ScoreRule("bloc", depth=3)):
        sweep = quota_sweep(panel.latent, panel.observed, rule, k=3, disadvantaged=panel.disadvantaged)
        latent, observed = item_scores(panel.latent, rule), item_scores(panel.observed, rule)
        curves = quota_curves(latent, observed, 3, disadvantaged=panel.disadvantaged)
        np.testing.assert_array_equal(sweep.scores, curves.values[0])
        assert sweep.optimum == curves.optima.max()
        assert sweep.unconstrained == pytest.approx(curves.unconstrained[0] / sweep.optimum)
        assert sweep.unconstrained_quota == curves.chosen_quotas[0]
        np.testing.assert_allclose(sweep.ratios, sweep.scores / sweep.optimum)
        assert sweep.ratios[sweep.quotas.tolist().index(sweep.best)] == sweep.ratios.max()
        assert (sweep.ratios <= 1).all()
        assert (sweep.method, sweep.scores.dtype) == ("exact", np.int64)
        few = quota_sweep(
            panel.latent,
            panel.observed,
            rule,
            k=3,
            disadvantaged=panel.disadvantaged,
            quotas=[2, 0],
            method="brute-force",
        )
        assert few.optimum == sweep.optimum
        np.testing.assert_array_equal(few.quotas, [2, 0])
    with pytest.raises(ValueError, match="size of group True"):
        quota_sweep(panel.latent, panel.observed, rule, k=6, disadvantaged=panel.disadvantaged, quotas=[5])
    with pytest.raises(ValueError, match="8 latent items"):
        quota_sweep(panel.latent, Rankings([[0, 1]]), rule, k=1, disadvantaged=panel.disadvantaged)


def test_a_sweep_of_a_submodular_rule() -> None:
    panel, rule = biased_pair(1), ScoreRule("borda-cc")
    exact = quota_sweep(
        panel.latent, panel.observed, rule, k=3, disadvantaged=panel.disadvantaged, method="brute-force"
    )
    for quota, score in zip(exact.quotas, exact.scores, strict=True):
        chosen = select(
            panel.observed, rule, 3, groups=panel.disadvantaged, quota={True: int(quota)}, method="brute-force"
        )
        assert score == committee_score(panel.latent, rule, chosen.items)
    found = quota_sweep(panel.latent, panel.observed, rule, k=3, disadvantaged=panel.disadvantaged)
    assert (found.method, found.optimum) == ("exact", exact.optimum)
    assert found.message == "relative to the latent optimum"
    lazy = quota_sweep(panel.latent, panel.observed, rule, k=3, disadvantaged=panel.disadvantaged, method="lazy")
    assert lazy.optimum <= exact.optimum
    assert lazy.message == "relative to the greedy latent set"


def test_small_curves() -> None:
    nothing = quota_curves([1.0, 2.0], [[1.0, 2.0]], 0, disadvantaged=[])
    assert (nothing.quotas.tolist(), nothing.values.tolist()) == ([0], [[0.0]])
    one_group = quota_curves([1.0, 2.0], [1.0, 2.0], 2, disadvantaged=[True, True])
    assert (one_group.quotas.tolist(), one_group.values.tolist()) == ([2], [[3.0]])
    for options, message in [
        ({"k": 3}, r"`k` must be an integer in \[0, 2\]"),
        ({"latent": [1.0]}, r"`latent` must be of shape \(2,\) or \(1, 2\)"),
        ({"observed": [[np.nan, 1.0]]}, "finite"),
        ({"ties": "none"}, "`ties` must be one of"),
        ({"disadvantaged": [2]}, "below 2"),
    ]:
        given = {"observed": [[1.0, 2.0]], "latent": [1.0, 2.0], "k": 1, "disadvantaged": [0], **options}
        with pytest.raises(ValueError, match=message):
            quota_curves(**given)


def test_what_a_sweep_says_of_itself() -> None:
    latent, observed, borda = Rankings(orders=[[2, 3, 0, 1]]), Rankings(orders=[[0, 1, 2, 3]]), ScoreRule("borda")
    given = {"k": 2, "disadvantaged": [2, 3]}
    sweep = quota_sweep(latent, observed, borda, **given)
    assert (sweep.optimal_quota, sweep.unconstrained_quota) == (2, 0)  # of the latent optimum, and of the panel
    assert (sweep.best, sweep.reason) == (2, "the rule is separable")
    for method in ("exact", "greedy", "lazy", "milp", "brute-force"):
        assert quota_sweep(latent, observed, borda, method=method, **given).reason == "asked for"
    found = quota_sweep(latent, observed, ScoreRule("borda-cc"), **given)
    assert found.reason == "the optimum takes seconds at most"
    few = quota_sweep(latent, observed, borda, quotas=(q for q in (2, 0)), **given)
    assert few.quotas.tolist() == [2, 0]
    empty = quota_sweep(latent, observed, borda, k=2, disadvantaged=[])
    assert empty.quotas.tolist() == [0]


def test_the_first_of_the_best_quotas() -> None:
    panel = Rankings(orders=[[0, 2, 1, 3], [2, 0, 3, 1]])
    sweep = quota_sweep(panel, panel, ScoreRule("sntv"), k=1, disadvantaged=[2, 3])
    assert sweep.ratios.tolist() == [1.0, 1.0]
    assert sweep.best == 0
    reversed_ = quota_sweep(panel, panel, ScoreRule("sntv"), k=1, disadvantaged=[2, 3], quotas=[1, 0])
    assert reversed_.best == 1


def test_a_worthless_panel_has_ratio_one() -> None:
    panel, rule = Rankings([[0, 1, 2]]), ScoreRule("positional", position_weights=[0, 0, 0])
    sweep = quota_sweep(panel, panel, rule, k=1, disadvantaged=[2])
    assert sweep.ratios.tolist() == [1.0, 1.0]
    assert sweep.unconstrained == 1.0


def test_the_wrong_quota_by_its_bound() -> None:
    rng, tightest = np.random.default_rng(2), 1.0
    for _ in range(300):
        k, mask = int(rng.integers(1, 6)), np.arange(10) >= 5
        scores = rng.integers(0, 4, 10) ** 2
        best = select_by_scores(scores, k)
        quota_of_best = int(mask[best.items].sum())
        curves = quota_curves(scores, scores, k, disadvantaged=mask)
        for quota, value in zip(curves.quotas, curves.values[0], strict=True):
            bound = theory.quota_loss(k, int(quota), quota_of_best) * best.score
            assert value >= bound
            tightest = min(tightest, float(value - bound))
    assert tightest == 0


def test_separation_of_pairs() -> None:
    f, groups = [4.0, 1.0, 2.0, 1.0, 3.0], [0, 0, 0, 1, 1]
    observed = np.random.default_rng(3).integers(0, 6, (200, 5))
    for beta in (0.25, 0.5, 1.0):
        expected = [
            all(
                s[i] > s[j]
                for i, j in itertools.permutations(range(5), 2)
                if groups[i] == groups[j] and beta * f[i] >= f[j]
            )
            for s in observed
        ]
        assert separates(f, observed, groups=groups, beta=beta).tolist() == expected


# --- smoothness ------------------------------------------------------------------------------------------------------


def test_smoothness_by_the_definition() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        m = int(rng.integers(2, 7))
        f, g = ([Fraction(int(x), 8) for x in rng.integers(0, 9, m)] for _ in range(2))
        groups = rng.integers(0, 2, m)
        found = smoothness(f, g, ScoreRule("sntv"), groups=groups)
        assert found.alpha == found.lower == float(min(f + g))
        for beta in (Fraction(0), *(Fraction(j, 8) for j in range(1, 9)), Fraction(1, 3)):
            gamma = theory.largest_observed_ratio(f, g, groups, beta=beta)
            pairs = [(i, j) for i in range(m) for j in range(m) if i != j and groups[i] == groups[j]]
            clear = [(g[j], g[i]) for i, j in pairs if beta * f[i] >= f[j]]
            assert gamma == max(
                [Fraction(0) if a == 0 else (a / b if b else math.inf) for a, b in clear], default=Fraction(0)
            )
            open_ = [min(Fraction(1), f[j] / f[i]) for i, j in pairs if f[i] and f[j] / f[i] > beta]
            assert theory.smallest_ratio_above(f, groups, beta=beta) == min(open_, default=Fraction(1))
            if beta.denominator & (beta.denominator - 1) == 0:
                assert found.gamma(float(beta)) == float(gamma)
                assert found.beta_plus(float(beta)) == float(theory.smallest_ratio_above(f, groups, beta=beta))
        assert (found.gammas[1:] >= found.gammas[:-1]).all()
        assert (np.diff(found.betas) > 0).all()


def test_both_directions_of_a_pair_count() -> None:
    found = smoothness([0.25, 0.5], [0.5, 0.25], ScoreRule("sntv"))
    assert found.gamma(0.5) == 2.0
    assert found.gamma(0.49) == 0.0
    assert math.isinf(found.rankings_needed(0.5))
    assert found.rankings_needed(0.25) == theory.rankings_needed(2, alpha=0.25, gamma=0, delta=0.1)


def test_groups_are_not_compared() -> None:
    q = [4, 1, 4, 1]
    biased = [4, 1, Fraction(4, 10), Fraction(1, 10)]
    means = [theory.expected_scores("plackett-luce", ScoreRule("sntv"), x) for x in (q, biased)]
    found = smoothness(*means, ScoreRule("sntv"), groups=[0, 0, 1, 1])
    assert found.gamma(0.25) == 0.25
    assert found.beta_plus(0.25) == 1.0
    assert smoothness(*means, ScoreRule("sntv")).gamma(1.0) > 1


def test_estimates_and_their_lower_bound() -> None:
    rule, q, mask = ScoreRule("borda"), [4, 1] * 4, np.arange(8) >= 4
    biased = [x * (Fraction(3, 10) if i >= 4 else 1) for i, x in enumerate(q)]
    means = [theory.expected_scores("plackett-luce", rule, x) for x in (q, biased)]
    truth = smoothness(*means, rule, groups=mask)
    wrong = 0
    for seed in range(40):
        utilities = sample_utilities("plackett-luce", 200, 8, quality=q, rng=seed)
        panel = bias_utilities(utilities, mask, 0.3, rng=seed)
        found = smoothness(panel.latent, panel.observed, rule, groups=mask, delta=0.1)
        assert found.n_rankings == 200
        assert found.lower < found.alpha
        assert found.alpha == pytest.approx(truth.alpha, abs=0.08)
        wrong += found.lower > truth.alpha
    assert wrong <= 4
    assert 0.1 < truth.alpha < 0.35
    lower = theory.chernoff_lower([0.3], 100, 0.05)[0]
    divergence = 0.3 * math.log(0.3 / lower) + 0.7 * math.log(0.7 / (1 - lower))
    assert divergence == pytest.approx(math.log(20) / 100)


def test_bad_smoothness() -> None:
    rule = ScoreRule("sntv")
    with pytest.raises(TypeError, match="Rankings"):
        smoothness(Rankings([[0, 1]]), [0.5, 0.5], rule)
    for arguments, message in [
        (([0.5, 0.5], [0.5]), "of 2 items"),
        (([0.5, 1.5], [0.5, 0.5]), "at most 1"),
        (([0.5, -0.5], [0.5, 0.5]), "in .0, inf"),
    ]:
        with pytest.raises(ValueError, match=message):
            smoothness(*arguments, rule)
    with pytest.raises(ValueError, match="`delta` must be in"):
        smoothness([0.5], [0.5], rule, delta=0)
    with pytest.raises(ValueError, match="a group for each item"):
        smoothness([0.5], [0.5], rule, groups=[0, 1])


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [ScoreRule("cc", depth=2), ScoreRule("borda-cc"), ScoreRule("pav", depth=3), ScoreRule("owa", owa=[1, 0.5, 0.5])],
    ids=lambda rule: rule.kind,
)
def test_transfer_certificates_hold(rule: ScoreRule) -> None:
    for seed in range(15):
        panel = biased_pair(seed, n=12, m=8, theta=0.05 + 0.03 * seed)
        groups, quota = panel.disadvantaged.astype(int), {1: seed % 3}
        chosen = select(panel.observed, rule, 3, groups=groups, quota=quota)
        found = certify_transfer(panel.latent, rule, chosen.items, groups=groups)
        best = select(panel.latent, rule, 3, groups=groups, quota=quota, method="brute-force").score
        assert found.achieved == committee_score(panel.latent, rule, chosen.items)
        assert found.achieved >= found.ratio * best - 1e-9
        assert found.bound >= best - 1e-9
        assert found.gains.sum() == pytest.approx(found.achieved)
        for step, chosen_now in enumerate(found.items):
            rivals = [i for i in range(8) if groups[i] == groups[chosen_now] and i not in found.items[:step]]
            sets = [[*found.items[:step], i] for i in rivals]
            before = committee_score(panel.latent, rule, found.items[:step]) if step else 0
            due = max(committee_score(panel.latent, rule, one) for one in sets) - before
            assert found.largest[step] == pytest.approx(due)
        assert found.verify((panel.latent, rule))
        assert found.step_ratio == min(a / b if b else 1.0 for a, b in zip(found.gains, found.largest, strict=True))
        free = certify_transfer(panel.latent, rule, chosen.items)
        overall = select(panel.latent, rule, 3, method="brute-force").score
        assert free.achieved >= free.ratio * overall - 1e-9
        assert free.step_ratio <= found.step_ratio + 1e-12


def test_a_greedy_choice_certifies_itself() -> None:
    panel, rule = sample_rankings("mallows", 20, 8, phi=0.8, rng=0), ScoreRule("borda-cc")
    items = select(panel, rule, 4).items
    found = certify_transfer(panel, rule, items)
    assert found.step_ratio == 1.0
    assert found.ratio == float(greedy_ratio(4))
    assert certify_transfer(panel, rule, items, groups=[0] * 4 + [1] * 4).ratio == 0.5


def test_a_worthless_pick() -> None:
    latent = Rankings(orders=[[0, 1, 2], [0, 2, 1]])
    found = certify_transfer(latent, ScoreRule("cc", depth=1), [2], groups=[0, 1, 1])
    assert (found.step_ratio, found.achieved, found.bound) == (1.0, 0, 0.0)  # its group had nothing to give
    free = certify_transfer(latent, ScoreRule("cc", depth=1), [2])
    assert (free.ratio, free.bound) == (0.0, math.inf)
    for items, message in (([], "k at least 1"), ([0, 0], "distinct"), ([5], "below 3")):
        with pytest.raises(ValueError, match=message):
            certify_transfer(latent, ScoreRule("borda"), items)


def test_swaps_and_quotas_end_to_end() -> None:
    panel = sample_rankings("impartial-culture", 60, 20, rng=5)
    mask = np.arange(20) >= 10
    biased = bias_swaps(panel, mask, phi=0.5, intensity=1.0, rng=5)
    for rule, size in ((ScoreRule("sntv"), 0), (ScoreRule("bloc", depth=10), 0), (ScoreRule("bloc", depth=11), 1)):
        assert np.sign(item_scores(biased.observed, rule)[mask].max()) == size  # statement FSS-N2
    sweep = quota_sweep(panel, biased.observed, ScoreRule("borda"), k=6, disadvantaged=mask)
    assert sweep.unconstrained_quota == 0
    assert sweep.ratios.max() > sweep.unconstrained
