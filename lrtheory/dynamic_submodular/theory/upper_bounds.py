r"""Upper bounds of the optimum that a maintained solution proves.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from lrtheory._numbers import formula, numbers, table
from lrtheory._types import ArrayLike, Number

__all__ = ["group_bound", "marginal_bound"]


@formula(value="[0, inf)")
def group_bound(value: Number, bars: ArrayLike, limits: ArrayLike) -> Number:
    """Return an upper bound of the value of every admissible set where groups have limits (statement DS-T16).

    Parameters
    ----------
    value : number
        f of all picks e_1, ..., e_T, with those that were swapped out.
    bars : array of shape (n_groups,)
        Least marginal that is accepted of each group after the last pick.
    limits : int array of shape (n_groups,)
        Largest number of chosen elements of each group.

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
    Assumes: f is monotone and submodular, and the guess has been shown all updates (hypotheses of the statement);
    numbers are checked here.

    Proof: Let I be the picks and O an admissible set of elements that are present. An element v of O outside of I, of
    group g, was refused at some prefix I_z, so f(v | I_z) is below the bar of g at z. Bars never fall along the
    sequence and marginals never rise, so f(v | I) <= f(v | I_z) <= bars_g. O has at most limits_g elements of g. Hence
    f(O) <= f(I + O) <= f(I) + sum_{v in O - I} f(v | I) <= value + sum_g limits_g bars_g.

    Checked by: DS-T16.

    Examples
    --------
    >>> group_bound(5.0, [1.0, 0.5], [2, 4])
    9.0
    """
    each_bar = numbers("bars", bars, 0)
    each_limit = numbers("limits", limits, 0, length=len(each_bar))
    return value + sum(limit * bar for limit, bar in zip(each_limit, each_bar, strict=True))


@formula(value="[0, inf)")
def marginal_bound(
    value: Number, marginals: ArrayLike, limits: ArrayLike, *, groups: ArrayLike | None = None
) -> Number:
    r"""Return the upper bound of OPT that any set A proves: its value plus the best marginals on it (statement DS-P8).

    Parameters
    ----------
    value : number
        f(A).
    marginals : array of shape (n,)
        f(v \| A) of each candidate.
    limits : int array of shape (n_groups,)
        Largest number of chosen elements of each group; [k] for a single group.
    groups : int array of shape (n,), or None
        Group of each candidate; None puts all into group 0.

    Returns
    -------
    number
        value plus, for each group, as many of its largest marginals as its limit allows.

    Raises
    ------
    TypeError
        If an argument is not a number of the kind that is asked for.
    ValueError
        If a number is negative or not finite, or there are not as many groups as marginals.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement); numbers are checked here.

    Proof: Let O be admissible. f(O) <= f(A + O), as f is monotone. When the elements of O are added to A one by one,
    each adds at most f(v | A), as f is submodular: f(O) <= f(A) + sum_{v in O} f(v | A). Of each group O has at most as
    many elements as the limit says, so the sum is at most that of the largest marginals of the groups.

    Checked by: DS-P8.

    Examples
    --------
    >>> marginal_bound(5.0, [3.0, 1.0, 2.0], [2])
    10.0
    """
    total, gains = value, table("marginals", marginals, 0, shape=("n",)).tolist()
    numbered = [0] * len(gains) if groups is None else table("groups", groups, 0, shape=(len(gains),)).tolist()
    for group, limit in enumerate(numbers("limits", limits, 0)):
        best = sorted((gain for gain, one in zip(gains, numbered, strict=True) if one == group), reverse=True)
        total = total + sum(best[: int(limit)])
    return total
