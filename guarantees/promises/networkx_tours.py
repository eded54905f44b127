"""networkx: tours through all nodes within 3/2 of the shortest, by the method of Christofides.

The shortest tour is found by trying all orders. What is no tour, or no walk, counts as longer than any.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise

import networkx as nx
import ready
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, Violated, saboteur
from ready import oracles

Graph = ready.Graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def length(graph, walk):
    """The length of a walk; None where two nodes that follow each other have no edge."""
    lengths = dict(zip(graph.edges, graph.lengths, strict=True))
    steps = [lengths.get((min(step), max(step))) for step in pairwise(walk)]
    return None if None in steps else sum(steps)


@cache
def shortest_paths(graph):
    """The distances between all nodes, by going through each node in turn."""
    far = 1 + sum(graph.lengths)
    table = {(u, v): far * (u != v) for u in range(graph.n) for v in range(graph.n)}
    for (u, v), one in zip(graph.edges, graph.lengths, strict=True):
        table[u, v] = table[v, u] = one
    for k in range(graph.n):
        table = {(u, v): min(one, table[u, k] + table[k, v]) for (u, v), one in table.items()}
    return table


def is_metric(graph):
    """Whether no detour is shorter than an edge, in a complete graph."""
    distance = shortest_paths(graph)
    edges = zip(graph.edges, graph.lengths, strict=True)
    return len(graph.edges) == graph.n * (graph.n - 1) // 2 and all(one == distance[edge] for edge, one in edges)


@cache
def shortest_tour(graph):
    """The least length of a closed walk through all nodes: a tour with the distances by shortest paths."""
    distance = shortest_paths(graph)
    around = lambda order: sum(distance[step] for step in pairwise((0, *order, 0)))
    return oracles.best_permutation(range(1, graph.n), around, largest=False).value


@cache
def shortest_cycle(graph):
    """The least length of a tour that takes the edges of the graph, whatever detours there are."""
    return oracles.best_permutation(range(1, graph.n), lambda order: length(graph, (0, *order, 0)), largest=False).value


def within(factor, least, valid):
    """A walk that is valid has at most ``factor`` times the least length."""

    def sides(graph, walk):
        worst = 1 + 2 * graph.n * sum(graph.lengths)
        found = length(graph, walk) if walk and walk[0] == walk[-1] and valid(graph, walk) else None
        return Sides(lhs=worst if found is None else found, rhs=factor * least(graph), trivial=worst)

    return Inequality(sides)


def visits_each_once(graph, walk):
    return sorted(walk[:-1]) == list(range(graph.n))


def visits_all(graph, walk):
    return set(walk) == set(range(graph.n))


# --- what is under test ----------------------------------------------------------------------------------------------


def christofides(graph, rng):
    return tuple(nx.approximation.christofides(graph))


def by_number(graph, rng):
    return (*sorted(graph), min(graph))


def doubled_tree(graph, rng):
    """Along a spanning tree and back: a walk that is within twice the shortest, and no tour."""
    tree = nx.dfs_edges(nx.minimum_spanning_tree(graph), 0)
    return (0, *(node for edge in tree for node in (*reversed(edge), edge[0])))


def round_trip(graph, rng):
    return tuple(nx.approximation.traveling_salesman_problem(graph))


def there_and_back(graph, rng):
    """From the first node to every other and back, each time by a shortest path."""
    walk = [0]
    for node in sorted(graph)[1:]:
        path = nx.dijkstra_path(graph, 0, node)
        walk += path[1:] + path[-2::-1]
    return tuple(walk)


# --- statements ------------------------------------------------------------------------------------------------------

view = lambda graph: graph.nx()
POINTS = ready.metrics(6, bottom=2, name="tours-points")


def complete(n, lengths):
    return Graph(n, tuple(combinations(range(n), 2)), (), tuple(lengths))


def of_points(metric):
    n = len(metric.points)
    return complete(n, (int(metric.distances[pair]) for pair in combinations(range(n), 2)))


#: two rows of three points; in this order of the points a tour of length 8 is returned, and there is one of length 6
LADDER = of_points(ready.Metric(((2, 0), (1, 0), (0, 1), (0, 0), (2, 1), (1, 1))))
METRIC = Family(
    "tours",
    always=lambda: [of_points(metric) for metric in POINTS.smallest()],
    tight=(Tight(LADDER, 0.88, 0.89),),
    draw=lambda draws: of_points(POINTS.draw(draws)),
    view=view,
)
ONE_LONG_EDGE = Family(
    "tours-long-edge",
    always=(complete(4, (1, 1, 1, 1, 1, 99)),),
    complete="four nodes of which one pair is far apart",
    members=1,
    view=view,
)
ROADS = ready.graphs(6, bottom=2, lengths=(0, 9), connected=True, name="tours-roads")

CHRISTOFIDES = Statement(
    id="networkx/christofides",
    title="A tour within 3/2 of the shortest",
    says="The length c(T) of the returned tour T is at most 3/2 times that of the shortest one, c(T*), if distances c "
    "satisfy the triangle inequality.",
    source=Documented("networkx", "approximation.christofides", "a 3/2-approximation of the shortest tour"),
    tex=r"c(T) \le \tfrac{3}{2} c(T^*)",
    hypotheses={"triangle inequality": is_metric, "two nodes": lambda graph: graph.n >= 2},
    instances=METRIC,
    solve=christofides,
    claim=within(Fraction(3, 2), shortest_cycle, visits_each_once),
    may_vary={"outcome": "an answer may go through any number of nodes, which the claim judges"},
    saboteurs=(
        saboteur("the order of the nodes", solve=by_number),
        saboteur("along a tree and back", solve=doubled_tree),
        saboteur("the shortest", claim=within(1, shortest_cycle, visits_each_once)),
        saboteur("no triangle inequality", breaks="triangle inequality", instances=ONE_LONG_EDGE, printed=True),
    ),
    notes="The documentation asks for a complete graph, and for no metric. Without one the ratio has no bound.",
)

CHRISTOFIDES_ALONE = Statement(
    id="networkx/christofides-one-node",
    title="A tour through a single node",
    says="The complete graph on one node yields a tour T of length 0, which is at most 3/2 times the shortest.",
    source=Documented("networkx", "approximation.christofides", "a tour for every complete graph"),
    tex=r"c(T) \le \tfrac{3}{2} c(T^*) = 0",
    hypotheses={"triangle inequality": is_metric},
    instances=Family("tours-alone", always=(Graph(1, ()),), complete="the single node", members=1, view=view),
    solve=christofides,
    claim=within(Fraction(3, 2), shortest_cycle, visits_all),
    violated=Violated("An error is raised, whose sentence is about a graph without any node."),
)

ROUND_TRIP = Statement(
    id="networkx/traveling-salesman-problem",
    title="A closed walk through all nodes within 3/2 of the shortest",
    says="The length c(W) of the closed walk W along edges through all nodes is at most 3/2 times that of the shortest "
    "one, c(W*), in a connected graph with any lengths c that are not negative.",
    source=Documented("networkx", "approximation.traveling_salesman_problem", "an approximate tour, by christofides"),
    tex=r"c(W) \le \tfrac{3}{2} c(W^*)",
    hypotheses={"connected": ready.is_connected, "two nodes": lambda graph: graph.n >= 2},
    instances=replace(ROADS, view=view),
    solve=round_trip,
    claim=within(Fraction(3, 2), shortest_tour, visits_all),
    may_vary={"outcome": "an answer may go through any number of nodes, which the claim judges"},
    saboteurs=(
        saboteur("from the first node and back", solve=there_and_back),
        saboteur("the order of the nodes", solve=by_number),
        saboteur("the shortest", claim=within(1, shortest_tour, visits_all), printed=True),
    ),
    notes="The summary line of the documentation says that the shortest is found, and the next one: approximately.",
)
