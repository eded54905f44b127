"""The spread of Mallows rankings: their mean distance from the center, and the phi at which it is a given part."""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import exact, formula
from lrtheory._types import Number

__all__ = ["mallows_distance", "mallows_phi"]


@formula(phi="[0, 1]", m="[1, inf)")
def mallows_distance(phi: Number, m: int) -> Number:
    """Mean Kendall distance of a Mallows ranking of m items to its center.

    A ranking is drawn by insertion: item i = 0, ..., m - 1 is inserted d positions before the end of those before it
    with probability proportional to phi^d, d = 0, ..., i. It then stands before d items that the center has before it,
    so that the distance is the sum of the means of these d; this has not the cancellation of the closed form.
    """
    phi = exact(phi)
    powers = np.array([phi**d for d in range(m)])
    means = np.cumsum(powers * np.arange(m)) / np.cumsum(powers)
    total = means.sum()
    return total if means.dtype == object else float(total)


def mallows_phi(normphi: float, m: int) -> float:
    """Find the phi at which the mean distance of Mallows rankings of m items is the part normphi of m (m - 1) / 4.

    The latter is the mean distance of uniform rankings.

    References
    ----------
    .. [1] N. Boehmer et al., Putting a Compass on the Map of Elections, IJCAI 2021.
    """
    wanted = normphi * m * (m - 1) / 4
    if normphi in (0, 1) or m == 1:
        return float(normphi == 1 and m > 1)
    from scipy.optimize import brentq

    return float(brentq(lambda phi: mallows_distance(phi, m) - wanted, 0.0, 1.0, xtol=1e-15))
