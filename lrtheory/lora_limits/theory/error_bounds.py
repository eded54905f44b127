r"""Bounds on what a relative error of exp does to rows of attention, to matrices of the chain, and to gradients.

Part of `theory`, where users find these functions. Let |A~_ij - A_ij| <= eta A_ij for all exponentials, eta < 1, and
let f and f~ be A and A~ with rows divided by their sums, so that a factor common to a row has no effect. The chain is
O = f C3, c = O - Y, q = c C3^T, p1 = f o q, r_i = sum_j p1_ij, p2 = diag(r) f, p = p1 - p2, G = beta C1^T p C2. All
bounds are in exact arithmetic; `rounding_floor` is what doubles add.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import formula, inexact, number, plain, table
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import must

__all__ = [
    "ErrorBounds",
    "adapter_factors",
    "entry_error",
    "error_certificate",
    "gradient_bound",
    "key_gradient_bound",
    "matrix",
    "relative_error_for",
    "tilt_bound",
    "value_gradient_bound",
]


def matrix(name: str, value: ArrayLike) -> np.ndarray:
    """Check a matrix of finite numbers of any kind, on the host, that is not empty: most bounds take its maximum."""
    found = table(name, value)
    if found.ndim != 2 or found.size == 0:
        raise must(name, "a non-empty matrix", found.shape)
    return found


def _largest(values: np.ndarray) -> Any:
    """Return the largest absolute value of the entries of a checked matrix."""
    return plain(np.abs(values).max())


def _row_bound(value: Number) -> Any:
    """Check a bound on the rows of p: at least 0, or infinity, a bound that is always true."""
    # `number` with an infinite end would compare a ball with a float, which balls refuse
    return value if isinstance(value, float) and value == math.inf else number("row_bound", value, 0)


def _chain_inputs(C1: ArrayLike, C2: ArrayLike, C3: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, ...]:
    """Check that there are as many values as keys, and labels of the shape of the output."""
    left, right, values, labels = matrix("C1", C1), matrix("C2", C2), matrix("C3", C3), matrix("Y", Y)
    if len(values) != len(right):
        raise must("C3", f"of {len(right)} rows, one per key", values.shape)
    if labels.shape != (len(left), values.shape[1]):
        raise must("Y", f"of shape ({len(left)}, {values.shape[1]})", labels.shape)
    return left, right, values, labels


# --- rows of attention -----------------------------------------------------------------------------------------------


@formula(eta="[0, 1)")
def tilt_bound(eta: Number) -> Number:
    r"""A bound on how far rows of attention move, summed absolutely, when exp is off by a factor 1 +- eta (LL-E1).

    Parameters
    ----------
    eta : float or ball
        In [0, 1).

    Returns
    -------
    float or ball
        tau(eta) = 2 eta / (1 + sqrt(1 - eta^2)), between eta and 2 eta; no smaller number holds for all rows.

    Proof
    -----
    Assumes: eta < 1 (checked here) and \|A~_ij - A_ij\| <= eta A_ij for every entry (the caller).

    Proof: f~_j = f_j t_j / sum_i f_i t_i with tilts t_j in [1 - eta, 1 + eta]. For fixed f, sum_j \|f~_j - f_j\| is the
    largest of the linear-fractional functions sum_j s_j (f~_j - f_j) of t, s in {-1, 1}^L, and a linear-fractional
    function on a box is largest at a corner. Let mass mu of f have t = 1 + eta and the rest 1 - eta. Then the mass of
    the first part becomes mu (1 + eta) / D, D = 1 + eta (2 mu - 1), and the distance is
    2 (mu (1 + eta) / D - mu) = 4 eta mu (1 - mu) / D. With x = 2 mu - 1 that is eta (1 - x^2) / (1 + eta x), which is
    largest where eta x^2 + 2 x + eta = 0, x = (sqrt(1 - eta^2) - 1) / eta; there it equals -2 x = 2 eta / (1 + sqrt(1 -
    eta^2)). Two keys with f = (mu, 1 - mu) attain it.

    Checked by: LL-E1.

    Examples
    --------
    >>> tilt_bound(0.6)
    0.6666666666666666
    """
    # 2 (1 - sqrt(1 - eta^2)) / eta without its cancellation for small eta
    return plain(2 * eta / (1 + np.sqrt(inexact((1 - eta) * (1 + eta)))))


@formula(epsilon="(0, inf)", multiplier="[0, inf)")
def relative_error_for(epsilon: Number, multiplier: Number) -> Number:
    """The relative error of exp under which an error bound tau(eta) times a multiplier is met (statement LL-E9).

    Parameters
    ----------
    epsilon : number
        Target, positive.
    multiplier : number
        The error is at most tau(eta) times this.

    Returns
    -------
    number
        eta = tau / (1 + tau^2 / 4) with tau = min(epsilon / multiplier, 1), 4/5 at most; so tau(eta) = tau.

    Proof
    -----
    Assumes: the error is at most tau(eta) times the multiplier (the caller, by the bounds LL-E8 and LL-T2-bound).

    Proof: With eta = sin(x), tau(eta) = 2 sin(x) / (1 + cos(x)) = 2 tan(x / 2), and sin(x) = 2 t / (1 + t^2) for t
    = tan(x / 2) = tau / 2. It increases for tau <= 2.

    Checked by: LL-E9.

    Examples
    --------
    >>> relative_error_for(1.0, 1.0), round(tilt_bound(0.8), 12)
    (0.8, 1.0)
    """
    tau = epsilon / multiplier if epsilon < multiplier else epsilon / epsilon  # 1 as a number of the caller's kind
    return plain(tau / (1 + tau * tau / 4))


@formula(eta="[0, 1)")
def entry_error(eta: Number) -> Number:
    r"""A bound on how far entries of attention move, relative to themselves (statement LL-E1-entry).

    Parameters
    ----------
    eta : number
        In [0, 1).

    Returns
    -------
    number
        2 eta / (1 - eta), approached by an entry of vanishing mass whose tilt is 1 + eta while all others are 1 - eta.

    Proof
    -----
    Assumes: eta < 1 (checked here) and \|A~_ij - A_ij\| <= eta A_ij for every entry (the caller).

    Proof: f~_j / f_j = t_j / sum_i f_i t_i lies between (1 - eta) / (1 + eta) and (1 + eta) / (1 - eta). The second
    differs from 1 by 2 eta / (1 - eta), the first by 2 eta / (1 + eta), which is less.

    Sums of rows keep the error of their entries (LL-P3): \|sum_j A~_ij - sum_j A_ij\| <= eta sum_j A_ij, as all A_ij
    are positive.

    Checked by: LL-E1-entry and LL-P3.

    Examples
    --------
    >>> entry_error(0.5)
    2.0
    """
    return 2 * eta / (1 - eta)


# --- gradients -------------------------------------------------------------------------------------------------------


def gradient_bound(row_bound: Number, C1: ArrayLike, C2: ArrayLike, *, beta: Number) -> Any:
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
    Assumes: the rows of the error e of p sum to at most `row_bound` in absolute value (the caller).

    Proof: An entry of C1^T e C2 is sum_i C1_ia sum_j e_ij C2_jb. Its absolute value is at most sum_i \|C1_ia\| max
    \|C2\| sum_j \|e_ij\|, where the last sum is that of a row of e.

    Checked by: LL-E8.

    Examples
    --------
    >>> gradient_bound(2.0, [[1.0], [-3.0]], [[0.5]], beta=1.0)
    4.0
    """
    columns, row_bound = np.abs(matrix("C1", C1)).sum(0), _row_bound(row_bound)
    return number("beta", beta, 0) * plain(columns.max()) * _largest(matrix("C2", C2)) * row_bound


