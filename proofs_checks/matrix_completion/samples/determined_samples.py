"""Which samples determine a matrix: connected ones at rank one, and those whose Jacobian has full rank."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import flint
import networkx as nx
import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import Observations, complete, finitely_completable, theory
from lrtheory.matrix_completion.alternation import propagation
from proofs_checks.orbits import Symmetry


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


def draw_pattern(draws: Draws) -> Pattern:
    """Draw up to six rows and columns, with the first entry seen and others by chance."""
    mask = draws.integers(0, 1, shape=(draws.integers(2, 6), draws.integers(2, 6))) > 0
    mask[0, 0] = True  # solvers refuse a sample without entries
    return Pattern(mask, 1, draws.integers(0, 99))


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


#: samples of a 4 x 4 table are numbers of 16 binary digits
DIGITS = 1 << np.arange(16)


def reordered(number: int) -> Iterator[int]:
    """Yield the samples of a 4 x 4 table that all orders of rows and of columns make of one."""
    yield number  # what else is alike is computed for one of each kind alone
    mask = (number & DIGITS > 0).reshape(4, 4)
    orders = np.array(list(itertools.permutations(range(4))))
    yield from (mask[orders[:, None, :, None], orders[None, :, None, :]].reshape(-1, 16) @ DIGITS).tolist()


ORDERS = Symmetry(reordered)


def alike(pattern: Pattern) -> int:
    """Count the samples that are this one in another order of rows and columns."""
    return ORDERS.size(int(pattern.mask.ravel() @ DIGITS))


def small_patterns(*ranks: int) -> Iterator[Pattern]:
    """Yield the samples of a 4 x 4 table that see an entry, one of each kind, at each of some ranks."""
    numbers = ORDERS.one_of_each(range(1, 2**16))  # the empty sample is refused by all solvers
    masks = [(number & DIGITS > 0).reshape(4, 4) for number in numbers]
    yield from (Pattern(mask, k) for k in ranks for mask in masks)


ORDER = "the order of rows and columns"


def enough_entries(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask for as many entries as degrees of freedom, wherever they are."""
    m, n = pattern.mask.shape
    return bool(pattern.mask.sum() >= pattern.rank * (m + n - pattern.rank))


