r"""The number of samples that a rare answer pays for, and the penalty that lifts it.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers import formula
from lrtheory._types import Number
from lrtheory._validation import must

__all__ = ["best_n", "unlikeliness_threshold"]


@formula(p="(0, 1)", uplift="(0, inf)")
def best_n(p: Number, *, uplift: Number) -> float:
    """Compute the real N at which pass@N gains most from an answer that becomes likelier (statement GR-11).

    Parameters
    ----------
    p : number
        Probability of the answer.
    uplift : number
        e, where p grows to (1 + e) p, which is below 1.

    Returns
    -------
    float
        N; the best integer is one of its two neighbours.

    Raises
    ------
    ValueError
        If (1 + e) p is not below 1.

    Proof
    -----
    Assumes: 0 < p < (1 + e) p < 1.

    Proof: with a = log(1 - p) > b = log(1 - (1 + e) p), the gain exp(a N) - exp(b N) has the derivative a exp(a N) - b
    exp(b N), which is positive for N below log(a / b) / (b - a) and negative above it. With d = b - a = log(1 - e p /
    (1 - p)) that is log(1 + d / a) / (-d), which keeps its digits where e is small, and goes to -1 / a with d.

    Examples
    --------
    >>> round(best_n(1 / 128, uplift=0.1), 2)
    121.5
    """
    if (1 + uplift) * p >= 1:
        raise must("uplift", f"below 1/p - 1 = {1 / float(p) - 1:.6g}", uplift)
    a, d = math.log1p(-p), math.log1p(-uplift * p / (1 - p))
    return math.log1p(d / a) / -d if d else -1 / a


@formula(p="k in [0, 1]", correct="k in [0, 1]", likely="[0, inf)", rare="[0, inf)", group_size="[2, inf)")
def unlikeliness_threshold(p: np.ndarray, correct: np.ndarray, *, likely: int, rare: int, group_size: int) -> Number:
    r"""Compute the strength of the unlikeliness penalty from which a rare right answer gains on a likely one.

    Parameters
    ----------
    p : array of shape (k,)
        Law of the answers.
    correct : array of shape (k,)
        1 for right answers, 0 for wrong ones.
    likely, rare : int
        Places of two right answers, the likelier one first.
    group_size : int
        Answers of a group.

    Returns
    -------
    number
        Strength at which the difference of both updates is 0, for the norms "none" and "loo".

    Raises
    ------
    ValueError
        If one of the answers is wrong or is none of `p`, `rare` is not the rarer one, `p` does not sum to 1, or
        `correct` holds another number than 0 and 1.

    Proof
    -----
    Assumes: statement GR-5.

    Proof: the update is linear in the strength beta, and so is the difference of two of its entries: it is d_0 at 0 and
    d_1 at 1, and 0 at d_0 / (d_0 - d_1).

    Examples
    --------
    >>> round(float(unlikeliness_threshold([0.4, 0.15, 0.05, 0.4], [1, 1, 1, 0], likely=0, rare=2, group_size=16)), 3)
    0.993
    """
    if max(likely, rare) >= len(p):
        raise must("rare", f"a place below {len(p)}, as `likely`", max(likely, rare))
    if abs(sum(p) - 1) > 1e-9:
        raise must("p", "a law, which sums to 1", sum(p))
    if any(one not in (0, 1) for one in correct):
        raise must("correct", "0 or 1 for each answer", correct)
    if not (correct[likely] and correct[rare] and p[likely] > p[rare] > 0):
        raise must("rare", "a right answer of smaller, positive probability than the right answer `likely`", rare)
    n, places = group_size, range(len(p))
    above = lambda j, k: 2 * (p[k] < p[j]) + (p[k] == p[j])  # twice the chance to rank higher, half of it for ties
    F = [sum(p[k] * above(j, k) for k in places) / 2 for j in places]
    D = [sum(p[j] * correct[j] * above(j, k) for j in places) / 2 for k in places]
    success = sum(one for one, right in zip(p, correct, strict=True) if right)
    whole = [correct[k] - success for k in places]
    punished = [D[k] / n - (n - 1) * F[k] * correct[k] / n for k in places]
    mean = sum(one * value for one, value in zip(p, punished, strict=True))
    plain = p[likely] * whole[likely] - p[rare] * whole[rare]
    change = p[likely] * (punished[likely] - mean) - p[rare] * (punished[rare] - mean)
    return -plain / change
