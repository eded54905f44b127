"""Partition matroids: sets in which each group of elements has a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._array import kernel_input
from lrtheory._validation import array, as_array, must, real
from lrtheory.dynamic_submodular.objectives.base import subset

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
        How many of each group, at least 1.

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
            given = as_array(name, getattr(self, name))
            if given.dtype.kind not in "iu" and given.size:
                raise must(name, "an array of integers", getattr(self, name), TypeError)
            low = 0 if name == "groups" else 1
            checked = array(name, given, shape=(None,))
            if checked.min(initial=low) < low:
                raise must(name, f"an array of integers of at least {low}", given.min())
            if checked.max(initial=low) > MOST:
                raise must(name, f"an array of integers of at most {MOST}", given.max())
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

    def n_levels(self, epsilon: float) -> int:
        r"""Return the most picks of a sequence: per place of a group, ceil(log2(rank / epsilon)) + 2.

        Parameters
        ----------
        epsilon : float
            Elements below epsilon / rank of the largest single value are ignored, in (0, 1].

        Returns
        -------
        int
            The picks are no more than these where no element is worth more than the guess.

        Raises
        ------
        ValueError
            If `epsilon` is not in (0, 1].

        Proof
        -----
        Let o be the guess, k the rank, and t = epsilon o / ((1 + epsilon) k) the threshold (`matroid_ratio`). A pick of
        a full group takes the place of the least weight that the group holds, and weighs at least twice as much. So the
        j-th pick of a place weighs at least 2^(j-1) t and at most o: j <= 1 + log2((1 + epsilon) k / epsilon)
        <= 2 + log2(k / epsilon), as 1 + epsilon <= 2. With epsilon = 1, and k a power of 2, weights t, 2 t, ..., o
        reach it.
        """
        if real("epsilon", epsilon, low=0.0, high=1.0) == 0:
            raise must("epsilon", "in (0, 1]", epsilon)
        return self.rank * (math.ceil(math.log2(self.rank / epsilon)) + 2)


def constraint(k: Any, n: int) -> PartitionMatroid | None:
    """Return the matroid given as `k`, with a group for every element, or None for a number."""
    if not isinstance(k, PartitionMatroid):
        return None
    if len(k.groups) < n:
        raise must("k", f"a PartitionMatroid of at least {n} elements", len(k.groups))
    return k
