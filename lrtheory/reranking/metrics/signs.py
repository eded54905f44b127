r"""Exchanged signs: a test of paired differences, and the interval of shifts that it does not reject.

If two systems do not differ, all :math:`2^n` signs of the n differences are equally likely. The p-value is the share of
signs whose sum is at least as large as the observed one (statements RK-S1 to RK-S4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

__all__ = ["EXACT_SUBSETS", "Flips", "Signs", "flipped", "shift_interval"]

#: differences up to which halves of signs are joined, and up to which all subsets are listed
EXACT_HALVES, EXACT_SUBSETS = 40, 20
#: entries of the table of sums, and additions into it
MOST_SUMS, MOST_ADDITIONS = 2**21, 2**31
#: bytes of signs that are drawn at once
AT_ONCE = 2**22


class Flips(NamedTuple):
    """A p-value, how it was counted, and the number of signs that were sampled, or 0."""

    p_value: float
    method: str
    samples: int


class Signs(NamedTuple):
    """Differences other than 0, the distance within which two sums tie, and integers in their place, if there are."""

    values: np.ndarray
    slack: float
    whole: np.ndarray | None


def flipped(signs: Signs, method: str, alternative: str, max_samples: int, rng: np.random.Generator) -> Flips:
    """Compute the p-value.

    Parameters
    ----------
    signs : Signs
        Differences, none of them 0.
    method : {"auto", "exact", "sampled"}
        All signs, or some; "auto" takes all where that is quick.
    alternative : {"two-sided", "greater", "less"}
        Absolute sums, sums, or their negatives.
    max_samples : int
        Number of signs that are sampled.
    rng : Generator
        Random numbers.

    Returns
    -------
    Flips
        The p-value.

    Raises
    ------
    OverflowError
        If "exact" is asked for and there are too many signs to count.
    """
    n = len(signs.values)
    values, whole = signs.values, signs.whole
    if alternative == "less":
        values, whole = -values, None if whole is None else -whole
    two_sided = alternative == "two-sided"
    if n == 0:
        return Flips(1.0, "exact", 0)
    if method != "sampled":
        if whole is not None and _fits_table(whole):
            return Flips(_by_table(whole, two_sided), "exact", 0)
        if n <= EXACT_HALVES:
            return Flips(_by_halves(values, signs.slack, two_sided), "exact", 0)
        if method == "exact":
            raise OverflowError
    return Flips(_by_samples(values, signs.slack, two_sided, max_samples, rng), "sampled", max_samples)


def _fits_table(whole: np.ndarray) -> bool:
    size = 2 * sum(abs(one) for one in whole.tolist()) + 1
    return size <= MOST_SUMS and size * len(whole) <= MOST_ADDITIONS


def _by_table(whole: np.ndarray, two_sided: bool) -> float:
    """The share of signs with each sum, one difference after the other (statement RK-S1).

    Shares are dyadic, so that they are exact up to 53 differences; beyond, sums of positive doubles err by n 2^-53.
    """
    sizes, observed = np.abs(whole).tolist(), int(whole.sum())
    most = sum(sizes)
    shares = np.zeros(2 * most + 1)
    shares[most] = 1.0
    reach = 0
    for one in sizes:
        inside = shares[most - reach : most + reach + 1] / 2
        reach += one
        found = np.zeros(2 * reach + 1)
        found[: len(inside)] += inside
        found[2 * one :] += inside
        shares[most - reach : most + reach + 1] = found
    sums = np.arange(-most, most + 1)
    large = np.abs(sums) >= abs(observed) if two_sided else sums >= observed
    return _as_probability(float(shares[large].sum()))


def _as_probability(share: float) -> float:
    """A share of signs, the observed ones among them, which is above 0 although its double may not be."""
    return min(1.0, max(share, math.ulp(0.0)))


def _sums(values: np.ndarray) -> np.ndarray:
    """The sums of all signs of some differences."""
    sums = np.zeros(1)
    for one in values:
        sums = np.concatenate([sums - one, sums + one])
    return sums


def _by_halves(values: np.ndarray, slack: float, two_sided: bool) -> float:
    """Count pairs of a sum of the first half and one of the second: 2^(n/2) sums in the place of 2^n."""
    half = len(values) // 2
    first, second = _sums(values[:half]), np.sort(_sums(values[half:]))
    observed = float(values.sum())
    limit = (abs(observed) if two_sided else observed) - slack
    if two_sided and limit <= 0:
        return 1.0
    count = int((len(second) - np.searchsorted(second, limit - first, side="left")).sum())
    return (1 + two_sided) * count / 2 ** len(values)


def _by_samples(values: np.ndarray, slack: float, two_sided: bool, n: int, rng: np.random.Generator) -> float:
    """The share among sampled signs and the observed ones, which keeps the level (statement RK-S3)."""
    total, as_large = float(values.sum()), 0
    limit = (abs(total) if two_sided else total) - slack
    for bits in _drawn(len(values), n, rng):
        sums = 2 * (bits @ values) - total
        as_large += int(((np.abs(sums) if two_sided else sums) >= limit).sum())
    return (as_large + 1) / (n + 1)


def _drawn(n_values: int, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield n rows of random bits as doubles, some at once."""
    width = -(-n_values // 8)
    step = max(1, AT_ONCE // (8 * n_values))
    for start in range(0, n, step):
        rows = min(step, n - start)
        packed = np.frombuffer(rng.bytes(rows * width), np.uint8).reshape(rows, width)
        yield np.unpackbits(packed, axis=1, count=n_values).astype(np.float64)


def shift_interval(
    differences: np.ndarray, delta: float, max_samples: int, rng: np.random.Generator
) -> tuple[float, float]:
    r"""The shifts of all differences that the test of both sides does not reject, exact or with sampled signs.

    Parameters
    ----------
    differences : array of shape (n,)
        All differences, those of 0 among them.
    delta : float
        Level of the test, in (0, 1).
    max_samples : int
        Number of subsets that are sampled where there are more than 2^20.
    rng : Generator
        Random numbers.

    Returns
    -------
    lower, upper : float
        Ends; infinite where no number of differences as small as this one can reject any shift.

    Proof
    -----
    Assumes: the differences are independent and symmetric about one shift theta (the caller).

    Proof: the signs of d_i - theta are equally likely given their sizes. Flipping those in a set F changes the sum by
    -2 times the sum of d_i - theta over F, so that the flipped sum is at least the observed one if and only if F is
    empty or the mean of d over F is at most theta. Let N be the number of non-empty sets with such a mean. The test of
    one side has the p-value (1 + N) / 2^n, and rejects at delta / 2 if and only if N < m, m the whole part of
    delta 2^n / 2. So the shifts it keeps begin at the m-th smallest mean of a set, or nowhere if m = 0; the other side
    is the same from above. Both sides together reject the true shift with probability at most delta. With B sampled
    sets, the empty one among them where it is drawn, the p-value is (1 + b) / (B + 1) and m is the whole part of
    delta (B + 1) / 2.
    """
    n = len(differences)
    if n <= EXACT_SUBSETS:
        sums, sizes = np.zeros(1), np.zeros(1)
        for one in differences:
            sums, sizes = np.concatenate([sums, sums + one]), np.concatenate([sizes, sizes + 1])
        means, place = sums[1:] / sizes[1:], math.floor(delta * 2.0**n / 2)
        empty = 0
    else:
        drawn = [(bits @ differences, bits.sum(axis=1)) for bits in _drawn(n, max_samples, rng)]
        sums, sizes = (np.concatenate(one) for one in zip(*drawn, strict=True))
        means, place = sums[sizes > 0] / sizes[sizes > 0], math.floor(delta * (max_samples + 1) / 2)
        empty = int((sizes == 0).sum())
    place -= empty
    if place < 1:
        return -math.inf, math.inf
    means = np.sort(means)
    return float(means[place - 1]), float(means[-place])
