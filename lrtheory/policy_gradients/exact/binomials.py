"""Means over the number of right answers of a group, without binomials, which leave the range of doubles."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["binomial_mean", "divisors"]


@kernel
def binomial_mean(P, values):
    """Return the mean of values[J] for a binomial J of len(values) - 1 trials with success P in [0, 1].

    Probabilities come from their ratios, from the mode in both directions, and are divided by their sum.
    """
    n = len(values) - 1
    if P <= 0.0:
        return values[0]
    if P >= 1.0:
        return values[n]
    odds, mode = P / (1.0 - P), min(n, int((n + 1) * P))
    mass, total = 1.0, values[mode]
    chance = 1.0
    for j in range(mode, n):
        chance *= odds * (n - j) / (j + 1)
        if chance == 0.0:
            break
        mass += chance
        total += chance * values[j + 1]
    chance = 1.0
    for j in range(mode, 0, -1):
        chance *= j / (odds * (n - j + 1))
        if chance == 0.0:
            break
        mass += chance
        total += chance * values[j - 1]
    return total / mass


def divisors(group_size: int, norm: str, std_offset: float = 0.0) -> np.ndarray:
    """Return (G - 1)/(G d) for 1, ..., G - 1 right answers, where d divides the centred rewards of such a group.

    Their binomial mean with G - 2 trials is the factor a(P): in statement GR-1f the terms of s right answers add up to
    C(G, s) P^(s-1) (1-P)^(G-s-1) s (G-s) / (G^2 d), and C(G, s) s (G-s) is G (G-1) C(G-2, s-1).
    """
    G = group_size
    s = np.arange(1.0, G)
    if norm == "std":
        d = np.sqrt(s * (G - s)) / G + std_offset
    elif norm == "sample":
        d = np.sqrt(s * (G - s) / (G * (G - 1))) + std_offset
    elif norm == "mean":
        d = s / G + std_offset
    else:
        d = np.full(G - 1, (G - 1) / G if norm == "loo" else 1.0)
    return np.asarray((G - 1) / (G * d))
