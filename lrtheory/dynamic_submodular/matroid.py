"""Partition matroids: sets in which each group of elements has a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._numbers import number
from lrtheory._types import Number
from lrtheory._validation import must
from lrtheory.dynamic_submodular.objectives.base import integers, subset

__all__ = ["PartitionMatroid"]

#: largest number of a group, and of its elements
MOST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class PartitionMatroid:
    """The sets with at most limits[g] elements of each group g; given instead of the number `k` of `DynamicSubmodular`.

    A dynamic solution is worth at least OPT / (4 + O(epsilon)), and its upper bound is certified (statement DS-T16).

    Parameters
    ----------
    groups : int array of shape (n,)
        Group of each element, from 0.
    limits : int array of shape (n_groups,)
        Largest number of elements of each group, at least 1.

    Raises
    ------
    ValueError
        If a group has no limit, or a number is out of range.

    References
    ----------
    .. [1] A. Chakrabarti, S. Kale, Submodular Maximization Meets Streaming, Mathematical Programming 154, 2015.

    Examples
    --------
    >>> few = PartitionMatroid([0, 0, 1], [1, 1])
    >>> few.rank, few.holds([0, 2]), few.holds([0, 1])
    (2, True, False)
    """

    groups: np.ndarray
    limits: np.ndarray

    def __post_init__(self) -> None:
        for name in ("groups", "limits"):
            checked, low = integers(name, getattr(self, name), "an array of integers"), 0 if name == "groups" else 1
            if checked.min(initial=low) < low:
                raise must(name, f"an array of integers of at least {low}", checked.min())
            if checked.max(initial=low) > MOST:
                raise must(name, f"an array of integers of at most {MOST}", checked.max())
            object.__setattr__(self, name, kernel_input(checked, np.int64))
        if len(self.limits) == 0:
            raise must("limits", "of at least one group", self.limits)
        if self.groups.max(initial=0) >= len(self.limits):
            raise must("groups", f"below {len(self.limits)}, the number of limits", int(self.groups.max()))

    @property
    def rank(self) -> int:
        """The size of a largest set, if the groups are large enough."""
        return int(self.limits.sum())

    def holds(self, S: Iterable[int]) -> bool:
        """Return whether a set is independent: no group has more than its limit.

        Parameters
        ----------
        S : iterable of int
            Elements.

        Returns
        -------
        bool
            True when no group has more than its limit.

        Raises
        ------
        KeyError
            If an element has no group.
        """
        taken = np.bincount(self.groups[subset("S", S, len(self.groups))], minlength=len(self.limits))
        return bool((taken <= self.limits).all())

    def n_levels(self, epsilon: Number) -> int:
        r"""Return the most picks that a sequence can have, rank (ceil(log2(rank / epsilon)) + 2).

        Parameters
        ----------
        epsilon : number
            Elements worth less than epsilon / rank times the largest single value are ignored; in (0, 1].

        Returns
        -------
        int
            A bound on the number of picks, with those that are swapped out, of a guess that no element exceeds.

        Raises
        ------
        ValueError
            If `epsilon` is not in (0, 1].

        Proof
        -----
        Assumes: no element is worth more than the guess o (which the caller chooses accordingly); epsilon is checked
        here.

        Proof: Let k be the rank and t = epsilon o / ((1 + epsilon) k) the threshold (statement DS-T16). Give each
        group as many slots as its limit, k in all. A pick of a full group takes over the slot of the least weight that
        the group keeps, and weighs at least twice as much. So the j-th pick of a slot weighs at least 2^(j-1) t and at
        most o, hence j <= 1 + log2((1 + epsilon) k / epsilon) <= 2 + log2(k / epsilon), as 1 + epsilon <= 2. For
        epsilon = 1 and k a power of 2 the weights t, 2 t, ..., o reach the bound.

        Checked by: no statement; the tables of guesses have this length, and tests fill one to its end.
        """
        share = number("epsilon", epsilon, 0, 1, ends="(]")
        return self.rank * (math.ceil(math.log2(self.rank / share)) + 2)


def constraint(k: int | PartitionMatroid, n: int) -> PartitionMatroid | None:
    """Return the matroid given as `k`, with a group for every element, or None for a number."""
    if not isinstance(k, PartitionMatroid):
        return None
    if len(k.groups) < n:
        raise must("k", f"a PartitionMatroid of at least {n} elements", len(k.groups))
    return k
