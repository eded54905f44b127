r"""Upper bounds of the optimum that a maintained solution proves.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number, numbers
from lrtheory._validation import must, unmasked

__all__ = ["group_bound", "marginal_bound", "pair_bound"]


def pair_bound(value: Any, guess: Any) -> Any:
    r"""Return the upper bound of OPT that an open guess proves, f(I) + o / 2 (statement DS-T10).

    Parameters
    ----------
    value : number
        f(I) of the sequence, for batches with its dead members.
    guess : number
        o.

    Returns
    -------
    number
        The bound.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If `value` or `guess` is negative or not finite.

    Proof
    -----
    `level_value` with T < k, read from right to left. Dead members of a batch were not deleted from the sequence, and
    f(I + O) >= OPT with or without them.

    Examples
    --------
    >>> pair_bound(3.0, 8.0)
    7.0
    """
    number("value", value, 0)
    number("guess", guess, 0)
    return value + guess / 2


def group_bound(value: Any, bars: Any, limits: Any) -> Any:
    r"""Return an upper bound of the value of every admissible set where groups have limits (statement DS-T16).

    Parameters
    ----------
    value : number
        f of all picks e_1, ..., e_T, those that were swapped out among them.
    bars : sequence of numbers
        Least marginal that is accepted of each group after the last pick.
    limits : sequence of int
        How many of each group may be chosen.

    Returns
    -------
    number
        value + sum_g limits_g bars_g.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If `value` or a bar is negative or not finite, a limit is negative, or there are not as many of both.

    Proof
    -----
    Let I be the picks and O an admissible set of elements that are present. Each v of O outside of I, of group g, was
    refused at some prefix I_z, so f(v | I_z) is below the bar of g at z. Bars never fall along the sequence and
    marginals never rise, so f(v | I) <= f(v | I_z) <= bars_g. O has at most limits_g elements of g. Hence
    f(O) <= f(I + O) <= f(I) + sum_{v in O - I} f(v | I) <= value + sum_g limits_g bars_g.

    Examples
    --------
    >>> group_bound(5.0, [1.0, 0.5], [2, 4])
    9.0
    """
    number("value", value, 0)
    bars, limits = numbers("bars", bars, 0), numbers("limits", limits, 0, length=len(bars))
    return value + sum(limit * bar for limit, bar in zip(limits, bars, strict=True))


def marginal_bound(value: Any, marginals: Any, limits: Any, *, groups: Any = None) -> Any:
    r"""Return the upper bound of OPT that any set A proves: its value and the best marginals on top (statement DS-P8).

    Parameters
    ----------
    value : number
        f(A).
    marginals : array of shape (n,)
        f(v \| A) of each candidate.
    limits : sequence of int
        How many of each group may be chosen; (k,) for a single group.
    groups : int array of shape (n,), or None
        Group of each candidate; None puts all into group 0.

    Returns
    -------
    number
        value plus, for each group, its limit of largest marginals.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If a number is negative or not finite, or there are not as many groups as marginals.

    Proof
    -----
    Let O be admissible. f(O) <= f(A + O), as f is monotone, and adding the elements of O to A one by one, each adds at
    most f(v | A), as f is submodular: f(O) <= f(A) + sum_{v in O} f(v | A). Of each group O has at most its limit of
    elements, so the sum is at most that of the largest marginals. Elements of A have marginal 0.

    Examples
    --------
    >>> marginal_bound(5.0, [3.0, 1.0, 2.0], [2])
    10.0
    """
    number("value", value, 0)
    gains = [number("marginals", gain, 0) for gain in unmasked("marginals", np.asanyarray(marginals)).tolist()]
    groups = [0] * len(gains) if groups is None else groups
    groups = [number("groups", group, 0) for group in unmasked("groups", np.asanyarray(groups)).tolist()]
    if len(groups) != len(gains):
        raise must("groups", f"of length {len(gains)}, as `marginals`", groups)
    total = value
    for group, limit in enumerate(numbers("limits", limits, 0)):
        best = sorted((gain for gain, one in zip(gains, groups, strict=True) if one == group), reverse=True)
        total = total + sum(best[: int(limit)])
    return total
