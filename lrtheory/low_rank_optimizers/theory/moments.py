r"""Moments of perturbations of low rank.

Part of `theory`, where users find these functions. A perturbation is E = A B^T / sqrt(r) with independent entries of A
(m, r) and B (n, r), of mean 0, variance 1 and a symmetric law with excess kurtosis kA and kB: 0 for Gaussian entries,
-2 for signs. The limit r -> infinity has Gaussian entries in E. Norms are Frobenius norms. All formulas run on
Fractions and balls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lrtheory._numbers import exact, formula, plain
from lrtheory._types import Number
from lrtheory._validation import integer, pair

__all__ = ["KURTOSIS", "fourth_moment", "noise_constant", "sixth_moment"]

#: excess kurtosis of an entry of a factor; "three-point" is -sqrt 3, 0, sqrt 3 with weights 1/6, 2/3, 1/6
KURTOSIS: dict[str, Number] = {"gaussian": 0, "sign": -2, "uniform": Fraction(-6, 5), "three-point": 0}


def sides(shape: Sequence[int]) -> tuple[int, int]:
    """The two lengths of a matrix."""
    return pair("shape", shape)


def over(value: Any, rank: Any) -> Any:
    """A number divided by a rank, which is an integer or infinity."""
    return value * 0 if rank == math.inf else exact(value) / rank


def checked_rank(rank: Any) -> Any:
    """A rank: an integer of at least 1, or infinity for the dense Gaussian limit."""
    return math.inf if isinstance(rank, float) and rank == math.inf else integer("rank", rank, low=1)


@formula(kurtosis_a="[-2, inf)", kurtosis_b="[-2, inf)")
def noise_constant(shape: Sequence[int], *, kurtosis_a: Number = 0, kurtosis_b: Number = 0) -> Number:
    r"""Compute c, the part of the variance of low-rank evolution strategies that falls like 1/r (statement EG-V).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B; see `KURTOSIS`.

    Returns
    -------
    number
        c = 2 (m + n + 1) + kA (n + 2) + kB (m + 2) + kA kB: 2 (m + n + 1) for Gaussian factors, and -2 for signs,
        whatever the shape.

    Raises
    ------
    ValueError
        If a length is below 1 or a kurtosis below -2.

    Proof
    -----
    Assumes: entries of A and B independent, symmetric, of variance 1.

    Proof: E[E_{i1 j1} .. E_{i4 j4}] = r^-2 times a sum over column labels of E[prod A] E[prod B]. The fourth moments of
    A are a sum over the three pairings pi of [rows paired][labels paired], and kA [all rows equal][all labels
    equal]; those of B are the same with pairings rho. The sum over labels is r^2 for pi = rho and r for all else, so

        E[EEEE] = sum_pi [rows ~ pi][cols ~ pi] + (1/r) { sum_{pi != rho} [rows ~ pi][cols ~ rho]
                  + kA [rows equal] sum_rho [cols ~ rho] + kB [cols equal] sum_pi [rows ~ pi] + kA kB [all equal] }.

    Contracted with \|E\|^2 <G, E>^2 the first sum gives (mn + 2) \|G\|^2, and in units of \|G\|^2 / r the mismatched
    pairs give 2 m + 2 n + 2, the others kA (n + 2), kB (m + 2) and kA kB.

    Checked by: EG-V, EG-VS.

    Examples
    --------
    >>> noise_constant((2, 3)), noise_constant((2, 3), kurtosis_a=-2, kurtosis_b=-2)
    (Fraction(12, 1), Fraction(-2, 1))
    """
    m, n = sides(shape)
    ka, kb = exact(kurtosis_a), exact(kurtosis_b)
    return plain(2 * (m + n + 1) + ka * (n + 2) + kb * (m + 2) + ka * kb)


@formula(kurtosis_a="[-2, inf)", kurtosis_b="[-2, inf)")
def fourth_moment(shape: Sequence[int], *, rank: float, kurtosis_a: Number = 0, kurtosis_b: Number = 0) -> Number:
    r"""Compute the mean of the fourth power of the norm of a perturbation (statement EG-M).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B; see `KURTOSIS`.

    Returns
    -------
    number
        E\|E\|^4 = mn (mn + 2 + c/r) with c of `noise_constant`; E\|E\|^2 is mn for every law and rank.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: the laws of `noise_constant`.

    Proof: \|E\|^4 is the sum over unit matrices G of \|E\|^2 <G, E>^2, each of which has the mean mn + 2 + c/r by the
    proof of `noise_constant`.

    Checked by: EG-M, EG-5.

    Examples
    --------
    >>> fourth_moment((1, 1), rank=1), fourth_moment((1, 1), rank=1, kurtosis_a=-2, kurtosis_b=-2)
    (Fraction(9, 1), Fraction(1, 1))
    """
    m, n = sides(shape)
    c = noise_constant(shape, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b)
    return plain(m * n * (m * n + 2 + over(c, checked_rank(rank))))


def sixth_moment(shape: Sequence[int], *, rank: float) -> Number:
    r"""Compute the mean of the sixth power of the norm of a perturbation with Gaussian factors (statement EG-M).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors.

    Returns
    -------
    number
        E\|E\|^6 = [n^3 mr (mr + 2)(mr + 4) + 6 n^2 mr (mr + 4)(m + r + 1) + 8 n mr (m^2 + r^2 + 3 mr + 3 m + 3 r + 4)]
        / r^3, symmetric in m and n; mn (mn + 2)(mn + 4) for infinite rank.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: given A, \|E\|^2 is sum_k lambda_k chi^2_n / r over the eigenvalues of A^T A, with cumulants n p1, 2 n p2 and
    8 n p3 over r, r^2, r^3, where p_k = tr (A^T A)^k. The third moment is k3 + 3 k2 k1 + k1^3, so r^3 E\|E\|^6 =
    n^3 E p1^3 + 6 n^2 E p1 p2 + 8 n E p3. The moments of the Wishart matrix are E p1^3 = mr (mr + 2)(mr + 4),
    E p1 p2 = (mr + 4) mr (m + r + 1) and E p3 = mr (m^2 + r^2 + 3 mr + 3 m + 3 r + 4).

    Checked by: EG-M, EG-5.

    Examples
    --------
    >>> sixth_moment((1, 1), rank=1), sixth_moment((1, 1), rank=2)
    (Fraction(225, 1), Fraction(90, 1))
    """
    m, n = sides(shape)
    r = checked_rank(rank)
    if r == math.inf:
        return Fraction(m * n * (m * n + 2) * (m * n + 4))
    first = n**3 * m * r * (m * r + 2) * (m * r + 4)
    second = 6 * n**2 * m * r * (m * r + 4) * (m + r + 1)
    third = 8 * n * m * r * (m**2 + r**2 + 3 * m * r + 3 * m + 3 * r + 4)
    return Fraction(first + second + third, r**3)
