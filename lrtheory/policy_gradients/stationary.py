r"""Laws at which updates by rewards and the pull of a divergence to a reference cancel.

Within the right answers and within the wrong ones such a law is that of the reference (statement GR-8f), so one number
is left, the success P. With the logit x of P, that of the reference x_f and the factor w of `theory.weight`,

.. math:: x = x_f + w(P) / \lambda

under the reverse divergence, which can have three roots, and lam (P - P_f) = w(P) P (1 - P) under the forward one,
which has one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, choice, must, real, refuse_unused
from lrtheory.policy_gradients.exact.binomials import binomial_mean, divisors
from lrtheory.policy_gradients.exact.problems import check_problem, check_size

__all__ = ["StationaryResult", "stationary_points"]

NORMS = ("std", "sample", "none", "loo", "mean")
#: roots of the reverse equation that are nearer to each other, in logits, are one
NEAR = 1e-9


@result
class StationaryResult(Result):
    """All stationary laws, in the order of their success.

    Attributes
    ----------
    p : array of shape (n_points, n_answers)
        Laws.
    success : array of shape (n_points,)
        Probability of a right answer.
    lower, upper : array of shape (n_points,)
        Interval at whose ends the equation has different signs in doubles.
    is_stable : bool array of shape (n_points,)
        Whether the flow returns to the law after a small change of the success.
    message : str
        Equation and number of its roots, in a sentence.
    """

    p: Array
    success: Array
    lower: Array
    upper: Array
    is_stable: Array
    message: str


@arrays("host")
def stationary_points(
    ref: ArrayLike,
    correct: ArrayLike,
    *,
    lam: float,
    group_size: int,
    norm: str = "std",
    std_offset: float = 0.0,
    direction: str = "reverse",
) -> StationaryResult:
    r"""Find all laws at which the expected update by rewards, less `lam` times the gradient of a divergence, is 0.

    Arrays: any (copied to the host)

    Parameters
    ----------
    ref : array of shape (n_answers,)
        Law of the reference; answers of probability 0 keep it.
    correct : bool array of shape (n_answers,)
        Whether an answer is right; some that the reference gives are, and some are not.
    lam : float
        Weight of the divergence, above 0; without it the success goes to 1.
    group_size : int
        Answers of a group, at least 2.
    norm : {"std", "sample", "none", "loo", "mean"}
        Norm of the advantages, as in `group_advantages`.
    std_offset : float
        Added to what divides them, at least 0.
    direction : {"reverse", "forward"}
        KL(p \|\| ref), or KL(ref \|\| p), whose gradient the estimator k3 has (statement GR-8).

    Returns
    -------
    StationaryResult
        All stationary laws with positive probabilities where the reference has them.

    Raises
    ------
    ValueError
        If `ref` is no law, its success is 0 or 1, or a number is out of range.

    Notes
    -----
    The factor w is a mean of convex coefficients over a binomial variable, so it is a convex function of P, and its
    slope increases. This bounds the reverse equation and its slope on any interval of logits: intervals are halved
    until the equation has one sign on them, or its slope has. The forward equation changes its sign once.

    Examples
    --------
    >>> from lrtheory.policy_gradients import stationary_points
    >>> found = stationary_points([1e-4, 0.9999], [True, False], lam=0.2, group_size=8)
    >>> found.success.round(5), found.is_stable
    (array([0.51806, 0.82184, 0.9704 ]), array([ True, False,  True]))
    """
    law, right = check_problem(ref, correct, "ref")
    choice("norm", norm, NORMS)
    choice("direction", direction, ("reverse", "forward"))
    size, top = check_size(group_size, low=2), float(np.finfo(np.float64).max)
    weight, offset = real("lam", lam, low=0, high=top), real("std_offset", std_offset, low=0, high=top)
    if weight == 0:
        raise must("lam", "above 0, since otherwise the success goes to 1 and nothing inside is at rest", lam)
    if norm in ("none", "loo"):
        refuse_unused(norm, (), "norm", std_offset=(offset, 0.0))
    masses = float(law[right].sum()), float(law[~right].sum())
    if min(masses) <= 0:
        raise must("ref", "of a success strictly between 0 and 1", Words(f"{masses[0]:.6g}"))
    values = divisors(size, norm, offset)
    if direction == "reverse":
        brackets = _reverse_roots(math.log(masses[0]) - math.log(masses[1]), values, weight)
        stable = [_slope(x, values, weight) > 0 for x in map(_middle, brackets)]
    else:
        brackets, stable = [_forward_root(masses, values, weight)], [True]
    points = [_shares(x) for x in map(_middle, brackets)]
    p = np.array([np.where(right, law * (P / masses[0]), law * (Q / masses[1])) for P, Q in points])
    ends = np.array([[_shares(x)[0] for x in bracket] for bracket in brackets])
    message = f"the {direction} equation has {len(points)} root{'s' if len(points) > 1 else ''}"
    return StationaryResult(p, np.array([P for P, _ in points]), ends[:, 0], ends[:, 1], np.array(stable), message)


def _middle(bracket: tuple[float, float]) -> float:
    return (bracket[0] + bracket[1]) / 2


def _shares(x: float) -> tuple[float, float]:
    """P and 1 - P of a logit, both with all digits."""
    small = math.exp(-abs(x))
    ends = 1 / (1 + small), small / (1 + small)
    return ends if x > 0 else ends[::-1]


def _factor(x: float, values: np.ndarray) -> float:
    """The factor w(P), with the smaller one of P and 1 - P."""
    P, Q = _shares(x)
    return float(binomial_mean(Q, values[::-1].copy()) if x > 0 else binomial_mean(P, values))


def _factor_slope(x: float, values: np.ndarray) -> float:
    """The derivative of w by P."""
    if len(values) < 2:
        return 0.0
    return _factor(x, np.diff(values) * (len(values) - 1))


def _slope(x: float, values: np.ndarray, lam: float) -> float:
    """The derivative of the reverse equation by the logit."""
    P, Q = _shares(x)
    return 1.0 - _factor_slope(x, values) * P * Q / lam


def _reverse_roots(start: float, values: np.ndarray, lam: float) -> list[tuple[float, float]]:
    """Brackets in logits of all roots of x - start - w / lam, which lie where w does."""

    def equation(x: float) -> float:
        return x - start - _factor(x, values) / lam

    low, high = start + float(values.min()) / lam, start + float(values.max()) / lam
    room = 1e-9 * (1 + abs(low) + abs(high))
    waiting, found = [(low - room, high + room)], []
    while waiting:
        a, b = waiting.pop()
        if _has_no_root(a, b, start, values, lam):
            continue
        middle = (a + b) / 2
        if _is_monotone(a, b, values, lam) or b - a <= NEAR * (1 + abs(a)):
            if (equation(a) > 0) != (equation(b) > 0):
                found.append(_bisected(equation, a, b))
        else:
            waiting += [(a, middle), (middle, b)]
    return sorted(found)


def _has_no_root(a: float, b: float, start: float, values: np.ndarray, lam: float) -> bool:
    """Whether bounds on the convex factor keep the reverse equation away from 0 on an interval."""
    (Pa, _), (Pb, _) = _shares(a), _shares(b)
    wa, wb = _factor(a, values), _factor(b, values)
    da, db = _factor_slope(a, values), _factor_slope(b, values)
    least = min(wa, wb)
    if da < 0 < db:  # the tangents at both ends meet below the curve
        meet = (wb - wa + da * Pa - db * Pb) / (da - db)
        least = wa + da * (meet - Pa)
    return b - start - least / lam < 0 or a - start - max(wa, wb) / lam > 0


def _is_monotone(a: float, b: float, values: np.ndarray, lam: float) -> bool:
    """Whether the slope of the reverse equation has one sign on an interval, since that of the factor increases."""
    spreads = [P * Q for P, Q in (_shares(a), _shares(b))]
    most = 0.25 if a < 0 < b else max(spreads)
    da, db = _factor_slope(a, values), _factor_slope(b, values)
    lowest = da * (most if da < 0 else min(spreads))
    highest = db * (most if db > 0 else min(spreads))
    return highest < lam or lowest > lam


def _forward_root(masses: tuple[float, float], values: np.ndarray, lam: float) -> tuple[float, float]:
    """Bracket in logits of the root of lam (P - P_f) - w P (1 - P)."""

    def equation(x: float) -> float:
        P, Q = _shares(x)
        gain = masses[1] - Q if x > 0 else P - masses[0]
        return gain - _factor(x, values) / lam * P * Q

    # where 1 - P is at most this, the pull is the stronger one
    most = float(values.max()) / lam
    highest = math.log1p(most) - math.log(masses[1])
    start = math.log(masses[0]) - math.log(masses[1])
    return _bisected(equation, start, max(start, highest) + 1.0)


def _bisected(equation: Callable[[float], float], a: float, b: float) -> tuple[float, float]:
    """The ends of a change of sign between numbers that are next to each other, or nearly so."""
    is_positive = equation(b) > 0
    for _ in range(200):
        middle = (a + b) / 2
        if middle in (a, b):
            break
        a, b = (a, middle) if (equation(middle) > 0) == is_positive else (middle, b)
    return a, b
