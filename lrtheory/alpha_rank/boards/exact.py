"""Exact p values of "i is above j": bounds first, and the whole law for pairs that these leave open."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import kernel
from lrtheory.alpha_rank.boards.battles import Results
from lrtheory.alpha_rank.boards.strata import common, sum_law

__all__ = ["direct_tails", "exact_p_values", "is_far", "workspace_of"]

#: chances below it are cut off at both ends of a law, and added to the p value
CUT = 1e-14
#: a pair is left with its bound where z is below this share of the normal quantile of the level, or below the quantile
#: by this much where the sum has a variance of so many wins
SHARE, MARGIN, LARGE = 0.8, 0.15, 25.0
#: largest chance of a value of a sum of independent coins, times the standard deviation
LARGEST = 0.4689


def exact_p_values(results: Results, n: int, levels: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """Compute p values of "i is above j" for all pairs.

    Parameters
    ----------
    results : Results
        The battles.
    n : int
        Number of models.
    levels : pair of float
        The smallest and the largest level at which p values are compared. A p value that a bound shows to be at most
        the smallest is replaced by this bound, and so is one that is far above the largest.

    Returns
    -------
    float64 array of shape (n, n)
        p values of the row being above the column, never below the exact ones but for rounding; 1 on the diagonal.
    """
    from scipy import special  # here, so that importing the system stays quick

    least, most = levels
    quantiles = special.ndtri(1 - least), special.ndtri(1 - most) if most < 0.5 else -math.inf
    return np.asarray(_p_values(results, n, levels, quantiles, workspace_of(results)))


def workspace_of(results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Arrays that kernels write into: strata that two models share, and laws."""
    width = 2 * int(np.diff(results.heads[results.starts]).max()) + 3
    return np.zeros((int(np.diff(results.starts).max()) + 1, 8), np.int64), np.zeros((5, width))


