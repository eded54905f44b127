r"""The response graph: who would move where.

There is an arc from profile s to its neighbor sigma when the deviating player does not lose. Its sink strongly
connected components, the Markov-Conley chains, carry all the mass of alpha-Rank at infinite alpha (statement AR-T9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, flag, must, real
from lrtheory.alpha_rank.chains.profiles import ProfileChain, payoff_differences, profile_neighbors
from lrtheory.alpha_rank.chains.transition import profile_chain
from lrtheory.alpha_rank.problem import Game, Names, names_of, payoff_tables, profile_names

if TYPE_CHECKING:
    import networkx

__all__ = ["ResponseGraph", "response_graph", "response_signs"]


@result
class ResponseGraph(Result):
    r"""The response graph: the direction of every single-player deviation.

    Attributes
    ----------
    neighbors : int64 array of shape (\|S\|, D)
        Profile after each deviation.
    direction : int8 array of shape (\|S\|, D)
        +1 where the neighbor is better for the player who deviates, -1 where it is worse, 0 for a tie.
    sizes : tuple of int
        Number of strategies of each player.
    names : tuple of tuples of str, or None
        Names of the strategies.
    """

    neighbors: np.ndarray
    direction: np.ndarray
    sizes: tuple[int, ...]
    names: tuple[tuple[str, ...], ...] | None

    def _columns(self) -> dict[str, Any]:
        source, column = np.nonzero(self.neighbors > np.arange(len(self.neighbors))[:, None])
        target, direction = self.neighbors[source, column], self.direction[source, column]
        start, end = np.where(direction < 0, target, source), np.where(direction < 0, source, target)
        names = np.array(profile_names(self.names, self.sizes), object)
        return {"from": names[start], "to": names[end], "tie": direction == 0}

    def _facts(self) -> list[str]:
        sinks = self.markov_conley_chains()
        names = profile_names(self.names, self.sizes, np.array([chain[0] for chain in sinks[:5]]))
        more = ", ..." if len(sinks) > 5 else ""
        return [f"{len(sinks)} sink{'s' * (len(sinks) > 1)}, with {', '.join(names)}{more}"]

    def _draw(self, ax: Any) -> None:
        import networkx

        graph = self.to_networkx()
        places = networkx.circular_layout(graph)
        names = {node: ", ".join(map(str, node)) for node in graph}
        networkx.draw_networkx(graph, places, ax=ax, labels=names, node_color="#cfe3f1", font_size=8)
        ax.set_axis_off()

    def markov_conley_chains(self) -> list[np.ndarray]:
        """Find the sink strongly connected components, which no arc leaves.

        Returns
        -------
        list of int64 arrays
            Profiles of each component in ascending order; components by their first profile. At least one.
        """
        n, degree = self.neighbors.shape
        # a tie has arcs both ways: the walk crosses it either way in the limit (1/2 or 1/m), unlike a loss
        source, column = np.nonzero(self.direction >= 0)
        return sink_components(n, source, self.neighbors[source, column] if degree else source)

    def to_networkx(self) -> networkx.DiGraph:
        """Make the graph for drawing: nodes are profiles, as tuples of names or of strategy numbers.

        Returns
        -------
        networkx.DiGraph
            Arcs lead to the neighbors that are not worse; the attribute ``tie`` tells ties.
        """
        import networkx

        graph = networkx.DiGraph()
        names = list(np.ndindex(*self.sizes))
        if self.names is not None:
            names = [tuple(names[x] for names, x in zip(self.names, profile, strict=True)) for profile in names]
        graph.add_nodes_from(names)
        for source, column in zip(*np.nonzero(self.direction >= 0), strict=True):
            target = self.neighbors[source, column]
            graph.add_edge(names[source], names[target], tie=bool(self.direction[source, column] == 0))
        return graph


def sink_components(n: int, source: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """Find the sink strongly connected components of a graph on n nodes, in the order of their first nodes."""
    from scipy.sparse.csgraph import connected_components

    arcs = sparse.csr_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(n, n))
    n_components, component = connected_components(arcs, directed=True, connection="strong")
    is_sink = np.ones(n_components, dtype=bool)
    is_sink[component[source[component[source] != component[target]]]] = False
    # nodes of sinks grouped by component; the stable sort leaves each group in ascending order
    members = np.flatnonzero(is_sink[component])
    members = members[np.argsort(component[members], kind="stable")]
    chains = np.split(members, np.flatnonzero(np.diff(component[members])) + 1)
    return sorted(chains, key=lambda chain: int(chain[0]))


@arrays("host")
def response_graph(
    payoffs: Game | ArrayLike,
    *,
    population: Literal["multi", "single"] = "multi",
    tie_tol: float = 0.0,
    names: Names | None = None,
) -> ResponseGraph:
    r"""Build the response graph of a game.

    Arrays: any (copied to the host)

    Parameters
    ----------
    payoffs : Game, array of shape (K, s_1, ..., s_K), or sequence of K tables
        Mean payoffs; one square table for a single population.
    population : {"multi", "single"}
        One population for each player, or a single one, where r beats s when M(r, s) > M(s, r).
    tie_tol : float
        Payoff differences of at most this size are ties.
    names : sequence of K sequences of str, optional
        Names of the strategies; by default those of the game, or on the axes of pandas frames. For a single population
        one sequence, or a flat one.

    Returns
    -------
    ResponseGraph
        The `neighbors` and the `direction` of every deviation, both of shape (\|S\|, D); its methods
        `markov_conley_chains` and `to_networkx` look at the graph.

    Raises
    ------
    ValueError
        If the payoffs are not K finite tables of one shape with K axes.

    Examples
    --------
    The prisoner's dilemma has one sink, mutual defection:

    >>> graph = response_graph(([[3, 0], [5, 1]], [[3, 5], [0, 1]]))
    >>> [chain.tolist() for chain in graph.markov_conley_chains()]
    [[3]]
    """
    chain = profile_chain(payoffs, population=population, tie_tol=tie_tol)
    return graph_of_chain(chain, names_of(payoffs, names, chain.sizes))


def graph_of_chain(chain: ProfileChain, names: tuple[tuple[str, ...], ...] | None = None) -> ResponseGraph:
    """Read the response graph off a chain, in which a difference of 0 marks a tie."""
    return ResponseGraph(chain.neighbors, _signs(chain.differences, 0), chain.sizes, names)


@arrays("host")
def response_signs(payoffs: Game | ArrayLike, *, tie_tol: float = 0.0, batch: bool | None = None) -> np.ndarray:
    r"""Compute the directions of all deviations, for one game or for many games at once.

    Arrays: any (copied to the host)

    Parameters
    ----------
    payoffs : Game, or array of shape (K, s_1, ..., s_K) or (n, K, s_1, ..., s_K)
        Mean or estimated payoffs.
    tie_tol : float
        Payoff differences of at most this size are ties.
    batch : bool or None
        Whether the first axis runs over games. None reads it off the shape: K tables with K axes are one game, so say
        True when the number of games may happen to be K + 1.

    Returns
    -------
    int8 array of shape (\|S\|, D) or (n, \|S\|, D)
        As `ResponseGraph.direction`.

    Raises
    ------
    ValueError
        If the shape is that of no game.

    Examples
    --------
    >>> response_signs([[[3, 0], [5, 1]], [[3, 5], [0, 1]]]).tolist()
    [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    """
    tie_tol = real("tie_tol", tie_tol, low=0)
    if isinstance(payoffs, Game):
        tables = payoffs.payoffs
    else:
        tables = payoff_tables(payoffs) if batch is False else array("payoffs", payoffs)
    if flag("batch", batch, undecided=True) is None:
        batch = tables.ndim > 0 and len(tables) != tables.ndim - 1
    first = 1 if batch else 0
    sizes = tables.shape[first + 1 :]
    if tables.ndim < first + 2 or tables.shape[first] != len(sizes) or 0 in sizes:
        raise must("payoffs", "of shape (K, s_1, ..., s_K) or (n, K, s_1, ..., s_K)", tables.shape)
    neighbors, players = profile_neighbors(sizes)
    flat = tables.reshape(*tables.shape[: first + 1], -1)
    return _signs(payoff_differences(flat, neighbors, players), tie_tol)


def _signs(differences: np.ndarray, tie_tol: float) -> np.ndarray:
    up, down = np.asarray(differences > tie_tol, dtype=np.int8), np.asarray(differences < -tie_tol, dtype=np.int8)
    return up - down
