"""Ballots of every form as positions: strict or with ties, complete or truncated, given by position or in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input, to_numpy
from lrtheory._files.cells import is_missing
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, as_array, generator, must
from lrtheory.fair_subset_selection.ballots import ranks

__all__ = ["Placed", "checked_positions", "numbered", "positions_of_orders", "strict_or_shared"]

_SOME_ITEM = "at least one ballot that lists an item"


@dataclass(frozen=True)
class Placed:
    """Ballots whose items a reader has put into their places, which are orders as lists of them are.

    Parameters
    ----------
    positions : int32 array of shape (n, m)
        The place of each item, -1 where the ballot does not list it; items that tie share one.
    twice : tuple of two int, or None
        The first ballot that lists an item twice, and the first such item.
    """

    positions: np.ndarray
    twice: tuple[int, int] | None = None


def checked_positions(positions: ArrayLike) -> np.ndarray:
    """Check the given positions: return them as int32 of shape (n, m), -1 for items that are not listed."""
    given = _whole("positions", positions)
    if given.ndim != 2 or given.size == 0:
        raise must("positions", "of shape (n, m) with at least one ranking and one item", given.shape)
    if given.min() < -1:
        raise must("positions", "numbers from 0 on, or -1 for items that are not listed", int(given.min()))
    if given.max() >= 2**31 - 1:
        raise must("positions", "below 2147483647", int(given.max()))
    return given.astype(np.int32)


def numbered(orders: Any, names: tuple[str, ...] | None) -> tuple[Any, tuple[str, ...] | None]:
    """Replace names on ballots by numbers: in the order of `names`, or in that of the alphabet where there are none.

    Ballots of numbers come back as they are; the first entry decides. What is empty ends a ballot, as -1 does.
    """
    given = orders.to_numpy() if hasattr(orders, "to_numpy") else orders
    given = given.tolist() if isinstance(given, np.ndarray) and given.dtype.kind in "OU" else given
    if not isinstance(given, (list, tuple)) or not _has_names(given):
        return orders, names
    if any(isinstance(ballot, str) or not isinstance(ballot, Iterable) for ballot in given):
        raise must("orders", "a sequence of ballots, each a sequence of items", orders, TypeError)
    rows = [[entry if _is_tie(entry) else (entry,) for entry in ballot] for ballot in given]
    found = {name for row in rows for entry in row for name in entry if not is_missing(name) and name != -1}
    if not all(isinstance(name, str) for name in found):
        raise must(
            "orders", "ballots of names alone", next(name for name in found if not isinstance(name, str)), TypeError
        )
    names = tuple(sorted(found)) if names is None else names
    numbers = {name: number for number, name in enumerate(names)}
    unknown = sorted(found - set(numbers))
    if unknown:
        raise must("orders", "ballots of items in `names`", unknown[0])
    return [[tuple(numbers.get(name, -1) for name in entry) for entry in row] for row in rows], names


def _has_names(ballots: Any) -> bool:
    """Whether the first entry of the ballots is a name, or a tie of names."""
    first: Any = next((entry for ballot in ballots if isinstance(ballot, (list, tuple)) for entry in ballot), None)
    return isinstance(next(iter(first), None) if _is_tie(first) else first, str)


def _is_tie(entry: Any) -> bool:
    return isinstance(entry, Iterable) and not isinstance(entry, str)


def positions_of_orders(orders: ArrayLike, n_items: int | None) -> np.ndarray:
    """Invert orders into positions, int32 of shape (n, m), -1 for unlisted items; the items of a tuple share one."""
    if isinstance(orders, Placed):
        return _checked_places(orders)
    if isinstance(to_numpy(orders), np.ndarray) or hasattr(orders, "__array__"):  # data frames are among the latter
        given = _whole("orders", orders)
        if given.ndim != 2 or given.size == 0:
            raise must("orders", "of shape (n, L) with at least one ranking and one item", given.shape)
        rows, places = np.nonzero(given >= 0)
        items = given[rows, places].astype(np.int64)
        if given.min() < -1:
            raise must("orders", "item numbers from 0 on, or -1 where a ballot has ended", int(given.min()))
        n, least = len(given), given.shape[1]
    else:
        rows, places, items, n = _flat(orders)
        least = 1
    m = max(least, int(items.max(initial=-1)) + 1) if n_items is None else n_items
    if items.max(initial=-1) >= m:
        raise must("orders", f"item numbers below {m}", int(items.max()))
    result = np.full((n, m), -1, np.int32)
    result[rows, items] = places
    if np.count_nonzero(result >= 0) < len(items):  # an item that a ballot lists twice was written twice, counted once
        counts = np.bincount(rows * m + items, minlength=1)
        raise _listed_twice(*divmod(int(np.argmax(counts > 1)), m))
    return result


def _checked_places(orders: Placed) -> np.ndarray:
    if orders.positions.max(initial=-1) < 0:
        raise must("orders", _SOME_ITEM, [[] for _ in orders.positions])
    if orders.twice is not None:
        raise _listed_twice(*orders.twice)
    return orders.positions


def _listed_twice(row: int, item: int) -> Exception:
    return must("orders", "ballots that list each item once", Words(f"ballot {row} with item {item} twice"))


def _whole(name: str, value: Any) -> np.ndarray:
    given = as_array(name, to_numpy(value))
    if given.dtype.kind == "f" and given.size and np.isfinite(given).all() and (given == np.round(given)).all():
        given = given.astype(np.int64)  # ranks often come as floats
    if given.dtype.kind not in "iu":
        raise must(name, "an array of integers", value, TypeError)
    return given


def _flat(orders: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Flatten a list of ballots into the row, the position and the item of every entry; also return their number."""
    if not isinstance(orders, Collection) or not all(isinstance(ballot, Iterable) for ballot in orders):
        raise must("orders", "a sequence of ballots, each a sequence of items", orders, TypeError)
    triples = [
        (row, position, item)
        for row, ballot in enumerate(orders)
        for position, entry in enumerate(ballot)
        for item in (entry if isinstance(entry, Iterable) else (entry,))
        if not (isinstance(item, (int, np.integer)) and item == -1)
    ]
    if len(orders) == 0 or not triples:
        raise must("orders", _SOME_ITEM, orders)
    if not all(isinstance(item, (int, np.integer)) and not isinstance(item, bool) for _, _, item in triples):
        raise must("orders", "ballots of item numbers", orders, TypeError)
    rows, places, items = np.array(triples, np.int64).T
    if items.min() < 0:
        raise must("orders", "item numbers from 0 on", int(items.min()))
    return rows, places, items, len(orders)