def key_gradient_bound(row_bound: Number, XK: ArrayLike, queries: ArrayLike, *, beta: Number) -> Any:
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
    Assumes: the rows of the error e of p sum to at most `row_bound` in absolute value (the caller).

    Proof: An entry is sum_ij X_K[j, a] e_ij (X_Q W_Q)[i, b]; all of \|e\| sums to L_Q row_bound at most. Columns of p
    have no bound of their own, since all rows may look at one key.

    Checked by: LL-T2-bound.

    Examples
    --------
    >>> key_gradient_bound(2.0, [[1.0]], [[0.5], [1.0]], beta=1.0)
    4.0
    """
    keys, rows, row_bound = matrix("XK", XK), matrix("queries", queries), _row_bound(row_bound)
    return number("beta", beta, 0) * _largest(keys) * _largest(rows) * len(rows) * row_bound


@formula(eta="[0, 1)", spread="[0, inf)")
def value_gradient_bound(eta: Number, XV: ArrayLike, c: ArrayLike, *, spread: Number) -> Number:
    r"""A bound on entries of the error of the value gradient X_V^T f^T c (statement LL-T2).

    Parameters
    ----------
    eta : float or ball
        Relative error of the entries of exp.
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
    Assumes: \|A~_ij - A_ij\| <= eta A_ij for every entry, and osc bounds the spread of each column of C3 (the caller).

    Proof: f~^T c~ - f^T c = (f~ - f)^T c + f~^T (c~ - c). An entry after X_V^T is at most max \|X_V\| times sum_ij
    \|f~_ij - f_ij\| max \|c\| + sum_ij f~_ij max \|c~ - c\| <= L_Q tau max \|c\| + L_Q tau osc / 2.

    Checked by: LL-T2-bound.

    Examples
    --------
    >>> round(value_gradient_bound(0.8, [[2.0]], [[3.0], [0.0]], spread=2.0), 12)
    16.0
    """
    inputs, errors = matrix("XV", XV), matrix("c", c)
    return _largest(inputs) * len(errors) * tilt_bound(eta) * (_largest(errors) + spread / 2)


@formula(scale="(-inf, inf)")
def adapter_factors(A: ArrayLike, B: ArrayLike, *, scale: Number = 1) -> tuple[Any, Any]:
    r"""Factors from errors of G = dLoss/dW to errors of dLoss/dA = s B^T G and dLoss/dB = s G A^T (statement LL-E8).

    W and G have the shape (d_out, d_in), in which torch stores a weight.

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
    Assumes: A and B have one rank (checked here); max \|E\| bounds the errors E of dLoss/dW (the caller).

    Proof: \|sum_a B_ak E_ab\| <= sum_a \|B_ak\| max \|E\|, and \|sum_b E_ab A_kb\| <= sum_b \|A_kb\| max \|E\|.

    Checked by: LL-E9, whose certificates use these factors.

    Examples
    --------
    >>> adapter_factors([[1.0, 2.0]], [[0.5], [-4.0]], scale=2.0)
    (9.0, 6.0)
    """
    first, second, size = matrix("A", A), matrix("B", B), abs(scale)
    if second.shape[1] != len(first):
        raise must("B", f"of {len(first)} columns, as A has rows", second.shape)
    return size * plain(np.abs(second).sum(0).max()), size * plain(np.abs(first).sum(1).max())


# --- every matrix of the chain ---------------------------------------------------------------------------------------


@result
class ErrorBounds(Result):
    """Bounds on how far each matrix of the chain moves when the entries of exp move by factors in [1 - eta, 1 + eta].

    Attributes
    ----------
    tilt : number
        tau(eta): the rows of f, summed absolutely (LL-E1).
    entry : number
        Entries of f relative to f, 2 eta / (1 - eta) (LL-E1-entry).
    output : number
        Entries of O and of c, tau osc / 2 (LL-E2).
    q : number
        Entries of q, d v tau osc / 2 (LL-E3).
    p1 : number
        Rows of p1, summed absolutely, d v tau osc / 2 + tau Q (LL-E4).
    row_means : number
        The row means r_i, d v tau osc / 2 + tau Q as for p1 (LL-E5).
    p2 : number
        Rows of p2, summed absolutely, d v tau osc / 2 + 2 tau Q (LL-E6).
    p : number
        Rows of p, summed absolutely, d v tau osc + 3 tau Q (LL-E7).
    gradient : number
        Entries of G, the gradient with respect to W (LL-E8).
    """

    tilt: Any
    entry: Any
    output: Any
    q: Any
    p1: Any
    row_means: Any
    p2: Any
    p: Any
    gradient: Any


@formula(eta="[0, 1)", beta="[0, inf)", scale="[0, inf)", q_max="[0, inf)")
def error_certificate(
    eta: Number,
    C1: ArrayLike,
    C2: ArrayLike,
    C3: ArrayLike,
    Y: ArrayLike,
    *,
    beta: Number,
    q_max: Number | None = None,
    scale: Number = 1,
) -> ErrorBounds:
    r"""Bounds on the error of every matrix of the chain (statements LL-E1 to LL-E8).

    Parameters
    ----------
    eta : float or ball
        Relative error of the entries of exp.
    C1 : array of shape (L_Q, d_1)
        Left factor of the logits beta C1 W C2^T, without W.
    C2 : array of shape (L_K, d_2)
        Right factor, as it stands in the gradient beta C1^T p C2 (a shift common to all rows changes no gradient, so it
        may be centered). The widths are those of W (d_1, d_2), and need not agree.
    C3 : array of shape (L_K, d_v)
        Values.
    Y : array of shape (L_Q, d_v)
        Labels.
    beta : number
        Inverse temperature.
    q_max : number or None
        Q, the largest \|q_ij\|; None takes the bound d_v v (v + max \|Y\|).
    scale : number
        alpha / rank where C1 carries no scale.

    Returns
    -------
    ErrorBounds
        One number per matrix; v is max \|C3\|, osc the largest spread of a column of C3.

    Raises
    ------
    ValueError
        If a number is out of range or shapes do not fit.

    Proof
    -----
    Assumes: eta < 1, shapes fit and `scale` is not negative (checked here); \|A~_ij - A_ij\| <= eta A_ij for every
    entry, and q_max is at least max \|q\| if it is given (the caller).

    Proof: tau bounds \|f~ - f\| by rows (E1). Subtracting the midpoint of a column of C3 changes no difference of rows
    of attention, so \|O~ - O\| <= tau osc / 2 (E2), and q~ - q = (c~ - c) C3^T sums d_v products (E3). Then p1~ - p1
    = f~ o (q~ - q) + (f~ - f) o q has row sums at most max \|q~ - q\| + tau Q (E4), and r is the sum of a row of
    p1 (E5). p2~ - p2 = (r~ - r) f~ + r (f~ - f) with \|r\| <= Q (E6); p is the difference (E7). Last, an entry of G is
    sum_i C1_ia sum_j p_ij C2_jb, at most the largest column sum of \|C1\| times a row's sum times max \|C2\| (E8).

    Checked by: LL-E1 to LL-E8 and, for the error of a polynomial, LL-P5.

    Examples
    --------
    >>> import numpy as np
    >>> bounds = error_certificate(0.6, np.ones((2, 1)), np.ones((2, 1)), [[0.0], [3.0]], np.zeros((2, 1)), beta=1.0)
    >>> round(bounds.output, 6), round(bounds.q, 6), round(bounds.p, 6)
    (1.0, 3.0, 24.0)
    """
    left, right, values, labels = _chain_inputs(C1, C2, C3, Y)
    d, v, spread = values.shape[1], _largest(values), plain((values.max(0) - values.min(0)).max())
    q_max = d * v * (v + _largest(labels)) if q_max is None else q_max
    tau = tilt_bound(eta)
    output = tau * spread / 2
    q = d * v * output
    p = 2 * q + 3 * tau * q_max
    return ErrorBounds(
        tilt=tau,
        entry=entry_error(eta),
        output=output,
        q=q,
        p1=q + tau * q_max,
        row_means=q + tau * q_max,
        p2=q + 2 * tau * q_max,
        p=p,
        gradient=scale * gradient_bound(p, left, right, beta=beta),
    )
