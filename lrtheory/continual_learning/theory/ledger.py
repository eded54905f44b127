r"""The ledger of an edit: what it costs, what it changes elsewhere, what it leaves, and what taking it out would show.

Part of `theory`, where users find these functions. An edit with keys K (u, d) and values V (u, p) meets the map W with
the covariance C = M^{-1}. Its surprise is E = V - K W, of shape (u, p), and its leverage is P = K C K^T, (u, u), both
before the edit unless said otherwise. Norms are Frobenius norms; energies are their squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import exact, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must, sequence
from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind

__all__ = [
    "adapter_excess",
    "deviation_bound",
    "edit_residual",
    "edit_success",
    "innovation_cost",
    "interference",
    "interference_bound",
    "leave_one_out",
    "ledger_cost",
]


def edit_residual(surprise: ArrayLike, leverage: ArrayLike) -> np.ndarray:
    r"""Compute what an edit leaves of its surprise (statement RL-8).

    Parameters
    ----------
    surprise : array of shape (u, p)
        E.
    leverage : array of shape (u, u)
        P, positive semidefinite.

    Returns
    -------
    array of shape (u, p)
        V - K W_t = (I + P)^{-1} E; for one key the share 1 / (1 + k C k^T) of the surprise stays.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: the step is D = C K^T H^{-1} E with H = I + P, which is that of the map of least cost (statement RL-1).

    Proof: K D = P H^{-1} E = (H - I) H^{-1} E = E - H^{-1} E, and V - K W_t = E - K D.

    Checked by: RL-8.

    Examples
    --------
    >>> edit_residual([[3.0]], [[2.0]])
    array([[1.]])
    """
    E, P = _pair(surprise, leverage)
    return np.asarray(inverse(np.eye(len(P), dtype=P.dtype) + P) @ E)


def edit_success(leverage: Number) -> Number:
    r"""Compute the share of its surprise that an edit of one key writes (statement RL-8).

    Parameters
    ----------
    leverage : number
        k C k^T, at least 0; without anchors and earlier edits it is the squared norm of the key over the ridge.

    Returns
    -------
    number
        k C k^T / (1 + k C k^T).

    Raises
    ------
    ValueError
        If the number is negative or not finite.

    Examples
    --------
    >>> edit_success(3.0)
    0.75
    """
    h = exact(number("leverage", leverage, 0))
    return plain(h / (1 + h))


def innovation_cost(surprise: ArrayLike, leverage: ArrayLike) -> Number:
    r"""Compute by how much one edit raises the least cost (statement RL-2).

    Parameters
    ----------
    surprise : array of shape (u, p)
        E.
    leverage : array of shape (u, u)
        P, positive semidefinite.

    Returns
    -------
    number
        J_t(W_t) - J_{t-1}(W_{t-1}) = tr(E^T (I + P)^{-1} E).

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost (statement RL-1).

    Proof: J_{t-1}(W) = J_{t-1}(W_{t-1}) + tr((W - W_{t-1})^T M_{t-1} (W - W_{t-1})), as its gradient vanishes at
    W_{t-1}. At W_t this grows by tr(E^T H^{-1} (H - I) H^{-1} E) (see `interference`), and the squared error of the
    new edit is \|H^{-1} E\|^2 (see `edit_residual`). Their sum is tr(E^T H^{-1} E).

    Checked by: RL-2, RL-10.

    Examples
    --------
    >>> innovation_cost([[3.0]], [[2.0]])
    3.0
    """
    E, P = _pair(surprise, leverage)
    return plain((E * (inverse(np.eye(len(P), dtype=P.dtype) + P) @ E)).sum())


def ledger_cost(surprises: Sequence[ArrayLike], leverages: Sequence[ArrayLike]) -> Number:
    r"""Compute the least cost of all edits from what each of them met (statement RL-10).

    Parameters
    ----------
    surprises : sequence of arrays of shape (u, p)
        E_t of every edit, when it came.
    leverages : sequence of arrays of shape (u, u)
        P_t of every edit, when it came.

    Returns
    -------
    number
        J_T(W_T) = sum_t tr(E_t^T (I + P_t)^{-1} E_t); no edit needs to be stored for it.

    Raises
    ------
    ValueError
        If there are not as many leverages as surprises, shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: all maps on the way are those of least cost, without decay (statement RL-1).

    Proof: the sum of the differences J_t(W_t) - J_{t-1}(W_{t-1}) of `innovation_cost` telescopes, and J_0(W_0) = 0.

    Checked by: RL-10.

    Examples
    --------
    >>> ledger_cost([[[3.0]], [[2.0]]], [[[2.0]], [[1.0]]])
    5.0
    """
    if len(sequence("surprises", to_numpy(surprises))) != len(sequence("leverages", to_numpy(leverages))):
        raise must("leverages", f"a sequence of {len(surprises)}, one for each surprise", leverages)
    return sum((innovation_cost(E, P) for E, P in zip(surprises, leverages, strict=True)), start=0)


def interference(surprise: ArrayLike, leverage: ArrayLike) -> Number:
    r"""Compute what one edit costs all earlier edits, the anchors and the weights together (statement RL-3).

    Parameters
    ----------
    surprise : array of shape (u, p)
        E.
    leverage : array of shape (u, u)
        P, positive semidefinite.

    Returns
    -------
    number
        J_{t-1}(W_t) - J_{t-1}(W_{t-1}) = tr(E^T H^{-1} (H - I) H^{-1} E) with H = I + P.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost (statement RL-1).

    Proof: J_{t-1} is quadratic with matrix M_{t-1} and has its minimum at W_{t-1}, so the difference is
    tr(D^T M_{t-1} D) for the step D = C K^T H^{-1} E. Insert it: C M_{t-1} C = C, and K C K^T = H - I.

    Checked by: RL-3.

    Examples
    --------
    >>> interference([[3.0]], [[2.0]])
    2.0
    """
    E, P = _pair(surprise, leverage)
    left = inverse(np.eye(len(P), dtype=P.dtype) + P) @ E
    return plain((left * (P @ left)).sum())


def interference_bound(squared_norm: Number) -> Number:
    r"""Compute the most that one edit can cost all earlier edits, the anchors and the weights (statement RL-9).

    Parameters
    ----------
    squared_norm : number
        \|E\|^2, the squared surprise of the edit.

    Returns
    -------
    number
        \|E\|^2 / 4, whatever the keys, the ridge, the anchors and the number of earlier edits.

    Raises
    ------
    ValueError
        If the number is negative or not finite.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost, without decay (statement RL-1).

    Proof: with the eigenvalues h >= 0 of P, those of H^{-1} (H - I) H^{-1} in `interference` are h / (1 + h)^2, and
    4 h <= (1 + h)^2. Equality holds where E lies in the eigenspace of P for the eigenvalue 1.

    Checked by: RL-9.

    Examples
    --------
    >>> interference_bound(8)
    Fraction(2, 1)
    """
    return plain(exact(number("squared_norm", squared_norm, 0)) / 4)


def deviation_bound(squared_norm: Number) -> Number:
    r"""Compute the most that all edits together move the weights and the anchors (statement RL-4).

    Parameters
    ----------
    squared_norm : number
        \|R\|^2, the squared errors of the first map on all edits: the sum of \|V_i - K_i W_0\|^2.

    Returns
    -------
    number
        \|R\|^2 / 4, which lambda^2 \|W_t - W_0\|^2 + mu^2 \|K_0 (W_t - W_0)\|^2 does not exceed. So the drift of the
        weights is at most \|R\| / (2 lambda), and that of the anchors at most \|R\| / (2 mu).

    Raises
    ------
    ValueError
        If the number is negative or not finite.

    Proof
    -----
    Assumes: W_t is the map of least cost, without decay (statement RL-1).

    Proof: neither the order nor the splitting of edits matters (statement RL-14), so all of them may be one edit, which
    stacks all keys. Its surprise is R, and what was there before are the anchors and the weights alone: this is the
    bound of `interference_bound`. To compare J_t(W_t) with J_t(W_0) instead gives the constant 1 in place of 1/4.

    Checked by: RL-4.

    Examples
    --------
    >>> deviation_bound(2.0)
    0.5
    """
    return plain(exact(number("squared_norm", squared_norm, 0)) / 4)


def leave_one_out(residual: ArrayLike, leverage: ArrayLike) -> np.ndarray:
    r"""Compute what the map would get wrong about an edit, had it never been told (statement RL-13).

    Parameters
    ----------
    residual : array of shape (u, p)
        V - K W_T, what the map gets wrong about the edit now.
    leverage : array of shape (u, u)
        P = K C_T K^T with the covariance now; all its eigenvalues are below 1.

    Returns
    -------
    array of shape (u, p)
        V - K W' = (I - P)^{-1} (V - K W_T), where W' is the map of least cost of all other edits.

    Raises
    ------
    ValueError
        If I - P is singular, shapes do not fit, or a number is not finite.

    Proof
    -----
    Assumes: the information M_T - K^T K of the other edits is positive definite (statement RL-13); then so is I - P.

    Proof: put W' = W_T - C_T K^T (I - P)^{-1} F with F = V - K W_T. Then (M_T - K^T K) W' = M_T W_T - K^T K W_T -
    K^T (I - P) (I - P)^{-1} F = M_T W_T - K^T V, so W' is the map of least cost of the other edits, by
    `ridge_solution`. And V - K W' = F + P (I - P)^{-1} F = (I - P)^{-1} F.

    Checked by: RL-13.

    Examples
    --------
    >>> leave_one_out([[1.0]], [[0.5]])
    array([[2.]])
    """
    F, P = _pair(residual, leverage, "residual")
    try:
        return np.asarray(inverse(np.eye(len(P), dtype=P.dtype) - P) @ F)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("leverage", "without the eigenvalue 1", leverage) from error


def adapter_excess(spectrum: ArrayLike, rank: int) -> Number:
    r"""Compute by how much the best change of a rank costs more than the map of least cost (statement RL-19).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of R (W_T - W_0), where R^T R = M_T, in descending order.
    rank : int
        r, at least 0.

    Returns
    -------
    number
        The sum of the squares of all singular values after the r-th.

    Raises
    ------
    ValueError
        If a value is negative or not finite, the order is another, or the rank is negative.

    Proof
    -----
    Assumes: M_T is positive definite, and all singular values are there (the caller).

    Proof: J_T(W_0 + X) - J_T(W_T) = \|R (X - D)\|^2 with D = W_T - W_0, as J_T is quadratic with matrix R^T R and has
    its minimum at W_T. R X has the rank of X, so by Eckart and Young the least value over changes X of rank r is the
    tail of the spectrum of R D, and X = R^{-1} [R D]_r attains it, with the truncated singular value decomposition.

    Checked by: RL-19.

    References
    ----------
    .. [1] A. Izenman, Reduced-rank regression for the multivariate linear model, J. Multivariate Analysis 1975.

    Examples
    --------
    >>> adapter_excess([3, 2, 1], 1)
    5
    """
    values = numbers("spectrum", spectrum, 0)
    if any(a < b for a, b in pairwise(values)):
        raise must("spectrum", "in descending order", spectrum)
    return plain(sum((one * one for one in values[integer("rank", rank, low=0) :]), start=0))


def _pair(left: ArrayLike, leverage: ArrayLike, name: str = "surprise") -> tuple[np.ndarray, np.ndarray]:
    """Return a matrix with one row a key, and the leverage, of one kind of number."""
    E = table(name, left, shape=("u", "p"))
    P = table("leverage", leverage, shape=(len(E), len(E)))
    E, P = of_one_kind(E, P)
    return E, P
