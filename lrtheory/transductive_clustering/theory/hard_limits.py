r"""The limits of low temperature, where updates are labels, and the energy without neighbors.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory._validation import integer
from lrtheory.transductive_clustering.theory.numeric import above_zero, entries, table

__all__ = [
    "hard_limit_gap",
    "hard_temperature",
    "log_partition",
]


def hard_limit_gap(gap: Any, n_clusters: int, *, temperature: Any) -> Any:
    r"""Return a bound on the distance of a softmax from a label (statement TC-S6).

    Parameters
    ----------
    gap : number or array
        g > 0, the second smallest minus the smallest of b_l = a_pl - lambda (W Z)_pl.
    n_clusters : int
        K.
    temperature : number
        T.

    Returns
    -------
    float or array
        (K - 1) exp(-g / T) >= 1 - max_l z_pl.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a gap is below 0, K is below 2, or T is not above 0.

    Proof
    -----
    1 - max z = s / (1 + s) <= s with s = sum_{l not best} exp(-(b_l - b_best) / T).
    Each of the K - 1 terms is at most exp(-g / T).

    Examples
    --------
    >>> round(float(hard_limit_gap(2.0, 3, temperature=1.0)), 6)
    0.270671
    """
    gap, n_clusters = entries("gap", gap, 0), integer("n_clusters", n_clusters, low=2)
    temperature = above_zero("temperature", temperature)
    return (n_clusters - 1) * np.exp(-gap / temperature)


def hard_temperature(gap: Any, n_clusters: int, *, tol: Any = 1e-16) -> Any:
    r"""A temperature at which every softmax is a label up to a tolerance (statement TC-S6).

    Parameters
    ----------
    gap : number
        The smallest gap g > 0 of a row.
    n_clusters : int
        K, at least 2.
    tol : number
        How far from a label a row may be, in (0, 1).

    Returns
    -------
    float
        g / log((K - 1) / tol).

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the gap is not above 0, K is below 2, or the tolerance is not in (0, 1).

    Proof
    -----
    (K - 1) exp(-g / T) <= tol is T <= g / log((K - 1) / tol).
    Then 1 - max z <= tol by `hard_limit_gap`, and an argmax of Z is the argmin of the costs.

    Examples
    --------
    >>> round(float(hard_temperature(1.0, 11, tol=1e-15)), 6)
    0.027143
    """
    gap, n_clusters = above_zero("gap", gap), integer("n_clusters", n_clusters, low=2)
    return gap / np.log((n_clusters - 1) / number("tol", tol, 0, 1, ends="()"))


def log_partition(costs: Any, *, temperature: Any) -> Any:
    r"""The energy after an update without pairs: the free energy of expectation maximization (statement TC-S7).

    Parameters
    ----------
    costs : array of shape (N, K)
        A.
    temperature : number
        T.

    Returns
    -------
    float
        -T sum_p log sum_l exp(-a_pl / T).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If T is not above 0, or a number is not finite.

    Proof
    -----
    For z = softmax(-a / T), T log z_l = -a_l - T log sum exp(-a / T), so T sum z log z + a . z is the value of the row.
    With squared distances it is T times the negative log-likelihood, up to constants, of a mixture with equal weights
    and covariance (T / 2) I, and the soft means are its M-step.

    Examples
    --------
    >>> round(float(log_partition([[0.0, 0.0]], temperature=1.0)), 6)
    -0.693147
    """
    temperature = above_zero("temperature", temperature)
    A = table("costs", costs, shape=("N", "K"))
    lowest = A.min(axis=1)
    return (lowest - temperature * np.log(np.exp((lowest[:, None] - A) / temperature).sum(axis=1))).sum()
