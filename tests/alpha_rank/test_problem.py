"""Games: what they accept, what they say, and the makers."""

import dataclasses
import math
import pickle
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.alpha_rank import Game, make_bernoulli_game, make_rps
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import PRISONERS, deviations, fractions


def test_game_is_plain_and_frozen():
    game = Game(PRISONERS, names=[["C", "D"], ["C", "D"]])
    assert game.payoffs.dtype == np.float64
    assert not game.payoffs.flags.writeable
    assert game.names == (("C", "D"), ("C", "D"))
    assert game.n_profiles == 4
    with pytest.raises(AttributeError):
        game.outcomes = "bernoulli"
    exact = dataclasses.replace(game, payoffs=fractions(game.payoffs))
    assert exact.gap == 1
    assert type(exact.gap) is Fraction
    assert np.array_equal(pickle.loads(pickle.dumps(game)).payoffs, game.payoffs)


@pytest.mark.parametrize("sizes", [(2, 2), (3, 4), (2, 1, 3), (5,)])
def test_gap_is_the_smallest_edge(sizes):
    game = make_random_game(sizes, rng=0)
    flat = game.payoffs.reshape(len(sizes), -1)
    assert game.gap == min(abs(flat[k, s] - flat[k, t]) for s, k, t in deviations(sizes))
    assert game.sizes == sizes
    assert Game([[[1]], [[2]]]).gap == math.inf


def test_bernoulli_games():
    game = make_bernoulli_game(3, min_gap=0.02, rng=5)
    wins = game.payoffs[0]
    assert np.allclose(wins + wins.T, 1)
    assert np.allclose(game.payoffs.sum(axis=0), 1)
    assert game.gap >= 0.02
    assert game.outcomes == "bernoulli"
    assert np.array_equal(make_bernoulli_game(3, min_gap=0.02, rng=5).payoffs, game.payoffs)
    with pytest.raises(ValueError, match="`min_gap` must be small enough"):
        make_bernoulli_game(9, min_gap=0.3, rng=0)


def test_rps_cycles():
    game = make_rps()
    assert np.array_equal(game.payoffs[0], -game.payoffs[0].T)
    assert (game.payoffs.sum(axis=0) == 0).all()


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"payoffs": [[0.5, 1.5]], "outcomes": "bernoulli"}, ValueError, r"`payoffs` must be in \[0, 1\]"),
        ({"payoffs": [[0.5, -0.5]], "outcomes": "clipped-gaussian"}, ValueError, r"`payoffs` must be in \[0, 1\]"),
        ({"payoffs": [[0.5]], "outcomes": "gauss"}, ValueError, "`outcomes` must be one of"),
        ({"payoffs": [[0, 1], [1, 0]]}, ValueError, "`payoffs` must be of shape"),
        ({"payoffs": 3.0}, ValueError, "`payoffs` must be of shape"),
        ({"payoffs": [["a"]]}, TypeError, "`payoffs` must be an array of real numbers"),
        ({"payoffs": [[1, math.inf]]}, ValueError, "`payoffs` must be finite"),
        ({"payoffs": np.array([[1, math.inf, Fraction(1)]], dtype=object)}, ValueError, "`payoffs` must be finite"),
        ({"payoffs": [[0, 1]], "names": [["a"]]}, ValueError, "`names` must be names"),
    ],
)
def test_bad_games(options, error, match):
    with pytest.raises(error, match=match):
        Game(**options)


def test_import_is_light():
    heavy = "scipy.stats", "matplotlib", "hypothesis", "pytest", "networkx", "torch"
    code = f"import sys; from lrtheory.alpha_rank import alpha_rank; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
