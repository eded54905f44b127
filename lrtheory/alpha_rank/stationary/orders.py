r"""In a limit with one sink, shortest paths from the sink tell how fast the other masses vanish.

Write each rate of the chain as c x^w as x -> 0, with x = epsilon, the perturbation, or x = exp(-alpha). Moves up and at
ties have w = 0; a move down has w = 1 in the perturbed chain, and w = (m - 1) times the loss as alpha grows. With one
sink the mass of a profile vanishes like x^p, p the least sum of w on a path to it from the sink.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lrtheory._array import kernel, kernel_input
from lrtheory.alpha_rank.chains.profiles import ProfileChain
from lrtheory.alpha_rank.stationary.lines import Lines

__all__ = ["arc_orders", "line_orders", "sink_orders"]


def arc_orders(chain: ProfileChain, limit: str, population_size: int) -> np.ndarray:
    r"""Return the order w of the rate from each neighbor, of shape (\|S\|, D); Fractions when the payoffs are."""
    # a gain on the way out is a loss on the way back
    arriving = ProfileChain(chain.sizes, chain.neighbors, -chain.differences)
    return (arriving.perturbed_terms() if limit == "perturbed" else arriving.alpha_terms(population_size))[1]


def sink_orders(neighbors: np.ndarray, orders: np.ndarray, sink: np.ndarray) -> np.ndarray:
    r"""Compute the orders at which all masses vanish when the walk at x = 0 has one sink (derived).

    Parameters
    ----------
    neighbors : int64 array of shape (\|S\|, D)
        Neighbors of each profile.
    orders : array of shape (\|S\|, D)
        Order of the rate from the neighbor to the profile; at least 0.
    sink : int64 array
        The profiles of the sink.

    Returns
    -------
    array of shape (\|S\|,)
        0 on the sink.

    Proof
    -----
    Assumes: the moves of order 0 have one sink, no order is negative, and every state reaches every other (the caller,
    `stationary.methods`).

    Proof: pi(s) is proportional to the sum over spanning trees directed into s of the products of their rates
    (statement AR-T8), so its order is V(s) - min V, V(s) the least order of a tree into s. Such a tree holds a path
    from the sink to s, hence V(s) >= p(s), the least order of such a path. Conversely take a shortest path, from r in
    the sink say. Every profile off the path reaches r along arcs of order 0, since there is one sink; let it take the
    first arc of a shortest way of this kind to the path. These arcs and the path are a tree into s of order p(s). So
    V = p, with min V = 0 on the sink, which no arc of order 0 leaves.

    Checked by: tests that compare the orders with those of `solve_leading` on Fractions; no statement reads them.

    Examples
    --------
    The prisoner's dilemma, with the sink (D, D): one player errs, or both do.

    >>> from lrtheory.alpha_rank import profile_chain
    >>> chain = profile_chain(([[3, 0], [5, 1]], [[3, 5], [0, 1]]))
    >>> sink_orders(chain.neighbors, arc_orders(chain, "perturbed", 2), np.array([3])).tolist()
    [2.0, 1.0, 1.0, 0.0]
    """
    found = np.full(len(neighbors), math.inf, dtype=orders.dtype)
    found[sink] = Fraction(0) if orders.dtype == object else 0.0
    # Bellman and Ford: every pass relaxes all arcs, until a pass changes nothing; orders are not negative
    while orders.size:
        better = np.minimum(found, (found[neighbors] + orders).min(axis=1))
        if np.array_equal(better, found):
            break
        found = better
    return found


def line_orders(lines: Lines, tables: np.ndarray, sink: np.ndarray, barrier: float) -> np.ndarray:
    r"""Compute `sink_orders` on sorted lines, in O(K \|S\|) per sweep and without a table of deviations.

    On a line a move down from x to y loses M(x) - M(y), which is the sum of the losses of the steps between them.

    Parameters
    ----------
    lines : Lines
        Lines of the game.
    tables : float array of shape (K, s_1, ..., s_K)
        Payoffs of the game.
    sink : int64 array
        The profiles of the sink.
    barrier : float
        Order of a loss of one unit of payoff, m - 1; 0 for the perturbed chain, where each loss has order 1.

    Returns
    -------
    float64 array of shape (\|S\|,)
        0 on the sink.
    """
    found = np.full(lines.order.shape[1], math.inf)
    found[sink] = 0.0
    values = np.take_along_axis(tables.reshape(len(tables), -1), lines.order, axis=1)
    while _sweep(lines, kernel_input(values, np.float64), barrier, found):
        pass
    return found


@kernel
def _sweep(lines, values, barrier, found):
    """Lower the orders along every line once, and return whether one of them changed."""
    sizes, order, rises = lines
    changed = False
    for player in range(order.shape[0]):
        size = sizes[player]
        for first in range(0, order.shape[1], size):
            reached = math.inf
            for i in range(first, first + size):  # moves up and at ties have order 0
                y = order[player, i]
                changed = changed or reached < found[y]
                reached = found[y] = min(reached, found[y])
            for i in range(first + size - 2, first - 1, -1):  # `reached` is the least order on the line, at its top
                if rises[player, i + 1]:
                    # losses add up along the line; in the perturbed chain any move down has order 1, best from the top
                    loss = values[player, i + 1] - values[player, i]
                    reached = reached + barrier * loss if barrier > 0 else found[order[player, first + size - 1]] + 1
                y = order[player, i]
                changed = changed or reached < found[y]
                reached = found[y] = min(reached, found[y])
    return changed
