"""The mirrored estimator over every pattern of factors, which takes no sampling and no formula."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lrtheory._numbers import exact, number
from lrtheory._result import Result, result
from lrtheory._types import Number
from lrtheory._validation import choice, integer, must
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations
from lrtheory.low_rank_optimizers.problem import PolynomialProblem

__all__ = ["ExactGradient", "exact_gradient"]


class _Law(NamedTuple):
    """A law of entries of both factors: values whose products are integers, and weights that are integers."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    weights: tuple[int, ...]
    most: int  # entries of both factors together


#: -sqrt 3, 0, sqrt 3 has the products 3 a b of the integers -1, 0, 1
LAWS = {
    "sign": _Law((-1, 1), (-1, 1), (1, 1), 14),
    "three-point": _Law((-3, 0, 3), (-1, 0, 1), (1, 4, 1), 8),
}
#: patterns that are multiplied with third derivatives at a time
PART = 1024


@result
class ExactGradient(Result):
    r"""Mean and mean squared error of the estimate of one mirrored pair.

    Attributes
    ----------
    gradient : array of shape (m, n)
        g_r, the mean of the estimate.
    bias : array of shape (m, n)
        g_r minus the gradient at M.
    variance : float or Fraction
        The mean of the squared distance of one estimate from `gradient`; of P pairs it is this over P.
    mse : float or Fraction
        The mean of the squared distance of one estimate from the gradient at M.
    counts : mapping of str to int
        ``patterns`` of the factors.
    """

    gradient: np.ndarray
    bias: np.ndarray
    variance: Number
    mse: Number
    counts: dict[str, int]


def exact_gradient(problem: PolynomialProblem, *, sigma: Number, rank: int, factors: str = "sign") -> ExactGradient:
    r"""Average the mirrored estimator over all patterns of its factors, without sampling.

    One pair estimates the gradient by E (f(M + sigma E) - f(M - sigma E)) / (2 sigma) with E = A B^T / sqrt(r). Means
    are over each of the 2^((m + n) r) patterns of signs, or over the 3^((m + n) r) patterns of the law of three points
    -sqrt 3, 0, sqrt 3 with probabilities 1/6, 2/3, 1/6. That law has all moments of a standard Gaussian variable up to
    the fifth: so the mean for a polynomial of degree 3 is that of Gaussian factors, and for a quadratic also the mean
    squared error is.

    Arrays: NumPy; a problem of Fractions with a rational sigma has Fractions as its answers.

    Parameters
    ----------
    problem : PolynomialProblem
        The objective.
    sigma : number
        Scale of the perturbations, above 0.
    rank : int
        Columns of the factors.
    factors : {"sign", "three-point"}
        The law of their entries. Signs have up to (m + n) rank = 14 of them, three points up to 8.

    Returns
    -------
    ExactGradient
        The mean, its bias, and the variance and mean squared error of one pair.

    Raises
    ------
    TypeError
        If the problem is not a PolynomialProblem.
    ValueError
        If there are too many patterns, or a number is out of range.

    See Also
    --------
    sine_gradient : Answers by a closed form for a sine, at any size.

    Examples
    --------
    >>> problem = PolynomialProblem([[0.0]], [[0.0]], cubic=[[[[[[1.0]]]]]])  # f = w^3 / 6
    >>> [exact_gradient(problem, sigma=1, rank=r, factors="three-point").gradient.item() for r in (1, 2)]
    [1.5, 1.0]
    """
    if not isinstance(problem, PolynomialProblem):
        raise must("problem", "a PolynomialProblem", problem, TypeError)
    (m, n), r = problem.shape, integer("rank", rank, low=1)
    law = LAWS[choice("factors", factors, tuple(LAWS))]
    if (m + n) * r > law.most:
        raise must("rank", f"such that (m + n) rank is at most {law.most}", rank)
    s = exact(number("sigma", sigma, 0, ends="(]"))
    A, B, weights = _patterns(law, m, n, r)
    X = np.einsum("pir,pjr->pij", A, B).reshape(len(A), -1)  # sqrt(r) E
    parts = [problem.truth] if problem.cubic is None else [problem.truth, np.asarray(problem.cubic)]
    rational = isinstance(s, Fraction) and all(part.dtype == object for part in parts)
    if not rational and math.isinf(float(s) * float(s)):
        raise must("sigma", "a number whose square is a double", sigma)
    halves = _rational_halves(problem, X, s * s / r) if rational else _halves(problem, X, float(s) ** 2 / r)
    return _averaged(problem, A, B, X, weights, halves, exact=rational)


