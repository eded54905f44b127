"""The expected update as a sum over all ordered groups, from the definitions, in exact numbers but for roots."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product


def ranks_of(law, group, ties):
    """The rank of each sample: how many are less likely, and of equally likely ones half of the others or earlier."""
    found = []
    for i, a in enumerate(group):
        below = sum(law[b] < law[a] for b in group)
        equal = [j for j, b in enumerate(group) if law[b] == law[a]]
        found.append(below + (Fraction(len(equal) - 1, 2) if ties == "average" else equal.index(i)))
    return found


def advantages_of(rewards, norm, offset=0):
    """The advantages of one group; 0 where all rewards are equal."""
    size = len(rewards)
    mean = sum(rewards) / Fraction(size)
    centred = [one - mean for one in rewards]
    if not any(centred):
        return centred
    squares = sum(one * one for one in centred)
    divisor = {
        "std": lambda: math.sqrt(squares / size) + offset,
        "sample": lambda: math.sqrt(squares / (size - 1)) + offset,
        "none": lambda: Fraction(1),
        "loo": lambda: Fraction(size - 1, size),
        "mean": lambda: mean + offset,
    }[norm]()
    return [one / divisor for one in centred]


def update_of(law, right, size, norm, *, offset=0, beta=0, ties="average", drop=False, lengths=None, factor=1):
    """The mean over all groups of (1/G) sum A_i / l_i grad log p(y_i)."""
    K = len(law)
    found = [0 * law[0]] * K
    for group in product(range(K), repeat=size):
        chance = math.prod(law[k] for k in group)
        rewards = [Fraction(right[k]) for k in group]
        if not chance or (drop and len(set(rewards)) == 1):
            continue
        if beta:
            ranks = ranks_of(law, group, ties)
            rewards = [r * (1 - beta * rank / size) for r, rank in zip(rewards, ranks, strict=True)]
        for k, a in zip(group, advantages_of(rewards, norm, offset), strict=True):
            part = chance * a / (size * (lengths[k] if lengths else 1))
            found[k] += part
            found = [one - law[j] * part for j, one in enumerate(found)]
    return [factor * one for one in found]
