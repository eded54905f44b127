"""networkx: functions that tell whether a graph is of some kind, on all small graphs.

The truth is read off the definition that the documentation gives, by trying all nodes, pairs, triples or subsets.
"""

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import networkx as nx
import ready
from lrtheory.bounds import Documented, Family, Identity, Sides, Statement, Violated, always, repair, saboteur
from networkx.algorithms.threshold import is_threshold_graph

Graph = ready.Graph

# --- truth and claims -------------------------------------------------------------------------------------------------


@cache
def neighbors(graph):
    """The neighbors of every node."""
    return tuple(frozenset(u for edge in graph.edges if v in edge for u in edge if u != v) for v in range(graph.n))


@cache
def distances(graph):
    """For all nodes the distances to those that are reached."""
    table = []
    for start in range(graph.n):
        found, border = {start: 0}, {start}
        while border:
            border = {u for v in border for u in neighbors(graph)[v]} - set(found)
            found |= dict.fromkeys(border, max(found.values()) + 1)
        table.append(found)
    return table


def strongly_regular(graph):
    """As many neighbors for all nodes, as many common ones for all that are joined, and for all that are not."""
    near = neighbors(graph)
    common = {True: set(), False: set()}
    for u, v in combinations(range(graph.n), 2):
        common[v in near[u]].add(len(near[u] & near[v]))
    return len(set(map(len, near))) == 1 and all(len(numbers) <= 1 for numbers in common.values())


def distance_regular(graph):
    """How many nodes are at distances i and j from x and y depends on i, j and the distance of x and y alone."""
    far, numbers = distances(graph), {}
    for x, y in product(range(graph.n), repeat=2):
        found = Counter((far[x][z], far[y][z]) for z in range(graph.n))
        if numbers.setdefault(far[x][y], found) != found:
            return False
    return True


def chordal(graph):
    """No four or more nodes make a cycle without any other edge."""
    near = neighbors(graph)
    subsets = (set(s) for size in range(4, graph.n + 1) for s in combinations(range(graph.n), size))
    return not any(all(len(near[v] & s) == 2 for v in s) and connected(graph, s) for s in subsets)


def connected(graph, nodes):
    found = {min(nodes)}
    while more := {u for v in found for u in neighbors(graph)[v]} & nodes - found:
        found |= more
    return found == nodes


def threshold(graph):
    """No four nodes a, b, c, d where ab and cd are joined, and ac and bd are not."""
    near = neighbors(graph)
    quadruples = product(range(graph.n), repeat=4)
    return not any(
        len({a, b, c, d}) == 4 and b in near[a] and d in near[c] and c not in near[a] and d not in near[b]
        for a, b, c, d in quadruples
    )


def free_of_triples(graph):
    """No three nodes of which each two are joined by a path without the third one and its neighbors."""
    near = neighbors(graph)

    def avoids(u, v, w):
        rest = frozenset(range(graph.n)) - near[w] - {w}
        if not {u, v} <= rest:
            return False
        found = {u}
        while more := {b for a in found for b in near[a]} & rest - found:
            found |= more
        return v in found

    triples = combinations(range(graph.n), 3)
    return not any(avoids(u, v, w) and avoids(u, w, v) and avoids(v, w, u) for u, v, w in triples)


def tells(truth):
    return Identity(lambda graph, found: Sides(int(found), int(truth(graph))))


# --- statements ------------------------------------------------------------------------------------------------------

view = lambda graph: graph.nx()


def asked(predicate):
    return lambda graph, rng: bool(predicate(graph))


def of_all(name, top=5, connected=None):
    return replace(ready.graphs(top, connected=connected, name=f"predicates-{name}"), view=view)


def alone(name, graph, words):
    return Family(f"predicates-{name}", always=(graph,), complete=words, members=1, view=view)


REGULAR = of_all("strongly-regular")
#: two triangles, joined node by node: three neighbors each, diameter two, and some that are joined have none in common
PRISM = Graph(6, ((0, 1), (0, 2), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (3, 5), (4, 5)))
#: one edge, two edges apart, a triangle: all three are strongly regular, and none has diameter two
OF_OTHER_DIAMETERS = (Graph(2, ((0, 1),)), Graph(4, ((0, 1), (2, 3))), Graph(3, ((0, 1), (0, 2), (1, 2))))


def has_diameter_two(graph):
    return ready.is_connected(graph) and max(max(far.values()) for far in distances(graph)) == 2


def by_definition(graph, rng):
    """A solver that does it right."""
    joined = {True: set(), False: set()}
    for u, v in combinations(graph, 2):
        joined[graph.has_edge(u, v)].add(len(set(graph[u]) & set(graph[v])))
    return nx.is_regular(graph) and all(len(numbers) <= 1 for numbers in joined.values())


STRONGLY_REGULAR = Statement(
    id="networkx/strongly-regular",
    title="Strongly regular graphs are told from others",
    says="True is returned if and only if all nodes have the same degree d, all pairs that are joined the same number "
    "a of common neighbors, and all pairs that are not joined the same number b.",
    source=Documented(
        "networkx", "is_strongly_regular", "true if and only if these numbers do not depend on the nodes and pairs"
    ),
    tex=r"\exists d, a, b: d_v = d,\ |N_u \cap N_v| = a \text{ or } b",
    hypotheses={"none": always},
    instances=replace(REGULAR, always=lambda: (*OF_OTHER_DIAMETERS, *REGULAR.smallest())),
    solve=asked(nx.is_strongly_regular),
    claim=tells(strongly_regular),
    violated=Violated(
        "The graph is asked to be distance-regular with diameter two, which single edges, complete graphs and several "
        "complete graphs side by side are not."
    ),
    repairs=(repair("by its definition", solve=by_definition),),
    notes="The documentation says rightly that distance-regular graphs of diameter two are strongly regular; the code "
    "takes the two for the same. Many authors leave out complete and empty graphs, which this definition does not.",
)

