"""Makers of objectives with a known gradient."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, permutations

import numpy as np

from lrtheory._types import Rng
from lrtheory._validation import choice, flag, generator, must, real
from lrtheory.low_rank_optimizers.problem import PolynomialProblem, SineProblem
from lrtheory.low_rank_optimizers.theory.moments import sides

__all__ = ["make_cubic", "make_quadratic", "make_sine"]

SPECTRA = ("rank-one", "flat", "gaussian")
#: entries of exact polynomials are integers up to this size
LARGEST = 3


def make_quadratic(shape: Sequence[int], *, exact: bool = False, rng: Rng = None) -> PolynomialProblem:
    """Make a quadratic objective with random derivatives.

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    exact : bool
        Whether derivatives are Fractions with integer values from -3 to 3; else they are standard Gaussian doubles.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    PolynomialProblem
        Objective whose M, gradient, Hessian and value are random.

    Raises
    ------
    ValueError
        If a length is below 1.

    Examples
    --------
    >>> make_quadratic((2, 3), rng=0)
    PolynomialProblem(2 x 3, degree 2)
    """
    (m, n), flag_, draws = sides(shape), flag("exact", exact), generator(rng)
    M, gradient = (_entries(draws, (m, n), flag_) for _ in range(2))
    return PolynomialProblem(M, gradient, _symmetric(draws, m, n, 2, flag_), value=_entries(draws, (), flag_).item())


def make_cubic(
    shape: Sequence[int], *, harmonic: bool = False, exact: bool = False, rng: Rng = None
) -> PolynomialProblem:
    """Make an objective of degree 3 with random derivatives.

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    harmonic : bool
        Whether third derivatives are 0 unless they are by three different entries. Then smoothing by Gaussian
        perturbations has no bias, and that of low rank has (statement EG-4).
    exact : bool
        Whether derivatives are Fractions with integer values from -3 to 3; else they are standard Gaussian doubles.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    PolynomialProblem
        Objective whose M, value and derivatives are random.

    Raises
    ------
    ValueError
        If a length is below 1.

    Examples
    --------
    >>> make_cubic((2, 2), harmonic=True, rng=0)
    PolynomialProblem(2 x 2, degree 3)
    """
    (m, n), flag_, draws = sides(shape), flag("exact", exact), generator(rng)
    flag("harmonic", harmonic)
    M, gradient = (_entries(draws, (m, n), flag_) for _ in range(2))
    hessian = _symmetric(draws, m, n, 2, flag_)
    cubic = _symmetric(draws, m, n, 3, flag_, distinct=harmonic)
    return PolynomialProblem(M, gradient, hessian, cubic=cubic, value=_entries(draws, (), flag_).item())


def make_sine(
    shape: Sequence[int], *, spectrum: str = "gaussian", norm: float = 1.0, phase: float = 0.0, rng: Rng = None
) -> SineProblem:
    """Make a sine of one direction with a given spectrum, at the point 0.

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    spectrum : {"gaussian", "rank-one", "flat"}
        Singular values of the direction: those of a Gaussian matrix, a single one, or all equal.
    norm : float
        Frobenius norm of the direction, above 0; in radians per unit of weight.
    phase : float
        Argument of the sine at 0, in radians.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    SineProblem
        Objective of the direction Om.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> make_sine((4, 3), spectrum="flat", rng=0)
    SineProblem(4 x 3)
    """
    (m, n), draws = sides(shape), generator(rng)
    choice("spectrum", spectrum, SPECTRA)
    size = real("norm", norm, low=0.0)
    if not 0 < size < np.inf:
        raise must("norm", "a finite number above 0", norm)
    U, s, Vt = np.linalg.svd(draws.normal(size=(m, n)), full_matrices=False)
    s = {"gaussian": s, "rank-one": np.eye(1, len(s))[0], "flat": np.ones(len(s))}[spectrum]
    return SineProblem((U * (s * (size / np.linalg.norm(s)))) @ Vt, phase=phase)


def _entries(draws: np.random.Generator, shape: tuple[int, ...], exact: bool) -> np.ndarray:
    if not exact:
        return np.asarray(draws.normal(size=shape))
    found = np.empty(shape, object)
    found[...] = np.vectorize(Fraction, [object])(draws.integers(-LARGEST, LARGEST + 1, size=shape))
    return found


def _symmetric(
    draws: np.random.Generator, m: int, n: int, order: int, exact: bool, distinct: bool = False
) -> np.ndarray:
    """Symmetric derivatives with one draw for each set of entries."""
    d = m * n
    found = np.zeros((d,) * order) if not exact else np.full((d,) * order, Fraction(0), object)
    places = list((combinations if distinct else combinations_with_replacement)(range(d), order))
    for place, value in zip(places, _entries(draws, (len(places),), exact), strict=True):
        for turn in permutations(place):
            found[turn] = value
    return found.reshape((m, n) * order)
