"""What the documentation of a library promises, in a single file: promises that hold, and promises that do not."""

from dataclasses import dataclass

import networkx
import numpy as np
from library import Sums, coin, total

from lrtheory.bounds import (
    Documented,
    Family,
    Identity,
    Inequality,
    Paper,
    Probability,
    Sides,
    Statement,
    Violated,
    always,
    repair,
    saboteur,
)

NUMBERS = Family("library-numbers", always=(1, 2, 5), draw=lambda draws: draws.integers(1, 9))


def gauss(n, found):
    return Sides(lhs=found, rhs=n * (n + 1) // 2)


TOTAL = Statement(
    id="library/total",
    title="The sum of the first integers",
    says="The function sums the integers from 1 to n, which is n (n + 1) / 2.",
    source=Documented("library", "total", "the sum of the integers from 1 to n"),
    tex=r"\sum_{i \le n} i = n(n+1)/2",
    hypotheses={"positive": lambda n: n >= 1},
    instances=NUMBERS,
    solve=lambda n, rng: total(n),
    claim=Identity(gauss),
    violated=Violated("The last integer is forgotten", "library #1"),
    repairs=(repair("up to n", patch=(total, "range(1, n)", "range(1, n + 1)")),),
)

FIND = Statement(
    id="library/find",
    title="Sums from a table",
    says="The function finds the sum of the integers from 1 to n for every n.",
    source=Documented("library", "Sums.find", "the sum of the integers from 1 to n"),
    tex=r"\sum_{i \le n} i = n(n+1)/2",
    hypotheses={"positive": lambda n: n >= 1},
    instances=NUMBERS,
    solve=lambda n, rng: Sums.find(n),
    claim=Identity(gauss),
    violated=Violated("It raises an error where the table ends"),
    repairs=(repair("a longer table", patch=(Sums.find, "range(1, 5)", "range(1, 99)")),),
)


@dataclass(frozen=True)
class Path:
    """A path with n nodes, as plain data."""

    n: int


EDGES = Statement(
    id="library/edges",
    title="Edges of a path",
    says="A path with n nodes has at least n - 1 edges, and no more.",
    source=Paper("10.1145/12345", "Lemma 1", "recalled"),
    tex=r"n - 1 \le |E|",
    hypotheses={"a node": lambda path: path.n >= 1},
    instances=Family(
        "library-paths",
        always=(Path(1), Path(4)),
        draw=lambda draws: Path(draws.integers(1, 9)),
        view=lambda path: networkx.path_graph(path.n),
    ),
    solve=lambda graph, rng: graph.number_of_edges(),
    claim=Inequality(
        lambda path, found: Sides(lhs=[path.n - 1, found], rhs=[found, path.n - 1]), unbounded="a count may be anything"
    ),
    saboteurs=(saboteur("nodes less two", solve=lambda graph, rng: graph.number_of_nodes() - 2),),
)

COIN = Statement(
    id="library/coin",
    title="A coin is not always heads",
    says="The coin shows heads with a probability of at most two thirds.",
    source=Documented("library", "coin", "fair"),
    tex=r"P(\text{heads}) \le 2/3",
    hypotheses={"none": always},
    instances=Family("library-coins", always=(1,), complete="the one coin", members=1),
    solve=lambda n, rng, runs: np.array([coin() for _ in range(runs)]),
    claim=Probability(lambda n, heads: heads, lambda n: 2 / 3),
    saboteurs=(saboteur("always heads", solve=lambda n, rng, runs: np.ones(runs, bool)),),
    randomness="the library's own",
    closed="the coin is that of the library, and any other one that shows heads as rarely is as good",
)
