r"""The energies: with entropy, concave without it, convex with the Laplacian, and of labels.

All three agree on labels up to the constant of statement TC-S1. With temperature 0 they take Fractions too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays, is_foreign, real_array, sparse, to_numpy
from lrtheory._numbers import number, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import Words, as_array, must
from lrtheory.transductive_clustering.theory.arguments import ROUNDING, simplex
from lrtheory.transductive_clustering.updates.edges import is_symmetric
from lrtheory.transductive_clustering.updates.inputs import in_range, library_of, sparse_affinity

__all__ = ["discrete_energy", "laplacian_energy", "relaxed_energy"]


@arrays("device")
def relaxed_energy(
    assignments: ArrayLike,
    costs: ArrayLike,
    affinity: ArrayLike | SparseArray,
    *,
    lam: Number = 1.0,
    temperature: Number = 1.0,
) -> Any:
    r"""The energy that the updates decrease (statements TC-T3 and TC-S3).

    Arrays: any (device)

    Parameters
    ----------
    assignments : array of shape (N, K) or (E, N, K)
        Z, rows in the simplex.
    costs : array of shape (N, K) or (E, N, K)
        A.
    affinity : array of shape (N, N) or (E, N, N), or sparse array
        W.
    lam, temperature : number
        lambda and T; with T = 0 this is E(Z), the concave relaxation.

    Returns
    -------
    float, or array of shape (E,)
        T sum z log z + <A, Z> - (lambda / 2) tr(Z^T W Z), with 0 log 0 = 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite or out of range, assignments are not in the simplex, or lambda
        or T is negative.
    TypeError
        If an array is not of numbers, or hides some behind a mask.

    Examples
    --------
    >>> W = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> relaxed_energy(np.array([[1.0, 0.0], [1.0, 0.0]]), np.zeros((2, 2)), W, lam=2.0)
    -2.0
    """
    xp, A, W = _read(costs, affinity, assignments)
    Z = _assignments(xp, assignments, A)
    lam, temperature = _weight(xp, A, W, lam), number("temperature", temperature, 0)
    value = _sum(xp, A * Z) - lam * _sum(xp, Z * (W @ Z)) / 2
    if temperature != 0:
        positive = xp.where(Z > 0, Z, xp.ones_like(Z))  # 0 log 0 = 0
        value = temperature * _sum(xp, Z * xp.log(positive)) + value
    return value


@arrays("device")
def laplacian_energy(
    assignments: ArrayLike, costs: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number = 1.0
) -> Any:
    r"""The convex relaxation, with the Laplacian in place of the affinity (statement TC-S2).

    Arrays: any (device)

    Parameters
    ----------
    assignments : array of shape (N, K) or (E, N, K)
        Z, rows in the simplex.
    costs : array of shape (N, K) or (E, N, K)
        A.
    affinity : array of shape (N, N) or (E, N, N), or sparse array
        W, symmetric.
    lam : number
        lambda.

    Returns
    -------
    float, or array of shape (E,)
        <A, Z> + (lambda / 2) tr(Z^T (D - W) Z), D the degrees.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, assignments are not in the simplex, the affinity is not
        symmetric, or lambda is negative.
    TypeError
        If an array is not of numbers, or hides some behind a mask.

    Examples
    --------
    >>> W = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> laplacian_energy(np.eye(2), np.zeros((2, 2)), W)
    1.0
    """
    xp, A, W = _read(costs, affinity, assignments)
    Z = _assignments(xp, assignments, A)
    if not bool(xp.all(xp.asarray(is_symmetric(xp, W)))):
        raise must("affinity", "symmetric, as a Laplacian is", Words("a directed graph"))
    lam = _weight(xp, A, W, lam)
    degrees = W.sum(axis=1) if sparse.issparse(W) else xp.sum(W, axis=-1)
    smooth = degrees[..., None] * Z - W @ Z  # (D - W) Z
    return _sum(xp, A * Z) + lam * _sum(xp, Z * smooth) / 2


@arrays("device")
def discrete_energy(
    labels: ArrayLike, costs: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number = 1.0
) -> Any:
    r"""The discrete model: costs of the labels, and a price for every edge that is cut (statement TC-S1).

    Arrays: any (device)

    Parameters
    ----------
    labels : int array of shape (N,) or (E, N)
        The cluster of each point.
    costs : array of shape (N, K) or (E, N, K)
        A.
    affinity : array of shape (N, N) or (E, N, N), or sparse array
        W.
    lam : number
        lambda.

    Returns
    -------
    float, or array of shape (E,)
        sum_p a_{p, l_p} + (lambda / 4) sum_pq w_pq \|z_p - z_q\|^2; the square is 2 where the labels differ.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, a label is not a cluster, or lambda is negative.
    TypeError
        If an array is not of numbers, or hides some behind a mask.

    Examples
    --------
    >>> discrete_energy(np.array([0, 1]), np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]]), lam=3.0)
    3.0
    """
    xp, A, W = _read(costs, affinity, labels)
    own, lam = _labels(xp, labels, A), _weight(xp, A, W, lam)
    clusters = xp.arange(A.shape[-1], device=A.device)
    chosen = xp.where(own[..., None] == clusters, A, 0 * A)
    if sparse.issparse(W):
        edges = sparse.coo_array(W)
        cut = edges.data[own[edges.row] != own[edges.col]].sum(dtype=np.float64)
    else:
        cut = _sum(xp, xp.where(own[..., :, None] != own[..., None, :], W, 0 * W))
    value = _sum(xp, chosen) + lam * cut / 2
    return float(value) if sparse.issparse(W) else value


def _sum(xp: Any, terms: Any) -> Any:
    """The sum over the last two axes, of floats in float64; a Python number for a single problem."""
    exact = str(terms.dtype) == "object"
    value = xp.sum(terms, axis=(-2, -1)) if exact else xp.sum(terms, axis=(-2, -1), dtype=xp.float64)
    return value if exact or value.ndim else float(value)


def _read(costs: Any, affinity: Any, *others: Any) -> tuple[Any, Any, Any]:
    """Costs and affinity in one library with shapes that fit, floats or exact numbers; an affinity may be sparse."""
    thin = sparse.issparse(affinity)
    xp, device = library_of(costs, None if thin else affinity, *others)
    costs = _numbers(xp, "costs", costs, device)
    if costs.ndim not in (2, 3) or 0 in costs.shape:
        raise must("costs", "of shape (N, K) or (E, N, K) with at least one entry", tuple(costs.shape))
    if thin and not (isinstance(costs, np.ndarray) and costs.ndim == 2):
        raise must("affinity", "dense for batches and for arrays of other libraries", affinity, TypeError)
    square = (*costs.shape[:-1], costs.shape[-2])
    if thin:
        kind = np.float32 if affinity.dtype == np.float32 else np.float64
        affinity = sparse_affinity(affinity, costs.shape[-2], kind)
    else:
        affinity = _numbers(xp, "affinity", affinity, costs.device)
    if tuple(affinity.shape) not in (square, square[-2:]):
        raise must("affinity", f"of shape {square}", tuple(affinity.shape))
    return xp, costs, affinity


def _weight(xp: Any, costs: Any, affinity: Any, lam: Any) -> Any:
    """lambda, small enough for sums of floats to stay finite."""
    lam = number("lam", lam, 0)
    if not any(str(x.dtype) == "object" for x in (costs, affinity)):
        in_range(xp, costs, affinity, lam)
    return lam


def _assignments(xp: Any, assignments: Any, costs: Any) -> Any:
    """Rows of the simplex in the shape of the costs."""
    Z = _numbers(xp, "assignments", assignments, costs.device)
    if tuple(Z.shape) != tuple(costs.shape):
        raise must("assignments", f"of shape {tuple(costs.shape)}", tuple(Z.shape))
    if str(Z.dtype) == "object":
        return simplex("assignments", Z)
    off = float(xp.max(xp.abs(xp.sum(Z, axis=-1, dtype=xp.float64) - 1)))
    if bool(xp.min(Z) < 0) or off > ROUNDING:
        simplex("assignments", to_numpy(Z))
    return Z


def _numbers(xp: Any, name: str, value: Any, device: Any) -> Any:
    """Floats of the library, or an object array of finite exact numbers."""
    exact = None if is_foreign(value) or sparse.issparse(value) else as_array(name, value)
    exact = exact if exact is not None and exact.dtype == object and exact.ndim else None
    return real_array(xp, name, value, device=device) if exact is None else table(name, exact)


def _labels(xp: Any, labels: Any, costs: Any) -> Any:
    """Clusters of the points, integers in [0, K)."""
    n_clusters = costs.shape[-1]
    if is_foreign(labels):
        whole = xp.isdtype(labels.dtype, "integral")
    else:
        labels = as_array("labels", labels)
        whole = labels.dtype.kind in "iu"
    if tuple(labels.shape) != tuple(costs.shape[:-1]) or not whole:
        raise must("labels", f"integers of shape {tuple(costs.shape[:-1])}", labels)
    labels = labels if isinstance(costs, np.ndarray) else xp.asarray(labels, device=costs.device)
    if not bool((xp.min(labels) >= 0) & (xp.max(labels) < n_clusters)):
        raise must("labels", f"in [0, {n_clusters - 1}]", to_numpy(labels))
    return labels
