"""Counters are numbers that count the arithmetic done with them, and kernels are run on them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from lrtheory._array import interpreted
from lrtheory.matrix_completion import Observations
from lrtheory.matrix_completion.entries.regressions import kernels


class Counter:
    """A number whose additions, multiplications, divisions and roots are counted in a tally that it shares.

    Comparisons are not operations, and arithmetic between plain numbers, such as indices, is free.
    """

    def __init__(self, value: float, tally: list[int]) -> None:
        self.value, self.tally = value, tally

    def counted(self, value: float) -> Counter:
        """Wrap the result of one operation, and count it."""
        self.tally[0] += 1
        return Counter(value, self.tally)

    def __add__(self, other: Any) -> Counter:
        return self.counted(self.value + float(other))

    def __sub__(self, other: Any) -> Counter:
        return self.counted(self.value - float(other))

    def __rsub__(self, other: Any) -> Counter:
        return self.counted(float(other) - self.value)

    def __mul__(self, other: Any) -> Counter:
        return self.counted(self.value * float(other))

    def __truediv__(self, other: Any) -> Counter:
        return self.counted(self.value / float(other))

    def __gt__(self, other: Any) -> bool:
        return self.value > float(other)

    def __float__(self) -> float:
        return self.value

    __radd__, __rmul__ = __add__, __mul__


#: what the kernels take from math, for arrays of counters
MATH = SimpleNamespace(sqrt=lambda x: x.counted(math.sqrt(x.value)))


def operations_of_exact_rows(data: Observations, F: np.ndarray) -> int:
    """Count the operations of the kernel of exact half-steps on all rows, one by one."""
    tally, (m, k) = [0], (data.shape[0], F.shape[1])
    counters = lambda array: np.vectorize(lambda x: Counter(float(x), tally), otypes=[object])(array)
    lines = data.by_row._replace(values=counters(data.by_row.values))
    work = kernels.Regressions(counters(np.zeros((m, k))), np.zeros(m), np.zeros(m), np.zeros(m, np.int64))
    room = kernels.Workspace(*(np.empty((rows, k), dtype=object) for rows in (int(data.by_row.degrees.max()), k + 2)))
    rule = kernels.Rule(k, Counter(0.0, tally), Counter(float(4 * k * np.finfo(float).eps), tally), 0)
    counting = interpreted(kernels, math=MATH)
    counting._exact_lines(lines, counters(F), rule, (0, m), room, work)
    return tally[0]
