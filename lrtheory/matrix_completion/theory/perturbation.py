r"""Formulas for perturbed matrices: clipping, incoherence, singular values, the start, inexact least squares.

Part of `theory`, where users find these functions. Norms are spectral norms unless said otherwise. Formulas also take
arrays, Fractions and balls.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._numbers import entries, inexact, number
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must

__all__ = [
    "clipped_distance_bound",
    "clipped_row_bound",
    "forward_error_bound",
    "incoherence_bound",
    "perturbed_row_bound",
    "perturbed_smallest",
    "row_norm_change",
    "wedin_bound",
]


def clipped_distance_bound(error: Number | ArrayLike) -> Any:
    r"""Bound on the distance of a clipped basis from a subspace with that incoherence (statement MC-L4).

    Parameters
    ----------
    error : number or array of any shape
        e = min_O \|U_0 - U* O\|_F over rotations O, below 1; at most sqrt(2 k) dist(U_0, U*).

    Returns
    -------
    number or array of that shape
        e / (1 - e).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `error` is not in [0, 1).

    Proof
    -----
    Assumes: The columns of U* are orthonormal and its rows no longer than tau = mu sqrt(k / m), for which the caller
    answers; e < 1 is checked.

    Proof: A row of U* O is as long as that of U*, so neither it nor one of its entries exceeds tau. Cutting a row to
    the length 2 tau is a projection on a ball that contains u*_i O, and brings it no farther from u*_i O. Setting an
    entry beyond 2 tau to 0 removes an error above tau and leaves one of at most tau. So \|U^c - U* O\|_F <= e, and
    sigma_min(U^c) >= 1 - e. With U^c = Q R the distance is at most \|U*_perp^T U^c\| \|R^{-1}\| <= e / (1 - e).

    Checked by: MC-L4.

    Examples
    --------
    >>> clipped_distance_bound(0.25)
    0.3333333333333333
    """
    e = entries("error", error, 0, 1, ends="[)")
    return e / (1 - e)


def clipped_row_bound(
    error: Number | ArrayLike,
    *,
    incoherence: Number,
    n_rows: int,
    rank: int,
    clip: Literal["row", "entry"] = "row",
) -> Any:
    r"""Bound on the row norms of a clipped basis after orthonormalization (statement MC-L4).

    Parameters
    ----------
    error : number or array of any shape
        e, as in `clipped_distance_bound`.
    incoherence : number
        mu of the subspace.
    n_rows, rank : int
        m and k.
    clip : {"row", "entry"}
        Whether rows or entries were cut at 2 mu sqrt(k / m).

    Returns
    -------
    number or array of that shape
        2 mu sqrt(k / m) / (1 - e), and sqrt(k) times that for entries.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `error` is not in [0, 1), `incoherence` not above 0, an integer below 1, or the way of clipping unknown.

    Proof
    -----
    Assumes: As in `clipped_distance_bound`.

    Proof: Rows of U^c are no longer than 2 tau, or than 2 tau sqrt(k) where entries were cut. The orthonormal basis is
    Q = U^c R^{-1}, and \|R^{-1}\| = 1 / sigma_min(U^c) <= 1 / (1 - e), since U^c is within e of U* O, whose singular
    values are 1.

    Checked by: MC-L4.

    Examples
    --------
    >>> float(clipped_row_bound(0.5, incoherence=1, n_rows=100, rank=4))
    0.8
    """
    e = entries("error", error, 0, 1, ends="[)")
    incoherence = number("incoherence", incoherence, 0, ends="(]")
    n_rows, rank = integer("n_rows", n_rows, low=1), integer("rank", rank, low=1)
    choice("clip", clip, ("row", "entry"))
    longest = 2 * incoherence * np.sqrt(rank / n_rows)
    return (longest if clip == "row" else longest * np.sqrt(rank)) / (1 - e)


def _below(name: str, value: Any, limit: str, other: Any) -> tuple[Any, Any]:
    """Check that a size is below another one, entry by entry where they are arrays, and return both."""
    other, value = entries(limit, other, 0, ends="(]"), entries(name, value, 0)
    if np.any(value >= other):
        raise must(name, f"below `{limit}`, which is {other}", value)
    return value, other


def perturbed_smallest(smallest: Number | ArrayLike, *, change: Number | ArrayLike) -> Any:
    r"""Lower bound on the smallest singular value of A + E (statement MC-L5).

    Parameters
    ----------
    smallest : number or array of any shape
        sigma_min(A).
    change : number or array of any shape
        eta = \|E\|.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        sigma - eta; it is at least sigma / 2 when eta <= sigma / 2, and may be 0 when eta = sigma.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If a number is negative or not finite, or `change` above `smallest`, where nothing is said.

    Proof
    -----
    Assumes: \|E\| <= sigma_min(A), which is checked; beyond that the bound would be negative.

    Proof: \|(A + E) x\| >= \|A x\| - \|E x\| >= (sigma - eta) \|x\|. Equality holds for A = I and E = -eta I.

    Checked by: MC-L5.

    Examples
    --------
    >>> perturbed_smallest(1.0, change=0.25)
    0.75
    """
    sigma, eta = entries("smallest", smallest, 0), entries("change", change, 0)
    if np.any(eta > sigma):
        raise must("change", f"at most `smallest`, which is {sigma}", eta)
    return sigma - eta


def row_norm_change(smallest: Number | ArrayLike, *, change: Number | ArrayLike) -> Any:
    r"""Bound on how much any row norm of the orthonormal basis moves when A becomes A + E (statement MC-L5).

    Parameters
    ----------
    smallest : number or array of any shape
        sigma_min(A).
    change : number or array of any shape
        eta = \|E\|, below sigma.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        eta / sigma.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `change` is negative, or not below `smallest`.

    Proof
    -----
    Assumes: \|E\| < sigma_min(A), which is checked, so that A and B = A + E have the same number of independent
    columns.

    Proof: The row norms of the two bases are \|P_A e_i\| and \|P_B e_i\| for the projections P on the column spaces, so
    they differ by at most \|P_A - P_B\|, which is \|(I - P_B) P_A\| for subspaces of one dimension. A unit vector of
    the range of A is A x with \|x\| <= 1 / sigma, and (I - P_B) A x = (I - P_B) (B - E) x = -(I - P_B) E x.

    Checked by: MC-L5.

    Examples
    --------
    >>> row_norm_change(2.0, change=0.5)
    0.25
    """
    eta, sigma = _below("change", change, "smallest", smallest)
    return eta / sigma


def perturbed_row_bound(
    row_norm: Number | ArrayLike,
    *,
    row_change: Number | ArrayLike,
    smallest: Number | ArrayLike,
    change: Number | ArrayLike,
) -> Any:
    r"""Bound on a row norm of the orthonormal basis of A + E, row by row (statement MC-L5).

    Parameters
    ----------
    row_norm : number or array of any shape
        tau_i(A), of the orthonormal basis of A.
    row_change : number or array of any shape
        \|E_i\|, of the row of E.
    smallest, change : number or array of any shape
        sigma_min(A), and eta = \|E\| below it.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        tau_i(A) (1 + eta / (sigma - eta)) + \|E_i\| / (sigma - eta).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If a number is negative or not finite, or `change` not below `smallest`.

    Proof
    -----
    Assumes: \|E\| < sigma_min(A), which is checked.

    Proof: Let B = A + E = Q R, so q_i = R^{-T} (a_i + e_i) with \|R^{-1}\| <= 1 / (sigma - eta). With A = Q_A R_A the
    first part is (R_A R^{-1})^T times row i of Q_A, and R_A R^{-1} = Q_A^T (B - E) R^{-1} = Q_A^T Q - Q_A^T E R^{-1}
    has a norm of at most 1 + eta / (sigma - eta).

    Checked by: MC-L5.

    Examples
    --------
    >>> perturbed_row_bound(0.5, row_change=0.0, smallest=1.0, change=0.5)
    1.0
    """
    tau, moved = entries("row_norm", row_norm, 0), entries("row_change", row_change, 0)
    eta, sigma = _below("change", change, "smallest", smallest)
    return tau * (1 + eta / (sigma - eta)) + moved / (sigma - eta)


def incoherence_bound(incoherence: Number, *, n_rows: int, rank: int, smallest: Number, change: Number) -> Any:
    r"""Bound on the incoherence of A + E (statement MC-L5).

    Parameters
    ----------
    incoherence : number
        mu of A.
    n_rows, rank : int
        m and k.
    smallest, change : number
        sigma_min(A), and eta = \|E\| below it.

    Returns
    -------
    number
        mu + (eta / sigma) sqrt(m / k).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `incoherence` is not above 0, an integer below 1, or `change` negative or not below `smallest`.

    Proof
    -----
    Assumes: As in `row_norm_change`.

    Proof: The incoherence is sqrt(m / k) times the longest row of an orthonormal basis, and by `row_norm_change` no row
    norm grows by more than eta / sigma.

    Checked by: MC-L5.

    Examples
    --------
    >>> float(incoherence_bound(1.0, n_rows=100, rank=4, smallest=1.0, change=0.1))
    1.5
    """
    mu = number("incoherence", incoherence, 0, ends="(]")
    n_rows, rank = integer("n_rows", n_rows, low=1), integer("rank", rank, low=1)
    eta, sigma = _below("change", change, "smallest", smallest)
    return mu + eta / sigma * np.sqrt(n_rows / rank)


def wedin_bound(noise: Number | ArrayLike, *, smallest: Number | ArrayLike) -> Any:
    r"""Bound on the distance of the leading singular vectors of M + E (statement MC-L6).

    Parameters
    ----------
    noise : number or array of any shape
        \|E\|, below s_k.
    smallest : number or array of any shape
        s_k of M, whose rank is k. With sigma_k(M + E) in place of s_k - \|E\|, see Proof, it is sharper.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        \|E\| / (s_k - \|E\|).

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `noise` is negative, or not below `smallest`.

    Proof
    -----
    Assumes: M has rank k, for which the caller answers; \|E\| < s_k is checked.

    Proof: X = M + E has the leading singular triplets X V_0 = U_0 Sigma_0. Since U*_perp^T M = 0, U*_perp^T U_0 =
    U*_perp^T E V_0 Sigma_0^{-1}, whose norm is at most \|E\| / sigma_k(X), and sigma_k(X) >= s_k - \|E\| by Weyl.

    Checked by: MC-L6.

    Examples
    --------
    >>> wedin_bound(0.25, smallest=1.0)
    0.3333333333333333
    """
    error, s_k = _below("noise", noise, "smallest", smallest)
    return error / (s_k - error)


def forward_error_bound(
    epsilon: Number | ArrayLike, *, optimum: Number | ArrayLike, smallest: Number | ArrayLike
) -> Any:
    r"""Bound on the error of a least squares solution whose residual is nearly optimal (statement MC-L3).

    Parameters
    ----------
    epsilon : number or array of any shape
        \|A x - b\| <= (1 + epsilon) OPT, at least 0.
    optimum : number or array of any shape
        OPT = min \|A x - b\|.
    smallest : number or array of any shape
        sigma_min(A), above 0.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        sqrt(2 epsilon + epsilon^2) OPT / sigma_min(A), a bound on \|x - x*\|.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If `smallest` is not above 0, or another number is negative or not finite.

    Proof
    -----
    Assumes: A has full column rank, which `smallest` above 0 says (checked), and \|A x - b\| <= (1 + epsilon) OPT, for
    which the caller answers.

    Proof: A x* - b is orthogonal to the range of A, in which A (x - x*) lies, so \|A x - b\|^2 = OPT^2 + \|A (x -
    x*)\|^2. Hence \|A (x - x*)\|^2 <= ((1 + epsilon)^2 - 1) OPT^2, and \|A (x - x*)\| >= sigma_min(A) \|x - x*\|.

    Checked by: MC-L3.

    Examples
    --------
    >>> float(forward_error_bound(0.25, optimum=2.0, smallest=0.5))
    3.0
    """
    e, best = entries("epsilon", epsilon, 0), entries("optimum", optimum, 0)
    return np.sqrt(inexact(2 * e + e * e)) * best / entries("smallest", smallest, 0, ends="(]")
