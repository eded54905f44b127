"""Units that are powers of two: numbers of any size are squared without overflow, and no digit changes.

Everything that a sketch keeps is divided by 2^unit, energies by 4^unit. The unit of a stack is that of its first block
which is not zero, and is raised when a much larger block comes. A stack multiplied by a power of two gives the answer
multiplied by it, digit for digit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._kernels.units import largest_of, scaled, unit_of

__all__ = ["EMPTY", "Sum", "energy_of", "raised"]

#: squares of numbers with these energies lose nothing to overflow or underflow
_SAFE = (1e-280, 1e280)
#: a unit is raised when a block is larger by this many powers of two
SLACK = 200
#: the unit while there is nothing but zeros
EMPTY = -(2**40)


class Sum(NamedTuple):
    """A sum of positive numbers of very different sizes, with what the last digits lost (Neumaier)."""

    high: float = 0.0
    low: float = 0.0

    def plus(self, value: float) -> Sum:
        """Add a number."""
        high = self.high + value
        small, large = sorted((self.high, value))
        return Sum(high, self.low + ((large - high) + small))

    @property
    def value(self) -> float:
        """The sum."""
        return self.high + self.low

    def scaled(self, factor: float) -> Sum:
        """Multiply by a power of two."""
        return Sum(self.high * factor, self.low * factor)


def energy_of(block: np.ndarray) -> tuple[float, int]:
    """Squared norm of a finite float64 block divided by 4^unit, and that unit; a block of zeros has none."""
    flat = block.ravel(order="K")
    with np.errstate(over="ignore"):
        energy = float(np.dot(flat, flat))
    if _SAFE[0] < energy < _SAFE[1]:
        unit = math.frexp(energy)[1] // 2
        return math.ldexp(energy, -2 * unit), unit
    if largest_of(flat) == 0.0:
        return 0.0, EMPTY
    unit = unit_of(flat)
    flat = scaled(flat, -unit)
    return float(np.dot(flat, flat)), unit


def raised(unit: int, of_block: int) -> int:
    """Return the unit to go on with, when a block of another unit comes."""
    return max(unit, of_block) if unit == EMPTY or of_block > unit + SLACK else unit
