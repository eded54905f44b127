"""Slow and independent answers: enumeration in Fractions, polynomials, and matching by hand."""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction

import numpy as np

from lrtheory.alpha_rank.boards.battles import Battles

HALF = Fraction(1, 2)


def battles(rows, n=None, cells=None):
    """Battles from triples of two models and twice the score of the first."""
    first, second, points = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    n = 1 + int(max(first.max(), second.max())) if n is None else n
    cells = np.zeros(len(rows), np.int64) if cells is None else np.array(cells, np.int64)
    return Battles(first, second, points, cells, n, {})


def random_battles(rng, n=4, length=24, ties=True, n_cells=1):
    first = rng.integers(0, n, length)
    second = (first + rng.integers(1, n, length)) % n
    points = rng.integers(0, 3, length) if ties else 2 * rng.integers(0, 2, length)
    return Battles(first, second, points, rng.integers(0, n_cells, length), n, {})


def results(log):
    """The results of each model by opponent and cell, in the order of time, as pairs of the battle and the points."""
    found = defaultdict(list)
    rows = zip(log.first.tolist(), log.second.tolist(), log.points.tolist(), log.cells.tolist(), strict=True)
    for t, (a, b, x, c) in enumerate(rows):
        found[a, b, c].append((t, x))
        found[b, a, c].append((t, 2 - x))
    return found


def strata(log, i, j):
    """Pairs of lists of results of i and of j against the same opponent in the same cell, and direct results of i."""
    found = results(log)
    shared = [
        (found[i, k, c], found[j, k, c])
        for m, k, c in sorted(found)
        if m == i and k != j and (j, k, c) in found and found[j, k, c]
    ]
    direct = [x for m, k, c in sorted(found) if (m, k) == (i, j) for _, x in found[m, k, c]]
    return shared, direct


def p_value(log, i, j):
    """P(T* >= T) over all ways to share the results of each stratum out, and all falls of the decided coins."""
    shared, direct = strata(log, i, j)
    score = sum(x for mine, _ in shared for _, x in mine) + sum(direct)
    law = {sum(x for x in direct if x == 1): Fraction(1)}
    for _ in [x for x in direct if x != 1]:
        law = convolved(law, {0: HALF, 2: HALF})
    for mine, others in shared:
        pool = [x for _, x in mine + others]
        sums = [sum(chosen) for chosen in itertools.combinations(pool, len(mine))]
        law = convolved(law, {x: Fraction(sums.count(x), len(sums)) for x in set(sums)})
    return sum(chance for x, chance in law.items() if x >= score)


def convolved(law, other):
    found = defaultdict(Fraction)
    for (x, p), (y, q) in itertools.product(law.items(), other.items()):
        found[x + y] += p * q
    return dict(found)


def value(log, i, j, charged=False, most_open=1, last=None):
    """The integral over lambda of the product of 1 + lambda z, from the coefficients of the polynomial."""
    shared, direct = strata(log, i, j)
    if charged:
        found = results(log)
        shared += [(rows, []) for (m, k, c), rows in found.items() if m == i and k != j and (j, k, c) not in found]
        shared += [([], rows) for (m, k, c), rows in found.items() if m == j and k != i and (i, k, c) not in found]
    terms = [Fraction(x - 1) for x in direct]
    for mine, others in shared:
        if charged:
            terms += waiting_terms(mine, others, most_open, last)
        else:
            terms += [Fraction(x - y, 2) for (_, x), (_, y) in zip(mine, others, strict=False)]
    coefficients = [Fraction(1)]
    for z in terms:
        longer = [*coefficients, Fraction(0)]
        coefficients = [c + (z * longer[k - 1] if k else 0) for k, c in enumerate(longer)]
    return sum(c / (k + 1) for k, c in enumerate(coefficients))


def waiting_terms(mine, others, most_open, last):
    """The terms where results that wait are charged."""
    events = sorted([(t, x, True) for t, x in mine] + [(t, x, False) for t, x in others])
    waiting, terms = [], []
    for t, x, is_mine in events:
        if waiting and waiting[0][1] != is_mine:
            y = waiting.pop(0)[0]
            terms.append(Fraction(x - y, 2) if is_mine else Fraction(y - x, 2))
        elif len(waiting) < most_open and (last is None or t < last):
            waiting.append((x, is_mine))
    return terms + [Fraction(x - 2, 2) if is_mine else Fraction(-x, 2) for x, is_mine in waiting]
