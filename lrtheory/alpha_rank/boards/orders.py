"""Orders of models that p values leave: certain directions, ranks, and whether there is an order at all."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import kernel
from lrtheory.alpha_rank.boards.battles import Results
from lrtheory.alpha_rank.boards.exact import direct_tails, is_far, workspace_of
from lrtheory.alpha_rank.boards.strata import common, sum_law

__all__ = ["Refuted", "closure", "order_test", "rank_intervals", "shortest_circle"]

#: p values and models of the two tests of an order: of a pair whose comparisons cross, and of a circle of three
Refuted = tuple[tuple[float, tuple[int, ...]], tuple[float, tuple[int, ...]]]


def closure(claims: np.ndarray) -> np.ndarray:
    """Add to "above" what follows: above those whom one below is above.

    Parameters
    ----------
    claims : bool array of shape (n, n)
        Whether the row is above the column.

    Returns
    -------
    bool array of shape (n, n)
        The transitive closure; a True on the diagonal is a circle.
    """
    above = claims.copy()
    for k in np.flatnonzero(claims.any(axis=0) & claims.any(axis=1)):
        above[above[:, k]] |= above[k]
    return above


def rank_intervals(above: np.ndarray) -> np.ndarray:
    """Compute the ranks that are left to each model: behind all that are above it, before all that are below.

    Parameters
    ----------
    above : bool array of shape (n, n)
        Whether the row is above the column; closed under transitivity, without circles.

    Returns
    -------
    int64 array of shape (n, 2)
        The best and the worst rank, from 1.
    """
    return np.stack([1 + above.sum(axis=0), len(above) - above.sum(axis=1)], axis=1).astype(np.int64)


def shortest_circle(claims: np.ndarray) -> tuple[int, ...]:
    """Find a circle of claims with the fewest models, each above the next and the last above the first; () for none."""
    best: tuple[int, ...] = ()
    for start in np.flatnonzero(closure(claims).diagonal()).tolist():
        before = {start: -1}
        layer = [start]
        while layer and start not in before.keys() - {start}:
            found = [(j, i) for i in layer for j in np.flatnonzero(claims[i]).tolist()]
            ends = [i for j, i in found if j == start]
            if ends:
                path = [ends[0]]
                while before[path[-1]] >= 0:
                    path.append(before[path[-1]])
                best = tuple(path[::-1]) if not best or len(path) < len(best) else best
                break
            layer = []
            for j, i in found:
                if j not in before:
                    before[j] = i
                    layer.append(j)
    return best


def order_test(results: Results, wins: np.ndarray) -> Refuted:
    """Test whether any order explains a fixed log (statement SST-11).

    Parameters
    ----------
    results : Results
        The battles.
    wins : int64 array of shape (n, n)
        Decided battles that the row won against the column.

    Returns
    -------
    crossing, circle : pairs of float and tuple of int
        p values for all pairs, and for all triples, together, and the models where they are found. A pair crosses
        where one does better against some opponents and the other against others.
    """
    from scipy import special

    n = len(wins)
    n_pairs, n_circles = n * (n - 1) / 2, 2 * math.comb(n, 3)
    direct = direct_tails(wins)
    # a p value of a stratum above it can refute nothing
    quantile = float(special.ndtri(1 - 1 / n_pairs)) if n_pairs > 2 else 0.0
    if results.seats:  # then direct battles are compared in strata, and are no fair coins
        direct = np.ones_like(direct)
    p, i, j = _crossing(results, n, direct, quantile, workspace_of(results))
    crossing = min(1.0, p * n_pairs), (i, j)
    p, *found = _circle(direct, 1 / max(n_circles, 1))
    return crossing, (min(1.0, p * n_circles) if n > 2 else 1.0, tuple(found))


@kernel
def _crossing(log, n, direct, quantile, workspace):
    strata, laws = workspace
    best, first, second = 1.0, 0, 0
    for i in range(n):
        for j in range(i + 1, n):
            found = common(log, i, j, strata)[0]
            above, below = direct[i, j], direct[j, i]
            n_strata = found + (1 if min(above, below) < 1.0 else 0)
            for s in range(found):
                drawn, size, wins, ties = strata[s, 0], strata[s, 0] + strata[s, 1], strata[s, 2], strata[s, 3]
                unit = 2 if ties > 0 else 1
                total, squares = unit * wins + ties, unit * unit * wins + ties
                score, middle = unit * strata[s, 4] + strata[s, 5], total / size
                variance = drawn * (size - drawn) * (squares / size - middle * middle) / (size - 1.0)
                if variance <= 0.0 or is_far(abs(score - drawn * middle) / math.sqrt(variance), quantile, 0.0, unit):
                    continue
                low, length = sum_law(drawn, size, wins, ties, unit, laws[0], laws[1], laws[2])
                least = most = 0.0
                for x in range(length):
                    if low + x >= score:
                        least += laws[0, x]
                    if low + x <= score:
                        most += laws[0, x]
                above, below = min(above, least), min(below, most)
            # what cannot be compared crosses nowhere
            p = max(1, n_strata) * max(above, below)
            if p < best:
                best, first, second = p, i, j
    return best, first, second


@kernel
def _circle(p, largest):
    best, first, second, third = 1.0, 0, 0, 0
    for a in range(len(p)):
        for b in range(a + 1, len(p)):
            for c in range(a + 1, len(p)):
                if b == c or p[a, b] > largest:
                    continue
                worst = max(p[a, b], p[b, c], p[c, a])
                if worst < best:
                    best, first, second, third = worst, a, b, c
    return best, first, second, third
