"""Mean and variance of an evolution strategy with Gaussian factors on a sine, by a closed form."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must, open_interval
from lrtheory.low_rank_optimizers.problem import SineProblem
from lrtheory.low_rank_optimizers.theory import sine_response, sine_second_moment
from lrtheory.low_rank_optimizers.theory.moments import checked_rank
from lrtheory.low_rank_optimizers.theory.sines import SMALLEST, log_characteristic

__all__ = ["SineGradient", "sine_gradient"]


@result
class SineGradient(Result):
    r"""Mean and variance of the mirrored estimator on a sine.

    Attributes
    ----------
    gradient : array of shape (m, n)
        g_r, the mean of the estimator.
    bias : array of shape (m, n)
        g_r minus the gradient at M.
    variance : float
        The mean of the squared distance of the estimate of one pair from `gradient`; of P pairs it is this over P.
    second_moment : float
        The mean of the squared norm of the estimate of one pair.
    """

    gradient: np.ndarray
    bias: np.ndarray
    variance: float
    second_moment: float


@arrays("host")
def sine_gradient(
    problem: SineProblem | tuple[ArrayLike, ArrayLike], *, sigma: float, rank: float = math.inf
) -> SineGradient:
    r"""Compute what evolution strategies with Gaussian factors estimate on sin(<Om, W> + z), without sampling.

    With T = sigma Om = U diag(t) V^T, the mean is (cos(<Om, M> + z) / sigma) U diag(h) V^T, h_k = Phi_r t_k /
    (1 + t_k^2 / r) and Phi_r = prod (1 + t_k^2 / r)^(-r/2) (statement EG-1). The second moment is that of EG-1b. At a
    fixed budget both together say which rank has the least error.

    Arrays: any (copied to the host)

    Parameters
    ----------
    problem : SineProblem, or pair of arrays (Om, M) of shape (m, n)
        The objective; the phase of a pair is 0.
    sigma : float
        Scale of the perturbations, above 0.
    rank : int or infinity
        Columns of the factors; infinity stands for Gaussian perturbations without structure.

    Returns
    -------
    SineGradient
        Mean, bias and variance.

    Raises
    ------
    TypeError
        If an entry is not an array of real numbers.
    ValueError
        If a shape does not fit, or a number is out of range.

    See Also
    --------
    exact_gradient : Averages over all patterns of factors, for small polynomials.

    Examples
    --------
    >>> found = sine_gradient(SineProblem([[1.0]]), sigma=1.0, rank=1)
    >>> found.gradient.round(6), round(found.variance, 6)
    (array([[0.353553]]), 0.43761)
    """
    if not isinstance(problem, SineProblem):
        if not isinstance(problem, (tuple, list)) or len(problem) != 2:
            raise must("problem", "a SineProblem or a pair (Om, M)", problem, TypeError)
        problem = SineProblem(problem[0], problem[1])
    s = open_interval("sigma", sigma, 0.0, math.inf)
    r = checked_rank(rank)
    Om = np.asarray(problem.Om)
    U, size, Vt = np.linalg.svd(Om.astype(np.float64), full_matrices=False)
    t, cosine = s * size, math.cos(problem.angle)
    if t[0] and not SMALLEST <= t[0] <= 1 / SMALLEST:
        raise must("sigma", f"such that sigma times the norm of `Om` is in [{SMALLEST:g}, {1 / SMALLEST:g}]", sigma)
    h, unit = sine_response(t, rank=r), cosine / s
    squares = t * t / r
    lost = size * ((np.expm1(log_characteristic(t, r)) - squares) / (1 + squares))  # h / s - size without cancellation
    # what the estimate of a pair is without the cosine and sigma
    second = float(sine_second_moment(problem.shape, t, rank=r))
    return SineGradient(
        gradient=((U * (h * unit)) @ Vt).astype(Om.dtype),
        bias=((U * (lost * cosine)) @ Vt).astype(Om.dtype),
        variance=(second - float(np.sum(h * h))) * unit * unit,
        second_moment=second * unit * unit,
    )
