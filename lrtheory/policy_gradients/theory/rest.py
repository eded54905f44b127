r"""The success at which an update and the pull of a divergence to a reference cancel.

Part of `theory`, where users find this function.
"""

from __future__ import annotations

import math
from fractions import Fraction

from lrtheory._numbers import formula
from lrtheory._types import Number
from lrtheory._validation import choice, must

__all__ = ["stationary_success"]


@formula(P_ref="(0, 1)", lam="(0, inf)", group_size="[2, inf)")
def stationary_success(
    P_ref: Number, *, lam: Number, group_size: int, norm: str = "none", direction: str = "reverse"
) -> float:
    r"""Compute the success at rest where the factor a of the update depends on no P (statement GR-8f).

    Parameters
    ----------
    P_ref : number
        Success of the reference; from 0 or 1 the reverse divergence never lets it go.
    lam : number
        Weight of the divergence.
    group_size : int
        G.
    norm : {"none", "loo"}
        Norm of the advantages: a is (G - 1)/G or 1. `stationary_points` takes the other norms, with all their roots.
    direction : {"reverse", "forward"}
        KL(p \|\| ref), or KL(ref \|\| p).

    Returns
    -------
    float
        The one success probability at rest.

    Raises
    ------
    ValueError
        If `norm` or `direction` is none of these, or doubles do not reach down to `P_ref`.

    Proof
    -----
    Assumes: statement GR-8f; e = a/lam.

    Proof: reverse, logit P = logit P_ref + e, so P = P_ref/(P_ref + (1 - P_ref) exp(-e)). Forward, P = P_ref + e P (1 -
    P), so e P^2 + (1 - e) P - P_ref = 0. This polynomial is -P_ref at 0 and 1 - P_ref at 1, so one root lies in [0, 1],
    the larger one: ((e - 1) + r)/(2 e) = 2 P_ref/((1 - e) + r) with r = sqrt((1 - e)^2 + 4 e P_ref).

    Examples
    --------
    >>> round(stationary_success(1e-4, lam=0.2, group_size=8), 5)
    0.00788
    >>> stationary_success(0.25, lam=1, group_size=2, norm="loo", direction="forward")
    0.5
    """
    choice("norm", norm, ("none", "loo"))
    choice("direction", direction, ("reverse", "forward"))
    gain = Fraction(1) if norm == "loo" else Fraction(group_size - 1, group_size)
    P, pull = float(P_ref), lam if isinstance(lam, Fraction) else Fraction(float(lam))
    if P == 0:
        raise must("P_ref", "at least the smallest double", P_ref)
    if direction == "reverse":
        # the smallest double is exp(-745)
        return P / (P + float(1 - P_ref) * math.exp(-float(min(gain / pull, Fraction(745)))))
    # in Fractions, since 1 - e is small where the pull is about as strong as the update
    if gain <= pull:
        e = float(gain / pull)
        rest = float(1 - gain / pull)
        return 2 * P / (rest + math.sqrt(rest * rest + 4 * e * P))
    d = float(pull / gain)
    rest = float(1 - pull / gain)
    return (rest + math.sqrt(rest * rest + 4 * d * P)) / 2
