r"""Two points that are solved exactly, and averages over tasks.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import formula, inexact, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must
from lrtheory.transductive_clustering.theory.arguments import entropy

__all__ = ["half_width", "two_point_energy", "two_point_limit", "two_point_threshold"]


@formula(offset="(0, inf)")
def two_point_threshold(offset: Number) -> Number:
    """The value of lambda / T above which the energy of two points rises at the first step (statement TC-T5).

    Parameters
    ----------
    offset : number
        e, below 1/2; the start is (1/2 + e, 1/2 - e) and its mirror image.

    Returns
    -------
    float or ball
        log((1/2 + e) / (1/2 - e)) / (2 e), which tends to 2 as e -> 0.

    Raises
    ------
    ValueError
        If the offset is not below 1/2.

    Proof
    -----
    Assumes: costs are 0, W exchanges the two points, and e in (0, 1/2) is checked.

    Proof: With p = 1/2 + e and c = lambda / T, S sends the first row to the share x = 1 / (1 + exp(2 c e)), and the
    energy per point is T (p log p + (1 - p) log(1 - p)) - lambda p (1 - p) = T f(p), which is symmetric about 1/2.
    f'(p) = log(p / (1 - p)) + c (2 p - 1), so f is convex and rises in e. x = 1/2 - e' with
    log((1/2 + e') / (1/2 - e')) = 2 c e, and by symmetry the energy rises iff e' > e, that is
    2 c e > log((1/2 + e) / (1/2 - e)).

    Checked by: TC-N1.

    Examples
    --------
    >>> round(float(two_point_threshold(0.1)), 5)
    2.02733
    """
    number("offset", offset, 0, 0.5, ends="()")  # balls of other libraries are compared with doubles alone
    return (np.log1p(inexact(2 * offset)) - np.log1p(inexact(-2 * offset))) / (2 * offset)


@formula(offset="(-inf, inf)", lam="[0, inf)", temperature="(0, inf)")
def two_point_limit(offset: Number = 1, *, lam: Number, temperature: Number) -> Number:
    """Return the limit of two points on one side: uniform up to lambda = 2 T, beyond it off 1/2 (statement TC-N1).

    Parameters
    ----------
    offset : number
        Sign of the side from which it starts; 0 stays uniform.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float
        p >= 1/2 (for a positive offset) with p = 1 / (1 + exp(-(lambda / T) (2 p - 1))), the share of the first label.

    Proof
    -----
    Assumes: costs are 0, W exchanges the two points, and both start at one row (1/2 + e, 1/2 - e).

    Proof: Rows (p, 1 - p) in both points go to themselves iff log(p / (1 - p)) = c (2 p - 1), c = lambda / T. With
    u = 2 p - 1 this is artanh(u) = c u / 2. artanh is convex for u > 0 with slope 1 at 0, so there is one positive
    solution iff c / 2 > 1, and none otherwise. The updates u -> tanh(c u / 2) are monotone: from below they increase to
    it, from above they decrease to it, or to 0 where there is none.

    Checked by: TC-N1.

    Examples
    --------
    >>> round(two_point_limit(lam=4.0, temperature=1.0), 4), two_point_limit(lam=2.0, temperature=1.0)
    (0.9788, 0.5)
    """
    c = float(lam / temperature) / 2
    if c <= 1 or offset == 0:
        return 0.5
    u = 1.0
    for _ in range(200):  # Newton's steps on artanh(u) = c u from the right, where tanh(c u) - u is concave
        value = math.tanh(c * u)
        u -= (value - u) / (c * (1 - value * value) - 1)
    return 0.5 + math.copysign(u, offset) / 2


@formula(first="[0, 1]", second="[0, 1]", lam="[0, inf)", temperature="(0, inf)")
def two_point_energy(first: Number, second: Number, *, lam: Number, temperature: Number) -> Number:
    """The energy of two points that attract each other (statement TC-N1).

    Parameters
    ----------
    first, second : number
        Shares of the first label in each point.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        T times the entropies' negatives minus lambda (p q + (1 - p) (1 - q)).

    Proof
    -----
    Assumes: costs are 0, and W exchanges the two points.

    Proof: tr(Z' W Z) = 2 z_1 . z_2, so -(lambda / 2) tr(Z' W Z) = -lambda z_1 . z_2, and z_1 . z_2 = p q + (1 - p)
    (1 - q).

    Checked by: TC-N1.

    Examples
    --------
    >>> round(float(two_point_energy(0.5, 0.5, lam=4.0, temperature=1.0)), 4)
    -3.3863
    """
    p, q = first, second
    Z = np.array([[p, 1 - p], [q, 1 - q]])
    return temperature * entropy(Z) - lam * (Z[0] * Z[1]).sum()


def half_width(values: ArrayLike) -> Any:
    r"""Half the width of a 95 % interval for a mean over independent tasks (statement TC-E-k-means).

    Parameters
    ----------
    values : array of shape (n, ...)
        One number per task; n at least 2.

    Returns
    -------
    float or array of shape (...)
        t s / sqrt(n), s the standard deviation with n - 1 degrees of freedom and t the 97.5 % quantile of Student's law
        with as many: 12.7 for two tasks, and 1.96 for many.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If there are fewer than two tasks, or a number is not finite.

    Proof
    -----
    Assumes: the tasks are independent and of one law, which is up to the caller.

    Proof: For Gaussian numbers (mean - expectation) / (s / sqrt(n)) has Student's law with n - 1 degrees of freedom,
    and for others nearly so where n is large, by the central limit theorem. Of two methods on the same tasks take the
    differences: their interval is the shorter, the more the methods succeed on the same tasks.

    Checked by: no statement; a test compares it with the intervals of SciPy for Student's law.

    Examples
    --------
    >>> round(float(half_width([0.0, 1.0, 0.0, 1.0])), 4)
    0.9187
    """
    from scipy.special import stdtrit  # here, so that importing the system stays quick

    x = inexact(table("values", values))
    if x.ndim == 0 or len(x) < 2:
        raise must("values", "of at least two tasks", values)
    return float(stdtrit(len(x) - 1, 0.975)) * x.std(axis=0, ddof=1) / math.sqrt(len(x))
