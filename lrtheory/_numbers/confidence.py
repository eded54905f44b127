r"""Exact confidence without a model: of a probability, of a mean of values in [0, 1], and of a sign.

Clopper-Pearson intervals [1]_ are those of the probability behind x successes in n trials,

.. math:: \left[ B^{-1}(\delta/2;\, x,\, n-x+1),\; B^{-1}(1-\delta/2;\, x+1,\, n-x) \right],

B^{-1} the quantile of the beta distribution; the lower end is 0 at x = 0 and the upper end 1 at x = n. The interval of
a mean comes from bets against it [2]_.

References
----------
.. [1] C. Clopper, E. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
   Biometrika 26, 1934.
.. [2] I. Waudby-Smith, A. Ramdas, Estimating means of bounded random variables by betting, JRSS B 86, 2024.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers.checks import entries, inexact
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must, open_interval

__all__ = ["clopper_pearson", "mean_interval", "sign_test"]


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


def mean_interval(values: ArrayLike, delta: float, *, counts: ArrayLike | None = None) -> tuple[float, float]:
    r"""Compute an interval for the mean of the law of independent values in [0, 1], by bets.

    The interval does not depend on the order of the values, and it is narrow where their variance is small.

    Parameters
    ----------
    values : array of shape (n,)
        Independent draws of one law on [0, 1]; without draws the interval is [0, 1].
    delta : float
        Probability to miss, in (0, 1), half of it on each side.
    counts : array of int of shape (n,), optional
        Number of draws that had each value, at least 1; all 1 if not given.

    Returns
    -------
    lower, upper : float
        The ends of the interval.

    Raises
    ------
    ValueError
        If a value is NaN or outside of [0, 1], a count is below 1 or not whole, or `delta` is out of range.

    Proof
    -----
    Assumes: the values are independent with one law on [0, 1] (the caller). Their range is checked here.

    Proof: let mu be the mean of the law, and 0 < b <= 1. A bettor against the mean m who stakes the share b of the
    capital on x / m has the capital W_b(m) = prod_i (1 - b + b x_i / m), which is not negative. At m = mu each factor
    has mean 1, and so has the product by independence, and so has the average W of W_b over the shares b = 1, 1/2, 1/4,
    ... that are at least 1/n. By Markov's inequality, W(mu) >= 2 / delta has probability at most delta / 2. W decreases
    in m, so the m with W(m) >= 2 / delta lie below one end, and the lower end of the interval is the largest of them
    that bisection finds. The upper end is one minus the lower end of 1 - x.

    Examples
    --------
    >>> lower, upper = mean_interval([0.5] * 100, 0.05)
    >>> round(lower, 3), round(upper, 3)
    (0.473, 0.527)
    """
    found = array("values", values, shape=(None,), low=0.0, high=1.0).astype(np.float64)
    risk = open_interval("delta", delta, 0, 1)
    if not found.size:
        return 0.0, 1.0
    distinct, place, times = np.unique(found, return_inverse=True, return_counts=True)
    if counts is not None:
        draws = array("counts", counts, shape=found.shape, low=1.0)
        if (draws % 1 != 0).any():
            raise must("counts", "whole numbers", float(draws[draws % 1 != 0][0]))
        times = np.bincount(place, draws)
    return _lower_mean(distinct, times, risk / 2), 1.0 - _lower_mean(1.0 - distinct, times, risk / 2)


def _lower_mean(values: np.ndarray, counts: np.ndarray, risk: float) -> float:
    """The largest mean, up to bisection, that bets reject at this risk."""
    shares = 0.5 ** np.arange(math.floor(math.log2(counts.sum())) + 1)
    goal = math.log(len(shares) / risk)

    def is_rejected(mean: float) -> bool:
        wealth = counts @ np.log1p(shares * (values[:, None] / mean - 1.0))
        return bool(np.logaddexp.reduce(wealth) >= goal)

    low, high = 0.0, 1.0
    with np.errstate(divide="ignore"):  # a bettor of everything loses all at a value of 0
        for _ in range(60):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if is_rejected(middle) else (low, middle)
    return low


def sign_test(wins: int, losses: int) -> float:
    r"""Compute how likely a fair coin is to fall as unevenly as wins and losses do, or more so.

    Parameters
    ----------
    wins : int
        Pairs in which the first one is the better, at least 0; ties count neither way.
    losses : int
        Pairs in which it is the worse, at least 0.

    Returns
    -------
    float
        min(1, 2 P(X >= max(wins, losses))) with X the heads of wins + losses fair coins: the p-value of both sides.

    Raises
    ------
    TypeError
        If `wins` or `losses` is not an integer.
    ValueError
        If a count is negative.

    Examples
    --------
    >>> sign_test(5, 0)
    0.0625
    """
    from scipy import special  # here, so that importing a system stays quick

    most, least = (pick(integer("wins", wins, low=0), integer("losses", losses, low=0)) for pick in (max, min))
    if most == least:
        return 1.0
    return min(1.0, 2.0 * float(special.betainc(most, least + 1, 0.5)))
