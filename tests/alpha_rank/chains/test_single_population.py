"""A single population: exact instances, the birth-death chain by hand, and the limits."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.alpha_rank import Game, alpha_rank, make_rps, profile_chain, response_graph, transition_matrix
from lrtheory.alpha_rank.chains.single_population import GlobalChain
from tests.alpha_rank.oracles import fractions, law

BIASED = [[0, -0.5, 1], [0.5, 0, -0.1], [-1, 0.1, 0]]
GENERAL = np.random.default_rng(5).uniform(-1, 1, (4, 4))


def takes_over(table, r, s, alpha, m):
    """Probability that one mutant r takes over m - 1 residents s, by solving the birth-death chain."""
    f = lambda p: ((p - 1) * table[r][r] + (m - p) * table[r][s]) / (m - 1)
    g = lambda p: (p * table[s][r] + (m - p - 1) * table[s][s]) / (m - 1)
    system, right = np.eye(m + 1), np.zeros(m + 1)
    right[m] = 1
    for p in range(1, m):
        gain = 1 / (1 + math.exp(-alpha * (f(p) - g(p))))  # next birth or death is a birth
        system[p, p + 1], system[p, p - 1] = -gain, gain - 1
    return np.linalg.solve(system, right)[1]


def chain_by_hand(table, alpha, m):
    n = len(table)
    return np.array(
        [[0 if r == s else takes_over(table, r, s, alpha, m) / (n - 1) for r in range(n)] for s in range(n)]
    )


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.1, (0.21296, 0.67715, 0.10990)),
        (1, (0.19164, 0.66827, 0.14010)),
        (10, (0.31681, 0.36639, 0.31680)),
        (100, (1 / 3, 1 / 3, 1 / 3)),
        (math.inf, (1 / 3, 1 / 3, 1 / 3)),
    ],
)
def test_biased_rock_paper_scissors(alpha, expected):
    found = alpha_rank(BIASED, population="single", alpha=alpha)
    assert np.allclose(found.pi, expected, atol=6e-6)
    assert np.array_equal(found.marginals[0], found.pi)
    assert found.pi.shape == (3,)
    assert [sink.tolist() for sink in found.sinks] == [[0, 1, 2]]


def test_exact_limits():
    exact = alpha_rank(fractions(BIASED), population="single")
    assert exact.pi.tolist() == [Fraction(1, 3)] * 3
    for method in ("leading", "sink"):
        assert alpha_rank(fractions(BIASED), population="single", method=method).residual_norm == 0
    order = [[0, 1, 1], [-1, 0, 1], [-1, -1, 0]]
    for options in ({}, {"limit": "alpha"}, {"fitness": "global"}, {"limit": "alpha", "fitness": "global"}):
        assert alpha_rank(order, population="single", **options).pi.tolist() == [1, 0, 0]
        assert (alpha_rank(fractions(GENERAL), population="single", **options).pi).sum() == 1


@pytest.mark.parametrize("m", [2, 3, 9])
@pytest.mark.parametrize("table", [GENERAL, np.array(BIASED), np.array(BIASED) + 3, np.eye(3)])
def test_global_fitness_is_the_birth_death_chain(table, m):
    chain = profile_chain(table, population="single", fitness="global", population_size=m)
    assert isinstance(chain, GlobalChain) == (table is GENERAL or table.trace() == 3)
    rates = chain_by_hand(table, 1.7, m)
    assert np.allclose(chain.dense(chain.rates(1.7, m)), rates, rtol=1e-9)
    assert np.allclose(chain.dense(np.exp(chain.log_rates(1.7, m))), rates, rtol=1e-9)
    back = chain.rates(1.7, m, incoming=True)
    assert np.allclose(chain.dense(back), rates.T, rtol=1e-9)
    options = {"population": "single", "fitness": "global", "alpha": 1.7, "population_size": m}
    expected = law(rates).astype(float)
    for method in ("auto", "log-gth", "power"):
        assert np.allclose(alpha_rank(table, method=method, **options).pi, expected, rtol=1e-8)
    assert np.allclose(expected @ transition_matrix(table, **options), expected)


def test_local_fitness_of_an_elo_additive_game_has_a_closed_form():
    strength = np.array([0.3, -0.2, 0.9])
    found = alpha_rank(strength[:, None] - strength, population="single", alpha=0.7, population_size=8)
    log_pi = 7 * 0.7 * 2 * strength  # M(r,s) - M(s,r) = 2 v_r - 2 v_s
    assert np.allclose(np.diff(found.log_pi), np.diff(log_pi), rtol=1e-12)


@pytest.mark.parametrize("table", [GENERAL, np.array(BIASED), np.array([[0.0, 3.0], [2.0, 1.0]])])
@pytest.mark.parametrize("fitness", ["local", "global"])
def test_alpha_limit_against_large_alpha(table, fitness):
    options = {"population": "single", "fitness": fitness, "population_size": 4}
    found = alpha_rank(table, limit="alpha", **options)
    near, further = (alpha_rank(table, alpha=alpha, **options) for alpha in (300.0, 301.0))
    assert np.allclose(found.pi, near.pi, atol=1e-6)
    assert np.allclose(near.log_pi - further.log_pi, found.order, atol=1e-5)
    exact = alpha_rank(fractions(table), limit="alpha", **options)
    assert np.allclose(exact.pi.astype(float), found.pi)


def test_symmetric_games_and_labels():
    game = make_rps()
    found = alpha_rank(Game([game.payoffs[0], game.payoffs[0].T], names=game.names), population="single")
    assert found.names == (("rock", "paper", "scissors"),)
    assert np.allclose(found.pi, 1 / 3)
    for names in (["a", "b", "c"], [["a", "b", "c"]]):
        assert alpha_rank(BIASED, population="single", names=names).names == (("a", "b", "c"),)
    graph = response_graph(game, population="single")
    assert graph.names == (("rock", "paper", "scissors"),)
    assert graph.direction.tolist() == [[1, -1], [-1, 1], [1, -1]]
    assert alpha_rank(np.float32(BIASED), population="single", alpha=1.0).pi.dtype == np.float32
    assert alpha_rank([[5]], population="single").pi.tolist() == [1]


def test_general_global_limit_refuses_the_sink():
    options = {"population": "single", "fitness": "global", "limit": "alpha"}
    with pytest.raises(ValueError, match='`method` must be "leading" for general global fitness'):
        alpha_rank(GENERAL, method="sink", **options)
