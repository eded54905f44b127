r"""Variances of evolution strategies whose perturbations have low rank, for quadratic and affine objectives.

Part of `theory`, where users find these functions. The perturbations E are those of `moments`. The mirrored estimator
of P pairs is (1/P) sum_p E_p (f(M + sigma E_p) - f(M - sigma E_p)) / (2 sigma), and its mean is called g_r. Norms are
Frobenius norms. All formulas run on Fractions and balls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from lrtheory._numbers import exact, number, numbers, plain
from lrtheory._types import Number
from lrtheory._validation import integer, must
from lrtheory.low_rank_optimizers.theory.moments import checked_rank, noise_constant, over, sides

__all__ = [
    "baseline_factor",
    "best_rank",
    "estimator_mse",
    "gradient_norm_bound",
    "layer_mse",
    "one_sided_mse",
    "update_rank_bound",
]


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
        \|G\|^2, at least 0.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B, at least -2; see `KURTOSIS`.

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
    rank, pairs = checked_rank(rank), integer("pairs", pairs, low=1)
    square = exact(number("gradient_square", gradient_square, 0))
    c = noise_constant(shape, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b)
    return plain(square * (m * n + 1 + over(c, rank)) / pairs)


def layer_mse(
    shapes: Sequence[Sequence[int]],
    *,
    rank: float,
    pairs: int,
    gradient_squares: Sequence[Number],
    kurtosis_a: Number = 0,
    kurtosis_b: Number = 0,
) -> list[Number]:
    r"""Compute the mean squared errors of all layers that are perturbed at the same time (statement EG-VL).

    Parameters
    ----------
    shapes : sequence of L pairs of int
        (m_l, n_l), those of the layers.
    rank : int or infinity
        Columns of the factors of each layer.
    pairs : int
        P, independent mirrored pairs.
    gradient_squares : sequence of L numbers
        \|G_l\|^2, at least 0.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B, at least -2; see `KURTOSIS`.

    Returns
    -------
    list of L numbers
        (m_l n_l \|G\|^2 + (1 + c_l/r) \|G_l\|^2) / P, where \|G\|^2 is the sum over layers: the noise of a layer is
        paid for by the gradients of all. Their sum is ((d + 1) \|G\|^2 + sum_l c_l \|G_l\|^2 / r) / P for d weights.

    Raises
    ------
    ValueError
        If an argument is out of range, or there is not one squared norm a layer.
    TypeError
        If shapes are not a sequence.

    Proof
    -----
    Assumes: f quadratic, factors of different layers independent, and the laws of `noise_constant`.

    Proof: one pair gives layer l the estimate E_l (<G_l, E_l> + sum_{k != l} <G_k, E_k>). The cross terms of its mean
    square are odd in E_k and vanish. The square of the first term has the mean \|G_l\|^2 (m_l n_l + 2 + c_l/r) by
    EG-V, that of another term E\|E_l\|^2 E<G_k, E_k>^2 = m_l n_l \|G_k\|^2. Subtract \|G_l\|^2 and divide by P.

    Checked by: EG-VL.

    Examples
    --------
    >>> layer_mse([(1, 1), (1, 1)], rank=1, pairs=1, gradient_squares=[1, 4], kurtosis_a=-2, kurtosis_b=-2)
    [Fraction(4, 1), Fraction(1, 1)]
    """
    if not hasattr(shapes, "__len__"):
        raise must("shapes", "a sequence of pairs of integers (m, n)", shapes, TypeError)
    rank, pairs = checked_rank(rank), integer("pairs", pairs, low=1)
    squares = [exact(x) for x in numbers("gradient_squares", gradient_squares, 0, length=len(shapes))]
    whole, found = sum(squares), []
    for shape, square in zip(shapes, squares, strict=True):
        m, n = sides(shape)
        c = noise_constant(shape, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b)
        found.append(plain((m * n * whole + (1 + over(c, rank)) * square) / pairs))
    return found


def best_rank(
    shape: Sequence[int],
    *,
    cost: tuple[Number, Number] | None = None,
    kurtosis_a: Number = 0,
    kurtosis_b: Number = 0,
) -> int:
    r"""Compute the rank with the least variance at a fixed cost, for a quadratic objective (statement EG-O).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    cost : pair of numbers, or None
        (C0, k): a member of rank r costs C0 + k r, in any unit, both above 0. None stands for (mn, m + n), the products
        of a matrix and of two factors with a vector.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B, at least -2; see `KURTOSIS`.

    Returns
    -------
    int
        The smallest r that minimizes (mn + 1 + c/r) (C0 + k r). With the default cost and Gaussian factors it is 1 if
        (m - 1)(n - 1) <= 1, and 2 for all other shapes; with signs it is 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: the law of `estimator_mse`, and a budget so large that rounding the number of pairs does not matter.

    Proof: write a = mn + 1. At r the function is a C0 + c k + c C0 / r + a k r, which exceeds its value at r + 1 iff
    c C0 / (r (r + 1)) > a k. The left side falls in r for c > 0, so the smallest minimizer is the first r with
    r (r + 1) a k >= c C0; for c <= 0 it is 1. With C0 = mn, k = m + n and c = 2 (m + n + 1), the difference of r = 1
    and r = 2 is c C0 / 2 - a k = mn (m + n + 1) - (mn + 1)(m + n) = (m - 1)(n - 1) - 1, and r = 2 is never worse than
    r = 3, as mn (m + n + 1) < 3 (mn + 1)(m + n).

    Checked by: EG-O.

    Examples
    --------
    >>> best_rank((2, 2)), best_rank((10, 65)), best_rank((10, 65), cost=(100, 1))
    (1, 2, 5)
    """
    m, n = sides(shape)
    whole, factor = (m * n, m + n) if cost is None else numbers("cost", cost, 0, ends="(]", length=2)
    c = noise_constant(shape, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b)
    if c <= 0:  # type: ignore[operator]
        return 1
    least = math.ceil(c * exact(whole) / ((m * n + 1) * exact(factor)))  # r (r + 1) must reach this integer
    r = max(1, (math.isqrt(4 * least + 1) - 1) // 2)
    return r if r * (r + 1) >= least else r + 1


def one_sided_mse(
    shape: Sequence[int],
    *,
    rank: float,
    evaluations: int,
    gradient_square: Number,
    value: Number,
    sigma: Number,
    kurtosis_a: Number = 0,
    kurtosis_b: Number = 0,
) -> Number:
    r"""Compute the mean squared error of the estimator without mirrored pairs, for an affine objective (EG-A).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors.
    evaluations : int
        N, independent members.
    gradient_square : number
        \|G\|^2, at least 0.
    value : number
        f(M), the objective at the center, which mirrored pairs cancel.
    sigma : number
        Scale of the perturbations, above 0.
    kurtosis_a, kurtosis_b : number
        Excess kurtosis of the entries of A and B, at least -2; see `KURTOSIS`.

    Returns
    -------
    number
        (1/N) (f(M)^2 mn / sigma^2 + v \|G\|^2) with v = mn + 1 + c/r. Mirrored pairs reach 2 v \|G\|^2 / N with as many
        evaluations: they win iff f(M)^2 mn > sigma^2 v \|G\|^2.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: f affine, raw fitness, members independent, and the laws of `noise_constant`.

    Proof: a member gives E (f(M) / sigma + <G, E>). The cross term of its mean square, \|E\|^2 <G, E> f(M) / sigma, is
    odd in A and vanishes; the other terms are f(M)^2 mn / sigma^2 and \|G\|^2 (mn + 2 + c/r) (statement EG-V). Subtract
    \|G\|^2 and divide by N.

    Checked by: EG-A.

    Examples
    --------
    >>> one_sided_mse((1, 1), rank=1, evaluations=2, gradient_square=1, value=3, sigma=1)
    Fraction(17, 2)
    """
    m, n = sides(shape)
    members = integer("evaluations", evaluations, low=1)
    f0, s = exact(number("value", value)), exact(number("sigma", sigma, 0, ends="(]"))
    v = estimator_mse(
        shape, rank=rank, pairs=1, gradient_square=gradient_square, kurtosis_a=kurtosis_a, kurtosis_b=kurtosis_b
    )
    return plain((f0 * f0 * (m * n) / (s * s) + v) / members)


def gradient_norm_bound(fitness_std: Number, *, sigma: Number) -> Number:
    r"""Bound the norm of what an evolution strategy estimates by the spread of the fitness (statement EG-N).

    Parameters
    ----------
    fitness_std : number
        Standard deviation of f(M + sigma E), at least 0.
    sigma : number
        Scale of the perturbations, above 0.

    Returns
    -------
    number
        sd(f(M + sigma E)) / sigma, at least \|g_r\| for every rank and law of the factors, with equality for affine f.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: entries of E of mean 0 and variance 1, uncorrelated.

    Proof: for a unit matrix Y, <Y, sigma g_r> = E[<Y, E> (f - E f)] is at most sd(f) by Cauchy and Schwarz, as
    E<Y, E>^2 = 1. Take Y along g_r.

    Checked by: EG-N.

    Examples
    --------
    >>> gradient_norm_bound(3, sigma=2)
    Fraction(3, 2)
    """
    s = exact(number("sigma", sigma, 0, ends="(]"))
    return plain(exact(number("fitness_std", fitness_std, 0)) / s)


def baseline_factor(population_size: int) -> Fraction:
    r"""Compute what the mean of its own population as a baseline does to the mean of an estimator (statement EG-B).

    Parameters
    ----------
    population_size : int
        N, independent members that are not mirrored.

    Returns
    -------
    Fraction
        1 - 1/N: (1/N) sum_i (f_i - mean f) E_i / sigma has this multiple of g_r as its mean.

    Raises
    ------
    ValueError
        If there is no member.

    Proof
    -----
    Assumes: members independent.

    Proof: (1/N) sum_i E[(f_i - mean f) E_i] = E[f E] - (1/N) E[f E], as f_j and E_i are independent for j != i and E
    has mean 0.

    Checked by: EG-B.

    Examples
    --------
    >>> baseline_factor(3)
    Fraction(2, 3)
    """
    return 1 - Fraction(1, integer("population_size", population_size, low=1))


def update_rank_bound(shape: Sequence[int], *, rank: int, pairs: int) -> int:
    r"""Bound the rank of the update of an evolution strategy with mirrored pairs (statement EG-6).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int
        Columns of the factors.
    pairs : int
        Pairs whose two fitnesses differ, at least 0.

    Returns
    -------
    int
        min(rank * pairs, m, n), which Gaussian factors attain with probability 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Proof
    -----
    Assumes: both members of a pair share their factors.

    Proof: the update is a sum of one multiple of A_p B_p^T, of rank at most r, for each pair whose difference is not 0,
    and ranks are subadditive. For factors with a density, determinants are polynomials in the entries of the factors
    that do not vanish identically, so their zeros have probability 0.

    Checked by: EG-6.

    Examples
    --------
    >>> update_rank_bound((10, 65), rank=1, pairs=4)
    4
    """
    m, n = sides(shape)
    return min(integer("rank", rank, low=1) * integer("pairs", pairs, low=0), m, n)
