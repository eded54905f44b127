r"""Bounds that lead from errors of the chain's matrices to errors of the gradients of Q, K, V and adapters.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number, plain
from lrtheory._validation import must
from lrtheory.lora_limits.theory.numeric import largest, matrix, nonnegative
from lrtheory.lora_limits.theory.row_perturbation import tilt_bound

__all__ = ["adapter_factors", "error_multiplier", "gradient_bound", "key_gradient_bound", "value_gradient_bound"]


def gradient_bound(row_bound: Any, C1: Any, C2: Any, *, beta: Any) -> Any:
    r"""A bound on entries of G = beta C1^T p C2 by the rows of p, or of an error of p (statement LL-E8).

    Parameters
    ----------
    row_bound : number
        Bound on the absolute sums of the rows of an error of p.
    C1 : array of shape (L_Q, d_1)
        Left factor.
    C2 : array of shape (L_K, d_2)
        Right factor.
    beta : number
        Inverse temperature.

    Returns
    -------
    number
        beta max_a sum_i \|C1_ia\| max \|C2\| row_bound.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or an argument is not a matrix; `row_bound` may be infinite.

    Proof
    -----
    An entry of C1^T e C2 is sum_i C1_ia sum_j e_ij C2_jb. Its absolute value is at most
    sum_i \|C1_ia\| max \|C2\| sum_j \|e_ij\|, where the last sum is that of a row of e.

    Examples
    --------
    >>> gradient_bound(2.0, [[1.0], [-3.0]], [[0.5]], beta=1.0)
    4.0
    """
    columns, row_bound = np.abs(matrix("C1", C1)).sum(0), nonnegative("row_bound", row_bound)
    return number("beta", beta, 0) * plain(columns.max()) * largest(matrix("C2", C2)) * row_bound


def key_gradient_bound(row_bound: Any, XK: Any, queries: Any, *, beta: Any) -> Any:
    r"""A bound on entries of the key gradient beta X_K^T p^T (X_Q W_Q) by the rows of p (statement LL-T2).

    Parameters
    ----------
    row_bound : number
        Bound on the absolute sums of the rows of an error of p.
    XK : array of shape (L_K, d_model)
        Inputs of the keys.
    queries : array of shape (L_Q, d)
        X_Q W_Q.
    beta : number
        Inverse temperature.

    Returns
    -------
    number
        beta max \|X_K\| max \|X_Q W_Q\| L_Q row_bound.

    Raises
    ------
    ValueError
        If a number is negative or not finite, or an argument is not a matrix; `row_bound` may be infinite.

    Proof
    -----
    An entry is sum_ij X_K[j, a] e_ij (X_Q W_Q)[i, b]; all of \|e\| sums to L_Q row_bound at most. Columns of p have no
    bound of their own, since all rows may look at one key.

    Examples
    --------
    >>> key_gradient_bound(2.0, [[1.0]], [[0.5], [1.0]], beta=1.0)
    4.0
    """
    XK, queries, row_bound = matrix("XK", XK), matrix("queries", queries), nonnegative("row_bound", row_bound)
    return number("beta", beta, 0) * largest(XK) * largest(queries) * len(queries) * row_bound


def value_gradient_bound(eta: Any, XV: Any, c: Any, *, spread: Any) -> Any:
    r"""A bound on entries of the error of the value gradient X_V^T f^T c (statement LL-T2).

    Parameters
    ----------
    eta : float or ball
        Relative error of the entries of exp, in [0, 1).
    XV : array of shape (L_K, d_model)
        Inputs of the values.
    c : array of shape (L_Q, d_v)
        f C3 - Y, or any array with its largest entry.
    spread : number
        osc, the largest spread of a column of C3.

    Returns
    -------
    number
        max \|X_V\| L_Q tau (max \|c\| + osc / 2).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    f~^T c~ - f^T c = (f~ - f)^T c + f~^T (c~ - c). An entry after X_V^T is at most max \|X_V\| times
    sum_ij \|f~_ij - f_ij\| max \|c\| + sum_ij f~_ij max \|c~ - c\| <= L_Q tau max \|c\| + L_Q tau osc / 2.

    Examples
    --------
    >>> round(value_gradient_bound(0.8, [[2.0]], [[3.0], [0.0]], spread=2.0), 12)
    16.0
    """
    XV, c = matrix("XV", XV), matrix("c", c)
    return largest(XV) * len(c) * tilt_bound(eta) * (largest(c) + number("spread", spread, 0) / 2)


def adapter_factors(A: Any, B: Any, *, scale: Any = 1) -> tuple[Any, Any]:
    r"""Factors from errors of dLoss/dW to errors of dLoss/dA = s B^T G and dLoss/dB = s G A^T (statement LL-E8).

    Parameters
    ----------
    A : array of shape (rank, d_in)
        First adapter matrix.
    B : array of shape (d_out, rank)
        Second adapter matrix.
    scale : number
        s, alpha / rank or 1.

    Returns
    -------
    pair of numbers
        For dA, \|s\| max_k sum_a \|B_ak\|; for dB, \|s\| max_k sum_b \|A_kb\|.

    Raises
    ------
    ValueError
        If the ranks differ, or a number is not finite.

    Proof
    -----
    \|sum_a B_ak E_ab\| <= sum_a \|B_ak\| max \|E\|, and \|sum_b E_ab A_kb\| <= sum_b \|A_kb\| max \|E\|.

    Examples
    --------
    >>> adapter_factors([[1.0, 2.0]], [[0.5], [-4.0]], scale=2.0)
    (9.0, 6.0)
    """
    A, B, scale = matrix("A", A), matrix("B", B), number("scale", scale)
    if B.shape[1] != len(A):
        raise must("B", f"of {len(A)} columns, as A has rows", B.shape)
    return abs(scale) * plain(np.abs(B).sum(0).max()), abs(scale) * plain(np.abs(A).sum(1).max())


def error_multiplier(C1: Any, C2: Any, C3: Any, *, Y: Any, beta: Any) -> Any:
    r"""The a-priori form of LL-E8, which needs no q: errors of G are at most tau times this (statement LL-E9).

    Parameters
    ----------
    C1 : array of shape (L_Q, d_1)
        Left factor.
    C2 : array of shape (L_K, d_2)
        Right factor.
    C3 : array of shape (L_K, d_v)
        Values.
    Y : array of shape (L_Q, d_v)
        Labels.
    beta : number
        Inverse temperature.

    Returns
    -------
    number
        beta max_a sum_i \|C1_ia\| max \|C2\| (2 d v^2 + 3 d v (v + max \|Y\|)); often far too large, and
        more the longer the inputs, so it serves for certificates, not for the choice of a fast degree.

    Raises
    ------
    ValueError
        If a number is out of range or shapes do not fit.

    Proof
    -----
    Outputs are means of rows of C3, so they lie between the smallest and the largest entry of a column (statement
    LL-P7), and \|c\| <= v + max \|Y\|. In the bound of LL-E8, osc <= 2 v and Q <= d v max \|c\|.

    Examples
    --------
    >>> error_multiplier([[1.0]], [[1.0]], [[2.0]], Y=[[0.0]], beta=1.0)
    20.0
    """
    C1, C2, C3, Y = (matrix(name, value) for name, value in (("C1", C1), ("C2", C2), ("C3", C3), ("Y", Y)))
    if len(C3) != len(C2):
        raise must("C3", f"of {len(C2)} rows, one a key", C3.shape)
    if Y.shape != (len(C1), C3.shape[1]):
        raise must("Y", f"of shape ({len(C1)}, {C3.shape[1]})", Y.shape)
    d, v = C3.shape[1], largest(C3)
    rows = 2 * d * v * v + 3 * d * v * (v + largest(Y))
    return gradient_bound(rows, C1, C2, beta=beta)
