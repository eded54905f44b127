r"""Factors of the expected update, and the share of groups that have none.

Part of `theory`, where users find these functions. P is the probability of a right answer, and G the number of
independent answers of a group.
"""

from __future__ import annotations

import math
from fractions import Fraction

from lrtheory._numbers import formula
from lrtheory._types import Number
from lrtheory._validation import choice
from lrtheory.policy_gradients.exact.binomials import binomial_mean, divisors

__all__ = ["no_signal_probability", "weight", "weight_bounds"]

NORMS = ("std", "sample", "none", "loo", "mean")


@formula(P="[0, 1]", group_size="[2, inf)", std_offset="[0, inf)")
def weight(P: Number, *, group_size: int, norm: str = "std", std_offset: Number = 0) -> Number:
    r"""Compute the factor a(P) by which the expected update is a multiple of the gradient of P (statement GR-1).

    Parameters
    ----------
    P : number
        P.
    group_size : int
        G.
    norm : {"std", "sample", "none", "loo", "mean"}
        Divisor of the centred rewards, as in `group_advantages`.
    std_offset : number
        Added to a divisor of the norms "std", "sample" and "mean".

    Returns
    -------
    number
        The factor: (G - 1)/G without division, 1 for "loo", (1 - (1 - P)^(G - 1))/P for "mean", and for "std" a number
        from sqrt(G - 1) at both ends down to about 2 at P = 1/2.

    Raises
    ------
    ValueError
        If the norm is none of these.

    Proof
    -----
    Assumes: advantages of rewards of 0 and 1, statement GR-1f.

    Proof: terms of equal numbers s of right answers add up to C(G, s) P^(s-1) (1-P)^(G-s-1) s (G-s) / (G^2 d(s)), where
    d(s) divides the centred rewards. As C(G, s) s (G-s) = G (G-1) C(G-2, s-1), a(P) is (G-1)/G times the mean of
    1/d(1 + J), where J is binomial with G - 2 trials of probability P.

    Examples
    --------
    >>> weight(0.5, group_size=2)
    1.0
    >>> round(weight(0.5, group_size=16), 3)
    1.934
    """
    choice("norm", norm, NORMS)
    if norm == "none":
        return Fraction(group_size - 1, group_size) if isinstance(P, Fraction) else (group_size - 1) / group_size
    if norm == "loo":
        return Fraction(1) if isinstance(P, Fraction) else 1.0
    if norm == "mean" and isinstance(P, Fraction) and not std_offset:
        return (1 - (1 - P) ** (group_size - 1)) / P if P else Fraction(group_size - 1)
    return float(binomial_mean(float(P), divisors(group_size, norm, float(std_offset))))


@formula(P="[0, 1]", group_size="[2, inf)")
def weight_bounds(P: Number, *, group_size: int) -> tuple[Number, float]:
    r"""Bound the factor w(P) of the norm "std" from below and above, without a sum (statement GR-3).

    Parameters
    ----------
    P : number
        P.
    group_size : int
        G.

    Returns
    -------
    tuple of numbers
        2 (G - 1)/G, and the smaller one of sqrt((G - 1)/(G P (1 - P))) and sqrt(G - 1), which w(0) and w(1) are.

    Proof
    -----
    Assumes: statement GR-3, whose bounds on w P (1 - P) are divided by P (1 - P).

    Proof: w(P) is the mean of (G - 1)/sqrt((1 + J)(G - 1 - J)), where J is binomial with G - 2 trials of probability P
    (see `weight`). The product of 1 + J and G - 1 - J, whose sum is G, is at least G - 1 and at most G^2/4, so that no
    value lies above sqrt(G - 1) or below 2 (G - 1)/G; this holds at P = 0 and P = 1 too.

    Examples
    --------
    >>> lower, upper = weight_bounds(0.5, group_size=16)
    >>> lower, round(upper, 3)
    (1.875, 1.936)
    """
    G, spread = group_size, P * (1 - P)
    lower = 2 * Fraction(G - 1, G) if isinstance(P, Fraction) else 2 * (G - 1) / G
    # the first one is the smaller one where G P (1 - P) > 1
    return lower, math.sqrt((G - 1) / max(G * spread, 1))


@formula(P="[0, 1]", group_size="[1, inf)")
def no_signal_probability(P: Number, *, group_size: int) -> Number:
    """Compute the probability that all answers of a group have the same reward of 0 or 1 (statement GR-7).

    Parameters
    ----------
    P : number
        P.
    group_size : int
        G.

    Returns
    -------
    number
        P^G + (1 - P)^G.

    Examples
    --------
    >>> no_signal_probability(0.5, group_size=4)
    0.125
    """
    return P**group_size + (1 - P) ** group_size
