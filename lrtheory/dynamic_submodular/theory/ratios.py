r"""Approximation ratios of offline and streaming selection, with proofs where they are short.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lrtheory._numbers import number
from lrtheory._validation import integer, must

__all__ = ["greedy_ratio", "greedy_step", "matroid_ratio", "sieve_ratio", "stochastic_ratio", "stochastic_samples"]


def chosen(k: Any) -> None:
    """Refuse a k that is not an integer of at least 1; a Fraction will do, for which formulas return Fractions."""
    if number("k", k, 1) != int(k):
        raise must("k", "an integer of at least 1", k)


def greedy_ratio(k: Any) -> Any:
    r"""Return the ratio to OPT that greedy selection reaches, 1 - (1 - 1/k)^k (statement DS-T14-greedy).

    Parameters
    ----------
    k : int or Fraction
        Number of chosen elements; for a Fraction a Fraction comes back.

    Returns
    -------
    number
        Above 1 - 1/e.

    Raises
    ------
    TypeError
        If `k` is not a number.
    ValueError
        If `k` is not an integer of at least 1.

    Proof
    -----
    By `greedy_step` the gap to OPT shrinks by 1 - 1/k in each of k rounds.

    References
    ----------
    .. [1] G. Nemhauser, L. Wolsey, M. Fisher, An Analysis of Approximations for Maximizing Submodular Set Functions I,
       Mathematical Programming 14, 1978.

    Examples
    --------
    >>> greedy_ratio(2)
    0.75
    """
    chosen(k)
    return 1 - (1 - 1 / k) ** int(k)


def greedy_step(value: Any, optimum: Any, k: Any) -> Any:
    r"""Return the gap OPT - f(S) that one round of greedy selection leaves at most (statement DS-P7).

    Parameters
    ----------
    value, optimum : number
        f(S) before the round, and OPT.
    k : int or Fraction
        Elements chosen.

    Returns
    -------
    number
        (1 - 1/k) (OPT - f(S)).

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `value` or `optimum` is negative or not finite, or `k` is not an integer of at least 1.

    Proof
    -----
    The marginals of the k elements of an optimal set on S sum to at least OPT - f(S), so the best one is at least one
    k-th of that, and greedy takes no less.

    Examples
    --------
    >>> greedy_step(2.0, 6.0, 2)
    2.0
    """
    chosen(k)
    number("value", value, 0)
    number("optimum", optimum, 0)
    return (1 - 1 / k) * (optimum - value)


def stochastic_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT that stochastic and threshold greedy reach, 1 - 1/e - epsilon.

    Parameters
    ----------
    epsilon : number
        Accuracy.

    Returns
    -------
    float
        For stochastic greedy in expectation (statement DS-T14-stochastic), for threshold greedy always (statement
        DS-T14-threshold).

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1 - 1/e], beyond which nothing is said.

    References
    ----------
    .. [1] B. Mirzasoleiman, A. Badanidiyuru, A. Karbasi, J. Vondrak, A. Krause, Lazier Than Lazy Greedy, AAAI 2015.
    .. [2] A. Badanidiyuru, J. Vondrak, Fast Algorithms for Maximizing Submodular Functions, SODA 2014.

    Examples
    --------
    >>> round(stochastic_ratio(0.1), 3)
    0.532
    """
    number("epsilon", epsilon, 0, 1 - math.exp(-1))
    return 1 - math.exp(-1) - epsilon


def sieve_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT that one pass of a sieve reaches, 1/2 - epsilon (statement DS-T14-sieve).

    Parameters
    ----------
    epsilon : number
        Ratio of the guesses less 1.

    Returns
    -------
    number
        The ratio.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1/2], beyond which nothing is said.

    References
    ----------
    .. [1] A. Badanidiyuru, B. Mirzasoleiman, A. Karbasi, A. Krause, Streaming Submodular Maximization: Massive Data
       Summarization on the Fly, KDD 2014.
    .. [2] E. Kazemi, M. Mitrovic, M. Zadimoghaddam, S. Lattanzi, A. Karbasi, Submodular Streaming in All Its Glory:
       Tight Approximation, Minimum Memory and Low Adaptive Complexity, ICML 2019.

    Examples
    --------
    >>> sieve_ratio(0.25)
    0.25
    """
    number("epsilon", epsilon, 0, Fraction(1, 2))
    return (1 - 2 * epsilon) / 2


def matroid_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT that the swap rule reaches, 1 / (4 + 4 epsilon) (statement DS-T16).

    Parameters
    ----------
    epsilon : number
        Elements of less than epsilon w / k are ignored, w the largest value of an element.

    Returns
    -------
    number
        The ratio of the value to the upper bound `group_bound`, and so to OPT; the 4 is that of the swap rule [1]_.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1].

    Proof
    -----
    The weight of a pick is its marginal on the picks before; I are all picks, S those that are kept, W the sum of their
    weights. f(S) >= W (`live_value`). Who is swapped out weighs at most half of who replaces it, so those that a kept
    element has replaced, directly and in turn, weigh at most as much as it does, and f(I) <= 2 W. The bar of a full
    group is twice the least weight that it holds, so its limit times the bar is at most twice the weights of the group;
    that of another group is the threshold t = epsilon o / ((1 + epsilon) k) <= epsilon w / k, since the guess o of w is
    in [w, (1 + epsilon) w). Hence OPT <= U = f(I) + sum_g limits_g bars_g <= 2 W + 2 W + epsilon w (`group_bound`).
    The best single element has w <= f(I) + bar_g for its group g: w <= 2 W + 2 W where g is full, else
    w <= 2 W + epsilon w / k, where k >= 2, as a single place that nobody holds would have taken it; both ways w <= 4 W.
    So OPT <= U <= (4 + 4 epsilon) f(S).

    References
    ----------
    .. [1] A. Chakrabarti, S. Kale, Submodular Maximization Meets Streaming, Mathematical Programming 154, 2015.

    Examples
    --------
    >>> matroid_ratio(0.0)
    0.25
    """
    number("epsilon", epsilon, 0, 1)
    return 1 / (4 + 4 * epsilon)


def stochastic_samples(n: int, k: int, epsilon: float) -> int:
    r"""Return the sample size of stochastic greedy, ceil((n / k) ln(1 / epsilon)), at most n (DS-T14-stochastic).

    Parameters
    ----------
    n, k : int
        Number of elements, and of chosen ones.
    epsilon : float
        Accuracy, in (0, 1).

    Returns
    -------
    int
        Sample size, at least 1.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `n` or `k` is below 1, or `epsilon` is not in (0, 1).

    References
    ----------
    .. [1] B. Mirzasoleiman, A. Badanidiyuru, A. Karbasi, J. Vondrak, A. Krause, Lazier Than Lazy Greedy, AAAI 2015.

    Examples
    --------
    >>> stochastic_samples(1000, 10, 0.1)
    231
    """
    n, k = integer("n", n, low=1), integer("k", k, low=1)
    number("epsilon", epsilon, 0, 1, ends="()")
    return max(1, min(n, math.ceil(n / k * math.log(1 / epsilon))))
