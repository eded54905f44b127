"""Every pattern of factors of a small shape, in Fractions, by plain loops."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np

#: entries of A, of B, and weights over their sum
LAWS = {
    "sign": ((-1, 1), (-1, 1), (1, 1)),
    "three-point": ((-3, 0, 3), (-1, 0, 1), (1, 4, 1)),
}
KURTOSIS = {"sign": -2, "three-point": 0}


def patterns(law: str, shape: tuple[int, int], rank: int) -> Iterator[tuple[Fraction, np.ndarray]]:
    """Probability of a pattern, and A B^T = sqrt(r) E as Fractions."""
    (m, n), (left, right, weights) = shape, LAWS[law]
    total = sum(weights)
    for digits in product(range(len(weights)), repeat=(m + n) * rank):
        chance = Fraction(1)
        for digit in digits:
            chance *= Fraction(weights[digit], total)
        A = [[left[digits[i * rank + k]] for k in range(rank)] for i in range(m)]
        B = [[right[digits[m * rank + j * rank + k]] for k in range(rank)] for j in range(n)]
        E = [[Fraction(sum(a * b for a, b in zip(row, column, strict=True))) for column in B] for row in A]
        yield chance, np.array(E, object)