def completable(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask the library whether the sample is finitely completable at this rank."""
    return bool(finitely_completable(pattern.observations, pattern.rank, rng=0))


def is_connected(pattern: Pattern) -> bool:
    """Decide whether the bipartite graph of rows and columns, with an edge for each entry, is connected."""
    m, n = pattern.mask.shape
    graph = nx.Graph()
    graph.add_nodes_from(range(m + n))  # also those without an edge, which make it disconnected
    graph.add_edges_from((i, m + j) for i, j in np.argwhere(pattern.mask))
    return bool(nx.is_connected(graph))


def by_connectivity(pattern: Pattern, found: bool) -> Sides:
    """Compare the answer with the connectivity of the bipartite graph of the sample; above rank one, with wholeness."""
    # by a graph library and not by a Jacobian, which is how the library decides
    truth = pattern.mask.all() if pattern.rank > 1 else is_connected(pattern)
    return Sides([int(found)], [int(truth)])


MC_L10_FINITE = Statement(
    id="matrix_completion/MC-L10-finite",
    title="At rank one a sample determines the matrix when its graph is connected",
    says="At rank k = 1 a sample Omega leaves only finitely many completions of a generic matrix exactly when the "
    "bipartite graph is connected that joins row i and column j for each seen entry (i, j). A matrix that is "
    "seen whole is determined at every rank.",
    source=Classical("completion of rank one", "F. Kiraly, L. Theran, R. Tomioka, JMLR 16, 2015"),
    tex=r"k = 1:\ \text{finitely completable} \iff (\text{rows} \cup \text{columns}, \Omega) \text{ connected}",
    hypotheses={"rank one, or a whole matrix": lambda pattern: pattern.rank == 1 or bool(pattern.mask.all())},
    instances=PATTERNS,
    for_all=(
        All(
            "samples of a 4 x 4 table that see an entry",
            lambda: small_patterns(1),
            members=316,
            orbit=alike,
            total=2**16 - 1,
            up_to=ORDER,
        ),
    ),
    solve=completable,
    claim=Identity(by_connectivity),
    # it is right in one direction: fewer entries than degrees of freedom are never enough (MC-H1)
    saboteurs=(saboteur("enough entries are enough", solve=enough_entries),),
)


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


def small_connected() -> Iterator[Pattern]:
    """Yield the connected samples of a 4 x 4 table, one of each kind."""
    yield from filter(is_connected, small_patterns(1))


def thirty_iterations(pattern: Pattern, rng: np.random.Generator) -> np.ndarray:
    """Alternate 30 times, which is too few where the graph has long paths: each iteration reaches one edge further."""
    return complete(pattern.observations, 1, method="exact", max_iter=30).block()


def completed_table(pattern: Pattern, rng: np.random.Generator) -> np.ndarray:
    """Complete the matrix at rank one by the library."""
    return complete(pattern.observations, 1).block()


def as_it_was(pattern: Pattern, found: np.ndarray) -> Sides:
    """Compare every completed entry with that of the matrix."""
    truth = pattern.matrix
    return Sides(found, truth, rounding=rounding(64 * sum(truth.shape), np.linalg.norm(truth)))


MC_L10_PATHS = Statement(
    id="matrix_completion/MC-L10-paths",
    title="At rank one a connected sample is completed to rounding",
    says="If M has rank k = 1 and no zero entry, and the bipartite graph that joins row i and column j for each "
    "seen entry (i, j) of the sample Omega is connected, then the completion M^ is M up to rounding.",
    source=Classical("completion of rank one", "F. Kiraly, L. Theran, R. Tomioka, JMLR 16, 2015"),
    tex=r"k = 1,\ (\text{rows} \cup \text{columns}, \Omega) \text{ connected} \Rightarrow \hat M = M",
    hypotheses={"rank one": lambda pattern: pattern.rank == 1, "a connected sample": is_connected},
    instances=CONNECTED,
    for_all=(
        # no orbits: a sample in another order is alike this one only beside the matrix in that order
        All(
            "kinds of connected samples of one 4 x 4 matrix, up to the order of rows and columns",
            small_connected,
            members=150,
        ),
    ),
    solve=completed_table,
    claim=Identity(as_it_was),
    saboteurs=(
        # right where paths are short: each iteration carries an entry a step further along its path
        saboteur("alternation, 30 iterations", solve=thirty_iterations),
        saboteur(
            "factors next to each other are exchanged",
            patch=(propagation._propagate, "values[e] / found[line], depth", "found[line] / values[e], depth"),
        ),
    ),
    notes="Where entries are not zero; the statement before says that nothing less than a connected sample will do.",
)


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


def entries_and_degrees(pattern: Pattern, rng: np.random.Generator) -> bool:
    """Ask for as many entries as degrees of freedom, and for k of them in every line."""
    rows, cols = pattern.mask.sum(1), pattern.mask.sum(0)
    return enough_entries(pattern, rng) and bool(min(rows.min(), cols.min()) >= pattern.rank)


def jacobian_rank(pattern: Pattern) -> int:
    """Compute the rank of the Jacobian of (U, V) -> P_Omega(U V^T), exactly; the larger one of two random points.

    A rank below that of generic factors means that a minor, of degree 100 at most in the entries, is 0 at both points,
    which are uniform among 10^9 numbers an entry: a chance of 10^-14 by the lemma of Schwartz and Zippel.
    """
    (m, n), k, rng = pattern.mask.shape, pattern.rank, np.random.default_rng(pattern.seed)
    ranks = []
    for _ in range(2):
        U, V = rng.integers(1, 10**9, size=(m, k)), rng.integers(1, 10**9, size=(n, k))
        jacobian = np.zeros((pattern.mask.sum(), m + n, k), dtype=object)
        for row, (i, j) in zip(jacobian, np.argwhere(pattern.mask), strict=True):
            row[i], row[m + j] = V[j], U[i]  # the slopes of u_i . v_j in u_i and in v_j
        ranks.append(flint.fmpz_mat([[int(x) for x in row.ravel()] for row in jacobian]).rank())
    return max(ranks)


def by_elimination(pattern: Pattern, found: bool) -> Sides:
    """Compare the answer with that of the Jacobian, and a yes with fewer entries than degrees of freedom with no."""
    needed = theory.degrees_of_freedom(*pattern.mask.shape, pattern.rank)
    truth = int(jacobian_rank(pattern) == needed)
    return Sides([int(found), int(bool(found) and needed > pattern.mask.sum())], [truth, 0])


MC_H1 = Statement(
    id="matrix_completion/MC-H1",
    title="Fewer entries than degrees of freedom determine nothing",
    says="J is the Jacobian, at generic factors, of the map from the factors (U, V) of an m x n matrix of rank k "
    "to its entries on the sample Omega. The sample is called finitely completable exactly when J has rank k "
    "(m + n - k), the degrees of freedom; so a sample with fewer entries |Omega| never is.",
    source=Derived(theory.degrees_of_freedom),
    tex=r"\text{finitely completable} \iff \mathrm{rank}\,J = k(m + n - k) \Rightarrow |\Omega| \ge k(m + n - k)",
    hypotheses={"any sample": always},
    instances=RANKED,
    for_all=(
        All(
            "pairs of a sample of a 4 x 4 table that sees an entry and a rank from 1 to 4",
            lambda: small_patterns(1, 2, 3, 4),
            members=4 * 316,
            orbit=alike,
            total=4 * (2**16 - 1),
            up_to=ORDER,
        ),
    ),
    solve=completable,
    claim=Identity(by_elimination),
    saboteurs=(
        saboteur("every sample is enough", solve=lambda pattern, rng: True),
        saboteur("the Jacobian is never consulted", solve=entries_and_degrees),
        saboteur("no sample is enough", solve=lambda pattern, rng: False),
    ),
    notes="Against the rank of an integer Jacobian by exact elimination, for ranks one to four.",
)