def _patterns(law: _Law, m: int, n: int, r: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All factors (N, m, r) and (N, n, r), and the weights of the patterns, as integers."""
    entries = (m + n) * r
    digits = np.indices((len(law.weights),) * entries, np.int8).reshape(entries, -1).T
    A = np.array(law.left)[digits[:, : m * r]].reshape(-1, m, r)
    B = np.array(law.right)[digits[:, m * r :]].reshape(-1, n, r)
    return A, B, np.prod(np.array(law.weights)[digits], axis=1)


def _halves(problem: PolynomialProblem, X: np.ndarray, square: float) -> np.ndarray:
    """Half the difference of each pair over c, where members are at M plus and minus c X, and c^2 is given."""
    x = X.astype(np.float64)
    found = x @ problem.truth.ravel().astype(np.float64)
    if problem.cubic is not None:
        found += (square / 6) * _cubes(np.asarray(problem.cubic).astype(np.float64), x)
    return np.asarray(found)


def _rational_halves(problem: PolynomialProblem, X: np.ndarray, square: Fraction) -> np.ndarray:
    """Compute `_halves` in Fractions: integers in doubles that are exact, or Python's own where they are larger."""
    linear, cubic = problem.truth, problem.cubic
    first = _integers(linear, X, 1)
    if cubic is None:
        return first
    return np.asarray(first + _integers(np.asarray(cubic), X, 3) * (square / 6))


def _integers(derivatives: np.ndarray, X: np.ndarray, order: int) -> np.ndarray:
    """A form of order 1 or 3 at integer matrices, (N,) Fractions."""
    flat = derivatives.ravel().tolist()
    whole = math.lcm(*(x.denominator for x in flat))
    numerators = np.array([int(x * whole) for x in flat], object)
    in_doubles = sum(map(abs, numerators.tolist())) * int(np.abs(X).max()) ** order < 2**53
    kind = np.float64 if in_doubles else object
    form, x = numerators.astype(kind), X.astype(kind)
    values = x @ form if order == 1 else _cubes(form.reshape(derivatives.shape), x)
    return np.array([Fraction(int(value), whole) for value in values.tolist()], object)


def _cubes(cubic: np.ndarray, x: np.ndarray) -> np.ndarray:
    """C[X, X, X] for each row of x."""
    d = x.shape[1]
    parts = [x[i : i + PART] for i in range(0, len(x), PART)]
    forms = [(part @ cubic.reshape(d, d * d)).reshape(-1, d, d) for part in parts]
    return np.concatenate(
        [((form * part[:, :, None]).sum(axis=1) * part).sum(axis=1) for form, part in zip(forms, parts, strict=True)]
    )


def _averaged(
    problem: PolynomialProblem,
    A: np.ndarray,
    B: np.ndarray,
    X: np.ndarray,
    weights: np.ndarray,
    halves: np.ndarray,
    *,
    exact: bool,
) -> ExactGradient:
    kind: Any = object if exact else np.float64
    r, truth = A.shape[2], problem.truth if exact else problem.truth.astype(np.float64)
    share = weights.astype(kind) / (Fraction(int(weights.sum())) if exact else float(weights.sum()))
    generation = Perturbations([A.astype(kind)], [B.astype(kind)], scale=Fraction(1) if exact else 1.0)
    (mean,) = generation.gradient(halves * share * len(A))
    mean = mean.reshape(problem.shape)
    lengths = np.sum(X * X, axis=1)
    if exact:
        second = sum((share * halves * halves * lengths.astype(object)).tolist()) / Fraction(r * r)
        variance = second - np.sum(mean * mean)
        mse = variance + np.sum((mean - truth) * (mean - truth))
    else:
        estimates = X * (halves / r)[:, None]
        variance, mse = (float(share @ np.sum((estimates - at.ravel()) ** 2, axis=1)) for at in (mean, truth))
    return ExactGradient(gradient=mean, bias=mean - truth, variance=variance, mse=mse, counts={"patterns": len(A)})
