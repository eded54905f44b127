"""Gaps of features that lie on the vertices of a simplex, by the laws of the vertices under both encoders.

p and r have in row y the probability of each vertex given the class y, under the old and the new encoder, on K
vertices. G(y, y) is the gap of queries of class y on items of their class, and G(y, y') that on items of class y'.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.compatible_representations.theory import gap_confusion
from proofs_checks.compatible_representations.families.collapsed import (
    COLLAPSED,
    SKEWED,
    Collapsed,
    draw_counts,
    in_units,
    is_power,
    laws,
    measured,
    spread,
)


def by_pairs(case: Collapsed) -> np.ndarray:
    """Return the mean of <f_n(x) - f_o(x), f_o(x')> over independent items x of y and x' of y', from its definition."""
    p, r, W = laws(case.old), laws(case.new), case.products
    return r @ W @ p.T - p @ W @ p.T


def as_confused(case: Collapsed, gaps: np.ndarray, factor: Number = 1) -> Sides:
    """Compare the gaps of the library, and those over all pairs of items, with the formula."""
    same, different = gap_confusion(laws(case.old), laws(case.new))
    due = np.where(np.eye(len(same), dtype=bool), np.diag(same), different) * factor
    both = np.stack([in_units(case, gaps), by_pairs(case)])
    return Sides(both, np.stack([due, due]))


SX_18 = Statement(
    id="compatible_representations/SX-18",
    title="Gaps of collapsed features follow from the laws of their vertices",
    says=(
        "Let features lie on the K vertices of a regular simplex, p_y and r_y being the laws of the vertex of an item "
        "of class y under the old and the new encoder. Then G(y, y') = K / (K - 1) (<r_y, p_y'> - <p_y, p_y'>), for "
        "y' = y too."
    ),
    source=Derived(gap_confusion),
    tex=r"G(y, y') = \tfrac{K}{K - 1} (\langle r_y, p_{y'} \rangle - \langle p_y, p_{y'} \rangle)",
    hypotheses={"as many items of each class, by both encoders": is_power},
    instances=COLLAPSED,
    solve=measured,
    claim=Identity(as_confused),
    saboteurs=(
        saboteur("old and new exchanged", solve=partial(measured, turned=True)),
        saboteur("a prototype of twice the length", solve=partial(measured, stretch=2)),
        saboteur("K - 1 for K", claim=Identity(partial(as_confused, factor=Fraction(1, 2)))),
    ),
    notes="The definition asks for G(y, y) >= 0 >= G(y, y') for all y and all y' other than y.",
)


# --- a new encoder without errors ------------------------------------------------------------------------------------


def perfect(counts: tuple[tuple[int, ...], ...]) -> Collapsed:
    """Make a case whose new encoder puts each item on the vertex of its class."""
    return Collapsed(counts, spread(len(counts), sum(counts[0]), 0))


def draw_perfect(draws: Draws) -> Collapsed:
    """Draw an old encoder that puts most items of each class on its vertex."""
    K, n_items = draws.integers(2, 5), draws.choice((4, 8, 16))
    counts = np.array(draw_counts(draws, K, n_items))
    for y, row in enumerate(counts):
        most = int(row.argmax())
        row[[y, most]] = row[[most, y]]
    return perfect(tuple(map(tuple, counts.tolist())))


def is_perfect(case: Collapsed) -> bool:
    """Decide whether the new encoder puts each item on the vertex of its class."""
    return is_power(case) and case == perfect(case.old)


def is_mostly_right(case: Collapsed) -> bool:
    """Decide whether the most frequent vertex of each class under the old encoder is its own."""
    return all(row[y] == max(row) for y, row in enumerate(case.old))


PERFECT = Family(
    "perfect-new-encoders",
    always=(
        perfect(((3, 1), (1, 3))),
        perfect(((8, 8), (7, 9))),
        perfect(((2, 1, 1), (0, 4, 0), (1, 1, 2))),
        perfect(spread(5, 8, 1)),
    ),
    draw=draw_perfect,
)


@formula(p="[0, 1]", square="[0, 1]", K="[2, inf)")
def gain_of_a_perfect_encoder(p: Number, square: Number, K: int) -> Number:
    """The gap of a class y on itself, for p = p_y(y), the `square` <p_y, p_y>, K vertices, and no errors anew.

    Proof
    -----
    Assumes: `gap_confusion`, whose proof is in the library; r_y is 1 at y.

    Proof: then <r_y, p_y> = p, and the gap is K / (K - 1) (p - <p_y, p_y>). If p is the largest entry of p_y, then
    <p_y, p_y> is at most the largest entry times the sum, which is p, so that the gap is not negative.
    """
    return (p - square) * K / (K - 1)


def not_negative(case: Collapsed, gaps: np.ndarray, share: Number = 0) -> Sides:
    """Compare a share of the old errors with the gap of each class on itself, and this with its formula, both ways."""
    found, p = np.diag(in_units(case, gaps)), laws(case.old)
    due = np.array([gain_of_a_perfect_encoder(row[y], (row * row).sum(), len(p)) for y, row in enumerate(p)], object)
    least = np.array([share * (1 - row[y]) for y, row in enumerate(p)], object)
    return Sides(np.concatenate([least, found, due]), np.concatenate([found, due, found]))


UNBOUNDED = "a gap that is reported may be any number"

SX_18P = Statement(
    id="compatible_representations/SX-18p",
    title="An encoder without errors is compatible where the old one is mostly right",
    says=(
        "Let features lie on the K vertices of a regular simplex, the new ones each on that of its class. Where the "
        "most frequent vertex c of a class y under the old encoder's law p_y(c) is y itself, the class has a gap on "
        "itself of G(y, y) = K / (K - 1) (p_y(y) - <p_y, p_y>), which is at least 0."
    ),
    source=Derived(gain_of_a_perfect_encoder),
    tex=r"p_y(y) = \max_c p_y(c) \Rightarrow G(y, y) = \tfrac{K}{K-1} (p_y(y) - \langle p_y, p_y \rangle) \ge 0",
    hypotheses={
        "a new encoder without errors": is_perfect,
        "the most frequent old vertex of a class is its own": is_mostly_right,
    },
    instances=PERFECT,
    solve=measured,
    claim=Inequality(not_negative, unbounded=UNBOUNDED),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "the old encoder is mostly wrong in a class",
            printed=True,
            breaks="the most frequent old vertex of a class is its own",
            instances=replace(PERFECT, name="mostly-wrong", always=(SKEWED,), draw=None, complete="one", members=1),
        ),
        saboteur("old and new exchanged", solve=partial(measured, turned=True)),
        saboteur(
            "half of the old errors are gained",
            claim=Inequality(partial(not_negative, share=Fraction(1, 2)), unbounded=UNBOUNDED),
        ),
    ),
    notes="A strictly better encoder may break the definition: (7/16, 9/16) has <p, p> = 130/256 > 7/16.",
)
