r"""Ridge regression around a given map: the objective of a stream of edits, its information and its minimizer.

Part of `theory`, where users find these functions. W0 (d, p) is the map before the first edit, an edit is a pair of
keys (u, d) and values (u, p), anchors are (m, d); rows x go to x W. Integers and Fractions give Fractions, doubles give
doubles. Norms are Frobenius norms.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from lrtheory._numbers import number, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must, pairs

__all__ = ["dual_solution", "information_matrix", "objective", "ridge_solution"]

Edits: TypeAlias = Sequence[tuple[ArrayLike, ArrayLike]]


def of_one_kind(*arrays: np.ndarray) -> list[np.ndarray]:
    """Return all arrays in Fractions if every entry is an integer or a Fraction, and in doubles else."""
    if any(array.dtype.kind == "f" or any(isinstance(x, float) for x in array.flat) for array in arrays):
        return [np.array(array, float) for array in arrays]
    made = [np.empty(array.shape, object) for array in arrays]
    for place, array in zip(made, arrays, strict=True):
        place.ravel()[:] = [Fraction(entry) for entry in array.ravel().tolist()]
    return made


def inverse(A: np.ndarray) -> np.ndarray:
    """Return the inverse, exact for Fractions; of a singular matrix ZeroDivisionError or LinAlgError."""
    if A.dtype != object:
        return np.asarray(np.linalg.inv(A))
    import flint

    n = len(A)
    found = flint.fmpq_mat(n, n, [flint.fmpq(x.numerator, x.denominator) for x in A.ravel().tolist()]).inv()
    entries = np.empty(n * n, object)
    entries[:] = [Fraction(int(x.p), int(x.q)) for x in found.entries()]
    return entries.reshape(n, n)


def objective(
    W: ArrayLike,
    W0: ArrayLike,
    edits: Edits,
    *,
    ridge: Number = 1,
    anchors: ArrayLike | None = None,
    anchor_weight: Number = 1,
    decay: Number = 1,
) -> Number:
    r"""Compute the cost of a map: squared errors of all edits, and its distance from the map before (statement RL-2).

    Parameters
    ----------
    W : array of shape (d, p)
        The map.
    W0 : array of shape (d, p)
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        Edits in the order in which they came.
    ridge : number
        lambda squared, at least 0.
    anchors : array of shape (m, d), or None
        The rows of K_0.
    anchor_weight : number
        mu squared, at least 0.
    decay : number
        The factor beta in (0, 1] by which everything older weighs less at each edit.

    Returns
    -------
    number
        J_t(W) = sum_i beta^{t-i} \|K_i W - V_i\|^2 + beta^t (lambda^2 \|W - W_0\|^2 + mu^2 \|K_0 (W - W_0)\|^2).

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite or out of range.

    Examples
    --------
    >>> objective([[2]], [[1]], [([[1]], [[3]])])
    Fraction(2, 1)
    """
    given, stream, (prior, weight, beta) = _stream(W0, edits, ridge, anchors, anchor_weight, decay)
    start, keys = given
    W, start, keys = of_one_kind(table("W", W, shape=start.shape), start, keys)
    change = W - start
    cost = prior * (change**2).sum() + weight * ((keys @ change) ** 2).sum()
    for K, V in stream:
        cost = beta * cost + ((K @ W - V) ** 2).sum()
    return plain(cost)


def information_matrix(
    W0: ArrayLike,
    edits: Edits,
    *,
    ridge: Number = 1,
    anchors: ArrayLike | None = None,
    anchor_weight: Number = 1,
    decay: Number = 1,
) -> np.ndarray:
    r"""Compute the matrix of the quadratic cost of a stream of edits (statement RL-11).

    Parameters
    ----------
    W0 : array of shape (d, p)
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        Edits in the order in which they came.
    ridge, anchors, anchor_weight, decay : number, or array of shape (m, d)
        As in `objective`.

    Returns
    -------
    array of shape (d, d)
        M_t = sum_i beta^{t-i} K_i^T K_i + beta^t (lambda^2 I + mu^2 K_0^T K_0).

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite or out of range.

    Examples
    --------
    >>> information_matrix([[1.0]], [([[2.0]], [[3.0]])], ridge=0.5)
    array([[4.5]])
    """
    (start, keys), stream, (prior, weight, beta) = _stream(W0, edits, ridge, anchors, anchor_weight, decay)
    M = prior * np.eye(len(start), dtype=start.dtype) + weight * (keys.T @ keys)
    for K, _ in stream:
        M = beta * M + K.T @ K
    return np.asarray(M)


def ridge_solution(
    W0: ArrayLike,
    edits: Edits,
    *,
    ridge: Number = 1,
    anchors: ArrayLike | None = None,
    anchor_weight: Number = 1,
    decay: Number = 1,
) -> np.ndarray:
    r"""Compute the map of least cost of a stream of edits (statements RL-1, RL-14 and RL-15).

    Parameters
    ----------
    W0 : array of shape (d, p)
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        Edits in the order in which they came.
    ridge, anchors, anchor_weight, decay : number, or array of shape (m, d)
        As in `objective`.

    Returns
    -------
    array of shape (d, p)
        W_t, the only one with M_t W_t = beta^t M_0 W_0 + sum_i beta^{t-i} K_i^T V_i.

    Raises
    ------
    ValueError
        If M_t is singular, shapes do not fit, or a number is not finite or out of range.

    Proof
    -----
    Assumes: M_t is positive definite (an argument check).

    Proof: the gradient of J_t at W is 2 (M_t W - beta^t M_0 W_0 - sum_i beta^{t-i} K_i^T V_i), and J_t is strictly
    convex, since its matrix M_t is positive definite. Sums do not depend on the order of their terms nor on how they
    are split, so for beta = 1 neither does W_t. The recursion W += C K^T H^{-1} E with H = I + K C K^T and E = V - K W
    keeps the equation: with M the information before and D the step, (M + K^T K) D = K^T H^{-1} E + K^T (H - I) H^{-1}
    E = K^T E, so M_t W_t = (M + K^T K) W + K^T (V - K W) = M W + K^T V. A factor beta at each edit multiplies M and
    M W alike.

    Checked by: RL-1, RL-14, RL-15.

    Examples
    --------
    >>> ridge_solution([[1.0]], [([[1.0]], [[3.0]])])
    array([[2.]])
    """
    (start, keys), stream, (prior, weight, beta) = _stream(W0, edits, ridge, anchors, anchor_weight, decay)
    M = prior * np.eye(len(start), dtype=start.dtype) + weight * (keys.T @ keys)
    due = M @ start
    for K, V in stream:
        M, due = beta * M + K.T @ K, beta * due + K.T @ V
    return np.asarray(_inverted(M, ridge) @ due)


def dual_solution(
    W0: ArrayLike, edits: Edits, *, ridge: Number = 1, anchors: ArrayLike | None = None, anchor_weight: Number = 1
) -> np.ndarray:
    r"""Compute the map of least cost from the products of keys alone (statement RL-18).

    Parameters
    ----------
    W0 : array of shape (d, p)
        The map before the first edit.
    edits : sequence of pairs (keys, values)
        Edits in the order in which they came.
    ridge, anchors, anchor_weight : number, or array of shape (m, d)
        As in `objective`; the prior lambda^2 I + mu^2 K_0^T K_0 must be nonsingular.

    Returns
    -------
    array of shape (d, p)
        W_0 + M_0^{-1} K^T (I + K M_0^{-1} K^T)^{-1} R, with all keys stacked as K and R = V - K W_0.

    Raises
    ------
    ValueError
        If M_0 is singular, shapes do not fit, or a number is not finite or out of range.

    Proof
    -----
    Assumes: M_0 is positive definite (an argument check).

    Proof: M_T (W_T - W_0) = K^T R by `ridge_solution`, and (M_0 + K^T K) M_0^{-1} K^T = K^T (I + K M_0^{-1} K^T). So
    the whole history is a change whose rank is at most the number of its keys.

    Checked by: RL-18.

    References
    ----------
    .. [1] C. Saunders, A. Gammerman, V. Vovk, Ridge regression learning algorithm in dual variables, ICML 1998.

    Examples
    --------
    >>> dual_solution([[1.0]], [([[1.0]], [[3.0]])])
    array([[2.]])
    """
    (start, anchored), stream, (prior, weight, _) = _stream(W0, edits, ridge, anchors, anchor_weight, 1)
    C = _inverted(prior * np.eye(len(start), dtype=start.dtype) + weight * (anchored.T @ anchored), ridge)
    if not stream:
        return start
    K, V = (np.concatenate(parts) for parts in zip(*stream, strict=True))
    H = np.eye(len(K), dtype=start.dtype) + K @ C @ K.T
    return np.asarray(start + C @ K.T @ inverse(H) @ (V - K @ start))


def _inverted(M: np.ndarray, ridge: Number) -> np.ndarray:
    """Return the inverse of an information matrix."""
    try:
        return inverse(M)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("ridge", "positive where anchors and keys leave a direction free", ridge) from error


def _stream(
    W0: ArrayLike, edits: Edits, ridge: Number, anchors: ArrayLike | None, anchor_weight: Number, decay: Number
) -> tuple[tuple[np.ndarray, np.ndarray], list[tuple[np.ndarray, np.ndarray]], tuple[Number, Number, Number]]:
    """Return W_0 and the anchors, the edits, and ridge, anchor weight and decay, all of one kind of number."""
    start = table("W0", W0, shape=("d", "p"))
    d, p = start.shape
    kept = np.zeros((0, d), int) if anchors is None else table("anchors", anchors, shape=("m", d))
    arrays = [start, kept]
    for K, V in pairs("edits", edits):
        keys = table("keys", K, shape=("u", d))
        arrays += [keys, table("values", V, shape=(len(keys), p))]
    scalars = [
        number("ridge", ridge, 0),
        number("anchor_weight", anchor_weight, 0),
        number("decay", decay, 0, 1, ends="(]"),
    ]
    found = of_one_kind(*arrays, np.array(scalars, object))
    prior, weight, beta = found.pop().tolist()
    return (found[0], found[1]), list(zip(found[2::2], found[3::2], strict=True)), (prior, weight, beta)
