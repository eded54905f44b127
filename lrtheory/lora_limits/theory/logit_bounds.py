r"""Bounds on logits that cost O(L d), and a bound on the rounding of polynomials of logits.

Part of `theory`, where users find these functions. The logits are beta <x_i, y_j> with rows x_i of C1 W and y_j of C2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from lrtheory._numbers import formula, numbers, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must
from lrtheory.lora_limits.theory.error_bounds import matrix

__all__ = ["logit_bound", "rounding_floor"]


@formula(beta="[0, inf)")
def logit_bound(X: ArrayLike, Y: ArrayLike, *, beta: Number) -> Number:
    r"""A bound on all logits beta <x_i, y_j>, and on all beta sum_a \|x_ia y_ja\|, in O(L d) (statement LL-P4).

    Parameters
    ----------
    X : array of shape (L_Q, d)
        Rows x_i, those of C1 W.
    Y : array of shape (L_K, d)
        Rows y_j, those of C2, centered or not.
    beta : number
        Inverse temperature.

    Returns
    -------
    number
        beta min(max \|x_i\|_2 max \|y_j\|_2, max \|x_i\|_1 max \|Y\|, max \|X\| max \|y_j\|_1); Fractions and
        balls drop the Euclidean one.

    Raises
    ------
    ValueError
        If the widths differ, a number is not finite, or `beta` is negative.

    Proof
    -----
    Assumes: X and Y have one width and beta is not negative (checked here).

    Proof: Hoelder's inequality for the rows of absolute values: sum_a \|x_ia\| \|y_ja\| is at most \|x_i\|_2 \|y_j\|_2,
    \|x_i\|_1 max_a \|y_ja\| and max_a \|x_ia\| \|y_j\|_1; each factor is then replaced by its largest value over rows.

    Checked by: LL-P4.

    Examples
    --------
    >>> logit_bound([[3.0, 4.0]], [[1.0, 0.0]], beta=0.5)
    2.0
    """
    x, y = np.abs(matrix("X", X)), np.abs(matrix("Y", Y))
    if x.shape[1] != y.shape[1]:
        raise must("Y", f"of {x.shape[1]} columns, as X has", y.shape)
    bounds = [plain(x.sum(1).max()) * plain(y.max()), plain(x.max()) * plain(y.sum(1).max())]
    if isinstance(bounds[0], (int, float)):  # a square root of Fractions would not be exact
        # rows are divided by the largest entry, so that squares neither overflow nor vanish
        tops = [float(one.max()) or 1.0 for one in (x, y)]
        norms = [
            top * float(np.linalg.norm(one.astype(float) / top, axis=1).max())
            for one, top in zip((x, y), tops, strict=True)
        ]
        bounds.append(norms[0] * norms[1])
    return beta * min(bounds)


@formula(product_bound="[0, inf)", bound="[0, inf)", n_variables="[0, inf)")
def rounding_floor(
    coefficients: ArrayLike,
    product_bound: Number,
    *,
    n_variables: int,
    bound: Number | None = None,
    dtype: DTypeLike = np.float64,
) -> float:
    r"""The rounding that adds to the relative error of exp when its polynomial is evaluated by features (LL-E9-floats).

    Parameters
    ----------
    coefficients : array of shape (g + 1,)
        a_k of the polynomial sum_k a_k s^k.
    product_bound : float
        N, a bound on beta sum_a \|x_ia y_ja\| over all pairs; cancellation depends on it, not on the largest logit.
    n_variables : int
        d, coordinates of a feature.
    bound : float or None
        M, a bound on the logits; None takes N.
    dtype : dtype
        float64 or float32, of the features.

    Returns
    -------
    float
        4 (g + d) u exp(M) sum_k \|a_k\| N^k with the unit roundoff u of the type. Measured never to be exceeded; a
        proof would need the order in which a BLAS adds.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, section 3.1 (inner products).

    Examples
    --------
    >>> rounding_floor([1.0, 1.0, 0.5], 1.0, n_variables=2) < 1e-13
    True
    """
    a = np.abs(np.array(numbers("coefficients", coefficients), np.float64))
    N = float(product_bound)
    M = N if bound is None else float(bound)
    d = n_variables
    with np.errstate(over="ignore"):
        size = np.exp(M) * np.polynomial.polynomial.polyval(N, a)
        return float(4 * (len(a) - 1 + d) * _unit(dtype) * size)


def _unit(dtype: DTypeLike) -> float:
    """The unit roundoff of double or single precision."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind not in (np.float32, np.float64):
        raise must("dtype", "float64 or float32", dtype)
    return float(np.finfo(kind).eps) / 2
