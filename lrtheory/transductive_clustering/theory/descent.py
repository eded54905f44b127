r"""The bound optimizer: what a step takes off the energy at least, and weights with which it never rises.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from lrtheory._numbers import formula
from lrtheory._types import Number, Numbers

__all__ = ["descent_bound", "largest_monotone_lam"]


@formula(
    lam="[0, inf)", temperature="(0, inf)", squared_step="[0, inf)", smallest_eigenvalue="(-inf, inf)", damping="(0, 1]"
)
def descent_bound(
    squared_step: Numbers, *, smallest_eigenvalue: Number, lam: Number, temperature: Number, damping: Number = 1
) -> Numbers:
    r"""Return a lower bound on the decrease of the energy in one step (statement TC-T5).

    Parameters
    ----------
    squared_step : number or array of any shape
        \|S(Z) - Z\|_F^2, the whole step.
    smallest_eigenvalue : number
        lambda_min of the free block of W, or a number below it.
    lam, temperature : number
        lambda and T.
    damping : number
        t, the share of the step that is taken.

    Returns
    -------
    number or array of the same shape
        (t T + (lambda / 2) t^2 lambda_min) \|S(Z) - Z\|^2 <= R(Z) - R(Z + t (S(Z) - Z)).

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller. The ranges of lambda, T and the damping t are checked.

    Proof: For a whole step TC-T3 gives the fall T KL(Z || S(Z)) + (lambda / 2) tr(Delta' W Delta), with
    KL >= \|Delta\|^2 by TC-T4 and tr(Delta' W Delta) >= lambda_min \|Delta\|^2. For a part of a step, the
    bound A_i is convex, so A_i(Z) - A_i(Z + t Delta) >= t (A_i(Z) - A_i(S(Z))) = t T KL(Z || S(Z)), and A_i lies
    (lambda / 2) t^2 tr(Delta' W Delta) above R_T at Z + t Delta by TC-T1.

    Checked by: TC-T5 and TC-T5-damped.

    Examples
    --------
    >>> descent_bound(1.0, smallest_eigenvalue=-1, lam=3, temperature=1.0)
    -0.5
    """
    return damping * (temperature + lam * damping * smallest_eigenvalue / 2) * squared_step


@formula(smallest_eigenvalue="(-inf, 0)", temperature="(0, inf)")
def largest_monotone_lam(smallest_eigenvalue: Number, *, temperature: Number) -> Number:
    r"""The largest weight for which whole steps never raise the energy (statement TC-T5).

    Parameters
    ----------
    smallest_eigenvalue : number
        lambda_min of W.
    temperature : number
        T.

    Returns
    -------
    number
        2 T / \|lambda_min\|.

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller.

    Proof: T + (lambda / 2) lambda_min >= 0 in `descent_bound` is lambda <= 2 T / \|lambda_min\|. No larger weight
    would do for all problems: on two points with lambda_min = -1 the energy rises for every lambda above 2 T from
    starts near the uniform point, see `two_point_threshold`.

    Checked by: TC-T5, and TC-N1 for the two points.

    Examples
    --------
    >>> largest_monotone_lam(-4, temperature=2)
    1.0
    """
    least = smallest_eigenvalue
    return 2 * temperature / -least
