"""Targets for which LoRA is better than a random linear adapter of its own dimension.

Part of `theory`, where users find these functions. `crossover_rank` takes numbers of any kind.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from lrtheory._numbers import exact, formula, numbers
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must, pair

__all__ = ["crossover_exponent", "crossover_rank"]


def crossover_rank(spectrum: ArrayLike, shape: tuple[int, int]) -> int:
    r"""Return the largest rank up to which LoRA beats a random linear adapter of its own dimension (statement AD-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of the target, of which not all are 0; missing ones are 0.
    shape : pair of int
        (d_out, d_in).

    Returns
    -------
    int
        The largest r below min(d_out, d_in) such that at all ranks from 1 to r LoRA leaves a smaller share of the
        target than a uniformly random subspace of dimension r (d_out + d_in - r) does on average; 0 if LoRA loses at
        rank 1.

    Raises
    ------
    ValueError
        If the singular values are more than the smaller side, are negative or all 0.

    Examples
    --------
    A flat spectrum, on which LoRA loses at every rank, and one that decays.

    >>> crossover_rank([1, 1, 1, 1], (4, 4)), crossover_rank([8, 4, 2, 1], (4, 4))
    (0, 3)
    """
    m, n = pair("shape", shape)
    values = numbers("spectrum", spectrum, 0)
    if len(values) > min(m, n) or not any(values):
        raise must("spectrum", f"at most {min(m, n)} singular values, not all 0", spectrum)
    largest = max(values)
    values = [value / largest for value in values] if isinstance(largest, float) else values
    squares = [value * value for value in sorted(values)]
    tails, r = [0, *accumulate(squares)][::-1], 1  # what each rank leaves, the whole first
    while r < len(tails) and r < min(m, n):
        if not tails[r] < (1 - exact(r * (m + n - r)) / (m * n)) * tails[0]:
            return r - 1
        r += 1
    return max(r, min(m, n)) - 1


@formula(side="[2, inf)", rank="[1, inf)")
def crossover_exponent(side: int, rank: int) -> float:
    """Return the decay of singular values i^-a above which LoRA beats a random linear adapter of its dimension (AD-4).

    Parameters
    ----------
    side : int
        d of a square target.
    rank : int
        r, from 1 to d - 1.

    Returns
    -------
    float
        The exponent a at which the tail share sum_{i > r} i^-2a / sum_i i^-2a equals (1 - r / d)^2, which is 1 - r (2 d
        - r) / d^2. The share decreases in a, so LoRA wins above it.

    Raises
    ------
    ValueError
        If `side` or `rank` is outside its range.

    Examples
    --------
    >>> round(crossover_exponent(384, 16), 3)
    0.112
    """
    d, r = side, integer("rank", rank, low=1, high=side - 1)
    logs, share = np.log(np.arange(1, d + 1)), (1 - r / d) ** 2
    low, high = 0.0, 64.0  # at a = 0 the share of the tail is 1 - r / d, and at 64 it is below every (1 - r / d)^2
    for _ in range(64):
        middle = (low + high) / 2
        energies = np.exp(-2 * middle * logs)
        low, high = (middle, high) if energies[r:].sum() > share * energies.sum() else (low, middle)
    return (low + high) / 2
