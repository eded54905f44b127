r"""Variances of evolution strategies whose perturbations have low rank, for quadratic objectives.

Part of `theory`, where users find these functions. The perturbations E are those of `moments`. The mirrored estimator
of P pairs is (1/P) sum_p E_p (f(M + sigma E_p) - f(M - sigma E_p)) / (2 sigma), and its mean is called g_r. Norms are
Frobenius norms. All formulas run on Fractions and balls.
"""

from __future__ import annotations

from collections.abc import Sequence

from lrtheory._numbers import exact, formula, plain
from lrtheory._types import Number
from lrtheory.low_rank_optimizers.theory.moments import checked_rank, noise_constant, over, sides

__all__ = ["estimator_mse"]


@formula(kurtosis_a="[-2, inf)", kurtosis_b="[-2, inf)", pairs="[1, inf)", gradient_square="[0, inf)")
def estimator_mse(
    shape: Sequence[int],
    *,
    rank: float,
    pairs: int,
    gradient_square: Number,
    kurtosis_a: Number = 0,
    kurtosis_b: Number = 0,
) -> Number:
    r"""Compute the mean squared error of the mirrored estimator for a quadratic objective (statement EG-V).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors; infinity stands for Gaussian perturbations without structure.
    pairs : int
        P, independent mirrored pairs; 2 P evaluations.
    gradient_square : number
        \|G\|^2.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B; see `KURTOSIS`.

    Returns
    -------
    number
        (\|G\|^2 / P) (mn + 1 + c / r) with c of `noise_constant`. The estimator has mean G, so this is its variance,
        summed over entries, and depends on neither sigma nor the Hessian.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: f quadratic, raw differences of fitness, pairs independent, and the laws of `noise_constant`.

    Proof: f(M + sigma E) - f(M - sigma E) = 2 sigma <G, E>, so one pair gives E <G, E>. Its mean is G, as entries of E
    are uncorrelated with variance 1, and its mean square is \|G\|^2 (mn + 2 + c/r) by the proof of `noise_constant`.
    Subtract \|G\|^2 and divide by P.

    Checked by: EG-V, EG-VS, EG-O.

    Examples
    --------
    >>> [estimator_mse((1, 1), rank=1, pairs=1, gradient_square=1, kurtosis_a=k, kurtosis_b=k) for k in (0, -2)]
    [Fraction(8, 1), Fraction(0, 1)]
    """
    m, n = sides(shape)
    rank = checked_rank(rank)
    square = exact(gradient_square)
    c = noise_constant(shape, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b)
    return plain(square * (m * n + 1 + over(c, rank)) / pairs)
