"""networkx: edges that make a graph connected, or connected without any one of its edges.

The least weight is found by trying all sets of edges that are available. Edges that are not, or that do not suffice,
count as heavier than all edges together.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import networkx as nx
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Violated, repair, saboteur
from networkx.algorithms.connectivity import edge_augmentation
from ready import oracles

# --- truth and claims -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """Edges that are there, and others that can be had at a weight, an integer."""

    n: int
    edges: tuple[tuple[int, int], ...]
    offers: tuple[tuple[int, int, int], ...]

    def nx(self):
        """The graph, with what is available and its weights."""
        graph = nx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(self.edges)
        return graph, {(u, v): weight for u, v, weight in self.offers}


def connected(n, edges):
    found = {0}
    while more := {end for edge in edges for end in edge if found & set(edge)} - found:
        found |= more
    return len(found) == n


@cache
def holds(n, edges, k):
    """Whether the graph stays connected without any k - 1 of its edges."""
    return all(connected(n, set(edges) - set(lost)) for lost in combinations(edges, k - 1)) and connected(n, edges)


def worst(network):
    return 1 + 2 * sum(weight for *_, weight in network.offers)


@cache
def least(network, k):
    """The least weight of available edges that suffice; None where all of them do not."""
    enough = lambda chosen: holds(network.n, (*network.edges, *(offer[:2] for offer in chosen)), k)
    if not enough(network.offers):
        return None
    return oracles.best_subset(
        network.offers, lambda chosen: sum(weight for *_, weight in chosen), feasible=enough, largest=False
    ).value


def within(k, factor=1):
    """What is added suffices, and weighs at most ``factor`` times the least."""

    def sides(network, added):
        weights = {(u, v): weight for u, v, weight in network.offers}
        valid = set(added) <= set(weights) and holds(network.n, (*network.edges, *added), k)
        lhs = sum(weights[edge] for edge in added) if valid else worst(network)
        return Sides(lhs=lhs, rhs=factor * least(network, k), trivial=worst(network))

    return Inequality(sides)


def one_less(k):
    """Too strong a claim: less than the least, where anything is needed at all."""
    full = within(k)

    def sides(network, added):
        found = full.sides(network, added)
        return Sides(lhs=found.lhs, rhs=found.rhs - 1, trivial=found.trivial)

    return Inequality(sides)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_edges(found):
    return tuple(sorted({tuple(sorted(edge)) for edge in found}))


def augmented(k):
    return lambda view, rng: as_edges(nx.k_edge_augmentation(view[0], k, avail=view[1]))


def augmented_freely(k):
    """With every edge that is missing available at weight 1, which is said by leaving out what is available."""
    return lambda view, rng: as_edges(nx.k_edge_augmentation(view[0], k))


def all_offers(view, rng):
    return as_edges(view[1])


def one_short(solve):
    """A solver that forgets the last of what it has found."""
    return lambda view, rng: solve(view, rng)[:-1]


# --- statements ------------------------------------------------------------------------------------------------------

view = lambda network: network.nx()


def missing(n, edges):
    return [pair for pair in combinations(range(n), 2) if pair not in edges]


def networks(top, k):
    """All graphs with up to `top` nodes and every missing edge at weight 1, which suffices."""
    every = [
        Network(n, edges, tuple((u, v, 1) for u, v in missing(n, edges)))
        for n in range(k + 1, top + 1)
        for size in range(n * (n - 1) // 2 + 1)
        for edges in combinations(combinations(range(n), 2), size)
    ]
    return feasible(k, every)


def weighted(edges, n, weights):
    """One set of edges, and the missing ones with all combinations of weights; None is not available."""
    free = missing(n, edges)
    chosen = product(weights, repeat=len(free))
    return [
        Network(n, edges, tuple((*pair, w) for pair, w in zip(free, one, strict=True) if w is not None))
        for one in chosen
    ]


def feasible(k, found):
    return [network for network in found if least(network, k) is not None]


def drawn(k, tree=False):
    """A few edges, or a tree, and offers of weight 0 to 9 that suffice."""

    def draw(draws):
        n = draws.integers(k + 1, 5)
        if tree:
            edges = tuple((draws.integers(0, v - 1), v) for v in range(1, n))
        else:
            edges = tuple(pair for pair in combinations(range(n), 2) if draws.integers(0, 2) == 0)
        return Network(n, edges, tuple((u, v, draws.integers(0, 9)) for u, v in missing(n, edges)))

    return draw


def unweighted(network):
    return Network(network.n, network.edges, tuple((u, v, 1) for u, v, _ in network.offers))


def suffices(k):
    return {
        "not negative": lambda network: all(weight >= 0 for *_, weight in network.offers),
        "the offers suffice": lambda network: network.n > k and least(network, k) is not None,
    }


NAME = "k_edge_augmentation"
PATH = ((0, 1), (1, 2))

ONE = Statement(
    id="networkx/edge-augmentation-connected",
    title="The lightest edges that connect a graph",
    says="With k = 1 the edges F that are returned connect the graph, and their weight w(F) is the least, w(F*).",
    source=Documented("networkx", NAME, "for k = 1 the solution is optimal"),
    tex=r"w(F) \le w(F^*)",
    hypotheses=suffices(1),
    instances=Family(
        "augmentations",
        always=lambda: [*networks(3, 1), *feasible(1, weighted((), 3, (None, 0, 1, 3)))],
        draw=drawn(1),
        view=view,
    ),
    solve=augmented(1),
    claim=within(1),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("all of them", solve=all_offers),
        saboteur("one edge short", solve=one_short(augmented(1))),
        saboteur("one less", claim=one_less(1)),
    ),
)

TWO = Statement(
    id="networkx/edge-augmentation-bridges",
    title="The fewest edges without which no bridge is left",
    says="With k = 2 and all missing edges available, the edges F that are returned leave a graph that is connected "
    "without any one of its edges, and their number is the least, |F*|.",
    source=Documented("networkx", NAME, "for k = 2 the solution is optimal if nothing is said of what is available"),
    tex=r"|F| \le |F^*|",
    hypotheses=suffices(2),
    instances=Family(
        "augmentations-free-2",
        always=lambda: networks(4, 2),
        draw=lambda draws: unweighted(drawn(2)(draws)),
        view=view,
    ),
    solve=augmented_freely(2),
    claim=within(2),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("all of them", solve=all_offers),
        saboteur("connected", solve=augmented_freely(1)),
        saboteur("one less", claim=one_less(2)),
    ),
)

#: the edges 0-4 and 2-4 both make an arc from node 3 to node 4 in the tree, and the heavier one comes last
OVERWRITTEN = Network(
    5, ((0, 3), (1, 3), (1, 4), (2, 3)), ((0, 1, 3), (0, 2, 2), (0, 4, 7), (1, 2, 8), (2, 4, 0), (3, 4, 5))
)

TWO_WEIGHTED = Statement(
    id="networkx/edge-augmentation-weighted",
    title="Edges within twice the least weight, so that no bridge is left",
    says="With k = 2 and edges that are available at a weight, those that are returned, F, make a connected graph one "
    "that is connected without any of its edges, and their weight w(F) is at most twice the least, w(F*).",
    source=Documented("networkx", NAME, "for k = 2 a 2-approximation where the solution is not optimal"),
    tex=r"w(F) \le 2\, w(F^*)",
    hypotheses=suffices(2) | {"connected": lambda network: connected(network.n, network.edges)},
    instances=Family(
        "augmentations-weighted",
        always=lambda: [OVERWRITTEN, *feasible(2, weighted(PATH, 3, (None, 0, 1)))],
        draw=drawn(2, tree=True),
        view=view,
    ),
    solve=augmented(2),
    claim=within(2, 2),
    saboteurs=(saboteur("all of them", solve=all_offers), saboteur("one edge short", solve=one_short(augmented(2)))),
    violated=Violated(
        "Where two available edges give the same arc between nodes of the tree, the one that comes last is kept, and "
        "not the lighter one."
    ),
    repairs=(
        repair(
            "the lightest comes last",
            patch=(
                edge_augmentation.weighted_bridge_augmentation,
                "for (mu, mv), lca in lca_gen:",
                "for (mu, mv), lca in sorted(lca_gen, key=lambda one: -meta_to_wuv[one[0]][0]):",
            ),
        ),
    ),
    notes="The factor has no bound: where the lighter edge has weight 0, what is kept may weigh anything. No graph on "
    "four nodes was found to break the promise.",
)
