r"""Masses and directions that intervals on payoffs leave possible.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import formula, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = ["certain_directions", "mass_interval"]


@formula(longest="(0, inf)", shortest="(0, inf)")
def mass_interval(longest: Number, shortest: Number) -> tuple[Any, Any]:
    """Convert the range of the mean return time of a profile to the range of its mass (statement RU-T2).

    Parameters
    ----------
    longest, shortest : float or Fraction
        Largest and smallest mean return time R over all orientations of the open edges. In steps of the chain they are
        at least 1, and the masses are in [0, 1].

    Returns
    -------
    tuple of two float or Fraction
        1 / longest and 1 / shortest.

    Proof
    -----
    Assumes: the payoffs lie in the box (hypothesis of RU-T2), epsilon is in (0, 1/2) (argument check of
    `ranking_intervals`), and `longest` and `shortest` are the extremes over all orientations (RU-T1).

    Proof: by Kac's lemma pi(s) R(s) = 1. Payoffs in the box give each open edge one of two directions, or a tie, at
    which both ends choose either direction with probability 1/2. So the chain of any payoffs in the box is a stationary
    policy, possibly randomized, of the problem in which every state orients its own open edges, and its R(s) lies
    between the optimal values. These are attained by deterministic policies which orient each edge alike at both ends:
    x wants the step to y likely when h(y) > h(x), y wants the step to x likely when h(x) > h(y), and edges of the
    target lead away from it or towards it for both, since h = 0 there. Smaller intervals leave fewer edges open, so
    there are fewer policies, and the range shrinks.

    Checked by: RU-T2 for the interval, P6 for Kac's lemma, RU-T1 and P7 for the extremes, RU-T3 for ends that no
    payoffs attain, RU-T4 for smaller intervals.

    Examples
    --------
    >>> mass_interval(4.0, 2.0)
    (0.25, 0.5)
    """
    return 1 / longest, 1 / shortest


def certain_directions(lower: ArrayLike, upper: ArrayLike) -> np.ndarray:
    r"""Tell who takes over whom in a single population, for all tables between two (statement RU-T5).

    Parameters
    ----------
    lower, upper : array of shape (n, n)
        Intervals on M(r, s), the payoff of r against s. Fractions are compared exactly.

    Returns
    -------
    int8 array of shape (n, n)
        +1 where the row is certainly better against the column than the column against it, -1 where it is certainly
        worse, and 0 where this is open, and on the diagonal.

    Raises
    ------
    ValueError
        If the tables are not square and of one shape.

    Proof
    -----
    Assumes: the table M lies between `lower` and `upper` (hypothesis of RU-T5), epsilon is in (0, 1/2) (argument check
    of `ranking_intervals`), and policy iteration finds the extremes over all directions of the open pairs (RU-T1).

    Proof: of the n - 1 others s tries each equally often, and r takes over with probability 1 - epsilon, 1/2 or epsilon
    as M(r, s) is above, equal to or below M(s, r). Where lower(r, s) > upper(s, r) it is above for every table in the
    box, so the direction is +1. Where neither of the two intervals lies above the other, M chooses one of two
    directions or a tie, which is both at random; so the chain of every table in the box is a stationary policy,
    possibly randomized, of the problem of `mass_interval` on the complete graph, and its masses lie between the ends.
    Conversely M(r, s) and M(s, r) belong to no other pair. If their intervals share more than a point, one end of each
    orders them one way and the other ends order them the other way, whatever the other pairs do. So every choice of
    directions is made by some corner of the box, and both ends of every mass are attained. Intervals that share a
    single point are open, although only one direction and the tie are possible there. Win rates, with M(s, r) = 1 -
    M(r, s), are such corners, and their pair is open where the interval of M(r, s) holds 1/2.

    Checked by: RU-T5, for the masses and for the corners that attain them.

    Examples
    --------
    >>> certain_directions([[0.5, 0.6], [0.1, 0.5]], [[0.5, 0.9], [0.4, 0.5]]).tolist()
    [[0, 1], [-1, 0]]
    """
    low, high = table("lower", lower, shape=("n", "n")), table("upper", upper, shape=("n", "n"))
    if low.shape != high.shape or len(low) != low.shape[1]:
        raise must("upper", "square and of the shape of `lower`", (low.shape, high.shape))
    above = np.asarray(low > high.T, dtype=np.int8)
    np.fill_diagonal(above, 0)
    return above - above.T
