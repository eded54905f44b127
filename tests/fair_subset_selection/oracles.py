"""Slow, transparent counterparts of the solvers: definitions, enumeration, plain loops."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from lrtheory.fair_subset_selection import ScoreRule

#: a rule of each kind but "positional", on six items or more
RULES = [
    ScoreRule("sntv"),
    ScoreRule("bloc", depth=2),
    ScoreRule("borda"),
    ScoreRule("cc", depth=2),
    ScoreRule("borda-cc"),
    ScoreRule("pav", depth=3),
    ScoreRule("owa", owa=[1, 0.75, 0.5]),
]


def random_orders(rng, n, m):
    return np.array([rng.permutation(m) for _ in range(n)])


def rule_of(kind, m, depth=None):
    """Position weights and OWA weights by the table, as Fractions."""
    borda = [Fraction(m - 1 - p) for p in range(m)]
    top = [Fraction(int(p < (depth or 1))) for p in range(m)]
    weights = borda if kind in ("borda", "borda-cc") else top
    if kind in ("cc", "borda-cc"):
        return weights, [Fraction(1)] + [Fraction(0)] * (m - 1)
    if kind == "pav":
        return weights, [Fraction(1, t + 1) for t in range(m)]
    return weights, [Fraction(1)] * m


def set_score(orders, chosen, weights, lam, voters=None):
    """F(S) by its definition."""
    total = Fraction(0)
    for number, order in enumerate(orders):
        place = {int(item): p for p, item in enumerate(order)}
        best = sorted((weights[place[i]] for i in chosen if i in place), reverse=True)
        total += (1 if voters is None else voters[number]) * sum(w * t for w, t in zip(best, lam, strict=False))
    return total


def best_sets(m, k, score, fits=lambda chosen: True):
    """All sets of the largest score among those that fit, and that score."""
    scored = [(score(s), s) for s in itertools.combinations(range(m), k) if fits(s)]
    if not scored:
        return None, []
    top = max(value for value, _ in scored)
    return top, [s for value, s in scored if value == top]


def within(groups, low, high):
    """Whether a set keeps lower and upper bounds of groups, given as dicts."""

    def fits(chosen):
        counts = [sum(groups[i] == g for i in chosen) for g in low]
        return all(low[g] <= c <= high[g] for g, c in zip(low, counts, strict=True))

    return fits


def greedy(m, k, score, groups, quota):
    """The largest marginal of a group with seats left, ties by number; items and gains."""
    chosen, gains = [], []
    left = dict(quota)
    for _ in range(k):
        free = [i for i in range(m) if i not in chosen and left[groups[i]] > 0]
        now = score(chosen)
        marginals = {i: score([*chosen, i]) - now for i in free}
        pick = max(free, key=lambda i: (marginals[i], -i))
        chosen.append(pick)
        gains.append(marginals[pick])
        left[groups[pick]] -= 1
    return chosen, gains


def kendall(order):
    """Number of pairs in the wrong order."""
    return sum(a > b for a, b in itertools.combinations(order, 2))


def swap_law(order, group, phi, n_swaps, refresh=True):
    """Law of the outcome of n swaps by the matrix of weights, as a dict from orders to Fractions."""
    law = {(tuple(order), tuple(order)): Fraction(1)}
    for _ in range(n_swaps):
        following = {}
        for (now, reference), probability in law.items():
            pairs = [
                (p, q, phi ** (q - p))
                for p, q in itertools.combinations(range(len(order)), 2)
                if reference[p] in group and reference[q] not in group
            ]
            total = sum(w for _, _, w in pairs)
            if not pairs:
                following[now, reference] = following.get((now, reference), 0) + probability
            for p, q, w in pairs:
                after, (a, b) = list(now), (now.index(reference[p]), now.index(reference[q]))
                after[a], after[b] = after[b], after[a]
                key = (tuple(after), tuple(after) if refresh else reference)
                following[key] = following.get(key, 0) + probability * w / total
        law = following
    found = {}
    for (now, _), probability in law.items():
        found[now] = found.get(now, 0) + probability
    return found
