r"""Lower bounds on the value of a maintained solution, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory._validation import must

__all__ = [
    "batch_damage",
    "batch_pair_ratio",
    "batch_value",
    "level_value",
    "live_value",
    "pair_ratio",
    "table_ratio",
]


def level_value(guess: Any, optimum: Any, *, is_full: bool) -> Any:
    r"""Return the least value of the sequence of one guess, which is either full or open (statement DS-T1).

    Parameters
    ----------
    guess : number
        o.
    optimum : number
        OPT.
    is_full : bool
        Whether T = k.

    Returns
    -------
    number
        o / 2 if it is full, OPT - o / 2 if not; it says nothing where it is negative.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `guess` or `optimum` is negative or not finite.

    Proof
    -----
    Every e_i had a marginal of at least t when it was chosen, so T = k gives f(I) >= k t = o / 2. With T < k every
    other element v of the guess left the pools at some prefix, f(v | I_i) < t, and f(v | I) <= f(v | I_i). So for an
    optimal O, OPT <= f(I + O) <= f(I) + sum_{v in O - I} f(v | I) <= f(I) + k t. Elements with f(v) < t obey it too.
    Nothing is said about the updates: whoever chooses them may know all coins.

    Examples
    --------
    >>> level_value(8.0, 5.0, is_full=True), level_value(8.0, 5.0, is_full=False)
    (4.0, 1.0)
    """
    number("guess", guess, 0)
    number("optimum", optimum, 0)
    return guess / 2 if is_full else optimum - guess / 2


def table_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT that the best of a table of guesses reaches, (1 - epsilon) / 2 (statement DS-T2).

    Parameters
    ----------
    epsilon : number
        Ratio of the guesses less 1, in (0, 1].

    Returns
    -------
    number
        The ratio.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1].

    Proof
    -----
    Take the guess o in [OPT, (1 + epsilon) OPT). No f(v) exceeds OPT <= o, so it holds every element of f(v) >= t.
    Full, it is worth o / 2 >= OPT / 2; open, OPT - o / 2 >= OPT - (1 + epsilon) OPT / 2 (`level_value`).

    Examples
    --------
    >>> table_ratio(0.5)
    0.25
    """
    number("epsilon", epsilon, 0, 1)
    return (1 - epsilon) / 2


def pair_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT that the better of a full guess and the open one above it reaches (statement DS-T10).

    Parameters
    ----------
    epsilon : number
        Ratio of the guesses less 1, in (0, 1].

    Returns
    -------
    number
        1 / (2 + epsilon).

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1].

    Proof
    -----
    Guess j full gives (1 + epsilon) f(I) >= o_{j+1} / 2, guess j + 1 open gives f(I') >= OPT - o_{j+1} / 2. The sum is
    at least OPT, so the larger one, times 2 + epsilon, is. An open guess with o / 2 <= epsilon f(I), accepted alone,
    has OPT <= (1 + epsilon) f(I), which is more.

    Examples
    --------
    >>> pair_ratio(0.5)
    0.4
    """
    number("epsilon", epsilon, 0, 1)
    return 1 / (2 + epsilon)


def live_value(increments: Any, is_live: Any) -> Any:
    r"""Return the least value of the living members of a sequence: the sum of their marginals (statement DS-T7).

    Parameters
    ----------
    increments : array of shape (T,)
        Marginals f(g_i \| g_1, ..., g_{i-1}) of the members when they were chosen.
    is_live : bool array of shape (T,)
        Whether each member is alive.

    Returns
    -------
    number
        The sum over the living.

    Raises
    ------
    TypeError
        If a marginal is not a number.
    ValueError
        If a marginal is not finite, or there are not as many of both.

    Proof
    -----
    Add the living in their order: each one's marginal on the living before it is at least its marginal on all before
    it, by submodularity.

    Examples
    --------
    >>> live_value([3.0, 2.0, 1.0], [True, False, True])
    4.0
    """
    gains = [number("increments", gain) for gain in np.asarray(increments).tolist()]
    if len(gains) != len(is_live):
        raise must("is_live", f"of length {len(gains)}, as `increments`", is_live)
    return sum(gain for gain, lives in zip(gains, is_live, strict=True) if lives)


def batch_damage(epsilon: Any) -> Any:
    r"""Return the share of f(G) that the living members of all batches keep, (1 - eps) / (1 + eps) (statement DS-T7).

    Parameters
    ----------
    epsilon : number
        Tolerance, in (0, 1/2].

    Returns
    -------
    number
        The ratio.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1/2].

    Proof
    -----
    The marginals of a batch of m lie in [u, (1 + epsilon) u), and fewer than epsilon m of them are dead. The living are
    worth at least (1 - epsilon) m u (`live_value`), all of them less than (1 + epsilon) m u. Sum over the batches.

    Examples
    --------
    >>> batch_damage(0.5) == 1 / 3
    True
    """
    number("epsilon", epsilon, 0, Fraction(1, 2))
    return (1 - epsilon) / (1 + epsilon)


def batch_value(guess: Any, optimum: Any, epsilon: Any, *, is_full: bool) -> Any:
    r"""Return the least value of the living members of the batches of one guess (statement DS-T6).

    Parameters
    ----------
    guess, optimum : number
        o and OPT.
    epsilon : number
        Tolerance.
    is_full : bool
        Whether the sequence, with its dead, has k members.

    Returns
    -------
    number
        (1 - epsilon) o / 2, or (1 - epsilon) / (1 + epsilon) (OPT - o / 2).

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `epsilon` is not in [0, 1/2], or another number is negative or not finite.

    Proof
    -----
    Full: more than (1 - epsilon) k members live, each with a marginal of at least t (`live_value`). Open: nothing that
    is present passes at the end of the sequence G, so f(G) >= OPT - o / 2 as in `level_value`; then `batch_damage`.

    Examples
    --------
    >>> batch_value(8.0, 8.0, 0.5, is_full=True)
    2.0
    """
    number("epsilon", epsilon, 0, Fraction(1, 2))
    number("guess", guess, 0)
    number("optimum", optimum, 0)
    return (1 - epsilon) * guess / 2 if is_full else batch_damage(epsilon) * (optimum - guess / 2)


def batch_pair_ratio(epsilon: Any) -> Any:
    r"""Return the ratio to OPT of the better of a full and an open guess with batches (statement DS-T10-batched).

    Parameters
    ----------
    epsilon : number
        Tolerance and ratio of the guesses less 1, in [0, 1/2].

    Returns
    -------
    number
        (1 - epsilon) / (2 (1 + epsilon)).

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not in [0, 1/2].

    Proof
    -----
    Full: (1 + epsilon) / (1 - epsilon) f >= o_{j+1} / 2; open: (1 + epsilon) / (1 - epsilon) f' >= OPT - o_{j+1} / 2,
    by `batch_value`. The sum is at least OPT.

    Examples
    --------
    >>> batch_pair_ratio(0.0)
    0.5
    """
    number("epsilon", epsilon, 0, Fraction(1, 2))
    return (1 - epsilon) / (2 * (1 + epsilon))
