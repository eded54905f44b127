r"""Rounding of soft assignments to labels, which loses nothing where the rows are visited one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays, kernel, kernel_input, sparse
from lrtheory._numbers import number, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import Words, as_array, choice, must, refuse_unused
from lrtheory.transductive_clustering.theory.arguments import rows
from lrtheory.transductive_clustering.updates.edges import csr_parts, is_symmetric
from lrtheory.transductive_clustering.updates.inputs import at_least_zero, sparse_affinity

__all__ = ["round_assignments"]

#: the options that each method uses, beside `clamp`, which all of them use
OPTIONS = {"sequential": {"lam", "order"}, "argmax": set[str]()}


@arrays("host")
def round_assignments(
    assignments: ArrayLike,
    costs: ArrayLike,
    affinity: ArrayLike | SparseArray,
    *,
    lam: Number | None = None,
    method: str = "sequential",
    clamp: ArrayLike | None = None,
    order: ArrayLike | None = None,
) -> np.ndarray:
    r"""Labels from assignments; sequential rounding never raises the energy without entropy (statement TC-S5).

    Arrays: any (copied to the host)

    Parameters
    ----------
    assignments, costs : array of shape (N, K)
        Z, rows in the simplex, and A.
    affinity : array or sparse array of shape (N, N)
        W, symmetric, with no negative entry on the diagonal.
    lam : number or None
        lambda, at least 0, of "sequential"; None is 1.
    method : {"sequential", "argmax"}
        "sequential" visits the rows one at a time and gives each its best label beside the others as they are then;
        "argmax" takes the largest entry of each row.
    clamp : int array of shape (N,), or None
        Labels that are clamped; -1 is free.
    order : int array of shape (N,), or None
        The order in which "sequential" visits the rows; None is 0, 1, ...

    Returns
    -------
    int64 array of shape (N,)
        E(labels) <= E(Z) <= R_T(Z) + T N_F log K for "sequential"; ties go to low labels.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, assignments are not in the simplex, the affinity is not
        symmetric or has a negative entry on its diagonal, an option is unknown, or the method does not use it.
    TypeError
        If an array is not of numbers, or hides some behind a mask.

    Examples
    --------
    >>> Z = [[0.51, 0.49], [0.49, 0.51]]
    >>> round_assignments(Z, np.zeros((2, 2)), [[0, 1], [1, 0]]).tolist()
    [1, 1]
    """
    choice("method", method, tuple(OPTIONS))
    refuse_unused(method, OPTIONS[method], lam=(lam, None), order=(order, None))
    A = table("costs", costs, shape=("N", "K"))
    n, k = A.shape
    if n == 0:
        raise must("costs", "of at least one point", A.shape)
    Z = np.array(rows("assignments", assignments, shape=(n, k)))  # rows change on the way
    W = _attracting(affinity, n)
    clamped = clamped_labels(clamp, (n,), k)
    if method == "argmax":
        return np.where(clamped >= 0, clamped, Z.argmax(axis=1))
    visited = np.arange(n) if order is None else as_array("order", order)
    if visited.dtype.kind not in "iu" or visited.ndim != 1 or sorted(visited.tolist()) != list(range(n)):
        raise must("order", f"a permutation of 0, ..., {n - 1}", visited)
    exact = Z.dtype == object or A.dtype == object
    kind = object if exact else np.float64
    weight: Any = 1 if lam is None else lam
    weight = number("lam", weight, 0) if exact else at_least_zero("lam", weight)
    edges = csr_parts(W)
    edges = edges._replace(values=kernel_input(edges.values, kind))
    labels, run = np.empty(n, np.int64), round_rows.py_func if exact else round_rows
    fixed = kernel_input(A, kind), edges, weight, kernel_input(clamped), kernel_input(visited, np.int64)
    run(*fixed, Z.astype(kind), labels)
    return labels


def _attracting(affinity: Any, n: int) -> Any:
    """W, refused where rounding could raise the energy: if it is directed, or points repel themselves."""
    W = affinity if sparse.issparse(affinity) else table("affinity", affinity, shape=(n, n))
    if W.dtype != object:
        W = sparse_affinity(W, n)
    if not is_symmetric(np, W):
        raise must("affinity", "symmetric", Words("a directed graph"))
    diagonal = W.diagonal()
    if (diagonal < 0).any():
        raise must("affinity", "without a negative entry on its diagonal", diagonal[diagonal < 0][0])
    return W


def clamped_labels(clamp: Any, shape: tuple[int, ...], n_clusters: int | None) -> np.ndarray:
    """The clamped labels on the host, all -1 for None; a number of clusters that is None is not known."""
    if clamp is None:
        return np.full(shape, -1)
    clamped = as_array("clamp", clamp)
    if clamped.shape != shape or clamped.dtype.kind not in "iu":
        raise must("clamp", f"an integer array of shape {shape}", clamp)
    clamped = clamped.astype(np.int64)
    strange = clamped[(clamped < -1) | (n_clusters is not None and clamped >= n_clusters)]
    if len(strange):
        raise must("clamp", "at least -1" if n_clusters is None else f"in [-1, {n_clusters - 1}]", strange[0])
    return clamped


@kernel
def round_rows(costs, edges, lam, clamped, order, Z, labels):
    """Put the rows on vertices one at a time, each at its best label given the rows as they are then."""
    # in row p alone E is <price, z_p> - (lambda / 2) w_pp |z_p|^2, concave for w_pp >= 0, so a vertex is best, and at
    # vertices the last term is constant: p itself is left out of its own price (TC-S5)
    k = costs.shape[1]
    for p in order:
        best = max(clamped[p], 0)
        lowest = 0 * costs[p, 0]  # a zero of the same type, Fraction or float
        for c in range(k if clamped[p] < 0 else 0):
            pull = 0 * costs[p, c]  # of the other points towards this label
            for e in range(edges.starts[p], edges.starts[p + 1]):
                q = edges.columns[e]
                if q != p:
                    pull = pull + edges.values[e] * Z[q, c]
            price = costs[p, c] - lam * pull
            if c == 0 or price < lowest:
                best, lowest = c, price
        labels[p] = best
        # rows that come later see this label, not the soft row, which is what keeps E from rising
        for c in range(k):
            Z[p, c] = 1 * (c == best)
