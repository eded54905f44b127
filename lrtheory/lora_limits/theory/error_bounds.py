r"""Bounds on what a relative error of exp does to attention and to every matrix of the gradient's chain.

Part of `theory`, where users find these functions. Let \|A~_ij - A_ij\| <= eta A_ij for all entries, eta < 1, and let f
and f~ be A and A~ with rows divided by their sums. The chain is O = f C3, c = O - Y, q = c C3^T, p1 = f o q,
r_i = sum_j p1_ij, p2 = diag(r) f, p = p1 - p2, G = beta C1^T p C2. All bounds are in exact arithmetic; `rounding_floor`
is what doubles add.
"""

from __future__ import annotations

from typing import Any

from lrtheory._numbers import number, plain
from lrtheory._result import Result, result
from lrtheory._validation import must
from lrtheory.lora_limits.theory.gradient_bounds import gradient_bound
from lrtheory.lora_limits.theory.numeric import largest, matrix
from lrtheory.lora_limits.theory.row_perturbation import entry_error, tilt_bound

__all__ = ["ErrorBounds", "error_certificate"]


@result
class ErrorBounds(Result):
    """Bounds on how far each matrix of the chain moves when the entries of exp move by factors in [1 - eta, 1 + eta].

    Attributes
    ----------
    tilt : number
        tau(eta): the rows of f, summed absolutely (LL-E1).
    entry : number
        Entries of f relative to f, 2 eta / (1 - eta) (LL-E1).
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


def error_certificate(
    eta: Any, C1: Any, C2: Any, C3: Any, Y: Any, *, beta: Any, q_max: Any = None, scale: Any = 1
) -> ErrorBounds:
    r"""Bounds on the error of every matrix of the chain (statements LL-E1 to LL-E8).

    Parameters
    ----------
    eta : float or ball
        Relative error of the entries of exp, in [0, 1).
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
        alpha / rank where C1 carries no scale, at least 0.

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
    tau bounds \|f~ - f\| by rows (E1). Subtracting the midpoint of a column of C3 changes no difference of rows of
    attention, so \|O~ - O\| <= tau osc / 2 (E2), and q~ - q = (c~ - c) C3^T sums d_v products (E3). Then p1~ - p1 =
    f~ o (q~ - q) + (f~ - f) o q has row sums at most max \|q~ - q\| + tau Q (E4), and r is the sum of a row of p1 (E5).
    p2~ - p2 = (r~ - r) f~ + r (f~ - f) with \|r\| <= Q (E6); p is the difference (E7). Last, an entry of G is
    sum_i C1_ia sum_j p_ij C2_jb, at most the largest column sum of \|C1\| times a row's sum times max \|C2\| (E8).

    Examples
    --------
    >>> import numpy as np
    >>> bounds = error_certificate(0.6, np.ones((2, 1)), np.ones((2, 1)), [[0.0], [3.0]], np.zeros((2, 1)), beta=1.0)
    >>> round(bounds.output, 6), round(bounds.q, 6), round(bounds.p, 6)
    (1.0, 3.0, 24.0)
    """
    C1, C2, C3, Y = (matrix(name, value) for name, value in (("C1", C1), ("C2", C2), ("C3", C3), ("Y", Y)))
    if len(C3) != len(C2):
        raise must("C3", f"of {len(C2)} rows, one a key", C3.shape)
    if Y.shape != (len(C1), C3.shape[1]):
        raise must("Y", f"of shape ({len(C1)}, {C3.shape[1]})", Y.shape)
    scale = number("scale", scale, 0)
    v, spread = largest(C3), plain((C3.max(0) - C3.min(0)).max())
    q_max = C3.shape[1] * v * (v + largest(Y)) if q_max is None else number("q_max", q_max, 0)
    tau = tilt_bound(eta)
    output = tau * spread / 2
    q = C3.shape[1] * v * output
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
        gradient=scale * gradient_bound(p, C1, C2, beta=beta),
    )
