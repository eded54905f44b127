"""Ballots of every form as positions: strict or with ties, complete or truncated, given by position or in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input, to_numpy
from lrtheory._files.cells import is_missing
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, must

__all__ = ["checked_positions", "numbered", "positions_of_orders", "strict_or_shared"]


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


def numbered(orders: Any, labels: tuple[str, ...] | None) -> tuple[Any, tuple[str, ...] | None]:
    """Replace names on ballots by numbers: in the order of the labels, or of the names where there are no labels.

    Ballots of numbers come back as they are; the first entry decides. What is empty ends a ballot, as -1 does.
    """
    given = orders.to_numpy() if hasattr(orders, "to_numpy") else orders
    given = given.tolist() if isinstance(given, np.ndarray) and given.dtype.kind in "OU" else given
    if not isinstance(given, (list, tuple)) or not _has_names(given):
        return orders, labels
    if any(isinstance(ballot, str) or not isinstance(ballot, Iterable) for ballot in given):
        raise must("orders", "a sequence of ballots, each a sequence of items", orders, TypeError)
    rows = [[entry if _is_tie(entry) else (entry,) for entry in ballot] for ballot in given]
    found = {name for row in rows for entry in row for name in entry if not is_missing(name) and name != -1}
    if not all(isinstance(name, str) for name in found):
        raise must(
            "orders", "ballots of names alone", next(name for name in found if not isinstance(name, str)), TypeError
        )
    names = tuple(sorted(found)) if labels is None else labels
    numbers = {name: number for number, name in enumerate(names)}
    unknown = sorted(found - set(numbers))
    if unknown:
        raise must("orders", "ballots of items in `labels`", unknown[0])
    return [[tuple(numbers.get(name, -1) for name in entry) for entry in row] for row in rows], names


def _has_names(ballots: Any) -> bool:
    """Whether the first entry of the ballots is a name, or a tie of names."""
    first: Any = next((entry for ballot in ballots if isinstance(ballot, (list, tuple)) for entry in ballot), None)
    return isinstance(next(iter(first), None) if _is_tie(first) else first, str)


def _is_tie(entry: Any) -> bool:
    return isinstance(entry, Iterable) and not isinstance(entry, str)


def positions_of_orders(orders: ArrayLike, n_items: int | None) -> np.ndarray:
    """Invert orders into positions, int32 of shape (n, m), -1 for unlisted items; the items of a tuple share one."""
    if isinstance(to_numpy(orders), np.ndarray) or hasattr(orders, "__array__"):  # data frames are among the latter
        given = _whole("orders", orders)
        if given.ndim != 2 or given.size == 0:
            raise must("orders", "of shape (n, L) with at least one ranking and one item", given.shape)
        rows, ranks = np.nonzero(given >= 0)
        items = given[rows, ranks].astype(np.int64)
        if given.min() < -1:
            raise must("orders", "item numbers from 0 on, or -1 where a ballot has ended", int(given.min()))
        n, least = len(given), given.shape[1]
    else:
        rows, ranks, items, n = _flat(orders)
        least = 1
    m = max(least, int(items.max(initial=-1)) + 1) if n_items is None else n_items
    if items.max(initial=-1) >= m:
        raise must("orders", f"item numbers below {m}", int(items.max()))
    result = np.full((n, m), -1, np.int32)
    result[rows, items] = ranks
    if np.count_nonzero(result >= 0) < len(items):  # an item that a ballot lists twice was written twice, counted once
        counts = np.bincount(rows * m + items, minlength=1)
        row, item = divmod(int(np.argmax(counts > 1)), m)
        raise must("orders", "ballots that list each item once", f"ballot {row} with item {item} twice")
    return result


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
        raise must("orders", "at least one ballot that lists an item", orders)
    if not all(isinstance(item, (int, np.integer)) and not isinstance(item, bool) for _, _, item in triples):
        raise must("orders", "ballots of item numbers", orders, TypeError)
    rows, ranks, items = np.array(triples, np.int64).T
    if items.min() < 0:
        raise must("orders", "item numbers from 0 on", int(items.min()))
    return rows, ranks, items, len(orders)


def strict_or_shared(positions: np.ndarray, name: str, ties: str, rng: Rng) -> tuple[np.ndarray, np.ndarray | None]:
    """Resolve ties: return positions (n, m) and, for averaged ties, how many items share each; None without ties."""
    bad = first_bad_row(kernel_input(positions))
    if bad < 0:
        return positions, None
    if ties == "error":
        rule = 'rankings that give the positions 0, 1, ... to one item each (or `ties` other than "error")'
        raise must(name, rule, f"row {bad}: {positions[bad].tolist()[:12]}")
    # Sort each ranking by position, unlisted items last. Under "random" equal positions are in the order of random
    # numbers; under "average" their order does not matter, since `share` gives them one position.
    unlisted = positions < 0
    keys = np.where(unlisted, np.iinfo(np.int32).max, positions)
    noise = generator(rng).random(positions.shape) if ties == "random" else np.zeros((1, 1))
    order = np.lexsort((np.broadcast_to(noise, positions.shape), keys), axis=1)
    positions, shared = share(kernel_input(keys), kernel_input(order), ties == "average")
    positions[unlisted], shared[unlisted] = -1, 1  # numbered after the others, which is not what the ballot says
    return positions, shared if (shared > 1).any() else None


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
def share(keys, order, average):
    """Number the items of each ranking from 0 in the given order; return the positions and how many items share each.

    With `average` items of equal key share the first of their positions, as in competition ranking (0, 1, 1, 3).
    """
    n, m = keys.shape
    positions, shared = np.empty((n, m), np.int32), np.ones((n, m), np.int32)
    for v in range(n):
        first = 0  # the position at which the present run of equal keys starts
        for p in range(m):
            if not average or keys[v, order[v, p]] != keys[v, order[v, first]]:
                first = p
            positions[v, order[v, p]] = first
        if average:
            sizes = np.zeros(m, np.int32)
            for i in range(m):
                sizes[positions[v, i]] += 1
            for i in range(m):
                shared[v, i] = sizes[positions[v, i]]
    return positions, shared
