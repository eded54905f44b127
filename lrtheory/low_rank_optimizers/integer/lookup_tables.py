"""Tables of powers and logarithms of two in sixteenths, made from integer roots, and noise in eight bits by a hash."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np

from lrtheory.low_rank_optimizers.theory.integers import LIMIT, root

__all__ = ["LIMIT", "ONE", "hashed", "logarithms", "noise", "powers"]

#: an activation or weight of 1.0; the largest absolute value of one is LIMIT
ONE = 16
#: rows of the table of logarithms, enough for sums over a million symbols
ROWS = 16 * 36
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio, of splitmix64: neighbors end far apart


@lru_cache(maxsize=1)
def powers() -> np.ndarray:
    """Return floor(16 * 2^(x / 16)) for x = 0 to 255."""
    return _fixed([root(x) for x in range(256)])


@lru_cache(maxsize=1)
def logarithms() -> np.ndarray:
    """Return the least integers s with 16 log2(s / 16) >= k, for k = 0, 1, ...; small neighbors are equal."""
    return _fixed([root(k) + (root(k) ** 16 < 1 << (64 + k)) for k in range(ROWS)])


def hashed(seed: int, *numbers: int | np.ndarray) -> np.ndarray:
    """Return 64 random bits for each tuple of integers, whose arrays are broadcast; a counter-based generator."""
    with np.errstate(over="ignore"):
        value = np.asarray(seed, np.uint64)
        for number in numbers:
            value = _mixed(value + np.uint64(GOLDEN) * (np.asarray(number, np.uint64) + np.uint64(1)))
    return value


def _mixed(value: np.ndarray) -> np.ndarray:
    """Return the finalizer of splitmix64, which sends every bit to every other."""
    # constants and shifts of the published generator, whose statistics were tested with these
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


@lru_cache(maxsize=4)
def noise(seed: int, size: int) -> np.ndarray:
    """Return trunc(16 z) in eight bits for normal numbers z, by comparing 32 random bits with integer thresholds."""
    normal = NormalDist()
    # the value k >= 1 stands for 16 z in [k, k + 1), the value 0 for (-1, 1)
    ends = [int(normal.cdf(k / ONE) * 2.0**32) for k in [*range(-LIMIT, 0), *range(1, LIMIT + 1)]]
    bits = hashed(seed, 0, np.arange(size)) >> np.uint64(32)
    return _fixed(np.searchsorted(np.array(ends, np.uint64), bits, side="right") - LIMIT, np.int8)


def _fixed(values: object, dtype: type = np.int64) -> np.ndarray:
    table: np.ndarray = np.array(values, dtype)
    table.flags.writeable = False
    return table
