"""A bound on the bias of evolution strategies whose objective has a Lipschitz Hessian, with its certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrtheory._result import Certificate, result
from lrtheory._validation import must, open_interval, real
from lrtheory.low_rank_optimizers.problem import PolynomialProblem
from lrtheory.low_rank_optimizers.theory import low_rank_bias, smoothing_bias, taylor_bias_bound
from lrtheory.low_rank_optimizers.theory.moments import checked_rank, sides

__all__ = ["BiasCertificate", "bias_bound"]

STATEMENT = "low_rank_optimizers/EG-5"


@result
class BiasCertificate(Certificate):
    r"""Proof that what an evolution strategy estimates is near to the gradient (statement EG-5).

    Attributes
    ----------
    achieved : float
        0, the bias of the gradient itself; that of the estimate lies between it and the bound.
    bound : float
        At least the norm of g_r - grad f(M).
    shape : tuple of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the Gaussian factors.
    sigma : float
        Scale of the perturbations.
    hessian_lipschitz : float
        The Lipschitz constant of the Hessian that was given.
    """

    achieved: float
    bound: float
    gap: float
    shape: tuple[int, int]
    rank: float
    sigma: float
    hessian_lipschitz: float

    _statements = (STATEMENT,)

    def verify(self, problem: PolynomialProblem) -> bool:
        """Recompute the bound, and compare it with the bias on a polynomial of degree 3 (statements EG-2 and EG-4).

        Parameters
        ----------
        problem : PolynomialProblem
            An objective whose Hessian has this Lipschitz constant, which is not recomputed.

        Returns
        -------
        bool
            Whether the bound follows from the numbers beside it, and the bias on the problem is not larger.

        Raises
        ------
        TypeError
            If the problem is not a PolynomialProblem.
        """
        if not isinstance(problem, PolynomialProblem):
            raise must("problem", "a PolynomialProblem", problem, TypeError)
        if problem.shape != self.shape or not self._is_sound() or self.achieved != 0:
            return False
        own = _bound(self.shape, self.rank, self.sigma, self.hessian_lipschitz)
        bias = 0.0
        if problem.cubic is not None:
            C = np.asarray(problem.cubic).astype(np.float64)
            found = smoothing_bias(C, sigma=self.sigma) + low_rank_bias(C, sigma=self.sigma, rank=self.rank)
            bias = float(np.linalg.norm(found))
        rounding = 8 * math.prod(self.shape) * np.finfo(np.float64).eps
        near = abs(self.bound - own) <= rounding * own < math.inf
        return bool(near and bias <= own * (1 + rounding))


def bias_bound(shape: Sequence[int], *, rank: float, sigma: float, hessian_lipschitz: float) -> BiasCertificate:
    r"""Bound the bias of an evolution strategy with Gaussian factors by how fast the Hessian changes.

    The bound is (L3 sigma^2 / 6) (E\|E\|^6)^(1/2), where the sixth moment is known exactly at every rank (statements
    EG-5 and EG-M).

    Parameters
    ----------
    shape : pair of int
        (m, n), those of the weight.
    rank : int or infinity
        Columns of the factors; infinity stands for Gaussian perturbations without structure.
    sigma : float
        Scale of the perturbations, above 0.
    hessian_lipschitz : float
        L3, at least 0: Hessians at two weights differ by at most L3 times their distance, in the operator norm.

    Returns
    -------
    BiasCertificate
        The bound, with a check for polynomials of degree 3.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> found = bias_bound((1, 1), rank=1, sigma=1.0, hessian_lipschitz=1.0)
    >>> found.bound
    2.5
    """
    (m, n), r = sides(shape), checked_rank(rank)
    s = open_interval("sigma", sigma, 0.0, math.inf)
    L3 = real("hessian_lipschitz", hessian_lipschitz, low=0.0)
    if math.isinf(L3):
        raise must("hessian_lipschitz", "finite", hessian_lipschitz)
    bound = _bound((m, n), r, s, L3)
    return BiasCertificate._of(0.0, bound, STATEMENT, shape=(m, n), rank=r, sigma=s, hessian_lipschitz=L3)


def _bound(shape: tuple[int, int], rank: float, sigma: float, constant: float) -> float:
    # squares of small numbers leave the range of doubles, the moment does not
    return constant * sigma * (sigma * float(taylor_bias_bound(shape, rank=rank, sigma=1, hessian_lipschitz=1)))
