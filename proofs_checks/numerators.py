"""Arrays of rational numbers as integers over one denominator, whose sums of products need no common divisors."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def numerators(array: np.ndarray) -> tuple[np.ndarray, int]:
    """Write an array of rational numbers as Python's integers over their least common denominator.

    Parameters
    ----------
    array : array of doubles, integers or Fractions
        The numbers; a double is the rational number that it stands for.

    Returns
    -------
    integers : object array of the same shape
        Numerators.
    denominator : int
        Divides all of them; at least 1.

    Raises
    ------
    OverflowError, ValueError
        If a double is not finite.
    """
    ratios = [entry.as_integer_ratio() for entry in array.ravel().tolist()]
    denominator = math.lcm(*(below for _, below in ratios))
    found = np.empty(array.size, object)
    found[:] = [above * (denominator // below) for above, below in ratios]
    return found.reshape(array.shape), denominator


def product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Multiply two matrices of rational numbers exactly.

    Parameters
    ----------
    A, B : arrays of shape (m, n) and (n, k), of doubles, integers or Fractions
        The factors.

    Returns
    -------
    object array of shape (m, k)
        Fractions, each reduced once and not after every addition.
    """
    (above, p), (beside, q) = numerators(A), numerators(B)
    return (above @ beside) * Fraction(1, p * q)  # type: ignore[no-any-return]
