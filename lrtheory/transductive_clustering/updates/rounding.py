r"""Rounding of soft assignments to labels, which loses nothing where the rows are visited one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._array import arrays, kernel, kernel_input
from lrtheory._numbers import number
from lrtheory._validation import as_array, choice, must, real
from lrtheory.transductive_clustering.theory.numeric import rows, table
from lrtheory.transductive_clustering.updates.edges import csr_parts, is_symmetric
from lrtheory.transductive_clustering.updates.inputs import sparse_affinity

__all__ = ["round_assignments"]


@arrays("host")
def round_assignments(
    assignments: Any,
    costs: Any,
    affinity: Any,
    *,
    lam: Any = 1.0,
    method: str = "sequential",
    clamp: Any = None,
    order: Any = None,
) -> np.ndarray:
    r"""Labels from assignments; sequential rounding never raises the energy without entropy (statement TC-S5).

    Arrays: any (copied to the host)

    Parameters
    ----------
    assignments, costs : array of shape (N, K)
        Z, rows in the simplex, and A.
    affinity : array or sparse array of shape (N, N)
        W, symmetric, with no negative entry on the diagonal.
    lam : number
        lambda, at least 0.
    method : {"sequential", "argmax"}
        Visit the rows one at a time, each with what the others are then, or take the largest entry of each row.
    clamp : int array of shape (N,), or None
        Labels that are held; -1 is free.
    order : int array of shape (N,), or None
        In which the rows are visited; None is 0, 1, ...

    Returns
    -------
    int64 array of shape (N,)
        E(labels) <= E(Z) <= R_T(Z) + T N_F log K for "sequential"; ties go to low labels.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, assignments are not in the simplex, the affinity is not
        symmetric or has a negative entry on its diagonal, or an option is unknown.
    TypeError
        If an array is not of numbers, or hides some behind a mask.

    Examples
    --------
    >>> Z = [[0.51, 0.49], [0.49, 0.51]]
    >>> round_assignments(Z, np.zeros((2, 2)), [[0, 1], [1, 0]]).tolist()
    [1, 1]
    """
    choice("method", method, ("sequential", "argmax"))
    costs = table("costs", costs, shape=("N", "K"))
    n, k = costs.shape
    if n == 0:
        raise must("costs", "of at least one point", costs.shape)
    Z = np.array(rows("assignments", assignments, shape=(n, k)))  # rows change on the way
    affinity = _attracting(affinity, n)
    held = clamped_labels(clamp, (n,), k)
    visited = np.arange(n) if order is None else as_array("order", order)
    if visited.dtype.kind not in "iu" or sorted(visited.tolist()) != list(range(n)):
        raise must("order", f"a permutation of 0, ..., {n - 1}", visited)
    exact = Z.dtype == object or costs.dtype == object
    kind = object if exact else np.float64
    lam = number("lam", lam, 0) if exact else real("lam", lam, low=0, high=1e290)
    if method == "argmax":
        return np.where(held >= 0, held, Z.argmax(axis=1))
    starts, columns, values = csr_parts(affinity)
    labels, run = np.empty(n, np.int64), round_rows.py_func if exact else round_rows
    run(
        kernel_input(costs, kind),
        starts,
        columns,
        kernel_input(values, kind),
        lam,
        kernel_input(held),
        kernel_input(visited, np.int64),
        Z.astype(kind),
        labels,
    )
    return labels


def _attracting(affinity: Any, n: int) -> Any:
    """W without what lets rounding raise the energy: a direction, or points that repel themselves."""
    W = affinity if sparse.issparse(affinity) else table("affinity", affinity, shape=(n, n))
    if W.dtype != object:
        W = sparse_affinity(W, n)
    if not is_symmetric(np, W):
        raise must("affinity", "symmetric", "a directed graph")
    diagonal = W.diagonal()
    if (diagonal < 0).any():
        raise must("affinity", "without a negative entry on its diagonal", diagonal[diagonal < 0][0])
    return W


def clamped_labels(clamp: Any, shape: tuple[int, ...], n_clusters: int | None) -> np.ndarray:
    """The labels that are held, on the host; all -1 for None. The number of clusters may be unknown."""
    if clamp is None:
        return np.full(shape, -1)
    held = as_array("clamp", clamp)
    if held.shape != shape or held.dtype.kind not in "iu":
        raise must("clamp", f"an integer array of shape {shape}", clamp)
    held = held.astype(np.int64)
    strange = held[(held < -1) | (n_clusters is not None and held >= n_clusters)]
    if len(strange):
        raise must("clamp", "at least -1" if n_clusters is None else f"in [-1, {n_clusters - 1}]", strange[0])
    return held


@kernel
def round_rows(costs, starts, columns, values, lam, held, order, Z, labels):
    """Put the rows on vertices one at a time, each at its best label given the rows as they are then."""
    # in row p alone E is <price, z_p> - (lambda / 2) w_pp |z_p|^2, concave for w_pp >= 0, so a vertex is best, and at
    # vertices the last term is constant: p itself is left out of its own price (TC-S5)
    k = costs.shape[1]
    for p in order:
        best = max(held[p], 0)
        lowest = 0 * costs[p, 0]  # a zero of the same type, Fraction or float
        for c in range(k if held[p] < 0 else 0):
            said = 0 * costs[p, c]  # by the other points for this label
            for e in range(starts[p], starts[p + 1]):
                q = columns[e]
                if q != p:
                    said = said + values[e] * Z[q, c]
            price = costs[p, c] - lam * said
            if c == 0 or price < lowest:
                best, lowest = c, price
        labels[p] = best
        # rows that come later see this label, not the soft row, which is what keeps E from rising
        for c in range(k):
            Z[p, c] = 1 * (c == best)
