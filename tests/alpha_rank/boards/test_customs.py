"""Simulated logs have the laws that they say, and customary rules are those of the sheet, against slow oracles."""

import math

import numpy as np
import pytest
from scipy import optimize

from lrtheory.alpha_rank import MatchLog, make_battles, rank_models
from lrtheory.alpha_rank.baselines import bradley_terry_board
from lrtheory.alpha_rank.boards import resampled

POINTS = 400 / math.log(10)


def test_results_have_the_chances_of_davidson():
    log = make_battles([100, 0], 40_000, ties=0.8, rng=0)
    of_first = np.where(log.players[:, 0] == 0, log.scores[:, 0], log.scores[:, 1])
    odds = np.array([math.exp(100 / POINTS), 0.8 * math.exp(50 / POINTS), 1.0])
    found = [(of_first == score).mean() for score in (1, 0.5, 0)]
    assert found == pytest.approx(odds / odds.sum(), abs=4 * 0.5 / math.sqrt(40_000))
    assert abs((log.players[:, 0] == 0).mean() - 0.5) < 0.01
    sure = make_battles([10_000, -10_000], 100, ties=1.0, rng=0)
    assert (sure.scores[sure.players == 0] == 1).all()


def test_schedules_meet_whom_they_say():
    ratings = np.zeros(8)
    ratings[-1] = 400
    met = {}
    for schedule in ("uniform", "skewed", "adaptive"):
        log = make_battles(ratings, 6000, schedule=schedule, rng=1)
        assert (log.players[:, 0] != log.players[:, 1]).all()
        assert log.names == tuple(f"model-{i}" for i in range(1, 9))
        met[schedule] = np.bincount(log.players.ravel(), minlength=8) / 12_000
    assert met["uniform"] == pytest.approx(np.full(8, 1 / 8), abs=0.02)
    assert (np.diff(met["skewed"]) < 0.01).all()
    assert met["skewed"][0] > 2 * met["skewed"][-1]
    assert met["adaptive"][-1] > 0.2  # which wins, and is chosen
    assert np.array_equal(make_battles(ratings, 50, rng=3).players, make_battles(ratings, 50, rng=3).players)


def test_a_log_may_be_shorter_than_the_looks_of_its_schedule():
    for n in (1, 2, 5, 7):
        assert len(make_battles([0, 0, 0], n, schedule="adaptive", rng=0).players) == n


