"""Streams whose behavior is known: graphs under a window, tight instances, an adversary, small random ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lrtheory._array import sparse
from lrtheory._types import Rng
from lrtheory._validation import choice, generator, integer, open_interval
from lrtheory.dynamic_submodular.objectives import Coverage
from lrtheory.dynamic_submodular.one_guess import OneGuess
from lrtheory.dynamic_submodular.problem import UpdateStream
from lrtheory.dynamic_submodular.streams.windows import sliding_window

__all__ = ["make_adaptive_attack", "make_graph_coverage", "make_tight", "make_tight_greedy"]

#: copies of one element that are made at most
MOST_COPIES = 10**7


def make_graph_coverage(
    n: int, *, degree: int = 5, k: int = 10, length: int | None = None, rng: Rng = None
) -> UpdateStream:
    """Make a window over the nodes of a Barabasi-Albert graph in random order; f counts the dominated nodes.

    Parameters
    ----------
    n : int
        Nodes, more than `degree`.
    degree : int
        Edges of each new node.
    k : int
        Largest number of chosen nodes.
    length : int or None
        Nodes in the window; None is n / 2.
    rng : Generator, int or None
        Draws graph and order.

    Returns
    -------
    UpdateStream
        Closed neighborhoods under a sliding window.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> stream = make_graph_coverage(100, rng=0)
    >>> stream.objective.n, len(stream), len(stream.present())
    (100, 150, 50)
    """
    import networkx as nx  # here, so that importing the system stays quick

    degree, rng = integer("degree", degree, low=1), generator(rng)
    n = integer("n", n, low=degree + 1)
    graph = nx.barabasi_albert_graph(n, degree, seed=int(rng.integers(2**31)))
    length = max(1, n // 2) if length is None else length
    return UpdateStream(Coverage.from_graph(graph), sliding_window(rng.permutation(n), length), k)


def make_tight(
    k: int,
    n_identical: int,
    n_decoys: int,
    *,
    total: float = 1.001,
    order: Literal["random", "decoys-first"] = "random",
    rng: Rng = None,
) -> UpdateStream:
    r"""Make the instance on which a table of guesses gets no more than one half (statement DS-T12).

    Coverage of k blocks of two halves of weight total / (2k). Elements 0, ..., k - 1 are the blocks, an optimal set
    worth `total`; the next `n_identical` are copies of the bait, all first halves, worth total / 2; the rest are
    decoys, disjoint, of weight just above 1 / (2k). With total just above 1, guesses up to 1 fill with decoys and those
    above `total` take the bait, after which no block reaches their threshold; few grids have a guess in between.

    Parameters
    ----------
    k : int
        Blocks, and elements chosen.
    n_identical, n_decoys : int
        Copies of the bait, and decoys.
    total : float
        OPT, positive; a decoy weighs just more than the threshold of the guess 1, whatever it is.
    order : {"random", "decoys-first"}
        Decoys, bait, blocks is the order that is tight for "sieve++".
    rng : Generator, int or None
        Draws the order.

    Returns
    -------
    UpdateStream
        Insertions only; the truth is `total`.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> stream = make_tight(3, 5, 20, rng=0)
    >>> round(stream.objective.value(range(3)), 9) == stream.truth, round(stream.objective.value([3]), 6)
    (True, 0.5005)
    """
    k, total = integer("k", k, low=1), open_interval("total", total, 0.0, np.inf)
    n_identical = integer("n_identical", n_identical, low=0, high=MOST_COPIES)
    n_decoys = integer("n_decoys", n_decoys, low=0, high=MOST_COPIES)
    choice("order", order, ("random", "decoys-first"))
    blocks = [[2 * i, 2 * i + 1] for i in range(k)]
    bait = [[2 * i for i in range(k)]] * n_identical
    decoys = [[2 * k + i] for i in range(n_decoys)]
    weights = np.concatenate([np.full(2 * k, total / (2 * k)), np.full(n_decoys, (1 + 1e-9) / (2 * k))])
    objective = Coverage([*blocks, *bait, *decoys], weights)
    arrival = generator(rng).permutation(objective.n) if order == "random" else np.arange(objective.n)[::-1]
    return UpdateStream(objective, arrival, k, truth=total)


def make_tight_greedy(k: int) -> UpdateStream:
    r"""Make the instance on which greedy selection gets exactly 1 - (1 - 1/k)^k of OPT (statement DS-T14-tight).

    Items (i, j) of weight (1/k)(1 - 1/k)^j in k rows and columns, and a rest that completes each row to 1, all times
    k^k, so that the weights are integers. Elements 0, ..., k - 1 are the columns, which win ties, the others the rows.

    Parameters
    ----------
    k : int
        Rows, columns, and elements chosen, from 1 to 12.

    Returns
    -------
    UpdateStream
        Insertions only; the truth is k^{k + 1}.

    Raises
    ------
    ValueError
        If `k` is out of range.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import maximize
    >>> stream = make_tight_greedy(3)
    >>> maximize(stream).value / stream.truth == 19 / 27
    True
    """
    k = integer("k", k, low=1, high=12)
    rest = [k**k - sum((k - 1) ** j * k ** (k - 1 - j) for j in range(k))] * k
    weights = [(k - 1) ** j * k ** (k - 1 - j) for _ in range(k) for j in range(k)] + rest
    columns = [[i * k + j for i in range(k)] for j in range(k)]
    rows = [[*range(i * k, i * k + k), k * k + i] for i in range(k)]
    objective = Coverage([*columns, *rows], np.array(weights, np.float64))
    return UpdateStream(objective, np.arange(2 * k), k, truth=float(k ** (k + 1)))


def make_adaptive_attack(n: int, *, k: int = 5, n_deletions: int = 100, rng: Rng = None) -> UpdateStream:
    """Make the stream of an adversary who knows the coins and always deletes the first sample: all is built anew.

    All elements are worth 1 and disjoint, and the guess is 2k. Replayed on ``OneGuess(stream.objective, k, 2 * k,
    rng=rng)`` with the same integer the updates cost what the attack cost; on other coins they are an oblivious stream
    (statement DS-T15).

    Parameters
    ----------
    n : int
        Elements, at least as many as deletions.
    k : int
        Largest number of chosen elements.
    n_deletions : int
        Deletions after n insertions.
    rng : Generator, int or None
        Source of the coins that are attacked; of an integer they can be met again.

    Returns
    -------
    UpdateStream
        Insertions in order, then deletions.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> stream = make_adaptive_attack(40, k=2, n_deletions=10, rng=0)
    >>> attacked, other = (OneGuess(stream.objective, 2, 4.0, rng=rng) for rng in (0, 1))
    >>> attacked.update(stream.ops)
    >>> other.update(stream.ops)
    >>> attacked.counts["queries"] > 2 * other.counts["queries"]
    True
    """
    n_deletions = integer("n_deletions", n_deletions, low=0)
    n = integer("n", n, low=max(1, n_deletions))
    objective = Coverage(sparse.eye_array(n, format="csr"))
    attacked = OneGuess(objective, k, 2.0 * integer("k", k, low=1), rng=rng)
    attacked.update(np.arange(n))
    deleted = []
    for _ in range(n_deletions):
        deleted.append(int(attacked.sequence[0]))
        attacked.delete(deleted[-1])
    return UpdateStream(objective, np.concatenate([np.arange(n), ~np.array(deleted, np.int64)]), k)
