r"""Half-steps of AltLoRA: what they change, when two of them suffice, when they stall, which steps are stable.

Part of `theory`, where users find these functions. The loss is \|s B A - M\|^2 / 2 with the residual R = s B A - M, lr
is the step size; an A half-step moves A by -lr B^+ G / s, a B half-step moves B by -lr G A^+ / s. Formulas of matrices
are computed in rational numbers, with every double taken as the rational number that it is.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory._numbers import exact, number, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must
from lrtheory.low_rank_adapters.theory.starts import factor_of, matrix, projected, pseudo_inverse, rational

__all__ = [
    "changed_gauge",
    "half_step_decrease",
    "joint_change",
    "local_factors",
    "stalled_energy",
    "transported",
    "two_steps_suffice",
]


def transported(B: ArrayLike, before: ArrayLike, momentum: ArrayLike) -> np.ndarray:
    r"""Transport the momentum of A to a new left factor, so that its velocity is kept best (statement AL-2).

    Parameters
    ----------
    B : array of shape (m, r)
        The left factor now.
    before : array of shape (m, r)
        The left factor to which the momentum belongs.
    momentum : array of shape (r, n)
        M_A.

    Returns
    -------
    array of shape (r, n)
        B^+ B_prev M_A, in Fractions.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: B has full column rank, for uniqueness (a hypothesis of AL-2).

    Proof: X minimizes \|B X - B_prev M_A\| if and only if B^T B X = B^T B_prev M_A, and X = B^+ B_prev M_A satisfies
    these normal equations, since B^T B B^+ = B^T.

    Checked by: AL-2.

    Examples
    --------
    >>> transported([[1], [1]], [[2], [0]], [[3]]).tolist()
    [[Fraction(3, 1)]]
    """
    now, old, M = rational("B", B), rational("before", before), rational("momentum", momentum)
    if now.shape != old.shape or M.shape[0] != now.shape[1]:
        raise must("B, before, momentum", "factors of one shape, and a momentum of A", (now.shape, old.shape, M.shape))
    return np.asarray(pseudo_inverse(now) @ (old @ M))


def changed_gauge(B: ArrayLike, A: ArrayLike, gauge: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Write the same product by other factors, from which alternating steps take the same way (statement AL-3).

    Parameters
    ----------
    B : array of shape (m, r)
        The left factor.
    A : array of shape (r, n)
        The right factor.
    gauge : array of shape (r, r)
        T, nonsingular.

    Returns
    -------
    pair of arrays
        B T and T^{-1} A, in Fractions.

    Raises
    ------
    ValueError
        If T is singular, shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: both factors keep full rank r on the way (a hypothesis of AL-3).

    Proof: let B~ = B T and A~ = T^{-1} A at some time. G depends on the product alone. Then B~^+ = T^{-1} B^+ (full
    column rank) and A~^+ = A^+ T (full row rank), so g~_A = B~^+ G / s = T^{-1} g_A, and g~_B = g_B T. Momenta follow
    by induction: if M~_A = T^{-1} M_A then B~^+ B~_prev M~_A = T^{-1} B^+ B_prev M_A. So the new factors are again B T
    and T^{-1} A, with the same product.

    Checked by: AL-3.

    Examples
    --------
    >>> left, right = changed_gauge([[1]], [[6]], [[2]])
    >>> int(left[0, 0]), int(right[0, 0])
    (2, 3)
    """
    left, right, square = rational("B", B), rational("A", A), rational("gauge", gauge)
    r = left.shape[1]
    if square.shape != (r, r) or right.shape[0] != r or matrix(square).rank() < r:
        raise must("gauge", f"a nonsingular matrix of shape ({r}, {r}), as the factors have it", gauge)
    return left @ square, np.asarray(pseudo_inverse(square) @ right)


def stalled_energy(n_steps: int) -> Fraction:
    r"""Compute the squared residual after half-steps from a start that is orthogonal to the target (statement AL-5).

    Parameters
    ----------
    n_steps : int
        k, at least 0.

    Returns
    -------
    Fraction
        1 + 4^{-k}.

    Raises
    ------
    ValueError
        If `n_steps` is below 0.

    Proof
    -----
    Assumes: M = e_1 e_1^T, B = e_2, A = e_2^T, lr = 1/2 and s = 1.

    Proof: the residual is diag(-1, c) with c = 1. P_B R = c e_2 e_2^T = R P_A, so each half-step halves c and touches
    nothing else: B and A stay multiples of e_2. After k half-steps \|R\|^2 = 1 + 4^{-k}, which is never below 1. Both
    factors have full rank all the time.

    Checked by: AL-5.

    Examples
    --------
    >>> stalled_energy(2)
    Fraction(17, 16)
    """
    return 1 + Fraction(1, 4 ** integer("n_steps", n_steps, low=0))


def half_step_decrease(squared_norm: Number, *, step_size: Number) -> Number:
    r"""Compute by how much a half-step lowers the squared residual (statement AL-6).

    Parameters
    ----------
    squared_norm : number
        \|P_B R\|^2 for an A half-step, \|R P_A\|^2 for a B half-step.
    step_size : number
        lr.

    Returns
    -------
    number
        lr (2 - lr) times the squared norm; negative, so that the loss grows, where lr is not in [0, 2].

    Raises
    ------
    ValueError
        If `squared_norm` is negative, or a number is not finite.

    Proof
    -----
    Assumes: no momentum, weight decay or damping.

    Proof: R' = R - lr P_B R. Its squared norm is \|R - P_B R\|^2 + (1 - lr)^2 \|P_B R\|^2 = \|R\|^2 - lr (2 - lr) \|P_B
    R\|^2 by Pythagoras. A B half-step likewise, with P_A from the right.

    Checked by: AL-6.

    Examples
    --------
    >>> half_step_decrease(4, step_size=1)
    4
    """
    lr = number("step_size", step_size)
    return plain(lr * (2 - lr) * number("squared_norm", squared_norm, 0))


