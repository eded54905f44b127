r"""Bounds that lead from a relative error eta of the entries of exp to errors of the rows of attention, and back.

Part of `theory`, where users find these functions. The rows are divided by their own sums, f = A / (A 1), so a factor
common to a row has no effect.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number, plain

__all__ = ["entry_error", "relative_error_for", "tilt_bound"]


def tilt_bound(eta: Any) -> Any:
    r"""A bound on how far rows of attention move, summed absolutely, when exp is off by a factor 1 +- eta (LL-E1).

    Parameters
    ----------
    eta : float or ball
        In [0, 1).

    Returns
    -------
    float or ball
        tau(eta) = 2 eta / (1 + sqrt(1 - eta^2)), between eta and 2 eta; no smaller number holds for all rows.

    Raises
    ------
    ValueError
        If `eta` is outside [0, 1).

    Proof
    -----
    f~_j = f_j t_j / sum_i f_i t_i with tilts t_j in [1 - eta, 1 + eta]. For fixed f, sum_j \|f~_j - f_j\| is the
    largest of the linear-fractional functions sum_j s_j (f~_j - f_j) of t, s in {-1, 1}^L, and a linear-fractional
    function on a box is largest at a corner. Let mass mu of f have t = 1 + eta and the rest 1 - eta. Then the mass of
    the first part becomes mu (1 + eta) / D, D = 1 + eta (2 mu - 1), and the distance is 2 (mu (1 + eta) / D - mu) =
    4 eta mu (1 - mu) / D. With x = 2 mu - 1 that is eta (1 - x^2) / (1 + eta x), which is largest where
    eta x^2 + 2 x + eta = 0, x = (sqrt(1 - eta^2) - 1) / eta; there it equals -2 x = 2 eta / (1 + sqrt(1 - eta^2)).
    Two keys with f = (mu, 1 - mu) attain it.

    Examples
    --------
    >>> tilt_bound(0.6)
    0.6666666666666666
    """
    eta = number("eta", eta, 0, 1, ends="[)")
    # 2 (1 - sqrt(1 - eta^2)) / eta without its cancellation for small eta
    return plain(2 * eta / (1 + np.sqrt((1 - eta) * (1 + eta))))


def relative_error_for(epsilon: Any, multiplier: Any) -> Any:
    r"""The relative error of exp under which an error bound tau(eta) times a multiplier is met (statement LL-E9).

    Parameters
    ----------
    epsilon : number
        Target, positive.
    multiplier : number
        The error is at most tau(eta) times this; at least 0.

    Returns
    -------
    number
        eta = tau / (1 + tau^2 / 4) with tau = min(epsilon / multiplier, 1), 4/5 at most; so tau(eta) = tau.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    With eta = sin(x), tau(eta) = 2 sin(x) / (1 + cos(x)) = 2 tan(x / 2), and sin(x) = 2 t / (1 + t^2) for
    t = tan(x / 2) = tau / 2. It increases for tau <= 2.

    Examples
    --------
    >>> relative_error_for(1.0, 1.0), round(tilt_bound(0.8), 12)
    (0.8, 1.0)
    """
    number("epsilon", epsilon, 0, ends="(]")
    number("multiplier", multiplier, 0)
    tau = epsilon / multiplier if epsilon < multiplier else epsilon / epsilon
    return plain(tau / (1 + tau * tau / 4))


def entry_error(eta: Any) -> Any:
    r"""A bound on how far entries of attention move, relative to themselves (statement LL-E1-entry).

    Parameters
    ----------
    eta : number
        In [0, 1).

    Returns
    -------
    number
        2 eta / (1 - eta), approached by an entry of vanishing mass whose tilt is 1 + eta while all others are 1 - eta.

    Raises
    ------
    ValueError
        If `eta` is outside [0, 1).

    Proof
    -----
    f~_j / f_j = t_j / sum_i f_i t_i lies between (1 - eta) / (1 + eta) and (1 + eta) / (1 - eta). The second differs
    from 1 by 2 eta / (1 - eta), the first by 2 eta / (1 + eta), which is less.

    Examples
    --------
    >>> entry_error(0.5)
    2.0
    """
    eta = number("eta", eta, 0, 1, ends="[)")
    return 2 * eta / (1 - eta)
