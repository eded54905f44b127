"""Response graphs against loops and networkx."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrtheory.alpha_rank import Game, make_rps, response_graph, response_signs
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import COORDINATION, PRISONERS, deviations, fractions

games = arrays(
    np.float64, st.sampled_from([(2, 2, 2), (2, 3, 3), (3, 2, 2, 2), (2, 1, 3)]), elements=st.integers(-2, 2)
)


@given(games)
def test_against_networkx(payoffs):
    sizes, flat = payoffs.shape[1:], payoffs.reshape(len(payoffs), -1)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(math.prod(sizes)))
    graph.add_edges_from((s, t) for s, k, t in deviations(sizes) if flat[k, t] >= flat[k, s])
    sinks = {frozenset(c) for c in nx.strongly_connected_components(graph) if nx.descendants(graph, min(c)) <= set(c)}
    found = response_graph(payoffs)
    chains = found.markov_conley_chains()
    assert {frozenset(chain.tolist()) for chain in chains} == sinks
    assert [int(chain[0]) for chain in chains] == sorted(min(sink) for sink in sinks)
    expected = [int(np.sign(flat[k, t] - flat[k, s])) for s, k, t in deviations(sizes)]
    assert found.direction.ravel().tolist() == expected
    assert nx.is_isomorphic(found.to_networkx(), graph) or graph.number_of_nodes() > 9
    assert np.array_equal(response_signs(fractions(payoffs), batch=False), found.direction)


def test_sinks_not_sources():
    assert [c.tolist() for c in response_graph(PRISONERS).markov_conley_chains()] == [[3]]
    assert [c.tolist() for c in response_graph(COORDINATION).markov_conley_chains()] == [[0], [3]]
    assert [c.tolist() for c in response_graph([[[4]], [[2]]]).markov_conley_chains()] == [[0]]


def test_names_of_nodes():
    graph = response_graph(make_rps()).to_networkx()
    assert graph.has_edge(("rock", "rock"), ("paper", "rock"))
    assert not graph.has_edge(("paper", "rock"), ("rock", "rock"))
    assert graph.number_of_edges() == 18
    assert response_graph([[1, 1]], names=[["a", "b"]]).to_networkx().edges[("a",), ("b",)]["tie"]


def test_signs_of_many_games():
    games = np.random.default_rng(0).normal(size=(5, 3, 2, 3, 2))
    assert np.array_equal(response_signs(games), [response_signs(game) for game in games])
    ambiguous = np.random.default_rng(0).normal(size=(3, 2, 4, 5))  # three games of two players, or one of three
    assert response_signs(ambiguous).shape == (40, 8)
    assert np.array_equal(response_signs(ambiguous, batch=True), [response_signs(game) for game in ambiguous])
    assert response_signs(Game([[0, 1e-9]])).tolist() == [[1], [-1]]
    assert response_signs([[0, 1e-9]], tie_tol=1e-8).tolist() == [[0], [0]]


@pytest.mark.parametrize("shape", [(4,), (2, 2), (5, 3, 2, 2), (2, 0, 2)])
def test_shapes_of_no_game(shape):
    with pytest.raises(ValueError, match="`payoffs` must be of shape"):
        response_signs(np.zeros(shape))


def test_potential_games_have_singleton_sinks():
    potential = make_random_game((3, 4), rng=0).payoffs[0]
    assert all(len(chain) == 1 for chain in response_graph([potential, potential]).markov_conley_chains())
