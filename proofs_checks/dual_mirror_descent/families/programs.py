"""Small linear programs in hindsight, prices at which their duals are evaluated, and laws small enough to enumerate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

DENOMINATOR = 10**6  # vertices of programs with small dyadic numbers have far smaller denominators


def rational(x: np.ndarray) -> np.ndarray:
    """Restore the fractions with small denominators that a solver has rounded to doubles."""
    return np.array([Fraction(float(v)).limit_denominator(DENOMINATOR) for v in x.ravel()], object).reshape(x.shape)
