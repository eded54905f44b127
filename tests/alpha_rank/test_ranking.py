"""Rankings: exact instances, closed forms, invariances, and the two limits."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrtheory.alpha_rank import Game, alpha_rank, baselines, make_rps
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import (
    BATTLE,
    COORDINATION,
    PENNIES,
    PRISONERS,
    accept_epsilon,
    accept_finite,
    fractions,
    law,
    rates,
)

HALVES = [[Fraction(1, 2), 0], [0, Fraction(1, 2)]]
small_games = arrays(
    np.float64, st.sampled_from([(2, 2, 2), (2, 2, 3), (3, 2, 2, 2), (1, 4)]), elements=st.integers(-3, 3)
)


@pytest.mark.parametrize(
    ("game", "limit", "expected"),
    [
        (PRISONERS, "perturbed", [[0, 0], [0, 1]]),
        (PRISONERS, "alpha", [[0, 0], [0, 1]]),
        (COORDINATION, "perturbed", HALVES),
        (COORDINATION, "alpha", [[1, 0], [0, 0]]),
        (BATTLE, "perturbed", HALVES),
        (BATTLE, "alpha", HALVES),
        (PENNIES, "perturbed", [[Fraction(1, 4)] * 2] * 2),
        (PENNIES, "alpha", [[Fraction(1, 4)] * 2] * 2),
        ([[7, 7, 7, 7]], "perturbed", [Fraction(1, 4)] * 4),
        ([[7, 7, 7, 7]], "alpha", [Fraction(1, 4)] * 4),
        ([[1, 2, 2]], "perturbed", [0, Fraction(1, 2), Fraction(1, 2)]),
        ([[[5]], [[6]]], "perturbed", [[1]]),
    ],
)
def test_exact_instances(game, limit, expected):
    exact = alpha_rank(fractions(game), limit=limit)
    assert (exact.pi == fractions(expected)).all()
    assert exact.residual_norm == 0
    floats = alpha_rank(game, limit=limit)
    assert np.allclose(floats.pi, np.array(expected, dtype=float), rtol=1e-14, atol=0)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 1.0, 10.0, 1e4, math.inf])
def test_cyclic_symmetry_and_ties_are_uniform(alpha):
    assert np.allclose(alpha_rank(make_rps(), alpha=alpha).pi, 1 / 9, rtol=1e-10)
    assert np.allclose(alpha_rank([[1, 1, 1, 1]], alpha=alpha).pi, 1 / 4, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(2, 2), (3, 2), (2, 2, 2), (4,)])
@pytest.mark.parametrize("method", ["gth", "log-gth", "power"])
def test_finite_alpha_against_fractions(sizes, method):
    game = make_random_game(sizes, rng=2)
    expected = law(rates(game.payoffs, accept_finite(1.3, 6))).astype(float).reshape(sizes)
    found = alpha_rank(game, alpha=1.3, population_size=6, method=method)
    assert np.allclose(found.pi, expected, rtol=1e-9)
    for player, marginal in enumerate(found.marginals):
        assert np.allclose(marginal, expected.sum(axis=tuple(i for i in range(len(sizes)) if i != player)))


@given(small_games)
def test_limits_against_small_epsilon(payoffs):
    epsilon = Fraction(1, 10**12)
    near = law(rates(payoffs, accept_epsilon(epsilon))).astype(float)
    found = alpha_rank(payoffs)
    assert np.allclose(found.pi.ravel(), near, atol=1e-9)
    exact = alpha_rank(fractions(payoffs), perturbation=Fraction(1, 9)).pi.ravel()
    assert (exact == law(rates(payoffs, accept_epsilon(Fraction(1, 9))))).all()
    lowest = near > 1e-9
    in_sinks = np.isin(np.arange(near.size), np.concatenate(found.sinks))
    assert (in_sinks | ~lowest).all()
    assert len(found.sinks) > 1 or (lowest == in_sinks).all()


@given(small_games)
def test_alpha_limit_against_large_alpha(payoffs):
    found = alpha_rank(payoffs, limit="alpha", population_size=3)
    near = alpha_rank(payoffs, alpha=40.0, population_size=3)
    assert np.allclose(found.pi, near.pi, atol=1e-12)
    assert np.allclose(alpha_rank(fractions(payoffs), limit="alpha", population_size=3).pi.astype(float), found.pi)


def test_orders_of_the_alpha_limit():
    payoffs = np.array(COORDINATION) * 1.0
    found = alpha_rank(payoffs, limit="alpha", population_size=5)
    a, b = (alpha_rank(payoffs, alpha=x, population_size=5).log_pi for x in (20.0, 21.0))
    assert np.allclose(a - b, found.order, atol=1e-6)


@given(arrays(np.float64, (3, 2, 2), elements=st.floats(-1, 1)), st.floats(0, 300), st.integers(2, 60))
def test_potential_games_have_a_closed_form(potential, alpha, m):
    found = alpha_rank([potential] * 3, alpha=alpha, population_size=m)
    log_pi = (m - 1) * alpha * potential
    log_pi -= log_pi.max()
    log_pi -= np.log(np.exp(log_pi).sum())
    assert np.allclose(found.log_pi, log_pi, rtol=1e-10, atol=1e-10)
    assert np.isfinite(found.log_pi).all()


@given(small_games, st.randoms())
@settings(max_examples=40)
def test_relabeling_moves_the_ranking_along(payoffs, random):
    sizes = payoffs.shape[1:]
    order = [random.sample(range(n), n) for n in sizes]
    moved = payoffs[np.ix_(range(len(payoffs)), *order)]
    for options in ({}, {"limit": "alpha"}, {"alpha": 0.7}, {"perturbation": 0.1}):
        expected = alpha_rank(payoffs, **options).pi[np.ix_(*order)]
        assert np.allclose(alpha_rank(moved, **options).pi, expected, rtol=1e-9)
    players = random.sample(range(len(sizes)), len(sizes))
    turned = np.stack([np.transpose(payoffs[k], players) for k in players])
    assert np.allclose(alpha_rank(turned).pi, np.transpose(alpha_rank(payoffs).pi, players), rtol=1e-9)


@given(small_games)
@settings(max_examples=40)
def test_what_others_do_is_no_gain(payoffs):
    shift = np.random.default_rng(0).integers(-4, 5, payoffs.shape).astype(float)
    for player, table in enumerate(shift):
        table[...] = table.take([0], axis=player)
    for options in ({}, {"limit": "alpha"}, {"alpha": 0.7}):
        assert np.allclose(alpha_rank(payoffs + shift, **options).pi, alpha_rank(payoffs, **options).pi, rtol=1e-9)
    assert np.allclose(alpha_rank(payoffs**3).pi, alpha_rank(payoffs).pi, rtol=1e-9)
    scaled = alpha_rank(4 * payoffs, alpha=0.25)
    assert np.allclose(scaled.pi, alpha_rank(payoffs, alpha=1.0).pi, rtol=1e-9)
    assert np.allclose(alpha_rank(payoffs, alpha=0).pi, 1 / payoffs[0].size)


def test_auto_says_what_it_did():
    game = make_random_game((5, 5), rng=1)
    soft, hard = alpha_rank(game, alpha=3.0), alpha_rank(game, alpha=100.0)
    assert (soft.method, soft.reason) == ("gth", "accurate in every entry")
    assert (hard.method, hard.reason) == ("log-gth", "rates underflow at this alpha")
    assert hard.log_pi.min() < -4000
    assert np.isfinite(hard.log_pi).all()
    assert alpha_rank(game).method == "leading"
    assert alpha_rank(game).order is not None
    chosen = alpha_rank(game, alpha=3.0, method="log-gth")
    assert chosen.reason == "chosen by the caller"
    assert np.allclose(chosen.log_pi, soft.log_pi, rtol=1e-12)


def test_float32_and_kinds_of_input():
    game = make_random_game((3, 2), rng=0).payoffs
    single = game.astype(np.float32)
    found = alpha_rank(single, alpha=2.0)
    assert found.pi.dtype == found.marginals[0].dtype == found.log_pi.dtype == np.float32
    assert np.allclose(found.pi, alpha_rank(single.astype(float), alpha=2.0).pi, rtol=1e-6)
    expected = alpha_rank(game).pi
    before = game.copy()
    for given_game in (game.tolist(), tuple(game), np.asfortranarray(game), Game(game)):
        assert np.array_equal(alpha_rank(given_game).pi, expected)
    assert np.array_equal(game, before)


def test_a_power_iteration_says_how_many_sinks_its_chain_has():
    told = "; the chain has 2 sinks, which may exchange mass more slowly than that shows"
    assert alpha_rank(COORDINATION, perturbation=0.01, method="power").message.endswith(told)
    for game, method in ((PRISONERS, "power"), (COORDINATION, "gth")):
        assert "sinks" not in alpha_rank(game, perturbation=0.01, method=method).message


@pytest.mark.parametrize("limit", ["perturbed", "alpha"])
def test_a_game_of_one_profile_has_one_sink(limit):
    for payoffs, kind in (([[[5.0]], [[6.0]]], float), (fractions([[[5]], [[6]]]), Fraction)):
        found = alpha_rank(payoffs, limit=limit, method="sink")
        assert found.pi.tolist() == [[1]]
        assert found.residual_norm == 0
        assert type(found.residual_norm) is kind


def test_result_is_frozen_and_complete():
    found = alpha_rank(make_rps())
    assert found.names[0] == ("rock", "paper", "scissors")
    again = pickle.loads(pickle.dumps(found))
    assert not found.pi.flags.writeable
    assert not again.sinks[0].flags.writeable
    assert sorted(found.ranking.tolist()) == list(range(9))
    assert alpha_rank(PRISONERS).ranking.tolist() == [3, 1, 2, 0]
    assert len(repr(found)) < 1000
    assert found.to_dict()["method"] == "leading"


def test_tie_tol():
    almost = [[0.0, 1e-12]]
    assert np.array_equal(alpha_rank(almost).pi, [0, 1])
    assert np.array_equal(alpha_rank(almost, tie_tol=1e-9).pi, [0.5, 0.5])


def test_eigenvector_baseline():
    game = make_random_game((3, 3), rng=4)
    for options in ({"alpha": 0.5}, {"perturbation": 0.05}):
        assert np.allclose(baselines.eigenvector(game, **options).pi, alpha_rank(game, **options).pi, atol=1e-12)
    assert np.allclose(baselines.eigenvector(game).pi, alpha_rank(game, perturbation=0.01).pi, atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError, match="found 2"):
        baselines.eigenvector(COORDINATION, alpha=100.0)


@pytest.mark.parametrize(
    ("payoffs", "options", "match"),
    [
        (PRISONERS, {"alpha": -1}, "`alpha`"),
        (PRISONERS, {"population_size": 1}, "`population_size`"),
        (PRISONERS, {"perturbation": 0.7}, "`perturbation`"),
        (PRISONERS, {"perturbation": 0.1, "alpha": 3.0}, "`perturbation` must be None at finite alpha"),
        (PRISONERS, {"perturbation": 0.1, "limit": "alpha"}, "`limit` must be None at finite `alpha` and with"),
        (PRISONERS, {"limit": "both"}, "`limit` must be one of"),
        (PRISONERS, {"method": "eig"}, "`method` must be one of"),
        (PRISONERS, {"method": "gth"}, "`method` must be .* for a limit"),
        (PRISONERS, {"method": "power"}, "`method` must be .* for a limit"),
        (PRISONERS, {"method": "leading", "alpha": 1.0}, "`alpha` must be left out with"),
        (PRISONERS, {"tie_tol": -1.0}, "`tie_tol`"),
        (PRISONERS, {"names": (("C",), ("D",))}, "`names` must be names"),
        ([[0, 1], [1, 0]], {}, r"`payoffs` must be of shape \(K, s_1"),
        ([[[0, 1]], [[1, 0, 1]]], {}, "`payoffs` must be a sequence of tables of one shape"),
        ([[0, math.nan]], {}, "`payoffs` must be finite"),
        (np.zeros((2, 0, 2)), {}, "every player has a strategy"),
        (np.tile(np.eye(80), (2, 1, 1)), {"method": "sink"}, 'a game with one sink for `method` "sink"'),
        (np.tile(np.eye(170), (2, 1, 1)), {}, "one sink, or of at most 8388608 deviations .*power"),
        (np.zeros((2, 70, 70)), {"alpha": 1.0, "method": "gth"}, "at most 4096 profiles here .*power"),
        (fractions(np.zeros((2, 70, 70))), {"method": "leading"}, "at most 4096 profiles here .payoffs in doubles"),
        (
            np.zeros((2, 70, 70)),
            {"method": "sink", "perturbation": 0.1},
            '`perturbation` must be left out with method "sink"',
        ),
        (np.zeros((2, 70, 70)), {"method": "sink", "tie_tol": 0.1}, "whose sink has at most 4096 profiles"),
        (np.zeros((2, 600, 600)), {"alpha": 1.0}, "deviations .at infinite alpha `method`"),
        (COORDINATION, {"method": "sink"}, "one sink"),
        (PRISONERS, {"population": "both"}, "`population` must be one of"),
        (PRISONERS, {"fitness": "global"}, "`fitness` must be"),
        (PRISONERS, {"population": "single"}, "one square table"),
        ([[1, 2, 3], [1, 2, 3]], {"population": "single"}, "one square table"),
        (Game([[[0.0, 1.0], [0.0, 0.0]]] * 2), {"population": "single"}, "a symmetric two-player game"),
    ],
)
def test_bad_input(payoffs, options, match):
    with pytest.raises(ValueError, match=match):
        alpha_rank(payoffs, **options)


def test_large_games_go_to_power():
    found = alpha_rank(make_random_game((70, 60), rng=0), perturbation=0.05)
    assert found.method == "power"
    assert found.converged
    assert found.residual_norm < 1e-12
