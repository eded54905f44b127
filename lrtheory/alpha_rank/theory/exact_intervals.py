r"""Clopper-Pearson intervals: exact confidence for the probability behind x successes in n trials.

.. math:: \left[ B^{-1}(\delta/2;\, x,\, n-x+1),\; B^{-1}(1-\delta/2;\, x+1,\, n-x) \right],

B^{-1} the quantile of the beta distribution; the lower end is 0 at x = 0 and the upper end 1 at x = n [1]_.

References
----------
.. [1] C. Clopper, E. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
   Biometrika 26, 1934.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers import entries, inexact
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = ["anytime_level", "clopper_pearson"]


def clopper_pearson(
    successes: Number | ArrayLike, n: Number | ArrayLike, delta: Number | ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    r"""Compute confidence intervals for the probabilities behind counts of successes.

    Parameters
    ----------
    successes : int, or array of int of any shape
        x, from 0 to n.
    n : int, or array of int of a shape that fits `successes`
        Trials; without trials the interval is [0, 1].
    delta : float, or array of float of a shape that fits `successes`
        Probability to miss, in (0, 1), half of it on each side.

    Returns
    -------
    lower, upper : float64 array of the common shape of `successes` and `n`
        The ends of the intervals.

    Raises
    ------
    ValueError
        If a count is not a whole number or is out of range, or the shapes do not fit.

    Proof
    -----
    Assumes: the trials are independent with one success probability (the caller). Whole numbers with x <= n are checked
    here.

    Proof: P(X >= x) under success probability p is I_p(x, n - x + 1), I the regularized incomplete beta function, and
    increases in p. The lower end l(x) is where it equals delta / 2. So p < l(X) means that X is one of the values whose
    upper tail under p is below delta / 2; these values are an upper tail themselves, so they have probability below
    delta / 2. The upper end is one minus the lower end for the n - x failures. Hoeffding's inequality bounds both tails
    from above by delta / 2 at its own ends, so the interval lies inside Hoeffding's.

    Checked by: RG-T5 for the ends and the tails, RG-T1-exact for all means at all times.

    Examples
    --------
    >>> lower, upper = clopper_pearson([0, 5], 10, 0.05)
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.0, 0.1871], [0.3085, 0.8129])
    """
    from scipy import special  # here, so that importing the system stays quick

    x, trials = (np.asarray(entries(*given, 0), np.float64) for given in (("successes", successes), ("n", n)))
    try:
        x, trials = np.broadcast_arrays(x, trials)
    except ValueError as error:
        raise must("n", f"of a shape that fits that of `successes`, {x.shape}", trials.shape) from error
    share = inexact(entries("delta", delta, 0, 1, ends="()"))
    try:
        np.broadcast_shapes(x.shape, np.shape(share))
    except ValueError as error:
        raise must("delta", f"of a shape that fits that of the counts, {x.shape}", np.shape(share)) from error
    if (x > trials).any() or (x != np.floor(x)).any() or (trials != np.floor(trials)).any():
        raise must("successes", "whole numbers of at most `n`", successes)
    inner = np.where(x == trials, 0, x)  # at x = n the formula has no meaning and is not used; 0 is safe
    lower = np.where(x == 0, 0.0, special.betaincinv(np.maximum(x, 1), trials - np.minimum(x, trials) + 1, share / 2))
    upper = np.where(x == trials, 1.0, special.betainccinv(inner + 1, np.maximum(trials - inner, 1), share / 2))
    return lower, upper


def anytime_level(delta: float, n: np.ndarray) -> np.ndarray:
    """Share a probability to miss among all numbers of trials, for intervals that hold at all of them (RG-T1).

    At n trials it is 6 / (pi^2 n^2) of `delta`, as the sum of 1 / n^2 is pi^2 / 6; the result has the shape of `n`.
    """
    return delta * 6 / (math.pi * np.maximum(n, 1)) ** 2
