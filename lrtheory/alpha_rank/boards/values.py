r"""Values of "i is above j" that hold at all times: the wealth of a bet on i, mixed over the stakes.

.. math:: E_{ij} = \int_0^1 \prod_z (1 + \lambda z)\, d\lambda,

z the scores of direct battles, from -1 to 1, and in each stratum the m-th result of i less the m-th of j. Results that
still wait for a partner are charged where outcomes may have chosen the pairs. The integral is a sum over the nodes of
Gauss, which is a mixture too, and exact for up to 127 results.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from lrtheory._array import kernel
from lrtheory.alpha_rank.boards.battles import Results
from lrtheory.alpha_rank.boards.strata import common

__all__ = ["log_values", "terms_of"]

#: stakes lambda of the mixture
NODES = 64


def log_values(terms: np.ndarray) -> np.ndarray:
    """Compute log E from how often each term occurs.

    Parameters
    ----------
    terms : int array of shape (..., 4)
        Numbers of terms z that are 1, 1/2, -1/2 and -1.

    Returns
    -------
    float64 array of shape (...)
        0 without terms.
    """
    stakes, weights = _mixture()
    factors = np.log1p(np.array([1, 0.5, -0.5, -1])[:, None] * stakes)
    logs = terms @ factors + np.log(weights)
    top = logs.max(axis=-1)
    return np.asarray(top + np.log(np.exp(logs - top[..., None]).sum(axis=-1)))


@cache
def _mixture() -> tuple[np.ndarray, np.ndarray]:
    """Stakes and their weights, which take longer to find than most values."""
    x, weights = np.polynomial.legendre.leggauss(NODES)
    return (1 + x) / 2, weights / 2


def terms_of(results: Results, n: int, *, charged: bool = False, most_open: int = 1, last: int = -1) -> np.ndarray:
    """Count the terms of all pairs.

    Parameters
    ----------
    results : Results
        The battles.
    n : int
        Number of models.
    charged : bool
        Whether results that wait for a partner are charged; then fewer of them are let in.
    most_open : int
        Number of results of a stratum that may wait, where they are charged.
    last : int
        From this battle on no result begins to wait, where they are charged; -1 for none.

    Returns
    -------
    int64 array of shape (n, n, 4)
        Numbers of terms z that are 1, 1/2, -1/2 and -1, for the row being above the column.
    """
    last = len(results.times) if last < 0 else last
    strata = np.zeros((int(np.diff(results.starts).max()) + 1, 8), np.int64)
    return np.asarray(_terms(results, n, charged, most_open, last, strata))


@kernel
def _terms(log, n, charged, most_open, last, strata):
    terms = np.zeros((n, n, 4), np.int64)
    # how often the difference of two results is -2, ..., 2 halves, and the halves of results that wait
    paired, above, below = np.zeros(5, np.int64), np.zeros(5, np.int64), np.zeros(5, np.int64)
    # the last pair of models that shared a stratum
    shared = np.full(len(log.keys), -1, np.int64)
    for i in range(n):
        for j in range(i + 1, n):
            found, decided, won = common(log, i, j, strata)
            for x in range(5):
                paired[x] = above[x] = below[x] = 0
            paired[4], paired[0] = won, decided - won
            for s in range(found):
                a, b = log.heads[strata[s, 6]], log.heads[strata[s, 7]]
                end_a, end_b = log.heads[strata[s, 6] + 1], log.heads[strata[s, 7] + 1]
                if charged:
                    wait(log, a, end_a, b, end_b, most_open, last, paired, above, below)
                else:
                    for m in range(min(end_a - a, end_b - b)):
                        paired[log.points[a + m] - log.points[b + m] + 2] += 1
                shared[strata[s, 6]] = shared[strata[s, 7]] = i * n + j
            if charged:
                for model, other in ((i, j), (j, i)):
                    for row in range(log.starts[model], log.starts[model + 1]):
                        is_direct = log.keys[row] // log.n_cells == other and (not log.seats or log.keys[row] % 2 == 1)
                        if is_direct or shared[row] == i * n + j:
                            continue
                        # against an opponent whom the other never met, all that were let in still wait
                        a, end = log.heads[row], log.heads[row + 1]
                        if model == i:
                            wait(log, a, end, 0, 0, most_open, last, paired, above, below)
                        else:
                            wait(log, 0, 0, a, end, most_open, last, paired, above, below)
            for x in range(4):
                place = (4, 3, 1, 0)[x]
                terms[i, j, x] = paired[place] + above[place]
                terms[j, i, x] = paired[4 - place] + below[place]
    return terms


@kernel
def wait(log, a, end_a, b, end_b, most_open, last, paired, above, below):
    """Go through the results of a stratum in time; each closes the oldest that waits on the other side, or waits."""
    # results that wait are all of one model, and the first of them came first
    queue = np.zeros(most_open, np.int64)
    n_open, of_first = 0, True
    while a < end_a or b < end_b:
        is_first = b == end_b or (a < end_a and log.times[a] < log.times[b])
        place = a if is_first else b
        if is_first:
            a += 1
        else:
            b += 1
        if n_open > 0 and of_first != is_first:
            halves = log.points[queue[0]] - log.points[place]
            paired[halves + 2 if of_first else 2 - halves] += 1
            n_open -= 1
            for k in range(n_open):
                queue[k] = queue[k + 1]
        elif n_open < most_open and log.times[place] < last:
            queue[n_open] = place
            n_open += 1
            of_first = is_first
    for k in range(n_open):
        # one that waits is charged as if its partner had the result that is worst for the claim
        points = log.points[queue[k]]
        above[points if of_first else 2 - points] += 1
        below[2 - points if of_first else points] += 1
