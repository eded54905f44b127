"""Shares of subsets of the answers of a log, as products in which nothing overflows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel, kernel_input

__all__ = ["Pairs", "all_missed", "different"]


class Pairs(NamedTuple):
    """The different pairs of counts among problems: which there are, how often, and the pair of each problem."""

    n: np.ndarray
    right: np.ndarray
    times: np.ndarray
    place: np.ndarray


def different(n: np.ndarray, right: np.ndarray) -> Pairs:
    """Find the different pairs of numbers of answers and of right ones, which are few where problems are many."""
    sizes, first = np.unique(n, return_inverse=True)
    rights, second = np.unique(right, return_inverse=True)
    codes, place, times = np.unique(first * len(rights) + second, return_inverse=True, return_counts=True)
    return Pairs(sizes[codes // len(rights)], rights[codes % len(rights)], times, place)


def all_missed(n: np.ndarray, wrong: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Compute C(wrong, k) / C(n, k) for each problem and each size k: the share of subsets with wrong answers alone.

    Parameters
    ----------
    n, wrong : int64 array of shape (problems,)
        Numbers of answers, and of those that are wrong.
    sizes : int64 array of shape (n_k,)
        Sizes of subsets, at least 1.

    Returns
    -------
    float64 array of shape (problems, n_k)
        Shares; NaN where a problem has fewer than k answers.
    """
    shares = np.empty((len(n), len(sizes)))
    fill(*(kernel_input(counts, np.int64) for counts in (n, wrong, sizes)), shares)
    return shares


@kernel
def fill(n, wrong, sizes, shares):
    """Write the products of the shorter of two equal forms: over k factors, or over the right answers."""
    for i in range(len(n)):
        right = n[i] - wrong[i]
        for j in range(len(sizes)):
            k = sizes[j]
            if k > n[i]:
                shares[i, j] = np.nan
            elif k > wrong[i]:
                shares[i, j] = 0.0
            else:
                shorter, longer = min(k, right), max(k, right)
                share = 1.0
                for step in range(shorter):
                    share *= 1.0 - longer / (n[i] - step)
                shares[i, j] = share
