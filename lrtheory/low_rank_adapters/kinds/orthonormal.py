"""Orthonormal columns from normal numbers, as Householder's QR factorization has them, in half of its time."""

from __future__ import annotations

import numpy as np

from lrtheory.low_rank_adapters.kinds.arrays import LARGE

__all__ = ["orthonormal"]

#: rows of a column from which on columns of normal numbers are so near to orthogonal that their Gram matrix serves
TALL = 2
#: columns of a block in the elimination that finds signs
BLOCK = 64


def orthonormal(drawn: np.ndarray) -> np.ndarray:
    """The factor Q of the QR factorization of independent normal numbers in LAPACK, up to rounding.

    Parameters
    ----------
    drawn : float64 array of shape (n, k), k <= n
        The numbers, all of one variance. The array may be overwritten.

    Returns
    -------
    array of shape (n, k)
        Q with the columns that `numpy.linalg.qr` finds, signs included.

    Notes
    -----
    Where n >= 2 k >= 256 it is G R^-1 with the Cholesky factor R of G^T G (CholeskyQR [1]_), whose columns are
    orthonormal up to rounding times the square of the condition number of G. That number is near
    (1 + c) / (1 - c) <= 5.9 with c = sqrt(k / n): the singular values of G / sqrt(n) leave [1 - c - t, 1 + c + t] with
    probability 2 exp(-n t^2 / 2) at most [2]_.

    Householder's columns have other signs: a reflection takes a column to a multiple of a unit vector whose sign is not
    that of the pivot. What k reflections leave of Q_j in row j is the pivot of an elimination of the upper k rows of Q
    from which these signs are subtracted on the diagonal as it goes [3]_.

    References
    ----------
    .. [1] Y. Yamamoto et al., Roundoff Error Analysis of the CholeskyQR2 Algorithm, ETNA 44 (2015).
    .. [2] K. R. Davidson, S. J. Szarek, Local Operator Theory, Random Matrices and Banach Spaces, 2001, Theorem II.13.
    .. [3] G. Ballard et al., Reconstructing Householder Vectors from Tall-Skinny QR, IPDPS 2014.
    """
    n, k = drawn.shape
    if k < LARGE or n < TALL * k:
        return np.linalg.qr(drawn).Q
    from scipy.linalg.blas import dtrsm  # not with the system, which most callers import without it

    lower = np.linalg.cholesky(drawn.T @ drawn)
    Q: np.ndarray = dtrsm(1.0, lower.T, drawn.T, trans_a=1, overwrite_b=1).T
    Q *= householder_signs(Q[:k])
    return Q


def householder_signs(top: np.ndarray) -> np.ndarray:
    """The signs of the diagonal of Householder's R for orthonormal columns whose upper square is given."""
    from scipy.linalg import solve_triangular

    left, signs = np.array(top), np.empty(len(top))
    for a in range(0, len(top), BLOCK):
        block, rest = left[a : a + BLOCK, a : a + BLOCK], slice(a + BLOCK, None)
        for j in range(len(block)):
            signs[a + j] = -np.copysign(1.0, block[j, j])
            block[j, j] -= signs[a + j]
            block[j + 1 :, j] /= block[j, j]
            block[j + 1 :, j + 1 :] -= np.outer(block[j + 1 :, j], block[j, j + 1 :])
        along = solve_triangular(block, left[a : a + BLOCK, rest], lower=True, unit_diagonal=True)
        down = solve_triangular(block, left[rest, a : a + BLOCK].T, trans="T")
        left[rest, rest] -= down.T @ along
    return signs
