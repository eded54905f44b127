r"""Starts of adapters from a gradient: projections, captured energies, floors of the loss.

Part of `theory`, where users find these functions. G (m, n) is the gradient in the merged weight, B (m, r) and A (r, n)
are the factors. P_B is the orthogonal projector onto the columns of B, P_A the one onto the rows of A. Formulas of
matrices are computed in rational numbers, with every double taken as the rational number that it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = ["captured_limit", "projected", "pseudo_inverse", "sign_capture", "split_energies", "training_floor"]


def rational(name: str, values: ArrayLike) -> np.ndarray:
    """Return a matrix with every number as the Fraction that it is."""
    given = table(name, values, shape=("m", "n"))
    entries = [Fraction(*x.as_integer_ratio()) if hasattr(x, "as_integer_ratio") else x for x in given.ravel().tolist()]
    found = np.empty(len(entries), object)
    found[:] = entries
    return found.reshape(given.shape)


def factor_of(name: str, values: ArrayLike, shape: tuple[int, ...], side: int) -> np.ndarray:
    """Return a factor of a matrix of a shape in Fractions: the left one, of side 0, or the right one, of side 1."""
    X = rational(name, values)
    if X.shape[side] != shape[side]:
        raise must(name, f"a factor of a matrix of shape {shape}", X.shape)
    return X


def matrix(values: np.ndarray) -> Any:
    """Return a matrix of Fractions as a matrix of python-flint, which is imported here alone."""
    import flint

    m, n = values.shape
    return flint.fmpq_mat(m, n, [flint.fmpq(x.numerator, x.denominator) for x in values.ravel().tolist()])


def pseudo_inverse(X: ArrayLike) -> np.ndarray:
    r"""Compute the pseudo-inverse of Moore and Penrose in rational numbers, for a matrix of any rank.

    Parameters
    ----------
    X : array of shape (m, n)
        Integers, Fractions or doubles.

    Returns
    -------
    array of shape (n, m)
        Pseudo-inverse, in Fractions.

    Raises
    ------
    ValueError
        If a number is not finite, or X is not a matrix.

    Notes
    -----
    X = C F with the pivot columns C of X and the nonzero rows F of its reduced echelon form, both of full rank, so
    X^+ = F^T (F F^T)^{-1} (C^T C)^{-1} C^T.

    References
    ----------
    .. [1] A. Ben-Israel, T. Greville, Generalized Inverses, 2nd edition, Springer 2003, section 1.6.

    Examples
    --------
    >>> pseudo_inverse([[2, 0], [0, 0]]).tolist()
    [[Fraction(1, 2), Fraction(0, 1)], [Fraction(0, 1), Fraction(0, 1)]]
    """
    given = rational("X", X)
    m, n = given.shape
    reduced, rank = matrix(given).rref()
    if not rank:
        return np.array([[Fraction(0)] * m for _ in range(n)], object).reshape(n, m)
    rows = reduced.tolist()[:rank]
    F = type(reduced)(rank, n, [x for row in rows for x in row])
    C = matrix(given[:, [next(j for j, x in enumerate(row) if x != 0) for row in rows]])
    left = (C.transpose() * C).solve(C.transpose())
    found = F.transpose() * (F * F.transpose()).solve(left)
    return np.array([[Fraction(int(x.p), int(x.q)) for x in row] for row in found.tolist()], object)


def projected(G: ArrayLike, *, left: ArrayLike | None = None, right: ArrayLike | None = None) -> np.ndarray:
    r"""Project a gradient onto what factors can reach: the step of the merged weight (SB-1, SB-2 and AL-1).

    Parameters
    ----------
    G : array of shape (m, n)
        The gradient in the merged weight.
    left : array of shape (m, r), or None
        B; None leaves the columns of G alone.
    right : array of shape (r, n), or None
        A; None leaves the rows of G alone.

    Returns
    -------
    array of shape (m, n)
        P_B G P_A, in Fractions.

    Raises
    ------
    ValueError
        If a number is not finite, or shapes do not fit.

    Proof
    -----
    Assumes: for SB-1 and AL-1, B has full column rank and A full row rank (hypotheses of the statements).

    Proof: with P_B = B (B^T B)^{-1} B^T and P_A = A^T (A A^T)^{-1} A, the gradient g = s B^T G A^T in R gives s B
    (s^{-2} (B^T B)^{-1} g (A A^T)^{-1}) A = P_B G P_A. These are the normal equations of min \|s B X A - G\|, whose
    solution is unique since X -> B X A is injective. The linear model of the loss falls by <g, g^R> = <G, s B g^R A> =
    <G, P_B G P_A> = \|P_B G P_A\|^2, in which s does not occur. A step of A alone by s^{-1} B^+ G changes the merged
    weight s B A by B B^+ G = P_B G, and one of B alone by s^{-1} G A^+ changes it by G P_A.

    Checked by: SB-1, SB-2 and AL-1.

    Examples
    --------
    >>> projected([[1, 2], [3, 4]], left=[[1], [0]]).tolist()
    [[Fraction(1, 1), Fraction(2, 1)], [Fraction(0, 1), Fraction(0, 1)]]
    """
    found = rational("G", G)
    for name, factor, side in (("left", left, 0), ("right", right, 1)):
        if factor is None:
            continue
        X = factor_of(name, factor, found.shape, side)
        found = X @ (pseudo_inverse(X) @ found) if side == 0 else (found @ pseudo_inverse(X)) @ X
    return np.asarray(found)


def captured_limit(spectrum: ArrayLike, rank: int) -> Number:
    r"""Bound the energy of a gradient that factors of a rank can capture (statement SB-3).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of G, in any order.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        The sum of the r largest squared singular values.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or `rank` is below 0.

    Proof
    -----
    Assumes: all singular values are there (the caller).

    Proof: Z = P_B G P_A has rank at most r, and \|Z\|^2 = <G, Z>. By von Neumann <G, Z> <= sum_i sigma_i(G) sigma_i(Z)
    <= (sum_{i <= r} sigma_i(G)^2)^{1/2} \|Z\|, so \|Z\|^2 is at most the sum. Where B and A span the leading singular
    vectors on both sides, Z is the best approximation of rank r, and there is equality.

    Checked by: SB-3.

    Examples
    --------
    >>> captured_limit([1, 3, 2], 2)
    13
    """
    values = sorted(numbers("spectrum", spectrum, 0), reverse=True)
    return plain(sum(x * x for x in values[: integer("rank", rank, low=0)]))


def training_floor(target: ArrayLike, B: ArrayLike, A: ArrayLike) -> Number:
    r"""Compute the least squared loss that LoRA-XS with frozen B and A can reach (statement SB-4).

    Parameters
    ----------
    target : array of shape (m, n)
        W* - W_0, the update that would make the loss 0.
    B : array of shape (m, r)
        The frozen left factor.
    A : array of shape (r, n)
        The frozen right factor.

    Returns
    -------
    Fraction
        (\|D\|^2 - \|P_B D P_A\|^2) / 2 for the target D.

    Raises
    ------
    ValueError
        If a number is not finite, or shapes do not fit.

    Proof
    -----
    Assumes: the loss is \|W_0 + s B R A - W*\|^2 / 2.

    Proof: its gradient in the merged weight is G = s B R A - D, and every update s B (R' - R) A lies in {P_B Z P_A}. So
    G - P_B G P_A = -(D - P_B D P_A) never changes, whatever the steps are. The loss is \|G\|^2 / 2, the sum of
    \|P_B G P_A\|^2 / 2, which can become 0, and of the constant \|D - P_B D P_A\|^2 / 2.

    Checked by: SB-4.

    Examples
    --------
    >>> training_floor([[2, 0], [0, 1]], [[1], [0]], [[1, 0]])
    Fraction(1, 2)
    """
    D = rational("target", target)
    B, A = factor_of("B", B, D.shape, 0), factor_of("A", A, D.shape, 1)
    return ((D * D).sum() - (projected(D, left=B, right=A) ** 2).sum()) / 2


def split_energies(G: ArrayLike, B: ArrayLike, A: ArrayLike) -> dict[str, Fraction]:
    r"""Compute how much of a gradient each way to train factors can follow (statements SB-5 and SB-5o).

    Parameters
    ----------
    G : array of shape (m, n)
        The gradient in the merged weight.
    B : array of shape (m, r)
        The left factor.
    A : array of shape (r, n)
        The right factor.

    Returns
    -------
    dict of str to Fraction
        ``xs`` = \|P_B G P_A\|^2, ``a_step`` = \|P_B G\|^2, ``b_step`` = \|G P_A\|^2, ``tangent``, the energy within
        {dB A + B dA}, and ``total`` = \|G\|^2.

    Raises
    ------
    ValueError
        If a number is not finite, or shapes do not fit.

    Proof
    -----
    Assumes: nothing; factors may lack rank.

    Proof: X -> P_B X and X -> X P_A are commuting projectors. Z -> Z - (I - P_B) Z (I - P_A) projects onto the tangent
    space: its values P_B Z + Z P_A - P_B Z P_A lie in it, and the rest is orthogonal to every dB A and B dA. By
    Pythagoras tangent = a_step + b_step - xs = total - \|(I - P_B) G (I - P_A)\|^2. Projecting once more cannot add
    energy, so xs <= min(a_step, b_step), and a_step, b_step <= tangent <= total as ranges of projectors lie in each
    other.

    Checked by: SB-5 and SB-5o.

    Examples
    --------
    >>> found = split_energies([[1, 2], [3, 4]], [[1], [0]], [[1, 0]])
    >>> [int(x) for x in found.values()]
    [1, 5, 10, 14, 30]
    """
    whole = rational("G", G)
    B, A = factor_of("B", B, whole.shape, 0), factor_of("A", A, whole.shape, 1)
    once = projected(whole, left=B)
    parts = {
        "xs": projected(once, right=A),
        "a_step": once,
        "b_step": projected(whole, right=A),
    }
    found = {name: (part * part).sum() for name, part in parts.items()}
    found["tangent"] = found["a_step"] + found["b_step"] - found["xs"]
    return found | {"total": (whole * whole).sum()}


def sign_capture(u: ArrayLike, v: ArrayLike) -> Fraction:
    r"""Compute the share of u v^T that is captured by a start from the signs of its entries (statement SB-6).

    Parameters
    ----------
    u : sequence of numbers
        The left vector, not 0.
    v : sequence of numbers
        The right vector, not 0.

    Returns
    -------
    Fraction
        (\|u\|_1^2 / (p \|u\|^2)) (\|v\|_1^2 / (q \|v\|^2)) with p and q the numbers of entries other than 0.

    Raises
    ------
    ValueError
        If a number is not finite, or a vector is 0.

    Proof
    -----
    Assumes: nothing.

    Proof: sign(u v^T) = sign(u) sign(v)^T has rank one, and its singular vectors are sign(u) / sqrt(p) and sign(v) /
    sqrt(q). Since sign(u)^T u = \|u\|_1, they capture (\|u\|_1^2 / p) (\|v\|_1^2 / q) of \|u\|^2 \|v\|^2. By Cauchy and
    Schwarz this share is at most 1, and equal to 1 where all entries other than 0 are of one size.

    Checked by: SB-6.

    Examples
    --------
    >>> sign_capture([3, 1], [1, 1])
    Fraction(4, 5)
    """
    share = Fraction(1)
    for name, given in (("u", u), ("v", v)):
        x = [Fraction(*number(name, entry).as_integer_ratio()) for entry in numbers(name, given)]
        if not any(x):
            raise must(name, "a vector other than 0", given)
        size, energy = sum(map(abs, x), Fraction(0)), sum((entry * entry for entry in x), Fraction(0))
        share *= size * size / (sum(map(bool, x)) * energy)
    return share
