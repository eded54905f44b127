"""Quotas of groups as bounds on how many items are chosen from each, for one attribute or several."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lrtheory._array import kernel_input, to_numpy
from lrtheory._types import ArrayLike, Frame
from lrtheory._validation import as_array, integer, must
from lrtheory.fair_subset_selection.ballots.groups import ItemGroups, by_number

__all__ = [
    "QUOTAS",
    "Bounds",
    "GroupCounts",
    "Groups",
    "Quotas",
    "attributes",
    "group_codes",
    "one_attribute",
    "same_group",
]

#: the group of every item, or of every item by each of several attributes; by the names of items, from a file or frame
Groups: TypeAlias = ArrayLike | Mapping[Any, ArrayLike] | Mapping[str, str] | str | PathLike[str] | Frame | ItemGroups

#: numbers of items by the caller's names of groups, or such mappings by the names of several attributes
GroupCounts: TypeAlias = Mapping[Any, int] | Mapping[Any, Mapping[Any, int]]

QUOTAS = ("quota", "at_least", "at_most")


class Quotas(NamedTuple):
    """The bounds of one attribute in the form that kernels read; all arrays are read-only."""

    groups: np.ndarray  # number of the group of every item, int64 (m,)
    low: np.ndarray  # least number of items of each group, int64 (n_groups,)
    high: np.ndarray  # largest number of items of each group, int64 (n_groups,)
    k: int  # number of items of the set


@dataclass(frozen=True, eq=False, slots=True)
class Bounds:
    """The bounds low_g <= |S in g| <= high_g that one attribute puts on a set S.

    `groups` has the number of the group of every item, 0 .. n_groups - 1, in the order of `names`, the caller's names
    of the groups; `name` is that of the attribute, None where there is one without a name. `low` and `high` are int64
    arrays of shape (n_groups,).
    """

    name: Hashable | None
    names: tuple[Hashable, ...]
    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray
    are_given: bool = True  # False for the one group of all items where the caller has none

    def of(self, items: np.ndarray) -> tuple[Hashable, ...]:
        """Return the names of the groups of some items."""
        return tuple(self.names[group] for group in self.groups[items].tolist())

    def quotas(self, k: int) -> Quotas:
        """Return the bounds on sets of k items in the form that kernels read."""
        return Quotas(kernel_input(self.groups), kernel_input(self.low), kernel_input(self.high), k)

    def counts(self, items: np.ndarray) -> dict[Hashable, int]:
        """Count the items of a set in each group, by the names of the groups."""
        found = np.bincount(self.groups[items], minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def allow(self, items: np.ndarray) -> bool:
        """Return True if a set keeps the bounds."""
        found = np.bincount(self.groups[items], minlength=len(self.names))
        return bool((self.low <= found).all() and (found <= self.high).all())


def group_codes(groups: ArrayLike, n_items: int) -> np.ndarray:
    """Check the group of every item: return integers, bools or strings of shape (m,)."""
    codes = as_array("groups", to_numpy(groups))
    if codes.dtype.kind == "O" and all(isinstance(code, str) for code in codes.flat):
        codes = codes.astype(str)  # as data frames hold them
    if codes.shape != (n_items,):
        raise must("groups", f"of shape ({n_items},), a group for each item", codes if codes.ndim else codes.item())
    if codes.dtype.kind not in "biuSU":
        raise must("groups", "integers or strings, a group for each item", codes)
    return codes


def same_group(codes: np.ndarray) -> np.ndarray:
    """Mark the pairs of two different items of one group, in a bool matrix of shape (m, m)."""
    return (codes[:, None] == codes) & ~np.eye(len(codes), dtype=bool)


def attributes(groups: Any, quotas: Mapping[str, Any], n_items: int, k: int, names: Any = None) -> list[Bounds]:
    """Turn the caller's quotas into the bounds of every attribute, each of which is feasible by itself.

    Without groups there is one group of all items. `quotas` maps "quota", "at_least" and "at_most" to what the caller
    gave: a mapping from group to int, or from attribute to such mappings where there are several attributes.
    """
    if groups is None:
        given = next((name for name in QUOTAS if quotas[name] is not None), None)
        if given is not None:
            raise must("groups", f"given with `{given}`", groups)
        return [Bounds(None, (0,), np.zeros(n_items, np.int64), np.zeros(1, np.int64), np.array([k]), False)]
    groups, quotas = by_number(groups, quotas, names, n_items)
    if not isinstance(groups, Mapping):
        return [_bounds(None, groups, quotas, n_items, k)]
    if not groups:
        raise must("groups", "an array or at least one attribute", groups)
    for name in QUOTAS:
        _known(name, quotas[name], list(groups), "attributes")
    return [_bounds(a, codes, {q: (quotas[q] or {}).get(a) for q in QUOTAS}, n_items, k) for a, codes in groups.items()]


def one_attribute(groups: Any, quotas: Mapping[str, Any], n_items: int, k: int, names: Any = None) -> Bounds:
    """Turn the caller's quotas into bounds where a function takes one attribute alone."""
    groups, quotas = by_number(groups, quotas, names, n_items)
    if isinstance(groups, Mapping):
        raise must("groups", "an array, of one attribute", groups)
    return attributes(groups, quotas, n_items, k)[0]


