r"""Two points that are solved exactly, prototypes, clamped rows, and averages over tasks.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import entries, gathered, inexact, number, plain, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import must
from lrtheory.transductive_clustering.theory import arguments
from lrtheory.transductive_clustering.theory.arguments import entropy, labels, square, with_columns

__all__ = [
    "clamped_costs",
    "exponential_tangent",
    "half_width",
    "mass_floor",
    "mean_shift_gain",
    "mean_step_decrease",
    "two_point_energy",
    "two_point_limit",
    "two_point_threshold",
]


def two_point_threshold(offset: Number) -> Any:
    r"""The value of lambda / T above which the energy of two points rises at the first step (statement TC-T5).

    Parameters
    ----------
    offset : number
        e in (0, 1/2); the start is (1/2 + e, 1/2 - e) and its mirror image.

    Returns
    -------
    float or ball
        log((1/2 + e) / (1/2 - e)) / (2 e), which tends to 2 as e -> 0.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the offset is not in (0, 1/2).

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
    offset = number("offset", offset, 0, 0.5, ends="()")
    return (np.log1p(inexact(2 * offset)) - np.log1p(inexact(-2 * offset))) / (2 * offset)


def two_point_limit(offset: Number = 1, *, lam: Number, temperature: Number) -> Any:
    r"""Return the limit of two points on one side: uniform up to lambda = 2 T, beyond it off 1/2 (statement TC-N1).

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

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If lambda is below 0, T is not above 0, or a number is not finite.

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
    offset, (lam, temperature) = number("offset", offset), arguments.weights(lam, temperature)
    c = float(lam / temperature) / 2
    if c <= 1 or offset == 0:
        return 0.5
    u = 1.0
    for _ in range(200):  # Newton's steps on artanh(u) = c u from the right, where tanh(c u) - u is concave
        value = math.tanh(c * u)
        u -= (value - u) / (c * (1 - value * value) - 1)
    return 0.5 + math.copysign(u, offset) / 2


def two_point_energy(first: Number, second: Number, *, lam: Number, temperature: Number) -> Any:
    r"""The energy of two points that attract each other (statement TC-N1).

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

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If a share is not in [0, 1], lambda is below 0, T is not above 0, or a number is not finite.

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
    p, q = number("first", first, 0, 1), number("second", second, 0, 1)
    lam, temperature = arguments.weights(lam, temperature)
    Z = np.array([[p, 1 - p], [q, 1 - q]])
    return temperature * entropy(Z) - lam * (Z[0] * Z[1]).sum()


def mean_step_decrease(masses: ArrayLike, before: ArrayLike, after: ArrayLike) -> Any:
    r"""Return the exact decrease of the energy when prototypes move to the soft means (statement TC-P7).

    Parameters
    ----------
    masses : array of shape (K,)
        sum_p z_pl, positive.
    before, after : array of shape (K, d)
        Prototypes, and the soft means m_l = sum_p z_pl x_p / sum_p z_pl.

    Returns
    -------
    number
        sum_l (sum_p z_pl) \|m_l - m_l'\|^2 = R before - R after, for squared distances as costs.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, a mass is below 0, or a number is not finite.

    Proof
    -----
    Assumes: costs are squared distances, and `after` are the soft means of the assignments; both are up to the caller.

    Proof: For the weighted mean m_l and every other point m, sum_p z_pl \|x_p - m\|^2 = sum_p z_pl \|x_p - m_l\|^2 +
    (sum_p z_pl) \|m - m_l\|^2. Only the costs change when prototypes move, and they change by the second term.

    Checked by: TC-P7, and as a part of TC-T9, TC-T9-tasks and TC-T10.

    Examples
    --------
    >>> mean_step_decrease([2, 1], [[0], [1]], [[1], [1]])
    2
    """
    old = table("before", before, shape=("K", "d"))
    mass = table("masses", masses, 0, shape=old.shape[:1])
    moved = table("after", after, shape=old.shape) - old
    return plain((mass * (moved * moved).sum(axis=1)).sum())


def mean_shift_gain(weights: ArrayLike, kernel_values: ArrayLike, *, bandwidth: Number, squared_step: Number) -> Any:
    r"""Return a lower bound on the gain in density of one mean shift (statement TC-T11).

    Parameters
    ----------
    weights, kernel_values : array of shape (N,)
        z_p and k(x_p, m) at the old mode, k = exp(-\|x - m\|^2 / (2 s^2)).
    bandwidth : number
        s.
    squared_step : number
        \|phi(m) - m\|^2.

    Returns
    -------
    number
        (1 / (2 s^2)) (sum_p z_p k(x_p, m)) \|phi(m) - m\|^2.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, the bandwidth is not above 0, another number is below 0, or one is not finite.

    Proof
    -----
    Assumes: phi(m) is the mean with the weights z_p k(x_p, m), which is up to the caller; weights at or above 0 are
    checked.

    Proof: exp(-v) >= exp(-u) (1 + u - v) by `exponential_tangent`, with u and v the values of \|x - m\|^2 / (2 s^2)
    before and after. Multiply by z_p and add up: the gain is at least sum_p z_p k_p (\|x_p - m\|^2 - \|x_p - phi\|^2)
    / (2 s^2). phi is the mean with weights z_p k_p, so this sum is (sum_p z_p k_p) \|phi - m\|^2 / (2 s^2).

    Checked by: TC-T11.

    Examples
    --------
    >>> mean_shift_gain([1, 1], [0.5, 0.5], bandwidth=1, squared_step=2)
    1.0
    """
    z = table("weights", weights, 0, shape=("N",))
    k, squared_step = table("kernel_values", kernel_values, 0, shape=z.shape), number("squared_step", squared_step, 0)
    bandwidth = number("bandwidth", bandwidth, 0, ends="(]")
    return plain((z * k).sum() * squared_step / (2 * bandwidth * bandwidth))


