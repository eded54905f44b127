"""networkx: cuts by exchanging one node at a time, and by a coin for each node.

The largest and the smallest cut are found by trying all of them. A value that is not that of the partition beside it
counts as no cut at all.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations

import networkx as nx
import numpy as np
import ready
from lrtheory.bounds import Documented, Expectation, Family, Inequality, Sides, Statement, Tight, saboteur

Graph = ready.Graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def cut(graph, side):
    """The weight of the edges between the nodes of a side and the others."""
    return sum(one for (u, v), one in zip(graph.edges, graph.lengths, strict=True) if (u in side) != (v in side))


@cache
def cuts(graph):
    """The weights of all cuts that have a node on either side."""
    sides = (side for size in range(1, graph.n) for side in combinations(range(graph.n), size))
    return tuple(cut(graph, side) for side in sides)


def value(graph, found):
    """The value that is returned; None if it is not that of its two sides, or they do not share the nodes."""
    told, first, second = found
    shared = sorted((*first, *second)) == list(range(graph.n))
    return told if shared and told == cut(graph, first) else None


def share_of_all(factor):
    """The cut holds at least the share ``1 / factor`` of all weight, and no exchange of one node makes it larger."""

    def sides(graph, found):
        told = value(graph, found)
        if told is None:
            return Sides([1 + sum(graph.lengths)] * (1 + graph.n), [0] * (1 + graph.n), least=[0] * (1 + graph.n))
        first = set(found[1])
        exchanged = [cut(graph, first ^ {node}) for node in range(graph.n)]
        return Sides([sum(graph.lengths), *exchanged], [factor * told, *[told] * graph.n], least=[0] * (1 + graph.n))

    return Inequality(sides)


def as_large_as_all(graph, found):
    """The cut is a largest one."""
    told = value(graph, found)
    return Sides(max(cuts(graph), default=0), -1 if told is None else told, least=-1)


@dataclass(frozen=True)
class Coins:
    """A graph with lengths, and the probability with which a node is put on the first side."""

    graph: Graph
    p: Fraction


def values(coins, outcomes):
    """The values of many cuts; what is no cut is worth more than all edges, and so breaks the range."""
    found = [value(coins.graph, one) for one in outcomes]
    return np.array([1 + sum(coins.graph.lengths) if one is None else one for one in found], float)


def mean(coins):
    """Each edge is cut if its ends get different coins: 2 p (1 - p) times all weight."""
    return 2 * coins.p * (1 - coins.p) * sum(coins.graph.lengths)


def of_mean(**claimed):
    return Expectation(values, support=lambda coins: (0, sum(coins.graph.lengths)), **claimed)


def tenth_of_all(coins):
    return Fraction(sum(coins.graph.lengths), 10)


# --- what is under test ----------------------------------------------------------------------------------------------


def parts(found):
    told, (first, second) = found
    return told, tuple(sorted(first)), tuple(sorted(second))


def one_exchange(graph, rng):
    return parts(nx.approximation.one_exchange(graph, seed=int(rng.integers(2**31)), weight="weight"))


def random_cut(graph, rng):
    return parts(nx.approximation.randomized_partitioning(graph, seed=int(rng.integers(2**31)), weight="weight"))


def first_node(graph, rng):
    """The first node against the others."""
    return nx.cut_size(graph, {0}, weight="weight"), (0,), tuple(sorted(set(graph) - {0}))


def partitions(chosen):
    """A random partition n times over, with the probability that ``chosen`` makes of p."""

    def solve(view, rng, n):
        graph, p = view
        # one stream for all runs: seeds that are drawn anew for each would cost more than the partition
        stream = np.random.RandomState(rng.integers(2**31))
        draw = nx.approximation.randomized_partitioning
        return tuple(parts(draw(graph, seed=stream, p=chosen(p), weight="weight")) for _ in range(n))

    return solve


# --- statements ------------------------------------------------------------------------------------------------------

PAIR, TRIANGLE = ((0, 1),), ((0, 1), (0, 2), (1, 2))
GRAPHS = ready.graphs(6, lengths=(0, 9), name="cuts")
#: a double star: once both hubs are on one side, moving any one node loses
DOUBLE_STAR = Graph(6, ((0, 1), (0, 2), (0, 3), (3, 4), (3, 5)), lengths=(1,) * 5)
#: a tree, all of whose weight a cut can hold, where the best exchange is unique at every step and ends one short
SHORT_OF_ALL = Graph(5, ((0, 3), (1, 4), (2, 3), (3, 4)), lengths=(2, 6, 2, 1))
FAMILY = replace(
    GRAPHS,
    always=lambda: (*GRAPHS.smallest(), DOUBLE_STAR, SHORT_OF_ALL),
    tight=(Tight(Graph(3, TRIANGLE, lengths=(1, 1, 1)), 1, 1),),
    view=lambda graph: graph.nx(),
)
STAR = Graph(4, ((0, 1), (0, 2), (0, 3)), lengths=(1, 1, 1))
TOSSED = Family(
    "cuts-coins",
    always=(
        Coins(Graph(2, PAIR, lengths=(1,)), Fraction(1, 2)),
        Coins(Graph(2, PAIR, lengths=(1,)), Fraction(1, 4)),
        Coins(STAR, Fraction(1, 2)),
        Coins(Graph(3, TRIANGLE, lengths=(1, 2, 4)), Fraction(1, 3)),
    ),
    draw=lambda draws: Coins(GRAPHS.draw(draws), Fraction(draws.integers(1, 7), 8)),
    view=lambda coins: (coins.graph.nx(), float(coins.p)),
)

ONE_EXCHANGE = Statement(
    id="networkx/one-exchange",
    title="A cut that no exchange of one node makes larger holds half of all weight",
    says="Moving any node v to the other side does not make the returned cut c larger, so c is at least half of the "
    "weight W of all edges.",
    source=Documented("networkx", "approximation.one_exchange", "a locally largest cut, and its value"),
    tex=r"c(S \triangle v) \le c(S), \quad W \le 2 c(S)",
    hypotheses={"weights are not negative": lambda graph: min(graph.lengths, default=0) >= 0},
    instances=FAMILY,
    solve=one_exchange,
    claim=share_of_all(2),
    may_vary={"[12]": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("the first node against the others", solve=first_node),
        saboteur("one random cut", solve=random_cut),
        saboteur("two thirds of all weight", claim=share_of_all(Fraction(3, 2))),
        saboteur("the largest cut", claim=Inequality(as_large_as_all), printed=True),
    ),
    notes="The documentation speaks of a locally largest cut first, and calls what is returned a maximum cut later.",
)

RANDOMIZED_PARTITIONING = Statement(
    id="networkx/randomized-partitioning",
    title="A random cut holds each edge with probability 2p(1 - p)",
    says="If each node is put on the first side with probability p, the mean of the returned cut c is 2p(1 - p) times "
    "the weight W of all edges.",
    source=Documented("networkx", "approximation.randomized_partitioning", "each node joins with probability p"),
    tex=r"\mathbb{E}\, c = 2 p (1 - p) W",
    hypotheses={"a probability": lambda coins: 0 < coins.p < 1},
    instances=TOSSED,
    solve=partitions(lambda p: p),
    claim=of_mean(equals=mean, within=tenth_of_all),
    may_vary={"*.[12]": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("fair coins", solve=partitions(lambda p: 0.5)),
        saboteur(
            "twice that",
            claim=of_mean(equals=lambda coins: min(2 * mean(coins), sum(coins.graph.lengths)), within=tenth_of_all),
        ),
        saboteur(
            "a smallest cut", claim=of_mean(at_most=lambda coins: min(cuts(coins.graph), default=0)), printed=True
        ),
    ),
    notes="What is returned is called a minimum cut in the documentation.",
)
