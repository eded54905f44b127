r"""Lower bounds on the value of a maintained solution, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lrtheory._numbers import number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import flag

__all__ = [
    "batch_damage",
    "batch_pair_ratio",
    "batch_value",
    "level_value",
    "live_value",
    "pair_ratio",
    "table_ratio",
]


def level_value(guess: Number, optimum: Number, *, is_full: bool) -> Any:
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
        o / 2 if it is full, OPT - o / 2 if it is open; a negative bound says nothing.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `guess` or `optimum` is negative or not finite.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement). Nothing is assumed of the updates: whoever
    chooses them may know all coins. Numbers are checked here.

    Proof: Every e_i had a marginal of at least t = o / (2k) when it was chosen, so T = k gives f(I) >= k t = o / 2.
    If T < k, every other element v left the pools at some prefix I_i with f(v | I_i) < t (elements with f(v) < t at the
    empty one), and f(v | I) <= f(v | I_i). So for an optimal set O,
    OPT <= f(I + O) <= f(I) + sum_{v in O - I} f(v | I) <= f(I) + k t.

    Checked by: DS-T1.

    Examples
    --------
    >>> level_value(8.0, 5.0, is_full=True), level_value(8.0, 5.0, is_full=False)
    (4.0, 1.0)
    """
    guess, optimum = number("guess", guess, 0), number("optimum", optimum, 0)
    return guess / 2 if flag("is_full", is_full) else optimum - guess / 2


def table_ratio(epsilon: Number) -> Any:
    r"""Return the ratio to OPT that the best of a table of guesses reaches, (1 - epsilon) / 2 (statement DS-T2).

    Parameters
    ----------
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon; in [0, 1].

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
    Assumes: f is monotone and submodular (hypotheses of the statement); epsilon is checked here.

    Proof: If OPT > 0, take the guess o in [OPT, (1 + epsilon) OPT). No f(v) exceeds OPT <= o, so every element with
    f(v) >= t belongs to this guess, and `level_value` applies. If the guess is full, its sequence is worth at least
    o / 2 >= OPT / 2; if it is open, at least OPT - o / 2 >= OPT - (1 + epsilon) OPT / 2.

    Checked by: DS-T2.

    Examples
    --------
    >>> table_ratio(0.5)
    0.25
    """
    return (1 - number("epsilon", epsilon, 0, 1)) / 2


def pair_ratio(epsilon: Number) -> Any:
    r"""Return the ratio to OPT that the better of a full guess and the open one above it reaches (statement DS-T10).

    Parameters
    ----------
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon; in [0, 1].

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
    Assumes: f is monotone and submodular, and both guesses have been shown all updates (hypotheses of the statement);
    epsilon is checked here.

    Proof: If guess j is full, (1 + epsilon) f(I) >= (1 + epsilon) o_j / 2 = o_{j+1} / 2; if guess j + 1 is open,
    f(I') >= OPT - o_{j+1} / 2 (`level_value`). The sum (1 + epsilon) f(I) + f(I') is at least OPT, and at most
    (2 + epsilon) times the larger of both values. An open guess with o / 2 <= epsilon f(I) is accepted alone: there
    OPT <= f(I) + o / 2 <= (1 + epsilon) f(I) (`pair_bound`), which is an even better ratio.

    Checked by: DS-T10.

    Examples
    --------
    >>> pair_ratio(0.5)
    0.4
    """
    return 1 / (2 + number("epsilon", epsilon, 0, 1))


