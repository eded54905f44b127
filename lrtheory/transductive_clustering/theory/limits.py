r"""The limits of the updates: a bound below all energies, rates, and fixed points.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import formula, inexact, plain
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import integer
from lrtheory.transductive_clustering.theory.arguments import square, with_columns

__all__ = ["energy_lower_bound", "uniform_rate"]


@formula(lam="[0, inf)", temperature="(0, inf)", n_free="[0, inf)")
def energy_lower_bound(
    costs: ArrayLike, affinity: ArrayLike | SparseArray, *, n_free: int, lam: Number, temperature: Number
) -> Number:
    """A number below every energy (statement TC-T6).

    Parameters
    ----------
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, not negative.
    n_free : int
        N_F, rows that are not clamped.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        sum_p min_l a_pl - (lambda / 2) sum_pq w_pq - T N_F log K; the sums run over all rows.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, N_F is not in [0, N], lambda is below 0, T is not above 0, or a number is not
        finite.

    Proof
    -----
    Assumes: no entry of W is negative, a hypothesis of the statement.

    Proof: <A, Z> >= sum_p min_l a_pl, since rows are in the simplex. z_p . z_q <= 1, so tr(Z' W Z) <= sum_pq w_pq.
    sum_l z_l log z_l is at least -log K in a free row, and 0 in a clamped one.

    Checked by: TC-T6 and, for turns with prototypes, TC-T10.

    Examples
    --------
    >>> round(float(energy_lower_bound([[0.0, 1.0]], [[0.0]], n_free=1, lam=1.0, temperature=1.0)), 6)
    -0.693147
    """
    A = with_columns("costs", costs)
    W, n_free = square(affinity, len(A)), integer("n_free", n_free, low=0, high=len(A))
    lowest = A.min(axis=1).sum() - lam * W.sum() / 2
    return plain(lowest - temperature * n_free * np.log(inexact(A.shape[1] + 0 * temperature)))


@formula(lam="[0, inf)", temperature="(0, inf)", radius="[0, inf)", n_clusters="[1, inf)")
def uniform_rate(radius: Number, n_clusters: int, *, lam: Number, temperature: Number) -> Number:
    """The rate near the uniform assignments, exactly (statement TC-T7).

    Parameters
    ----------
    radius : number
        rho(W), the largest size of an eigenvalue.
    n_clusters : int
        K.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    number
        lambda rho(W) / (K T), the spectral radius of the Jacobian of S at z = 1 / K.

    Proof
    -----
    Assumes: the rows of A are constant, so that 1 / K is a fixed point; this is up to the caller. For K = 1 there are
    no directions of sum 0, and the rate is only a bound.

    Proof: At s = 1 / K the Jacobian of the softmax is (I - 1 1' / K) / K, which is 1 / K on directions of sum 0. So
    the Jacobian of S is (lambda / (K T)) W there, with the spectral radius lambda rho(W) / (K T).

    Checked by: TC-T7-uniform.

    Examples
    --------
    >>> uniform_rate(1, 2, lam=2, temperature=1.0)
    1.0
    """
    return lam * radius / (n_clusters * temperature)
