"""Slow, transparent counterparts of the solvers: loops over profiles, Gauss elimination on Fractions, plain UCB."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np

PRISONERS = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]
COORDINATION = [[[2, 0], [0, 1]], [[2, 0], [0, 1]]]
BATTLE = [[[3, 0], [0, 2]], [[2, 0], [0, 3]]]
PENNIES = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]


def fractions(values):
    values = np.asarray(values)
    return np.array([Fraction(x) for x in values.ravel().tolist()], dtype=object).reshape(values.shape)


def profiles(sizes):
    return list(itertools.product(*map(range, sizes)))


def deviations(sizes):
    """All (s, player, t) as numbers of profiles."""
    number = {profile: i for i, profile in enumerate(profiles(sizes))}
    for profile in profiles(sizes):
        for player, size in enumerate(sizes):
            for strategy in range(size):
                if strategy != profile[player]:
                    other = (*profile[:player], strategy, *profile[player + 1 :])
                    yield number[profile], player, number[other]


def rates(payoffs, probability):
    """The chain without diagonal, from the probability to accept a payoff gain."""
    payoffs = np.asarray(payoffs)
    sizes = payoffs.shape[1:]
    n, degree = math.prod(sizes), sum(sizes) - len(sizes)
    flat = payoffs.reshape(len(sizes), -1)
    matrix = np.full((n, n), Fraction(0), dtype=object)
    for s, player, t in deviations(sizes):
        matrix[s, t] = probability(flat[player, t] - flat[player, s]) / degree
    return matrix


def accept_epsilon(epsilon):
    return lambda gain: 1 - epsilon if gain > 0 else (epsilon if gain < 0 else Fraction(1, 2))


def accept_finite(alpha, m):
    """The sum form of the fixation probability."""
    return lambda gain: 1 / (1 + sum(math.exp(-step * alpha * gain) for step in range(1, m)))


def law(matrix):
    """Stationary law by Gauss-Jordan elimination on Fractions."""
    n = len(matrix)
    a = [[Fraction(matrix[j][i]) if i != j else Fraction(0) for j in range(n)] for i in range(n)]
    for j in range(n):
        a[j][j] = -sum(Fraction(matrix[j][i]) for i in range(n) if i != j)
    a[-1] = [Fraction(1)] * n
    b = [Fraction(0)] * (n - 1) + [Fraction(1)]
    for col in range(n):
        pivot = next(r for r in range(col, n) if a[r][col] != 0)
        a[col], a[pivot], b[col], b[pivot] = a[pivot], a[col], b[pivot], b[col]
        for r in range(n):
            if r != col and a[r][col] != 0:
                f = a[r][col] / a[col][col]
                a[r] = [x - f * y for x, y in zip(a[r], a[col], strict=True)]
                b[r] -= f * b[col]
    return np.array([b[i] / a[i][i] for i in range(n)], dtype=object)


class PlainUCB:
    """Count-weighted ResponseGraphUCB on dictionaries, as the paper writes it."""

    def __init__(self, sizes, delta, anytime, joint):
        self.sizes, self.anytime = sizes, anytime
        self.profiles = profiles(sizes)
        self.level = delta / (len(sizes) * len(self.profiles)) if joint else delta
        self.outcomes = {s: [] for s in self.profiles}
        self.open = {frozenset((self.profiles[s], self.profiles[t])) for s, _, t in deviations(sizes)}
        self.better = {}
        self.box = {(k, s): (0.0, 1.0) for k in range(len(sizes)) for s in self.profiles}

    def interval(self, s, k):
        n = len(self.outcomes[s])
        if n == 0:
            return -math.inf, math.inf
        level = self.level * 6 / (math.pi**2 * n**2) if self.anytime else self.level
        mean, radius = sum(x[k] for x in self.outcomes[s]) / n, math.sqrt(math.log(2 / level) / (2 * n))
        return mean - radius, mean + radius

    def ask(self):
        wanted = [s for s in self.profiles if not self.outcomes[s] or any(s in edge for edge in self.open)]
        return min(wanted, key=lambda s: (len(self.outcomes[s]), s), default=None)

    def tell(self, s, outcome):
        self.outcomes[s].append(outcome)
        for k in range(len(self.sizes)):
            low, high = self.interval(s, k)
            self.box[k, s] = max(low, self.box[k, s][0]), min(high, self.box[k, s][1])
        for edge in [edge for edge in self.open if s in edge]:
            a, b = sorted(edge)
            k = next(k for k in range(len(a)) if a[k] != b[k])
            for w, x in ((a, b), (b, a)):
                if self.interval(w, k)[1] < self.interval(x, k)[0]:
                    self.open.discard(edge)
                    self.better[w, x], self.better[x, w] = 1, -1
