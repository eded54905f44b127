r"""Inverses of factors of curvature that are updated by one vector: what they invert, and how they grow.

Part of `theory`, where users find these functions. L is a factor of curvature, X its inverse, g the vector that is
seen, gamma the decay in (0, 1), and s = g^T X g. Formulas compute with the kind of number that they are given.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._numbers import exact, gathered, number, plain, table, times_power
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must

__all__ = [
    "alignment_square",
    "curvature_factor",
    "curvature_response",
    "definite_floor",
    "descent_product",
    "released_ceiling",
    "stabilized_condition",
    "update_multiplications",
    "wound_up",
]


def curvature_factor(L: ArrayLike, g: ArrayLike, *, decay: Number) -> np.ndarray:
    r"""Compute the factor of curvature of which the exact update is the inverse (statement MK-1).

    Parameters
    ----------
    L : array of shape (d, d)
        The factor before, symmetric and positive definite.
    g : array of shape (d,)
        The vector that is seen.
    decay : number
        gamma in (0, 1).

    Returns
    -------
    array of shape (d, d)
        gamma L + (1 - gamma) g g^T.

    Raises
    ------
    ValueError
        If a shape is another one, or a number is out of range.

    Proof
    -----
    Assumes: L is symmetric and positive definite, X = L^{-1} and u = X g.

    Proof: By Sherman and Morrison, (A + c g g^T)^{-1} = A^{-1} - c A^{-1} g g^T A^{-1} / (1 + c g^T A^{-1} g). With A =
    gamma L and c = 1 - gamma this is (X - (1 - gamma) u u^T / (gamma + (1 - gamma) s)) / gamma, the exact update. The
    formula of the first author's thesis keeps X > 0 and is not an inverse: for d = 1, L = g = 1 and gamma = 1/2 it is
    21/10, and the inverse of 1/2 + 1/2 is 1.

    Checked by: MK-1.

    Examples
    --------
    >>> curvature_factor([[1.0, 0.0], [0.0, 1.0]], [2.0, 0.0], decay=0.5).tolist()
    [[2.5, 0.0], [0.0, 0.5]]
    """
    before = table("L", L, shape=("d", "d"))
    seen = table("g", g, shape=(len(before),))
    gamma = exact(number("decay", decay, 0, 1, ends="()"))
    return gathered(gamma * before + (1 - gamma) * np.outer(seen, seen))


def curvature_response(s: Number, *, decay: Number, method: str = "exact") -> Number:
    r"""Compute g^T X' g after X has seen g, from s = g^T X g before (statement MK-3).

    Parameters
    ----------
    s : number
        At least 0.
    decay : number
        gamma in (0, 1).
    method : {"exact", "published"}
        Formula of the update; "published" is that of the first author's thesis.

    Returns
    -------
    number
        s / (gamma + (1 - gamma) s) for the exact update, which is below 1 / (1 - gamma) whatever s is. For the formula
        of the thesis gamma s + (1 - gamma) s^2 / (gamma^2 (1 + gamma (1 - gamma) s)), which grows like s: it amplifies
        the direction that curvature should damp.

    Raises
    ------
    ValueError
        If a number is out of range, or the method is another one.

    Proof
    -----
    Assumes: X is symmetric and positive semidefinite.

    Proof: g^T u = s with u = X g, so g^T u u^T g = s^2. The exact update gives (s - (1 - gamma) s^2 / (gamma + (1 -
    gamma) s)) / gamma = s / (gamma + (1 - gamma) s), and (1 - gamma) s < gamma + (1 - gamma) s. The formula of
    the thesis is gamma X plus its factor times u u^T.

    Checked by: MK-3.

    Examples
    --------
    >>> from fractions import Fraction
    >>> print(curvature_response(1, decay=Fraction(1, 2)), curvature_response(1, decay=0.5, method="published"))
    1 2.1
    """
    seen, gamma = exact(number("s", s, 0)), exact(number("decay", decay, 0, 1, ends="()"))
    if choice("method", method, ("exact", "published")) == "exact":
        return plain(seen / (gamma + (1 - gamma) * seen))
    lost = (1 - gamma) * seen
    return plain(gamma * seen + lost / gamma * (seen / gamma / (1 + gamma * lost)))


def definite_floor(start: Number, *, decay: Number, n_steps: int) -> Number:
    r"""Bound v^T X v from below after steps by the formula of MKOR's thesis (statement MK-2).

    Parameters
    ----------
    start : number
        v^T X_0 v for any vector v, such as the least eigenvalue of X_0 for all unit vectors.
    decay : number
        gamma in (0, 1).
    n_steps : int
        t, at least 0.

    Returns
    -------
    number
        gamma^t v^T X_0 v, so that the formula of the thesis keeps X positive definite.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: X_0 is symmetric and positive semidefinite.

    Proof: A step adds c (v^T X g)^2 with c > 0 to gamma v^T X v; both are equal where v is orthogonal to X g. Multiply
    over the steps.

    Checked by: MK-2.

    Examples
    --------
    >>> definite_floor(4.0, decay=0.5, n_steps=2)
    1.0
    """
    gamma = exact(number("decay", decay, 0, 1, ends="()"))
    return plain(times_power(number("start", start, 0), gamma, integer("n_steps", n_steps, low=0)))


def wound_up(start: Number, *, decay: Number, n_steps: int) -> Number:
    r"""Compute v^T X v along a direction that no vector has excited in the exact form (statement MK-8).

    Parameters
    ----------
    start : number
        \|v\|^2, where X_0 is the identity.
    decay : number
        gamma in (0, 1).
    n_steps : int
        t, at least 0.

    Returns
    -------
    number
        gamma^-t \|v\|^2, which grows until rounding makes X indefinite.

    Raises
    ------
    ValueError
        If a number is out of range, or the value is beyond the doubles.

    Proof
    -----
    Assumes: X_0 = I and g_i^T v = 0 for all i.

    Proof: L_t = gamma^t I + a sum of multiples of g_i g_i^T, so that L_t v = gamma^t v and X_t v = gamma^-t v.

    Checked by: MK-8.

    Examples
    --------
    >>> wound_up(1.0, decay=0.5, n_steps=3)
    8.0
    """
    gamma = exact(number("decay", decay, 0, 1, ends="()"))
    found = times_power(number("start", start, 0), gamma, -integer("n_steps", n_steps, low=0))
    if isinstance(found, float) and found == math.inf:
        raise must("n_steps", "so small that the value is a double", n_steps)
    return plain(found)


def update_multiplications(d: int) -> int:
    """Count the multiplications and divisions of one exact update (statement MK-8).

    Parameters
    ----------
    d : int
        The side of X, at least 1.

    Returns
    -------
    int
        4 d^2 + d + 2: d^2 for u = X g, d for s, d^2 each for the products u_i u_j, for their factor and for the
        division by the decay, and 2 for the factor. Products u_i u_j that are scaled afterwards keep X symmetric bit by
        bit; scaling u first would take 3 d^2 + 2 d + 2, and lose that.

    Raises
    ------
    ValueError
        If `d` is below 1.

    Proof
    -----
    Assumes: products are formed as the formula reads, without use of symmetry.

    Proof: count them.

    Checked by: MK-8.

    Examples
    --------
    >>> update_multiplications(3)
    41
    """
    side = integer("d", d, low=1)
    return 4 * side * side + side + 2


def descent_product(least_left: Number, least_right: Number, energy: Number) -> Number:
    r"""Bound the inner product of a gradient with its preconditioned form from below (statement MK-4).

    Parameters
    ----------
    least_left, least_right : number
        The least eigenvalues of X_L and X_R, above 0.
    energy : number
        \|G\|^2.

    Returns
    -------
    number
        least_left * least_right * energy, which is at most <X_L G X_R, G>.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: X_L and X_R are symmetric and positive definite.

    Proof: <X_L G X_R, G> = \|X_L^{1/2} G X_R^{1/2}\|^2, and a factor of least singular value l makes no Frobenius norm
    smaller than l times what it was. Equality holds for G = v w^T of eigenvectors of the least eigenvalues.

    Checked by: MK-4.

    Examples
    --------
    >>> descent_product(0.5, 2.0, 3.0)
    3.0
    """
    left = number("least_left", least_left, 0, ends="(]")
    return plain(left * number("least_right", least_right, 0, ends="(]") * number("energy", energy, 0))


def alignment_square(condition_left: Number, condition_right: Number) -> Number:
    r"""Bound the squared cosine between a gradient and its preconditioned form from below (statement MK-5).

    Parameters
    ----------
    condition_left, condition_right : number
        The condition numbers of X_L and X_R, at least 1.

    Returns
    -------
    number
        4 k / (1 + k)^2, where k is the product of both. With P = X_L G X_R, rescaled to the norm of G, a step on a
        function whose gradient is Lipschitz with the constant M gives f(W - eta P) <= f(W) - eta \|G\|^2 2 sqrt(k) / (1
        + k) + M eta^2 \|G\|^2 / 2.

    Raises
    ------
    ValueError
        If a number is below 1 or not finite.

    Proof
    -----
    Assumes: X_L and X_R are symmetric and positive definite.

    Proof: G -> X_L G X_R is symmetric and positive definite for the inner product of matrices, with least eigenvalue
    lo and largest hi = k lo, each a product of eigenvalues. By Kantorovich, <A x, x>^2 >= 4 lo hi / (lo + hi)^2 \|A
    x\|^2 \|x\|^2. Equality holds for x = sqrt(hi) v + sqrt(lo) w with unit eigenvectors v of lo and w of hi.

    Checked by: MK-5.

    References
    ----------
    Kantorovich, "Functional analysis and applied mathematics", 1948; Wielandt, "Inclusion theorems for eigenvalues",
    1953.

    Examples
    --------
    >>> alignment_square(4.0, 1.0)
    0.64
    """
    k = number("condition_left", condition_left, 1) * number("condition_right", condition_right, 1)
    k = exact(plain(k))
    return plain(4 / (k + 2 + 1 / k))  # k^2 may be beyond the doubles


def stabilized_condition(least: Number, largest: Number, *, stabilizer: Number) -> Number:
    r"""Compute the condition number of zeta X + (1 - zeta) I (statement MK-6).

    Parameters
    ----------
    least, largest : number
        The ends of the spectrum of X, above 0.
    stabilizer : number
        zeta in [0, 1].

    Returns
    -------
    number
        (zeta largest + 1 - zeta) / (zeta least + 1 - zeta), at most largest / least.

    Raises
    ------
    ValueError
        If a number is out of range, or the ends are in the wrong order.

    Proof
    -----
    Assumes: X is symmetric and positive definite.

    Proof: The eigenvalues are zeta x + 1 - zeta. The quotient grows with zeta, since its derivative has the sign of
    largest - least, and is largest / least for zeta = 1.

    Checked by: MK-6.

    Examples
    --------
    >>> stabilized_condition(1.0, 9.0, stabilizer=0.5)
    5.0
    """
    low, high = exact(number("least", least, 0, ends="(]")), exact(number("largest", largest, 0, ends="(]"))
    if bool(high < low):
        raise must("largest", "at least `least`", largest)
    zeta = exact(number("stabilizer", stabilizer, 0, 1))
    rest = 1 - zeta  # added last, 1 would swallow a small zeta x
    return plain((zeta * high + rest) / (zeta * low + rest))


def released_ceiling(largest: Number, *, decay: Number, n_steps: int) -> Number:
    r"""Bound the largest eigenvalue of X in the released program (statement MK-9).

    Parameters
    ----------
    largest : number
        The largest eigenvalue of X_0, which is 1 in the program.
    decay : number
        gamma in (0, 1).
    n_steps : int
        t, at least 0.

    Returns
    -------
    number
        1 + gamma^t (largest - 1). From the identity no entry exceeds 1, so that the program's reset, where an entry is
        above 2, never happens.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: X_0 is symmetric and positive definite.

    Proof: gamma X + (1 - gamma) I has its largest eigenvalue at most 1 + gamma (x - 1), where x is that of X. The
    update by g g^T then inverts (.)^{-1} + g g^T > 0, so that X stays positive definite, and it only subtracts.

    Checked by: MK-9.

    Examples
    --------
    >>> released_ceiling(3.0, decay=0.5, n_steps=2)
    1.5
    """
    gamma = exact(number("decay", decay, 0, 1, ends="()"))
    start = number("largest", largest, 0, ends="(]")
    t = integer("n_steps", n_steps, low=0)
    if isinstance(gamma, float):  # 1 - gamma^t without cancellation
        return plain(times_power(start, gamma, t) - math.expm1(t * math.log(gamma)))
    return plain(1 + gamma**t * (start - 1))
