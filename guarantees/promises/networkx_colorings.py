"""networkx: colorings of nodes, greedy ones and equitable ones.

A coloring in which two neighbors agree, or that leaves a node out, counts as one with more colors than there are nodes.
"""

import random
from dataclasses import dataclass, replace

import networkx as nx
import ready
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, always, saboteur

Graph = ready.Graph


# --- truth and claims ------------------------------------------------------------------------------------------------


def neighbors(graph, node):
    return {end for edge in graph.edges if node in edge for end in edge} - {node}


def most_neighbors(graph):
    return max(len(neighbors(graph, node)) for node in range(graph.n))


def degeneracy(graph):
    """The largest number of neighbors at its removal of a node, if always one with the fewest neighbors goes next."""
    left, most = set(range(graph.n)), 0
    while left:
        node = min(left, key=lambda one: len(neighbors(graph, one) & left))
        most = max(most, len(neighbors(graph, node) & left))
        left.remove(node)
    return most


def is_coloring(graph, colors):
    return len(colors) == graph.n and min(colors) >= 0 and all(colors[u] != colors[v] for u, v in graph.edges)


def colors_within(limit):
    """Every coloring that is returned has at most ``limit(graph)`` colors."""

    def sides(graph, colorings):
        used = [max(one) + 1 if is_coloring(graph, one) else graph.n + 1 for one in colorings]
        return Sides(used, [limit(graph)] * len(used), trivial=[graph.n + 1] * len(used))

    return Inequality(sides)


@dataclass(frozen=True)
class Palette:
    """A graph, and the number of colors that it is to be colored with."""

    graph: Graph
    colors: int


def sizes_differ_by(most):
    """No two colors have numbers of nodes that differ by more than ``most``."""

    def sides(palette, colors):
        valid = is_coloring(palette.graph, colors) and max(colors) < palette.colors
        sizes = [colors.count(color) for color in range(palette.colors)]
        worst = palette.graph.n + 1
        return Sides(max(sizes) - min(sizes) if valid else worst, most, trivial=worst)

    return Inequality(sides)


# --- what is under test ----------------------------------------------------------------------------------------------


def as_colors(graph, found):
    """The colors in the order of the nodes; -1 for a node that has none."""
    return tuple(found.get(node, -1) for node in sorted(graph))


def at_random(rng):
    order = random.Random(int(rng.integers(2**31)))
    return lambda graph, colors: nx.coloring.strategy_random_sequential(graph, colors, seed=order)


#: the names of orders, and whether colors may be exchanged to save one
STRATEGIES = (
    ("largest_first", False),
    ("largest_first", True),
    ("smallest_last", True),
    ("independent_set", False),
    ("connected_sequential_bfs", False),
    ("connected_sequential_bfs", True),
    ("connected_sequential_dfs", False),
    ("connected_sequential_dfs", True),
    ("saturation_largest_first", False),
)


def greedy(graph, rng):
    named = [nx.greedy_color(graph, strategy, interchange=exchange) for strategy, exchange in STRATEGIES]
    return tuple(as_colors(graph, found) for found in (*named, nx.greedy_color(graph, at_random(rng))))


def by_every_strategy(solve):
    return lambda graph, rng: solve(graph, rng) * (len(STRATEGIES) + 1)


def smallest_last(graph, rng):
    return (as_colors(graph, nx.greedy_color(graph, "smallest_last")),)


def in_order(graph, rng):
    """Greedily, in the order of the nodes."""
    return (as_colors(graph, nx.greedy_color(graph, lambda graph, colors: sorted(graph))),)


def a_color_each(graph, rng):
    return (tuple(range(len(graph))),)


def one_color(graph, rng):
    return ((0,) * len(graph),)


def equitable(palette, rng):
    graph, colors = palette
    return as_colors(graph, nx.equitable_color(graph, colors))


def largest_first(palette, rng):
    return as_colors(palette[0], nx.greedy_color(palette[0]))


# --- statements ------------------------------------------------------------------------------------------------------

GRAPHS = ready.graphs(6, name="colorings")
#: a path on which the order of the nodes makes three colors out of two
ENDS_FIRST = Graph(4, ((0, 2), (1, 3), (2, 3)))
FAMILY = replace(
    GRAPHS,
    always=lambda: (*GRAPHS.smallest(), ENDS_FIRST),
    tight=(Tight(Graph(2, ((0, 1),)), 1, 1),),
    view=lambda graph: graph.nx(),
)


def palettes():
    """Every small graph with as few colors as are admitted, and with up to three more."""
    for place, graph in enumerate(GRAPHS.smallest()):
        yield Palette(graph, most_neighbors(graph) + 1)
        yield Palette(graph, most_neighbors(graph) + 2 + place % 3)


def drawn(draws):
    graph = GRAPHS.draw(draws)
    return Palette(graph, most_neighbors(graph) + draws.integers(1, 4))


PALETTES = Family(
    "colorings-equitable",
    always=lambda: tuple(palettes()),
    tight=(Tight(Palette(Graph(1, ()), 2), 1, 1),),
    draw=drawn,
    view=lambda palette: (palette.graph.nx(), palette.colors),
)

GREEDY = Statement(
    id="networkx/greedy-color",
    title="Greedy colorings need one color more than the most neighbors",
    says="By every strategy the coloring gives neighbors different colors, and the number c of colors is at most d + "
    "1, where d is the largest number of neighbors of a node.",
    source=Documented("networkx", "greedy_color", "neighbors get different colors, as few as a strategy finds"),
    tex=r"c \le \Delta + 1",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=greedy,
    claim=colors_within(lambda graph: most_neighbors(graph) + 1),
    saboteurs=(
        saboteur("a color for each node", solve=by_every_strategy(a_color_each)),
        saboteur("one color", solve=by_every_strategy(one_color)),
        saboteur("as many as the most neighbors", claim=colors_within(most_neighbors)),
    ),
)

SMALLEST_LAST = Statement(
    id="networkx/greedy-color-smallest-last",
    title="Smallest last needs one color more than the degeneracy",
    says="The number c of colors by the order smallest last is at most k + 1, where every part of the graph has a node "
    "with at most k neighbors in it.",
    source=Documented("networkx", "greedy_color", "the strategy smallest_last is that of Matula and Beck"),
    tex=r"c \le k + 1",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=smallest_last,
    claim=colors_within(lambda graph: degeneracy(graph) + 1),
    saboteurs=(
        saboteur("the order of the nodes", solve=in_order),
        saboteur("one color", solve=one_color),
        saboteur("one color less", claim=colors_within(degeneracy)),
    ),
)

EQUITABLE = Statement(
    id="networkx/equitable-color",
    title="Equitable colorings share the nodes evenly among the colors",
    says="With at least d + 1 colors, d being the largest number of neighbors of a node, neighbors get different "
    "colors, and the numbers n_i of nodes of the colors differ by at most one.",
    source=Documented("networkx", "equitable_color", "a coloring whose colors have equally many nodes, up to one"),
    tex=r"\max_i n_i - \min_i n_i \le 1",
    hypotheses={"more colors than neighbors": lambda palette: palette.colors > most_neighbors(palette.graph)},
    instances=PALETTES,
    solve=equitable,
    claim=sizes_differ_by(1),
    saboteurs=(
        saboteur("greedily", solve=largest_first),
        saboteur("equally many", claim=sizes_differ_by(0)),
    ),
    notes="Where the documentation lists errors it admits d colors, for which one is raised.",
)