@kernel
def _p_values(log, n, levels, quantiles, workspace):
    strata, laws = workspace
    p = np.ones((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            found, decided, won = common(log, i, j, strata)
            unit = 1
            for s in range(found):
                if strata[s, 3] > 0:
                    unit = 2
            score, mean, variance = moments(strata, found, decided, won, unit)
            if variance <= 0.0:
                continue
            if quantiles[1] > -math.inf:
                above, below = (i, j) if score > mean else (j, i)
                z = abs(score - mean) / math.sqrt(variance)
                bound = p[above, below] = with_replacement(strata, found, decided, unit, score, mean)
                if bound <= levels[0] or is_far(z, quantiles[1], variance, unit):
                    continue
                bound = p[above, below] = min(
                    bound, chernoff(strata, found, decided, unit, score, mean, variance, laws)
                )
                if bound <= levels[0] or (bound <= levels[1] and is_far(z, quantiles[0], variance, unit)):
                    continue
            # both tails from one law
            p[i, j], p[j, i] = tails(strata, found, decided, unit, score, laws)
    return p


@kernel
def is_far(z, quantile, variance, unit):
    """Whether a standardized sum is so far below a quantile that its law is not worth computing."""
    return z < (quantile - MARGIN if variance >= LARGE * unit * unit else SHARE * quantile)


@kernel
def moments(strata, found, decided, won, unit):
    """Return the score of i, and its mean and variance under exchange."""
    score, mean, variance = float(unit * won), 0.5 * unit * decided, 0.25 * unit * unit * decided
    for s in range(found):
        drawn, size = strata[s, 0], strata[s, 0] + strata[s, 1]
        total = unit * strata[s, 2] + strata[s, 3]
        squares = unit * unit * strata[s, 2] + strata[s, 3]
        middle = total / size
        score += unit * strata[s, 4] + strata[s, 5]
        mean += drawn * middle
        variance += drawn * (size - drawn) * max(0.0, squares / size - middle * middle) / (size - 1.0)
    return score, mean, variance


@kernel
def with_replacement(strata, found, decided, unit, score, mean):
    """Bound the chance of a sum at least as far from its mean as if results were drawn with replacement.

    This makes an exponential moment larger. The smaller side of each stratum is drawn, the other one is what is left.
    """
    variance = 0.25 * unit * unit * decided
    for s in range(found):
        drawn, size = min(strata[s, 0], strata[s, 1]), strata[s, 0] + strata[s, 1]
        middle = (unit * strata[s, 2] + strata[s, 3]) / size
        variance += drawn * max(0.0, (unit * unit * strata[s, 2] + strata[s, 3]) / size - middle * middle)
    # any rate gives a bound; exp of a larger one would overflow with `unit` 2
    rate = max(-300.0, min(300.0, (score - mean) / variance))
    win, tie, loss, draw = math.exp(rate * unit), math.exp(rate), math.exp(-rate * unit), math.exp(-rate)
    log_moment = decided * log_mean(rate * unit / 2)
    for s in range(found):
        size, wins, ties = strata[s, 0] + strata[s, 1], strata[s, 2], strata[s, 3]
        middle = (unit * wins + ties) / size
        # drawing what is left turns the sign of every result around its mean
        if strata[s, 0] <= strata[s, 1]:
            moment = math.log((size - wins - ties + ties * tie + wins * win) / size) - rate * middle
        else:
            moment = math.log((size - wins - ties + ties * draw + wins * loss) / size) + rate * middle
        log_moment += min(strata[s, 0], strata[s, 1]) * moment
    return math.exp(min(0.0, log_moment - rate * (score - mean)))


@kernel
def chernoff(strata, found, decided, unit, score, mean, variance, laws):
    r"""Bound the chance of a sum at least as far from its mean, on the side where it is, by its exponential moment.

    Without ties the bound is sharpened. A hypergeometric law is that of a sum of independent coins with unequal chances
    (its generating function has real roots alone), also when it is tilted by a rate. No value of such a sum has a
    chance above 0.4689 over the standard deviation (Baillon, Cominetti and Vaisman, arXiv:0806.2350). So the part of
    the moment that lies beyond the score is at most this chance times the geometric sum 1 / (1 - exp(-abs(rate))).
    """
    largest = 1
    for s in range(found):
        largest = max(largest, unit * strata[s, 0])
    # near the best rate for a sum with this variance; any rate gives a bound, and this one no number that overflows
    rate = max(-600.0 / largest, min(600.0 / largest, (score - mean) / variance))
    factor = math.exp(rate)
    log_moment = decided * log_mean(rate * unit / 2)
    tilted = decided * factor / (1.0 + factor) ** 2
    for s in range(found):
        drawn, size, wins, ties = strata[s, 0], strata[s, 0] + strata[s, 1], strata[s, 2], strata[s, 3]
        low, length = sum_law(drawn, size, wins, ties, unit, laws[0], laws[1], laws[2])
        total = first = second = 0.0
        weight = 1.0
        for x in range(length):
            chance = laws[0, x] * weight
            total += chance
            first += x * chance
            second += x * x * chance
            weight *= factor
        first /= total
        tilted += max(0.0, second / total - first * first)
        log_moment += math.log(total) + rate * (low - drawn * (unit * wins + ties) / size)
    sharper = 0.0
    if unit == 1 and rate != 0.0 and tilted > 0.0:
        sharper = min(0.0, math.log(LARGEST) - 0.5 * math.log(tilted) - math.log(-math.expm1(-abs(rate))))
    return math.exp(min(0.0, log_moment + sharper - rate * (score - mean)))


@kernel
def log_mean(x):
    """The logarithm of cosh(x), without overflow."""
    return abs(x) + math.log1p(math.exp(-2.0 * abs(x))) - math.log(2.0)


@kernel
def tails(strata, found, decided, unit, score, laws):
    """Return the chances that the sum is at least, and at most, the score."""
    now, then = laws[3], laws[4]
    low, length, cut = 0, 1, 0.0
    now[0] = 1.0
    for s in range(found + 1):
        if s == found:
            if decided == 0:
                break
            lowest, n_new = coins(decided, unit, laws[0])
        else:
            drawn, size = strata[s, 0], strata[s, 0] + strata[s, 1]
            lowest, n_new = sum_law(drawn, size, strata[s, 2], strata[s, 3], unit, laws[0], laws[1], laws[2])
        for x in range(length + n_new - 1):
            then[x] = 0.0
        for y in range(n_new):
            chance = laws[0, y]
            if chance > 0.0:
                for x in range(length):
                    then[x + y] += chance * now[x]
        first, last = 0, length + n_new - 2
        # tails that change no printed digit are cut, or lengths would grow with every stratum; `cut` keeps what they
        # had
        while first < last and then[first] < CUT:
            cut += then[first]
            first += 1
        while last > first and then[last] < CUT:
            cut += then[last]
            last -= 1
        low, length = low + lowest + first, last - first + 1
        for x in range(length):
            now[x] = then[first + x]
    least = most = cut
    for x in range(length):
        if low + x >= score:
            least += now[x]
        if low + x <= score:
            most += now[x]
    return min(1.0, least), min(1.0, most)


@kernel
def coins(n, unit, law):
    """Fill `law` with the chances of the heads of n fair coins, `unit` each; return the lowest sum and the length."""
    mode = n // 2
    low = mode
    weight = 1.0
    while low > 0 and weight >= 1e-18:
        weight *= low / (n - low + 1.0)
        low -= 1
    high = n - low
    # from the mode outwards and divided by the sum: no factorial, and no number leaves the range
    law[(mode - low) * unit] = total = weight = 1.0
    for x in range(mode, low, -1):
        weight *= x / (n - x + 1.0)
        law[(x - 1 - low) * unit] = weight
        total += weight
    weight = 1.0
    for x in range(mode, high):
        weight *= (n - x) / (x + 1.0)
        law[(x + 1 - low) * unit] = weight
        total += weight
    length = (high - low) * unit + 1
    for x in range(length):
        law[x] = law[x] / total if x % unit == 0 else 0.0
    return low * unit, length


def direct_tails(wins: np.ndarray) -> np.ndarray:
    """Compute the chance that a fair coin shows as many heads as direct wins of the row over the column, or more.

    Parameters
    ----------
    wins : int64 array of shape (n, n)
        Decided battles that the row won against the column.

    Returns
    -------
    float64 array of shape (n, n)
        1 where there are none.
    """
    from scipy import special

    losses = wins.T
    return np.where(wins == 0, 1.0, special.betainc(np.maximum(wins, 1), losses + 1.0, 0.5))