def strict_or_shared(positions: np.ndarray, name: str, ties: str, rng: Rng) -> tuple[np.ndarray, np.ndarray | None]:
    """Resolve ties: return positions (n, m) and, for averaged ties, how many items share each; None without ties."""
    bad = first_bad_row(kernel_input(positions))
    if bad < 0:
        return positions, None
    if ties == "error":
        rule = 'rankings that give the positions 0, 1, ... to one item each (or `ties` other than "error")'
        raise must(name, rule, Words(f"row {bad}: {positions[bad].tolist()[:12]}"))
    if ties == "average":
        # positions that are given may be any numbers, of which only the order counts
        small = positions.max() < positions.shape[1]
        keys = positions if small else ranks.positions(np.where(positions < 0, np.nan, positions))
        positions, shared = average(kernel_input(keys, np.int32))
        return positions, shared if (shared > 1).any() else None
    # sort each ranking by position, unlisted items last, and equal positions in the order of random numbers
    unlisted = positions < 0
    keys = np.where(unlisted, np.iinfo(np.int32).max, positions)
    order = np.lexsort((generator(rng).random(positions.shape), keys), axis=1)
    strict = np.empty_like(positions)
    np.put_along_axis(strict, order, np.arange(positions.shape[1], dtype=np.int32)[None], axis=1)
    strict[unlisted] = -1
    return strict, None


# --- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def first_bad_row(positions):
    """Find the first row whose listed items do not hold the positions 0, 1, ... once each; -1 when there is none.

    If the L listed items have different positions below L, these are all of the positions 0 .. L - 1.
    """
    n, m = positions.shape
    seen_in = np.full(m, -1, np.int64)  # the last row with an item at this position, so that nothing is cleared per row
    for v in range(n):
        listed = 0
        for i in range(m):
            if positions[v, i] >= 0:
                listed += 1
        for i in range(m):
            p = positions[v, i]
            if p >= 0:
                if p >= listed or seen_in[p] == v:
                    return v
                seen_in[p] = v
    return -1


@kernel
def average(keys):
    """Let items of equal key share the first of their positions, as in competition ranking (0, 1, 1, 3).

    Keys are below the number of items, -1 for an unlisted one. Return the positions and how many items share each.
    """
    n, m = keys.shape
    positions, shared = np.full((n, m), -1, np.int32), np.ones((n, m), np.int32)
    sizes, firsts = np.zeros(m, np.int32), np.zeros(m, np.int32)
    for v in range(n):
        # counting in place of sorting: keys are small, and a ballot is read in linear time
        sizes[:] = 0
        for i in range(m):
            if keys[v, i] >= 0:
                sizes[keys[v, i]] += 1
        before = 0
        for key in range(m):
            firsts[key] = before
            before += sizes[key]
        for i in range(m):
            if keys[v, i] >= 0:
                positions[v, i] = firsts[keys[v, i]]
                shared[v, i] = sizes[keys[v, i]]
    return positions, shared
