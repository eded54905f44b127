r"""Ridge regression around a given map: the map of least cost of a stream of edits.

Part of `theory`, where users find these functions. W0 (d, p) is the map before the first edit, an edit is a pair of
keys (u, d) and values (u, p), anchors are (m, d); rows x go to x W. Integers and Fractions give Fractions, doubles give
doubles. Norms are Frobenius norms.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from lrtheory._numbers import formula, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must, pairs

__all__ = ["ridge_solution"]

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


def information_matrix(
    W0: ArrayLike,
    edits: Edits,
    ridge: Number = 1,
    anchors: ArrayLike | None = None,
    anchor_weight: Number = 1,
    decay: Number = 1,
) -> np.ndarray:
    """Return M_t = sum_i beta^{t-i} K_i^T K_i + beta^t (lambda^2 I + mu^2 K_0^T K_0), the matrix of the cost."""
    (start, keys), stream, (prior, weight, beta) = stream_of(W0, edits, ridge, anchors, anchor_weight, decay)
    M = prior * np.eye(len(start), dtype=start.dtype) + weight * (keys.T @ keys)
    for K, _ in stream:
        M = beta * M + K.T @ K
    return np.asarray(M)


@formula(ridge="[0, inf)", anchor_weight="[0, inf)", decay="(0, 1]")
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
    ridge : number
        lambda squared.
    anchors : array of shape (m, d), or None
        The rows of K_0.
    anchor_weight : number
        mu squared.
    decay : number
        The factor beta by which everything older weighs less at each edit.

    Returns
    -------
    array of shape (d, p)
        W_t, which has the least cost J_t(W) = sum_i beta^{t-i} \|K_i W - V_i\|^2 + beta^t (lambda^2 \|W - W_0\|^2 +
        mu^2 \|K_0 (W - W_0)\|^2). It is the only one with M_t W_t = beta^t M_0 W_0 + sum_i beta^{t-i} K_i^T V_i, where
        M_t is the information of all edits.

    Raises
    ------
    ValueError
        If M_t is singular, shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: M_t is positive definite, which is checked.

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
    (start, keys), stream, (prior, weight, beta) = stream_of(W0, edits, ridge, anchors, anchor_weight, decay)
    M = prior * np.eye(len(start), dtype=start.dtype) + weight * (keys.T @ keys)
    due = M @ start
    for K, V in stream:
        M, due = beta * M + K.T @ K, beta * due + K.T @ V
    return np.asarray(inverted(M, ridge) @ due)


def inverted(M: np.ndarray, ridge: Number) -> np.ndarray:
    """Return the inverse of an information matrix."""
    try:
        return inverse(M)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("ridge", "positive where anchors and keys leave a direction free", ridge) from error


def stream_of(
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
    found = of_one_kind(*arrays, np.array([ridge, anchor_weight, decay], object))
    prior, weight, beta = found.pop().tolist()
    return (found[0], found[1]), list(zip(found[2::2], found[3::2], strict=True)), (prior, weight, beta)
