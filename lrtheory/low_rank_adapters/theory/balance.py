r"""Sharpness of factors, and the least that factors of a product can have.

Part of `theory`, where users find these functions. B (m, r) and A (r, n) are the factors of one product.
"""

from __future__ import annotations

from lrtheory._numbers import formula, plain
from lrtheory._types import Number

__all__ = ["balanced_sharpness", "sharpness"]


@formula(left="[0, inf)", right="[0, inf)")
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
    b, a = left, right
    return plain(a * a + b * b)


@formula(largest="[0, inf)")
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
    return plain(2 * largest)