DIAMETER_TWO = Statement(
    id="networkx/strongly-regular-diameter-two",
    title="Strongly regular graphs of diameter two are told from others",
    says="In graphs of diameter two, True is returned if and only if all nodes have the same degree d, all pairs that "
    "are joined the same number a of common neighbors, and all pairs that are not joined the same number b.",
    source=Documented(
        "networkx", "is_strongly_regular", "a distance-regular graph of diameter two is a strongly regular graph"
    ),
    tex=r"\exists d, a, b: d_v = d,\ |N_u \cap N_v| = a \text{ or } b",
    hypotheses={"diameter two": has_diameter_two},
    instances=replace(
        REGULAR,
        name="predicates-diameter-two",
        always=lambda: [graph for graph in REGULAR.smallest() if has_diameter_two(graph)],
        draw=lambda draws: with_center(REGULAR.draw(draws)),
        climb=None,
    ),
    solve=asked(nx.is_strongly_regular),
    claim=tells(strongly_regular),
    saboteurs=(
        saboteur("regular", solve=asked(nx.is_regular), instances=alone("prism", PRISM, "the prism")),
        saboteur("always", claim=tells(always)),
    ),
)


def with_center(graph):
    """The graph with a path 0-1-2 that is not closed, and a further node that is joined to all others."""
    n = max(graph.n, 2)
    edges = {*graph.edges, *((v, n) for v in range(n))} - {(0, 1)}
    return Graph(n + 1, tuple(sorted(edges)), (), ())


DISTANCE_REGULAR = Statement(
    id="networkx/distance-regular",
    title="Distance-regular graphs are told from others",
    says="For a connected graph, True is returned if and only if the number p of nodes at distances i and j from two "
    "nodes x and y depends on i, j and the distance d(x, y) alone.",
    source=Documented("networkx", "is_distance_regular", "by the numbers of nodes at given distances from two nodes"),
    tex=r"|\{z: d(x, z) = i, d(y, z) = j\}| = p_{ij}^{d(x, y)}",
    hypotheses={"connected": ready.is_connected},
    instances=of_all("distance-regular", connected=True),
    solve=asked(nx.is_distance_regular),
    claim=tells(distance_regular),
    saboteurs=(
        saboteur("regular", solve=asked(nx.is_regular), instances=alone("prism", PRISM, "the prism")),
        saboteur("strongly regular", solve=asked(nx.is_strongly_regular)),
        saboteur("always", claim=tells(always)),
    ),
)


def told(item, function, gist, words, tex, truth, saboteurs, first=()):
    """A predicate whose truth is read off a definition, on all graphs after those that come first."""
    family = of_all(item)
    return Statement(
        id=f"networkx/{item}",
        title=words[0],
        says=f"True is returned if and only if {words[1]}.",
        source=Documented("networkx", function.__name__, gist),
        tex=tex,
        hypotheses={"none": always},
        instances=replace(family, always=lambda: (*first, *family.smallest())),
        solve=asked(function),
        claim=tells(truth),
        saboteurs=(*saboteurs, saboteur("always", claim=tells(always))),
    )


CHORDAL = told(
    "chordal",
    nx.is_chordal,
    "every cycle of more than three nodes has a chord",
    ("Chordal graphs are told from others", "no four or more nodes C make a cycle without any other edge"),
    r"G[C] \ne C_k \text{ for } k \ge 4",
    chordal,
    (saboteur("a forest", solve=asked(nx.is_forest)),),
)
THRESHOLD = told(
    "threshold-graph",
    is_threshold_graph,
    "whether the graph is a threshold graph",
    (
        "Threshold graphs are told from others",
        "there are no four nodes a, b, c, d where a is joined to b and c to d, and neither a to c nor b to d",
    ),
    r"G[a, b, c, d] \not\supseteq ab, cd \text{ without } ac, bd",
    threshold,
    (saboteur("chordal", solve=asked(nx.is_chordal)),),
)
#: the fewest nodes with such a triple: a triangle with a node hanging on each of its nodes, and a cycle of six
ASTEROIDAL = (
    Graph(6, ((0, 1), (0, 2), (0, 3), (1, 2), (1, 4), (2, 5))),
    Graph(6, ((0, 1), (0, 5), (1, 2), (2, 3), (3, 4), (4, 5))),
)
AT_FREE = told(
    "asteroidal-triple-free",
    nx.is_at_free,
    "no three nodes of which each two are joined by a path that avoids the neighborhood of the third",
    (
        "Graphs without an asteroidal triple are told from others",
        "among any three nodes u, v, w there are two with no path P between them that avoids the third and its "
        "neighbors",
    ),
    r"\nexists u, v, w: P_{uv} \cap N[w] = \emptyset, \dots",
    free_of_triples,
    (saboteur("chordal", solve=asked(nx.is_chordal)),),
    first=ASTEROIDAL,
)