def joint_change(G: ArrayLike, B: ArrayLike, A: ArrayLike, *, step_size: Number) -> np.ndarray:
    r"""Compute the change of B A when both factors move by the same gradient at once (statement AL-7).

    Parameters
    ----------
    G : array of shape (m, n)
        The gradient in the merged weight.
    B : array of shape (m, r)
        The left factor.
    A : array of shape (r, n)
        The right factor.
    step_size : number
        lr.

    Returns
    -------
    array of shape (m, n)
        -lr P_B G - lr G P_A + lr^2 G A^+ B^+ G, in Fractions.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: the scale of the adapter is 1, and both pseudo-inverses are those of the factors before the step.

    Proof: dA = -lr B^+ G and dB = -lr G A^+. Expand (B + dB)(A + dA) - B A = B dA + dB A + dB dA.

    Checked by: AL-7.

    Examples
    --------
    >>> joint_change([[1]], [[1]], [[1]], step_size=1).tolist()
    [[Fraction(-1, 1)]]
    """
    gradient = rational("G", G)
    B, A = factor_of("B", B, gradient.shape, 0), factor_of("A", A, gradient.shape, 1)
    if len(A) != B.shape[1]:
        raise must("A", f"a factor of {B.shape[1]} rows, as `B` has columns", A.shape)
    lr = Fraction(*number("step_size", step_size).as_integer_ratio())
    both = projected(gradient, left=B) + projected(gradient, right=A)
    cross = (gradient @ pseudo_inverse(A)) @ (pseudo_inverse(B) @ gradient)
    return np.asarray(lr * lr * cross - lr * both)


def two_steps_suffice(B: ArrayLike, M: ArrayLike) -> bool:
    r"""Decide whether an A and a B half-step of size 1 reach the target exactly (statement AL-8).

    Parameters
    ----------
    B : array of shape (m, r)
        The left factor at the start.
    M : array of shape (m, n)
        The target.

    Returns
    -------
    bool
        Whether rank(B^T M) = rank(M), decided in rational numbers.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: B has full column rank, and rank(M) <= r (hypotheses of AL-8); no momentum, s = 1.

    Proof: the A half-step gives A = B^+ M, whatever A was. B^+ = (B^T B)^{-1} B^T, so rank(A) = rank(B^T M). The B
    half-step gives B' = B - (B A - M) A^+ and B' A = M P_A. If rank(B^T M) = rank(M), the rows of A span those of M,
    and M P_A = M. Conversely M P_A = M puts the rows of M into the span of those of A, so rank(M) <= rank(A) =
    rank(B^T M).

    Checked by: AL-8.

    Examples
    --------
    >>> two_steps_suffice([[1], [0]], [[2, 0], [0, 0]]), two_steps_suffice([[0], [1]], [[2, 0], [0, 0]])
    (True, False)
    """
    left, target = rational("B", B), rational("M", M)
    if len(left) != len(target):
        raise must("B", f"a factor of a matrix of shape {target.shape}", left.shape)
    return bool(matrix(left.T @ target).rank() == matrix(target).rank())


def local_factors(step_size: Number, *, method: str) -> tuple[Number, ...]:
    r"""Compute the factors by which residuals next to an exact solution are multiplied (statement AL-9).

    Parameters
    ----------
    step_size : number
        lr.
    method : {"altlora", "joint"}
        One A and one B half-step, each at its own gradient, or both by the same gradient at once.

    Returns
    -------
    tuple of numbers
        1, 1 - lr and (1 - lr)^2 for "altlora"; 1, 1 - lr and 1 - 2 lr for "joint". The first belongs to residuals that
        no adapter near the solution can have, so that alternating contracts if and only if 0 < lr < 2, joint steps if
        and only if 0 < lr < 1.

    Raises
    ------
    ValueError
        If the number is not finite, or the method is unknown.

    Proof
    -----
    Assumes: an exact solution B A = M with factors of full rank, and s = 1.

    Proof: to first order an A half-step takes R to R - lr P_B R, a B half-step to R - lr R P_A, and a joint step to R
    - lr (P_B R + R P_A). P_B from the left and P_A from the right are commuting projectors, so they have common
    eigenspaces with eigenvalues p and q in {0, 1}: the alternating map has the eigenvalues (1 - lr p)(1 - lr q) there,
    the joint one 1 - lr (p + q). The space with p = q = 0 is normal to the set of products of factors, and residuals
    of products next to the solution lie in the others.

    Checked by: AL-9.

    Examples
    --------
    >>> local_factors(Fraction(3, 2), method="joint")
    (1, Fraction(-1, 2), Fraction(-2, 1))
    """
    lr = exact(number("step_size", step_size))
    once = 1 - lr
    return (1, once, once * once if choice("method", method, ("altlora", "joint")) == "altlora" else 1 - 2 * lr)
