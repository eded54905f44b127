"""Influence of a set of nodes in the independent-cascade model: coverage of sampled reverse-reachable sets."""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._array import sparse
from lrtheory._files import Columns, Table, as_table
from lrtheory._numbers import number
from lrtheory._types import Frame, Rng, SparseArray
from lrtheory._validation import choice, generator, integer, must
from lrtheory.dynamic_submodular.objectives.base import MOST_COLUMNS
from lrtheory.dynamic_submodular.objectives.coverage import (
    Coverage,
    Graph,
    Sets,
    adjacency_of,
    membership,
    node_names,
)
from lrtheory.dynamic_submodular.objectives.reading import network_of, settled

__all__ = ["Influence"]


class Influence(Coverage):
    r"""Expected spread in the independent-cascade model, as coverage of reverse-reachable sets.

    Each sample draws a node at random and the set of nodes that would have reached it; f(S) is n / n_samples times the
    number of samples that S meets, an unbiased estimate of the expected number of nodes that S activates. The samples
    stay fixed, so f is a coverage function and all guarantees hold for it.

    Parameters
    ----------
    graph : networkx graph, or sparse adjacency array of shape (n, n)
        Edges along which activation spreads.
    p : float, or "degree"
        Probability that an edge transmits, in [0, 1]; ``"degree"`` is one over the number of edges into its end.
    n_samples : int
        Number of reverse-reachable sets.
    rng : Generator, int or None
        Draws the samples.

    Raises
    ------
    ValueError
        If a number is out of range, or the graph has no node.

    References
    ----------
    .. [1] C. Borgs, M. Brautbar, J. Chayes, B. Lucier, Maximizing Social Influence in Nearly Optimal Time, SODA 2014.

    Examples
    --------
    >>> from scipy import sparse
    >>> chain = sparse.csr_array(([1.0, 1.0], ([0, 1], [1, 2])), shape=(3, 3))
    >>> f = Influence(chain, 1.0, 600, rng=0)
    >>> round(f.value([0]), 9), f.value([1]) < 2.5
    (3.0, True)
    """

    def __init__(
        self, graph: Graph | SparseArray, p: float | Literal["degree"], n_samples: int, *, rng: Rng = None
    ) -> None:
        backward = sparse.csr_array(adjacency_of(graph).T)
        n = backward.shape[0]
        if n == 0:
            raise must("graph", "a graph of at least one node", graph)
        n_samples, rng = integer("n_samples", n_samples, low=1, high=MOST_COLUMNS), generator(rng)
        if isinstance(p, str):
            choice("p", p, ("degree",))
            chances = 1.0 / np.maximum(1, np.diff(backward.indptr))
        else:
            chances = np.full(n, float(number("p", p, 0, 1)))
        found = [_reverse_reachable(backward, chances, int(rng.integers(n)), rng) for _ in range(n_samples)]
        samples = np.repeat(np.arange(n_samples), [len(nodes) for nodes in found])
        nodes = np.concatenate(found)
        rows = sparse.csr_array((np.ones(len(nodes)), (nodes, samples)), shape=(n, n_samples))
        super().__init__(rows, np.full(n_samples, n / n_samples))
        self.names = node_names(graph)

    @classmethod
    def from_graph(  # type: ignore[override]
        cls,
        graph: Graph | SparseArray,
        *,
        p: float | Literal["degree"] = "degree",
        n_samples: int = 1000,
        rng: Rng = None,
    ) -> Influence:
        """Make the function of a graph with the usual number of samples and edge probabilities.

        Parameters
        ----------
        graph : networkx graph, or sparse adjacency array of shape (n, n)
            Edges along which activation spreads.
        p : float, or "degree"
            Probability that an edge transmits.
        n_samples : int
            Number of reverse-reachable sets.
        rng : Generator, int or None
            Draws the samples.

        Returns
        -------
        Influence
            One element per node.
        """
        return cls(graph, p, n_samples, rng=rng)

    @classmethod
    def from_file(  # type: ignore[override]
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
        directed: bool = False,
        p: float | Literal["degree"] = "degree",
        n_samples: int = 1000,
        rng: Rng = None,
    ) -> Influence:
        """Read a list of edges.

        Parameters
        ----------
        path : path
            Edges, as in `Coverage.from_file`.
        columns : str, sequence or mapping, optional
            The columns of source and target; None looks for customary names.
        form : str or None
            "table", "json", "jsonl" or "npz" where suffix and first line do not tell.
        header : bool or None
            Whether the first line names the columns; None looks.
        directed : bool
            Whether an edge goes from its source to its target alone.
        p, n_samples, rng
            As in `from_graph`.

        Returns
        -------
        Influence
            Objective with the names of the nodes.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a row is not an edge; file and line are named.
        """
        table = as_table(path, form=form, header=header)
        return cls._from_table(table, columns, directed=directed, p=p, n_samples=n_samples, rng=rng)

    @classmethod
    def from_frame(  # type: ignore[override]
        cls,
        frame: Frame,
        *,
        columns: Columns = None,
        directed: bool = False,
        p: float | Literal["degree"] = "degree",
        n_samples: int = 1000,
        rng: Rng = None,
    ) -> Influence:
        """Read edges from a data frame.

        Parameters
        ----------
        frame : data frame
            Table of pandas or another library, or a mapping from names to columns.
        columns : str, sequence or mapping, optional
            The columns of source and target; None looks for customary names.
        directed : bool
            Whether edges have a direction.
        p, n_samples, rng
            As in `from_graph`.

        Returns
        -------
        Influence
            As `from_file` makes it.

        Raises
        ------
        ValueError
            If a row is not an edge.
        """
        return cls._from_table(as_table(frame), columns, directed=directed, p=p, n_samples=n_samples, rng=rng)

    @classmethod
    def _from_table(cls, table: Table, columns: Any, *, directed: bool, **options: Any) -> Any:
        table, about = settled(table, columns)
        network = network_of(table, columns, directed=directed)
        made = cls.from_graph(network.adjacency, **options)
        p = options.get("p", "degree")
        chance = "one over the number of edges into its end" if p == "degree" else f"{p:g}"
        made.names = network.names
        made.origin = (
            f"{network.told}; an edge transmits with probability {chance}; "
            f"values are estimates from {len(made.weights):,} sampled cascades{about}"
        )
        return made

    def append(self, rows: Sets) -> np.ndarray:
        """Add elements that meet samples drawn before; the samples and their weight stay.

        Parameters
        ----------
        rows : sequence of sequences of int, or sparse array of shape (n_new, n_samples)
            Samples that each new element meets.

        Returns
        -------
        int64 array of shape (n_new,)
            Numbers of the new elements.

        Raises
        ------
        ValueError
            If a sample does not exist.
        """
        n_samples = len(self.weights)
        new = membership("rows", rows, n_samples)
        if new.shape[1] > n_samples:
            raise must("rows", f"of samples in [0, {n_samples - 1}]", new.shape[1] - 1)
        return super().append(new)


def _reverse_reachable(backward: Any, chances: np.ndarray, root: int, rng: np.random.Generator) -> np.ndarray:
    """Return the nodes from which a cascade with fresh coins reaches the root, increasing."""
    seen, waiting = {root}, [root]
    while waiting:
        node = waiting.pop()
        sources = backward.indices[backward.indptr[node] : backward.indptr[node + 1]]
        for source in sources[rng.random(len(sources)) < chances[node]].tolist():
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return np.array(sorted(seen))
