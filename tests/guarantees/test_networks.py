"""Graphs and digraphs against networkx: what is enumerated, what is connected, and what is built."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from ready import Digraph, Graph, digraphs, graphs, is_connected

from lrtheory.bounds import FromGenerator, FromHypothesis, Session


def members(family, draws=80, climbs=200):
    """Fixed and drawn graphs, and what a climb meets."""
    source, found = FromGenerator(np.random.default_rng(2)), [one for _, one in Session().instances(family, draws)]
    here = found[-1]
    return found + [here := family.climb(here, source) for _ in range(climbs)]


def test_every_graph_of_the_atlas_is_enumerated_once():
    atlas = [graph for graph in nx.graph_atlas_g() if 1 <= len(graph) <= 5]
    found = [graph.nx() for graph in graphs().smallest()]
    assert len(found) == len(atlas) == 52
    assert all(sum(nx.is_isomorphic(graph, known) for graph in found) == 1 for known in atlas)


def test_graphs_of_six_and_seven_nodes_are_as_many_as_in_the_atlas():
    def profile(graph):
        return len(graph), tuple(sorted(degree for _, degree in graph.degree)), sum(nx.triangles(graph).values())

    atlas = Counter(profile(graph) for graph in nx.graph_atlas_g() if len(graph) >= 6)
    assert Counter(profile(graph.nx()) for graph in graphs(7, bottom=6, enumerated=7).smallest()) == atlas


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        (graphs(connected=True), (1, 1, 2, 6, 21)),
        (graphs(connected=False), (0, 1, 2, 5, 13)),
        (digraphs(), (1, 3, 16)),
        (digraphs(connected=True), (1, 1, 5)),
        (graphs(labeled=True), (1, 2, 8, 64)),
        (graphs(labeled=True, connected=True, enumerated=5), (1, 1, 4, 38, 728)),
        (digraphs(labeled=True), (1, 4, 64)),
        (digraphs(labeled=True, connected=True), (1, 1, 18)),
    ],
)
def test_counts_are_those_of_the_encyclopedia_of_sequences(family, counts):
    found = Counter(graph.n for graph in family.smallest())
    assert tuple(found[n] for n in range(1, len(counts) + 1)) == counts


def test_connected_means_that_powers_of_the_adjacency_matrix_reach_everything():
    for graph in members(graphs(enumerated=3)) + members(digraphs()):
        arcs = np.eye(graph.n, dtype=int)
        for u, v in graph.edges:
            arcs[u, v] = 1
            arcs[v, u] |= not graph.directed
        assert is_connected(graph) == (np.linalg.matrix_power(arcs, graph.n) > 0).all()
    assert is_connected(Graph(0, ()))
    assert is_connected(Digraph(0, ()))


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("make", [graphs, digraphs])
def test_families_keep_their_promise_about_connectedness(make, connected):
    found = members(make(5, connected=connected))
    assert all(is_connected(graph) == connected for graph in found)
    assert len({graph.edges for graph in found if graph.n == 5}) > 10


def test_numbers_lie_in_their_ranges_and_have_one_for_each_node_and_edge():
    found = members(graphs(5, weights=(0, 9), lengths=(2, 4)))
    assert all(len(one.weights) == one.n and len(one.lengths) == len(one.edges) for one in found)
    assert {weight for one in found for weight in one.weights} == set(range(10))
    assert {length for one in found for length in one.lengths} == {2, 3, 4}
    assert [one.weights for one in graphs(2, bottom=2, weights=(0, 9)).smallest()] == [(1, 1), (0, 1), (1, 1), (1, 2)]


def test_a_climb_takes_one_step_at_a_time():
    family, draws = graphs(4, weights=(0, 2), lengths=(0, 2)), FromGenerator(np.random.default_rng(0))
    here, moves = Graph(3, ((0, 1),), (0, 0, 0), (1,)), Counter()
    for _ in range(200):
        there = family.climb(here, draws)
        if there.n > here.n:
            moves["grow"] += 1
            assert (there.n, len(there.edges)) == (here.n + 1, len(here.edges) + 1)
        elif there.edges != here.edges:
            moves["flip"] += 1
            assert len(set(there.edges) ^ set(here.edges)) == 1
            old = dict(zip(here.edges, here.lengths, strict=True))
            kept = dict(zip(there.edges, there.lengths, strict=True))
            assert all(kept[edge] == old[edge] for edge in set(old) & set(kept))
        else:
            moves["number"] += 1
            assert (
                sum(a != b for a, b in zip(here.weights + here.lengths, there.weights + there.lengths, strict=True))
                <= 1
            )
        here = there
    assert set(moves) == {"grow", "flip", "number"}
    alone = graphs(1)
    assert alone.climb(Graph(1, ()), draws) == Graph(1, ())


def test_drawn_graphs_shrink_to_the_smallest_one():
    from hypothesis import find, settings, strategies

    @strategies.composite
    def drawn(draw):
        return graphs(6).draw(FromHypothesis(draw))

    with_triangle = find(
        drawn(), lambda graph: sum(nx.triangles(graph.nx()).values()) > 0, settings=settings(database=None)
    )
    assert with_triangle == Graph(3, ((0, 1), (0, 2), (1, 2)))


def test_attributes_have_the_names_that_are_asked_for():
    graph = Graph(3, ((2, 0), (1, 2)), weights=(5, 6, 7), lengths=(1, 2))
    assert graph == Graph(3, ((0, 2), (1, 2)), (5, 6, 7), (1, 2))
    built = graph.nx(weight="w", length="l")
    assert dict(built.nodes(data=True)) == {0: {"w": 5}, 1: {"w": 6}, 2: {"w": 7}}
    assert list(built.edges(data=True)) == [(0, 2, {"l": 1}), (1, 2, {"l": 2})]
    arcs = Digraph(2, ((1, 0),)).nx()
    assert arcs.is_directed()
    assert list(arcs.edges(data=True)) == [(1, 0, {})]
    assert Digraph(2, ((0, 1), (1, 0))).edges == ((0, 1), (1, 0))


@pytest.mark.parametrize("edges", [((0, 2),), ((0, 1), (1, 0))])
def test_edges_are_different_pairs_of_nodes(edges):
    with pytest.raises(ValueError, match="`edges` must be different pairs of nodes in 0..1"):
        Graph(2, edges)


def test_as_many_nodes_are_enumerated_as_there_may_be():
    for options in ({"enumerated": 5}, {"enumerated": 0}, {"bottom": 5}):
        with pytest.raises(ValueError, match="`enumerated` must be between"):
            graphs(4, **options)
