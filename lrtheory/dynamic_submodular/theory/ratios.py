r"""Approximation ratios of offline and streaming selection, with proofs where they are short.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lrtheory._numbers import any_of, number
from lrtheory._types import Number
from lrtheory._validation import integer, must

__all__ = ["greedy_ratio", "greedy_step", "matroid_ratio", "sieve_ratio", "stochastic_ratio", "stochastic_samples"]

#: up to here (1 - 1/k)^k is computed as a Fraction, whose length is proportional to k
MOST_ROUNDS = 10**5


def whole_number(name: str, value: Any) -> Any:
    """Return an integer of at least 1 in its own kind; of a Fraction formulas return Fractions."""
    value = number(name, value, 1)
    if value != int(value):
        raise must(name, "an integer of at least 1", value)
    return value


def greedy_ratio(k: Number) -> Any:
    r"""Return the ratio to OPT that greedy selection reaches, 1 - (1 - 1/k)^k (statement DS-T14-greedy).

    Parameters
    ----------
    k : int or Fraction
        Number of chosen elements; for a Fraction, of at most 10^5, a Fraction comes back.

    Returns
    -------
    number
        Above 1 - 1/e.

    Raises
    ------
    TypeError
        If `k` is not a number.
    ValueError
        If `k` is not an integer of at least 1, or a Fraction above 10^5.

    Proof
    -----
    Assumes: f is monotone and submodular with f(empty) = 0 (hypotheses of the statement); k is checked here.

    Proof: By `greedy_step` each of k rounds multiplies the gap to OPT, which is OPT before the first round, by at most
    1 - 1/k. After k rounds OPT - f(S) <= (1 - 1/k)^k OPT.

    Checked by: DS-T14-greedy.

    References
    ----------
    .. [1] G. Nemhauser, L. Wolsey, M. Fisher, An Analysis of Approximations for Maximizing Submodular Set Functions I,
       Mathematical Programming 14, 1978.

    Examples
    --------
    >>> greedy_ratio(2)
    0.75
    """
    n_rounds = whole_number("k", k)
    if isinstance(n_rounds, Fraction) and n_rounds > MOST_ROUNDS:
        raise must("k", f"an int or a float above {MOST_ROUNDS}, where the Fraction has millions of digits", k)
    return any_of(1 / n_rounds, int(n_rounds))


def greedy_step(value: Number, optimum: Number, k: Number) -> Any:
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
    Assumes: f is monotone and submodular (hypotheses of the statement); numbers are checked here.

    Proof: Let O be an optimal set. OPT <= f(S + O), as f is monotone, and f(S + O) <= f(S) + sum_{v in O} f(v | S), as
    f is submodular. So the marginals of the at most k elements of O sum to at least OPT - f(S), the largest of them is
    at least one k-th of that, and greedy selection takes no smaller one.

    Checked by: DS-P7.

    Examples
    --------
    >>> greedy_step(2.0, 6.0, 2)
    2.0
    """
    k, value, optimum = whole_number("k", k), number("value", value, 0), number("optimum", optimum, 0)
    return (1 - 1 / k) * (optimum - value)


def stochastic_ratio(epsilon: Number) -> Any:
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
    return 1 - math.exp(-1) - number("epsilon", epsilon, 0, 1 - math.exp(-1))


def sieve_ratio(epsilon: Number) -> Any:
    r"""Return the ratio to OPT that one pass of a sieve reaches, 1/2 - epsilon (statement DS-T14-sieve).

    Parameters
    ----------
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon.

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
    return (1 - 2 * number("epsilon", epsilon, 0, Fraction(1, 2))) / 2


def matroid_ratio(epsilon: Number) -> Any:
    r"""Return the ratio to OPT that the swap rule reaches, 1 / (4 + 4 epsilon) (statement DS-T16).

    Parameters
    ----------
    epsilon : number
        Elements worth less than epsilon w / k are ignored, where w is the largest value of one element.

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
    Assumes: f is monotone and submodular (hypotheses of the statement), and the guess o of the largest value w of one
    element is in [w, (1 + epsilon) w) (`structures.guesses`); epsilon is checked here.

    Proof: The weight of a pick is its marginal on the picks before it. Let I be all picks, S those that are kept, W the
    sum of the weights of S, and k the rank.

    (1) f(S) >= W by `live_value`. A pick that is swapped out weighs at most half of the pick that replaces it, so all
    picks that a kept one has replaced, directly or in turn, weigh together at most as much as the kept one:
    f(I) <= 2 W.

    (2) The bar of a full group is twice the least weight that it keeps, so its limit times its bar is at most twice
    the weights that it keeps. The bar of any other group is the threshold
    t = epsilon o / ((1 + epsilon) k) < epsilon w / k, and the limits of these groups sum to at most k. By `group_bound`
    OPT <= U = f(I) + sum_g limits_g bars_g <= 2 W + 2 W + epsilon w.

    (3) The best single element has w <= f(I) + bar_g for its group g. If g is full, w <= 2 W + 2 W. If it is not,
    w <= 2 W + epsilon w / k with k >= 2, since under a limit of one element in all an empty group would have taken it.
    Either way w <= 4 W.

    Together OPT <= U <= (4 + 4 epsilon) W <= (4 + 4 epsilon) f(S).

    Checked by: DS-T16.

    References
    ----------
    .. [1] A. Chakrabarti, S. Kale, Submodular Maximization Meets Streaming, Mathematical Programming 154, 2015.

    Examples
    --------
    >>> matroid_ratio(0.0)
    0.25
    """
    return 1 / (4 + 4 * number("epsilon", epsilon, 0, 1))


def stochastic_samples(n: int, k: int, epsilon: Number) -> int:
    r"""Return the sample size of stochastic greedy, ceil((n / k) ln(1 / epsilon)), at most n (DS-T14-stochastic).

    Parameters
    ----------
    n, k : int
        Number of elements, and of chosen ones.
    epsilon : number
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
    epsilon = number("epsilon", epsilon, 0, 1, ends="()")
    return max(1, min(n, math.ceil(n / k * math.log(1 / epsilon))))
