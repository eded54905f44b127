r"""The work of one update, and the energy that comes with it.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._validation import integer
from lrtheory.transductive_clustering.theory.descent import majoriser_gap
from lrtheory.transductive_clustering.theory.numeric import labels, quadratic, square, table, weights

__all__ = [
    "energy_without_logs",
    "update_counts",
]


def energy_without_logs(
    before: Any, after: Any, costs: Any, *, affinity: Any, lam: Any, temperature: Any, clamp: Any = None
) -> Any:
    r"""The energy after a whole step with one logarithm a row (statement TC-P10).

    Parameters
    ----------
    before, after : array of shape (N, K)
        Z and S(Z).
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, symmetric.
    lam, temperature : number
        lambda and T.
    clamp : int array of shape (N,), or None
        Labels that are held; -1 is free.

    Returns
    -------
    float or ball
        R_T(S(Z)) = sum_p h_p + (lambda / 2) tr(Z' W Z) - (lambda / 2) tr(Delta' W Delta), where h_p = -T log
        sum_l exp((lambda (W Z)_pl - a_pl) / T) in free rows and a_p,y - lambda (W Z)_p,y in clamped ones.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, labels are not in [-1, K), lambda is below 0, T is not above 0, or a number is not
        finite.

    Proof
    -----
    The bound A_i at Z_i = Z has the value sum_p h_p + (lambda / 2) tr(Z' W Z) at its minimizer S(Z).
    Subtract `majoriser_gap` to come from the bound to the energy.

    Examples
    --------
    >>> Z = [[0.5, 0.5]]
    >>> round(float(energy_without_logs(Z, Z, [[0.0, 0.0]], affinity=[[0.0]], lam=1.0, temperature=1.0)), 6)
    -0.693147
    """
    lam, temperature = weights(lam, temperature)
    Z = table("before", before, shape=("N", "K"))
    new, A = (table(name, x, shape=Z.shape) for name, x in (("after", after), ("costs", costs)))
    W = square(affinity, len(Z))
    logits = (lam * (W @ Z) - A) / temperature
    held = np.full(len(Z), -1) if clamp is None else labels("clamp", clamp, *Z.shape)
    free = held < 0
    highest = logits[free].max(axis=1)
    masses = highest + np.log(np.exp(logits[free] - highest[:, None]).sum(axis=1))
    own = logits[~free, held[~free]]
    value = -temperature * (masses.sum() + own.sum())
    return value + lam * quadratic(Z, W) / 2 - majoriser_gap(new, Z, W, lam=lam)


def update_counts(n_edges: Any, n_clusters: Any, *, n_points: Any, n_free: Any = None) -> Any:
    r"""Return the operations and the memory of one update (statement TC-C1).

    Parameters
    ----------
    n_edges : int
        Stored entries of W.
    n_clusters : int
        K.
    n_points : int
        N.
    n_free : int or None
        N_F; None is N.

    Returns
    -------
    dict
        ``flops`` nnz K multiply-adds, ``exponentials`` N_F K, and ``memory`` nnz + 3 N K numbers.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If one is below 0, K is 0, or there are more free rows than rows.

    Notes
    -----
    That is the memory of one update. A run of `bound_update` on a sparse affinity also keeps the Z before the last one,
    to see cycles of two and to take back a part of a step, and two times four numbers a point: nnz + 4 N K + 8 N
    weights in all, beside the places of the nnz weights.

    Proof
    -----
    W Z takes a multiply-add an edge and cluster; each free row takes a softmax of K entries.
    Kept are W, and A, Z, and the next Z.

    Examples
    --------
    >>> update_counts(10, 3, n_points=4)
    {'flops': 30, 'exponentials': 12, 'memory': 46}
    """
    n_edges, n_clusters = integer("n_edges", n_edges, low=0), integer("n_clusters", n_clusters, low=1)
    n_points = integer("n_points", n_points, low=0)
    free = n_points if n_free is None else integer("n_free", n_free, low=0, high=n_points)
    return {
        "flops": n_edges * n_clusters,
        "exponentials": free * n_clusters,
        "memory": n_edges + 3 * n_points * n_clusters,
    }
