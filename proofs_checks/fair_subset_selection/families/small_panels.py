"""All panels of few rankings of three or four items, up to the order of the rankings, and all small biased ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from lrtheory.bounds import All
from proofs_checks.fair_subset_selection.families.biased import Swapped, Utilities
from proofs_checks.fair_subset_selection.families.panels import Panel

Rule = tuple[str, int]  # kind and depth

#: on three items; the depth counts for "bloc", "cc" and "pav" alone
ADDING: tuple[Rule, ...] = (("sntv", 1), ("bloc", 2), ("borda", 1))
COVERING: tuple[Rule, ...] = (("cc", 1), ("cc", 2), ("borda-cc", 1), ("pav", 2), ("owa", 1))

ORDER = "the order of the rankings"


def rankings(m: int, most: int) -> Iterator[np.ndarray]:
    """Yield one to `most` rankings of m items, up to their order, by their positions (n, m)."""
    for n in range(1, most + 1):
        for rows in itertools.combinations_with_replacement(itertools.permutations(range(m)), n):
            yield np.array(rows)


def n_orders(panel: Panel) -> int:
    """Count the panels that differ from one by the order of their rankings, by putting them in all orders."""
    return len(set(itertools.permutations(map(tuple, panel.positions.tolist()))))


def panels(rules: Iterable[Rule], exact: bool = True) -> Iterator[Panel]:
    """Yield panels of three items, of which two are chosen and one is a group of its own, with quotas for it."""
    for positions, (kind, depth), alone, of_it in itertools.product(rankings(3, 2), rules, range(3), (0, 1)):
        low = np.array([2 - of_it, of_it]) if exact else np.array([0, of_it])
        high = low if exact else np.array([3, 1])
        yield Panel(positions, kind, depth, 2, (np.arange(3) == alone).astype(np.int64), low, high)


def free_panels(rules: Iterable[Rule], m: int, most: int) -> Iterator[Panel]:
    """Yield panels of one to `most` rankings of m items, of which two are chosen, without quotas."""
    for positions, (kind, depth) in itertools.product(rankings(m, most), rules):
        yield Panel(positions, kind, depth, 2, np.zeros(m, np.int64), np.array([0]), np.array([m]))


def within_quotas(rules: tuple[Rule, ...], by: str, exact: bool = True) -> All:
    """Make the set of `panels` of some rules, whose names are `by`."""
    other = "rules it out" if exact else "leaves it free"
    return All(
        f"panels of one or two rankings of three items, of which two are chosen by {by}, where a quota for one item "
        f"requires it or {other}",
        partial(panels, rules, exact),
        members=27 * len(rules) * 3 * 2,
        orbit=n_orders,
        total=42 * len(rules) * 3 * 2,
        up_to=ORDER,
    )


def without_any(*parts: tuple[tuple[Rule, ...], int, int], words: str) -> All:
    """Make the set of `free_panels` of several rules, numbers of items and of rankings."""

    def listed() -> Iterator[Panel]:
        return itertools.chain.from_iterable(free_panels(*part) for part in parts)

    sizes = [(len(rules), math.factorial(m), range(1, most + 1)) for rules, m, most in parts]
    return All(
        words,
        listed,
        members=sum(rules * math.comb(f + n - 1, n) for rules, f, ns in sizes for n in ns),
        orbit=n_orders,
        total=sum(rules * f**n for rules, f, ns in sizes for n in ns),
        up_to=ORDER,
    )


def masks(m: int) -> list[np.ndarray]:
    """List the masks of m items in which both groups have items."""
    return [np.array(mask) for mask in itertools.product((False, True), repeat=m) if 0 < sum(mask) < m]


def one_swapped(phi: float, intensity: float) -> Iterator[Swapped]:
    """Yield single rankings of four items with all groups."""
    for order, down in itertools.product(itertools.permutations(range(4)), masks(4)):
        yield Swapped(np.array([order]), down, phi, intensity)


FULLY_SWAPPED = All(
    "pairs of a ranking of four items and a disadvantaged group of one to three of them, one run of each pair at full "
    "intensity and phi 1/2",
    partial(one_swapped, 0.5, 1.0),
    members=24 * 14,
)

NEAREST_SWAPPED = All(
    "pairs of a ranking of four items and a disadvantaged group of one to three of them, one run of each pair at half "
    "intensity and phi 0",
    partial(one_swapped, 0.0, 0.5),
    members=24 * 14,
)


def few_utilities() -> Iterator[Utilities]:
    """Yield all whole utilities of three items from 0 to 2 with all groups and two values of theta."""
    for values, down, theta in itertools.product(itertools.product(range(3), repeat=3), masks(3), (0.25, 1.0)):
        yield Utilities(np.array([values], dtype=float), down, theta)


FEW_UTILITIES = All(
    "choices of three utilities 0, 1 or 2, of a disadvantaged group of one or two items and of theta 1/4 or 1, one run "
    "of each",
    few_utilities,
    members=27 * 6 * 2,
)
