"""networkx: betweenness by current flow, exact and by a sample of pairs of nodes.

One unit of current flows from each node to each other in turn, and every edge is a resistor. The potentials solve
linear equations in Fractions, so the truth is a rational number.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations

import networkx as nx
import numpy as np
import ready
from lrtheory.bounds import Documented, Family, Inequality, Probability, Sides, Statement, rounding, saboteur

Graph = ready.Graph
#: the absolute error that is asked for
EPSILON = Fraction(1, 2)


# --- truth and claims ------------------------------------------------------------------------------------------------


def solved(matrix, right):
    """The solution of linear equations by elimination, in Fractions."""
    n = len(matrix)
    rows = [[Fraction(entry) for entry in row] + [Fraction(r)] for row, r in zip(matrix, right, strict=True)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        rows = [
            row if i == k else [a - row[k] * b for a, b in zip(row, rows[k], strict=True)] for i, row in enumerate(rows)
        ]
    return [row[-1] for row in rows]


def potentials(graph, source, sink):
    """Potentials with the sink at 0, so that one unit of current flows from the source to the sink."""
    inner = [v for v in range(graph.n) if v != sink]
    degree = lambda v: sum(v in edge for edge in graph.edges)
    joined = lambda u, v: (min(u, v), max(u, v)) in graph.edges
    matrix = [[degree(u) if u == v else -int(joined(u, v)) for v in inner] for u in inner]
    found = dict(zip(inner, solved(matrix, [int(v == source) for v in inner]), strict=True))
    return [found.get(v, Fraction(0)) for v in range(graph.n)]


@cache
def betweenness(graph):
    """The current through each node, in the mean over all pairs of other nodes."""
    through = [Fraction(0)] * graph.n
    for source, sink in combinations(range(graph.n), 2):
        p = potentials(graph, source, sink)
        for v in set(range(graph.n)) - {source, sink}:
            through[v] += sum(abs(p[a] - p[b]) for a, b in graph.edges if v in (a, b)) / 2
    return tuple(flow / ((graph.n - 1) * (graph.n - 2) // 2) for flow in through)


def exact(shift=Fraction(0)):
    """The values are those of the truth, up to the rounding of solving and adding; wrong keys count as far off."""

    def sides(graph, found):
        truth = betweenness(graph)
        values = dict(found)
        gaps = [abs(Fraction(values.get(v, 2)) - truth[v] - shift) for v in range(graph.n)]
        # every pair needs a product with a matrix of n columns, and no current exceeds 1
        return Sides(
            gaps, [Fraction(0)] * graph.n, trivial=[3] * graph.n, rounding=rounding(64 * graph.n**4, np.ones(graph.n))
        )

    return Inequality(sides)


def is_off(graph, outcomes):
    """Whether the worst of all nodes is off by more than epsilon."""
    truth = np.array([float(value) for value in betweenness(graph)])
    return (np.abs(np.asarray(outcomes) - truth) > float(EPSILON)).any(axis=1)


def off_with(probability):
    return Probability(is_off, lambda graph: float(probability(graph.n)))


# --- what is under test ----------------------------------------------------------------------------------------------


def by_equations(graph, rng):
    return tuple(sorted((v, float(value)) for v, value in nx.current_flow_betweenness_centrality(graph).items()))


def by_shortest_paths(graph, rng):
    return tuple(sorted((v, float(value)) for v, value in nx.betweenness_centrality(graph).items()))


def with_ends(graph, rng):
    """A wrong solver: what flows into the source and out of the sink counts as flowing through them."""
    n = len(graph)
    found = nx.current_flow_betweenness_centrality(graph, normalized=False)
    return tuple(sorted((v, (value + (n - 1) / 2) * 2 / ((n - 1) * (n - 2))) for v, value in found.items()))


def by_sampling(tolerance=EPSILON):
    """Estimates from as many pairs as a tolerance asks for."""

    def solve(graph, rng, n):
        stream = np.random.RandomState(rng.integers(2**31))
        found = []
        for _ in range(n):
            seed = int(stream.randint(2**31 - 1))
            values = nx.approximate_current_flow_betweenness_centrality(graph, epsilon=float(tolerance), seed=seed)
            found.append([values[v] for v in range(len(graph))])
        return found

    return solve


# --- statements ------------------------------------------------------------------------------------------------------

view = lambda graph: graph.nx()
PATH = Graph(3, ((0, 1), (1, 2)))
STAR = Graph(4, ((0, 1), (0, 2), (0, 3)))
CIRCUITS = ready.graphs(5, bottom=3, connected=True, name="circuits")
SAMPLED = Family(
    "circuits-sampled", always=(PATH, STAR), complete="the path on three nodes, the star on four", members=2, view=view
)

EXACT = Statement(
    id="networkx/current-flow-betweenness",
    title="The mean current through a node",
    says="The value of each node v is the mean, over all pairs of other nodes s and t, of the current through v when "
    "one unit flows from s to t and every edge has resistance 1.",
    source=Documented(
        "networkx", "current_flow_betweenness_centrality", "by an electrical current, divided by the number of pairs"
    ),
    tex=r"c(v) = \binom{n - 1}{2}^{-1} \sum_{s < t} I_{st}(v)",
    hypotheses={"connected": ready.is_connected, "three nodes": lambda graph: graph.n >= 3},
    instances=replace(CIRCUITS, view=view),
    solve=by_equations,
    claim=exact(),
    saboteurs=(
        saboteur("along shortest paths", solve=by_shortest_paths),
        saboteur("with source and sink", solve=with_ends),
        saboteur("one thousandth more", claim=exact(Fraction(1, 1000))),
    ),
)

SAMPLE = Statement(
    id="networkx/approximate-current-flow-betweenness",
    title="Betweenness from a sample of pairs is within the tolerance",
    says="With probability at least 1 - 2/n the estimates of all n nodes differ from their betweenness by at most "
    "epsilon, here 1/2.",
    source=Documented(
        "networkx",
        "approximate_current_flow_betweenness_centrality",
        "within an absolute error of epsilon with high probability",
    ),
    tex=r"P\big(\max_v |\hat c(v) - c(v)| > \varepsilon\big) \le 2 / n",
    hypotheses={"connected": ready.is_connected, "three nodes": lambda graph: graph.n >= 3},
    instances=SAMPLED,
    solve=by_sampling(),
    claim=off_with(lambda n: Fraction(2, n)),
    closed="the promise is a tolerance, and a wrong number within it keeps the promise too",
    saboteurs=(
        saboteur("the tolerance 4, for which one pair is enough", solve=by_sampling(4)),
        saboteur("at most 1/n^8", claim=off_with(lambda n: Fraction(1, n**8))),
    ),
    notes="The documentation does not say how high the probability is. With the number of pairs that it names, the "
    "inequality of Hoeffding gives 2/n^2 for each node, which is 2/n for all of them together.",
)
