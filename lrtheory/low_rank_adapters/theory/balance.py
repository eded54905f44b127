r"""Balanced factors: the least energy, the least sharpness, and momenta that keep the velocity of the product.

Part of `theory`, where users find these functions. B (m, r) and A (r, n) are the factors of one product.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must
from lrtheory.low_rank_adapters.theory.starts import matrix, pseudo_inverse, rational

__all__ = ["balanced_sharpness", "least_factor_energy", "sharpness", "transported_momenta"]


def least_factor_energy(spectrum: ArrayLike) -> Number:
    r"""Compute the least value of (\|A\|^2 + \|B\|^2) / 2 over all factors of a product (statement RF-1).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of B A.

    Returns
    -------
    number
        Sum of the singular values, which is the nuclear norm of B A.

    Raises
    ------
    ValueError
        If a value is negative or not finite.

    Proof
    -----
    Assumes: all singular values are there (the caller).

    Proof: \|B A\|_* = tr(U^T B A V) <= \|B\| \|A\| <= (\|A\|^2 + \|B\|^2) / 2, with the singular vectors U and V, by
    Cauchy and Schwarz. Balanced factors B = U S^{1/2} and A = S^{1/2} V^T have \|A\|^2 = \|B\|^2 = tr S.

    Checked by: RF-1.

    References
    ----------
    .. [1] N. Srebro, J. Rennie, T. Jaakkola, Maximum-margin matrix factorization, NIPS 2004.

    Examples
    --------
    >>> least_factor_energy([3, 2])
    5
    """
    return plain(sum(numbers("spectrum", spectrum, 0)))


def sharpness(left: Number, right: Number) -> Number:
    r"""Compute the largest curvature of \|B A - M\|^2 / 2 in the factors at a solution (statement RF-2).

    Parameters
    ----------
    left : number
        \|B\|_2, the largest singular value of B.
    right : number
        \|A\|_2, that of A.

    Returns
    -------
    number
        \|A\|_2^2 + \|B\|_2^2, the largest eigenvalue of the Gauss-Newton operator; 2 over it is the largest stable step
        of plain gradient descent.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Proof
    -----
    Assumes: nothing; at a solution the operator of Gauss and Newton is the Hessian.

    Proof: \|dB A + B dA\| <= \|A\|_2 \|dB\| + \|B\|_2 \|dA\| <= (\|A\|_2^2 + \|B\|_2^2)^{1/2} (\|dB\|^2 +
    \|dA\|^2)^{1/2}. With unit vectors A^T p = \|A\|_2 y and B q = \|B\|_2 x, dB = \|A\|_2 x p^T and dA = \|B\|_2 q y^T
    give equality.

    Checked by: RF-2.

    Examples
    --------
    >>> sharpness(3, 1)
    10
    """
    b, a = number("left", left, 0), number("right", right, 0)
    return plain(a * a + b * b)


def balanced_sharpness(largest: Number) -> Number:
    r"""Compute the least sharpness that factors of a product can have (statement RF-2).

    Parameters
    ----------
    largest : number
        sigma_1, the largest singular value of B A.

    Returns
    -------
    number
        2 sigma_1.

    Raises
    ------
    ValueError
        If the number is negative or not finite.

    Proof
    -----
    Assumes: nothing.

    Proof: \|A\|_2^2 + \|B\|_2^2 >= 2 \|A\|_2 \|B\|_2 >= 2 \|B A\|_2, and balanced factors, with \|A\|_2^2 = \|B\|_2^2 =
    sigma_1, attain it. So balancing makes the largest stable step of gradient descent as large as it can be.

    Checked by: RF-2.

    Examples
    --------
    >>> balanced_sharpness(3)
    6
    """
    return plain(2 * number("largest", largest, 0))


def transported_momenta(gauge: ArrayLike, left: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Compute momenta that keep the velocity of the product when the factors become B T and T^{-1} A (statement RF-3).

    Parameters
    ----------
    gauge : array of shape (r, r)
        T, nonsingular.
    left : array of shape (m, r)
        M_B, the momentum of B.
    right : array of shape (r, n)
        M_A, the momentum of A.

    Returns
    -------
    pair of arrays
        M_B T and T^{-1} M_A, in Fractions.

    Raises
    ------
    ValueError
        If T is singular, shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: T is nonsingular, which needs rank(B A) = r where T comes from `refactorize`.

    Proof: B M_A + M_B A = (B T)(T^{-1} M_A) + (M_B T)(T^{-1} A), term by term.

    Checked by: RF-3.

    Examples
    --------
    >>> left, right = transported_momenta([[2]], [[3]], [[4]])
    >>> int(left[0, 0]), int(right[0, 0])
    (6, 2)
    """
    square = rational("gauge", gauge)
    r = len(square)
    if square.shape[1] != r or matrix(square).rank() < r:
        raise must("gauge", "a nonsingular matrix", gauge)
    M_B, M_A = table("left", left, shape=("m", r)), table("right", right, shape=(r, "n"))
    return rational("left", M_B) @ square, np.asarray(pseudo_inverse(square) @ rational("right", M_A))
