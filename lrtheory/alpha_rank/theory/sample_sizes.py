r"""Numbers of samples that are enough when all profiles are sampled alike; part of `theory`, where users find them.

Notation: K players, S the set of profiles, D = sum_k (s_k - 1) deviations of a profile, m the population size, payoffs
in [-max_payoff, max_payoff].
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal

from lrtheory._numbers import formula
from lrtheory._types import Number
from lrtheory._validation import check_sizes, open_interval

__all__ = ["samples_finite_alpha", "samples_infinite_alpha"]


@formula(alpha="[0, inf)", population_size="[2, inf)", max_payoff="[0, inf)")
def samples_finite_alpha(
    sizes: tuple[int, ...],
    *,
    alpha: Number,
    population_size: int,
    epsilon: float,
    delta: float,
    max_payoff: Number = 1.0,
    constants: Literal["tight", "paper"] = "tight",
) -> int | float:
    r"""Count samples per profile that give \|pi_hat(s) - pi(s)\| <= epsilon for all s, with probability 1 - delta.

    Parameters
    ----------
    sizes : tuple of int
        Number of strategies of each player.
    alpha : float
        Ranking intensity.
    population_size : int
        m in the paper.
    epsilon : float
        Accuracy, in (0, 1); the paper asks for less than 18 Sigma / 2^\|S\|.
    delta : float
        Failure probability, in (0, 1).
    max_payoff : float
        Payoffs lie in [-max_payoff, max_payoff].
    constants : {"tight", "paper"}
        "paper" is Theorem 3.1 (statement MI-T1), "tight" our MI-T1p by sums over trees, smaller by many orders of
        magnitude.

    Returns
    -------
    int or float
        The smallest sample size that is enough; infinity when it exceeds all doubles.

    Raises
    ------
    ValueError
        If there is no player, a player has no strategy, or `epsilon` or `delta` is not in (0, 1).

    Notes
    -----
    paper: N > 648 M^2 log(2 \|S\| K / delta) L^2 Sigma^2 / (epsilon^2 g^2) with L = 2 alpha e^{2 alpha M},
    g = (e^{2 alpha M} - 1) / (D (e^{2 alpha m M} - 1)), Sigma = sum_{n < \|S\|} binom(\|S\|, n) n^\|S\|.

    tight: N >= 8 M^2 log(2 \|S\| K / delta) ((\|S\| - 1) (m - 1) alpha)^2 / artanh(epsilon)^2.

    Proof
    -----
    Assumes: outcomes lie in [-M, M] (hypothesis of MI-T1p) and are independent between plays (the caller). For "tight";
    the constants of "paper" are those of the theorem.

    Proof: by Hoeffding on width 2M and a union over K \|S\| means, all \|M_hat - M\| <= t with probability 1 - delta
    for N = 2 M^2 log(2 \|S\| K / delta) / t^2. Then \|log pi_hat - log pi\| <= B = 4 (\|S\| - 1) (m - 1) alpha t by
    MI-L1, and \|pi_hat - pi\| <= tanh(B / 2) by MI-L2. Choose t so that B = 2 artanh(epsilon),
    that is t = artanh(epsilon) / (2 (\|S\| - 1) (m - 1) alpha).

    Checked by: MI-T1p. No run can reach the number of MI-T1.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, Theorem 3.1.

    Examples
    --------
    >>> samples_finite_alpha((2, 2), alpha=0.1, population_size=2, epsilon=0.1, delta=0.1)
    363
    """
    counts = check_sizes("sizes", sizes)
    m, size = population_size, max_payoff
    epsilon, delta = open_interval("epsilon", epsilon, 0, 1), open_interval("delta", delta, 0, 1)
    n, degree = math.prod(counts), sum(counts) - len(counts)
    if alpha * size == 0 or n == 1:
        return 1  # the law does not depend on the payoffs
    union = math.log(2 * n * len(counts) / delta)
    if constants == "tight":
        change = (n - 1) * (m - 1) * alpha * size / math.atanh(epsilon)
        return _whole(8 * union * change * change)
    # in logarithms, because Sigma and 1 / g leave the range of doubles
    big_sigma = math.log(sum(math.comb(n, i) * i**n for i in range(1, n)))
    lipschitz = math.log(2 * alpha) + 2 * alpha * size
    smallest = _log_expm1(2 * alpha * size) - _log_expm1(2 * alpha * m * size) - math.log(degree)
    log_n = math.log(648 * union) + 2 * (math.log(size) - math.log(epsilon)) + 2 * (lipschitz + big_sigma - smallest)
    return math.inf if log_n > 709 else math.floor(math.exp(log_n)) + 1


def _log_expm1(x: float) -> float:
    return x + math.log(-math.expm1(-x))


def _whole(bound: float) -> int | float:
    return math.ceil(bound) if math.isfinite(bound) else math.inf


@formula(max_payoff="[0, inf)")
def samples_infinite_alpha(
    sizes: tuple[int, ...],
    *,
    gap: float,
    delta: float,
    max_payoff: Number = 1.0,
    bound: Literal["paper", "independent"] = "paper",
) -> int:
    r"""Count samples per profile that make every edge of the response graph right, with probability 1 - delta.

    Parameters
    ----------
    sizes : tuple of int
        Number of strategies of each player.
    gap : float
        Smallest payoff difference on an edge, above 0 (Delta in the paper).
    delta : float
        Failure probability, in (0, 1).
    max_payoff : float
        Payoffs lie in [-max_payoff, max_payoff].
    bound : {"paper", "independent"}
        "paper" is Theorem 3.2 (statement MI-T2); "independent" the smaller number that suffices when profiles are
        sampled independently of each other.

    Returns
    -------
    int
        The smallest integer above the bound.

    Raises
    ------
    ValueError
        If there is no player, a player has no strategy, `gap` is not above 0, or `delta` is not in (0, 1).

    Notes
    -----
    paper: N > 8 M^2 log(2 \|S\| K / delta) / gap^2. independent: N > 4 M^2 log(\|E\| / delta) / gap^2, with
    \|E\| = \|S\| D / 2 edges.

    Proof
    -----
    Assumes: outcomes lie in [-M, M] and no payoff difference is below the gap (hypotheses of MI-T2); outcomes are
    independent between plays, and for "independent" between profiles too (the caller).

    Proof: for "paper", Hoeffding on width 2M with t = gap / 2 gives P(\|M_hat - M\| >= t) <= 2 exp(-N gap^2 / (8 M^2))
    for each of K \|S\| means; when none deviates that far, no difference changes its sign. For "independent", a
    difference of two independent means of N outcomes is a sum of 2N terms of width 2M/N, so its sign is wrong with
    probability at most exp(-2 gap^2 / (2N (2M/N)^2)) = exp(-N gap^2 / (4 M^2)); the union is over the edges.

    Checked by: MI-T2 and MI-T2-independent.

    References
    ----------
    .. [1] M. Rowland et al., Multiagent Evaluation under Incomplete Information, NeurIPS 2019, Theorem 3.2.

    Examples
    --------
    >>> samples_infinite_alpha((2, 2), gap=0.2, delta=0.1)
    1016
    """
    counts = check_sizes("sizes", sizes)
    gap, delta = open_interval("gap", gap, 0, math.inf), open_interval("delta", delta, 0, 1)
    size: Any = max_payoff
    n, degree = math.prod(counts), sum(counts) - len(counts)
    if degree == 0:
        return 1
    if bound == "paper":
        value = 8 * math.log(2 * n * len(counts) / delta)
    else:
        value = 4 * math.log(n * degree / 2 / delta)
    return math.floor(Fraction(value) * (Fraction(size) / Fraction(gap)) ** 2) + 1  # its square may be no double
