"""Gaps of a new encoder on items of an old one, by the means of the classes.

mu_o(y) and mu_n(y) are the mean features of class y by the old and by the new encoder. G(y, y') is the mean of
<f_n(x) - f_o(x), f_o(x')> over independent items x of class y and x' of class y'. Prototypes w_y are the K vertices of
a regular simplex, and means a w_y lie on their rays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Number, OutcomeError, Sides, Statement, formula, saboteur
from lrtheory.compatible_representations.theory import gap_rays
from proofs_checks.compatible_representations.families.collapsed import (
    SKEWED,
    Collapsed,
    all_gaps,
    in_units,
    is_power,
    laws,
    measured,
    spread,
)

# --- only means matter -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Items:
    """Equally likely items of each class, with features in integers: arrays of classes x items x width."""

    old: np.ndarray
    new: np.ndarray


def is_dyadic(case: Items) -> bool:
    """Decide whether there is a power of two of items in each class, so that means are exact, and none is 0."""
    shaped = case.old.shape == case.new.shape and case.old.ndim == 3 and case.old.shape[1] in (1, 2, 4, 8)
    return shaped and all(bool((one != 0).any(2).all()) for one in (case.old, case.new))


def draw_items(draws: Draws) -> Items:
    """Draw two to four classes of two or four items, in one to three dimensions."""
    shape = draws.integers(2, 4), draws.choice((2, 4)), draws.integers(1, 3)
    old, new = (draws.integers(-4, 3, shape=shape) for _ in range(2))
    return Items(*(one + (one >= 0) for one in (old, new)))  # a feature of zeros is none


ITEMS = Family(
    "items-of-classes",
    always=(
        Items(np.array([[[1], [2]], [[-1], [3]]]), np.array([[[3], [1]], [[-2], [-1]]])),
        Items(np.array([[[1, 0], [1, 2]], [[0, 3], [-1, 1]]]), np.array([[[2, 0], [0, 2]], [[0, 1], [1, -3]]])),
        Items(np.arange(24).reshape(3, 4, 2) % 5 + 1, np.arange(24).reshape(3, 4, 2) % 7 - 9),
    ),
    draw=draw_items,
)


def gaps_of_items(case: Items, rng: np.random.Generator, *, gallery: str = "old", alone: bool = True) -> np.ndarray:
    """Ask the library for the gaps of all pairs of classes.

    With the gallery "new" all items of the gallery are encoded anew. Unless `alone`, an item is not compared with
    itself.
    """
    old, new = (one.reshape(-1, one.shape[2]).astype(float) for one in (case.old, case.new))
    found = all_gaps(new, old, new if gallery == "new" else old, len(case.old))
    if alone:
        return found
    N = case.old.shape[1]
    itself = ((case.new - case.old) * case.old).sum(2).mean(1)
    return found + np.diag((np.diag(found) - itself) / (N - 1))


@formula(mu_n="d", mu_o="d", other="d")
def gap_of_means(mu_n: np.ndarray, mu_o: np.ndarray, other: np.ndarray) -> Number:
    """G(y, y') for the means mu_n and mu_o of class y, and the old mean of class y', `other`.

    Proof
    -----
    Assumes: the items x of class y and x' of class y' are independent.

    Proof: the mean of a sum of products of independent numbers is the sum of the products of their means, so that
    E <f_n(x) - f_o(x), f_o(x')> = <E f_n(x) - E f_o(x), E f_o(x')>.
    """
    return ((mu_n - mu_o) * other).sum()


def _mean(rows: np.ndarray) -> np.ndarray:
    """Return the mean of rows of integers in rational numbers."""
    return np.array([Fraction(int(total), len(rows)) for total in rows.sum(0)], object)


def by_means(case: Items, gaps: np.ndarray, gallery: str = "old") -> Sides:
    """Compare the gaps of the library and those over all pairs of items with the gaps of the means."""
    K, N, _ = case.old.shape
    if np.shape(gaps) != (K, K):
        raise OutcomeError("a gap is due for every class of queries and every class of the gallery")
    changes, old = (one.reshape(K * N, -1) for one in (case.new - case.old, case.old))
    pairs = (changes @ old.T).reshape(K, N, K, N).sum((1, 3))
    exact = [Fraction(int(total), N * N) for total in pairs.ravel()]
    mu_o, mu_n = ([_mean(rows) for rows in one] for one in (case.old, case.new))
    others = mu_n if gallery == "new" else mu_o
    due = [gap_of_means(mu_n[y], mu_o[y], other) for y in range(K) for other in others]
    return Sides(np.array([*np.ravel(gaps).tolist(), *exact], object), np.array([*due, *due], object))


SX_0 = Statement(
    id="compatible_representations/SX-0",
    title="Only the means of classes matter for gaps",
    says=(
        "The mean gap of queries of class y on items of class y', G(y, y'), is <mu_n(y) - mu_o(y), mu_o(y')>, where "
        "mu_o and mu_n are the means of the features of a class by the old and the new encoder."
    ),
    source=Derived(gap_of_means),
    tex=r"G(y, y') = \langle \mu_n(y) - \mu_o(y), \mu_o(y') \rangle",
    hypotheses={"as many items of each class, a power of two, none of which is 0": is_dyadic},
    instances=ITEMS,
    solve=gaps_of_items,
    claim=Identity(by_means),
    saboteurs=(
        saboteur("the gallery is encoded anew", solve=partial(gaps_of_items, gallery="new")),
        saboteur("an item is not compared with itself", solve=partial(gaps_of_items, alone=False)),
        saboteur("new means of the other class", claim=Identity(partial(by_means, gallery="new"))),
    ),
    notes=(
        "A new encoder is compatible in expectation if and only if its updates mu_n(y) - mu_o(y) lie in a cone that "
        "the old means alone describe. For queries that are in the gallery, pairs of an item with itself are left out."
    ),
)

# --- means on the rays of a simplex ----------------------------------------------------------------------------------


def is_on_rays(case: Collapsed) -> bool:
    """Decide whether the old means are a w_y with one a > 0, and the new ones with another a."""
    K, rows = len(case.old), range(len(case.old))
    on = [counts == spread(K, case.n_items, counts[0][1]) for counts in (case.old, case.new)]
    return is_power(case) and all(on) and all(case.old[y][y] > case.old[y][y - 1] for y in rows)


def rays(K: int, n_items: int, old: int, new: int) -> Collapsed:
    """Make a case with `old` and `new` items of a class on each other vertex."""
    return Collapsed(spread(K, n_items, old), spread(K, n_items, new))


def draw_rays(draws: Draws) -> Collapsed:
    """Draw two lengths of means on the rays that are not equal, the old one above 0."""
    K, n_items = draws.integers(2, 6), draws.choice((8, 16, 32))
    old = draws.integers(0, (n_items - 1) // K)
    others = [n for n in range(n_items // (K - 1) + 1) if n != old]
    return rays(K, n_items, old, draws.choice(others))


RAYS = Family(
    "means-on-rays",
    always=(
        rays(2, 4, 1, 0),
        rays(2, 4, 0, 1),
        rays(3, 4, 1, 0),
        rays(3, 16, 2, 5),
        rays(3, 16, 3, 2),
        rays(5, 16, 2, 1),
        rays(5, 16, 1, 4),  # the new means point away from their prototypes
    ),
    draw=draw_rays,
)


def length(counts: tuple[tuple[int, ...], ...], products: np.ndarray) -> Number:
    """Return the mean of <mu(y), w_y> over the classes, which is a where the means are a w_y."""
    return sum((law * row).sum() for law, row in zip(laws(counts), products, strict=True)) / len(counts)


def as_on_rays(case: Collapsed, gaps: np.ndarray, *, opposite: int = 1, least: Number = 0) -> Sides:
    """Compare gaps with their formula, and whether they are compatible with whether a_n is at least a_o."""
    found, K = in_units(case, gaps), len(case.old)
    a_o, a_n = (length(counts, case.products) for counts in (case.old, case.new))
    same, different = gap_rays(a_o, a_n, n_classes=K)
    own = np.eye(K, dtype=bool)
    due = np.where(own, np.array(same, object), np.array(opposite * different, object))
    compatible = all(found[own] >= 0) and all(found[~own] <= 0)
    lhs, rhs = [*found.ravel(), int(compatible)], [*due.ravel(), int(a_n >= a_o + least)]
    return Sides(np.array(lhs, object), np.array(rhs, object))


def positive(case: Collapsed, rng: np.random.Generator) -> np.ndarray:
    """Return the gaps of items that are all at their class mean, a multiple of K e_y + 1."""
    K = len(case.old)
    prototypes = K * np.eye(K) + 1
    own = lambda counts: np.array([row[y] - row[y - 1] + 0.5 for y, row in enumerate(counts)]) / case.n_items
    old, new = (np.repeat(prototypes * own(counts)[:, None], 2, axis=0) for counts in (case.old, case.new))
    return all_gaps(new, old, old, K)


#: whether old means are on the rays
RAY = "means on the rays of a simplex, the old ones with a_o > 0"

SX_2 = Statement(
    id="compatible_representations/SX-2",
    title="On the rays of a simplex, compatible means no shorter",
    says=(
        "Let the class means be mu_o(y) = a_o w_y and mu_n(y) = a_n w_y, with w_y the K vertices of a regular simplex "
        "and a_o > 0. Then G(y, y) = a_o (a_n - a_o) and G(y, y') = -a_o (a_n - a_o) / (K - 1) for y' other than y, so "
        "that G(y, y) >= 0 >= G(y, y') for all of them if and only if a_n >= a_o."
    ),
    source=Derived(gap_rays),
    tex=r"G(y, y) = a_o (a_n - a_o),\quad G(y, y') = -\tfrac{a_o (a_n - a_o)}{K - 1}",
    hypotheses={"as many items of each class, by both encoders": is_power, RAY: is_on_rays},
    instances=RAYS,
    solve=measured,
    claim=Identity(as_on_rays),
    saboteurs=(
        saboteur("prototypes with positive products", solve=positive),
        saboteur("old and new exchanged", solve=partial(measured, turned=True)),
        saboteur("both gaps grow", claim=Identity(partial(as_on_rays, opposite=-1))),
        saboteur("only if a_n is larger by a quarter", claim=Identity(partial(as_on_rays, least=Fraction(1, 4)))),
        saboteur(
            "old means off the rays",
            breaks=RAY,
            instances=replace(RAYS, name="means-off-rays", always=(SKEWED,), draw=None, complete="one", members=1),
        ),
    ),
    notes="Where a_n = a_o all gaps are 0, which says nothing; such means are not drawn.",
)
