"""Sorted lines against the table of all deviations, and limits on the sink against leading terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrtheory._array import kernel_input
from lrtheory.alpha_rank import alpha_rank, response_graph, stationary_distribution
from lrtheory.alpha_rank.stationary import lines, orders
from lrtheory.alpha_rank.stationary.methods import line_law
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import COORDINATION, PRISONERS, accept_epsilon, fractions, law, rates

games = arrays(
    np.float64, st.sampled_from([(2, 2, 2), (2, 2, 3), (3, 2, 2, 2), (1, 4), (2, 1, 3)]), elements=st.integers(-2, 2)
)


@given(games)
def test_sweeps_and_sinks_against_the_table(payoffs):
    found = alpha_rank(payoffs, perturbation=0.2, method="power")
    assert np.allclose(found.pi.ravel(), law(rates(payoffs, accept_epsilon(0.2))).astype(float), atol=1e-10)
    assert found.residual_norm < 1e-12
    sinks = response_graph(payoffs).markov_conley_chains()
    assert [x.tolist() for x in found.sinks] == [x.tolist() for x in sinks]


@given(games, st.sampled_from(["perturbed", "alpha"]))
def test_limits_on_the_sink(payoffs, limit):
    expected = alpha_rank(fractions(payoffs), limit=limit, method="leading", population_size=5)
    if len(expected.sinks) == 1:
        exact = alpha_rank(fractions(payoffs), limit=limit, method="sink", population_size=5)
        assert (exact.pi == expected.pi).all()
        assert exact.residual_norm == 0
        assert (exact.order == expected.order).all()
        assert (exact.ranking == expected.ranking).all()
        law, _, _ = line_law(payoffs, 5, limit, None, "auto")
        assert np.allclose(law.order, expected.order.ravel().astype(float), rtol=1e-13)
        assert np.allclose(law.pi, expected.pi.ravel().astype(float), atol=1e-12)
        sink = expected.sinks[0]
        start = np.zeros(law.pi.size)
        start[sink] = 1 / len(sink)
        if len(sink) > 1:
            up = lines.Rates(1.0, 0.5 if limit == "perturbed" else 0.2, 0.0)
            walk = lines.solve_lines(lines.sorted_lines(payoffs), up, start, tol=1e-14, max_iter=10**5)
            assert np.allclose(walk.pi, law.pi, atol=1e-10)


def test_kernels_equal_their_bodies():
    game = make_random_game((3, 4), rng=0).payoffs.round(0)
    sorted_game = lines.sorted_lines(game)
    pi = np.random.default_rng(0).random(12)
    found = []
    for pick in (lambda k: k, lambda k: k.py_func):
        inflow, exits, law = np.zeros(12), np.zeros(12), pi.copy()
        pick(lines._inflow)(sorted_game, lines.Rates(0.1, 0.5, 0.9), np.ones(12), exits)
        pick(lines._sweeps)(sorted_game, lines.Rates(0.9, 0.5, 0.1), exits, law, inflow, 0.0, 3)
        found.append((inflow, exits, law))
    for x, y in zip(*found, strict=True):
        assert np.allclose(x, y, rtol=1e-14)
    matrix = rates(game, lambda gain: 0.9 if gain > 0 else (0.1 if gain < 0 else 0.5)).astype(float) * 5
    assert np.allclose(found[0][1], matrix.sum(axis=1))
    lines._inflow(sorted_game, lines.Rates(0.9, 0.5, 0.1), pi, inflow)
    assert np.allclose(inflow, pi @ matrix)


@pytest.mark.parametrize("barrier", [0.0, 4.0])
def test_orders_compiled_and_interpreted(barrier):
    game = make_random_game((3, 4), rng=1).payoffs.round(0)
    sorted_game = lines.sorted_lines(game)
    values = kernel_input(np.take_along_axis(game.reshape(2, -1), sorted_game.order, axis=1))
    found = []
    for sweep in (orders._sweep, orders._sweep.py_func):
        reached = np.full(12, np.inf)
        reached[lines.line_sinks(sorted_game)[0]] = 0.0
        while sweep(sorted_game, values, barrier, reached):
            pass
        found.append(reached)
    assert np.array_equal(*found)
    assert found[0].max() > 0


def test_large_games():
    game = zero_sum(70, 60)
    found = alpha_rank(game, perturbation=0.05)
    assert (found.method, found.reason) == ("power", "more than 4096 profiles")
    expected = alpha_rank(game, perturbation=0.05, method="power", tie_tol=1e-300)  # from the table of deviations
    assert np.allclose(found.pi, expected.pi, rtol=1e-8)
    limit = alpha_rank(game)
    assert limit.reason == "one sink, so the limit is the law of the walk on it"
    assert np.allclose(limit.pi, alpha_rank(game, perturbation=1e-7, method="power").pi, atol=1e-7)
    easy = np.stack([np.add.outer(np.arange(70.0), np.zeros(60)), np.add.outer(np.zeros(70), np.arange(60.0))])
    top = alpha_rank(easy)
    assert top.method == "sink"
    assert top.pi[-1, -1] == top.pi.sum() == 1
    assert np.allclose(alpha_rank(np.zeros((2, 70, 60))).pi, 1 / 4200)


def test_auto_takes_the_sink_of_a_middling_game():
    game = zero_sum(35, 30)
    found = alpha_rank(game)
    assert found.method == "sink"
    assert len(found.sinks) == 1
    assert np.allclose(found.pi.ravel()[found.sinks[0]], walk_on(game, found.sinks[0]), rtol=1e-9)
    assert alpha_rank(PRISONERS, method="sink").pi.tolist() == [[0, 0], [0, 1]]
    with pytest.raises(ValueError, match="one sink"):
        alpha_rank(COORDINATION, method="sink")


def zero_sum(rows, columns):
    table = np.random.default_rng(0).uniform(-1, 1, (rows, columns))
    return np.stack([table, -table])


def walk_on(game, sink):
    graph = response_graph(game)
    matrix = np.zeros((game[0].size, game[0].size))
    x, d = np.nonzero(graph.direction > 0)
    matrix[x, graph.neighbors[x, d]] = 1.0
    return stationary_distribution(matrix[np.ix_(sink, sink)]).pi
