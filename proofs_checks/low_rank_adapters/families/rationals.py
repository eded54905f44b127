"""Matrices of rational numbers, with every double taken as the rational number that it is."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import table
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import formula


def rational(name: str, values: ArrayLike) -> np.ndarray:
    """A matrix with every number as the Fraction that it is."""
    given = table(name, values, shape=("m", "n"))
    entries = [Fraction(*x.as_integer_ratio()) if hasattr(x, "as_integer_ratio") else x for x in given.ravel().tolist()]
    found = np.empty(len(entries), object)
    found[:] = entries
    return found.reshape(given.shape)


def factor_of(name: str, values: ArrayLike, shape: tuple[int, ...], side: int) -> np.ndarray:
    """A factor of a matrix of a shape in Fractions: the left one, of side 0, or the right one, of side 1."""
    X = rational(name, values)
    if X.shape[side] != shape[side]:
        raise must(name, f"a factor of a matrix of shape {shape}", X.shape)
    return X


def flint_matrix(values: np.ndarray) -> Any:
    """A matrix of Fractions as a matrix of python-flint, which is imported here alone."""
    import flint

    m, n = values.shape
    return flint.fmpq_mat(m, n, [flint.fmpq(x.numerator, x.denominator) for x in values.ravel().tolist()])


@formula()
def pseudo_inverse(X: ArrayLike) -> np.ndarray:
    """The pseudo-inverse of Moore and Penrose of a matrix X of any rank.

    X = C F with the pivot columns C of X and the nonzero rows F of its reduced echelon form, both of full rank, so X^+
    = F^T (F F^T)^{-1} (C^T C)^{-1} C^T.

    References
    ----------
    .. [1] A. Ben-Israel, T. Greville, Generalized Inverses, 2nd edition, Springer 2003, section 1.6.
    """
    given = rational("X", X)
    m, n = given.shape
    reduced, rank = flint_matrix(given).rref()
    if not rank:
        return np.array([[Fraction(0)] * m for _ in range(n)], object).reshape(n, m)
    rows = reduced.tolist()[:rank]
    F = type(reduced)(rank, n, [x for row in rows for x in row])
    C = flint_matrix(given[:, [next(j for j, x in enumerate(row) if x != 0) for row in rows]])
    left = (C.transpose() * C).solve(C.transpose())
    found = F.transpose() * (F * F.transpose()).solve(left)
    return np.array([[Fraction(int(x.p), int(x.q)) for x in row] for row in found.tolist()], object)
