r"""Errors of a common basis block by block, and the bracket of the best one from a second pass.

Differences of energies know errors down to 10^-7 of the norm alone; here \|A_k - U C_k\| is formed from the matrices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lrtheory._kernels.units import scaled
from lrtheory._validation import must
from lrtheory.matrix_compression.stacks import scaling
from lrtheory.matrix_compression.stacks.factors import ROUNDING, spectrum_of
from lrtheory.matrix_compression.theory import subspace_bracket

__all__ = ["Energies", "SecondPass", "second_pass"]


class Energies:
    """Energies of matrices one by one, in a common unit, that may be of any size."""

    def __init__(self) -> None:
        self._found: list[tuple[float, int]] = []

    def add(self, matrix: np.ndarray) -> int:
        """Take in the energy of a float64 matrix, and return its unit."""
        self._found.append(scaling.energy_of(matrix))
        return self._found[-1][1]

    def values(self, unit: int) -> np.ndarray:
        """Return all energies divided by 4^unit."""
        return np.array([e * 2.0 ** min(max(2 * (u - unit), -1000), 1000) if e else 0.0 for e, u in self._found])


class SecondPass(NamedTuple):
    """Energies that were measured against the blocks themselves, in the unit of the sketch."""

    coefficients: list[np.ndarray]
    errors: np.ndarray  # (K,): energies of A_k - U C_k
    energies: np.ndarray  # (K,): energies of the blocks
    rounded: np.ndarray  # (K,): energies of what coefficients lose to their type
    bracket: tuple[float, float]  # of E_r^2, from the directions that the sketch kept (statement CM-6)


def second_pass(
    blocks: Iterable[np.ndarray], basis: np.ndarray, wide: np.ndarray, *, unit: int | None, dtype: np.dtype
) -> SecondPass:
    """Project all blocks on `basis`; bracket the best error of its rank with `wide`.

    `wide` has orthonormal columns, at least as many as `basis`. Energies are in `unit`, or in a unit of their own.
    """
    left, found, whole, outside = basis.astype(np.float64), [], Energies(), Energies()
    errors, rounded = Energies(), Energies()
    inside, own = np.zeros((wide.shape[1], wide.shape[1])), scaling.EMPTY
    for block in blocks:
        exact = block.astype(np.float64, copy=False)
        unrounded = left.T @ exact
        coefficients = _cast(unrounded, dtype)
        found.append(coefficients)
        rounded.add(unrounded - coefficients)
        before, own = own, scaling.raised(own, whole.add(exact))
        inside = scaled(inside, 2 * (before - own)) if before != own else inside
        errors.add(exact - left @ coefficients)
        # the best error is bracketed from these: what `wide` holds of a block, and what lies outside of it
        shares = wide.T @ exact
        outside.add(exact - wide @ shares)
        if own != scaling.EMPTY:
            shares = scaled(shares, -own)
            inside = inside + shares @ shares.T
    own = 0 if own == scaling.EMPTY else own
    unit = own if unit is None else unit
    inside = scaled(inside, 2 * (own - unit))
    energies = whole.values(unit)
    total, rest = float(energies.sum()), float(outside.values(unit).sum())
    top = float(np.linalg.eigvalsh(inside)[::-1][: basis.shape[1]].clip(0.0).sum()) if inside.size else 0.0
    # columns are orthonormal up to rounding only, and the bracket must hold for the columns as they are
    defect = float(np.abs(np.linalg.eigvalsh(wide.T @ wide) - 1.0).max(initial=0.0))
    low, high = subspace_bracket(min(top, total), rest, defect)
    bracket = total - high, total - low
    return SecondPass(found, errors.values(unit), energies, rounded.values(unit), bracket)


def _cast(coefficients: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Coefficients in the type of the basis, whose range they may leave where blocks reach the end of it."""
    with np.errstate(over="ignore"):
        made = coefficients.astype(dtype)
    if not np.isfinite(made).all():
        largest = float(np.abs(coefficients).max())
        raise must("blocks", f"numbers whose sums of products with a basis are in the range of {dtype}", largest)
    return made


def spectra_of(groups: Iterable[np.ndarray]) -> tuple[list[np.ndarray], int, float]:
    """Singular values of matrices in a common unit, that unit, and the allowance for rounding."""
    found, scales, widest, n = [], [], 1, 0
    for matrix in groups:
        _, unit = scaling.energy_of(matrix)
        scales.append(unit)
        if unit == scaling.EMPTY:
            found.append(np.zeros(min(matrix.shape)))
        else:
            found.append(np.sqrt(spectrum_of(scaled(matrix, -unit))))
        widest, n = max(widest, *matrix.shape), n + 1
    common = max(scales, default=scaling.EMPTY)
    common = 0 if common == scaling.EMPTY else common
    return (
        [scaled(s, max(u - common, -5000)) for s, u in zip(found, scales, strict=True)],
        common,
        ROUNDING * (widest + n),
    )
