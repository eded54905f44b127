"""networkx: errors that are promised for input that is not admitted.

Each case is a call that a documentation excludes, with the error that it names. The call must end in that error, or in
one of its kind; an answer, or any other error, counts against the promise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
from lrtheory.bounds import Documented, Family, Identity, Sides, Statement, Violated, saboteur


@dataclass(frozen=True)
class Case:
    """The name of a call, and that of the error that is promised."""

    call: str
    error: str


@dataclass(frozen=True)
class Promised:
    """A call that is not admitted, and the error that the documentation of its function names."""

    call: Callable[[], object]
    error: type[Exception]


approximation = nx.approximation
DISCONNECTED = nx.Graph([(0, 1), (2, 3)])
PATH = nx.path_graph(3)
LOOP = nx.Graph([(0, 0), (0, 1)])
NULL, ERROR, POINTLESS = nx.Graph(), nx.NetworkXError, nx.NetworkXPointlessConcept


def with_interchange(strategy):
    return lambda: nx.greedy_color(PATH, strategy, interchange=True)


#: a part of the promises, one line for each; lists make generators run
NOT_ADMITTED = {
    "diameter, no nodes": Promised(lambda: approximation.diameter(NULL), ERROR),
    "diameter, not connected": Promised(lambda: approximation.diameter(DISCONNECTED), ERROR),
    "min_edge_dominating_set, no nodes": Promised(lambda: approximation.min_edge_dominating_set(NULL), ValueError),
    "greedy_tsp, not complete": Promised(lambda: approximation.greedy_tsp(PATH), ERROR),
    "simulated_annealing_tsp, not complete": Promised(
        lambda: approximation.simulated_annealing_tsp(PATH, "greedy"), ERROR
    ),
    "threshold_accepting_tsp, not complete": Promised(
        lambda: approximation.threshold_accepting_tsp(PATH, "greedy"), ERROR
    ),
    "connected_dominating_set, not connected": Promised(lambda: nx.connected_dominating_set(DISCONNECTED), ERROR),
    "connected_double_edge_swap, three nodes": Promised(lambda: nx.connected_double_edge_swap(PATH.copy()), ERROR),
    "connected_double_edge_swap, not connected": Promised(
        lambda: nx.connected_double_edge_swap(DISCONNECTED.copy()), ERROR
    ),
    "core_number, loop": Promised(lambda: nx.core_number(LOOP), nx.NetworkXNotImplemented),
    "k_truss, loop": Promised(lambda: nx.k_truss(LOOP, 3), nx.NetworkXNotImplemented),
    "greedy_color, saturation with interchange": Promised(with_interchange("saturation_largest_first"), POINTLESS),
    "greedy_color, sets with interchange": Promised(with_interchange("independent_set"), POINTLESS),
    "spanner, stretch 1/2": Promised(lambda: nx.spanner(PATH, 0.5), ValueError),
    "k_edge_augmentation, k = 0": Promised(lambda: list(nx.k_edge_augmentation(PATH, 0)), ValueError),
    "k_edge_augmentation, too few nodes": Promised(
        lambda: list(nx.k_edge_augmentation(PATH, 3)), nx.NetworkXUnfeasible
    ),
    "maximal_independent_set, neighbors": Promised(
        lambda: nx.maximal_independent_set(PATH, [0, 1]), nx.NetworkXUnfeasible
    ),
    "maximal_independent_set, unknown node": Promised(
        lambda: nx.maximal_independent_set(PATH, [7]), nx.NetworkXUnfeasible
    ),
    "voronoi_cells, no centers": Promised(lambda: nx.voronoi_cells(PATH, set()), ValueError),
    "is_tree, no nodes": Promised(lambda: nx.is_tree(NULL), POINTLESS),
    "is_semiconnected, no nodes": Promised(lambda: nx.is_semiconnected(nx.DiGraph()), POINTLESS),
    "random_labeled_tree, no nodes": Promised(lambda: nx.random_labeled_tree(0), POINTLESS),
    "random_unlabeled_tree, no nodes": Promised(lambda: nx.random_unlabeled_tree(0), POINTLESS),
    "random_unlabeled_rooted_forest, q = 0": Promised(lambda: nx.random_unlabeled_rooted_forest(3, q=0), ValueError),
    "all_shortest_paths, not reached": Promised(
        lambda: list(nx.all_shortest_paths(nx.empty_graph(2), 0, 1)), nx.NetworkXNoPath
    ),
}


def blocks(probabilities, sizes=(1, 1), nodes=None):
    return lambda: nx.stochastic_block_model(list(sizes), probabilities, nodelist=nodes)


EVEN = [[0.5, 0.5], [0.5, 0.5]]
#: the cases that the documentation of block models lists, all with the same error
OF_BLOCKS = {
    "a probability below 0": Promised(blocks([[-0.5, 0.5], [0.5, 0.5]]), ERROR),
    "a probability above 1": Promised(blocks([[0.5, 1.5], [1.5, 0.5]]), ERROR),
    "not symmetric": Promised(blocks([[0.5, 0.5], [0.4, 0.5]]), ERROR),
    "three sizes": Promised(blocks(EVEN, sizes=(1, 1, 1)), ERROR),
    "one node for two": Promised(blocks(EVEN, nodes=[0]), ERROR),
    "a node twice": Promised(blocks(EVEN, nodes=[0, 0]), ERROR),
}


def cases(table):
    return [Case(call, promised.error.__name__) for call, promised in table.items()]


def ended_as_promised(table):
    """1 if the call ended in the promised error, or one of its kind; 0 if it ended in an answer or another error."""

    def solve(case, rng):
        promised = table[case.call]
        try:
            promised.call()
        except promised.error:
            return 1
        except Exception:
            return 0
        return 0

    return solve


def answers(case, rng):
    """A wrong solver: everything is answered."""
    return 0


def raises_key_error(case, rng):
    """A wrong solver: whatever is wrong, a key is missing."""
    return int(issubclass(KeyError, NOT_ADMITTED[case.call].error))


ERRORS = Statement(
    id="networkx/promised-errors",
    title="What is not admitted ends in the error that is promised",
    says="A call that the documentation excludes, with the name of an error E, ends in an error of that kind and "
    "returns nothing.",
    source=Documented("networkx", "approximation, and other modules", "the errors under the heading of what is raised"),
    tex=r"f(x) \text{ raises } E",
    hypotheses={"an error is promised": lambda case: case.call in NOT_ADMITTED},
    instances=Family(
        "calls",
        always=cases(NOT_ADMITTED),
        complete="calls of some functions with input that is not admitted",
        members=len(NOT_ADMITTED),
    ),
    solve=ended_as_promised(NOT_ADMITTED),
    claim=Identity(lambda case, found: Sides(found, 1)),
    saboteurs=(
        saboteur("everything is answered", solve=answers),
        saboteur("a missing key", solve=raises_key_error),
    ),
    notes="Which promises of errors there are besides these was not looked through.",
)


BLOCKS = Statement(
    id="networkx/stochastic-block-model-errors",
    title="The error that is promised for block models",
    says="Probabilities outside of 0 to 1 or not symmetric, and sizes or nodes that do not fit, end in the error E "
    "that is named, `NetworkXError`, or in one of its kind.",
    source=Documented("networkx", "stochastic_block_model", "the error `NetworkXError` in each of these cases"),
    tex=r"f(x) \text{ raises } E",
    hypotheses={"an error is promised": lambda case: case.call in OF_BLOCKS},
    instances=Family("blocks", always=cases(OF_BLOCKS), complete="the cases that are listed", members=len(OF_BLOCKS)),
    solve=ended_as_promised(OF_BLOCKS),
    claim=Identity(lambda case, found: Sides(found, 1)),
    violated=Violated(
        "The errors are of the class of which `NetworkXError` is one kind, so who waits for it misses them"
    ),
    notes="An error with a right sentence is raised in each case: only its class is another.",
)
