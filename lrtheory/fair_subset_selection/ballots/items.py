"""Items by number, by name, as a mask, or as a result holds them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import as_array, must

__all__ = ["Items", "as_items", "as_mask", "column_names", "number_of"]


class Chosen(Protocol):
    """A result that holds a selection, such as that of `select`."""

    @property
    def items(self) -> np.ndarray: ...


#: items by their numbers or names, or a result that holds them
Items: TypeAlias = ArrayLike | Iterable[str] | Chosen


def column_names(value: Any) -> tuple[str, ...] | None:
    """Return the names of the columns of a data frame, None for numbered columns and for all else."""
    names = list(getattr(value, "columns", ()))
    return tuple(names) if names and all(isinstance(name, str) for name in names) else None


def as_items(name: str, value: Any, names: tuple[str, ...] | None) -> Any:
    """Return the items of a selection, or the numbers of items that are given by name; all else as it is."""
    if hasattr(value, "items") and hasattr(value, "group_counts"):
        return value.items
    given = value.to_numpy() if hasattr(value, "to_numpy") else value
    given = given.tolist() if isinstance(given, np.ndarray) and given.dtype.kind in "OUS" else given
    if not isinstance(given, (list, tuple, set, frozenset)) or not any(isinstance(item, str) for item in given):
        return value
    return [number_of(name, item, names) if isinstance(item, str) else item for item in given]


def number_of(name: str, item: str, names: tuple[str, ...] | None) -> int:
    """Return the number of an item that is given by its name."""
    if names is None:
        raise must(name, "item numbers, as these rankings have no names", item)
    if names.count(item) != 1:
        near = difflib.get_close_matches(item, names, 1)
        hint = f", such as {near[0]!r}" if near and near[0] != item else ""
        raise must(name, f"the name of one item{hint}", item)
    return names.index(item)


def as_mask(name: str, value: ArrayLike, n_items: int, names: tuple[str, ...] | None = None) -> np.ndarray:
    """Return a set of items as a bool array (m,), from such a mask, or from distinct item numbers or names."""
    value = as_items(name, value, names)
    given = as_array(name, to_numpy(value))
    if given.dtype == bool:
        if given.shape != (n_items,):
            raise must(name, f"a mask of shape ({n_items},)", given.shape)
        return given.copy()
    if (given.size and given.dtype.kind not in "iu") or given.ndim == 0:
        raise must(name, "a mask of bool or an array of item numbers", value, TypeError)
    items = given.astype(np.int64).ravel()
    if items.size and (items.min() < 0 or items.max() >= n_items or len(np.unique(items)) < len(items)):
        raise must(name, f"distinct item numbers below {n_items}", value)
    mask = np.zeros(n_items, bool)
    mask[items] = True
    return mask
