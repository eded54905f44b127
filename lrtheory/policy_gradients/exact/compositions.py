"""Sums over all groups by the number of times that each answer is drawn."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import kernel
from lrtheory._validation import must

__all__ = ["MOST", "by_counts", "n_compositions"]

#: so many compositions take a minute
MOST = 10_000_000
NORMS = ("std", "sample", "none", "loo", "mean")
STD, SAMPLE, NONE, LOO, MEAN = range(5)  # as the kernel knows them
ROUNDING = 64 * float(np.finfo(np.float64).eps)


def n_compositions(n_answers: int, group_size: int) -> int:
    """Return in how many ways the samples of a group are spread over the answers."""
    return math.comb(group_size + n_answers - 1, n_answers - 1)


def by_counts(
    p: np.ndarray,
    right: np.ndarray,
    group_size: int,
    norm: str,
    std_offset: float,
    unlikeliness: float,
    ties: str,
    drop_uniform: bool,
) -> np.ndarray:
    """Return the mean over all groups of (1/G) times the sum of the advantages of the samples of each answer."""
    order = np.argsort(p, kind="stable")
    order = order[p[order] > 0]
    law, correct = p[order], right[order]
    ordered = ties == "position" and unlikeliness > 0
    count = len(law) ** group_size if ordered else n_compositions(len(law), group_size)
    if count > MOST:
        what = 'groups with `ties="position"`' if ordered else "compositions"
        raise ValueError(f'`method="enumerate"` must have at most 10^7 {what}; got {_short(count)}.')
    starts = np.flatnonzero(np.append(True, np.diff(law) > 0))
    blocks = np.append(starts, len(law))
    logs = np.array([math.lgamma(n + 1) for n in range(group_size + 1)])
    found = np.zeros_like(p)
    sums = np.zeros_like(law)
    code = NORMS.index(norm)
    if ordered:
        least = sum_over_groups(law, correct, group_size, code, std_offset, unlikeliness, drop_uniform, sums)
    else:
        least = sum_over_counts(np.log(law), correct, blocks, logs, code, std_offset, unlikeliness, drop_uniform, sums)
    if least < 0:
        raise must("unlikeliness", "so small that the mean of no group is negative", unlikeliness)
    found[order] = sums
    return found


def _short(count: int) -> str:
    """A count with two digits, however large."""
    digits = len(str(count)) - 1
    return f"{count / 10**digits:.1f}e{digits}"


@kernel
def divisor(norm, offset, reach, drop, n_right, G, squares, largest, mean):
    """Return by what the centred rewards of a group are divided, 0 for a group that counts nothing, and the mean.

    The second number is the mean of the rewards where it divides, and else 0.
    """
    uniform = n_right in (0, G)
    # in a group of right answers all differences have the size of the largest penalty, the reach
    scale = reach if uniform else 1.0 + reach
    if largest <= ROUNDING * scale or (drop and uniform):
        return 0.0, 0.0
    if norm == STD:
        return math.sqrt(squares / G) + offset, 0.0
    if norm == SAMPLE:
        return math.sqrt(squares / (G - 1)) + offset, 0.0
    if norm == LOO:
        return (G - 1) / G, 0.0
    if norm == MEAN:
        return mean + offset, mean + offset
    return 1.0, 0.0


@kernel(error_model="numpy")
def sum_over_counts(logs_p, right, blocks, factorials, norm, offset, strength, drop, sums):
    """Add the advantages of all groups, weighted by their probabilities; return the least mean that divides.

    Answers stand in the order of their probabilities, and equally likely ones are a block.
    """
    K, G = len(logs_p), len(factorials) - 1
    counts, ranks, off = np.zeros(K, np.int64), np.zeros(K), np.zeros(K)
    counts[0] = G
    moved, rest, least = 0, G, 0.0
    while True:
        log_weight, n_right, punished = factorials[G], 0, 0.0
        below, top = 0, 0.0
        for b in range(len(blocks) - 1):
            size, n_here = 0, 0
            for k in range(blocks[b], blocks[b + 1]):
                size += counts[k]
                n_here += counts[k] * right[k]
            for k in range(blocks[b], blocks[b + 1]):
                ranks[k] = below + 0.5 * (size - 1)
            n_right += n_here
            punished += n_here * (below + 0.5 * (size - 1))
            if n_here > 0:
                top = below + 0.5 * (size - 1)
            below += size
        share, part = n_right / G, strength / G
        squares, largest = 0.0, 0.0
        for k in range(K):
            if counts[k] > 0:
                log_weight += counts[k] * logs_p[k] - factorials[counts[k]]
                off[k] = right[k] - share - part * (right[k] * ranks[k] - punished / G)
                squares += counts[k] * off[k] * off[k]
                largest = max(largest, abs(off[k]))
        average = share - part * punished / G
        scale, mean = divisor(norm, offset, part * top, drop, n_right, G, squares, largest, average)
        least = min(least, mean)
        if scale > 0.0:
            weight = math.exp(log_weight) / (G * scale)
            for k in range(K):
                if counts[k] > 0:
                    sums[k] += weight * (counts[k] * off[k])
        if counts[K - 1] == G:
            return least
        # the next composition in the order of Nijenhuis and Wilf
        if rest > 1:
            moved = 0
        moved += 1
        rest = counts[moved - 1]
        counts[moved - 1] = 0
        counts[0] = rest - 1
        counts[moved] += 1


@kernel
def sum_over_groups(p, right, G, norm, offset, strength, drop, sums):
    """Add the advantages of all groups in their order, where equally likely answers are ranked by their positions."""
    K = len(p)
    group, ranks, off = np.zeros(G, np.int64), np.zeros(G), np.zeros(G)
    least = 0.0
    while True:
        weight, n_right, punished, top = 1.0, 0, 0.0, 0.0
        for i in range(G):
            weight *= p[group[i]]
            n_right += right[group[i]]
            ranks[i] = 0.0
            for j in range(G):
                ranks[i] += p[group[j]] < p[group[i]] or (j < i and p[group[j]] == p[group[i]])
            punished += right[group[i]] * ranks[i]
            top = max(top, right[group[i]] * ranks[i])
        share, part = n_right / G, strength / G
        squares, largest = 0.0, 0.0
        for i in range(G):
            off[i] = right[group[i]] - share - part * (right[group[i]] * ranks[i] - punished / G)
            squares += off[i] * off[i]
            largest = max(largest, abs(off[i]))
        average = share - part * punished / G
        scale, mean = divisor(norm, offset, part * top, drop, n_right, G, squares, largest, average)
        least = min(least, mean)
        if scale > 0.0:
            for i in range(G):
                sums[group[i]] += weight * off[i] / (G * scale)
        place = G - 1
        while place >= 0 and group[place] == K - 1:
            group[place] = 0
            place -= 1
        if place < 0:
            return least
        group[place] += 1
