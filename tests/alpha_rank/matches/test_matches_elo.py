"""Match logs and Elo ratings: counts by hand, coverage by enumeration, and a general optimizer."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, stats

from lrtheory.alpha_rank import elo, ranking_intervals, table_from_matches

LOG = [("b", "a"), ("a", "b"), ("a", "c"), ("c", "a"), ("a", "b")]


def test_counts_by_hand():
    table = table_from_matches(LOG, [1, 0.5, 1, 0, 1])
    assert table.names == ("a", "b", "c")
    assert table.games.tolist() == [[0, 3, 2], [3, 0, 0], [2, 0, 0]]
    assert table.decided.tolist() == [[0, 1, 2], [1, 0, 0], [0, 0, 0]]
    assert table.wins.tolist() == [[0, 1.5, 2], [1.5, 0, 0], [0, 0, 0]]
    assert table.means[0].tolist() == [0.5, 0.5, 1]
    assert math.isnan(table.means[1, 2])
    assert table.message == "1 pair has not met: b and c"
    assert dict(table.counts) == {"matches": 5, "unplayed": 1, "self_matches": 0}
    words = table_from_matches(LOG, ["win", "draw", "win", "loss", "win"])
    assert np.array_equal(words.wins, table.wins)
    objects = np.array(["win", "draw", "win", "loss", "win"], object)  # as a data frame has them
    assert np.array_equal(table_from_matches(LOG, objects).wins, table.wins)
    ids = table_from_matches([[7, 3], [3, 10]], [1, 0], draws=None)
    assert ids.names == ("3", "7", "10")
    assert ids.means[0, 2] == 0
    assert ids.means[1, 0] == 1
    again = pickle.loads(pickle.dumps(table))
    assert not again.means.flags.writeable
    assert np.array_equal(again.intervals(0.2)[0], table.intervals(0.2)[0])


@pytest.mark.parametrize("draws", [0.5, 0.3, None])
def test_intervals_by_hand(draws):
    outcomes = [1, 0 if draws is None else draws, 1, 0, 1]
    lower, upper = table_from_matches(LOG, outcomes, draws=draws).intervals(0.1)
    assert (lower[1, 2], upper[1, 2]) == (0, 1)
    assert lower[0, 0] == upper[0, 0]
    level, d = 0.1 / (3 if draws is None else 6), draws or 0
    ci = lambda x, n: stats.binomtest(x, n).proportion_ci(1 - level, method="exact")
    wins_ab, wins_ba = (1, 2 if draws is None else 1)
    assert lower[0, 1] == pytest.approx((1 - d) * ci(wins_ab, 3).low + d * (1 - ci(wins_ba, 3).high))
    assert upper[0, 1] == pytest.approx((1 - d) * ci(wins_ab, 3).high + d * (1 - ci(wins_ba, 3).low))
    if draws in (None, 0.5):
        assert np.allclose(lower + upper.T, 1)
    found = ranking_intervals([lower, lower.T], [upper, upper.T], perturbation=0.1)
    assert (found.lower <= found.upper).all()


def test_coverage_by_enumeration():
    """One pair, six matches with draws: the probability to miss, summed over all outcomes."""
    p, n, delta, missed = np.array([0.5, 0.2, 0.3]), 6, 0.3, 0.0
    mean = p[0] + 0.5 * p[1]
    for won in range(n + 1):
        for drawn in range(n + 1 - won):
            outcomes = [1.0] * won + [0.5] * drawn + [0.0] * (n - won - drawn)
            lower, upper = table_from_matches([("x", "y")] * n, outcomes).intervals(delta)
            if not lower[0, 1] <= mean <= upper[0, 1]:
                missed += stats.multinomial.pmf([won, drawn, n - won - drawn], n, p)
    assert missed <= delta


@pytest.mark.parametrize(
    ("players", "outcomes", "options", "match"),
    [
        ([("a", "a")], [1], {}, "two different players in at least one match"),
        ([("a", "b")], [2], {}, "`outcomes` must be 1, 0 or a draw"),
        ([("a", "b")], ["wonn"], {}, "`outcomes` must be win, draw or loss"),
        ([("a", "b")], ["draw"], {"draws": None}, "no draw"),
        ([("a", "b")], [0.5], {"draws": None}, "`outcomes` must be 1, 0"),
        ([("a", "b")], [1, 0], {}, "`outcomes` must be of shape"),
        ([("a", "b", "c")], [1], {}, r"`outcomes` must be of shape \(1, 3\)"),
        ([("a",)], [1], {}, "`players` must be of shape"),
        ([], [], {}, "`players`"),
        ([(0.5, 1.5)], [1], {}, "`players`"),
        ([("a", "b")], [1], {"draws": 1.0}, "`draws`"),
    ],
)
def test_bad_logs(players, outcomes, options, match):
    with pytest.raises(ValueError, match=match):
        table_from_matches(players, outcomes, **options)
    with pytest.raises(ValueError, match="`delta`"):
        table_from_matches([("a", "b")], [1]).intervals(0)


def test_known_ratings():
    p = 1 / (1 + 10 ** (-400 / 400))
    found = elo([[0, p], [1 - p, 0]])
    assert np.allclose(found.ratings, [200, -200], atol=0.02)
    assert found.converged
    assert found.message == "the ratings exist without ridge"
    cycle = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0.0]])
    assert np.allclose(elo(10 * cycle).ratings, 0, atol=1e-9)
    assert np.allclose(elo(10 * cycle).predicted, 0.5)
    uneven = np.array([[0, 100, 0], [0, 0, 10], [10, 0, 0.0]])
    assert np.allclose(elo(uneven).ratings, [215, -215, 0], atol=1)


def test_against_a_general_optimizer():
    wins = np.random.default_rng(0).integers(0, 9, (6, 6)).astype(float)
    np.fill_diagonal(wins, 0)
    loss = lambda x: (wins * np.logaddexp(0, x[None, :] - x[:, None])).sum() + 0.5 * 0.3 * x @ x
    expected = optimize.minimize(loss, np.zeros(6), tol=1e-12).x * 400 / math.log(10)
    found = elo(wins, ridge=0.3)
    assert np.allclose(found.ratings, expected, atol=1e-2)
    assert abs(found.ratings.sum()) < 1e-9
    assert np.allclose(found.predicted + found.predicted.T, 1)
    assert found.log_likelihood == pytest.approx(float((wins * np.log(found.predicted + np.eye(6))).sum()))


def test_transitive_ratings_come_back():
    r = np.array([300.0, 50.0, -100.0, -250.0])
    p = 1 / (1 + 10 ** (-np.subtract.outer(r, r) / 400))
    assert np.allclose(elo(1000 * p, ridge=1e-9).ratings, r, atol=1e-4)


def test_separable_and_disconnected_wins():
    found = elo(np.triu(np.ones((3, 3)), 1))
    assert found.converged
    assert "the ridge alone" in found.message
    assert (np.diff(found.ratings) < -500).all()
    assert np.isfinite(found.ratings).all()
    apart = elo([[0, 3, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    assert apart.message.startswith("some players are connected by no games")
    assert np.allclose(apart.ratings[2:], 0, atol=1e-6)
    assert elo([[0]]).ratings.tolist() == [0]
    assert elo(np.zeros((2, 2))).predicted.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert not elo(np.triu(np.ones((3, 3)), 1), max_iter=1).converged


@pytest.mark.parametrize("games", [1e-9, 1.0, 1e9, 1e12, 1e15])
def test_any_number_of_games(games):
    p = 1 / (1 + 10 ** (-np.subtract.outer([300.0, 50.0, -350.0], [300.0, 50.0, -350.0]) / 400))
    found = elo(games * p, ridge=1e-9 * games)
    assert found.converged
    assert np.allclose(found.ratings, [300, 50, -350], atol=1e-4)


@pytest.mark.parametrize("ridge", [1e-6, 2e-12])
def test_ratings_by_the_ridge_alone_have_small_gradients(ridge):
    """Two pairs, one of which has beaten the other: the gradient in Fractions of the doubles that came out."""
    wins = np.zeros((4, 4))
    wins[0, 1], wins[1, 0], wins[2, 3], wins[3, 2], wins[0, 2] = 2, 1, 1, 1, 1
    theta = [Fraction(r) * Fraction(math.log(10)) / 400 for r in elo(wins, ridge=ridge).ratings.tolist()]
    loses = lambda i, j: 1 / (1 + Fraction(math.exp(theta[i] - theta[j])))
    group = -Fraction(ridge) * (theta[0] + theta[1]) + loses(0, 2)  # games within the pair cancel
    assert abs(group) < 1e-4 * ridge * abs(theta[0])
    assert abs(sum(theta)) < 1e-9


@pytest.mark.parametrize(
    ("wins", "options", "match"),
    [
        ([[0, 1e300], [1e300, 0]], {}, r"`wins` must be in \[0, 9.0072e\+15\]; got 1e\+300"),
        ([[0, 1e12], [0, 0]], {}, "`ridge` must be at least 1 for these wins, whose ratings do not exist without it"),
        ([[0, 1]], {}, "`wins` must be square"),
        ([[0, -1], [1, 0]], {}, "`wins`"),
        ([[0, math.nan], [1, 0]], {}, "`wins` must be finite"),
        ([[0, 1], [1, 0]], {"ridge": 0}, "`ridge`"),
        ([[0, 1], [1, 0]], {"max_iter": 0}, "`max_iter`"),
    ],
)
def test_bad_wins(wins, options, match):
    with pytest.raises(ValueError, match=match):
        elo(wins, **options)
