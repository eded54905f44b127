"""Information gain: its measures against plain counting, its posterior, and what it chooses."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from lrtheory.alpha_rank import (
    Game,
    alpha_rank,
    make_bernoulli_game,
    make_good_bad,
)
from lrtheory.alpha_rank.baselines import information_gain
from lrtheory.alpha_rank.sampling import information
from lrtheory.alpha_rank.sampling.entropy import nsb_entropy
from tests.alpha_rank.games.makers import make_gaussian_game, make_random_game

QUICK = {"max_samples": 1200, "warm_up": 400, "batch": 200, "n_outcomes": 4, "n_games": 60}


def test_entropy_by_counting():
    rankings = np.random.default_rng(0).dirichlet([0.1] * 3, (2, 400)).round(1)
    for row, found in zip(rankings, information._entropy(rankings), strict=True):
        shares = np.array(list(Counter(map(tuple, row)).values())) / 400
        assert found == pytest.approx(stats.entropy(shares))


def test_nsb_entropy_of_rankings():
    """Four agents have at most 2^6 rankings without ties."""
    before, after = np.random.default_rng(0).dirichlet([0.1] * 4, (2, 3, 50)).round(1)
    counts = [list(Counter(map(tuple, row)).values()) for row in (before[0], *after)]
    first, *rest = (nsb_entropy(c, n_categories=64) for c in counts)
    assert information._measure("bins", "nsb", 4)(before[0], after) == pytest.approx(first - np.mean(rest))
    assert math.isfinite(information._measure("bins", "nsb", 60)(before[0], after))


def test_sums_of_plays():
    rng = np.random.default_rng(0)
    variance = 1 - 2 * stats.norm.pdf(1)  # E min(z^2, 1)
    for outcomes, var in (("bernoulli", 0.3 * 0.7), ("clipped-gaussian", variance)):
        sums = np.array([information._sum_of_plays(outcomes, 0.3, 25, rng) for _ in range(4000)])
        assert sums.mean() == pytest.approx(25 * 0.3, abs=5 * math.sqrt(25 * var / 4000))
        assert sums.var() == pytest.approx(25 * var, rel=0.15)


@pytest.mark.parametrize("entropy", ["plug-in", "nsb"])
def test_gaussian_games_are_learned(entropy):
    game = make_gaussian_game(3, rng=1)
    truth = alpha_rank(game, population="single").pi
    options = {**QUICK, "max_samples": 6000}
    found = information_gain(game, entropy=entropy, rng=0, **options)
    start = information_gain(game, entropy=entropy, rng=0, **{**options, "max_samples": 60})
    regret = [abs(x.rankings - truth).sum(axis=1).mean() for x in (start, found)]
    assert regret[1] < 0.5 * regret[0]
    assert found.counts["samples"] == 6000


def test_wasserstein_in_one_dimension():
    a, b = np.random.default_rng(1).random((2, 50, 1))
    assert information._wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a[:, 0], b[:, 0]))


def test_rankings_are_those_of_the_chain():
    tables = np.random.default_rng(2).normal(size=(5, 4, 4)).round(0)
    found = information._rankings(tables, 1e-3)
    for table, pi in zip(tables, found, strict=True):
        assert np.allclose(pi, alpha_rank(table, population="single", perturbation=1e-3).pi, rtol=1e-10)
    laws = np.zeros((5, 4))
    information._laws.py_func(tables, 1e-3, laws)
    assert np.allclose(laws, found, rtol=1e-13)


@pytest.mark.parametrize(("method", "noise"), [("bins", 0.5), ("wasserstein", 0.25)])
def test_posterior_and_counts(method, noise):
    game = make_good_bad(2, 2, p=0.5)
    found = information_gain(game, method=method, rng=0, record=True, **QUICK)
    assert found.n_samples.sum() == found.counts["samples"] == 1200
    assert found.n_samples.diagonal().sum() == 0
    assert np.allclose(found.variances, 1 / (1 + found.n_samples / noise))
    assert (found.n_samples >= 400 // 12).sum() == 12
    assert found.trace["chosen"].shape == (4, 2)
    for r, s in found.trace["chosen"]:
        assert found.n_samples[r, s] >= 200
    well_known = found.n_samples > 100
    assert np.allclose(found.means[well_known], game.payoffs[0][well_known], atol=0.2)
    assert np.allclose(found.pi, found.rankings.mean(axis=0))
    assert np.allclose(found.rankings.sum(axis=1), 1)
    again = information_gain(game, method=method, rng=0, **QUICK)
    assert np.array_equal(again.means, found.means)
    assert again.trace is None


@pytest.mark.parametrize("options", [{}, {"entropy": "nsb"}, {"method": "wasserstein"}])
def test_it_plays_what_matters(options):
    """The bad agents tie among themselves, and no play is spent on that."""
    found = information_gain(make_good_bad(2, 2), rng=1, record=True, **{**QUICK, **options, "max_samples": 3000})
    assert np.mean(found.trace["chosen"].max(axis=1) <= 1) > 0.5
    assert found.pi[2:].max() < 0.1


def test_edges_of_the_options():
    one = information_gain(make_bernoulli_game(1, rng=0), rng=0)
    assert one.pi.tolist() == [1]
    assert one.counts["samples"] == 0
    none = information_gain(make_good_bad(2, 1), max_samples=0, n_games=500, rng=0)
    assert np.allclose(none.pi, 1 / 3, atol=0.15)
    assert none.message == "no rounds"
    for options, match in (
        ({"method": "nsb"}, "`method`"),
        ({"entropy": "bits"}, "`entropy` must be one of"),
        ({"entropy": "nsb", "method": "wasserstein"}, '`entropy` must be left out with method "wasserstein"'),
        ({"max_samples": -1}, "`max_samples`"),
        ({"batch": 0}, "`batch`"),
        ({"perturbation": 0.5}, "`perturbation`"),
    ):
        with pytest.raises(ValueError, match=match):
            information_gain(make_good_bad(2, 1), **options)
    uneven = Game([[[0.0, 1.0], [0.5, 0.0]]] * 2, outcomes="bernoulli")
    for game in (make_random_game((2, 2), rng=0), uneven):
        with pytest.raises(ValueError, match=r"`game` must be|symmetric"):
            information_gain(game)
    assert math.isfinite(none.variances.sum())