def exponential_tangent(before: Number | ArrayLike, after: Number | ArrayLike) -> Any:
    r"""Return the value at v of the tangent of exp(-u), which lies below exp(-v) (statement TC-P9).

    Parameters
    ----------
    before, after : number or array of any shape
        u and v.

    Returns
    -------
    number or array of the same shape
        exp(-u) (1 + u - v) <= exp(-v).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a number is not finite.

    Proof
    -----
    Assumes: nothing; the numbers may have any sign.

    Proof: exp is convex, so it lies above its tangent at -u: exp(-v) >= exp(-u) + exp(-u) (u - v). Equality holds at
    v = u alone.

    Checked by: TC-P9.

    Examples
    --------
    >>> float(exponential_tangent(0.0, 1.0))
    0.0
    """
    u, v = entries("before", before), entries("after", after)
    return np.exp(inexact(-u)) * (1 + u - arguments.fitting("after", v, u))


def mass_floor(costs: ArrayLike, degree: Number | ArrayLike, *, lam: Number, temperature: Number) -> Any:
    r"""Return a lower bound on every entry of an update (statement TC-T12).

    Parameters
    ----------
    costs : array of shape (..., K)
        a_p, one row or several.
    degree : number or array of shape (...)
        d_p = sum_q w_pq of non-negative weights.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or array of shape (...)
        exp(-(max_l a_pl - min_l a_pl + lambda d_p) / T) / K.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a degree is below 0, lambda is below 0, T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: no entry of W is negative, a hypothesis of the statement, and rows of Z lie in the simplex.

    Proof: The logits are (lambda (W Z)_pl - a_pl) / T with 0 <= (W Z)_pl <= d_p, so any two of them differ by at most
    s = (max a - min a + lambda d_p) / T. Entry l of a softmax of x is 1 / sum_j exp(x_j - x_l), at least exp(-s) / K.

    Checked by: TC-T12.

    Examples
    --------
    >>> float(mass_floor([0.0, 0.0], 0.0, lam=1.0, temperature=1.0))
    0.5
    """
    lam, temperature = arguments.weights(lam, temperature)
    A, degrees = with_columns("costs", costs, shape=None), entries("degree", degree, 0)
    spread = A.max(axis=-1) - A.min(axis=-1)
    spread = spread + lam * arguments.fitting("degree", degrees, spread)
    return np.exp(inexact(-spread / temperature)) / A.shape[-1]


def clamped_costs(costs: ArrayLike, affinity: ArrayLike | SparseArray, *, clamp: ArrayLike, lam: Number) -> Any:
    r"""Return the costs of the free rows that replace their clamped neighbors (statement TC-S10).

    Parameters
    ----------
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, symmetric.
    clamp : int array of shape (N,)
        Labels of the clamped points; -1 is free.
    lam : number
        lambda.

    Returns
    -------
    array of shape (N_F, K)
        a_p - lambda sum_{q clamped} w_pq e_{y_q}, for the free rows: a problem with these costs and the free block
        of W has the same updates of these rows.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, labels are not in [-1, K), lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: the clamped rows of Z stand at their labels, a hypothesis of the statement.

    Proof: (W Z)_p = sum_{q free} w_pq z_q + sum_{q clamped} w_pq e_{y_q}, and the second sum does not change, so it
    joins the costs. For symmetric W the eigenvalues of the free block lie between those of W by interlacing.

    Checked by: TC-S10 and TC-S10-interlacing.

    Examples
    --------
    >>> clamped_costs([[0, 0], [0, 0]], [[0, 1], [1, 0]], clamp=[1, -1], lam=2).tolist()
    [[0, -2]]
    """
    A, lam = table("costs", costs, shape=("N", "K")), number("lam", lam, 0)
    W, clamped = square(affinity, len(A)), labels("clamp", clamp, *A.shape)
    free = clamped < 0
    onehot = 1 * (clamped[~free][:, None] == np.arange(A.shape[1]))
    return gathered(A[free] - lam * (W[free][:, ~free] @ onehot))


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