def test_blocks_are_the_batches_of_an_adaptive_schedule():
    log = make_battles([0, 0, 0], 480, schedule="adaptive", rng=0)
    assert np.bincount(log.marks["block"]).tolist() == [80, *[20] * 20]
    assert rank_models(log, batch="block").schedule == "batch"
    assert not make_battles([0, 0, 0], 480, rng=0).marks["block"].any()


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([0], 5), {}, "`ratings` must be of at least two models"),
        (([0, np.nan], 5), {}, "`ratings`"),
        (([0, 1e5], 5), {}, "`ratings`"),
        (([0, 1], 0), {}, "`n` must be"),
        (([0, 1], 10**20), {}, "`n` must be"),
        (([0, 1], 5), {"ties": -1}, "`ties`"),
        (([0, 1], 5), {"schedule": "greedy"}, "`schedule` must be one of"),
    ],
)
def test_refusals_of_simulated_logs(arguments, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_battles(*arguments, **options)


def likelihood_ratings(log, weights, n):
    """Ratings in logits by a general optimizer."""
    first, second = log.players.T

    def loss(theta):
        gaps = theta[first] - theta[second]
        own = log.scores[:, 0] * np.logaddexp(0, -gaps) + log.scores[:, 1] * np.logaddexp(0, gaps)
        return weights @ own + 1e-5 * len(first) / 2 * theta @ theta

    return optimize.minimize(loss, np.zeros(n), method="BFGS", options={"gtol": 1e-9}).x


def test_ratings_and_standard_errors_are_those_of_the_likelihood():
    log = make_battles([80, 0, 0, -80], 300, ties=0.5, rng=2)
    found = bradley_terry_board(log, method="wald")
    theta = likelihood_ratings(log, np.ones(300), 4)
    assert found.elo == pytest.approx(POINTS * theta, abs=1e-3)
    first, second = log.players.T
    chance = 1 / (1 + np.exp(theta[second] - theta[first]))
    design = np.zeros((300, 4))
    design[np.arange(300), first], design[np.arange(300), second] = 1, -1
    covariance = np.linalg.pinv(design.T @ (design * (chance * (1 - chance))[:, None]))
    own = POINTS * 1.959964 * np.sqrt(np.diag(covariance))
    assert (found.elo_upper - found.elo_lower) / 2 == pytest.approx(own, rel=1e-3)
    error = np.sqrt(np.add.outer(np.diag(covariance), np.diag(covariance)) - 2 * covariance)
    gaps = np.subtract.outer(theta, theta)
    assert np.array_equal(found.above, gaps > 2.3940 * error)
    assert np.array_equal(found.can_be_first, ~(gaps > 2.1280 * error).any(axis=0))


def test_resamples_have_the_spread_of_resampled_fits():
    """The ends of the intervals are quantiles of fits of resamples, made one by one."""
    log, rng = make_battles([80, 0, -80], 120, rng=4), np.random.default_rng(5)
    fits = []
    for _ in range(400):
        weights = np.bincount(rng.integers(0, 120, 120), minlength=120).astype(float)
        fits.append(POINTS * likelihood_ratings(log, weights, 3))
    found = bradley_terry_board(log, n_resamples=4000, rng=6)
    assert found.converged
    for ends, level in ((found.elo_lower, 0.025), (found.elo_upper, 0.975)):
        assert ends == pytest.approx(np.quantile(fits, level, axis=0), abs=12)


def test_a_model_that_wins_all_has_a_finite_rating():
    log = {"winner": ["a"] * 8 + ["b", "c", "b"], "loser": ["b", "c"] * 4 + ["c", "b", "c"]}
    for method in ("overlap", "difference", "wald"):
        found = bradley_terry_board(log, method=method, rng=0, n_resamples=200)
        assert found.converged
        assert np.isfinite([found.elo, found.elo_lower, found.elo_upper]).all()
        assert found.can_be_first[0]


def test_marginal_intervals_lose_what_is_common():
    """A beats B 40 : 10 and both are even with C: their intervals overlap, and A is above B beyond doubt."""
    log = {
        "winner": ["A"] * 40 + ["B"] * 10 + ["A", "C", "B", "C"],
        "loser": ["B"] * 40 + ["A"] * 10 + ["C", "A", "C", "B"],
    }
    found = bradley_terry_board(log, rng=0)
    assert not found.above.any()
    assert rank_models(log).p_values[0, 1] < 1e-4
    assert bradley_terry_board(log, method="difference", rng=0).above[0, 1]


@pytest.mark.parametrize("method", ["overlap", "difference", "wald"])
def test_what_no_battle_connects_is_not_compared(method):
    """Ratings of two parts of a log share no zero, and a model that met only itself has no rating at all."""
    pairs = [("a", "b")] * 3 + [("b", "a")] + [("c", "d")] * 3 + [("d", "c")]
    log = {"winner": [a for a, _ in pairs] * 10_000, "loser": [b for _, b in pairs] * 10_000}
    found = bradley_terry_board(log, method=method, rng=0, n_resamples=200)
    assert np.argwhere(found.above).tolist() == [[0, 1], [2, 3]]
    assert found.can_be_first.tolist() == [True, False, True, False]
    assert (found.elo_upper - found.elo_lower < 20).all()
    assert "2 parts of the log have no battle between them" in str(found)
    winner = ["model_a"] * 30 + ["model_b"] * 10 + ["model_a"]
    alone = {"model_a": ["a"] * 40 + ["c"], "model_b": ["b"] * 40 + ["c"], "winner": winner}
    found = bradley_terry_board(alone, method=method, rng=0, n_resamples=200)
    assert found.can_be_first.tolist() == [True, False, True]
    assert np.argwhere(found.above).tolist() == [[0, 1]]


def test_levels_at_both_ends_have_a_normal_quantile():
    log = {"winner": ["a"] * 30 + ["b"] * 10, "loser": ["b"] * 30 + ["a"] * 10}
    strict, plain = (bradley_terry_board(log, method="wald", delta=delta) for delta in (2e-40, 0.05))
    ratio = (strict.elo_upper - strict.elo) / (plain.elo_upper - plain.elo)
    assert ratio == pytest.approx(13.3109 / 1.959964, rel=1e-5)  # the upper quantile at 1e-40
    even = {"winner": ["a"] * 6 + ["b"] * 5, "loser": ["b"] * 6 + ["a"] * 5}
    assert bradley_terry_board(even, method="wald", delta=0.99).can_be_first[0]


def test_resamples_do_not_depend_on_how_many_are_fitted_at_a_time(monkeypatch):
    log = make_battles([80, 0, -80], 120, rng=4)
    at_once = bradley_terry_board(log, n_resamples=50, rng=6)
    monkeypatch.setattr(resampled, "MOST_ENTRIES", 9 * 7)
    in_blocks = bradley_terry_board(log, n_resamples=50, rng=6)
    assert np.array_equal(at_once.elo_lower, in_blocks.elo_lower)
    assert np.array_equal(at_once.elo_upper, in_blocks.elo_upper)


def test_tables_of_32_mb_are_fitted_at_a_time(monkeypatch):
    sizes = []

    def fitted(wins, start, ridge):
        sizes.append(wins.nbytes)
        return np.zeros(wins.shape[:2]), True

    monkeypatch.setattr(resampled, "_fit_all", fitted)
    bradley_terry_board(make_battles(np.zeros(128), 300, rng=0), n_resamples=600, rng=0)
    assert sizes == [2**25, 2**25, 600 * 128**2 * 8 - 2**26]


def test_resamples_that_have_not_converged_are_told(monkeypatch):
    log = make_battles([80, 0, -80], 120, rng=4)
    monkeypatch.setattr(resampled, "MOST_STEPS", 1)
    found = bradley_terry_board(log, n_resamples=50, rng=6)
    assert not found.converged
    assert "some ratings, of the log or of resamples, have not converged" in str(found)
    assert bradley_terry_board(log, method="wald").converged


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"delta": 1}, "`delta`"),
        ({"n_resamples": 1}, "`n_resamples` must be"),
        ({"n_resamples": 10**6 + 1}, r"`n_resamples` must be an integer in \[2, 1000000\]"),
        ({"method": "holm"}, "`method` must be one of"),
    ],
)
def test_refusals_of_customary_boards(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        bradley_terry_board({"winner": ["a"], "loser": ["b"]}, **options)
    with pytest.raises(TypeError, match="`matches` must be a MatchLog, path or data frame"):
        bradley_terry_board(MatchLog)
