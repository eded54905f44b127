"""The answer to how large the error of the best approximation is: an interval, and its rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._kernels.units import bracket_in_units, true_value
from lrtheory._result import Result, result
from lrtheory._result.display import intervals
from lrtheory.matrix_compression.stacks.inputs import relative

__all__ = ["ErrorInterval", "interval_of"]


@result
class ErrorInterval(Result):
    r"""Bracket of the relative error E_r(M) / \|M\| of the best approximation of rank r.

    Attributes
    ----------
    lower, upper : float
        The error lies between them; 0 for a stack of zeros.
    rank : int
        r.
    floor : float
        Relative errors below it are noise of float64; both ends are moved outwards by as much energy.
    lower2, upper2 : float
        Ends of the bracket of the squared absolute error.
    total : float
        \|M\|^2.
    method : str
        Method from which the bracket comes.
    counts : mapping
        ``blocks`` and ``columns`` that were seen, and ``factorizations``.
    """

    lower: float
    upper: float
    rank: int
    floor: float
    lower2: float
    upper2: float
    total: float
    method: str
    counts: Mapping[str, int]

    def _facts(self) -> list[str]:
        if self.upper <= self.floor:
            return [f"rank {self.rank} is exact, up to rounding of {self.floor:.1g}"]
        if self.upper - self.lower <= self.floor:
            return [f"the best matrix of rank {self.rank} is {self.upper:.4g} away, in units of the norm"]
        return [
            f"the best matrix of rank {self.rank} is {self.lower:.4g} to {self.upper:.4g} away, relative to the norm"
        ]

    def _draw(self, ax: Any) -> None:
        intervals(ax, [f"rank {self.rank}"], [self.lower], [self.upper], label="relative error")


def interval_of(
    bracket: tuple[float, float],
    total: float,
    unit: int,
    *,
    rank: int,
    noise: float,
    method: str,
    counts: Mapping[str, int],
    exact: bool,
) -> ErrorInterval:
    """Widen a bracket of energies by their rounding, clip it to what is possible, and say it in the caller's units.

    `exact` says that the error is 0 whatever the numbers are: there are no more columns or rows than the rank, or
    nothing but zeros. A bracket that happens to end at 0 says no such thing, since a difference of energies may cancel.
    """
    lower2 = upper2 = 0.0
    if not exact:
        lower2 = min(max(bracket[0] - noise * total, 0.0), total)
        upper2 = min(max(bracket[1], lower2), total) + noise * total  # the whole energy is rounded too
    least, most = bracket_in_units(lower2, upper2, 2 * unit)
    return ErrorInterval(
        lower=relative(lower2, total),
        upper=relative(upper2, total),
        rank=rank,
        floor=float(np.sqrt(noise)),
        lower2=least,
        upper2=most,
        total=true_value(total, 2 * unit),
        method=method,
        counts=counts,
    )
