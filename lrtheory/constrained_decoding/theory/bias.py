r"""Distance of masked sampling from the model given the catalogue.

Part of `theory`, where users find these functions. W(x) is the product of the allowed masses along an item x, A and B
its smallest and largest value over the catalogue, and P the model's probability of the catalogue.
"""

from __future__ import annotations

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["tv_bound"]


@formula(smallest="(0, largest]", largest="(0, 1]", mass="[smallest, largest]")
def tv_bound(smallest: Number, largest: Number, *, mass: Number) -> Number:
    r"""Bound the total variation distance of masked sampling from the model given the catalogue (statement ST-4t).

    Parameters
    ----------
    smallest, largest : number
        A and B.
    mass : number
        P.

    Returns
    -------
    number
        (B - P)(P - A) / ((B - A) P), and 0 where A = B.

    Proof
    -----
    Assumes: A <= W <= B on the catalogue, all of whose items have a probability.

    Proof: masked sampling draws x with probability q(x) = p(x) / W(x), and E_q W = P. The distance is
    (1/2) E_q \|1 - W/P\|. As w -> \|w - P\| is convex, its mean over laws on [A, B] with mean P is largest for a law on
    both ends, where it is 2 (B - P)(P - A) / (B - A). Divide by 2 P.

    Examples
    --------
    >>> tv_bound(0.25, 1, mass=0.5)
    0.3333333333333333
    """
    if smallest == largest:
        return 0
    return (largest - mass) * (mass - smallest) / ((largest - smallest) * mass)