def _known(name: str, quota: Any, names: list[Any], what: str) -> None:
    """Refuse a quota that is not a mapping, and names that would have no effect."""
    if quota is None:
        return
    if not isinstance(quota, Mapping):
        raise must(name, f"a mapping from the {what} {names}", quota, TypeError)
    unknown = [given for given in quota if given not in names]
    if unknown:
        raise must(name, f"a mapping from the {what} {names}", unknown)


def _bounds(attribute: Hashable | None, codes: Any, quotas: Mapping[str, Any], n_items: int, k: int) -> Bounds:
    codes = group_codes(codes, n_items)
    found, groups = np.unique(codes, return_inverse=True)
    if codes.dtype == bool:  # a mask has two groups, also where one of them is without items
        found, groups = np.array([False, True]), codes
    names: list[Any] = found.tolist()
    for name in QUOTAS:
        _known(name, quotas[name], names, "groups")
    sizes = np.bincount(groups, minlength=len(names))
    # groups that are not named are free; several quotas of one group are met together, so bounds only narrow
    low, high = np.zeros(len(names), np.int64), np.minimum(sizes, k)
    for name, sign in (("at_least", "low"), ("at_most", "high"), ("quota", "both")):
        for group, value in (quotas[name] or {}).items():
            g = names.index(group)
            wanted = integer(f"{name}[{group!r}]", value, low=0)
            if sign != "high":
                if wanted > sizes[g]:
                    raise must(name, f"at most {sizes[g]}, the size of group {group!r}", wanted)
                if wanted > k:
                    raise must(name, f"at most k = {k}", wanted)
                low[g] = max(low[g], wanted)
            if sign != "low":
                high[g] = min(high[g], wanted)
            if low[g] > high[g]:
                raise must(name, f"at least the {low[g]} items asked for of group {group!r}", wanted)
    _check_sums(names, low, high, k, quotas)
    return Bounds(attribute, tuple(names), groups.astype(np.int64), low, high)


def _check_sums(names: list, low: np.ndarray, high: np.ndarray, k: int, quotas: Mapping[str, Any]) -> None:
    shown = next((name for name in QUOTAS if quotas[name]), "groups")
    if low.sum() > k:
        asked = {g: int(c) for g, c in zip(names, low, strict=True) if c}
        raise must(shown, f"of sum at most k = {k} over the groups", asked)
    if high.sum() < k:
        largest = {g: int(c) for g, c in zip(names, high, strict=True)}
        raise must(shown, f"such that the groups have room for k = {k} items", largest)
