r"""Whole runs on directed rings.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

import math

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["ring_threshold"]


@formula(n_clusters="[3, inf)")
def ring_threshold(n_clusters: int) -> Number:
    """The weight from which assignments on a directed ring of K points turn for ever (statement TC-N2).

    Parameters
    ----------
    n_clusters : int
        K = number of points.

    Returns
    -------
    float
        lambda_s at T = 1: the least lambda for which p = 1 / (1 + (K - 1) exp(-lambda (K p - 1) / (K - 1)))
        has a solution above 1/K, which attracts from above; 2.74564 for K = 3.

    Proof
    -----
    Assumes: costs are 0, T = 1, and the start has the share p on the own label and (1 - p) / (K - 1) elsewhere.

    Proof: W shifts the rows, so the update keeps this form, turned by one: p -> 1 / (1 + (K - 1) exp(-lambda (K p - 1)
    / (K - 1))). A fixed p > 1/K of this map is an orbit of period K. Solved for lambda it is lambda(p) = (K - 1)
    log(p (K - 1) / (1 - p)) / (K p - 1), and the threshold is its least value. With w = (K p - 1) / (K - 1) this is
    N(w) / w, N(w) = log(1 + (K - 1) w) - log(1 - w), which is first concave, then convex for K >= 3. So w N' - N, with
    the derivative w N'', falls from 0 and then rises to infinity, and changes its sign once: lambda(p) falls, then
    rises, as the search below needs.

    Checked by: TC-N2.

    Examples
    --------
    >>> round(ring_threshold(3), 5), round(ring_threshold(5), 4)
    (2.74564, 3.5645)
    """
    K = n_clusters

    def weight(p: float) -> float:
        return (K - 1) * math.log(p * (K - 1) / (1 - p)) / (K * p - 1)

    low, high = 1 / K + 1e-6, 1 - 1e-6
    for _ in range(200):  # ternary search: lambda(p) falls, then rises
        third = (high - low) / 3
        if weight(low + third) < weight(high - third):
            high -= third
        else:
            low += third
    return weight((low + high) / 2)
