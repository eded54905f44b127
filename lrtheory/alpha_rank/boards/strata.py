r"""Strata in which two models both played, and the law of a sum of results under exchange.

In a stratum with N_i results of model i and N_j of model j, of which W are wins and T ties together, the sum of the
results of i has under exchange the law of the sum of N_i results drawn without replacement from all N_i + N_j.
"""

from __future__ import annotations

from lrtheory._array import kernel

__all__ = ["common", "hypergeometric", "sum_law"]

#: smallest weight, in parts of the largest one, that a law keeps
LEAST = 1e-18


@kernel
def common(log, i, j, strata):
    """List the strata in which i and j both played; fill the rows of `strata`, and return how many, and their battles.

    A row holds the games of i, those of j, the wins and the ties of both together, the wins and the ties of i, and the
    place of the stratum among those of i and of j. Without seats, battles of the two against each other are no stratum:
    the second number is how many of them were decided, the third how many of these i won. With seats they are: those
    of i in the first seat beside those of j in the first seat.
    """
    found = decided = won = 0
    a, b = log.starts[i], log.starts[j]
    while a < log.starts[i + 1]:
        key = log.keys[a]
        opponent = key // log.n_cells
        if opponent == j:
            if not log.seats:
                decided += log.games[a] - log.ties[a]
                won += log.wins[a]
                a += 1
                continue
            if key % 2 == 1:
                a += 1
                continue
            # the same cell and seat, from the side of j against i
            wanted, place = i * log.n_cells + key % log.n_cells, log.starts[j]
            while place < log.starts[j + 1] and log.keys[place] < wanted:
                place += 1
            if place == log.starts[j + 1] or log.keys[place] != wanted:
                a += 1
                continue
        else:
            while b < log.starts[j + 1] and log.keys[b] < key:
                b += 1
            if b == log.starts[j + 1] or log.keys[b] != key:
                a += 1
                continue
            place = b
        strata[found, 0] = log.games[a]
        strata[found, 1] = log.games[place]
        strata[found, 2] = log.wins[a] + log.wins[place]
        strata[found, 3] = log.ties[a] + log.ties[place]
        strata[found, 4] = log.wins[a]
        strata[found, 5] = log.ties[a]
        strata[found, 6] = a
        strata[found, 7] = place
        found += 1
        a += 1
    return found, decided, won


@kernel
def hypergeometric(size, marked, drawn, law):
    """Fill `law` with the chances of lowest, lowest + 1, ... marked ones of `drawn`; return lowest and the length.

    The weights are found from the most likely number on, by ratios, and weights below `LEAST` of the largest are left
    out; so the sum, by which they are divided, misses less than a rounding.
    """
    least, most = max(0, drawn - (size - marked)), min(drawn, marked)
    mode = ((drawn + 1) * (marked + 1)) // (size + 2)
    mode = min(max(mode, least), most)
    low = mode
    weight = total = 1.0
    while low > least:
        weight *= (low * (size - marked - drawn + low)) / ((marked - low + 1.0) * (drawn - low + 1.0))
        if weight < LEAST:
            break
        low -= 1
    # the first pass has found where the law begins, the second fills it
    law[mode - low] = weight = 1.0
    for x in range(mode, low, -1):
        weight *= (x * (size - marked - drawn + x)) / ((marked - x + 1.0) * (drawn - x + 1.0))
        law[x - 1 - low] = weight
        total += weight
    high = mode
    weight = 1.0
    while high < most:
        weight *= ((marked - high) * (drawn - high + 0.0)) / ((high + 1.0) * (size - marked - drawn + high + 1.0))
        if weight < LEAST:
            break
        high += 1
        law[high - low] = weight
        total += weight
    for x in range(high - low + 1):
        law[x] /= total
    return low, high - low + 1


@kernel
def sum_law(drawn, size, wins, ties, unit, law, of_ties, of_wins):
    """Fill `law` with the chances of the sum of `drawn` results; return its lowest value and its length.

    A win counts `unit`, which is 2 where there are ties, of 1 each, and 1 where there are none.
    """
    if ties == 0:
        low, length = hypergeometric(size, wins, drawn, law)
        if unit == 1:
            return low, length
        # from the end, since the law is spread out in its own place
        for x in range(length - 1, 0, -1):
            law[2 * x] = law[x]
            law[2 * x - 1] = 0.0
        return 2 * low, 2 * length - 1
    least_ties, n_ties = hypergeometric(size, ties, drawn, of_ties)
    low, high = 2 * drawn + 1, -1
    for pass_ in range(2):
        for t in range(n_ties):
            tied = least_ties + t
            least_wins, n_wins = hypergeometric(size - ties, wins, drawn - tied, of_wins)
            if pass_ == 0:
                low, high = min(low, 2 * least_wins + tied), max(high, 2 * (least_wins + n_wins - 1) + tied)
                continue
            for w in range(n_wins):
                law[2 * (least_wins + w) + tied - low] += of_ties[t] * of_wins[w]
        if pass_ == 0:
            for x in range(high - low + 1):
                law[x] = 0.0
    return low, high - low + 1
