"""Newton-Schulz iterations with the quintic of Muon, and the exact image of its polynomial on intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import Words, flag, integer, must, real
from lrtheory.low_rank_optimizers.optimizers.curvature import exact_or_real, is_exact
from lrtheory.low_rank_optimizers.theory.orthogonalization import QUINTIC

__all__ = ["iterated", "newton_schulz", "norm_of", "spectral_image"]


@arrays("device")
def newton_schulz(
    G: ArrayLike, *, n_iter: int = 5, coefficients: Sequence[Number] = QUINTIC, normalize: bool = True
) -> Array:
    r"""Push the singular values of a matrix towards 1 by a polynomial, in products of matrices alone.

    X = G / \|G\| is replaced by a X + (b X X^T + c (X X^T)^2) X, on the side with fewer rows. This applies p(x) = a x
    + b x^3 + c x^5 to each singular value and keeps the singular vectors (statement AU-3). The result is not
    orthogonal: after five steps singular values of at least 0.01 before lie in [0.68, 1.14], and small ones stay small,
    since a step multiplies none by more than a (statement AU-3b). See `spectral_image`.

    Parameters
    ----------
    G : array of shape (m, n)
        A matrix, such as a gradient. Arrays of Fractions are computed with exactly, without normalization.
    n_iter : int
        The number of steps, at least 0.
    coefficients : sequence of three numbers
        a, b and c.
    normalize : bool
        Whether G is divided by its Frobenius norm first, so that all singular values are at most 1.

    Returns
    -------
    array of shape (m, n)
        The last X. A zero matrix gives zeros.

    Raises
    ------
    ValueError
        If G is not a finite matrix, an option is out of range, or X leaves the range of numbers.
    TypeError
        If an argument is of the wrong kind, or an array of Fractions is to be normalized.

    Notes
    -----
    Arrays: any (device)

    References
    ----------
    Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks", 2024.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(newton_schulz(np.diag([4.0, 3.0])), 3).tolist()
    [[1.119, 0.0], [0.0, 0.723]]
    """
    xp = array_namespace(G)
    X: Any = exact_or_real(xp, "G", G)
    if X.ndim != 2 or 0 in X.shape:
        raise must("G", "a matrix with at least one entry", tuple(X.shape))
    integer("n_iter", n_iter, low=0)
    factors = _coefficients(coefficients)
    if is_exact(X):
        if flag("normalize", normalize):
            raise must("normalize", "False for exact numbers, whose norm is a square root", normalize, TypeError)
        return iterated(X, n_iter, [Fraction(factor) for factor in factors])
    if flag("normalize", normalize):
        _, ratio, X = norm_of(xp, X)
        X = X / ratio
    with np.errstate(all="ignore"):  # what overflows is refused below
        found = iterated(X, n_iter, [float(factor) for factor in factors])
    if not bool(xp.all(xp.isfinite(found))):
        raise must("G", "so small that all iterates are finite", Words("one that diverges"))
    return found


def iterated(X: Any, n_iter: int, coefficients: Sequence[Any]) -> Any:
    """The steps, on the side with fewer rows."""
    a, b, c = coefficients
    tall = X.shape[0] > X.shape[1]
    X = X.T if tall else X
    for _ in range(n_iter):
        square = X @ X.T
        X = a * X + (b * square + c * (square @ square)) @ X
    return X.T if tall else X


def norm_of(xp: Any, X: Any) -> tuple[float, float, Any]:
    """The largest absolute entry of an array of floats, the ratio of its Frobenius norm to it, and the array over it.

    The product of the first two, the norm, may leave the range of numbers where no entry does. Zeros have 1 for both.
    """
    size = float(xp.max(xp.abs(X)))
    if size == 0:
        return 1.0, 1.0, X
    # JAX multiplies by inverses, and takes those of the largest numbers for 0
    scaled = X / size if size < 1e30 else X / 4 / (size / 4)
    return size, math.sqrt(float(xp.sum(scaled * scaled))), scaled


def spectral_image(
    interval: Sequence[float], *, n_iter: int = 5, coefficients: Sequence[Number] = QUINTIC
) -> tuple[float, float]:
    """Find the interval that the singular values of an interval fill after some Newton-Schulz steps (statement AU-3).

    A continuous function maps an interval onto an interval, whose ends are values at the ends or at critical points. So
    images compose, and nothing is lost from step to step, unlike in interval arithmetic.

    Parameters
    ----------
    interval : pair of floats
        The least and the largest singular value before, at least 0.
    n_iter : int
        The number of steps, at least 0.
    coefficients : sequence of three numbers
        a, b and c of `newton_schulz`.

    Returns
    -------
    pair of floats
        The least and the largest value of the polynomial's iterate on the interval, up to rounding. Where a value is
        negative, the singular value is its absolute value.

    Raises
    ------
    ValueError
        If the interval is not one, or an option is out of range.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> [round(end, 4) for end in spectral_image((0.01, 1.0))]
    [0.6818, 1.1344]
    """
    ends = _listed(interval)
    if len(ends) != 2:
        raise must("interval", "a pair of numbers", interval)
    low = real("interval[0]", ends[0], low=0.0, high=1e300)
    high = real("interval[1]", ends[1], low=low, high=1e300)
    integer("n_iter", n_iter, low=0)
    a, b, c = map(float, _coefficients(coefficients))
    turns = _critical_points(a, b, c)
    for _ in range(n_iter):
        points = [low, high, *(x for x in turns if low < x < high)]
        values = [x * (a + x * x * (b + x * x * c)) for x in points]
        low, high = min(values), max(values)
        if not math.isfinite(high - low):
            raise must("interval", "one whose images are finite", interval)
    return low, high


def _critical_points(a: float, b: float, c: float) -> list[float]:
    """The zeros of a + 3 b x^2 + 5 c x^4, both signs."""
    if c == 0:
        squares = [] if b == 0 else [-a / (3 * b)]
    else:
        under = 9 * b * b - 20 * a * c
        # the root of larger absolute value first, so that nothing cancels
        larger = (-3 * b - math.copysign(math.sqrt(max(under, 0.0)), b)) / (10 * c)
        squares = [] if under < 0 else [larger, a / (5 * c * larger) if larger else 0.0]
    return [sign * math.sqrt(y) for y in squares if y > 0 for sign in (-1, 1)]


def _coefficients(values: Any) -> list[Any]:
    """Three finite numbers."""
    found = _listed(values)
    if len(found) != 3:
        raise must("coefficients", "three numbers", values)
    for i, value in enumerate(found):
        real(f"coefficients[{i}]", value, low=-1e300, high=1e300)
    return found


def _listed(values: Any) -> list[Any]:
    """The items of a sequence or of a NumPy array, and none of anything else."""
    is_list = isinstance(values, (Sequence, np.ndarray)) and not isinstance(values, (str, bytes))
    return list(values) if is_list and getattr(values, "ndim", None) != 0 else []
