"""Information gain: its measures against plain counting, its posterior, and what it chooses."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from lrtheory.alpha_rank import Game, alpha_rank, information, make_bernoulli_game, make_good_bad, make_random_game
from lrtheory.alpha_rank.baselines import information_gain

QUICK = {"max_samples": 1200, "warm_up": 400, "batch": 200, "n_outcomes": 4, "n_games": 60}


def test_entropy_by_counting():
    rankings = np.random.default_rng(0).dirichlet([0.1] * 3, (2, 400)).round(1)
    for row, found in zip(rankings, information._entropy(rankings), strict=True):
        shares = np.array(list(Counter(map(tuple, row)).values())) / 400
        assert found == pytest.approx(stats.entropy(shares))


def test_wasserstein_in_one_dimension():
    a, b = np.random.default_rng(1).random((2, 50, 1))
    assert information._wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a[:, 0], b[:, 0]))


def test_rankings_are_those_of_the_chain():
    tables = np.random.default_rng(2).normal(size=(5, 4, 4)).round(0)
    found = information._rankings(tables, 1e-3)
    for table, pi in zip(tables, found, strict=True):
        assert np.allclose(pi, alpha_rank(table, population="single", epsilon=1e-3).pi, rtol=1e-10)
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


@pytest.mark.parametrize("method", ["bins", "wasserstein"])
def test_it_plays_what_matters(method):
    """The bad agents tie among themselves, and no play is spent on that."""
    found = information_gain(make_good_bad(2, 2), method=method, rng=1, record=True, **{**QUICK, "max_samples": 3000})
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
        ({"max_samples": -1}, "`max_samples`"),
        ({"batch": 0}, "`batch`"),
        ({"epsilon": 0.5}, "`epsilon`"),
    ):
        with pytest.raises(ValueError, match=match):
            information_gain(make_good_bad(2, 1), **options)
    uneven = Game([[[0.0, 1.0], [0.5, 0.0]]] * 2, outcomes="bernoulli")
    for game in (make_random_game((2, 2), rng=0), uneven):
        with pytest.raises(ValueError, match=r"`game` must be|symmetric"):
            information_gain(game)
    assert math.isfinite(none.variances.sum())
