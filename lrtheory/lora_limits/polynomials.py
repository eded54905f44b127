r"""Polynomials for exp on [-M, M], each with its exact relative error: Taylor, Chebyshev, and the best one (minimax).

The relative error sup \|P(s) exp(-s) - 1\| is what attention sees, since rows are normalized. The derivative of
P(s) exp(-s) - 1 is (P' - P)(s) exp(-s), so the supremum stands at an end or at a root of P' - P.

Chebyshev series here are series in t = s / M of exp(-M) P, not of P: their sizes stay near 1 up to M = 300.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from lrtheory._array import array_namespace, real_array
from lrtheory._numbers import number, plain
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, exactly_one, integer, must
from lrtheory.lora_limits import theory

__all__ = ["Polynomial", "exp_polynomial", "relative_error"]

KINDS = ("taylor", "chebyshev", "minimax")
LARGEST = 300  # exp(M) and the Bessel functions stay far from overflow
MAX_DEGREE = 300  # far above what errors above rounding ask for, such as 43 for logits up to 10
EXCHANGES = 40  # the most steps of the exchange, of which a handful is enough
NEAR = 2.0  # the error of "minimax" is at most this factor times the least error that is possible
ROUNDED = 2.0**-46  # an error of this size is rounding, whatever the polynomial
# Below this error Taylor's polynomial is the best one in doubles; for tiny M the Chebyshev series divides by M^k.
NO_ERROR = 2.0**-60


@result
class Polynomial(Result):
    r"""P(s) = sum_k a_k s^k, close to exp(s) for \|s\| <= M.

    Attributes
    ----------
    coefficients : array of shape (g + 1,)
        a_0, ..., a_g.
    error : float
        sup \|P(s) exp(-s) - 1\| over \|s\| <= M. Below 1, P is positive there.
    bound : float
        M.
    kind : str
        "taylor", "chebyshev" or "minimax".
    """

    coefficients: np.ndarray
    error: float
    bound: float
    kind: str

    def _columns(self) -> dict[str, Any]:
        return {"power": range(len(self.coefficients)), "coefficient": self.coefficients}

    def _facts(self) -> list[str]:
        return [f"off by at most {float(self.error):.3g} of exp(s) for |s| <= {float(self.bound):g} ({self.kind})"]

    def _draw(self, ax: Any) -> None:
        s = np.linspace(-float(self.bound), float(self.bound), 201)
        values = np.array([float(self(x)) for x in s.tolist()])
        curves(ax, s, {"error": values * np.exp(-s) - 1}, xlabel="s", ylabel="P(s) / exp(s) - 1")

    @property
    def degree(self) -> int:
        """The degree g, one less than the number of coefficients."""
        return len(self.coefficients) - 1

    def __call__(self, s: Number | ArrayLike) -> Any:
        """Evaluate P(s) entry by entry, in the caller's library, by Horner's rule.

        Parameters
        ----------
        s : number or array
            Where; lists and data frames become NumPy arrays. Infinities and NaN are not refused.

        Returns
        -------
        float or array of the shape of s
            P(s), in single precision where s is.
        """
        xp = array_namespace(s)
        x = real_array(xp, "s", s, finite=False)
        value = xp.full_like(x, float(self.coefficients[-1]))
        for a in self.coefficients[-2::-1].tolist():
            value = value * x + a
        return plain(value)


def exp_polynomial(
    bound: Number, *, degree: int | None = None, epsilon: Number | None = None, kind: str = "taylor"
) -> Polynomial:
    r"""A polynomial for exp on [-M, M], of given degree or of the smallest one that reaches a relative error.

    Parameters
    ----------
    bound : float
        M, in [0, 300].
    degree : int or None
        g, at least 0.
    epsilon : float or None
        Relative error to reach, in (0, 1); one of degree and epsilon is given.
    kind : {"taylor", "chebyshev", "minimax"}
        exp's series at 0, which is best where most logits are small; its Chebyshev series on [-M, M], cut; or the
        polynomial of smallest relative error on [-M, M].

    Returns
    -------
    Polynomial
        Polynomial and the relative error that it has in exact arithmetic (statements LL-D1, LL-D2); what rounding of
        its coefficients adds is in `theory.rounding_floor`. The error of "minimax" is at most `NEAR` times the least.

    Raises
    ------
    ValueError
        If a number is out of range, or not exactly one of degree and epsilon is given, or rounding hides which
        polynomial of this degree is best.

    Proof
    -----
    Assumes: M is in [0, 300] (checked here).

    Proof: The derivative of P(s) exp(-s) - 1 is (P' - P)(s) exp(-s), so the supremum of its absolute value is attained
    at an end or at one of the g roots of P' - P. The best polynomial is found by exchange (Remez): T_k(s / M) exp(-s)
    is a Chebyshev system, so one P makes the error alternate with one height on g + 2 given points. Between them the
    error has g + 1 zeros, between these its derivative has g; so all g roots of P' - P are real and inside, and the new
    points are these and the two ends. At the fixed point the error alternates at its largest height, g + 2 times, and
    no polynomial of degree g does better (de la Vallee Poussin).

    Checked by: LL-D1-exact and LL-D2-relative.

    References
    ----------
    .. [1] A. Aggarwal, J. Alman, Optimal-Degree Polynomial Approximations for Exponentials and Gaussian Kernel Density
       Estimation, CCC 2022.

    Examples
    --------
    >>> exp_polynomial(1.0, degree=2).coefficients.tolist()
    [1.0, 1.0, 0.5]
    >>> [exp_polynomial(4.0, epsilon=1e-4, kind=kind).degree for kind in ("taylor", "chebyshev", "minimax")]
    [19, 13, 10]
    """
    M, kind = float(number("bound", bound, 0, LARGEST)), choice("kind", kind, KINDS)
    if exactly_one(degree=degree, epsilon=epsilon) == "degree":
        return _of_degree(M, integer("degree", degree, low=0, high=MAX_DEGREE), kind)
    target = float(number("epsilon", epsilon, 0, 1, ends="()"))
    if kind != "minimax":
        return _of_degree(M, theory.min_degree(M, target, kind=kind), kind)
    # The best polynomial needs no higher degree than the cut Chebyshev series. Its error is known only after it was
    # computed, so the degrees are tried one after the other.
    for g in range(theory.min_degree(M, target, kind="chebyshev") + 1):
        try:
            found = _of_degree(M, g, kind)
        except ValueError:  # rounding hides which polynomial is the best of this degree; a higher degree may do
            continue
        if found.error <= target:
            return found
    raise must("epsilon", f"larger: rounding of numbers up to exp({2 * M:.3g}) hides what is best", target)


def _of_degree(M: float, degree: int, kind: str) -> Polynomial:
    """Make the polynomial of one kind and degree, in powers of s."""
    if kind == "taylor" or theory.taylor_error(degree, M) < NO_ERROR:
        a = np.array([1 / math.factorial(k) if k < 170 else 0.0 for k in range(degree + 1)])
        return Polynomial(a, theory.taylor_error(degree, M), M, kind)
    series = _chebyshev(M, degree)
    if kind == "minimax":
        series = _minimax(M, series)
    # the series is exp(-M) times the polynomial, so that nothing overflows before here
    a = chebyshev.cheb2poly(series) * math.exp(M) / M ** np.arange(len(series))
    return Polynomial(np.pad(a, (0, degree + 1 - len(a))), relative_error(series, M), M, kind)


def _chebyshev(M: float, degree: int) -> np.ndarray:
    """Return the Chebyshev series of exp(M t - M), exp(-M) (I_0(M) + 2 sum_k I_k(M) T_k(t)), cut after the degree."""
    from scipy.special import ive  # here, so that importing the system stays quick

    series = 2 * ive(np.arange(degree + 1), M)
    series[0] /= 2
    return series


def relative_error(series: np.ndarray, M: float) -> float:
    """Return sup |P exp(-s) - 1| over |s| <= M, for exp(-M) P as a Chebyshev series in t = s / M."""
    return float(np.abs(_error(series, M, _extrema(series, M))).max())


def _error(series: np.ndarray, M: float, t: np.ndarray) -> np.ndarray:
    """Return P(s) exp(-s) - 1 at s = M t."""
    return chebyshev.chebval(t, series) * np.exp(M - M * t) - 1


def _extrema(series: np.ndarray, M: float, *, real: bool = False) -> np.ndarray:
    """Return the points t where the error can be extreme: the two ends, and the real roots of P' - P between them.

    Rounding splits a multiple root into complex ones, whose real parts are taken too unless `real`. They do no harm to
    a supremum, which a further point cannot overstate; an exchange needs the extrema themselves.
    """
    slope = np.trim_zeros(chebyshev.chebsub(chebyshev.chebder(series) / M, series), "b")
    roots = chebyshev.chebroots(slope) if len(slope) > 1 else np.empty(0)
    inner = roots.real[((roots.imag == 0) | (not real)) & (np.abs(roots.real) < 1)]
    return np.sort(np.concatenate([[-1.0, 1.0], inner]))


def _minimax(M: float, start: np.ndarray) -> np.ndarray:
    """Find the series of smallest relative error by exchange (Remez), which ends where all extrema have one height.

    When the error alternates in sign at degree + 2 points, no polynomial of this degree has an error below the smallest
    of these heights (de la Vallee Poussin): `least` is the best such bound, `height` the smallest error so far.
    """
    degree = len(start) - 1
    signs = (-1.0) ** np.arange(degree + 2)
    best, height, least = start, relative_error(start, M), 0.0
    points = -np.cos(np.pi * np.arange(degree + 2) / (degree + 1))  # the extrema of the next Chebyshev polynomial
    for _ in range(EXCHANGES):
        # P exp(-s) - 1 = -signs times a height at the points: the unknowns are the coefficients of P and the height
        system = np.column_stack([chebyshev.chebvander(points, degree) * np.exp(M - M * points)[:, None], signs])
        scale = np.abs(system).max(axis=0)
        solution = np.linalg.lstsq(system / scale, np.ones(degree + 2), rcond=None)[0] / scale
        series, points = solution[:-1], _extrema(solution[:-1], M, real=True)
        errors = _error(series, M, points)
        error = float(np.abs(errors).max())
        if len(points) == degree + 2 and (errors[1:] * errors[:-1] < 0).all():
            least = max(least, float(np.abs(errors).min()))
        if error < height:
            best, height = series, error
        # rounding has merged or split extrema, or the largest error is the common height: nothing more to gain
        if len(points) != degree + 2 or error <= abs(solution[-1]) * (1 + 1e-9):
            break
    if height > NEAR * least and height > ROUNDED:
        raise must(
            "degree", f"smaller for exp on [-{M:g}, {M:g}], where rounding hides which polynomial is best", degree
        )
    return best
