"""networkx: paths in tournaments, in which every two nodes are joined by one arc.

All tournaments on up to four nodes are tried, in every numbering, since the methods begin with the first node.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise, permutations, product

import networkx as nx
from lrtheory.bounds import Documented, Family, Identity, Inequality, Sides, Statement, Violated, repair, saboteur

# --- truth and claims -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tournament:
    """A number of nodes, and one arc for every two of them."""

    n: int
    arcs: tuple[tuple[int, int], ...]

    def nx(self):
        """The directed graph."""
        graph = nx.DiGraph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(self.arcs)
        return graph


@cache
def reached(tournament, start):
    """The nodes to which there is a path."""
    found = {start}
    while more := {v for u, v in tournament.arcs if u in found} - found:
        found |= more
    return frozenset(found)


def is_strong(tournament):
    return all(len(reached(tournament, v)) == tournament.n for v in range(tournament.n))


def missing_arcs(closed):
    """No node is left out and no step goes against an arc; with ``closed``, from the last node to the first too."""

    def sides(tournament, path):
        steps = [*pairwise(path), *([(path[-1], path[0])] if closed and path else [])]
        missing = sum(step not in tournament.arcs for step in steps)
        valid = sorted(path) == list(range(tournament.n))
        return Sides(lhs=missing if valid else tournament.n + 1, rhs=0, trivial=tournament.n + 1)

    return Inequality(sides)


def table(tournament):
    """For every two nodes, and for all of them, whether the one is reached from the other."""
    ends = [int(t in reached(tournament, s)) for s in range(tournament.n) for t in range(tournament.n)]
    return [*ends, int(is_strong(tournament))]


# --- what is under test ----------------------------------------------------------------------------------------------


def path(graph, rng):
    return tuple(nx.tournament.hamiltonian_path(graph))


def by_wins(graph, rng):
    """A wrong solver: the nodes by the number of arcs that leave them."""
    return tuple(sorted(graph, key=lambda v: -graph.out_degree(v)))


def cycle(graph, rng):
    """A solver that does it right: the first order of the nodes in which every step has its arc, the last one too."""
    orders = ((0, *order) for order in permutations(range(1, len(graph))))
    return next(order for order in orders if all(graph.has_edge(*step) for step in pairwise((*order, 0))))


def reachability(graph, rng):
    ends = [int(nx.tournament.is_reachable(graph, s, t)) for s in graph for t in graph]
    return [*ends, int(nx.tournament.is_strongly_connected(graph))]


def along_arcs(graph, rng):
    """A wrong solver: paths of one arc, and of none."""
    ends = [int(s == t or graph.has_edge(s, t)) for s in graph for t in graph]
    return [*ends, int(all(ends))]


# --- statements ------------------------------------------------------------------------------------------------------


def tournaments(bottom, top):
    return [
        Tournament(n, tuple(pair if forth else pair[::-1] for pair, forth in zip(pairs, directions, strict=True)))
        for n in range(bottom, top + 1)
        for pairs in [tuple(combinations(range(n), 2))]
        for directions in product((True, False), repeat=len(pairs))
    ]


def drawn(draws):
    n = draws.integers(1, 7)
    return Tournament(n, tuple(pair if draws.integers(0, 1) else pair[::-1] for pair in combinations(range(n), 2)))


def drawn_strong(draws):
    """A tournament around a cycle through all nodes."""
    order = draws.permutation(draws.integers(3, 7)).tolist()
    around = {*pairwise(order), (order[-1], order[0])}
    free = lambda pair: pair if draws.integers(0, 1) else pair[::-1]
    arcs = (
        pair if pair in around else pair[::-1] if pair[::-1] in around else free(pair)
        for pair in combinations(range(len(order)), 2)
    )
    return Tournament(len(order), tuple(arcs))


def is_tournament(tournament):
    return {tuple(sorted(arc)) for arc in tournament.arcs} == set(combinations(range(tournament.n), 2))


view = lambda tournament: tournament.nx()
JOINED = {"one arc for every two nodes": is_tournament, "a node": lambda tournament: tournament.n >= 1}
FAMILY = Family("tournaments", always=lambda: tournaments(1, 4), draw=drawn, view=view)
#: the path that is returned visits 0, 1, 2 and 3, and the arc between its ends leads from 0 to 3
OPEN = Tournament(4, ((0, 1), (2, 0), (0, 3), (1, 2), (3, 1), (2, 3)))

PATH = Statement(
    id="networkx/tournament-path",
    title="A path through all nodes of a tournament",
    says="The nodes v_i are returned in an order in which an arc leads from each of them to the next one.",
    source=Documented("networkx", "tournament.hamiltonian_path", "a list of the nodes that is a Hamiltonian path"),
    tex=r"(v_i, v_{i+1}) \in E",
    hypotheses=JOINED,
    instances=FAMILY,
    solve=path,
    claim=missing_arcs(closed=False),
    saboteurs=(
        saboteur("by the number of arcs", solve=by_wins),
        saboteur("a cycle", claim=missing_arcs(closed=True)),
    ),
)

CYCLE = Statement(
    id="networkx/tournament-cycle",
    title="A cycle through all nodes of a tournament",
    says="If every node of a tournament on at least three nodes is reached from every other, the order of the nodes "
    "v_i that is returned is a cycle: an arc leads from each to the next one, and from the last to the first.",
    source=Documented(
        "networkx",
        "tournament.hamiltonian_path",
        "a cycle when its ends are joined, in a strongly connected tournament",
    ),
    tex=r"(v_i, v_{i+1}), (v_n, v_1) \in E",
    hypotheses=JOINED | {"strongly connected": is_strong, "three nodes": lambda tournament: tournament.n >= 3},
    instances=Family(
        "tournaments-strong",
        always=lambda: [OPEN, *filter(is_strong, tournaments(3, 4))],
        draw=drawn_strong,
        view=view,
    ),
    solve=path,
    claim=missing_arcs(closed=True),
    violated=Violated(
        "Nodes are inserted into a path one after the other, without a look at the arc between its ends."
    ),
    repairs=(repair("a cycle, by trying all orders", solve=cycle),),
    notes="There is such a cycle in every strongly connected tournament; three nodes cannot show the difference.",
)

REACHABLE = Statement(
    id="networkx/tournament-reachability",
    title="Which nodes of a tournament are reached from which",
    says="For all nodes s and t, `is_reachable` tells whether there is a path from s to t, and `is_strongly_connected` "
    "whether there is one for all s and t.",
    source=Documented("networkx", "tournament.is_reachable", "whether there is a path from one node to another"),
    tex=r"r(s, t) = 1 \iff s \to^* t",
    hypotheses=JOINED,
    instances=Family("tournaments-reachability", always=lambda: tournaments(1, 4), draw=drawn, view=view),
    solve=reachability,
    claim=Identity(lambda tournament, found: Sides(found, table(tournament))),
    saboteurs=(
        saboteur("along single arcs", solve=along_arcs),
        saboteur(
            "there and not back", claim=Identity(lambda tournament, found: Sides(found, [1] * (tournament.n**2 + 1)))
        ),
    ),
)
