"""The statistics of random claims: e-values that may be looked at as often as one likes, and exact intervals.

An e-process E against a null hypothesis is non-negative and has mean at most 1 at every stopping time while the null is
true, so P(E ever reaches 1/alpha) <= alpha (Ville's inequality): a check may stop as soon as it has decided. All
functions return natural logarithms.

References
----------
V. Vovk, R. Wang, *E-values: calibration, combination and applications*, Ann. Statist. 49, 2021.
I. Waudby-Smith, A. Ramdas, *Estimating means of bounded random variables by betting*, JRSS B 86, 2024.
C. Clopper, E. Pearson, *The use of confidence or fiducial limits illustrated in the case of the binomial*, 1934.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, betaincinv, betaln, gammaln

__all__ = [
    "clopper_pearson",
    "log_dirichlet",
    "log_failures_above",
    "log_failures_below",
    "log_wealth_above",
    "log_wealth_unbounded",
    "median_interval",
    "slope_interval",
    "upper_rate",
]


def _log_mixture(failures: int, runs: int, delta: float, tail: object) -> float:
    """Likelihood ratio of a Beta(1/2, 1/2) mixture, cut to one side of delta, to the rate delta."""
    a, b = 0.5 + failures, 0.5 + runs - failures
    with np.errstate(divide="ignore"):
        mixture = betaln(a, b) + np.log(tail(a, b, delta)) - betaln(0.5, 0.5) - np.log(tail(0.5, 0.5, delta))  # type: ignore[operator]
    return float(mixture - failures * np.log(delta) - (runs - failures) * np.log1p(-delta))


def log_failures_above(failures: int, runs: int, delta: float) -> float:
    """Evidence against P(failure) <= delta.

    For every q > delta the factor p q/delta + (1-p)(1-q)/(1-delta) increases in p and is 1 at p = delta; the mixture
    over q in (delta, 1) is therefore a supermartingale for each p <= delta.
    """
    return _log_mixture(failures, runs, delta, betaincc)


def log_failures_below(failures: int, runs: int, delta: float) -> float:
    """Evidence against P(failure) >= delta, by the same argument with q in (0, delta)."""
    return _log_mixture(failures, runs, delta, betainc)


def upper_rate(failures: int, runs: int, alpha: float) -> float:
    """The largest rate that the e-process of `log_failures_below` has not rejected at level alpha, at any look."""
    if failures == runs:
        return 1.0
    goal, low, high = -np.log(alpha), failures / runs, 1.0
    for _ in range(60):  # the evidence against P >= q grows with q above the observed rate
        middle = (low + high) / 2
        if log_failures_below(failures, runs, middle) >= goal:
            high = middle
        else:
            low = middle
    return high


def log_wealth_above(x: np.ndarray, mean: float) -> np.ndarray:
    """Log wealth of a bettor against E x <= mean for x in [0, 1], after each observation.

    The stake of step t is chosen from x[:t] alone (plug-in mean over second moment, at most 0.9/mean), so the wealth
    prod(1 + stake (x - mean)) is a non-negative supermartingale under the null.
    """
    if mean < 0:  # no x >= 0 has such a mean, so the null is excluded before the first observation
        return np.full(len(x), np.inf)
    if mean == 0:  # the null allows only x = 0 almost surely, and one other observation excludes it
        return np.cumsum(np.where(x > 0, np.inf, 0.0))
    if mean >= 1:  # the null excludes nothing
        return np.zeros(len(x))
    guess, spread = _running_moments(x, mean)
    stake = np.clip((guess - mean) / (spread + (guess - mean) ** 2), 0.0, 0.9 / mean)
    return np.cumsum(np.log1p(stake * (x - mean)))


def log_wealth_unbounded(x: np.ndarray, mean: float) -> np.ndarray:
    """Log wealth against E x <= mean for x >= 0 without an upper end: stakes in [0, 1) on x/mean - 1."""
    if mean < 0:  # as in `log_wealth_above`
        return np.full(len(x), np.inf)
    if mean == 0:
        return np.cumsum(np.where(x > 0, np.inf, 0.0))
    ratio = x / mean
    guess, spread = _running_moments(ratio, 1.0)
    stake = np.clip((guess - 1.0) / (spread + (guess - 1.0) ** 2), 0.0, 0.9)
    return np.cumsum(np.log1p(stake * (ratio - 1.0)))


def _running_moments(x: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of x[:t] for each t, with one prior observation each (`prior` and 1/4)."""
    count = np.arange(1, len(x) + 1)
    mean = (prior + np.concatenate(([0.0], np.cumsum(x)[:-1]))) / count
    variance = (0.25 + np.concatenate(([0.0], np.cumsum((x - mean) ** 2)[:-1]))) / count
    return mean, variance


def log_dirichlet(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """Evidence against a stated discrete law: the Dirichlet(1/2, ..., 1/2) mixture over the stated probabilities."""
    impossible = probabilities <= 0
    if counts[impossible].any():
        return float("inf")
    counts, probabilities = counts[~impossible], probabilities[~impossible]
    k, n = len(counts), counts.sum()
    mixture = gammaln(k / 2) - gammaln(k / 2 + n) + (gammaln(counts + 0.5) - gammaln(0.5)).sum()
    return float(mixture - (counts * np.log(probabilities)).sum())


def clopper_pearson(successes: np.ndarray, runs: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Exact two-sided confidence limits of a binomial rate, each side at level/2."""
    successes = np.asarray(successes, float)
    with np.errstate(invalid="ignore"):
        low = np.where(successes > 0, betaincinv(successes, runs - successes + 1, level / 2), 0.0)
        high = np.where(successes < runs, betaincinv(successes + 1, runs - successes, 1 - level / 2), 1.0)
    return low, high


def median_interval(x: np.ndarray, level: float) -> tuple[float, float]:
    """Distribution-free confidence interval of the median: order statistics whose ranks have binomial tails level/2.

    P(x_(r) > median) <= P(Bin(n, 1/2) < r) = I_{1/2}(n - r + 1, r). (-inf, inf) while n is too small for the level.
    """
    n = len(x)
    ranks = np.arange(1, n + 1)
    allowed = ranks[betainc(n - ranks + 1, ranks, 0.5) <= level / 2]
    if allowed.size == 0:
        return -np.inf, np.inf
    ordered = np.sort(x)
    return float(ordered[allowed[-1] - 1]), float(ordered[n - allowed[-1]])


def slope_interval(log_size: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """Range of the least-squares slope while each ordinate moves in its own interval [low, high]."""
    centered = log_size - log_size.mean()
    weights = centered / (centered @ centered)
    ends = np.stack([weights * low, weights * high])
    return float(ends.min(0).sum()), float(ends.max(0).sum())
