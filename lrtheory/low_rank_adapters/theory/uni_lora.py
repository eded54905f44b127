r"""Uni-LoRA: what one short vector in the place of all factors can and cannot do.

Part of `theory`, where users find these functions. The vector theta has d entries; entry i of all factors, laid in one
line of length D, is theta_j / sqrt(n_j) with j = j(i) its group and n_j the number of entries of that group.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import exact, gathered, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = ["expected_group_residual", "group_residual", "norm_ceiling", "projection_gram"]


def groups_of(assignment: ArrayLike, n_groups: int) -> np.ndarray:
    """Return the groups of all entries as integers from 0 to d - 1."""
    d, groups = integer("n_groups", n_groups, low=1), table("assignment", assignment, 0, shape=("D",))
    whole = groups.astype(np.int64)
    if (whole != groups).any() or (whole >= d).any():
        raise must("assignment", f"integers from 0 to {d - 1}", assignment)
    return whole


def projection_gram(assignment: ArrayLike, sizes: ArrayLike) -> np.ndarray:
    r"""Return the diagonal of P^T P, with theta -> P theta the map from the vector to all factors (statement UL-1).

    Parameters
    ----------
    assignment : array of int of shape (D,)
        The group of each entry.
    sizes : array of int of shape (d,)
        n_j, at least 1, by which the map divides.

    Returns
    -------
    np.ndarray of Fraction of shape (d,)
        The number of members of each group, divided by n_j. All are 1 where `sizes` counts the members; then \|P
        theta\| = \|theta\|, and P^T recovers theta.

    Raises
    ------
    ValueError
        If a group is not from 0 to d - 1, or a size is below 1.

    Proof
    -----
    Assumes: nothing.

    Proof: column j of P has 1 / sqrt(n_j) in the members of group j and 0 elsewhere. Groups are disjoint, so columns
    are orthogonal, and the squared norm of column j is the number of its members over n_j.

    Checked by: UL-1.

    Examples
    --------
    >>> [str(x) for x in projection_gram([0, 0, 1, 0], [3, 2])]
    ['1', '1/2']
    """
    counted = numbers("sizes", sizes, 1)
    members = np.bincount(groups_of(assignment, len(counted)), minlength=len(counted))
    return gathered(np.array([exact(int(a)) / exact(n) for a, n in zip(members, counted, strict=True)], dtype=object))


def group_residual(values: ArrayLike, assignment: ArrayLike, n_groups: int) -> Number:
    r"""Squared distance of factors from all that the vector of Uni-LoRA can make (statement UL-2).

    Parameters
    ----------
    values : array of numbers of shape (D,)
        v, all factors in one line.
    assignment : array of int of shape (D,)
        The group of each entry.
    n_groups : int
        d.

    Returns
    -------
    number
        The sum of the squared deviations of all entries from the mean of their group.

    Raises
    ------
    ValueError
        If shapes differ, a group is not from 0 to d - 1, or a number is not finite.

    Proof
    -----
    Assumes: nothing.

    Proof: P theta is any line that is constant on each group, so the nearest one has the means of the groups of v, and
    groups do not interact.

    Checked by: UL-2.

    Examples
    --------
    >>> group_residual([1, 3, 5], [0, 0, 1], 2)
    2
    """
    groups = groups_of(assignment, n_groups)
    v = table("values", values, shape=groups.shape)
    total: Any = 0
    for group in np.unique(groups):
        part = v[groups == group]
        moved = part - part[0]  # the differences of near numbers are exact, and their squares do not cancel
        moved = moved - exact(plain(moved.sum())) / len(part)
        total = total + plain((moved * moved).sum())
    return int(total) if getattr(total, "denominator", 0) == 1 else total


def expected_group_residual(values: ArrayLike, n_groups: int) -> Number:
    r"""Expected squared distance of factors from what a randomly assigned vector can make (statement UL-3).

    Parameters
    ----------
    values : array of numbers of shape (D,)
        v, all factors in one line.
    n_groups : int
        d, from 1 to D, the number of groups. None is empty, and their sizes are fixed and do not matter.

    Returns
    -------
    number
        (D - d) / (D - 1) times the sum of the squared deviations of v from its mean; 0 if D = 1.

    Raises
    ------
    ValueError
        If `n_groups` is above D, or a number is not finite.

    Proof
    -----
    Assumes: all assignments with the given sizes n_j >= 1 are equally likely (the caller).

    Proof: the residual is S2 - sum_j (sum_{i in j} v_i)^2 / n_j with S1 = sum v_i and S2 = sum v_i^2. A group of size
    n_j has the expected squared sum n_j S2 / D + n_j (n_j - 1) (S1^2 - S2) / (D (D - 1)). Divided by n_j and summed
    over d groups of D entries this leaves S2 (1 - d / D) - (D - d) (S1^2 - S2) / (D (D - 1)) = (D - d) / (D - 1) (S2
    - S1^2 / D).

    Checked by: UL-3.

    Examples
    --------
    >>> expected_group_residual([1, 3, 5], 2)
    4
    """
    v = numbers("values", values)
    size = len(v)
    d = integer("n_groups", n_groups, low=1, high=size)
    if size == 1:
        return 0
    v = [exact(value - v[0]) for value in v]
    mean = sum(v, start=0) / size
    found = sum(((value - mean) * (value - mean) for value in v), start=0) * (size - d) / (size - 1)
    return int(found) if getattr(found, "denominator", 0) == 1 else found


def norm_ceiling(squared_norm: Number) -> Number:
    r"""Norm that the updates of all layers together cannot exceed (statement UL-5).

    Parameters
    ----------
    squared_norm : number
        \|theta\|^2.

    Returns
    -------
    number
        \|theta\|^2 / 2, at least the sum of the norms of B_l A_l over all layers l.

    Raises
    ------
    ValueError
        If `squared_norm` is negative or not finite.

    Proof
    -----
    Assumes: sizes count the members of the groups over all layers, so that \|P theta\| = \|theta\| (UL-1).

    Proof: \|B_l A_l\| <= \|B_l\| \|A_l\| <= (\|B_l\|^2 + \|A_l\|^2) / 2, and the squared norms of the factors of all
    layers sum to \|P theta\|^2.

    Checked by: UL-5.

    Examples
    --------
    >>> norm_ceiling(9)
    Fraction(9, 2)
    """
    value = number("squared_norm", squared_norm, 0)
    return exact(value) / 2 if isinstance(value, int) else value / 2