def live_value(increments: ArrayLike, is_live: ArrayLike) -> Any:
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
    Assumes: f is submodular with f(empty) = 0 (a hypothesis of the statement); the arrays are checked here.

    Proof: Add the living members in their order. By submodularity the marginal of each on the living ones before it is
    at least its marginal on all members before it, and the former marginals sum to f of the living.

    Checked by: DS-T7.

    Examples
    --------
    >>> live_value([3.0, 2.0, 1.0], [True, False, True])
    4.0
    """
    gains = table("increments", increments, shape=("n",)).tolist()
    lives = table("is_live", is_live, 0, 1, shape=(len(gains),)).tolist()
    return sum(gain for gain, one_lives in zip(gains, lives, strict=True) if one_lives)


def batch_damage(epsilon: Number) -> Any:
    r"""Return the share of f(G) that the living members of all batches keep, (1 - eps) / (1 + eps) (statement DS-T7).

    Parameters
    ----------
    epsilon : number
        Share of a batch that may die before its level is rebuilt, in [0, 1/2].

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
    Assumes: f is submodular (a hypothesis of the statement), and fewer than epsilon m of the m members of a batch are
    dead (`structures.batches`, which rebuilds the level at that share); epsilon is checked here.

    Proof: The marginals of the members of a batch lie in [u, (1 + epsilon) u). Those of its living members sum to at
    least (1 - epsilon) m u, and those of all its members to at most (1 + epsilon) m u. Over all batches the former sum
    to at most f of the living (`live_value`), and the latter sum to f(G).

    Checked by: DS-T7.

    Examples
    --------
    >>> batch_damage(0.5) == 1 / 3
    True
    """
    epsilon = number("epsilon", epsilon, 0, Fraction(1, 2))
    return (1 - epsilon) / (1 + epsilon)


def batch_value(guess: Number, optimum: Number, epsilon: Number, *, is_full: bool) -> Any:
    r"""Return the least value of the living members of the batches of one guess (statement DS-T6).

    Parameters
    ----------
    guess, optimum : number
        o and OPT.
    epsilon : number
        Share of a batch that may die before its level is rebuilt, in [0, 1/2].
    is_full : bool
        Whether the sequence, with its dead members, has k members.

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
    Assumes: f is monotone and submodular (hypotheses of the statement), and each batch has fewer dead members than the
    share epsilon (`structures.batches`); numbers are checked here.

    Proof: If the sequence G is full, at least (1 - epsilon) k of its members live, each with a marginal of at least
    t = o / (2k) when it was chosen, so by `live_value` they are worth at least (1 - epsilon) k t = (1 - epsilon) o / 2.
    If it is open, the marginal f(v | G) of every present element v outside of G is below t, so f(G) >= OPT - o / 2 by
    the argument of `level_value`, and the living keep the share `batch_damage` of f(G).

    Checked by: DS-T6.

    Examples
    --------
    >>> batch_value(8.0, 8.0, 0.5, is_full=True)
    2.0
    """
    epsilon = number("epsilon", epsilon, 0, Fraction(1, 2))
    guess, optimum = number("guess", guess, 0), number("optimum", optimum, 0)
    return (1 - epsilon) * guess / 2 if flag("is_full", is_full) else batch_damage(epsilon) * (optimum - guess / 2)


def batch_pair_ratio(epsilon: Number) -> Any:
    r"""Return the ratio to OPT of the better of a full and an open guess with batches (statement DS-T10-batched).

    Parameters
    ----------
    epsilon : number
        Share of a batch that may die, and neighboring guesses have the ratio 1 + epsilon; in [0, 1/2].

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
    Assumes: f is monotone and submodular, and both guesses have been shown all updates (hypotheses of the statement);
    epsilon is checked here.

    Proof: Let f and f' be the values of the living members of the full guess j and of the open guess j + 1, and
    c = (1 + epsilon) / (1 - epsilon). By `batch_value` c f >= (1 + epsilon) o_j / 2 = o_{j+1} / 2 and
    c f' >= OPT - o_{j+1} / 2. The sum c (f + f') is at least OPT and at most 2 c times the larger value.

    Checked by: DS-T10-batched.

    Examples
    --------
    >>> batch_pair_ratio(0.0)
    0.5
    """
    epsilon = number("epsilon", epsilon, 0, Fraction(1, 2))
    return (1 - epsilon) / (2 * (1 + epsilon))
