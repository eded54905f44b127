"""Patterns are samples of small matrices of exact rank, and graphs with rows and columns as nodes."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import Observations


@dataclass(frozen=True)
class Pattern:
    """A pattern is a sample (m, n) of bools, a rank, and the seed of the factors on which it is tested."""

    mask: np.ndarray
    rank: int
    seed: int = 0

    @property
    def matrix(self) -> np.ndarray:
        """A generic matrix of that rank."""
        rng = np.random.default_rng(self.seed)
        return rng.normal(size=(len(self.mask), self.rank)) @ rng.normal(size=(self.rank, self.mask.shape[1]))

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, self.matrix[rows, cols], self.mask.shape)


def is_connected(pattern: Pattern) -> bool:
    """Decide whether the bipartite graph of rows and columns, with an edge for each entry, is connected."""
    m, n = pattern.mask.shape
    graph = nx.Graph()
    graph.add_nodes_from(range(m + n))  # also those without an edge, which make it disconnected
    graph.add_edges_from((i, m + j) for i, j in np.argwhere(pattern.mask))
    return bool(nx.is_connected(graph))


def draw_pattern(draws: Draws) -> Pattern:
    """Draw up to six rows and columns, with the first entry seen and others by chance."""
    mask = draws.integers(0, 1, shape=(draws.integers(2, 6), draws.integers(2, 6))) > 0
    mask[0, 0] = True  # solvers refuse a sample without entries
    return Pattern(mask, 1, draws.integers(0, 99))


def draw_connected(draws: Draws) -> Pattern:
    """Draw a tree, in which each further row or column is tied to an earlier column or row, and a few more entries."""
    m, n = draws.integers(1, 6), draws.integers(1, 6)
    mask = np.zeros((m, n), bool)
    mask[0, 0] = True
    for i in range(1, m):
        mask[i, draws.integers(0, min(i, n) - 1)] = True
    for j in range(1, n):
        mask[draws.integers(0, m - 1), j] = True
    mask |= draws.integers(0, 5, shape=(m, n)) == 0  # they close cycles, around which the entries must agree
    return Pattern(mask, 1, draws.integers(0, 99))


def draw_ranked(draws: Draws) -> Pattern:
    """Draw up to five rows and columns, rank up to three, with most entries seen."""
    k = draws.integers(1, 3)
    m, n = draws.integers(k, 5), draws.integers(k, 5)
    # four fifths are seen: near the number of degrees of freedom, where both answers occur
    mask = draws.integers(0, 4, shape=(m, n)) > 0
    mask[0, 0] = True
    return Pattern(mask, k, draws.integers(0, 99))


def two_blocks(k: int) -> Pattern:
    """Return two blocks of 2 k rows and columns, seen whole.

    Every line has enough entries, and so has the matrix, but nothing ties the blocks to each other: only a test that
    consults the Jacobian or the graph says no.
    """
    return Pattern(np.kron(np.eye(2, dtype=bool), np.ones((2 * k, 2 * k), bool)), k)


RANKED = Family(
    "ranked-patterns",
    always=lambda: (two_blocks(1), two_blocks(2), Pattern(np.ones((3, 3), bool), 2), Pattern(np.eye(3, dtype=bool), 3)),
    draw=draw_ranked,
)
PATTERNS = Family(
    "patterns",
    always=(
        Pattern(np.eye(2, dtype=bool), 1),
        Pattern(np.ones((2, 2), bool), 1),
        Pattern(np.ones((3, 3), bool), 2),
        Pattern(np.array([[True, False, True]] * 2), 1),
    ),
    draw=draw_pattern,
)
# The third is a staircase, a path through 12 rows and 12 columns: the longest way for what one entry tells.
CONNECTED = Family(
    "connected-patterns",
    always=lambda: (
        Pattern(np.ones((1, 1), bool), 1),
        Pattern(np.tri(2, dtype=bool), 1),
        Pattern(np.eye(12, dtype=bool) | np.eye(12, k=-1, dtype=bool), 1),
        Pattern(np.ones((3, 3), bool), 1),
    ),
    draw=draw_connected,
)
